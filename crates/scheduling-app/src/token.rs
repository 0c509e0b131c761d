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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_as_it_is_written_and_never_printed() {
        let token = ManageToken::from_bytes(std::array::from_fn(|n| u8::try_from(n * 8).unwrap()));
        let text = token.to_string();
        assert_eq!(text.len(), 64);
        assert!(text.starts_with("00081018"), "{text}");
        assert_eq!(text.parse(), Ok(token.clone()));
        assert_eq!(format!("{token:?}"), "ManageToken(…)");
    }

    #[test]
    fn what_is_no_token_is_refused() {
        let good = ManageToken::from_bytes([0xab; 32]).to_string();
        for bad in [
            "",
            &good[1..],
            &good[2..],
            &format!("{good}0"),
            &format!("{good}00"),
            &good.to_uppercase(),
            &good.replace('a', "g"),
            &"é".repeat(32),
        ] {
            assert_eq!(bad.parse::<ManageToken>(), Err(MalformedToken), "{bad}");
        }
    }

    #[test]
    fn the_hash_is_sha_256_of_the_bytes() {
        let hash = ManageToken::from_bytes([0; 32]).hash();
        // From any other implementation: head -c 32 /dev/zero | sha256sum
        let expected = "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925";
        assert_eq!(ManageToken::from_bytes(hash).to_string(), expected);
    }
}
