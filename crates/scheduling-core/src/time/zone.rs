//! From civil time to instants: the only code that does it.
//!
//! A civil window stands for the instants whose wall clock reads inside it. Between two clock changes a zone's offset is
//! constant, so within each such stretch the window is a plain shift; what the stretches give, joined where they touch,
//! are the window's *runs*. A gap shortens a run or leaves none; a fold lengthens one or splits it in two.
//!
//! The zone rules are those that chrono-tz carries, and they list clock changes up to the year 2099. From 2100 on, each
//! zone keeps the offset its last change led to: Berlin stays on winter time, Sydney on summer time. So half of each
//! year beyond is an hour off from what today's rules, carried on, would say.

mod table;

use chrono::{Datelike, NaiveDate};
use chrono_tz::Tz;
use thiserror::Error;

use super::stamp::{DAY, Span, Stamp};
use super::{Interval, TimeWindow};

pub(crate) use table::ZoneTable;

/// A name that is no IANA time zone.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is not an IANA time zone such as Europe/Berlin")]
pub struct UnknownZone(String);

/// Reads a zone's IANA name.
///
/// # Errors
/// [`UnknownZone`] when this build's zone rules do not have it.
pub fn parse(name: &str) -> Result<Tz, UnknownZone> {
    name.parse()
        .map_err(|_unknown| UnknownZone(name.chars().take(64).collect()))
}

/// The runs of a window on a date: the instants whose wall clock in `zone` reads inside it, in order.
///
/// Mostly that is one run. It is none when the window falls into a gap or the zone skips the date, and several when a
/// fold splits it.
///
/// ```
/// use chrono::NaiveDate;
/// use scheduling_core::time::{TimeWindow, zone};
///
/// let new_york = zone::parse("America/New_York")?;
/// let night = TimeWindow { start: "00:00".parse()?, end: "02:00".parse()? };
/// let fall_back = NaiveDate::from_ymd_opt(2026, 11, 1).unwrap();
/// let runs = zone::runs(new_york, fall_back, night);
/// assert_eq!(runs[0].length().num_hours(), 3); // 01:00 to 02:00 comes twice
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn runs(zone: Tz, date: NaiveDate, window: TimeWindow) -> Vec<Interval> {
    let day = day_number(date);
    instants(zone, civil_span(day, window))
}

/// The instants of a local date, in order: mostly one interval of 23 to 25 hours, none when the zone skips the date.
pub fn day_bounds(zone: Tz, date: NaiveDate) -> Vec<Interval> {
    let start = day_number(date) * DAY;
    instants(
        zone,
        Span {
            start,
            end: start + DAY,
        },
    )
}

fn instants(zone: Tz, local: Span) -> Vec<Interval> {
    let mut found = Vec::new();
    ZoneTable::of(zone).each_run(local, |run| {
        let ends = [Stamp::whole(run.start), Stamp::whole(run.end)].map(Stamp::instant);
        // At the end of chrono's calendar a run can lie beyond what can be said.
        found.extend(Interval::new(ends[0], ends[1]).ok());
    });
    found
}

/// Days since 1970-01-01.
#[inline]
pub(crate) fn day_number(date: NaiveDate) -> i64 {
    i64::from(date.num_days_from_ce()) - 719_163
}

/// The wall time of a window on a date, in seconds since 1970-01-01 00:00 of the same clock.
pub(crate) fn civil_span(day: i64, window: TimeWindow) -> Span {
    Span {
        start: day * DAY + i64::from(window.start.minutes()) * 60,
        end: day * DAY + i64::from(window.end.minutes()) * 60,
    }
}

/// serde for a zone as its IANA name.
#[cfg(feature = "serde")]
pub mod by_name {
    use std::borrow::Cow;

    use chrono_tz::Tz;
    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes the IANA name.
    ///
    /// # Errors
    /// Only the serializer's own.
    pub fn serialize<S: Serializer>(zone: &Tz, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(zone.name())
    }

    /// Reads an IANA name.
    ///
    /// # Errors
    /// [`UnknownZone`](super::UnknownZone), as the deserializer's error.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Tz, D::Error> {
        let name = Cow::<'de, str>::deserialize(deserializer)?;
        super::parse(&name).map_err(serde::de::Error::custom)
    }
}
