//! The outbox: leasing, finishing, trying again.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use scheduling_core::effect::{LeasedEffect, PlannedEffect};
use scheduling_core::ids::{BookingId, OutboxId};
use scheduling_core::ports::{OutboxCounts, Storage};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::fixture::{House, PATIENCE, assert_conflict};
use crate::builders::{effect, instant};

fn at(minute: u32) -> DateTime<Utc> {
    instant(&format!("2026-11-24T09:{minute:02}:00Z"))
}

fn effect_due(house: &House, due_at: DateTime<Utc>) -> PlannedEffect {
    let booking = BookingId::generate(&house.ids);
    effect(&house.ids, booking, house.ann.id, due_at)
}

fn with_key(house: &House, due_at: DateTime<Utc>, key: &str) -> PlannedEffect {
    let mut planned = effect_due(house, due_at);
    planned.dedupe_key = Some(key.to_owned());
    planned
}

async fn enqueue(house: &House, effects: &[PlannedEffect]) {
    let mut work = house.begin().await;
    work.outbox().enqueue(effects).await.unwrap();
    work.commit().await.unwrap();
}

/// Leases what is due at `now`, for ten minutes.
async fn lease(house: &House, now: DateTime<Utc>, limit: u32) -> Vec<LeasedEffect> {
    let lasting = TimeDelta::minutes(10);
    let mut work = house.begin().await;
    let taken = work.outbox().lease(now, lasting, limit).await.unwrap();
    work.commit().await.unwrap();
    taken
}

async fn complete(house: &House, id: OutboxId, at: DateTime<Utc>) {
    let mut work = house.begin().await;
    work.outbox().complete(id, at, None).await.unwrap();
    work.commit().await.unwrap();
}

async fn retry(house: &House, id: OutboxId, due_at: DateTime<Utc>) {
    let mut work = house.begin().await;
    work.outbox()
        .retry_at(id, due_at, "no \"answer\"")
        .await
        .unwrap();
    work.commit().await.unwrap();
}

async fn fail(house: &House, id: OutboxId, at: DateTime<Utc>) {
    let mut work = house.begin().await;
    work.outbox()
        .fail(id, at, "refused: \"550\"")
        .await
        .unwrap();
    work.commit().await.unwrap();
}

async fn next_due(house: &House) -> Option<DateTime<Utc>> {
    house.begin_read().await.outbox().next_due().await.unwrap()
}

async fn counts(house: &House) -> (u64, u64, u64) {
    let counts: OutboxCounts = house.begin_read().await.outbox().counts().await.unwrap();
    (counts.ready, counts.leased, counts.failed)
}

fn ids(leased: &[LeasedEffect]) -> Vec<OutboxId> {
    leased.iter().map(|l| l.id).collect()
}

/// Not before they are due, the oldest due first, at most so many, each as it was planned.
pub async fn effects_are_leased_when_due_and_oldest_first(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let (late, early) = (effect_due(&house, at(20)), effect_due(&house, at(5)));
    let (middle, twin) = (effect_due(&house, at(10)), effect_due(&house, at(10)));
    enqueue(
        &house,
        &[late.clone(), twin.clone(), early.clone(), middle.clone()],
    )
    .await;
    enqueue(&house, &[]).await;
    assert_eq!(counts(&house).await, (4, 0, 0));
    assert_eq!(lease(&house, at(4), 10).await, []);
    assert_eq!(lease(&house, at(30), 0).await, []);

    let taken = lease(&house, at(10), 2).await;
    assert_eq!(ids(&taken), [early.id, middle.id.min(twin.id)]);
    assert_eq!(taken[0].effect.as_ref(), Ok(&early.effect));
    assert_eq!(taken[0].attempts, 1);
    assert_eq!(taken[0].leased_until, at(20));
    assert_eq!(counts(&house).await, (2, 2, 0));
    let taken = lease(&house, at(10), 10).await;
    assert_eq!(ids(&taken), [middle.id.max(twin.id)]);

    let mut work = house.begin().await;
    assert_conflict(work.outbox().enqueue(&[late]).await);
}

