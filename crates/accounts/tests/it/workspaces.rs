//! Workspaces, and the first owner.

use chrono_tz::Tz;
use scheduling_accounts::password::PasswordRefused;
use scheduling_accounts::workspaces::{
    FirstOwner, FirstOwnerError, NewWorkspace, WorkspaceChange, WorkspaceError,
};
use scheduling_accounts::{AccessError, WorkspaceRef};
use scheduling_core::directory::{Person, Role, Workspace};
use scheduling_core::ids::{UserId, WorkspaceId};
use scheduling_core::ports::Storage;

use crate::support::{ANN, House, PASSWORD, both, halden, request, secret};

both!(
    whoever_makes_a_workspace_owns_it,
    a_slug_is_one_workspaces,
    a_repeated_request_makes_one_workspace,
    a_workspace_is_changed_by_owners_and_admins_in_the_version_they_read,
    a_foreign_workspace_and_none_at_all_look_alike,
    there_is_one_first_owner,
    the_first_owner_takes_over_what_a_set_up_file_made,
);

fn new(slug: &str) -> NewWorkspace {
    NewWorkspace {
        slug: slug.parse().unwrap(),
        name: "Another".parse().unwrap(),
        description: Some("Of its own".parse().unwrap()),
    }
}

fn first(email: &str) -> FirstOwner {
    FirstOwner {
        name: "Zoë".parse().unwrap(),
        email: email.parse().unwrap(),
        timezone: Tz::UTC,
    }
}

async fn whoever_makes_a_workspace_owns_it(house: House) {
    let ann = house.owner().await;
    let bob = house.newcomer(&ann, "Bob", Role::Member).await;
    let made = house
        .accounts
        .create_workspace(&bob, &new("another"), None)
        .await;
    let made = made.unwrap().made;
    assert_eq!(made.role, Role::Owner);
    assert_eq!(made.workspace.version, 1);
    let reference = WorkspaceRef::from(made.workspace.id);
    let found = house.accounts.membership(&bob, &reference).await.unwrap();
    assert_eq!(found, Some(made));
    assert_eq!(
        house.accounts.membership(&ann, &reference).await.unwrap(),
        None
    );
    let slugs: Vec<_> = house.accounts.memberships(&bob).await.unwrap();
    let slugs: Vec<_> = slugs
        .iter()
        .map(|m| (m.workspace.slug.as_str(), m.role))
        .collect();
    assert_eq!(slugs, [("another", Role::Owner), ("halden", Role::Member)]);
}

async fn a_slug_is_one_workspaces(house: House) {
    let ann = house.owner().await;
    let taken = house
        .accounts
        .create_workspace(&ann, &new("halden"), None)
        .await;
    assert!(matches!(taken, Err(WorkspaceError::SlugTaken)), "{taken:?}");
}

async fn a_repeated_request_makes_one_workspace(house: House) {
    let ann = house.owner().await;
    let once = request("k", 1);
    let first = house
        .accounts
        .create_workspace(&ann, &new("another"), Some(&once))
        .await
        .unwrap();
    let second = house
        .accounts
        .create_workspace(&ann, &new("another"), Some(&once))
        .await
        .unwrap();
    assert_eq!((first.replayed, second.replayed), (false, true));
    assert_eq!(first.made, second.made);
    let other = request("k", 2);
    let reused = house
        .accounts
        .create_workspace(&ann, &new("third"), Some(&other))
        .await;
    assert!(
        matches!(reused, Err(WorkspaceError::KeyReused(_))),
        "{reused:?}"
    );
}

