//! `serve`, `worker` and `migrate`.

use std::net::SocketAddr;
use std::process::ExitCode;

use actix_web::rt::signal;
use tokio_util::sync::CancellationToken;

use super::{Ending, Global, Out, block_on};
use crate::compose;
use crate::config::Config;
use crate::telemetry::log;

/// What `serve` takes.
#[derive(Debug, clap::Args)]
pub(super) struct ServeArgs {
    /// The address and port to listen at
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    #[arg(
        long,
        value_name = "URL",
        help = "How guests reach the server, such as https://meet.example.org"
    )]
    public_url: Option<String>,
    /// Do not send mails; run kalends worker beside
    #[arg(long)]
    no_worker: bool,
}

pub(super) fn serve(global: &Global, args: &ServeArgs) -> Ending {
    let overrides = global
        .overrides()
        .set("http.listen", args.listen)
        .set("http.public_url", args.public_url.as_ref());
    let config = Config::load(global.config.as_deref(), &overrides)?;
    let _seen = log::start(&config)?;
    block_on(crate::serve(&config, !args.no_worker))?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn worker(global: &Global) -> Ending {
    let config = global.load()?;
    let _seen = log::start(&config)?;
    block_on(async {
        let storage = compose::storage(&config).await?;
        let composed = compose::compose(&config, storage)?;
        let stop = CancellationToken::new();
        let asked = stop.clone();
        actix_web::rt::spawn(async move {
            asked_to_stop().await;
            asked.cancel();
        });
        crate::server::watch(&config, composed.scrape.as_ref(), &stop)?;
        actix_web::rt::spawn(crate::server::sweep(composed.accounts, stop.clone()));
        tracing::info!("Working");
        composed.worker.run(stop).await;
        tracing::info!("Stopped");
        Ok(ExitCode::SUCCESS)
    })
}

/// Waits for SIGTERM or SIGINT.
async fn asked_to_stop() {
    #[cfg(unix)]
    {
        use actix_web::rt::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => return,
                _ = signal::ctrl_c() => return,
            }
        }
    }
    // Without signals, the process runs until it is killed, which the outbox survives.
    if signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

pub(super) fn migrate(global: &Global) -> Ending {
    let config = global.load()?;
    log::lines_alone(&config)?;
    let applied = block_on(async {
        let storage = compose::storage(&config).await?;
        let pending = storage.pending_migrations().await?;
        storage.migrate().await?;
        Ok::<_, Box<dyn std::error::Error>>(pending)
    })?;
    let mut out = Out::stdout();
    for migration in &applied {
        out.line(format!("applied {migration}"))?;
    }
    if applied.is_empty() {
        out.line("the schema is up to date")?;
    }
    out.finish()?;
    Ok(ExitCode::SUCCESS)
}
