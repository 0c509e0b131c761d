//! Traces: what happened within a request or an effect, and how long each part took.
//!
//! Spans are ours alone, and carry ids, routes and outcomes: no names, addresses, tokens or paths. They are sent from a
//! thread of their own out of a bounded queue. When nobody takes them they are dropped, and nothing else notices.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use async_trait::async_trait;
use opentelemetry::propagation::{Extractor, TextMapPropagator as _};
use opentelemetry::trace::{Status, TraceContextExt as _, TraceId, TracerProvider as _};
use opentelemetry::{KeyValue, TraceFlags};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider,
};
use secrecy::ExposeSecret as _;
use thiserror::Error;
use tracing::{Metadata, Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::registry::LookupSpan;
use url::Url;

use crate::config::TelemetryConfig;
use crate::outgoing;

/// Spans that wait to be sent. More are dropped.
const QUEUE: usize = 8192;

/// How many are sent at once.
const AT_ONCE: usize = 512;

/// How long they wait for others to be sent with.
const DELAY: Duration = Duration::from_secs(2);

/// How long sending may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long what was traced last may take when the process ends.
const LAST_PATIENCE: Duration = Duration::from_secs(5);

/// Why nothing can be traced.
#[derive(Debug, Error)]
pub enum TracesError {
    /// TLS cannot be set up.
    #[error("traces cannot be sent")]
    Client(#[source] outgoing::OutgoingError),
    /// The thread's runtime does not start.
    #[error("traces cannot be sent")]
    Runtime(#[source] std::io::Error),
    /// The exporter cannot be made.
    #[error("traces cannot be sent to telemetry.otlp_endpoint")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
}

/// Traces that are sent somewhere. Dropping it sends what is left.
pub(crate) struct Traces {
    provider: SdkTracerProvider,
}

impl Traces {
    /// Starts sending, where somewhere is configured.
    pub(crate) fn start(config: &TelemetryConfig) -> Result<Option<Self>, TracesError> {
        let Some(endpoint) = &config.otlp_endpoint else {
            return Ok(None);
        };
        let given = config.otlp_headers.as_ref();
        let sent_along: HashMap<String, String> = given
            .and_then(|given| headers(given.expose_secret()))
            .unwrap_or_default()
            .into_iter()
            .collect();
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Sender::new(endpoint)?)
            .with_endpoint(with_path(endpoint).as_str())
            .with_timeout(PATIENCE)
            .with_headers(sent_along)
            .build()?;
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(QUEUE)
            .with_max_export_batch_size(AT_ONCE)
            .with_scheduled_delay(DELAY)
            .build();
        let processor = BatchSpanProcessor::builder(exporter)
            .with_batch_config(batches)
            .build();
        // Who a span is from; `OTEL_RESOURCE_ATTRIBUTES` can say more.
        let resource = Resource::builder()
            .with_service_name("kalends")
            .with_attributes([
                KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
                KeyValue::new("process.pid", i64::from(std::process::id())),
            ])
            .build();
        let sampler =
            Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(config.trace_share)));
        let provider = SdkTracerProvider::builder()
            .with_span_processor(processor)
            .with_sampler(sampler)
            .with_resource(resource)
            .build();
        Ok(Some(Self { provider }))
    }

    /// Makes traces of our spans. What others log about themselves stays out, and so do log lines.
    pub(crate) fn layer<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: Subscriber + Send + Sync + for<'a> LookupSpan<'a>,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer("kalends"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_filter(filter_fn(is_ours).with_max_level_hint(LevelFilter::DEBUG))
    }
}

fn is_ours(metadata: &Metadata<'_>) -> bool {
    metadata.is_span()
        && *metadata.level() <= tracing::Level::DEBUG
        && metadata.target().starts_with("scheduling_")
}

impl Drop for Traces {
    fn drop(&mut self) {
        if let Err(error) = self.provider.shutdown_with_timeout(LAST_PATIENCE) {
            tracing::debug!(%error, "What was traced last was not sent");
        }
    }
}

