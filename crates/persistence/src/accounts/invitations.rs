//! Invitations.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scheduling_accounts::ids::InvitationId;
use scheduling_accounts::invitations::Invitation;
use scheduling_accounts::ports::{InvitationRepository, StoredInvitation};
use scheduling_core::ids::{UserId, WorkspaceId};
use scheduling_core::ports::StorageError;
use scheduling_core::text::EmailAddress;
use sea_orm::prelude::Uuid;
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Value};

use super::readable;
use crate::SeaOrmUnitOfWork;
use crate::convert::{Row, micros};
use crate::sql;

const COLUMNS: &str =
    "id, workspace_id, email, role, invited_by, created_at, expires_at, accepted_at, revoked_at";
const OPEN: &str = "accepted_at is null and revoked_at is null";

/// The address as the index folds it: letters a to z only, as for people.
const fn folded(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Postgres => "lower(email collate \"C\")",
        _ => "lower(email)",
    }
}

fn invitation(stored: &QueryResult) -> Result<Invitation, StorageError> {
    let id: Uuid = sql::get(stored, 0)?;
    let workspace: Uuid = sql::get(stored, 1)?;
    let email: String = sql::get(stored, 2)?;
    let role: String = sql::get(stored, 3)?;
    let invited_by: Uuid = sql::get(stored, 4)?;
    let row = Row {
        table: "invitations",
        id,
    };
    Ok(Invitation {
        id: InvitationId::from_uuid(id),
        workspace: WorkspaceId::from_uuid(workspace),
        email: row.text("email", &email)?,
        role: row.word("role", &role)?,
        invited_by: UserId::from_uuid(invited_by),
        created_at: row.instant("created_at", sql::get(stored, 5)?)?,
        expires_at: row.instant("expires_at", sql::get(stored, 6)?)?,
        accepted_at: row.optional_instant("accepted_at", sql::get(stored, 7)?)?,
        revoked_at: row.optional_instant("revoked_at", sql::get(stored, 8)?)?,
    })
}

async fn insert(
    db: &impl ConnectionTrait,
    stored: &StoredInvitation,
) -> Result<bool, StorageError> {
    let invitation = &stored.invitation;
    let insert = format!(
        "insert into invitations ({COLUMNS}, token_hash) values ({})
        on conflict (workspace_id, {}) where {OPEN} do nothing",
        sql::placeholders(1, 10),
        folded(db.get_database_backend())
    );
    let inserted = sql::execute(
        db,
        insert,
        [
            invitation.id.as_uuid().into(),
            invitation.workspace.as_uuid().into(),
            invitation.email.as_str().into(),
            invitation.role.as_str().into(),
            invitation.invited_by.as_uuid().into(),
            micros(invitation.created_at).into(),
            micros(invitation.expires_at).into(),
            invitation.accepted_at.map(micros).into(),
            invitation.revoked_at.map(micros).into(),
            stored.hash.to_vec().into(),
        ],
    )
    .await?;
    Ok(inserted > 0)
}

