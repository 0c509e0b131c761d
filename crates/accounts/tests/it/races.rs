//! What happens at the same moment.

use std::sync::Arc;

use chrono_tz::Tz;
use scheduling_accounts::invitations::AcceptError;
use scheduling_accounts::members::MemberError;
use scheduling_accounts::password_change::ResetPasswordError;
use scheduling_accounts::sessions::SignInContext;
use scheduling_accounts::workspaces::{FirstOwner, FirstOwnerError, NewWorkspace, WorkspaceError};
use scheduling_core::directory::Role;
use scheduling_core::ports::{Storage, StorageError};
use tokio::sync::Barrier;
use tokio::task::JoinHandle;

use crate::support::{ANN, House, PASSWORD, account, both, halden, request, secret};

both!(
    two_last_owners_cannot_demote_each_other,
    two_last_owners_cannot_both_leave,
    one_invitation_is_accepted_by_one,
    one_link_sets_one_password,
    one_address_is_invited_once,
    one_slug_is_taken_once,
    one_key_makes_one_token,
    there_is_one_first_owner_however_many_try,
    whoever_signs_in_while_the_password_changes_has_no_session_left,
);

/// Starts as many tasks as there are, all at one moment.
fn at_once<T, F>(count: usize, task: impl Fn(usize) -> F) -> Vec<JoinHandle<T>>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let barrier = Arc::new(Barrier::new(count));
    (0..count)
        .map(|n| {
            let (barrier, work) = (Arc::clone(&barrier), task(n));
            tokio::spawn(async move {
                barrier.wait().await;
                work.await
            })
        })
        .collect()
}

async fn all<T>(tasks: Vec<JoinHandle<T>>) -> Vec<T> {
    let mut outcomes = Vec::new();
    for task in tasks {
        outcomes.push(task.await.unwrap());
    }
    outcomes
}

async fn owners(house: &House) -> usize {
    let mut work = Storage::begin_read(&*house.storage).await.unwrap();
    let slug = "halden".parse().unwrap();
    let workspace = work
        .directory()
        .workspace_by_slug(&slug)
        .await
        .unwrap()
        .unwrap();
    let members = work.directory().members(workspace.id).await.unwrap();
    members
        .iter()
        .filter(|member| member.role == Role::Owner)
        .count()
}

async fn two_last_owners_cannot_demote_each_other(house: House) {
    let ann = house.owner().await;
    let bob = house.newcomer(&ann, "Bob", Role::Owner).await;
    for round in 0..10 {
        let pairs = [(ann.clone(), bob.user), (bob.clone(), ann.user)];
        let tasks = at_once(2, |n| {
            let (accounts, (who, whom)) = (house.accounts.clone(), pairs[n].clone());
            async move {
                accounts
                    .change_role(&who, &halden(), whom, Role::Member)
                    .await
            }
        });
        let outcomes = all(tasks).await;
        let done = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert_eq!(done, 1, "{round}: {outcomes:?}");
        assert_eq!(owners(&house).await, 1);
        // Whoever is left makes the other an owner again.
        let (left, other) = if outcomes[0].is_ok() {
            (&ann, &bob)
        } else {
            (&bob, &ann)
        };
        house
            .accounts
            .change_role(left, &halden(), other.user, Role::Owner)
            .await
            .unwrap();
    }
}

async fn two_last_owners_cannot_both_leave(house: House) {
    let ann = house.owner().await;
    let bob = house.newcomer(&ann, "Bob", Role::Owner).await;
    let pair = [(ann, ANN), (bob, "bob@halden.example")];
    for round in 0..5 {
        let tasks = at_once(2, |n| {
            let (accounts, who) = (house.accounts.clone(), pair[n].0.clone());
            async move { accounts.leave(&who, &halden()).await }
        });
        let outcomes = all(tasks).await;
        let last =
            |outcome: &Result<(), MemberError>| matches!(outcome, Err(MemberError::LastOwner));
        let stayed = outcomes.iter().filter(|outcome| last(outcome)).count();
        assert_eq!(stayed, 1, "{round}: {outcomes:?}");
        assert_eq!(owners(&house).await, 1);
        // Whoever is left brings the other back.
        let (left, gone) = if last(&outcomes[0]) { (0, 1) } else { (1, 0) };
        let token = house.invite(&pair[left].0, pair[gone].1, Role::Owner).await;
        house
            .accounts
            .accept_as(&token, &pair[gone].0)
            .await
            .unwrap();
        house.wait(chrono::TimeDelta::days(1));
    }
}

async fn one_invitation_is_accepted_by_one(house: House) {
    let ann = house.owner().await;
    for (round, name) in ["Bob", "Cleo", "Dave"].into_iter().enumerate() {
        let token = house
            .invite(&ann, &crate::support::address(name), Role::Member)
            .await;
        let tasks = at_once(4, |n| {
            let (accounts, token) = (house.accounts.clone(), token.clone());
            let account = account(&format!("{name} {n}"));
            async move {
                accounts
                    .accept(&token, &account, &SignInContext::default())
                    .await
            }
        });
        let outcomes = all(tasks).await;
        for outcome in &outcomes {
            let fits = matches!(
                outcome,
                Ok(_) | Err(AcceptError::NotFound | AcceptError::AccountExists)
            );
            assert!(fits, "{outcome:?}");
        }
        let done = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert_eq!(done, 1, "{outcomes:?}");
        let members = house.accounts.members(&ann, &halden()).await.unwrap();
        assert_eq!(members.len(), round + 2);
    }
    // The same for somebody who has an account and is signed in twice.
    let bob = house.principal("bob@halden.example").await;
    house.accounts.leave(&bob, &halden()).await.unwrap();
    let token = house.invite(&ann, "bob@halden.example", Role::Member).await;
    let tasks = at_once(4, |_| {
        let (accounts, token, bob) = (house.accounts.clone(), token.clone(), bob.clone());
        async move { accounts.accept_as(&token, &bob).await }
    });
    let outcomes = all(tasks).await;
    let lost = outcomes
        .iter()
        .filter(|o| matches!(o, Err(AcceptError::NotFound)))
        .count();
    assert_eq!(lost, 3, "{outcomes:?}");
}

