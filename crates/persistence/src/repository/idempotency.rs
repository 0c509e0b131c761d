//! Idempotency keys.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scheduling_core::ports::{IdempotencyClaim, IdempotencyRepository, SpentKey, StorageError};
use sea_orm::ConnectionTrait;
use sea_orm::prelude::Uuid;
use thiserror::Error;

use crate::SeaOrmUnitOfWork;
use crate::batch::Batch;
use crate::convert::micros;
use crate::sql;

#[derive(Debug, Error)]
#[error("the idempotency key was not claimed")]
struct NotClaimed;

/// The insert waits for an open transaction that inserted the same key: it then sees either its row or none.
async fn claim(
    db: &impl ConnectionTrait,
    scope: &str,
    key: &str,
    fingerprint: &[u8; 32],
    now: DateTime<Utc>,
) -> Result<IdempotencyClaim, StorageError> {
    let inserted = sql::execute(
        db,
        "insert into idempotency_keys (scope, key, fingerprint, claimed_at) values ($1, $2, $3, $4)
        on conflict (scope, key) do nothing",
        [
            scope.into(),
            key.into(),
            fingerprint.to_vec().into(),
            micros(now).into(),
        ],
    )
    .await?;
    if inserted > 0 {
        return Ok(IdempotencyClaim::Fresh);
    }
    // Swept between the two statements: whoever starts again claims it.
    look_up(db, scope, key, fingerprint)
        .await?
        .ok_or(StorageError::Conflict)
}

async fn look_up(
    db: &impl ConnectionTrait,
    scope: &str,
    key: &str,
    fingerprint: &[u8; 32],
) -> Result<Option<IdempotencyClaim>, StorageError> {
    let found = sql::row(
        db,
        "select fingerprint, made from idempotency_keys where scope = $1 and key = $2",
        [scope.into(), key.into()],
    )
    .await?;
    let Some(found) = found else {
        return Ok(None);
    };
    let stored: Vec<u8> = sql::get(&found, 0)?;
    let made: Option<Uuid> = sql::get(&found, 1)?;
    Ok(Some(meaning(stored == fingerprint, made)))
}

/// What a stored key means to a request with the same fingerprint, or another one.
pub(super) const fn meaning(same: bool, made: Option<Uuid>) -> IdempotencyClaim {
    match made {
        _ if !same => IdempotencyClaim::Reused,
        Some(made) => IdempotencyClaim::Replay(made),
        // Claimed before in this transaction, or by a request that made nothing.
        None => IdempotencyClaim::Fresh,
    }
}

async fn store(
    db: &impl ConnectionTrait,
    scope: &str,
    key: &str,
    made: Uuid,
) -> Result<(), StorageError> {
    let stored = sql::execute(
        db,
        "update idempotency_keys set made = $3 where scope = $1 and key = $2",
        [scope.into(), key.into(), made.into()],
    )
    .await?;
    if stored == 0 {
        return Err(StorageError::Other(NotClaimed.into()));
    }
    Ok(())
}

/// Adds a key that nobody has used, with what it made, to a batch. It fails where somebody has.
pub(super) fn add(batch: &mut Batch, spent: &SpentKey<'_>, made: Uuid) {
    let values = batch.list([
        spent.scope.into(),
        spent.key.into(),
        spent.fingerprint.to_vec().into(),
        micros(spent.at).into(),
        made.into(),
    ]);
    batch.add(format!(
        "insert into idempotency_keys (scope, key, fingerprint, claimed_at, made) values ({values})"
    ));
}

async fn sweep(
    db: &impl ConnectionTrait,
    claimed_before: DateTime<Utc>,
) -> Result<u64, StorageError> {
    let forget = "delete from idempotency_keys where claimed_at < $1";
    sql::execute(db, forget, [micros(claimed_before).into()]).await
}

#[async_trait]
impl IdempotencyRepository for SeaOrmUnitOfWork {
    async fn claim(
        &mut self,
        scope: &str,
        key: &str,
        fingerprint: &[u8; 32],
        now: DateTime<Utc>,
    ) -> Result<IdempotencyClaim, StorageError> {
        let claimed = claim(self.transaction(), scope, key, fingerprint, now).await;
        self.settle(claimed)
    }

    async fn find(
        &mut self,
        scope: &str,
        key: &str,
        fingerprint: &[u8; 32],
    ) -> Result<IdempotencyClaim, StorageError> {
        let found = look_up(self.transaction(), scope, key, fingerprint).await;
        self.settle(found.map(|claim| claim.unwrap_or(IdempotencyClaim::Fresh)))
    }

    async fn store(&mut self, scope: &str, key: &str, made: Uuid) -> Result<(), StorageError> {
        let stored = store(self.transaction(), scope, key, made).await;
        self.settle(stored)
    }

    async fn sweep(&mut self, claimed_before: DateTime<Utc>) -> Result<u64, StorageError> {
        let forgotten = sweep(self.transaction(), claimed_before).await;
        self.settle(forgotten)
    }
}
