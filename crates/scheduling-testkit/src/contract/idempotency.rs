//! Idempotency keys.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use scheduling_core::ports::{IdempotencyClaim, Storage};
use tokio::time::timeout;
use uuid::Uuid;

use super::fixture::{House, PATIENCE, assert_refused, assert_waits};
use crate::builders::instant;

const SCOPE: &str = "acme/intro";
const FINGERPRINT: [u8; 32] = [7; 32];

fn now() -> DateTime<Utc> {
    instant("2026-11-24T09:00:00Z")
}

/// Claims a key in a transaction of its own, without storing anything.
async fn claim(house: &House, scope: &str, key: &str, fingerprint: [u8; 32]) -> IdempotencyClaim {
    let mut work = house.begin().await;
    let claim = work
        .idempotency()
        .claim(scope, key, &fingerprint, now())
        .await
        .unwrap();
    work.rollback().await.unwrap();
    claim
}

/// Claims a key and books for it.
async fn book_with(house: &House, key: &str, start: &str) -> Uuid {
    let booking = house.booking(&[house.ann.id], start);
    let mut work = house.begin().await;
    let claim = work
        .idempotency()
        .claim(SCOPE, key, &FINGERPRINT, now())
        .await
        .unwrap();
    assert_eq!(claim, IdempotencyClaim::Fresh);
    work.bookings().insert(&booking).await.unwrap();
    work.idempotency()
        .store(SCOPE, key, booking.id.as_uuid())
        .await
        .unwrap();
    work.commit().await.unwrap();
    booking.id.as_uuid()
}

/// What a key stands for can be read without claiming it.
pub async fn a_key_is_found_without_being_claimed(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let find = async |key: &str, fingerprint: [u8; 32]| {
        let mut work = house.storage.begin_read().await.unwrap();
        work.idempotency()
            .find(SCOPE, key, &fingerprint)
            .await
            .unwrap()
    };
    assert_eq!(find("key", FINGERPRINT).await, IdempotencyClaim::Fresh);
    let made = book_with(&house, "key", "2026-11-24T09:00:00Z").await;
    assert_eq!(
        find("key", FINGERPRINT).await,
        IdempotencyClaim::Replay(made)
    );
    assert_eq!(find("key", [8; 32]).await, IdempotencyClaim::Reused);
    assert_eq!(find("other", FINGERPRINT).await, IdempotencyClaim::Fresh);
}

/// The second time, the key answers with what the first made.
pub async fn a_key_is_fresh_then_replayed(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let made = book_with(&house, "key '1'", "2026-11-24T09:00:00Z").await;
    let again = claim(&house, SCOPE, "key '1'", FINGERPRINT).await;
    assert_eq!(again, IdempotencyClaim::Replay(made));
    let other = claim(&house, SCOPE, "KEY '1'", FINGERPRINT).await;
    assert_eq!(other, IdempotencyClaim::Fresh);
    let mut work = house.begin().await;
    assert_refused(work.idempotency().store(SCOPE, "unclaimed", made).await);
}

/// A key belongs to one request.
pub async fn a_key_with_another_fingerprint_is_refused(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    book_with(&house, "key", "2026-11-24T09:00:00Z").await;
    let other = claim(&house, SCOPE, "key", [8; 32]).await;
    assert_eq!(other, IdempotencyClaim::Reused);
}

/// Two links may use one key for different things.
pub async fn scopes_keep_keys_apart(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    book_with(&house, "key", "2026-11-24T09:00:00Z").await;
    let elsewhere = claim(&house, "acme/other", "key", [8; 32]).await;
    assert_eq!(elsewhere, IdempotencyClaim::Fresh);
}

/// A request that failed may be sent again with its key.
pub async fn a_key_rolled_back_is_fresh_again(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let first = claim(&house, SCOPE, "key", FINGERPRINT).await;
    assert_eq!(first, IdempotencyClaim::Fresh);
    let other = claim(&house, SCOPE, "key", [8; 32]).await;
    assert_eq!(other, IdempotencyClaim::Fresh);
    book_with(&house, "key", "2026-11-24T09:00:00Z").await;
}

/// Two requests with one key at once: the second waits, then answers with what the first made.
pub async fn a_second_claim_waits_for_the_first(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let booking = house.booking(&[house.ann.id], "2026-11-24T09:00:00Z");
    let mut first = house.begin().await;
    let claimed = first
        .idempotency()
        .claim(SCOPE, "key", &FINGERPRINT, now())
        .await;
    assert_eq!(claimed.unwrap(), IdempotencyClaim::Fresh);
    let mut second = tokio::spawn({
        let house = house.clone();
        async move { claim(&house, SCOPE, "key", FINGERPRINT).await }
    });
    first.bookings().insert(&booking).await.unwrap();
    first
        .idempotency()
        .store(SCOPE, "key", booking.id.as_uuid())
        .await
        .unwrap();
    assert_waits(&mut second).await;
    first.commit().await.unwrap();
    let second = timeout(PATIENCE, second).await.expect("the wait ends");
    assert_eq!(
        second.unwrap(),
        IdempotencyClaim::Replay(booking.id.as_uuid())
    );
}

/// Keys are kept as long as they are promised, not longer.
pub async fn sweeping_forgets_old_keys(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let made = book_with(&house, "key", "2026-11-24T09:00:00Z").await;
    let mut work = house.begin().await;
    assert_eq!(work.idempotency().sweep(now()).await.unwrap(), 0);
    work.commit().await.unwrap();
    let again = claim(&house, SCOPE, "key", FINGERPRINT).await;
    assert_eq!(again, IdempotencyClaim::Replay(made));
    let mut work = house.begin().await;
    let after = now() + TimeDelta::microseconds(1);
    assert_eq!(work.idempotency().sweep(after).await.unwrap(), 1);
    work.commit().await.unwrap();
    let again = claim(&house, SCOPE, "key", FINGERPRINT).await;
    assert_eq!(again, IdempotencyClaim::Fresh);
}

/// A key stands for whatever was made: the storage does not ask what that is, or whether it is still there.
pub async fn a_key_stands_for_whatever_was_made(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    for (key, made) in [
        ("link", house.event_type.id.as_uuid()),
        ("gone", Uuid::from_u128(7)),
        ("nil", Uuid::nil()),
    ] {
        let mut work = house.begin().await;
        let keys = work.idempotency();
        let claimed = keys.claim("members/us1", key, &FINGERPRINT, now()).await;
        assert_eq!(claimed.unwrap(), IdempotencyClaim::Fresh);
        keys.store("members/us1", key, made).await.unwrap();
        work.commit().await.unwrap();
        let again = claim(&house, "members/us1", key, FINGERPRINT).await;
        assert_eq!(again, IdempotencyClaim::Replay(made));
    }
}
