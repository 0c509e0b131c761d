//! What the database holds and how busy its connections are, looked at when somebody scrapes.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use scheduling_core::ports::{Clock, StorageError};
use scheduling_persistence::{OutboxFigures, PoolFigures, SeaOrmStorage};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::metrics::Metrics;
use super::names;
use super::process::count;
use crate::http::problem::causes;

/// Where the figures come from.
#[async_trait]
trait Source: Send + Sync {
    async fn outbox(&self) -> Result<OutboxFigures, StorageError>;
    fn pools(&self) -> [PoolFigures; 2];
}

/// Looks at the database for scrapers: never for longer than a moment, and seldom, however often it is scraped.
#[derive(Clone)]
pub struct DatabaseFigures {
    source: Arc<dyn Source>,
    clock: Arc<dyn Clock>,
    /// Not before this moment again. Held while somebody looks, so that scrapers do not look at the same time.
    next: Arc<Mutex<Option<Instant>>>,
}

/// How long a look may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// How often it is looked at most.
const AT_MOST_EVERY: Duration = Duration::from_secs(5);

/// The share of the time that looking may take: a look that took a tenth of a second is not repeated for ten seconds.
const SHARE: u32 = 100;

struct Storage {
    storage: Arc<SeaOrmStorage>,
    clock: Arc<dyn Clock>,
}

#[async_trait]
impl Source for Storage {
    async fn outbox(&self) -> Result<OutboxFigures, StorageError> {
        self.storage.outbox_figures(self.clock.now()).await
    }

    fn pools(&self) -> [PoolFigures; 2] {
        self.storage.pool_figures()
    }
}

impl DatabaseFigures {
    /// Looks at a storage.
    pub fn new(storage: Arc<SeaOrmStorage>, clock: Arc<dyn Clock>) -> Self {
        let source = Storage {
            storage,
            clock: Arc::clone(&clock),
        };
        Self::of(Arc::new(source), clock)
    }

    fn of(source: Arc<dyn Source>, clock: Arc<dyn Clock>) -> Self {
        Self {
            source,
            clock,
            next: Arc::new(Mutex::new(None)),
        }
    }

    /// Enters what is found, unless it was looked at just now.
    pub(super) async fn look(&self, metrics: &Metrics) {
        for pool in self.source.pools() {
            let labels = [("for", pool.purpose)];
            let figure = |name, value| metrics.register().gauge(name, &labels).set(value);
            figure(names::POOL_CONNECTIONS, number(pool.open));
            figure(names::POOL_IDLE, number(pool.idle));
            figure(names::POOL_MOST, number(pool.most));
        }
        let mut next = self.next.lock().await;
        let begun = Instant::now();
        if next.is_some_and(|next| begun < next) {
            return;
        }
        let found = tokio::time::timeout(PATIENCE, self.source.outbox()).await;
        let took = begun.elapsed();
        *next = Some(Instant::now() + AT_MOST_EVERY.max(took * SHARE));
        let is_up = match found {
            Ok(Ok(found)) => {
                self.enter(metrics, &found);
                true
            }
            Ok(Err(error)) => {
                tracing::warn!(
                    error = causes(&error),
                    "The outbox could not be looked at for its figures"
                );
                false
            }
            Err(_elapsed) => {
                tracing::warn!("The database did not answer in time for its figures");
                false
            }
        };
        let up = metrics.register().gauge(names::DATABASE_UP, &[]);
        up.set(if is_up { 1.0 } else { 0.0 });
    }

    /// What was found last stays where it is when the database does not answer.
    fn enter(&self, metrics: &Metrics, found: &OutboxFigures) {
        let age = found.oldest_due.map(|due| self.clock.now() - due);
        let age = age.and_then(|age| age.to_std().ok()).unwrap_or_default();
        for (name, value) in [
            (names::OUTBOX_READY, number(found.ready)),
            (names::OUTBOX_DUE, number(found.due)),
            (names::OUTBOX_LEASED, number(found.leased)),
            (names::OUTBOX_FAILED, number(found.failed)),
            (names::OUTBOX_AGE, age.as_secs_f64()),
        ] {
            metrics.register().gauge(name, &[]).set(value);
        }
    }
}

fn number(figure: u64) -> f64 {
    count(usize::try_from(figure).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use chrono::TimeDelta;
    use scheduling_testkit::ManualClock;
    use scheduling_testkit::builders::instant;

    use super::*;

    #[derive(Default)]
    struct Fake {
        asked: AtomicUsize,
        hangs: bool,
        oldest_due: Option<chrono::DateTime<chrono::Utc>>,
    }

    #[async_trait]
    impl Source for Fake {
        async fn outbox(&self) -> Result<OutboxFigures, StorageError> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            if self.hangs {
                std::future::pending::<()>().await;
            }
            Ok(OutboxFigures {
                ready: 7,
                due: 3,
                failed: 1,
                oldest_due: self.oldest_due,
                ..OutboxFigures::default()
            })
        }

        fn pools(&self) -> [PoolFigures; 2] {
            ["read", "write"].map(|purpose| PoolFigures {
                purpose,
                open: 4,
                idle: 3,
                most: 8,
            })
        }
    }

    fn over(fake: Fake) -> (Arc<Fake>, DatabaseFigures) {
        let fake = Arc::new(fake);
        let clock = ManualClock::at(instant("2026-11-23T08:00:00Z"));
        let figures = DatabaseFigures::of(Arc::clone(&fake) as _, Arc::new(clock));
        (fake, figures)
    }

    #[tokio::test(start_paused = true)]
    async fn many_scrapers_look_at_the_database_once() {
        let due = instant("2026-11-23T08:00:00Z") - TimeDelta::seconds(90);
        let (fake, figures) = over(Fake {
            oldest_due: Some(due),
            ..Fake::default()
        });
        let metrics = Metrics::new();
        for _ in 0..50 {
            figures.look(&metrics).await;
        }
        assert_eq!(fake.asked.load(Ordering::Relaxed), 1);
        tokio::time::advance(AT_MOST_EVERY).await;
        figures.look(&metrics).await;
        assert_eq!(fake.asked.load(Ordering::Relaxed), 2);
        let text = metrics.render();
        for line in [
            "kalends_outbox_ready 7",
            "kalends_outbox_due 3",
            "kalends_outbox_failed 1",
            "kalends_outbox_oldest_due_seconds 90",
            "kalends_database_up 1",
            r#"kalends_database_pool_idle{for="read"} 3"#,
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_database_that_hangs_does_not_hold_the_scraper() {
        let (fake, figures) = over(Fake {
            hangs: true,
            ..Fake::default()
        });
        let metrics = Metrics::new();
        let begun = Instant::now();
        figures.look(&metrics).await;
        assert_eq!(begun.elapsed(), PATIENCE);
        // A look that took so long is not repeated soon.
        tokio::time::advance(Duration::from_secs(100)).await;
        figures.look(&metrics).await;
        assert_eq!(fake.asked.load(Ordering::Relaxed), 1);
        assert!(metrics.render().contains("\nkalends_database_up 0\n"));
    }
}
