//! The command line.

mod apply;
mod backup;
mod config;
mod demo;
mod doctor;
mod r#move;
mod output;
mod owner;
mod rotation;
mod server;
mod slots;
mod token;
mod verify;

use std::error::Error;
use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::config::{Config, ConfigError, Overrides};
use crate::http::problem::causes;
use output::Out;

/// Meeting scheduling on your own machine.
#[derive(Debug, Parser)]
#[command(name = "kalends", version, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command that touches the system takes.
#[derive(Debug, Clone, clap::Args)]
struct Global {
    /// The configuration file; without it, kalends.toml in the working directory where there is one
    #[arg(long, global = true, value_name = "FILE", env = "KALENDS_CONFIG")]
    config: Option<PathBuf>,
    /// The data folder
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The database, sqlite:FILE or postgres://…; better set where other users cannot see it
    #[arg(long, global = true, value_name = "URL")]
    database: Option<String>,
}

impl Global {
    fn overrides(&self) -> Overrides {
        Overrides::default()
            .set("data.folder", self.data.as_ref().map(|path| path.display()))
            .set("database.url", self.database.as_ref())
    }

    fn load(&self) -> Result<Config, ConfigError> {
        Config::load(self.config.as_deref(), &self.overrides())
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server, with the worker that sends mails
    Serve(server::ServeArgs),
    /// Run the worker alone
    Worker,
    /// Bring the database's schema up to date
    Migrate,
    /// Try Kalends out: a made-up firm, in a folder of its own
    Demo(demo::DemoArgs),
    /// Add a workspace, its people and event types from a setup file
    Apply(apply::ApplyArgs),
    /// Make the first owner of a server, who then signs in and invites the others
    Owner(owner::OwnerArgs),
    /// Make a link by which a member sets a password, where no mail reaches him
    PasswordLink(owner::PasswordLinkArgs),
    /// Make an API token for a member; it is shown this once
    Token(token::TokenArgs),
    /// Copy the SQLite database into a file, while the server runs
    Backup(backup::BackupArgs),
    /// Put a copy in the place of the SQLite database, while nothing runs
    Restore(backup::RestoreArgs),
    /// Move the whole database from SQLite to PostgreSQL, or back, while nothing runs
    Move(r#move::MoveArgs),
    /// Look whether everything is as it should be, and say what to do where it is not
    Doctor(doctor::DoctorArgs),
    /// Re-check the whole database: that no host is ever booked twice
    Verify,
    /// Check or describe the configuration
    Config(config::ConfigArgs),
    /// Write the API's OpenAPI description
    Openapi,
    /// Write the reference of the API's problems
    Problems,
    Slots(slots::SlotsArgs),
    Rotation(rotation::RotationArgs),
    /// Write the reference of the command line
    #[command(hide = true)]
    CliReference,
}

/// How a command ends.
type Ending = Result<ExitCode, Box<dyn Error>>;

/// Runs the program.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let ending = match cli.command {
        Command::Serve(args) => server::serve(&cli.global, &args),
        Command::Worker => server::worker(&cli.global),
        Command::Migrate => server::migrate(&cli.global),
        Command::Demo(args) => demo::run(&cli.global, &args),
        Command::Apply(args) => apply::run(&cli.global, &args),
        Command::Owner(args) => owner::owner(&cli.global, &args),
        Command::PasswordLink(args) => owner::password_link(&cli.global, &args),
        Command::Token(args) => token::run(&cli.global, &args),
        Command::Backup(args) => backup::backup(&cli.global, &args),
        Command::Restore(args) => backup::restore(&cli.global, &args),
        Command::Move(args) => r#move::run(&cli.global, &args),
        Command::Doctor(args) => doctor::run(&cli.global, &args),
        Command::Verify => verify::run(&cli.global),
        Command::Config(args) => config::run(&cli.global, &args),
        Command::Openapi => print(crate::openapi_json()),
        Command::Problems => print(&crate::problems_reference()),
        Command::Slots(args) => slots::run(args),
        Command::Rotation(args) => rotation::run(args),
        Command::CliReference => print(&reference()),
    };
    match ending {
        Ok(code) => code,
        Err(error) if is_closed_pipe(&*error) => ExitCode::SUCCESS,
        Err(error) => {
            output::complain(&format!("kalends: {}", causes(&*error)));
            ExitCode::FAILURE
        }
    }
}

/// The reference of the command line, as Markdown.
fn reference() -> String {
    let mut page = String::from(
        "# Command line\n\n\
         <!-- Written by `kalends cli-reference`; a test holds it in step. -->\n\n\
         Answers go to standard output, log lines and complaints to standard error. A command ends with 0 when all is\n\
         well, with 1 when it failed or found something wrong, and with 2 when it was not understood.\n",
    );
    let mut root = Cli::command().term_width(100).disable_help_subcommand(true);
    root.build();
    section(&mut page, &mut root, "kalends");
    page
}

fn section(page: &mut String, command: &mut clap::Command, name: &str) {
    let help = command.render_long_help().to_string();
    let help: Vec<&str> = help.lines().map(str::trim_end).collect();
    // Writing to a String cannot fail.
    let _ = write!(
        page,
        "\n## `{name}`\n\n```text\n{}\n```\n",
        help.join("\n").trim_end()
    );
    for inner in command
        .get_subcommands_mut()
        .filter(|inner| !inner.is_hide_set())
    {
        let name = format!("{name} {}", inner.get_name());
        section(page, inner, &name);
    }
}

fn print(text: &str) -> Ending {
    let mut out = Out::stdout();
    out.text(text)?;
    out.finish()?;
    Ok(ExitCode::SUCCESS)
}

/// Whoever reads our output has read enough: `kalends openapi | head`.
fn is_closed_pipe(error: &(dyn Error + 'static)) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// Runs a command's future on the runtime that the server uses as well.
fn block_on<F: Future>(future: F) -> F::Output {
    actix_web::rt::System::new().block_on(future)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_page_is_in_step() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/cli.md");
        let written = std::fs::read_to_string(path).unwrap();
        assert_eq!(
            written,
            reference(),
            "write it anew: cargo run -- cli-reference > docs/reference/cli.md"
        );
    }

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
