//! `config check` and `config reference`.

use std::process::ExitCode;

use super::{Ending, Global, Out, output, print};
use crate::config::reference;

/// What `config` takes.
#[derive(Debug, clap::Args)]
pub(super) struct ConfigArgs {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Debug, clap::Subcommand)]
enum ConfigCommand {
    /// Name every mistake in the file, the environment and the flags
    Check,
    /// Write the reference of all settings
    Reference,
}

pub(super) fn run(global: &Global, args: &ConfigArgs) -> Ending {
    match args.command {
        ConfigCommand::Reference => print(&reference()),
        ConfigCommand::Check => match global.load() {
            Ok(config) => {
                let mut out = Out::stdout();
                out.line("The configuration can be used.")?;
                out.line(format!("Listens at     {}", config.http.listen))?;
                out.line(format!("Guests reach   {}", config.public_url()))?;
                out.line(format!("Data folder    {}", config.data.folder.display()))?;
                for hint in config.hints() {
                    out.line(format!("Look again     {hint}"))?;
                }
                out.finish()?;
                Ok(ExitCode::SUCCESS)
            }
            Err(error) => {
                for mistake in &error.mistakes {
                    output::complain(&format!("{}: {}", mistake.key, mistake.complaint));
                }
                Ok(ExitCode::FAILURE)
            }
        },
    }
}
