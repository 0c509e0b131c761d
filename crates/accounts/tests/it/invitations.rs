//! Invitations.

use chrono::TimeDelta;
use scheduling_accounts::invitations::{AcceptError, InviteError, MOST_INVITATIONS, NewInvitation};
use scheduling_accounts::password::PasswordRefused;
use scheduling_accounts::sessions::SignInContext;
use scheduling_accounts::{AccessError, Principal};
use scheduling_core::directory::Role;
use scheduling_core::effect::AccountNotice;
use scheduling_core::ports::Clock;

use crate::support::{ANN, House, account, both, halden, request, secret};

both!(
    a_new_person_accepts_from_the_mail_and_is_signed_in,
    an_account_is_joined_by_its_owner_only,
    an_invitation_is_accepted_once,
    an_invitation_ends_after_seven_days_and_may_be_sent_again,
    the_link_that_was_sent_before_opens_nothing,
    a_revoked_invitation_opens_nothing,
    a_refused_password_does_not_use_the_link_up,
    only_owners_invite_owners_and_members_nobody,
    an_address_has_one_open_invitation_and_a_member_none,
    a_repeated_request_sends_one_mail,
    an_address_is_not_flooded_with_invitations,
    a_workspace_has_no_more_open_invitations_than_it_may,
    a_member_who_is_invited_higher_rises_and_never_falls,
    foreign_invitations_are_none,
);

fn new(email: &str, role: Role) -> NewInvitation {
    NewInvitation {
        email: email.parse().unwrap(),
        role,
    }
}

const BOB: &str = "bob@halden.example";

fn nowhere() -> SignInContext {
    SignInContext::default()
}

async fn a_new_person_accepts_from_the_mail_and_is_signed_in(house: House) {
    let ann = house.owner().await;
    let made = house
        .accounts
        .invite(&ann, &halden(), &new(BOB, Role::Admin), None)
        .await;
    let invitation = made.unwrap().made;
    assert_eq!(
        invitation.expires_at,
        house.clock.now() + TimeDelta::days(7)
    );
    let mails = house.mails().await;
    assert_eq!(mails.len(), 1);
    assert_eq!(
        (mails[0].name.as_deref(), mails[0].to.as_str()),
        (None, BOB)
    );
    let about = AccountNotice::Invitation {
        workspace: "Halden & Mills".parse().unwrap(),
        inviter: "Ann".parse().unwrap(),
        role: Role::Admin,
        expires_at: invitation.expires_at,
    };
    assert_eq!(mails[0].about, about);
    let token = mails[0].token.clone().unwrap();

    let view = house.accounts.invitation(&token).await.unwrap().unwrap();
    assert_eq!(view.invitation, invitation);
    assert_eq!(view.workspace.slug.as_str(), "halden");
    assert_eq!(view.inviter.unwrap().as_str(), "Ann");
    assert!(!view.has_account);

    let accepted = house
        .accounts
        .accept(&token, &account("Bob"), &nowhere())
        .await
        .unwrap();
    assert_eq!(accepted.person.email.as_str(), BOB);
    assert_eq!(accepted.membership.role, Role::Admin);
    let bob = house.authenticate(&accepted.session.token).await.unwrap();
    assert_eq!(bob.user, accepted.person.id);
    assert_eq!(house.principal(BOB).await.user, bob.user);
    assert!(
        house
            .accounts
            .invitations(&ann, &halden())
            .await
            .unwrap()
            .is_empty()
    );
}

async fn an_account_is_joined_by_its_owner_only(house: House) {
    let ann = house.owner().await;
    let bob = house.newcomer(&ann, "Bob", Role::Member).await;
    house.accounts.leave(&bob, &halden()).await.unwrap();
    let cleo = house.newcomer(&ann, "Cleo", Role::Member).await;

    let token = house.invite(&ann, "BOB@halden.example", Role::Admin).await;
    let view = house.accounts.invitation(&token).await.unwrap().unwrap();
    assert!(view.has_account);
    // Whoever has the link does not get the account with it: neither another password nor another person.
    let mut other = account("Mallory");
    other.password = secret("another secret of mine");
    let refused = house.accounts.accept(&token, &other, &nowhere()).await;
    assert!(
        matches!(refused, Err(AcceptError::AccountExists)),
        "{refused:?}"
    );
    let joined = house.accounts.accept_as(&token, &cleo).await;
    assert!(
        matches!(joined, Err(AcceptError::AnotherAddress)),
        "{joined:?}"
    );
    // And the link is as good as before for whom it is meant.
    let membership = house.accounts.accept_as(&token, &bob).await.unwrap();
    assert_eq!(membership.role, Role::Admin);
    let bob = house.principal(BOB).await;
    assert_eq!(
        house.accounts.membership(&bob, &halden()).await.unwrap(),
        Some(membership)
    );
}