/// Many workers lease at once; together they get each effect once.
pub async fn no_two_workers_get_the_same_effect(storage: Arc<dyn Storage>) {
    const EFFECTS: usize = 100;
    let house = House::build(storage).await;
    let planned: Vec<PlannedEffect> = (0..EFFECTS).map(|_| effect_due(&house, at(0))).collect();
    enqueue(&house, &planned).await;
    let mut workers = JoinSet::new();
    for _ in 0..8 {
        let house = house.clone();
        workers.spawn(async move {
            let mut mine = Vec::new();
            // A worker that was passed over may find nothing while others still hold rows: all have been given out
            // when as many rounds have passed as there are effects.
            for _ in 0..EFFECTS {
                mine.extend(ids(&lease(&house, at(1), 7).await));
            }
            mine
        });
    }
    let taken: Vec<OutboxId> = timeout(PATIENCE, workers.join_all())
        .await
        .expect("no worker waits forever")
        .concat();
    assert_eq!(taken.len(), EFFECTS);
    let distinct: BTreeSet<OutboxId> = taken.into_iter().collect();
    assert_eq!(distinct, planned.iter().map(|p| p.id).collect());
}

/// A worker that died gives its effects back when its lease ends.
pub async fn a_lease_that_ended_can_be_taken_again(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let planned = effect_due(&house, at(0));
    enqueue(&house, std::slice::from_ref(&planned)).await;
    assert_eq!(ids(&lease(&house, at(0), 10).await), [planned.id]);
    let just_before = at(10) - TimeDelta::microseconds(1);
    assert_eq!(lease(&house, just_before, 10).await, []);
    let again = lease(&house, at(10), 10).await;
    assert_eq!(ids(&again), [planned.id]);
    assert_eq!(again[0].attempts, 2);
    assert_eq!(again[0].leased_until, at(20));
}

/// Whatever a slower worker says later.
pub async fn a_completed_effect_stays_completed(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let planned = effect_due(&house, at(0));
    enqueue(&house, std::slice::from_ref(&planned)).await;
    lease(&house, at(0), 10).await;
    let mut work = house.begin().await;
    let note = Some("skipped: the booking has moved on");
    work.outbox()
        .complete(planned.id, at(1), note)
        .await
        .unwrap();
    work.commit().await.unwrap();
    retry(&house, planned.id, at(2)).await;
    fail(&house, planned.id, at(2)).await;
    complete(&house, planned.id, at(3)).await;
    assert_eq!(lease(&house, at(59), 10).await, []);
    assert_eq!(counts(&house).await, (0, 0, 0));
    assert_eq!(next_due(&house).await, None);

    // What is not there is nobody's concern either: it may have been swept.
    let gone = OutboxId::generate(&house.ids);
    complete(&house, gone, at(1)).await;
    retry(&house, gone, at(1)).await;
    fail(&house, gone, at(1)).await;
    assert_eq!(counts(&house).await, (0, 0, 0));
}

/// Tries are counted by leases.
pub async fn a_retried_effect_is_due_later_and_counts_its_tries(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let planned = effect_due(&house, at(0));
    enqueue(&house, std::slice::from_ref(&planned)).await;
    for attempt in 1..=3 {
        let now = at(attempt * 5);
        let taken = lease(&house, now, 10).await;
        assert_eq!(ids(&taken), [planned.id]);
        assert_eq!(taken[0].attempts, attempt);
        retry(&house, planned.id, now + TimeDelta::minutes(5)).await;
        assert_eq!(counts(&house).await, (1, 0, 0));
        assert_eq!(lease(&house, now + TimeDelta::minutes(4), 10).await, []);
    }
    complete(&house, planned.id, at(50)).await;
    assert_eq!(lease(&house, at(59), 10).await, []);
}

/// The newest failure first, with what a person needs to know.
pub async fn a_failed_effect_is_kept_and_listed(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let planned: Vec<PlannedEffect> = (0..3).map(|m| effect_due(&house, at(m))).collect();
    enqueue(&house, &planned).await;
    lease(&house, at(5), 10).await;
    for (minute, planned) in (10..).zip(&planned) {
        fail(&house, planned.id, at(minute)).await;
    }
    assert_eq!(counts(&house).await, (0, 0, 3));
    assert_eq!(lease(&house, at(59), 10).await, []);
    assert_eq!(next_due(&house).await, None);
    let failures = house.begin_read().await.outbox().failures(2).await.unwrap();
    assert_eq!(failures.len(), 2);
    let newest = &failures[0];
    assert_eq!(newest.id, planned[2].id);
    assert_eq!(newest.kind, "notify");
    assert_eq!(newest.attempts, 1);
    assert_eq!(newest.last_error, "refused: \"550\"");
    assert_eq!(newest.failed_at, at(12));
    assert_eq!(failures[1].id, planned[1].id);
}

