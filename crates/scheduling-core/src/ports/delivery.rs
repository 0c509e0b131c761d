//! Telling people, and the links in what they are told.

use async_trait::async_trait;
use thiserror::Error;

use super::DeliveryError;
use crate::notification::{AccountNotification, MessageWords, Notification};
use crate::text::Slug;

/// Sends messages to people.
#[async_trait]
pub trait Notifier: Send + Sync {
    /// Hands one message over for delivery. `Ok` means the next hop accepted it.
    ///
    /// Called at least once for each outbox row: the message's id must not change between tries.
    ///
    /// # Errors
    /// [`DeliveryError`], whose [`retry`](DeliveryError::retry) says whether trying again can help.
    async fn notify(&self, notification: &Notification) -> Result<Delivery, DeliveryError>;

    /// The same for a message about an account.
    ///
    /// # Errors
    /// As for [`notify`](Self::notify).
    async fn notify_account(
        &self,
        notification: &AccountNotification,
    ) -> Result<Delivery, DeliveryError>;
}

/// What became of one try to hand a message over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// The next hop has it.
    Accepted,
    /// It may be accepted later.
    Deferred(String),
    /// It was refused for good.
    Refused(String),
    /// The connection ended before the answer: it may have been accepted.
    Unknown(String),
}

impl AttemptOutcome {
    /// The word for it in lists.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Deferred(_) => "deferred",
            Self::Refused(_) => "refused",
            Self::Unknown(_) => "unknown",
        }
    }

    /// What the other side said.
    pub fn detail(&self) -> Option<&str> {
        match self {
            Self::Accepted => None,
            Self::Deferred(text) | Self::Refused(text) | Self::Unknown(text) => Some(text),
        }
    }
}

/// One try to hand a message over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryAttempt {
    /// By which way: the transport's name in the settings.
    pub transport: String,
    /// What became of it.
    pub outcome: AttemptOutcome,
}

/// A message that the next hop has accepted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delivery {
    /// The tries it took, in order. The last one was accepted.
    pub attempts: Vec<DeliveryAttempt>,
}

/// Why words of one's own were refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum WordsError {
    /// The subject cannot be read as a template.
    #[error("the subject cannot be read: {0}")]
    Subject(String),
    /// The body cannot be read as a template.
    #[error("the body cannot be read: {0}")]
    Body(String),
}

/// A message as its reader gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedMessage {
    /// The subject line.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
}

/// Puts messages into words without sending them.
pub trait Wording: Send + Sync {
    /// Whether words of one's own can be used: they can be read as templates. A variable that does not exist is no
    /// error; it stays empty.
    ///
    /// # Errors
    /// [`WordsError`] that names the place.
    fn check(&self, words: &MessageWords) -> Result<(), WordsError>;

    /// The variables that words of one's own can use, with what they stand for.
    fn variables(&self) -> &'static [(&'static str, &'static str)];

    /// The message as its reader would get it.
    fn render(&self, notification: &Notification) -> RenderedMessage;
}

/// Absolute links into the pages, for mails and calendar entries.
pub trait Links: Send + Sync {
    /// The page on which guests book an event type.
    fn event_type(&self, workspace: &Slug, event_type: &Slug) -> String;

    /// The page on which an invitee sees a booking. `token` is the manage token as text.
    fn manage_booking(&self, token: &str) -> String;

    /// The page on which an invitee cancels it.
    fn cancel_booking(&self, token: &str) -> String;

    /// The page on which an invitee moves it.
    fn reschedule_booking(&self, token: &str) -> String;

    /// The page on which a host sees a booking, approves or declines it. `token` is the host's own, as text.
    fn host_booking(&self, token: &str) -> String;

    /// The page on which a host cancels it.
    fn host_cancel(&self, token: &str) -> String;

    /// The page on which a host moves it.
    fn host_reschedule(&self, token: &str) -> String;

    /// The page on which an invitation is accepted.
    fn accept_invitation(&self, token: &str) -> String;

    /// The page on which a new password is set.
    fn reset_password(&self, token: &str) -> String;
}
