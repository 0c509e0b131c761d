//! A span of instants.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;

use super::Minutes;
use super::stamp::Stamp;

/// The end of an interval was not after its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must end after it starts")]
pub struct EmptyInterval;

/// A half-open span of instants `[start, end)` that is never empty.
///
/// ```
/// use chrono::{TimeZone, Utc};
/// use scheduling_core::time::Interval;
///
/// let at = |h| Utc.with_ymd_and_hms(2026, 11, 24, h, 0, 0).unwrap();
/// let morning = Interval::new(at(9), at(12))?;
/// assert!(morning.overlaps(&Interval::new(at(11), at(13))?));
/// assert!(!morning.overlaps(&Interval::new(at(12), at(13))?)); // they only touch
/// assert!(Interval::new(at(12), at(9)).is_err());
/// # Ok::<(), scheduling_core::time::EmptyInterval>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "RawInterval", into = "RawInterval")
)]
pub struct Interval {
    // Integers, not chrono's dates: the engine compares thousands of them for each answer.
    start: Stamp,
    end: Stamp,
}

#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
struct RawInterval {
    start: DateTime<Utc>,
    end: DateTime<Utc>,
}

#[cfg(feature = "serde")]
impl TryFrom<RawInterval> for Interval {
    type Error = EmptyInterval;

    fn try_from(raw: RawInterval) -> Result<Self, EmptyInterval> {
        Self::new(raw.start, raw.end)
    }
}

#[cfg(feature = "serde")]
impl From<Interval> for RawInterval {
    fn from(interval: Interval) -> Self {
        Self {
            start: interval.start(),
            end: interval.end(),
        }
    }
}

impl Interval {
    /// The span from `start` up to, and without, `end`.
    ///
    /// # Errors
    /// [`EmptyInterval`] unless `start < end`.
    pub fn new(start: DateTime<Utc>, end: DateTime<Utc>) -> Result<Self, EmptyInterval> {
        Self::between(Stamp::of(start), Stamp::of(end))
    }

    fn between(start: Stamp, end: Stamp) -> Result<Self, EmptyInterval> {
        if start < end {
            Ok(Self { start, end })
        } else {
            Err(EmptyInterval)
        }
    }

    /// Both ends as integers.
    #[inline]
    pub(crate) fn stamps(&self) -> (Stamp, Stamp) {
        (self.start, self.end)
    }

    /// The first instant.
    pub fn start(&self) -> DateTime<Utc> {
        self.start.instant()
    }

    /// The first instant after it.
    pub fn end(&self) -> DateTime<Utc> {
        self.end.instant()
    }

    /// How long it is.
    pub fn length(&self) -> TimeDelta {
        self.end() - self.start()
    }

    /// Whether the two share an instant.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// Whether the instant lies in it.
    pub fn contains(&self, instant: DateTime<Utc>) -> bool {
        let instant = Stamp::of(instant);
        self.start <= instant && instant < self.end
    }

    /// Whether all of `other` lies in it.
    pub fn encloses(&self, other: &Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// What the two share, if anything.
    pub fn intersect(&self, other: &Self) -> Option<Self> {
        Self::between(self.start.max(other.start), self.end.min(other.end)).ok()
    }

    /// The shortest interval that holds both.
    #[must_use]
    pub fn hull(&self, other: &Self) -> Self {
        Self {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }

    /// Widens it by buffers on either side, as far as instants reach.
    ///
    /// Buffers separate bookings from each other. They may reach past the host's working hours, so apply this after
    /// the hours rule, not before.
    #[must_use]
    pub fn widen(&self, before: Minutes, after: Minutes) -> Self {
        Self {
            start: Stamp::of(
                self.start()
                    .checked_sub_signed(before.delta())
                    .unwrap_or(DateTime::<Utc>::MIN_UTC),
            ),
            end: Stamp::of(
                self.end()
                    .checked_add_signed(after.delta())
                    .unwrap_or(DateTime::<Utc>::MAX_UTC),
            ),
        }
    }
}

impl fmt::Debug for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interval")
            .field("start", &self.start())
            .field("end", &self.end())
            .finish()
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}/{}",
            self.start().format("%Y-%m-%dT%H:%M:%SZ"),
            self.end().format("%Y-%m-%dT%H:%M:%SZ")
        )
    }
}
