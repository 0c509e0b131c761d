//! What whoever watches is told: the outbox in figures, the connections, and what the database says of itself.

use chrono::TimeDelta;
use scheduling_core::ports::Storage;
use scheduling_persistence::{DatabaseFacts, OutboxFigures};
use scheduling_testkit::builders;

use super::Database;

pub(crate) async fn the_outbox_is_told_in_figures(database: Database) {
    let (house, _raw) = database.with_a_booking().await;
    let now = house.booking.created_at;
    assert_eq!(
        house.storage.outbox_figures(now).await.unwrap(),
        OutboxFigures::default()
    );
    let due = [
        now - TimeDelta::minutes(5),
        now - TimeDelta::seconds(10),
        now,
        now + TimeDelta::microseconds(1),
        now + TimeDelta::days(3),
    ];
    let effects = due.map(|due| {
        let mut effect = builders::effect(&house.ids, house.booking.id, house.host, due);
        effect.dedupe_key = None;
        effect
    });
    let mut work = house.storage.begin().await.unwrap();
    work.outbox().enqueue(&effects).await.unwrap();
    work.commit().await.unwrap();
    let expected = OutboxFigures {
        ready: 5,
        due: 3,
        overdue: 1,
        leased: 0,
        failed: 0,
        oldest_due: Some(due[0]),
    };
    assert_eq!(house.storage.outbox_figures(now).await.unwrap(), expected);

    let mut work = house.storage.begin().await.unwrap();
    let minute = TimeDelta::minutes(1);
    let leased = work.outbox().lease(now, minute, 2).await.unwrap();
    assert_eq!(leased.len(), 2);
    let outbox = work.outbox();
    outbox.fail(leased[0].id, now, "no").await.unwrap();
    work.commit().await.unwrap();
    let expected = OutboxFigures {
        ready: 3,
        due: 1,
        overdue: 0,
        leased: 1,
        failed: 1,
        oldest_due: Some(now),
    };
    assert_eq!(house.storage.outbox_figures(now).await.unwrap(), expected);
}

pub(crate) async fn connections_are_told_in_figures(database: Database) {
    let storage = database.migrated().await;
    let [readers, writers] = storage.pool_figures();
    assert_eq!((readers.purpose, writers.purpose), ("read", "write"));
    let held = storage.begin_read().await.unwrap();
    let [during, _] = storage.pool_figures();
    assert!(during.open >= 1 && during.open <= during.most);
    assert!(during.idle < during.open, "{during:?}");
    held.rollback().await.unwrap();
}

pub(crate) async fn a_database_says_what_it_is(database: Database) {
    let (house, _raw) = database.with_a_booking().await;
    match house.storage.examine().await.unwrap() {
        DatabaseFacts::Postgres(facts) => {
            assert!(facts.version_number >= 120_000, "{facts:?}");
            assert!(facts.has_btree_gist && !facts.is_replica);
            assert!(facts.open_connections >= 1);
            assert!(facts.max_connections > facts.reserved_connections);
        }
        DatabaseFacts::Sqlite(facts) => {
            assert_eq!(facts.journal, "wal");
            assert!(facts.bytes > facts.free_bytes, "{facts:?}");
            assert_eq!(facts.damages, Vec::<String>::new());
        }
    }
}
