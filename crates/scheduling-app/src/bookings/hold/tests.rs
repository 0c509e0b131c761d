//! Tests of `hold`, and of booking with one.

use std::sync::atomic::Ordering;

use chrono::TimeDelta;
use scheduling_core::hold::RenewError;
use scheduling_testkit::builders::parse;
use tokio::task::JoinSet;

use super::*;
use crate::bookings::{BookError, BookSlot, BookingAccess, RescheduleBooking, RescheduleError};
use crate::testing::{World, at};

const TWO: &str = "host ann UTC 09:00-12:00\n host bob UTC 09:00-12:00\n";

/// Books with a hold.
fn with(held: &Held, event: &str, start: &str) -> BookSlot {
    let mut command = World::command(event, start);
    command.hold = Some(held.token.clone());
    command
}

#[tokio::test]
async fn a_held_slot_is_nobody_elses_until_the_hold_expires() {
    let world = World::new(&format!(
        "{TWO} event intro 30 ann buffers=10/5\n event deep 60 ann"
    ))
    .await;
    let held = world.held("intro", "24T10:00").await;
    assert_eq!(held.hold.expires_at, at("23T08:05"));
    assert_eq!(held.hold.token_hash, held.token.hash());
    assert_eq!(world.storage.claim_count(), 1);
    // Neither by booking nor by holding, in this event type or another of the host's.
    assert!(
        world
            .book("intro", "24T10:00")
            .await
            .starts_with("! [NotEnoughHosts, Booked]")
    );
    assert!(world.book("deep", "24T10:00").await.starts_with('!'));
    let other = world.hold("intro", "24T10:00").await.unwrap_err();
    assert!(other.is_taken());
    assert!(
        !world
            .slots("intro", "24T09:00", "24T12:00")
            .await
            .contains("24T10:00")
    );

    world.clock.set(at("23T08:05"));
    // Nothing has swept it; it takes nothing all the same.
    assert!(
        world
            .slots("intro", "24T09:00", "24T12:00")
            .await
            .contains("24T10:00")
    );
    assert_eq!(world.book("deep", "24T10:00").await, "ann");
    let late = world
        .scheduling
        .book(&with(&held, "intro", "24T10:00"))
        .await;
    assert!(matches!(late, Err(BookError::HoldExpired)), "{late:?}");
}

#[tokio::test]
async fn a_hold_becomes_a_booking_and_is_gone_then() {
    let world = World::new(&format!("{TWO} event intro 30 ann")).await;
    let held = world.held("intro", "24T10:00").await;
    world.advance(4);
    let command = with(&held, "intro", "24T10:00");
    let booked = world.scheduling.book(&command).await.unwrap();
    assert_eq!(
        world.names(booked.booking.hosts.iter().map(|h| h.user)),
        "ann"
    );
    assert_eq!(world.storage.claim_count(), 1);
    let again = world.scheduling.book(&command).await;
    assert!(matches!(again, Err(BookError::HoldExpired)), "{again:?}");
    let gone = world.scheduling.release_hold(&held.token).await;
    assert!(matches!(gone, Err(HoldChangeError::NotFound)), "{gone:?}");
}

#[tokio::test]
async fn a_booking_with_a_hold_is_replayed_by_its_key() {
    let world = World::new(&format!("{TWO} event intro 30 ann")).await;
    let held = world.held("intro", "24T10:00").await;
    let mut command = with(&held, "intro", "24T10:00");
    command.idempotency_key = Some(parse("order-17"));
    let first = world.scheduling.book(&command).await.unwrap();
    let again = world.scheduling.book(&command).await.unwrap();
    assert!(again.replayed);
    assert_eq!(first.booking, again.booking);
}

