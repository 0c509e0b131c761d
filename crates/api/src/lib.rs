//! Kalends: the HTTP API, the pages and the command line of a self-hosted scheduling server.
//!
//! The binary is [`cli::run`]. As a library, this crate puts the same routes into an application of your own:
//!
//! ```no_run
//! use actix_web::middleware::from_fn;
//! use actix_web::{App, web};
//! use scheduling_api::{Kalends, edge};
//!
//! # fn app(kalends: Kalends) {
//! let app = App::new()
//!     .wrap(from_fn(edge))
//!     .configure(|config| scheduling_api::configure(config, &kalends))
//!     .route("/", web::get().to(|| async { "my own page" }));
//! # }
//! ```

pub mod cli;
pub mod compose;
pub mod config;
mod database_file;
pub mod demo;
mod http;
mod outgoing;
mod probe;
mod rest;
mod server;
pub mod setup_file;
mod signals;
pub mod telemetry;
pub mod urls;
mod web;

use std::sync::Arc;
use std::time::Duration;

use actix_web::web::{Data, ServiceConfig};
use async_trait::async_trait;
use scheduling_accounts::Accounts;
use scheduling_app::Scheduling;
use scheduling_core::ports::{Clock, CredentialSealer, IdSource, SecretSource, Wording};
use url::Url;

use telemetry::{Metrics, Scrape};

use http::client::Hourly;

pub use http::admission::Lines;
pub use http::client::{NotANetwork, TrustedProxies};
pub use http::edge::{Limits, edge};
pub use http::gate::{Gate, GateSize, Place};
pub use http::problem::{FieldError, Problem, ProblemKind, reference as problems_reference};
pub use http::rate::{Asked, CountKey, Counted, RateLimit, RateLimits, Rates, SharedCounts};
pub use http::watched::Logged;
pub use rest::openapi_json;
pub use server::{ServeError, serve, work};

/// Whether the server can do its work; asked by `/ready`.
#[async_trait]
pub trait Readiness: Send + Sync {
    /// Checks; what is missing comes back as a sentence without secrets.
    async fn check(&self) -> Result<(), String>;
}

/// Everything the routes need. Cloning is cheap.
#[derive(Clone)]
pub struct Kalends {
    /// The use cases.
    pub scheduling: Scheduling,
    /// Members, sessions and tokens.
    pub accounts: Accounts,
    /// Shows messages as their readers get them.
    pub wording: Arc<dyn Wording>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids of requests.
    pub ids: Arc<dyn IdSource>,
    /// Where guests reach the pages.
    pub urls: urls::Urls,
    /// The lines in front of everything that needs the database.
    pub lines: Lines,
    /// The line in front of bookings, shared by the API and the pages. Whoever stands in it has a place of
    /// [`Lines::changes`].
    pub gate: Gate,
    /// What `/ready` asks.
    pub readiness: Arc<dyn Readiness>,
    /// What clients may send.
    pub limits: Limits,
    /// How often they may.
    pub rates: Rates,
    /// The proxies that tell where a request comes from.
    pub trusted_proxies: TrustedProxies,
    /// Says now and then that a proxy hides its guests.
    proxy_warning: Arc<Hourly>,
    /// Answers about slots as they go over the wire.
    pub(crate) rendered: Arc<rest::Rendered>,
    /// Where requests are counted, if they are.
    pub metrics: Option<Metrics>,
    /// What `/metrics` answers beside the pages, if it does.
    pub scrape: Option<Scrape>,
    /// Which requests are written a line about.
    pub logged: Logged,
    /// What proves to doctor that this is the deployment it looks for.
    pub probe: Option<Arc<dyn CredentialSealer>>,
    public_url: Url,
    /// What the pages need.
    web: web::WebState,
}

/// What [`Kalends`] is made of.
pub struct Parts {
    /// The use cases.
    pub scheduling: Scheduling,
    /// Members, sessions and tokens.
    pub accounts: Accounts,
    /// Shows messages as their readers get them.
    pub wording: Arc<dyn Wording>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids of requests.
    pub ids: Arc<dyn IdSource>,
    /// Keys that make sending a form twice harmless.
    pub secrets: Arc<dyn SecretSource>,
    /// What `/ready` asks.
    pub readiness: Arc<dyn Readiness>,
    /// How guests reach the pages, ending in a slash.
    pub public_url: Url,
    /// What stands behind the `@` of calendar UIDs; the same as in mails.
    pub domain: String,
}

impl Kalends {
    /// Puts the routes over their parts, with the default limits.
    ///
    /// # Errors
    /// A page's template that cannot be read. They are part of the program, so this is a mistake in the build.
    pub fn new(parts: Parts) -> Result<Self, minijinja::Error> {
        let web = web::WebState::new(
            parts.public_url.clone(),
            parts.domain,
            Arc::clone(&parts.clock),
            parts.secrets,
        )?;
        Ok(Self {
            scheduling: parts.scheduling,
            accounts: parts.accounts,
            wording: parts.wording,
            clock: parts.clock,
            ids: parts.ids,
            urls: urls::Urls::new(parts.public_url.as_str()),
            lines: Lines::default(),
            gate: Gate::new(GateSize {
                at_once: 4,
                waiting: 512,
                patience: Duration::from_secs(10),
            }),
            readiness: parts.readiness,
            limits: Limits::default(),
            rates: Rates::new(RateLimits::default()),
            trusted_proxies: TrustedProxies::none(),
            proxy_warning: Arc::new(Hourly::new()),
            rendered: Arc::new(rest::Rendered::new(16 * 1024 * 1024)),
            metrics: None,
            scrape: None,
            logged: Logged::default(),
            probe: None,
            public_url: parts.public_url,
            web,
        })
    }

    /// The same, which keeps answers about slots of at most about so many bytes in memory; with 0 none. 36 MiB where
    /// nothing is said.
    #[must_use]
    pub fn with_memory(mut self, bytes: usize) -> Self {
        // What was found, a little about event types, and the same as text.
        self.scheduling = self.scheduling.with_memory(bytes / 9 * 4);
        self.rendered = Arc::new(rest::Rendered::new(bytes / 9 * 4));
        self
    }

    /// How guests reach the pages, ending in a slash.
    pub fn public_url(&self) -> &Url {
        &self.public_url
    }
}

/// Adds all routes: the API under `/api/v1`, `/openapi.json`, `/health`, `/ready`, `/problems`, and the pages.
///
/// Wrap the application in [`edge`], which bounds request bodies and gives problems the id of their request.
pub fn configure(config: &mut ServiceConfig, kalends: &Kalends) {
    config
        .app_data(Data::new(kalends.clone()))
        .app_data(Data::new(kalends.scheduling.clone()))
        .app_data(Data::new(kalends.web.clone()));
    if let Some(scrape) = &kalends.scrape {
        telemetry::configure(config, scrape);
    }
    if let Some(sealer) = &kalends.probe {
        probe::configure(config, sealer);
    }
    rest::configure(config);
    web::configure(config);
}
