//! What is seen of each request: its id, its span, its figures, its log line.
//!
//! It is made so that what nobody looks at costs next to nothing: no span without somebody who wants it, no text before
//! there is a line to write.

use std::cell::OnceCell;
use std::time::{Duration, Instant};

use actix_web::Error;
use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::web::Data;
use tracing::{Instrument as _, Span, field};
use uuid::Uuid;

use crate::Kalends;
use crate::config::LoggedRequests;
use crate::telemetry::{self, Metrics, current::CurrentRequest};

/// The header that carries a request's id both ways: the client's, if it is a plain word, else a new one.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Which requests are written a line about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Logged {
    /// Which.
    pub requests: LoggedRequests,
    /// From when on one took long.
    pub slow: Duration,
}

impl Default for Logged {
    /// All of them; a second is long.
    fn default() -> Self {
        Self {
            requests: LoggedRequests::All,
            slow: Duration::from_secs(1),
        }
    }
}

/// A request while it is answered.
pub(super) struct Watched {
    begun: Instant,
    method: Method,
    current: CurrentRequest,
    span: Span,
    metrics: Option<Metrics>,
    logged: Logged,
}

impl Watched {
    /// Begins when a request has come in.
    pub(super) fn begin(request: &ServiceRequest) -> Self {
        let begun = Instant::now();
        let kalends = request.app_data::<Data<Kalends>>();
        let id = id_of(request, kalends.map(|kalends| &***kalends));
        let mut current = CurrentRequest { id, trace: None };
        let span = tracing::debug_span!(
            "request",
            otel.kind = "server",
            request.id = current.id(),
            http.request.method = %request.method(),
            http.route = field::Empty,
            http.response.status_code = field::Empty,
        );
        if !span.is_disabled() {
            let peer = request.peer_addr().map(|peer| peer.ip());
            let trusted = kalends.map(|kalends| &kalends.trusted_proxies);
            if trusted
                .zip(peer)
                .is_some_and(|(trusted, peer)| trusted.trust(peer))
            {
                telemetry::carry_on(&span, request.headers());
            }
            current.trace = telemetry::trace_of(&span);
        }
        Self {
            begun,
            method: request.method().clone(),
            current,
            span,
            metrics: kalends.and_then(|kalends| kalends.metrics.clone()),
            logged: kalends.map_or_else(Logged::default, |kalends| kalends.logged),
        }
    }

    /// The request's id.
    pub(super) fn id(&self) -> &str {
        self.current.id()
    }

    /// The request's id, as a header carries it.
    pub(super) fn id_header(&self) -> HeaderValue {
        self.current.id.clone()
    }

    /// Answers the request: what is logged meanwhile names it.
    pub(super) async fn over<F: Future>(&self, answering: F) -> F::Output {
        let current = self.current.clone();
        if self.span.is_disabled() {
            current.scope(answering).await
        } else {
            current.scope(answering.instrument(self.span.clone())).await
        }
    }

    /// Ends when there is an answer, or an error that becomes one: then the request itself is gone, and with it its route.
    pub(super) fn end(self, answer: Result<&ServiceResponse<BoxBody>, &Error>) {
        let took = self.begun.elapsed();
        let status = match answer {
            Ok(response) => response.status(),
            Err(error) => error.as_response_error().status_code(),
        };
        // Put together once, and only where somebody wants it.
        let pattern = OnceCell::new();
        let route = || {
            let found = || {
                answer
                    .ok()
                    .and_then(|response| response.request().match_pattern())
            };
            pattern.get_or_init(found).as_deref()
        };
        if let Some(metrics) = &self.metrics {
            metrics.request(&self.method, route(), status, took);
        }
        if !self.span.is_disabled() {
            let route = route().unwrap_or("(none)");
            let method = &self.method;
            let failed = status.is_server_error();
            telemetry::settle(&self.span, format!("{method} {route}"), failed);
            self.span.record("http.route", route);
            self.span
                .record("http.response.status_code", status.as_u16());
        }
        self.log(status, took, || route().unwrap_or("(none)"));
    }

    fn log<'a>(self, status: StatusCode, took: Duration, route: impl Fn() -> &'a str) {
        // Being sent away because others are before it is no failure, and in a rush there would be many lines.
        let failed = status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE;
        let stands_out = failed || took >= self.logged.slow;
        let is_wanted = match self.logged.requests {
            LoggedRequests::All => true,
            LoggedRequests::SlowAndFailed => stands_out,
            LoggedRequests::None => false,
        };
        if !is_wanted {
            return;
        }
        let Self {
            method, current, ..
        } = self;
        let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let status = status.as_u16();
        if stands_out {
            current.enter(|| {
                tracing::warn!(
                    http.method = %method,
                    http.route = route(),
                    http.status = status,
                    duration_ms = millis,
                    "Answered a request"
                );
            });
        } else {
            current.enter(|| {
                tracing::info!(
                    http.method = %method,
                    http.route = route(),
                    http.status = status,
                    duration_ms = millis,
                    "Answered a request"
                );
            });
        }
    }
}

/// The id that the client gave, if it is a plain word, or a new one.
fn id_of(request: &ServiceRequest, kalends: Option<&Kalends>) -> HeaderValue {
    let given = request.headers().get(&REQUEST_ID);
    match (given.filter(|given| is_plain(given)), kalends) {
        (Some(given), _) => given.clone(),
        (None, Some(kalends)) => {
            let mut buffer = Uuid::encode_buffer();
            let text = kalends.ids.next_id().hyphenated().encode_lower(&mut buffer);
            HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static("none"))
        }
        (None, None) => HeaderValue::from_static("none"),
    }
}

fn is_plain(id: &HeaderValue) -> bool {
    let id = id.as_bytes();
    (1..=64).contains(&id.len())
        && id
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}
