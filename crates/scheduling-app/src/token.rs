//! The secrets in links: 32 random bytes each, stored as their SHA-256.

use std::fmt;
use std::str::FromStr;

use scheduling_core::ports::SecretSource;
use sha2::{Digest, Sha256};
use thiserror::Error;

/// A text that is no such token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("is not a token")]
pub struct MalformedToken;

macro_rules! token {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name([u8; 32]);

        impl $name {
            /// What its text begins with.
            const PREFIX: &'static str = $prefix;

            /// Makes a new one.
            pub(crate) fn generate(secrets: &dyn SecretSource) -> Self {
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

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(Self::PREFIX)?;
                write_hex(f, &self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }

        impl FromStr for $name {
            type Err = MalformedToken;

            fn from_str(text: &str) -> Result<Self, MalformedToken> {
                let digits = text.strip_prefix(Self::PREFIX).ok_or(MalformedToken)?;
                read_hex(digits).map(Self)
            }
        }
    };
}

token!(
    /// The secret that a manage link carries: whoever has it may see, move and cancel the booking as its invitee.
    ///
    /// As text it is 64 lower-case hexadecimal digits. `Debug` does not show it.
    ManageToken,
    ""
);

token!(
    /// The secret that a host's own link to a booking carries: whoever has it acts on the booking as that host, without
    /// signing in.
    ///
    /// As text it is 64 lower-case hexadecimal digits. `Debug` does not show it.
    HostToken,
    ""
);

token!(
    /// The secret by which the holder of a hold names it.
    ///
    /// As text it is `hold_` and 64 lower-case hexadecimal digits. `Debug` does not show it.
    HoldToken,
    "hold_"
);

fn write_hex(f: &mut fmt::Formatter<'_>, bytes: &[u8; 32]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

fn read_hex(text: &str) -> Result<[u8; 32], MalformedToken> {
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
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes() -> [u8; 32] {
        std::array::from_fn(|n| u8::try_from(n * 8).unwrap())
    }

    #[test]
    fn a_token_is_read_as_it_is_written_and_never_printed() {
        let token = ManageToken::from_bytes(bytes());
        let text = token.to_string();
        assert_eq!(text.len(), 64);
        assert!(text.starts_with("00081018"), "{text}");
        assert_eq!(text.parse(), Ok(token.clone()));
        assert_eq!(format!("{token:?}"), "ManageToken(…)");
        let host = HostToken::from_bytes(bytes());
        assert_eq!(host.to_string().parse(), Ok(host.clone()));
        assert_eq!(format!("{host:?}"), "HostToken(…)");
    }

    #[test]
    fn a_hold_token_says_what_it_is() {
        let token = HoldToken::from_bytes(bytes());
        let text = token.to_string();
        assert!(text.starts_with("hold_00081018"), "{text}");
        assert_eq!(text.parse(), Ok(token.clone()));
        assert_eq!(format!("{token:?}"), "HoldToken(…)");
        assert_eq!(text[5..].parse::<HoldToken>(), Err(MalformedToken));
        assert_eq!(text.parse::<ManageToken>(), Err(MalformedToken));
        let twice = format!("hold_{text}");
        assert_eq!(twice.parse::<HoldToken>(), Err(MalformedToken));
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
            assert_eq!(bad.parse::<HostToken>(), Err(MalformedToken), "{bad}");
            let bad = format!("hold_{bad}");
            assert_eq!(bad.parse::<HoldToken>(), Err(MalformedToken), "{bad}");
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
