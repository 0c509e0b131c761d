//! Members and their roles.

use chrono::TimeDelta;
use scheduling_accounts::members::MemberError;
use scheduling_accounts::{AccessError, Principal};
use scheduling_core::booking::Party;
use scheduling_core::directory::Role;
use scheduling_core::event_type::{EventTypeStatus, Hosting};
use scheduling_core::ids::UserId;
use scheduling_core::ports::{Clock, Storage};
use scheduling_testkit::builders;

use crate::support::{House, both, halden};

both!(
    members_are_listed_by_name_with_their_roles,
    owners_and_admins_change_roles_and_only_owners_those_of_owners,
    the_last_owner_stays,
    whoever_still_hosts_stays_and_hears_what,
    whoever_hosted_and_has_nothing_ahead_may_go,
    whoever_leaves_is_gone_and_his_invitations_with_him,
    strangers_find_nobody,
);

async fn role(house: &House, who: &Principal) -> Option<Role> {
    let found = house.accounts.membership(who, &halden()).await.unwrap();
    found.map(|membership| membership.role)
}

async fn members_are_listed_by_name_with_their_roles(house: House) {
    let ann = house.owner().await;
    let cleo = house.newcomer(&ann, "Cleo", Role::Admin).await;
    let bob = house.newcomer(&ann, "Bob", Role::Member).await;
    for who in [&ann, &bob, &cleo] {
        let members = house.accounts.members(who, &halden()).await.unwrap();
        let listed: Vec<_> = members
            .iter()
            .map(|member| (member.person.name.as_str(), member.role, member.person.id))
            .collect();
        let expected = [
            ("Ann", Role::Owner, ann.user),
            ("Bob", Role::Member, bob.user),
            ("Cleo", Role::Admin, cleo.user),
        ];
        assert_eq!(listed, expected);
        assert_eq!(members[1].joined_at, house.clock.now());
    }
}

async fn owners_and_admins_change_roles_and_only_owners_those_of_owners(house: House) {
    let ann = house.owner().await;
    let bob = house.newcomer(&ann, "Bob", Role::Admin).await;
    let cleo = house.newcomer(&ann, "Cleo", Role::Member).await;
    let change = async |who: &Principal, whom: &Principal, role| {
        house
            .accounts
            .change_role(who, &halden(), whom.user, role)
            .await
    };
    assert_eq!(
        change(&bob, &cleo, Role::Admin).await.unwrap().role,
        Role::Admin
    );
    assert_eq!(role(&house, &cleo).await, Some(Role::Admin));
    assert_eq!(
        change(&cleo, &bob, Role::Member).await.unwrap().role,
        Role::Member
    );
    for (who, whom, to) in [
        (&cleo, &bob, Role::Owner),
        (&cleo, &cleo, Role::Owner),
        (&cleo, &ann, Role::Member),
        (&cleo, &ann, Role::Owner),
    ] {
        let refused = change(who, whom, to).await;
        assert!(
            matches!(refused, Err(MemberError::OwnersOnly)),
            "{refused:?}"
        );
    }
    let refused = change(&bob, &bob, Role::Admin).await;
    assert!(matches!(
        refused,
        Err(MemberError::Access(AccessError::Role(Role::Admin)))
    ));
    let removed = house
        .accounts
        .remove_member(&cleo, &halden(), ann.user)
        .await;
    assert!(
        matches!(removed, Err(MemberError::OwnersOnly)),
        "{removed:?}"
    );
    let removed = house
        .accounts
        .remove_member(&bob, &halden(), cleo.user)
        .await;
    assert!(matches!(
        removed,
        Err(MemberError::Access(AccessError::Role(Role::Admin)))
    ));

    assert_eq!(
        change(&ann, &bob, Role::Owner).await.unwrap().role,
        Role::Owner
    );
    assert_eq!(
        change(&bob, &ann, Role::Member).await.unwrap().role,
        Role::Member
    );
    assert_eq!(role(&house, &ann).await, Some(Role::Member));
    let unknown = UserId::generate(house.ids());
    let refused = house
        .accounts
        .change_role(&bob, &halden(), unknown, Role::Admin)
        .await;
    assert!(matches!(refused, Err(MemberError::NotFound)), "{refused:?}");
}

async fn the_last_owner_stays(house: House) {
    let ann = house.owner().await;
    let bob = house.newcomer(&ann, "Bob", Role::Admin).await;
    let demoted = house
        .accounts
        .change_role(&ann, &halden(), ann.user, Role::Admin)
        .await;
    assert!(
        matches!(demoted, Err(MemberError::LastOwner)),
        "{demoted:?}"
    );
    let left = house.accounts.leave(&ann, &halden()).await;
    assert!(matches!(left, Err(MemberError::LastOwner)), "{left:?}");
    let removed = house
        .accounts
        .remove_member(&ann, &halden(), ann.user)
        .await;
    assert!(
        matches!(removed, Err(MemberError::LastOwner)),
        "{removed:?}"
    );
    assert_eq!(role(&house, &ann).await, Some(Role::Owner));

    house
        .accounts
        .change_role(&ann, &halden(), bob.user, Role::Owner)
        .await
        .unwrap();
    house.accounts.leave(&ann, &halden()).await.unwrap();
    assert_eq!(role(&house, &ann).await, None);
}

