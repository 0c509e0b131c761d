//! What happens at once.

use std::num::NonZeroU32;
use std::sync::Arc;

use chrono_tz::Tz;
use scheduling_core::event_type::{Capacity, Hosting};
use scheduling_core::hold::Hold;
use scheduling_core::ids::SessionId;
use scheduling_core::ports::{Storage, StorageError};
use scheduling_persistence::SeaOrmStorage;
use scheduling_testkit::{SequenceIds, builders};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::Database;

/// How many try at once.
const CROWD: usize = 24;

async fn hold(storage: &SeaOrmStorage, hold: &Hold) -> Result<(), StorageError> {
    let mut work = storage.begin().await?;
    work.holds().insert(hold).await?;
    work.commit().await
}

/// How many had it; the others met a conflict and nothing else.
fn winners(results: Vec<Result<(), StorageError>>) -> usize {
    let won = results.iter().filter(|result| result.is_ok()).count();
    for lost in results.into_iter().filter_map(Result::err) {
        assert!(matches!(lost, StorageError::Conflict), "{lost:?}");
    }
    won
}

/// They check nothing and lock nobody: the database alone decides.
pub(crate) async fn of_many_who_hold_a_slot_one_has_it(database: Database) {
    let (house, _raw) = database.with_a_booking().await;
    let start = house.booking.interval.end();
    let barrier = Arc::new(Barrier::new(CROWD));
    let mut crowd = JoinSet::new();
    for place in 0..CROWD {
        // Not all for the same start: half of them for one that overlaps it.
        let start = start + chrono::TimeDelta::minutes(if place % 2 == 0 { 0 } else { 10 });
        let kept = builders::hold(&house.ids, &house.event_type, &[house.host], start);
        let (storage, barrier) = (house.storage.clone(), Arc::clone(&barrier));
        crowd.spawn(async move {
            barrier.wait().await;
            hold(&storage, &kept).await
        });
    }
    assert_eq!(winners(crowd.join_all().await), 1);
    assert_eq!(house.storage.verify().await.unwrap(), []);
}

pub(crate) async fn holding_and_booking_exclude_each_other(database: Database) {
    let (house, _raw) = database.with_a_booking().await;
    let start = house.booking.interval.end();
    let barrier = Arc::new(Barrier::new(CROWD));
    let mut crowd = JoinSet::new();
    for place in 0..CROWD {
        let kept = builders::hold(&house.ids, &house.event_type, &[house.host], start);
        let booking = builders::booking(&house.ids, &house.event_type, &[house.host], start);
        let (storage, barrier) = (house.storage.clone(), Arc::clone(&barrier));
        let host = house.host;
        crowd.spawn(async move {
            barrier.wait().await;
            if place % 2 == 0 {
                return hold(&storage, &kept).await;
            }
            let mut work = storage.begin().await?;
            work.lock_hosts(&[host]).await?;
            work.bookings().insert(&booking).await?;
            work.commit().await
        });
    }
    assert_eq!(winners(crowd.join_all().await), 1);
    assert_eq!(house.storage.verify().await.unwrap(), []);
}

pub(crate) async fn a_link_is_used_no_more_than_it_may_be(database: Database) {
    const USES: u32 = 3;
    let (house, _raw) = database.with_a_booking().await;
    let mut link = builders::link(&house.ids, &house.event_type, "three");
    link.max_uses = NonZeroU32::new(USES);
    let mut work = house.storage.begin().await.unwrap();
    work.links().insert(&link).await.unwrap();
    work.commit().await.unwrap();
    let mut crowd = JoinSet::new();
    for _ in 0..CROWD {
        let (storage, id) = (house.storage.clone(), link.id);
        crowd.spawn(async move {
            let mut work = storage.begin().await.unwrap();
            let counted = work.links().use_once(id).await.unwrap();
            work.commit().await.unwrap();
            counted
        });
    }
    let counted = crowd
        .join_all()
        .await
        .into_iter()
        .filter(|counted| *counted);
    assert_eq!(counted.count(), 3);
    let stored = house
        .read()
        .await
        .links()
        .get(link.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((stored.uses, stored.version), (USES, 1));
}

/// Some remove a hold, some sweep, some take seats and leave again, and nobody locks a host.
pub(crate) async fn seats_of_holds_are_given_back_once(database: Database) {
    let storage = database.migrated().await;
    let ids = SequenceIds::new();
    let workspace = builders::workspace(&ids, "acme");
    let ann = builders::person(&ids, "Ann", Tz::UTC);
    let mut class = builders::event_type(&ids, workspace.id, "class", 30, Hosting::single(ann.id));
    class.rules.capacity = Capacity::seats(100).unwrap();
    let evening = builders::interval("2026-11-24T18:00:00Z", 30);
    let mut work = storage.begin().await.unwrap();
    work.directory().insert_workspace(&workspace).await.unwrap();
    work.directory()
        .insert_person(workspace.id, &ann)
        .await
        .unwrap();
    work.event_types().insert(&class).await.unwrap();
    let mut holds = Vec::new();
    for _ in 0..8 {
        let new = SessionId::generate(&ids);
        let seat = work
            .sessions()
            .take_seat(new, &class, ann.id, evening, class.rules.buffers);
        let session = seat.await.unwrap();
        let mut kept = builders::hold(&ids, &class, &[ann.id], evening.start());
        kept.hosts[0].session = Some(session);
        work.holds().insert(&kept).await.unwrap();
        holds.push(kept);
    }
    work.commit().await.unwrap();
    let expired = holds[0].expires_at;
    let removed = storage.clone();
    let mut crowd = JoinSet::new();
    for place in 0..CROWD {
        let (storage, kept) = (storage.clone(), holds[place % holds.len()].clone());
        crowd.spawn(async move {
            let mut work = storage.begin().await?;
            let gone = match place % 3 {
                0 => work.holds().sweep(None, expired).await?,
                _ => u64::from(work.holds().remove(kept.id).await?),
            };
            work.commit().await?;
            Ok::<u64, StorageError>(gone)
        });
    }
    let mut gone = 0;
    for result in crowd.join_all().await {
        match result {
            Ok(number) => gone += number,
            // Two that took holds in another order than each other: one starts again.
            Err(StorageError::Conflict) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    let mut work = removed.begin().await.unwrap();
    gone += work.holds().sweep(None, expired).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(gone, 8);
    let mut work = removed.begin_read().await.unwrap();
    let left = work.holds().overlapping(&[ann.id], evening).await.unwrap();
    assert_eq!(left, []);
    let reserved = work
        .bookings()
        .reservations(&[ann.id], evening)
        .await
        .unwrap();
    assert_eq!(reserved, []);
    drop(work);
    assert_eq!(storage.verify().await.unwrap(), []);
}
