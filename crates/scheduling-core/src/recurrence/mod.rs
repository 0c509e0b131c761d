//! What comes again: a recurrence rule (RFC 5545, section 3.3.10) and the occurrences it gives in a window.
//!
//! A rule is expanded in *floating* time, by the wall clock alone, and each occurrence is then mapped to its zone: where
//! the clocks jump over its start, it is read with the offset before the jump; where they show it twice, the first time
//! counts. Whole days are local days of the zone.
//!
//! Rules come from people and from calendars that others wrote, so the work is bounded: the text is capped
//! ([`RecurrenceRule`]), the expansion begins just before the window however old the rule is, and a step budget ends what
//! is still too much with [`RecurrenceError::TooManySteps`]. **Whoever gets an error must count the time as taken**: an
//! occurrence that is not known is not free.

mod expand;
mod parse;
mod rule;

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use thiserror::Error;

pub use rule::{RecurrenceRule, RuleError};

use crate::time::{Interval, LocalTime, local_time, zone};
use rule::Until;

/// Why occurrences could not be told. The time in question counts as taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RecurrenceError {
    /// The rule has too many occurrences before the window's end to count them all.
    #[error("the rule has too many occurrences to look at")]
    TooManySteps,
    /// A start or a window in years where calendars make no sense.
    #[error("the dates are too far away")]
    OutOfRange,
    /// The rule does not go with this start. A [`RecurrenceRule`] is checked so that this does not happen.
    #[error("the rule cannot be expanded from this start")]
    Unexpandable,
}

/// How long every occurrence lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OccurrenceLength {
    /// From one reading of the wall clock to another, so many seconds later by that clock. In the night of a clock
    /// change it lasts shorter or longer than usual; an end that the clocks show twice is the second one.
    Clock {
        /// The seconds between the readings.
        seconds: u32,
    },
    /// So many seconds, whatever the clocks do.
    Exact {
        /// The seconds.
        seconds: u32,
    },
    /// So many whole local days.
    Days(u32),
}

/// Something that takes time once or again and again.
///
/// The start is an occurrence even where the rule does not match it, as calendars have it; only a rule that ended before
/// the start has no occurrence at all. COUNT counts what the rule matches from the start on.
///
/// ```
/// use std::collections::BTreeSet;
/// use scheduling_core::recurrence::{OccurrenceLength, Recurrence};
/// use scheduling_core::time::Interval;
///
/// let fridays = Recurrence {
///     start: "2026-03-20T14:00:00".parse()?,
///     length: OccurrenceLength::Clock { seconds: 3 * 3600 },
///     timezone: scheduling_core::time::zone::parse("Europe/Berlin")?,
///     rule: Some("FREQ=WEEKLY;BYDAY=FR".parse()?),
///     exdates: BTreeSet::from(["2026-03-27T14:00:00".parse()?]),
///     rdates: BTreeSet::new(),
/// };
/// let april = Interval::new("2026-03-21T00:00:00Z".parse()?, "2026-04-10T13:00:00Z".parse()?)?;
/// let found: Vec<String> = fridays.occurrences(april)?.iter().map(|o| o.interval.to_string()).collect();
/// assert_eq!(found, ["2026-04-03T12:00:00Z/2026-04-03T15:00:00Z", "2026-04-10T12:00:00Z/2026-04-10T15:00:00Z"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recurrence {
    /// The first occurrence, by the wall clock. Of whole days, only the date counts.
    pub start: NaiveDateTime,
    /// How long each lasts.
    pub length: OccurrenceLength,
    /// Whose wall clock it is.
    pub timezone: Tz,
    /// How it comes again; once where there is no rule.
    pub rule: Option<RecurrenceRule>,
    /// Starts that are left out, by the wall clock. Of whole days, only the date counts. An occurrence that was moved
    /// leaves its old start here.
    pub exdates: BTreeSet<NaiveDateTime>,
    /// Starts that are added.
    pub rdates: BTreeSet<NaiveDateTime>,
}

/// One occurrence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Occurrence {
    /// Its start by the wall clock, which names it.
    pub start: NaiveDateTime,
    /// When it is.
    pub interval: Interval,
}

/// The years in which starts and windows may lie. Calendars know 1601 as "no date".
const YEARS: std::ops::RangeInclusive<i32> = 1600..=4000;

/// The longest window, so that the search for a rule's next occurrence need not go on for longer than
/// [`expand`] does.
const LONGEST_WINDOW: TimeDelta = TimeDelta::days(100 * 366);

