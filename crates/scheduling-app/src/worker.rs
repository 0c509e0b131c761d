//! The loop that does what the outbox owes.
//!
//! An effect is leased in one short transaction, done outside of any, and settled in another one: completed, put off,
//! or failed. A worker that dies in between leaves the lease to run out, and another one does the effect again, under
//! the same id. So every effect happens at least once, and what it reaches can tell a repetition.

mod doing;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use scheduling_core::effect::RetryPolicy;
use scheduling_core::ports::{Notifier, Storage, StorageError};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, error, error_span, info, warn};

use crate::Scheduling;

/// How a worker works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkerSettings {
    /// How long an effect is a worker's own. Whatever takes nearly as long is given up and tried again.
    pub lease: Duration,
    /// How many effects run at once.
    pub concurrency: usize,
    /// How often the outbox is looked at when nobody says there is something new.
    pub poll: Duration,
    /// How long effects that were begun may go on when the worker is asked to stop. What takes longer is handed back, for
    /// another worker to do.
    pub finish_within: Duration,
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
    /// Leases of a minute, eight effects at once, a look every second, twenty seconds to finish, ten tries; finished
    /// effects are kept for a week, idempotency keys for a day; expired holds are given back within five seconds.
    fn default() -> Self {
        Self {
            lease: Duration::from_mins(1),
            concurrency: 8,
            poll: Duration::from_secs(1),
            finish_within: Duration::from_secs(20),
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

    /// The same worker over another way to the same storage.
    #[must_use]
    pub fn with_storage(mut self, storage: Arc<dyn Storage>) -> Self {
        self.scheduling = self.scheduling.with_storage(storage);
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
                let never = CancellationToken::new();
                match self.lease_into(&mut running, self.half(), &never).await {
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

    /// Works until the token is cancelled. Then it begins nothing more, finishes what it has begun, hands back what takes
    /// longer than [`finish_within`](WorkerSettings::finish_within), and returns.
    ///
    /// When the storage fails it says so in the log, waits ever longer, up to a few seconds, and goes on.
    pub async fn run(&self, until: CancellationToken) {
        info!("The worker has started");
        let (mut running, mut trouble) = (Running::new(), Trouble::default());
        let give_up = CancellationToken::new();
        let (mut next_sweep, mut next_holds) = (self.now(), self.now());
        let mut at_least = 1;
        while !until.is_cancelled() {
            let worked = self.look_and_lease(&mut running, at_least, &until, &give_up);
            let worked = match worked.await {
                Ok(()) => self.tidy_up(&mut next_sweep, &mut next_holds).await,
                Err(error) => Err(error),
            };
            if let Err(error) = worked {
                let pause = trouble.began_or_goes_on(&error, self.settings.poll);
                // Whoever calls meanwhile is heard afterwards.
                wait_in_trouble(&mut running, pause, &until).await;
                at_least = 1;
                continue;
            }
            trouble.is_over();
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
        self.finish(running, &give_up).await;
        info!("The worker has finished");
    }

    /// Looks, and leases what there is. Asked to stop, it does not wait for a storage that does not answer; but what is
    /// being leased is leased, or nobody would have it until the lease ends.
    async fn look_and_lease(
        &self,
        running: &mut Running,
        at_least: usize,
        until: &CancellationToken,
        give_up: &CancellationToken,
    ) -> Result<(), StorageError> {
        let room = self.room(running);
        if room < at_least {
            return Ok(());
        }
        let is_any_due = tokio::select! {
            () = until.cancelled() => return Ok(()),
            found = self.is_any_due() => found?,
        };
        if is_any_due {
            self.lease_some(running, room, give_up).await?;
        }
        Ok(())
    }

    /// Does now and then what keeps the storage small.
    async fn tidy_up(
        &self,
        next_sweep: &mut DateTime<Utc>,
        next_holds: &mut DateTime<Utc>,
    ) -> Result<(), StorageError> {
        let now = self.now();
        if now >= *next_sweep {
            self.sweep().await?;
            *next_sweep = now + self.settings.sweep_every;
        }
        if now >= *next_holds {
            self.sweep_holds().await?;
            *next_holds = now + self.settings.sweep_holds_every;
        }
        Ok(())
    }

    /// Waits for what was begun, and hands back what takes too long.
    async fn finish(&self, mut running: Running, give_up: &CancellationToken) {
        let deadline = tokio::time::sleep(self.settings.finish_within);
        tokio::pin!(deadline);
        loop {
            tokio::select! {
                finished = running.join_next() => match finished {
                    Some(finished) => say_if_unsettled(finished),
                    None => return,
                },
                () = &mut deadline => {
                    if give_up.is_cancelled() {
                        // The storage does not take them back: their leases run out.
                        return;
                    }
                    let left = running.len();
                    warn!("The worker stops before {left} effects are done, and hands them back");
                    give_up.cancel();
                    deadline.as_mut().reset(Instant::now() + HANDING_BACK);
                }
            }
        }
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

    fn room(&self, running: &Running) -> usize {
        self.settings
            .concurrency
            .max(1)
            .saturating_sub(running.len())
    }

    /// Leases as many due effects as may run besides those that do, if those are `at_least` so many, and starts them.
    /// Answers how many.
    async fn lease_into(
        &self,
        running: &mut Running,
        at_least: usize,
        give_up: &CancellationToken,
    ) -> Result<usize, StorageError> {
        let room = self.room(running);
        if room < at_least || !self.is_any_due().await? {
            return Ok(0);
        }
        self.lease_some(running, room, give_up).await
    }

    /// Looking costs no writer's turn, and mostly there is nothing.
    async fn is_any_due(&self) -> Result<bool, StorageError> {
        let mut work = self.scheduling.ports().storage.begin_read().await?;
        work.outbox().is_any_due(self.now()).await
    }

    async fn lease_some(
        &self,
        running: &mut Running,
        room: usize,
        give_up: &CancellationToken,
    ) -> Result<usize, StorageError> {
        let lasting = TimeDelta::from_std(self.settings.lease).unwrap_or(TimeDelta::MAX);
        let limit = u32::try_from(room).unwrap_or(u32::MAX);
        let mut work = self.scheduling.ports().storage.begin().await?;
        let leased = work.outbox().lease(self.now(), lasting, limit).await?;
        work.commit().await?;
        let count = leased.len();
        for effect in leased {
            let (worker, give_up) = (self.clone(), give_up.clone());
            // Lines about an effect name it, whatever is logged: the span is there at every level.
            let span = error_span!("effect", outbox.id = %effect.id, attempts = effect.attempts);
            let doing = async move { worker.do_and_settle(effect, &give_up).await };
            running.spawn(doing.instrument(span));
        }
        Ok(count)
    }
}

/// How long the storage may take to take leases back when the worker stops.
const HANDING_BACK: Duration = Duration::from_secs(5);

/// A storage that fails, so that it is neither asked all the time nor told of each time.
#[derive(Debug, Default)]
struct Trouble {
    failures: u32,
}

impl Trouble {
    /// The longest pause: so long after the storage is back, at the latest, the worker is too.
    const LONGEST: Duration = Duration::from_secs(5);

    /// How long to leave the storage alone.
    fn began_or_goes_on(&mut self, error: &StorageError, shortest: Duration) -> Duration {
        self.failures = self.failures.saturating_add(1);
        if self.failures.is_power_of_two() {
            let error: &dyn std::error::Error = error;
            let failures = self.failures;
            warn!(error, failures, "The worker's storage failed; it goes on");
        }
        let doubled = 1_u32 << (self.failures - 1).min(16);
        shortest
            .saturating_mul(doubled)
            .min(Self::LONGEST.max(shortest))
    }

    fn is_over(&mut self) {
        if self.failures > 0 {
            info!(failures = self.failures, "The worker's storage is back");
            self.failures = 0;
        }
    }
}

async fn wait_in_trouble(running: &mut Running, pause: Duration, until: &CancellationToken) {
    let over = tokio::time::sleep(pause);
    tokio::pin!(over);
    loop {
        tokio::select! {
            () = until.cancelled() => return,
            () = &mut over => return,
            Some(finished) = running.join_next() => say_if_unsettled(finished),
        }
    }
}

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
