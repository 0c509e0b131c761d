//! What a template can say.

use chrono::TimeDelta;
use scheduling_core::booking::Party;
use scheduling_core::effect::NotificationKind;
use scheduling_core::event_type::AssignmentKind;
use scheduling_core::notification::{Audience, Contact, Notification};
use scheduling_core::text::Note;
use scheduling_core::time::Interval;
use serde::Serialize;

use self::place::Place;
pub(crate) use self::place::{join_url, place_text};
use self::said::OwnLead;
use crate::address::{address_key, mailto, one_line};
use crate::invite::{CalendarMethod, event_title};
use crate::local_time::{LocalTime, Moment, other_zones, soon};

mod place;
mod said;

/// A notification as a template sees it. The names are the templates' interface: people write their own against it.
#[derive(Debug, Serialize)]
pub(crate) struct Context {
    /// What the message is about, and the folder of its templates.
    kind: &'static str,
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
    /// When it was before it moved, on the reader's clock.
    previous: Option<LocalTime>,
    /// Until when a request waits.
    deadline: Option<Moment>,
    /// `in an hour`, `tomorrow at 14:00`.
    soon: String,
    hosts: Vec<Person>,
    /// The hosts' names, as part of a sentence.
    hosted_by: String,
    /// The same with `you` for a host who reads.
    hosted_by_you: String,
    invitee: Person,
    guests: Vec<Person>,
    location: Place,
    /// What the invitee wrote, line by line. Not for guests: it was written to the hosts.
    note: Vec<String>,
    /// What the invitee answered. Not for guests either.
    answers: Vec<Answered>,
    /// The event type's message to the invitee, line by line.
    message: Vec<String>,
    /// Everybody in the pool is asked for an answer.
    all_hands: bool,
    /// Calendars may have an entry of it.
    was_confirmed: bool,
    /// It does not take place, or not with the reader.
    is_off: bool,
    /// `invitee`, `host` or `system`: who declined, moved or cancelled it.
    decided_by: Option<&'static str>,
    /// The same for what was cancelled alone.
    cancelled_by: Option<&'static str>,
    /// Why, line by line.
    reason: Vec<String>,
    /// `request` or `cancel`: what the attached calendar entry asks for. None where there is none.
    calendar: Option<&'static str>,
    links: Links,
    /// The workspace's own words, in place of ours.
    own_words: Option<OwnLead>,
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
struct Answered {
    question: String,
    lines: Vec<String>,
}

#[derive(Debug, Default, Serialize)]
struct Links {
    manage: Option<String>,
    answer: Option<String>,
    reschedule: Option<String>,
    cancel: Option<String>,
    book_again: Option<String>,
}

impl Context {
    /// The context, with the workspace's own words for the beginning where there are any.
    pub(crate) fn new(notification: &Notification, own_words: Option<&str>) -> Self {
        let Notification {
            to,
            audience,
            booking,
            kind,
            ..
        } = notification;
        let interval = shown_interval(notification);
        let other_side: &[Contact] = match audience {
            Audience::Invitee | Audience::Guest => &booking.hosts,
            Audience::Host => std::slice::from_ref(&booking.invitee),
        };
        let other_times = other_zones(to.timezone, other_side, |person| person.timezone)
            .into_iter()
            .map(|(zone, people)| OtherTime {
                whose: some_people(people.into_iter()),
                time: LocalTime::new(interval, zone),
            })
            .collect();
        let decision = booking.decision.as_ref().filter(|_| decides(*kind));
        let decided_by = decision.map(|decision| match decision.by {
            Party::Invitee => "invitee",
            Party::Host => "host",
            Party::System => "system",
        });
        let is_guest = *audience == Audience::Guest;
        Self {
            kind: kind.as_str(),
            audience: match audience {
                Audience::Invitee => "invitee",
                Audience::Guest => "guest",
                Audience::Host => "host",
            },
            event_title: event_title(booking),
            title: one_line(booking.title.as_str()),
            workspace: one_line(booking.workspace.as_str()),
            length: length(interval.length()),
            time: LocalTime::new(interval, to.timezone),
            other_times,
            previous: booking
                .previous
                .as_ref()
                .filter(|previous| *previous != interval)
                .map(|previous| LocalTime::new(previous, to.timezone)),
            deadline: booking
                .waits_until
                .map(|until| Moment::new(until, to.timezone)),
            soon: soon(notification.at, interval, to.timezone),
            hosts: booking.hosts.iter().map(Person::new).collect(),
            hosted_by: some_people(booking.hosts.iter()),
            hosted_by_you: with_you(notification),
            invitee: Person::new(&booking.invitee),
            guests: booking.guests.iter().map(Person::new).collect(),
            location: Place::new(booking, *audience),
            note: note_lines(booking.note.as_ref().filter(|_| !is_guest)),
            answers: answers(notification),
            message: note_lines(
                booking
                    .confirmation_message
                    .as_ref()
                    .filter(|_| *audience == Audience::Invitee && takes_place(*kind)),
            ),
            all_hands: booking.assignment == AssignmentKind::AllHands,
            was_confirmed: booking.was_confirmed,
            is_off: is_off(*kind),
            decided_by,
            cancelled_by: (*kind == NotificationKind::Cancelled)
                .then(|| decided_by.unwrap_or("system")),
            reason: note_lines(decision.and_then(|decision| decision.reason.as_ref())),
            calendar: CalendarMethod::of(notification).map(|method| match method {
                CalendarMethod::Cancel => "cancel",
                CalendarMethod::Request | CalendarMethod::Publish => "request",
            }),
            links: Links::new(notification),
            own_words: own_words.map(|text| OwnLead::new(text, notification)),
        }
    }
}

impl Links {
    /// The links are keys to the booking: whatever the caller filled in, guests get none.
    fn new(notification: &Notification) -> Self {
        if notification.audience == Audience::Guest {
            return Self::default();
        }
        let links = notification.links.clone();
        Self {
            manage: links.manage,
            answer: links.answer,
            reschedule: links.reschedule,
            cancel: links.cancel,
            book_again: links.book_again,
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

/// The time that a message is about: for a host who was released, the one that he had.
pub(crate) fn shown_interval(notification: &Notification) -> &Interval {
    let booking = &notification.booking;
    match (notification.kind, &booking.previous) {
        (NotificationKind::Released, Some(previous)) => previous,
        _ => &booking.interval,
    }
}

/// Whether a message tells of somebody's decision: in the others, a decision that is older is none of their business.
pub(crate) fn decides(kind: NotificationKind) -> bool {
    matches!(
        kind,
        NotificationKind::Requested
            | NotificationKind::Rescheduled
            | NotificationKind::Released
            | NotificationKind::Declined
            | NotificationKind::Cancelled
    )
}

fn takes_place(kind: NotificationKind) -> bool {
    matches!(
        kind,
        NotificationKind::Confirmed
            | NotificationKind::Approved
            | NotificationKind::Rescheduled
            | NotificationKind::Reminder
    )
}

fn is_off(kind: NotificationKind) -> bool {
    matches!(
        kind,
        NotificationKind::Declined
            | NotificationKind::Released
            | NotificationKind::Cancelled
            | NotificationKind::Expired
    )
}

fn answers(notification: &Notification) -> Vec<Answered> {
    if notification.audience == Audience::Guest {
        return Vec::new();
    }
    let answers = notification.booking.answers.iter();
    answers
        .map(|answer| Answered {
            question: one_line(answer.label.as_str()),
            lines: lines(&answer.value.to_text()),
        })
        .collect()
}

fn note_lines(note: Option<&Note>) -> Vec<String> {
    note.map(|note| lines(note.as_str())).unwrap_or_default()
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

/// The hosts, with the one who reads in front.
fn with_you(notification: &Notification) -> String {
    let hosts = &notification.booking.hosts;
    let reader = address_key(&notification.to.email);
    let others: Vec<&Contact> = hosts
        .iter()
        .filter(|host| address_key(&host.email) != reader)
        .collect();
    if notification.audience != Audience::Host || others.len() == hosts.len() {
        return some_people(hosts.iter());
    }
    let names = others.into_iter().map(|host| one_line(host.name.as_str()));
    some(std::iter::once("you".to_owned()).chain(names).collect())
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
pub(crate) fn some_people<'a>(people_in_order: impl Iterator<Item = &'a Contact>) -> String {
    some(
        people_in_order
            .map(|person| one_line(person.name.as_str()))
            .collect(),
    )
}

fn some(mut names: Vec<String>) -> String {
    let all = names.len();
    if all > 4 {
        names.truncate(3);
        names.push(format!("{} others", all - 3));
    }
    people(&names)
}

pub(crate) fn length(length: TimeDelta) -> String {
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
