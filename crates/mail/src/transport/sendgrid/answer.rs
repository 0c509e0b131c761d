//! What SendGrid says, and what that means.

use std::fmt;
use std::time::Duration;

use chrono::DateTime;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use scheduling_core::ports::DeliveryErrorKind;
use serde::Deserialize;
use thiserror::Error;

use super::super::{Fault, TransportError, without_addresses};
use crate::address::ascii_address;
use crate::message::OutgoingMail;

/// What went wrong between us and SendGrid. Holds no address and no key.
#[derive(Debug, Error)]
pub(super) enum SendGridError {
    #[error("SendGrid cannot be reached")]
    Unreached(#[source] reqwest::Error),
    #[error("the message was handed over, but SendGrid never said that it took it")]
    Unanswered(#[source] reqwest::Error),
    #[error("something between us and SendGrid broke off, and it may have taken the message: {0}")]
    Gateway(Complaint),
    #[error("SendGrid did not accept the API key, or its right to send from this address: {0}")]
    Credentials(Complaint),
    #[error("SendGrid asks to slow down: {complaint}")]
    Slower {
        complaint: Complaint,
        retry_after: Option<Duration>,
    },
    #[error("SendGrid refused the recipient: {0}")]
    Recipient(Complaint),
    #[error("SendGrid refused the message: {0}")]
    Refused(Complaint),
    #[error("SendGrid has a fault: {0}")]
    Fault(Complaint),
    #[error("the address needs SMTPUTF8, which SendGrid does not know")]
    NeedsSmtpUtf8,
    #[error("the message cannot be written as JSON")]
    Body(#[source] serde_json::Error),
}

/// The status and the first of the messages.
#[derive(Debug)]
pub(super) struct Complaint {
    status: StatusCode,
    text: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status.as_u16())?;
        if !self.text.is_empty() {
            write!(f, " {}", self.text)?;
        }
        Ok(())
    }
}

/// How SendGrid writes its complaints.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Errors {
    errors: Vec<Detail>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Detail {
    message: Option<String>,
    field: Option<String>,
}

impl Detail {
    /// `personalizations.0.to.0.email` and the like: there is one recipient, and SendGrid cannot read its address.
    fn is_about_recipient(&self) -> bool {
        self.field
            .as_deref()
            .is_some_and(|field| field.starts_with("personalizations.0.to"))
    }
}

/// As much of an answer as is read.
const LONGEST: usize = 64 * 1024;

pub(super) async fn read(response: Response, mail: &OutgoingMail) -> Result<(), SendGridError> {
    let status = response.status();
    // 202 as a rule; 200 in SendGrid's sandbox.
    if status.is_success() {
        return Ok(());
    }
    let retry_after = retry_after(response.headers());
    let errors: Errors = serde_json::from_slice(&beginning(response).await).unwrap_or_default();
    let letter = &mail.letter;
    let addresses: Vec<String> = [
        Some(&letter.to),
        Some(&letter.from),
        letter.reply_to.as_ref(),
    ]
    .into_iter()
    .flatten()
    .flat_map(|mailbox| {
        [
            ascii_address(&mailbox.address),
            mailbox.address.as_str().to_owned(),
        ]
    })
    .collect();
    let text = errors
        .errors
        .iter()
        .find_map(|detail| detail.message.as_deref())
        .unwrap_or_default();
    let complaint = Complaint {
        status,
        text: without_addresses(text, addresses.iter().map(String::as_str)),
    };
    Err(match status.as_u16() {
        400 if errors.errors.iter().any(Detail::is_about_recipient) => {
            SendGridError::Recipient(complaint)
        }
        401 | 403 => SendGridError::Credentials(complaint),
        429 => SendGridError::Slower {
            complaint,
            retry_after,
        },
        // Whoever answers this did not hear SendGrid to the end.
        502 | 504 => SendGridError::Gateway(complaint),
        // 404, 405 and 3xx: whoever answers is not SendGrid, or its address has changed.
        400 | 406 | 413 | 415 | 422 => SendGridError::Refused(complaint),
        _ => SendGridError::Fault(complaint),
    })
}

/// The beginning of an answer; what cannot be read is left out, since the status says most.
async fn beginning(mut response: Response) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > LONGEST {
            break;
        }
    }
    bytes
}

/// In seconds, or as a date, which is compared with the answer's own.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = |text: &str| DateTime::parse_from_rfc2822(text).ok();
    let now = date(headers.get(DATE)?.to_str().ok()?)?;
    (date(value)? - now).to_std().ok()
}

impl SendGridError {
    pub(super) fn unreached(error: reqwest::Error) -> Self {
        // The address is a setting and says nothing new; one behind a proxy may hold more.
        let is_before = error.is_connect() || error.is_builder();
        let error = error.without_url();
        if is_before {
            Self::Unreached(error)
        } else {
            Self::Unanswered(error)
        }
    }

    fn judged(&self) -> (DeliveryErrorKind, Fault) {
        use DeliveryErrorKind::{RateLimited, Rejected, Unauthorized, Unavailable};
        match self {
            Self::Unanswered(_) | Self::Gateway(_) => (Unavailable, Fault::Unanswered),
            Self::Credentials(_) => (Unauthorized, Fault::Transport),
            Self::Slower { retry_after, .. } => (
                RateLimited {
                    retry_after: *retry_after,
                },
                Fault::Transport,
            ),
            Self::Recipient(_) => (Rejected, Fault::Recipient),
            Self::Refused(_) | Self::NeedsSmtpUtf8 | Self::Body(_) => (Rejected, Fault::Message),
            Self::Unreached(_) | Self::Fault(_) => (Unavailable, Fault::Transport),
        }
    }
}

impl From<SendGridError> for TransportError {
    fn from(error: SendGridError) -> Self {
        let (kind, fault) = error.judged();
        Self {
            kind,
            fault,
            source: Box::new(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    #[test]
    fn a_wait_is_read_in_seconds_or_as_a_date() {
        for (value, wait) in [
            ("7", Some(7)),
            (" 120 ", Some(120)),
            ("Sat, 21 Nov 2026 12:00:30 GMT", Some(30)),
            ("Sat, 21 Nov 2026 11:00:00 GMT", None),
            ("-1", None),
            ("soon", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, HeaderValue::from_static(value));
            headers.insert(
                DATE,
                HeaderValue::from_static("Sat, 21 Nov 2026 12:00:00 GMT"),
            );
            assert_eq!(
                retry_after(&headers),
                wait.map(Duration::from_secs),
                "{value}"
            );
        }
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }
}
