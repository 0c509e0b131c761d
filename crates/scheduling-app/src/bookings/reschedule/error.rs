//! Why a booking was not moved.

use chrono::{DateTime, Utc};
use scheduling_core::ports::StorageError;
use scheduling_core::slots::{SlotRequestError, Unavailability};
use thiserror::Error;

use crate::availability::FindError;
use crate::bookings::attempts::Refusal;
use crate::bookings::change::ChangeError;
use crate::bookings::hold::HeldError;
use crate::bookings::offer::OfferError;

/// Why a booking was not moved.
#[derive(Debug, Error)]
pub enum RescheduleError {
    /// It cannot be changed so.
    #[error(transparent)]
    Change(#[from] ChangeError),
    /// The event type does not offer the duration.
    #[error("there is no such duration")]
    NoSuchDuration,
    /// The start is not offered.
    #[error("the slot is not available")]
    Unavailable {
        /// What speaks against it, without duplicates: the start's own reasons, then the hosts'.
        reasons: Vec<Unavailability>,
        /// Whether it would be offered if nobody else had booked: then somebody else has the time.
        taken: bool,
        /// Up to three offered starts, the nearest first.
        alternatives: Vec<DateTime<Utc>>,
    },
    /// The hold has expired, or there never was one.
    #[error("the hold has expired")]
    HoldExpired,
    /// The hold keeps another slot.
    #[error("the hold is for another slot")]
    HoldElsewhere,
    /// The range is too long.
    #[error(transparent)]
    Range(SlotRequestError),
}

impl RescheduleError {
    /// Whether somebody else has the time: without other bookings and busy times the start would be offered.
    pub fn is_taken(&self) -> bool {
        matches!(self, Self::Unavailable { taken: true, .. })
    }
}

impl Refusal for RescheduleError {
    fn storage(&self) -> Option<&StorageError> {
        match self {
            Self::Change(error) => error.storage(),
            _ => None,
        }
    }
}

impl From<StorageError> for RescheduleError {
    fn from(error: StorageError) -> Self {
        Self::Change(error.into())
    }
}

impl From<OfferError> for RescheduleError {
    fn from(error: OfferError) -> Self {
        match error {
            OfferError::NotOffered { reasons, taken } => Self::Unavailable {
                reasons,
                taken,
                alternatives: Vec::new(),
            },
            OfferError::Storage(error) => error.into(),
        }
    }
}

impl From<HeldError> for RescheduleError {
    fn from(error: HeldError) -> Self {
        match error {
            HeldError::Expired => Self::HoldExpired,
            HeldError::Elsewhere => Self::HoldElsewhere,
            HeldError::Storage(error) => error.into(),
        }
    }
}

impl From<FindError> for RescheduleError {
    fn from(error: FindError) -> Self {
        match error {
            FindError::NotFound | FindError::LinkEnded(_) => Self::Change(ChangeError::NotFound),
            FindError::NoSuchDuration => Self::NoSuchDuration,
            FindError::Request(error) => Self::Range(error),
            FindError::Storage(error) => error.into(),
        }
    }
}
