//! What is seen of a server: its figures, its traces, and what neither tells.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use scheduling_app::worker::Worker;
use scheduling_testkit::RecordingNotifier;
use secrecy::SecretString;
use tracing_subscriber::layer::SubscriberExt as _;

use super::*;
use crate::TrustedProxies;
use crate::config::TelemetryConfig;
use crate::telemetry::{DatabaseFigures, Metrics, Scrape, ScrapeToken, Traces};

const TOKEN: &str = "a-token-for-scrapers";

impl Server {
    /// A server whose figures can be scraped.
    async fn watched() -> Self {
        let mut server = Self::new().await;
        let metrics = Metrics::new();
        let kalends = &mut server.kalends;
        let observer = Arc::new(metrics.clone());
        kalends.scheduling = kalends.scheduling.clone().with_observer(observer);
        kalends.metrics = Some(metrics.clone());
        kalends.scrape = Some(Scrape {
            metrics,
            database: Some(DatabaseFigures::new(
                Arc::clone(&server.storage),
                Arc::new(server.clock.clone()),
            )),
            lines: vec![("bookings", kalends.gate.clone())],
            token: Some(ScrapeToken::new(&SecretString::from(TOKEN))),
        });
        server
    }

    async fn scrape(&self) -> String {
        let app = app!(self);
        let request = TestRequest::get()
            .uri("/metrics")
            .insert_header(("authorization", format!("Bearer {TOKEN}")));
        let answer = test::call_service(&app, request.to_request()).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(
            answer.headers().get("content-type").unwrap(),
            "text/plain; version=0.0.4; charset=utf-8"
        );
        String::from_utf8(test::read_body(answer).await.to_vec()).unwrap()
    }

    /// The value of a figure, `None` where it is not there.
    async fn figure(&self, name: &str) -> Option<f64> {
        let text = self.scrape().await;
        let mut lines = text.lines();
        let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.map(|value| value.parse().unwrap())
    }
}