async fn whoever_still_hosts_stays_and_hears_what(house: House) {
    let ann = house.owner().await;
    let bob = house.newcomer(&ann, "Bob", Role::Member).await;
    let membership = house
        .accounts
        .membership(&ann, &halden())
        .await
        .unwrap()
        .unwrap();
    let id = membership.workspace.id;
    let event_type = builders::event_type(house.ids(), id, "intro", 30, Hosting::single(bob.user));
    let mut work = Storage::begin(&*house.storage).await.unwrap();
    work.event_types().insert(&event_type).await.unwrap();
    work.commit().await.unwrap();

    let still = |refused: Result<(), MemberError>| match refused {
        Err(MemberError::StillHosts(hosting)) => hosting,
        other => panic!("{other:?}"),
    };
    let hosting = still(
        house
            .accounts
            .remove_member(&ann, &halden(), bob.user)
            .await,
    );
    let named: Vec<_> = hosting
        .event_types
        .iter()
        .map(|named| (named.id, named.slug.as_str()))
        .collect();
    assert_eq!(named, [(event_type.id, "intro")]);
    assert_eq!(hosting.bookings, []);
    assert_eq!(still(house.accounts.leave(&bob, &halden()).await), hosting);
    assert_eq!(role(&house, &bob).await, Some(Role::Member));
}

async fn whoever_hosted_and_has_nothing_ahead_may_go(house: House) {
    let ann = house.owner().await;
    let bob = house.newcomer(&ann, "Bob", Role::Member).await;
    let membership = house.accounts.membership(&ann, &halden()).await.unwrap();
    let id = membership.unwrap().workspace.id;
    // Put away, but booked before that.
    let mut event_type =
        builders::event_type(house.ids(), id, "intro", 30, Hosting::single(bob.user));
    event_type.status = EventTypeStatus::Archived;
    let start = house.clock.now() + TimeDelta::days(2);
    let booking = builders::booking(house.ids(), &event_type, &[bob.user], start);
    let other = start + TimeDelta::days(1);
    let called_off = builders::booking(house.ids(), &event_type, &[bob.user], other);
    let called_off = called_off.cancel(Party::Invitee, None, house.clock.now());
    let (called_off, _event) = called_off.unwrap();
    let mut work = Storage::begin(&*house.storage).await.unwrap();
    work.event_types().insert(&event_type).await.unwrap();
    work.bookings().insert(&booking).await.unwrap();
    work.bookings().insert(&called_off).await.unwrap();
    work.commit().await.unwrap();

    house.wait(TimeDelta::days(2) + TimeDelta::minutes(29));
    let refused = house.accounts.leave(&bob, &halden()).await;
    let Err(MemberError::StillHosts(hosting)) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(hosting.event_types, []);
    let named: Vec<_> = hosting
        .bookings
        .iter()
        .map(|named| (named.id, named.interval))
        .collect();
    assert_eq!(named, [(booking.id, booking.interval)]);
    house.wait(TimeDelta::minutes(1));
    house.accounts.leave(&bob, &halden()).await.unwrap();
}

async fn whoever_leaves_is_gone_and_his_invitations_with_him(house: House) {
    let ann = house.owner().await;
    let bob = house.newcomer(&ann, "Bob", Role::Admin).await;
    let cleo = house.newcomer(&ann, "Cleo", Role::Admin).await;
    let bobs = house
        .invite(&bob, "dave@halden.example", Role::Member)
        .await;
    let cleos = house.invite(&cleo, "eve@halden.example", Role::Admin).await;
    let anns = house
        .invite(&ann, "finn@halden.example", Role::Member)
        .await;

    house.accounts.leave(&bob, &halden()).await.unwrap();
    assert_eq!(role(&house, &bob).await, None);
    assert!(house.accounts.memberships(&bob).await.unwrap().is_empty());
    // He is still who he is, but no member.
    let again = house.accounts.leave(&bob, &halden()).await;
    assert!(
        matches!(again, Err(MemberError::Access(AccessError::NotFound))),
        "{again:?}"
    );
    assert!(house.accounts.invitation(&bobs).await.unwrap().is_none());
    // Whoever loses power loses what he gave away with it.
    house
        .accounts
        .change_role(&ann, &halden(), cleo.user, Role::Member)
        .await
        .unwrap();
    assert!(house.accounts.invitation(&cleos).await.unwrap().is_none());
    assert!(house.accounts.invitation(&anns).await.unwrap().is_some());

    let removed = house
        .accounts
        .remove_member(&ann, &halden(), bob.user)
        .await;
    assert!(matches!(removed, Err(MemberError::NotFound)), "{removed:?}");
}

async fn strangers_find_nobody(house: House) {
    let ann = house.owner().await;
    let stranger = house.stranger(&ann).await;
    let nothing = |refused: MemberError| {
        assert!(
            matches!(refused, MemberError::Access(AccessError::NotFound)),
            "{refused:?}"
        );
    };
    let accounts = &house.accounts;
    nothing(accounts.members(&stranger, &halden()).await.unwrap_err());
    nothing(accounts.leave(&stranger, &halden()).await.unwrap_err());
    let (ann, role) = (ann.user, Role::Member);
    nothing(
        accounts
            .remove_member(&stranger, &halden(), ann)
            .await
            .unwrap_err(),
    );
    nothing(
        accounts
            .change_role(&stranger, &halden(), ann, role)
            .await
            .unwrap_err(),
    );
}
