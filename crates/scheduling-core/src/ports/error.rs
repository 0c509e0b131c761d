//! How ports fail: concrete types, so that use cases can react.

use std::error::Error as StdError;
use std::time::Duration;

use thiserror::Error;

use super::DeliveryAttempt;

/// The cause beneath a port's error.
pub type Source = Box<dyn StdError + Send + Sync + 'static>;

/// How storage fails.
#[derive(Debug, Error)]
pub enum StorageError {
    /// The database refused what must not be: an overlapping claim, a second row for a unique key, an old version.
    /// Starting the use case again may help.
    #[error("the change conflicts with one that was stored before")]
    Conflict,
    /// The database did not answer.
    #[error("the storage does not answer")]
    Unavailable(#[source] Source),
    /// A stored value cannot be what it should be.
    #[error("the stored {table}.{column} of row {row} cannot be read")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row's id.
        row: String,
        /// What the parser said.
        #[source]
        source: Source,
    },
    /// Anything else.
    #[error("the storage failed")]
    Other(#[source] Source),
}

/// When to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// After this long.
    After(Duration),
    /// By the retry policy.
    Backoff,
    /// Not at all: it would fail the same way.
    Never,
}

/// What kind of failure a delivery met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryErrorKind {
    /// The other side did not accept our credentials. A person must act, then it may work.
    Unauthorized,
    /// The other side asks to slow down.
    RateLimited {
        /// When it will listen again.
        retry_after: Option<Duration>,
    },
    /// The other side could not be reached or had a passing fault.
    Unavailable,
    /// The other side refused this message for good.
    Rejected,
}

/// A message that did not go out.
#[derive(Debug, Error)]
#[error("the message was not accepted ({kind:?})")]
pub struct DeliveryError {
    /// Of what kind.
    pub kind: DeliveryErrorKind,
    /// The cause.
    #[source]
    pub source: Source,
    /// The tries that were made, in order. None where none could be.
    pub attempts: Vec<DeliveryAttempt>,
}

impl DeliveryError {
    /// Whether trying again can help, and when.
    pub fn retry(&self) -> Retry {
        match self.kind {
            DeliveryErrorKind::RateLimited {
                retry_after: Some(after),
            } => Retry::After(after),
            DeliveryErrorKind::RateLimited { retry_after: None }
            | DeliveryErrorKind::Unavailable
            | DeliveryErrorKind::Unauthorized => Retry::Backoff,
            DeliveryErrorKind::Rejected => Retry::Never,
        }
    }
}
