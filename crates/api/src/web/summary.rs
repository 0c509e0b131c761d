//! What every page about a booking tells of it.

use chrono_tz::Tz;
use scheduling_app::bookings::BookingDetails;
use scheduling_core::booking::{Attendee, AttendeeRole};
use scheduling_core::event_type::AnswerValue;
use serde::Serialize;

use super::links::Paths;
use super::look;
use super::place::{Place, WebLink, web_link};
use super::wording::{city, lasting};

/// A booking in words.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Summary {
    pub title: String,
    pub lasting: String,
    pub workspace: String,
    pub place: Place,
    /// Full names.
    pub hosts: Vec<String>,
    pub invitee: Option<Contact>,
    /// Addresses.
    pub guests: Vec<String>,
    pub note: Option<String>,
    pub answers: Vec<Answered>,
    /// The style sheet of the event type's colour.
    pub accent: Option<String>,
}

/// Somebody who can be written to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Contact {
    pub name: String,
    pub email: String,
    /// The city he reads times in.
    pub city: String,
    /// A link that begins a mail to him.
    pub mailto: String,
}

impl Contact {
    pub(super) fn new(name: &str, email: &str, timezone: Tz, subject: &str) -> Self {
        let (mailbox, domain) = email.rsplit_once('@').unwrap_or((email, ""));
        Self {
            name: name.to_owned(),
            email: email.to_owned(),
            city: city(timezone),
            // A question mark in an address must not begin another field of the mail.
            mailto: format!(
                "mailto:{}@{}?subject={}",
                percent(mailbox),
                percent(domain),
                percent(subject)
            ),
        }
    }
}

/// A text with everything encoded that has a meaning in an address (RFC 3986).
fn percent(text: &str) -> String {
    use std::fmt::Write as _;

    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // A string takes whatever is written to it.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// A question and its answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Answered {
    question: String,
    answer: String,
    /// For an answer that is a link to the web.
    link: Option<WebLink>,
}

impl Summary {
    pub(super) fn new(details: &BookingDetails, paths: &Paths) -> Self {
        let BookingDetails {
            booking,
            workspace,
            event_type,
            hosts,
            ..
        } = details;
        let minutes = booking.interval.length().num_minutes();
        Self {
            title: event_type.title.to_string(),
            lasting: lasting(u32::try_from(minutes).unwrap_or(0)),
            workspace: workspace.name.to_string(),
            place: Place::booked(&booking.place),
            hosts: hosts.iter().map(|host| host.name.to_string()).collect(),
            invitee: booking
                .invitee()
                .map(|invitee| contact(invitee, event_type.title.as_str())),
            guests: booking
                .attendees
                .iter()
                .filter(|attendee| attendee.role == AttendeeRole::Guest)
                .map(|guest| guest.email.to_string())
                .collect(),
            note: booking.note.as_ref().map(ToString::to_string),
            answers: booking
                .answers
                .iter()
                .map(|answer| Answered {
                    question: answer.label.to_string(),
                    answer: answer.value.to_text(),
                    link: match &answer.value {
                        AnswerValue::Url(url) => web_link(url.as_str()),
                        _ => None,
                    },
                })
                .collect(),
            accent: look::accent(event_type, paths),
        }
    }
}

fn contact(attendee: &Attendee, subject: &str) -> Contact {
    let (name, email) = (attendee.name.as_str(), attendee.email.as_str());
    Contact::new(name, email, attendee.timezone, subject)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_brings_no_other_fields_into_a_mail() {
        let contact = Contact::new("A", "a?bcc=all+x@example.org", Tz::UTC, "50 % & more\r\nx");
        assert_eq!(
            contact.mailto,
            "mailto:a%3Fbcc%3Dall%2Bx@example.org?subject=50%20%25%20%26%20more%0D%0Ax"
        );
    }
}
