//! A span of instants.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;

use super::Minutes;

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "RawInterval")
)]
pub struct Interval {
    start: DateTime<Utc>,
    end: DateTime<Utc>,
}

#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
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

impl Interval {
    /// The span from `start` up to, and without, `end`.
    ///
    /// # Errors
    /// [`EmptyInterval`] unless `start < end`.
    pub fn new(start: DateTime<Utc>, end: DateTime<Utc>) -> Result<Self, EmptyInterval> {
        if start < end {
            Ok(Self { start, end })
        } else {
            Err(EmptyInterval)
        }
    }

    /// The first instant.
    pub fn start(&self) -> DateTime<Utc> {
        self.start
    }

    /// The first instant after it.
    pub fn end(&self) -> DateTime<Utc> {
        self.end
    }

    /// How long it is.
    pub fn length(&self) -> TimeDelta {
        self.end - self.start
    }

    /// Whether the two share an instant.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// Whether the instant lies in it.
    pub fn contains(&self, instant: DateTime<Utc>) -> bool {
        self.start <= instant && instant < self.end
    }

    /// Whether all of `other` lies in it.
    pub fn encloses(&self, other: &Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// What the two share, if anything.
    pub fn intersect(&self, other: &Self) -> Option<Self> {
        Self::new(self.start.max(other.start), self.end.min(other.end)).ok()
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
            start: self
                .start
                .checked_sub_signed(before.delta())
                .unwrap_or(DateTime::<Utc>::MIN_UTC),
            end: self
                .end
                .checked_add_signed(after.delta())
                .unwrap_or(DateTime::<Utc>::MAX_UTC),
        }
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}/{}",
            self.start.format("%Y-%m-%dT%H:%M:%SZ"),
            self.end.format("%Y-%m-%dT%H:%M:%SZ")
        )
    }
}