async fn an_invitation_is_accepted_once(house: House) {
    let ann = house.owner().await;
    let token = house.invite(&ann, BOB, Role::Member).await;
    house
        .accounts
        .accept(&token, &account("Bob"), &nowhere())
        .await
        .unwrap();
    assert!(house.accounts.invitation(&token).await.unwrap().is_none());
    let again = house
        .accounts
        .accept(&token, &account("Bob"), &nowhere())
        .await;
    assert!(matches!(again, Err(AcceptError::NotFound)), "{again:?}");
    let bob = house.principal(BOB).await;
    let again = house.accounts.accept_as(&token, &bob).await;
    assert!(matches!(again, Err(AcceptError::NotFound)), "{again:?}");
}

async fn an_invitation_ends_after_seven_days_and_may_be_sent_again(house: House) {
    let ann = house.owner().await;
    let token = house.invite(&ann, BOB, Role::Member).await;
    house.wait(TimeDelta::days(7) - TimeDelta::seconds(1));
    assert!(house.accounts.invitation(&token).await.unwrap().is_some());
    house.wait(TimeDelta::seconds(1));
    assert!(house.accounts.invitation(&token).await.unwrap().is_none());
    let late = house
        .accounts
        .accept(&token, &account("Bob"), &nowhere())
        .await;
    assert!(matches!(late, Err(AcceptError::NotFound)), "{late:?}");

    // Expired ones are listed until they are revoked, renewed or replaced.
    let open = house.accounts.invitations(&ann, &halden()).await.unwrap();
    assert_eq!(open.len(), 1);
    let renewed = house
        .accounts
        .resend_invitation(&ann, &halden(), open[0].id)
        .await
        .unwrap();
    assert_eq!(renewed.expires_at, house.clock.now() + TimeDelta::days(7));
    let token = house.mails().await.remove(0).token.unwrap();
    assert_eq!(
        house
            .accounts
            .invitation(&token)
            .await
            .unwrap()
            .unwrap()
            .invitation,
        renewed
    );
    house.wait(TimeDelta::days(8));
    let replacing = house.invite(&ann, BOB, Role::Admin).await;
    let open = house.accounts.invitations(&ann, &halden()).await.unwrap();
    assert_eq!(open.len(), 1);
    assert_ne!(open[0].id, renewed.id);
    house
        .accounts
        .accept(&replacing, &account("Bob"), &nowhere())
        .await
        .unwrap();
}

async fn the_link_that_was_sent_before_opens_nothing(house: House) {
    let ann = house.owner().await;
    let older = house.invite(&ann, BOB, Role::Member).await;
    let id = house.accounts.invitations(&ann, &halden()).await.unwrap()[0].id;
    house
        .accounts
        .resend_invitation(&ann, &halden(), id)
        .await
        .unwrap();
    let newer = house.mails().await.remove(0).token.unwrap();
    assert!(house.accounts.invitation(&older).await.unwrap().is_none());
    let refused = house
        .accounts
        .accept(&older, &account("Bob"), &nowhere())
        .await;
    assert!(matches!(refused, Err(AcceptError::NotFound)), "{refused:?}");
    house
        .accounts
        .accept(&newer, &account("Bob"), &nowhere())
        .await
        .unwrap();
    let closed = house.accounts.resend_invitation(&ann, &halden(), id).await;
    assert!(matches!(closed, Err(InviteError::NotFound)), "{closed:?}");
}

