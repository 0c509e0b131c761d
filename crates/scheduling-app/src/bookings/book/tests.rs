//! Tests of `book`.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use chrono::TimeDelta;
use scheduling_core::booking::{BookingState, BookingStatus};
use scheduling_core::directory::Role;
use scheduling_core::event_type::{LinkEnd, MeetingPlace};
use scheduling_core::ports::Storage;
use scheduling_core::schedule::ScheduleOwner;
use scheduling_core::time::Interval;
use scheduling_testkit::builders::{self, instant, parse};
use scheduling_testkit::{PlainSealer, SequenceIds};
use tokio::task::JoinSet;

use super::*;
use crate::bookings::{BookingAccess, InvalidIdempotencyKey};
use crate::testing::{World, at};

const ANN: &str = "host ann UTC 09:00-12:00\n";

#[tokio::test]
async fn a_booking_is_stored_whole_with_its_claim_and_its_effects() {
    let world = World::new(&format!("{ANN} event intro 30 ann buffers=10/5")).await;
    let mut command = World::command("intro", "24T10:00");
    command.note = Some(parse("About the merger"));
    let booked = world.scheduling.book(&command).await.unwrap();

    let booking = &booked.booking;
    assert_eq!(world.bookings().await, std::slice::from_ref(booking));
    assert!(!booked.replayed);
    assert_eq!(booking.workspace, world.workspace.id);
    assert_eq!(booking.event_type, world.event_types["intro"].id);
    assert_eq!(
        booking.interval,
        Interval::new(at("24T10:00"), at("24T10:30")).unwrap()
    );
    assert_eq!(
        booking.reservation(),
        Interval::new(at("24T09:50"), at("24T10:35")).unwrap()
    );
    let confirmed_at = at("23T08:00");
    assert_eq!(booking.state, BookingState::Confirmed { confirmed_at });
    assert_eq!(booking.created_at, confirmed_at);
    assert_eq!(booking.note, command.note);
    let invitee = booking.invitee().unwrap();
    assert_eq!(invitee.name, command.invitee.name);
    assert_eq!(invitee.email, command.invitee.email);
    assert_eq!(invitee.timezone, command.invitee.timezone);
    // The link's secret is stored as a hash to look up and sealed to send, never bare.
    assert_eq!(booking.manage.hash, booked.manage_token.hash());
    let sealed = [PlainSealer::MARK, booked.manage_token.as_bytes()].concat();
    assert_eq!(booking.manage.sealed, sealed);
    assert_eq!(world.storage.claim_count(), 1);
    assert_eq!(world.outbox().await.ready, 2);
}

#[tokio::test]
async fn what_the_page_does_not_offer_is_refused_with_its_reasons() {
    let world = World::new(
        "now 24T09:10
             host ann Europe/Berlin 09:00-12:00
             host bob UTC 09:00-12:00
             busy ann 25T09:00 30
             event intro 30 ann notice=120 window=7
             event lunch 30 ann hours=11:00-13:00
             event daily 30 bob per_day=1 buffers=10/0
             event panel 30 all:ann,bob",
    )
    .await;
    let refused = async |event: &str, start: &str| {
        let said = world.book(event, start).await;
        said.split(" else").next().unwrap().to_owned()
    };
    // Past, long past, and too soon.
    assert_eq!(refused("intro", "24T08:30").await, "! [MinimumNotice]");
    assert_eq!(refused("intro", "23T09:00").await, "! [MinimumNotice]");
    assert_eq!(refused("intro", "24T10:30").await, "! [MinimumNotice]");
    // Off the grid, on a Sunday at night, before and after hours, beyond the window.
    assert_eq!(refused("intro", "25T08:07").await, "! [OffGrid]");
    assert_eq!(
        refused("intro", "29T03:07").await,
        "! [OffGrid, NotEnoughHosts, OutsideHostHours]"
    );
    assert_eq!(
        refused("intro", "25T07:30").await,
        "! [OffGrid, NotEnoughHosts, OutsideHostHours]"
    );
    assert_eq!(
        refused("intro", "25T10:45").await,
        "! [OffGrid, NotEnoughHosts, OutsideHostHours]"
    );
    assert_eq!(
        refused("lunch", "25T13:00").await,
        "! [OffGrid, OutsideEventHours, NotEnoughHosts]"
    );
    let december = BookSlot {
        start: instant("2026-12-02T08:30:00Z"),
        ..World::command("intro", "24T10:00")
    };
    let said = world.say(&world.scheduling.book(&december).await);
    assert!(said.starts_with("! [BookingWindow] else"), "{said}");
    // Busy, booked, too close to a booking, too many bookings, too few hosts.
    assert_eq!(
        refused("intro", "25T09:00").await,
        "! [NotEnoughHosts, Busy(Calendar)]"
    );
    world.booked("daily", "25T10:00").await;
    assert_eq!(
        refused("panel", "25T10:00").await,
        "! [NotEnoughHosts, Booked]"
    );
    assert_eq!(
        refused("panel", "25T09:30").await,
        "! [NotEnoughHosts, Buffer]"
    );
    assert_eq!(
        refused("daily", "25T11:00").await,
        "! [NotEnoughHosts, LimitReached(Day)]"
    );
    // None of it left anything behind.
    assert_eq!(world.bookings().await.len(), 1);
    assert_eq!(world.storage.claim_count(), 1);
}