#[actix_web::test]
async fn figures_follow_a_guests_journey() {
    let server = Server::watched().await;
    let booked = |outcome| format!("kalends_bookings_total{{outcome=\"{outcome}\"}}");
    assert_eq!(server.figure(&booked("confirmed")).await, Some(0.0));
    assert_eq!(server.figure(&booked("taken")).await, Some(0.0));

    let start = "2026-11-23T08:00:00Z";
    let answer = server.book("intro", start).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    assert_eq!(server.book("intro", start).await.status, 409);
    assert_eq!(server.figure(&booked("confirmed")).await, Some(1.0));
    assert_eq!(server.figure(&booked("taken")).await, Some(1.0));
    let route = "/api/v1/public/{workspace}/event-types/{event}/bookings";
    let text = server.scrape().await;
    for status in [201, 409] {
        let line = format!(
            "kalends_http_requests_total{{method=\"POST\",route=\"{route}\",status=\"{status}\"}} 1"
        );
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    let holds = "kalends_holds_total{outcome=\"confirmed\"}";
    let path = "/api/v1/public/acme/event-types/intro/holds";
    let held = server
        .post(path, json!({ "start": "2026-11-23T09:00:00Z" }))
        .await;
    assert_eq!(held.status, 201, "{}", held.text);
    assert_eq!(server.figure(holds).await, Some(1.0));
    let manage = answer.text_of("manage_token");
    let cancel = format!("/api/v1/public/bookings/{manage}/cancel");
    assert_eq!(server.post(&cancel, json!({})).await.status, 200);
    let cancelled = "kalends_booking_changes_total{change=\"cancel\",outcome=\"done\"}";
    assert_eq!(server.figure(cancelled).await, Some(1.0));

    let mailbox = Arc::new(RecordingNotifier::new());
    let worker = Worker::new(server.kalends.scheduling.clone(), mailbox);
    let done = worker.run_due().await.unwrap();
    let effects = "kalends_effects_total{kind=\"notify\",outcome=\"done\"}";
    let skipped = "kalends_effects_total{kind=\"notify\",outcome=\"skipped\"}";
    let counted =
        server.figure(effects).await.unwrap_or(0.0) + server.figure(skipped).await.unwrap_or(0.0);
    assert_eq!(counted.to_string(), done.to_string());
}

#[actix_web::test]
async fn what_waits_in_the_outbox_is_told() {
    let server = Server::watched().await;
    server.book("intro", "2026-11-23T08:00:00Z").await;
    server.clock.advance(chrono::TimeDelta::seconds(90));
    assert_eq!(server.figure("kalends_outbox_due").await, Some(2.0));
    assert_eq!(server.figure("kalends_outbox_failed").await, Some(0.0));
    let age = server.figure("kalends_outbox_oldest_due_seconds").await;
    assert_eq!(age, Some(90.0));
    assert_eq!(server.figure("kalends_database_up").await, Some(1.0));
    let most = server
        .figure("kalends_database_pool_max{for=\"write\"}")
        .await;
    assert_eq!(most, Some(1.0), "SQLite has one writer");
}

#[actix_web::test]
async fn figures_name_nobody() {
    let server = Server::watched().await;
    let answer = server.book("intro", "2026-11-23T08:00:00Z").await;
    let manage = answer.text_of("manage_token");
    server
        .get(&format!("/api/v1/public/bookings/{manage}"))
        .await;
    server.get("/api/v1/public/acme/no-such-thing/at/all").await;
    let text = server.scrape().await;
    for told in [&manage, "acme", "zoe", "Zoë", "intro", "no-such-thing"] {
        assert!(!text.contains(told), "{told}\n{text}");
    }
}

#[actix_web::test]
async fn there_are_no_figures_unless_they_are_asked_for() {
    let server = Server::new().await;
    let app = app!(server);
    let request = TestRequest::get().uri("/metrics").to_request();
    assert_eq!(test::call_service(&app, request).await.status(), 404);
    let server = Server::watched().await;
    let app = app!(server);
    let request = TestRequest::get().uri("/metrics").to_request();
    assert_eq!(test::call_service(&app, request).await.status(), 401);
}

/// A collector that listens here, and what it was sent.
struct Collector {
    endpoint: String,
    sent: mpsc::Receiver<(String, ExportTraceServiceRequest)>,
}

impl Collector {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let (sender, sent) = mpsc::channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut bytes = Vec::new();
                let mut buffer = [0; 4096];
                let end = |bytes: &[u8]| bytes.windows(4).position(|four| four == b"\r\n\r\n");
                while end(&bytes).is_none() {
                    let read = stream.read(&mut buffer).unwrap();
                    bytes.extend_from_slice(&buffer[..read]);
                }
                let head_ends = end(&bytes).unwrap() + 4;
                let head = String::from_utf8_lossy(&bytes[..head_ends]).to_lowercase();
                let length = head.split("content-length: ").nth(1).unwrap();
                let length: usize = length.lines().next().unwrap().parse().unwrap();
                while bytes.len() < head_ends + length {
                    let read = stream.read(&mut buffer).unwrap();
                    bytes.extend_from_slice(&buffer[..read]);
                }
                let decoded = ExportTraceServiceRequest::decode(&bytes[head_ends..]).unwrap();
                // Before it is answered: whoever waits for the answer finds it here.
                if sender.send((head, decoded)).is_err() {
                    return;
                }
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                stream.write_all(answer).unwrap();
            }
        });
        Self { endpoint, sent }
    }

    /// All spans that were sent until that of the request came, with the head of the first message. A request's span ends
    /// when everything that was done for it has, such as the return of a connection, which may be after its answer.
    async fn all(&self) -> (String, Vec<Span>) {
        let mut heads = Vec::new();
        let mut spans: Vec<Span> = Vec::new();
        let begun = std::time::Instant::now();
        while !spans.iter().any(|span| span.name.starts_with("POST ")) {
            let Ok((head, sent)) = self.sent.try_recv() else {
                assert!(begun.elapsed() < PATIENCE, "{spans:#?}");
                actix_web::rt::time::sleep(Duration::from_millis(20)).await;
                continue;
            };
            heads.push(head);
            let of_resources = sent.resource_spans.into_iter();
            let of_scopes = of_resources.flat_map(|of_resource| of_resource.scope_spans);
            spans.extend(of_scopes.flat_map(|of_scope| of_scope.spans));
        }
        (heads.remove(0), spans)
    }
}

/// A guard against hanging, not a measure.
const PATIENCE: Duration = Duration::from_mins(1);

fn attribute(span: &Span, name: &str) -> Option<String> {
    let found = span.attributes.iter().find(|pair| pair.key == name)?;
    match found.value.as_ref()?.value.as_ref()? {
        any_value::Value::StringValue(text) => Some(text.clone()),
        any_value::Value::IntValue(number) => Some(number.to_string()),
        other => Some(format!("{other:?}")),
    }
}

