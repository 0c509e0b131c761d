//! What can be booked, and why not.

mod explain_slot;
mod find_slots;
mod pages;
mod reading;

pub use explain_slot::{ExplainSlot, ExplainedSlot};
pub use find_slots::{FindError, FindSlots, FoundSlots};
pub use pages::{EventTypePage, FrontDoor, LandingPage};

pub(crate) use find_slots::nearest_starts;
pub(crate) use pages::in_order;
pub(crate) use reading::{HostsTime, bookable, reads_around};
