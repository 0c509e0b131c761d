//! The calendar entries, byte by byte and read back.

use std::collections::BTreeSet;

use crate::common::{
    AUDIENCES, all_hands, cancelled, clean, elena, facts, hostile, huge, mara, moved,
    moved_and_off, moved_and_waits, notification, usual,
};
use crate::gallery::gallery;
use calcard::icalendar::{
    ICalendar, ICalendarComponentType, ICalendarParameterName, ICalendarProperty, ICalendarValue,
};
use proptest::prelude::*;
use scheduling_core::booking::Party;
use scheduling_core::effect::NotificationKind::{self, Cancelled, Confirmed};
use scheduling_core::event_type::MeetingPlace;
use scheduling_core::notification::{Audience, BookingFacts, Contact, Notification};
use scheduling_core::text::PersonName;
use scheduling_mail::{CalendarMethod, calendar_file, event_title, event_uid};

const DOMAIN: &str = "northwind.example";

fn invitation(notification: &Notification, domain: &str) -> String {
    scheduling_mail::invitation(notification, domain)
        .unwrap()
        .text
}

fn file(booking: &BookingFacts) -> String {
    String::from_utf8(calendar_file(
        booking,
        DOMAIN,
        Some("https://northwind.example/b/8kd2fa"),
    ))
    .unwrap()
}

fn every_calendar() -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = gallery()
        .iter()
        .filter_map(|(name, notification)| {
            let part = scheduling_mail::invitation(notification, DOMAIN)?;
            Some((name.clone(), part.text))
        })
        .collect();
    for (number, booking) in hostile().iter().enumerate() {
        all.push((format!("file-hostile-{number}"), file(booking)));
    }
    all.push(("file".to_owned(), file(&facts())));
    all.push(("file-cancelled".to_owned(), file(&cancelled(Party::System))));
    all
}

fn snapshot(text: &str) -> String {
    text.replace("\r\n", "\n")
}

#[test]
fn an_invitation() {
    let invitee = notification(Confirmed, Audience::Invitee, facts());
    insta::assert_snapshot!(
        "invitation_invitee",
        snapshot(&invitation(&invitee, DOMAIN))
    );
    let guest = notification(Confirmed, Audience::Guest, facts());
    insta::assert_snapshot!("invitation_guest", snapshot(&invitation(&guest, DOMAIN)));
    let host = notification(Confirmed, Audience::Host, facts());
    insta::assert_snapshot!("invitation_host", snapshot(&invitation(&host, DOMAIN)));
}

#[test]
fn all_hands_are_asked_for_an_answer() {
    let host = notification(Confirmed, Audience::Host, all_hands());
    insta::assert_snapshot!("invitation_all_hands", snapshot(&invitation(&host, DOMAIN)));
}

#[test]
fn the_invitees_number_is_not_for_the_guests_calendar() {
    let called = || BookingFacts {
        place: MeetingPlace::HostCalls {
            number: "+351 21 123 4567".parse().unwrap(),
        },
        ..facts()
    };
    let entry = |audience| {
        let told = notification(Confirmed, audience, called());
        invitation(&told, DOMAIN).replace("\r\n ", "")
    };
    let guest = entry(Audience::Guest);
    assert!(guest.contains("LOCATION:By phone\r\n"), "{guest}");
    assert!(!guest.contains("+351"), "{guest}");
    for audience in [Audience::Invitee, Audience::Host] {
        assert!(entry(audience).contains("LOCATION:+351211234567\r\n"));
    }
}

#[test]
fn a_cancellation() {
    let invitee = notification(Cancelled, Audience::Invitee, cancelled(Party::Host));
    insta::assert_snapshot!(
        "cancellation_invitee",
        snapshot(&invitation(&invitee, DOMAIN))
    );
}

#[test]
fn a_file_for_downloading() {
    insta::assert_snapshot!("file", snapshot(&file(&facts())));
    insta::assert_snapshot!(
        "file_cancelled",
        snapshot(&file(&cancelled(Party::Invitee)))
    );
}

/// What no reader of ours complains about, and what RFC 5545 asks of the bytes.
fn check_bytes(name: &str, text: &str) {
    assert!(text.ends_with("\r\n"), "{name}");
    let without = text.replace("\r\n", "");
    assert!(!without.contains(['\r', '\n']), "{name}");
    for line in text.as_bytes().split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        assert!(line.len() <= 75, "{name}: {} octets", line.len());
        assert!(std::str::from_utf8(line).is_ok(), "{name}");
    }
    let control = without
        .chars()
        .find(|c| (c.is_control() && *c != '\t') || matches!(c, '\u{2028}' | '\u{202e}'));
    assert_eq!(control, None, "{name}");
    assert!(!text.contains("TZID"), "{name}: everything is in UTC");
}

