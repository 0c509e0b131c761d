//! Secrets that a link, a cookie or an API token carries.
//!
//! Each is 32 random bytes, stored as their SHA-256. There is nothing to guess and nothing to slow down, so that one
//! round of a fast hash is right here, where a password needs argon2.

use std::fmt;
use std::str::FromStr;

use scheduling_core::ports::SecretSource;
use sha2::{Digest, Sha256};
use thiserror::Error;

/// A text that is no such secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("is not a token")]
pub struct MalformedToken;

/// The secret of a session, an invitation or a password link. As text 64 lower-case hexadecimal digits. `Debug` does not
/// show it.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretToken([u8; 32]);

impl SecretToken {
    /// Makes a new one.
    pub fn generate(secrets: &dyn SecretSource) -> Self {
        Self(secrets.secret())
    }

    /// Takes the secret's bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The secret's bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// SHA-256 of the bytes: what storage looks it up by.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }
}

impl fmt::Display for SecretToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl fmt::Debug for SecretToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretToken(…)")
    }
}

impl FromStr for SecretToken {
    type Err = MalformedToken;

    fn from_str(text: &str) -> Result<Self, MalformedToken> {
        read_hex(text).map(Self)
    }
}

/// The text of an API token: `kal_live_`, 64 hexadecimal digits of secret, and 8 of a check sum, by which a text that was
/// cut or mistyped is known without asking the database. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiTokenText(SecretToken);

impl ApiTokenText {
    /// What every API token begins with.
    pub const PREFIX: &'static str = "kal_live_";
    /// How many digits of the secret are shown in lists.
    const SHOWN: usize = 8;

    /// Makes a new one.
    pub fn generate(secrets: &dyn SecretSource) -> Self {
        Self(SecretToken::generate(secrets))
    }

    /// SHA-256 of the secret: what storage looks it up by.
    pub fn hash(&self) -> [u8; 32] {
        self.0.hash()
    }

    /// The beginning, which lists show so that people recognise the token: `kal_live_` and eight digits.
    pub fn visible(&self) -> String {
        let mut text = self.to_string();
        text.truncate(Self::PREFIX.len() + Self::SHOWN);
        text
    }

    fn check_sum(secret: &SecretToken) -> [u8; 4] {
        let digest = Sha256::new()
            .chain_update(b"the check sum of an API token")
            .chain_update(secret.as_bytes())
            .finalize();
        [digest[0], digest[1], digest[2], digest[3]]
    }
}

impl fmt::Display for ApiTokenText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", Self::PREFIX, self.0)?;
        write_hex(f, &Self::check_sum(&self.0))
    }
}

impl fmt::Debug for ApiTokenText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiTokenText(…)")
    }
}

impl FromStr for ApiTokenText {
    type Err = MalformedToken;

    fn from_str(text: &str) -> Result<Self, MalformedToken> {
        let digits = text.strip_prefix(Self::PREFIX).ok_or(MalformedToken)?;
        let (secret, sum) = digits.split_at_checked(64).ok_or(MalformedToken)?;
        let secret: SecretToken = secret.parse()?;
        let sum: [u8; 4] = read_hex(sum)?;
        if sum == Self::check_sum(&secret) {
            Ok(Self(secret))
        } else {
            Err(MalformedToken)
        }
    }
}

fn write_hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

/// Lower-case digits only, so that one secret has one text.
fn read_hex<const N: usize>(text: &str) -> Result<[u8; N], MalformedToken> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Ok(byte - b'0'),
        b'a'..=b'f' => Ok(byte - b'a' + 10),
        _ => Err(MalformedToken),
    };
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
        return Err(MalformedToken);
    };
    let pairs: &[[u8; 2]; N] = pairs.try_into().map_err(|_wrong_length| MalformedToken)?;
    let mut bytes = [0; N];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> SecretToken {
        SecretToken::from_bytes(std::array::from_fn(|n| u8::try_from(n * 8).unwrap()))
    }

    #[test]
    fn a_token_is_read_as_it_is_written_and_never_printed() {
        let text = token().to_string();
        assert_eq!(text.len(), 64);
        assert!(text.starts_with("00081018"), "{text}");
        assert_eq!(text.parse(), Ok(token()));
        assert_eq!(format!("{:?}", token()), "SecretToken(…)");
    }

    #[test]
    fn what_is_no_token_is_refused() {
        let good = SecretToken::from_bytes([0xab; 32]).to_string();
        let megabyte = "ab".repeat(500_000);
        for bad in [
            "",
            "\0",
            &good[1..],
            &good[2..],
            &format!("{good}0"),
            &format!("{good}00"),
            &format!("{good}\0"),
            &good.to_uppercase(),
            &good.replace('a', "g"),
            &"é".repeat(32),
            &megabyte,
        ] {
            assert_eq!(bad.parse::<SecretToken>(), Err(MalformedToken));
        }
    }

    #[test]
    fn an_api_token_tells_a_slip_of_the_pen_from_a_token() {
        let good = ApiTokenText(token());
        let text = good.to_string();
        assert_eq!(text.len(), 9 + 64 + 8);
        assert_eq!(text.parse(), Ok(good.clone()));
        assert_eq!(good.visible(), "kal_live_00081018");
        assert_eq!(format!("{good:?}"), "ApiTokenText(…)");
        for place in 0..text.len() {
            let mut slip = text.clone().into_bytes();
            slip[place] = if slip[place] == b'7' { b'8' } else { b'7' };
            let slip = String::from_utf8(slip).unwrap();
            assert_eq!(slip.parse::<ApiTokenText>(), Err(MalformedToken), "{slip}");
        }
        for length in 0..text.len() {
            assert_eq!(text[..length].parse::<ApiTokenText>(), Err(MalformedToken));
        }
        let multibyte = format!("kal_live_{}é{}", "0".repeat(63), "0".repeat(7));
        assert_eq!(multibyte.parse::<ApiTokenText>(), Err(MalformedToken));
    }
}
