//! Idempotency keys.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scheduling_core::ports::{IdempotencyClaim, IdempotencyRepository, StorageError};
use uuid::Uuid;

use super::tables::IdempotencyRow;
use super::{MemoryUnitOfWork, Refusal};

impl IdempotencyRow {
    fn claim(&self, fingerprint: &[u8; 32]) -> IdempotencyClaim {
        match self.made {
            _ if self.fingerprint != *fingerprint => IdempotencyClaim::Reused,
            Some(made) => IdempotencyClaim::Replay(made),
            // Claimed now, or by a request that made nothing.
            None => IdempotencyClaim::Fresh,
        }
    }
}

#[async_trait]
impl IdempotencyRepository for MemoryUnitOfWork {
    async fn claim(
        &mut self,
        scope: &str,
        key: &str,
        fingerprint: &[u8; 32],
        now: DateTime<Utc>,
    ) -> Result<IdempotencyClaim, StorageError> {
        self.write(|tables| {
            let row = tables
                .idempotency
                .entry((scope.to_owned(), key.to_owned()))
                .or_insert(IdempotencyRow {
                    fingerprint: *fingerprint,
                    claimed_at: now,
                    made: None,
                });
            Ok(row.claim(fingerprint))
        })
    }

    async fn find(
        &mut self,
        scope: &str,
        key: &str,
        fingerprint: &[u8; 32],
    ) -> Result<IdempotencyClaim, StorageError> {
        let key = (scope.to_owned(), key.to_owned());
        let row = self.read().idempotency.get(&key);
        Ok(row.map_or(IdempotencyClaim::Fresh, |row| row.claim(fingerprint)))
    }

    async fn store(&mut self, scope: &str, key: &str, made: Uuid) -> Result<(), StorageError> {
        self.write(|tables| {
            let key = (scope.to_owned(), key.to_owned());
            match tables.idempotency.get_mut(&key) {
                Some(row) => {
                    row.made = Some(made);
                    Ok(())
                }
                None => Err(Refusal::NoSuchRow.into()),
            }
        })
    }

    async fn sweep(&mut self, claimed_before: DateTime<Utc>) -> Result<u64, StorageError> {
        self.write(|tables| {
            let before = tables.idempotency.len();
            tables
                .idempotency
                .retain(|_, row| row.claimed_at >= claimed_before);
            Ok((before - tables.idempotency.len()) as u64)
        })
    }
}
