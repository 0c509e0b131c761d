//! The server process: listen, answer, work, stop in order.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::middleware::{Compress, from_fn};
use actix_web::rt::task::JoinHandle;
use actix_web::{App, HttpServer};
use async_trait::async_trait;
use scheduling_accounts::Accounts;
use scheduling_app::worker::Worker;
use scheduling_persistence::{Schema, SeaOrmStorage};
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use crate::compose::{self, ComposeError};
use crate::config::Config;
use crate::http::connections::Connections;
use crate::http::problem::causes;
use crate::signals::Asked;
use crate::telemetry::{self, Scrape};
use crate::{Readiness, configure, edge};

/// Why the server does not run.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The system cannot be put together.
    #[error(transparent)]
    Compose(#[from] ComposeError),
    /// The schema cannot be brought up to date.
    #[error("the schema cannot be brought up to date")]
    Migrate(#[source] scheduling_core::ports::StorageError),
    /// The address cannot be listened at.
    #[error("cannot listen at {address}")]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The server broke down.
    #[error("the server stopped")]
    Server(#[source] io::Error),
    /// Somebody asked twice.
    #[error(
        "asked twice to stop; open requests were cut off, and what was being sent is sent by another worker or after the next start"
    )]
    CutShort,
}

/// Runs the server until it is asked to stop (SIGTERM or SIGINT), with the worker unless `with_worker` is false.
///
/// Then `/ready` says 503 and the worker begins nothing more. After `http.drain_seconds` it accepts no more connections and
/// finishes the requests that are open. What the worker does not finish meanwhile, it hands back. Asked a second time, it
/// ends at once.
///
/// # Errors
/// [`ServeError`].
pub async fn serve(config: &Config, with_worker: bool) -> Result<(), ServeError> {
    let storage = compose::serving_storage(config).await?;
    compose::usable(config, &storage).await?;
    match compose::fitting_schema(&storage).await? {
        Schema::Ahead(later) => tracing::info!(
            migrations = later.join(" "),
            "The database has migrations of a later release; this one can work with them"
        ),
        Schema::Behind(_) if config.database.migrate => {
            storage.migrate().await.map_err(ServeError::Migrate)?;
        }
        Schema::UpToDate | Schema::Behind(_) | Schema::Foreign(_) => {}
    }
    let mut composed = compose::compose(config, storage).await?;
    if with_worker {
        compose::worker_apart(config, &mut composed).await?;
    }
    run(config, listen(config)?, composed, with_worker).await
}

/// Takes the address that guests reach the server at.
pub(crate) fn listen(config: &Config) -> Result<TcpListener, ServeError> {
    let address = config.http.listen;
    TcpListener::bind(address).map_err(|source| ServeError::Listen { address, source })
}

/// Runs a system that is put together already.
pub(crate) async fn run(
    config: &Config,
    listener: TcpListener,
    composed: compose::Composed,
    with_worker: bool,
) -> Result<(), ServeError> {
    let address = config.http.listen;
    let failed = |source| ServeError::Listen { address, source };
    let mut kalends = composed.kalends;
    let asked = Asked::by_signals();
    let stop = asked.to_stop.clone();
    kalends.readiness = Arc::new(UntilAskedToStop {
        before: Arc::clone(&kalends.readiness),
        to_stop: stop.clone(),
    });
    let rates = kalends.rates.clone();
    let connections = Connections::resting(config.http.resting_time());
    let noted = connections.clone();
    let server = HttpServer::new(move || {
        App::new()
            .wrap(from_fn(edge))
            // Outside the edge, which rewrites problems.
            .wrap(Compress::default())
            .configure(|config| configure(config, &kalends))
            .configure(crate::web::configure_rest)
    })
    .workers(config.http.workers)
    .max_connections(config.http.max_connections)
    .client_request_timeout(config.http.request_time())
    .on_connect(move |stream, data| noted.note(stream, data))
    .shutdown_timeout(config.http.shutdown_seconds)
    .disable_signals()
    .listen(listener)
    .map_err(failed)?
    .run();
    tracing::info!(http.listen = %address, "Listening on http://{address}");

    // What goes on until the last request is answered.
    let over = CancellationToken::new();
    let _over = over.clone().drop_guard();
    watch(config, composed.scrape.as_ref(), &over)?;
    actix_web::rt::spawn(composed.clock.keep(over.clone()));
    actix_web::rt::spawn(connections.watch(over.clone()));
    actix_web::rt::spawn(sweep(composed.accounts, stop.clone()));
    actix_web::rt::spawn(rates.sweep(stop.clone()));
    let working = with_worker.then(|| spawn_worker(composed.worker, &stop));
    let finishing = finish_working(working, config.http.shutdown_time(), stop.clone());
    let serving = serve_until(server, config.http.drain_time(), stop);
    let ending = tokio::select! {
        (ending, ()) = futures_util::future::join(serving, finishing) => ending,
        () = asked.to_end.cancelled() => Err(ServeError::CutShort),
    };
    tracing::info!("Stopped");
    ending
}

