//! The slot engine: which starts are offered, and why others are not.
//!
//! [`find`] answers a [`SlotRequest`] with every offered start and, for each, all the hosts that can take it.
//! [`explain`] names what keeps one start from being offered, host by host. Both ask the same rules: each rule is the
//! set of starts it forbids, which `find` strikes out of its candidates and `explain` looks one start up in.
//!
//! - A *candidate* is `run.start + k × slot_interval` within a run of the hours (see [`time::zone`](crate::time::zone)):
//!   the grid depends on schedules alone, never on the range asked about or on what is booked.
//! - A host can take a start when the meeting lies in the event type's and the host's hours, when it and its buffers
//!   overlap nothing that takes the host's time, and when no limit is reached. A host who already runs a group session
//!   there, with seats left, can take it without being asked any of that.
//! - A start is offered when it is far enough ahead, in the booking window, and every host group has enough hosts.

mod answer;
mod bits;
mod combine;
mod explain;
mod find;
mod grid;
mod request;
mod rules;
mod sessions;
#[cfg(test)]
mod tests;

pub use answer::{HostSet, Slot, Slots};
pub use explain::{Explanation, Unavailability, explain};
pub use find::find;
pub use request::{HostTime, Reservation, SlotRequest, SlotRequestError};
