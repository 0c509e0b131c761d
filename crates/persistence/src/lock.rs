//! Holding hosts' time.

use scheduling_core::ids::UserId;
use scheduling_core::ports::StorageError;
use sea_orm::{ConnectionTrait, DbBackend};

use crate::sql;

/// Locks the hosts' rows in id order and raises their revisions.
///
/// SQLite has one writer at a time anyhow, so there only the revisions remain. On PostgreSQL the rows are locked before
/// they are updated, since an update takes its rows in no order. `no key update` lets others insert rows that merely
/// refer to the person; two lockers still wait for each other.
pub(crate) async fn hosts(db: &impl ConnectionTrait, hosts: &[UserId]) -> Result<(), StorageError> {
    let ids = sql::ids(hosts);
    if ids.is_empty() {
        return Ok(());
    }
    let list = sql::placeholders(1, ids.len());
    if db.get_database_backend() == DbBackend::Postgres {
        let lock =
            format!("select id from people where id in ({list}) order by id for no key update");
        sql::rows(db, lock, ids.clone()).await?;
    }
    let raise = format!("update people set revision = revision + 1 where id in ({list})");
    sql::execute(db, raise, ids).await?;
    Ok(())
}
