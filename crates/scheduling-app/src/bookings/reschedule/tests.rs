//! Tests of `reschedule`.

use std::sync::atomic::Ordering;

use scheduling_core::booking::{BookingState, BookingStatus};
use scheduling_core::ports::Storage;
use scheduling_core::time::Interval;
use scheduling_testkit::builders::parse;
use tokio::task::JoinSet;

use super::*;
use crate::bookings::{ApproveBooking, Booked, CancelBooking};
use crate::testing::{World, at, short};

const TWO: &str = "host ann UTC 09:00-12:00\n host bob UTC 09:00-12:00\n";

fn invitee(booked: &Booked) -> BookingAccess {
    BookingAccess::Invitee(booked.manage_token.clone())
}

#[tokio::test]
async fn a_moved_booking_is_the_same_booking_at_another_time() {
    let world = World::new(&format!("{TWO} event intro 30 ann buffers=10/5")).await;
    let booked = world.booked("intro", "24T10:00").await;
    let before = booked.booking.clone();
    world.advance(30);
    let mut command = RescheduleBooking::new(invitee(&booked), at("24T11:00"));
    command.reason = Some(parse("The train"));
    let moved = world.scheduling.reschedule(&command).await.unwrap();
    assert!(!moved.replayed);
    let moved = moved.booking;
    assert_eq!(world.stored(before.id).await, moved);
    assert_eq!((moved.id, &moved.manage), (before.id, &before.manage));
    assert_eq!(moved.hosts, before.hosts);
    assert_eq!((moved.sequence, moved.version), (1, 2));
    assert_eq!(
        moved.interval,
        Interval::new(at("24T11:00"), at("24T11:30")).unwrap()
    );
    assert_eq!(moved.state, before.state);
    assert_eq!(world.storage.claim_count(), 1);
    // The old time is open again, and the new one is not.
    assert_eq!(world.book("intro", "24T10:00").await, "ann");
    assert!(world.book("intro", "24T11:00").await.starts_with('!'));
    let mut work = world.storage.begin_read().await.unwrap();
    let history = work.bookings().history(before.id).await.unwrap();
    assert_eq!(
        history[1].change,
        Change::Rescheduled {
            from: before.interval,
            to: moved.interval,
            reason: Some(parse("The train"))
        }
    );
}

#[tokio::test]
async fn a_booking_can_move_into_its_own_time() {
    let world = World::new(&format!("{TWO} event intro 60 ann step=15 buffers=10/10")).await;
    let booked = world.booked("intro", "24T10:00").await;
    assert_eq!(
        world.moves(&invitee(&booked), "24T10:15").await,
        "24T10:15 ann #1"
    );
    assert_eq!(
        world.moves(&invitee(&booked), "24T09:45").await,
        "24T09:45 ann #2"
    );
    assert_eq!(world.storage.claim_count(), 1);
}

#[tokio::test]
async fn moving_to_where_it_is_changes_nothing() {
    let world = World::new(&format!("{TWO} event intro 30 ann")).await;
    let booked = world.booked("intro", "24T10:00").await;
    let owed = world.outbox().await;
    assert_eq!(
        world.moves(&invitee(&booked), "24T10:00").await,
        "24T10:00 ann #0"
    );
    assert_eq!(world.stored(booked.booking.id).await, booked.booking);
    assert_eq!(world.outbox().await, owed);
    assert_eq!(world.history(booked.booking.id).await.lines().count(), 1);
}