/// Answers requests until it is time to stop, and finishes those that are open.
async fn serve_until(
    server: Server,
    drain: Duration,
    stop: CancellationToken,
) -> Result<(), ServeError> {
    let handle = server.handle();
    let mut server = actix_web::rt::spawn(server);
    let wind_down = async {
        stop.cancelled().await;
        // Whoever asks learns that this node is not ready, and sends no more guests.
        tokio::time::sleep(drain).await;
        handle.stop(true).await;
    };
    let ended = tokio::select! {
        ended = &mut server => ended,
        () = wind_down => server.await,
    };
    // Also when it broke down by itself.
    stop.cancel();
    match ended {
        Ok(ended) => ended.map_err(ServeError::Server),
        Err(died) => Err(ServeError::Server(io::Error::other(died))),
    }
}

/// How much longer than it should a worker that was asked to stop may take: it hands back what it could not finish.
const HANDING_BACK: Duration = Duration::from_secs(8);

fn spawn_worker(worker: Worker, stop: &CancellationToken) -> JoinHandle<()> {
    let stop = stop.clone();
    actix_web::rt::spawn(async move { worker.run(stop).await })
}

async fn finish_working(
    worker: Option<JoinHandle<()>>,
    patience: Duration,
    stop: CancellationToken,
) {
    let Some(worker) = worker else { return };
    stop.cancelled().await;
    match tokio::time::timeout(patience + HANDING_BACK, worker).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!(%error, "The worker broke down"),
        // Its leases run out, and others do it again.
        Err(_elapsed) => tracing::warn!("Stopped before the worker had finished"),
    }
}

/// Works beside servers until it is asked to stop (SIGTERM or SIGINT), as [`serve`] does with its own worker.
///
/// # Errors
/// [`ServeError`].
pub async fn work(config: &Config) -> Result<(), ServeError> {
    let storage = compose::serving_storage(config).await?;
    let asked = Asked::by_signals();
    let stop = asked.to_stop.clone();
    let over = CancellationToken::new();
    let _over = over.clone().drop_guard();
    let working = async {
        if !wait_for_schema(&storage, &stop).await? {
            return Ok(());
        }
        let composed = compose::compose(config, storage).await?;
        watch(config, composed.scrape.as_ref(), &over)?;
        actix_web::rt::spawn(composed.clock.keep(over.clone()));
        actix_web::rt::spawn(sweep(composed.accounts, stop.clone()));
        tracing::info!("Working");
        let worker = spawn_worker(composed.worker, &stop);
        finish_working(Some(worker), config.http.shutdown_time(), stop.clone()).await;
        Ok(())
    };
    let ending = tokio::select! {
        ending = working => ending,
        () = asked.to_end.cancelled() => Err(ServeError::CutShort),
    };
    tracing::info!("Stopped");
    ending
}

/// Waits until a server, or whoever migrates, has brought the schema up to date. Answers `false` when asked to stop before.
async fn wait_for_schema(
    storage: &SeaOrmStorage,
    stop: &CancellationToken,
) -> Result<bool, ServeError> {
    const AGAIN: Duration = Duration::from_secs(1);
    let mut is_told = false;
    loop {
        match compose::fitting_schema(storage).await? {
            Schema::UpToDate | Schema::Ahead(_) => return Ok(true),
            Schema::Behind(_) | Schema::Foreign(_) => {}
        }
        if !is_told {
            tracing::warn!(
                "The schema is out of date; waiting for kalends serve or kalends migrate to bring it up to date"
            );
            is_told = true;
        }
        tokio::select! {
            () = stop.cancelled() => return Ok(false),
            () = tokio::time::sleep(AGAIN) => {}
        }
    }
}

/// Not ready any more from the moment on at which the server is asked to stop.
struct UntilAskedToStop {
    before: Arc<dyn Readiness>,
    to_stop: CancellationToken,
}

#[async_trait]
impl Readiness for UntilAskedToStop {
    async fn check(&self) -> Result<(), String> {
        if self.to_stop.is_cancelled() {
            return Err("The server is stopping.".to_owned());
        }
        self.before.check().await
    }
}

/// Answers scrapers, if anybody may scrape.
fn watch(
    config: &Config,
    scrape: Option<&Scrape>,
    stop: &CancellationToken,
) -> Result<(), ServeError> {
    let Some(scrape) = scrape else {
        return Ok(());
    };
    let address = config.telemetry.metrics_listen;
    telemetry::listen(address, scrape, stop.clone()).map_err(|source| ServeError::Listen {
        address: address.unwrap_or(config.http.listen),
        source,
    })
}

/// How often what is too old of sessions, links and counters is forgotten.
const SWEEP_EVERY: Duration = Duration::from_hours(1);

/// Forgets what is too old of accounts, now and then.
async fn sweep(accounts: Accounts, until: CancellationToken) {
    loop {
        if let Err(error) = accounts.sweep().await {
            tracing::warn!(
                error = causes(&error),
                "What is too old of accounts could not be forgotten"
            );
        }
        tokio::select! {
            () = until.cancelled() => return,
            () = tokio::time::sleep(SWEEP_EVERY) => {}
        }
    }
}
