//! What a person is told, typed and without wording.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::booking::Party;
use crate::effect::NotificationKind;
use crate::event_type::{AssignmentKind, Location};
use crate::ids::{BookingId, OutboxId};
use crate::text::{EmailAddress, Note, PersonName, Title};
use crate::time::Interval;

/// Somebody with a name, an address and a zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// The name.
    pub name: PersonName,
    /// The address.
    pub email: EmailAddress,
    /// The zone in which times are given.
    pub timezone: Tz,
}

/// On which side of the meeting the reader is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// The one who booked.
    Invitee,
    /// Somebody the invitee brings.
    Guest,
    /// A host.
    Host,
}

/// The links a mail carries. Only the invitee gets manage links.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NotificationLinks {
    /// See the booking.
    pub manage: Option<String>,
    /// Cancel it.
    pub cancel: Option<String>,
    /// Book another.
    pub book_again: Option<String>,
}

/// The facts of a booking, as a mail and an invitation need them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookingFacts {
    /// The booking; also the UID of the calendar entry.
    pub id: BookingId,
    /// The iCalendar SEQUENCE.
    pub sequence: u32,
    /// The event type's title.
    pub title: Title,
    /// The workspace's name.
    pub workspace: Title,
    /// When the meeting is.
    pub interval: Interval,
    /// Where.
    pub location: Location,
    /// How the hosts were chosen: all-hands asks each host for an RSVP.
    pub assignment: AssignmentKind,
    /// Who hosts; the first is the organiser. Never empty.
    pub hosts: Vec<Contact>,
    /// Who booked.
    pub invitee: Contact,
    /// Whom the invitee brings.
    pub guests: Vec<Contact>,
    /// What the invitee wrote.
    pub note: Option<Note>,
    /// Who called it off and why, once that happened.
    pub cancelled: Option<Cancellation>,
    /// When the booking last changed: the invitation's DTSTAMP.
    pub changed_at: DateTime<Utc>,
}

/// Who called a booking off, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cancellation {
    /// Who.
    pub by: Party,
    /// Why.
    pub reason: Option<Note>,
}

/// A message to one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// The outbox row it fulfils; the Message-ID is made of it.
    pub id: OutboxId,
    /// What it says.
    pub kind: NotificationKind,
    /// To whom.
    pub to: Contact,
    /// On which side the reader is.
    pub audience: Audience,
    /// The meeting.
    pub booking: BookingFacts,
    /// The links.
    pub links: NotificationLinks,
}
