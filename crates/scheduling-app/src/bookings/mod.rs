//! Making bookings and undoing them.

mod book;
mod cancel;
mod get;

pub use book::{
    BookError, BookSlot, Booked, IdempotencyKey, InvalidIdempotencyKey, InviteeDetails,
};
pub use cancel::{CancelBooking, CancelError};
pub use get::BookingDetails;

pub(crate) use get::dangling;
