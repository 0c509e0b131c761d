//! The wording: a notification becomes a subject, a text and an HTML page.
//!
//! Each notification has a folder of three templates, `subject.txt.j2`, `body.txt.j2` and `body.html.j2`, which share
//! the layouts beside them. They are inside the binary; a folder of one's own can replace them file by file.

use std::fmt::Write;
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use minijinja::{
    AutoEscape, Environment, Output, UndefinedBehavior, Value, escape_formatter, path_loader,
};
use scheduling_core::booking::Party;
use scheduling_core::effect::NotificationKind;
use scheduling_core::event_type::{AssignmentKind, Location};
use scheduling_core::ids::{BookingId, OutboxId};
use scheduling_core::notification::{
    Audience, BookingFacts, Cancellation, Contact, Notification, NotificationLinks,
};
use scheduling_core::time::Interval;
use serde::Serialize;
use thiserror::Error;
use uuid::Uuid;

use crate::address::{mailto, one_line};
use crate::invite::{event_title, location_text};
use crate::local_time::{LocalTime, other_zones};

/// A template that cannot be used.
#[derive(Debug, Error)]
#[error("the mail template {name:?} cannot be used")]
pub struct TemplateError {
    /// Which one.
    pub name: String,
    /// What the template engine said.
    #[source]
    pub source: minijinja::Error,
}

macro_rules! built_in {
    ($($name:literal),* $(,)?) => {
        /// Every template by name, with the text it has unless somebody replaces it.
        const BUILT_IN: &[(&str, &str)] = &[
            $(($name, include_str!(concat!("../templates/", $name)))),*
        ];
    };
}

built_in![
    "layout.txt.j2",
    "layout.html.j2",
    "confirmed/subject.txt.j2",
    "confirmed/body.txt.j2",
    "confirmed/body.html.j2",
    "cancelled/subject.txt.j2",
    "cancelled/body.txt.j2",
    "cancelled/body.html.j2",
];

/// Fonts that are there already: nothing in a mail is fetched from anywhere.
const SANS: &str =
    "-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif";
const SERIF: &str =
    "'Iowan Old Style','Palatino Linotype',Palatino,P052,'Noto Serif',Georgia,serif";

/// The templates, parsed.
pub(crate) struct Templates {
    environment: Environment<'static>,
}

/// A notification in words.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rendered {
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
}

impl Templates {
    /// Parses every template, those from the folder first, and tries them on samples: a misspelt word in somebody's own
    /// template is found at the start.
    pub(crate) fn load(folder: Option<&Path>) -> Result<Self, TemplateError> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_trim_blocks(true);
        environment.set_lstrip_blocks(true);
        environment.set_keep_trailing_newline(true);
        environment.set_formatter(|out, state, value| match value.as_str() {
            Some(text) if state.auto_escape() == AutoEscape::Html && !value.is_safe() => {
                write_html(out, text)
            }
            _ => escape_formatter(out, state, value),
        });
        environment.add_global("sans", Value::from_safe_string(SANS.to_owned()));
        environment.add_global("serif", Value::from_safe_string(SERIF.to_owned()));
        let own = folder.map(path_loader);
        environment.set_loader(move |name| {
            if let Some(own) = &own
                && let Some(text) = own(name)?
            {
                return Ok(Some(text));
            }
            Ok(BUILT_IN
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, text)| (*text).to_owned()))
        });
        for (name, _) in BUILT_IN {
            environment
                .get_template(name)
                .map_err(|source| template_error(name, source))?;
        }
        let templates = Self { environment };
        for sample in samples() {
            templates.render(&sample)?;
        }
        Ok(templates)
    }

    pub(crate) fn render(&self, notification: &Notification) -> Result<Rendered, TemplateError> {
        let folder = match notification.kind {
            NotificationKind::Confirmed => "confirmed",
            NotificationKind::Cancelled => "cancelled",
        };
        let context = Value::from_serialize(Context::new(notification));
        let render = |file: &str| {
            let name = format!("{folder}/{file}.j2");
            self.environment
                .get_template(&name)
                .and_then(|template| template.render(&context))
                .map_err(|source| template_error(&name, source))
        };
        Ok(Rendered {
            subject: one_line(&render("subject.txt")?),
            text: render("body.txt")?,
            html: render("body.html")?,
        })
    }
}