async fn one_link_sets_one_password(house: House) {
    house.owner().await;
    for _ in 0..3 {
        let token = house.reset_token(ANN).await;
        let tasks = at_once(4, |n| {
            let (accounts, token) = (house.accounts.clone(), token.clone());
            let new = secret(&format!("plum tree and snow {n}"));
            async move { accounts.reset_password(&token, &new, None).await }
        });
        let outcomes = all(tasks).await;
        let lost = outcomes
            .iter()
            .filter(|o| matches!(o, Err(ResetPasswordError::NotFound)))
            .count();
        assert_eq!(lost, 3, "{outcomes:?}");
        let winner = outcomes.iter().position(Result::is_ok).unwrap();
        let password = format!("plum tree and snow {winner}");
        house.try_sign_in(ANN, &password).await.unwrap();
        assert_eq!(house.mails().await.len(), 1);
    }
}

async fn one_address_is_invited_once(house: House) {
    let ann = house.owner().await;
    let tasks = at_once(4, |_| {
        let (accounts, ann) = (house.accounts.clone(), ann.clone());
        let invitation = scheduling_accounts::invitations::NewInvitation {
            email: "bob@halden.example".parse().unwrap(),
            role: Role::Member,
        };
        async move { accounts.invite(&ann, &halden(), &invitation, None).await }
    });
    let outcomes = all(tasks).await;
    let done = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!(done, 1, "{outcomes:?}");
    assert_eq!(house.mails().await.len(), 1);
}

async fn one_slug_is_taken_once(house: House) {
    let ann = house.owner().await;
    let tasks = at_once(4, |_| {
        let (accounts, ann) = (house.accounts.clone(), ann.clone());
        let workspace = NewWorkspace {
            slug: "another".parse().unwrap(),
            name: "Another".parse().unwrap(),
            description: None,
        };
        async move { accounts.create_workspace(&ann, &workspace, None).await }
    });
    let outcomes = all(tasks).await;
    let taken = outcomes
        .iter()
        .filter(|o| matches!(o, Err(WorkspaceError::SlugTaken)))
        .count();
    assert_eq!(taken, 3, "{outcomes:?}");
}

async fn one_key_makes_one_token(house: House) {
    let ann = house.owner().await;
    let tasks = at_once(4, |_| {
        let (accounts, ann) = (house.accounts.clone(), ann.clone());
        let token = scheduling_accounts::tokens::NewToken {
            name: "Wiki".parse().unwrap(),
            scopes: "bookings:read".parse().unwrap(),
            expires_at: None,
        };
        async move {
            let once = request("k", 1);
            accounts
                .create_token(&ann, &halden(), &token, Some(&once))
                .await
        }
    });
    let outcomes: Vec<_> = all(tasks).await.into_iter().map(Result::unwrap).collect();
    let first: Vec<_> = outcomes.iter().filter(|made| !made.replayed).collect();
    assert_eq!(first.len(), 1);
    for made in &outcomes {
        assert_eq!(made.made.token, first[0].made.token);
        assert_eq!(made.made.text.is_some(), !made.replayed);
    }
}

async fn there_is_one_first_owner_however_many_try(house: House) {
    let tasks = at_once(4, |n| {
        let accounts = house.accounts.clone();
        let workspace = NewWorkspace {
            slug: format!("house-{n}").parse().unwrap(),
            name: "House".parse().unwrap(),
            description: None,
        };
        let owner = FirstOwner {
            name: "Zoë".parse().unwrap(),
            email: format!("owner{n}@halden.example").parse().unwrap(),
            timezone: Tz::UTC,
        };
        async move {
            let password = secret(PASSWORD);
            accounts
                .create_first_owner(&workspace, &owner, &password)
                .await
        }
    });
    let outcomes = all(tasks).await;
    let late = outcomes
        .iter()
        .filter(|o| matches!(o, Err(FirstOwnerError::NotTheFirst)))
        .count();
    assert_eq!(late, 3, "{outcomes:?}");
}

async fn whoever_signs_in_while_the_password_changes_has_no_session_left(house: House) {
    let ann = house.owner().await;
    for n in 0..5 {
        let old = match n {
            0 => PASSWORD.to_owned(),
            n => format!("plum tree and snow {n}"),
        };
        let new = format!("plum tree and snow {}", n + 1);
        let token = house.reset_token(ANN).await;
        let tasks = at_once(6, |task| {
            let (accounts, token) = (house.accounts.clone(), token.clone());
            let (old, new) = (secret(&old), secret(&new));
            async move {
                if task == 3 {
                    accounts.reset_password(&token, &new, None).await.unwrap();
                } else {
                    // Whether it comes in or not does not matter here.
                    let _ = accounts.sign_in(ANN, &old, &SignInContext::default()).await;
                }
            }
        });
        all(tasks).await;
        // Whoever came in by the old password came before the change and went with it.
        let fresh = house.try_sign_in(ANN, &new).await.unwrap();
        let now = house.authenticate(&fresh.token).await.unwrap();
        assert_eq!(now.user, ann.user);
        assert_eq!(house.accounts.sessions(&now).await.unwrap().len(), 1, "{n}");
        house.wait(chrono::TimeDelta::hours(1));
    }
    // Nothing that waited for another gave up.
    let all_there: Result<_, StorageError> = house.accounts.sweep().await;
    all_there.unwrap();
}
