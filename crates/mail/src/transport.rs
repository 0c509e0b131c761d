//! Where a finished message goes.

mod failover;
mod folder;
mod sendgrid;
mod smtp;
mod tls;

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use scheduling_core::ports::{AttemptOutcome, DeliveryErrorKind};
use thiserror::Error;

use crate::message::OutgoingMail;

pub use failover::Failover;
pub use folder::Folder;
pub use sendgrid::{SendGrid, SendGridConfig, SendGridConfigError, SendGridKeyError};
pub use smtp::{Smtp, SmtpConfig, SmtpConfigError, TlsMode};
pub use tls::{Trust, TrustError};

/// Takes messages to the next hop.
#[async_trait]
pub trait Transport: Send + Sync {
    /// What it is called in settings and in the log of attempts.
    fn name(&self) -> &str;

    /// Hands one message over, in no more than the given time. `Ok` means that the next hop has taken responsibility
    /// for it.
    ///
    /// # Errors
    /// [`TransportError`], which says whether the message may have been taken all the same, and whether another
    /// transport is worth a try.
    async fn send(&self, mail: &OutgoingMail, time: Duration) -> Result<(), TransportError>;
}

#[async_trait]
impl<T: Transport + ?Sized> Transport for Arc<T> {
    fn name(&self) -> &str {
        (**self).name()
    }

    async fn send(&self, mail: &OutgoingMail, time: Duration) -> Result<(), TransportError> {
        (**self).send(mail, time).await
    }
}

/// What a failure is about. It decides what happens next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// There is no such recipient. Every transport would say so, now or in a bounce: nobody else is asked.
    Recipient,
    /// The message was not taken, but the transport works. Another one may take it.
    Message,
    /// The transport does not work: it cannot be reached, is overloaded or does not accept our credentials. Another one
    /// is asked, and this one rests.
    Transport,
    /// The message was handed over whole, and the answer never came: it may be on its way. Nobody else is asked this
    /// time, for that could be the second copy, and the transport rests.
    Unanswered,
}

/// A message that a transport did not take, as far as is known.
#[derive(Debug, Error)]
#[error("{}", causes(source.as_ref()))]
pub struct TransportError {
    /// Whether trying again can help.
    pub kind: DeliveryErrorKind,
    /// What it is about.
    pub fault: Fault,
    /// The cause. It holds no address and no secret: it ends up in logs and in the outbox.
    pub source: Box<dyn StdError + Send + Sync>,
}

impl TransportError {
    /// What the log of attempts says.
    pub fn outcome(&self) -> AttemptOutcome {
        let text = self.to_string();
        match (self.fault, self.kind) {
            (Fault::Unanswered, _) => AttemptOutcome::Unknown(text),
            (_, DeliveryErrorKind::Rejected) => AttemptOutcome::Refused(text),
            _ => AttemptOutcome::Deferred(text),
        }
    }
}

/// An error with everything beneath it, on one line.
fn causes(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        // Some errors repeat their cause.
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        next = cause.source();
    }
    text
}

/// What another side said, fit for a log line: on one line, not too long, without the addresses.
fn without_addresses<'a>(text: &str, addresses: impl IntoIterator<Item = &'a str>) -> String {
    let mut text = text.to_owned();
    for address in addresses {
        text = replace_ignoring_case(&text, address, "(address)");
    }
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(200)
        .collect()
}

/// Servers may answer with another spelling of the address than they were given.
fn replace_ignoring_case(text: &str, what: &str, with: &str) -> String {
    if what.is_empty() {
        return text.to_owned();
    }
    let mut replaced = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        match rest.get(..what.len()) {
            Some(head) if head.eq_ignore_ascii_case(what) => {
                replaced.push_str(with);
                rest = &rest[what.len()..];
            }
            _ => {
                replaced.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    replaced
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_logged_on_one_line_without_addresses() {
        let said = "<Elena@Example.org>\r\nno such user elena@example.org, é";
        assert_eq!(
            without_addresses(said, ["elena@example.org"]),
            "<(address)>  no such user (address), é"
        );
        assert_eq!(without_addresses(&"é".repeat(500), ["", "x"]).len(), 400);
    }

    #[test]
    fn a_cause_is_told_once() {
        #[derive(Debug, Error)]
        #[error("outer: inner")]
        struct Outer(#[source] std::io::Error);
        let error = Outer(std::io::Error::other("inner"));
        assert_eq!(causes(&error), "outer: inner");
    }
}