#[tokio::test]
async fn starts_that_no_calendar_has_are_refused_without_a_panic() {
    let world = World::new(&format!("{ANN} event intro 30 ann")).await;
    for start in [
        DateTime::<Utc>::MIN_UTC,
        DateTime::<Utc>::MAX_UTC,
        instant("0000-01-01T00:00:00Z"),
        instant("9999-12-31T23:59:59Z"),
        instant("2026-11-24T09:00:00.000001Z"),
        instant("2026-11-24T09:00:00.5Z"),
        instant("2026-11-24T09:00:59Z"),
    ] {
        let command = BookSlot {
            start,
            ..World::command("intro", "24T10:00")
        };
        let refused = world.scheduling.book(&command).await;
        let Err(BookError::Unavailable { reasons, .. }) = refused else {
            panic!("{start}: {refused:?}");
        };
        assert!(!reasons.is_empty(), "{start}");
    }
}

#[tokio::test]
async fn everything_the_page_offers_can_be_booked_and_nothing_else() {
    let world = World::new(
        "now 24T08:10
             host ann Europe/Berlin 09:00-11:00
             host bob Asia/Kathmandu 14:00-17:00
             busy bob 25T09:00 20
             event pool 30 robin:ann,bob step=15 buffers=5/10 notice=60 per_day=3
             event other 45 ann",
    )
    .await;
    world.booked("other", "25T08:45").await;
    let page = world.slots("pool", "24T00:00", "26T00:00").await;
    let offered: BTreeSet<&str> = page.lines().map(|line| &line[..8]).collect();
    assert!(offered.len() > 10, "{page}");
    for minute in (0..48 * 60).step_by(5) {
        let start = crate::testing::short(at("24T00:00") + TimeDelta::minutes(minute));
        // Rolled back, so that no try changes the next.
        let mut work = world.storage.begin().await.unwrap();
        let command = World::command("pool", &start);
        let booked = world.scheduling.book_in(&mut *work, &command).await;
        work.rollback().await.unwrap();
        let said = world.say(&booked);
        assert_eq!(booked.is_ok(), offered.contains(&*start), "{start}: {said}");
    }
}

#[tokio::test]
async fn alternatives_are_the_nearest_starts() {
    let world = World::new(&format!("{ANN} event intro 30 ann")).await;
    world.booked("intro", "24T10:00").await;
    assert_eq!(
        world.book("intro", "24T10:00").await,
        "! [NotEnoughHosts, Booked] else 24T09:30 24T10:30 24T09:00"
    );
}

#[tokio::test]
async fn alternatives_are_looked_for_in_ever_wider_circles() {
    let world = World::new(
        "host ann UTC 09:00-10:00
             host bob UTC 09:00-10:00
             busy ann 24T00:00 1440
             busy bob 23T00:00 43200
             event intro 60 ann
             event later 60 bob
             event narrow 60 ann window=1",
    )
    .await;
    // The day, then the week.
    let said = world.book("intro", "24T09:00").await;
    assert!(said.ends_with("else 23T09:00 25T09:00 26T09:00"), "{said}");
    // A month away.
    let said = world.book("later", "24T09:00").await;
    assert!(
        said.ends_with("else 2026-12-23T09:00 2026-12-24T09:00 2026-12-25T09:00"),
        "{said}"
    );
    // No more than there are; and none in the past.
    let said = world.book("narrow", "24T09:00").await;
    assert!(said.ends_with("else 23T09:00"), "{said}");
    world.clock.set(at("23T09:30"));
    let said = world.book("intro", "20T09:00").await;
    assert!(said.ends_with("else 25T09:00 26T09:00 27T09:00"), "{said}");
}

#[tokio::test]
async fn is_taken_says_whether_somebody_else_has_the_time() {
    let world = World::new(&format!("{ANN} event intro 30 ann notice=60")).await;
    world.booked("intro", "24T10:00").await;
    let taken = async |start| {
        let command = World::command("intro", start);
        world
            .scheduling
            .book(&command)
            .await
            .unwrap_err()
            .is_taken()
    };
    assert!(taken("24T10:00").await);
    assert!(!taken("24T10:10").await);
    assert!(!taken("20T09:00").await);
}

