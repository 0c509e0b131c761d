//! What goes wrong between us and a mail server, and whether trying again can help.

use std::fmt;

use scheduling_core::ports::DeliveryErrorKind;
use thiserror::Error;

/// What went wrong between us and the mail server. Holds no address: it ends up in logs and in the outbox.
#[derive(Debug, Error)]
pub(super) enum SmtpError {
    #[error("the mail server did not answer in time")]
    Timeout,
    #[error("the mail server cannot be reached")]
    Io(#[source] std::io::Error),
    #[error("the mail server cannot be reached over TLS")]
    Tls(#[source] Box<rustls::Error>),
    #[error("the mail server offers no STARTTLS")]
    NoStartTls,
    #[error("the connection ended in the middle of an answer, or the answer is no SMTP")]
    NoAnswer,
    #[error("the mail server did not accept the credentials: {0}")]
    Credentials(String),
    #[error("the mail server is not ready: {0}")]
    NotReady(Reply),
    #[error("the mail server refused the message: {0}")]
    Refused(Reply),
    #[error("the address needs SMTPUTF8, which the mail server does not offer")]
    NeedsSmtpUtf8,
    #[error("the mail client failed: {0}")]
    Other(String),
}

/// A server's answer, fit for a log line.
#[derive(Debug)]
pub(super) struct Reply {
    code: u16,
    text: String,
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.text)
    }
}

impl Reply {
    fn new<'a>(
        reply: &smtp_proto::Response<String>,
        addresses: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let [class, subject, detail] = reply.esc;
        let mut text = reply.message.clone();
        for address in addresses {
            text = text.replace(address, "(address)");
        }
        let text: String = text
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .take(200)
            .collect();
        Self {
            code: reply.code,
            text: if class == 0 {
                text
            } else {
                format!("{class}.{subject}.{detail} {text}")
            },
        }
    }
}

impl SmtpError {
    /// Before the message was offered: whatever the answer, it says nothing about this message.
    pub(super) fn connecting(error: mail_send::Error) -> Self {
        match error {
            mail_send::Error::UnexpectedReply(reply) => Self::NotReady(Reply::new(&reply, [])),
            mail_send::Error::AuthenticationFailed(reply) if reply.code / 100 == 4 => {
                Self::NotReady(Reply::new(&reply, []))
            }
            mail_send::Error::AuthenticationFailed(reply) => {
                Self::Credentials(Reply::new(&reply, []).to_string())
            }
            error @ (mail_send::Error::Auth(_)
            | mail_send::Error::Base64(_)
            | mail_send::Error::MissingCredentials
            | mail_send::Error::UnsupportedAuthMechanism) => Self::Credentials(error.to_string()),
            mail_send::Error::Io(error) => Self::Io(error),
            mail_send::Error::Tls(error) => Self::Tls(error),
            mail_send::Error::Timeout => Self::Timeout,
            mail_send::Error::MissingStartTls => Self::NoStartTls,
            mail_send::Error::UnparseableReply => Self::NoAnswer,
            error @ (mail_send::Error::InvalidTLSName
            | mail_send::Error::MissingMailFrom
            | mail_send::Error::MissingRcptTo) => Self::Other(error.to_string()),
        }
    }

    /// While the message was offered.
    pub(super) fn refused<'a>(
        error: mail_send::Error,
        addresses: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        match error {
            mail_send::Error::UnexpectedReply(reply) => {
                Self::Refused(Reply::new(&reply, addresses))
            }
            other => Self::connecting(other),
        }
    }

    pub(super) fn kind(&self) -> DeliveryErrorKind {
        match self {
            Self::Credentials(_) => DeliveryErrorKind::Unauthorized,
            // 530, 534, 535 and 538 are about signing in, whenever they come (RFC 4954).
            Self::NotReady(reply) | Self::Refused(reply)
                if matches!(reply.code, 530 | 534 | 535 | 538) =>
            {
                DeliveryErrorKind::Unauthorized
            }
            Self::Refused(reply) if reply.code / 100 == 5 => DeliveryErrorKind::Rejected,
            Self::NeedsSmtpUtf8 => DeliveryErrorKind::Rejected,
            Self::Timeout
            | Self::Io(_)
            | Self::Tls(_)
            | Self::NoStartTls
            | Self::NoAnswer
            | Self::NotReady(_)
            | Self::Refused(_)
            | Self::Other(_) => DeliveryErrorKind::Unavailable,
        }
    }
}
