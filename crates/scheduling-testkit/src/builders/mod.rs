//! Believable values for tests. Every field of what they make is public: change what the test is about.
//!
//! All of them panic on text that does not parse, since a test's own text is meant to be right.

mod bookings;
mod event_types;

use std::fmt::Debug;
use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use scheduling_core::directory::{Member, Person, Role, Workspace};
use scheduling_core::ids::{UserId, WorkspaceId};
use scheduling_core::ports::IdSource;
use scheduling_core::schedule::{Availability, WeeklyHours};
use scheduling_core::text::EmailAddress;
use scheduling_core::time::{DayHours, Interval, TimeWindow};

pub use bookings::{booking, booking_host, busy, effect, history, hold, invitee};
pub use event_types::{days_off, default_schedule, event_type, link, workspace_schedule};

/// What a meeting by phone says in [`event_type`] and [`booking`].
const BY_PHONE: &str = "We call you";

/// Parses a text that is known to be right, such as `parse::<Slug>("intro")`.
///
/// # Panics
/// When it does not parse.
pub fn parse<T: FromStr<Err: Debug>>(text: &str) -> T {
    match text.parse() {
        Ok(value) => value,
        Err(error) => panic!("{text:?} does not parse: {error:?}"),
    }
}

/// An instant, such as `instant("2026-11-24T09:00:00Z")`.
///
/// # Panics
/// When it does not parse.
pub fn instant(rfc3339: &str) -> DateTime<Utc> {
    match DateTime::parse_from_rfc3339(rfc3339) {
        Ok(instant) => instant.to_utc(),
        Err(error) => panic!("{rfc3339:?} is no instant: {error}"),
    }
}

/// An interval from a start, so many minutes long.
///
/// # Panics
/// When `minutes` is not positive.
pub fn minutes_from(start: DateTime<Utc>, minutes: i64) -> Interval {
    Interval::new(start, start + TimeDelta::minutes(minutes)).expect("a positive length")
}

/// An interval from a start given as text, so many minutes long.
///
/// # Panics
/// When the text is no instant or `minutes` is not positive.
pub fn interval(start: &str, minutes: i64) -> Interval {
    minutes_from(instant(start), minutes)
}

/// A workspace with a slug, named after it.
///
/// # Panics
/// When the slug is none.
pub fn workspace(ids: &dyn IdSource, slug: &str) -> Workspace {
    Workspace {
        id: WorkspaceId::generate(ids),
        slug: parse(slug),
        name: parse(slug),
        description: None,
        version: 1,
    }
}

/// A person; the address is made of the name's letters: `ann@example.org`.
///
/// # Panics
/// When the name is none.
pub fn person(ids: &dyn IdSource, name: &str, timezone: Tz) -> Person {
    let mailbox: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    Person {
        id: UserId::generate(ids),
        name: parse(name),
        email: parse::<EmailAddress>(&format!("{mailbox}@example.org")),
        timezone,
    }
}

/// A person as a member of a workspace, since the first day of 2026.
pub fn member(person: Person, role: Role) -> Member {
    Member {
        person,
        role,
        joined_at: instant("2026-01-01T00:00:00Z"),
    }
}

/// The windows of a day, such as `day_hours("09:00-12:00 13:00-17:00")`.
///
/// # Panics
/// When a window is no window, or two overlap.
pub fn day_hours(windows: &str) -> DayHours {
    let windows = windows
        .split_whitespace()
        .map(|window| {
            let (start, end) = window
                .split_once('-')
                .expect("a window is written as 09:00-17:00");
            TimeWindow {
                start: parse(start),
                end: parse(end),
            }
        })
        .collect();
    DayHours::new(windows).expect("windows that do not overlap")
}

/// Hours from Monday to Friday, such as `working_hours(Tz::Europe__Berlin, "09:00-17:00")`.
///
/// # Panics
/// When a window is no window, or two overlap.
pub fn working_hours(timezone: Tz, windows: &str) -> Availability {
    let weekly = WeeklyHours::working_week(&day_hours(windows));
    Availability::new(timezone, weekly, Vec::new()).expect("no override is given twice")
}
