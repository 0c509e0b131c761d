//! Bookings, holds and what comes of them.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use scheduling_core::booking::{
    Attendee, AttendeeRole, Booking, BookingHost, Change, Doer, HistoryEntry, ManageSecret,
    NewBooking, Rsvp,
};
use scheduling_core::calendar::{BusyInterval, BusySource, HostBusy};
use scheduling_core::effect::{Effect, NotificationKind, PlannedEffect, Recipient};
use scheduling_core::event_type::{EventType, MeetingPlace};
use scheduling_core::hold::{Hold, HoldHost};
use scheduling_core::ids::{AttendeeId, BookingId, BusyId, HistoryId, HoldId, OutboxId, UserId};
use scheduling_core::ports::IdSource;
use scheduling_core::time::Interval;
use uuid::Uuid;

use super::{BY_PHONE, minutes_from, parse, person};

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
