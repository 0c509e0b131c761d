//! Passwords, and the links that set one.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scheduling_accounts::ports::{CredentialRepository, StoredPassword, StoredPasswordLink};
use scheduling_core::ids::UserId;
use scheduling_core::ports::StorageError;
use sea_orm::prelude::Uuid;
use sea_orm::{ConnectionTrait, DbBackend};

use crate::SeaOrmUnitOfWork;
use crate::convert::{Row, micros};
use crate::sql;

/// SQLite has one writer at a time, so that what it reads while it writes is locked already.
const fn locked(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Postgres => "for update",
        _ => "",
    }
}

async fn password(
    db: &impl ConnectionTrait,
    user: UserId,
    lock: &str,
) -> Result<Option<StoredPassword>, StorageError> {
    let query = format!("select phc, changed_at from passwords where user_id = $1 {lock}");
    let Some(stored) = sql::row(db, query, [user.as_uuid().into()]).await? else {
        return Ok(None);
    };
    let row = Row {
        table: "passwords",
        id: user,
    };
    Ok(Some(StoredPassword {
        phc: sql::get(&stored, 0)?,
        changed_at: row.instant("changed_at", sql::get(&stored, 1)?)?,
    }))
}

async fn store_password(
    db: &impl ConnectionTrait,
    user: UserId,
    password: &StoredPassword,
) -> Result<(), StorageError> {
    sql::execute(
        db,
        "insert into passwords (user_id, phc, changed_at) values ($1, $2, $3)
        on conflict (user_id) do update set phc = excluded.phc, changed_at = excluded.changed_at",
        [
            user.as_uuid().into(),
            password.phc.as_str().into(),
            micros(password.changed_at).into(),
        ],
    )
    .await?;
    Ok(())
}

async fn lock_out_first_passwords(db: &impl ConnectionTrait) -> Result<bool, StorageError> {
    if db.get_database_backend() == DbBackend::Postgres {
        // Conflicts with itself and with every insert, and lets others read.
        sql::execute(db, "lock table passwords in share row exclusive mode", []).await?;
    }
    let any = sql::row(db, "select 1 from passwords limit 1", []).await?;
    Ok(any.is_some())
}

async fn store_link(
    db: &impl ConnectionTrait,
    link: &StoredPasswordLink,
) -> Result<(), StorageError> {
    sql::execute(
        db,
        "insert into password_links (user_id, token_hash, created_at, expires_at) values ($1, $2, $3, $4)
        on conflict (user_id) do update set token_hash = excluded.token_hash,
            created_at = excluded.created_at, expires_at = excluded.expires_at",
        [
            link.user.as_uuid().into(),
            link.hash.to_vec().into(),
            micros(link.created_at).into(),
            micros(link.expires_at).into(),
        ],
    )
    .await?;
    Ok(())
}

async fn owner(
    db: &impl ConnectionTrait,
    statement: &str,
    hash: &[u8; 32],
    now: DateTime<Utc>,
) -> Result<Option<UserId>, StorageError> {
    let values = [hash.to_vec().into(), micros(now).into()];
    let Some(found) = sql::row(db, statement, values).await? else {
        return Ok(None);
    };
    let user: Uuid = sql::get(&found, 0)?;
    Ok(Some(UserId::from_uuid(user)))
}

#[async_trait]
impl CredentialRepository for SeaOrmUnitOfWork {
    async fn password(&mut self, user: UserId) -> Result<Option<StoredPassword>, StorageError> {
        let found = password(self.transaction(), user, "").await;
        self.settle(found)
    }

    async fn lock_password(
        &mut self,
        user: UserId,
    ) -> Result<Option<StoredPassword>, StorageError> {
        let lock = locked(self.transaction().get_database_backend());
        let found = password(self.transaction(), user, lock).await;
        self.settle(found)
    }

    async fn store_password(
        &mut self,
        user: UserId,
        password: &StoredPassword,
    ) -> Result<(), StorageError> {
        let done = store_password(self.transaction(), user, password).await;
        self.settle(done)
    }

    async fn lock_out_first_passwords(&mut self) -> Result<bool, StorageError> {
        let any = lock_out_first_passwords(self.transaction()).await;
        self.settle(any)
    }

    async fn store_link(&mut self, link: &StoredPasswordLink) -> Result<(), StorageError> {
        let done = store_link(self.transaction(), link).await;
        self.settle(done)
    }

    async fn link(
        &mut self,
        hash: &[u8; 32],
        now: DateTime<Utc>,
    ) -> Result<Option<UserId>, StorageError> {
        let query = "select user_id from password_links where token_hash = $1 and expires_at > $2";
        let found = owner(self.transaction(), query, hash, now).await;
        self.settle(found)
    }

    async fn take_link(
        &mut self,
        hash: &[u8; 32],
        now: DateTime<Utc>,
    ) -> Result<Option<UserId>, StorageError> {
        let take = "delete from password_links where token_hash = $1 and expires_at > $2 returning user_id";
        let taken = owner(self.transaction(), take, hash, now).await;
        self.settle(taken)
    }

    async fn forget_link(&mut self, user: UserId) -> Result<(), StorageError> {
        let forget = "delete from password_links where user_id = $1";
        let done = sql::execute(self.transaction(), forget, [user.as_uuid().into()]).await;
        self.settle(done).map(drop)
    }

    async fn sweep_links(&mut self, expired_before: DateTime<Utc>) -> Result<u64, StorageError> {
        let forget = "delete from password_links where expires_at < $1";
        let done = sql::execute(self.transaction(), forget, [micros(expired_before).into()]).await;
        self.settle(done)
    }
}
