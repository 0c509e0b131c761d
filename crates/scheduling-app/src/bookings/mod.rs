//! Making bookings, and everything that becomes of them.
//!
//! Each change is one transaction: it opens the booking by what somebody has of it ([`BookingAccess`]), locks its hosts,
//! reads it again, asks the event type's policy, makes the transition, and stores it with an entry in its history and
//! with what the outside world is owed.

mod access;
mod answer;
mod attempts;
mod book;
mod cancel;
mod change;
mod expire;
mod form;
mod get;
mod hold;
mod list;
mod making;
mod mark;
mod move_rules;
mod moving;
mod observed;
mod offer;
mod policy;
mod repeated;
mod reschedule;

pub use access::BookingAccess;
pub use answer::{ApproveBooking, DeclineBooking};
pub use book::{BookError, BookSlot, Booked};
pub use cancel::CancelBooking;
pub use change::{ChangeError, Changed};
pub use form::{FormProblems, GuestDetails, GuestsError, InviteeDetails};
pub use get::{Actions, BookingDetails, BookingHistory, ReadError};
pub use hold::{Held, HoldChangeError, HoldError, HoldSlot};
pub use list::{BookingList, ListBookings, ListPlace, PageStart};
pub use mark::MarkBooking;
pub use moving::SlotsForMove;
pub use policy::Permission;
pub use reschedule::{RescheduleBooking, RescheduleError};

pub use crate::idempotency::{IdempotencyKey, InvalidIdempotencyKey};

pub(crate) use get::{dangling, link_of};

#[cfg(test)]
mod life;
