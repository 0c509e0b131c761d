//! The configuration: a file, then the environment, then the command line; the later one wins.
//!
//! Every setting stands once in [`settings`], with its default and its documentation. From that table come the reference
//! page, the names of the environment variables and the check that names every mistake instead of only the first.

mod check;
mod environment;
mod hints;
mod key;
mod mail;
mod settings;
mod telemetry;
mod worker;

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use figment::Figment;
use figment::providers::{Format, Serialized, Toml};
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, Serialize};
use url::Url;

use crate::http::admission::Lines;
use crate::http::client::TrustedProxies;
use crate::http::gate::{Gate, GateSize};
use crate::http::rate::{RateLimit, RateLimits};

pub use check::{ConfigError, Mistake};
pub use key::{KEY_FILE, KeyError, key_file, key_of_folder};
pub use mail::{
    DkimConfig, MailConfig, MailTransport, MailTransports, SendGridConfig, SmtpConfig, SmtpTls,
};
pub use settings::reference;
pub use telemetry::{LogConfig, LogFormat, LoggedRequests, TelemetryConfig};
pub use worker::WorkerConfig;

/// Where the file is looked for when none is named.
pub const DEFAULT_FILE: &str = "kalends.toml";

/// Everything that can be set.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Files.
    pub data: DataConfig,
    /// The server.
    pub http: HttpConfig,
    /// How often clients may ask.
    pub limits: LimitsConfig,
    /// The database.
    pub database: DatabaseConfig,
    /// Mails.
    pub mail: MailConfig,
    /// What is owed: mails, deadlines.
    pub worker: WorkerConfig,
    /// Keys.
    pub secrets: SecretsConfig,
    /// Log lines.
    pub log: LogConfig,
    /// Figures and traces.
    pub telemetry: TelemetryConfig,
}

/// Files.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DataConfig {
    /// The folder that everything lies in which is not set otherwise.
    pub folder: PathBuf,
}

impl Default for DataConfig {
    fn default() -> Self {
        Self {
            folder: PathBuf::from("kalends-data"),
        }
    }
}

/// The server.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpConfig {
    /// The address and port to listen at.
    pub listen: SocketAddr,
    /// How guests reach the server; derived from `listen` when it is not set.
    #[serde(deserialize_with = "optional_url")]
    pub public_url: Option<Url>,
    /// Threads that answer requests.
    pub workers: usize,
    /// The largest request body.
    pub max_body_bytes: usize,
    /// How long a client may take to send a request's headers, and then its body.
    pub request_seconds: u64,
    /// Connections a thread keeps open at once.
    pub max_connections: usize,
    /// How long the server goes on answering after it was asked to stop, so that proxies notice that it is not ready.
    pub drain_seconds: u64,
    /// How long open requests, and messages that are being sent, may take to finish at shutdown.
    pub shutdown_seconds: u64,
    /// Bookings that are worked on at once; more wait in line.
    pub bookings_at_once: usize,
    /// How long a booking waits in line before the server says that it is busy.
    pub booking_wait_seconds: u64,
    /// Changes of any kind that are worked on at once.
    pub changes_at_once: usize,
    /// Reading requests that are worked on at once.
    pub reads_at_once: usize,
    /// How long a reading request waits in line.
    pub read_wait_seconds: u64,
    /// How many requests of each kind wait in line; more are refused at once.
    pub waiting: usize,
    /// How many mebibytes of answers about slots are kept in memory.
    pub memory_mb: usize,
    /// How long a request may be worked on.
    pub answer_seconds: u64,
    /// How long a client may take to read an answer.
    pub reading_seconds: u64,
    /// The proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Proxies,
}

/// Addresses and networks, as a list or with commas between.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(try_from = "OneOrMany")]
pub struct Proxies(pub TrustedProxies);

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl TryFrom<OneOrMany> for Proxies {
    type Error = String;

    fn try_from(given: OneOrMany) -> Result<Self, String> {
        let text = match given {
            OneOrMany::One(text) => text,
            OneOrMany::Many(texts) => texts.join(","),
        };
        let networks = text
            .split(',')
            .map(str::trim)
            .filter(|text| !text.is_empty());
        TrustedProxies::parse(networks)
            .map(Self)
            .map_err(|error| error.to_string())
    }
}

