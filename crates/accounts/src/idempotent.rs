//! Asking twice for one thing.

use chrono::{DateTime, Utc};
use scheduling_core::ports::{IdempotencyClaim, StorageError};
use thiserror::Error;
use uuid::Uuid;

use crate::ports::AccountUnitOfWork;

/// A key by which a request that is sent twice makes one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotent {
    /// Keeps the keys of different callers and routes apart.
    pub scope: String,
    /// The key that the caller chose.
    pub key: String,
    /// SHA-256 of what was asked.
    pub fingerprint: [u8; 32],
}

/// The key was used before, for something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the idempotency key was used for another request")]
pub struct KeyReused;

/// Something that was made, now or by the same request before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made<T> {
    /// What.
    pub made: T,
    /// Whether it was made before and this is a replay.
    pub replayed: bool,
}

impl<T> Made<T> {
    pub(crate) fn now(made: T) -> Self {
        Self {
            made,
            replayed: false,
        }
    }

    pub(crate) fn before(made: T) -> Self {
        Self {
            made,
            replayed: true,
        }
    }
}

/// Claims a request's key. Answers what the same request made before, if it did.
pub(crate) async fn claim(
    work: &mut dyn AccountUnitOfWork,
    request: Option<&Idempotent>,
    now: DateTime<Utc>,
) -> Result<Result<Option<Uuid>, KeyReused>, StorageError> {
    let Some(request) = request else {
        return Ok(Ok(None));
    };
    let claim = work
        .idempotency()
        .claim(&request.scope, &request.key, &request.fingerprint, now)
        .await?;
    Ok(match claim {
        IdempotencyClaim::Fresh => Ok(None),
        IdempotencyClaim::Replay(made) => Ok(Some(made)),
        IdempotencyClaim::Reused => Err(KeyReused),
    })
}

/// Stores what the request made.
pub(crate) async fn store(
    work: &mut dyn AccountUnitOfWork,
    request: Option<&Idempotent>,
    made: Uuid,
) -> Result<(), StorageError> {
    match request {
        Some(request) => {
            work.idempotency()
                .store(&request.scope, &request.key, made)
                .await
        }
        None => Ok(()),
    }
}
