//! A clock that stands still until it is told to move.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use scheduling_core::ports::Clock;

/// A clock that shows what the test says. Clones show the same time.
///
/// ```
/// use chrono::TimeDelta;
/// use scheduling_core::ports::Clock;
/// use scheduling_testkit::{ManualClock, builders::instant};
///
/// let clock = ManualClock::at(instant("2026-11-20T09:00:00Z"));
/// clock.advance(TimeDelta::minutes(5));
/// assert_eq!(clock.now(), instant("2026-11-20T09:05:00Z"));
/// ```
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<Mutex<DateTime<Utc>>>);

impl ManualClock {
    /// A clock that shows this instant.
    pub fn at(now: DateTime<Utc>) -> Self {
        Self(Arc::new(Mutex::new(now)))
    }

    /// Moves on by a length; a negative one moves back.
    pub fn advance(&self, by: TimeDelta) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }

    /// Shows another instant.
    pub fn set(&self, now: DateTime<Utc>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
