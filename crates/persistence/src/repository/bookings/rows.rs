//! A booking's rows, and their way to the domain and back.

use scheduling_core::booking::{Attendee, Booking, BookingHost, BookingState, ManageSecret};
use scheduling_core::ids::{
    AttendeeId, BookingId, BookingLinkId, EventTypeId, SessionId, UserId, WorkspaceId,
};
use scheduling_core::ports::StorageError;
use thiserror::Error;

use crate::convert::{Row, micros, to_json, to_word};
use crate::entity::{attendee, booking, booking_host, claim};
use crate::error::corrupt;

/// The column `status` says one thing and the state beside it another.
#[derive(Debug, Error)]
#[error("the state is {0}")]
struct StatusDiffers(&'static str);

impl TryFrom<attendee::Model> for Attendee {
    type Error = StorageError;

    fn try_from(stored: attendee::Model) -> Result<Self, StorageError> {
        let row = Row {
            table: "attendees",
            id: stored.id,
        };
        Ok(Self {
            id: AttendeeId::from_uuid(stored.id),
            role: row.word("role", &stored.role)?,
            name: row.text("name", &stored.name)?,
            email: row.text("email", &stored.email)?,
            timezone: row.zone("timezone", &stored.timezone)?,
            rsvp: row.word("rsvp", &stored.rsvp)?,
        })
    }
}

fn host(stored: booking_host::Model) -> Result<BookingHost, StorageError> {
    let row = Row {
        table: "booking_hosts",
        id: format!("{}/{}", stored.booking_id, stored.user_id),
    };
    let manage = match (stored.manage_hash, stored.manage_sealed) {
        (Some(hash), Some(sealed)) => ManageSecret {
            hash: row.hash("manage_hash", &hash)?,
            sealed,
        },
        _ => ManageSecret::none(),
    };
    Ok(BookingHost {
        user: UserId::from_uuid(stored.user_id),
        manage,
        session: stored.session_id.map(SessionId::from_uuid),
    })
}

/// Puts a booking together. Its hosts and attendees come in their order.
pub(super) fn assemble(
    stored: booking::Model,
    hosts: Vec<booking_host::Model>,
    attendees: Vec<attendee::Model>,
) -> Result<Booking, StorageError> {
    let row = Row {
        table: "bookings",
        id: stored.id,
    };
    let state: BookingState = row.json("state", &stored.state)?;
    if state.name().as_str() != stored.status {
        let differs = StatusDiffers(state.name().as_str());
        return Err(corrupt(row.table, "status", row.id, differs));
    }
    Ok(Booking {
        id: BookingId::from_uuid(stored.id),
        workspace: WorkspaceId::from_uuid(stored.workspace_id),
        event_type: EventTypeId::from_uuid(stored.event_type_id),
        interval: row.interval(stored.starts_at, stored.ends_at)?,
        buffers: row.buffers(stored.buffer_before, stored.buffer_after)?,
        hosts: hosts.into_iter().map(host).collect::<Result<_, _>>()?,
        attendees: attendees
            .into_iter()
            .map(TryFrom::try_from)
            .collect::<Result<_, _>>()?,
        note: row.optional_text("note", stored.note.as_deref())?,
        answers: row.json("answers", &stored.answers)?,
        place: row.json("place", &stored.place)?,
        link: stored.link_id.map(BookingLinkId::from_uuid),
        state,
        sequence: row.number("sequence", stored.sequence)?,
        version: row.version(stored.version)?,
        rotation: row.optional_json("rotation", stored.rotation.as_deref())?,
        manage: ManageSecret {
            hash: row.hash("manage_hash", &stored.manage_hash)?,
            sealed: stored.manage_sealed,
        },
        created_at: row.instant("created_at", stored.created_at)?,
        updated_at: row.instant("updated_at", stored.updated_at)?,
    })
}

pub(super) fn booking_row(booking: &Booking) -> Result<booking::Model, StorageError> {
    Ok(booking::Model {
        id: booking.id.as_uuid(),
        workspace_id: booking.workspace.as_uuid(),
        event_type_id: booking.event_type.as_uuid(),
        starts_at: micros(booking.interval.start()),
        ends_at: micros(booking.interval.end()),
        buffer_before: booking.buffers.before.0.into(),
        buffer_after: booking.buffers.after.0.into(),
        note: booking.note.clone().map(String::from),
        answers: to_json(&booking.answers)?,
        place: to_json(&booking.place)?,
        link_id: booking.link.map(BookingLinkId::as_uuid),
        status: booking.state.name().as_str().to_owned(),
        state: to_json(&booking.state)?,
        sequence: booking.sequence.into(),
        version: booking.version.into(),
        rotation: booking.rotation.as_ref().map(to_json).transpose()?,
        manage_hash: booking.manage.hash.to_vec(),
        manage_sealed: booking.manage.sealed.clone(),
        created_at: micros(booking.created_at),
        updated_at: micros(booking.updated_at),
    })
}

pub(super) fn host_rows(booking: &Booking) -> Vec<booking_host::Model> {
    (0..)
        .zip(&booking.hosts)
        .map(|(position, host)| {
            let manage = Some(&host.manage).filter(|manage| **manage != ManageSecret::none());
            booking_host::Model {
                booking_id: booking.id.as_uuid(),
                user_id: host.user.as_uuid(),
                position,
                session_id: host.session.map(SessionId::as_uuid),
                manage_hash: manage.map(|manage| manage.hash.to_vec()),
                manage_sealed: manage.map(|manage| manage.sealed.clone()),
            }
        })
        .collect()
}

pub(super) fn attendee_rows(booking: &Booking) -> Result<Vec<attendee::Model>, StorageError> {
    (0..)
        .zip(&booking.attendees)
        .map(|(position, attendee)| {
            Ok(attendee::Model {
                booking_id: booking.id.as_uuid(),
                id: attendee.id.as_uuid(),
                position,
                role: to_word(&attendee.role)?,
                name: attendee.name.as_str().to_owned(),
                email: attendee.email.as_str().to_owned(),
                timezone: attendee.timezone.name().to_owned(),
                rsvp: to_word(&attendee.rsvp)?,
            })
        })
        .collect()
}

/// One claim for each host who has no seat in a session, while the booking takes time.
pub(super) fn claim_rows(booking: &Booking) -> Vec<claim::Model> {
    if !booking.state.takes_time() {
        return Vec::new();
    }
    let reservation = booking.reservation();
    booking
        .hosts
        .iter()
        .filter(|host| host.session.is_none())
        .map(|host| claim::Model {
            host_id: host.user.as_uuid(),
            starts_at: micros(reservation.start()),
            ends_at: micros(reservation.end()),
            booking_id: Some(booking.id.as_uuid()),
            session_id: None,
            hold_id: None,
        })
        .collect()
}
