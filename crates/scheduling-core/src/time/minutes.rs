//! Lengths in whole minutes: the unit of durations, buffers and notices.

use std::fmt;
use std::num::NonZeroU32;

use chrono::TimeDelta;
use thiserror::Error;

/// A number of minutes, zero included: a buffer, a notice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(transparent)
)]
pub struct Minutes(pub u32);

impl Minutes {
    /// As a time delta.
    pub fn delta(self) -> TimeDelta {
        TimeDelta::seconds(self.seconds())
    }

    /// As seconds.
    pub const fn seconds(self) -> i64 {
        self.0 as i64 * 60
    }
}

impl fmt::Display for Minutes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} min", self.0)
    }
}

/// A length of zero minutes was given where there must be at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be at least 1 minute")]
pub struct ZeroLength;

/// A number of minutes that is at least one: a duration, a slot interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "u32", into = "u32")
)]
pub struct Length(NonZeroU32);

impl Length {
    /// Takes a number of minutes.
    ///
    /// # Errors
    /// [`ZeroLength`] when it is zero.
    pub const fn new(minutes: u32) -> Result<Self, ZeroLength> {
        match NonZeroU32::new(minutes) {
            Some(minutes) => Ok(Self(minutes)),
            None => Err(ZeroLength),
        }
    }

    /// The number of minutes.
    pub const fn get(self) -> u32 {
        self.0.get()
    }

    /// As seconds.
    pub const fn seconds(self) -> i64 {
        self.get() as i64 * 60
    }

    /// As a time delta.
    pub fn delta(self) -> TimeDelta {
        TimeDelta::seconds(self.seconds())
    }
}

impl TryFrom<u32> for Length {
    type Error = ZeroLength;

    fn try_from(minutes: u32) -> Result<Self, ZeroLength> {
        Self::new(minutes)
    }
}

impl From<Length> for u32 {
    fn from(length: Length) -> Self {
        length.get()
    }
}

impl From<Length> for Minutes {
    fn from(length: Length) -> Self {
        Self(length.get())
    }
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Minutes::from(*self).fmt(f)
    }
}
