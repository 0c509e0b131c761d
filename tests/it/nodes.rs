//! Nodes of one database that start, stop and die, beside a database that hangs, goes away and has a clock of its own.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};

use crate::support::acme;
use crate::support::api::{Api, instant};
use crate::support::counterpart;
use crate::support::http;
use crate::support::line::Line;
use crate::support::measure;
use crate::support::server::{Server, Worker};
use crate::support::sink::{Relay, Sink};

/// Several servers need one key.
const KEY: (&str, &str) = (
    "secrets.key",
    "5c1d0e7a5c1d0e7a5c1d0e7a5c1d0e7a5c1d0e7a5c1d0e7a5c1d0e7a5c1d0e7a",
);

/// How long something may take that should happen soon. A guard against hanging, not a measure.
const PATIENCE: Duration = Duration::from_mins(1);

/// Waits until something is true.
async fn until<F: Future<Output = bool>>(what: &str, mut is_true: impl FnMut() -> F) {
    let began = Instant::now();
    while !is_true().await {
        assert!(began.elapsed() < PATIENCE, "still not: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The entries of the outbox about confirmed bookings, each with its status and attempts.
async fn owed(member: &Api) -> Vec<(String, u64)> {
    let page = member.get("/api/v1/workspaces/acme/outbox?limit=200").await;
    let page = page.expect(200);
    let confirmed = page
        .data()
        .iter()
        .filter(|entry| entry["about"] == "confirmed");
    confirmed
        .map(|entry| {
            let status = entry["status"].as_str().expect("it has a status");
            let attempts = entry["attempts"].as_u64().expect("attempts are counted");
            (status.to_owned(), attempts)
        })
        .collect()
}

async fn all_are(member: &Api, status: &str) -> bool {
    let owed = owed(member).await;
    !owed.is_empty() && owed.iter().all(|(is, _)| is == status)
}

/// How often each mail came, by its Message-ID.
fn copies(sink: &Sink) -> BTreeMap<String, usize> {
    let mut copies = BTreeMap::new();
    for mail in sink.kept() {
        *copies
            .entry(mail.header("Message-ID").to_owned())
            .or_default() += 1;
    }
    copies
}

/// Mails go to a relay, without TLS.
fn by_smtp(port: &str) -> Vec<(&str, &str)> {
    vec![
        KEY,
        ("mail.transport", "smtp"),
        ("mail.from_address", "meetings@acme.example"),
        ("mail.smtp.host", "127.0.0.1"),
        ("mail.smtp.port", port),
        ("mail.smtp.tls", "none"),
    ]
}

/// A booking whose last bytes are still to be sent, on a connection of its own.
struct HalfSent {
    stream: std::net::TcpStream,
    rest: Vec<u8>,
}

impl HalfSent {
    fn begin(port: u16, start: &str) -> Self {
        let body = format!(
            r#"{{"start":"{start}","invitee":{{"name":"Slow","email":"slow@example.org","timezone":"UTC"}}}}"#
        );
        let (first, rest) = body.split_at(body.len() / 2);
        let head = format!(
            "POST /api/v1/public/acme/event-types/half-hour/bookings HTTP/1.1\r\nHost: 127.0.0.1\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{first}",
            body.len()
        );
        let mut stream = http::connect(port).expect("the server listens");
        stream.write_all(head.as_bytes()).expect("it takes bytes");
        Self {
            stream,
            rest: rest.as_bytes().to_vec(),
        }
    }

    /// Sends the rest, and reads the answer to the end of the connection.
    fn finish(mut self) -> String {
        self.stream
            .write_all(&self.rest)
            .expect("it takes the rest");
        let mut answer = String::new();
        // The connection is closed behind the answer, in one way or another.
        let _ = self.stream.read_to_string(&mut answer);
        answer
    }
}

fn status_of(port: u16, path: &str) -> Option<String> {
    let answer = http::get_raw(port, path).ok()?;
    answer.split(' ').nth(1).map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_asked_to_stop_is_not_ready_any_more_and_answers_what_it_was_asked() {
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    acme::found(data.path(), &[]);
    let server = Server::start(data.path(), &[("http.drain_seconds", "3")]);
    let api = Api::of(&server.url());
    let starts = api.starts("half-hour", "").await;
    let port = server.port();
    let open = HalfSent::begin(port, &starts[0]);
    // A proxy keeps its connections.
    let idle = http::connect(port).expect("the server listens");

    server.signal("TERM");
    until("not ready", async || {
        status_of(port, "/ready").as_deref() == Some("503")
    })
    .await;
    let unready = api.get("/ready").await;
    unready.assert_problem(503, "unavailable");
    assert!(!unready.header("retry-after").is_empty(), "{unready:?}");
    assert_eq!(unready.text("detail"), "The server is stopping.");
    // Whoever comes meanwhile is served as before.
    let booked = api.book("half-hour", &starts[4], "late@example.org").await;
    assert_eq!(booked.status, 201, "{booked:?}");
    assert_eq!(status_of(port, "/health").as_deref(), Some("200"));
    until("closed", async || status_of(port, "/health").is_none()).await;
    // What was open still is, and is finished.
    let answer = tokio::task::spawn_blocking(|| open.finish());
    let answer = answer.await.expect("the guest ends");
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    assert!(server.ended().success());
    drop(idle);
    acme::assert_verified(data.path(), &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_asked_twice_to_stop_ends_at_once() {
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    acme::found(data.path(), &[]);
    // Nobody but the second signal ends it.
    let patient = [
        ("http.shutdown_seconds", "600"),
        ("http.request_seconds", "600"),
        ("http.answer_seconds", "600"),
    ];
    for (first, second) in [("TERM", "TERM"), ("INT", "INT"), ("TERM", "INT")] {
        let server = Server::start(data.path(), &patient);
        let api = Api::of(&server.url());
        let starts = api.starts("half-hour", "").await;
        let port = server.port();
        let open = HalfSent::begin(port, &starts[0]);
        // Until the server has read what was sent so far.
        tokio::time::sleep(Duration::from_secs(1)).await;
        server.signal(first);
        until("closed", async || status_of(port, "/health").is_none()).await;
        // It waits for the request that is open.
        tokio::time::sleep(Duration::from_millis(300)).await;
        let mut server = server;
        assert!(server.is_alive(), "{}", server.log());
        let asked = Instant::now();
        server.signal(second);
        assert_eq!(server.ended().code(), Some(1));
        assert!(asked.elapsed() < Duration::from_secs(20));
        drop(open);
    }
    acme::assert_verified(data.path(), &[]);
}

/// A worker with its hands full of messages that hang is asked to stop: another one has them at once, and each goes out
/// once.
async fn leases_are_handed_back(data: &Path, database: &[(&str, &str)], sink: &Sink) {
    let relay = Relay::to(sink.door("hang_banner")).await;
    let port = relay.port();
    let mut settings = by_smtp(&port);
    settings.extend(database);
    acme::found(data, &settings);
    let token = acme::token(data, &settings, acme::HOST, "outbox:read");
    let server = Server::without_worker(data, &settings);
    let guest = Api::of(&server.url());
    let member = guest.with_token(&token);
    let starts = guest.starts("half-hour", "").await;
    for start in starts.iter().step_by(3).take(3) {
        let booked = guest.book("half-hour", start, "ida@example.org").await;
        assert_eq!(booked.status, 201, "{booked:?}");
    }
    let mut impatient = settings.clone();
    impatient.push(("http.shutdown_seconds", "1"));
    let first = Worker::start(data, &impatient, "first");
    until("leased", async || all_are(&member, "leased").await).await;
    let asked = Instant::now();
    assert!(first.stop().success());
    let stopped = asked.elapsed();
    // Ready, and as if they had never been tried.
    let owing = owed(&member).await;
    assert_eq!(owing, vec![("ready".to_owned(), 0); 6]);
    relay.lead([], sink.door("plain"));
    let second = Worker::start(data, &settings, "second");
    until("done", async || all_are(&member, "done").await).await;
    let took = asked.elapsed();
    // A lease lasts a minute, so nobody waited for one to end.
    assert!(took < Duration::from_secs(45), "{took:?}");
    assert!(
        owed(&member)
            .await
            .iter()
            .all(|(_, attempts)| *attempts == 1)
    );
    assert_eq!(copies(sink).into_values().collect::<Vec<_>>(), [1; 6]);
    measure::note(&format!(
        "a worker with six messages that hang stopped after {stopped:?}; another had sent them after {took:?}"
    ));
    assert!(second.stop().success());
    acme::assert_verified(data, &settings);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_stops_hands_its_leases_back_on_sqlite() {
    let Some(sink) = Sink::start() else { return };
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    leases_are_handed_back(data.path(), &[], &sink).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_stops_hands_its_leases_back_on_postgres() {
    let Some(database) = counterpart::postgres_database("handed_back") else {
        return;
    };
    let Some(sink) = Sink::start() else { return };
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    let settings = [("database.url", database.url.as_str())];
    leases_are_handed_back(data.path(), &settings, &sink).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_a_worker_inside_hands_its_leases_back_too() {
    let Some(database) = counterpart::postgres_database("inside") else {
        return;
    };
    let Some(sink) = Sink::start() else { return };
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    let relay = Relay::to(sink.door("hang_banner")).await;
    let port = relay.port();
    let mut settings = by_smtp(&port);
    settings.push(("database.url", &database.url));
    settings.push(("http.shutdown_seconds", "1"));
    acme::found(data.path(), &settings);
    let token = acme::token(data.path(), &settings, acme::HOST, "outbox:read");
    let looker = Server::without_worker(data.path(), &settings);
    let member = Api::of(&looker.url()).with_token(&token);
    let server = Server::start(data.path(), &settings);
    let guest = Api::of(&server.url());
    let starts = guest.starts("half-hour", "").await;
    let booked = guest.book("half-hour", &starts[0], "ida@example.org").await;
    assert_eq!(booked.status, 201, "{booked:?}");
    until("leased", async || all_are(&member, "leased").await).await;
    assert!(server.stop().success());
    assert_eq!(owed(&member).await, vec![("ready".to_owned(), 0); 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_dies_is_taken_over_when_its_leases_end_and_what_it_had_settled_is_not_repeated()
 {
    let Some(database) = counterpart::postgres_database("taken_over") else {
        return;
    };
    let Some(sink) = Sink::start() else { return };
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    let relay = Relay::to(sink.door("plain")).await;
    let port = relay.port();
    let mut settings = by_smtp(&port);
    settings.push(("database.url", &database.url));
    settings.push(("worker.lease_seconds", "8"));
    acme::found(data.path(), &settings);
    let token = acme::token(data.path(), &settings, acme::HOST, "outbox:read");
    let first = Server::start(data.path(), &settings);
    let second = Server::without_worker(data.path(), &settings);
    let (guest, other) = (Api::of(&first.url()), Api::of(&second.url()));
    let member = other.with_token(&token);
    let starts = guest.starts("half-hour", "").await;
    let book = async |place: usize| {
        let booked = guest
            .book("half-hour", &starts[place], "ida@example.org")
            .await;
        assert_eq!(booked.status, 201, "{booked:?}");
    };
    book(0).await;
    until("done", async || all_are(&member, "done").await).await;
    relay.lead([], sink.door("hang_banner"));
    book(3).await;
    until("leased", async || {
        let owed = owed(&member).await;
        owed.iter().filter(|(status, _)| status == "leased").count() == 2
    })
    .await;
    let died = Instant::now();
    first.kill();
    relay.lead([], sink.door("plain"));
    let third = Worker::start(data.path(), &settings, "third");
    until("done", async || all_are(&member, "done").await).await;
    let took = died.elapsed();
    let mut owing = owed(&member).await;
    owing.sort();
    let attempts: Vec<u64> = owing.into_iter().map(|(_, attempts)| attempts).collect();
    assert_eq!(attempts, [1, 1, 2, 2]);
    assert_eq!(copies(&sink).into_values().collect::<Vec<_>>(), [1; 4]);
    measure::note(&format!(
        "what a killed node had leased for 8 seconds was sent by another one after {took:?}"
    ));
    drop((second, third));
    acme::assert_verified(data.path(), &settings);
}

/// Four nodes that start at once on an empty database.
fn many_start_at_once(data: &Path, settings: &[(&str, &str)]) {
    let began = Instant::now();
    let servers: Vec<Server> = std::thread::scope(|scope| {
        let starting: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| Server::start(data, settings)))
            .collect();
        starting
            .into_iter()
            .map(|server| server.join().expect("the server is ready"))
            .collect()
    });
    measure::note(&format!(
        "four servers were ready on an empty database after {:?}",
        began.elapsed()
    ));
    for server in servers {
        assert!(!server.log().contains("ERROR"), "{}", server.log());
        assert!(server.stop().success());
    }
    acme::assert_verified(data, settings);
}

#[test]
fn many_servers_start_at_once_on_an_empty_sqlite_database() {
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    many_start_at_once(data.path(), &[KEY]);
}

#[test]
fn many_servers_start_at_once_on_an_empty_postgres_database() {
    let Some(database) = counterpart::postgres_database("at_once") else {
        return;
    };
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    many_start_at_once(data.path(), &[KEY, ("database.url", &database.url)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_there_first_waits_for_the_schema() {
    let Some(database) = counterpart::postgres_database("first") else {
        return;
    };
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    let settings = [KEY, ("database.url", database.url.as_str())];
    let worker = Worker::start(data.path(), &settings, "first");
    let log = data.path().join("worker-first.log");
    until("it says that it waits", async || {
        let log = std::fs::read_to_string(&log).unwrap_or_default();
        log.contains("The schema is out of date; waiting")
    })
    .await;
    acme::found(data.path(), &settings);
    let server = Server::without_worker(data.path(), &settings);
    let guest = Api::of(&server.url());
    let starts = guest.starts("half-hour", "").await;
    let booked = guest.book("half-hour", &starts[0], "ida@example.org").await;
    assert_eq!(booked.status, 201, "{booked:?}");
    let mails = data.path().join("mails");
    until("both mails", async || {
        mails.is_dir() && crate::support::mails::read_all(&mails).len() == 2
    })
    .await;
    assert!(worker.stop().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_release_may_add_to_the_schema_but_not_take_away_what_this_one_needs() {
    let Some(database) = counterpart::postgres_database("newer") else {
        return;
    };
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    let settings = [KEY, ("database.url", database.url.as_str())];
    acme::found(data.path(), &settings);
    let running = Server::start(data.path(), &settings);
    let api = Api::of(&running.url());
    let starts = api.starts("half-hour", "").await;

    // A later release expands.
    database.change(
        "insert into seaql_migrations (version, applied_at) values ('m20990101_000000_expand', 0);
        alter table bookings add column weather text",
    );
    api.get("/ready").await.expect(200);
    let booked = api.book("half-hour", &starts[0], "ida@example.org").await;
    assert_eq!(booked.status, 201, "{booked:?}");
    let second = Server::start(data.path(), &settings);
    assert!(
        second.log().contains("m20990101_000000_expand"),
        "{}",
        second.log()
    );
    let api_of_second = Api::of(&second.url());
    let booked = api_of_second
        .book("half-hour", &starts[3], "ida@example.org")
        .await;
    assert_eq!(booked.status, 201, "{booked:?}");
    acme::assert_verified(data.path(), &settings);

    // It contracts: programs must know its step.
    database.change(
        "insert into seaql_migrations (version, applied_at) values ('m20990201_000000_contract', 0);
        update schema_compatibility set oldest = 'm20990201_000000_contract'",
    );
    for node in [&api, &api_of_second] {
        let unready = node.get("/ready").await;
        unready.assert_problem(503, "unavailable");
        assert_eq!(
            unready.text("detail"),
            "The database was migrated for a later release."
        );
    }
    for command in [
        &["serve", "--listen=127.0.0.1:0"][..],
        &["worker"],
        &["migrate"],
        &[
            "token",
            "--workspace=acme",
            "--name=T",
            "--email=ann@acme.example",
            "--scopes=outbox:read",
        ],
    ] {
        let refused = acme::output(data.path(), &settings, command, "");
        let complaint = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(1), "{command:?}: {complaint}");
        assert!(
            complaint.contains("the schema was made for later programs")
                && complaint.contains("m20990201_000000_contract"),
            "{command:?}: {complaint}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_does_not_say_a_word_is_not_ready_and_that_is_said_in_time() {
    let Some(database) = counterpart::postgres_database("silent") else {
        return;
    };
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    let server_port = database.port();
    let line = Line::to(server_port).await;
    let through = database
        .url
        .replace(&format!(":{server_port}/"), &format!(":{}/", line.port()));
    let settings = [
        KEY,
        ("database.url", through.as_str()),
        ("http.answer_seconds", "3"),
        ("http.read_wait_seconds", "1"),
    ];
    acme::found(data.path(), &settings);
    let server = Server::start(data.path(), &settings);
    let api = Api::of(&server.url());
    let starts = api.starts("half-hour", "").await;

    line.hold();
    // More than there are connections.
    let many = (0..40).map(|_| async {
        let began = Instant::now();
        let answer = api.get("/ready").await;
        (answer, began.elapsed())
    });
    let many = tokio::time::timeout(PATIENCE, futures_util::future::join_all(many));
    for (answer, took) in many.await.expect("it answers") {
        answer.assert_problem(503, "unavailable");
        assert!(took < Duration::from_secs(20), "{took:?}");
    }
    api.get("/health").await.expect(200);
    // Guests are told as well, in time, and so is whoever asks again.
    for _ in 0..2 {
        let booked = api.book("half-hour", &starts[0], "ida@example.org").await;
        assert_eq!(booked.status, 503, "{booked:?}");
        assert!(!booked.header("retry-after").is_empty(), "{booked:?}");
    }

    line.release();
    until("ready", async || api.get("/ready").await.status == 200).await;
    until("booked", async || {
        let booked = api.book("half-hour", &starts[3], "ida@example.org").await;
        assert!(matches!(booked.status.as_u16(), 201 | 503), "{booked:?}");
        booked.status == 201
    })
    .await;
    assert!(server.stop().success());
    acme::assert_verified(data.path(), &settings);
}

/// Ends every session of a database, as a restart does.
const END_SESSIONS: &str = "select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()";

/// What a guest was answered with while the database went away and came back.
#[derive(Debug, Default)]
struct Answers {
    good: usize,
    refused: usize,
    booked: usize,
}

async fn ask_all_the_time(api: Api, starts: Vec<String>, stop: Arc<AtomicBool>) -> Answers {
    let mut answers = Answers::default();
    let mut places = starts.iter().step_by(2);
    while !stop.load(Ordering::Relaxed) {
        let slots = api
            .get("/api/v1/public/acme/event-types/half-hour/slots?timezone=UTC&view=flat")
            .await;
        let start = places.next().expect("there are starts enough");
        let booked = api.book("half-hour", start, "ida@example.org").await;
        for answer in [&slots, &booked] {
            match answer.status.as_u16() {
                200 => answers.good += 1,
                201 => answers.booked += 1,
                503 => {
                    assert!(!answer.header("retry-after").is_empty(), "{answer:?}");
                    answers.refused += 1;
                }
                _ => panic!("neither done nor put off: {answer:?}"),
            }
        }
    }
    answers
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_ends_its_sessions_and_goes_away_is_no_error_and_comes_back() {
    let Some(database) = counterpart::postgres_database("away") else {
        return;
    };
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    let settings = [KEY, ("database.url", database.url.as_str())];
    acme::found(data.path(), &settings);
    let token = acme::token(data.path(), &settings, acme::HOST, "outbox:read");
    let server = Server::without_worker(data.path(), &settings);
    let _worker = Worker::start(data.path(), &settings, "only");
    let api = Api::of(&server.url());
    let member = api.with_token(&token);
    let starts = acme::many_starts(&api, "half-hour").await;

    // Nobody is asking: the next one after it notices nothing, whichever connection he gets.
    for start in starts.iter().rev().step_by(2).take(20) {
        database.change(END_SESSIONS);
        api.get("/ready").await.expect(200);
        let booked = api.book("half-hour", start, "ida@example.org").await;
        assert_eq!(booked.status, 201, "{booked:?}");
    }

    let stop = Arc::new(AtomicBool::new(false));
    let asking = ask_all_the_time(api.clone(), starts, Arc::clone(&stop));
    let asking = tokio::spawn(asking);
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        database.change(END_SESSIONS);
    }
    // It takes nobody for some seconds.
    database.allow_connections(false);
    until("not ready", async || api.get("/ready").await.status == 503).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    database.allow_connections(true);
    let back = Instant::now();
    until("ready", async || api.get("/ready").await.status == 200).await;
    let ready_after = back.elapsed();
    tokio::time::sleep(Duration::from_secs(1)).await;
    stop.store(true, Ordering::Relaxed);
    let answers = asking.await.expect("only good answers and 503");
    assert!(answers.good > 0 && answers.booked > 0, "{answers:?}");
    until("sent", async || all_are(&member, "done").await).await;
    measure::note(&format!(
        "while sessions ended all the time and the database was away for two seconds: {answers:?}; ready again after \
         {ready_after:?}, everything sent after {:?}",
        back.elapsed()
    ));
    acme::assert_verified(data.path(), &settings);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_nodes_go_by_the_clock_of_their_database() {
    let Some(database) = counterpart::postgres_database("clock") else {
        return;
    };
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    let settings = [KEY, ("database.url", database.url.as_str())];
    acme::found(data.path(), &settings);
    // The machine of the database is three days ahead.
    database.change(
        "create function public.clock_timestamp() returns timestamptz language sql volatile as
            $$ select pg_catalog.clock_timestamp() + interval '3 days' $$;
        do $$ begin execute format('alter database %I set search_path = public, pg_catalog', current_database()); end $$",
    );
    let ahead = TimeDelta::days(3);
    let servers = [
        Server::start(data.path(), &settings),
        Server::start(data.path(), &settings),
    ];
    for server in &servers {
        assert!(
            server.log().contains("clock differs from the database's"),
            "{}",
            server.log()
        );
    }
    let apis: Vec<Api> = servers
        .iter()
        .map(|server| Api::of(&server.url()))
        .collect();
    let mut offered = Vec::new();
    for api in &apis {
        offered.push(api.starts("half-hour", "").await);
    }
    assert_eq!(offered[0], offered[1]);
    let now = instant(&wall_clock());
    let first = instant(&offered[0][0]);
    assert!(first > now + ahead - TimeDelta::minutes(1), "{first}");
    assert!(first < now + ahead + TimeDelta::days(1), "{first}");
    // What is booked is due by the same clock, and is sent: leases go by it too.
    let booked = apis[0]
        .book("half-hour", &offered[0][0], "ida@example.org")
        .await;
    assert_eq!(booked.status, 201, "{booked:?}");
    let made = instant(booked.text("created_at"));
    assert!(made > now + ahead - TimeDelta::minutes(1), "{made}");
    let mails = data.path().join("mails");
    until("both mails", async || {
        mails.is_dir() && crate::support::mails::read_all(&mails).len() == 2
    })
    .await;
    acme::assert_verified(data.path(), &settings);
}

/// What this machine's clock shows, as the API writes times.
fn wall_clock() -> String {
    let since = std::time::UNIX_EPOCH.elapsed().expect("it is after 1970");
    let now = chrono::DateTime::<Utc>::UNIX_EPOCH + since;
    now.to_rfc3339()
}
