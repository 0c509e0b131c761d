//! Time off: time in which nobody can book a person, an event type or a whole workspace.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;
use thiserror::Error;

use crate::calendar::{BusyInterval, BusySource};
use crate::ids::{EventTypeId, TimeOffId, UserId, WorkspaceId};
use crate::recurrence::{OccurrenceLength, Recurrence, RecurrenceError, RecurrenceRule};
use crate::text::Title;
use crate::time::{Interval, IntervalSet};

/// Whose time it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "kind", content = "id", rename_all = "snake_case")
)]
pub enum TimeOffScope {
    /// Everybody's, in all event types of the workspace.
    Workspace,
    /// One person's, wherever the person hosts.
    Person(UserId),
    /// An event type's: it cannot be booked, whoever hosts.
    EventType(EventTypeId),
}

/// How far one occurrence goes, by the wall clock of its zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "kind", rename_all = "snake_case")
)]
pub enum TimeOffSpan {
    /// Whole days.
    Days {
        /// The first day.
        from: NaiveDate,
        /// The last day.
        to: NaiveDate,
    },
    /// From one time to another.
    Hours {
        /// When it begins.
        from: NaiveDateTime,
        /// When it is over.
        to: NaiveDateTime,
    },
}

/// Why time off was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TimeOffError {
    /// It is over before it begins.
    #[error("must end after it starts")]
    EndsBeforeItStarts,
    /// It is longer than it may be.
    #[error("must not be longer than {days} days")]
    TooLong {
        /// The largest number of days.
        days: i64,
    },
    /// It does not lie between 1970 and 2200.
    #[error("must lie between the years 1970 and 2200")]
    OutOfRange,
    /// Its rule ended before it began.
    #[error("must not end before it comes for the first time")]
    Never,
    /// Its occurrences cannot be told.
    #[error("comes again in a way that cannot be worked out")]
    Recurrence(#[source] RecurrenceError),
}

/// When time off is: a span in a zone, once or again and again.
///
/// ```
/// use scheduling_core::time_off::{TimeOffPeriod, TimeOffSpan};
/// use scheduling_core::time::zone;
///
/// let berlin = zone::parse("Europe/Berlin")?;
/// let holidays = TimeOffSpan::Days { from: "2026-12-24".parse()?, to: "2026-12-26".parse()? };
/// assert!(TimeOffPeriod::new(berlin, holidays, Some("FREQ=YEARLY".parse()?)).is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "RawPeriod", into = "RawPeriod")
)]
pub struct TimeOffPeriod {
    timezone: Tz,
    span: TimeOffSpan,
    recurrence: Option<RecurrenceRule>,
}

impl TimeOffPeriod {
    /// The largest number of days that comes again.
    pub const MOST_DAYS: i64 = 366;
    /// The largest number of days that comes once.
    pub const MOST_DAYS_ONCE: i64 = 5 * 366;

    /// Puts a span into a zone, with the rule it comes again by.
    ///
    /// A span that is longer than the time to its next occurrence is fine: what overlaps is taken once.
    ///
    /// # Errors
    /// [`TimeOffError`] when the span is empty, too long or out of range, or its rule cannot be worked out.
    pub fn new(
        timezone: Tz,
        span: TimeOffSpan,
        recurrence: Option<RecurrenceRule>,
    ) -> Result<Self, TimeOffError> {
        let (from, to) = span.ends().ok_or(TimeOffError::OutOfRange)?;
        if to <= from {
            return Err(TimeOffError::EndsBeforeItStarts);
        }
        if !(1970..=2200).contains(&from.year()) || !(1970..=2200).contains(&to.year()) {
            return Err(TimeOffError::OutOfRange);
        }
        let days = match recurrence {
            Some(_) => Self::MOST_DAYS,
            None => Self::MOST_DAYS_ONCE,
        };
        if to - from > TimeDelta::days(days) {
            return Err(TimeOffError::TooLong { days });
        }
        let period = Self {
            timezone,
            span,
            recurrence,
        };
        // Its first years show whether it can be worked out, and comes at all.
        let around = |time: NaiveDateTime, days| time.and_utc() + TimeDelta::days(days);
        let first_years = Interval::new(around(from, -2), around(to, 2 * 366));
        let first_years = first_years.or(Err(TimeOffError::EndsBeforeItStarts))?;
        let found = period.occurrences(first_years);
        if found.map_err(TimeOffError::Recurrence)?.is_empty() {
            return Err(TimeOffError::Never);
        }
        Ok(period)
    }

