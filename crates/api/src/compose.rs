//! From the configuration to a working system: the only list of concrete types.

mod clock;
mod counts;
mod mail;
mod readiness;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::SecondsFormat;
use scheduling_accounts::ports::AccountStorage;
use scheduling_accounts::settings::AccountSettings;
use scheduling_accounts::{Accounts, AccountsBuilder};
use scheduling_app::system::{SystemIds, SystemSealer, SystemSecrets};
use scheduling_app::worker::Worker;
use scheduling_app::{Scheduling, SchedulingBuilder};
use scheduling_core::ports::{Storage, Wording};
use scheduling_persistence::{
    ConnectOptions, Durability, ForeignSchema, MoveState, Schema, SeaOrmStorage,
};
use secrecy::ExposeSecret as _;
use thiserror::Error;
use url::Url;

use crate::config::{self, Config, KeyError, key_of_folder};
use crate::database_file::{self, DatabaseFile};
use crate::http::edge::Limits;
use crate::telemetry::{DatabaseFigures, Metrics, Scrape, ScrapeToken};
use crate::urls::Urls;
use crate::{Kalends, Parts};

pub use clock::NodeClock;
pub use mail::{MailError, signer};
pub(crate) use mail::{sendgrid, smtp};

use readiness::DatabaseReadiness;

