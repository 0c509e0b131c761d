//! The facts of a booking's life.

use crate::ids::{BookingId, UserId};
use crate::text::Note;
use crate::time::Interval;

use super::Party;

/// Something that happened to a booking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BookingEvent {
    /// It was asked for and waits.
    Requested(BookingId),
    /// It is going to take place, at once.
    Confirmed(BookingId),
    /// It is going to take place: what it waited for has come.
    Approved(BookingId),
    /// A host refused it.
    Declined(BookingId),
    /// It was called off.
    Cancelled {
        /// Which.
        booking: BookingId,
        /// By whom.
        by: Party,
        /// Why.
        reason: Option<Note>,
    },
    /// It moved.
    Rescheduled {
        /// Which.
        booking: BookingId,
        /// When it was before.
        previous: Interval,
        /// Who hosted it before and does no longer, in roster order.
        released: Vec<UserId>,
        /// By whom.
        by: Party,
        /// Why.
        reason: Option<Note>,
    },
    /// It took place, as a host has noted.
    Completed(BookingId),
    /// The invitee did not come.
    NoShow(BookingId),
    /// It gave up waiting.
    Expired(BookingId),
}