/// Each notification to each reader, with everything that a booking may have and with nothing of it.
fn samples() -> Vec<Notification> {
    let person = |name: &str, email: &str, timezone: Tz| {
        Some(Contact {
            name: name.parse().ok()?,
            email: email.parse().ok()?,
            timezone,
        })
    };
    let booking = |rich: bool| {
        let host = person("Mara", "mara@example.org", Tz::Europe__Berlin)?;
        let start = DateTime::<Utc>::UNIX_EPOCH;
        Some(BookingFacts {
            id: BookingId::from_uuid(Uuid::nil()),
            sequence: 0,
            title: "Sample".parse().ok()?,
            workspace: "Sample".parse().ok()?,
            interval: Interval::new(start, start + TimeDelta::minutes(30)).ok()?,
            location: Location::Link {
                url: "https://example.org".parse().ok()?,
            },
            assignment: AssignmentKind::AllHands,
            hosts: vec![host; if rich { 2 } else { 1 }],
            invitee: person("Elena", "elena@example.org", Tz::Europe__Lisbon)?,
            guests: person("Jonas", "jonas@example.org", Tz::UTC)
                .into_iter()
                .filter(|_| rich)
                .collect(),
            note: "Sample".parse().ok().filter(|_| rich),
            cancelled: Some(Cancellation {
                by: Party::Host,
                reason: "Sample".parse().ok().filter(|_| rich),
            }),
            changed_at: start,
        })
    };
    let link = |rich: bool| Some("https://example.org".to_owned()).filter(|_| rich);
    let mut samples = Vec::new();
    for rich in [true, false] {
        for kind in [NotificationKind::Confirmed, NotificationKind::Cancelled] {
            for audience in [Audience::Invitee, Audience::Guest, Audience::Host] {
                samples.extend(booking(rich).map(|booking| Notification {
                    id: OutboxId::from_uuid(Uuid::nil()),
                    kind,
                    to: booking.invitee.clone(),
                    audience,
                    booking,
                    links: NotificationLinks {
                        manage: link(rich),
                        cancel: link(rich),
                        book_again: link(rich),
                    },
                }));
            }
        }
    }
    samples
}

/// Escapes text for HTML, attributes in quotes included. The engine's own escapes slashes too, which makes links
/// unreadable for whoever looks at the source.
fn write_html(out: &mut Output<'_>, text: &str) -> Result<(), minijinja::Error> {
    for c in text.chars() {
        match c {
            '&' => out.write_str("&amp;"),
            '<' => out.write_str("&lt;"),
            '>' => out.write_str("&gt;"),
            '"' => out.write_str("&quot;"),
            '\'' => out.write_str("&#39;"),
            c => out.write_char(c),
        }?;
    }
    Ok(())
}

fn template_error(name: &str, source: minijinja::Error) -> TemplateError {
    TemplateError {
        name: name.to_owned(),
        source,
    }
}

/// What a template can say. The names are the templates' interface: people write their own against it.
#[derive(Debug, Serialize)]
struct Context {
    /// `invitee`, `guest` or `host`: who reads.
    audience: &'static str,
    /// What the meeting is called in calendars: title and people.
    event_title: String,
    title: String,
    workspace: String,
    /// `30 min`.
    length: String,
    /// When, on the reader's clock.
    time: LocalTime,
    /// When, for everyone on the other side whose zone is not the reader's.
    other_times: Vec<OtherTime>,
    hosts: Vec<Person>,
    /// The hosts' names, as part of a sentence.
    hosted_by: String,
    invitee: Person,
    guests: Vec<Person>,
    location: Place,
    /// What the invitee wrote, line by line. Not for guests: it was written to the hosts.
    note: Vec<String>,
    /// Everybody in the pool is asked for an answer.
    all_hands: bool,
    /// `invitee`, `host` or `system`: who called it off. None while it stands.
    cancelled_by: Option<&'static str>,
    /// Why it was called off, line by line.
    reason: Vec<String>,
    links: Links,
}

#[derive(Debug, Serialize)]
struct OtherTime {
    whose: String,
    time: LocalTime,
}

#[derive(Debug, Serialize)]
struct Person {
    name: String,
    email: String,
    /// The same as a link.
    mailto: String,
    zone: &'static str,
}

#[derive(Debug, Serialize)]
struct Place {
    /// `in_person`, `link`, `phone` or `custom`.
    kind: &'static str,
    lines: Vec<String>,
    /// The link, where it is one that a browser opens.
    url: Option<String>,
}

#[derive(Debug, Default, Serialize)]
struct Links {
    manage: Option<String>,
    cancel: Option<String>,
    book_again: Option<String>,
}