/// Why the system cannot be put together.
#[derive(Debug, Error)]
pub enum ComposeError {
    /// The data folder cannot be made.
    #[error("the data folder {path} cannot be made")]
    DataFolder {
        /// Which folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// There is no key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// `secrets.key` is none.
    #[error("secrets.key {0}")]
    ConfiguredKey(#[source] scheduling_app::system::MalformedKey),
    /// A copy is being put in the database's place, or it is being moved.
    #[error("the database is being restored or moved")]
    BeingRestored,
    /// A move into the database is under way, or was cut short.
    #[error("the database is being moved into from {from}; finish with `kalends move`")]
    BeingFilled {
        /// The database it is filled from, without secrets.
        from: String,
    },
    /// Another database has taken its place.
    #[error(
        "the database was moved to {to} at {at}; name that one in database.url, or take this one back with `kalends move --take-back`"
    )]
    MovedAway {
        /// The database that took its place, without secrets.
        to: String,
        /// When that was.
        at: String,
    },
    /// The database does not open.
    #[error("the database does not open")]
    Database(#[source] scheduling_core::ports::StorageError),
    /// The database is another release's.
    #[error("this release cannot work with the database")]
    Schema(#[source] ForeignSchema),
    /// Mails cannot be sent.
    #[error(transparent)]
    Mail(#[from] MailError),
    /// A page's template cannot be read.
    #[error("a page's template cannot be read")]
    PageTemplates(#[from] minijinja::Error),
    /// The public address is none.
    #[error("http.public_url cannot be used")]
    PublicUrl(#[from] url::ParseError),
}

/// A working system.
pub struct Composed {
    /// What the routes need.
    pub kalends: Kalends,
    /// Where everything is kept.
    pub storage: Arc<SeaOrmStorage>,
    /// Members, sessions and tokens.
    pub accounts: Accounts,
    /// What sends mails.
    pub worker: Worker,
    /// What scrapers get, if anybody may scrape.
    pub scrape: Option<Scrape>,
    /// What the time is.
    pub clock: NodeClock,
}

/// Makes the data folder, readable by its owner alone.
///
/// # Errors
/// [`ComposeError::DataFolder`].
pub fn data_folder(config: &Config) -> Result<(), ComposeError> {
    let path = &config.data.folder;
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder
        .create(path)
        .map_err(|source| ComposeError::DataFolder {
            path: path.clone(),
            source,
        })
}

/// Opens the database, for as long as a statement takes.
///
/// # Errors
/// [`ComposeError::Database`], or [`ComposeError::DataFolder`].
pub async fn storage(config: &Config) -> Result<SeaOrmStorage, ComposeError> {
    open(config, None, Pools::of(config)).await
}

/// Opens the database for a server or a worker: no statement may take longer than the configuration says.
///
/// # Errors
/// As [`storage`].
pub async fn serving_storage(config: &Config) -> Result<SeaOrmStorage, ComposeError> {
    open(config, config.database.statement_time(), Pools::of(config)).await
}

/// Gives a worker that runs beside a server connections of its own on PostgreSQL: however many guests wait for one, mails go
/// out, and the worker still has its when the server's end.
///
/// # Errors
/// As [`storage`].
pub async fn worker_apart(config: &Config, composed: &mut Composed) -> Result<(), ComposeError> {
    if config.database_url().expose_secret().starts_with("sqlite:") {
        return Ok(());
    }
    let pools = Pools {
        writers: 4,
        readers: 2,
    };
    let storage = open(config, config.database.statement_time(), pools).await?;
    let worker = composed.worker.clone().with_storage(Arc::new(storage));
    composed.worker = worker;
    Ok(())
}

/// How this program and the database's schema stand to each other.
///
/// # Errors
/// [`ComposeError::Schema`] when this program must leave the database alone, [`ComposeError::Database`].
pub async fn fitting_schema(storage: &SeaOrmStorage) -> Result<Schema, ComposeError> {
    match storage.schema().await.map_err(ComposeError::Database)? {
        Schema::Foreign(reason) => Err(ComposeError::Schema(reason)),
        schema => Ok(schema),
    }
}

/// How many connections there may be.
#[derive(Debug, Clone, Copy)]
struct Pools {
    writers: u32,
    readers: u32,
}

impl Pools {
    fn of(config: &Config) -> Self {
        Self {
            writers: config.database.connections,
            readers: config.database.connections,
        }
    }
}

async fn open(
    config: &Config,
    statement_timeout: Option<Duration>,
    pools: Pools,
) -> Result<SeaOrmStorage, ComposeError> {
    data_folder(config)?;
    let options = ConnectOptions {
        statement_timeout,
        writers: pools.writers,
        readers: pools.readers,
        durability: match config.database.durability {
            config::Durability::PowerCut => Durability::PowerCut,
            config::Durability::ProcessEnd => Durability::ProcessEnd,
        },
        ..ConnectOptions::default()
    };
    let url = config.database_url();
    database_file::make_private(url.expose_secret());
    SeaOrmStorage::connect(url.expose_secret(), &options)
        .await
        .map_err(ComposeError::Database)
}

/// Says that this process uses the database, and asks whether anybody may: not while it is moved into, and not once it was
/// moved away. Whoever changes anything asks first.
///
/// # Errors
/// [`ComposeError`].
pub async fn usable(config: &Config, storage: &SeaOrmStorage) -> Result<(), ComposeError> {
    database_file::share(config.database_url().expose_secret())
        .map_err(|_in_use| ComposeError::BeingRestored)?;
    match storage.move_state().await.map_err(ComposeError::Database)? {
        MoveState::Settled => Ok(()),
        MoveState::BeingFilled { from } => Err(ComposeError::BeingFilled { from }),
        MoveState::MovedAway { to, at } => Err(ComposeError::MovedAway {
            to,
            at: at.to_rfc3339_opts(SecondsFormat::Secs, true),
        }),
    }
}

/// Puts everything together over an open database.
///
/// # Errors
/// [`ComposeError`].
pub async fn compose(config: &Config, storage: SeaOrmStorage) -> Result<Composed, ComposeError> {
    data_folder(config)?;
    usable(config, &storage).await?;
    fitting_schema(&storage).await?;
    let node_clock = NodeClock::start(&storage)
        .await
        .map_err(ComposeError::Database)?;
    let storage = Arc::new(storage);
    let secrets = Arc::new(SystemSecrets);
    let key = match &config.secrets.key {
        Some(key) => key
            .expose_secret()
            .parse()
            .map_err(ComposeError::ConfiguredKey)?,
        None => key_of_folder(&config.data.folder, &*secrets)?,
    };
    let clock = node_clock.clock();
    let ids = Arc::new(SystemIds::new(Arc::clone(&clock)));
    let urls = Urls::new(&config.public_url());
    let sealer = Arc::new(SystemSealer::new(key, []));
    let accounts = AccountsBuilder {
        storage: Arc::clone(&storage) as Arc<dyn AccountStorage>,
        clock: Arc::clone(&clock),
        ids: Arc::clone(&ids) as _,
        secrets: Arc::clone(&secrets) as _,
        sealer: Arc::clone(&sealer) as _,
        settings: AccountSettings::default(),
    }
    .build();
    let scheduling: Scheduling = SchedulingBuilder {
        storage: Arc::clone(&storage) as Arc<dyn Storage>,
        clock: Arc::clone(&clock),
        ids: Arc::clone(&ids) as _,
        secrets: Arc::clone(&secrets) as _,
        sealer: Arc::clone(&sealer) as _,
        links: Arc::new(urls),
    }
    .build();
    // Nothing is counted that nobody can read.
    let metrics = config.telemetry.wants_metrics().then(Metrics::new);
    let scheduling = match &metrics {
        Some(metrics) => scheduling.with_observer(Arc::new(metrics.clone())),
        None => scheduling,
    };
    let public_url = Url::parse(&format!("{}/", config.public_url()))?;
    let (domain, notifier) = mail::mails(config)?;
    let notifier = Arc::new(notifier);
    let mut kalends = Kalends::new(Parts {
        scheduling: scheduling.clone(),
        accounts: accounts.clone(),
        wording: Arc::clone(&notifier) as Arc<dyn Wording>,
        clock,
        ids,
        secrets,
        readiness: Arc::new(DatabaseReadiness::new(
            Arc::clone(&storage),
            DatabaseFile::of(config.database_url().expose_secret()),
        )),
        public_url,
        domain,
    })?;
    kalends = kalends.with_memory(config.http.memory_mb * 1024 * 1024);
    kalends.gate = config.http.bookings();
    kalends.lines = config.http.lines();
    kalends.limits = Limits {
        max_body_bytes: config.http.max_body_bytes,
        body_time: config.http.request_time(),
    };
    kalends.rates = counts::rates(config, &storage);
    kalends.trusted_proxies = config.http.trusted_proxies.0.clone();
    kalends.logged = config.log.logged();
    kalends.probe = Some(sealer);
    kalends.metrics.clone_from(&metrics);
    let scrape = metrics.map(|metrics| Scrape {
        metrics,
        database: Some(DatabaseFigures::new(
            Arc::clone(&storage),
            kalends.clock.clone(),
        )),
        lines: vec![
            ("reads", kalends.lines.reads.clone()),
            ("changes", kalends.lines.changes.clone()),
            ("sign_in", kalends.lines.sign_in.clone()),
            ("bookings", kalends.gate.clone()),
        ],
        token: config
            .telemetry
            .metrics_token
            .as_ref()
            .map(ScrapeToken::new),
    });
    // Beside the pages only for who shows the token.
    kalends.scrape = scrape.clone().filter(|scrape| scrape.token.is_some());
    Ok(Composed {
        kalends,
        storage,
        accounts,
        worker: Worker::new(scheduling, notifier).with_settings(config.worker_settings()),
        clock: node_clock,
        scrape,
    })
}
