//! Telling people, and the links in what they are told.

use async_trait::async_trait;

use super::DeliveryError;
use crate::notification::Notification;
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
    async fn notify(&self, notification: &Notification) -> Result<(), DeliveryError>;
}

/// Absolute links into the pages, for mails and calendar entries.
pub trait Links: Send + Sync {
    /// The page on which guests book an event type.
    fn event_type(&self, workspace: &Slug, event_type: &Slug) -> String;

    /// The page on which an invitee sees a booking. `token` is the manage token as text.
    fn manage_booking(&self, token: &str) -> String;

    /// The page on which an invitee cancels it.
    fn cancel_booking(&self, token: &str) -> String;
}
