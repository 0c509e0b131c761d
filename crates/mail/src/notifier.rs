//! From a notification to a message on its way.

use std::path::PathBuf;

use async_trait::async_trait;
use scheduling_core::notification::{AccountNotification, Audience, Contact, Notification};
use scheduling_core::ports::{Delivery, DeliveryError, DeliveryErrorKind, Notifier};
use scheduling_core::text::EmailAddress;

use crate::address::{ascii_address, ascii_domain, one_line};
use crate::dkim::DkimSigner;
use crate::invite::{event_uid, invitation};
use crate::message::{Letter, Mailbox, OutgoingMail};
use crate::render::{TemplateError, Templates};
use crate::transport::Failover;

/// Who mails come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailSender {
    /// The name in front of the address. Without it, the host's and the workspace's.
    pub name: Option<String>,
    /// The address. Answers go to the other side of the meeting, bounces here.
    pub address: EmailAddress,
}

/// How mails are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailOptions {
    /// What stands behind the `@` in Message-IDs and calendar UIDs. Keep it: another domain makes other entries of the
    /// meetings that calendars know already.
    pub domain: String,
    /// A folder of templates that replace the built-in ones, file by file.
    pub templates: Option<PathBuf>,
}

impl MailOptions {
    /// The sender's domain and the built-in templates.
    pub fn for_sender(sender: &MailSender) -> Self {
        let address = sender.address.as_str();
        let domain = address
            .rsplit_once('@')
            .map_or(address, |(_local, domain)| domain);
        Self {
            domain: ascii_domain(domain),
            templates: None,
        }
    }
}

/// Tells people by mail.
pub struct MailNotifier {
    transports: Failover,
    sender: MailSender,
    domain: String,
    templates: Templates,
    signer: Option<DkimSigner>,
}

impl MailNotifier {
    /// Reads the templates, so that a broken one is found now and not by the first mail.
    ///
    /// # Errors
    /// [`TemplateError`] for a template that cannot be read or parsed.
    pub fn new(
        transports: impl Into<Failover>,
        sender: MailSender,
        options: MailOptions,
    ) -> Result<Self, TemplateError> {
        Ok(Self {
            transports: transports.into(),
            sender,
            domain: options.domain,
            templates: Templates::load(options.templates.as_deref())?,
            signer: None,
        })
    }

    /// The same, signing each message. SendGrid, which puts messages together itself, signs them itself.
    #[must_use]
    pub fn signing(self, signer: DkimSigner) -> Self {
        Self {
            signer: Some(signer),
            ..self
        }
    }

    /// The message for a notification. The same notification makes the same bytes.
    ///
    /// # Errors
    /// [`TemplateError`] when a template fails on this notification.
    pub fn compose(&self, notification: &Notification) -> Result<OutgoingMail, TemplateError> {
        let rendered = self.templates.render(notification)?;
        let booking = &notification.booking;
        let letter = Letter {
            from: Mailbox {
                name: self.sender_name(notification),
                address: self.sender.address.clone(),
            },
            to: mailbox(&notification.to),
            // An address beyond ASCII in a header needs a server that speaks SMTPUTF8. That may be asked of who has such
            // an address, but a plain one must not go without its mail for it.
            reply_to: other_side(notification)
                .filter(|other| is_ascii(other) || !is_ascii(&notification.to))
                .map(mailbox),
            // No mail has this id, but all of a booking name it: mailboxes show them together.
            references: vec![event_uid(booking.id, &self.domain)],
            subject: rendered.subject,
            date: booking.changed_at,
            text: rendered.text,
            html: rendered.html,
            calendar: invitation(notification, &self.domain),
        };
        let message_id = format!("{}@{}", notification.id, self.domain);
        let mail = OutgoingMail::new(notification.id, message_id, letter);
        Ok(match &self.signer {
            Some(signer) => mail.signed(signer),
            None => mail,
        })
    }

    fn sender_name(&self, notification: &Notification) -> String {
        if let Some(name) = &self.sender.name {
            return one_line(name);
        }
        let workspace = one_line(notification.booking.workspace.as_str());
        match other_side(notification).map(|other| one_line(other.name.as_str())) {
            Some(name) if name != workspace => format!("{name} via {workspace}"),
            _ => workspace,
        }
    }
}

/// Whom the reader would answer: the organising host, or the invitee.
fn other_side(notification: &Notification) -> Option<&Contact> {
    match notification.audience {
        Audience::Invitee | Audience::Guest => notification.booking.hosts.first(),
        Audience::Host => Some(&notification.booking.invitee),
    }
}

fn is_ascii(person: &Contact) -> bool {
    ascii_address(&person.email).is_ascii()
}

fn mailbox(person: &Contact) -> Mailbox {
    Mailbox {
        name: one_line(person.name.as_str()),
        address: person.email.clone(),
    }
}

/// Somebody's own template fails on this message. It may be mended before the last try.
fn not_worded(error: TemplateError) -> DeliveryError {
    DeliveryError {
        kind: DeliveryErrorKind::Unavailable,
        source: Box::new(error),
        attempts: Vec::new(),
    }
}

#[async_trait]
impl Notifier for MailNotifier {
    async fn notify(&self, notification: &Notification) -> Result<Delivery, DeliveryError> {
        let mail = self.compose(notification).map_err(not_worded)?;
        let delivery = self.transports.send(&mail).await?;
        tracing::info!(
            message.id = %mail.message_id,
            booking.id = %notification.booking.id,
            "Handed over message {} about booking {}",
            mail.message_id,
            notification.booking.id
        );
        Ok(delivery)
    }

    async fn notify_account(
        &self,
        notification: &AccountNotification,
    ) -> Result<Delivery, DeliveryError> {
        Err(DeliveryError {
            kind: DeliveryErrorKind::Unavailable,
            source: format!(
                "there are no words yet for the account mail {}",
                notification.id
            )
            .into(),
            attempts: Vec::new(),
        })
    }
}
