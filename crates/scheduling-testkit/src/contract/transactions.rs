//! Units of work: who waits for whom, who sees what, and what lasts.

use std::sync::Arc;

use scheduling_core::ids::UserId;
use scheduling_core::ports::{IdSource, Storage, StorageError};
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::fixture::{House, PATIENCE, assert_refused, assert_waits};
use crate::builders::{interval, parse, workspace};

const NINE: &str = "2026-11-24T09:00:00Z";
const WRITERS: usize = 24;

/// Twenty-four writers find one slot free and book it: one stores a booking, the others learn that it is taken.
pub async fn of_many_writers_on_one_slot_exactly_one_wins(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let start = Arc::new(Barrier::new(WRITERS));
    let mut writers = JoinSet::new();
    for _ in 0..WRITERS {
        let (house, start) = (house.clone(), Arc::clone(&start));
        writers.spawn(async move {
            start.wait().await;
            let hosts = [house.ann.id];
            let booking = house.booking(&hosts, NINE);
            let mut work = house.storage.begin().await?;
            work.lock_hosts(&hosts).await?;
            let taken = work
                .bookings()
                .reservations(&hosts, booking.interval)
                .await?;
            if !taken.is_empty() {
                return Ok::<_, StorageError>(false);
            }
            work.bookings().insert(&booking).await?;
            work.commit().await?;
            Ok(true)
        });
    }
    // The lock orders them, so that nobody even meets a conflict.
    let outcomes: Vec<bool> = timeout(PATIENCE, writers.join_all())
        .await
        .expect("nobody waits forever")
        .into_iter()
        .map(|outcome| outcome.expect("who looks before booking meets no conflict"))
        .collect();
    assert_eq!(outcomes.iter().filter(|won| **won).count(), 1);
    assert_eq!(house.all_reservations(house.ann.id).await.len(), 1);
}

/// The same without locking and without looking, each a minute after the other: the claims alone let one through.
pub async fn of_many_writers_that_check_nothing_exactly_one_wins(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let start = Arc::new(Barrier::new(WRITERS));
    let mut writers = JoinSet::new();
    for minute in 0..WRITERS {
        let (house, start) = (house.clone(), Arc::clone(&start));
        writers.spawn(async move {
            start.wait().await;
            let booking = house.booking(&[house.ann.id], &format!("2026-11-24T09:{minute:02}:00Z"));
            house.insert(&booking).await
        });
    }
    let outcomes = timeout(PATIENCE, writers.join_all())
        .await
        .expect("nobody waits forever");
    let (won, lost): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!(won.len(), 1);
    for outcome in lost {
        assert!(
            matches!(outcome, Err(StorageError::Conflict)),
            "{outcome:?}"
        );
    }
    assert_eq!(house.all_reservations(house.ann.id).await.len(), 1);
}

/// Writers name their hosts in different orders and never wait for each other in a circle.
pub async fn writers_who_lock_hosts_in_any_order_all_come_through(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let [ann, bob, eve] = [house.ann.id, house.bob.id, house.eve.id];
    let orders = [[ann, bob, eve], [eve, bob, ann], [bob, ann, eve]];
    let mut writers = JoinSet::new();
    for hour in 0..18 {
        let house = house.clone();
        let hosts = orders[hour % orders.len()];
        writers.spawn(async move {
            let booking = house.booking(&hosts, &format!("2026-11-24T{hour:02}:00:00Z"));
            let mut work = house.storage.begin().await?;
            work.lock_hosts(&hosts).await?;
            work.bookings().insert(&booking).await?;
            work.commit().await
        });
    }
    let outcomes = timeout(PATIENCE, writers.join_all())
        .await
        .expect("nobody waits forever");
    for outcome in outcomes {
        outcome.expect("their times differ");
    }
    assert_eq!(house.all_reservations(bob).await.len(), 18);
}

/// A second locker goes on only when the first has ended, and then sees what the first stored.
pub async fn who_waits_for_a_host_sees_what_the_other_stored(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let hosts = [house.ann.id];
    let booking = house.booking(&hosts, NINE);
    let mut first = house.begin().await;
    first.lock_hosts(&hosts).await.unwrap();
    let mut second = tokio::spawn({
        let house = house.clone();
        async move {
            let mut second = house.begin().await;
            second.lock_hosts(&[house.ann.id]).await.unwrap();
            let taken = second
                .bookings()
                .reservations(&[house.ann.id], interval(NINE, 30))
                .await
                .unwrap();
            taken.len()
        }
    });
    first.bookings().insert(&booking).await.unwrap();
    assert_waits(&mut second).await;
    first.commit().await.unwrap();
    let seen = timeout(PATIENCE, second)
        .await
        .expect("the wait ends")
        .unwrap();
    assert_eq!(seen, 1);
}

/// Hosts who do not exist are ignored, one named twice is locked once, and none is fine.
pub async fn locking_ignores_strangers_and_duplicates(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let stranger = UserId::from_uuid(house.ids.next_id());
    let mut work = house.begin().await;
    work.lock_hosts(&[]).await.unwrap();
    work.lock_hosts(&[house.bob.id, stranger, house.ann.id, house.bob.id])
        .await
        .unwrap();
    work.lock_hosts(&[house.bob.id]).await.unwrap();
    work.commit().await.unwrap();
}