proptest! {
    #[test]
    fn no_name_breaks_it(name in any::<String>(), note in "(?s).{0,200}") {
        let Ok(person) = name.parse::<PersonName>() else { return Ok(()) };
        let booking = BookingFacts {
            hosts: vec![Contact { name: person.clone(), ..mara() }],
            invitee: Contact { name: person, ..elena() },
            note: note.parse().ok(),
            ..facts()
        };
        let text = invitation(&notification(Confirmed, Audience::Invitee, booking), DOMAIN);
        check_bytes(&name, &text);
        let calendar = ICalendar::parse(&text).unwrap();
        prop_assert_eq!(calendar.components.len(), 2);
        prop_assert_eq!(text.replace("\r\n ", "").matches("\r\nATTENDEE;").count(), 3);
    }
}

#[test]
fn lines_end_in_crlf_have_75_octets_and_are_folded_between_characters() {
    for (name, text) in every_calendar() {
        check_bytes(&name, &text);
    }
}

#[test]
fn nobody_can_smuggle_a_line_into_it() {
    let expected: BTreeSet<&str> = [
        "BEGIN",
        "VERSION",
        "PRODID",
        "METHOD",
        "UID",
        "SEQUENCE",
        "DTSTAMP",
        "DTSTART",
        "DTEND",
        "SUMMARY",
        "DESCRIPTION",
        "LOCATION",
        "STATUS",
        "TRANSP",
        "ORGANIZER",
        "ATTENDEE",
        "END",
    ]
    .into();
    for (name, text) in every_calendar() {
        let unfolded = text.replace("\r\n ", "");
        let names: Vec<&str> = unfolded
            .split_terminator("\r\n")
            .map(|line| line.split([':', ';']).next().unwrap())
            .collect();
        for found in &names {
            assert!(expected.contains(found), "{name}: {found:?}");
        }
        for single in expected
            .iter()
            .filter(|n| !["BEGIN", "END", "ATTENDEE"].contains(*n))
        {
            let count = names.iter().filter(|found| *found == single).count();
            // Without a STATUS, a CANCEL takes off one attendee.
            let is_optional = *single == "STATUS" && name.contains("released-");
            assert_eq!(count, usize::from(!is_optional), "{name}: {single}");
        }
        let attendees = names.iter().filter(|found| **found == "ATTENDEE").count();
        let published = unfolded.contains("\r\nMETHOD:PUBLISH\r\n");
        assert_eq!(attendees == 0, published, "{name}");
    }
}

#[test]
fn it_reads_back_as_it_was_meant() {
    for (name, notification) in gallery() {
        let Some(part) = scheduling_mail::invitation(&notification, DOMAIN) else {
            continue;
        };
        let text = part.text;
        let calendar = ICalendar::parse(&text).unwrap();
        let event = calendar
            .components
            .iter()
            .find(|component| component.component_type == ICalendarComponentType::VEvent)
            .unwrap();
        let value = |property: ICalendarProperty| match event.property(&property) {
            Some(entry) => match entry.values.first() {
                Some(ICalendarValue::Text(text)) => text.clone(),
                other => panic!("{name}: {property:?} is {other:?}"),
            },
            None => panic!("{name}: no {property:?}"),
        };
        let booking = &notification.booking;
        assert_eq!(value(ICalendarProperty::Uid), event_uid(booking.id, DOMAIN));
        assert_eq!(
            value(ICalendarProperty::Summary),
            event_title(booking),
            "{name}"
        );

        let names: Vec<String> = event
            .properties(&ICalendarProperty::Attendee)
            .map(|entry| {
                entry
                    .parameters(&ICalendarParameterName::Cn)
                    .next()
                    .and_then(|value| value.as_text())
                    .unwrap_or_default()
                    .to_owned()
            })
            .collect();
        let first = match notification.kind {
            NotificationKind::Released => &notification.to,
            _ => &booking.hosts[0],
        };
        let meant = clean(first.name.as_str());
        let letters = |text: &str| -> String {
            text.chars()
                .filter(|c| !matches!(c, '"' | '\'' | '\\' | '/' | '^' | '\u{202e}' | '\u{202c}'))
                .collect()
        };
        assert_eq!(letters(&names[0]), letters(&meant), "{name}");
    }
}

