//! More than a server can do, and clients that take their time: whoever is let in is answered, nobody is kept for ever,
//! and afterwards everything is as before.

use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;

use crate::support::acme;
use crate::support::api::{Answer, Api};
use crate::support::counterpart;
use crate::support::http;
use crate::support::server::Server;

/// How long something may take that should happen soon. A guard against hanging, not a measure.
const PATIENCE: Duration = Duration::from_mins(1);

/// Several servers need one key.
const KEY: (&str, &str) = (
    "secrets.key",
    "5c1d0e7a5c1d0e7a5c1d0e7a5c1d0e7a5c1d0e7a5c1d0e7a5c1d0e7a5c1d0e7a",
);

/// Asks until told to stop; answers the statuses that were not 200.
async fn watch(api: Api, path: &'static str, stop: Arc<AtomicBool>) -> (u32, Vec<u16>) {
    let (mut asked, mut other) = (0, Vec::new());
    while !stop.load(Ordering::Relaxed) {
        let status = api.get(path).await.status.as_u16();
        asked += 1;
        if status != 200 {
            other.push(status);
        }
    }
    (asked, other)
}

fn count(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|a| a.status == status).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_beyond_all_measure_is_partly_answered_and_partly_refused_and_then_it_is_over() {
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    acme::found(data.path(), &[]);
    let narrow = [
        ("http.reads_at_once", "1"),
        ("http.changes_at_once", "2"),
        ("http.bookings_at_once", "1"),
        ("http.waiting", "5"),
        // Nobody is refused for having waited, only for having found the line full.
        ("http.booking_wait_seconds", "60"),
        ("http.read_wait_seconds", "60"),
    ];
    let server = Server::start(data.path(), &narrow);
    let api = Api::of(&server.url());
    let starts = api.starts("half-hour", "").await;
    let stop = Arc::new(AtomicBool::new(false));
    let watchers: Vec<_> = ["/health", "/ready", "/openapi.json"]
        .into_iter()
        .map(|path| tokio::spawn(watch(api.clone(), path, Arc::clone(&stop))))
        .collect();

    let guests: Vec<String> = (0..200).map(|n| format!("guest-{n}@example.org")).collect();
    let bookings = join_all(guests.iter().enumerate().map(|(n, guest)| {
        let start = &starts[n % starts.len()];
        api.book("half-hour", start, guest)
    }));
    let looks = join_all((0..200).map(|n| {
        let page = if n % 2 == 0 {
            "/book/acme/half-hour"
        } else {
            "/api/v1/public/acme"
        };
        api.get(page)
    }));
    let (bookings, looks) = tokio::join!(bookings, looks);
    stop.store(true, Ordering::Relaxed);
    for watcher in watchers {
        let (asked, other) = watcher.await.expect("the watcher ends");
        assert!(asked > 0 && other.is_empty(), "of {asked}: {other:?}");
    }

    let (made, taken, refused) = (
        count(&bookings, 201),
        count(&bookings, 409),
        count(&bookings, 503),
    );
    assert_eq!(made + taken + refused, 200, "{bookings:?}");
    assert!(made > 0 && refused > 0, "{made} made, {refused} refused");
    let (seen, turned_away) = (count(&looks, 200), count(&looks, 503));
    assert_eq!(seen + turned_away, 200, "{looks:?}");
    assert!(
        seen > 0 && turned_away > 0,
        "{seen} seen, {turned_away} turned away"
    );
    for refused in bookings.iter().chain(&looks).filter(|a| a.status == 503) {
        assert_ne!(refused.header("retry-after"), "", "{refused:?}");
        if refused.media_type.starts_with("text/html") {
            let page = refused.body.as_str().unwrap_or_default();
            assert!(page.contains("Many people are here right now"), "{page}");
        } else {
            refused.assert_problem(503, "overloaded");
        }
    }

    // It is over: everybody is served again, and what was acknowledged is there.
    assert_eq!(api.get("/book/acme/half-hour").await.status, 200);
    for booking in bookings.iter().filter(|a| a.status == 201) {
        let own = format!("/api/v1/public/bookings/{}", booking.text("manage_token"));
        assert_eq!(api.get(&own).await.status, 200);
    }
    assert!(server.stop().success());
    acme::assert_verified(data.path(), &[]);
}

