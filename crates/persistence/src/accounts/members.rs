//! Members: their roles, and what ties them to a workspace.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scheduling_accounts::ports::{HostedBooking, HostedEventType, Hosting, MemberRepository};
use scheduling_core::directory::Role;
use scheduling_core::ids::{BookingId, EventTypeId, UserId, WorkspaceId};
use scheduling_core::ports::StorageError;
use sea_orm::prelude::Uuid;
use sea_orm::{ConnectionTrait, DbBackend, QueryResult};

use crate::SeaOrmUnitOfWork;
use crate::convert::{Row, micros};
use crate::sql;

/// Locks the workspace's row: a row that stays, whatever becomes of its members. Others may insert what refers to it.
async fn lock(db: &impl ConnectionTrait, workspace: WorkspaceId) -> Result<bool, StorageError> {
    let lock = match db.get_database_backend() {
        DbBackend::Postgres => "for no key update",
        _ => "",
    };
    let query = format!("select 1 from workspaces where id = $1 {lock}");
    let found = sql::row(db, query, [workspace.as_uuid().into()]).await?;
    Ok(found.is_some())
}

async fn role(
    db: &impl ConnectionTrait,
    workspace: WorkspaceId,
    user: UserId,
) -> Result<Option<Role>, StorageError> {
    let query = "select role from members where workspace_id = $1 and user_id = $2";
    let values = [workspace.as_uuid().into(), user.as_uuid().into()];
    let Some(found) = sql::row(db, query, values).await? else {
        return Ok(None);
    };
    let role: String = sql::get(&found, 0)?;
    let row = Row {
        table: "members",
        id: format!("{workspace}/{user}"),
    };
    row.word("role", &role).map(Some)
}

async fn owners(db: &impl ConnectionTrait, workspace: WorkspaceId) -> Result<u64, StorageError> {
    let query = "select count(*) from members where workspace_id = $1 and role = 'owner'";
    let found = sql::row(db, query, [workspace.as_uuid().into()]).await?;
    let row = Row {
        table: "members",
        id: workspace,
    };
    match found {
        Some(found) => row.number("role", sql::get(&found, 0)?),
        None => Ok(0),
    }
}

async fn hosting(
    db: &impl ConnectionTrait,
    workspace: WorkspaceId,
    user: UserId,
    now: DateTime<Utc>,
    limit: u32,
) -> Result<Hosting, StorageError> {
    let event_types = sql::rows(
        db,
        "select e.id, e.slug, e.title from event_types e
        join event_type_hosts h on h.event_type_id = e.id
        where e.workspace_id = $1 and h.user_id = $2 and e.status <> 'archived'
        order by e.slug, e.id limit $3",
        [
            workspace.as_uuid().into(),
            user.as_uuid().into(),
            i64::from(limit).into(),
        ],
    )
    .await?;
    let bookings = sql::rows(
        db,
        "select b.id, b.starts_at, b.ends_at from bookings b
        join booking_hosts h on h.booking_id = b.id
        where b.workspace_id = $1 and h.user_id = $2 and b.ends_at > $3
            and b.status in ('pending', 'confirmed')
        order by b.starts_at, b.id limit $4",
        [
            workspace.as_uuid().into(),
            user.as_uuid().into(),
            micros(now).into(),
            i64::from(limit).into(),
        ],
    )
    .await?;
    let mut hosting = Hosting {
        event_types: event_types
            .iter()
            .map(event_type)
            .collect::<Result<_, _>>()?,
        bookings: bookings.iter().map(booking).collect::<Result<_, _>>()?,
    };
    // Sorted here, since databases compare texts by their collation.
    hosting.event_types.sort_by(|a, b| a.slug.cmp(&b.slug));
    Ok(hosting)
}

fn event_type(stored: &QueryResult) -> Result<HostedEventType, StorageError> {
    let id: Uuid = sql::get(stored, 0)?;
    let slug: String = sql::get(stored, 1)?;
    let title: String = sql::get(stored, 2)?;
    let row = Row {
        table: "event_types",
        id,
    };
    Ok(HostedEventType {
        id: EventTypeId::from_uuid(id),
        slug: row.text("slug", &slug)?,
        title: row.text("title", &title)?,
    })
}

fn booking(stored: &QueryResult) -> Result<HostedBooking, StorageError> {
    let id: Uuid = sql::get(stored, 0)?;
    let row = Row {
        table: "bookings",
        id,
    };
    Ok(HostedBooking {
        id: BookingId::from_uuid(id),
        interval: row.interval(sql::get(stored, 1)?, sql::get(stored, 2)?)?,
    })
}

#[async_trait]
impl MemberRepository for SeaOrmUnitOfWork {
    async fn lock(&mut self, workspace: WorkspaceId) -> Result<bool, StorageError> {
        let locked = lock(self.transaction(), workspace).await;
        self.settle(locked)
    }

    async fn role(
        &mut self,
        workspace: WorkspaceId,
        user: UserId,
    ) -> Result<Option<Role>, StorageError> {
        let found = role(self.transaction(), workspace, user).await;
        self.settle(found)
    }

    async fn owners(&mut self, workspace: WorkspaceId) -> Result<u64, StorageError> {
        let count = owners(self.transaction(), workspace).await;
        self.settle(count)
    }

    async fn hosting(
        &mut self,
        workspace: WorkspaceId,
        user: UserId,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<Hosting, StorageError> {
        let found = hosting(self.transaction(), workspace, user, now, limit).await;
        self.settle(found)
    }
}