/// Does something while it is traced, and answers what was sent.
async fn traced(server: &Server, given: &[(&str, &str)]) -> (String, Vec<Span>) {
    // Whether a span is wanted is remembered for the whole process, whichever test asks first.
    static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    let _alone = ALONE.lock().await;
    let collector = Collector::start();
    let config = TelemetryConfig {
        otlp_endpoint: Some(collector.endpoint.parse().unwrap()),
        otlp_headers: Some("x-key=k-1".to_owned().into()),
        ..TelemetryConfig::default()
    };
    let traces = Traces::start(&config).unwrap().unwrap();
    let subscriber = tracing_subscriber::registry().with(traces.layer());
    let on = tracing::subscriber::set_default(subscriber);
    tracing::callsite::rebuild_interest_cache();
    let app = app!(server);
    let mut asked = TestRequest::post()
        .uri(&bookings("intro"))
        .peer_addr("10.0.0.7:4000".parse().unwrap())
        .insert_header(("x-request-id", "r-4711"))
        .set_json(request("2026-11-23T08:00:00Z"));
    for header in given {
        asked = asked.insert_header(*header);
    }
    let answer = test::call_service(&app, asked.to_request()).await;
    assert_eq!(answer.status(), 201);
    drop(on);
    let sent = collector.all().await;
    drop(traces);
    sent
}

const PARENT: (&str, &str) = (
    "traceparent",
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
);

#[actix_web::test]
async fn a_traced_request_shows_its_id_its_route_and_its_parts() {
    let server = Server::new().await;
    let (head, spans) = traced(&server, &[]).await;
    assert!(head.starts_with("post /v1/traces http/1.1"), "{head}");
    assert!(head.contains("x-key: k-1"), "{head}");
    assert!(
        head.contains("content-type: application/x-protobuf"),
        "{head}"
    );
    let of = |name: &str| spans.iter().find(|span| span.name == name);
    let route = "/api/v1/public/{workspace}/event-types/{event}/bookings";
    let request = of(&format!("POST {route}")).unwrap_or_else(|| panic!("{spans:#?}"));
    assert_eq!(attribute(request, "request.id").as_deref(), Some("r-4711"));
    assert_eq!(attribute(request, "http.route").as_deref(), Some(route));
    let status = attribute(request, "http.response.status_code");
    assert_eq!(status.as_deref(), Some("201"));
    let book = of("book").unwrap_or_else(|| panic!("{spans:#?}"));
    assert_eq!(book.parent_span_id, request.span_id);
    assert_eq!(book.trace_id, request.trace_id);
    let text = format!("{spans:?}");
    for told in ["zoe", "Zoë", "Hello", "acme"] {
        assert!(!text.contains(told), "{told}: {text}");
    }
}

#[actix_web::test]
async fn only_a_trusted_proxys_trace_is_carried_on() {
    let mut server = Server::new().await;
    let (_, spans) = traced(&server, &[PARENT]).await;
    let stranger = "0af7651916cd43dd8448eb211c80319c";
    assert!(
        spans
            .iter()
            .all(|span| hex::encode(&span.trace_id) != stranger)
    );

    server = Server::new().await;
    server.kalends.trusted_proxies = TrustedProxies::parse(["10.0.0.0/8"]).unwrap();
    let (_, spans) = traced(&server, &[PARENT]).await;
    assert!(!spans.is_empty());
    assert!(
        spans
            .iter()
            .all(|span| hex::encode(&span.trace_id) == stranger)
    );
    let request = spans
        .iter()
        .find(|span| span.name.starts_with("POST"))
        .unwrap();
    assert_eq!(hex::encode(&request.parent_span_id), "b7ad6b7169203331");
}

#[actix_web::test]
async fn a_collector_that_is_not_there_holds_nothing_up() {
    // Takes connections, and answers none.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let config = TelemetryConfig {
        otlp_endpoint: Some(
            format!("http://{}", silent.local_addr().unwrap())
                .parse()
                .unwrap(),
        ),
        ..TelemetryConfig::default()
    };
    let traces = Traces::start(&config).unwrap().unwrap();
    let subscriber = tracing_subscriber::registry().with(traces.layer());
    let on = tracing::subscriber::set_default(subscriber);
    // Each batch that was waited for would take five seconds, and these are forty of them.
    let begun = std::time::Instant::now();
    for _ in 0..20_000 {
        tracing::debug_span!("request").in_scope(|| {});
    }
    drop(on);
    drop(traces);
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
}
