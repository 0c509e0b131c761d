//! Believable values for tests. Every field of what they make is public: change what the test is about.
//!
//! All of them panic on text that does not parse, since a test's own text is meant to be right.

use std::fmt::Debug;
use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use scheduling_core::booking::{
    Attendee, AttendeeRole, Booking, BookingHost, Change, Doer, HistoryEntry, ManageSecret,
    NewBooking, Rsvp,
};
use scheduling_core::calendar::{BusyInterval, BusySource, HostBusy};
use scheduling_core::directory::{Member, Person, Role, Workspace};
use scheduling_core::effect::{Effect, NotificationKind, PlannedEffect, Recipient};
use scheduling_core::event_type::{
    BookingLink, EventType, Hosting, Location, MeetingPlace, SlotRules,
};
use scheduling_core::hold::{Hold, HoldHost};
use scheduling_core::ids::{
    AttendeeId, BookingId, BookingLinkId, BusyId, EventTypeId, HistoryId, HoldId, OutboxId,
    ScheduleId, TimeOffId, UserId, WorkspaceId,
};
use scheduling_core::ports::IdSource;
use scheduling_core::schedule::{Availability, AvailabilitySchedule, ScheduleOwner, WeeklyHours};
use scheduling_core::text::EmailAddress;
use scheduling_core::time::{DayHours, Interval, Length, TimeWindow};
use scheduling_core::time_off::{TimeOff, TimeOffPeriod, TimeOffScope, TimeOffSpan};
use uuid::Uuid;

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

/// Somebody's default schedule.
///
/// # Panics
/// Never in practice: its name is a title.
pub fn default_schedule(
    ids: &dyn IdSource,
    workspace: WorkspaceId,
    owner: UserId,
    availability: Availability,
) -> AvailabilitySchedule {
    AvailabilitySchedule {
        id: ScheduleId::generate(ids),
        workspace,
        owner: ScheduleOwner::Person(owner),
        name: parse("Working hours"),
        is_default: true,
        availability,
        version: 1,
    }
}

/// A workspace's default schedule.
///
/// # Panics
/// Never in practice: its name is a title.
pub fn workspace_schedule(
    ids: &dyn IdSource,
    workspace: WorkspaceId,
    availability: Availability,
) -> AvailabilitySchedule {
    AvailabilitySchedule {
        id: ScheduleId::generate(ids),
        workspace,
        owner: ScheduleOwner::Workspace(workspace),
        name: parse("Opening hours"),
        is_default: true,
        availability,
        version: 1,
    }
}

/// An active event type, named after its slug, by phone, with nothing restricted, in UTC, and the rest as
/// [`EventType::new`] has it.
///
/// # Panics
/// When the slug is none or `minutes` is zero.
pub fn event_type(
    ids: &dyn IdSource,
    workspace: WorkspaceId,
    slug: &str,
    minutes: u32,
    hosting: Hosting,
) -> EventType {
    EventType::new(
        EventTypeId::generate(ids),
        workspace,
        parse(slug),
        parse(slug),
        SlotRules::new(Tz::UTC, Length::new(minutes).expect("a length")),
        hosting,
        Location::Phone {
            instructions: parse(BY_PHONE),
        },
    )
}

/// A further link to an event type, without an end, made on the first day of 2026.
///
/// # Panics
/// When the slug is none.
pub fn link(ids: &dyn IdSource, event_type: &EventType, slug: &str) -> BookingLink {
    BookingLink {
        id: BookingLinkId::generate(ids),
        workspace: event_type.workspace,
        event_type: event_type.id,
        slug: parse(slug),
        name: None,
        questions: None,
        redirect_url: None,
        expires_at: None,
        max_uses: None,
        uses: 0,
        revoked: false,
        version: 1,
        created_at: instant("2026-01-01T00:00:00Z"),
    }
}

/// Whole days off in UTC, the last one included, once, without a title, entered on the first day of 2026.
///
/// # Panics
/// When a day is no date, or the last one comes before the first.
pub fn days_off(
    ids: &dyn IdSource,
    workspace: WorkspaceId,
    scope: TimeOffScope,
    first: &str,
    last: &str,
) -> TimeOff {
    let span = TimeOffSpan::Days {
        from: parse(first),
        to: parse(last),
    };
    TimeOff {
        id: TimeOffId::generate(ids),
        workspace,
        scope,
        title: None,
        visible: false,
        period: TimeOffPeriod::new(Tz::UTC, span, None).expect("days in their order"),
        version: 1,
        created_at: instant("2026-01-01T00:00:00Z"),
    }
}

