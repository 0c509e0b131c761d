//! How many bookings a host takes, and how many share a meeting.

use std::num::NonZeroU32;

use thiserror::Error;

/// A period that limits count in, in the host's zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum LimitPeriod {
    /// A local calendar day.
    Day,
    /// An ISO 8601 week, Monday to Sunday.
    Week,
    /// A local calendar month.
    Month,
}

/// How many bookings of one event type a host takes. `None` is no limit; a limit of 0 means never.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default)
)]
pub struct BookingLimits {
    /// Per local day.
    pub per_day: Option<u32>,
    /// Per ISO week.
    pub per_week: Option<u32>,
    /// Per local month.
    pub per_month: Option<u32>,
}

impl BookingLimits {
    /// Whether nothing is limited.
    pub fn is_unlimited(&self) -> bool {
        *self == Self::default()
    }
}

/// A capacity of zero was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be at least 1")]
pub struct ZeroCapacity;

/// How many seats a meeting has: one booking takes one. More than one makes it a group session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "u32", into = "u32")
)]
pub struct Capacity(NonZeroU32);

impl Capacity {
    /// A meeting for one booking.
    pub const ONE: Self = Self(NonZeroU32::MIN);

    /// Takes a number of seats.
    ///
    /// # Errors
    /// [`ZeroCapacity`] when it is zero.
    pub const fn seats(seats: u32) -> Result<Self, ZeroCapacity> {
        match NonZeroU32::new(seats) {
            Some(seats) => Ok(Self(seats)),
            None => Err(ZeroCapacity),
        }
    }

    /// The number of seats.
    pub const fn get(self) -> u32 {
        self.0.get()
    }

    /// Whether several bookings share a meeting.
    pub const fn is_group(self) -> bool {
        self.get() > 1
    }
}

impl TryFrom<u32> for Capacity {
    type Error = ZeroCapacity;

    fn try_from(seats: u32) -> Result<Self, ZeroCapacity> {
        Self::seats(seats)
    }
}

impl From<Capacity> for u32 {
    fn from(capacity: Capacity) -> Self {
        capacity.get()
    }
}
