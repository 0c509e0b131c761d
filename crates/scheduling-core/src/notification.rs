//! What a person is told, typed and without wording.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::booking::Party;
use crate::effect::{AccountNotice, NotificationKind};
use crate::event_type::{Answer, AssignmentKind, MeetingPlace};
use crate::ids::{BookingId, EventTypeId, OutboxId, WorkspaceId};
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum Audience {
    /// The one who booked.
    Invitee,
    /// Somebody the invitee brings.
    Guest,
    /// A host.
    Host,
}

/// The links a mail carries. The invitee gets those of the manage link, a host those of his own; guests get none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NotificationLinks {
    /// See the booking.
    pub manage: Option<String>,
    /// Approve or decline it: a page with both buttons. For hosts.
    pub answer: Option<String>,
    /// Move it.
    pub reschedule: Option<String>,
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
    pub place: MeetingPlace,
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
    /// What the invitee answered to the event type's questions.
    pub answers: Vec<Answer>,
    /// What an invitee reads once the booking is made, in the event type's words.
    pub confirmation_message: Option<Note>,
    /// Until when a request waits, while it does.
    pub waits_until: Option<DateTime<Utc>>,
    /// Whether the booking still takes place, or is asked to.
    pub is_ahead: bool,
    /// Whether it is or ever was confirmed, so that calendars have an entry of it and guests have heard of it.
    pub was_confirmed: bool,
    /// When it was before, in the mail that says it moved.
    pub previous: Option<Interval>,
    /// Who called it off or declined it, and why, once that happened; or moved it, in the mail that says so.
    pub decision: Option<Decision>,
    /// When the booking last changed: the invitation's DTSTAMP.
    pub changed_at: DateTime<Utc>,
}

/// Who decided against a booking's time, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
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
    /// When it is said: "tomorrow" is counted from here.
    pub at: DateTime<Utc>,
    /// To whom.
    pub to: Contact,
    /// On which side the reader is.
    pub audience: Audience,
    /// The meeting.
    pub booking: BookingFacts,
    /// The links.
    pub links: NotificationLinks,
    /// The workspace's or the event type's own words for it, where there are any.
    pub words: MessageWords,
}

/// Words of one's own for a message: templates with variables. What is not given stays as Kalends has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MessageWords {
    /// The subject line.
    pub subject: Option<Title>,
    /// What the mail says before the details of the meeting.
    pub body: Option<Note>,
}

/// Words of one's own as they are stored: for a kind of message to one side, of a workspace or of one event type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageOverride {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// For this event type alone. An event type's words go before the workspace's, the subject and the body each.
    pub event_type: Option<EventTypeId>,
    /// For this kind of message.
    pub kind: NotificationKind,
    /// To this side.
    pub audience: Audience,
    /// The words.
    pub words: MessageWords,
}

/// A message about an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountNotification {
    /// The outbox row it fulfils; the Message-ID is made of it.
    pub id: OutboxId,
    /// When it is said.
    pub at: DateTime<Utc>,
    /// The reader's name, where it is known.
    pub name: Option<PersonName>,
    /// Where it goes.
    pub email: EmailAddress,
    /// What it says.
    pub about: AccountNotice,
    /// The link it carries.
    pub link: Option<String>,
}
