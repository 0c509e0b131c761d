//! The tables as SeaORM sees them. Private: the schema is no interface.

#![expect(
    unreachable_pub,
    reason = "SeaORM's derives make public items; the modules are private"
)]

pub(crate) mod attendee;
pub(crate) mod booking;
pub(crate) mod booking_history;
pub(crate) mod booking_host;
pub(crate) mod booking_link;
pub(crate) mod busy;
pub(crate) mod claim;
pub(crate) mod event_type;
pub(crate) mod event_type_host;
pub(crate) mod event_type_schedule;
pub(crate) mod hold;
pub(crate) mod hold_host;
pub(crate) mod image;
pub(crate) mod member;
pub(crate) mod person;
pub(crate) mod rotation_entry;
pub(crate) mod rotation_ledger;
pub(crate) mod schedule;
pub(crate) mod session;
pub(crate) mod time_off;
pub(crate) mod workspace;
