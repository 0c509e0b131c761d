//! A booking and its life.
//!
//! ```text
//! Pending ──confirm──▶ Confirmed ──(its end passes)──▶ completed, derived
//!    │                     │  ├──complete──▶ Completed ─┐ either can be
//!    ├──decline──▶ Declined│  └──no-show───▶ NoShow ◀───┘ put right
//!    ├──cancel───▶ Cancelled◀──cancel──┘
//!    └──expire───▶ Expired
//! ```
//!
//! Transitions take the old booking and give the new one with the [`BookingEvent`] that happened; what is not in the
//! picture is a [`TransitionError`] that names both ends.

mod attendee;
mod event;
mod history;
mod state;
mod transitions;

use chrono::{DateTime, Utc};

pub use attendee::{Attendee, AttendeeRole, Rsvp};
pub use event::BookingEvent;
pub use history::{Change, Doer, HistoryEntry};
pub use state::{BookingState, BookingStatus, Party, PendingReason};
pub use transitions::{NewBooking, TransitionError};

use crate::assignment::RotationStep;
use crate::event_type::{Answer, Buffers, MeetingPlace};
use crate::ids::{BookingId, BookingLinkId, EventTypeId, SessionId, UserId, WorkspaceId};
use crate::text::Note;
use crate::time::Interval;

/// A host's part in a booking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookingHost {
    /// Who.
    pub user: UserId,
    /// The secret of the host's own link to the booking, by which he answers and manages it from his mail.
    pub manage: ManageSecret,
    /// The group session the booking has a seat in, for event types with more than one seat. The session then owns
    /// the claim on the host's time.
    pub session: Option<SessionId>,
}

/// The secret of a link to one booking: found by its hash, sealed so that a later mail can carry the same link.
#[derive(Clone, PartialEq, Eq)]
pub struct ManageSecret {
    /// SHA-256 of the token.
    pub hash: [u8; 32],
    /// The token, sealed.
    pub sealed: Vec<u8>,
}

impl ManageSecret {
    /// No secret, of those who became hosts before hosts had links of their own: no token has this hash, and nothing is
    /// sealed.
    pub const fn none() -> Self {
        Self {
            hash: [0; 32],
            sealed: Vec::new(),
        }
    }

    /// Whether there is none, and so no link.
    pub const fn is_none(&self) -> bool {
        self.sealed.is_empty()
    }
}

impl std::fmt::Debug for ManageSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ManageSecret(…)")
    }
}

/// A meeting that somebody booked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booking {
    /// Its id, for its whole life; also the UID of its calendar entry.
    pub id: BookingId,
    /// The workspace it belongs to.
    pub workspace: WorkspaceId,
    /// The event type it is of.
    pub event_type: EventTypeId,
    /// When the meeting is.
    pub interval: Interval,
    /// The buffers it was booked with; they belong to its reservation.
    pub buffers: Buffers,
    /// Who hosts, in roster order; the first is the organiser of the invitation.
    pub hosts: Vec<BookingHost>,
    /// The invitee first, then guests.
    pub attendees: Vec<Attendee>,
    /// What the invitee wants to say.
    pub note: Option<Note>,
    /// What the invitee answered to the event type's questions.
    pub answers: Vec<Answer>,
    /// Where the meeting takes place.
    pub place: MeetingPlace,
    /// The further link it was booked with, if one was used.
    pub link: Option<BookingLinkId>,
    /// Where it is in its life.
    pub state: BookingState,
    /// The iCalendar SEQUENCE: grows when calendars must take notice (RFC 5546, section 2.1.4).
    pub sequence: u32,
    /// Grows at every change; an update names the version it read.
    pub version: u32,
    /// The rotation's record, when a rotation chose the host.
    pub rotation: Option<RotationStep<UserId>>,
    /// The manage link's secret.
    pub manage: ManageSecret,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl Booking {
    /// The attendee who booked.
    pub fn invitee(&self) -> Option<&Attendee> {
        self.attendees
            .iter()
            .find(|a| a.role == AttendeeRole::Invitee)
    }

    /// Whether it is over: its end has passed. Its links open nothing from then on.
    pub fn is_over(&self, now: DateTime<Utc>) -> bool {
        self.interval.end() <= now
    }

    /// The host's part, if he has one.
    pub fn host(&self, user: UserId) -> Option<&BookingHost> {
        self.hosts.iter().find(|host| host.user == user)
    }

    /// What it takes from its hosts: the meeting and its buffers.
    pub fn reservation(&self) -> Interval {
        self.interval.widen(self.buffers.before, self.buffers.after)
    }
}
