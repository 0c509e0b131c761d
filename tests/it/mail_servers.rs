//! Mail servers that refuse, put off, hang and hang up. What is owed arrives when they are well again, and what was
//! accepted is not sent again.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::acme;
use crate::support::api::Api;
use crate::support::judge::Judge;
use crate::support::mails::Mail;
use crate::support::measure;
use crate::support::server::Server;
use crate::support::sink::{Relay, SendGridSink, Sink};

const OUTBOX: &str = "/api/v1/workspaces/acme/outbox";
/// What doors do instead of answering, the slowest first.
const DEEDS: [&str; 7] = ["hang", "close", "reset", "babble", "421", "451", "452"];
/// Where.
const STAGES: [&str; 6] = ["banner", "ehlo", "mail", "rcpt", "data", "body"];
/// The message has come whole, and nobody hears that it was taken.
const AFTERWARDS: [&str; 4] = ["hang_dot", "close_dot", "reset_dot", "babble_dot"];

/// Settings that send to a relay, without encryption, as to a mail server on the same machine.
fn smtp(port: &str) -> [(&str, &str); 5] {
    [
        ("mail.transport", "smtp"),
        ("mail.from_address", "meetings@acme.example"),
        ("mail.smtp.host", "127.0.0.1"),
        ("mail.smtp.port", port),
        ("mail.smtp.tls", "none"),
    ]
}

/// What is owed and due, by id.
async fn owed(member: &Api) -> BTreeMap<String, Value> {
    let outbox = member.get(&format!("{OUTBOX}?limit=200")).await.expect(200);
    let due = outbox
        .data()
        .iter()
        .filter(|entry| entry["about"] == "confirmed");
    due.map(|entry| {
        (
            entry["id"].as_str().expect("it has an id").to_owned(),
            entry.clone(),
        )
    })
    .collect()
}

