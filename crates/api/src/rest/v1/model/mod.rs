//! What several slices of the API send and read: places, questions, hours, hosts, bookings.

pub(super) mod booking;
pub(super) mod event_type;
pub(super) mod hosting;
pub(super) mod hours;
pub(super) mod list;
pub(super) mod location;
pub(super) mod person;
pub(super) mod policy;
pub(super) mod question;