impl fmt::Debug for Traces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Traces")
    }
}

/// The address that traces are sent to: collectors take them at `/v1/traces`.
fn with_path(endpoint: &Url) -> Url {
    let mut endpoint = endpoint.clone();
    if endpoint.path() == "/" {
        endpoint.set_path("/v1/traces");
    }
    endpoint
}

/// Reads `name=value,name=value`.
pub(crate) fn headers(text: &str) -> Option<Vec<(String, String)>> {
    let pairs = text
        .split(',')
        .map(str::trim)
        .filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=')?;
            let (name, value) = (name.trim(), value.trim());
            HeaderName::try_from(name).ok()?;
            HeaderValue::from_str(value).ok()?;
            Some((name.to_owned(), value.to_owned()))
        })
        .collect()
}

/// Sends over the thread that spans are collected in: it has a runtime of its own, so that neither waits for the server's.
struct Sender {
    runtime: tokio::runtime::Runtime,
    client: reqwest::Client,
    /// When somebody was told last that it does not work.
    complained: Mutex<Option<Instant>>,
}

/// How often a collector that does not answer is worth a line.
const COMPLAIN_EVERY: Duration = Duration::from_mins(5);

impl Sender {
    fn new(endpoint: &Url) -> Result<Self, TracesError> {
        let client = outgoing::client(endpoint)
            .map_err(TracesError::Client)?
            // Nobody looks after a connection between two batches.
            .pool_max_idle_per_host(0)
            .timeout(PATIENCE)
            .build()
            .map_err(|error| TracesError::Client(error.into()))?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(TracesError::Runtime)?;
        Ok(Self {
            runtime,
            client,
            complained: Mutex::new(None),
        })
    }

    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let request = reqwest::Request::try_from(request)?;
        let answer = self.client.execute(request).await?.error_for_status()?;
        let status = answer.status();
        let body = answer.bytes().await?;
        Ok(Response::builder().status(status).body(body)?)
    }

    fn complain(&self, error: &(dyn StdError + 'static)) {
        let Ok(mut complained) = self.complained.lock() else {
            return;
        };
        if complained.is_none_or(|at| at.elapsed() >= COMPLAIN_EVERY) {
            *complained = Some(Instant::now());
            tracing::warn!(
                error = crate::http::problem::causes(error),
                "Traces cannot be sent; they are dropped"
            );
        }
    }
}

#[async_trait]
impl HttpClient for Sender {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let sent = self.runtime.block_on(self.send(request));
        if let Err(error) = &sent {
            self.complain(&**error);
        }
        sent
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sender")
    }
}

/// Headers, as the propagator reads them.
struct Carried<'a>(&'a HeaderMap);

impl Extractor for Carried<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

/// Makes a request's span part of the trace that its sender has begun (W3C `traceparent`).
///
/// Only a trusted proxy is believed: a stranger could otherwise decide what is traced, and at what cost, and put his
/// requests into other people's traces.
pub(crate) fn carry_on(span: &Span, headers: &HeaderMap) {
    if span.is_disabled() || !headers.contains_key("traceparent") {
        return;
    }
    let context = TraceContextPropagator::new().extract(&Carried(headers));
    if context.span().span_context().is_valid() {
        // Nothing traces where it fails.
        let _ = span.set_parent(context);
    }
}

/// Says what a span turned out to be, once that is known.
pub(crate) fn settle(span: &Span, name: String, failed: bool) {
    let context = span.context();
    context.span().update_name(name);
    if failed {
        context.span().set_status(Status::error(""));
    }
}

/// The trace that a span is part of, if it is sent anywhere.
pub(crate) fn trace_of(span: &Span) -> Option<TraceId> {
    if span.is_disabled() {
        return None;
    }
    let context = span.context();
    let context = context.span().span_context().clone();
    let is_sent = context.trace_flags() & TraceFlags::SAMPLED == TraceFlags::SAMPLED;
    (context.is_valid() && is_sent).then(|| context.trace_id())
}
