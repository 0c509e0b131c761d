//! Availability schedules: named hours of a person or of the workspace.
//!
//! A person has any number of them, one of which is the default: it holds wherever no other is named. The first one of an
//! owner becomes the default by itself. A person's default cannot be deleted, only replaced, so that nobody is suddenly
//! bookable at the workspace's hours, or at none. The workspace's default can: hosts without hours of their own are then
//! not offered.
//!
//! A member manages his own, in whatever workspace they were made. Owners and admins manage the workspace's and those
//! that were made in it, whosever they are.

mod access;
mod add;
mod change;
mod list;
mod ranges;
#[cfg(test)]
mod tests;

pub use add::{AddSchedule, CopySchedule};
pub use change::UpdateSchedule;
pub use ranges::{
    MOST_OVERRIDES, OverrideDates, OverrideRange, availability_with_ranges, override_ranges,
};
