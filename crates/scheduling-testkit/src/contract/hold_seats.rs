//! Holds with seats in group sessions.

use std::sync::Arc;

use scheduling_core::event_type::{Buffers, Capacity, EventType};
use scheduling_core::hold::{Hold, HoldHost};
use scheduling_core::ids::{EventTypeId, SessionId};
use scheduling_core::ports::{Storage, StorageError};
use scheduling_core::time::Interval;
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::fixture::{House, PATIENCE, assert_conflict};
use super::holds::{insert, overlapping, remove, stored, sweep};
use crate::builders::{self, interval, parse};

const NINE: &str = "2026-11-24T09:00:00Z";

/// An event type with seats, stored.
async fn class(house: &House, seats: u32) -> EventType {
    let mut class = house.event_type.clone();
    class.id = EventTypeId::generate(&house.ids);
    class.slug = parse("class");
    class.rules.capacity = Capacity::seats(seats).unwrap();
    let mut work = house.begin().await;
    work.event_types().insert(&class).await.unwrap();
    work.commit().await.unwrap();
    class
}

/// Takes a seat in Ann's session of the class.
pub(super) async fn take_seat(
    house: &House,
    class: &EventType,
    at: Interval,
) -> Result<SessionId, StorageError> {
    let new_id = SessionId::generate(&house.ids);
    let mut work = house.begin().await;
    let seat = work
        .sessions()
        .take_seat(new_id, class, house.ann.id, at, Buffers::default())
        .await?;
    work.commit().await?;
    Ok(seat)
}

/// Takes a seat in Ann's session of the class for a hold, and stores the hold.
async fn hold_seat(house: &House, class: &EventType, at: Interval) -> Hold {
    let session = take_seat(house, class, at).await.unwrap();
    let mut held = builders::hold(&house.ids, class, &[], at.start());
    held.hosts = vec![HoldHost {
        user: house.ann.id,
        session: Some(session),
    }];
    insert(house, &held).await.unwrap();
    held
}

async fn seats_taken(house: &House) -> Vec<u32> {
    let found = house.all_reservations(house.ann.id).await;
    found.iter().map(|r| r.seats_taken).collect()
}

/// A hold has a seat as a booking has one. Removed or swept, it gives the seat back; the last one closes the session.
pub async fn a_hold_gives_its_seat_back(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let class = class(&house, 2).await;
    let at = interval(NINE, 30);
    let first = hold_seat(&house, &class, at).await;
    assert_eq!(stored(&house, &first).await, Some(first.clone()));
    let second = hold_seat(&house, &class, at).await;
    assert_eq!(first.hosts, second.hosts);
    assert_conflict(take_seat(&house, &class, at).await);
    assert_eq!(seats_taken(&house).await, [2]);
    let found = overlapping(&house, &[house.ann.id], at).await;
    assert_eq!(found, [first.clone(), second.clone()]);

    assert!(remove(&house, &first).await);
    assert_eq!(seats_taken(&house).await, [1]);
    assert!(!remove(&house, &first).await);
    assert_eq!(seats_taken(&house).await, [1]);
    take_seat(&house, &class, at).await.unwrap();
    assert_eq!(sweep(&house, None, second.expires_at).await, 1);
    assert_eq!(seats_taken(&house).await, [1]);

    let later = interval("2026-11-24T16:00:00Z", 30);
    let alone = hold_seat(&house, &class, later).await;
    assert_eq!(seats_taken(&house).await, [1, 1]);
    assert!(remove(&house, &alone).await);
    assert_eq!(seats_taken(&house).await, [1]);
    house
        .insert(&house.booking(&[house.ann.id], "2026-11-24T16:00:00Z"))
        .await
        .unwrap();
}

/// Many sweep at once, and many remove: each hold is counted once, each seat given back once.
pub async fn a_hold_is_removed_once_however_many_try(storage: Arc<dyn Storage>) {
    const WRITERS: usize = 12;
    let house = House::build(storage).await;
    let class = class(&house, 10).await;
    let at = interval(NINE, 30);
    take_seat(&house, &class, at).await.unwrap();
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(hold_seat(&house, &class, at).await);
    }
    assert_eq!(seats_taken(&house).await, [5]);
    let start = Arc::new(Barrier::new(WRITERS));
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let (house, start) = (house.clone(), Arc::clone(&start));
        let one = held[writer % held.len()].clone();
        writers.spawn(async move {
            start.wait().await;
            let mut work = house.storage.begin().await?;
            let removed = match writer % 3 {
                0 => work.holds().sweep(None, one.expires_at).await?,
                1 => {
                    work.lock_hosts(&[house.ann.id]).await?;
                    let hosts = [house.ann.id];
                    work.holds().sweep(Some(&hosts), one.expires_at).await?
                }
                _ => {
                    work.lock_hosts(&[house.ann.id]).await?;
                    u64::from(work.holds().remove(one.id).await?)
                }
            };
            work.commit().await?;
            Ok::<_, StorageError>(removed)
        });
    }
    let outcomes = timeout(PATIENCE, writers.join_all())
        .await
        .expect("nobody waits forever");
    let removed: u64 = outcomes.into_iter().map(Result::unwrap).sum();
    assert_eq!(removed, 4);
    assert_eq!(seats_taken(&house).await, [1]);
}