/// Somebody who books.
///
/// # Panics
/// When the name is none.
pub fn invitee(ids: &dyn IdSource, name: &str) -> Attendee {
    let person = person(ids, name, Tz::Europe__Paris);
    Attendee {
        id: AttendeeId::generate(ids),
        role: AttendeeRole::Invitee,
        name: person.name,
        email: person.email,
        timezone: person.timezone,
        rsvp: Rsvp::Accepted,
    }
}

/// A confirmed booking of an event type with these hosts, none of them in a session, made a day before it starts.
///
/// # Panics
/// When `start` is the first day there is.
pub fn booking(
    ids: &dyn IdSource,
    event_type: &EventType,
    hosts: &[UserId],
    start: DateTime<Utc>,
) -> Booking {
    let id = BookingId::generate(ids);
    let new = NewBooking {
        id,
        workspace: event_type.workspace,
        event_type: event_type.id,
        interval: minutes_from(start, i64::from(event_type.rules.duration.get())),
        buffers: event_type.rules.buffers,
        hosts: hosts.iter().map(|user| booking_host(id, *user)).collect(),
        invitee: invitee(ids, "Ida Invitee"),
        guests: Vec::new(),
        note: None,
        answers: Vec::new(),
        place: MeetingPlace::Phone {
            instructions: parse(BY_PHONE),
        },
        link: None,
        rotation: None,
        manage: secret_of(id.as_uuid(), Uuid::nil()),
    };
    new.confirmed(start - TimeDelta::days(1)).0
}

/// A host's part in a booking, outside any session, with a link of his own.
pub fn booking_host(booking: BookingId, user: UserId) -> BookingHost {
    BookingHost {
        user,
        manage: secret_of(booking.as_uuid(), user.as_uuid()),
        session: None,
    }
}

/// A secret that is no other pair's. It opens nothing: no token hashes to it.
fn secret_of(booking: Uuid, holder: Uuid) -> ManageSecret {
    let mut hash = [0; 32];
    hash[..16].copy_from_slice(booking.as_bytes());
    hash[16..].copy_from_slice(holder.as_bytes());
    ManageSecret {
        hash,
        sealed: hash.to_vec(),
    }
}

/// A hold of an event type's slot with these hosts, none of them in a session, made a day before it starts and never
/// renewed. Its token's hash is no other hold's.
///
/// # Panics
/// When `start` is the first day there is.
pub fn hold(
    ids: &dyn IdSource,
    event_type: &EventType,
    hosts: &[UserId],
    start: DateTime<Utc>,
) -> Hold {
    let id = HoldId::generate(ids);
    let created_at = start - TimeDelta::days(1);
    Hold {
        id,
        token_hash: secret_of(Uuid::max(), id.as_uuid()).hash,
        workspace: event_type.workspace,
        event_type: event_type.id,
        interval: minutes_from(start, i64::from(event_type.rules.duration.get())),
        buffers: event_type.rules.buffers,
        hosts: hosts
            .iter()
            .map(|user| HoldHost {
                user: *user,
                session: None,
            })
            .collect(),
        expires_at: created_at + Hold::LASTS,
        renewed: false,
        created_at,
    }
}

/// An entry of a booking's history.
pub fn history(
    ids: &dyn IdSource,
    booking: BookingId,
    at: DateTime<Utc>,
    by: Doer,
    change: Change,
) -> HistoryEntry {
    HistoryEntry {
        id: HistoryId::generate(ids),
        booking,
        at,
        by,
        change,
    }
}

/// A busy interval, as a calendar would have it.
pub fn busy(ids: &dyn IdSource, host: UserId, interval: Interval) -> HostBusy {
    HostBusy {
        id: BusyId::generate(ids),
        host,
        busy: BusyInterval {
            interval,
            source: BusySource::Calendar,
        },
    }
}

/// An effect that tells a host about a booking, due at an instant and planned then, of no workspace.
pub fn effect(
    ids: &dyn IdSource,
    booking: BookingId,
    host: UserId,
    due_at: DateTime<Utc>,
) -> PlannedEffect {
    PlannedEffect {
        id: OutboxId::generate(ids),
        workspace: None,
        effect: Effect::Notify {
            booking,
            recipient: Recipient::Host(host),
            about: NotificationKind::Confirmed,
            sequence: 0,
        },
        dedupe_key: None,
        due_at,
        created_at: due_at,
    }
}
