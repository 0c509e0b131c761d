//! Where a finished message goes.

mod folder;
mod smtp;

use async_trait::async_trait;
use scheduling_core::ports::DeliveryError;
use scheduling_core::text::EmailAddress;

pub use folder::Folder;
pub use smtp::{Smtp, SmtpConfig, SmtpConfigError, TlsMode, Trust};

/// A finished message with its envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingMail {
    /// The Message-ID without its angle brackets. The same for every try.
    pub message_id: String,
    /// The envelope's sender: where bounces go.
    pub from: EmailAddress,
    /// The envelope's recipient.
    pub to: EmailAddress,
    /// Headers and body, with CRLF line ends.
    pub bytes: Vec<u8>,
}

/// Takes messages to the next hop.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Hands one message over. `Ok` means that the next hop has taken responsibility for it.
    ///
    /// # Errors
    /// [`DeliveryError`], whose kind says whether trying again can help.
    async fn send(&self, mail: &OutgoingMail) -> Result<(), DeliveryError>;
}
