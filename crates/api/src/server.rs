//! The server process: listen, answer, work, stop in order.

use std::io;
use std::net::TcpListener;
use std::time::Duration;

use actix_web::middleware::{Compress, from_fn};
use actix_web::{App, HttpServer};
use scheduling_accounts::Accounts;
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use crate::compose::{self, ComposeError};
use crate::config::Config;
use crate::http::connections::Connections;
use crate::http::problem::causes;
use crate::telemetry::{self, Scrape};
use crate::{configure, edge};

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
}

/// Runs the server until it is asked to stop (SIGTERM or SIGINT), with the worker unless `with_worker` is false.
///
/// Then it accepts no more connections, finishes the requests that are open, and lets the worker finish what it began.
///
/// # Errors
/// [`ServeError`].
pub async fn serve(config: &Config, with_worker: bool) -> Result<(), ServeError> {
    let storage = compose::serving_storage(config).await?;
    compose::usable(config, &storage).await?;
    if config.database.migrate {
        storage.migrate().await.map_err(ServeError::Migrate)?;
    }
    let composed = compose::compose(config, storage)?;
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
    let kalends = composed.kalends;
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
    .listen(listener)
    .map_err(failed)?
    .run();
    tracing::info!(http.listen = %address, "Listening on http://{address}");

    let stop = CancellationToken::new();
    watch(config, composed.scrape.as_ref(), &stop)?;
    actix_web::rt::spawn(sweep(composed.accounts, stop.clone()));
    actix_web::rt::spawn(rates.sweep(stop.clone()));
    actix_web::rt::spawn(connections.watch(stop.clone()));
    let worker = with_worker.then(|| {
        let (worker, stop) = (composed.worker, stop.clone());
        actix_web::rt::spawn(async move { worker.run(stop).await })
    });
    let ending = server.await.map_err(ServeError::Server);
    stop.cancel();
    if let Some(worker) = worker {
        // A message that hangs is not waited for longer: its lease runs out, and it is sent after the next start.
        let patience = Duration::from_secs(config.http.shutdown_seconds);
        match tokio::time::timeout(patience, worker).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "The worker broke down"),
            Err(_elapsed) => tracing::warn!("Stopped before the worker had finished"),
        }
    }
    tracing::info!("Stopped");
    ending
}

/// Answers scrapers, if anybody may scrape.
pub(crate) fn watch(
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
pub(crate) async fn sweep(accounts: Accounts, until: CancellationToken) {
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
