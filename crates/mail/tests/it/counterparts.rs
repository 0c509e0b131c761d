//! Mails and calendar files before readers that others wrote: Python's e-mail package, libical, icalendar, vobject.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use crate::common::{cancelled, clean, facts, hostile, notifier, python, root};
use crate::gallery::{accounts, gallery};
use scheduling_core::booking::Party;
use scheduling_core::effect::NotificationKind;
use scheduling_core::notification::Audience;
use scheduling_mail::{CalendarMethod, calendar_file, event_title};
use serde_json::Value;

/// Writes the files, has them judged, and returns what was read, by file name.
fn judged(files: &[(String, Vec<u8>)]) -> Option<BTreeMap<String, Value>> {
    let python = python()?;
    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<_> = files
        .iter()
        .map(|(name, bytes)| {
            let path = folder.path().join(name);
            fs::write(&path, bytes).unwrap();
            path
        })
        .collect();
    let output = Command::new(python)
        .arg(root().join("tests/counterparts/ics_check.py"))
        .args(&paths)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let found: BTreeMap<String, Value> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| {
            let value: Value = serde_json::from_str(line).unwrap();
            let name = value.get("mail").or_else(|| value.get("calendar")).unwrap();
            (name.as_str().unwrap().to_owned(), value)
        })
        .collect();
    assert_eq!(found.len(), files.len());
    Some(found)
}

#[test]
fn every_mail_is_read_as_it_was_meant() {
    let gallery = gallery();
    let files: Vec<(String, Vec<u8>)> = gallery
        .iter()
        .map(|(name, notification)| {
            let mail = notifier().compose(notification).unwrap();
            (format!("{name}.eml"), mail.bytes)
        })
        .collect();
    let Some(found) = judged(&files) else { return };
    for (name, notification) in &gallery {
        let mail = &found[&format!("{name}.eml")];
        let booking = &notification.booking;
        let title = event_title(booking);
        let subject = mail["subject"].as_str().unwrap();
        let is_own = notification.words.subject.is_some();
        assert!(is_own || subject.ends_with(&title), "{name}: {subject}");
        assert_eq!(
            mail["to"][0]["name"],
            clean(notification.to.name.as_str()),
            "{name}"
        );
        assert_eq!(
            mail["message_id"],
            format!("<{}@northwind.example>", notification.id)
        );
        let method = CalendarMethod::of(notification);
        let shape = if method.is_some() {
            serde_json::json!([
                "multipart/mixed",
                [
                    "multipart/alternative",
                    "text/plain",
                    "text/html",
                    "text/calendar"
                ],
                "application/ics"
            ])
        } else {
            serde_json::json!(["multipart/alternative", "text/plain", "text/html"])
        };
        assert_eq!(mail["shape"], shape, "{name}");
        let reply_to = match notification.audience {
            Audience::Invitee | Audience::Guest => &booking.hosts[0],
            Audience::Host => &booking.invitee,
        };
        let reachable = reply_to.email.as_str().starts_with(|c: char| c != 'j')
            || notification.to.email.as_str().starts_with("jörg");
        if mail["reply_to"] == serde_json::json!([]) {
            assert!(!reachable, "{name}");
        } else {
            assert_eq!(
                mail["reply_to"][0]["name"],
                clean(reply_to.name.as_str()),
                "{name}"
            );
        }
        assert_eq!(mail["from"][0]["address"], "meetings@northwind.example");

        let Some(method) = method else {
            assert_eq!(mail["calendars"], serde_json::json!([]), "{name}");
            continue;
        };
        assert_eq!(mail["disposition"], "attachment");
        assert_eq!(mail["filename"], "invite.ics");
        let calendar = &mail["calendars"][0];
        let status = match (method, notification.kind) {
            (_, NotificationKind::Released) => Value::Null,
            (CalendarMethod::Cancel, _) => "CANCELLED".into(),
            _ => "CONFIRMED".into(),
        };
        assert_eq!(calendar["method"], method.as_str(), "{name}");
        assert_eq!(calendar["status"], status, "{name}");
        assert_eq!(calendar["summary"], title, "{name}");
        assert_eq!(calendar["uid"], format!("{}@northwind.example", booking.id));
        let interval = match (&booking.previous, notification.kind) {
            (Some(former), NotificationKind::Requested | NotificationKind::Released) => former,
            _ => &booking.interval,
        };
        assert_eq!(calendar["start"], interval.start().to_rfc3339(), "{name}");
        assert_eq!(calendar["end"], interval.end().to_rfc3339(), "{name}");
        assert_eq!(calendar["sequence"], booking.sequence);
        if let (Some(note), Audience::Host) = (&booking.note, notification.audience) {
            let description = calendar["description"].as_str().unwrap();
            assert!(
                clean(description).contains(&clean(note.as_str())),
                "{name}: {description}"
            );
        }
    }
}

