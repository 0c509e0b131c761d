//! When a meeting is, on somebody's clock.

use chrono::{DateTime, Datelike, NaiveDate, Offset, Timelike, Utc};
use chrono_tz::Tz;
use scheduling_core::time::Interval;
use serde::Serialize;

/// A meeting's date and times in one zone, as words.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct LocalTime {
    /// `Tuesday 24 November 2026`.
    pub(crate) date: String,
    /// `14:00 to 14:30`, with the other date or the offsets where the end differs in these.
    pub(crate) times: String,
    /// The start alone, `14:00`.
    pub(crate) start: String,
    /// The end alone, `14:30`.
    pub(crate) end: String,
    /// `Lisbon`.
    pub(crate) place: String,
    /// `Europe/Lisbon`.
    pub(crate) zone: &'static str,
    /// `UTC+00:00`, at the start.
    pub(crate) offset: String,
    /// Where the meeting lies in its first day.
    pub(crate) day: DayMark,
}

/// A day as a line: how much of it, in percent, lies before, in and after the meeting.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct DayMark {
    pub(crate) before: String,
    pub(crate) meeting: String,
    pub(crate) after: String,
}

impl LocalTime {
    pub(crate) fn new(interval: &Interval, zone: Tz) -> Self {
        let start = interval.start().with_timezone(&zone);
        let end = interval.end().with_timezone(&zone);
        let start_offset = offset(&start);
        let end_offset = offset(&end);
        let mut from = clock(&start);
        let mut until = clock(&end);
        if start_offset != end_offset {
            // The clocks change during the meeting: the bare times would contradict its length.
            from = format!("{from} ({start_offset})");
            until = format!("{until} ({end_offset})");
        }
        if start.date_naive() != end.date_naive() {
            until = format!("{until} on {}", short_date(end.date_naive()));
        }
        Self {
            date: long_date(start.date_naive()),
            times: format!("{from} to {until}"),
            start: clock(&start),
            end: clock(&end),
            place: place(zone),
            zone: zone.name(),
            offset: start_offset,
            day: DayMark::new(interval, &start, &end),
        }
    }
}

impl DayMark {
    fn new(interval: &Interval, start: &DateTime<Tz>, end: &DateTime<Tz>) -> Self {
        const DAY: f64 = 24.0 * 60.0;
        let minute = |time: &DateTime<Tz>| f64::from(time.hour() * 60 + time.minute());
        let before = minute(start);
        let until = if end.date_naive() == start.date_naive() && minute(end) > before {
            minute(end)
        } else {
            // It goes on after midnight, or over an hour that the clocks repeat.
            let minutes = u32::try_from(interval.length().num_minutes()).unwrap_or(u32::MAX);
            (before + f64::from(minutes)).min(DAY)
        };
        // Anything thinner than a quarter of an hour cannot be seen.
        let until = until.max(before + 15.0).min(DAY);
        let before = before.min(until - 15.0);
        let percent = |minutes: f64| format!("{:.2}", minutes / DAY * 100.0);
        Self {
            before: percent(before),
            meeting: percent(until - before),
            after: percent(DAY - until),
        }
    }
}

/// An instant in one zone, as words.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Moment {
    /// `Tuesday 24 November`: what is meant lies in the near future.
    pub(crate) date: String,
    /// `14:00`.
    pub(crate) time: String,
    /// `Lisbon`.
    pub(crate) place: String,
    /// `Europe/Lisbon`.
    pub(crate) zone: &'static str,
    /// `UTC+00:00`.
    pub(crate) offset: String,
}

impl Moment {
    pub(crate) fn new(instant: DateTime<Utc>, zone: Tz) -> Self {
        let local = instant.with_timezone(&zone);
        Self {
            date: short_date(local.date_naive()),
            time: clock(&local),
            place: place(zone),
            zone: zone.name(),
            offset: offset(&local),
        }
    }

    /// `Tuesday 24 November, 14:00`.
    pub(crate) fn words(&self) -> String {
        format!("{}, {}", self.date, self.time)
    }
}

