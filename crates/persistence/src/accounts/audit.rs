//! The audit trail.

use async_trait::async_trait;
use scheduling_accounts::audit::{AuditCursor, AuditEntry, AuditNote};
use scheduling_accounts::ids::{AuditId, TokenId};
use scheduling_accounts::ports::AuditRepository;
use scheduling_core::ids::{UserId, WorkspaceId};
use scheduling_core::ports::StorageError;
use sea_orm::prelude::Uuid;
use sea_orm::{ConnectionTrait, QueryResult, Value};

use super::readable;
use crate::SeaOrmUnitOfWork;
use crate::convert::{Row, micros, to_json};
use crate::sql;

const COLUMNS: &str = "id, workspace_id, at, user_id, token_id, action, subject, detail";

fn entry(stored: &QueryResult) -> Result<AuditEntry, StorageError> {
    let id: Uuid = sql::get(stored, 0)?;
    let workspace: Option<Uuid> = sql::get(stored, 1)?;
    let user: Option<Uuid> = sql::get(stored, 3)?;
    let token: Option<Uuid> = sql::get(stored, 4)?;
    let detail: String = sql::get(stored, 7)?;
    let row = Row { table: "audit", id };
    Ok(AuditEntry {
        id: AuditId::from_uuid(id),
        at: row.instant("at", sql::get(stored, 2)?)?,
        note: AuditNote {
            workspace: workspace.map(WorkspaceId::from_uuid),
            user: user.map(UserId::from_uuid),
            token: token.map(TokenId::from_uuid),
            action: sql::get(stored, 5)?,
            subject: sql::get(stored, 6)?,
            detail: row.json("detail", &detail)?,
        },
    })
}

async fn record(db: &impl ConnectionTrait, entry: &AuditEntry) -> Result<(), StorageError> {
    let note = &entry.note;
    let insert = format!(
        "insert into audit ({COLUMNS}) values ({})",
        sql::placeholders(1, 8)
    );
    sql::execute(
        db,
        insert,
        [
            entry.id.as_uuid().into(),
            note.workspace.map(WorkspaceId::as_uuid).into(),
            micros(entry.at).into(),
            note.user.map(UserId::as_uuid).into(),
            note.token.map(TokenId::as_uuid).into(),
            text(&note.action),
            text(&note.subject),
            to_json(&note.detail)?.into(),
        ],
    )
    .await?;
    Ok(())
}

/// A text as PostgreSQL takes it: no NUL. (Within JSON it is escaped.)
fn text(text: &str) -> Value {
    text.replace('\0', "\u{fffd}").into()
}

/// A row that cannot be read takes no place on the page: the page goes on behind it.
async fn of_workspace(
    db: &impl ConnectionTrait,
    workspace: WorkspaceId,
    after: Option<AuditCursor>,
    limit: u32,
) -> Result<Vec<AuditEntry>, StorageError> {
    let query = format!(
        "select {COLUMNS} from audit where workspace_id = $1 and (at, id) < ($2, $3)
        order by at desc, id desc limit $4"
    );
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    // Before everything that happens, where no cursor is given.
    let (mut at, mut id) = after.map_or((i64::MAX, Uuid::max()), |cursor| {
        (micros(cursor.at), cursor.id.as_uuid())
    });
    let mut listed = Vec::new();
    while listed.len() < limit {
        let wanted = limit - listed.len();
        let values = [
            workspace.as_uuid().into(),
            at.into(),
            id.into(),
            i64::try_from(wanted).unwrap_or(i64::MAX).into(),
        ];
        let rows = sql::rows(db, query.as_str(), values).await?;
        listed.extend(readable(&rows, entry));
        match rows.last() {
            Some(last) if rows.len() == wanted => {
                id = sql::get(last, 0)?;
                at = sql::get(last, 2)?;
            }
            _ => break,
        }
    }
    Ok(listed)
}

#[async_trait]
impl AuditRepository for SeaOrmUnitOfWork {
    async fn record(&mut self, entry: &AuditEntry) -> Result<(), StorageError> {
        let done = record(self.transaction(), entry).await;
        self.settle(done)
    }

    async fn of_workspace(
        &mut self,
        workspace: WorkspaceId,
        after: Option<AuditCursor>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, StorageError> {
        let found = of_workspace(self.transaction(), workspace, after, limit).await;
        self.settle(found)
    }
}
