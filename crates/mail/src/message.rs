//! A message in its parts, and the bytes that mail servers take.
//!
//! An HTTP interface wants the parts, SMTP the bytes. Both say the same.

use chrono::{DateTime, Utc};
use mail_send::mail_builder::MessageBuilder;
use mail_send::mail_builder::headers::address::Address;
use mail_send::mail_builder::headers::content_type::ContentType;
use mail_send::mail_builder::headers::date::Date;
use mail_send::mail_builder::headers::message_id::MessageId;
use mail_send::mail_builder::headers::raw::Raw;
use mail_send::mail_builder::headers::text::Text;
use mail_send::mail_builder::mime::{BodyPart, MimePart};
use scheduling_core::ids::OutboxId;
use scheduling_core::text::EmailAddress;

use crate::address::ascii_address;
use crate::dkim::DkimSigner;
use crate::invite::CalendarMethod;

/// A name and an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    /// The name, on one line; empty where there is none.
    pub name: String,
    /// The address.
    pub address: EmailAddress,
}

/// A calendar entry that comes with a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarPart {
    /// What the calendar is asked to do.
    pub method: CalendarMethod,
    /// The entry, with CRLF line ends.
    pub text: String,
}

/// What a message says, and to whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Who it comes from: also the envelope's sender, where bounces go.
    pub from: Mailbox,
    /// Who it is for: also the envelope's recipient.
    pub to: Mailbox,
    /// Who is answered, where that is somebody else.
    pub reply_to: Option<Mailbox>,
    /// Message-IDs without angle brackets that this message belongs with, so that mailboxes show them together.
    pub references: Vec<String>,
    /// The subject, on one line.
    pub subject: String,
    /// The date in its header.
    pub date: DateTime<Utc>,
    /// The text.
    pub text: String,
    /// The same as a page.
    pub html: String,
    /// The calendar entry, where there is one.
    pub calendar: Option<CalendarPart>,
}

/// A finished message with its envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingMail {
    /// The outbox row that it fulfils.
    pub id: OutboxId,
    /// The Message-ID without its angle brackets. The same for every try.
    pub message_id: String,
    /// Its parts, for transports that put messages together themselves.
    pub letter: Letter,
    /// Headers and body, with CRLF line ends, for transports that do not.
    pub bytes: Vec<u8>,
}

impl OutgoingMail {
    /// Puts a letter together. The same letter makes the same bytes.
    pub fn new(id: OutboxId, message_id: String, letter: Letter) -> Self {
        let bytes = compose(id, &message_id, &letter);
        Self {
            id,
            message_id,
            letter,
            bytes,
        }
    }

    /// The same with a DKIM signature in front of its bytes.
    #[must_use]
    pub fn signed(mut self, signer: &DkimSigner) -> Self {
        let mut bytes = signer.signature(&self.bytes).into_bytes();
        bytes.append(&mut self.bytes);
        self.bytes = bytes;
        self
    }

    /// The envelope's sender: where bounces go.
    pub fn sender(&self) -> &EmailAddress {
        &self.letter.from.address
    }

    /// The envelope's recipient.
    pub fn recipient(&self) -> &EmailAddress {
        &self.letter.to.address
    }
}

fn compose(id: OutboxId, message_id: &str, letter: &Letter) -> Vec<u8> {
    let mut message = MessageBuilder::new()
        .from(address(&letter.from))
        .to(address(&letter.to));
    if let Some(reply_to) = &letter.reply_to {
        message = message.reply_to(address(reply_to));
    }
    if !letter.references.is_empty() {
        message = message.references(letter.references.clone());
    }
    let mut bytes = Vec::new();
    message
        .subject(Text::new(letter.subject.as_str()))
        .date(Date::new(letter.date.timestamp()))
        .message_id(MessageId::new(message_id))
        // No holiday notices in return (RFC 3834).
        .header("Auto-Submitted", Text::new("auto-generated"))
        .body(body(id, letter))
        .serialize(&mut bytes);
    bytes
}

fn body(id: OutboxId, letter: &Letter) -> MimePart<'_> {
    // The parts' boundaries are the message's own, since a boundary made of the time would make every try another
    // message. Nobody who fills in a form knows the id.
    let multipart = |kind: &'static str, name: &str, parts| {
        let boundary = format!("{name}-{}", id.as_uuid().simple());
        MimePart::new(
            ContentType::new(kind).attribute("boundary", boundary),
            parts,
        )
    };
    let mut alternatives = vec![
        MimePart::new("text/plain", letter.text.as_str()),
        MimePart::new("text/html", letter.html.as_str()),
    ];
    let Some(calendar) = &letter.calendar else {
        return multipart("multipart/alternative", "alt", alternatives);
    };
    alternatives.push(calendar_part(calendar));
    let attachment = MimePart::new(
        ContentType::new("application/ics").attribute("name", "invite.ics"),
        calendar.text.as_bytes(),
    )
    .attachment("invite.ics");
    let alternatives = multipart("multipart/alternative", "alt", alternatives);
    multipart("multipart/mixed", "mixed", vec![alternatives, attachment])
}

/// The part that calendars act on. Its type is written by hand: `method="REQUEST"` would be correct, but some readers
/// know the word without quotes only.
fn calendar_part(calendar: &CalendarPart) -> MimePart<'_> {
    MimePart {
        headers: vec![(
            "Content-Type".into(),
            Raw::new(format!(
                "text/calendar; method={}; charset=utf-8",
                calendar.method.as_str()
            ))
            .into(),
        )],
        contents: BodyPart::Text(calendar.text.as_str().into()),
    }
}

fn address(mailbox: &Mailbox) -> Address<'_> {
    let name = Some(mailbox.name.as_str()).filter(|name| !name.is_empty());
    Address::new_address(name, ascii_address(&mailbox.address))
}
