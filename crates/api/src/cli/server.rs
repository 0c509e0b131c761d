//! `serve`, `worker` and `migrate`.

use std::net::SocketAddr;
use std::process::ExitCode;

use super::{Ending, Global, Out, block_on, output};
use crate::ServeError;
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
    block_on(until_the_end(crate::serve(&config, !args.no_worker)))
}

pub(super) fn worker(global: &Global) -> Ending {
    let config = global.load()?;
    let _seen = log::start(&config)?;
    block_on(until_the_end(crate::server::work(&config)))
}

/// Runs what ends when it is asked to. Asked twice, the process ends here: the runtime would wait for what is open.
pub(super) async fn until_the_end(running: impl Future<Output = Result<(), ServeError>>) -> Ending {
    match running.await {
        Err(cut @ ServeError::CutShort) => {
            output::complain(&format!("kalends: {cut}"));
            std::process::exit(1);
        }
        ended => Ok(ended.map(|()| ExitCode::SUCCESS)?),
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