/// A session that holds a lock on a PostgreSQL database until it is told to let go.
struct Holder(Child);

impl Holder {
    fn hold(url: &str, lock: &str) -> Self {
        let mut child = Command::new("psql")
            .args(["--no-psqlrc", "--quiet", "--tuples-only", "--dbname", url])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("psql is there (Debian: postgresql-client)");
        let input = child.stdin.as_mut().expect("it has a standard input");
        writeln!(input, "begin;\n{lock};\nselect 'held';").expect("psql reads");
        let output = child.stdout.take().expect("it has a standard output");
        let held = BufReader::new(output).lines().map_while(Result::ok);
        assert!(
            held.into_iter().any(|line| line.contains("held")),
            "the lock was not had"
        );
        Self(child)
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        // The session ends with its client, and the lock with the session.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_given_up_leaves_nothing_half_done() {
    let Some(database) = counterpart::postgres_database("given_up") else {
        return;
    };
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    let settings = [("database.url", database.url.as_str()), KEY];
    let hasty = [
        settings.as_slice(),
        &[("http.answer_seconds", "1"), ("http.bookings_at_once", "2")],
    ]
    .concat();
    acme::found(data.path(), &settings);
    let [patient, hasty] = [settings.as_slice(), &hasty].map(|s| Server::start(data.path(), s));
    let [api, hasty_api] = [&patient, &hasty].map(|server| Api::of(&server.url()));
    let starts = api.starts("half-hour", "").await;
    let holder = Holder::hold(
        &database.url,
        "lock table bookings in share row exclusive mode",
    );
    // More of them than may book at once: each leaves its place.
    for round in 0..3 {
        let guest = format!("late-{round}@example.org");
        let late = hasty_api.book("half-hour", &starts[50], &guest).await;
        late.assert_problem(503, "took-too-long");
        assert_ne!(late.header("retry-after"), "");
    }
    drop(holder);
    let booked = api.book("half-hour", &starts[50], "guest@example.org");
    assert_eq!(booked.await.status, 201, "nobody has the time");
    // The hasty one books as well, as soon as the machine lets it.
    let (began, mut made) = (Instant::now(), false);
    for start in starts.iter().skip(60).step_by(4) {
        let booked = hasty_api
            .book("half-hour", start, "guest@example.org")
            .await;
        made = booked.status == 201;
        if made || began.elapsed() > PATIENCE {
            break;
        }
        booked.assert_problem(503, "took-too-long");
    }
    assert!(made, "its places are gone");
    assert!(hasty.stop().success() && patient.stop().success());
    acme::assert_verified(data.path(), &settings);
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_on_one_database_count_guests_and_links_together() {
    let Some(database) = counterpart::postgres_database("counted") else {
        return;
    };
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    let settings = [
        ("database.url", database.url.as_str()),
        KEY,
        ("http.trusted_proxies", "127.0.0.1"),
        ("limits.guests_per_minute", "4"),
        ("limits.link_per_minute", "3"),
    ];
    acme::found(data.path(), &settings);
    let servers = [0, 1].map(|_| Server::start(data.path(), &settings));
    let apis = servers.each_ref().map(|server| Api::of(&server.url()));
    let starts = apis[0].starts("half-hour", "").await;
    let from = |node: usize, client: &str| apis[node].with("x-forwarded-for", client);
    let wish = async |node, client: &str, place: usize| {
        let guest = format!("guest-{place}@example.org");
        from(node, client)
            .book("half-hour", &starts[place], &guest)
            .await
    };
    let (one, other) = ("198.51.100.1", "198.51.100.2");
    // Three bookings with the link, whoever makes them on which server.
    assert_eq!(wish(0, one, 0).await.status, 201);
    assert_eq!(wish(1, one, 4).await.status, 201);
    assert_eq!(wish(0, other, 8).await.status, 201);
    let crowded = wish(1, other, 12).await;
    crowded.assert_problem(429, "rate-limited");
    assert!(
        crowded.header("ratelimit").starts_with("\"link\""),
        "{crowded:?}"
    );
    assert_ne!(crowded.header("retry-after"), "");
    // Four attempts of one client, two on each server, whatever it claims to be called.
    for (node, limit) in [(0, "link"), (1, "link"), (0, "guests"), (1, "guests")] {
        let forged = from(node, &format!("203.0.113.{node}, {one}"));
        let refused = forged
            .book("half-hour", &starts[16], "guest@example.org")
            .await;
        refused.assert_problem(429, "rate-limited");
        let named = format!("\"{limit}\"");
        assert!(
            refused.header("ratelimit").starts_with(&named),
            "{refused:?}"
        );
    }
    // When nobody can be asked, each server counts for itself, and nobody goes on without end.
    let holder = Holder::hold(&database.url, "lock table rate_counts");
    let third = "198.51.100.3";
    let nothing = "/api/v1/public/bookings/nothing/cancel";
    let mut passed = 0;
    for node in [0, 1].repeat(6) {
        let asked = from(node, third)
            .post(nothing, &serde_json::json!({}))
            .await;
        passed += usize::from(asked.status == 404);
    }
    drop(holder);
    assert!((8..12).contains(&passed), "{passed} passed");
    for server in &servers {
        let said = "Limits are not counted with the other servers";
        assert_eq!(server.log().matches(said).count(), 1, "once an hour");
    }
    for server in servers {
        assert!(server.stop().success());
    }
}

/// Waits until the server has closed a connection that its client does not read. What is written goes nowhere.
fn is_closed(mut stream: &TcpStream) -> bool {
    let short = Some(Duration::from_millis(200));
    stream.set_write_timeout(short).expect("a limit can be set");
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        match stream.write(b"G") {
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::BrokenPipe | ErrorKind::ConnectionReset
                ) =>
            {
                return true;
            }
            Ok(_) | Err(_) => std::thread::sleep(Duration::from_millis(50)),
        }
    }
    false
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_read_or_does_not_go_on_is_not_kept() {
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    acme::found(data.path(), &[]);
    let hasty = [("http.request_seconds", "1"), ("http.reading_seconds", "1")];
    let server = Server::start(data.path(), &hasty);

    // Its first request is fine; of the second one it sends only the beginning.
    let mut dawdler = http::connect(server.port()).expect("the server takes connections");
    dawdler
        .write_all(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        .expect("the server reads");
    let mut answer = [0; 12];
    dawdler.read_exact(&mut answer).expect("it answers");
    assert_eq!(&answer, b"HTTP/1.1 200");
    dawdler.write_all(b"GET /hea").expect("the server reads");

    // It asks for a page over and over and reads none of them, until nothing more fits into the connection.
    let reader = http::connect(server.port()).expect("the server takes connections");
    let short = Some(Duration::from_millis(200));
    reader.set_write_timeout(short).expect("a limit can be set");
    let request = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n".repeat(100);
    while (&reader).write_all(&request).is_ok() {}

    let mut rest = Vec::new();
    let read = dawdler.read_to_end(&mut rest);
    let gone = read.is_ok() || read.is_err_and(|e| e.kind() == ErrorKind::ConnectionReset);
    assert!(gone, "who does not go on is still connected");
    assert!(is_closed(&reader), "who does not read is still connected");

    // Who goes on is not disturbed, however long he stays.
    let api = Api::of(&server.url());
    assert_eq!(api.get("/book/acme").await.status, 200);
    assert!(server.stop().success());
}