/// While an effect is ready, others with its key are dropped, in one call or in several.
pub async fn one_of_several_with_a_key_is_enough(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let first = with_key(&house, at(0), "sync bk1 'us1'");
    let second = with_key(&house, at(1), "sync bk1 'us1'");
    let third = with_key(&house, at(2), "sync bk1 'us1'");
    let other = with_key(&house, at(3), "sync bk2 'us1'");
    enqueue(&house, &[first.clone(), second]).await;
    enqueue(&house, &[third, other.clone()]).await;
    assert_eq!(counts(&house).await, (2, 0, 0));
    let taken = lease(&house, at(5), 10).await;
    assert_eq!(ids(&taken), [first.id, other.id]);

    // Once it is done the key is free.
    complete(&house, first.id, at(6)).await;
    let next = with_key(&house, at(7), "sync bk1 'us1'");
    enqueue(&house, std::slice::from_ref(&next)).await;
    assert_eq!(ids(&lease(&house, at(8), 10).await), [next.id]);
}

/// Two with one key are never worked on at once.
pub async fn an_effect_waits_while_another_with_its_key_is_leased(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let first = with_key(&house, at(0), "key");
    enqueue(&house, std::slice::from_ref(&first)).await;
    lease(&house, at(0), 10).await;
    let second = with_key(&house, at(1), "key");
    enqueue(&house, std::slice::from_ref(&second)).await;
    assert_eq!(counts(&house).await, (1, 1, 0));
    assert_eq!(lease(&house, at(2), 10).await, []);
    // It is due, but there is nothing to do before the lease ends.
    assert_eq!(next_due(&house).await, Some(at(10)));
    // The lease ends: the first is taken again, the second still waits.
    assert_eq!(ids(&lease(&house, at(10), 10).await), [first.id]);
    complete(&house, first.id, at(11)).await;
    assert_eq!(next_due(&house).await, Some(at(1)));
    assert_eq!(ids(&lease(&house, at(11), 10).await), [second.id]);
}

/// The newer one will do the same, so the older need not.
pub async fn a_retry_gives_way_to_a_newer_effect_with_its_key(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let first = with_key(&house, at(0), "key");
    enqueue(&house, std::slice::from_ref(&first)).await;
    lease(&house, at(0), 10).await;
    let second = with_key(&house, at(1), "key");
    enqueue(&house, std::slice::from_ref(&second)).await;
    retry(&house, first.id, at(5)).await;
    assert_eq!(counts(&house).await, (1, 0, 0));
    assert_eq!(ids(&lease(&house, at(30), 10).await), [second.id]);
}

/// A worker that sleeps until then misses nothing.
pub async fn the_next_due_instant_counts_leases(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    assert_eq!(next_due(&house).await, None);
    let (first, second) = (effect_due(&house, at(5)), effect_due(&house, at(40)));
    enqueue(&house, &[second.clone(), first.clone()]).await;
    assert_eq!(next_due(&house).await, Some(at(5)));
    lease(&house, at(20), 1).await;
    assert_eq!(next_due(&house).await, Some(at(30)));
    complete(&house, first.id, at(21)).await;
    assert_eq!(next_due(&house).await, Some(at(40)));
    lease(&house, at(40), 1).await;
    fail(&house, second.id, at(41)).await;
    assert_eq!(next_due(&house).await, None);
}

/// Whoever only looks sees what a lease would find, no more and no less.
pub async fn whether_anything_is_due_is_what_a_lease_would_find(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let is_any_due = async |now| {
        let mut work = house.begin_read().await;
        work.outbox().is_any_due(now).await.unwrap()
    };
    assert!(!is_any_due(at(59)).await);
    let (first, waiting) = (
        with_key(&house, at(5), "key"),
        with_key(&house, at(6), "key"),
    );
    enqueue(&house, std::slice::from_ref(&first)).await;
    assert!(!is_any_due(at(5) - TimeDelta::microseconds(1)).await);
    assert!(is_any_due(at(5)).await);
    assert_eq!(ids(&lease(&house, at(5), 10).await), [first.id]);
    assert!(!is_any_due(at(14)).await);
    // It is due, but one with its key is being worked on.
    enqueue(&house, &[waiting]).await;
    assert!(!is_any_due(at(14)).await);
    // The first one's lease has ended.
    assert!(is_any_due(at(15)).await);
    fail(&house, first.id, at(16)).await;
    assert!(is_any_due(at(16)).await);
    lease(&house, at(16), 10).await;
    assert!(!is_any_due(at(16)).await);
}