async fn a_workspace_is_changed_by_owners_and_admins_in_the_version_they_read(house: House) {
    let ann = house.owner().await;
    let bob = house.newcomer(&ann, "Bob", Role::Admin).await;
    let cleo = house.newcomer(&ann, "Cleo", Role::Member).await;
    let named = |name: &str| WorkspaceChange {
        name: Some(name.parse().unwrap()),
        description: None,
    };
    let update = async |who, change, expected| {
        house
            .accounts
            .update_workspace(who, &halden(), &change, expected)
            .await
    };
    let changed = update(&bob, named("Halden"), Some(1)).await.unwrap();
    assert_eq!(changed.workspace.name.as_str(), "Halden");
    assert_eq!(changed.workspace.version, 2);
    let stale = update(&ann, named("Mills"), Some(1)).await;
    assert!(
        matches!(stale, Err(WorkspaceError::VersionConflict { current: 2 })),
        "{stale:?}"
    );
    // Whoever names no version changes what is there; and what changes nothing is no new version.
    assert_eq!(
        update(&ann, named("Halden"), None)
            .await
            .unwrap()
            .workspace
            .version,
        2
    );
    let described = WorkspaceChange {
        name: None,
        description: Some(Some("A firm".parse().unwrap())),
    };
    let changed = update(&ann, described, None).await.unwrap().workspace;
    assert_eq!(changed.description.unwrap().as_str(), "A firm");
    assert_eq!((changed.name.as_str(), changed.version), ("Halden", 3));
    let bare = WorkspaceChange {
        name: None,
        description: Some(None),
    };
    assert_eq!(
        update(&ann, bare, Some(3))
            .await
            .unwrap()
            .workspace
            .description,
        None
    );
    let refused = update(&cleo, named("Cleo's"), Some(4)).await;
    assert!(matches!(
        refused,
        Err(WorkspaceError::Access(AccessError::Role(Role::Admin)))
    ));
}

async fn a_foreign_workspace_and_none_at_all_look_alike(house: House) {
    let ann = house.owner().await;
    let stranger = house.stranger(&ann).await;
    let nowhere = WorkspaceRef::Slug("nowhere".parse().unwrap());
    for reference in [halden(), nowhere] {
        let change = WorkspaceChange::default();
        let refused = house
            .accounts
            .update_workspace(&stranger, &reference, &change, Some(99))
            .await;
        let refused = refused.unwrap_err();
        assert!(
            matches!(refused, WorkspaceError::Access(AccessError::NotFound)),
            "{refused:?}"
        );
        assert_eq!(refused.to_string(), "there is no such workspace");
        assert_eq!(
            house
                .accounts
                .membership(&stranger, &reference)
                .await
                .unwrap(),
            None
        );
    }
}

async fn there_is_one_first_owner(house: House) {
    let weak = house
        .accounts
        .create_first_owner(&new("halden"), &first(ANN), &secret("password1234"))
        .await;
    assert!(matches!(
        weak,
        Err(FirstOwnerError::Password(PasswordRefused::TooCommon))
    ));
    house.owner().await;
    let second = house
        .accounts
        .create_first_owner(
            &new("second"),
            &first("zoe@halden.example"),
            &secret(PASSWORD),
        )
        .await;
    assert!(
        matches!(second, Err(FirstOwnerError::NotTheFirst)),
        "{second:?}"
    );
    let mut work = Storage::begin_read(&*house.storage).await.unwrap();
    assert_eq!(work.directory().workspaces().await.unwrap().len(), 1);
}

async fn the_first_owner_takes_over_what_a_set_up_file_made(house: House) {
    let workspace = Workspace {
        id: WorkspaceId::generate(house.ids()),
        slug: "halden".parse().unwrap(),
        name: "Halden & Mills".parse().unwrap(),
        description: None,
        version: 1,
    };
    let ann = Person {
        id: UserId::generate(house.ids()),
        name: "Ann".parse().unwrap(),
        email: ANN.parse().unwrap(),
        timezone: Tz::Asia__Kathmandu,
    };
    let mut work = Storage::begin(&*house.storage).await.unwrap();
    work.directory().insert_workspace(&workspace).await.unwrap();
    work.directory()
        .insert_person(workspace.id, &ann)
        .await
        .unwrap();
    work.directory()
        .insert_member(
            workspace.id,
            ann.id,
            Role::Member,
            chrono::DateTime::UNIX_EPOCH,
        )
        .await
        .unwrap();
    work.commit().await.unwrap();

    let made = house
        .accounts
        .create_first_owner(
            &new("halden"),
            &first("ANN@halden.example"),
            &secret(PASSWORD),
        )
        .await;
    assert_eq!(made.unwrap(), (workspace, ann.clone()));
    let principal = house.principal(ANN).await;
    assert_eq!(principal.user, ann.id);
    let found = house
        .accounts
        .membership(&principal, &halden())
        .await
        .unwrap();
    assert_eq!(found.unwrap().role, Role::Owner);
}
