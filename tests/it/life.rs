//! The life of a booking: asked for, approved from the mail, moved from the mail, approved again, called off with a
//! reason. In a real browser, and every reader's calendar kept by what his mails bring.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::acme;
use crate::support::api::instant;
use crate::support::counterpart;
use crate::support::mails::{self, Mail};
use crate::support::place;
use crate::support::server::Server;

/// How somebody looks at the pages.
#[derive(Debug, Clone, Copy)]
struct How {
    javascript: bool,
    screen: &'static str,
}

impl How {
    /// Lets somebody do something this way; `None` when done without a browser.
    fn act(self, action: &str, mut argument: Value) -> Option<Value> {
        argument["javascript"] = json!(self.javascript);
        argument["screen"] = json!(self.screen);
        counterpart::in_browser("life.mjs", action, &argument)
    }
}

/// The mails to one reader, in the order in which they were owed.
fn to<'a>(mails: &'a [Mail], reader: &str) -> Vec<&'a Mail> {
    mails.iter().filter(|mail| mail.is_to(reader)).collect()
}

/// The calendars that readers keep by their mails end with this one entry, cancelled: by RFC 5546, and by libical's own
/// judgement of what each message is.
fn assert_cancelled_in_the_calendar_of(reader: &str, mails: &[&Mail], start: &str) {
    let Some(python) = counterpart::python() else {
        return;
    };
    for script in ["itip_replay.py", "libical_replay.py"] {
        let output = Command::new(&python)
            .arg(place::root().join("tests/counterparts").join(script))
            .arg(reader)
            .args(mails.iter().map(|mail| &mail.file))
            .output()
            .expect("Python runs");
        let said = String::from_utf8_lossy(&output.stdout);
        let complaints = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{script} {reader}: {complaints}");
        let calendar: Value = serde_json::from_str(&said).expect("it reports in JSON");
        let entries = calendar["entries"].as_object().expect("it keeps entries");
        let [entry] = entries.values().collect::<Vec<_>>()[..] else {
            panic!("{script} {reader}: {calendar}");
        };
        assert_eq!(
            entry["status"], "CANCELLED",
            "{script} {reader}: {calendar}"
        );
        let kept = entry["start"].as_str().expect("an entry has a start");
        assert_eq!(
            instant(kept),
            instant(start),
            "{script} {reader}: {calendar}"
        );
    }
}

