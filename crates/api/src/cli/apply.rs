//! `apply`: a setup file into the database.

use std::path::PathBuf;
use std::process::ExitCode;

use scheduling_core::ports::Links as _;

use super::{Ending, Global, Out, block_on};
use crate::compose;
use crate::setup_file::{Applied, SetupFile};
use crate::telemetry::log;

/// What `apply` takes.
#[derive(Debug, clap::Args)]
pub(super) struct ApplyArgs {
    /// The setup file
    file: PathBuf,
    /// Only check the file
    #[arg(long)]
    check: bool,
}

pub(super) fn run(global: &Global, args: &ApplyArgs) -> Ending {
    let shown = args.file.display();
    let text = std::fs::read_to_string(&args.file).map_err(|error| format!("{shown}: {error}"))?;
    let file = SetupFile::parse(&text).map_err(|error| format!("{shown}: {error}"))?;
    if args.check {
        let mut out = Out::stdout();
        out.line("The setup file can be applied.")?;
        out.finish()?;
        return Ok(ExitCode::SUCCESS);
    }
    let config = global.load()?;
    log::lines_alone(&config)?;
    let (report, pages) = block_on(async {
        let storage = compose::storage(&config).await?;
        compose::usable(&config, &storage).await?;
        storage.migrate().await?;
        let composed = compose::compose(&config, storage).await?;
        let scheduling = &composed.kalends.scheduling;
        let report = file.apply(scheduling, &*composed.storage).await?;
        let urls = &composed.kalends.urls;
        let mut pages = vec![urls.workspace(file.workspace())];
        if let Some(landing) = scheduling.landing_page(file.workspace()).await? {
            let slugs = landing.event_types.iter().map(|(e, _)| &e.slug);
            pages.extend(slugs.map(|slug| urls.event_type(file.workspace(), slug)));
        }
        Ok::<_, Box<dyn std::error::Error>>((report, pages))
    })?;
    let mut out = Out::stdout();
    for applied in report {
        match applied {
            Applied::Added(what) => out.line(format!("added    {what}"))?,
            Applied::Existed(what) => out.line(format!("existed  {what} (left as it is)"))?,
        }
    }
    out.line("")?;
    for page in pages {
        out.line(page)?;
    }
    out.finish()?;
    Ok(ExitCode::SUCCESS)
}
