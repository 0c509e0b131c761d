//! A guest books a meeting: link, time, form, mail, invitation, cancellation. In a real browser, on the demo.

use std::path::Path;
use std::process::Command;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::api::{Api, instant};
use crate::support::counterpart;
use crate::support::mails::{self, Mail};
use crate::support::place;
use crate::support::server::Server;

const WORKSPACE: &str = "/book/northwind";
const EVENT: &str = "/book/northwind/first-conversation";

/// Lets the guest of `tests/browser` do something; answers what was seen. `None` when done without a browser.
fn guest(action: &str, argument: &Value) -> Option<Value> {
    counterpart::in_browser("guest.mjs", action, argument)
}

/// Gives mails to programs that others wrote; answers what they read in each one's invitation. `None` when done
/// without Python.
fn invitations(mails: &[&Mail]) -> Option<Vec<Value>> {
    let output = Command::new(counterpart::python()?)
        .arg(place::root().join("tests/counterparts/ics_check.py"))
        .args(mails.iter().map(|mail| &mail.file))
        .output()
        .expect("Python runs");
    let read = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{}\n{read}",
        String::from_utf8_lossy(&output.stderr)
    );
    let invitation = |line| {
        let mut mail: Value = serde_json::from_str(line).expect("it reports in JSON");
        mail["calendars"][0].take()
    };
    Some(read.lines().map(invitation).collect())
}

/// Books and cancels in the browser, and reads back the mails that each of them sends.
fn book_and_cancel(data: &Path, server: &Server, javascript: bool) {
    let folder = data.join("mails");
    let before = mails::read_all(&folder).len();
    let email = if javascript {
        "with@example.org"
    } else {
        "without@example.org"
    };
    let Some(booked) = guest(
        "book",
        &json!({
            "event": format!("{}{EVENT}", server.url()),
            "timezone": "Australia/Eucla",
            "javascript": javascript,
            "name": "Élodie O'Neil",
            "email": email,
            "note": "Two lines,\nand a comma; \"quoted\"",
        }),
    ) else {
        return;
    };
    assert_eq!(booked["tag"], "You are scheduled");
    let start = instant(booked["start"].as_str().expect("the slot has a start")).to_utc();
    // Eucla is eight hours and three quarters ahead of UTC, all year.
    let local = (start + TimeDelta::minutes(525))
        .format("%H:%M")
        .to_string();
    assert_eq!(booked["shown"], local.as_str());
    let heading = booked["heading"].as_str().expect("the page has a heading");
    assert!(heading.contains(&local), "{heading}");

    // Invitee and host are told, each with an invitation that others can read.
    let told = mails::wait_until(&folder, "two confirmations", |mails| {
        mails.len() >= before + 2
    });
    let told: Vec<&Mail> = told
        .iter()
        .filter(|mail| mail.text.contains(email))
        .collect();
    assert_eq!(told.len(), 2);
    let (invitee, host): (Vec<&Mail>, Vec<&Mail>) =
        told.into_iter().partition(|mail| mail.is_to(email));
    let (invitee, host) = (invitee[0], host[0]);
    assert!(
        invitee.text.contains(&local),
        "the invitee's mail gives the invitee's time"
    );
    let asked = invitations(&[invitee, host]);
    for invitation in asked.iter().flatten() {
        assert_eq!(invitation["method"], "REQUEST", "{invitation}");
        assert_eq!(
            instant(invitation["start"].as_str().expect("it has a start")).to_utc(),
            start
        );
    }

    // The link in the mail cancels, and takes the invitation back.
    let token = invitee
        .tokens()
        .into_iter()
        .next()
        .expect("the invitee's mail has a link");
    let cancelled = guest(
        "cancel",
        &json!({ "url": format!("{}/b/{token}/cancel", server.url()), "javascript": javascript }),
    );
    assert_eq!(
        cancelled.expect("the browser was there before")["tag"],
        "Cancelled"
    );
    let told = mails::wait_until(&folder, "two cancellations", |mails| {
        mails.len() >= before + 4
    });
    let is_cancellation =
        |mail: &&Mail| mail.text.contains(email) && mail.text.contains("METHOD:CANCEL");
    let told: Vec<&Mail> = told.iter().filter(is_cancellation).collect();
    assert_eq!(told.len(), 2);
    assert!(told.iter().any(|mail| mail.is_to(email)));
    let taken_back = invitations(&told);
    for invitation in taken_back.iter().flatten() {
        let before = &asked.as_ref().expect("Python was there before")[0];
        assert_eq!(invitation["method"], "CANCEL", "{invitation}");
        assert_eq!(invitation["uid"], before["uid"]);
        assert!(
            invitation["sequence"].as_u64() > before["sequence"].as_u64(),
            "{invitation}"
        );
    }
}

