//! Figures, traces and log lines.

use std::net::SocketAddr;
use std::time::Duration;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{optional_secret, optional_url};
use crate::http::watched::Logged;

/// Figures for scrapers, and traces.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TelemetryConfig {
    /// An address of its own for `/metrics`.
    pub metrics_listen: Option<SocketAddr>,
    /// What scrapers must show; with it, `/metrics` is answered beside the pages too.
    #[serde(deserialize_with = "optional_secret")]
    pub metrics_token: Option<SecretString>,
    /// Where traces are sent, over OTLP.
    #[serde(deserialize_with = "optional_url")]
    pub otlp_endpoint: Option<Url>,
    /// What is sent along: `name=value`, with commas between.
    #[serde(deserialize_with = "optional_secret")]
    pub otlp_headers: Option<SecretString>,
    /// Which share of the requests is traced.
    pub trace_share: f64,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self {
            metrics_listen: None,
            metrics_token: None,
            otlp_endpoint: None,
            otlp_headers: None,
            trace_share: 1.0,
        }
    }
}

impl TelemetryConfig {
    /// Whether anybody can read figures; else none are counted.
    pub fn wants_metrics(&self) -> bool {
        self.metrics_listen.is_some() || self.metrics_token.is_some()
    }
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Which requests are written a line about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoggedRequests {
    /// Each.
    All,
    /// Those that the server failed at, and those that took long.
    SlowAndFailed,
    /// None.
    None,
}

impl LogConfig {
    /// Which requests are written a line about.
    pub fn logged(&self) -> Logged {
        Logged {
            requests: self.requests,
            slow: Duration::from_millis(self.slow_request_ms),
        }
    }
}

/// Log lines.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// Which lines are written, as `tracing_subscriber::EnvFilter` reads it.
    pub filter: String,
    /// How they look.
    pub format: LogFormat,
    /// Which requests are written a line about.
    pub requests: LoggedRequests,
    /// From how many milliseconds on a request took long.
    pub slow_request_ms: u64,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            // A request that does not parse is its sender's trouble, so `actix_http` is silent.
            filter: "info,actix_http=off,actix_server=warn,sqlx=warn,sea_orm=warn,sea_orm_migration=warn"
                .to_owned(),
            format: LogFormat::Text,
            requests: LoggedRequests::All,
            slow_request_ms: 1000,
        }
    }
}
