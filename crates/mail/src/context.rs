//! What a template can say.

use chrono::TimeDelta;
use scheduling_core::booking::Party;
use scheduling_core::effect::NotificationKind;
use scheduling_core::event_type::{AssignmentKind, MeetingPlace};
use scheduling_core::notification::{Audience, Contact, Notification};
use serde::Serialize;

use crate::address::{mailto, one_line};
use crate::invite::{event_title, location_text};
use crate::local_time::{LocalTime, other_zones};

/// A notification as a template sees it. The names are the templates' interface: people write their own against it.
#[derive(Debug, Serialize)]
pub(crate) struct Context {
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
    /// `in_person`, `link`, `conference`, `phone`, `host_calls` or `custom`.
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
    pub(crate) fn new(notification: &Notification) -> Self {
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
            location: Place::new(&booking.place),
            note: match (&booking.note, audience) {
                (Some(note), Audience::Invitee | Audience::Host) => lines(note.as_str()),
                (None, _) | (_, Audience::Guest) => Vec::new(),
            },
            all_hands: booking.assignment == AssignmentKind::AllHands,
            cancelled_by: match notification.kind {
                NotificationKind::Cancelled => Some(match &booking.decision {
                    Some(decision) => match decision.by {
                        Party::Invitee => "invitee",
                        Party::Host => "host",
                        Party::System => "system",
                    },
                    None => "system",
                }),
                _ => None,
            },
            reason: booking
                .decision
                .as_ref()
                .and_then(|decision| decision.reason.as_ref())
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
    fn new(place: &MeetingPlace) -> Self {
        let text = location_text(place);
        Self {
            kind: match place {
                MeetingPlace::InPerson { .. } => "in_person",
                MeetingPlace::Link { .. } => "link",
                MeetingPlace::Conference { .. } => "conference",
                MeetingPlace::Phone { .. } => "phone",
                MeetingPlace::HostCalls { .. } => "host_calls",
                MeetingPlace::Custom { .. } | MeetingPlace::ChosenByInvitee { .. } => "custom",
            },
            lines: lines(text),
            url: match place {
                // Anything else, such as a `javascript:` link, stays text.
                MeetingPlace::Link { url } | MeetingPlace::Conference { url: Some(url), .. } => {
                    Some(url.as_str().to_owned())
                }
                _ => None,
            },
        }
    }
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
}
