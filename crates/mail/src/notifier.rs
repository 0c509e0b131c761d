//! From a notification to a message on its way.

use std::error::Error as StdError;
use std::path::PathBuf;

use async_trait::async_trait;
use scheduling_core::effect::{AccountNotice, NotificationKind};
use scheduling_core::ids::OutboxId;
use scheduling_core::notification::{
    AccountNotification, Audience, Contact, MessageWords, Notification,
};
use scheduling_core::ports::{
    Delivery, DeliveryError, DeliveryErrorKind, Notifier, RenderedMessage, Wording, WordsError,
};
use scheduling_core::text::EmailAddress;

use crate::address::{ascii_address, ascii_domain, one_line};
use crate::dkim::DkimSigner;
use crate::invite::{event_title, event_uid, invitation};
use crate::message::{Letter, Mailbox, OutgoingMail};
use crate::render::{Rendered, TemplateError, Templates};
use crate::transport::Failover;
use crate::words::{OwnWords, VARIABLES};

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
    words: OwnWords,
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
            words: OwnWords::new(),
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
        let rendered = self.rendered(notification)?;
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
            date: match notification.kind {
                // What they say has not just happened.
                NotificationKind::Reminder | NotificationKind::FollowUp => notification.at,
                _ => booking.changed_at,
            },
            text: rendered.text,
            html: rendered.html,
            calendar: invitation(notification, &self.domain),
        };
        Ok(self.put_together(notification.id, letter))
    }

    /// The message for a notification about an account. The same notification makes the same bytes.
    ///
    /// # Errors
    /// [`TemplateError`] when a template fails on this notification.
    pub fn compose_account(
        &self,
        notification: &AccountNotification,
    ) -> Result<OutgoingMail, TemplateError> {
        let rendered = self.templates.render_account(notification)?;
        let letter = Letter {
            from: Mailbox {
                name: match (&self.sender.name, &notification.about) {
                    (Some(name), _) => one_line(name),
                    (None, AccountNotice::Invitation { workspace, .. }) => {
                        one_line(workspace.as_str())
                    }
                    (None, _) => "Kalends".to_owned(),
                },
                address: self.sender.address.clone(),
            },
            to: Mailbox {
                name: notification
                    .name
                    .as_ref()
                    .map(|name| one_line(name.as_str()))
                    .unwrap_or_default(),
                address: notification.email.clone(),
            },
            reply_to: None,
            references: Vec::new(),
            subject: rendered.subject,
            date: notification.at,
            text: rendered.text,
            html: rendered.html,
            calendar: None,
        };
        Ok(self.put_together(notification.id, letter))
    }

    fn rendered(&self, notification: &Notification) -> Result<Rendered, TemplateError> {
        let said = self.words.say(notification);
        self.templates.render(notification, said)
    }

    fn put_together(&self, id: OutboxId, letter: Letter) -> OutgoingMail {
        let message_id = format!("{id}@{}", self.domain);
        let mail = OutgoingMail::new(id, message_id, letter);
        match &self.signer {
            Some(signer) => mail.signed(signer),
            None => mail,
        }
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
        if notification.link.is_none() && needs_link(&notification.about) {
            return Err(DeliveryError {
                kind: DeliveryErrorKind::Rejected,
                source: "the message would have no link, which is all that it is for".into(),
                attempts: Vec::new(),
            });
        }
        let mail = self.compose_account(notification).map_err(not_worded)?;
        let delivery = self.transports.send(&mail).await?;
        tracing::info!(
            message.id = %mail.message_id,
            "Handed over message {} about an account",
            mail.message_id
        );
        Ok(delivery)
    }
}

fn needs_link(about: &AccountNotice) -> bool {
    match about {
        AccountNotice::Invitation { .. } | AccountNotice::PasswordReset { .. } => true,
        AccountNotice::PasswordChanged => false,
    }
}

impl Wording for MailNotifier {
    fn check(&self, words: &MessageWords) -> Result<(), WordsError> {
        self.words.check(words)
    }

    fn variables(&self) -> &'static [(&'static str, &'static str)] {
        VARIABLES
    }

    fn render(&self, notification: &Notification) -> RenderedMessage {
        let rendered = self.rendered(notification).unwrap_or_else(|error| {
            // A template from the operator's folder fails on this message alone. A mail would wait until it is mended.
            tracing::error!(
                error = &error as &dyn StdError,
                "The template {} fails on message {}",
                error.name,
                notification.id
            );
            let title = event_title(&notification.booking);
            Rendered {
                text: format!("{title}\n"),
                html: String::new(),
                subject: title,
            }
        });
        RenderedMessage {
            subject: rendered.subject,
            text: rendered.text,
            html: rendered.html,
        }
    }
}