/// How often clients may ask. 0 is no limit.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsConfig {
    /// Changes by guests, from one network.
    pub guests_per_minute: u32,
    /// Holds by guests of one network, in the five minutes that one lasts.
    pub holds_in_five_minutes: u32,
    /// Signing in and what is like it, from one network.
    pub sign_in_per_minute: u32,
    /// Requests of one API token, or of one session.
    pub requests_per_minute: u32,
    /// Bookings and holds by guests of one link.
    pub link_per_minute: u32,
    /// Bookings by guests that name one mail address.
    pub address_per_hour: u32,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        let often = |limit: Option<RateLimit>| limit.map_or(0, |limit| limit.requests.get());
        let limits = RateLimits::default();
        Self {
            guests_per_minute: often(limits.guests),
            holds_in_five_minutes: often(limits.holds),
            sign_in_per_minute: often(limits.sign_in),
            requests_per_minute: often(limits.principals),
            link_per_minute: often(limits.links),
            address_per_hour: often(limits.addresses),
        }
    }
}

impl LimitsConfig {
    /// As the server counts them.
    pub fn rates(self) -> RateLimits {
        let within = |requests, seconds| (requests > 0).then(|| RateLimit::new(requests, seconds));
        let limit = |requests| within(requests, 60);
        RateLimits {
            guests: limit(self.guests_per_minute),
            holds: within(self.holds_in_five_minutes, 300),
            sign_in: limit(self.sign_in_per_minute),
            principals: limit(self.requests_per_minute),
            links: limit(self.link_per_minute),
            addresses: within(self.address_per_hour, 3600),
        }
    }
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8000)),
            public_url: None,
            workers: 2,
            max_body_bytes: 64 * 1024,
            request_seconds: 10,
            max_connections: 4096,
            drain_seconds: 0,
            shutdown_seconds: 20,
            bookings_at_once: 4,
            booking_wait_seconds: 10,
            changes_at_once: 64,
            reads_at_once: 64,
            read_wait_seconds: 2,
            waiting: 512,
            memory_mb: 36,
            answer_seconds: 30,
            reading_seconds: 60,
            trusted_proxies: Proxies::default(),
        }
    }
}

/// The database.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseConfig {
    /// `sqlite:…` or `postgres://…`; a SQLite file in the data folder when it is not set.
    #[serde(deserialize_with = "optional_secret")]
    pub url: Option<SecretString>,
    /// Whether starting the server brings the schema up to date.
    pub migrate: bool,
    /// Connections for reading at most, and on PostgreSQL as many for writing.
    pub connections: u32,
    /// How long PostgreSQL may work on one statement of a server or a worker.
    pub statement_seconds: u64,
    /// What a booking survives on SQLite.
    pub durability: Durability,
}

/// What a booking that was answered survives on SQLite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Durability {
    /// Everything, a power cut included.
    PowerCut,
    /// The end of the process at any moment.
    ProcessEnd,
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self {
            url: None,
            migrate: true,
            connections: 8,
            statement_seconds: 30,
            durability: Durability::PowerCut,
        }
    }
}

/// Keys.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SecretsConfig {
    /// 64 hexadecimal digits; made once in the data folder when it is not set.
    #[serde(deserialize_with = "optional_secret")]
    pub key: Option<SecretString>,
}

fn optional_url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Url>, D::Error> {
    Option::<String>::deserialize(deserializer)?
        .map(|text| text.parse().map_err(serde::de::Error::custom))
        .transpose()
}

fn optional_secret<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<SecretString>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(SecretString::from))
}

