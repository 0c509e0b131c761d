//! The loop that does what the outbox owes.
//!
//! An effect is leased in one short transaction, done outside of any, and settled in another one: completed, put off,
//! or failed. A worker that dies in between leaves the lease to run out, and another one does the effect again, under
//! the same id. So every effect happens at least once, and what it reaches can tell a repetition.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use scheduling_core::effect::{Effect, LeasedEffect, RetryPolicy};
use scheduling_core::ids::OutboxId;
use scheduling_core::ports::{DeliveryAttempt, Notifier, Retry, StorageError, UnitOfWork};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, error, error_span, info, warn};

use crate::Scheduling;
use crate::effects::{self, Outcome, Tried};

/// How a worker works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkerSettings {
    /// How long an effect is a worker's own. Whatever takes nearly as long is given up and tried again.
    pub lease: Duration,
    /// How many effects run at once.
    pub concurrency: usize,
    /// How often the outbox is looked at when nobody says there is something new.
    pub poll: Duration,
    /// When an effect that failed is tried again.
    pub retry: RetryPolicy,
    /// How long a finished effect is kept.
    pub keep_finished: TimeDelta,
    /// How long an idempotency key is remembered.
    pub keep_idempotency_keys: TimeDelta,
    /// How often what is too old is forgotten.
    pub sweep_every: TimeDelta,
    /// How often holds that have expired are given back. Nobody waits for it: an expired hold takes nothing, and whoever
    /// books sweeps those in his way.
    pub sweep_holds_every: TimeDelta,
}

impl Default for WorkerSettings {
    /// Leases of a minute, eight effects at once, a look every second, ten tries; finished effects are kept for a week,
    /// idempotency keys for a day; expired holds are given back within five seconds.
    fn default() -> Self {
        Self {
            lease: Duration::from_mins(1),
            concurrency: 8,
            poll: Duration::from_secs(1),
            retry: RetryPolicy::default(),
            keep_finished: TimeDelta::days(7),
            keep_idempotency_keys: TimeDelta::hours(24),
            sweep_every: TimeDelta::hours(1),
            sweep_holds_every: TimeDelta::seconds(5),
        }
    }
}

/// What was forgotten because of its age.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Finished effects.
    pub effects: u64,
    /// Idempotency keys.
    pub idempotency_keys: u64,
}

/// Does what the outbox owes, through the ports that reach outside.
#[derive(Clone)]
pub struct Worker {
    scheduling: Scheduling,
    notifier: Arc<dyn Notifier>,
    settings: WorkerSettings,
}

/// Effects that are being done, each answering whether it could be settled.
type Running = JoinSet<Result<(), StorageError>>;

impl Worker {
    /// A worker over a scheduling's storage, telling people through `notifier`.
    pub fn new(scheduling: Scheduling, notifier: Arc<dyn Notifier>) -> Self {
        Self {
            scheduling,
            notifier,
            settings: WorkerSettings::default(),
        }
    }

    /// The same worker with other settings.
    #[must_use]
    pub fn with_settings(mut self, settings: WorkerSettings) -> Self {
        self.settings = settings;
        self
    }

    /// Does everything that is due now. Answers how many effects it tried.
    ///
    /// # Errors
    /// [`StorageError`] when the outbox cannot be read or written. Everything that was begun is finished first.
    pub async fn run_due(&self) -> Result<usize, StorageError> {
        let mut running = Running::new();
        let mut tried = 0;
        let mut outcome = Ok(());
        loop {
            if outcome.is_ok() {
                match self.lease_into(&mut running, self.half()).await {
                    Ok(leased) => tried += leased,
                    Err(error) => outcome = Err(error),
                }
            }
            let Some(finished) = running.join_next().await else {
                return outcome.map(|()| tried);
            };
            let settled = finished.unwrap_or_else(|died| Err(StorageError::Other(died.into())));
            outcome = outcome.and(settled);
        }
    }

    /// Works until the token is cancelled; then finishes what it has begun and returns.
    ///
    /// When the storage fails it says so in the log, waits a moment and goes on.
    pub async fn run(&self, until: CancellationToken) {
        info!("The worker has started");
        let mut running = Running::new();
        let (mut next_sweep, mut next_holds) = (self.now(), self.now());
        let mut at_least = 1;
        while !until.is_cancelled() {
            if let Err(error) = self.lease_into(&mut running, at_least).await {
                say_storage_failed(&error);
            }
            if self.now() >= next_sweep {
                next_sweep = self.now() + self.settings.sweep_every;
                if let Err(error) = self.sweep().await {
                    say_storage_failed(&error);
                }
            }
            if self.now() >= next_holds {
                next_holds = self.now() + self.settings.sweep_holds_every;
                if let Err(error) = self.sweep_holds().await {
                    say_storage_failed(&error);
                }
            }
            // While many effects end one after the other, one transaction leases several; but nothing that is new or
            // has waited a moment waits for those that are slow.
            at_least = tokio::select! {
                () = until.cancelled() => 1,
                () = self.scheduling.woken() => 1,
                () = tokio::time::sleep(self.settings.poll) => 1,
                Some(finished) = running.join_next() => {
                    say_if_unsettled(finished);
                    self.half()
                }
            };
        }
        while let Some(finished) = running.join_next().await {
            say_if_unsettled(finished);
        }
        info!("The worker has finished");
    }

