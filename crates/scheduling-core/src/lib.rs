//! The domain of meeting scheduling: availability, slots, assignment, conflicts and the life of a booking.
//!
//! (The crate's book is written when the engine stands.)
#![deny(missing_docs)]

pub mod assignment;
pub mod booking;
pub mod calendar;
pub mod directory;
pub mod effect;
pub mod event_type;
pub mod ids;
pub mod notification;
pub mod ports;
#[cfg(feature = "scenario")]
pub mod scenario;
pub mod schedule;
pub mod slots;
pub mod text;
pub mod time;
