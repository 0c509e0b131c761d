//! What calendars and bookings take from a host.

use crate::ids::{BusyId, UserId};
use crate::time::Interval;

/// What kind of thing makes a host busy. Guests never see more than this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum BusySource {
    /// An event in a connected calendar.
    Calendar,
    /// Time off.
    TimeOff,
}

/// Time that a connected calendar or time off takes from a host; it has no buffers of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct BusyInterval {
    /// When.
    pub interval: Interval,
    /// Of what kind.
    pub source: BusySource,
}

/// A busy interval as it is stored: whose it is, and which row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostBusy {
    /// Its id.
    pub id: BusyId,
    /// Whose time it takes.
    pub host: UserId,
    /// The time.
    pub busy: BusyInterval,
}
