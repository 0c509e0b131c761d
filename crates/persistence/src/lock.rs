//! Holding hosts' time.

use scheduling_core::ids::UserId;
use scheduling_core::ports::{Revisions, SlotSources, StorageError};
use sea_orm::{ConnectionTrait, DbBackend};

use crate::faults;
use crate::repository::revisions;
use crate::sql;

/// Locks the hosts' rows in id order and raises their revisions, in one statement.
///
/// SQLite has one writer at a time anyhow, so there only the revisions remain. On PostgreSQL the rows are locked before
/// they are updated, since an update takes its rows in no order. `no key update` lets others insert rows that merely
/// refer to the person; two lockers still wait for each other.
pub(crate) async fn hosts(db: &impl ConnectionTrait, hosts: &[UserId]) -> Result<(), StorageError> {
    let ids = sql::ids(hosts);
    if ids.is_empty() || faults::locks_are_off() {
        return Ok(());
    }
    let list = sql::placeholders(1, ids.len());
    let (locked, raise) = steps(db, &list);
    sql::execute(db, format!("{locked}{raise}"), ids).await?;
    Ok(())
}

/// Locks the hosts among the sources, and answers whether the sources are as they were when they were read.
///
/// On PostgreSQL everything but the hosts' revisions is seen as it was before the wait for a lock. Whoever changes an event
/// type holds its hosts, so that their revisions tell.
pub(crate) async fn unchanged(
    db: &impl ConnectionTrait,
    sources: &SlotSources,
    read: &Revisions,
) -> Result<bool, StorageError> {
    if sources.hosts.is_empty() || faults::locks_are_off() {
        return Ok(revisions::read(db, sources).await? == *read);
    }
    let (values, list) = revisions::values(sources);
    let (locked, raise) = steps(db, &list);
    let statement = if db.get_database_backend() == DbBackend::Postgres {
        let query = revisions::query("raised");
        format!("{locked}, raised as ({raise} returning people.revision) {query}")
    } else {
        let query = revisions::query(&format!("people where id in ({list})"));
        format!("{raise}; {query}")
    };
    let rows = sql::rows(db, statement, values).await?;
    Ok(revisions::of(rows.first())? == read.after_locking())
}

/// The part `with locked as …` that locks, where there is one, and the update that raises.
fn steps(db: &impl ConnectionTrait, list: &str) -> (String, String) {
    match db.get_database_backend() {
        DbBackend::Postgres => (
            format!(
                "with locked as materialized (
                    select id from people where id in ({list}) order by id for no key update
                )"
            ),
            "update people set revision = people.revision + 1 from locked where people.id = locked.id"
                .to_owned(),
        ),
        _ => (
            String::new(),
            format!("update people set revision = revision + 1 where id in ({list})"),
        ),
    }
}