/// Every mail with a calendar in it is read by libical, `icalendar` and `vobject`, and byte by byte.
fn assert_calendars_are_sound(mails: &[&Mail]) {
    let Some(python) = counterpart::python() else {
        return;
    };
    let output = Command::new(python)
        .arg(place::root().join("tests/counterparts/ics_check.py"))
        .args(mails.iter().map(|mail| &mail.file))
        .output()
        .expect("Python runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn text<'a>(seen: &'a Value, field: &str) -> &'a str {
    let value = seen[field].as_str();
    value.unwrap_or_else(|| panic!("{field} was not seen: {seen}"))
}

/// The whole life, once. The number keeps those of several lives apart.
#[expect(
    clippy::too_many_lines,
    reason = "a life is read from its beginning to its end"
)]
fn live(server: &Server, folder: &Path, number: usize, how: How) -> Option<()> {
    let (invitee, guest) = (
        format!("invitee-{number}@example.org"),
        format!("guest-{number}@example.org"),
    );
    let zone = "America/St_Johns";
    let told = |count: usize, what: &str| {
        // The three readers' mails about this booking; the host's name the invitee.
        let ours = |mail: &Mail| {
            mail.is_to(&invitee) || mail.is_to(&guest) || mail.text.contains(&invitee)
        };
        let all = mails::wait_until(folder, what, |mails| {
            mails.iter().filter(|mail| ours(mail)).count() >= count
        });
        let ours: Vec<Mail> = all.into_iter().filter(ours).collect();
        assert_eq!(ours.len(), count, "{what}");
        ours
    };

    let asked = how.act(
        "ask",
        json!({
            "event": format!("{}/book/acme/interview", server.url()),
            "timezone": zone,
            "name": "Inga Invitee",
            "email": invitee,
            "guest": guest,
            "topic": "The harbour, at \"night\"; and, again",
        }),
    )?;
    assert_eq!(asked["tag"], "Request sent");
    let mails = told(2, "a request to both sides");
    assert!(to(&mails, &guest).is_empty(), "guests hear of what is sure");
    for mail in &mails {
        assert!(
            !mail.text.contains("BEGIN:VCALENDAR"),
            "nothing waits in calendars"
        );
    }
    let request = to(&mails, acme::HOST)[0];
    assert!(request.header("Subject").starts_with("Answer needed"));
    assert!(
        request.text.contains("The harbour"),
        "the host reads the answers"
    );

    let host_page = request.link("/h/", "");
    let approved = how.act("answer", json!({ "url": host_page }))?;
    assert_eq!(approved["asked"], "Waits for your answer");
    assert!(
        text(&approved, "shown").contains("The harbour"),
        "{approved}"
    );
    assert_eq!(approved["tag"], "Confirmed");
    let mails = told(5, "the approval to all three");
    let confirmation = *to(&mails, &invitee).last().expect("the invitee was told");
    let for_guest = to(&mails, &guest)[0];
    assert!(confirmation.text.contains("METHOD:REQUEST"));
    assert!(for_guest.text.contains("METHOD:REQUEST"));
    assert!(
        !for_guest.text.contains("The harbour"),
        "answers are not for guests"
    );
    assert!(
        for_guest.tokens().is_empty(),
        "guests have no link that changes anything"
    );

    let moving = confirmation.link("/b/", "/reschedule");
    let moved = how.act(
        "move",
        json!({ "url": moving, "place": 0.8, "timezone": zone }),
    )?;
    assert_ne!(moved["start"], asked["start"]);
    assert_eq!(moved["tag"], "Request sent", "a new time is a new question");
    let mails = told(7, "the new request to both sides");
    let again = *to(&mails, acme::HOST).last().expect("the host was asked");
    assert!(
        again
            .header("Subject")
            .starts_with("New time, answer needed")
    );
    assert_eq!(again.link("/h/", ""), host_page, "a host's link stays");

    let approved = how.act("answer", json!({ "url": host_page }))?;
    assert_eq!(approved["tag"], "Confirmed");
    let mails = told(10, "the second approval to all three");
    let cancelling = to(&mails, acme::HOST)
        .last()
        .expect("the host was told")
        .link("/h/", "/cancel");

    let reason = format!("The ferry was called off ({number})");
    let cancelled = how.act("cancel", json!({ "url": cancelling, "reason": reason }))?;
    assert_eq!(cancelled["tag"], "Cancelled");
    assert!(text(&cancelled, "shown").contains(&reason), "{cancelled}");
    let mails = told(13, "the cancellation to all three");
    let sound: Vec<&Mail> = mails
        .iter()
        .filter(|m| m.text.contains("BEGIN:VCALENDAR"))
        .collect();
    assert!(sound.len() >= 9, "{}", sound.len());
    assert_calendars_are_sound(&sound);
    for reader in [&invitee, &guest, acme::HOST] {
        let own = to(&mails, reader);
        let last = own.last().expect("everybody was told");
        assert!(
            last.text.contains("METHOD:CANCEL"),
            "{}",
            last.file.display()
        );
        assert!(last.text.contains(&reason), "{}", last.file.display());
        assert_cancelled_in_the_calendar_of(reader, &own, text(&moved, "start"));
    }
    Some(())
}

/// The lives of bookings on one server, one after the other.
fn lives(ways: &[How]) {
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    acme::found(data.path(), &[]);
    let server = Server::start(data.path(), &[]);
    for (number, how) in ways.iter().enumerate() {
        if live(&server, &data.path().join("mails"), number, *how).is_none() {
            return;
        }
    }
    assert!(server.stop().success());
    acme::assert_verified(data.path(), &[]);
}

#[test]
fn a_booking_is_asked_for_approved_moved_and_called_off_in_a_browser_on_a_phone() {
    lives(&[true, false].map(|javascript| How {
        javascript,
        screen: "phone",
    }));
}

#[test]
fn a_booking_is_asked_for_approved_moved_and_called_off_in_a_browser_at_a_desk() {
    lives(&[true, false].map(|javascript| How {
        javascript,
        screen: "desk",
    }));
}