impl Context {
    fn new(notification: &Notification) -> Self {
        let Notification {
            to,
            audience,
            booking,
            links,
            ..
        } = notification;
        let other_side: &[Contact] = match audience {
            Audience::Invitee | Audience::Guest => &booking.hosts,
            Audience::Host => std::slice::from_ref(&booking.invitee),
        };
        let other_times = other_zones(to.timezone, other_side, |person| person.timezone)
            .into_iter()
            .map(|(zone, people)| OtherTime {
                whose: some_people(people.into_iter()),
                time: LocalTime::new(&booking.interval, zone),
            })
            .collect();
        Self {
            audience: match audience {
                Audience::Invitee => "invitee",
                Audience::Guest => "guest",
                Audience::Host => "host",
            },
            event_title: event_title(booking),
            title: one_line(booking.title.as_str()),
            workspace: one_line(booking.workspace.as_str()),
            length: length(booking.interval.length()),
            time: LocalTime::new(&booking.interval, to.timezone),
            other_times,
            hosts: booking.hosts.iter().map(Person::new).collect(),
            hosted_by: some_people(booking.hosts.iter()),
            invitee: Person::new(&booking.invitee),
            guests: booking.guests.iter().map(Person::new).collect(),
            location: Place::new(&booking.location),
            note: match (&booking.note, audience) {
                (Some(note), Audience::Invitee | Audience::Host) => lines(note.as_str()),
                (None, _) | (_, Audience::Guest) => Vec::new(),
            },
            all_hands: booking.assignment == AssignmentKind::AllHands,
            cancelled_by: match notification.kind {
                NotificationKind::Confirmed => None,
                NotificationKind::Cancelled => Some(match &booking.cancelled {
                    Some(cancellation) => match cancellation.by {
                        Party::Invitee => "invitee",
                        Party::Host => "host",
                        Party::System => "system",
                    },
                    None => "system",
                }),
            },
            reason: booking
                .cancelled
                .as_ref()
                .and_then(|cancellation| cancellation.reason.as_ref())
                .map(|reason| lines(reason.as_str()))
                .unwrap_or_default(),
            // The manage link is a key to the booking: whatever the caller filled in, it goes to the invitee alone.
            links: match audience {
                Audience::Invitee => Links {
                    manage: links.manage.clone(),
                    cancel: links.cancel.clone(),
                    book_again: links.book_again.clone(),
                },
                Audience::Guest | Audience::Host => Links::default(),
            },
        }
    }
}

impl Person {
    fn new(person: &Contact) -> Self {
        Self {
            name: one_line(person.name.as_str()),
            email: person.email.as_str().to_owned(),
            mailto: mailto(&person.email),
            zone: person.timezone.name(),
        }
    }
}

impl Place {
    fn new(location: &Location) -> Self {
        let text = location_text(location);
        Self {
            kind: match location {
                Location::InPerson { .. } => "in_person",
                Location::Link { .. } => "link",
                Location::Phone { .. } => "phone",
                Location::Custom { .. } => "custom",
            },
            lines: lines(text),
            url: match location {
                // Anything else, such as a `javascript:` link, stays text.
                Location::Link { url } if is_web_link(url.as_str()) => {
                    Some(url.as_str().to_owned())
                }
                _ => None,
            },
        }
    }
}

fn is_web_link(url: &str) -> bool {
    ["https://", "http://"].iter().any(|scheme| {
        url.get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    })
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(one_line_keeping_indent).collect()
}

fn one_line_keeping_indent(line: &str) -> String {
    let indent: String = line
        .chars()
        .take_while(|c| matches!(c, ' ' | '\t'))
        .take(40)
        .map(|_| ' ')
        .collect();
    format!("{indent}{}", one_line(line))
}

/// `A`, `A and B`, `A, B and C`.
pub(crate) fn people(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// The same with the first three by name.
fn some_people<'a>(people_in_order: impl ExactSizeIterator<Item = &'a Contact>) -> String {
    let all = people_in_order.len();
    let mut names: Vec<String> = people_in_order
        .take(if all > 4 { 3 } else { 4 })
        .map(|person| one_line(person.name.as_str()))
        .collect();
    if all > 4 {
        names.push(format!("{} others", all - 3));
    }
    people(&names)
}

fn length(length: TimeDelta) -> String {
    let minutes = length.num_minutes();
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_sample_of_each_kind() {
        assert_eq!(samples().len(), 12);
    }

    #[test]
    fn names_make_a_sentence() {
        let names = ["A", "B", "C"].map(str::to_owned);
        assert_eq!(people(&names[..1]), "A");
        assert_eq!(people(&names[..2]), "A and B");
        assert_eq!(people(&names), "A, B and C");
    }

    #[test]
    fn a_length_is_said_as_people_say_it() {
        let words = |minutes| length(TimeDelta::minutes(minutes));
        assert_eq!(
            [words(30), words(60), words(90), words(480)],
            ["30 min", "1 h", "1 h 30 min", "8 h"]
        );
    }

    #[test]
    fn only_a_web_link_is_a_link() {
        assert!(is_web_link("HTTPS://example.org"));
        for text in ["javascript:alert(1)", "data:text/html,x", "ftp://x", "é"] {
            assert!(!is_web_link(text), "{text}");
        }
    }
}
