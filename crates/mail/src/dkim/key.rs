//! The private key.

use std::fmt;

use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use sha2::{Digest as _, Sha256};
use thiserror::Error;

/// A private key: RSA of 2048 to 4096 bits, or Ed25519.
pub struct DkimKey(Kind);

enum Kind {
    Rsa(Box<RsaKeyPair>),
    Ed25519(Ed25519KeyPair),
}

/// Why a key was refused. Says nothing of what the text holds.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DkimKeyError {
    /// It is no key in the form PEM.
    #[error("is no private key in the form PEM (BEGIN PRIVATE KEY or BEGIN RSA PRIVATE KEY)")]
    NoPem,
    /// It is a key of another kind, or a broken one.
    #[error("is no key that can sign mails: RSA of 2048 to 4096 bits or Ed25519 ({0})")]
    Unusable(String),
}

impl fmt::Debug for DkimKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DkimKey({})", self.kind())
    }
}

impl DkimKey {
    /// Reads a key as OpenSSL writes it: PKCS#8, or PKCS#1 for RSA.
    ///
    /// # Errors
    /// [`DkimKeyError`].
    pub fn from_pem(text: &str) -> Result<Self, DkimKeyError> {
        let Ok(der) = PrivateKeyDer::from_pem_slice(text.as_bytes()) else {
            return Err(DkimKeyError::NoPem);
        };
        let unusable =
            |reason: ring::error::KeyRejected| Err(DkimKeyError::Unusable(reason.to_string()));
        match der {
            PrivateKeyDer::Pkcs1(der) => {
                let rsa = RsaKeyPair::from_der(der.secret_pkcs1_der());
                rsa.map_or_else(unusable, |rsa| Ok(Self(Kind::Rsa(Box::new(rsa)))))
            }
            PrivateKeyDer::Pkcs8(der) => {
                let der = der.secret_pkcs8_der();
                // OpenSSL leaves the public half out, which is why it cannot be checked against.
                if let Ok(ed25519) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der) {
                    return Ok(Self(Kind::Ed25519(ed25519)));
                }
                let rsa = RsaKeyPair::from_pkcs8(der);
                rsa.map_or_else(unusable, |rsa| Ok(Self(Kind::Rsa(Box::new(rsa)))))
            }
            _ => Err(DkimKeyError::Unusable("of another kind".to_owned())),
        }
    }

    /// The kind, as signatures and records name it.
    pub(super) fn kind(&self) -> &'static str {
        match self.0 {
            Kind::Rsa(_) => "rsa",
            Kind::Ed25519(_) => "ed25519",
        }
    }

    pub(super) fn sign(&self, text: &[u8]) -> Vec<u8> {
        match &self.0 {
            Kind::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(
                    &RSA_PKCS1_SHA256,
                    &SystemRandom::new(),
                    text,
                    &mut signature,
                )
                .expect("the buffer is as long as the modulus, the only thing that is asked of it");
                signature
            }
            // The hash of the text is signed, not the text (RFC 8463, section 3).
            Kind::Ed25519(key) => key.sign(&Sha256::digest(text)).as_ref().to_vec(),
        }
    }

    /// The public half, as the DNS record has it: the bare key for Ed25519, a `SubjectPublicKeyInfo` for RSA.
    pub(super) fn public(&self) -> Vec<u8> {
        match &self.0 {
            Kind::Ed25519(key) => key.public_key().as_ref().to_vec(),
            Kind::Rsa(key) => {
                let parts = PublicKeyComponents::<Vec<u8>>::from(key.public());
                let numbers = [integer(&parts.n), integer(&parts.e)].concat();
                let mut bits = vec![0];
                bits.extend(der(0x30, &numbers));
                der(0x30, &[RSA_ENCRYPTION.to_vec(), der(0x03, &bits)].concat())
            }
        }
    }
}

/// The algorithm's name in DER: 1.2.840.113549.1.1.1, without parameters.
const RSA_ENCRYPTION: &[u8] = &[
    0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
];

/// A number without leading zeros, which DER wants to be positive.
fn integer(number: &[u8]) -> Vec<u8> {
    let mut positive = Vec::new();
    if number.first().is_none_or(|first| first & 0x80 != 0) {
        positive.push(0);
    }
    positive.extend_from_slice(number);
    der(0x02, &positive)
}

/// A value of DER: tag, length, content.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut value = vec![tag];
    let length = content.len().to_be_bytes();
    let first = length.iter().position(|byte| *byte != 0);
    let length = &length[first.unwrap_or(length.len() - 1)..];
    if content.len() >= 0x80 {
        // At most eight octets of length.
        value.push(0x80 | u8::try_from(length.len()).unwrap_or(8));
    }
    value.extend_from_slice(length);
    value.extend_from_slice(content);
    value
}