impl Recurrence {
    /// The occurrences that share an instant with the window, by their start. One that is under way when the window
    /// begins is among them. Two may overlap.
    ///
    /// # Errors
    /// [`RecurrenceError`]: the window's time must then count as taken.
    pub fn occurrences(&self, window: Interval) -> Result<Vec<Occurrence>, RecurrenceError> {
        if window.length() > LONGEST_WINDOW {
            return Err(RecurrenceError::OutOfRange);
        }
        // No zone is more than a day away from UTC, and no clock change longer than that.
        let slack = TimeDelta::days(2);
        let from = (window.start().naive_utc())
            .checked_sub_signed(self.reach() + slack)
            .ok_or(RecurrenceError::OutOfRange)?;
        let to = (window.end().naive_utc())
            .checked_add_signed(slack)
            .ok_or(RecurrenceError::OutOfRange)?;
        if [self.start, window.start().naive_utc(), to]
            .iter()
            .any(|time| !YEARS.contains(&chrono::Datelike::year(time)))
        {
            return Err(RecurrenceError::OutOfRange);
        }

        let start = self.floating(self.start);
        let mut starts: BTreeSet<NaiveDateTime> = BTreeSet::new();
        if let Some(rule) = &self.rule {
            if !self.is_past_until(rule, start) {
                starts.insert(start);
                let rest = expand::starts(rule, start, from, to, |s| self.is_past_until(rule, s))?;
                starts.extend(rest);
            }
        } else {
            starts.insert(start);
        }
        starts.extend(self.rdates.iter().map(|&rdate| self.floating(rdate)));

        let excluded: BTreeSet<NaiveDateTime> =
            self.exdates.iter().map(|&e| self.floating(e)).collect();
        let in_reach = starts
            .into_iter()
            .filter(|s| (from..to).contains(s) && !excluded.contains(s));
        let mut found = Vec::new();
        for start in in_reach {
            let interval = self.interval_from(start)?;
            found.extend(
                interval
                    .filter(|interval| interval.overlaps(&window))
                    .map(|interval| Occurrence { start, interval }),
            );
        }
        Ok(found)
    }

    /// The longest an occurrence can last by the wall clock.
    fn reach(&self) -> TimeDelta {
        match self.length {
            OccurrenceLength::Clock { seconds } | OccurrenceLength::Exact { seconds } => {
                TimeDelta::seconds(i64::from(seconds))
            }
            OccurrenceLength::Days(days) => TimeDelta::days(i64::from(days)),
        }
    }

    /// A start as occurrences are told apart: whole days have no time.
    fn floating(&self, start: NaiveDateTime) -> NaiveDateTime {
        match self.length {
            OccurrenceLength::Days(_) => midnight(start.date()),
            _ => start,
        }
    }

    /// Whether a start lies after the rule's UNTIL. An UNTIL that does not go with the kind of start is common in
    /// exports, and read so that no day is lost.
    fn is_past_until(&self, rule: &RecurrenceRule, start: NaiveDateTime) -> bool {
        let whole_days = matches!(self.length, OccurrenceLength::Days(_));
        match rule.until() {
            None => false,
            Some(Until::Date(date)) => start.date() > date,
            Some(Until::Local(time)) if whole_days => start.date() > time.date(),
            Some(Until::Local(time)) => start > time,
            Some(Until::Utc(time)) if whole_days => {
                let there = time.and_utc().with_timezone(&self.timezone).date_naive();
                start.date() > there.max(time.date())
            }
            Some(Until::Utc(time)) => start_instant(start, self.timezone) > time.and_utc(),
        }
    }

    /// The instants of the occurrence with this start; `None` when it takes no time at all.
    fn interval_from(&self, start: NaiveDateTime) -> Result<Option<Interval>, RecurrenceError> {
        let out_of_range = RecurrenceError::OutOfRange;
        let (start, end) = match self.length {
            OccurrenceLength::Days(0) => return Ok(None),
            OccurrenceLength::Days(days) => {
                let more = TimeDelta::days(i64::from(days) - 1);
                let last = start.date().checked_add_signed(more).ok_or(out_of_range)?;
                return Ok(whole_days(start.date(), last, self.timezone));
            }
            OccurrenceLength::Exact { seconds } => {
                let start = start_instant(start, self.timezone);
                let end = start.checked_add_signed(TimeDelta::seconds(i64::from(seconds)));
                (start, end.ok_or(out_of_range)?)
            }
            OccurrenceLength::Clock { seconds } => {
                let length = TimeDelta::seconds(i64::from(seconds));
                let end = start.checked_add_signed(length).ok_or(out_of_range)?;
                let start = start_instant(start, self.timezone);
                let end = match local_time(end, self.timezone) {
                    LocalTime::Unique(end) | LocalTime::Nonexistent { after: end, .. } => end,
                    LocalTime::Ambiguous { second, .. } => second,
                };
                // Where the start lies in a gap, a reading soon after the gap can come before it.
                if start < end || seconds == 0 {
                    (start, end)
                } else {
                    (start, start.checked_add_signed(length).ok_or(out_of_range)?)
                }
            }
        };
        Ok(Interval::new(start, end).ok())
    }
}

fn midnight(date: NaiveDate) -> NaiveDateTime {
    date.and_time(chrono::NaiveTime::MIN)
}

/// The instant that a start means: in a gap by the offset before it, in a fold the first.
fn start_instant(start: NaiveDateTime, timezone: Tz) -> DateTime<Utc> {
    match local_time(start, timezone) {
        LocalTime::Unique(instant)
        | LocalTime::Ambiguous { first: instant, .. }
        | LocalTime::Nonexistent { after: instant, .. } => instant,
    }
}

/// From the first instant of the first day to the last of the last; `None` when the zone skips them all.
fn whole_days(first: NaiveDate, last: NaiveDate, timezone: Tz) -> Option<Interval> {
    let days = || first.iter_days().take_while(move |day| *day <= last);
    let begin = days().find_map(|day| zone::day_bounds(timezone, day).first().copied())?;
    // A zone skips a day or none; a loop from the back ends as soon.
    let mut day = last;
    loop {
        if let Some(end) = zone::day_bounds(timezone, day).last() {
            return Some(begin.hull(end));
        }
        day = day.pred_opt().filter(|day| *day >= first)?;
    }
}
