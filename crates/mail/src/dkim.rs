//! Signing mails, so that mailboxes know that the domain they come from stands behind them (DKIM, RFC 6376 and 8463).
//!
//! Signed with RSA-SHA256 or Ed25519-SHA256, by the kind of the key; headers and body in the canonical form `relaxed`,
//! which survives what mail servers do to white space on the way. The same message gets the same signature: it carries no
//! time, so that a mail which is sent twice stays one message.

mod canonical;
mod key;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use crate::address::ascii_domain;

pub use key::{DkimKey, DkimKeyError};

/// The headers that are signed. Each is named once more than the message has it: whoever adds another one breaks the
/// signature.
const SIGNED: [&str; 9] = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Reply-To",
    "References",
    "MIME-Version",
    "Content-Type",
];

/// Signs messages for a domain.
#[derive(Debug)]
pub struct DkimSigner {
    domain: String,
    selector: String,
    key: DkimKey,
}

/// Why a signer was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DkimError {
    /// The domain is none.
    #[error("{0:?} is no domain")]
    Domain(String),
    /// The selector is none.
    #[error("{0:?} is no selector: letters, digits, hyphens and dots, such as kalends or s1")]
    Selector(String),
}

impl DkimSigner {
    /// Signs for this domain, with the key whose public half is published at `SELECTOR._domainkey.DOMAIN`.
    ///
    /// # Errors
    /// [`DkimError`] for names that no record can have.
    pub fn new(domain: &str, selector: &str, key: DkimKey) -> Result<Self, DkimError> {
        Self::check_names(domain, selector)?;
        Ok(Self {
            domain: ascii_domain(domain).to_lowercase(),
            selector: selector.to_owned(),
            key,
        })
    }

    /// Whether a record can have these names.
    ///
    /// # Errors
    /// [`DkimError`] for names that none can have.
    pub fn check_names(domain: &str, selector: &str) -> Result<(), DkimError> {
        let ascii = ascii_domain(domain);
        if !is_name(&ascii) || !ascii.contains('.') {
            return Err(DkimError::Domain(domain.to_owned()));
        }
        if !is_name(selector) {
            return Err(DkimError::Selector(selector.to_owned()));
        }
        Ok(())
    }

    /// The name of the DNS record with the public half of the key.
    pub fn record_name(&self) -> String {
        format!("{}._domainkey.{}", self.selector, self.domain)
    }

    /// The TXT record that belongs there.
    pub fn record(&self) -> String {
        format!(
            "v=DKIM1; k={}; p={}",
            self.key.kind(),
            STANDARD.encode(self.key.public())
        )
    }

    /// The header that signs a message, with its line end: it goes in front of the message, whose lines end in CRLF.
    pub fn signature(&self, message: &[u8]) -> String {
        let (head, body) = canonical::split(message);
        let body_hash = STANDARD.encode(Sha256::digest(canonical::body(body)));
        let headers = canonical::headers(head);
        let names: Vec<&str> = SIGNED
            .iter()
            .flat_map(|name| {
                let there = headers.iter().filter(|header| header.is(name)).count();
                std::iter::repeat_n(*name, there + 1)
            })
            .collect();
        let unsigned = format!(
            "DKIM-Signature: v=1; a={}-sha256; c=relaxed/relaxed;\r\n\td={}; s={};\r\n\th={};\r\n\tbh={body_hash};\r\n\tb=",
            self.key.kind(),
            self.domain,
            self.selector,
            names.join(":\r\n\t "),
        );
        let mut signed = Vec::new();
        for name in SIGNED {
            // The last one of a name is signed first (section 5.4.2).
            for header in headers.iter().rev().filter(|header| header.is(name)) {
                signed.extend_from_slice(header.canonical());
                signed.extend_from_slice(b"\r\n");
            }
        }
        for header in canonical::headers(unsigned.as_bytes()) {
            signed.extend_from_slice(header.canonical());
        }
        let signature = STANDARD.encode(self.key.sign(&signed));
        format!("{unsigned}{}\r\n", folded(&signature))
    }
}

/// Labels of letters, digits and hyphens, with dots between them.
fn is_name(text: &str) -> bool {
    text.len() <= 253
        && text.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        })
}

/// On lines of 72 characters, each indented.
fn folded(text: &str) -> String {
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(72)
        // Base64 is ASCII.
        .filter_map(|line| std::str::from_utf8(line).ok())
        .collect();
    lines.join("\r\n\t ")
}

#[cfg(test)]
mod tests;
