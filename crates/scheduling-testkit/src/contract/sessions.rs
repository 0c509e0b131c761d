//! Group sessions and their seats.

use std::sync::Arc;

use scheduling_core::event_type::{Buffers, Capacity, EventType, Hosting};
use scheduling_core::ids::{SessionId, UserId};
use scheduling_core::ports::{Storage, StorageError, UnitOfWork};
use scheduling_core::time::{Interval, Minutes};
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::fixture::{House, PATIENCE, assert_conflict, assert_refused};
use crate::builders::{event_type, interval};

const NINE: &str = "2026-11-24T09:00:00Z";
const BUFFERS: Buffers = Buffers {
    before: Minutes(10),
    after: Minutes(5),
};

/// An event type with seats, stored, hosted by Ann.
async fn class(house: &House, seats: u32) -> EventType {
    let hosting = Hosting::single(house.ann.id);
    let mut class = event_type(&house.ids, house.workspace.id, "class", 60, hosting);
    class.rules.capacity = Capacity::seats(seats).unwrap();
    let mut work = house.begin().await;
    work.event_types().insert(&class).await.unwrap();
    work.commit().await.unwrap();
    class
}

async fn take(
    work: &mut Box<dyn UnitOfWork>,
    house: &House,
    class: &EventType,
    host: UserId,
    at: Interval,
) -> Result<SessionId, StorageError> {
    let new_id = SessionId::generate(&house.ids);
    work.sessions()
        .take_seat(new_id, class, host, at, BUFFERS)
        .await
}

async fn take_alone(
    house: &House,
    class: &EventType,
    at: Interval,
) -> Result<SessionId, StorageError> {
    let mut work = house.storage.begin().await?;
    let session = take(&mut work, house, class, house.ann.id, at).await?;
    work.commit().await?;
    Ok(session)
}

/// Seats of one session are taken one by one, then there is none.
pub async fn seats_fill_and_then_conflict(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let class = class(&house, 3).await;
    let at = interval(NINE, 60);
    let first = take_alone(&house, &class, at).await.unwrap();
    assert_eq!(take_alone(&house, &class, at).await.unwrap(), first);
    assert_eq!(take_alone(&house, &class, at).await.unwrap(), first);
    assert_conflict(take_alone(&house, &class, at).await);
    let taken = house.all_reservations(house.ann.id).await;
    assert_eq!(taken.len(), 1);
    assert_eq!(taken[0].session, Some(first));
    assert_eq!(taken[0].seats_taken, 3);
    assert_eq!(taken[0].event_type, class.id);
    assert_eq!(taken[0].interval, at);
    assert_eq!(taken[0].buffers, BUFFERS);
}

/// Seats that are given back are free again; with the last one the session goes, and its claim.
pub async fn the_last_to_leave_gives_the_time_back(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let class = class(&house, 2).await;
    let at = interval(NINE, 60);
    let session = take_alone(&house, &class, at).await.unwrap();
    take_alone(&house, &class, at).await.unwrap();

    let mut work = house.begin().await;
    work.sessions().leave(session).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(house.all_reservations(house.ann.id).await[0].seats_taken, 1);
    assert_eq!(take_alone(&house, &class, at).await.unwrap(), session);

    let mut work = house.begin().await;
    work.sessions().leave(session).await.unwrap();
    work.sessions().leave(session).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(house.all_reservations(house.ann.id).await, []);
    house
        .insert(&house.booking(&[house.ann.id], NINE))
        .await
        .unwrap();
    assert_conflict(take_alone(&house, &class, at).await);
}

/// A session's claim, buffers included, keeps bookings away; who has a seat claims nothing besides.
pub async fn a_session_claims_its_host(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let class = class(&house, 2).await;
    let session = take_alone(&house, &class, interval(NINE, 60))
        .await
        .unwrap();
    for start in ["2026-11-24T08:21:00Z", NINE, "2026-11-24T10:04:00Z"] {
        assert_conflict(house.insert(&house.booking(&[house.ann.id], start)).await);
    }
    for start in ["2026-11-24T08:20:00Z", "2026-11-24T10:05:00Z"] {
        let beside = house.booking(&[house.ann.id], start);
        house.insert(&beside).await.unwrap();
    }
    let mut seated = house.booking(&[house.ann.id], NINE);
    seated.interval = interval(NINE, 60);
    seated.hosts[0].session = Some(session);
    house.insert(&seated).await.unwrap();
    assert_eq!(house.stored(seated.id).await, Some(seated));
    assert_eq!(house.all_reservations(house.ann.id).await.len(), 3);
}

/// A session is one host's, of one event type, at exactly one interval.
pub async fn another_start_or_event_type_is_another_session(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let class = class(&house, 5).await;
    let at = interval(NINE, 60);
    let first = take_alone(&house, &class, at).await.unwrap();
    assert_conflict(take_alone(&house, &class, interval("2026-11-24T09:30:00Z", 60)).await);
    assert_conflict(take_alone(&house, &class, interval(NINE, 30)).await);
    assert_conflict(take_alone(&house, &house.event_type, at).await);
    let later = interval("2026-11-24T12:00:00Z", 60);
    let second = take_alone(&house, &class, later).await.unwrap();
    assert_ne!(first, second);
    let mut work = house.begin().await;
    let bobs = take(&mut work, &house, &class, house.bob.id, at).await;
    assert_ne!(bobs.unwrap(), first);
    work.commit().await.unwrap();
}

/// The capacity is the event type's of today, also for a session that is open already.
pub async fn a_raised_capacity_opens_seats(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let mut class = class(&house, 1).await;
    let at = interval(NINE, 60);
    let session = take_alone(&house, &class, at).await.unwrap();
    assert_conflict(take_alone(&house, &class, at).await);
    class.rules.capacity = Capacity::seats(2).unwrap();
    assert_eq!(take_alone(&house, &class, at).await.unwrap(), session);
    class.rules.capacity = Capacity::ONE;
    assert_conflict(take_alone(&house, &class, at).await);
}

/// A seat in no session cannot be given back.
pub async fn leaving_no_session_is_an_error(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let nowhere = SessionId::generate(&house.ids);
    let mut work = house.begin().await;
    assert_refused(work.sessions().leave(nowhere).await);
}

/// One seat of ten is left, and twenty-four want it at once.
pub async fn of_many_who_want_the_last_seat_exactly_one_gets_it(storage: Arc<dyn Storage>) {
    const WRITERS: usize = 24;
    let house = House::build(storage).await;
    let class = class(&house, 10).await;
    let at = interval(NINE, 60);
    for _ in 0..9 {
        take_alone(&house, &class, at).await.unwrap();
    }
    let start = Arc::new(Barrier::new(WRITERS));
    let mut writers = JoinSet::new();
    for _ in 0..WRITERS {
        let (house, class, start) = (house.clone(), class.clone(), Arc::clone(&start));
        writers.spawn(async move {
            start.wait().await;
            take_alone(&house, &class, at).await
        });
    }
    let outcomes = timeout(PATIENCE, writers.join_all())
        .await
        .expect("nobody waits forever");
    let (seated, refused): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!(seated.len(), 1);
    for outcome in refused {
        assert_conflict(outcome);
    }
    let taken = house.all_reservations(house.ann.id).await;
    assert_eq!(taken[0].seats_taken, 10);
}
