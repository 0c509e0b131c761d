//! Recurrence rules against plainer ways to the same answers, and against what others make of them.

mod dateutil;
mod hostile;
mod properties;
mod reference;
mod zones;

use std::collections::BTreeSet;

use chrono::{NaiveDate, NaiveDateTime, TimeDelta};
use scheduling_core::recurrence::{OccurrenceLength, Recurrence, RecurrenceError};
use scheduling_core::time::Interval;

/// A recurrence in UTC whose occurrences last a second: only their starts matter.
fn in_utc(start: NaiveDateTime, rule: &str) -> Recurrence {
    Recurrence {
        start,
        length: OccurrenceLength::Exact { seconds: 1 },
        timezone: chrono_tz::UTC,
        rule: Some(rule.parse().unwrap_or_else(|e| panic!("{rule}: {e}"))),
        exdates: BTreeSet::new(),
        rdates: BTreeSet::new(),
    }
}

/// From the first instant of a date to that of another, in UTC.
fn window(from: NaiveDate, to: NaiveDate) -> Interval {
    let at = |date: NaiveDate| date.and_time(chrono::NaiveTime::MIN).and_utc();
    Interval::new(at(from), at(to)).expect("a window")
}

/// The starts in a window.
fn starts(
    recurrence: &Recurrence,
    window: Interval,
) -> Result<Vec<NaiveDateTime>, RecurrenceError> {
    let found = recurrence.occurrences(window)?;
    Ok(found.iter().map(|occurrence| occurrence.start).collect())
}

fn date(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

fn time(text: &str) -> NaiveDateTime {
    text.parse().expect("a time")
}

fn days(count: i64) -> TimeDelta {
    TimeDelta::days(count)
}
