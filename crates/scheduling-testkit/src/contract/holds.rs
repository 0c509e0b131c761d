//! Holds: they take time as bookings do, until they are removed.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use scheduling_core::event_type::Buffers;
use scheduling_core::hold::Hold;
use scheduling_core::ids::{EventTypeId, SessionId, UserId, WorkspaceId};
use scheduling_core::ports::{Storage, StorageError};
use scheduling_core::time::{Interval, Minutes};
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::fixture::{House, PATIENCE, assert_conflict, assert_refused};
use super::hold_seats::take_seat;
use crate::builders::{self, instant, interval};

const NINE: &str = "2026-11-24T09:00:00Z";
const TEN: &str = "2026-11-24T10:00:00Z";
const BUFFERS: Buffers = Buffers {
    before: Minutes(15),
    after: Minutes(5),
};

/// A hold of the house's event type, not yet stored.
fn hold(house: &House, hosts: &[UserId], start: &str) -> Hold {
    builders::hold(&house.ids, &house.event_type, hosts, instant(start))
}

pub(super) async fn insert(house: &House, hold: &Hold) -> Result<(), StorageError> {
    let mut work = house.begin().await;
    work.holds().insert(hold).await?;
    work.commit().await
}

pub(super) async fn stored(house: &House, hold: &Hold) -> Option<Hold> {
    let mut work = house.begin_read().await;
    work.holds().by_token(&hold.token_hash).await.unwrap()
}

pub(super) async fn overlapping(house: &House, hosts: &[UserId], within: Interval) -> Vec<Hold> {
    let mut work = house.begin_read().await;
    work.holds().overlapping(hosts, within).await.unwrap()
}

pub(super) async fn remove(house: &House, hold: &Hold) -> bool {
    let mut work = house.begin().await;
    let removed = work.holds().remove(hold.id).await.unwrap();
    work.commit().await.unwrap();
    removed
}

pub(super) async fn sweep(house: &House, hosts: Option<&[UserId]>, now: DateTime<Utc>) -> u64 {
    let mut work = house.begin().await;
    let swept = work.holds().sweep(hosts, now).await.unwrap();
    work.commit().await.unwrap();
    swept
}

async fn next_expiry(house: &House, hosts: &[UserId]) -> Option<DateTime<Utc>> {
    let mut work = house.begin_read().await;
    work.holds().next_expiry(hosts).await.unwrap()
}

/// Hosts stay in their order, instants to the microsecond; a hold is found by its token until it is removed.
pub async fn a_hold_comes_back_as_it_was(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let mut held = hold(&house, &[house.eve.id, house.ann.id], NINE);
    held.buffers = BUFFERS;
    held.renewed = true;
    held.created_at = instant("2026-11-24T08:55:00.000001Z");
    held.expires_at = instant("2026-11-24T09:00:00.999999Z");
    let other = hold(&house, &[house.bob.id], NINE);
    insert(&house, &held).await.unwrap();
    insert(&house, &other).await.unwrap();
    assert_eq!(stored(&house, &held).await, Some(held.clone()));
    assert_eq!(stored(&house, &other).await, Some(other.clone()));

    assert!(remove(&house, &held).await);
    assert!(!remove(&house, &held).await);
    assert_eq!(stored(&house, &held).await, None);
    assert_eq!(stored(&house, &other).await, Some(other));
}

