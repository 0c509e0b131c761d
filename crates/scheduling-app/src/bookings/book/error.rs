//! Why nothing was booked.

use chrono::{DateTime, Utc};
use scheduling_core::ports::StorageError;
use scheduling_core::slots::Unavailability;
use thiserror::Error;

use crate::availability::{EndedLink, FindError};
use crate::bookings::attempts::Refusal;
use crate::bookings::form::FormProblems;
use crate::bookings::hold::HeldError;
use crate::bookings::offer::OfferError;
use crate::idempotency::ClaimError;

/// Why nothing was booked.
#[derive(Debug, Error)]
pub enum BookError {
    /// No such workspace, or it has no such event type that can be booked.
    #[error("there is no such event type")]
    NotFound,
    /// The member neither hosts the event type nor manages the workspace.
    #[error("only its hosts and who manages the workspace book it for others")]
    Forbidden,
    /// The link has expired, or was used as often as it can be.
    #[error("the link leads nowhere any more")]
    LinkEnded(Box<EndedLink>),
    /// The event type does not offer the duration.
    #[error("there is no such duration")]
    NoSuchDuration,
    /// What was filled in cannot be accepted.
    #[error(transparent)]
    Form(Box<FormProblems>),
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
    /// The hold has expired, or there never was one.
    #[error("the hold has expired")]
    HoldExpired,
    /// The hold keeps another slot.
    #[error("the hold is for another slot")]
    HoldElsewhere,
    /// The idempotency key belongs to another request.
    #[error("the idempotency key was used for another request")]
    IdempotencyKeyReused,
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl BookError {
    /// Whether somebody else has the time: without other bookings and busy times the start would be offered.
    pub fn is_taken(&self) -> bool {
        matches!(self, Self::Unavailable { taken: true, .. })
    }
}

impl Refusal for BookError {
    fn storage(&self) -> Option<&StorageError> {
        match self {
            Self::Storage(error) => Some(error),
            _ => None,
        }
    }
}

impl From<OfferError> for BookError {
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

impl From<FindError> for BookError {
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

impl From<HeldError> for BookError {
    fn from(error: HeldError) -> Self {
        match error {
            HeldError::Expired => Self::HoldExpired,
            HeldError::Elsewhere => Self::HoldElsewhere,
            HeldError::Storage(error) => Self::Storage(error),
        }
    }
}

impl From<ClaimError> for BookError {
    fn from(error: ClaimError) -> Self {
        match error {
            ClaimError::Reused => Self::IdempotencyKeyReused,
            ClaimError::Storage(error) => Self::Storage(error),
        }
    }
}
