//! Telling somebody: from ids to a typed message, by reading the booking as it is.

use scheduling_core::booking::{Attendee, AttendeeRole, Booking, BookingState};
use scheduling_core::directory::{Person, Workspace};
use scheduling_core::effect::{NotificationKind, Recipient};
use scheduling_core::event_type::{EventType, EventTypeStatus};
use scheduling_core::ids::{BookingId, OutboxId, UserId};
use scheduling_core::notification::{
    Audience, BookingFacts, Cancellation, Contact, Notification, NotificationLinks,
};
use scheduling_core::ports::{SealError, StorageError};
use thiserror::Error;

use crate::Scheduling;
use crate::availability::in_order;
use crate::bookings::dangling;

/// What became of preparing a message.
#[derive(Debug)]
pub(super) enum Prepared {
    /// It is ready to be sent.
    Message(Box<Notification>),
    /// There is nothing to say any more, for this reason.
    Moot(&'static str),
}

/// Why a message could not be prepared.
#[derive(Debug, Error)]
pub(super) enum PrepareError {
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The manage link cannot be made with the keys at hand.
    #[error("the manage link cannot be made")]
    ManageLink(#[source] SealError),
    /// Nobody who hosts the booking exists any more.
    #[error("the booking has no host")]
    NoHost,
}

/// The message of an outbox row.
pub(super) async fn prepare(
    scheduling: &Scheduling,
    id: OutboxId,
    booking: BookingId,
    recipient: Recipient,
    about: NotificationKind,
    sequence: u32,
) -> Result<Prepared, PrepareError> {
    let mut work = scheduling.ports().storage.begin_read().await?;
    let Some(booking) = work.bookings().get(booking).await? else {
        return Ok(Prepared::Moot("the booking is gone"));
    };
    if booking.sequence > sequence {
        return Ok(Prepared::Moot("the booking has moved on"));
    }
    let workspace = work.directory().workspace(booking.workspace).await?;
    let workspace = workspace.ok_or_else(|| dangling(&booking, "workspace_id"))?;
    let event_type = work.event_types().get(booking.event_type).await?;
    let event_type = event_type.ok_or_else(|| dangling(&booking, "event_type_id"))?;
    let hosts: Vec<UserId> = booking.hosts.iter().map(|host| host.user).collect();
    let people = work.directory().people(&hosts).await?;
    // The rest needs no storage: give the connection back.
    drop(work);

    let (to, audience) = match recipient {
        Recipient::Attendee(id) => match booking.attendees.iter().find(|a| a.id == id) {
            Some(attendee) => (contact_of(attendee), audience_of(attendee)),
            None => return Ok(Prepared::Moot("the attendee is gone")),
        },
        Recipient::Host(id) => match people.get(&id) {
            Some(person) => (host_contact(person), Audience::Host),
            None => return Ok(Prepared::Moot("the host is gone")),
        },
    };
    // Only the invitee may cancel, so nobody else's mail carries the secret.
    let links = match audience {
        Audience::Invitee => links(scheduling, about, &booking, &workspace, &event_type)
            .map_err(PrepareError::ManageLink)?,
        Audience::Guest | Audience::Host => NotificationLinks::default(),
    };
    let hosts = in_order(hosts, &people);
    Ok(Prepared::Message(Box::new(Notification {
        id,
        kind: about,
        to,
        audience,
        booking: facts(booking, workspace, event_type, &hosts)?,
        links,
    })))
}

fn facts(
    booking: Booking,
    workspace: Workspace,
    event_type: EventType,
    hosts: &[Person],
) -> Result<BookingFacts, PrepareError> {
    if hosts.is_empty() {
        return Err(PrepareError::NoHost);
    }
    let invitee = booking
        .invitee()
        .ok_or_else(|| dangling(&booking, "attendees"))?;
    let guests = booking
        .attendees
        .iter()
        .filter(|attendee| attendee.role == AttendeeRole::Guest);
    Ok(BookingFacts {
        id: booking.id,
        sequence: booking.sequence,
        title: event_type.title,
        workspace: workspace.name,
        interval: booking.interval,
        location: event_type.location,
        assignment: event_type.hosting.kind(),
        hosts: hosts.iter().map(host_contact).collect(),
        invitee: contact_of(invitee),
        guests: guests.map(contact_of).collect(),
        cancelled: match booking.state {
            BookingState::Cancelled { by, reason, .. } => Some(Cancellation { by, reason }),
            _ => None,
        },
        note: booking.note,
        changed_at: booking.updated_at,
    })
}

fn links(
    scheduling: &Scheduling,
    about: NotificationKind,
    booking: &Booking,
    workspace: &Workspace,
    event_type: &EventType,
) -> Result<NotificationLinks, SealError> {
    let links = &scheduling.ports().links;
    let token = scheduling.open_manage_token(booking)?.to_string();
    let manage = Some(links.manage_booking(&token));
    Ok(match about {
        NotificationKind::Confirmed => NotificationLinks {
            manage,
            cancel: Some(links.cancel_booking(&token)),
            book_again: None,
        },
        NotificationKind::Cancelled => NotificationLinks {
            manage,
            cancel: None,
            book_again: (event_type.status != EventTypeStatus::Inactive)
                .then(|| links.event_type(&workspace.slug, &event_type.slug)),
        },
    })
}

fn audience_of(attendee: &Attendee) -> Audience {
    match attendee.role {
        AttendeeRole::Invitee => Audience::Invitee,
        AttendeeRole::Guest => Audience::Guest,
    }
}

fn contact_of(attendee: &Attendee) -> Contact {
    Contact {
        name: attendee.name.clone(),
        email: attendee.email.clone(),
        timezone: attendee.timezone,
    }
}

fn host_contact(person: &Person) -> Contact {
    Contact {
        name: person.name.clone(),
        email: person.email.clone(),
        timezone: person.timezone,
    }
}