/// While a writer is at work a reader answers at once, and answers alike to its end, whatever is committed meanwhile.
pub async fn a_reader_neither_waits_for_a_writer_nor_sees_half_of_it(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let booking = house.booking(&[house.ann.id], NINE);
    let mut writer = house.begin().await;
    writer.lock_hosts(&[house.ann.id]).await.unwrap();
    writer.bookings().insert(&booking).await.unwrap();

    let mut reader = timeout(PATIENCE, house.begin_read())
        .await
        .expect("a reader does not wait");
    let before = timeout(PATIENCE, reader.bookings().get(booking.id))
        .await
        .expect("a reader does not wait");
    assert_eq!(before.unwrap(), None);

    writer.commit().await.unwrap();
    assert_eq!(reader.bookings().get(booking.id).await.unwrap(), None);
    let taken = reader
        .bookings()
        .reservations(&[house.ann.id], booking.interval)
        .await
        .unwrap();
    assert_eq!(taken, []);
    drop(reader);

    assert_eq!(house.stored(booking.id).await, Some(booking));
}

/// A unit of work for reading refuses to write.
pub async fn a_reader_cannot_write(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let mut reader = house.begin_read().await;
    let other = workspace(&house.ids, "other");
    assert_refused(reader.directory().insert_workspace(&other).await);
    drop(reader);
    let mut reader = house.begin_read().await;
    let found = reader.directory().workspace_by_slug(&parse("other")).await;
    assert_eq!(found.unwrap(), None);
    reader.commit().await.unwrap();
}

/// A unit of work that is dropped leaves nothing behind, and nobody waits for it.
pub async fn dropping_undoes_everything(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let booking = house.booking(&[house.ann.id], NINE);
    let mut work = house.begin().await;
    work.lock_hosts(&[house.ann.id]).await.unwrap();
    work.bookings().insert(&booking).await.unwrap();
    drop(work);
    timeout(PATIENCE, async {
        assert_eq!(house.stored(booking.id).await, None);
        let mut work = house.begin().await;
        work.lock_hosts(&[house.ann.id]).await.unwrap();
        drop(work);
        house.insert(&booking).await.unwrap();
    })
    .await
    .expect("nobody waits for what was dropped");
}

/// Rolling back leaves nothing behind either.
pub async fn rolling_back_undoes_everything(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let booking = house.booking(&[house.ann.id], NINE);
    let mut work = house.begin().await;
    work.bookings().insert(&booking).await.unwrap();
    work.rollback().await.unwrap();
    assert_eq!(house.stored(booking.id).await, None);
    assert_eq!(house.all_reservations(house.ann.id).await, []);
    house.insert(&booking).await.unwrap();
}

/// After an error a unit of work stores nothing any more, and says so.
pub async fn after_an_error_nothing_can_be_committed(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let first = house.booking(&[house.ann.id], NINE);
    house.insert(&first).await.unwrap();
    let (bobs, anns) = (
        house.booking(&[house.bob.id], NINE),
        house.booking(&[house.ann.id], NINE),
    );
    let mut work = house.begin().await;
    work.bookings().insert(&bobs).await.unwrap();
    work.bookings().insert(&anns).await.unwrap_err();
    work.commit().await.unwrap_err();
    assert_eq!(house.stored(bobs.id).await, None);
    assert_eq!(house.stored(anns.id).await, None);
    house.insert(&bobs).await.unwrap();
}

/// A caller who goes away in the middle of anything, as an HTTP client may, leaves all or nothing, and no lock.
pub async fn work_that_is_cut_off_midway_holds_nothing(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let mut begun = Vec::new();
    for moment in 0..40 {
        let start = format!("2026-11-24T09:{moment:02}:00Z");
        let mut booking = house.booking(&[house.ann.id], &start);
        booking.interval = interval(&start, 1);
        begun.push(booking.id);
        let task = tokio::spawn({
            let house = house.clone();
            async move {
                let mut work = house.storage.begin().await?;
                work.lock_hosts(&[house.ann.id]).await?;
                work.bookings().insert(&booking).await?;
                work.commit().await
            }
        });
        for _ in 0..moment * moment {
            tokio::task::yield_now().await;
        }
        task.abort();
        // Cut off or through: both will do.
        let _ended = task.await;
    }
    let later = house.booking(&[house.ann.id], "2026-11-24T12:00:00Z");
    timeout(PATIENCE, async {
        let mut work = house.begin().await;
        work.lock_hosts(&[house.ann.id]).await.unwrap();
        work.bookings().insert(&later).await.unwrap();
        work.commit().await.unwrap();
    })
    .await
    .expect("nobody waits for who went away");
    // Whoever was cut off while he committed is through by now, or never will be.
    let mut stored = 1;
    for id in begun {
        stored += usize::from(house.stored(id).await.is_some());
    }
    assert_eq!(house.all_reservations(house.ann.id).await.len(), stored);
}
