//! The outbox.

use std::collections::BTreeSet;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use scheduling_core::effect::{LeasedEffect, PlannedEffect};
use scheduling_core::ids::{OutboxId, WorkspaceId};
use scheduling_core::ports::{
    DeliveryAttempt, LoggedAttempt, OutboxCounts, OutboxEntry, OutboxFailure, OutboxRepository,
    OutboxStatus, StorageError,
};

use super::MemoryUnitOfWork;
use super::tables::{OutboxRow, Standing, Tables, at_most};

impl Standing {
    fn status(self) -> OutboxStatus {
        match self {
            Self::Ready => OutboxStatus::Ready,
            Self::Leased { .. } => OutboxStatus::Leased,
            Self::Done { .. } => OutboxStatus::Done,
            Self::Failed { .. } => OutboxStatus::Failed,
        }
    }
}

impl OutboxRow {
    fn entry(&self, id: OutboxId) -> OutboxEntry {
        OutboxEntry {
            id,
            workspace: self.workspace,
            effect: Ok(self.effect.clone()),
            kind: self.effect.kind().to_owned(),
            status: self.standing.status(),
            attempts: self.attempts,
            last_error: self.last_error.clone(),
            due_at: self.due_at,
            created_at: self.created_at,
            finished_at: match self.standing {
                Standing::Done { at } | Standing::Failed { at } => Some(at),
                Standing::Ready | Standing::Leased { .. } => None,
            },
        }
    }
}

/// The dedupe keys whose effect a worker has taken: a ready row with one of them waits for it.
fn leased_keys(tables: &Tables) -> BTreeSet<&str> {
    tables
        .outbox
        .values()
        .filter(|row| matches!(row.standing, Standing::Leased { .. }))
        .filter_map(|row| row.dedupe_key.as_deref())
        .collect()
}

fn waits(row: &OutboxRow, leased: &BTreeSet<&str>) -> bool {
    row.standing == Standing::Ready
        && row
            .dedupe_key
            .as_deref()
            .is_some_and(|key| leased.contains(key))
}

/// What a worker may take.
fn due(tables: &Tables, now: DateTime<Utc>) -> Vec<(DateTime<Utc>, OutboxId)> {
    let leased = leased_keys(tables);
    let due = tables.outbox.iter().filter(|(_, row)| match row.standing {
        Standing::Ready => row.due_at <= now && !waits(row, &leased),
        Standing::Leased { until } => until <= now,
        Standing::Done { .. } | Standing::Failed { .. } => false,
    });
    due.map(|(id, row)| (row.due_at, *id)).collect()
}

/// Whether another ready row does what this one would.
fn has_ready_twin(tables: &Tables, id: OutboxId, key: Option<&str>) -> bool {
    key.is_some()
        && tables.outbox.iter().any(|(other, row)| {
            *other != id && row.standing == Standing::Ready && row.dedupe_key.as_deref() == key
        })
}

#[async_trait]
impl OutboxRepository for MemoryUnitOfWork {
    async fn enqueue(&mut self, effects: &[PlannedEffect]) -> Result<(), StorageError> {
        self.write(|tables| {
            for planned in effects {
                if has_ready_twin(tables, planned.id, planned.dedupe_key.as_deref()) {
                    continue;
                }
                if let Some(workspace) = planned.workspace {
                    tables.must_have_workspace(workspace)?;
                }
                let row = OutboxRow {
                    workspace: planned.workspace,
                    effect: planned.effect.clone(),
                    dedupe_key: planned.dedupe_key.clone(),
                    due_at: planned.due_at,
                    created_at: planned.created_at,
                    attempts: 0,
                    log: Vec::new(),
                    last_error: None,
                    standing: Standing::Ready,
                };
                if tables.outbox.insert(planned.id, row).is_some() {
                    return Err(StorageError::Conflict);
                }
            }
            Ok(())
        })
    }