    /// The zone its wall times are read in.
    pub fn timezone(&self) -> Tz {
        self.timezone
    }

    /// Its first occurrence.
    pub fn span(&self) -> TimeOffSpan {
        self.span
    }

    /// How it comes again, if it does.
    pub fn recurrence(&self) -> Option<&RecurrenceRule> {
        self.recurrence.as_ref()
    }

    /// What of it lies in the window or reaches into it: sorted, and joined where occurrences overlap.
    ///
    /// # Errors
    /// [`RecurrenceError`] when that cannot be told. The window then counts as taken, which
    /// [`TimeOff::busy_within`] does by itself.
    pub fn occurrences(&self, window: Interval) -> Result<IntervalSet, RecurrenceError> {
        let (start, length) = match self.span {
            TimeOffSpan::Days { from, to } => {
                let days = u32::try_from((to - from).num_days() + 1);
                let days = days.or(Err(RecurrenceError::OutOfRange))?;
                (from.and_time(NaiveTime::MIN), OccurrenceLength::Days(days))
            }
            TimeOffSpan::Hours { from, to } => {
                let seconds = u32::try_from((to - from).num_seconds());
                let seconds = seconds.or(Err(RecurrenceError::OutOfRange))?;
                (from, OccurrenceLength::Clock { seconds })
            }
        };
        let recurrence = Recurrence {
            start,
            length,
            timezone: self.timezone,
            rule: self.recurrence.clone(),
            exdates: BTreeSet::new(),
            rdates: BTreeSet::new(),
        };
        let found = recurrence.occurrences(window)?;
        Ok(found.iter().map(|occurrence| occurrence.interval).collect())
    }
}

impl TimeOffSpan {
    /// Where it begins, and where it is over.
    fn ends(self) -> Option<(NaiveDateTime, NaiveDateTime)> {
        match self {
            Self::Days { from, to } => Some((
                from.and_time(NaiveTime::MIN),
                to.succ_opt()?.and_time(NaiveTime::MIN),
            )),
            Self::Hours { from, to } => Some((from, to)),
        }
    }
}

#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPeriod {
    #[serde(with = "crate::time::zone::by_name")]
    timezone: Tz,
    span: TimeOffSpan,
    #[serde(default)]
    recurrence: Option<RecurrenceRule>,
}

#[cfg(feature = "serde")]
impl TryFrom<RawPeriod> for TimeOffPeriod {
    type Error = TimeOffError;

    fn try_from(raw: RawPeriod) -> Result<Self, TimeOffError> {
        Self::new(raw.timezone, raw.span, raw.recurrence)
    }
}

#[cfg(feature = "serde")]
impl From<TimeOffPeriod> for RawPeriod {
    fn from(period: TimeOffPeriod) -> Self {
        Self {
            timezone: period.timezone,
            span: period.span,
            recurrence: period.recurrence,
        }
    }
}

/// Time off, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TimeOff {
    /// Its id.
    pub id: TimeOffId,
    /// The workspace it was entered in.
    pub workspace: WorkspaceId,
    /// Whose time it takes.
    pub scope: TimeOffScope,
    /// What it is, such as "Christmas".
    pub title: Option<Title>,
    /// Whether guests may read what it is.
    pub visible: bool,
    /// When it is.
    pub period: TimeOffPeriod,
    /// Grows at every change; an update names the version it read.
    pub version: u32,
    /// When it was entered.
    pub created_at: DateTime<Utc>,
}

impl TimeOff {
    /// What it takes of a window, sorted and disjoint. Occurrences that reach beyond the window are given whole.
    ///
    /// Where its occurrences cannot be told, it takes the whole window: what is not known is not free.
    pub fn busy_within(&self, window: Interval) -> Vec<BusyInterval> {
        let taken = self.period.occurrences(window);
        let taken = taken.unwrap_or_else(|_unknown| window.into());
        let busy = |&interval| BusyInterval {
            interval,
            source: BusySource::TimeOff,
        };
        taken.intervals().iter().map(busy).collect()
    }

    /// Whether its occurrences in a window can be told.
    ///
    /// # Errors
    /// [`RecurrenceError`] when they cannot: its owner should hear why the whole window is taken.
    pub fn check(&self, window: Interval) -> Result<(), RecurrenceError> {
        self.period.occurrences(window).map(|_| ())
    }

    /// What guests may read of it.
    pub fn guest_title(&self) -> Option<&Title> {
        self.title.as_ref().filter(|_| self.visible)
    }
}
