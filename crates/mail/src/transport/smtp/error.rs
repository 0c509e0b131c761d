//! What goes wrong between us and a mail server, and whether trying again can help.

use std::fmt;

use scheduling_core::ports::DeliveryErrorKind;
use thiserror::Error;

use super::super::{Fault, TransportError, without_addresses};

/// What went wrong between us and the mail server. Holds no address: it ends up in logs and in the outbox.
#[derive(Debug, Error)]
pub(super) enum SmtpError {
    #[error("the mail server did not answer in time")]
    Timeout,
    #[error("the mail server cannot be reached")]
    Io(#[from] std::io::Error),
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
    #[error("the mail server refused the message: {1}")]
    Refused(Step, Reply),
    #[error("the address needs SMTPUTF8, which the mail server does not offer")]
    NeedsSmtpUtf8,
    #[error("the message was handed over, but the mail server never said that it took it")]
    Unanswered(#[source] Box<SmtpError>),
    #[error("the mail client failed: {0}")]
    Other(String),
}

/// What the server had been told when it refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Sender,
    Recipient,
    Message,
}

/// A server's answer, fit for a log line.
#[derive(Debug)]
pub(super) struct Reply {
    code: u16,
    /// The enhanced status code (RFC 3463): class, subject, detail; zeros where there is none.
    status: [u8; 3],
    text: String,
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [class, subject, detail] = self.status;
        write!(f, "{} ", self.code)?;
        if class != 0 {
            write!(f, "{class}.{subject}.{detail} ")?;
        }
        f.write_str(&self.text)
    }
}

impl Reply {
    pub(super) fn new<'a>(
        reply: &smtp_proto::Response<String>,
        addresses: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        Self {
            code: reply.code,
            status: reply.esc,
            text: without_addresses(&reply.message, addresses),
        }
    }

    /// 530, 534, 535 and 538 are about signing in, whenever they come (RFC 4954).
    fn is_about_credentials(&self) -> bool {
        matches!(self.code, 530 | 534 | 535 | 538)
    }

    /// Whether a refusal of the recipient says that there is none, rather than that this server will not have it.
    fn is_about_recipient(&self) -> bool {
        match self.status {
            // 5.1.7 and 5.1.8 are about the sender's address.
            [5, 1, 7 | 8] => false,
            // The address, or the mailbox.
            [5, 1 | 2, _] => true,
            // Nothing further is said.
            [_, 0, 0] => matches!(self.code, 550 | 551 | 553),
            // Policies, relaying, sizes: matters between the server and us.
            _ => false,
        }
    }
}

impl SmtpError {
    /// Away from the message: whatever the answer, it says nothing about this message.
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

    fn judged(&self) -> (DeliveryErrorKind, Fault) {
        use DeliveryErrorKind::{Rejected, Unauthorized, Unavailable};
        match self {
            Self::Credentials(_) => (Unauthorized, Fault::Transport),
            Self::NotReady(reply) | Self::Refused(_, reply) if reply.is_about_credentials() => {
                (Unauthorized, Fault::Transport)
            }
            Self::Refused(Step::Recipient, reply)
                if reply.code / 100 == 5 && reply.is_about_recipient() =>
            {
                (Rejected, Fault::Recipient)
            }
            // The sender is the same in every mail: a person must set another one, or be allowed to use this one.
            Self::Refused(Step::Sender, reply) if reply.code / 100 == 5 => {
                (Unauthorized, Fault::Transport)
            }
            Self::Refused(_, reply) if reply.code / 100 == 5 => (Rejected, Fault::Message),
            // 421 closes the connection; before there is a recipient, nothing is about one.
            Self::Refused(step, reply) if reply.code == 421 || *step == Step::Sender => {
                (Unavailable, Fault::Transport)
            }
            Self::Refused(..) => (Unavailable, Fault::Message),
            Self::NeedsSmtpUtf8 => (Rejected, Fault::Message),
            Self::Unanswered(_) => (Unavailable, Fault::Unanswered),
            Self::Timeout
            | Self::Io(_)
            | Self::Tls(_)
            | Self::NoStartTls
            | Self::NoAnswer
            | Self::NotReady(_)
            | Self::Other(_) => (Unavailable, Fault::Transport),
        }
    }
}

impl From<SmtpError> for TransportError {
    fn from(error: SmtpError) -> Self {
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
    use super::*;

    #[test]
    fn a_refusal_is_final_only_where_it_is_about_the_recipient() {
        use DeliveryErrorKind::{Rejected, Unauthorized, Unavailable};
        let cases: &[(Step, u16, [u8; 3], DeliveryErrorKind, Fault)] = &[
            (Step::Recipient, 550, [5, 1, 1], Rejected, Fault::Recipient),
            (Step::Recipient, 552, [5, 2, 2], Rejected, Fault::Recipient),
            (Step::Recipient, 550, [0, 0, 0], Rejected, Fault::Recipient),
            (Step::Recipient, 550, [5, 0, 0], Rejected, Fault::Recipient),
            (Step::Recipient, 553, [5, 1, 8], Rejected, Fault::Message),
            (Step::Recipient, 550, [5, 7, 1], Rejected, Fault::Message),
            (Step::Recipient, 554, [0, 0, 0], Rejected, Fault::Message),
            (Step::Recipient, 450, [4, 2, 0], Unavailable, Fault::Message),
            (Step::Recipient, 452, [0, 0, 0], Unavailable, Fault::Message),
            (
                Step::Recipient,
                421,
                [0, 0, 0],
                Unavailable,
                Fault::Transport,
            ),
            (Step::Sender, 550, [5, 1, 8], Unauthorized, Fault::Transport),
            (Step::Sender, 451, [0, 0, 0], Unavailable, Fault::Transport),
            (Step::Message, 550, [5, 1, 1], Rejected, Fault::Message),
            (Step::Message, 554, [5, 6, 0], Rejected, Fault::Message),
            (Step::Message, 452, [4, 3, 1], Unavailable, Fault::Message),
            (
                Step::Message,
                535,
                [5, 7, 8],
                Unauthorized,
                Fault::Transport,
            ),
        ];
        for (step, code, status, kind, fault) in cases {
            let reply = Reply {
                code: *code,
                status: *status,
                text: "no".to_owned(),
            };
            let what = format!("{step:?} {reply}");
            let judged = SmtpError::Refused(*step, reply).judged();
            assert_eq!(judged, (*kind, *fault), "{what}");
        }
    }
}
