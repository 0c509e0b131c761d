//! The facts of a booking's life.

use crate::ids::BookingId;
use crate::text::Note;
use crate::time::Interval;

use super::Party;

/// Something that happened to a booking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BookingEvent {
    /// It was asked for and waits.
    Requested(BookingId),
    /// It is going to take place.
    Confirmed(BookingId),
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
        /// Where it was before.
        previous: Interval,
    },
    /// The invitee did not come.
    NoShow(BookingId),
    /// It gave up waiting.
    Expired(BookingId),
}
