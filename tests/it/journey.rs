//! A guest books a meeting: link, time, form, mail, invitation, cancellation. In a real browser.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::acme;
use crate::support::counterpart;
use crate::support::mails::{self, Mail};
use crate::support::place;
use crate::support::server::Server;

/// Lets the guest of `tests/browser` do something; answers what was seen. `None` when done without a browser.
fn guest(action: &str, argument: &Value) -> Option<Value> {
    let output = counterpart::browser("guest.mjs")?
        .arg(action)
        .arg(argument.to_string())
        .output()
        .expect("node is there (Debian: nodejs)");
    let (seen, complaints) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(
        output.status.success(),
        "{action} {argument}\nseen: {seen}\n{complaints}"
    );
    Some(serde_json::from_str(&seen).expect("the guest reports in JSON"))
}

/// Gives mails to programs that others wrote; answers what they read, one value for each calendar and mail.
fn judged_by_others(mails: &[&Mail]) -> Option<Vec<Value>> {
    let output = Command::new(counterpart::python()?)
        .arg(place::root().join("tests/counterparts/ics_check.py"))
        .args(mails.iter().map(|mail| &mail.file))
        .output()
        .expect("Python runs");
    let (read, complaints) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{complaints}\n{read}");
    let values = read
        .lines()
        .map(|line| serde_json::from_str(line).expect("it reports in JSON"));
    Some(values.collect())
}

/// Books and cancels in the browser, and reads the mails back.
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
            "event": format!("{}/book/acme/half-hour", server.url()),
            "timezone": "Asia/Kathmandu",
            "javascript": javascript,
            "name": "Élodie O'Neil",
            "email": email,
            "note": "Two lines,\nand a comma; \"quoted\"",
        }),
    ) else {
        return;
    };
    assert_eq!(booked["tag"], "You are scheduled");
    let start =
        crate::support::api::instant(booked["start"].as_str().expect("the slot has a start"));
    // Kathmandu is five hours and three quarters ahead of UTC.
    let local = start.to_utc() + chrono::TimeDelta::minutes(345);
    let shown = local.format("%H:%M").to_string();
    assert_eq!(booked["shown"], shown.as_str());
    assert!(
        booked["heading"]
            .as_str()
            .is_some_and(|heading| heading.contains(&shown)),
        "{booked}"
    );

    // Invitee and host are told, each with an invitation that others can read.
    let told = mails::wait_until(&folder, "two confirmations", |mails| {
        mails.len() >= before + 2
    });
    let invitee = told
        .iter()
        .find(|mail| mail.is_to(email))
        .expect("the invitee has a mail");
    let host = told
        .iter()
        .rfind(|mail| mail.is_to(acme::HOST))
        .expect("the host has a mail");
    assert!(
        invitee.text.contains(&shown),
        "the invitee's mail gives the invitee's time"
    );
    if let Some(read) = judged_by_others(&[invitee, host]) {
        let read = Value::from(read).to_string();
        assert!(read.contains("REQUEST"), "{read}");
        assert!(
            read.contains(&start.to_utc().format("%Y%m%dT%H%M%SZ").to_string())
                || read.contains(&start.to_utc().format("%Y-%m-%dT%H:%M:%S").to_string()),
            "{read}"
        );
    }

    // The link in the mail cancels.
    let token = invitee
        .tokens()
        .into_iter()
        .next()
        .expect("the invitee's mail has a link");
    let cancelled = guest(
        "cancel",
        &json!({ "url": format!("{}/b/{token}/cancel", server.url()), "javascript": javascript }),
    )
    .expect("the browser was there before");
    assert_eq!(cancelled["tag"], "Cancelled");
    let told = mails::wait_until(&folder, "two cancellations", |mails| {
        mails.len() >= before + 4
    });
    let cancellations: Vec<&Mail> = told
        .iter()
        .filter(|mail| mail.text.contains("METHOD:CANCEL"))
        .collect();
    assert!(cancellations.iter().any(|mail| mail.is_to(email)));
    assert!(cancellations.iter().any(|mail| mail.is_to(acme::HOST)));
    if let Some(read) = judged_by_others(&cancellations) {
        assert!(Value::from(read).to_string().contains("CANCEL"));
    }
}

#[test]
fn a_guest_books_and_cancels_in_a_browser_with_and_without_javascript() {
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    acme::found(data.path(), &[]);
    let server = Server::start(data.path(), &[]);
    book_and_cancel(data.path(), &server, true);
    book_and_cancel(data.path(), &server, false);
    acme::assert_verified(data.path(), &[]);
}
