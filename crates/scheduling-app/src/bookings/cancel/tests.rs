//! Tests of `cancel`.

use std::sync::atomic::Ordering;

use scheduling_core::booking::BookingState;
use scheduling_testkit::builders::parse;

use super::*;
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
    world.clock.set(at("24T10:29"));
    world.clock.set(at("24T10:30"));
    assert_eq!(
        world.cancel(&second.manage_token).await,
        "! the booking is completed and cannot become cancelled"
    );
    assert_eq!((world.bookings().await, world.outbox().await), before);
}

#[tokio::test]
async fn a_meeting_under_way_can_still_be_cancelled() {
    let world = World::new(&format!("{TWO} event intro 30 ann")).await;
    let booked = world.booked("intro", "24T10:00").await;
    world.clock.set(at("24T10:29"));
    assert_eq!(world.cancel(&booked.manage_token).await, "cancelled");
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
        let command = CancelBooking {
            token: booked.manage_token.clone(),
            reason: None,
        };
        rush.spawn(async move { scheduling.cancel(&command).await });
    }
    let results = rush.join_all().await;
    assert_eq!(results.iter().flatten().count(), 1);
    for result in results {
        assert!(
            matches!(result, Ok(_) | Err(CancelError::Transition(_))),
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
    insta::assert_snapshot!(storage.calls.take(), @"begin bookings event_types lock(2) bookings rotation rotation bookings outbox commit");
    world.cancel(&single.manage_token).await;
    insta::assert_snapshot!(storage.calls.take(), @"begin bookings lock(1) bookings bookings outbox commit");
    // Whoever guesses tokens takes no writer's turn.
    world.cancel(&ManageToken::from_bytes([7; 32])).await;
    assert_eq!(storage.calls.take(), "");
    world.cancel(&single.manage_token).await;
    insta::assert_snapshot!(storage.calls.take(), @"begin bookings lock(1) bookings rollback");
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
    for booking in world.bookings().await {
        if booking.state.takes_time() {
            let reservation = booking.reservation();
            taken.extend(booking.hosts.iter().map(|host| (*host, reservation)));
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
