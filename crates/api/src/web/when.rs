//! When a meeting is: in words, and as a line in each person's day.

use chrono::{DateTime, NaiveTime, Timelike, Utc};
use chrono_tz::Tz;
use scheduling_core::directory::Person;
use serde::Serialize;

use super::calendar::hours_text;
use super::guest::HourCycle;
use super::links::instant;
use super::wording::{city, clock_time, first_name, headline, short_date};

/// Up to how many people beside the reader have a line of their own.
const LINES: usize = 3;

/// When a meeting is, in one zone.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct When {
    pub instant: String,
    pub date: String,
    pub start: String,
    pub end: String,
    pub city: String,
}

impl When {
    pub(super) fn new(
        start: DateTime<Utc>,
        end: DateTime<Utc>,
        zone: Tz,
        cycle: HourCycle,
        now: DateTime<Utc>,
    ) -> Self {
        let (start, end) = (start.with_timezone(&zone), end.with_timezone(&zone));
        Self {
            instant: instant(start.to_utc()),
            date: headline(start.date_naive(), now.with_timezone(&zone).date_naive()),
            start: clock_time(&start, cycle),
            end: clock_time(&end, cycle),
            city: city(zone),
        }
    }
}

/// A person's day from midnight to midnight, and where the meeting is in it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Dayline {
    /// Not given for the reader's own day.
    name: Option<String>,
    city: String,
    start: String,
    end: String,
    /// The date, when it is another than the reader's.
    date: Option<String>,
    /// Where the meeting starts and how long it is, in hours.
    x: String,
    width: String,
}

impl Dayline {
    fn new(
        name: Option<String>,
        start: DateTime<Utc>,
        end: DateTime<Utc>,
        zone: Tz,
        own_zone: Tz,
        cycle: HourCycle,
    ) -> Self {
        const DAY: u32 = 24 * 60;
        let minutes = |time: NaiveTime| time.hour() * 60 + time.minute();
        let (from, to) = (start.with_timezone(&zone), end.with_timezone(&zone));
        let x = minutes(from.time());
        let length = u32::try_from((end - start).num_minutes()).unwrap_or(DAY);
        let date = from.date_naive();
        Self {
            name,
            city: city(zone),
            start: clock_time(&from, cycle),
            end: clock_time(&to, cycle),
            date: (date != start.with_timezone(&own_zone).date_naive()).then(|| short_date(date)),
            x: hours_text(x),
            // The line ends at midnight; a stroke shorter than a quarter of an hour could not be seen.
            width: hours_text(length.clamp(15, DAY).min(DAY - x).max(15)),
        }
    }
}

/// The reader's day, and those of the people he meets.
pub(super) fn daylines(
    start: DateTime<Utc>,
    end: DateTime<Utc>,
    zone: Tz,
    others: &[Person],
    cycle: HourCycle,
) -> Vec<Dayline> {
    let line = |name, there| Dayline::new(name, start, end, there, zone, cycle);
    let others = others.iter().take(LINES).map(|person| {
        let name = first_name(person.name.as_str()).to_owned();
        line(Some(name), person.timezone)
    });
    std::iter::once(line(None, zone)).chain(others).collect()
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    fn line(start: &str, minutes: i64, zone: Tz, own: Tz) -> Dayline {
        let start = sample::at(start);
        let end = start + chrono::TimeDelta::minutes(minutes);
        Dayline::new(None, start, end, zone, own, HourCycle::H24)
    }

    #[test]
    fn a_day_line_stands_in_its_own_zone_and_ends_at_midnight() {
        let (lisbon, berlin, tokyo) = (Tz::Europe__Lisbon, Tz::Europe__Berlin, Tz::Asia__Tokyo);
        let here = line("2026-11-24T14:00:00Z", 30, berlin, lisbon);
        assert_eq!((here.x.as_str(), here.width.as_str()), ("15", "0.5"));
        assert_eq!(
            (here.start.as_str(), here.end.as_str(), here.date),
            ("15:00", "15:30", None)
        );
        let far = line("2026-11-24T15:30:00Z", 30, tokyo, lisbon);
        assert_eq!(
            (far.x.as_str(), far.date.as_deref()),
            ("0.5", Some("Wed 25 Nov"))
        );
        let late = line("2026-11-24T23:00:00Z", 120, lisbon, lisbon);
        assert_eq!(
            (late.x.as_str(), late.width.as_str(), late.end.as_str()),
            ("23", "1", "01:00")
        );
    }
}
