//! Busy intervals and rotation ledgers.

use std::sync::Arc;

use scheduling_core::assignment::{LedgerEntry, RotationLedger};
use scheduling_core::calendar::BusySource;
use scheduling_core::ids::EventTypeId;
use scheduling_core::ports::{IdSource, Storage};

use super::fixture::{House, assert_conflict};
use crate::builders::{busy, interval};

/// Busy intervals are half-open, stand by host, then start, and may overlap each other.
pub async fn busy_intervals_are_found_where_they_overlap(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let ids = &house.ids;
    let at_eight = busy(ids, house.ann.id, interval("2026-11-24T08:00:00Z", 60));
    let at_nine = busy(ids, house.ann.id, interval("2026-11-24T09:00:00Z", 60));
    let mut half_past = busy(ids, house.ann.id, interval("2026-11-24T09:30:00Z", 10));
    half_past.busy.source = BusySource::TimeOff;
    let at_ten = busy(ids, house.ann.id, interval("2026-11-24T10:00:00Z", 60));
    let bobs = busy(ids, house.bob.id, interval("2026-11-24T00:00:00Z", 24 * 60));
    let mut work = house.begin().await;
    for busy in [&at_ten, &bobs, &half_past, &at_nine, &at_eight] {
        work.busy().insert(busy).await.unwrap();
    }
    work.commit().await.unwrap();

    let nine_to_ten = interval("2026-11-24T09:00:00Z", 60);
    let mut work = house.begin_read().await;
    let found = work
        .busy()
        .overlapping(&[house.bob.id, house.ann.id], nine_to_ten)
        .await
        .unwrap();
    assert_eq!(found, [at_nine.clone(), half_past.clone(), bobs]);
    let found = work
        .busy()
        .overlapping(&[house.ann.id], interval("2026-11-24T09:59:00Z", 1))
        .await
        .unwrap();
    assert_eq!(found, [at_nine]);
    drop(work);

    let mut work = house.begin().await;
    assert_conflict(work.busy().insert(&half_past).await);
}

/// A ledger comes back as it was last stored, entries in their order.
pub async fn a_ledger_is_empty_until_it_is_stored(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let id = house.event_type.id;
    let mut work = house.begin().await;
    let empty = work.rotation().ledger(id).await.unwrap();
    assert_eq!(empty, RotationLedger::default());
    let entry = |host, weight, credit, last_assigned| LedgerEntry {
        host,
        weight,
        credit,
        last_assigned,
    };
    let first = RotationLedger {
        entries: vec![
            entry(house.eve.id, 100, -150, Some(3)),
            entry(house.ann.id, u32::MAX, 250, None),
            entry(house.bob.id, 1, -100, Some(0)),
        ],
        next: 4,
    };
    work.rotation().store(id, &first).await.unwrap();
    assert_eq!(work.rotation().ledger(id).await.unwrap(), first);
    let second = RotationLedger {
        entries: vec![entry(house.bob.id, 7, 0, Some(9))],
        next: 10,
    };
    work.rotation().store(id, &second).await.unwrap();
    work.commit().await.unwrap();
    let mut work = house.begin_read().await;
    assert_eq!(work.rotation().ledger(id).await.unwrap(), second);
    let other = EventTypeId::from_uuid(house.ids.next_id());
    let empty = work.rotation().ledger(other).await.unwrap();
    assert_eq!(empty, RotationLedger::default());
}
