//! What words of one's own can name.

use std::collections::BTreeMap;

use minijinja::Value;
use scheduling_core::notification::{Audience, Contact, Notification};
use scheduling_core::text::Note;

use crate::address::{one_line, plain_text};
use crate::context::{decides, join_url, length, place_text, shown_interval, some_people};
use crate::invite::event_title;
use crate::local_time::{LocalTime, Moment, soon};

/// Each variable and what it stands for. What a message has not stays empty.
pub(crate) const VARIABLES: &[(&str, &str)] = &[
    ("reader_name", "the name of whoever reads the message"),
    ("reader_first_name", "the first word of that name"),
    ("invitee_name", "the name of whoever booked"),
    ("invitee_first_name", "the first word of that name"),
    ("invitee_email", "the invitee's address; not for guests"),
    ("host_names", "the names of the hosts: A, B and C"),
    ("host_first_name", "the first word of the first host's name"),
    (
        "guest_names",
        "the names of the invitee's guests: A, B and C",
    ),
    ("event_title", "the event type's title"),
    ("meeting", "the title and who meets, as calendars show it"),
    ("workspace", "the workspace's name"),
    (
        "date",
        "the day of the meeting on the reader's clock: Tuesday 24 November 2026",
    ),
    ("start_time", "its beginning on the reader's clock: 14:00"),
    ("end_time", "its end on the reader's clock: 14:30"),
    ("when", "how far off it is: tomorrow at 14:00, in an hour"),
    ("timezone", "the reader's zone: Europe/Lisbon"),
    ("utc_offset", "its offset at the meeting: UTC+00:00"),
    ("duration", "the length of the meeting: 30 min"),
    (
        "place",
        "where it is: an address, a link, who calls which number",
    ),
    (
        "join_link",
        "the link to the video call, where there is one",
    ),
    ("note", "what the invitee wrote; not for guests"),
    (
        "answers",
        "all questions and answers, a line each; not for guests",
    ),
    (
        "answer",
        "one answer by its question's key, with `_` for each hyphen: answer.company_size; not for guests",
    ),
    (
        "confirmation_message",
        "the event type's message to invitees",
    ),
    ("reason", "why it was declined, moved or cancelled"),
    (
        "previous_date",
        "the day before a move, on the reader's clock",
    ),
    ("previous_start_time", "the beginning before a move"),
    ("previous_end_time", "the end before a move"),
    (
        "answer_by",
        "until when a request waits: Wednesday 25 November, 09:15",
    ),
    (
        "manage_link",
        "the page of the booking; each side's own, none for guests",
    ),
    (
        "reschedule_link",
        "the page on which the reader moves it, where he may",
    ),
    (
        "cancel_link",
        "the page on which the reader cancels it, where he may",
    ),
    (
        "answer_link",
        "the page on which a host approves or declines a request",
    ),
    (
        "book_again_link",
        "the page on which another meeting is booked, once this one is over",
    ),
];

/// What the variables stand for in a message.
pub(super) fn values(notification: &Notification) -> Value {
    let (lines, by_key) = answers(notification);
    let mut values: BTreeMap<&str, Value> = people(notification)
        .into_iter()
        .chain(times(notification))
        .chain(texts(notification))
        .chain(links(notification))
        .chain([("answers", Some(lines))])
        .map(|(name, text)| (name, Value::from(text.unwrap_or_default())))
        .collect();
    values.insert("answer", Value::from(by_key));
    Value::from(values)
}

