//! The one clock of all nodes on a database.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use scheduling_app::system::SystemClock;
use scheduling_core::ports::{Clock, StorageError};
use scheduling_persistence::{DatabaseClock, Offset, SeaOrmStorage};
use tokio_util::sync::CancellationToken;

use crate::http::problem::causes;

/// How often the database is asked for its time. A machine's monotonic clock loses less than a millisecond meanwhile.
const EVERY: Duration = Duration::from_secs(10);

/// How soon it is asked again when it did not answer.
const AGAIN: Duration = Duration::from_secs(2);

/// What two clocks may differ by before somebody should know.
const NOTEWORTHY: TimeDelta = TimeDelta::seconds(1);

/// What a node goes by: PostgreSQL's clock, so that all nodes agree, or on SQLite this machine's.
#[derive(Debug, Clone)]
pub struct NodeClock {
    database: Option<DatabaseClock>,
}

impl NodeClock {
    /// Asks the database.
    ///
    /// # Errors
    /// [`StorageError`] when it does not answer.
    pub(super) async fn start(storage: &SeaOrmStorage) -> Result<Self, StorageError> {
        let database = DatabaseClock::start(storage, Arc::new(SystemClock)).await?;
        Ok(Self { database })
    }

    /// The clock.
    pub fn clock(&self) -> Arc<dyn Clock> {
        match &self.database {
            Some(clock) => Arc::new(clock.clone()),
            None => Arc::new(SystemClock),
        }
    }

    /// How far this machine's own clock is from the database's, which everything goes by. None where this machine's own is
    /// gone by.
    pub fn offset(&self) -> Option<Offset> {
        self.database.as_ref().map(DatabaseClock::offset)
    }

    /// Keeps in step with the database.
    pub(crate) async fn keep(self, until: CancellationToken) {
        let Some(clock) = self.database else { return };
        let mut said = None;
        let (mut offset, mut wait) = (Some(clock.offset()), EVERY);
        loop {
            if let Some(offset) = offset {
                say(offset, &mut said);
            }
            tokio::select! {
                () = until.cancelled() => return,
                () = tokio::time::sleep(wait) => {}
            }
            offset = match clock.ask().await {
                Ok(offset) => {
                    wait = EVERY;
                    Some(offset)
                }
                Err(error) => {
                    let error = causes(&error);
                    tracing::debug!(error, "The database did not say what time it is");
                    wait = AGAIN;
                    None
                }
            };
        }
    }
}

/// Tells of a machine whose clock is wrong, once and whenever that changes.
fn say(offset: Offset, said: &mut Option<TimeDelta>) {
    let ahead = offset.ahead;
    let news = match *said {
        None => is_noteworthy(ahead, offset),
        Some(before) => is_noteworthy(ahead - before, offset),
    };
    if !news {
        return;
    }
    let seconds = ahead.as_seconds_f64();
    if is_noteworthy(ahead, offset) {
        tracing::warn!(
            clock.ahead_seconds = seconds,
            "This machine's clock differs from the database's, which is gone by; set it right"
        );
        *said = Some(ahead);
    } else {
        tracing::info!(
            clock.ahead_seconds = seconds,
            "This machine's clock agrees with the database's again"
        );
        *said = None;
    }
}

fn is_noteworthy(difference: TimeDelta, offset: Offset) -> bool {
    difference.abs() > NOTEWORTHY + offset.within
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_clock_is_told_of_once_and_whenever_that_changes() {
        let offset = |ahead, within| Offset {
            ahead: TimeDelta::milliseconds(ahead),
            within: TimeDelta::milliseconds(within),
        };
        let mut said = None;
        say(offset(900, 1), &mut said);
        assert_eq!(said, None);
        // It may be what asking took.
        say(offset(3_000, 2_500), &mut said);
        assert_eq!(said, None);
        say(offset(-90_000, 1), &mut said);
        assert_eq!(said, Some(TimeDelta::seconds(-90)));
        say(offset(-90_500, 1), &mut said);
        assert_eq!(said, Some(TimeDelta::seconds(-90)));
        say(offset(-60_000, 1), &mut said);
        assert_eq!(said, Some(TimeDelta::seconds(-60)));
        say(offset(5, 1), &mut said);
        assert_eq!(said, None);
    }
}
