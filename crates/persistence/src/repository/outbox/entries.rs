//! The outbox as people see it.

use std::fmt::Write as _;

use scheduling_core::ids::{OutboxId, WorkspaceId};
use scheduling_core::ports::{OutboxEntry, OutboxStatus, StorageError};
use sea_orm::prelude::Uuid;
use sea_orm::{ConnectionTrait, QueryResult, Value};

use super::{TABLE, parse};
use crate::convert::{Row, to_word};
use crate::repository::readable;
use crate::sql;

/// The columns that [`entry`] reads.
pub(crate) const COLUMNS: &str = "id, workspace_id, kind, payload, status, attempts, last_error, due_at, created_at, finished_at";

/// An effect with its standing, from its columns.
pub(crate) fn entry(stored: &QueryResult) -> Result<OutboxEntry, StorageError> {
    let id: Uuid = sql::get(stored, 0)?;
    let workspace: Option<Uuid> = sql::get(stored, 1)?;
    let payload: String = sql::get(stored, 3)?;
    let status: String = sql::get(stored, 4)?;
    let row = Row { table: TABLE, id };
    Ok(OutboxEntry {
        id: OutboxId::from_uuid(id),
        workspace: workspace.map(WorkspaceId::from_uuid),
        effect: parse(&payload),
        kind: sql::get(stored, 2)?,
        status: row.word("status", &status)?,
        attempts: row.number("attempts", sql::get(stored, 5)?)?,
        last_error: sql::get(stored, 6)?,
        due_at: row.instant("due_at", sql::get(stored, 7)?)?,
        created_at: row.instant("created_at", sql::get(stored, 8)?)?,
        finished_at: row.optional_instant("finished_at", sql::get(stored, 9)?)?,
    })
}

/// The newest are those with the largest ids, which are made in the order of time. A row that cannot be read takes no place
/// on the page: the page goes on behind it.
pub(super) async fn list(
    db: &impl ConnectionTrait,
    workspace: WorkspaceId,
    status: Option<OutboxStatus>,
    after: Option<OutboxId>,
    limit: u32,
) -> Result<Vec<OutboxEntry>, StorageError> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut after = after.map(OutboxId::as_uuid);
    let mut listed = Vec::new();
    while listed.len() < limit {
        let wanted = limit - listed.len();
        let rows = page(db, workspace, status, after, wanted).await?;
        listed.extend(readable(rows.iter().map(entry))?);
        match rows.last() {
            Some(last) if rows.len() == wanted => after = Some(sql::get(last, 0)?),
            _ => break,
        }
    }
    Ok(listed)
}

async fn page(
    db: &impl ConnectionTrait,
    workspace: WorkspaceId,
    status: Option<OutboxStatus>,
    after: Option<Uuid>,
    limit: usize,
) -> Result<Vec<QueryResult>, StorageError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut values: Vec<Value> = vec![workspace.as_uuid().into(), limit.into()];
    let mut conditions = String::new();
    if let Some(status) = status {
        values.push(to_word(&status)?.into());
        _ = write!(conditions, " and status = ${}", values.len());
    }
    if let Some(after) = after {
        values.push(after.into());
        _ = write!(conditions, " and id < ${}", values.len());
    }
    let query = format!(
        "select {COLUMNS} from outbox where workspace_id = $1{conditions} order by id desc limit $2"
    );
    sql::rows(db, query, values).await
}

pub(super) async fn get(
    db: &impl ConnectionTrait,
    id: OutboxId,
) -> Result<Option<OutboxEntry>, StorageError> {
    let query = format!("select {COLUMNS} from outbox where id = $1");
    let found = sql::row(db, query, [id.as_uuid().into()]).await?;
    found.as_ref().map(entry).transpose()
}