/// An id or a token is one hold's; what a hold names must be there.
pub async fn an_id_and_a_token_are_taken_once(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let first = hold(&house, &[house.ann.id], NINE);
    insert(&house, &first).await.unwrap();
    let mut same_id = hold(&house, &[house.bob.id], TEN);
    same_id.id = first.id;
    assert_conflict(insert(&house, &same_id).await);
    let mut same_token = hold(&house, &[house.bob.id], TEN);
    same_token.token_hash = first.token_hash;
    assert_conflict(insert(&house, &same_token).await);

    let mut nowhere = hold(&house, &[house.bob.id], TEN);
    nowhere.workspace = WorkspaceId::generate(&house.ids);
    let mut of_nothing = hold(&house, &[house.bob.id], TEN);
    of_nothing.event_type = EventTypeId::generate(&house.ids);
    let mut in_no_session = hold(&house, &[house.bob.id], TEN);
    in_no_session.hosts[0].session = Some(SessionId::generate(&house.ids));
    let by_nobody = hold(&house, &[UserId::generate(&house.ids)], TEN);
    for lost in [nowhere, of_nothing, in_no_session, by_nobody] {
        assert_refused(insert(&house, &lost).await);
        assert_eq!(stored(&house, &lost).await, None);
    }
}

/// Time that is held can be neither booked nor held again, nor can a booking move onto it; and the other way round. The
/// buffers of both count.
pub async fn held_time_is_taken(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let [ann, bob] = [house.ann.id, house.bob.id];
    let mut held = hold(&house, &[ann, bob], NINE);
    held.buffers = BUFFERS;
    insert(&house, &held).await.unwrap();
    for start in ["2026-11-24T08:16:00Z", NINE, "2026-11-24T09:34:00Z"] {
        assert_conflict(insert(&house, &hold(&house, &[bob], start)).await);
        assert_conflict(house.insert(&house.booking(&[ann], start)).await);
    }
    assert_conflict(take_seat(&house, &house.event_type, held.interval).await);
    for start in ["2026-11-24T08:15:00Z", "2026-11-24T09:35:00Z"] {
        house.insert(&house.booking(&[ann], start)).await.unwrap();
        insert(&house, &hold(&house, &[bob], start)).await.unwrap();
        // What is booked cannot be held.
        assert_conflict(insert(&house, &hold(&house, &[ann], start)).await);
    }
    let booked = house.booking(&[ann], "2026-11-24T12:00:00Z");
    house.insert(&booked).await.unwrap();
    let mut moved = booked.clone();
    moved.version += 1;
    moved.interval = held.interval;
    assert_conflict(house.update(&moved).await);
    assert_eq!(house.stored(booked.id).await, Some(booked));

    // One host of several is taken: nothing is held.
    let all = hold(&house, &[house.eve.id, bob], NINE);
    assert_conflict(insert(&house, &all).await);
    assert_eq!(stored(&house, &all).await, None);
    insert(&house, &hold(&house, &[house.eve.id], NINE))
        .await
        .unwrap();
    let session = interval("2026-11-24T15:00:00Z", 30);
    take_seat(&house, &house.event_type, session).await.unwrap();
    assert_conflict(insert(&house, &hold(&house, &[ann], "2026-11-24T15:00:00Z")).await);
}

/// Nobody's clock frees a slot: the claims stay until the hold is swept or removed.
pub async fn an_expired_hold_takes_time_until_it_is_swept(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let mut held = hold(&house, &[house.ann.id], NINE);
    held.created_at = instant("2020-01-01T00:00:00Z");
    held.expires_at = held.created_at + Hold::LASTS;
    insert(&house, &held).await.unwrap();
    let booking = house.booking(&[house.ann.id], NINE);
    assert_conflict(house.insert(&booking).await);
    assert_eq!(stored(&house, &held).await.as_ref(), Some(&held));
    let found = overlapping(&house, &[house.ann.id], held.interval).await;
    assert_eq!(found, [held.clone()]);

    let hosts = [house.ann.id];
    let mut work = house.begin().await;
    let swept = work.holds().sweep(Some(&hosts), held.expires_at);
    assert_eq!(swept.await.unwrap(), 1);
    work.bookings().insert(&booking).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(stored(&house, &held).await, None);
}

