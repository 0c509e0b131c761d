//! `/metrics`: on an address of its own for scrapers in a private network, with a token beside the pages, or nowhere.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use tokio_util::sync::CancellationToken;

use super::database::DatabaseFigures;
use super::metrics::Metrics;
use crate::http::gate::Gate;
use crate::http::problem::{Problem, ProblemKind};

/// What scrapers must show. Only its hash is kept.
#[derive(Clone)]
pub struct ScrapeToken([u8; 32]);

impl ScrapeToken {
    /// Takes a token.
    pub fn new(token: &SecretString) -> Self {
        Self(Sha256::digest(token.expose_secret()).into())
    }

    /// Whether a request shows it. How long it takes says nothing about the token.
    fn is_shown(&self, headers: &HeaderMap) -> bool {
        let shown = headers
            .get(header::AUTHORIZATION)
            .map(HeaderValue::as_bytes)
            .and_then(|value| value.split_at_checked("Bearer ".len()))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case(b"bearer "));
        let Some((_, shown)) = shown else {
            return false;
        };
        let shown: [u8; 32] = Sha256::digest(shown).into();
        shown.ct_eq(&self.0).into()
    }
}

impl fmt::Debug for ScrapeToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ScrapeToken(…)")
    }
}

/// What a scraper gets. Cloning is cheap.
#[derive(Clone)]
pub struct Scrape {
    /// The figures.
    pub metrics: Metrics,
    /// What is looked at besides, at each scrape.
    pub database: Option<DatabaseFigures>,
    /// The lines in front of requests, by name.
    pub lines: Vec<(&'static str, Gate)>,
    /// What must be shown, on whichever address.
    pub token: Option<ScrapeToken>,
}

impl Scrape {
    async fn answer(&self) -> String {
        if let Some(database) = &self.database {
            database.look(&self.metrics).await;
        }
        for (name, line) in &self.lines {
            self.metrics.line(name, line);
        }
        let refused = self.lines.iter().map(|(_, line)| line.refused()).sum();
        self.metrics.overloaded(refused);
        self.metrics.render()
    }
}

/// Adds the route beside the pages.
pub(crate) fn configure(config: &mut ServiceConfig, scrape: &Scrape) {
    config
        .app_data(Data::new(scrape.clone()))
        .route("/metrics", web::get().to(metrics));
}

async fn metrics(request: HttpRequest, scrape: Data<Scrape>) -> HttpResponse {
    let is_open = match &scrape.token {
        Some(token) => token.is_shown(request.headers()),
        None => true,
    };
    if !is_open {
        let problem = Problem::new(
            ProblemKind::Unauthenticated,
            "Show telemetry.metrics_token as a bearer token.",
        );
        let mut refused = problem.respond("none");
        let challenge = HeaderValue::from_static("Bearer");
        refused
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, challenge);
        return refused;
    }
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(scrape.answer().await)
}

/// How often what was measured is sorted into its buckets.
const TIDY_EVERY: Duration = Duration::from_secs(5);

/// Keeps the figures tidy until the token is cancelled, and answers scrapers at an address of their own, if there is one.
///
/// # Errors
/// When the address cannot be listened at.
pub fn listen(
    address: Option<SocketAddr>,
    scrape: &Scrape,
    until: CancellationToken,
) -> io::Result<()> {
    if let Some(address) = address {
        let server = server(TcpListener::bind(address)?, scrape.clone())?;
        tracing::info!(telemetry.metrics_listen = %address, "Answering scrapers at http://{address}/metrics");
        let (handle, stop) = (server.handle(), until.clone());
        actix_web::rt::spawn(async move {
            stop.cancelled().await;
            handle.stop(false).await;
        });
        actix_web::rt::spawn(async move {
            if let Err(error) = server.await {
                tracing::error!(%error, "Scrapers are not answered any more");
            }
        });
    }
    let metrics = scrape.metrics.clone();
    actix_web::rt::spawn(async move {
        while tokio::time::timeout(TIDY_EVERY, until.cancelled())
            .await
            .is_err()
        {
            metrics.tidy();
        }
    });
    Ok(())
}

fn server(listener: TcpListener, scrape: Scrape) -> io::Result<Server> {
    let server = HttpServer::new(move || {
        App::new()
            .configure(|config| configure(config, &scrape))
            .route("/health", web::get().to(|| async { "ok\n" }))
    })
    .workers(1)
    .max_connections(64)
    .client_request_timeout(Duration::from_secs(5))
    .disable_signals()
    .listen(listener)?
    .run();
    Ok(server)
}

#[cfg(test)]
mod tests {
    use actix_web::http::StatusCode;
    use actix_web::test::{TestRequest, call_service, init_service, read_body};

    use super::*;

    fn scrape(token: Option<&str>) -> Scrape {
        Scrape {
            metrics: Metrics::new(),
            database: None,
            lines: Vec::new(),
            token: token.map(|token| ScrapeToken::new(&SecretString::from(token))),
        }
    }

    #[actix_web::test]
    async fn without_a_token_nobody_is_asked_for_one() {
        let scrape = scrape(None);
        let app = init_service(App::new().configure(|config| configure(config, &scrape))).await;
        let request = TestRequest::get().uri("/metrics").to_request();
        let answer = call_service(&app, request).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let text = read_body(answer).await;
        let text = String::from_utf8_lossy(&text);
        assert!(text.contains("\nkalends_build_info{version="), "{text}");
    }

    #[actix_web::test]
    async fn only_the_token_opens() {
        let scrape = scrape(Some("a token of some length"));
        let app = init_service(App::new().configure(|config| configure(config, &scrape))).await;
        for (shown, expected) in [
            (None, StatusCode::UNAUTHORIZED),
            (Some("Bearer "), StatusCode::UNAUTHORIZED),
            (Some("Bearer"), StatusCode::UNAUTHORIZED),
            (Some("Bearer another"), StatusCode::UNAUTHORIZED),
            (
                Some("Bearer a token of some lengt"),
                StatusCode::UNAUTHORIZED,
            ),
            (
                Some("Basic a token of some length"),
                StatusCode::UNAUTHORIZED,
            ),
            (Some("a token of some length"), StatusCode::UNAUTHORIZED),
            (Some("bearer a token of some length"), StatusCode::OK),
            (Some("Bearer a token of some length"), StatusCode::OK),
        ] {
            let mut request = TestRequest::get().uri("/metrics");
            if let Some(shown) = shown {
                request = request.insert_header((header::AUTHORIZATION, shown));
            }
            let answer = call_service(&app, request.to_request()).await;
            assert_eq!(answer.status(), expected, "{shown:?}");
            let asks = answer.headers().contains_key(header::WWW_AUTHENTICATE);
            assert_eq!(asks, expected == StatusCode::UNAUTHORIZED);
            let text = read_body(answer).await;
            let tells = String::from_utf8_lossy(&text).contains("kalends_build_info");
            assert_eq!(tells, expected == StatusCode::OK);
        }
    }

    #[test]
    fn a_token_is_never_shown() {
        let token = ScrapeToken::new(&SecretString::from("hunter2"));
        assert_eq!(format!("{token:?}"), "ScrapeToken(…)");
    }
}
