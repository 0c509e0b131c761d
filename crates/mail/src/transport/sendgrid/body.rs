//! The request's body, as SendGrid documents it.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use crate::address::ascii_address;
use crate::message::{Mailbox, OutgoingMail};

#[derive(Debug, Serialize)]
pub(super) struct Body<'a> {
    personalizations: [Personalization<'a>; 1],
    from: Party<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to: Option<Party<'a>>,
    subject: &'a str,
    /// Plain text first, HTML next, then the rest: SendGrid insists on it.
    content: Vec<Content<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<Attachment>,
    headers: BTreeMap<&'static str, String>,
    tracking_settings: TrackingSettings,
}

#[derive(Debug, Serialize)]
struct Personalization<'a> {
    to: [Party<'a>; 1],
    custom_args: BTreeMap<&'static str, String>,
}

#[derive(Debug, Serialize)]
struct Party<'a> {
    email: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    name: &'a str,
}

#[derive(Debug, Serialize)]
struct Content<'a> {
    #[serde(rename = "type")]
    kind: String,
    value: &'a str,
}

#[derive(Debug, Serialize)]
struct Attachment {
    /// In Base64.
    content: String,
    #[serde(rename = "type")]
    kind: &'static str,
    filename: &'static str,
    disposition: &'static str,
}

/// Nothing is tracked, whatever the account's own settings are: links that are rewritten would carry manage links to
/// somebody else.
#[derive(Debug, Serialize)]
struct TrackingSettings {
    click_tracking: ClickTracking,
    open_tracking: Switch,
    subscription_tracking: Switch,
    ganalytics: Switch,
}

#[derive(Debug, Serialize)]
struct ClickTracking {
    enable: bool,
    enable_text: bool,
}

#[derive(Debug, Serialize)]
struct Switch {
    enable: bool,
}

const OFF: Switch = Switch { enable: false };

impl<'a> Body<'a> {
    pub(super) fn new(mail: &'a OutgoingMail) -> Self {
        let letter = &mail.letter;
        let mut content = vec![
            Content {
                kind: "text/plain".to_owned(),
                value: &letter.text,
            },
            Content {
                kind: "text/html".to_owned(),
                value: &letter.html,
            },
        ];
        let mut attachments = Vec::new();
        if let Some(calendar) = &letter.calendar {
            content.push(Content {
                kind: format!("text/calendar; method={}", calendar.method.as_str()),
                value: &calendar.text,
            });
            attachments.push(Attachment {
                content: STANDARD.encode(&calendar.text),
                kind: "application/ics",
                filename: "invite.ics",
                disposition: "attachment",
            });
        }
        Self {
            personalizations: [Personalization {
                to: [party(&letter.to)],
                custom_args: BTreeMap::from([("outbox_id", mail.id.to_string())]),
            }],
            from: party(&letter.from),
            // SendGrid knows no SMTPUTF8: without such an address the mail goes out, with it it would not.
            reply_to: letter
                .reply_to
                .as_ref()
                .map(party)
                .filter(|reply_to| reply_to.email.is_ascii()),
            subject: &letter.subject,
            content,
            attachments,
            headers: headers(mail),
            tracking_settings: TrackingSettings {
                click_tracking: ClickTracking {
                    enable: false,
                    enable_text: false,
                },
                open_tracking: OFF,
                subscription_tracking: OFF,
                ganalytics: OFF,
            },
        }
    }
}

fn headers(mail: &OutgoingMail) -> BTreeMap<&'static str, String> {
    let mut headers = BTreeMap::from([
        ("Auto-Submitted", "auto-generated".to_owned()),
        ("Message-ID", format!("<{}>", mail.message_id)),
    ]);
    let references: Vec<String> = mail
        .letter
        .references
        .iter()
        .map(|id| format!("<{id}>"))
        .collect();
    if !references.is_empty() {
        headers.insert("References", references.join(" "));
    }
    headers
}

fn party(mailbox: &Mailbox) -> Party<'_> {
    Party {
        email: ascii_address(&mailbox.address),
        name: &mailbox.name,
    }
}
