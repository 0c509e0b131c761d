//! Several workers on one database, killed one after the other. Nothing is lost, nothing is done twice at the same time,
//! and whoever dies is taken over.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;

use crate::support::acme;
use crate::support::api::Api;
use crate::support::counterpart;
use crate::support::mails::Mail;
use crate::support::measure;
use crate::support::server::{Server, Worker};
use crate::support::sink::{Relay, Sink};

const BOOKINGS: usize = 60;
const DEATHS: u64 = 8;
/// Two tries of one effect lie further apart than this: a lease lasts a minute, and what takes 45 seconds is given up.
const APART: Duration = Duration::from_secs(15);

/// What is owed and due, by the digits of its id.
async fn owed(member: &Api) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/api/v1/workspaces/acme/outbox?limit=200{cursor}");
        let page = member.get(&path).await.expect(200);
        for entry in page
            .data()
            .iter()
            .filter(|entry| entry["about"] == "confirmed")
        {
            let id = entry["id"].as_str().expect("it has an id");
            found.insert(id.trim_start_matches("ob_").to_owned(), entry.clone());
        }
        let Some(next) = page.body["page"]["next_cursor"].as_str() else {
            return found;
        };
        cursor = format!("&cursor={next}");
    }
}

/// When the copies of each mail came, in order, by the digits of its Message-ID.
fn copies(kept: &[Mail]) -> BTreeMap<String, Vec<SystemTime>> {
    let mut copies: BTreeMap<String, Vec<SystemTime>> = BTreeMap::new();
    for mail in kept {
        let id = mail.header("Message-ID").replace(['-', '<'], "");
        let digits = id.split('@').next().expect("there is a domain").to_owned();
        let file = mail.file.metadata().and_then(|about| about.modified());
        copies
            .entry(digits)
            .or_default()
            .push(file.expect("files have times"));
    }
    for times in copies.values_mut() {
        times.sort();
    }
    copies
}

/// Asserts that everything that is owed came, and nothing else, and no two copies at once. Answers how many second ones
/// there are.
fn assert_none_at_once(owing: &BTreeMap<String, Value>, kept: &[Mail]) -> usize {
    let copies = copies(kept);
    assert_eq!(
        copies.len(),
        owing.len(),
        "what is owed came, and nothing else"
    );
    let mut repeated = 0;
    for (id, entry) in owing {
        let times = copies.get(id);
        let times = times.unwrap_or_else(|| panic!("{entry} did not come"));
        let attempts = entry["attempts"].as_u64().expect("attempts are counted");
        assert!(
            times.len() as u64 <= attempts,
            "{entry} came more often than it was tried"
        );
        for pair in times.windows(2) {
            let apart = pair[1].duration_since(pair[0]);
            let apart = apart.expect("they are in order");
            assert!(apart > APART, "{entry} was sent by two at once: {apart:?}");
            repeated += 1;
        }
    }
    repeated
}

async fn workers_die(name: &str, data: &Path, database: &[(&str, &str)], sink: &Sink) {
    let relay = Relay::to(sink.door("plain")).await;
    let port = relay.port();
    let mut settings = vec![
        ("mail.transport", "smtp"),
        ("mail.from_address", "meetings@acme.example"),
        ("mail.smtp.host", "127.0.0.1"),
        ("mail.smtp.port", &port),
        ("mail.smtp.tls", "none"),
    ];
    settings.extend(database);
    acme::found(data, &settings);
    let token = acme::token(data, &settings, acme::HOST, "outbox:read");
    let server = Server::without_worker(data, &settings);
    let guest = Api::of(&server.url());
    let member = guest.with_token(&token);
    let starts = acme::many_starts(&guest, "half-hour").await;
    let book = async |number: usize| {
        let email = format!("guest-{number}@example.org");
        let booked = guest.book("half-hour", &starts[number * 3], &email).await;
        assert_eq!(booked.status, 201, "{booked:?}");
    };

    // The first one dies with its hands full.
    relay.lead([], sink.door("hang_banner"));
    for number in 0..6 {
        book(number).await;
    }
    let first = Worker::start(data, &settings, "first");
    let began = Instant::now();
    let in_hand = loop {
        let owing = owed(&member).await;
        let leased: Vec<String> = owing
            .into_iter()
            .filter(|(_, entry)| entry["status"] == "leased")
            .map(|(id, _)| id)
            .collect();
        if !leased.is_empty() {
            break leased;
        }
        assert!(began.elapsed() < Duration::from_mins(1), "it takes nothing");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    first.kill();
    relay.lead([], sink.door("plain"));

    // The others die at any moment, while more is booked.
    let mut workers: Vec<Worker> = (0..3)
        .map(|number| Worker::start(data, &settings, &number.to_string()))
        .collect();
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    for number in 6..BOOKINGS {
        book(number).await;
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let moment = (state >> 33) % 60;
        if (number as u64).is_multiple_of(BOOKINGS as u64 / DEATHS) {
            tokio::time::sleep(Duration::from_millis(moment)).await;
            workers.remove(0).kill();
            workers.push(Worker::start(data, &settings, &format!("after-{number}")));
        }
    }
    let owing = loop {
        let entries = owed(&member).await;
        assert_eq!(entries.len(), BOOKINGS * 2);
        if entries.values().all(|entry| entry["status"] == "done") {
            break entries;
        }
        assert!(
            began.elapsed() < Duration::from_mins(4),
            "{name}: still owed: {entries:#?}"
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    };

    let repeated = assert_none_at_once(&owing, &sink.kept());
    for id in &in_hand {
        let attempts = owing[id].get("attempts").and_then(Value::as_u64);
        assert!(
            attempts >= Some(2),
            "{name}: what the first one had was taken over: {:?}",
            owing[id]
        );
    }
    measure::note(&format!(
        "{name}: {} workers died; {} mails, {repeated} of them twice, after {:?}",
        DEATHS + 1,
        owing.len(),
        began.elapsed()
    ));
    drop(workers);
    acme::assert_verified(data, &settings);
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_that_die_on_one_sqlite_database_are_taken_over() {
    let Some(sink) = Sink::start() else { return };
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    workers_die("SQLite", data.path(), &[], &sink).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_that_die_on_one_postgres_database_are_taken_over() {
    let Some(database) = counterpart::postgres_database("workers") else {
        return;
    };
    let Some(sink) = Sink::start() else { return };
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    let settings = [("database.url", database.url.as_str())];
    workers_die("PostgreSQL", data.path(), &settings, &sink).await;
}
