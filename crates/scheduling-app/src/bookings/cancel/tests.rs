//! Tests of `cancel`.

use std::sync::atomic::Ordering;

use scheduling_core::booking::{BookingState, Party};
use scheduling_core::directory::Role;
use scheduling_testkit::builders::parse;

use super::*;
use crate::ManageToken;
use crate::actor::Actor;
use crate::testing::{World, at};

const TWO: &str = "host ann UTC 09:00-12:00\n host bob UTC 09:00-12:00\n";

#[tokio::test]
async fn a_cancelled_booking_keeps_who_and_why_and_opens_its_time() {
    let world = World::new(&format!("{TWO} event intro 30 ann")).await;
    let booked = world.booked("intro", "24T10:00").await;
    world.advance(15);
    assert_eq!(world.cancel(&booked.manage_token).await, "cancelled");

    let stored = &world.bookings().await[0];
    assert_eq!(
        stored.state,
        BookingState::Cancelled {
            cancelled_at: at("23T08:15"),
            by: Party::Invitee,
            reason: Some(parse("I am ill")),
        }
    );
    assert_eq!((stored.sequence, stored.version), (1, 2));
    assert_eq!(world.storage.claim_count(), 0);
    assert_eq!(world.book("intro", "24T10:00").await, "ann");
}

#[tokio::test]
async fn the_rotations_step_is_undone_and_recorded_as_such() {
    let world = World::new(&format!("{TWO} event pool 30 robin:ann,bob")).await;
    let first = world.booked("pool", "24T10:00").await;
    assert_eq!(world.credits("pool").await, "ann-100 bob+100");
    assert_eq!(world.cancel(&first.manage_token).await, "cancelled");
    assert_eq!(world.credits("pool").await, "ann+0 bob+0");
    assert!(
        world.bookings().await[0]
            .rotation
            .as_ref()
            .unwrap()
            .released
    );
    // They are level again; ann was asked last, so bob is next.
    assert_eq!(world.book("pool", "24T10:00").await, "bob");
}

#[tokio::test]
async fn leaving_a_session_frees_a_seat_and_the_last_one_to_leave_frees_the_host() {
    let world = World::new(&format!(
        "{TWO} event class 60 ann seats=2\n event intro 30 ann"
    ))
    .await;
    let first = world.booked("class", "24T10:00").await;
    let second = world.booked("class", "24T10:00").await;
    assert_eq!(
        world.slots("class", "24T10:00", "24T10:30").await,
        "next 24T11:00"
    );

    assert_eq!(world.cancel(&first.manage_token).await, "cancelled");
    assert_eq!(
        world.slots("class", "24T10:00", "24T10:30").await,
        "24T10:00 ann 1 left"
    );
    assert!(world.book("intro", "24T10:00").await.starts_with('!'));

    assert_eq!(world.cancel(&second.manage_token).await, "cancelled");
    assert_eq!(world.storage.claim_count(), 0);
    assert_eq!(world.book("intro", "24T10:00").await, "ann");
}

#[tokio::test]
async fn cancelling_twice_or_after_the_end_is_refused_and_changes_nothing() {
    let world = World::new(&format!("{TWO} event pool 30 robin:ann,bob")).await;
    let first = world.booked("pool", "24T10:00").await;
    let second = world.booked("pool", "24T10:00").await;
    assert_eq!(world.cancel(&first.manage_token).await, "cancelled");
    let before = (world.bookings().await, world.outbox().await);
    assert_eq!(
        world.cancel(&first.manage_token).await,
        "! the booking is cancelled and cannot become cancelled"
    );
    world.clock.set(at("24T10:30"));
    let access = world.as_member("bob", second.booking.id);
    let refused = world.scheduling.cancel(&CancelBooking::new(access)).await;
    assert_eq!(
        refused.unwrap_err().to_string(),
        "the booking is completed and cannot become cancelled"
    );
    assert_eq!((world.bookings().await, world.outbox().await), before);
}

/// Cancels without a reason, and says what came of it.
async fn cancel(world: &World, access: BookingAccess) -> String {
    match world.scheduling.cancel(&CancelBooking::new(access)).await {
        Ok(changed) => changed.booking.state.name().to_string(),
        Err(error) => format!("! {error}"),
    }
}

