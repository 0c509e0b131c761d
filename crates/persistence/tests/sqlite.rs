//! Storage on SQLite keeps the contract, and refuses what hands write.

mod both;

use std::sync::Arc;
use std::time::Duration;

use both::Database;
use scheduling_core::ports::{Storage, StorageError};
use scheduling_persistence::{ConnectOptions, SeaOrmStorage};
use scheduling_testkit::storage_contract;
use sea_orm::ConnectionTrait;

/// Hands a fresh database in a temporary file to a test.
async fn with_database<F, T>(test: F)
where
    F: FnOnce(Database) -> T,
    T: Future<Output = ()> + Send + 'static,
{
    let folder = tempfile::tempdir().expect("a temporary folder");
    let url = format!("sqlite:{}", folder.path().join("kalends.db").display());
    test(Database { url }).await;
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

/// `or replace` deletes what is in the way of a unique key; it must not get past the triggers.
#[tokio::test]
async fn replacing_does_not_get_past_the_triggers() {
    with_database(|database: Database| async move {
        let (house, raw) = database.with_a_booking().await;
        let host = house.host_sql();
        for (starts_at, ends_at) in [(house.starts_at, house.ends_at), (house.starts_at - 1, house.ends_at)] {
            let replace = format!(
                "insert or replace into claims select {host}, {starts_at}, {ends_at}, booking_id, null, null from claims"
            );
            let refused = raw.execute_unprepared(&replace).await.unwrap_err();
            assert!(refused.to_string().contains("must not overlap"), "{refused}");
        }
        assert_eq!(house.storage.verify().await.unwrap(), []);
    })
    .await;
}

/// SQLite keeps any bytes as text, and ids of any length.
#[tokio::test]
async fn what_cannot_even_be_decoded_is_named_and_takes_nothing_else_down() {
    with_database(|database: Database| async move {
        let (house, raw) = database.with_a_booking().await;
        let event_type = house.id_sql(house.event_type.id.as_uuid());
        let id = house.event_type.id;
        let damage = |statement: &'static str| raw.execute_unprepared(statement);
        damage("update event_types set title = cast(x'ff' as text)")
            .await
            .unwrap();
        let mut work = house.storage.begin_read().await.unwrap();
        let listed = work.event_types().list(house.workspace).await.unwrap();
        assert!(listed.found.is_empty());
        let said: Vec<String> = listed.unreadable.iter().map(ToString::to_string).collect();
        let place = format!("the stored event_types.title of row {id} cannot be read");
        assert_eq!(said, std::slice::from_ref(&place));
        let refused = work.event_types().get(id).await.unwrap_err();
        assert_eq!(refused.to_string(), place);
        drop(work);
        let violations = house.storage.verify().await.unwrap();
        let said = violations[0].to_string();
        let place = format!("event_types.title of row {id} cannot be read: ");
        assert!(violations.len() == 1 && said.starts_with(&place), "{violations:?}");
        damage("update event_types set title = 'Intro'").await.unwrap();

        let short = format!(
            "insert into event_types select x'00', workspace_id, 'short', title, description, category, position, rules,
                assignment, required, locations, status, version, durations, hours, schedule_id, form, policy, appearance,
                reminders, revision from event_types where id = {event_type}"
        );
        raw.execute_unprepared(&short).await.unwrap();
        let mut work = house.storage.begin_read().await.unwrap();
        let listed = work.event_types().list(house.workspace).await.unwrap();
        assert_eq!(listed.found.len(), 1);
        let said = listed.unreadable[0].to_string();
        assert_eq!(said, "the stored event_types.id of row ? cannot be read");
        drop(work);
        assert_eq!(house.storage.verify().await.unwrap().len(), 1);
    })
    .await;
}

/// Somebody wrote on a connection that does not keep foreign keys.
#[tokio::test]
async fn a_row_that_names_nothing_is_found() {
    with_database(|database: Database| async move {
        let (house, raw) = database.with_a_booking().await;
        raw.execute_unprepared("pragma foreign_keys = off")
            .await
            .unwrap();
        let gone = format!("delete from people where id = {}", house.host_sql());
        raw.execute_unprepared(&gone).await.unwrap();
        let violations = house.storage.verify().await.unwrap();
        let said: Vec<String> = violations.iter().map(ToString::to_string).collect();
        for table in ["booking_hosts", "claims", "members", "schedules"] {
            let one = said
                .iter()
                .find(|said| said.contains(&format!("of {table} names")));
            let one = one.unwrap_or_else(|| panic!("nothing said of {table}: {said:?}"));
            assert!(
                one.ends_with("names a row of people that does not exist"),
                "{one}"
            );
        }
    })
    .await;
}

/// Another process holds the write lock for too long.
#[tokio::test(flavor = "multi_thread")]
async fn a_lock_held_elsewhere_is_unavailable() {
    with_database(|database: Database| async move {
        let holder = database.migrated().await;
        let options = ConnectOptions {
            lock_timeout: Duration::from_millis(50),
            ..ConnectOptions::default()
        };
        let waiter = SeaOrmStorage::connect(&database.url, &options)
            .await
            .unwrap();
        let held = holder.begin().await.unwrap();
        let refused = waiter.begin().await.err();
        assert!(
            matches!(refused, Some(StorageError::Unavailable(_))),
            "{refused:?}"
        );
        held.rollback().await.unwrap();
        waiter.begin().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_opened_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = format!(
        "sqlite:{}",
        folder.path().join("no/such/folder.db").display()
    );
    let refused = SeaOrmStorage::connect(&nowhere, &ConnectOptions::default()).await;
    assert!(
        matches!(refused, Err(StorageError::Unavailable(_))),
        "{refused:?}"
    );
    let text = folder.path().join("text.db");
    std::fs::write(&text, "this is no database, however long it may be").unwrap();
    let refused = SeaOrmStorage::connect(
        &format!("sqlite:{}", text.display()),
        &ConnectOptions::default(),
    )
    .await;
    assert!(refused.is_err());
    for url in ["sqlite::memory:", "mysql://host/database", "kalends.db"] {
        let refused = SeaOrmStorage::connect(url, &ConnectOptions::default()).await;
        assert!(
            matches!(refused, Err(StorageError::Other(_))),
            "{url}: {refused:?}"
        );
    }
}

#[tokio::test]
async fn the_settings_hold_on_every_connection() {
    with_database(|database: Database| async move {
        let storage = database.migrated().await;
        storage.close().await.unwrap();
        let raw = database.raw().await;
        // The log stays on in the file; a plain connection sees it.
        let mode = both::text(&raw, "pragma journal_mode").await;
        assert_eq!(mode, "wal");
    })
    .await;
}
