//! Time, ids and secrets: what a pure domain cannot make itself.

use chrono::{DateTime, Utc};
use thiserror::Error;
use uuid::Uuid;

/// The time.
pub trait Clock: Send + Sync {
    /// The present instant, in whole microseconds (what every database keeps).
    fn now(&self) -> DateTime<Utc>;
}

/// New identifiers.
pub trait IdSource: Send + Sync {
    /// An identifier that was never given before.
    fn next_id(&self) -> Uuid;
}

/// New secrets, for links that must not be guessed.
pub trait SecretSource: Send + Sync {
    /// 32 bytes that nobody can predict.
    fn secret(&self) -> [u8; 32];
}

/// A sealed value could not be opened: the key is gone, or the bytes were changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the sealed value cannot be opened with the keys at hand")]
pub struct SealError;

/// Keeps secrets unreadable at rest.
pub trait CredentialSealer: Send + Sync {
    /// Seals a secret; the result names the key, so that keys can be rotated.
    fn seal(&self, secret: &[u8]) -> Vec<u8>;

    /// Opens what [`seal`](Self::seal) made.
    ///
    /// # Errors
    /// [`SealError`] when no key at hand fits or the bytes were changed.
    fn open(&self, sealed: &[u8]) -> Result<Vec<u8>, SealError>;
}