async fn hand_back(house: &House, leases: &[(OutboxId, u32)], now: DateTime<Utc>) -> u64 {
    let mut work = house.begin().await;
    let given_back = work.outbox().hand_back(leases, now).await.unwrap();
    work.commit().await.unwrap();
    given_back
}

/// It can be taken at once, and the attempt does not count.
pub async fn a_lease_that_is_handed_back_was_never_taken(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let planned: Vec<PlannedEffect> = (0..3).map(|m| effect_due(&house, at(m))).collect();
    enqueue(&house, &planned).await;
    assert_eq!(lease(&house, at(5), 10).await.len(), 3);
    let two = [(planned[2].id, 1), (planned[0].id, 1)];
    assert_eq!(hand_back(&house, &two, at(6)).await, 2);
    assert_eq!(counts(&house).await, (2, 1, 0));
    assert_eq!(next_due(&house).await, Some(at(0)));
    let taken = lease(&house, at(7), 10).await;
    assert_eq!(ids(&taken), [planned[0].id, planned[2].id]);
    assert_eq!((taken[0].attempts, taken[1].attempts), (1, 1));
    assert_eq!(hand_back(&house, &[], at(8)).await, 0);
}

/// Not what was settled, nor what another worker has taken over, nor what is not there.
pub async fn nobody_hands_back_what_is_not_his(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let planned: Vec<PlannedEffect> = (0..4).map(|m| effect_due(&house, at(m))).collect();
    enqueue(&house, &planned).await;
    lease(&house, at(5), 10).await;
    complete(&house, planned[0].id, at(6)).await;
    fail(&house, planned[1].id, at(6)).await;
    retry(&house, planned[2].id, at(50)).await;
    // The last one's lease ends, and another worker takes it.
    let taken = lease(&house, at(20), 10).await;
    assert_eq!((ids(&taken), taken[0].attempts), (vec![planned[3].id], 2));
    let gone = OutboxId::generate(&house.ids);
    let mut all: Vec<(OutboxId, u32)> = planned.iter().map(|planned| (planned.id, 1)).collect();
    all.push((gone, 1));
    assert_eq!(hand_back(&house, &all, at(21)).await, 0);
    assert_eq!(counts(&house).await, (1, 1, 1));
    assert_eq!(next_due(&house).await, Some(at(30)));
    assert_eq!(hand_back(&house, &[(planned[3].id, 2)], at(21)).await, 1);
    assert_eq!(hand_back(&house, &[(planned[3].id, 2)], at(21)).await, 0);
}

/// The newer one will do the same, so the older need not.
pub async fn what_is_handed_back_gives_way_to_a_newer_effect_with_its_key(
    storage: Arc<dyn Storage>,
) {
    let house = House::build(storage).await;
    let first = with_key(&house, at(0), "key");
    enqueue(&house, std::slice::from_ref(&first)).await;
    lease(&house, at(0), 10).await;
    let second = with_key(&house, at(1), "key");
    enqueue(&house, std::slice::from_ref(&second)).await;
    assert_eq!(hand_back(&house, &[(first.id, 1)], at(2)).await, 1);
    assert_eq!(counts(&house).await, (1, 0, 0));
    assert_eq!(ids(&lease(&house, at(30), 10).await), [second.id]);
}

/// What is ready, leased or failed stays; what is done goes when it is old enough.
pub async fn sweeping_forgets_only_what_is_done(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let planned: Vec<PlannedEffect> = (0..5).map(|_| effect_due(&house, at(0))).collect();
    enqueue(&house, &planned).await;
    let later = effect_due(&house, at(50));
    enqueue(&house, std::slice::from_ref(&later)).await;
    lease(&house, at(0), 10).await;
    complete(&house, planned[0].id, at(1)).await;
    complete(&house, planned[1].id, at(2)).await;
    complete(&house, planned[2].id, at(3)).await;
    fail(&house, planned[3].id, at(1)).await;
    let sweep = async |before| {
        let mut work = house.begin().await;
        let swept = work.outbox().sweep(before).await.unwrap();
        work.commit().await.unwrap();
        swept
    };
    assert_eq!(sweep(at(1)).await, 0);
    assert_eq!(sweep(at(3)).await, 2);
    assert_eq!(sweep(at(59)).await, 1);
    assert_eq!(counts(&house).await, (1, 1, 1));
}
