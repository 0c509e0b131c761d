//! Times that clients give: an instant with its offset, or a reading of a zone's clocks.

use chrono::{DateTime, NaiveDate, NaiveDateTime, SecondsFormat, Utc};
use chrono_tz::Tz;
use scheduling_core::time::{LocalTime, local_time, start_of_day};

use super::problem::{Problem, ProblemKind};

/// A time as a client gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GivenTime {
    /// RFC 3339, with an offset.
    Instant(DateTime<Utc>),
    /// Without an offset: it needs a zone.
    Local(NaiveDateTime),
    /// A date: it needs a zone, and stands for its first instant.
    Date(NaiveDate),
}

/// The years in which times are accepted: beyond them, nobody meets and calendars disagree.
pub(crate) const YEARS: std::ops::RangeInclusive<i32> = 1900..=2999;

impl GivenTime {
    /// Reads a time; `None` when it is none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        use chrono::Datelike as _;

        if text.len() > 40 {
            return None;
        }
        if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
            return YEARS
                .contains(&instant.to_utc().year())
                .then(|| Self::Instant(instant.to_utc()));
        }
        if let Ok(date) = text.parse::<NaiveDate>() {
            return YEARS.contains(&date.year()).then_some(Self::Date(date));
        }
        ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"]
            .iter()
            .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
            .filter(|local| YEARS.contains(&local.year()))
            .map(Self::Local)
    }

    /// The instant it stands for in a zone.
    ///
    /// # Errors
    /// A problem that names both candidates when the zone's clocks never show it, or show it twice.
    pub(crate) fn instant(self, zone: Tz) -> Result<DateTime<Utc>, Problem> {
        match self {
            Self::Instant(instant) => Ok(instant),
            Self::Date(date) => Ok(start_of_day(date, zone)),
            Self::Local(local) => match local_time(local, zone) {
                LocalTime::Unique(instant) => Ok(instant),
                LocalTime::Ambiguous { first, second } => Err(Problem::new(
                    ProblemKind::AmbiguousLocalTime,
                    format!("The clocks of {zone} show {local} twice."),
                )
                .with("candidates", candidates([first, second], zone))),
                LocalTime::Nonexistent { before, after } => Err(Problem::new(
                    ProblemKind::NonexistentLocalTime,
                    format!("The clocks of {zone} jump over {local}."),
                )
                .with("candidates", candidates([before, after], zone))),
            },
        }
    }
}

fn candidates(instants: [DateTime<Utc>; 2], zone: Tz) -> Vec<String> {
    instants.into_iter().map(|i| in_zone(i, zone)).collect()
}

/// An instant as the wire has it: RFC 3339 with the zone's offset.
pub(crate) fn in_zone(instant: DateTime<Utc>, zone: Tz) -> String {
    instant
        .with_timezone(&zone)
        .to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_and_without_an_offset_and_nothing_else_is() {
        let zone = Tz::Europe__Berlin;
        let read = |text: &str| Some(in_zone(GivenTime::parse(text)?.instant(zone).ok()?, zone));
        for (text, instant) in [
            ("2026-11-24T08:00:00Z", "2026-11-24T09:00:00+01:00"),
            ("2026-11-24T09:00:00+01:00", "2026-11-24T09:00:00+01:00"),
            ("2026-11-24T09:00", "2026-11-24T09:00:00+01:00"),
            ("2026-11-24T09:00:30", "2026-11-24T09:00:30+01:00"),
            ("2026-11-24", "2026-11-24T00:00:00+01:00"),
        ] {
            assert_eq!(read(text).as_deref(), Some(instant), "{text}");
        }
        for text in [
            "",
            "tomorrow",
            "2026-02-30",
            "2026-13-01T00:00:00Z",
            "99999-01-01",
            "-1000-01-01",
            "0001-01-01T00:00:00Z",
            "2026-11-24T25:00",
            "1764000000",
            "2026-11-24T09:00:00+99:99",
        ] {
            assert_eq!(GivenTime::parse(text), None, "{text}");
        }
    }
}
