//! Storage on PostgreSQL keeps the contract, and refuses what hands write.
//!
//! `KALENDS_TEST_POSTGRES` names a server; `tests/postgres start` starts one and prints its URL.

mod both;

use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use both::Database;
use chrono::{DateTime, TimeDelta, Utc};
use scheduling_core::ports::{Clock, Storage, StorageError};
use scheduling_persistence::{ConnectOptions, DatabaseClock, SeaOrmStorage, test_support};
use scheduling_testkit::{ManualClock, builders, storage_contract};
use sea_orm::ConnectionTrait;

/// Hands a fresh database to a test, or says that it was left out.
async fn with_database<F, T>(test: F)
where
    F: FnOnce(Database) -> T,
    T: Future<Output = ()> + Send + 'static,
{
    if !test_support::with_postgres(|url| test(Database { url })).await {
        eprintln!("left out: {} has postgres", test_support::WITHOUT);
    }
}

async fn with_storage<F, T>(test: F)
where
    F: FnOnce(Arc<dyn Storage>) -> T + Send + 'static,
    T: Future<Output = ()> + Send + 'static,
{
    with_database(|database: Database| async move {
        test(Arc::new(database.migrated().await)).await;
    })
    .await;
}

storage_contract!(with_storage);
both::tests!(with_database);

/// Nobody waits for a host's lock forever.
#[tokio::test(flavor = "multi_thread")]
async fn a_lock_held_for_too_long_is_unavailable() {
    with_database(|database: Database| async move {
        let (house, _raw) = database.with_a_booking().await;
        let options = ConnectOptions {
            lock_timeout: Duration::from_millis(50),
            ..ConnectOptions::default()
        };
        let waiter = SeaOrmStorage::connect(&database.url, &options)
            .await
            .unwrap();
        let mut held = house.storage.begin().await.unwrap();
        held.lock_hosts(&[house.host]).await.unwrap();
        let mut waiting = waiter.begin().await.unwrap();
        let refused = waiting.lock_hosts(&[house.host]).await;
        assert!(
            matches!(refused, Err(StorageError::Unavailable(_))),
            "{refused:?}"
        );
    })
    .await;
}

