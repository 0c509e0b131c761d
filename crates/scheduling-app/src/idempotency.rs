//! Keys that make repeating a command harmless.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use scheduling_core::ports::{IdempotencyClaim, KeyQuery, SpentKey, StorageError, UnitOfWork};
use sha2::{Digest, Sha256};
use thiserror::Error;
use uuid::Uuid;

/// A key that makes repeating a request harmless: 1 to 255 visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

/// A text that is no idempotency key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must have 1 to 255 visible ASCII characters")]
pub struct InvalidIdempotencyKey;

impl IdempotencyKey {
    /// The key itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for IdempotencyKey {
    type Err = InvalidIdempotencyKey;

    fn from_str(text: &str) -> Result<Self, InvalidIdempotencyKey> {
        if (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidIdempotencyKey)
        }
    }
}

/// A key with what it stands for. Claimed in the transaction of the command that it guards: a second command with the
/// key waits for the first, and is answered with what that one made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotent {
    /// Keeps the keys of different links and people apart.
    pub scope: String,
    /// The key.
    pub key: IdempotencyKey,
    /// SHA-256 over everything the request asks for: see [`fingerprint`].
    pub fingerprint: [u8; 32],
}

/// What a command that creates has made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created<T> {
    /// It.
    pub made: T,
    /// Whether an earlier command with the same idempotency key made it.
    pub replayed: bool,
}

/// Why a key was not claimed.
#[derive(Debug, Error)]
pub(crate) enum ClaimError {
    /// It belongs to another request.
    #[error("the idempotency key was used for another request")]
    Reused,
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Idempotent {
    /// A key of a scope, for a request with this fingerprint.
    pub fn new(scope: impl Into<String>, key: IdempotencyKey, fingerprint: [u8; 32]) -> Self {
        Self {
            scope: scope.into(),
            key,
            fingerprint,
        }
    }

    /// Claims the key. `Some` is the id of what an earlier command with it made; `None` means that nobody has used it,
    /// and what is made now must be [stored](Self::store).
    pub(crate) async fn claim(
        &self,
        work: &mut dyn UnitOfWork,
        now: DateTime<Utc>,
    ) -> Result<Option<Uuid>, ClaimError> {
        let claim = work
            .idempotency()
            .claim(&self.scope, self.key.as_str(), &self.fingerprint, now)
            .await?;
        match claim {
            IdempotencyClaim::Fresh => Ok(None),
            IdempotencyClaim::Replay(made) => Ok(Some(made)),
            IdempotencyClaim::Reused => Err(ClaimError::Reused),
        }
    }

    /// What is asked about the key, together with other things.
    pub(crate) fn query(&self) -> KeyQuery {
        KeyQuery {
            scope: self.scope.clone(),
            key: self.key.as_str().to_owned(),
            fingerprint: self.fingerprint,
        }
    }

    /// The key as it is stored with what it made, by whoever has made sure that nobody has used it.
    pub(crate) fn spent(&self, at: DateTime<Utc>) -> SpentKey<'_> {
        SpentKey {
            scope: &self.scope,
            key: self.key.as_str(),
            fingerprint: &self.fingerprint,
            at,
        }
    }

    /// Stores what the claimed key made.
    pub(crate) async fn store(
        &self,
        work: &mut dyn UnitOfWork,
        made: Uuid,
    ) -> Result<(), StorageError> {
        work.idempotency()
            .store(&self.scope, self.key.as_str(), made)
            .await
    }
}

/// SHA-256 over the parts of a request, its key aside. Each part goes with its length, so that no two requests read the
/// same; a part that is not given differs from one that is empty.
pub fn fingerprint<'a>(parts: impl IntoIterator<Item = Option<&'a [u8]>>) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        let length = part.map_or(u64::MAX, |part| part.len() as u64);
        hash.update(length.to_be_bytes());
        hash.update(part.unwrap_or_default());
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_visible_ascii() {
        assert!("a-1_~".parse::<IdempotencyKey>().is_ok());
        let long = "a".repeat(256);
        for bad in ["", "a b", "ä", "a\n", long.as_str()] {
            assert_eq!(
                bad.parse::<IdempotencyKey>(),
                Err(InvalidIdempotencyKey),
                "{bad:?}"
            );
        }
    }

    #[test]
    fn no_two_lists_of_parts_read_the_same() {
        let of = |parts: &[Option<&'static str>]| {
            fingerprint(parts.iter().map(|part| part.map(str::as_bytes)))
        };
        assert_eq!(of(&[Some("a"), Some("b")]), of(&[Some("a"), Some("b")]));
        assert_ne!(of(&[Some("ab"), Some("")]), of(&[Some("a"), Some("b")]));
        assert_ne!(of(&[Some("")]), of(&[None]));
    }
}
