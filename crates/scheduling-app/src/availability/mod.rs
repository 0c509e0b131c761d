//! What can be booked, and why not.

mod bookable;
#[cfg(test)]
mod conformance;
mod explain;
mod explain_slot;
mod find_slots;
mod hours;
pub(crate) mod memory;
mod pages;
mod reading;
mod taken;

pub use bookable::EndedLink;
pub use explain::{ExplainError, ExplainStart, ExplainedHost, ExplainedStart, TimeOffInTheWay};
pub use explain_slot::{ExplainSlot, ExplainedSlot};
pub use find_slots::{FindError, FindSlots, FoundSlots, OfferedSlot, SlotDay};
pub use pages::{EventTypePage, FrontDoor, LandingPage};

pub(crate) use bookable::{Bookable, bookable, still_as_read};
pub(crate) use find_slots::{nearest_starts, offered};
pub(crate) use pages::{in_order, people};
pub(crate) use reading::{HostsTime, Question};
pub(crate) use taken::Apart;
