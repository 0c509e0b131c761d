//! From a notification to a message on its way.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use mail_send::mail_builder::MessageBuilder;
use mail_send::mail_builder::headers::address::Address;
use mail_send::mail_builder::headers::content_type::ContentType;
use mail_send::mail_builder::headers::date::Date;
use mail_send::mail_builder::headers::message_id::MessageId;
use mail_send::mail_builder::headers::raw::Raw;
use mail_send::mail_builder::headers::text::Text;
use mail_send::mail_builder::mime::{BodyPart, MimePart};
use scheduling_core::notification::{Audience, Contact, Notification};
use scheduling_core::ports::{DeliveryError, DeliveryErrorKind, Notifier};
use scheduling_core::text::EmailAddress;

use crate::address::{ascii_address, ascii_domain, one_line};
use crate::invite::{CalendarMethod, invitation};
use crate::render::{Rendered, TemplateError, Templates};
use crate::transport::{OutgoingMail, Transport};

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
    transport: Arc<dyn Transport>,
    sender: MailSender,
    domain: String,
    templates: Templates,
}

impl MailNotifier {
    /// Reads the templates, so that a broken one is found now and not by the first mail.
    ///
    /// # Errors
    /// [`TemplateError`] for a template that cannot be read or parsed.
    pub fn new(
        transport: Arc<dyn Transport>,
        sender: MailSender,
        options: MailOptions,
    ) -> Result<Self, TemplateError> {
        Ok(Self {
            transport,
            sender,
            domain: options.domain,
            templates: Templates::load(options.templates.as_deref())?,
        })
    }

    /// The message for a notification. The same notification makes the same bytes.
    ///
    /// # Errors
    /// [`TemplateError`] when a template fails on this notification.
    pub fn compose(&self, notification: &Notification) -> Result<OutgoingMail, TemplateError> {
        let rendered = self.templates.render(notification)?;
        let message_id = format!("{}@{}", notification.id, self.domain);
        let bytes = self.build(notification, &message_id, rendered);
        Ok(OutgoingMail {
            message_id,
            from: self.sender.address.clone(),
            to: notification.to.email.clone(),
            bytes,
        })
    }

    fn build(&self, notification: &Notification, message_id: &str, mail: Rendered) -> Vec<u8> {
        let method = CalendarMethod::of(notification.kind);
        let calendar = invitation(notification, &self.domain);
        // The parts' boundaries are the message's own, since a boundary made of the time would make every try another
        // message. Nobody who fills in a form knows the id.
        let boundary = |name: &str| format!("{name}-{}", notification.id.as_uuid().simple());
        let alternatives = MimePart::new(
            ContentType::new("multipart/alternative").attribute("boundary", boundary("alt")),
            vec![
                MimePart::new("text/plain", mail.text),
                MimePart::new("text/html", mail.html),
                calendar_part(method, calendar.clone()),
            ],
        );
        let attachment = MimePart::new(
            ContentType::new("application/ics").attribute("name", "invite.ics"),
            calendar.into_bytes(),
        )
        .attachment("invite.ics");
        let body = MimePart::new(
            ContentType::new("multipart/mixed").attribute("boundary", boundary("mixed")),
            vec![alternatives, attachment],
        );

        let mut message = MessageBuilder::new()
            .from(mailbox(
                &self.sender_name(notification),
                &self.sender.address,
            ))
            .to(contact(&notification.to));
        if let Some(other) = other_side(notification)
            && (is_ascii(other) || !is_ascii(&notification.to))
        {
            // An address beyond ASCII in a header needs a server that speaks SMTPUTF8. That may be asked of who has such
            // an address, but a plain one must not go without its mail for it.
            message = message.reply_to(contact(other));
        }
        let mut bytes = Vec::new();
        message
            .subject(Text::new(mail.subject))
            .date(Date::new(notification.booking.changed_at.timestamp()))
            .message_id(MessageId::new(message_id))
            // No holiday notices in return (RFC 3834).
            .header("Auto-Submitted", Text::new("auto-generated"))
            .body(body)
            .serialize(&mut bytes);
        bytes
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

/// The part that calendars act on. Its type is written by hand: `method="REQUEST"` would be correct, but some readers
/// know the word without quotes only.
fn calendar_part(method: CalendarMethod, calendar: String) -> MimePart<'static> {
    MimePart {
        headers: vec![(
            "Content-Type".into(),
            Raw::new(format!(
                "text/calendar; method={}; charset=utf-8",
                method.as_str()
            ))
            .into(),
        )],
        contents: BodyPart::Text(calendar.into()),
    }
}

fn is_ascii(person: &Contact) -> bool {
    ascii_address(&person.email).is_ascii()
}

fn contact(person: &Contact) -> Address<'static> {
    mailbox(&one_line(person.name.as_str()), &person.email)
}

fn mailbox(name: &str, address: &EmailAddress) -> Address<'static> {
    let name = Some(name.to_owned()).filter(|name| !name.is_empty());
    Address::new_address(name, ascii_address(address))
}

#[async_trait]
impl Notifier for MailNotifier {
    async fn notify(&self, notification: &Notification) -> Result<(), DeliveryError> {
        let mail = self.compose(notification).map_err(|error| DeliveryError {
            // Somebody's own template fails on this booking. It may be mended before the last try.
            kind: DeliveryErrorKind::Unavailable,
            source: Box::new(error),
        })?;
        self.transport.send(&mail).await?;
        tracing::info!(
            message.id = %mail.message_id,
            booking.id = %notification.booking.id,
            "Handed over message {} about booking {}",
            mail.message_id,
            notification.booking.id
        );
        Ok(())
    }
}
