//! Migrating a PostgreSQL database that others work with.

#![expect(
    clippy::unwrap_used,
    reason = "these are tests: panicking is how they say no"
)]

use std::time::Duration;

use scheduling_migration::{Migrator, MigratorTrait as _};
use scheduling_persistence::{ConnectOptions, Schema, SeaOrmStorage, test_support};
use sea_orm::{ConnectionTrait, Database, DbBackend, Statement, TransactionTrait as _};

async fn asks(database: &impl ConnectionTrait, question: &str) -> bool {
    let question = Statement::from_string(DbBackend::Postgres, question);
    let row = database.query_one_raw(question).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_gives_way_to_a_transaction_that_has_one_of_its_tables_and_wants_another() {
    let ran = test_support::with_postgres(|url| async move {
        let database = Database::connect(&url).await.unwrap();
        // The first release. The next step changes workspaces first, and people later.
        Migrator::up(&database, Some(3)).await.unwrap();
        let working = database.begin().await.unwrap();
        working
            .execute_unprepared("lock table people in row exclusive mode")
            .await
            .unwrap();

        let options = ConnectOptions::default();
        let storage = SeaOrmStorage::connect(&url, &options).await.unwrap();
        let node = storage.clone();
        let migrating = tokio::spawn(async move { node.migrate().await });
        let waits = "select exists(select from pg_locks where relation = 'people'::regclass and not granted)";
        while !asks(&database, waits).await {
            assert!(
                !migrating.is_finished(),
                "it needs people, which are in use"
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // It has workspaces by now.
        assert!(!asks(&working, "select exists(select from workspaces)").await);
        // However long this one goes on, nobody behind the migration waits for its end.
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_millis(300)).await;
            assert!(!asks(&database, "select exists(select from workspaces)").await);
        }
        assert!(!migrating.is_finished());
        working.commit().await.unwrap();
        migrating.await.unwrap().unwrap();
        assert_eq!(storage.schema().await.unwrap(), Schema::UpToDate);
    });
    if !ran.await {
        eprintln!("left out: {} has postgres", test_support::WITHOUT);
    }
}