/// How far off a meeting is, as people say it: `in an hour`, `today at 14:00`, `tomorrow at 14:00`.
pub(crate) fn soon(now: DateTime<Utc>, interval: &Interval, zone: Tz) -> String {
    let start = interval.start().with_timezone(&zone);
    let seconds = (interval.start() - now).num_seconds();
    // A message that goes out some seconds late still says what was meant.
    let minutes = (seconds + 30).div_euclid(60);
    let days = start.date_naive() - now.with_timezone(&zone).date_naive();
    match (minutes, days.num_days()) {
        (1, _) => "in a minute".to_owned(),
        (58..=62, _) => "in an hour".to_owned(),
        (2..=89, _) => format!("in {minutes} minutes"),
        (_, 0) => format!("today at {}", clock(&start)),
        (_, 1) => format!("tomorrow at {}", clock(&start)),
        _ => format!("on {} at {}", short_date(start.date_naive()), clock(&start)),
    }
}

fn clock(time: &DateTime<Tz>) -> String {
    format!("{:02}:{:02}", time.hour(), time.minute())
}

fn long_date(date: NaiveDate) -> String {
    format!("{} {}", short_date(date), date.year())
}

fn short_date(date: NaiveDate) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let weekday = match date.weekday() {
        chrono::Weekday::Mon => "Monday",
        chrono::Weekday::Tue => "Tuesday",
        chrono::Weekday::Wed => "Wednesday",
        chrono::Weekday::Thu => "Thursday",
        chrono::Weekday::Fri => "Friday",
        chrono::Weekday::Sat => "Saturday",
        chrono::Weekday::Sun => "Sunday",
    };
    let month = MONTHS[date.month0() as usize];
    format!("{weekday} {} {month}", date.day())
}

