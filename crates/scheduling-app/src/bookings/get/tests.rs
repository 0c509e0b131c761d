//! Tests of `get`.

use scheduling_core::directory::Role;
use scheduling_core::event_type::ReasonPolicy;

use super::*;
use crate::bookings::{Booked, CancelBooking};
use crate::testing::{World, at};

const BOTH: &str = "host ann UTC 09:00-12:00
    host bob UTC 09:00-12:00
    host cem UTC 09:00-12:00
    event both 30 hands:bob,ann
    event ask 30 ann approval=60 move=hosts cancel_notice=60 cancel_reason=required
    link vip both redirect=https://example.org/thanks\n";

fn invitee(booked: &Booked) -> BookingAccess {
    BookingAccess::Invitee(booked.manage_token.clone())
}

#[tokio::test]
async fn the_manage_token_opens_the_booking_with_its_people() {
    let world = World::new(BOTH).await;
    let booked = world.booked("both", "24T10:00").await;
    let details = world.scheduling.booking(&invitee(&booked)).await.unwrap();
    assert_eq!(details.booking, booked.booking);
    assert_eq!(details.workspace, world.workspace);
    assert_eq!(details.event_type, world.event_types["both"]);
    assert_eq!(details.viewer, Party::Invitee);
    let names = details.hosts.iter().map(|host| host.name.as_str());
    assert_eq!(names.collect::<Vec<_>>(), ["bob", "ann"]);
    // The sealed token is the one that was given out.
    let opened = world.scheduling.open_manage_token(&details.booking);
    assert_eq!(opened, Ok(booked.manage_token));
}

#[tokio::test]
async fn hosts_and_members_open_it_too_and_nobody_else() {
    let world = World::new(BOTH).await;
    let booked = world.booked("both", "24T10:00").await;
    let id = booked.booking.id;
    let bob = world.as_host("bob", id).await;
    assert_eq!(
        world.scheduling.booking(&bob).await.unwrap().viewer,
        Party::Host
    );
    let ann = world.as_member("ann", id);
    assert_eq!(
        world.scheduling.booking(&ann).await.unwrap().viewer,
        Party::Host
    );
    let admin = BookingAccess::Member {
        actor: world.member("cem", Role::Admin),
        booking: id,
    };
    assert!(world.scheduling.booking(&admin).await.is_ok());
    for access in [
        world.as_member("cem", id),
        BookingAccess::Invitee(ManageToken::from_bytes([7; 32])),
        BookingAccess::Host(HostToken::from_bytes([7; 32])),
    ] {
        let refused = world.scheduling.booking(&access).await;
        assert!(matches!(refused, Err(ReadError::NotFound)), "{access:?}");
    }
}

#[tokio::test]
async fn links_open_nothing_once_the_booking_is_over() {
    let world = World::new(BOTH).await;
    let booked = world.booked("both", "24T10:00").await;
    let host = world.as_host("ann", booked.booking.id).await;
    let gone = world.booked("both", "24T11:00").await;
    world.cancel(&gone.manage_token).await;
    world.clock.set(at("24T10:29"));
    assert!(world.scheduling.booking(&host).await.is_ok());
    world.clock.set(at("24T10:30"));
    for access in [invitee(&booked), host] {
        let refused = world.scheduling.booking(&access).await;
        assert!(matches!(refused, Err(ReadError::Over)), "{refused:?}");
    }
    // What was called off still shows that it was, until it would have been over.
    let shown = world.scheduling.booking(&invitee(&gone)).await.unwrap();
    assert_eq!(shown.booking.state.name(), BookingStatus::Cancelled);
    assert_eq!(shown.actions.cancel, Permission::Finished);
    world.clock.set(at("24T11:30"));
    assert!(world.scheduling.booking(&invitee(&gone)).await.is_err());
    // Members read it for ever.
    let ann = world.as_member("ann", booked.booking.id);
    assert!(world.scheduling.booking(&ann).await.is_ok());
}

#[tokio::test]
async fn what_somebody_can_do_follows_the_policy_the_state_and_the_time() {
    let world = World::new(BOTH).await;
    let booked = world.booked("ask", "24T10:00").await;
    let id = booked.booking.id;
    let actions =
        async |access: BookingAccess| world.scheduling.booking(&access).await.unwrap().actions;
    let theirs = actions(invitee(&booked)).await;
    assert!(!theirs.answer && !theirs.complete && !theirs.mark_no_show);
    let granted = Permission::Granted {
        reason: ReasonPolicy::Required,
        until: at("24T09:00"),
    };
    assert_eq!(
        (theirs.cancel, theirs.reschedule),
        (granted, Permission::NotAllowed)
    );
    let ours = actions(world.as_member("ann", id)).await;
    assert!(ours.answer && !ours.complete && !ours.mark_no_show);
    let granted = Permission::Granted {
        reason: ReasonPolicy::Optional,
        until: at("24T10:30"),
    };
    assert_eq!((ours.cancel, ours.reschedule), (granted, granted));

    world.clock.set(at("24T09:01"));
    let passed = Permission::CutoffPassed {
        until: at("24T09:00"),
    };
    assert_eq!(actions(invitee(&booked)).await.cancel, passed);
    // Its deadline has passed: nobody answers any more.
    assert!(!actions(world.as_member("ann", id)).await.answer);

    let both = world.booked("both", "24T10:30").await;
    world.clock.set(at("24T10:30"));
    let during = actions(world.as_member("ann", both.booking.id)).await;
    assert!(during.complete && during.mark_no_show);
    world.clock.set(at("24T11:00"));
    let after = actions(world.as_member("ann", both.booking.id)).await;
    assert!(after.complete && after.mark_no_show);
    assert_eq!(after.cancel, Permission::Finished);
}

#[tokio::test]
async fn a_booking_shows_the_event_type_as_its_link_did() {
    let world = World::new(BOTH).await;
    let booked = world.booked("vip", "24T10:00").await;
    let details = world.scheduling.booking(&invitee(&booked)).await.unwrap();
    let redirect = details.event_type.appearance.redirect_url.unwrap();
    assert_eq!(redirect.as_str(), "https://example.org/thanks");
}

#[tokio::test]
async fn its_history_is_for_its_hosts() {
    let world = World::new(BOTH).await;
    let booked = world.booked("both", "24T10:00").await;
    let id = booked.booking.id;
    let ann = world.as_member("ann", id);
    world
        .scheduling
        .cancel(&CancelBooking::new(ann.clone()))
        .await
        .unwrap();
    let history = world.scheduling.history(&ann).await.unwrap();
    assert_eq!(history.entries.len(), 2);
    assert_eq!(history.entries[1].by, Doer::Member(world.hosts["ann"]));
    assert_eq!(history.people[&world.hosts["ann"]].name.as_str(), "ann");
    let bob = world.as_host("bob", id).await;
    assert!(world.scheduling.history(&bob).await.is_ok());
    for access in [invitee(&booked), world.as_member("cem", id)] {
        let refused = world.scheduling.history(&access).await;
        assert!(matches!(refused, Err(ReadError::NotFound)), "{refused:?}");
    }
}
