//! Why a slot is not kept, or not any more.

use chrono::{DateTime, Utc};
use scheduling_core::hold::RenewError;
use scheduling_core::ports::StorageError;
use scheduling_core::slots::Unavailability;
use thiserror::Error;

use crate::availability::{EndedLink, FindError};
use crate::bookings::attempts::Refusal;
use crate::bookings::offer::OfferError;
use crate::idempotency::ClaimError;

/// Why a slot is not kept.
#[derive(Debug, Error)]
pub enum HoldError {
    /// No such workspace, or it has no such event type that can be booked.
    #[error("there is no such event type")]
    NotFound,
    /// The link has expired, or was used as often as it can be.
    #[error("the link leads nowhere any more")]
    LinkEnded(Box<EndedLink>),
    /// The event type does not offer the duration.
    #[error("there is no such duration")]
    NoSuchDuration,
    /// The start is not offered.
    #[error("the slot is not available")]
    Unavailable {
        /// What speaks against it, without duplicates: the start's own reasons, then the hosts'.
        reasons: Vec<Unavailability>,
        /// Whether it would be offered if nobody had booked: then somebody else has the time.
        taken: bool,
        /// Up to three offered starts, the nearest first.
        alternatives: Vec<DateTime<Utc>>,
    },
    /// The earlier command with the same idempotency key made a hold that has expired since, or was used.
    #[error("the hold has expired")]
    Expired,
    /// The idempotency key belongs to another request.
    #[error("the idempotency key was used for another request")]
    IdempotencyKeyReused,
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl HoldError {
    /// Whether somebody else has the time: without other bookings and busy times the start would be offered.
    pub fn is_taken(&self) -> bool {
        matches!(self, Self::Unavailable { taken: true, .. })
    }
}

impl Refusal for HoldError {
    fn storage(&self) -> Option<&StorageError> {
        match self {
            Self::Storage(error) => Some(error),
            _ => None,
        }
    }
}

impl From<ClaimError> for HoldError {
    fn from(error: ClaimError) -> Self {
        match error {
            ClaimError::Reused => Self::IdempotencyKeyReused,
            ClaimError::Storage(error) => Self::Storage(error),
        }
    }
}

impl From<OfferError> for HoldError {
    fn from(error: OfferError) -> Self {
        match error {
            OfferError::NotOffered { reasons, taken } => Self::Unavailable {
                reasons,
                taken,
                alternatives: Vec::new(),
            },
            OfferError::Storage(error) => Self::Storage(error),
        }
    }
}

impl From<FindError> for HoldError {
    fn from(error: FindError) -> Self {
        match error {
            FindError::NotFound => Self::NotFound,
            FindError::LinkEnded(ended) => Self::LinkEnded(ended),
            FindError::NoSuchDuration => Self::NoSuchDuration,
            FindError::Request(error) => Self::Storage(StorageError::Other(error.into())),
            FindError::Storage(error) => Self::Storage(error),
        }
    }
}

/// Why a hold was neither renewed nor released.
#[derive(Debug, Error)]
pub enum HoldChangeError {
    /// There is no such hold: it has expired, was used or released, or never was.
    #[error("there is no such hold")]
    NotFound,
    /// It cannot be renewed.
    #[error(transparent)]
    Renew(#[from] RenewError),
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Refusal for HoldChangeError {
    fn storage(&self) -> Option<&StorageError> {
        match self {
            Self::Storage(error) => Some(error),
            _ => None,
        }
    }
}

/// Why a hold cannot be used.
#[derive(Debug, Error)]
pub(in crate::bookings) enum HeldError {
    /// It has expired, or there never was one.
    #[error("the hold has expired")]
    Expired,
    /// It keeps another slot.
    #[error("the hold is for another slot")]
    Elsewhere,
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}
