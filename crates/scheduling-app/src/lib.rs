//! The use cases of meeting scheduling. (The crate's book is written when the use cases stand.)
#![deny(missing_docs)]

pub mod availability;
pub mod bookings;
pub mod effects;
mod scheduling;
pub mod setup;
#[cfg(feature = "system")]
pub mod system;
#[cfg(test)]
mod testing;
mod token;
pub mod worker;

pub use scheduling::{Scheduling, SchedulingBuilder};
pub use token::{MalformedToken, ManageToken};