#[tokio::test]
async fn a_pool_is_taken_when_whoever_works_then_is_booked() {
    let world = World::new(
        "host ann UTC 09:00-12:00
             host bob UTC 11:00-14:00
             event pool 30 robin:ann,bob per_day=1
             event both 30 all:ann,bob",
    )
    .await;
    world.booked("pool", "24T10:00").await;
    let taken = async |event, start| {
        let refused = world.scheduling.book(&World::command(event, start)).await;
        refused.unwrap_err().is_taken()
    };
    // Only Ann works then, and she is booked; her limit is reached by that very booking.
    assert!(taken("pool", "24T10:00").await);
    // She would be free, but for her limit.
    assert!(!taken("pool", "24T09:00").await);
    // Bob would not work then if nobody had booked Ann.
    assert!(!taken("both", "24T10:00").await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_fifty_who_want_one_slot_one_gets_it() {
    let world = World::new(&format!("{ANN} event intro 30 ann")).await;
    let mut rush = JoinSet::new();
    for n in 0..50 {
        let scheduling = world.scheduling.clone();
        let mut command = World::command("intro", "24T10:00");
        // Half of them with a key.
        command.idempotency_key = (n % 2 == 0).then(|| parse(&format!("key-{n}")));
        rush.spawn(async move { scheduling.book(&command).await });
    }
    let results = rush.join_all().await;
    let won = results.iter().filter(|result| result.is_ok()).count();
    assert_eq!(won, 1);
    for result in results {
        if let Err(error) = result {
            assert!(error.is_taken(), "{error:?}");
        }
    }
    assert_eq!(world.bookings().await.len(), 1);
    assert_eq!(world.outbox().await.ready, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn overlapping_starts_of_two_event_types_of_one_host_have_one_winner() {
    let world = World::new(&format!(
        "{ANN} event short 30 ann step=10\n event long 60 ann step=15"
    ))
    .await;
    let mut rush = JoinSet::new();
    for start in ["24T10:00", "24T10:15", "24T10:30", "24T10:10", "24T10:20"] {
        for event in ["short", "long"] {
            let scheduling = world.scheduling.clone();
            let command = World::command(event, start);
            rush.spawn(async move { scheduling.book(&command).await.is_ok() });
        }
    }
    rush.join_all().await;
    // Two may fit beside each other; no two may overlap.
    let booked = world.bookings().await;
    assert!(!booked.is_empty());
    for (n, a) in booked.iter().enumerate() {
        for b in &booked[n + 1..] {
            assert!(!a.interval.overlaps(&b.interval), "{a:?} {b:?}");
        }
    }
}

#[tokio::test]
async fn a_round_robin_takes_turns_among_those_who_can() {
    let world = World::new(
        "host ann UTC 09:00-12:00
             host bob UTC 09:00-12:00
             busy ann 24T10:00 30
             event pool 30 robin:ann,bob",
    )
    .await;
    assert_eq!(world.book("pool", "24T09:00").await, "ann");
    assert_eq!(world.book("pool", "24T09:00").await, "bob");
    assert_eq!(world.book("pool", "24T10:00").await, "bob");
    // Twice bob was alone, which neither earned nor cost him anything: it is still his turn.
    assert_eq!(world.credits("pool").await, "ann-100 bob+100");
    assert_eq!(world.book("pool", "24T11:00").await, "bob");
    assert_eq!(world.credits("pool").await, "ann+0 bob+0");
    // The record answers "why bob?".
    let bookings = world.bookings().await;
    let step = bookings[3].rotation.as_ref().unwrap();
    assert_eq!(world.names([step.winner]), "bob");
    assert_eq!(world.names(step.eligible.iter().map(|e| e.host)), "ann,bob");
}

#[tokio::test]
async fn the_other_presets_choose_in_roster_order() {
    let world = World::new(
        "host ann UTC 09:00-12:00
             host bob UTC 09:00-12:00
             host cem UTC 09:00-12:00
             busy bob 24T10:00 30
             event any 30 any:bob,ann
             event all 30 all:ann,bob
             event two 30 two:bob,cem,ann
             event hands 30 hands:cem,ann",
    )
    .await;
    assert_eq!(world.book("any", "24T10:00").await, "ann");
    assert_eq!(world.book("any", "24T09:00").await, "bob");
    assert_eq!(world.book("all", "24T11:00").await, "ann,bob");
    assert_eq!(world.book("two", "24T10:30").await, "bob,cem");
    assert_eq!(world.book("hands", "24T11:30").await, "cem,ann");
    assert_eq!(
        world.book("all", "24T10:00").await,
        "! [NotEnoughHosts, Booked, Busy(Calendar)] else 24T09:30 23T11:30 23T11:00"
    );
}

#[tokio::test]
async fn a_session_fills_up_seat_by_seat_and_joining_is_no_turn() {
    let world = World::new(
        "host ann UTC 09:00-12:00
             host bob UTC 09:00-12:00
             event class 60 robin:ann,bob seats=2",
    )
    .await;
    assert_eq!(world.book("class", "24T10:00").await, "ann");
    insta::assert_snapshot!(world.slots("class", "24T10:00", "24T10:30").await, @"24T10:00 ann,bob 2 left");
    assert_eq!(world.book("class", "24T10:00").await, "ann");
    assert_eq!(world.credits("class").await, "ann-100 bob+100");
    assert_eq!(world.storage.claim_count(), 1);
    // Ann's session is full: the next one opens with bob, the only one left.
    assert_eq!(world.book("class", "24T10:00").await, "bob");
    assert_eq!(world.book("class", "24T10:00").await, "bob");
    let refused = world.book("class", "24T10:00").await;
    assert!(
        refused.starts_with("! [NotEnoughHosts, Booked] else"),
        "{refused}"
    );
    assert_eq!(world.credits("class").await, "ann-100 bob+100");
    assert_eq!(world.storage.claim_count(), 2);
}

#[tokio::test]
async fn in_a_shared_session_every_host_of_a_collective_takes_part_each_time() {
    let world = World::new(
        "host ann UTC 09:00-12:00
             host bob UTC 09:00-12:00
             event class 60 all:ann,bob seats=2",
    )
    .await;
    let first = world.booked("class", "24T10:00").await;
    let second = world.booked("class", "24T10:00").await;
    let parts = |booked: &Booked| -> Vec<_> {
        let hosts = booked.booking.hosts.iter();
        hosts.map(|host| (host.user, host.session)).collect()
    };
    assert_eq!(parts(&first), parts(&second));
    assert_eq!(
        world.names(second.booking.hosts.iter().map(|h| h.user)),
        "ann,bob"
    );
    assert_eq!(world.storage.claim_count(), 2);
    let refused = world.book("class", "24T10:00").await;
    assert!(
        refused.starts_with("! [NotEnoughHosts, Booked]"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_booking_from_before_the_seats_is_joined_by_nobody() {
    let world = World::new(&format!("{ANN} event class 60 ann seats=3")).await;
    let ids = SequenceIds::after(1000);
    let (class, ann) = (&world.event_types["class"], world.hosts["ann"]);
    let private = builders::booking(&ids, class, &[ann], at("24T10:00"));
    let mut work = world.storage.begin().await.unwrap();
    work.bookings().insert(&private).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(
        world.slots("class", "24T09:00", "24T12:00").await,
        "24T09:00 ann 3 left\n24T11:00 ann 3 left"
    );
    let refused = world.book("class", "24T10:00").await;
    assert!(
        refused.starts_with("! [NotEnoughHosts, Booked]"),
        "{refused}"
    );
}

#[tokio::test]
async fn whoever_waits_for_the_lock_is_judged_by_the_time_after_the_wait() {
    let world = World::new(&format!("{ANN} event intro 30 ann notice=60")).await;
    world.clock.set(at("24T09:00"));
    let turn = world.storage.begin().await.unwrap();
    let waiting = tokio::spawn({
        let scheduling = world.scheduling.clone();
        let command = World::command("intro", "24T10:00");
        async move { scheduling.book(&command).await }
    });
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!waiting.is_finished());
    world.advance(1);
    turn.rollback().await.unwrap();
    let said = world.say(&waiting.await.unwrap());
    assert_eq!(said, "! [MinimumNotice] else 24T10:30 24T11:00 24T11:30");
}

#[tokio::test]
async fn a_hidden_event_type_can_be_booked_by_whoever_knows_it() {
    let world = World::new(&format!("{ANN} event secret 30 ann status=hidden")).await;
    assert_eq!(world.book("secret", "24T10:00").await, "ann");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rush_for_a_session_fills_exactly_its_seats() {
    let world = World::new(&format!("{ANN} event class 60 ann seats=7")).await;
    let mut rush = JoinSet::new();
    for _ in 0..20 {
        let scheduling = world.scheduling.clone();
        let command = World::command("class", "24T10:00");
        rush.spawn(async move { scheduling.book(&command).await });
    }
    let results = rush.join_all().await;
    let sessions: BTreeSet<_> = results
        .iter()
        .flatten()
        .map(|booked| booked.booking.hosts[0].session.unwrap())
        .collect();
    assert_eq!(results.iter().flatten().count(), 7);
    assert_eq!(sessions.len(), 1);
}

#[tokio::test]
async fn repeating_a_command_with_its_key_gives_the_same_booking_and_link() {
    let world = World::new(&format!("{ANN} event intro 30 ann\n event deep 30 ann")).await;
    let mut command = World::command("intro", "24T10:00");
    command.idempotency_key = Some(parse("order-17"));
    let first = world.scheduling.book(&command).await.unwrap();
    let again = world.scheduling.book(&command).await.unwrap();
    assert!(!first.replayed && again.replayed);
    assert_eq!(first.booking, again.booking);
    assert_eq!(first.manage_token, again.manage_token);
    assert_eq!(world.bookings().await.len(), 1);
    assert_eq!(world.outbox().await.ready, 2);

    // Another body with the same key is refused, whatever differs.
    let differing = [
        BookSlot {
            start: at("24T11:00"),
            ..command.clone()
        },
        BookSlot {
            note: Some(parse("hello")),
            ..command.clone()
        },
        BookSlot {
            invitee: InviteeDetails {
                name: parse("Another"),
                ..command.invitee.clone()
            },
            ..command.clone()
        },
        BookSlot {
            invitee: InviteeDetails {
                email: parse("another@example.org"),
                ..command.invitee.clone()
            },
            ..command.clone()
        },
        BookSlot {
            invitee: InviteeDetails {
                timezone: chrono_tz::Tz::UTC,
                ..command.invitee.clone()
            },
            ..command.clone()
        },
    ];
    for other in differing {
        let refused = world.scheduling.book(&other).await;
        assert!(
            matches!(refused, Err(BookError::IdempotencyKeyReused)),
            "{refused:?}"
        );
    }
    // The keys of another event type are its own.
    let elsewhere = BookSlot {
        event_type: parse("deep"),
        start: at("24T11:00"),
        ..command.clone()
    };
    assert!(!world.scheduling.book(&elsewhere).await.unwrap().replayed);
}

#[tokio::test]
async fn a_key_whose_command_was_refused_can_be_used_again() {
    let world = World::new(&format!("{ANN} event intro 30 ann")).await;
    let taken = world.booked("intro", "24T10:00").await;
    let mut command = World::command("intro", "24T10:00");
    command.idempotency_key = Some(parse("order-17"));
    assert!(world.scheduling.book(&command).await.is_err());
    assert_eq!(world.cancel(&taken.manage_token).await, "cancelled");
    assert!(!world.scheduling.book(&command).await.unwrap().replayed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_with_one_key_one_books_and_the_rest_replay() {
    let world = World::new(&format!("{ANN} event intro 30 ann")).await;
    let mut rush = JoinSet::new();
    for _ in 0..20 {
        let scheduling = world.scheduling.clone();
        let mut command = World::command("intro", "24T10:00");
        command.idempotency_key = Some(parse("order-17"));
        rush.spawn(async move { scheduling.book(&command).await.unwrap() });
    }
    let results = rush.join_all().await;
    assert_eq!(results.iter().filter(|booked| !booked.replayed).count(), 1);
    let ids: BTreeSet<_> = results.iter().map(|booked| booked.booking.id).collect();
    assert_eq!(ids.len(), 1);
}

#[test]
fn an_idempotency_key_is_bounded_and_visible() {
    assert!("a".repeat(255).parse::<IdempotencyKey>().is_ok());
    for bad in ["", "a b", "a\n", "é", &"a".repeat(256)] {
        assert_eq!(bad.parse::<IdempotencyKey>(), Err(InvalidIdempotencyKey));
    }
}

#[tokio::test]
async fn a_conflict_starts_again_and_the_fourth_one_is_a_refusal() {
    let mut world = World::new(&format!("{ANN} event intro 30 ann")).await;
    let storage = world.flaky();
    storage.conflicts.store(3, Ordering::SeqCst);
    assert_eq!(world.book("intro", "24T10:00").await, "ann");
    assert_eq!(world.bookings().await.len(), 1);

    storage.conflicts.store(4, Ordering::SeqCst);
    assert_eq!(
        world.book("intro", "24T11:00").await,
        "! [Booked] else 24T10:30 24T11:30 24T09:30"
    );
    assert_eq!(storage.conflicts.load(Ordering::SeqCst), 0);
    assert_eq!(world.bookings().await.len(), 1);
    assert_eq!(world.outbox().await.ready, 2);
}

#[tokio::test]
async fn the_whole_pool_is_locked_and_what_was_seen_is_read_again_only_if_it_changed() {
    let mut world = World::new(
        "host ann UTC 09:00-12:00
             host bob UTC 09:00-12:00
             event pool 30 robin:ann,bob
             event class 30 ann seats=3",
    )
    .await;
    let storage = world.flaky();
    let mut command = World::command("pool", "24T10:00");
    command.idempotency_key = Some(parse("order-17"));
    world.scheduling.book(&command).await.unwrap();
    insta::assert_snapshot!(storage.calls.take(), @"begin lock(2) revisions bookings bookings rotation outbox idempotency commit");
    // A replay takes nothing and changes nothing, so it waits for nobody.
    assert!(world.scheduling.book(&command).await.unwrap().replayed);
    assert_eq!(storage.calls.take(), "");
    world.booked("class", "24T11:00").await;
    insta::assert_snapshot!(storage.calls.take(), @"begin lock(1) revisions sessions bookings bookings outbox commit");
    // What is plainly not offered never waits for a writer.
    world.book("class", "24T11:10").await;
    world.book("nothing", "24T11:00").await;
    command.start = at("24T10:10");
    command.idempotency_key = Some(parse("order-18"));
    assert!(world.scheduling.book(&command).await.is_err());
    // Nor does a key that belongs to another request.
    command.idempotency_key = Some(parse("order-17"));
    assert!(matches!(
        world.scheduling.book(&command).await,
        Err(BookError::IdempotencyKeyReused)
    ));
    assert_eq!(storage.calls.take(), "");
    // Inside somebody else's transaction nothing was seen before.
    let mut work = storage.begin().await.unwrap();
    let command = World::command("pool", "24T11:30");
    let booked = world.scheduling.book_in(&mut *work, &command).await;
    booked.unwrap();
    work.commit().await.unwrap();
    insta::assert_snapshot!(storage.calls.take(), @"begin directory event_types lock(2) event_types revisions schedules busy time_off bookings holds rotation bookings bookings rotation outbox commit");
}

/// Somebody who books while another transaction has the turn: he has seen what was before it, and is answered after it.
async fn beside(
    world: &World,
    command: &BookSlot,
    other: impl AsyncFnOnce(&mut dyn UnitOfWork),
) -> Result<Booked, BookError> {
    let mut turn = world.storage.begin().await.unwrap();
    let waiting = tokio::spawn({
        let (scheduling, command) = (world.scheduling.clone(), command.clone());
        async move { scheduling.book(&command).await }
    });
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!waiting.is_finished());
    other(&mut *turn).await;
    turn.commit().await.unwrap();
    waiting.await.unwrap()
}

#[tokio::test]
async fn whoever_comes_between_looking_and_locking_is_seen() {
    let world = World::new(
        "host ann UTC 09:00-12:00
             host bob UTC 09:00-12:00
             event pool 30 robin:ann,bob
             event intro 30 bob",
    )
    .await;
    let booking = async |turn: &mut dyn UnitOfWork, command: &BookSlot| {
        let booked = world.scheduling.book_in(turn, command).await.unwrap();
        booked.booking.hosts[0].user
    };
    // Another booking of the same pool: the other host takes it, which is no turn of his.
    let command = World::command("pool", "24T10:00");
    let mut first = None;
    let done = beside(&world, &command, async |turn| {
        first = Some(booking(turn, &command).await);
    });
    let second = done.await.unwrap().booking.hosts[0].user;
    assert_eq!(first, Some(world.hosts["ann"]));
    assert_eq!(second, world.hosts["bob"]);

    // Another event type of the same host.
    let (wanted, other) = (
        World::command("intro", "24T11:00"),
        World::command("pool", "24T11:00"),
    );
    let done = beside(&world, &wanted, async |turn| {
        assert_eq!(booking(turn, &other).await, world.hosts["bob"]);
    });
    let said = world.say(&done.await);
    assert_eq!(
        said,
        "! [NotEnoughHosts, Booked] else 24T10:30 24T11:30 24T09:30"
    );

    // The same command, with its key.
    let mut command = World::command("intro", "24T11:30");
    command.idempotency_key = Some(parse("order-17"));
    let done = beside(&world, &command, async |turn| {
        booking(turn, &command).await;
    });
    assert!(done.await.unwrap().replayed);
    assert_eq!(world.bookings().await.len(), 4);
}

#[tokio::test]
async fn whoever_closes_between_looking_and_locking_is_heard() {
    let world = World::new(&format!("{ANN} event intro 30 ann")).await;
    let command = World::command("intro", "24T10:00");
    let ann = ScheduleOwner::Person(world.hosts["ann"]);
    let done = beside(&world, &command, async |turn| {
        let defaults = turn.schedules().defaults(&[ann]).await.unwrap();
        let mut hours = defaults.found[&ann].clone();
        hours.availability = builders::working_hours(chrono_tz::UTC, "13:00-14:00");
        hours.version += 1;
        turn.schedules().update(&hours).await.unwrap();
    });
    let said = world.say(&done.await);
    assert_eq!(
        said,
        "! [OffGrid, NotEnoughHosts, OutsideHostHours] else 24T13:00 24T13:30 23T13:30"
    );
}

#[tokio::test]
async fn a_storage_that_does_not_answer_is_no_refusal() {
    let mut world = World::new(&format!("{ANN} event intro 30 ann")).await;
    let storage = world.flaky();
    storage.outages.store(1, Ordering::SeqCst);
    let failed = world
        .scheduling
        .book(&World::command("intro", "24T10:00"))
        .await;
    assert!(
        matches!(
            failed,
            Err(BookError::Storage(StorageError::Unavailable(_)))
        ),
        "{failed:?}"
    );
}

#[tokio::test]
async fn unknown_and_inactive_event_types_are_not_found() {
    let world = World::new(&format!("{ANN} event gone 30 ann status=inactive")).await;
    let elsewhere = BookSlot {
        workspace: parse("elsewhere"),
        ..World::command("gone", "24T10:00")
    };
    for command in [
        World::command("nothing", "24T10:00"),
        World::command("gone", "24T10:00"),
        elsewhere,
    ] {
        let refused = world.scheduling.book(&command).await;
        assert!(matches!(refused, Err(BookError::NotFound)), "{refused:?}");
    }
}

#[tokio::test]
async fn hostile_names_are_stored_as_they_are() {
    let world = World::new(&format!("{ANN} event intro 30 ann")).await;
    let mut command = World::command("intro", "24T10:00");
    let name = r#"Zoë "Z" O'Hara; DROP TABLE bookings;-- <script> \, 李"#;
    command.invitee.name = parse(name);
    command.note = Some(parse("line one\nBEGIN:VEVENT\n{{ 7 * 7 }}"));
    let booked = world.scheduling.book(&command).await.unwrap();
    let access = BookingAccess::Invitee(booked.manage_token);
    let stored = world.scheduling.booking(&access).await.unwrap().booking;
    assert_eq!(stored.invitee().unwrap().name.as_str(), name);
    assert_eq!(stored.note, command.note);
}

#[tokio::test]
async fn an_embedder_books_within_a_transaction_of_his_own() {
    let world = World::new(&format!("{ANN} event intro 30 ann")).await;
    let command = World::command("intro", "24T10:00");
    let storage = &world.scheduling.ports().storage;

    let mut work = storage.begin().await.unwrap();
    let booked = world.scheduling.book_in(&mut *work, &command).await;
    assert_eq!(world.say(&booked), "ann");
    work.rollback().await.unwrap();
    assert!(world.bookings().await.is_empty());

    let mut work = storage.begin().await.unwrap();
    let booked = world.scheduling.book_in(&mut *work, &command).await;
    let refused = world.scheduling.book_in(&mut *work, &command).await;
    assert_eq!(world.say(&refused), "! [NotEnoughHosts, Booked] else ");
    work.commit().await.unwrap();
    assert_eq!(world.bookings().await, [booked.unwrap().booking]);
}

#[tokio::test]
async fn a_duration_that_is_offered_can_be_chosen_and_no_other() {
    let world = World::new(&format!("{ANN} event intro 30 ann lasts=60,90")).await;
    let mut command = World::command("intro", "24T09:30");
    command.duration = Some(Length::new(60).unwrap());
    let booked = world.scheduling.book(&command).await.unwrap();
    let interval = Interval::new(at("24T09:30"), at("24T10:30")).unwrap();
    assert_eq!(booked.booking.interval, interval);
    // It has to fit, too.
    command.start = at("24T11:30");
    let refused = world.say(&world.scheduling.book(&command).await);
    assert!(refused.starts_with("! ["), "{refused}");
    command.duration = Some(Length::new(45).unwrap());
    let refused = world.scheduling.book(&command).await;
    assert!(
        matches!(refused, Err(BookError::NoSuchDuration)),
        "{refused:?}"
    );
}

#[tokio::test]
async fn everything_that_is_wrong_with_the_form_is_said_at_once() {
    let world = World::new(&format!(
        "{ANN} event ask 30 ann asks=topic place=calls guests=1"
    ))
    .await;
    let mut command = World::command("ask", "24T10:00");
    let guest = |email: &str| GuestDetails {
        name: None,
        email: parse(email),
    };
    command.guests = vec![guest("a@example.org"), guest("b@example.org")];
    command.answers = BTreeMap::from([("shoe-size".to_owned(), RawAnswer::Number(43.0))]);
    let refused = world.scheduling.book(&command).await;
    let Err(BookError::Form(problems)) = refused else {
        panic!("{refused:?}");
    };
    let answers: Vec<String> = problems.answers.iter().map(ToString::to_string).collect();
    assert_eq!(
        answers,
        [
            "the answer to topic must be answered",
            "the answer to shoe-size is no question of this form"
        ]
    );
    assert_eq!(
        problems.location.unwrap().to_string(),
        "a phone number is needed"
    );
    assert_eq!(problems.guests.unwrap().to_string(), "must be at most 1");
    assert!(world.bookings().await.is_empty());

    command.guests.pop();
    command.location.phone = Some(parse("+49 30 1234567"));
    command.answers =
        BTreeMap::from([("topic".to_owned(), RawAnswer::Text("The merger".to_owned()))]);
    let booked = world.scheduling.book(&command).await.unwrap().booking;
    assert_eq!(booked.answers[0].value.to_text(), "The merger");
    let number = parse("+49301234567");
    assert_eq!(booked.place, MeetingPlace::HostCalls { number });
    assert_eq!(booked.attendees[1].name.as_str(), "a@example.org");
    assert_eq!(world.bookings().await, [booked]);
}

#[tokio::test]
async fn guests_are_told_apart_by_their_addresses_whatever_the_case() {
    let world = World::new(&format!("{ANN} event intro 30 ann guests=2")).await;
    let mut command = World::command("intro", "24T10:00");
    let guest = |email: &str| GuestDetails {
        name: Some(parse("Gus")),
        email: parse(email),
    };
    command.guests = [
        "gus@example.org",
        "GUS@example.org",
        "Ida@Example.org",
        "eve@example.org",
    ]
    .map(guest)
    .to_vec();
    let booked = world.scheduling.book(&command).await.unwrap().booking;
    let addresses: Vec<&str> = booked.attendees.iter().map(|a| a.email.as_str()).collect();
    assert_eq!(
        addresses,
        ["ida@example.org", "gus@example.org", "eve@example.org"]
    );
    assert_eq!(booked.attendees[2].timezone, chrono_tz::Tz::Asia__Kathmandu);
    // The invitee, two guests and the host are told.
    assert_eq!(world.outbox().await.ready, 4);
}

#[tokio::test]
async fn each_booking_has_a_room_that_nobody_can_guess() {
    let world = World::new(&format!("{ANN} event video 30 ann place=room")).await;
    let mut rooms = BTreeSet::new();
    for start in ["24T09:00", "24T10:00", "24T11:00"] {
        let MeetingPlace::Link { url } = world.booked("video", start).await.booking.place else {
            panic!("it is a link");
        };
        let room = url
            .as_str()
            .strip_prefix("https://meet.example.org/")
            .unwrap();
        assert_eq!(room.len(), 26, "{room}");
        assert!(
            room.bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()),
            "{room}"
        );
        rooms.insert(room.to_owned());
    }
    assert_eq!(rooms.len(), 3);
}

#[tokio::test]
async fn where_a_host_must_approve_the_booking_takes_the_time_and_waits() {
    let world = World::new(&format!("{ANN} event ask 30 ann approval=120 remind=60")).await;
    let booked = world.booked("ask", "24T10:00").await.booking;
    let expires_at = Some(at("23T10:00"));
    let waiting_for = BTreeSet::from([PendingReason::Approval]);
    assert_eq!(
        booked.state,
        BookingState::Pending {
            waiting_for,
            expires_at
        }
    );
    assert_eq!(
        world.history(booked.id).await,
        "23T08:00 Requested by invitee"
    );
    assert_eq!(world.storage.claim_count(), 1);
    // The invitee and the host are told, and its end is planned; no reminder yet.
    assert_eq!(world.outbox().await.ready, 3);
    assert!(world.book("ask", "24T10:00").await.starts_with('!'));
    // It never waits beyond its start.
    let soon = world.booked("ask", "23T09:30").await.booking;
    assert_eq!(super::super::change::deadline(&soon), Some(at("23T09:30")));
}

#[tokio::test]
async fn a_member_books_for_others_without_notice_window_or_approval() {
    let world = World::new(&format!(
        "{ANN} host bob UTC 09:00-12:00
         event ask 30 ann approval=120 notice=2880 window=0"
    ))
    .await;
    let command = World::command("ask", "24T10:00");
    assert!(world.scheduling.book(&command).await.is_err());
    let ann = world.member("ann", Role::Member);
    let booked = world
        .scheduling
        .book_for(&ann, &command)
        .await
        .unwrap()
        .booking;
    assert_eq!(booked.state.name(), BookingStatus::Confirmed);
    assert_eq!(world.history(booked.id).await, "23T08:00 Confirmed by ann");
    // But into nobody's time, and not off the grid.
    let again = world.scheduling.book_for(&ann, &command).await;
    assert!(again.unwrap_err().is_taken());
    let off_grid = World::command("ask", "24T10:37");
    assert!(world.scheduling.book_for(&ann, &off_grid).await.is_err());

    // Who neither hosts nor manages does not; who is no member does not even hear of it.
    let command = World::command("ask", "24T11:00");
    let bob = world.member("bob", Role::Member);
    let refused = world.scheduling.book_for(&bob, &command).await;
    assert!(matches!(refused, Err(BookError::Forbidden)), "{refused:?}");
    let stranger = Actor::Member {
        workspace: scheduling_core::ids::WorkspaceId::from_uuid(uuid::Uuid::from_u128(9)),
        user: world.hosts["ann"],
        role: Role::Owner,
    };
    for actor in [stranger, Actor::Invitee] {
        let refused = world.scheduling.book_for(&actor, &command).await;
        assert!(matches!(refused, Err(BookError::NotFound)), "{refused:?}");
    }
    let bob = world.member("bob", Role::Admin);
    assert!(world.scheduling.book_for(&bob, &command).await.is_ok());
}

#[tokio::test]
async fn a_link_leads_to_its_event_type_with_questions_of_its_own() {
    let world = World::new(&format!(
        "{ANN} event intro 30 ann
         link campaign intro asks=code redirect=https://example.org/thanks"
    ))
    .await;
    let mut command = World::command("campaign", "24T10:00");
    let refused = world.scheduling.book(&command).await;
    assert!(matches!(refused, Err(BookError::Form(_))), "{refused:?}");
    command.answers = BTreeMap::from([("code".to_owned(), RawAnswer::Text("X1".to_owned()))]);
    let booked = world.scheduling.book(&command).await.unwrap();
    assert_eq!(booked.booking.link, Some(world.links["campaign"]));
    assert_eq!(booked.booking.event_type, world.event_types["intro"].id);
    let redirect = booked.event_type.appearance.redirect_url;
    assert_eq!(redirect, Some(parse("https://example.org/thanks")));
    assert!(world.book("intro", "24T10:00").await.starts_with('!'));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_with_a_link_of_two_uses_two_book() {
    let world =
        World::new("host ann UTC 00:00-24:00\n event intro 15 ann\n link twice intro uses=2").await;
    let mut rush = JoinSet::new();
    for n in 0..20 {
        let scheduling = world.scheduling.clone();
        let mut command = World::command("twice", "24T10:00");
        command.start += TimeDelta::minutes(15 * n);
        rush.spawn(async move { scheduling.book(&command).await });
    }
    let results = rush.join_all().await;
    assert_eq!(results.iter().flatten().count(), 2);
    for result in &results {
        let ended = |error: &BookError| matches!(error, BookError::LinkEnded(ended) if ended.end == LinkEnd::UsedUp);
        assert!(result.as_ref().err().is_none_or(ended), "{result:?}");
    }
    // Cancelling gives no use back.
    let won = results.into_iter().flatten().next().unwrap();
    assert_eq!(world.cancel(&won.manage_token).await, "cancelled");
    assert!(matches!(
        world
            .scheduling
            .book(&World::command("twice", "24T20:00"))
            .await,
        Err(BookError::LinkEnded(_))
    ));
}

#[tokio::test]
async fn a_refused_booking_uses_no_link_up_and_a_replayed_one_needs_none() {
    let world = World::new(&format!(
        "{ANN} event intro 30 ann\n link once intro uses=1"
    ))
    .await;
    let taken = World::command("once", "24T10:07");
    assert!(world.scheduling.book(&taken).await.is_err());
    let mut command = World::command("once", "24T10:00");
    command.idempotency_key = Some(parse("order-17"));
    let first = world.scheduling.book(&command).await.unwrap();
    // The link is used up, by this very command: who repeats it gets his booking.
    let again = world.scheduling.book(&command).await.unwrap();
    assert!(again.replayed);
    assert_eq!(again.booking, first.booking);
    assert_eq!(again.manage_token, first.manage_token);
    command.idempotency_key = Some(parse("order-18"));
    let refused = world.scheduling.book(&command).await;
    assert!(
        matches!(refused, Err(BookError::LinkEnded(_))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_link_ends_at_its_time() {
    let world = World::new(&format!(
        "{ANN} event intro 30 ann\n link brief intro until=23T09:00"
    ))
    .await;
    world.clock.set(at("23T08:59"));
    assert_eq!(world.book("brief", "24T10:00").await, "ann");
    world.clock.set(at("23T09:00"));
    let refused = world
        .scheduling
        .book(&World::command("brief", "24T11:00"))
        .await;
    assert!(
        matches!(&refused, Err(BookError::LinkEnded(ended)) if ended.end == LinkEnd::Expired),
        "{refused:?}"
    );
}

#[tokio::test]
async fn each_host_has_a_link_of_his_own() {
    let world = World::new(&format!(
        "{ANN} host bob UTC 09:00-12:00\n event both 30 all:ann,bob"
    ))
    .await;
    let booked = world.booked("both", "24T10:00").await;
    let ann = world.host_token("ann", booked.booking.id).await;
    let bob = world.host_token("bob", booked.booking.id).await;
    assert_ne!(ann, bob);
    for (token, user) in [(&ann, "ann"), (&bob, "bob")] {
        let mut work = world.storage.begin_read().await.unwrap();
        let found = work.bookings().by_host_token(&token.hash()).await.unwrap();
        assert_eq!(found.unwrap().1, world.hosts[user]);
    }
}
