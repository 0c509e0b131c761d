//! Seeing what a deployment does: its figures as Prometheus reads them, log lines that tell no secret, and doctor's look
//! from end to end.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::acme;
use crate::support::api::Api;
use crate::support::counterpart;
use crate::support::mails;
use crate::support::place;
use crate::support::server::{Server, Worker};
use crate::support::sink::{SendGridSink, Sink};

const SCRAPER: &str = "wide-open-figures-4711";

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = listener.local_addr().expect("a listener has an address");
    address.port()
}

/// Figures as Prometheus's own library reads them. `None` when done without Python.
fn read(text: &str) -> Option<Figures> {
    let mut reader = Command::new(counterpart::python()?)
        .arg(place::root().join("tests/counterparts/metrics_read.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("Python runs");
    let mut stdin = reader.stdin.take().expect("it has a standard input");
    stdin.write_all(text.as_bytes()).expect("it reads");
    drop(stdin);
    let output = reader.wait_with_output().expect("it ends");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaint}\n{text}");
    Some(Figures(
        serde_json::from_slice(&output.stdout).expect("it reports in JSON"),
    ))
}

struct Figures(Value);

impl Figures {
    /// A figure's value; 0 where it is not there.
    fn of(&self, sample: &str) -> f64 {
        self.0["samples"][sample].as_f64().unwrap_or(0.0)
    }

    /// The type of each family, by its name.
    fn types(&self) -> BTreeMap<&str, &str> {
        let types = self.0["types"].as_object().expect("there are types");
        types
            .iter()
            .map(|(name, kind)| (name.as_str(), kind.as_str().expect("a type is a word")))
            .collect()
    }
}

async fn scrape(port: u16) -> String {
    let api = Api::of(&format!("http://127.0.0.1:{port}"));
    let answer = api.with_token(SCRAPER).get("/metrics").await.expect(200);
    let text = answer.body.as_str().expect("figures are text");
    text.to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_reads_the_figures_and_they_follow_a_journey() {
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    acme::found(data.path(), &[]);
    let port = free_port();
    let listen = format!("127.0.0.1:{port}");
    let settings = [
        ("telemetry.metrics_listen", listen.as_str()),
        ("telemetry.metrics_token", SCRAPER),
    ];
    let server = Server::start(data.path(), &settings);
    let api = Api::of(&server.url());
    api.get("/metrics").await.expect(401);
    let Some(before) = read(&scrape(port).await) else {
        return;
    };
    let starts = api.starts("half-hour", "").await;
    api.starts("half-hour", "").await;
    let booked = api
        .book("half-hour", &starts[0], "ida@example.org")
        .await
        .expect(201);
    api.book("half-hour", &starts[0], "ida@example.org")
        .await
        .expect(409);
    let cancel = format!(
        "/api/v1/public/bookings/{}/cancel",
        booked.text("manage_token")
    );
    api.post(&cancel, &json!({})).await.expect(200);
    let folder = data.path().join("mails");
    mails::wait_until(&folder, "four mails", |mails| mails.len() >= 4);

    // The same in both places, and what the mails are counted as is there soon.
    let began = Instant::now();
    let after = loop {
        let after = read(&scrape(server.port()).await).expect("Python runs");
        if after.of(r#"kalends_provider_calls_total{outcome="accepted",provider="folder"}"#) >= 4.0
        {
            break after;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "{:?}", after.0);
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let grew = |sample: &str| after.of(sample) - before.of(sample);
    let near = |sample: &str, by: f64| {
        assert!(
            (grew(sample) - by).abs() < 0.5,
            "{sample}: {}",
            grew(sample)
        );
    };
    near(r#"kalends_bookings_total{outcome="confirmed"}"#, 1.0);
    near(r#"kalends_bookings_total{outcome="taken"}"#, 1.0);
    near(
        r#"kalends_booking_changes_total{change="cancel",outcome="done"}"#,
        1.0,
    );
    near(
        r#"kalends_http_requests_total{method="POST",route="/api/v1/public/{workspace}/event-types/{event}/bookings",status="201"}"#,
        1.0,
    );
    let answered = grew(r#"kalends_slots_answers_total{from="computed"}"#)
        + grew(r#"kalends_slots_answers_total{from="memory"}"#);
    assert!(answered >= 2.0, "{answered}");
    assert!(after.of("process_resident_memory_bytes") > 1e6);
    assert!(after.of("kalends_database_up") > 0.5);

    let types = after.types();
    for (name, kind) in [
        // The library takes the ending of counters off.
        ("kalends_http_requests", "counter"),
        ("kalends_http_request_duration_seconds", "histogram"),
        ("kalends_effect_duration_seconds", "histogram"),
        ("kalends_outbox_oldest_due_seconds", "gauge"),
        ("process_cpu_seconds", "counter"),
        ("process_resident_memory_bytes", "gauge"),
    ] {
        assert_eq!(types.get(name), Some(&kind), "{name} in {types:?}");
    }
    assert_eq!(after.0["undescribed"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_figure_is_explained_in_the_guide_and_each_that_is_explained_is_there() {
    let guide = place::root().join("docs/guides/observe.md");
    let guide = std::fs::read_to_string(guide).expect("the guide is there");
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    acme::found(data.path(), &[]);
    let server = Server::start(data.path(), &[("telemetry.metrics_token", SCRAPER)]);
    let api = Api::of(&server.url());
    let starts = api.starts("half-hour", "").await;
    let booked = api
        .book("half-hour", &starts[0], "ida@example.org")
        .await
        .expect(201);
    let cancel = format!(
        "/api/v1/public/bookings/{}/cancel",
        booked.text("manage_token")
    );
    api.post(&cancel, &json!({})).await.expect(200);
    mails::wait_until(&data.path().join("mails"), "two mails", |mails| {
        mails.len() >= 2
    });
    tokio::time::sleep(Duration::from_millis(500)).await;
    let text = scrape(server.port()).await;
    let given: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
        .collect();
    for name in &given {
        assert!(
            guide.contains(&format!("| `{name}")),
            "{name} is not in the guide"
        );
    }
    let explained = guide
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split(['`', '{']).next())
        .filter(|name| name.starts_with("kalends_") || name.starts_with("process_"));
    for name in explained {
        assert!(given.contains(&name), "{name} is in the guide alone");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_on_its_own_is_scraped_too() {
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    acme::found(data.path(), &[]);
    let server = Server::without_worker(data.path(), &[]);
    let api = Api::of(&server.url());
    api.get("/metrics").await.expect(404);
    let starts = api.starts("half-hour", "").await;
    api.book("half-hour", &starts[0], "ida@example.org")
        .await
        .expect(201);
    let port = free_port();
    let listen = format!("127.0.0.1:{port}");
    let settings = [
        ("telemetry.metrics_listen", listen.as_str()),
        ("telemetry.metrics_token", SCRAPER),
    ];
    let worker = Worker::start(data.path(), &settings, "seen");
    mails::wait_until(&data.path().join("mails"), "two mails", |mails| {
        mails.len() >= 2
    });
    let began = Instant::now();
    let done = "kalends_effects_total{kind=\"notify\",outcome=\"done\"} 2";
    loop {
        let text = scrape(port).await;
        if text.lines().any(|line| line == done) {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "{text}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(worker.stop().success());
}

/// What nobody may read in a log.
fn assert_untold(log: &str, what: &str, secret: &str) {
    let found = log.lines().find(|line| line.contains(secret));
    assert!(found.is_none(), "{what} is in the log: {found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_log_line_tells_a_secret_or_an_address_whatever_is_logged() {
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    acme::found(data.path(), &[]);
    acme::make_owner(data.path(), &[]);
    let token = acme::token(data.path(), &[], acme::HOST, acme::ALL_SCOPES);
    let settings = [
        ("log.filter", "trace"),
        ("log.format", "json"),
        ("telemetry.metrics_token", SCRAPER),
    ];
    let server = Server::start(data.path(), &settings);
    let api = Api::of(&server.url());
    let starts = api.starts("half-hour", "").await;
    let hold = json!({ "start": starts[0] });
    let kept = api
        .post("/api/v1/public/acme/event-types/half-hour/holds", &hold)
        .await
        .expect(201);
    let book = json!({
        "start": starts[0],
        "timezone": "Europe/Lisbon",
        "invitee": { "name": "Gwendolyn Unsaid", "email": "gwendolyn@unsaid.example" },
        "note": "about my illness",
        "hold": kept.text("token"),
    });
    let booked = api
        .post("/api/v1/public/acme/event-types/half-hour/bookings", &book)
        .await
        .expect(201);
    let manage = booked.text("manage_token");
    api.get(&format!("/api/v1/public/bookings/{manage}"))
        .await
        .expect(200);
    api.get(&format!("/b/{manage}")).await.expect(200);
    let member = api.with_token(&token);
    member
        .get("/api/v1/workspaces/acme/bookings")
        .await
        .expect(200);
    let signed_in = api
        .with("origin", &api.origin())
        .post(
            "/api/v1/auth/sign-in",
            &json!({ "email": acme::HOST, "password": acme::PASSWORD }),
        )
        .await
        .expect(200);
    let cookie = signed_in.header("set-cookie").split(';').next();
    let cookie = cookie
        .and_then(|cookie| cookie.split_once('='))
        .map(|(_, value)| value);
    scrape(server.port()).await;
    let cancel = format!("/api/v1/public/bookings/{manage}/cancel");
    let asked = api.with("x-request-id", "a-known-id");
    asked
        .post(&cancel, &json!({ "reason": "too ill to come" }))
        .await
        .expect(200);
    mails::wait_until(&data.path().join("mails"), "mails", |mails| {
        mails.len() >= 4
    });
    tokio::time::sleep(Duration::from_millis(500)).await;

    let log = server.log();
    assert!(log.contains("\"level\":\"TRACE\""), "everything is logged");
    for (what, secret) in [
        ("the manage token", manage),
        ("the hold's token", kept.text("token")),
        ("an API token", token.as_str()),
        ("the scrapers' token", SCRAPER),
        ("a password", acme::PASSWORD),
        ("a session", cookie.expect("a session begins")),
        ("an invitee's name", "Gwendolyn"),
        ("an invitee's address", "gwendolyn@unsaid.example"),
        ("a member's address", acme::HOST),
        ("a note", "about my illness"),
        ("a reason", "too ill to come"),
    ] {
        assert_untold(&log, what, secret);
    }

    // Each line of a request names it, and each of an effect names the effect.
    let lines: Vec<Value> = log
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let answered = lines.iter().find(|line| {
        line["request.id"] == "a-known-id" && line["fields"]["message"] == "Answered a request"
    });
    let answered = answered.expect("the request was logged");
    assert_eq!(
        answered["fields"]["http.route"],
        "/api/v1/public/bookings/{manage_token}/cancel"
    );
    let of_effects = lines
        .iter()
        .filter(|line| line["span"]["name"] == "effect" || line["spans"][0]["name"] == "effect");
    let named: Vec<&Value> = of_effects
        .map(|line| &line["spans"][0]["outbox.id"])
        .collect();
    assert!(!named.is_empty(), "what the worker does is logged");
    assert!(named.iter().all(|id| id.is_string()), "{named:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sending_mails_tells_no_secret_either() {
    const MAIL_PASSWORD: &str = "pass word £";
    let (Some(sendgrid), Some(sink)) = (SendGridSink::start(), Sink::start()) else {
        return;
    };
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    let (port, address) = (sink.door("auth_login").to_string(), sendgrid.address("503"));
    let settings = [
        ("mail.transport", "sendgrid,smtp"),
        ("mail.sendgrid.api_key", "SG.key"),
        ("mail.sendgrid.base_url", address.as_str()),
        ("mail.from_address", "meetings@acme.example"),
        ("mail.smtp.host", "127.0.0.1"),
        ("mail.smtp.port", port.as_str()),
        ("mail.smtp.tls", "none"),
        ("mail.smtp.username", "user"),
        ("mail.smtp.password", MAIL_PASSWORD),
        ("log.filter", "trace"),
    ];
    acme::found(data.path(), &settings);
    let server = Server::start(data.path(), &settings);
    let api = Api::of(&server.url());
    let starts = api.starts("half-hour", "").await;
    let guest = "gwendolyn@unsaid.example";
    api.book("half-hour", &starts[0], guest).await.expect(201);
    let began = Instant::now();
    while sink.kept().len() < 2 {
        assert!(began.elapsed() < Duration::from_mins(1), "two mails arrive");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let log = server.log();
    for (what, secret) in [
        ("SendGrid's key", "SG.key"),
        ("the mail server's password", MAIL_PASSWORD),
        // The same in base64, as it goes over the wire.
        ("the mail server's password", "cGFzcyB3b3JkIMKj"),
        ("a guest's address", guest),
        ("a host's address", acme::HOST),
    ] {
        assert_untold(&log, what, secret);
    }
    assert!(
        log.contains(" effect{outbox.id="),
        "what the worker does is logged"
    );
}

/// What doctor says as JSON, and whether it is content.
fn doctor(data: &Path, settings: &[(&str, &str)]) -> (bool, Value) {
    let output = acme::output(data, settings, &["doctor", "--json"], "");
    let report = serde_json::from_slice(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    (
        output.status.success(),
        report.unwrap_or_else(|error| panic!("{error}: {complaint}")),
    )
}

/// The state of each check; the worst where there are several.
fn states(report: &Value) -> BTreeMap<String, String> {
    let mut states = BTreeMap::new();
    for finding in report["findings"].as_array().expect("there are findings") {
        let word = |field: &str| finding[field].as_str().expect("it is a word").to_owned();
        let (check, state) = (word("check"), word("state"));
        assert!(!word("says").is_empty());
        assert_eq!(finding["do"].is_string(), state == "bad", "{finding}");
        // In this order by chance: bad, good, note.
        let entry = states.entry(check).or_insert_with(|| state.clone());
        if state == "bad" || (state == "note" && entry == "good") {
            *entry = state;
        }
    }
    states
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_looks_at_a_deployment_from_end_to_end() {
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    acme::found(data.path(), &[]);
    let server = Server::start(data.path(), &[]);
    let listen = format!("127.0.0.1:{}", server.port());
    let url = server.url();
    let settings = [("http.listen", listen.as_str()), ("http.public_url", &url)];
    let (is_content, report) = doctor(data.path(), &settings);
    assert!(is_content, "{report:#}");
    let found = states(&report);
    for check in [
        "configuration",
        "data folder",
        "disk",
        "key",
        "time zones",
        "server",
        "clients' addresses",
        "database",
        "schema",
        "outbox",
        "rows",
    ] {
        assert_eq!(
            found.get(check).map(String::as_str),
            Some("good"),
            "{check}: {report:#}"
        );
    }

    // Another deployment answers at the public address.
    let elsewhere = tempfile::tempdir().expect("a temporary folder can be made");
    let other = Server::start(elsewhere.path(), &[]);
    let other_url = other.url();
    let settings = [
        ("http.listen", listen.as_str()),
        ("http.public_url", &other_url),
    ];
    let (is_content, report) = doctor(data.path(), &settings);
    assert!(!is_content);
    assert_eq!(states(&report)["public address"], "bad", "{report:#}");
    assert_eq!(states(&report)["server"], "good", "{report:#}");

    // Nobody answers there, though the server runs.
    drop(other);
    let (is_content, report) = doctor(data.path(), &settings);
    assert!(!is_content);
    assert_eq!(states(&report)["public address"], "bad", "{report:#}");

    // Before the first start that is no wonder.
    drop(server);
    let (is_content, report) = doctor(data.path(), &settings);
    assert!(is_content, "{report:#}");
    assert_eq!(states(&report)["public address"], "note", "{report:#}");
    assert_eq!(states(&report)["server"], "note", "{report:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_knows_postgres_and_a_mail_server_that_is_not_there() {
    let Some(database) = counterpart::postgres_database("doctor") else {
        return;
    };
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    let nobody = free_port().to_string();
    let settings = [
        ("database.url", database.url.as_str()),
        ("mail.transport", "smtp"),
        ("mail.smtp.host", "127.0.0.1"),
        ("mail.smtp.port", nobody.as_str()),
        ("mail.smtp.tls", "none"),
    ];
    acme::found(data.path(), &settings);
    let (is_content, report) = doctor(data.path(), &settings);
    assert!(!is_content);
    let found = states(&report);
    for check in [
        "extension",
        "connections",
        "clocks",
        "schema",
        "outbox",
        "rows",
    ] {
        assert_eq!(
            found.get(check).map(String::as_str),
            Some("good"),
            "{check}: {report:#}"
        );
    }
    assert_eq!(found["mail"], "bad", "{report:#}");
}
