//! Storage on PostgreSQL keeps the contract, and refuses what hands write.
//!
//! `KALENDS_TEST_POSTGRES` names a server; `tests/postgres start` starts one and prints its URL.

mod both;

use std::sync::Arc;
use std::time::Duration;

use both::Database;
use scheduling_core::ports::{Storage, StorageError};
use scheduling_persistence::{ConnectOptions, SeaOrmStorage, test_support};
use scheduling_testkit::storage_contract;
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