#[tokio::test]
async fn the_invitee_may_until_the_start_and_a_host_until_the_end() {
    let world = World::new(&format!("{TWO} event intro 30 ann")).await;
    let first = world.booked("intro", "24T10:00").await;
    let second = world.booked("intro", "24T10:30").await;
    world.clock.set(at("24T10:00"));
    assert_eq!(world.cancel(&first.manage_token).await, "cancelled");
    world.clock.set(at("24T10:31"));
    assert_eq!(
        world.cancel(&second.manage_token).await,
        "! this was possible until 2026-11-24 10:30:00 UTC"
    );
    world.clock.set(at("24T10:59"));
    let host = world.as_host("ann", second.booking.id).await;
    assert_eq!(cancel(&world, host).await, "cancelled");
}

#[tokio::test]
async fn the_policy_says_who_may_until_when_and_whether_to_say_why() {
    let world = World::new(&format!(
        "{TWO} event theirs 30 ann cancel=hosts
         event early 30 ann cancel_notice=120
         event why 30 ann cancel_reason=required decline_reason=required"
    ))
    .await;
    let theirs = world.booked("theirs", "24T09:00").await;
    let early = world.booked("early", "24T09:30").await;
    let why = world.booked("why", "24T10:00").await;
    let invitee =
        |booked: &crate::bookings::Booked| BookingAccess::Invitee(booked.manage_token.clone());
    world.clock.set(at("24T07:31"));
    assert_eq!(
        cancel(&world, invitee(&theirs)).await,
        "! this is not for this side of the booking to do"
    );
    assert_eq!(
        cancel(&world, invitee(&early)).await,
        "! this was possible until 2026-11-24 07:30:00 UTC"
    );
    assert_eq!(
        cancel(&world, invitee(&why)).await,
        "! a reason must be given"
    );
    let host = world.as_member("ann", why.booking.id);
    assert_eq!(cancel(&world, host).await, "! a reason must be given");
    // Kalends itself is asked nothing.
    let system = |booking| BookingAccess::Member {
        actor: Actor::System,
        booking,
    };
    assert_eq!(cancel(&world, system(why.booking.id)).await, "cancelled");
    let by_host = world.as_host("ann", theirs.booking.id).await;
    assert_eq!(cancel(&world, by_host).await, "cancelled");
    let by_host = world.as_member("ann", early.booking.id);
    assert_eq!(cancel(&world, by_host).await, "cancelled");
    let by = |booking: &scheduling_core::booking::Booking| match &booking.state {
        BookingState::Cancelled { by, .. } => *by,
        other => panic!("{other:?}"),
    };
    assert_eq!(by(&world.stored(why.booking.id).await), Party::System);
    assert_eq!(by(&world.stored(theirs.booking.id).await), Party::Host);
    assert_eq!(
        world.history(theirs.booking.id).await,
        "23T08:00 Confirmed by invitee\n24T07:31 Cancelled by ann"
    );
}

#[tokio::test]
async fn whoever_has_no_business_with_a_booking_learns_nothing_of_it() {
    let world = World::new(&format!("{TWO} event intro 30 ann")).await;
    let booked = world.booked("intro", "24T10:00").await;
    let id = booked.booking.id;
    let elsewhere = scheduling_core::ids::WorkspaceId::from_uuid(uuid::Uuid::from_u128(999));
    let foreign = Actor::Member {
        workspace: elsewhere,
        user: world.hosts["ann"],
        role: Role::Owner,
    };
    let unknown = scheduling_core::ids::BookingId::from_uuid(uuid::Uuid::from_u128(999));
    let admin = world.member("bob", Role::Admin);
    let member = |actor, booking| BookingAccess::Member { actor, booking };
    for access in [
        BookingAccess::Invitee(ManageToken::from_bytes([7; 32])),
        BookingAccess::Host(crate::HostToken::from_bytes([7; 32])),
        // A manage token is no host token, and the other way round.
        BookingAccess::Host(crate::HostToken::from_bytes(
            *booked.manage_token.as_bytes(),
        )),
        BookingAccess::Invitee(ManageToken::from_bytes(
            *world.host_token("ann", id).await.as_bytes(),
        )),
        member(foreign, id),
        member(world.member("bob", Role::Member), id),
        member(Actor::Invitee, id),
        member(admin, unknown),
    ] {
        let said = cancel(&world, access.clone()).await;
        assert_eq!(said, "! there is no such booking", "{access:?}");
    }
    assert_eq!(cancel(&world, member(admin, id)).await, "cancelled");
}

