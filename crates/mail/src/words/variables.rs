//! What words of one's own can name.

use std::collections::BTreeMap;

use minijinja::Value;
use scheduling_core::notification::{Audience, Contact, Notification};

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
    let Notification {
        audience,
        booking,
        links,
        to,
        ..
    } = notification;
    let is_guest = *audience == Audience::Guest;
    let interval = shown_interval(notification);
    let time = LocalTime::new(interval, to.timezone);
    let previous = booking
        .previous
        .as_ref()
        .map(|previous| LocalTime::new(previous, to.timezone));
    let own_link = |link: &Option<String>| link.clone().filter(|_| !is_guest);
    let reason = booking
        .decision
        .as_ref()
        .filter(|_| decides(notification.kind));
    let reason = reason.and_then(|decision| decision.reason.as_ref());
    let answers: Vec<(&str, String, String)> = booking
        .answers
        .iter()
        .filter(|_| !is_guest)
        .map(|answer| {
            let text = plain_text(&answer.value.to_text());
            (answer.key.as_str(), one_line(answer.label.as_str()), text)
        })
        .collect();
    let lines: Vec<String> = answers
        .iter()
        .map(|(_, label, text)| format!("{label}: {text}"))
        .collect();
    let by_key: BTreeMap<String, String> = answers
        .iter()
        .flat_map(|(key, _, text)| {
            [key.replace('-', "_"), (*key).to_owned()].map(|k| (k, text.clone()))
        })
        .collect();
    let first_host = booking.hosts.first();
    let texts: [(&str, Option<String>); 33] = [
        ("reader_name", Some(name(to))),
        ("reader_first_name", Some(first_name(to))),
        ("invitee_name", Some(name(&booking.invitee))),
        ("invitee_first_name", Some(first_name(&booking.invitee))),
        (
            "invitee_email",
            (!is_guest).then(|| booking.invitee.email.to_string()),
        ),
        ("host_names", Some(some_people(booking.hosts.iter()))),
        ("host_first_name", first_host.map(first_name)),
        ("guest_names", Some(some_people(booking.guests.iter()))),
        ("event_title", Some(one_line(booking.title.as_str()))),
        ("meeting", Some(event_title(booking))),
        ("workspace", Some(one_line(booking.workspace.as_str()))),
        ("date", Some(time.date)),
        ("start_time", Some(time.start)),
        ("end_time", Some(time.end)),
        ("when", Some(soon(notification.at, interval, to.timezone))),
        ("timezone", Some(time.zone.to_owned())),
        ("utc_offset", Some(time.offset)),
        ("duration", Some(length(interval.length()))),
        ("place", Some(plain_text(&place_text(booking, *audience)))),
        ("join_link", join_url(&booking.place).map(str::to_owned)),
        (
            "note",
            booking
                .note
                .as_ref()
                .filter(|_| !is_guest)
                .map(|note| plain_text(note.as_str())),
        ),
        ("answers", Some(lines.join("\n"))),
        (
            "confirmation_message",
            booking
                .confirmation_message
                .as_ref()
                .map(|text| plain_text(text.as_str())),
        ),
        ("reason", reason.map(|reason| plain_text(reason.as_str()))),
        (
            "previous_date",
            previous.as_ref().map(|time| time.date.clone()),
        ),
        (
            "previous_start_time",
            previous.as_ref().map(|time| time.start.clone()),
        ),
        ("previous_end_time", previous.map(|time| time.end)),
        (
            "answer_by",
            booking
                .waits_until
                .map(|until| Moment::new(until, to.timezone).words()),
        ),
        ("manage_link", own_link(&links.manage)),
        ("reschedule_link", own_link(&links.reschedule)),
        ("cancel_link", own_link(&links.cancel)),
        ("answer_link", own_link(&links.answer)),
        ("book_again_link", own_link(&links.book_again)),
    ];
    let mut values: BTreeMap<&str, Value> = texts
        .into_iter()
        .map(|(name, text)| (name, Value::from(text.unwrap_or_default())))
        .collect();
    values.insert("answer", Value::from(by_key));
    Value::from(values)
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
