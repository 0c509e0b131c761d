//! Ids and secrets that count instead of being random, which makes snapshots readable.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use scheduling_core::ports::{CredentialSealer, IdSource, SealError, SecretSource};
use uuid::Uuid;

/// Counts `00000000-0000-7000-8000-000000000001`, `…002` and on. Clones share the count.
#[derive(Debug, Clone, Default)]
pub struct SequenceIds(Arc<AtomicU64>);

impl SequenceIds {
    /// Starts at one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts after a number, so that two sources never meet.
    pub fn after(last: u64) -> Self {
        Self(Arc::new(AtomicU64::new(last)))
    }
}

impl IdSource for SequenceIds {
    fn next_id(&self) -> Uuid {
        let number = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        // The version and variant bits of a UUIDv7, so that it passes for one everywhere.
        Uuid::from_u128(0x7000_8000_0000_0000_0000 | u128::from(number))
    }
}

/// Secrets that count: 31 bytes of zero, then 1, 2 and on. Clones share the count.
#[derive(Debug, Clone, Default)]
pub struct SequenceSecrets(Arc<AtomicU64>);

impl SequenceSecrets {
    /// Starts at one.
    pub fn new() -> Self {
        Self::default()
    }
}

impl SecretSource for SequenceSecrets {
    fn secret(&self) -> [u8; 32] {
        let number = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        let mut secret = [0; 32];
        secret[24..].copy_from_slice(&number.to_be_bytes());
        secret
    }
}

/// A sealer that hides nothing: it puts a mark before the secret, so that a test sees whether something was sealed.
#[derive(Debug, Clone, Copy, Default)]
pub struct PlainSealer;

impl PlainSealer {
    /// What stands before every sealed secret.
    pub const MARK: &'static [u8] = b"sealed:";
}

impl CredentialSealer for PlainSealer {
    fn seal(&self, secret: &[u8]) -> Vec<u8> {
        [Self::MARK, secret].concat()
    }

    fn open(&self, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        sealed
            .strip_prefix(Self::MARK)
            .map(<[u8]>::to_vec)
            .ok_or(SealError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_count_and_look_like_version_seven() {
        let ids = SequenceIds::new();
        assert_eq!(
            ids.next_id().to_string(),
            "00000000-0000-7000-8000-000000000001"
        );
        assert_eq!(
            ids.clone().next_id().to_string(),
            "00000000-0000-7000-8000-000000000002"
        );
        assert_eq!(ids.next_id().get_version_num(), 7);
    }

    #[test]
    fn a_sealed_secret_opens_and_a_bare_one_does_not() {
        let sealed = PlainSealer.seal(b"key");
        assert_eq!(PlainSealer.open(&sealed).unwrap(), b"key");
        assert_eq!(PlainSealer.open(b"key"), Err(SealError));
    }
}