fn offset(time: &DateTime<Tz>) -> String {
    let seconds = time.offset().fix().local_minus_utc();
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.abs() / 60;
    format!("UTC{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// The last part of the zone's name, which people recognise.
fn place(zone: Tz) -> String {
    let name = zone.name();
    let (area, place) = name.rsplit_once('/').unwrap_or(("", name));
    // `Etc/GMT+5` means the opposite of what it seems to say.
    if area == "Etc" && place.starts_with("GMT") {
        return name.to_owned();
    }
    place.replace('_', " ")
}

/// The distinct zones other than the reader's, in the order given.
pub(crate) fn other_zones<'a, T>(
    reader: Tz,
    people: impl IntoIterator<Item = &'a T>,
    zone: impl Fn(&T) -> Tz,
) -> Vec<(Tz, Vec<&'a T>)> {
    let mut zones: Vec<(Tz, Vec<&'a T>)> = Vec::new();
    for person in people {
        let theirs = zone(person);
        if theirs == reader {
            continue;
        }
        match zones.iter_mut().find(|(known, _)| *known == theirs) {
            Some((_, group)) => group.push(person),
            None => zones.push((theirs, vec![person])),
        }
    }
    zones
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn local(start: &str, minutes: i64, zone: &str) -> LocalTime {
        let start: DateTime<Utc> = start.parse().unwrap();
        let interval = Interval::new(start, start + TimeDelta::minutes(minutes)).unwrap();
        LocalTime::new(&interval, zone.parse().unwrap())
    }

    fn words(start: &str, minutes: i64, zone: &str) -> String {
        let time = local(start, minutes, zone);
        format!(
            "{}, {}, {} ({}, {})",
            time.date, time.times, time.place, time.zone, time.offset
        )
    }

    #[test]
    fn a_time_names_its_zone_and_offset() {
        assert_eq!(
            words("2026-11-24T14:00:00Z", 30, "Europe/Berlin"),
            "Tuesday 24 November 2026, 15:00 to 15:30, Berlin (Europe/Berlin, UTC+01:00)"
        );
        assert_eq!(
            words("2026-11-24T14:00:00Z", 30, "America/Argentina/Buenos_Aires"),
            "Tuesday 24 November 2026, 11:00 to 11:30, Buenos Aires (America/Argentina/Buenos_Aires, UTC-03:00)"
        );
        assert_eq!(
            words("2026-11-24T14:00:00Z", 30, "Asia/Kathmandu"),
            "Tuesday 24 November 2026, 19:45 to 20:15, Kathmandu (Asia/Kathmandu, UTC+05:45)"
        );
        assert_eq!(
            words("2026-11-24T14:00:00Z", 30, "UTC"),
            "Tuesday 24 November 2026, 14:00 to 14:30, UTC (UTC, UTC+00:00)"
        );
        assert_eq!(
            words("2026-11-24T14:00:00Z", 30, "Etc/GMT+5"),
            "Tuesday 24 November 2026, 09:00 to 09:30, Etc/GMT+5 (Etc/GMT+5, UTC-05:00)"
        );
    }

    #[test]
    fn a_meeting_over_midnight_names_both_dates() {
        assert_eq!(
            local("2026-12-31T22:30:00Z", 60, "Europe/Berlin").times,
            "23:30 to 00:30 on Friday 1 January"
        );
    }

    #[test]
    fn a_meeting_in_which_the_clocks_change_gives_both_offsets() {
        // Berlin goes from 03:00 back to 02:00 at 01:00 UTC.
        assert_eq!(
            local("2026-10-25T00:30:00Z", 60, "Europe/Berlin").times,
            "02:30 (UTC+02:00) to 02:30 (UTC+01:00)"
        );
    }

    #[test]
    fn a_meeting_is_as_far_off_as_the_readers_calendar_says() {
        let start: DateTime<Utc> = "2026-11-24T23:30:00Z".parse().unwrap();
        let interval = Interval::new(start, start + TimeDelta::minutes(30)).unwrap();
        let said =
            |before: TimeDelta, zone: &str| soon(start - before, &interval, zone.parse().unwrap());
        for (before, lisbon, berlin) in [
            (TimeDelta::seconds(40), "in a minute", "in a minute"),
            (TimeDelta::minutes(15), "in 15 minutes", "in 15 minutes"),
            // The worker took its time.
            (TimeDelta::seconds(3569), "in an hour", "in an hour"),
            (TimeDelta::minutes(80), "in 80 minutes", "in 80 minutes"),
            (TimeDelta::hours(4), "today at 23:30", "tomorrow at 00:30"),
            (
                TimeDelta::hours(24),
                "tomorrow at 23:30",
                "tomorrow at 00:30",
            ),
            (
                TimeDelta::hours(72),
                "on Tuesday 24 November at 23:30",
                "on Wednesday 25 November at 00:30",
            ),
            (TimeDelta::minutes(-5), "today at 23:30", "today at 00:30"),
            (
                TimeDelta::hours(-30),
                "on Tuesday 24 November at 23:30",
                "on Wednesday 25 November at 00:30",
            ),
        ] {
            assert_eq!(said(before, "Europe/Lisbon"), lisbon, "{before}");
            assert_eq!(said(before, "Europe/Berlin"), berlin, "{before}");
        }
    }

    #[test]
    fn an_instant_is_given_on_the_readers_clock() {
        let moment = Moment::new("2026-11-24T23:30:00Z".parse().unwrap(), Tz::Asia__Kathmandu);
        assert_eq!(moment.words(), "Wednesday 25 November, 05:15");
        assert_eq!(moment.offset, "UTC+05:45");
    }

    #[test]
    fn a_day_is_a_line_of_a_hundred_percent() {
        for (start, minutes) in [
            ("2026-11-24T00:00:00Z", 5),
            ("2026-11-24T23:50:00Z", 30),
            ("2026-11-24T23:59:00Z", 1),
            ("2026-10-25T00:30:00Z", 60),
            ("2026-11-24T12:00:00Z", 100_000),
            ("2026-11-24T09:00:00Z", 45),
        ] {
            for zone in ["UTC", "Europe/Berlin", "Australia/Lord_Howe"] {
                let day = local(start, minutes, zone).day;
                let parts: Vec<f64> = [&day.before, &day.meeting, &day.after]
                    .map(|part| part.parse().unwrap())
                    .to_vec();
                assert!(parts.iter().all(|part| *part >= 0.0), "{start} {day:?}");
                assert!(parts[1] > 1.0, "{start} {day:?}");
                let sum: f64 = parts.iter().sum();
                assert!((sum - 100.0).abs() < 0.05, "{start} {day:?}");
            }
        }
    }
}
