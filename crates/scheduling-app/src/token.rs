//! The secret in a manage link.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};
use thiserror::Error;

/// The secret that a manage link carries: whoever has it may see and cancel the booking.
///
/// As text it is 64 lower-case hexadecimal digits. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct ManageToken([u8; 32]);

/// A text that is no manage token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("is not a manage token")]
pub struct MalformedToken;

impl ManageToken {
    /// Takes the secret's bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The secret's bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// SHA-256 of the bytes: what storage looks a booking up by.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }
}

impl fmt::Display for ManageToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ManageToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ManageToken(…)")
    }
}

impl FromStr for ManageToken {
    type Err = MalformedToken;

    fn from_str(text: &str) -> Result<Self, MalformedToken> {
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Ok(byte - b'0'),
            b'a'..=b'f' => Ok(byte - b'a' + 10),
            _ => Err(MalformedToken),
        };
        let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
            return Err(MalformedToken);
        };
        let pairs: &[[u8; 2]; 32] = pairs.try_into().map_err(|_wrong_length| MalformedToken)?;
        let mut bytes = [0; 32];
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = digit(*high)? << 4 | digit(*low)?;
        }
        Ok(Self(bytes))
    }
}