async fn a_revoked_invitation_opens_nothing(house: House) {
    let ann = house.owner().await;
    let token = house.invite(&ann, BOB, Role::Member).await;
    let id = house.accounts.invitations(&ann, &halden()).await.unwrap()[0].id;
    house
        .accounts
        .revoke_invitation(&ann, &halden(), id)
        .await
        .unwrap();
    let refused = house
        .accounts
        .accept(&token, &account("Bob"), &nowhere())
        .await;
    assert!(matches!(refused, Err(AcceptError::NotFound)), "{refused:?}");
    let again = house.accounts.revoke_invitation(&ann, &halden(), id).await;
    assert!(matches!(again, Err(InviteError::NotFound)), "{again:?}");
    // The address may be invited anew.
    house.invite(&ann, BOB, Role::Member).await;
}

async fn a_refused_password_does_not_use_the_link_up(house: House) {
    let ann = house.owner().await;
    let token = house
        .invite(&ann, "robert.tables@halden.example", Role::Member)
        .await;
    for (weak, why) in [
        ("short", PasswordRefused::TooShort),
        ("Password12345", PasswordRefused::TooCommon),
        ("robert-tables-1", PasswordRefused::LikeTheAccount),
    ] {
        let mut weakly = account("Bob");
        weakly.password = secret(weak);
        let refused = house.accounts.accept(&token, &weakly, &nowhere()).await;
        assert!(
            matches!(refused, Err(AcceptError::Password(told)) if told == why),
            "{refused:?}"
        );
    }
    house
        .accounts
        .accept(&token, &account("Bob"), &nowhere())
        .await
        .unwrap();
}

async fn only_owners_invite_owners_and_members_nobody(house: House) {
    let ann = house.owner().await;
    let admin = house.newcomer(&ann, "Cleo", Role::Admin).await;
    let member = house.newcomer(&ann, "Dave", Role::Member).await;
    let invite = async |who: &Principal, role| {
        house
            .accounts
            .invite(who, &halden(), &new(BOB, role), None)
            .await
    };
    let refused = invite(&admin, Role::Owner).await;
    assert!(
        matches!(refused, Err(InviteError::OwnersOnly)),
        "{refused:?}"
    );
    let refused = invite(&member, Role::Member).await;
    assert!(matches!(
        refused,
        Err(InviteError::Access(AccessError::Role(Role::Admin)))
    ));
    let refused = house.accounts.invitations(&member, &halden()).await;
    assert!(matches!(
        refused,
        Err(InviteError::Access(AccessError::Role(Role::Admin)))
    ));
    let id = invite(&ann, Role::Owner).await.unwrap().made.id;
    let sent = house
        .accounts
        .resend_invitation(&admin, &halden(), id)
        .await;
    assert!(matches!(sent, Err(InviteError::OwnersOnly)), "{sent:?}");
    let revoked = house
        .accounts
        .revoke_invitation(&admin, &halden(), id)
        .await;
    assert!(
        matches!(revoked, Err(InviteError::OwnersOnly)),
        "{revoked:?}"
    );
    let token = house.mails().await.pop().unwrap().token.unwrap();
    let accepted = house
        .accounts
        .accept(&token, &account("Bob"), &nowhere())
        .await
        .unwrap();
    assert_eq!(accepted.membership.role, Role::Owner);
}

async fn an_address_has_one_open_invitation_and_a_member_none(house: House) {
    let ann = house.owner().await;
    house.invite(&ann, BOB, Role::Member).await;
    let id = house.accounts.invitations(&ann, &halden()).await.unwrap()[0].id;
    let twice = house
        .accounts
        .invite(
            &ann,
            &halden(),
            &new("Bob@Halden.example", Role::Admin),
            None,
        )
        .await;
    assert!(
        matches!(twice, Err(InviteError::AlreadyInvited(open)) if open == id),
        "{twice:?}"
    );
    let member = house
        .accounts
        .invite(&ann, &halden(), &new(ANN, Role::Admin), None)
        .await;
    assert!(
        matches!(member, Err(InviteError::AlreadyMember)),
        "{member:?}"
    );
    assert!(house.mails().await.is_empty());
}

async fn a_repeated_request_sends_one_mail(house: House) {
    let ann = house.owner().await;
    let once = request("k", 1);
    let invitation = new(BOB, Role::Member);
    let first = house
        .accounts
        .invite(&ann, &halden(), &invitation, Some(&once))
        .await
        .unwrap();
    let second = house
        .accounts
        .invite(&ann, &halden(), &invitation, Some(&once))
        .await
        .unwrap();
    assert_eq!((first.replayed, second.replayed), (false, true));
    assert_eq!(first.made, second.made);
    assert_eq!(house.mails().await.len(), 1);
}