/// Two that wait for each other in a circle, by statements of their own: one is told to start again.
#[tokio::test(flavor = "multi_thread")]
async fn a_deadlock_is_a_conflict() {
    with_database(|database: Database| async move {
        let (house, _raw) = database.with_a_booking().await;
        let [ann, bob] = house.two_hosts;
        let mut first = house.storage.begin().await.unwrap();
        let mut second = house.storage.begin().await.unwrap();
        first.lock_hosts(&[ann]).await.unwrap();
        second.lock_hosts(&[bob]).await.unwrap();
        let hosts = ([bob], [ann]);
        let (one, other) = tokio::join!(first.lock_hosts(&hosts.0), async {
            let result = second.lock_hosts(&hosts.1).await;
            drop(second);
            result
        });
        let results = [one, other];
        assert!(
            results
                .iter()
                .any(|r| matches!(r, Err(StorageError::Conflict))),
            "{results:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_unavailable() {
    // Port 1 of this machine: nobody listens.
    let url = "postgres://nobody@127.0.0.1:1/nothing";
    let options = ConnectOptions {
        acquire_timeout: Duration::from_millis(500),
        ..ConnectOptions::default()
    };
    let refused = SeaOrmStorage::connect(url, &options).await;
    assert!(
        matches!(refused, Err(StorageError::Unavailable(_))),
        "{refused:?}"
    );
}

/// A server that ends a session is unavailable to the one who had it, and there again for the next.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_the_server_ends_is_unavailable() {
    with_database(|database: Database| async move {
        let (house, raw) = database.with_a_booking().await;
        let mut work = house.storage.begin().await.unwrap();
        work.lock_hosts(&[house.host]).await.unwrap();
        raw.execute_unprepared(
            "select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and pid <> pg_backend_pid()",
        )
        .await
        .unwrap();
        let refused = work.lock_hosts(&[house.host]).await;
        assert!(
            matches!(refused, Err(StorageError::Unavailable(_))),
            "{refused:?}"
        );
        drop(work);
        // The pool may still hold a connection or two that died with it.
        for _ in 0..3 {
            if let Ok(mut work) = house.storage.begin().await
                && work.lock_hosts(&[house.host]).await.is_ok()
            {
                return;
            }
        }
        panic!("the pool did not recover");
    })
    .await;
}

/// The database's own clock decides about leases: whatever the callers' clocks say, nobody takes what another one has, and
/// nobody sits on what is due.
#[tokio::test(flavor = "multi_thread")]
async fn leases_go_by_the_clock_of_the_database() {
    with_database(|database: Database| async move {
        let (house, raw) = database.with_a_booking().await;
        let storage = SeaOrmStorage::connect(&database.url, &ConnectOptions::default())
            .await
            .unwrap();
        let now = storage.now().await.unwrap().unwrap();
        let (soon, late) = (now - TimeDelta::seconds(1), now + TimeDelta::hours(1));
        let [due, not_due] = [soon, late]
            .map(|due_at| builders::effect(&house.ids, house.booking.id, house.host, due_at));
        let mut work = storage.begin().await.unwrap();
        work.outbox()
            .enqueue(&[due.clone(), not_due])
            .await
            .unwrap();
        work.commit().await.unwrap();
        let clocks = [
            now - TimeDelta::days(400),
            now - TimeDelta::minutes(5),
            now + TimeDelta::minutes(5),
            now + TimeDelta::days(400),
        ];
        let lease = async |clock| {
            let mut work = storage.begin().await.unwrap();
            let lasting = TimeDelta::minutes(1);
            let is_any = work.outbox().is_any_due(clock).await.unwrap();
            let taken = work.outbox().lease(clock, lasting, 10).await.unwrap();
            assert_eq!(is_any, !taken.is_empty());
            work.commit().await.unwrap();
            taken
        };
        // Each of them finds what is due, nothing else, for a minute of the database's.
        for (attempt, clock) in (1..).zip(clocks) {
            let taken = lease(clock).await;
            assert_eq!(taken.len(), 1, "{clock}");
            assert_eq!((taken[0].id, taken[0].attempts), (due.id, attempt));
            let ends_in = taken[0].leased_until - storage.now().await.unwrap().unwrap();
            assert!(
                ends_in <= TimeDelta::minutes(1) && ends_in > TimeDelta::seconds(50),
                "{ends_in}"
            );
            for other in clocks {
                assert_eq!(lease(other).await, [], "{other}");
            }
            // Time passes for the database.
            raw.execute_unprepared("update outbox set leased_until = leased_until - 60000000")
                .await
                .unwrap();
        }
        let mut work = storage.begin().await.unwrap();
        let forever = work.outbox().lease(now, TimeDelta::MAX, 10).await.unwrap();
        assert!(forever[0].leased_until > now + TimeDelta::days(36_500));
        work.commit().await.unwrap();
    })
    .await;
}

/// A clock that shows what the database's does, however wrong the machine's is.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_with_a_wrong_clock_shows_the_time_of_the_database() {
    with_database(|database: Database| async move {
        let storage = database.connect().await;
        let truth = storage.now().await.unwrap().unwrap();
        let machine = ManualClock::at(truth - TimeDelta::minutes(7));
        let clock = DatabaseClock::start(&storage, Arc::new(machine.clone()))
            .await
            .unwrap()
            .expect("the database has a clock");
        let off = |shown: DateTime<Utc>, truth: DateTime<Utc>| (shown - truth).abs();
        let near = TimeDelta::seconds(2);
        assert!(off(clock.now(), truth) < near, "{clock:?}");
        assert!(clock.offset().ahead < TimeDelta::minutes(-6));
        // Somebody sets the machine's clock: what is shown does not care, and the offset tells.
        machine.advance(TimeDelta::days(1));
        let before = clock.now();
        let offset = clock.ask().await.unwrap();
        assert!(offset.ahead > TimeDelta::hours(23), "{offset:?}");
        let truth = storage.now().await.unwrap().unwrap();
        assert!(clock.now() >= before && off(clock.now(), truth) < near);
        // The database goes away.
        storage.close().await.unwrap();
        clock.ask().await.unwrap_err();
        assert!(clock.now() >= before);
        assert_eq!(clock.offset(), offset);
    })
    .await;
}

/// Polls a future so many times, and drops it wherever it stands.
async fn cut_after<T>(polls: usize, future: impl Future<Output = T>) {
    let mut future = std::pin::pin!(future);
    for _ in 0..polls {
        let once = std::future::poll_fn(|context| Poll::Ready(future.as_mut().poll(context)));
        if once.await.is_ready() {
            return;
        }
    }
}

/// Whoever goes away while a transaction is being begun leaves none behind, whatever moment he chooses.
#[tokio::test(flavor = "multi_thread")]
async fn a_beginning_that_is_cut_off_leaves_no_transaction_behind() {
    with_database(|database: Database| async move {
        let options = ConnectOptions {
            writers: 1,
            readers: 1,
            ..ConnectOptions::default()
        };
        let storage = SeaOrmStorage::connect(&database.url, &options)
            .await
            .unwrap();
        storage.migrate().await.unwrap();
        let raw = database.raw().await;
        let left = "select cast(count(*) as text) from pg_stat_activity
            where datname = current_database() and state like 'idle in transaction%'";
        let leaves_nothing = async || {
            for _ in 0..100 {
                if both::text(&raw, left).await == "0" {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            panic!("somebody left a transaction behind");
        };
        for polls in (1..=4).cycle().take(40) {
            cut_after(polls, storage.begin_read()).await;
            leaves_nothing().await;
            cut_after(polls, storage.begin()).await;
            leaves_nothing().await;
            storage.schema().await.unwrap();
            storage
                .begin_read()
                .await
                .unwrap()
                .rollback()
                .await
                .unwrap();
        }
    })
    .await;
}
