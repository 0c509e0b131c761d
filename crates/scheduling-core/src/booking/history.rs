//! What has become of a booking so far: kept for good, shown to hosts.

use chrono::{DateTime, Utc};

use crate::ids::{BookingId, HistoryId, UserId};
use crate::text::Note;
use crate::time::Interval;

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "kind", content = "id", rename_all = "snake_case")
)]
pub enum Doer {
    /// The one who booked.
    Invitee,
    /// A member of the workspace.
    Member(UserId),
    /// Kalends itself.
    System,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "change", rename_all = "snake_case")
)]
pub enum Change {
    /// It was asked for.
    Requested,
    /// It was booked.
    Confirmed,
    /// A host said yes.
    Approved,
    /// A host said no.
    Declined {
        /// Why.
        reason: Option<Note>,
    },
    /// It moved.
    Rescheduled {
        /// When it was.
        from: Interval,
        /// When it is.
        to: Interval,
        /// Why.
        reason: Option<Note>,
    },
    /// It was called off.
    Cancelled {
        /// Why.
        reason: Option<Note>,
    },
    /// A host noted that it took place.
    Completed,
    /// A host noted that the invitee did not come.
    NoShow,
    /// What it waited for did not come in time.
    Expired,
}

/// One entry of a booking's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEntry {
    /// Its id.
    pub id: HistoryId,
    /// Of which booking.
    pub booking: BookingId,
    /// When.
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: Doer,
    /// What.
    pub change: Change,
}