    async fn lease(
        &mut self,
        now: DateTime<Utc>,
        lasting: TimeDelta,
        limit: u32,
    ) -> Result<Vec<LeasedEffect>, StorageError> {
        self.write(|tables| {
            let until = now
                .checked_add_signed(lasting)
                .unwrap_or(DateTime::<Utc>::MAX_UTC);
            let mut due = due(tables, now);
            due.sort_unstable();
            due.truncate(at_most(limit));
            let mut taken = Vec::with_capacity(due.len());
            for (_, id) in due {
                let Some(row) = tables.outbox.get_mut(&id) else {
                    continue;
                };
                row.standing = Standing::Leased { until };
                row.attempts += 1;
                taken.push(LeasedEffect {
                    id,
                    effect: Ok(row.effect.clone()),
                    attempts: row.attempts,
                    leased_until: until,
                });
            }
            Ok(taken)
        })
    }

    async fn is_any_due(&mut self, now: DateTime<Utc>) -> Result<bool, StorageError> {
        Ok(!due(self.read(), now).is_empty())
    }

    async fn hand_back(
        &mut self,
        leases: &[(OutboxId, u32)],
        now: DateTime<Utc>,
    ) -> Result<u64, StorageError> {
        self.write(|tables| {
            let mut given_back = 0;
            for (id, attempts) in leases {
                let key = tables.outbox.get(id).and_then(|r| r.dedupe_key.clone());
                let twin = has_ready_twin(tables, *id, key.as_deref());
                let Some(row) = tables.outbox.get_mut(id) else {
                    continue;
                };
                let is_its_own =
                    matches!(row.standing, Standing::Leased { .. }) && row.attempts == *attempts;
                if !is_its_own {
                    continue;
                }
                row.attempts -= 1;
                row.standing = if twin {
                    Standing::Done { at: now }
                } else {
                    Standing::Ready
                };
                given_back += 1;
            }
            Ok(given_back)
        })
    }

    async fn complete(
        &mut self,
        id: OutboxId,
        at: DateTime<Utc>,
        note: Option<&str>,
    ) -> Result<(), StorageError> {
        self.write(|tables| {
            if let Some(row) = tables.outbox.get_mut(&id)
                && !matches!(row.standing, Standing::Done { .. })
            {
                row.standing = Standing::Done { at };
                row.last_error = note.map(str::to_owned);
            }
            Ok(())
        })
    }

    async fn retry_at(
        &mut self,
        id: OutboxId,
        due_at: DateTime<Utc>,
        error: &str,
    ) -> Result<(), StorageError> {
        self.write(|tables| {
            let key = tables.outbox.get(&id).and_then(|r| r.dedupe_key.clone());
            let twin = has_ready_twin(tables, id, key.as_deref());
            if let Some(row) = tables.outbox.get_mut(&id)
                && matches!(row.standing, Standing::Leased { .. })
            {
                row.last_error = Some(error.to_owned());
                if twin {
                    row.standing = Standing::Done { at: due_at };
                } else {
                    row.standing = Standing::Ready;
                    row.due_at = due_at;
                }
            }
            Ok(())
        })
    }

    async fn fail(
        &mut self,
        id: OutboxId,
        at: DateTime<Utc>,
        error: &str,
    ) -> Result<(), StorageError> {
        self.write(|tables| {
            if let Some(row) = tables.outbox.get_mut(&id)
                && matches!(row.standing, Standing::Leased { .. })
            {
                row.standing = Standing::Failed { at };
                row.last_error = Some(error.to_owned());
            }
            Ok(())
        })
    }

    async fn next_due(&mut self) -> Result<Option<DateTime<Utc>>, StorageError> {
        let tables = self.read();
        let leased = leased_keys(tables);
        Ok(tables
            .outbox
            .values()
            .filter(|row| !waits(row, &leased))
            .filter_map(|row| match row.standing {
                Standing::Ready => Some(row.due_at),
                Standing::Leased { until } => Some(until),
                Standing::Done { .. } | Standing::Failed { .. } => None,
            })
            .min())
    }

