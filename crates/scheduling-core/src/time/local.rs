//! One reading of a wall clock, as an instant: exactly one, two, or none.

use chrono::{
    DateTime, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc,
};
use chrono_tz::Tz;

/// What a reading of a zone's clocks stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LocalTime {
    /// The clocks show it once.
    Unique(DateTime<Utc>),
    /// The clocks are turned back over it and show it twice.
    Ambiguous {
        /// The first time they show it.
        first: DateTime<Utc>,
        /// The second time.
        second: DateTime<Utc>,
    },
    /// The clocks jump over it.
    Nonexistent {
        /// Read with the offset that holds after the jump: an instant before it.
        before: DateTime<Utc>,
        /// Read with the offset that holds before the jump: an instant after it.
        after: DateTime<Utc>,
    },
}

/// Which instant, or instants, a reading of a zone's clocks stands for.
///
/// ```
/// use chrono::NaiveDate;
/// use scheduling_core::time::{LocalTime, local_time, zone};
///
/// let berlin = zone::parse("Europe/Berlin")?;
/// let at = |month, day, hour, minute| NaiveDate::from_ymd_opt(2026, month, day).and_then(|d| d.and_hms_opt(hour, minute, 0));
/// let spring = at(3, 29, 2, 30).expect("a date");
/// assert!(matches!(local_time(spring, berlin), LocalTime::Nonexistent { .. }));
/// let autumn = at(10, 25, 2, 30).expect("a date");
/// assert!(matches!(local_time(autumn, berlin), LocalTime::Ambiguous { .. }));
/// # Ok::<(), scheduling_core::time::zone::UnknownZone>(())
/// ```
pub fn local_time(reading: NaiveDateTime, zone: Tz) -> LocalTime {
    match zone.from_local_datetime(&reading) {
        LocalResult::Single(instant) => LocalTime::Unique(instant.to_utc()),
        LocalResult::Ambiguous(a, b) => LocalTime::Ambiguous {
            first: a.min(b).to_utc(),
            second: a.max(b).to_utc(),
        },
        LocalResult::None => {
            // No zone is more than 14 hours ahead of UTC or 12 behind it, so these two instants lie around the jump.
            let offset_at = |hours| {
                let near = reading
                    .checked_add_signed(TimeDelta::hours(hours))
                    .unwrap_or(reading);
                near.and_utc().with_timezone(&zone).naive_local() - near
            };
            let shifted = |offset: TimeDelta| {
                reading
                    .checked_sub_signed(offset)
                    .unwrap_or(reading)
                    .and_utc()
            };
            let (old, new) = (shifted(offset_at(-15)), shifted(offset_at(13)));
            LocalTime::Nonexistent {
                before: old.min(new),
                after: old.max(new),
            }
        }
    }
}

/// The first instant of a date in a zone: midnight, or where the clocks jump over midnight, the end of the jump.
pub fn start_of_day(date: NaiveDate, zone: Tz) -> DateTime<Utc> {
    match local_time(date.and_time(NaiveTime::MIN), zone) {
        LocalTime::Unique(instant) | LocalTime::Ambiguous { first: instant, .. } => instant,
        LocalTime::Nonexistent { before, after } => {
            // The jump lies in `(before, after]`; readings on its far side are on this date or past it.
            let (mut below, mut above) = (before.timestamp(), after.timestamp());
            while below + 1 < above {
                let middle = below + (above - below) / 2;
                let past = DateTime::from_timestamp(middle, 0)
                    .is_some_and(|t| t.with_timezone(&zone).date_naive() >= date);
                if past {
                    above = middle;
                } else {
                    below = middle;
                }
            }
            DateTime::from_timestamp(above, 0).unwrap_or(after)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(text: &str) -> NaiveDateTime {
        text.parse().unwrap()
    }

    fn zone(name: &str) -> Tz {
        name.parse().unwrap()
    }

    fn instant(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_reading_in_a_gap_names_the_instants_around_the_jump() {
        assert_eq!(
            local_time(reading("2026-03-29T02:30:00"), zone("Europe/Berlin")),
            LocalTime::Nonexistent {
                before: instant("2026-03-29T00:30:00Z"),
                after: instant("2026-03-29T01:30:00Z")
            }
        );
    }

    #[test]
    fn a_reading_in_a_fold_names_both_instants_even_half_an_hour_apart() {
        assert_eq!(
            local_time(reading("2026-04-05T01:45:00"), zone("Australia/Lord_Howe")),
            LocalTime::Ambiguous {
                first: instant("2026-04-04T14:45:00Z"),
                second: instant("2026-04-04T15:15:00Z")
            }
        );
    }

    #[test]
    fn a_day_without_midnight_begins_where_the_clocks_land() {
        for (name, date, start) in [
            ("Asia/Beirut", "2026-03-29", "2026-03-28T22:00:00Z"),
            ("America/Santiago", "2026-09-06", "2026-09-06T04:00:00Z"),
            ("America/Havana", "2026-03-08", "2026-03-08T05:00:00Z"),
            ("Europe/Berlin", "2026-03-29", "2026-03-28T23:00:00Z"),
            // The day that Samoa left out.
            ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z"),
        ] {
            let date = date.parse().unwrap();
            assert_eq!(start_of_day(date, zone(name)), instant(start), "{name}");
        }
    }

    #[test]
    fn the_ends_of_the_calendar_do_not_panic() {
        for date in [NaiveDate::MIN, NaiveDate::MAX] {
            for name in ["Pacific/Kiritimati", "Pacific/Pago_Pago", "UTC"] {
                let _ = start_of_day(date, zone(name));
            }
        }
    }
}
