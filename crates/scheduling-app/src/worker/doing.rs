//! One leased effect: done, and settled.

use std::time::Duration;

use scheduling_core::effect::{Effect, LeasedEffect};
use scheduling_core::ids::OutboxId;
use scheduling_core::ports::{DeliveryAttempt, Retry, StorageError, UnitOfWork};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::{Instrument as _, error, info, warn};

use super::{Worker, say_storage_failed};
use crate::effects::{self, Outcome, Tried};

/// How long to wait before an effect's outcome is written down again.
const SETTLING_PAUSES: [Duration; 3] = [
    Duration::from_millis(100),
    Duration::from_millis(500),
    Duration::from_secs(2),
];

/// How long an effect that was given up may take to end. One that waits for something ends at once.
const ENDING: Duration = Duration::from_secs(1);

impl Worker {
    pub(super) async fn do_and_settle(
        &self,
        leased: LeasedEffect,
        give_up: &CancellationToken,
    ) -> Result<(), StorageError> {
        let (id, attempts) = (leased.id, leased.attempts);
        let kind = leased.effect.as_ref().map_or("unreadable", Effect::kind);
        let begun = Instant::now();
        let tried = if attempts > self.settings.retry.max_attempts {
            // Each earlier try ended with the worker's death, or it would have been settled.
            Some(Tried::from(Outcome::Failed {
                retry: Retry::Never,
                error: "the worker did not survive its tries".to_owned(),
            }))
        } else {
            self.do_in_time(leased, give_up).await
        };
        let Some(tried) = tried else {
            return self.hand_back(id, attempts).await;
        };
        tried.tell(self.scheduling.observer(), kind, begun.elapsed());
        // What was accepted and is not written down would be sent again: a storage that stumbles is asked again.
        let mut pauses = SETTLING_PAUSES.into_iter();
        loop {
            match (self.settle(id, attempts, &tried).await, pauses.next()) {
                (Err(error), Some(pause)) => {
                    say_storage_failed(&error);
                    tokio::time::sleep(pause).await;
                }
                (settled, _) => return settled,
            }
        }
    }

    /// Does an effect, or gives it up before its lease ends: then another worker may take it. None when the worker has to
    /// stop before it is done.
    async fn do_in_time(&self, leased: LeasedEffect, give_up: &CancellationToken) -> Option<Tried> {
        let limit = self.settings.lease * 3 / 4;
        // In a task of its own, so that a panic in an adapter fails this effect and nothing else.
        let worker = self.clone();
        let doing =
            async move { effects::run(&worker.scheduling, &*worker.notifier, leased).await };
        let mut task = AbortOnDropHandle::new(tokio::spawn(doing.in_current_span()));
        let ended = tokio::select! {
            biased;
            ended = tokio::time::timeout(limit, &mut task) => ended,
            () = give_up.cancelled() => {
                task.abort();
                // What was done in the same moment is done: it must be settled, not repeated.
                return match tokio::time::timeout(ENDING, &mut task).await {
                    Ok(Ok(tried)) => Some(tried),
                    Ok(Err(_)) | Err(_) => None,
                };
            }
        };
        Some(match ended {
            Ok(Ok(tried)) => tried,
            Ok(Err(died)) => Outcome::failed(Retry::Backoff, &died).into(),
            Err(late) => {
                task.abort();
                Outcome::failed(Retry::Backoff, &late).into()
            }
        })
    }

    /// Lets another worker have it at once, as if this one had never taken it.
    async fn hand_back(&self, id: OutboxId, attempts: u32) -> Result<(), StorageError> {
        let mut work = self.scheduling.ports().storage.begin().await?;
        let lease = [(id, attempts)];
        let given_back = work.outbox().hand_back(&lease, self.now()).await?;
        work.commit().await?;
        if given_back > 0 {
            info!(outbox.id = %id, attempts, "Handed effect {id} back");
        }
        Ok(())
    }

    pub(super) async fn settle(
        &self,
        id: OutboxId,
        attempts: u32,
        tried: &Tried,
    ) -> Result<(), StorageError> {
        let now = self.now();
        let storage = &self.scheduling.ports().storage;
        let is_its_own = match &tried.outcome {
            Outcome::Failed { .. } => {
                is_still_its_own(&mut *storage.begin_read().await?, id, attempts).await?
            }
            Outcome::Done | Outcome::Skipped(_) => true,
        };
        let mut work = storage.begin().await?;
        match &tried.outcome {
            Outcome::Done => work.outbox().complete(id, now, None).await?,
            Outcome::Skipped(why) => {
                info!(outbox.id = %id, "Skipped effect {id}: {why}");
                work.outbox().complete(id, now, Some(why)).await?;
            }
            Outcome::Failed { .. } if !is_its_own => {
                // Who has taken it over says what becomes of it: made ready again now, it would be done a third time.
                warn!(outbox.id = %id, attempts, "Effect {id} failed after its lease had ended");
            }
            Outcome::Failed { retry, error } => {
                let next = effects::next_try(&self.settings.retry, *retry, attempts, now);
                // What the other side said may hold an address, so it goes into the outbox, not into the log.
                if let Some(due_at) = next {
                    warn!(outbox.id = %id, attempts, "Effect {id} failed and is due again at {due_at}");
                    work.outbox().retry_at(id, due_at, error).await?;
                } else {
                    error!(outbox.id = %id, attempts, "Effect {id} failed for good");
                    work.outbox().fail(id, now, error).await?;
                }
            }
        }
        let handed_over: &[DeliveryAttempt] = &tried.attempts;
        if !handed_over.is_empty() {
            work.outbox().log_attempts(id, now, handed_over).await?;
        }
        work.commit().await
    }
}

/// Whether an effect is still leased to the worker that tried it so many times, and to nobody after it.
async fn is_still_its_own(
    work: &mut dyn UnitOfWork,
    id: OutboxId,
    attempts: u32,
) -> Result<bool, StorageError> {
    match work.outbox().get(id).await {
        Ok(Some(entry)) => Ok(entry.attempts == attempts),
        Ok(None) => Ok(false),
        // Whoever has it, what cannot be read must not be tried for ever.
        Err(StorageError::Corrupt { .. }) => Ok(true),
        Err(error) => Err(error),
    }
}