#[tokio::test]
async fn it_keeps_its_duration_unless_another_is_asked_for() {
    let world = World::new(&format!("{TWO} event intro 30 ann lasts=60")).await;
    let mut command = World::command("intro", "24T09:00");
    command.duration = Some(Length::new(60).unwrap());
    let booked = world.scheduling.book(&command).await.unwrap();
    world.moves(&invitee(&booked), "24T10:00").await;
    let interval = |booking: Booking| booking.interval.length().num_minutes();
    assert_eq!(interval(world.stored(booked.booking.id).await), 60);
    let mut command = RescheduleBooking::new(invitee(&booked), at("24T10:00"));
    command.duration = Some(Length::new(30).unwrap());
    let moved = world.scheduling.reschedule(&command).await.unwrap();
    assert_eq!(
        (interval(moved.booking.clone()), moved.booking.sequence),
        (30, 2)
    );
    command.duration = Some(Length::new(45).unwrap());
    let refused = world.scheduling.reschedule(&command).await;
    assert!(
        matches!(refused, Err(RescheduleError::NoSuchDuration)),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_duration_that_is_no_longer_offered_can_be_kept() {
    let world = World::new(&format!("{TWO} event intro 30 ann lasts=60")).await;
    let mut command = World::command("intro", "24T09:00");
    command.duration = Some(Length::new(60).unwrap());
    let booked = world.scheduling.book(&command).await.unwrap();
    let mut event_type = world.event_types["intro"].clone();
    event_type.durations = scheduling_core::event_type::Durations::default();
    event_type.status = scheduling_core::event_type::EventTypeStatus::Archived;
    event_type.version += 1;
    let mut work = world.storage.begin().await.unwrap();
    work.event_types().update(&event_type).await.unwrap();
    work.commit().await.unwrap();
    // Not even the event type can be booked any more.
    assert_eq!(
        world.moves(&invitee(&booked), "24T10:00").await,
        "24T10:00 ann #1"
    );
    let stored = world.stored(booked.booking.id).await;
    assert_eq!(stored.interval.length().num_minutes(), 60);
}

#[tokio::test]
async fn what_is_not_offered_is_refused_with_its_reasons_and_other_starts() {
    let world = World::new(&format!("{TWO} event intro 30 ann\n event deep 30 ann")).await;
    let booked = world.booked("intro", "24T10:00").await;
    world.booked("deep", "24T11:00").await;
    assert_eq!(
        world.moves(&invitee(&booked), "24T11:00").await,
        "! [NotEnoughHosts, Booked] else 24T10:30 24T11:30 24T09:30"
    );
    assert_eq!(
        world
            .moves(&invitee(&booked), "24T11:07")
            .await
            .split(" else")
            .next(),
        Some("! [OffGrid, NotEnoughHosts, Booked]")
    );
    for start in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
        let command = RescheduleBooking::new(invitee(&booked), start);
        let refused = world.scheduling.reschedule(&command).await;
        assert!(
            matches!(refused, Err(RescheduleError::Unavailable { .. })),
            "{refused:?}"
        );
    }
    assert_eq!(world.stored(booked.booking.id).await, booked.booking);
}

#[tokio::test]
async fn a_round_robins_host_stays_while_he_can_and_his_turn_stands() {
    let world = World::new(&format!(
        "{TWO} busy ann 24T11:00 60\n event pool 30 robin:ann,bob"
    ))
    .await;
    let booked = world.booked("pool", "24T09:00").await;
    assert_eq!(world.credits("pool").await, "ann-100 bob+100");
    assert_eq!(
        world.moves(&invitee(&booked), "24T10:00").await,
        "24T10:00 ann #1"
    );
    assert_eq!(world.credits("pool").await, "ann-100 bob+100");
    let step = world.stored(booked.booking.id).await.rotation;
    assert_eq!(step, booked.booking.rotation);

    // Ann cannot: her turn is given back, and another is taken for the new time.
    let ann = world.host_token("ann", booked.booking.id).await;
    assert_eq!(
        world.moves(&invitee(&booked), "24T11:00").await,
        "24T11:00 bob #2"
    );
    assert_eq!(world.credits("pool").await, "ann+0 bob+0");
    let stored = world.stored(booked.booking.id).await;
    let step = stored.rotation.as_ref().unwrap();
    assert_eq!(world.names(step.eligible.iter().map(|e| e.host)), "bob");
    assert!(!step.released);
    // Her link opens nothing any more; his is new.
    let hers = BookingAccess::Host(ann);
    assert_eq!(
        world.moves(&hers, "24T10:00").await,
        "! there is no such booking"
    );
    world.host_token("bob", booked.booking.id).await;
    assert_eq!(world.cancel(&booked.manage_token).await, "cancelled");
    assert_eq!(world.credits("pool").await, "ann+0 bob+0");
}

#[tokio::test]
async fn whoever_moved_a_booking_out_of_his_sight_hears_the_same_when_he_repeats_himself() {
    let world = World::new(&format!(
        "{TWO} busy ann 24T11:00 60\n event pool 30 robin:ann,bob"
    ))
    .await;
    let booked = world.booked("pool", "24T09:00").await;
    let ann = world.as_member("ann", booked.booking.id);
    let mut command = RescheduleBooking::new(ann.clone(), at("24T11:00"));
    command.idempotency = Some(Idempotent::new("ann", parse("away"), [1; 32]));
    let moved = world.scheduling.reschedule(&command).await.unwrap();
    let owed = world.outbox().await;
    let again = world.scheduling.reschedule(&command).await.unwrap();
    assert!(!moved.replayed && again.replayed);
    assert_eq!(again.booking, moved.booking);
    assert_eq!(world.outbox().await, owed);
    // Anything else is none of her business any more, and nothing says that there was a key.
    command.idempotency = Some(Idempotent::new("ann", parse("other"), [1; 32]));
    let refused = world.scheduling.reschedule(&command).await;
    assert!(
        matches!(refused, Err(RescheduleError::Change(ChangeError::NotFound))),
        "{refused:?}"
    );
    let mut cancel = CancelBooking::new(ann);
    cancel.idempotency = Some(Idempotent::new("ann", parse("off"), [1; 32]));
    let refused = world.scheduling.cancel(&cancel).await;
    assert!(matches!(refused, Err(ChangeError::NotFound)), "{refused:?}");
}

#[tokio::test]
async fn the_other_presets_keep_who_can_and_choose_anew_who_cannot() {
    let world = World::new(&format!(
        "{TWO} host cem UTC 09:00-12:00
         busy bob 24T11:00 60
         busy ann 24T09:00 30
         event any 30 any:ann,bob
         event two 30 two:bob,ann,cem
         event all 30 all:ann,bob"
    ))
    .await;
    let any = world.booked("any", "24T09:00").await;
    // Bob stays, though ann comes first in the roster.
    assert_eq!(
        world.moves(&invitee(&any), "24T10:00").await,
        "24T10:00 bob #1"
    );
    assert_eq!(
        world.moves(&invitee(&any), "24T11:00").await,
        "24T11:00 ann #2"
    );
    let two = world.booked("two", "25T09:00").await;
    assert_eq!(
        world.names(two.booking.hosts.iter().map(|h| h.user)),
        "bob,ann"
    );
    assert_eq!(
        world.moves(&invitee(&two), "24T11:30").await,
        "24T11:30 ann,cem #1"
    );
    let all = world.booked("all", "25T10:00").await;
    let said = world.moves(&invitee(&all), "24T11:00").await;
    assert!(said.starts_with("! [NotEnoughHosts"), "{said}");
}

#[tokio::test]
async fn the_policy_says_whether_and_until_when_the_invitee_moves_it() {
    let world = World::new(&format!(
        "{TWO} event theirs 30 ann move=hosts
         event early 30 ann move_notice=120
         event why 30 ann move_reason=required"
    ))
    .await;
    let theirs = world.booked("theirs", "24T09:00").await;
    let early = world.booked("early", "24T09:30").await;
    let why = world.booked("why", "24T10:00").await;
    assert_eq!(
        world.moves(&invitee(&theirs), "24T11:00").await,
        "! this is not for this side of the booking to do"
    );
    assert_eq!(
        world.moves(&invitee(&why), "24T11:00").await,
        "! a reason must be given"
    );
    world.clock.set(at("24T07:31"));
    assert_eq!(
        world.moves(&invitee(&early), "24T11:00").await,
        "! this was possible until 2026-11-24 07:30:00 UTC"
    );
    for booked in [&theirs, &early, &why] {
        let ann = world.as_host("ann", booked.booking.id).await;
        let said = world.moves(&ann, "24T11:00").await;
        assert!(said.starts_with("24T11:00 ann"), "{said}");
        world.moves(&ann, "24T11:30").await;
        world.cancel(&booked.manage_token).await;
    }
}

#[tokio::test]
async fn a_host_moves_past_notice_and_window_but_into_nobodys_time() {
    let world = World::new(&format!("{TWO} event intro 30 ann notice=1440 window=2")).await;
    let booked = world.booked("intro", "25T10:00").await;
    let second = world.booked("intro", "25T11:00").await;
    let ann = world.as_member("ann", booked.booking.id);
    let said = world.moves(&invitee(&booked), "23T09:00").await;
    assert!(said.starts_with("! [MinimumNotice]"), "{said}");
    assert_eq!(world.moves(&ann, "23T09:00").await, "23T09:00 ann #1");
    assert_eq!(world.moves(&ann, "30T09:00").await, "30T09:00 ann #2");
    let said = world.moves(&ann, "25T11:00").await;
    assert!(said.starts_with("! [NotEnoughHosts, Booked]"), "{said}");
    let said = world.moves(&ann, "20T09:00").await;
    assert!(said.starts_with("! [MinimumNotice]"), "{said}");
    assert_eq!(short(second.booking.interval.start()), "25T11:00");
}

#[tokio::test]
async fn moved_by_its_invitee_it_needs_an_approval_anew_and_moved_by_a_host_it_does_not() {
    let world = World::new(&format!("{TWO} event ask 30 ann approval=120")).await;
    let booked = world.booked("ask", "24T10:00").await;
    let id = booked.booking.id;
    let approve = async || {
        let command = ApproveBooking::new(world.as_member("ann", id));
        world.scheduling.approve(&command).await.unwrap()
    };
    approve().await;
    let ann = world.as_member("ann", id);
    assert_eq!(world.moves(&ann, "24T10:30").await, "24T10:30 ann #1");
    world.advance(30);
    assert_eq!(
        world.moves(&invitee(&booked), "24T11:00").await,
        "24T11:00 ann pending #2"
    );
    let stored = world.stored(id).await;
    assert_eq!(stored.version, 4);
    let until = |booking: &Booking| match booking.state {
        BookingState::Pending { expires_at, .. } => expires_at,
        _ => None,
    };
    assert_eq!(until(&stored), Some(at("23T10:30")));
    // A request that moves waits on, with a deadline of its own.
    world.advance(30);
    assert_eq!(
        world.moves(&invitee(&booked), "24T11:30").await,
        "24T11:30 ann pending #3"
    );
    assert_eq!(until(&world.stored(id).await), Some(at("23T11:00")));
    assert_eq!(
        world.moves(&ann, "24T09:00").await,
        "24T09:00 ann pending #4"
    );
    let approved = approve().await.booking;
    assert_eq!(
        (approved.state.name(), approved.sequence),
        (BookingStatus::Confirmed, 5)
    );
}

#[tokio::test]
async fn a_request_whose_time_is_up_is_revived_by_a_host_and_not_by_its_invitee() {
    let world = World::new(&format!("{TWO} event ask 30 ann approval=120")).await;
    let booked = world.booked("ask", "24T10:00").await;
    // No worker has let it expire yet.
    world.advance(120);
    let said = world.moves(&invitee(&booked), "24T11:00").await;
    assert_eq!(said, "! this was possible until 2026-11-23 10:00:00 UTC");
    assert_eq!(world.stored(booked.booking.id).await.version, 1);
    let ann = world.as_member("ann", booked.booking.id);
    assert_eq!(
        world.moves(&ann, "24T11:00").await,
        "24T11:00 ann pending #1"
    );
}

#[tokio::test]
async fn it_moves_from_session_to_session_and_leaves_no_seat_behind() {
    let world = World::new(&format!("{TWO} event class 60 ann seats=2")).await;
    let first = world.booked("class", "24T09:00").await;
    let second = world.booked("class", "24T10:00").await;
    assert_eq!(world.storage.claim_count(), 2);
    assert_eq!(
        world.moves(&invitee(&first), "24T10:00").await,
        "24T10:00 ann #1"
    );
    assert_eq!(world.storage.claim_count(), 1);
    let session = |booking: &Booking| booking.hosts[0].session.unwrap();
    let moved = world.stored(first.booking.id).await;
    assert_eq!(session(&moved), session(&second.booking));
    assert_ne!(session(&moved), session(&first.booking));
    assert!(world.book("class", "24T10:00").await.starts_with('!'));
    // Out of it again: the seat is free.
    assert_eq!(
        world.moves(&invitee(&second), "24T11:00").await,
        "24T11:00 ann #1"
    );
    assert_eq!(
        world.slots("class", "24T10:00", "24T10:30").await,
        "24T10:00 ann 1 left"
    );
    world.cancel(&first.manage_token).await;
    world.cancel(&second.manage_token).await;
    assert_eq!(world.storage.claim_count(), 0);
}

#[tokio::test]
async fn a_rotating_session_keeps_its_ledger_balanced() {
    let world = World::new(&format!(
        "{TWO} busy ann 24T11:00 60\n event class 60 robin:ann,bob seats=2"
    ))
    .await;
    let first = world.booked("class", "24T09:00").await;
    let joined = world.booked("class", "24T09:00").await;
    assert_eq!(world.credits("class").await, "ann-100 bob+100");
    assert_eq!(
        world.moves(&invitee(&first), "24T11:00").await,
        "24T11:00 bob #1"
    );
    assert_eq!(world.credits("class").await, "ann+0 bob+0");
    // It joins what runs at its new time, which is nobody's turn.
    assert_eq!(
        world.moves(&invitee(&joined), "24T11:00").await,
        "24T11:00 bob #1"
    );
    for booked in [first, joined] {
        assert_eq!(world.cancel(&booked.manage_token).await, "cancelled");
    }
    assert_eq!(world.credits("class").await, "ann+0 bob+0");
    assert_eq!(world.storage.claim_count(), 0);
}

#[tokio::test]
async fn a_hold_keeps_the_new_time_and_the_present_host_goes_before_the_held_one() {
    let world = World::new(&format!("{TWO} event pool 30 robin:ann,bob")).await;
    let booked = world.booked("pool", "24T09:00").await;
    // The rotation would have it bob's turn.
    let held = world.held("pool", "24T11:00").await;
    assert_eq!(world.names(held.hold.hosts.iter().map(|h| h.user)), "bob");
    let mut command = RescheduleBooking::new(invitee(&booked), at("24T11:00"));
    command.hold = Some(held.token.clone());
    let moved = world
        .scheduling
        .reschedule(&command)
        .await
        .map(|c| c.booking);
    assert_eq!(world.say_moved(&moved), "24T11:00 ann #1");
    assert_eq!(world.storage.claim_count(), 1);
    // Where ann cannot, the host of the hold does.
    let held = world.held("pool", "24T10:00").await;
    world.booked("pool", "24T10:00").await;
    command.start = at("24T10:00");
    command.hold = Some(held.token);
    let moved = world
        .scheduling
        .reschedule(&command)
        .await
        .map(|c| c.booking);
    assert_eq!(world.say_moved(&moved), "24T10:00 bob #2");
    // A hold is used once.
    command.start = at("24T11:30");
    let refused = world.scheduling.reschedule(&command).await;
    assert!(
        matches!(refused, Err(RescheduleError::HoldExpired)),
        "{refused:?}"
    );
    let held = world.held("pool", "24T09:30").await;
    command.hold = Some(held.token);
    let refused = world.scheduling.reschedule(&command).await;
    assert!(
        matches!(refused, Err(RescheduleError::HoldElsewhere)),
        "{refused:?}"
    );
}

#[tokio::test]
async fn what_is_no_longer_ahead_does_not_move_and_both_ends_are_named() {
    let world = World::new(&format!(
        "{TWO} event intro 30 ann\n event ask 30 ann approval=60"
    ))
    .await;
    let gone = world.booked("intro", "24T10:00").await;
    world.cancel(&gone.manage_token).await;
    assert_eq!(
        world.moves(&invitee(&gone), "24T11:00").await,
        "! the booking is cancelled and cannot become confirmed"
    );
    let held = world.booked("intro", "24T10:00").await;
    world.clock.set(at("24T10:30"));
    let ann = world.as_member("ann", held.booking.id);
    assert_eq!(
        world.moves(&ann, "24T11:00").await,
        "! the booking is completed and cannot become confirmed"
    );
}

#[tokio::test]
async fn the_version_is_judged_first_and_a_key_makes_repeating_harmless() {
    let world = World::new(&format!("{TWO} event intro 30 ann")).await;
    let booked = world.booked("intro", "24T10:00").await;
    let mut command = RescheduleBooking::new(invitee(&booked), at("24T11:00"));
    command.expected = Some(2);
    let refused = world.scheduling.reschedule(&command).await;
    let conflict = |refused: &Result<Changed, RescheduleError>, version| {
        matches!(
            refused,
            Err(RescheduleError::Change(ChangeError::VersionConflict { current })) if *current == version
        )
    };
    assert!(conflict(&refused, 1), "{refused:?}");
    command.expected = Some(1);
    command.idempotency = Some(Idempotent::new("move", parse("a"), [1; 32]));
    assert!(
        !world
            .scheduling
            .reschedule(&command)
            .await
            .unwrap()
            .replayed
    );
    let again = world.scheduling.reschedule(&command).await.unwrap();
    assert!(again.replayed);
    assert_eq!(again.booking.sequence, 1);
    command.idempotency = None;
    let refused = world.scheduling.reschedule(&command).await;
    assert!(conflict(&refused, 2), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_move_to_one_time_one_gets_it() {
    let world = World::new("host ann UTC 09:00-17:00\n event intro 30 ann").await;
    let mut rush = JoinSet::new();
    for hour in 9..14 {
        for minute in ["00", "30"] {
            let booked = world
                .booked("intro", &format!("24T{hour:02}:{minute}"))
                .await;
            let scheduling = world.scheduling.clone();
            let command = RescheduleBooking::new(invitee(&booked), at("24T16:00"));
            rush.spawn(async move { scheduling.reschedule(&command).await });
        }
    }
    let results = rush.join_all().await;
    assert_eq!(results.iter().flatten().count(), 1);
    for result in results {
        assert!(
            result.as_ref().err().is_none_or(RescheduleError::is_taken),
            "{result:?}"
        );
    }
    assert_eq!(world.storage.claim_count(), 10);
}

#[tokio::test]
async fn the_whole_pool_is_locked_before_its_time_is_read() {
    let mut world = World::new(&format!("{TWO} event pool 30 robin:ann,bob")).await;
    let booked = world.booked("pool", "24T10:00").await;
    let storage = world.flaky();
    world.moves(&invitee(&booked), "24T11:00").await;
    let calls = storage.calls.take();
    let (before, after) = calls.split_once("lock(2)").unwrap();
    assert_eq!(before.trim(), "begin bookings event_types");
    assert!(after.ends_with("commit"), "{after}");
    // What is plainly not offered never waits for a writer.
    world.moves(&invitee(&booked), "24T11:07").await;
    assert_eq!(storage.calls.take(), "");
    storage.conflicts.store(3, Ordering::SeqCst);
    assert_eq!(
        world.moves(&invitee(&booked), "24T09:00").await,
        "24T09:00 ann #2"
    );
    storage.conflicts.store(4, Ordering::SeqCst);
    let said = world.moves(&invitee(&booked), "24T09:30").await;
    assert!(said.starts_with("! [Booked] else"), "{said}");
}

#[tokio::test]
async fn a_booking_of_what_was_put_away_moves_to_nobody_who_has_left() {
    let world = World::new(&format!(
        "{TWO} busy ann 24T10:00 30\n event pool 30 robin:ann,bob"
    ))
    .await;
    let booked = world.booked("pool", "24T09:00").await;
    let mut away = world.event_types["pool"].clone();
    away.status = EventTypeStatus::Archived;
    away.version += 1;
    let mut work = world.storage.begin().await.unwrap();
    work.event_types().update(&away).await.unwrap();
    let (firm, bob) = (world.workspace.id, world.hosts["bob"]);
    work.directory().remove_member(firm, bob).await.unwrap();
    work.commit().await.unwrap();

    let said = world.moves(&invitee(&booked), "24T10:00").await;
    assert!(said.starts_with("! [NotEnoughHosts]"), "{said}");
    assert_eq!(
        world.moves(&invitee(&booked), "24T11:00").await,
        "24T11:00 ann #1"
    );
}