async fn one(
    db: &impl ConnectionTrait,
    condition: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Option<Invitation>, StorageError> {
    let query = format!("select {COLUMNS} from invitations where {condition}");
    let found = sql::row(db, query, values).await?;
    found.as_ref().map(invitation).transpose()
}

async fn open_for(
    db: &impl ConnectionTrait,
    workspace: WorkspaceId,
    email: &EmailAddress,
) -> Result<Option<Invitation>, StorageError> {
    let folded = folded(db.get_database_backend());
    let condition = format!("workspace_id = $1 and {folded} = $2 and {OPEN}");
    let email = email.as_str().to_ascii_lowercase();
    one(db, &condition, [workspace.as_uuid().into(), email.into()]).await
}

async fn open(
    db: &impl ConnectionTrait,
    workspace: WorkspaceId,
) -> Result<Vec<Invitation>, StorageError> {
    let query = format!(
        "select {COLUMNS} from invitations where workspace_id = $1 and {OPEN}
        order by created_at desc, id desc"
    );
    let rows = sql::rows(db, query, [workspace.as_uuid().into()]).await?;
    Ok(readable(&rows, invitation))
}

/// Changes what is open; answers how many.
async fn change(
    db: &impl ConnectionTrait,
    set: &str,
    condition: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<u64, StorageError> {
    let update = format!("update invitations set {set} where {condition} and {OPEN}");
    sql::execute(db, update, values).await
}

#[async_trait]
impl InvitationRepository for SeaOrmUnitOfWork {
    async fn insert(&mut self, invitation: &StoredInvitation) -> Result<bool, StorageError> {
        let done = insert(self.transaction(), invitation).await;
        self.settle(done)
    }

    async fn get(&mut self, id: InvitationId) -> Result<Option<Invitation>, StorageError> {
        let found = one(self.transaction(), "id = $1", [id.as_uuid().into()]).await;
        self.settle(found)
    }

    async fn by_token(
        &mut self,
        hash: &[u8; 32],
        now: DateTime<Utc>,
    ) -> Result<Option<Invitation>, StorageError> {
        let condition = format!("token_hash = $1 and expires_at > $2 and {OPEN}");
        let values = [hash.to_vec().into(), micros(now).into()];
        let found = one(self.transaction(), &condition, values).await;
        self.settle(found)
    }

    async fn open_for(
        &mut self,
        workspace: WorkspaceId,
        email: &EmailAddress,
    ) -> Result<Option<Invitation>, StorageError> {
        let found = open_for(self.transaction(), workspace, email).await;
        self.settle(found)
    }

    async fn open(&mut self, workspace: WorkspaceId) -> Result<Vec<Invitation>, StorageError> {
        let found = open(self.transaction(), workspace).await;
        self.settle(found)
    }

    async fn renew(
        &mut self,
        id: InvitationId,
        hash: &[u8; 32],
        expires_at: DateTime<Utc>,
    ) -> Result<bool, StorageError> {
        let values = [
            id.as_uuid().into(),
            hash.to_vec().into(),
            micros(expires_at).into(),
        ];
        let set = "token_hash = $2, expires_at = $3";
        let done = change(self.transaction(), set, "id = $1", values).await;
        self.settle(done).map(|renewed| renewed > 0)
    }

    async fn accept(&mut self, hash: &[u8; 32], at: DateTime<Utc>) -> Result<bool, StorageError> {
        let values = [hash.to_vec().into(), micros(at).into()];
        let condition = "token_hash = $1 and expires_at > $2";
        let done = change(self.transaction(), "accepted_at = $2", condition, values).await;
        self.settle(done).map(|accepted| accepted > 0)
    }

    async fn revoke(&mut self, id: InvitationId, at: DateTime<Utc>) -> Result<bool, StorageError> {
        let values = [id.as_uuid().into(), micros(at).into()];
        let done = change(self.transaction(), "revoked_at = $2", "id = $1", values).await;
        self.settle(done).map(|revoked| revoked > 0)
    }

    async fn revoke_issued_by(
        &mut self,
        workspace: WorkspaceId,
        user: UserId,
        at: DateTime<Utc>,
    ) -> Result<u64, StorageError> {
        let values = [
            workspace.as_uuid().into(),
            user.as_uuid().into(),
            micros(at).into(),
        ];
        let condition = "workspace_id = $1 and invited_by = $2";
        let done = change(self.transaction(), "revoked_at = $3", condition, values).await;
        self.settle(done)
    }

    async fn sweep(&mut self, closed_before: DateTime<Utc>) -> Result<u64, StorageError> {
        let forget =
            "delete from invitations where accepted_at < $1 or revoked_at < $1 or expires_at < $1";
        let done = sql::execute(self.transaction(), forget, [micros(closed_before).into()]).await;
        self.settle(done)
    }
}