type Named = (&'static str, Option<String>);

fn people(notification: &Notification) -> [Named; 8] {
    let Notification { booking, to, .. } = notification;
    let invitee = &booking.invitee;
    [
        ("reader_name", Some(name(to))),
        ("reader_first_name", Some(first_name(to))),
        ("invitee_name", Some(name(invitee))),
        ("invitee_first_name", Some(first_name(invitee))),
        (
            "invitee_email",
            unless_guest(notification, || invitee.email.to_string()),
        ),
        ("host_names", Some(some_people(booking.hosts.iter()))),
        ("host_first_name", booking.hosts.first().map(first_name)),
        ("guest_names", Some(some_people(booking.guests.iter()))),
    ]
}

fn times(notification: &Notification) -> [Named; 11] {
    let zone = notification.to.timezone;
    let interval = shown_interval(notification);
    let time = LocalTime::new(interval, zone);
    let previous = notification.booking.previous.as_ref();
    let previous = previous.map(|previous| LocalTime::new(previous, zone));
    let was = |part: fn(&LocalTime) -> &String| previous.as_ref().map(|time| part(time).clone());
    let until = notification.booking.waits_until;
    [
        ("date", Some(time.date)),
        ("start_time", Some(time.start)),
        ("end_time", Some(time.end)),
        ("when", Some(soon(notification.at, interval, zone))),
        ("timezone", Some(time.zone.to_owned())),
        ("utc_offset", Some(time.offset)),
        ("duration", Some(length(interval.length()))),
        ("previous_date", was(|time| &time.date)),
        ("previous_start_time", was(|time| &time.start)),
        ("previous_end_time", was(|time| &time.end)),
        (
            "answer_by",
            until.map(|until| Moment::new(until, zone).words()),
        ),
    ]
}

fn texts(notification: &Notification) -> [Named; 8] {
    let booking = &notification.booking;
    let several_lines = |text: &Note| plain_text(text.as_str());
    let decision = booking.decision.as_ref();
    let decision = decision.filter(|_| decides(notification.kind));
    let note = booking.note.as_ref().map(several_lines);
    [
        ("event_title", Some(one_line(booking.title.as_str()))),
        ("meeting", Some(event_title(booking))),
        ("workspace", Some(one_line(booking.workspace.as_str()))),
        (
            "place",
            Some(plain_text(&place_text(booking, notification.audience))),
        ),
        ("join_link", join_url(&booking.place).map(str::to_owned)),
        ("note", note.filter(|_| !is_for_guest(notification))),
        (
            "confirmation_message",
            booking.confirmation_message.as_ref().map(several_lines),
        ),
        (
            "reason",
            decision
                .and_then(|decision| decision.reason.as_ref())
                .map(several_lines),
        ),
    ]
}

fn links(notification: &Notification) -> [Named; 5] {
    let links = &notification.links;
    let own = |link: &Option<String>| link.clone().filter(|_| !is_for_guest(notification));
    [
        ("manage_link", own(&links.manage)),
        ("reschedule_link", own(&links.reschedule)),
        ("cancel_link", own(&links.cancel)),
        ("answer_link", own(&links.answer)),
        ("book_again_link", own(&links.book_again)),
    ]
}

/// The answers, a line each, and each by its question's key.
fn answers(notification: &Notification) -> (String, BTreeMap<String, String>) {
    let answers = &notification.booking.answers;
    let mut lines = Vec::new();
    let mut by_key = BTreeMap::new();
    for answer in answers.iter().filter(|_| !is_for_guest(notification)) {
        let text = plain_text(&answer.value.to_text());
        lines.push(format!("{}: {text}", one_line(answer.label.as_str())));
        let key = answer.key.as_str();
        by_key.insert(key.replace('-', "_"), text.clone());
        by_key.insert(key.to_owned(), text);
    }
    (lines.join("\n"), by_key)
}

fn is_for_guest(notification: &Notification) -> bool {
    notification.audience == Audience::Guest
}

fn unless_guest(notification: &Notification, text: impl FnOnce() -> String) -> Option<String> {
    (!is_for_guest(notification)).then(text)
}

fn name(person: &Contact) -> String {
    one_line(person.name.as_str())
}

fn first_name(person: &Contact) -> String {
    let name = name(person);
    name.split_whitespace()
        .next()
        .unwrap_or_default()
        .to_owned()
}
