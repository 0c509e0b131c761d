//! Who is signed in where.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scheduling_accounts::ids::SessionId;
use scheduling_accounts::ports::SessionRepository;
use scheduling_accounts::sessions::Session;
use scheduling_core::ids::UserId;
use scheduling_core::ports::StorageError;
use sea_orm::prelude::Uuid;
use sea_orm::{ConnectionTrait, QueryResult};

use super::readable;
use crate::SeaOrmUnitOfWork;
use crate::convert::{Row, micros};
use crate::sql;

const COLUMNS: &str = "id, user_id, created_at, last_seen_at, expires_at, user_agent, ip";

fn session(stored: &QueryResult) -> Result<Session, StorageError> {
    let id: Uuid = sql::get(stored, 0)?;
    let user: Uuid = sql::get(stored, 1)?;
    let ip: Option<String> = sql::get(stored, 6)?;
    let row = Row {
        table: "sign_ins",
        id,
    };
    Ok(Session {
        id: SessionId::from_uuid(id),
        user: UserId::from_uuid(user),
        created_at: row.instant("created_at", sql::get(stored, 2)?)?,
        last_seen_at: row.instant("last_seen_at", sql::get(stored, 3)?)?,
        expires_at: row.instant("expires_at", sql::get(stored, 4)?)?,
        user_agent: sql::get(stored, 5)?,
        ip: row.optional_text("ip", ip.as_deref())?,
    })
}

async fn insert(
    db: &impl ConnectionTrait,
    session: &Session,
    hash: &[u8; 32],
) -> Result<(), StorageError> {
    let insert = format!(
        "insert into sign_ins ({COLUMNS}, token_hash) values ($1, $2, $3, $4, $5, $6, $7, $8)"
    );
    sql::execute(
        db,
        insert,
        [
            session.id.as_uuid().into(),
            session.user.as_uuid().into(),
            micros(session.created_at).into(),
            micros(session.last_seen_at).into(),
            micros(session.expires_at).into(),
            session.user_agent.clone().into(),
            session.ip.map(|ip| ip.to_string()).into(),
            hash.to_vec().into(),
        ],
    )
    .await?;
    Ok(())
}

async fn by_token(
    db: &impl ConnectionTrait,
    hash: &[u8; 32],
    now: DateTime<Utc>,
) -> Result<Option<Session>, StorageError> {
    let query = format!("select {COLUMNS} from sign_ins where token_hash = $1 and expires_at > $2");
    let values = [hash.to_vec().into(), micros(now).into()];
    let found = sql::row(db, query, values).await?;
    found.as_ref().map(session).transpose()
}

async fn of_user(
    db: &impl ConnectionTrait,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<Vec<Session>, StorageError> {
    let query = format!(
        "select {COLUMNS} from sign_ins where user_id = $1 and expires_at > $2
        order by last_seen_at desc, id"
    );
    let values = [user.as_uuid().into(), micros(now).into()];
    Ok(readable(&sql::rows(db, query, values).await?, session))
}

#[async_trait]
impl SessionRepository for SeaOrmUnitOfWork {
    async fn insert(&mut self, session: &Session, hash: &[u8; 32]) -> Result<(), StorageError> {
        let done = insert(self.transaction(), session, hash).await;
        self.settle(done)
    }

    async fn by_token(
        &mut self,
        hash: &[u8; 32],
        now: DateTime<Utc>,
    ) -> Result<Option<Session>, StorageError> {
        let found = by_token(self.transaction(), hash, now).await;
        self.settle(found)
    }

    async fn of_user(
        &mut self,
        user: UserId,
        now: DateTime<Utc>,
    ) -> Result<Vec<Session>, StorageError> {
        let found = of_user(self.transaction(), user, now).await;
        self.settle(found)
    }

    async fn touch(
        &mut self,
        id: SessionId,
        seen_at: DateTime<Utc>,
        expires_at: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        let touch = "update sign_ins set last_seen_at = $2, expires_at = $3
            where id = $1 and last_seen_at < $2";
        let values = [
            id.as_uuid().into(),
            micros(seen_at).into(),
            micros(expires_at).into(),
        ];
        let done = sql::execute(self.transaction(), touch, values).await;
        self.settle(done).map(drop)
    }

    async fn end(&mut self, user: UserId, id: SessionId) -> Result<bool, StorageError> {
        let end = "delete from sign_ins where user_id = $1 and id = $2";
        let values = [user.as_uuid().into(), id.as_uuid().into()];
        let done = sql::execute(self.transaction(), end, values).await;
        self.settle(done).map(|ended| ended > 0)
    }

    async fn end_all(&mut self, user: UserId, but: Option<SessionId>) -> Result<u64, StorageError> {
        // No session has the nil id.
        let but = but.map_or(Uuid::nil(), SessionId::as_uuid);
        let end = "delete from sign_ins where user_id = $1 and id <> $2";
        let values = [user.as_uuid().into(), but.into()];
        let done = sql::execute(self.transaction(), end, values).await;
        self.settle(done)
    }

    async fn sweep(&mut self, expired_before: DateTime<Utc>) -> Result<u64, StorageError> {
        let forget = "delete from sign_ins where expires_at < $1";
        let done = sql::execute(self.transaction(), forget, [micros(expired_before).into()]).await;
        self.settle(done)
    }
}
