//! The real clock, ids, secrets and sealer. Tests use the testkit's instead.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use chrono::{DateTime, SubsecRound, Utc};
use scheduling_core::ports::{Clock, CredentialSealer, IdSource, SealError, SecretSource};
use sha2::{Digest, Sha256};
use thiserror::Error;
use uuid::Uuid;

/// The computer's clock, in whole microseconds.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the adapter that owns the clock"
    )]
    fn now(&self) -> DateTime<Utc> {
        Utc::now().trunc_subsecs(6)
    }
}

/// `UUIDv7` made of a clock's milliseconds and the operating system's randomness: ids sort by when they were minted.
#[derive(Clone)]
pub struct SystemIds {
    clock: Arc<dyn Clock>,
}

impl SystemIds {
    /// Ids that carry this clock's time.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock }
    }
}

impl fmt::Debug for SystemIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SystemIds")
    }
}

impl IdSource for SystemIds {
    fn next_id(&self) -> Uuid {
        // A clock before 1970 is wrong anyway; randomness keeps the ids apart.
        let millis = u64::try_from(self.clock.now().timestamp_millis()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &random()).into_uuid()
    }
}

/// Secrets from the operating system's randomness.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemSecrets;

impl SecretSource for SystemSecrets {
    fn secret(&self) -> [u8; 32] {
        random()
    }
}

/// # Panics
/// When the operating system has no randomness to give: there is no safe way on without.
fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// A key that seals: 32 bytes, as text 64 hexadecimal digits. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct SealingKey([u8; 32]);

/// A text that is no sealing key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must have 64 hexadecimal digits")]
pub struct MalformedKey;

impl SealingKey {
    /// Takes a key's bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Makes a new key.
    pub fn generate(secrets: &dyn SecretSource) -> Self {
        Self(secrets.secret())
    }

    /// The key as 64 hexadecimal digits, to be kept somewhere safe.
    pub fn to_hex(&self) -> String {
        let pairs = self.0.map(|byte| format!("{byte:02x}"));
        pairs.concat()
    }

    /// A name for the key that tells nothing about it: sealed values carry it.
    fn id(&self) -> [u8; KEY_ID] {
        let digest = Sha256::new()
            .chain_update(b"the name of a sealing key")
            .chain_update(self.0)
            .finalize();
        let mut id = [0; KEY_ID];
        id.copy_from_slice(&digest[..KEY_ID]);
        id
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey(…)")
    }
}

impl FromStr for SealingKey {
    type Err = MalformedKey;

    fn from_str(text: &str) -> Result<Self, MalformedKey> {
        let digit = |byte: u8| {
            char::from(byte)
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
                .ok_or(MalformedKey)
        };
        let (pairs, []) = text.trim().as_bytes().as_chunks::<2>() else {
            return Err(MalformedKey);
        };
        let pairs: &[[u8; 2]; 32] = pairs.try_into().map_err(|_wrong_length| MalformedKey)?;
        let mut bytes = [0; 32];
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = digit(*high)? << 4 | digit(*low)?;
        }
        Ok(Self(bytes))
    }
}

/// The form of a sealed value: this byte, the key's id, a nonce, then the sealed bytes with their tag.
const FORM: u8 = 1;
const KEY_ID: usize = 8;
const HEADER: usize = 1 + KEY_ID;
const NONCE: usize = 24;

/// Seals with XChaCha20-Poly1305. The newest key seals; older ones still open what they sealed.
///
/// To rotate: put a new key first and keep the old one behind it until nothing sealed with it is left.
///
/// ```
/// use scheduling_app::system::{SealingKey, SystemSealer, SystemSecrets};
/// use scheduling_core::ports::CredentialSealer;
///
/// let old = SealingKey::generate(&SystemSecrets);
/// let sealed = SystemSealer::new(old.clone(), []).seal(b"a token");
///
/// let new = SealingKey::generate(&SystemSecrets);
/// assert_eq!(SystemSealer::new(new.clone(), [old]).open(&sealed)?, b"a token");
/// assert!(SystemSealer::new(new, []).open(&sealed).is_err());
/// # Ok::<(), scheduling_core::ports::SealError>(())
/// ```
#[derive(Clone)]
pub struct SystemSealer {
    sealing: (Header, XChaCha20Poly1305),
    older: Vec<(Header, XChaCha20Poly1305)>,
}

type Header = [u8; HEADER];

impl SystemSealer {
    /// A sealer that seals with one key, and opens what that or an older one sealed.
    pub fn new(key: SealingKey, older: impl IntoIterator<Item = SealingKey>) -> Self {
        let cipher = |key: SealingKey| {
            let mut header = [FORM; HEADER];
            header[1..].copy_from_slice(&key.id());
            (header, XChaCha20Poly1305::new(&key.0.into()))
        };
        Self {
            sealing: cipher(key),
            older: older.into_iter().map(cipher).collect(),
        }
    }
}

