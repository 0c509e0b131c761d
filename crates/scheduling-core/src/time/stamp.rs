//! Instants and spans as integers, for the engine's inner loops.

use chrono::{DateTime, Utc};

/// Seconds in a day of civil time.
pub(crate) const DAY: i64 = 86_400;

/// An instant as seconds since the epoch and nanoseconds after them. It sorts as the instant does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Stamp {
    pub(crate) secs: i64,
    /// Beyond 999 999 999 within a leap second, as chrono has it: still after the second and before the next.
    pub(crate) nanos: u32,
}

impl Stamp {
    /// Before and after every instant chrono knows, and far enough from the ends of `i64` that no sum of lengths in
    /// minutes leads there. So the arithmetic below is plain.
    pub(crate) const MIN: Self = Self::whole(-1 << 60);
    pub(crate) const MAX: Self = Self::whole(1 << 60);

    pub(crate) const fn whole(secs: i64) -> Self {
        Self { secs, nanos: 0 }
    }

    #[inline]
    pub(crate) fn of(instant: DateTime<Utc>) -> Self {
        Self {
            secs: instant.timestamp(),
            nanos: instant.timestamp_subsec_nanos(),
        }
    }

    /// The instant, or the nearest that chrono can say.
    pub(crate) fn instant(self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.secs, self.nanos).unwrap_or(if self.secs < 0 {
            DateTime::<Utc>::MIN_UTC
        } else {
            DateTime::<Utc>::MAX_UTC
        })
    }

    /// The first whole second at or after it.
    #[inline]
    pub(crate) const fn ceil(self) -> i64 {
        self.secs + (self.nanos > 0) as i64
    }

    /// So many seconds later (or earlier).
    #[inline]
    pub(crate) const fn plus(self, secs: i64) -> Self {
        Self {
            secs: self.secs + secs,
            nanos: self.nanos,
        }
    }

    /// The very next instant.
    #[inline]
    pub(crate) const fn next(self) -> Self {
        Self {
            secs: self.secs,
            nanos: self.nanos + 1,
        }
    }
}

/// Whole seconds `[start, end)`, of instants or of wall time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span {
    pub(crate) start: i64,
    pub(crate) end: i64,
}

impl Span {
    pub(crate) const fn contains(self, second: i64) -> bool {
        self.start <= second && second < self.end
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.start >= self.end
    }
}
