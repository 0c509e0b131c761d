//! Where a booking is in its life.

use std::collections::BTreeSet;
use std::fmt;

use chrono::{DateTime, Utc};

use crate::text::Note;

/// What a pending booking waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum PendingReason {
    /// A host's approval.
    Approval,
    /// Attendees' answers.
    Rsvp,
    /// A payment.
    Payment,
    /// The invitee's proof that the mail address is theirs.
    EmailVerification,
}

/// Who did something to a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum Party {
    /// The one who booked.
    Invitee,
    /// A host.
    Host,
    /// Kalends itself.
    System,
}

/// Where a booking is in its life, with what belongs to that state.
///
/// A confirmed booking whose end has passed is completed too: derived by [`BookingState::status`], not stored.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "state", rename_all = "snake_case")
)]
pub enum BookingState {
    /// It takes the hosts' time but waits for something.
    Pending {
        /// What for; never empty.
        waiting_for: BTreeSet<PendingReason>,
        /// When it gives up waiting.
        expires_at: Option<DateTime<Utc>>,
    },
    /// It takes place.
    Confirmed {
        /// Since when that is sure.
        confirmed_at: DateTime<Utc>,
    },
    /// A host refused it.
    Declined {
        /// When.
        declined_at: DateTime<Utc>,
        /// Why.
        reason: Option<Note>,
    },
    /// Somebody called it off.
    Cancelled {
        /// When.
        cancelled_at: DateTime<Utc>,
        /// Who.
        by: Party,
        /// Why.
        reason: Option<Note>,
    },
    /// It took place, as a host has noted.
    Completed {
        /// When that was noted.
        marked_at: DateTime<Utc>,
    },
    /// The invitee did not come.
    NoShow {
        /// When that was noted.
        marked_at: DateTime<Utc>,
    },
    /// What it waited for did not come in time.
    Expired {
        /// When it gave up.
        expired_at: DateTime<Utc>,
    },
}

/// The name of a booking's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum BookingStatus {
    /// Waiting.
    Pending,
    /// Going to take place.
    Confirmed,
    /// Confirmed, and over.
    Completed,
    /// Refused by a host.
    Declined,
    /// Called off.
    Cancelled,
    /// The invitee did not come.
    NoShow,
    /// Gave up waiting.
    Expired,
}

impl BookingStatus {
    /// The word for it on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Confirmed => "confirmed",
            Self::Completed => "completed",
            Self::Declined => "declined",
            Self::Cancelled => "cancelled",
            Self::NoShow => "no_show",
            Self::Expired => "expired",
        }
    }
}

impl fmt::Display for BookingStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl BookingState {
    /// The stored state's name. A confirmed booking stays confirmed here when its end has passed.
    pub const fn name(&self) -> BookingStatus {
        match self {
            Self::Pending { .. } => BookingStatus::Pending,
            Self::Confirmed { .. } => BookingStatus::Confirmed,
            Self::Declined { .. } => BookingStatus::Declined,
            Self::Cancelled { .. } => BookingStatus::Cancelled,
            Self::Completed { .. } => BookingStatus::Completed,
            Self::NoShow { .. } => BookingStatus::NoShow,
            Self::Expired { .. } => BookingStatus::Expired,
        }
    }

    /// The state's name at an instant, given when the meeting ends.
    pub fn status(&self, end: DateTime<Utc>, now: DateTime<Utc>) -> BookingStatus {
        match self.name() {
            BookingStatus::Confirmed if end <= now => BookingStatus::Completed,
            name => name,
        }
    }

    /// Whether the booking takes its hosts' time.
    pub const fn takes_time(&self) -> bool {
        matches!(
            self,
            Self::Pending { .. }
                | Self::Confirmed { .. }
                | Self::Completed { .. }
                | Self::NoShow { .. }
        )
    }
}