/// A booking takes the place of its own hold within one transaction; undone, the hold is there as before.
pub async fn a_booking_takes_the_place_of_its_hold(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let hosts = [house.ann.id, house.bob.id];
    let held = hold(&house, &hosts, NINE);
    insert(&house, &held).await.unwrap();
    let booking = house.booking(&hosts, NINE);
    let mut work = house.begin().await;
    assert!(work.holds().remove(held.id).await.unwrap());
    work.bookings().insert(&booking).await.unwrap();
    work.rollback().await.unwrap();
    assert_eq!(stored(&house, &held).await, Some(held.clone()));
    assert_conflict(house.insert(&booking).await);

    let mut work = house.begin().await;
    work.lock_hosts(&hosts).await.unwrap();
    assert!(work.holds().remove(held.id).await.unwrap());
    work.bookings().insert(&booking).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(stored(&house, &held).await, None);
    assert_eq!(house.all_reservations(house.ann.id).await.len(), 1);
    assert_conflict(insert(&house, &hold(&house, &[house.bob.id], NINE)).await);
}

/// By hosts and time, buffers included, half-open, by id, each once; what bookings take is not among them, nor they among
/// what bookings take.
pub async fn holds_are_found_where_they_overlap(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let [ann, bob, eve] = [house.ann.id, house.bob.id, house.eve.id];
    let mut first = hold(&house, &[ann, bob], NINE);
    first.buffers = BUFFERS;
    let second = hold(&house, &[eve], "2026-11-24T09:10:00Z");
    let later = hold(&house, &[ann], "2026-11-24T14:00:00Z");
    for held in [&later, &second, &first] {
        insert(&house, held).await.unwrap();
    }
    house
        .insert(&house.booking(&[ann], "2026-11-24T11:00:00Z"))
        .await
        .unwrap();
    let day = interval("2026-11-24T00:00:00Z", 24 * 60);
    let found = overlapping(&house, &[eve, ann, bob, ann], day).await;
    assert_eq!(found, [first.clone(), second.clone(), later.clone()]);
    let found = overlapping(&house, &[bob], day).await;
    assert_eq!(found, [first.clone()]);
    assert_eq!(overlapping(&house, &[], day).await, []);
    for (start, end, count) in [
        ("08:00:00", "08:45:00", 0),
        ("08:00:00", "08:45:00.000001", 1),
        ("09:34:59.999999", "10:00:00", 1),
        ("09:35:00", "10:00:00", 0),
    ] {
        let at = |time: &str| instant(&format!("2026-11-24T{time}Z"));
        let within = Interval::new(at(start), at(end)).unwrap();
        let found = overlapping(&house, &[ann], within).await;
        assert_eq!(found.len(), count, "{within:?}");
    }
    assert_eq!(house.all_reservations(ann).await.len(), 1);
    assert_eq!(house.all_reservations(eve).await, []);
}

/// A renewed hold ends later, and is otherwise as it was.
pub async fn a_renewed_hold_ends_later(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let held = hold(&house, &[house.ann.id], NINE);
    let lost = hold(&house, &[house.ann.id], TEN);
    insert(&house, &held).await.unwrap();
    let renewed = held.clone().renew(held.created_at + TimeDelta::minutes(4));
    let renewed = renewed.unwrap();
    let mut work = house.begin().await;
    assert!(work.holds().renew(&renewed).await.unwrap());
    assert!(!work.holds().renew(&lost).await.unwrap());
    work.commit().await.unwrap();
    assert_eq!(stored(&house, &held).await.as_ref(), Some(&renewed));
    assert_eq!(stored(&house, &lost).await, None);
    assert_eq!(sweep(&house, None, held.expires_at).await, 0);
    assert_eq!(sweep(&house, None, renewed.expires_at).await, 1);
}

