//! Mails that are missing, doubled, false, or astray.

use super::*;
use crate::facts::Mail;
use crate::testing::{booking, finds, spoilt};

/// The mails about a booking.
fn mails<'a>(case: &'a mut Case, booking: &str, subject: &str) -> Vec<&'a mut Mail> {
    let mails = case.facts.mails.iter_mut();
    mails
        .filter(|mail| mail.booking == booking && mail.subject == subject)
        .collect()
}

#[test]
fn a_mail_that_was_never_sent_is_found() {
    finds(told, "got 0 mails", |case| {
        let id = mails(case, "b7", "confirmed")[0].id.clone();
        case.facts.mails.retain(|mail| mail.id != id);
    });
    // A guest hears of an approval.
    finds(told, "attendee atb21 got 0 mails", |case| {
        case.facts
            .mails
            .retain(|mail| mail.to != "friend@guests.example");
    });
}

#[test]
fn a_mail_about_what_is_no_news_may_be_missing() {
    let found = spoilt(told, |case| {
        case.facts.mails.retain(|mail| mail.subject != "requested");
        case.facts
            .mails
            .retain(|mail| (mail.booking.as_str(), mail.subject.as_str()) != ("b1", "confirmed"));
    });
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn a_second_copy_is_found_under_another_id_alone() {
    let double = |case: &mut Case| mails(case, "b7", "confirmed")[0].clone();
    let found = spoilt(told, |case| {
        let copy = double(case);
        case.facts.mails.push(copy);
    });
    assert_eq!(found, Vec::<String>::new());
    let other_id = |case: &mut Case| {
        let mut copy = double(case);
        let mut row = case
            .facts
            .outbox
            .iter()
            .find(|row| row.id == copy.id)
            .unwrap()
            .clone();
        copy.id = "ob9999".to_owned();
        row.id = "ob9999".to_owned();
        case.facts.mails.push(copy);
        case.facts.outbox.push(row);
    };
    finds(told, "got 2 mails", other_id);
    finds(untrue, "owed twice", other_id);
}

#[test]
fn a_reminder_at_the_wrong_time_or_none_is_found() {
    let is_reminder = |row: &OutboxRow| {
        row.about() == "reminder" && row.booking() == "b1" && row.sequence() == Some(1)
    };
    finds(told, "is reminded of booking b1 at []", |case| {
        case.facts.outbox.retain(|row| !is_reminder(row));
    });
    finds(told, "is reminded of booking b1", |case| {
        let row = case.facts.outbox.iter_mut().find(|row| is_reminder(row));
        row.unwrap().due_at += 1;
    });
}

#[test]
fn a_host_who_lost_a_booking_and_was_not_told_is_found() {
    finds(told, "was not told", |case| {
        let mut row = case.facts.outbox[0].clone();
        row.id = "ob9999".to_owned();
        row.payload["about"] = "released".into();
        row.payload["sequence"] = 1.into();
        row.payload["recipient"] = serde_json::json!({ "kind": "host", "id": "ben" });
        case.facts.outbox.push(row);
    });
}

#[test]
fn a_mail_about_what_did_not_happen_is_found() {
    finds(untrue, "nobody owed", |case| {
        let mut mail = case.facts.mails[0].clone();
        mail.id = "ob9999".to_owned();
        case.facts.mails.push(mail);
    });
    finds(untrue, "did not happen", |case| {
        let row = case
            .facts
            .outbox
            .iter_mut()
            .find(|row| row.about() == "approved");
        row.unwrap().payload["sequence"] = 7.into();
    });
    finds(untrue, "which is not there", |case| {
        case.facts.bookings.retain(|row| row.id != "b7");
    });
    finds(untrue, "before anybody tried", |case| {
        case.facts.outbox[0].attempts = 0;
    });
}

#[test]
fn a_mail_that_goes_astray_is_found() {
    finds(untrue, "went to another", |case| {
        mails(case, "b7", "confirmed")[0].to = "other@guests.example".to_owned();
    });
    finds(untrue, "about another booking", |case| {
        mails(case, "b7", "confirmed")[0].booking = "b8".to_owned();
    });
    finds(untrue, "not for friend@guests.example to know", |case| {
        let row = case
            .facts
            .outbox
            .iter_mut()
            .find(|row| row.about() == "requested");
        row.unwrap().payload["recipient"] =
            serde_json::json!({ "kind": "attendee", "id": "atb21" });
        mails(case, "b2", "requested")[0].to = "friend@guests.example".to_owned();
    });
}

#[test]
fn a_calendar_part_that_says_something_else_is_found() {
    let spoil = |change: fn(&mut crate::facts::Calendar)| {
        move |case: &mut Case| {
            change(
                mails(case, "b1", "rescheduled")[0]
                    .calendar
                    .as_mut()
                    .unwrap(),
            );
        }
    };
    finds(
        calendars,
        "another sequence",
        spoil(|part| part.sequence = Some(0)),
    );
    finds(
        calendars,
        "another method",
        spoil(|part| part.method = "CANCEL".to_owned()),
    );
    finds(
        calendars,
        "another booking",
        spoil(|part| part.uid = "b2".to_owned()),
    );
    finds(
        calendars,
        "another time",
        spoil(|part| part.start = Some(0)),
    );
    finds(calendars, "no calendar part", |case| {
        mails(case, "b1", "rescheduled")[0].calendar = None;
    });
}

#[test]
fn a_request_that_waits_asks_its_hosts() {
    finds(told, "was requested at sequence 0", |case| {
        case.facts.history.retain(|entry| entry.kind != "approved");
        booking(case, "b2").status = "pending".to_owned();
        case.facts.mails.retain(|mail| mail.subject != "requested");
    });
}
