//! API tokens.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scheduling_accounts::ids::TokenId;
use scheduling_accounts::ports::TokenRepository;
use scheduling_accounts::tokens::ApiToken;
use scheduling_core::ids::{UserId, WorkspaceId};
use scheduling_core::ports::StorageError;
use sea_orm::prelude::Uuid;
use sea_orm::{ConnectionTrait, QueryResult, Value};

use super::readable;
use crate::SeaOrmUnitOfWork;
use crate::convert::{Row, micros};
use crate::sql;

const COLUMNS: &str = "id, workspace_id, user_id, name, visible, scopes, created_at, last_used_at, \
                       expires_at, revoked_at";

fn token(stored: &QueryResult) -> Result<ApiToken, StorageError> {
    let id: Uuid = sql::get(stored, 0)?;
    let workspace: Uuid = sql::get(stored, 1)?;
    let user: Uuid = sql::get(stored, 2)?;
    let name: String = sql::get(stored, 3)?;
    let scopes: String = sql::get(stored, 5)?;
    let row = Row {
        table: "api_tokens",
        id,
    };
    Ok(ApiToken {
        id: TokenId::from_uuid(id),
        workspace: WorkspaceId::from_uuid(workspace),
        user: UserId::from_uuid(user),
        name: row.text("name", &name)?,
        visible: sql::get(stored, 4)?,
        scopes: row.text("scopes", &scopes)?,
        created_at: row.instant("created_at", sql::get(stored, 6)?)?,
        last_used_at: row.optional_instant("last_used_at", sql::get(stored, 7)?)?,
        expires_at: row.optional_instant("expires_at", sql::get(stored, 8)?)?,
        revoked_at: row.optional_instant("revoked_at", sql::get(stored, 9)?)?,
    })
}

async fn insert(
    db: &impl ConnectionTrait,
    token: &ApiToken,
    hash: &[u8; 32],
) -> Result<(), StorageError> {
    let insert = format!(
        "insert into api_tokens ({COLUMNS}, token_hash) values ({})",
        sql::placeholders(1, 11)
    );
    sql::execute(
        db,
        insert,
        [
            token.id.as_uuid().into(),
            token.workspace.as_uuid().into(),
            token.user.as_uuid().into(),
            token.name.as_str().into(),
            token.visible.as_str().into(),
            token.scopes.to_string().into(),
            micros(token.created_at).into(),
            token.last_used_at.map(micros).into(),
            token.expires_at.map(micros).into(),
            token.revoked_at.map(micros).into(),
            hash.to_vec().into(),
        ],
    )
    .await?;
    Ok(())
}

async fn one(
    db: &impl ConnectionTrait,
    condition: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Option<ApiToken>, StorageError> {
    let query = format!("select {COLUMNS} from api_tokens where {condition}");
    let found = sql::row(db, query, values).await?;
    found.as_ref().map(token).transpose()
}

async fn many(
    db: &impl ConnectionTrait,
    condition: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<ApiToken>, StorageError> {
    let query = format!(
        "select {COLUMNS} from api_tokens where {condition} and revoked_at is null
        order by created_at desc, id desc"
    );
    Ok(readable(&sql::rows(db, query, values).await?, token))
}

#[async_trait]
impl TokenRepository for SeaOrmUnitOfWork {
    async fn insert(&mut self, token: &ApiToken, hash: &[u8; 32]) -> Result<(), StorageError> {
        let done = insert(self.transaction(), token, hash).await;
        self.settle(done)
    }

    async fn get(&mut self, id: TokenId) -> Result<Option<ApiToken>, StorageError> {
        let found = one(self.transaction(), "id = $1", [id.as_uuid().into()]).await;
        self.settle(found)
    }

    async fn by_secret(
        &mut self,
        hash: &[u8; 32],
        now: DateTime<Utc>,
    ) -> Result<Option<ApiToken>, StorageError> {
        let live = "token_hash = $1 and revoked_at is null and (expires_at is null or expires_at > $2)
            and exists (
                select 1 from members
                where members.workspace_id = api_tokens.workspace_id and members.user_id = api_tokens.user_id
            )";
        let values = [hash.to_vec().into(), micros(now).into()];
        let found = one(self.transaction(), live, values).await;
        self.settle(found)
    }

    async fn of_user(&mut self, user: UserId) -> Result<Vec<ApiToken>, StorageError> {
        let found = many(self.transaction(), "user_id = $1", [user.as_uuid().into()]).await;
        self.settle(found)
    }

    async fn of_workspace(
        &mut self,
        workspace: WorkspaceId,
    ) -> Result<Vec<ApiToken>, StorageError> {
        let values = [workspace.as_uuid().into()];
        let found = many(self.transaction(), "workspace_id = $1", values).await;
        self.settle(found)
    }

    async fn touch(&mut self, id: TokenId, used_at: DateTime<Utc>) -> Result<(), StorageError> {
        let touch = "update api_tokens set last_used_at = $2
            where id = $1 and (last_used_at is null or last_used_at < $2)";
        let values = [id.as_uuid().into(), micros(used_at).into()];
        let done = sql::execute(self.transaction(), touch, values).await;
        self.settle(done).map(drop)
    }

    async fn revoke(&mut self, id: TokenId, at: DateTime<Utc>) -> Result<bool, StorageError> {
        let revoke = "update api_tokens set revoked_at = $2 where id = $1 and revoked_at is null";
        let values = [id.as_uuid().into(), micros(at).into()];
        let done = sql::execute(self.transaction(), revoke, values).await;
        self.settle(done).map(|revoked| revoked > 0)
    }

    async fn revoke_all(
        &mut self,
        workspace: WorkspaceId,
        user: UserId,
        at: DateTime<Utc>,
    ) -> Result<u64, StorageError> {
        let revoke = "update api_tokens set revoked_at = $3
            where workspace_id = $1 and user_id = $2 and revoked_at is null";
        let values = [
            workspace.as_uuid().into(),
            user.as_uuid().into(),
            micros(at).into(),
        ];
        let done = sql::execute(self.transaction(), revoke, values).await;
        self.settle(done)
    }

    async fn sweep(&mut self, dead_before: DateTime<Utc>) -> Result<u64, StorageError> {
        let forget = "delete from api_tokens where revoked_at < $1 or expires_at < $1";
        let done = sql::execute(self.transaction(), forget, [micros(dead_before).into()]).await;
        self.settle(done)
    }
}