/// Waits until everything that is owed stands like this.
async fn wait_until_all_are(member: &Api, status: &str, count: usize) -> BTreeMap<String, Value> {
    let began = Instant::now();
    loop {
        let entries = owed(member).await;
        let there = entries
            .values()
            .filter(|entry| entry["status"] == status)
            .count();
        if there == count {
            return entries;
        }
        assert!(
            began.elapsed() < Duration::from_mins(4),
            "{there} of {count} are {status}: {entries:#?}"
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// The mails of an outbox entry: its id is their Message-ID.
fn of<'a>(kept: &'a [Mail], entry: &str) -> Vec<&'a Mail> {
    let digits = entry.trim_start_matches("ob_");
    let id = |mail: &Mail| mail.header("Message-ID").replace(['-', '<'], "");
    kept.iter()
        .filter(|mail| id(mail).starts_with(digits))
        .collect()
}

/// The outcomes of an entry's attempts.
async fn outcomes(member: &Api, entry: &str) -> Vec<String> {
    let details = member.get(&format!("{OUTBOX}/{entry}")).await.expect(200);
    let tries = details.body["tries"].as_array().expect("tries are listed");
    let outcome = |attempt: &Value| {
        attempt["outcome"]
            .as_str()
            .expect("it has an outcome")
            .to_owned()
    };
    tries.iter().map(outcome).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_mail_server_does_what_is_owed_arrives_once_it_is_well() {
    let Some(sink) = Sink::start() else { return };
    let relay = Relay::to(sink.door("plain")).await;
    let doors = STAGES
        .iter()
        .flat_map(|stage| DEEDS.map(|deed| format!("{deed}_{stage}")));
    let mut doors: Vec<String> = doors.chain(AFTERWARDS.map(str::to_owned)).collect();
    // Those that hang go first, so that they do so beside each other.
    doors.sort_by_key(|door| !door.starts_with("hang"));
    relay.lead(doors.iter().map(|door| sink.door(door)), sink.door("plain"));

    let data = tempfile::tempdir().expect("a temporary folder can be made");
    let port = relay.port();
    let settings = smtp(&port);
    acme::found(data.path(), &settings);
    let token = acme::token(data.path(), &settings, acme::HOST, acme::ALL_SCOPES);
    let server = Server::start(data.path(), &settings);
    let guest = Api::of(&server.url());
    let member = guest.with_token(&token);
    let starts = guest.starts("half-hour", "").await;
    let bookings = doors.len().div_ceil(2) + 1;
    let began = Instant::now();
    for number in 0..bookings {
        let email = format!("guest-{number}@example.org");
        let booked = guest.book("half-hour", &starts[number * 2], &email).await;
        assert_eq!(
            booked.status, 201,
            "a mail server is nothing to those who book: {booked:?}"
        );
    }
    let entries = wait_until_all_are(&member, "done", bookings * 2).await;
    measure::note(&format!(
        "{} mails over a server that failed {} times: {:?}",
        entries.len(),
        doors.len(),
        began.elapsed()
    ));
    assert_eq!(relay.left(), 0, "every door was tried");

    let kept = sink.kept();
    let mut copies = 0;
    let mut failures = 0;
    for entry in entries.keys() {
        let outcomes = outcomes(&member, entry).await;
        let count = |outcome: &str| outcomes.iter().filter(|one| *one == outcome).count();
        assert_eq!(count("accepted"), 1, "{outcomes:?}");
        assert_eq!(
            outcomes.last().map(String::as_str),
            Some("accepted"),
            "{outcomes:?}"
        );
        failures += outcomes.len() - 1;
        // Another copy is there only where nobody could know of the first, and it is the same message.
        let own = of(&kept, entry);
        assert!(
            (1..=1 + count("unknown")).contains(&own.len()),
            "{outcomes:?}: {own:?}"
        );
        copies += own.len();
    }
    assert_eq!(copies, kept.len(), "everything that came was owed");
    assert_eq!(copies, entries.len() + AFTERWARDS.len());
    assert_eq!(failures, doors.len(), "every failure was noted");
    assert!(server.stop().success());
    acme::assert_verified(data.path(), &settings);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_mail_server_refuses_for_good_is_listed_and_sent_when_somebody_says_so() {
    let Some(sink) = Sink::start() else { return };
    let relay = Relay::to(sink.door("550_rcpt")).await;
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    let port = relay.port();
    let settings = smtp(&port);
    acme::found(data.path(), &settings);
    let token = acme::token(data.path(), &settings, acme::HOST, acme::ALL_SCOPES);
    let server = Server::start(data.path(), &settings);
    let guest = Api::of(&server.url());
    let member = guest.with_token(&token);
    let mut judge = Judge::of(&guest).await;
    let starts = guest.starts("half-hour", "").await;
    for number in 0..2 {
        let email = format!("guest-{number}@example.org");
        let booked = guest.book("half-hour", &starts[number * 2], &email).await;
        assert_eq!(booked.status, 201, "{booked:?}");
    }
    wait_until_all_are(&member, "failed", 4).await;
    let failed = member
        .get(&format!("{OUTBOX}?status=failed"))
        .await
        .expect(200);
    assert_eq!(failed.data().len(), 4);
    judge.note("GET /api/v1/workspaces/{workspace}/outbox", failed.clone());
    let doctor = acme::output(data.path(), &settings, &["doctor"], "");
    let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(
        !doctor.status.success() && said.contains("gave 4 messages up"),
        "{said}"
    );
    assert!(
        !said.contains("@example.org"),
        "addresses are nobody's business: {said}"
    );

    relay.lead([], sink.door("plain"));
    for entry in failed.data() {
        let entry = entry["id"].as_str().expect("it has an id");
        let details = member.get(&format!("{OUTBOX}/{entry}")).await.expect(200);
        assert_eq!(
            details.body["tries"][0]["outcome"], "refused",
            "{details:?}"
        );
        judge.note("GET /api/v1/workspaces/{workspace}/outbox/{entry}", details);
        let path = format!("{OUTBOX}/{entry}/replay");
        let replayed = member.ask("POST", &path, None).await.expect(200);
        judge.note(
            "POST /api/v1/workspaces/{workspace}/outbox/{entry}/replay",
            replayed,
        );
    }
    let entries = wait_until_all_are(&member, "done", 4).await;
    let kept = sink.kept();
    assert_eq!(kept.len(), 4);
    for entry in entries.keys() {
        assert_eq!(of(&kept, entry).len(), 1);
        let again = member
            .ask("POST", &format!("{OUTBOX}/{entry}/replay"), None)
            .await;
        again.assert_problem(409, "not-failed");
    }
    judge.assert_described();
    let doctor = acme::run(data.path(), &settings, &["doctor"], "");
    assert!(doctor.contains("none failed"), "{doctor}");
    acme::assert_verified(data.path(), &settings);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_sendgrid_cannot_take_goes_over_smtp_and_both_attempts_are_kept() {
    let (Some(sendgrid), Some(sink)) = (SendGridSink::start(), Sink::start()) else {
        return;
    };
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    let (port, address) = (sink.door("plain").to_string(), sendgrid.address("503"));
    let mut settings = smtp(&port).to_vec();
    settings[0] = ("mail.transport", "sendgrid,smtp");
    settings.push(("mail.sendgrid.api_key", "SG.key"));
    settings.push(("mail.sendgrid.base_url", &address));
    acme::found(data.path(), &settings);
    let token = acme::token(data.path(), &settings, acme::HOST, "outbox:read");
    let server = Server::start(data.path(), &settings);
    let guest = Api::of(&server.url());
    let member = guest.with_token(&token);
    let starts = guest.starts("half-hour", "").await;
    guest
        .book("half-hour", &starts[9], "guest@example.org")
        .await
        .expect(201);
    let entries = wait_until_all_are(&member, "done", 2).await;
    assert_eq!(sink.kept().len(), 2);
    let mut transports = Vec::new();
    for entry in entries.keys() {
        let details = member.get(&format!("{OUTBOX}/{entry}")).await.expect(200);
        for attempt in details.body["tries"].as_array().expect("tries are listed") {
            transports.push((attempt["transport"].clone(), attempt["outcome"].clone()));
        }
    }
    // Both may have asked SendGrid before it was known to be unwell.
    let smtp: Vec<_> = transports
        .iter()
        .filter(|(name, _)| name == "smtp")
        .collect();
    assert!(
        smtp.len() == 2 && smtp.iter().all(|(_, outcome)| outcome == "accepted"),
        "{transports:?}"
    );
    let asked: Vec<_> = transports
        .iter()
        .filter(|(name, _)| name == "sendgrid")
        .collect();
    assert!(
        !asked.is_empty() && asked.iter().all(|(_, outcome)| outcome == "deferred"),
        "{transports:?}"
    );
}
