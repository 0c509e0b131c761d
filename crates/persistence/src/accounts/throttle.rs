//! How often something was tried.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scheduling_accounts::ports::{ThrottleCount, ThrottleKey, ThrottleRepository};
use scheduling_core::ports::StorageError;
use sea_orm::{ConnectionTrait, QueryResult, Value};

use crate::SeaOrmUnitOfWork;
use crate::convert::{Row, micros};
use crate::sql;

fn values(key: ThrottleKey, window: DateTime<Utc>) -> [Value; 3] {
    [
        key.kind.into(),
        key.hash.to_vec().into(),
        micros(window).into(),
    ]
}

fn number(key: ThrottleKey, found: Option<&QueryResult>) -> Result<u32, StorageError> {
    let row = Row {
        table: "attempts",
        id: key.kind,
    };
    match found {
        Some(found) => row.number("count", sql::get(found, 0)?),
        None => Ok(0),
    }
}

/// The insert waits for others that count the same key, and then adds to what they stored.
async fn count(
    db: &impl ConnectionTrait,
    key: ThrottleKey,
    before: DateTime<Utc>,
    window: DateTime<Utc>,
) -> Result<ThrottleCount, StorageError> {
    let current = sql::row(
        db,
        "insert into attempts (kind, key, window_at, count) values ($1, $2, $3, 1)
        on conflict (kind, key, window_at) do update set count = attempts.count + 1 returning count",
        values(key, window),
    )
    .await?;
    let previous = sql::row(
        db,
        "select count from attempts where kind = $1 and key = $2 and window_at = $3",
        values(key, before),
    )
    .await?;
    Ok(ThrottleCount {
        previous: number(key, previous.as_ref())?,
        current: number(key, current.as_ref())?,
    })
}

#[async_trait]
impl ThrottleRepository for SeaOrmUnitOfWork {
    async fn count(
        &mut self,
        key: ThrottleKey,
        before: DateTime<Utc>,
        window: DateTime<Utc>,
    ) -> Result<ThrottleCount, StorageError> {
        let counted = count(self.transaction(), key, before, window).await;
        self.settle(counted)
    }

    async fn take_back(
        &mut self,
        key: ThrottleKey,
        window: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        let less = "update attempts set count = count - 1
            where kind = $1 and key = $2 and window_at = $3 and count > 0";
        let done = sql::execute(self.transaction(), less, values(key, window)).await;
        self.settle(done).map(drop)
    }

    async fn forget(&mut self, key: ThrottleKey) -> Result<(), StorageError> {
        let forget = "delete from attempts where kind = $1 and key = $2";
        let values = [key.kind.into(), key.hash.to_vec().into()];
        let done = sql::execute(self.transaction(), forget, values).await;
        self.settle(done).map(drop)
    }

    async fn sweep(&mut self, began_before: DateTime<Utc>) -> Result<u64, StorageError> {
        let forget = "delete from attempts where window_at < $1";
        let done = sql::execute(self.transaction(), forget, [micros(began_before).into()]).await;
        self.settle(done)
    }
}