#[tokio::test]
async fn a_hold_is_for_its_own_slot_only() {
    let world = World::new(&format!(
        "{TWO} event intro 30 ann lasts=60\n event deep 30 ann"
    ))
    .await;
    let held = world.held("intro", "24T10:00").await;
    let mut longer = with(&held, "intro", "24T10:00");
    longer.duration = Some(Length::new(60).unwrap());
    for command in [
        with(&held, "intro", "24T11:00"),
        with(&held, "deep", "24T10:00"),
        longer,
    ] {
        let refused = world.scheduling.book(&command).await;
        assert!(
            matches!(refused, Err(BookError::HoldElsewhere)),
            "{refused:?}"
        );
    }
    // None of it cost the hold anything.
    assert!(
        world
            .scheduling
            .book(&with(&held, "intro", "24T10:00"))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn whoever_holds_is_judged_by_the_notice_of_then() {
    let world = World::new(&format!("{TWO} event intro 30 ann notice=60")).await;
    world.clock.set(at("24T09:00"));
    let held = world.held("intro", "24T10:00").await;
    world.advance(4);
    assert!(world.book("intro", "24T10:00").await.starts_with('!'));
    assert!(
        world
            .scheduling
            .book(&with(&held, "intro", "24T10:00"))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn what_came_up_meanwhile_counts_against_a_hold_too() {
    let world = World::new(&format!("{TWO} event intro 30 robin:ann,bob")).await;
    let held = world.held("intro", "24T10:00").await;
    let busy = scheduling_core::calendar::BusyInterval {
        interval: held.hold.interval,
        source: scheduling_core::calendar::BusySource::Calendar,
    };
    world
        .scheduling
        .add_busy(world.hosts["ann"], busy)
        .await
        .unwrap();
    // Bob could, but the hold was for ann.
    let refused = world
        .scheduling
        .book(&with(&held, "intro", "24T10:00"))
        .await;
    assert!(
        world.say(&refused).starts_with("! [NotEnoughHosts]"),
        "{refused:?}"
    );
    // The refusal left everything as it was.
    assert_eq!(world.storage.claim_count(), 1);
    assert_eq!(world.book("intro", "24T10:00").await, "bob");
}

#[tokio::test]
async fn a_hold_is_renewed_once_and_by_who_has_its_token() {
    let world = World::new(&format!("{TWO} event intro 30 ann")).await;
    let held = world.held("intro", "24T10:00").await;
    world.advance(3);
    let renewed = world.scheduling.renew_hold(&held.token).await.unwrap();
    assert_eq!(renewed.expires_at, at("23T08:08"));
    let again = world.scheduling.renew_hold(&held.token).await;
    assert!(
        matches!(again, Err(HoldChangeError::Renew(RenewError::Renewed))),
        "{again:?}"
    );
    let stranger = HoldToken::from_bytes([7; 32]);
    let refused = world.scheduling.renew_hold(&stranger).await;
    assert!(
        matches!(refused, Err(HoldChangeError::NotFound)),
        "{refused:?}"
    );
    world.clock.set(at("23T08:07"));
    assert!(world.book("intro", "24T10:00").await.starts_with('!'));
    world.clock.set(at("23T08:08"));
    let late = world.scheduling.renew_hold(&held.token).await;
    assert!(
        matches!(late, Err(HoldChangeError::Renew(RenewError::Expired))),
        "{late:?}"
    );
    assert_eq!(world.book("intro", "24T10:00").await, "ann");
}

#[tokio::test]
async fn a_released_hold_opens_its_slot_at_once() {
    let world = World::new(&format!("{TWO} event intro 30 ann")).await;
    let held = world.held("intro", "24T10:00").await;
    let stranger = HoldToken::from_bytes([7; 32]);
    assert!(world.scheduling.release_hold(&stranger).await.is_err());
    world.scheduling.release_hold(&held.token).await.unwrap();
    assert_eq!(world.storage.claim_count(), 0);
    assert_eq!(world.book("intro", "24T10:00").await, "ann");
    assert!(world.scheduling.release_hold(&held.token).await.is_err());
}

#[tokio::test]
async fn a_rotation_is_stepped_by_the_booking_for_the_host_of_the_hold() {
    let world = World::new(&format!("{TWO} event pool 30 robin:ann,bob")).await;
    let held = world.held("pool", "24T10:00").await;
    assert_eq!(world.names(held.hold.hosts.iter().map(|h| h.user)), "ann");
    assert_eq!(world.credits("pool").await, "");
    // Meanwhile the rotation goes on.
    assert_eq!(world.book("pool", "24T11:00").await, "ann");
    assert_eq!(world.credits("pool").await, "ann-100 bob+100");
    // Bob would be next; the hold names ann, who pays for it.
    let booked = world
        .scheduling
        .book(&with(&held, "pool", "24T10:00"))
        .await
        .unwrap();
    assert_eq!(
        world.names(booked.booking.hosts.iter().map(|h| h.user)),
        "ann"
    );
    assert_eq!(world.credits("pool").await, "ann-200 bob+200");
    let step = booked.booking.rotation.unwrap();
    assert_eq!(world.names([step.winner, step.holder]), "bob,ann");
    assert_eq!(world.cancel(&booked.manage_token).await, "cancelled");
    assert_eq!(world.credits("pool").await, "ann-100 bob+100");
}

#[tokio::test]
async fn holding_and_booking_in_turn_rotates_as_booking_does() {
    let world = World::new(&format!("{TWO} event pool 30 robin:ann,bob")).await;
    let mut hosts = Vec::new();
    for start in ["24T09:00", "24T10:00", "24T11:00", "25T09:00"] {
        let held = world.held("pool", start).await;
        let booked = world.scheduling.book(&with(&held, "pool", start)).await;
        hosts.push(world.say(&booked));
    }
    assert_eq!(hosts, ["ann", "bob", "ann", "bob"]);
    assert_eq!(world.credits("pool").await, "ann+0 bob+0");
}

#[tokio::test]
async fn holds_take_seats_and_give_them_back() {
    let world = World::new(&format!("{TWO} event class 60 ann seats=2")).await;
    let first = world.held("class", "24T10:00").await;
    assert_eq!(
        world.slots("class", "24T10:00", "24T10:30").await,
        "24T10:00 ann 1 left"
    );
    let second = world.held("class", "24T10:00").await;
    assert_eq!(world.storage.claim_count(), 1);
    assert!(world.book("class", "24T10:00").await.starts_with('!'));
    world.scheduling.release_hold(&first.token).await.unwrap();
    assert_eq!(world.book("class", "24T10:00").await, "ann");
    let booked = world
        .scheduling
        .book(&with(&second, "class", "24T10:00"))
        .await
        .unwrap();
    let sessions: Vec<_> = world
        .bookings()
        .await
        .iter()
        .map(|b| b.hosts[0].session)
        .collect();
    assert_eq!(sessions[0], sessions[1]);
    assert_eq!(booked.booking.hosts[0].session, sessions[0]);
    assert!(world.book("class", "24T10:00").await.starts_with('!'));
}

#[tokio::test]
async fn the_seats_of_expired_holds_can_be_taken_before_anybody_sweeps() {
    let world = World::new(&format!(
        "{TWO} event class 60 ann seats=1\n event pair 60 ann seats=2"
    ))
    .await;
    world.held("pair", "24T10:00").await;
    world.held("pair", "24T10:00").await;
    world.advance(5);
    assert_eq!(
        world.slots("pair", "24T10:00", "24T10:30").await,
        "24T10:00 ann 2 left"
    );
    assert_eq!(world.book("pair", "24T10:00").await, "ann");
    assert_eq!(
        world.slots("pair", "24T10:00", "24T10:30").await,
        "24T10:00 ann 1 left"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_fifty_who_hold_or_book_one_slot_one_gets_it() {
    let world = World::new(&format!("{TWO} event intro 30 ann")).await;
    let mut rush = JoinSet::new();
    for n in 0..50 {
        let scheduling = world.scheduling.clone();
        rush.spawn(async move {
            if n % 2 == 0 {
                let command = World::command("intro", "24T10:00");
                scheduling.book(&command).await.is_ok()
            } else {
                let command = HoldSlot::new(parse("firm"), parse("intro"), at("24T10:00"));
                scheduling.hold(&command).await.is_ok()
            }
        });
    }
    let won = rush.join_all().await;
    assert_eq!(won.into_iter().filter(|won| *won).count(), 1);
    assert_eq!(world.storage.claim_count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_use_one_hold_one_books() {
    let world = World::new(&format!("{TWO} event intro 30 ann")).await;
    let held = world.held("intro", "24T10:00").await;
    let mut rush = JoinSet::new();
    for _ in 0..20 {
        let scheduling = world.scheduling.clone();
        let command = with(&held, "intro", "24T10:00");
        rush.spawn(async move { scheduling.book(&command).await });
    }
    let results = rush.join_all().await;
    assert_eq!(results.iter().flatten().count(), 1);
    for result in results {
        assert!(
            matches!(result, Ok(_) | Err(BookError::HoldExpired)),
            "{result:?}"
        );
    }
}

#[tokio::test]
async fn what_cannot_be_held_is_refused_with_its_reasons_and_other_starts() {
    let world = World::new(&format!(
        "{TWO} event intro 30 ann\n event gone 30 ann status=archived\n link once intro uses=1"
    ))
    .await;
    world.booked("once", "24T10:00").await;
    let HoldError::Unavailable {
        taken,
        alternatives,
        ..
    } = world.hold("intro", "24T10:00").await.unwrap_err()
    else {
        panic!("the slot is taken");
    };
    assert!(taken);
    assert_eq!(
        alternatives,
        [at("24T09:30"), at("24T10:30"), at("24T09:00")]
    );
    for event in ["gone", "nothing"] {
        let refused = world.hold(event, "24T11:00").await;
        assert!(matches!(refused, Err(HoldError::NotFound)), "{refused:?}");
    }
    let refused = world.hold("once", "24T11:00").await;
    assert!(
        matches!(refused, Err(HoldError::LinkEnded(_))),
        "{refused:?}"
    );
    for start in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
        let command = HoldSlot::new(parse("firm"), parse("intro"), start);
        let refused = world.scheduling.hold(&command).await;
        assert!(
            matches!(refused, Err(HoldError::Unavailable { .. })),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn whoever_guesses_tokens_takes_no_writers_turn() {
    let mut world = World::new(&format!("{TWO} event intro 30 ann")).await;
    let storage = world.flaky();
    let guess = HoldToken::from_bytes([7; 32]);
    assert!(world.scheduling.renew_hold(&guess).await.is_err());
    assert!(world.scheduling.release_hold(&guess).await.is_err());
    let mut command = World::command("intro", "24T10:00");
    command.hold = Some(guess);
    assert!(world.scheduling.book(&command).await.is_err());
    assert!(world.hold("intro", "24T10:07").await.is_err());
    assert_eq!(storage.calls.take(), "");
    // A conflict starts again.
    storage.conflicts.store(3, Ordering::SeqCst);
    world.held("intro", "24T10:00").await;
    storage.conflicts.store(4, Ordering::SeqCst);
    let taken = world.hold("intro", "24T11:00").await.unwrap_err();
    assert!(taken.is_taken());
}

#[tokio::test]
async fn limits_count_what_is_held() {
    let world = World::new(&format!("{TWO} event intro 30 ann per_day=1")).await;
    let held = world.held("intro", "24T10:00").await;
    let refused = world.book("intro", "24T11:00").await;
    assert!(
        refused.starts_with("! [NotEnoughHosts, LimitReached(Day)]"),
        "{refused}"
    );
    // Its own hold does not count against whoever uses it.
    assert!(
        world
            .scheduling
            .book(&with(&held, "intro", "24T10:00"))
            .await
            .is_ok()
    );
    assert_eq!(
        held.hold.expires_at - held.hold.created_at,
        TimeDelta::minutes(5)
    );
}

#[tokio::test]
async fn repeating_a_hold_with_its_key_gives_the_same_hold_under_a_new_token() {
    for event in ["event intro 30 ann", "event intro 30 ann seats=2"] {
        let world = World::new(&format!("{TWO} {event}")).await;
        let mut command = HoldSlot::new(parse("firm"), parse("intro"), at("24T10:00"));
        command.idempotency = Some(Idempotent::new("hold", parse("a"), [1; 32]));
        let first = world.scheduling.hold(&command).await.unwrap();
        world.advance(1);
        let again = world.scheduling.hold(&command).await.unwrap();
        assert!(!first.replayed && again.replayed);
        assert_eq!(first.hold.id, again.hold.id);
        assert_eq!(first.hold.expires_at, again.hold.expires_at);
        assert_eq!(world.storage.claim_count(), 1);
        let old = world
            .scheduling
            .book(&with(&first, "intro", "24T10:00"))
            .await;
        assert!(matches!(old, Err(BookError::HoldExpired)), "{old:?}");
        let booked = world
            .scheduling
            .book(&with(&again, "intro", "24T10:00"))
            .await;
        assert_eq!(world.say(&booked), "ann");
        let used = world.scheduling.hold(&command).await;
        assert!(matches!(used, Err(HoldError::Expired)), "{used:?}");
        command.idempotency = Some(Idempotent::new("hold", parse("a"), [2; 32]));
        let other = world.scheduling.hold(&command).await;
        assert!(
            matches!(other, Err(HoldError::IdempotencyKeyReused)),
            "{other:?}"
        );
    }
}

#[tokio::test]
async fn what_has_begun_is_neither_booked_nor_moved_to_with_a_hold() {
    let world = World::new("host ann UTC 09:00-12:00\n event intro 30 ann").await;
    let booked = world.booked("intro", "24T11:00").await;
    world.clock.set(at("24T08:58"));
    let command = HoldSlot::new(parse("firm"), parse("intro"), at("24T09:00"));
    let held = world.scheduling.hold(&command).await.unwrap();
    let mut book = World::command("intro", "24T09:00");
    book.hold = Some(held.token.clone());
    let mut to_it = RescheduleBooking::new(
        BookingAccess::Invitee(booked.manage_token.clone()),
        at("24T09:00"),
    );
    to_it.hold = Some(held.token);

    world.clock.set(at("24T09:01"));
    let refused = world.say(&world.scheduling.book(&book).await);
    assert!(refused.starts_with("! [MinimumNotice]"), "{refused}");
    let refused = world.scheduling.reschedule(&to_it).await;
    assert!(matches!(refused, Err(RescheduleError::Unavailable { .. })));
    // At its start it is not too late.
    world.clock.set(at("24T09:00"));
    assert!(world.scheduling.book(&book).await.is_ok());
}

#[tokio::test]
async fn a_session_is_paid_for_once_even_where_its_seats_are_held_first() {
    let world = World::new(&format!("{TWO} event class 30 robin:ann,bob seats=3")).await;
    let command = HoldSlot::new(parse("firm"), parse("class"), at("24T09:00"));
    let first = world.scheduling.hold(&command).await.unwrap();
    let second = world.scheduling.hold(&command).await.unwrap();
    let mut steps = Vec::new();
    for held in [Some(&first), Some(&second), None] {
        let book = match held {
            Some(held) => with(held, "class", "24T09:00"),
            None => World::command("class", "24T09:00"),
        };
        let booked = world.scheduling.book(&book).await.unwrap();
        assert_eq!(
            world.names(booked.booking.hosts.iter().map(|h| h.user)),
            "ann"
        );
        steps.push(booked.booking.rotation.is_some());
    }
    assert_eq!(steps, [true, false, false]);
    // So the next session is the other's.
    assert_eq!(world.book("class", "24T10:00").await, "bob");

    // Who does not hold joins where others do, and begins the session.
    let command = HoldSlot::new(parse("firm"), parse("class"), at("24T11:00"));
    let held = world.scheduling.hold(&command).await.unwrap();
    let booked = world.booked("class", "24T11:00").await;
    let host = |hosts: Vec<_>| world.names(hosts);
    assert_eq!(
        host(booked.booking.hosts.iter().map(|h| h.user).collect()),
        host(held.hold.hosts.iter().map(|h| h.user).collect())
    );
    assert!(booked.booking.rotation.is_some());
}
