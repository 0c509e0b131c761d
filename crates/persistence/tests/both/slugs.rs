//! The one namespace of event types and links.

use std::sync::Arc;

use scheduling_core::ids::EventTypeId;
use scheduling_core::ports::{Storage, StorageError};
use scheduling_testkit::builders;
use sea_orm::ConnectionTrait;
use tokio::sync::Barrier;

use super::{Database, by_hand};

pub(crate) async fn a_slug_is_taken_once_by_hand_too(database: Database) {
    let (house, raw) = database.with_a_booking().await;
    let link = builders::link(&house.ids, &house.event_type, "spring");
    let mut work = house.storage.begin().await.unwrap();
    work.links().insert(&link).await.unwrap();
    work.commit().await.unwrap();
    // "intro" is the event type's.
    for refused in [
        "update booking_links set slug = 'intro'",
        "update event_types set slug = 'spring'",
    ] {
        assert!(raw.execute_unprepared(refused).await.is_err(), "{refused}");
    }
    // To itself, and to one that nobody has, it may change; then the old one is free.
    by_hand(&raw, "update booking_links set slug = 'spring'").await;
    by_hand(&raw, "update booking_links set slug = 'summer'").await;
    by_hand(&raw, "update event_types set slug = 'spring'").await;
    assert_eq!(house.storage.verify().await.unwrap(), []);
    by_hand(&raw, "delete from booking_links").await;
    by_hand(&raw, "update event_types set slug = 'summer'").await;
    assert_eq!(house.storage.verify().await.unwrap(), []);
}

pub(crate) async fn of_an_event_type_and_a_link_that_take_a_slug_at_once_one_has_it(
    database: Database,
) {
    let (house, _raw) = database.with_a_booking().await;
    for round in 0..10 {
        let slug = format!("both-{round}");
        let link = builders::link(&house.ids, &house.event_type, &slug);
        let mut event_type = house.event_type.clone();
        event_type.id = EventTypeId::generate(&house.ids);
        event_type.slug = builders::parse(&slug);
        let barrier = Arc::new(Barrier::new(2));
        let (storage, both) = (house.storage.clone(), Arc::clone(&barrier));
        let one = tokio::spawn(async move {
            both.wait().await;
            let mut work = storage.begin().await?;
            work.links().insert(&link).await?;
            work.commit().await
        });
        let storage = house.storage.clone();
        let other = tokio::spawn(async move {
            barrier.wait().await;
            let mut work = storage.begin().await?;
            work.event_types().insert(&event_type).await?;
            work.commit().await
        });
        let results = [one.await.unwrap(), other.await.unwrap()];
        let had = results.iter().filter(|result| result.is_ok()).count();
        let refused = results
            .iter()
            .filter(|r| matches!(r, Err(StorageError::Conflict)));
        assert_eq!((had, refused.count()), (1, 1), "{results:?}");
    }
    assert_eq!(house.storage.verify().await.unwrap(), []);
}