    async fn counts(&mut self) -> Result<OutboxCounts, StorageError> {
        let mut counts = OutboxCounts::default();
        for row in self.read().outbox.values() {
            match row.standing {
                Standing::Ready => counts.ready += 1,
                Standing::Leased { .. } => counts.leased += 1,
                Standing::Failed { .. } => counts.failed += 1,
                Standing::Done { .. } => {}
            }
        }
        Ok(counts)
    }

    async fn failures(&mut self, limit: u32) -> Result<Vec<OutboxFailure>, StorageError> {
        let mut failures: Vec<OutboxFailure> = self
            .read()
            .outbox
            .iter()
            .filter_map(|(id, row)| match row.standing {
                Standing::Failed { at } => Some(OutboxFailure {
                    id: *id,
                    kind: row.effect.kind().to_owned(),
                    attempts: row.attempts,
                    last_error: row.last_error.clone().unwrap_or_default(),
                    failed_at: at,
                }),
                _ => None,
            })
            .collect();
        failures.sort_by_key(|f| std::cmp::Reverse((f.failed_at, f.id)));
        failures.truncate(at_most(limit));
        Ok(failures)
    }

    async fn list(
        &mut self,
        workspace: WorkspaceId,
        status: Option<OutboxStatus>,
        after: Option<OutboxId>,
        limit: u32,
    ) -> Result<Vec<OutboxEntry>, StorageError> {
        let rows = self.read().outbox.iter().rev();
        Ok(rows
            .filter(|(id, row)| {
                row.workspace == Some(workspace) && after.is_none_or(|after| **id < after)
            })
            .filter(|(_, row)| status.is_none_or(|status| row.standing.status() == status))
            .take(at_most(limit))
            .map(|(id, row)| row.entry(*id))
            .collect())
    }

    async fn get(&mut self, id: OutboxId) -> Result<Option<OutboxEntry>, StorageError> {
        Ok(self.read().outbox.get(&id).map(|row| row.entry(id)))
    }

    async fn replay(&mut self, id: OutboxId, now: DateTime<Utc>) -> Result<bool, StorageError> {
        self.write(|tables| {
            let key = tables.outbox.get(&id).and_then(|r| r.dedupe_key.clone());
            let twin = has_ready_twin(tables, id, key.as_deref());
            let failed = |row: &&mut OutboxRow| matches!(row.standing, Standing::Failed { .. });
            let Some(row) = tables.outbox.get_mut(&id).filter(failed) else {
                return Ok(false);
            };
            if twin {
                row.standing = Standing::Done { at: now };
            } else {
                row.standing = Standing::Ready;
                row.due_at = now;
                row.attempts = 0;
            }
            Ok(true)
        })
    }

    async fn log_attempts(
        &mut self,
        id: OutboxId,
        at: DateTime<Utc>,
        attempts: &[DeliveryAttempt],
    ) -> Result<(), StorageError> {
        self.write(|tables| {
            if let Some(row) = tables.outbox.get_mut(&id) {
                let logged = |attempt: &DeliveryAttempt| LoggedAttempt {
                    at,
                    attempt: attempt.clone(),
                };
                row.log.extend(attempts.iter().map(logged));
            }
            Ok(())
        })
    }

    async fn attempts(&mut self, id: OutboxId) -> Result<Vec<LoggedAttempt>, StorageError> {
        let row = self.read().outbox.get(&id);
        Ok(row.map(|row| row.log.clone()).unwrap_or_default())
    }

    async fn sweep(&mut self, finished_before: DateTime<Utc>) -> Result<u64, StorageError> {
        self.write(|tables| {
            let before = tables.outbox.len();
            tables.outbox.retain(
                |_, row| !matches!(row.standing, Standing::Done { at } if at < finished_before),
            );
            Ok((before - tables.outbox.len()) as u64)
        })
    }
}