#[test]
fn one_mailbox_is_one_attendee() {
    for booking in hostile() {
        let text = invitation(&notification(Confirmed, Audience::Host, booking), DOMAIN);
        let unfolded = text.replace("\r\n ", "").to_lowercase();
        let times = unfolded
            .lines()
            .filter(|line| line.starts_with("attendee") && line.contains("elena.vaszary"))
            .count();
        assert_eq!(times, 1, "{unfolded}");
    }
}

#[test]
fn a_booking_keeps_its_uid_from_file_to_cancellation() {
    let uid = "UID:0193a000-0000-7000-8000-000000000001@northwind.example\r\n";
    assert!(file(&facts()).contains(uid));
    for kind in [Confirmed, Cancelled] {
        for audience in [Audience::Invitee, Audience::Guest, Audience::Host] {
            let text = invitation(
                &notification(kind, audience, cancelled(Party::Host)),
                DOMAIN,
            );
            assert!(text.contains(uid), "{text}");
        }
    }
}

#[test]
fn the_sequence_is_the_bookings() {
    let text = invitation(
        &notification(Cancelled, Audience::Invitee, cancelled(Party::Host)),
        DOMAIN,
    );
    assert!(text.contains("\r\nSEQUENCE:1\r\n"));
    assert!(text.contains("\r\nSTATUS:CANCELLED\r\n"));
    assert!(text.contains("\r\nMETHOD:CANCEL\r\n"));
}

#[test]
fn what_calendars_have_to_do_follows_from_what_they_have() {
    use NotificationKind::{
        Approved, Declined, Expired, FollowUp, Released, Reminder, Requested, Rescheduled,
    };

    let unconfirmed = |booking: BookingFacts| BookingFacts {
        was_confirmed: false,
        ..booking
    };
    let (add, remove) = (Some(CalendarMethod::Request), Some(CalendarMethod::Cancel));
    for (what, kind, booking, method) in [
        ("a request", Requested, unconfirmed(facts()), None),
        (
            "a request that moved",
            Requested,
            unconfirmed(moved(Party::Invitee)),
            None,
        ),
        (
            "a meeting that moved and waits",
            Requested,
            moved_and_waits(),
            remove,
        ),
        ("a confirmation", Confirmed, facts(), add),
        ("an approval", Approved, facts(), add),
        ("a move", Rescheduled, moved(Party::Host), add),
        ("a release", Released, moved(Party::Host), remove),
        (
            "a release from a request",
            Released,
            unconfirmed(moved(Party::Host)),
            None,
        ),
        (
            "a cancelled meeting",
            Cancelled,
            cancelled(Party::Host),
            remove,
        ),
        (
            "a cancelled request",
            Cancelled,
            unconfirmed(cancelled(Party::Host)),
            None,
        ),
        (
            "a declined request",
            Declined,
            unconfirmed(cancelled(Party::Host)),
            None,
        ),
        ("a declined move", Declined, moved_and_off(None), remove),
        (
            "an expired request",
            Expired,
            unconfirmed(moved_and_off(None)),
            None,
        ),
        ("an expired move", Expired, moved_and_off(None), remove),
        ("a reminder", Reminder, facts(), None),
        ("a follow-up", FollowUp, facts(), None),
    ] {
        for audience in AUDIENCES {
            let message = notification(kind, audience, booking.clone());
            assert_eq!(CalendarMethod::of(&message), method, "{what}");
            let part = scheduling_mail::invitation(&message, DOMAIN);
            assert_eq!(part.map(|part| part.method), method, "{what}");
        }
    }
}

#[test]
fn a_host_who_is_released_is_taken_off_and_the_others_stay() {
    let text = invitation(&usual(NotificationKind::Released, Audience::Host), DOMAIN);
    insta::assert_snapshot!("released_host", snapshot(&text));
}

#[test]
fn a_description_stays_short_enough_to_be_kept() {
    for audience in AUDIENCES {
        let text = invitation(&notification(Confirmed, audience, huge()), DOMAIN);
        check_bytes("huge", &text);
        let unfolded = text.replace("\r\n ", "");
        let description = unfolded
            .lines()
            .find(|line| line.starts_with("DESCRIPTION:"))
            .unwrap();
        let length = description.chars().count();
        assert!(length < 16_000, "{audience:?}: {length}");
    }
}

#[test]
fn a_move_that_waits_takes_off_the_former_time() {
    let message = notification(
        NotificationKind::Requested,
        Audience::Invitee,
        moved_and_waits(),
    );
    let text = invitation(&message, DOMAIN);
    assert!(text.contains("\r\nDTSTART:20261123T083000Z\r\n"), "{text}");
    assert!(text.contains("\r\nSTATUS:CANCELLED\r\n"), "{text}");
    assert!(text.contains("\r\nSEQUENCE:1\r\n"), "{text}");
}