#[test]
fn every_mail_about_an_account_is_read_as_it_was_meant() {
    let accounts = accounts();
    let files: Vec<(String, Vec<u8>)> = accounts
        .iter()
        .map(|(name, message)| {
            let mail = notifier().compose_account(message).unwrap();
            (format!("{name}.eml"), mail.bytes)
        })
        .collect();
    let Some(found) = judged(&files) else { return };
    for (name, message) in &accounts {
        let mail = &found[&format!("{name}.eml")];
        let reader = message.name.as_ref().map_or("", |name| name.as_str());
        assert_eq!(mail["to"][0]["name"], reader, "{name}");
        assert_eq!(mail["to"][0]["address"], message.email.as_str(), "{name}");
        assert_eq!(mail["reply_to"], serde_json::json!([]), "{name}");
        assert_eq!(
            mail["shape"],
            serde_json::json!(["multipart/alternative", "text/plain", "text/html"])
        );
    }
}

#[test]
fn every_file_for_downloading_is_a_valid_calendar() {
    let link = Some("https://northwind.example/b/8kd2fa");
    let mut bookings = hostile();
    bookings.push(facts());
    bookings.push(cancelled(Party::Host));
    let files: Vec<(String, Vec<u8>)> = bookings
        .iter()
        .enumerate()
        .map(|(number, booking)| {
            let bytes = calendar_file(booking, "northwind.example", link);
            (format!("{number}.ics"), bytes)
        })
        .collect();
    let Some(found) = judged(&files) else { return };
    for (number, booking) in bookings.iter().enumerate() {
        let calendar = &found[&format!("{number}.ics")];
        assert_eq!(calendar["method"], "PUBLISH");
        assert_eq!(calendar["summary"], event_title(booking));
        assert_eq!(calendar["attendees"], serde_json::json!([]));
        let description = calendar["description"].as_str().unwrap();
        assert!(description.ends_with("https://northwind.example/b/8kd2fa"));
    }
}

/// The judge has to notice what is wrong, or its silence means nothing.
#[test]
fn the_judge_notices_what_is_broken() {
    let Some(python) = python() else { return };
    let good = String::from_utf8(calendar_file(&facts(), "northwind.example", None)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (number, (what, broken)) in [
        ("a CR or LF stands alone", good.replace("\r\n", "\n")),
        ("octets", good.replace("\r\n ", "")),
        ("not in UTC", good.replace("20261124T140000Z", "20261124T140000")),
        ("VTIMEZONE", good.replace("DTEND:", "DTEND;TZID=Europe/Berlin:")),
        ("escaped", good.replace("\\,", ",")),
        ("refuses", good.replace("UID:", "X-UID:")),
        ("refuses", good.replace("METHOD:PUBLISH", "METHOD:REQUEST")),
        ("not closed", good.replace("END:VCALENDAR\r\n", "")),
        ("PARTSTAT", good.replace(
            "END:VEVENT",
            "ATTENDEE;CN=x;PARTSTAT=MAYBE;ROLE=CHAIR;RSVP=TRUE:mailto:a@b.example\r\nEND:VEVENT",
        )),
        ("no address", good.replace(
            "END:VEVENT",
            "ATTENDEE;CN=x;PARTSTAT=ACCEPTED;ROLE=CHAIR;RSVP=TRUE:mailto:a@b@c\r\nEND:VEVENT",
        )),
    ]
    .into_iter()
    .enumerate()
    {
        assert_ne!(good, broken, "{what}");
        let path = folder.path().join(format!("{number}.ics"));
        fs::write(&path, broken).unwrap();
        let output = Command::new(&python)
            .arg(root().join("tests/counterparts/ics_check.py"))
            .arg(&path)
            .output()
            .unwrap();
        let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{what}: {complaints}");
        assert!(complaints.contains(what), "{what}: {complaints}");
    }
}
