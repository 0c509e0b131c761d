//! What can be booked, and why not.

mod explain_slot;
mod find_slots;
mod pages;

pub use explain_slot::{ExplainSlot, ExplainedSlot};
pub use find_slots::{FindError, FindSlots, FoundSlots};
pub use pages::{EventTypePage, LandingPage};