#[test]
fn a_guest_books_and_cancels_in_a_browser_with_and_without_javascript() {
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    let server = Server::demo(data.path());
    book_and_cancel(data.path(), &server, true);
    book_and_cancel(data.path(), &server, false);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_in_a_browser_is_accessible_fits_narrow_screens_and_has_a_silent_console() {
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    let server = Server::demo(data.path());
    let api = Api::of(&server.url());
    let slots = api
        .get("/api/v1/public/northwind/event-types/first-conversation/slots?view=flat&timezone=UTC")
        .await;
    let start = slots.body["slots"][5]["start"]
        .as_str()
        .expect("the demo offers something");
    let booking = async |slot: &Value, email: &str| {
        let body = json!({
            "start": slot["start"],
            "invitee": { "name": "Guest of a test", "email": email, "timezone": "Europe/Lisbon" },
            "note": "A long word: Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
        });
        let path = "/api/v1/public/northwind/event-types/first-conversation/bookings";
        let booked = api.try_post(path, &body).await.expect("the server answers");
        assert_eq!(booked.status, 201, "{booked:?}");
        booked.text("manage_token").to_owned()
    };
    let kept = booking(&slots.body["slots"][0], "kept@example.org").await;
    let called_off = booking(&slots.body["slots"][3], "called-off@example.org").await;
    let cancelled = api
        .try_post(
            &format!("/api/v1/public/bookings/{called_off}/cancel"),
            &json!({}),
        )
        .await;
    assert_eq!(cancelled.expect("the server answers").status, 200);

    let at = |path: &str| format!("{}{path}", server.url());
    let (request, asked_of, other) = request(&api, &data.path().join("mails")).await;
    let clara = json!({ "email": "clara@northwind.example", "password": "meet me at the kalends" });
    let signed_in = api.post("/api/v1/auth/sign-in", &clara).await.expect(200);
    let cookie = signed_in.header("set-cookie").split(';').next();
    let (name, value) = cookie
        .and_then(|cookie| cookie.split_once('='))
        .expect("there is a cookie");
    guest(
        "judge",
        &json!({ "pages": {
            "landing": at(WORKSPACE),
            "booker": at(EVENT),
            "booker in another zone": at(&format!("{EVENT}?tz=America/St_Johns&clock=12")),
            "team": at("/book/northwind/strategy-session"),
            "details": at(&format!("{EVENT}/details?slot={start}&tz=Europe/Lisbon")),
            "manage": at(&format!("/b/{kept}")),
            "cancel": at(&format!("/b/{kept}/cancel")),
            "cancelled": at(&format!("/b/{called_off}")),
            "request": at(&format!("/b/{request}")),
            "other times": at(&format!("/b/{request}/reschedule")),
            "another time": at(&format!("/b/{request}/reschedule?slot={other}")),
            "answer": at(&format!("/h/{asked_of}")),
            "host cancels": at(&format!("/h/{asked_of}/cancel")),
            "sign in": at("/sign-in"),
            "forgotten password": at("/forgotten-password"),
            "home": at("/home"),
            "missing": at("/book/nobody"),
        }, "cookies": [{ "name": name, "value": value, "url": server.url() }] }),
    );
}

/// A request that waits: its manage token, its host's, and another start that it can move to.
async fn request(api: &Api, mails: &Path) -> (String, String, String) {
    let event = "/api/v1/public/northwind/event-types/strategy-session";
    let slots = api
        .get(&format!("{event}/slots?view=flat&timezone=UTC"))
        .await
        .expect(200);
    let start = |place: usize| slots.body["slots"][place]["start"].clone();
    let body = json!({
        "start": start(8),
        "invitee": { "name": "Ida", "email": "ida@example.org", "timezone": "Asia/Kathmandu" },
        "guests": [{ "email": "jon@example.org" }],
        "answers": { "decision": "Whether to build or to buy", "people": "Up to 20" },
    });
    let asked = api
        .post(&format!("{event}/bookings"), &body)
        .await
        .expect(201);
    let mail = mails::wait_for(
        mails,
        "clara@northwind.example",
        "Answer needed: Strategy session with Clara: Clara Winter and Ida",
    );
    let other = start(12).as_str().expect("a slot has a start").to_owned();
    (
        asked.text("manage_token").to_owned(),
        mail.secret("/h/"),
        other,
    )
}