impl fmt::Debug for SystemSealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SystemSealer({} keys)", 1 + self.older.len())
    }
}

impl CredentialSealer for SystemSealer {
    fn seal(&self, secret: &[u8]) -> Vec<u8> {
        let (header, cipher) = &self.sealing;
        let nonce: [u8; NONCE] = random();
        let payload = Payload {
            msg: secret,
            aad: header,
        };
        let sealed = cipher
            .encrypt(XNonce::from_slice(&nonce), payload)
            .expect("only a secret of 256 GiB is too long to seal");
        [header.as_slice(), &nonce, &sealed].concat()
    }

    fn open(&self, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let (header, rest) = sealed.split_at_checked(HEADER).ok_or(SealError)?;
        let (nonce, sealed) = rest.split_at_checked(NONCE).ok_or(SealError)?;
        let (_, cipher) = std::iter::once(&self.sealing)
            .chain(&self.older)
            .find(|(known, _)| known == header)
            .ok_or(SealError)?;
        let payload = Payload {
            msg: sealed,
            aad: header,
        };
        cipher
            .decrypt(XNonce::from_slice(nonce), payload)
            .map_err(|_changed| SealError)
    }
}

#[cfg(test)]
mod tests {
    use scheduling_testkit::ManualClock;
    use scheduling_testkit::builders::instant;

    use super::*;

    #[test]
    fn the_clock_gives_whole_microseconds_and_goes_on() {
        let first = SystemClock.now();
        assert_eq!(first.timestamp_subsec_nanos() % 1000, 0);
        assert!(first >= instant("2025-01-01T00:00:00Z"));
        assert!(SystemClock.now() >= first);
    }

    #[test]
    fn ids_are_version_seven_carry_the_clock_and_differ() {
        let now = instant("2026-11-20T09:00:00Z");
        let ids = SystemIds::new(Arc::new(ManualClock::at(now)));
        let (a, b) = (ids.next_id(), ids.next_id());
        assert_ne!(a, b);
        for id in [a, b] {
            assert_eq!(id.get_version_num(), 7);
            assert_eq!(id.get_variant(), uuid::Variant::RFC4122);
            let millis = id.as_u128() >> 80;
            assert_eq!(millis, u128::try_from(now.timestamp_millis()).unwrap());
        }
    }

    #[test]
    fn a_clock_before_1970_still_gives_ids() {
        let ids = SystemIds::new(Arc::new(ManualClock::at(instant("1960-01-01T00:00:00Z"))));
        assert_ne!(ids.next_id(), ids.next_id());
    }

    #[test]
    fn secrets_differ() {
        assert_ne!(SystemSecrets.secret(), SystemSecrets.secret());
    }

    fn key(byte: u8) -> SealingKey {
        SealingKey::from_bytes([byte; 32])
    }

    #[test]
    fn what_was_sealed_opens_and_is_unreadable_meanwhile() {
        let keys = SystemSealer::new(key(1), []);
        for secret in [b"".as_slice(), b"a token", &[7; 1000]] {
            let sealed = keys.seal(secret);
            assert_eq!(keys.open(&sealed).as_deref(), Ok(secret));
            assert!(secret.is_empty() || !sealed.windows(secret.len()).any(|w| w == secret));
        }
        assert_ne!(keys.seal(b"same"), keys.seal(b"same"));
    }

    #[test]
    fn any_changed_bit_or_missing_byte_is_noticed() {
        let keys = SystemSealer::new(key(1), [key(2)]);
        let sealed = keys.seal(b"a token");
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(keys.open(&changed), Err(SealError), "bit {bit}");
        }
        for length in 0..sealed.len() {
            assert_eq!(keys.open(&sealed[..length]), Err(SealError));
        }
    }

    #[test]
    fn after_a_rotation_old_values_open_and_new_ones_use_the_new_key() {
        let old = SystemSealer::new(key(1), []).seal(b"a token");
        let rotated = SystemSealer::new(key(2), [key(1)]);
        assert_eq!(rotated.open(&old).unwrap(), b"a token");
        let new = rotated.seal(b"a token");
        assert_eq!(
            SystemSealer::new(key(2), []).open(&new).unwrap(),
            b"a token"
        );
        assert_eq!(SystemSealer::new(key(1), []).open(&new), Err(SealError));
    }

    #[test]
    fn a_key_is_written_as_hex_and_never_printed() {
        let key = SealingKey::generate(&SystemSecrets);
        assert_eq!(key.to_hex().parse(), Ok(key.clone()));
        assert_eq!(key.to_hex().to_uppercase().parse(), Ok(key.clone()));
        assert_eq!(format!("{key:?}"), "SealingKey(…)");
        for bad in ["", "00", &"g".repeat(64), &"0".repeat(63), &"é".repeat(32)] {
            assert_eq!(bad.parse::<SealingKey>(), Err(MalformedKey), "{bad}");
        }
    }
}