async fn an_address_is_not_flooded_with_invitations(house: House) {
    let ann = house.owner().await;
    house.invite(&ann, BOB, Role::Member).await;
    let id = house.accounts.invitations(&ann, &halden()).await.unwrap()[0].id;
    for _ in 0..4 {
        house
            .accounts
            .resend_invitation(&ann, &halden(), id)
            .await
            .unwrap();
    }
    let refused = house.accounts.resend_invitation(&ann, &halden(), id).await;
    assert!(
        matches!(refused, Err(InviteError::TooMany { .. })),
        "{refused:?}"
    );
    // Taking it back and inviting anew is no way round.
    house
        .accounts
        .revoke_invitation(&ann, &halden(), id)
        .await
        .unwrap();
    let refused = house
        .accounts
        .invite(
            &ann,
            &halden(),
            &new("BOB@halden.example", Role::Member),
            None,
        )
        .await;
    let Err(InviteError::TooMany { retry_after }) = refused else {
        panic!("{refused:?}");
    };
    house.wait(TimeDelta::from_std(retry_after).unwrap());
    house.invite(&ann, BOB, Role::Member).await;
}

async fn a_workspace_has_no_more_open_invitations_than_it_may(house: House) {
    let ann = house.owner().await;
    for n in 0..MOST_INVITATIONS {
        let invitation = new(&format!("guest{n}@halden.example"), Role::Member);
        house
            .accounts
            .invite(&ann, &halden(), &invitation, None)
            .await
            .unwrap();
    }
    let refused = house
        .accounts
        .invite(&ann, &halden(), &new(BOB, Role::Member), None)
        .await;
    assert!(
        matches!(refused, Err(InviteError::TooManyInvitations)),
        "{refused:?}"
    );
}

async fn a_member_who_is_invited_higher_rises_and_never_falls(house: House) {
    let ann = house.owner().await;
    let bob = house.newcomer(&ann, "Bob", Role::Member).await;
    house.accounts.leave(&bob, &halden()).await.unwrap();
    let low = house.invite(&ann, BOB, Role::Member).await;
    house.accounts.accept_as(&low, &bob).await.unwrap();
    house
        .accounts
        .change_role(&ann, &halden(), bob.user, Role::Owner)
        .await
        .unwrap();
    house.accounts.leave(&ann, &halden()).await.unwrap();
    // Invited while he was gone, he comes back by another way in the meantime.
    let one = house.invite(&bob, ANN, Role::Member).await;
    let ann = house.principal(ANN).await;
    house.accounts.accept_as(&one, &ann).await.unwrap();
    assert_eq!(
        house
            .accounts
            .membership(&ann, &halden())
            .await
            .unwrap()
            .unwrap()
            .role,
        Role::Member
    );
}

async fn foreign_invitations_are_none(house: House) {
    let ann = house.owner().await;
    let stranger = house.stranger(&ann).await;
    house.invite(&ann, BOB, Role::Member).await;
    let id = house.accounts.invitations(&ann, &halden()).await.unwrap()[0].id;
    let elsewhere = scheduling_accounts::WorkspaceRef::Slug("elsewhere".parse().unwrap());
    let accounts = &house.accounts;
    // By his own workspace it is no invitation of his, by ours there is no workspace.
    for (workspace, own) in [(&elsewhere, true), (&halden(), false)] {
        for refused in [
            accounts
                .resend_invitation(&stranger, workspace, id)
                .await
                .map(drop),
            accounts.revoke_invitation(&stranger, workspace, id).await,
        ] {
            let fits = match refused {
                Err(InviteError::NotFound) => own,
                Err(InviteError::Access(AccessError::NotFound)) => !own,
                _ => false,
            };
            assert!(fits, "{refused:?}");
        }
    }
    assert!(
        accounts
            .invitations(&stranger, &elsewhere)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(accounts.invitations(&stranger, &halden()).await.is_err());
    assert_eq!(
        accounts.invitations(&ann, &halden()).await.unwrap().len(),
        1
    );
}
