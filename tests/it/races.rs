//! Many guests, one slot.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::Value;

use crate::support::acme;
use crate::support::api::{Answer, Api, instant};
use crate::support::counterpart;
use crate::support::mails;
use crate::support::measure;
use crate::support::server::Server;

/// Whoever waits in line here waits as long as it takes: these tests are about who wins, not about how fast.
const PATIENT: [(&str, &str); 1] = [("http.booking_wait_seconds", "60")];
/// Several servers need one key.
const KEY: (&str, &str) = (
    "secrets.key",
    "5c1d0e7a5c1d0e7a5c1d0e7a5c1d0e7a5c1d0e7a5c1d0e7a5c1d0e7a5c1d0e7a",
);

/// Looks at the slots until told to stop; answers how often, and how long the worst look took.
async fn read_meanwhile(api: Api, stop: Arc<AtomicBool>) -> (u32, Duration) {
    let (mut looks, mut worst) = (0, Duration::ZERO);
    while !stop.load(Ordering::Relaxed) {
        let began = Instant::now();
        let page = api.get("/book/acme/half-hour").await;
        assert_eq!(page.status, 200, "{page:?}");
        worst = worst.max(began.elapsed());
        looks += 1;
    }
    (looks, worst)
}

/// Asserts that one of the answers is a booking, and that the others say who else can be had.
fn assert_one_winner(answers: &[Answer], wanted: &str) {
    let winners = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(winners, 1, "of {} answers", answers.len());
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        answer.assert_problem(409, "slot-taken");
        let alternatives = answer.body["alternatives"]
            .as_array()
            .expect("losers get alternatives");
        assert!((1..=3).contains(&alternatives.len()), "{answer:?}");
        for alternative in alternatives {
            let start = instant(alternative.as_str().expect("an alternative is a start"));
            assert_ne!(start, instant(wanted));
        }
    }
}

/// Two hundred guests want one slot of the servers at once, while another looks at the page.
async fn two_hundred_want_one_slot(name: &str, servers: &[Server], mail_folder: &Path) {
    let apis: Vec<Api> = servers
        .iter()
        .map(|server| Api::of(&server.url()))
        .collect();
    let starts = apis[0].starts("half-hour", "").await;
    let wanted = &starts[starts.len() / 2];

    let stop = Arc::new(AtomicBool::new(false));
    let reader = tokio::spawn(read_meanwhile(apis[0].clone(), Arc::clone(&stop)));
    let began = Instant::now();
    let answers = join_all((0..200).map(|guest| {
        let api = apis[guest % apis.len()].clone();
        async move {
            api.book("half-hour", wanted, &format!("guest-{guest}@example.org"))
                .await
        }
    }))
    .await;
    let took = began.elapsed();
    stop.store(true, Ordering::Relaxed);
    let (looks, worst) = reader.await.expect("the reader ends");

    assert_one_winner(&answers, wanted);
    assert!(looks > 0);
    measure::note(&format!(
        "{name}: 200 bookings answered in {took:?}; meanwhile {looks} looks at the page, the worst {worst:?}"
    ));

    // The winner and the host are told; nobody else is.
    let winner = answers
        .iter()
        .find(|answer| answer.status == 201)
        .expect("there is one");
    let email = winner.body["invitee"]["email"]
        .as_str()
        .expect("the booking has an invitee");
    let told = mails::wait_until(mail_folder, "the winner's mails", |mails| {
        mails.iter().any(|mail| mail.is_to(email))
            && mails.iter().any(|mail| mail.is_to(acme::HOST))
    });
    assert_eq!(told.len(), 2, "{told:?}");
    // And the slot is gone.
    assert!(!apis[0].starts("half-hour", "").await.contains(wanted));
}

/// Half an hour at half past, and the hour that begins half an hour earlier: the same host cannot do both.
async fn overlapping_starts_exclude_each_other(servers: &[Server]) {
    let apis: Vec<Api> = servers
        .iter()
        .map(|server| Api::of(&server.url()))
        .collect();
    let hours = apis[0].starts("hour", "").await;
    let halves = apis[0].starts("half-hour", "").await;
    // One hour a day, so that the rounds do not touch each other.
    let rounds: Vec<&String> = hours
        .iter()
        .filter(|start| start.contains("T13:00"))
        .take(12)
        .collect();
    assert_eq!(rounds.len(), 12);
    for (round, hour) in rounds.into_iter().enumerate() {
        let half = hour.replace("T13:00", "T13:30");
        assert!(
            halves.contains(&half),
            "{half} is offered before anybody books"
        );
        let answers = join_all((0..16).map(|guest| {
            let api = apis[(guest / 2) % apis.len()].clone();
            let (event, start) = if guest % 2 == 0 {
                ("hour", hour)
            } else {
                ("half-hour", &half)
            };
            async move {
                api.book(
                    event,
                    start,
                    &format!("round-{round}-guest-{guest}@example.org"),
                )
                .await
            }
        }))
        .await;
        let winners: Vec<&Value> = answers
            .iter()
            .filter(|a| a.status == 201)
            .map(|a| &a.body["start"])
            .collect();
        assert_eq!(winners.len(), 1, "round {round}: {winners:?}");
        for loser in answers.iter().filter(|answer| answer.status != 201) {
            loser.assert_problem(409, "slot-taken");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_hundred_who_want_one_slot_on_sqlite_one_gets_it() {
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    acme::found(data.path(), &[]);
    let server = Server::start(data.path(), &PATIENT);
    two_hundred_want_one_slot("SQLite", &[server], &data.path().join("mails")).await;
    acme::assert_verified(data.path(), &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_overlapping_starts_of_two_event_types_on_sqlite_one_is_booked() {
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    acme::found(data.path(), &[]);
    let server = Server::start(data.path(), &PATIENT);
    overlapping_starts_exclude_each_other(&[server]).await;
    acme::assert_verified(data.path(), &[]);
}

/// Two servers on one PostgreSQL, each with a data folder of its own and one folder for mails.
pub(crate) fn two_servers(url: &str, data: &Path) -> [Server; 2] {
    let mail_folder = data.join("mails");
    let mail_folder = mail_folder
        .to_str()
        .expect("the temporary folder has a plain name");
    let settings = [
        PATIENT[0],
        KEY,
        ("database.url", url),
        ("mail.folder", mail_folder),
    ];
    ["one", "two"].map(|name| Server::start(&data.join(name), &settings))
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_hundred_who_want_one_slot_of_two_servers_on_postgres_one_gets_it() {
    let Some(database) = counterpart::postgres_database("race") else {
        return;
    };
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    acme::found(data.path(), &[("database.url", &database.url)]);
    let servers = two_servers(&database.url, data.path());
    two_hundred_want_one_slot(
        "PostgreSQL, two servers",
        &servers,
        &data.path().join("mails"),
    )
    .await;
    acme::assert_verified(data.path(), &[("database.url", &database.url)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_overlapping_starts_of_two_event_types_of_two_servers_on_postgres_one_is_booked() {
    let Some(database) = counterpart::postgres_database("overlap") else {
        return;
    };
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    acme::found(data.path(), &[("database.url", &database.url)]);
    let servers = two_servers(&database.url, data.path());
    overlapping_starts_exclude_each_other(&servers).await;
    acme::assert_verified(data.path(), &[("database.url", &database.url)]);
}
