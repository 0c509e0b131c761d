//! How far ahead guests can book.

use chrono::NaiveDate;

/// The dates on which an event type can be booked, in its own zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "kind", rename_all = "snake_case")
)]
pub enum BookingWindow {
    /// Any date.
    Open,
    /// Up to today and this many days, inclusive.
    RollingDays {
        /// How many days after today.
        days: u32,
    },
    /// From one date to another, both inclusive.
    Dates {
        /// The first date.
        from: NaiveDate,
        /// The last date.
        to: NaiveDate,
    },
}