#[tokio::test]
async fn links_end_with_the_booking() {
    let world = World::new(&format!("{TWO} event intro 30 ann")).await;
    let booked = world.booked("intro", "24T10:00").await;
    let host = world.as_host("ann", booked.booking.id).await;
    world.clock.set(at("24T10:30"));
    let over = "! the booking is over, and its link has ended with it";
    assert_eq!(world.cancel(&booked.manage_token).await, over);
    assert_eq!(cancel(&world, host).await, over);
}

#[tokio::test]
async fn a_version_that_has_passed_is_refused_and_the_present_one_named() {
    let world = World::new(&format!("{TWO} event intro 30 ann")).await;
    let booked = world.booked("intro", "24T10:00").await;
    let mut command = CancelBooking::new(world.as_member("ann", booked.booking.id));
    command.expected = Some(2);
    let refused = world.scheduling.cancel(&command).await;
    assert!(
        matches!(refused, Err(ChangeError::VersionConflict { current: 1 })),
        "{refused:?}"
    );
    command.expected = Some(1);
    assert_eq!(
        world
            .scheduling
            .cancel(&command)
            .await
            .unwrap()
            .booking
            .version,
        2
    );
    // The version is judged first, then the state.
    let refused = world.scheduling.cancel(&command).await;
    assert!(
        matches!(refused, Err(ChangeError::VersionConflict { current: 2 })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn repeating_a_cancellation_with_its_key_is_harmless() {
    let world = World::new(&format!("{TWO} event intro 30 ann")).await;
    let booked = world.booked("intro", "24T10:00").await;
    let mut command = CancelBooking::new(world.as_member("ann", booked.booking.id));
    command.expected = Some(1);
    command.idempotency = Some(Idempotent::new("cancel", parse("order-17"), [1; 32]));
    let first = world.scheduling.cancel(&command).await.unwrap();
    let owed = world.outbox().await;
    let again = world.scheduling.cancel(&command).await.unwrap();
    assert!(!first.replayed && again.replayed);
    assert_eq!(first.booking, again.booking);
    assert_eq!(world.outbox().await, owed);
    command.idempotency = Some(Idempotent::new("cancel", parse("order-17"), [2; 32]));
    let refused = world.scheduling.cancel(&command).await;
    assert!(
        matches!(refused, Err(ChangeError::IdempotencyKeyReused)),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_request_is_withdrawn_by_cancelling_it() {
    let world = World::new(&format!("{TWO} event ask 30 robin:ann,bob approval=60")).await;
    let booked = world.booked("ask", "24T10:00").await;
    assert_eq!(world.credits("ask").await, "ann-100 bob+100");
    assert_eq!(world.cancel(&booked.manage_token).await, "cancelled");
    assert_eq!(world.credits("ask").await, "ann+0 bob+0");
    assert_eq!(world.storage.claim_count(), 0);
}

#[tokio::test]
async fn a_token_that_opens_nothing_is_not_found() {
    let world = World::new("").await;
    let token = ManageToken::from_bytes([7; 32]);
    assert_eq!(world.cancel(&token).await, "! there is no such booking");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_cancel_one_succeeds_and_the_step_is_undone_once() {
    let world = World::new(&format!("{TWO} event pool 30 robin:ann,bob")).await;
    let booked = world.booked("pool", "24T10:00").await;
    let mut rush = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let scheduling = world.scheduling.clone();
        let access = BookingAccess::Invitee(booked.manage_token.clone());
        let command = CancelBooking::new(access);
        rush.spawn(async move { scheduling.cancel(&command).await });
    }
    let results = rush.join_all().await;
    assert_eq!(results.iter().flatten().count(), 1);
    for result in results {
        assert!(
            matches!(result, Ok(_) | Err(ChangeError::Transition(_))),
            "{result:?}"
        );
    }
    assert_eq!(world.credits("pool").await, "ann+0 bob+0");
}

#[tokio::test]
async fn the_ledger_is_written_under_the_lock_of_the_whole_pool() {
    let mut world = World::new(&format!(
        "{TWO} event pool 30 robin:ann,bob\n event intro 30 bob"
    ))
    .await;
    let pooled = world.booked("pool", "24T10:00").await;
    let single = world.booked("intro", "24T11:00").await;
    let storage = world.flaky();
    world.cancel(&pooled.manage_token).await;
    insta::assert_snapshot!(storage.calls.take(), @"begin bookings event_types lock(2) event_types bookings rotation rotation bookings bookings outbox commit");
    world.cancel(&single.manage_token).await;
    insta::assert_snapshot!(storage.calls.take(), @"begin bookings event_types lock(1) event_types bookings bookings bookings outbox commit");
    // Whoever guesses tokens takes no writer's turn.
    world.cancel(&ManageToken::from_bytes([7; 32])).await;
    assert_eq!(storage.calls.take(), "");
    world.cancel(&single.manage_token).await;
    insta::assert_snapshot!(storage.calls.take(), @"begin bookings event_types lock(1) event_types bookings rollback");
}

#[tokio::test]
async fn a_conflict_starts_again_and_a_fourth_one_is_passed_on() {
    let mut world = World::new(&format!("{TWO} event intro 30 ann")).await;
    let first = world.booked("intro", "24T10:00").await;
    let second = world.booked("intro", "24T11:00").await;
    let storage = world.flaky();
    storage.conflicts.store(3, Ordering::SeqCst);
    assert_eq!(world.cancel(&first.manage_token).await, "cancelled");
    storage.conflicts.store(4, Ordering::SeqCst);
    assert_eq!(
        world.cancel(&second.manage_token).await,
        "! the change conflicts with one that was stored before"
    );
    assert_eq!(world.storage.claim_count(), 1);
}

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        // Knuth's MMIX constants; the high bits are the good ones.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % sides
    }
}

#[tokio::test]
async fn after_any_number_of_bookings_and_cancellations_nothing_overlaps_and_nothing_is_left_behind()
 {
    let world = World::new(
        "host ann Europe/Berlin 09:00-17:00
             host bob America/New_York 08:00-12:00
             host cem UTC 10:00-16:00
             event pool 30 robin:ann,bob,cem step=15 buffers=5/10 per_day=4
             event pair 45 all:ann,cem buffers=0/15
             event class 60 robin:cem,bob seats=3
             event solo 20 ann",
    )
    .await;
    let events = ["pool", "pair", "class", "solo"];
    let mut dice = Dice(7);
    let mut open = Vec::new();
    let mut refused = 0;
    for _ in 0..400 {
        if !open.is_empty() && dice.roll(8) == 0 {
            let token = open.swap_remove(dice.roll(open.len()));
            assert_eq!(world.cancel(&token).await, "cancelled");
        } else {
            let minute = 7 * 60 + 5 * dice.roll(120);
            let start = format!("24T{:02}:{:02}", minute / 60, minute % 60);
            let command = World::command(events[dice.roll(events.len())], &start);
            match world.scheduling.book(&command).await {
                Ok(booked) => open.push(booked.manage_token),
                Err(_) => refused += 1,
            }
        }
        nothing_overlaps(&world).await;
    }
    assert!(open.len() > 5 && refused > 50, "{} {refused}", open.len());
    for token in open {
        assert_eq!(world.cancel(&token).await, "cancelled");
    }
    assert_eq!(world.storage.claim_count(), 0);
    assert_eq!(world.credits("pool").await, "ann+0 bob+0 cem+0");
    assert_eq!(world.credits("class").await, "cem+0 bob+0");
}

/// Of one host, no two meetings overlap, buffers included, unless they share a session.
async fn nothing_overlaps(world: &World) {
    let mut taken = Vec::new();
    let bookings = world.bookings().await;
    for booking in &bookings {
        if booking.state.takes_time() {
            let reservation = booking.reservation();
            taken.extend(booking.hosts.iter().map(|host| (host, reservation)));
        }
    }
    for (n, (host, a)) in taken.iter().enumerate() {
        for (other, b) in &taken[n + 1..] {
            let shared = host.session.is_some() && host.session == other.session;
            assert!(
                host.user != other.user || shared || !a.overlaps(b),
                "{a} {b}"
            );
        }
    }
}