    /// Forgets finished effects and idempotency keys that are too old. The loop does it every hour.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn sweep(&self) -> Result<Swept, StorageError> {
        let now = self.now();
        let mut work = self.scheduling.ports().storage.begin().await?;
        let effects = work
            .outbox()
            .sweep(now - self.settings.keep_finished)
            .await?;
        let idempotency_keys = work
            .idempotency()
            .sweep(now - self.settings.keep_idempotency_keys)
            .await?;
        work.commit().await?;
        Ok(Swept {
            effects,
            idempotency_keys,
        })
    }

    /// Gives back the holds that have expired: their time and their seats. The loop does it every few seconds. Answers how
    /// many.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn sweep_holds(&self) -> Result<u64, StorageError> {
        let mut work = self.scheduling.ports().storage.begin().await?;
        let swept = work.holds().sweep(None, self.now()).await?;
        work.commit().await?;
        Ok(swept)
    }

    fn now(&self) -> DateTime<Utc> {
        self.scheduling.ports().clock.now()
    }

    /// Half of what may run at once, rounded up.
    fn half(&self) -> usize {
        self.settings.concurrency.div_ceil(2).max(1)
    }

    /// Leases as many due effects as may run besides those that do, if those are `at_least` so many, and starts them.
    /// Answers how many.
    async fn lease_into(
        &self,
        running: &mut Running,
        at_least: usize,
    ) -> Result<usize, StorageError> {
        let most = self.settings.concurrency.max(1);
        let room = most.saturating_sub(running.len());
        if room < at_least {
            return Ok(0);
        }
        let storage = &self.scheduling.ports().storage;
        let now = self.now();
        // Looking costs no writer's turn, and mostly there is nothing.
        let next_due = storage.begin_read().await?.outbox().next_due().await?;
        if next_due.is_none_or(|due| due > now) {
            return Ok(0);
        }
        let lease = TimeDelta::from_std(self.settings.lease).unwrap_or(TimeDelta::MAX);
        let until = now
            .checked_add_signed(lease)
            .unwrap_or(DateTime::<Utc>::MAX_UTC);
        let mut work = storage.begin().await?;
        let limit = u32::try_from(room).unwrap_or(u32::MAX);
        let leased = work.outbox().lease(now, until, limit).await?;
        work.commit().await?;
        let count = leased.len();
        for effect in leased {
            let worker = self.clone();
            // Lines about an effect name it, whatever is logged: the span is there at every level.
            let span = error_span!("effect", outbox.id = %effect.id, attempts = effect.attempts);
            running.spawn(async move { worker.do_and_settle(effect).await }.instrument(span));
        }
        Ok(count)
    }

    async fn do_and_settle(&self, leased: LeasedEffect) -> Result<(), StorageError> {
        let (id, attempts) = (leased.id, leased.attempts);
        let kind = leased.effect.as_ref().map_or("unreadable", Effect::kind);
        let begun = Instant::now();
        let tried = if attempts > self.settings.retry.max_attempts {
            // Each earlier try ended with the worker's death, or it would have been settled.
            Tried::from(Outcome::Failed {
                retry: Retry::Never,
                error: "the worker did not survive its tries".to_owned(),
            })
        } else {
            self.do_in_time(leased).await
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

    /// Does an effect, or gives it up before its lease ends: then another worker may take it.
    async fn do_in_time(&self, leased: LeasedEffect) -> Tried {
        let limit = self.settings.lease * 3 / 4;
        // In a task of its own, so that a panic in an adapter fails this effect and nothing else.
        let worker = self.clone();
        let doing =
            async move { effects::run(&worker.scheduling, &*worker.notifier, leased).await };
        let mut task = tokio::spawn(doing.in_current_span());
        match tokio::time::timeout(limit, &mut task).await {
            Ok(Ok(tried)) => tried,
            Ok(Err(died)) => Outcome::failed(Retry::Backoff, &died).into(),
            Err(late) => {
                task.abort();
                Outcome::failed(Retry::Backoff, &late).into()
            }
        }
    }

    async fn settle(&self, id: OutboxId, attempts: u32, tried: &Tried) -> Result<(), StorageError> {
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

/// How long to wait before an effect's outcome is written down again.
const SETTLING_PAUSES: [Duration; 3] = [
    Duration::from_millis(100),
    Duration::from_millis(500),
    Duration::from_secs(2),
];

fn say_if_unsettled(finished: Result<Result<(), StorageError>, tokio::task::JoinError>) {
    match finished {
        Ok(Ok(())) => {}
        // Its lease runs out and it is done again.
        Ok(Err(error)) => say_storage_failed(&error),
        Err(died) => error!(error = &died as &dyn std::error::Error, "An effect died"),
    }
}

fn say_storage_failed(error: &StorageError) {
    warn!(
        error = error as &dyn std::error::Error,
        "The worker's storage failed; it goes on"
    );
}

#[cfg(test)]
mod tests;
