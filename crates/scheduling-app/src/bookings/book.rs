//! Book a slot.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use scheduling_core::booking::Booking;
use scheduling_core::ports::StorageError;
use scheduling_core::slots::Unavailability;
use scheduling_core::text::{EmailAddress, Note, PersonName, Slug};
use thiserror::Error;

use crate::{ManageToken, Scheduling};

/// Who books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InviteeDetails {
    /// The name.
    pub name: PersonName,
    /// Where mails go.
    pub email: EmailAddress,
    /// The zone in which pages and mails give times.
    pub timezone: Tz,
}

/// A key that makes repeating a request harmless: 1 to 255 visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

/// A text that is no idempotency key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must have 1 to 255 visible ASCII characters")]
pub struct InvalidIdempotencyKey;

impl IdempotencyKey {
    /// The key itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for IdempotencyKey {
    type Err = InvalidIdempotencyKey;

    fn from_str(text: &str) -> Result<Self, InvalidIdempotencyKey> {
        if (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidIdempotencyKey)
        }
    }
}

/// Books a start of an event type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookSlot {
    /// The workspace.
    pub workspace: Slug,
    /// Its event type.
    pub event_type: Slug,
    /// The start.
    pub start: DateTime<Utc>,
    /// Who books.
    pub invitee: InviteeDetails,
    /// What the invitee wants to say.
    pub note: Option<Note>,
    /// Makes repeating the command harmless.
    pub idempotency_key: Option<IdempotencyKey>,
}

/// A booking that was made.
#[derive(Debug, Clone)]
pub struct Booked {
    /// The booking.
    pub booking: Booking,
    /// The secret of its manage link.
    pub manage_token: ManageToken,
    /// Whether an earlier command with the same idempotency key made it.
    pub replayed: bool,
}

/// Why nothing was booked.
#[derive(Debug, Error)]
pub enum BookError {
    /// No such workspace, or it has no such event type that can be booked.
    #[error("there is no such event type")]
    NotFound,
    /// The start is not offered.
    #[error("the slot is not available")]
    Unavailable {
        /// What speaks against it, without duplicates: the start's own reasons, then the hosts'.
        reasons: Vec<Unavailability>,
        /// Up to three offered starts, the nearest first.
        alternatives: Vec<DateTime<Utc>>,
    },
    /// The idempotency key belongs to another request.
    #[error("the idempotency key was used for another request")]
    IdempotencyKeyReused,
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl BookError {
    /// Whether somebody else has the time: the reasons are nothing but other bookings and what follows from them.
    pub fn is_taken(&self) -> bool {
        matches!(self, Self::Unavailable { reasons, .. } if !reasons.is_empty() && reasons.iter().all(|r| {
            matches!(r, Unavailability::Booked | Unavailability::Buffer | Unavailability::Busy(_) | Unavailability::NotEnoughHosts)
        }))
    }
}

impl Scheduling {
    /// Books a start, if it is offered: in one transaction that holds the hosts' time, so that of any number of
    /// simultaneous commands for overlapping times exactly one wins.
    ///
    /// # Errors
    /// [`BookError`].
    pub async fn book(&self, command: &BookSlot) -> Result<Booked, BookError> {
        let _ = command;
        unimplemented!()
    }
}
