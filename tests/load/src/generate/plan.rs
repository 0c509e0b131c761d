//! When everybody is booked: spread evenly over eleven months gone by and six weeks ahead.

use chrono::{DateTime, Datelike as _, NaiveDate, TimeDelta, Utc, Weekday};
use chrono_tz::Tz;
use scheduling_core::time::start_of_day;

use super::people::People;
use crate::Failure;
use crate::random::Random;

/// How far back bookings go, and how far ahead.
const DAYS: (i64, i64) = (-330, 45);
/// Half hours from nine to five.
const A_DAY: usize = 16;
/// Every so many-th booking of a host who is in a team is the team's.
const TEAMS_SHARE: usize = 4;

/// One booking, before anybody knows who hosts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Planned {
    /// When it was made; bookings are written in this order, so that they lie on the disk as if they had come in one by
    /// one.
    pub(super) created_at: i64,
    /// When it starts. The rotation decides otherwise for a team.
    pub(super) starts_at: i64,
    /// Whose time it was planned for.
    pub(super) host: u32,
    /// Whether it is the team's.
    pub(super) team: bool,
}

/// All bookings, in the order in which they were made.
pub(super) fn plan(
    people: &People,
    bookings: u64,
    seed: u64,
    now: DateTime<Utc>,
) -> Result<Vec<Planned>, Failure> {
    let days = working_days(now);
    let most = days.len() * A_DAY;
    let hosts = people.hosts.len() as u64;
    if bookings > hosts * most as u64 {
        return Err(Failure::Asked(format!(
            "{hosts} hosts have time for {} bookings at most",
            hosts * most as u64
        )));
    }
    let mut planned = Vec::new();
    for (number, host) in (0_u32..).zip(&people.hosts) {
        let mut random = Random::of(seed, u64::from(number));
        // The first hosts have one more when it does not come out even.
        let share = bookings / hosts + u64::from(u64::from(number) < bookings % hosts);
        let share = usize::try_from(share).unwrap_or(usize::MAX);
        for turn in 0..share {
            // Each has a stretch of the calendar of its own, so that no two meet.
            let (from, to) = (most * turn / share, most * (turn + 1) / share);
            let place = from + below(&mut random, to - from);
            let starts_at = start(days[place / A_DAY], place % A_DAY, host.zone);
            let lead = TimeDelta::minutes(120 + random.below(21 * 1440).cast_signed());
            let asked = now - TimeDelta::minutes(10 + random.below(3 * 1440).cast_signed());
            let created_at = (starts_at - lead).min(asked);
            planned.push(Planned {
                created_at: created_at.timestamp_micros(),
                starts_at: starts_at.timestamp_micros(),
                host: number,
                team: host.team.is_some() && turn % TEAMS_SHARE == TEAMS_SHARE - 1,
            });
        }
    }
    planned.sort_unstable();
    Ok(planned)
}

fn below(random: &mut Random, bound: usize) -> usize {
    usize::try_from(random.below(bound as u64)).unwrap_or(0)
}

fn working_days(now: DateTime<Utc>) -> Vec<NaiveDate> {
    let today = now.date_naive();
    (DAYS.0..DAYS.1)
        .map(|days| today + TimeDelta::days(days))
        // Today is neither gone by nor ahead.
        .filter(|day| (*day - today).num_days().abs() > 1)
        .filter(|day| !matches!(day.weekday(), Weekday::Sat | Weekday::Sun))
        .collect()
}

/// The half hour's start in a zone. No zone of ours changes its clocks on a working day.
fn start(date: NaiveDate, half_hour: usize, zone: Tz) -> DateTime<Utc> {
    let half_hours = i64::try_from(half_hour).unwrap_or(0);
    start_of_day(date, zone) + TimeDelta::hours(9) + TimeDelta::minutes(30 * half_hours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_working_day_starts_at_nine_in_winter_and_in_summer() {
        for date in ["2026-01-12", "2026-07-13"] {
            let start = start(date.parse().unwrap(), 1, Tz::Europe__Berlin);
            let local = start.with_timezone(&Tz::Europe__Berlin);
            assert_eq!(
                local.format("%F %T").to_string(),
                format!("{date} 09:30:00")
            );
        }
    }

    #[test]
    fn weekends_and_today_are_left_out() {
        let days = working_days("2026-11-21T12:00:00Z".parse().unwrap());
        assert!(days.len() > 250, "{}", days.len());
        assert!(!days.contains(&"2026-11-22".parse().unwrap()));
        assert!(!days.contains(&"2026-11-20".parse().unwrap()));
        assert!(days.contains(&"2026-11-23".parse().unwrap()));
    }
}
