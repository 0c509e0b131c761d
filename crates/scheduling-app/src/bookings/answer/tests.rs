//! Tests of `answer`.

use scheduling_core::booking::{BookingState, TransitionError};
use scheduling_core::directory::Role;
use scheduling_testkit::builders::parse;

use super::*;
use crate::bookings::Booked;
use crate::testing::{World, at};

const ASK: &str = "host ann UTC 09:00-12:00
    host bob UTC 09:00-12:00
    event ask 30 robin:ann,bob approval=120 remind=60
    event both 30 all:ann,bob approval=120\n";

async fn approve(world: &World, access: BookingAccess) -> String {
    match world.scheduling.approve(&ApproveBooking::new(access)).await {
        Ok(changed) => changed.booking.state.name().to_string(),
        Err(error) => format!("! {error}"),
    }
}

async fn decline(world: &World, access: BookingAccess) -> String {
    let mut command = DeclineBooking::new(access);
    command.reason = Some(parse("Not now"));
    match world.scheduling.decline(&command).await {
        Ok(changed) => changed.booking.state.name().to_string(),
        Err(error) => format!("! {error}"),
    }
}

fn invitee(booked: &Booked) -> BookingAccess {
    BookingAccess::Invitee(booked.manage_token.clone())
}

#[tokio::test]
async fn a_host_says_yes_from_his_mail() {
    let world = World::new(ASK).await;
    let booked = world.booked("ask", "24T10:00").await;
    let id = booked.booking.id;
    world.advance(30);
    let access = world.as_host("ann", id).await;
    assert_eq!(approve(&world, access).await, "confirmed");
    let stored = world.stored(id).await;
    let confirmed_at = at("23T08:30");
    assert_eq!(stored.state, BookingState::Confirmed { confirmed_at });
    assert_eq!((stored.sequence, stored.version), (0, 2));
    assert_eq!(
        world.history(id).await,
        "23T08:00 Requested by invitee\n23T08:30 Approved by ann"
    );
    // Two were asked, two are told, its end was planned, two are reminded.
    assert_eq!(world.outbox().await.ready, 7);
}

#[tokio::test]
async fn a_no_opens_the_time_and_undoes_the_rotations_step() {
    let world = World::new(ASK).await;
    let booked = world.booked("ask", "24T10:00").await;
    assert_eq!(world.credits("ask").await, "ann-100 bob+100");
    let id = booked.booking.id;
    let access = world.as_member("ann", id);
    assert_eq!(decline(&world, access).await, "declined");
    assert_eq!(world.credits("ask").await, "ann+0 bob+0");
    assert_eq!(world.storage.claim_count(), 0);
    let stored = world.stored(id).await;
    let declined = BookingState::Declined {
        declined_at: at("23T08:00"),
        reason: Some(parse("Not now")),
    };
    assert_eq!(stored.state, declined);
    assert_eq!(
        world.history(id).await,
        "23T08:00 Requested by invitee\n23T08:00 Declined by ann"
    );
}

#[tokio::test]
async fn what_is_answered_cannot_be_answered_again_and_both_ends_are_named() {
    let world = World::new(ASK).await;
    let yes = world.booked("ask", "24T10:00").await;
    let no = world.booked("ask", "24T10:00").await;
    assert_eq!(
        approve(&world, world.as_member("ann", yes.booking.id)).await,
        "confirmed"
    );
    assert_eq!(
        decline(&world, world.as_member("bob", no.booking.id)).await,
        "declined"
    );
    let yes = world.as_member("ann", yes.booking.id);
    let no = world.as_member("bob", no.booking.id);
    assert_eq!(
        approve(&world, yes.clone()).await,
        "! the booking is confirmed and cannot become confirmed"
    );
    assert_eq!(
        decline(&world, yes).await,
        "! the booking is confirmed and cannot become declined"
    );
    assert_eq!(
        approve(&world, no).await,
        "! the booking is declined and cannot become confirmed"
    );
}

#[tokio::test]
async fn nobody_answers_his_own_request() {
    let world = World::new(ASK).await;
    let booked = world.booked("ask", "24T10:00").await;
    let refused = "! this is not for this side of the booking to do";
    assert_eq!(approve(&world, invitee(&booked)).await, refused);
    assert_eq!(decline(&world, invitee(&booked)).await, refused);
    // Who does not host it does not even see it.
    let bob = world.as_member("bob", booked.booking.id);
    assert_eq!(approve(&world, bob).await, "! there is no such booking");
    let admin = BookingAccess::Member {
        actor: world.member("bob", Role::Admin),
        booking: booked.booking.id,
    };
    assert_eq!(approve(&world, admin).await, "confirmed");
}

#[tokio::test]
async fn an_answer_comes_too_late_when_the_deadline_has_passed() {
    let world = World::new(ASK).await;
    let booked = world.booked("ask", "24T10:00").await;
    let access = world.as_host("ann", booked.booking.id).await;
    world.clock.set(at("23T10:00"));
    assert_eq!(
        approve(&world, access.clone()).await,
        "! this was possible until 2026-11-23 10:00:00 UTC"
    );
    // A no tells the invitee what the expiry would have.
    assert_eq!(decline(&world, access).await, "declined");
}

#[tokio::test]
async fn one_hosts_yes_is_enough_and_of_two_who_answer_at_once_one_counts() {
    let world = World::new(ASK).await;
    let booked = world.booked("both", "24T10:00").await;
    let ann = world.as_host("ann", booked.booking.id).await;
    let bob = world.as_host("bob", booked.booking.id).await;
    let commands = (ApproveBooking::new(ann), DeclineBooking::new(bob));
    let (yes, no) = tokio::join!(
        world.scheduling.approve(&commands.0),
        world.scheduling.decline(&commands.1)
    );
    assert!(yes.is_ok() != no.is_ok(), "{yes:?} {no:?}");
    let late = yes.err().or(no.err()).unwrap();
    assert!(
        matches!(late, ChangeError::Transition(TransitionError { .. })),
        "{late:?}"
    );
}

#[tokio::test]
async fn a_no_may_need_a_reason() {
    let world = World::new(
        "host ann UTC 09:00-12:00\n event ask 30 ann approval=60 decline_reason=required",
    )
    .await;
    let booked = world.booked("ask", "24T10:00").await;
    let command = DeclineBooking::new(world.as_member("ann", booked.booking.id));
    let refused = world.scheduling.decline(&command).await;
    assert!(
        matches!(refused, Err(ChangeError::ReasonRequired)),
        "{refused:?}"
    );
    let access = world.as_member("ann", booked.booking.id);
    assert_eq!(decline(&world, access).await, "declined");
}

#[tokio::test]
async fn repeating_an_approval_with_its_key_is_harmless() {
    let world = World::new(ASK).await;
    let booked = world.booked("ask", "24T10:00").await;
    let mut command = ApproveBooking::new(world.as_member("ann", booked.booking.id));
    command.expected = Some(1);
    command.idempotency = Some(Idempotent::new("approve", parse("a"), [1; 32]));
    assert!(!world.scheduling.approve(&command).await.unwrap().replayed);
    assert!(world.scheduling.approve(&command).await.unwrap().replayed);
    assert_eq!(world.stored(booked.booking.id).await.version, 2);
}