/// Settings that a command line gives: each the key's dotted name and its value.
#[derive(Debug, Clone, Default)]
pub struct Overrides(Vec<(&'static str, figment::value::Value)>);

impl Overrides {
    /// Sets a key, if there is a value.
    #[must_use]
    pub fn set<T: fmt::Display>(mut self, key: &'static str, value: Option<T>) -> Self {
        if let Some(value) = value {
            self.0.push((key, value.to_string().into()));
        }
        self
    }

    /// Sets a number, if there is one.
    #[must_use]
    pub fn set_number(mut self, key: &'static str, value: Option<usize>) -> Self {
        if let Some(value) = value {
            self.0.push((key, value.into()));
        }
        self
    }
}

impl Config {
    /// Reads the file, the environment and the overrides.
    ///
    /// A file that was named must exist; the default one may be missing.
    ///
    /// # Errors
    /// [`ConfigError`] with every mistake, each with its key and where it was set.
    pub fn load(file: Option<&Path>, overrides: &Overrides) -> Result<Self, ConfigError> {
        if let Some(file) = file.filter(|file| !file.is_file()) {
            return Err(ConfigError::one(
                "--config",
                format!("there is no file {}", file.display()),
            ));
        }
        let mut figment = Figment::new();
        let file = file.unwrap_or_else(|| Path::new(DEFAULT_FILE));
        if file.is_file() {
            figment = figment.merge(Toml::file_exact(file));
        }
        let (environment, unknown) = environment::Environment::read(std::env::vars_os());
        figment = figment.merge(environment);
        for (key, value) in &overrides.0 {
            figment = figment.merge(Serialized::global(key, value));
        }
        check::extract(&figment, unknown)
    }

    /// How guests reach the server, without a slash at the end.
    pub fn public_url(&self) -> String {
        let listen = self.http.listen;
        if let Some(url) = &self.http.public_url {
            url.as_str().trim_end_matches('/').to_owned()
        } else if listen.ip().is_unspecified() {
            format!("http://localhost:{}", listen.port())
        } else {
            format!("http://{listen}")
        }
    }

    /// The database's address.
    pub fn database_url(&self) -> SecretString {
        self.database.url.clone().unwrap_or_else(|| {
            let file = self.data.folder.join("kalends.db");
            SecretString::from(format!("sqlite:{}", file.display()))
        })
    }

    /// Where `.eml` files go.
    pub fn mail_folder(&self) -> PathBuf {
        self.mail
            .folder
            .clone()
            .unwrap_or_else(|| self.data.folder.join("mails"))
    }
}

/// How long a connection may idle between two requests; what Actix does by default.
const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// Passwords are hashed two at a time; more than a few requests around that bring nothing.
const SIGN_INS_AT_ONCE: usize = 8;

impl DatabaseConfig {
    /// How long a statement of a server or a worker may take; `None` is for ever.
    pub fn statement_time(&self) -> Option<Duration> {
        (self.statement_seconds > 0).then(|| Duration::from_secs(self.statement_seconds))
    }
}

impl HttpConfig {
    /// How long a client may take to send a request's headers, and then its body.
    pub fn request_time(&self) -> Duration {
        Duration::from_secs(self.request_seconds)
    }

    /// How long the server goes on answering after it was asked to stop.
    pub fn drain_time(&self) -> Duration {
        Duration::from_secs(self.drain_seconds)
    }

    /// How long what was begun may take when the server stops.
    pub fn shutdown_time(&self) -> Duration {
        Duration::from_secs(self.shutdown_seconds)
    }

    /// The lines in front of everything that needs the database.
    pub fn lines(&self) -> Lines {
        let before = |at_once, seconds| self.line(at_once, seconds);
        Lines {
            reads: before(self.reads_at_once, self.read_wait_seconds),
            changes: before(self.changes_at_once, self.booking_wait_seconds),
            answer_time: Duration::from_secs(self.answer_seconds),
            sign_in: before(SIGN_INS_AT_ONCE, self.booking_wait_seconds),
        }
    }

    /// The line in front of bookings.
    pub fn bookings(&self) -> Gate {
        self.line(self.bookings_at_once, self.booking_wait_seconds)
    }

    fn line(&self, at_once: usize, seconds: u64) -> Gate {
        Gate::new(GateSize {
            at_once,
            waiting: self.waiting,
            patience: Duration::from_secs(seconds),
        })
    }

    /// How long a connection on which nothing is worked on may stay: its client may read an answer, then idle, then send
    /// the headers of its next request.
    pub fn resting_time(&self) -> Duration {
        KEEP_ALIVE + self.request_time() + Duration::from_secs(self.reading_seconds)
    }
}