/// Only what has expired, to the microsecond; of some hosts, or of all. A hold goes as a whole.
pub async fn sweeping_removes_what_has_expired(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let [ann, bob, eve] = [house.ann.id, house.bob.id, house.eve.id];
    let now = instant("2026-11-20T12:00:00Z");
    let ending = |hosts: &[UserId], start: &str, expires_at: DateTime<Utc>| {
        let mut held = hold(&house, hosts, start);
        held.expires_at = expires_at;
        held
    };
    let micro = TimeDelta::microseconds(1);
    let anns = ending(&[ann, bob], NINE, now);
    let anns_later = ending(&[ann], TEN, now + micro);
    let eves = ending(&[eve], NINE, now - TimeDelta::days(300));
    for held in [&anns, &anns_later, &eves] {
        insert(&house, held).await.unwrap();
    }
    assert_eq!(sweep(&house, Some(&[]), now).await, 0);
    assert_eq!(sweep(&house, Some(&[ann, bob]), now - micro).await, 0);
    assert_eq!(sweep(&house, Some(&[bob]), now).await, 1);
    assert_eq!(stored(&house, &anns).await, None);
    assert_eq!(stored(&house, &anns_later).await, Some(anns_later.clone()));
    assert_eq!(stored(&house, &eves).await, Some(eves));
    house.insert(&house.booking(&[ann], NINE)).await.unwrap();
    house.insert(&house.booking(&[bob], NINE)).await.unwrap();
    assert_eq!(sweep(&house, None, now).await, 1);
    assert_eq!(sweep(&house, None, now).await, 0);
    house.insert(&house.booking(&[eve], NINE)).await.unwrap();
    assert_eq!(stored(&house, &anns_later).await, Some(anns_later));
}

/// The first end of any of these hosts' holds, past ones included.
pub async fn the_next_expiry_is_the_first(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let [ann, bob, eve] = [house.ann.id, house.bob.id, house.eve.id];
    let at = instant("2026-11-20T12:00:00Z");
    for (hosts, start, minutes) in [
        (vec![ann, bob], NINE, 7),
        (vec![bob], TEN, 3),
        (vec![eve], NINE, 1),
    ] {
        let mut held = hold(&house, &hosts, start);
        held.expires_at = at + TimeDelta::minutes(minutes);
        insert(&house, &held).await.unwrap();
    }
    let minute = |minutes| Some(at + TimeDelta::minutes(minutes));
    assert_eq!(next_expiry(&house, &[ann]).await, minute(7));
    assert_eq!(next_expiry(&house, &[ann, bob]).await, minute(3));
    assert_eq!(next_expiry(&house, &[bob, eve, ann]).await, minute(1));
    assert_eq!(next_expiry(&house, &[]).await, None);
    assert_eq!(
        next_expiry(&house, &[UserId::generate(&house.ids)]).await,
        None
    );
    assert_eq!(
        sweep(&house, Some(&[eve]), at + TimeDelta::minutes(1)).await,
        1
    );
    assert_eq!(next_expiry(&house, &[eve]).await, None);
}

/// Twelve want to hold one slot and twelve to book it: one gets it, the others learn that it is taken.
pub async fn of_many_who_want_one_slot_exactly_one_has_it(storage: Arc<dyn Storage>) {
    const WRITERS: usize = 24;
    let house = House::build(storage).await;
    let start = Arc::new(Barrier::new(WRITERS));
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let (house, start) = (house.clone(), Arc::clone(&start));
        writers.spawn(async move {
            let minute = format!("2026-11-24T09:{writer:02}:00Z");
            start.wait().await;
            if writer % 2 == 0 {
                insert(&house, &hold(&house, &[house.ann.id], &minute)).await
            } else {
                house.insert(&house.booking(&[house.ann.id], &minute)).await
            }
        });
    }
    let outcomes = timeout(PATIENCE, writers.join_all())
        .await
        .expect("nobody waits forever");
    let (won, lost): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!(won.len(), 1);
    for outcome in lost {
        assert_conflict(outcome);
    }
    let day = interval("2026-11-24T00:00:00Z", 24 * 60);
    let held = overlapping(&house, &[house.ann.id], day).await.len();
    let booked = house.all_reservations(house.ann.id).await.len();
    assert_eq!(held + booked, 1);
}
