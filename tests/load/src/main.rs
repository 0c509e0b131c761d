//! `kalends-load`: databases of any size, and load on the servers that run on them.
//!
//! `generate` and `scene` make databases; `slots`, `bookings` and `compare` ask servers and print figures; `simulate`
//! predicts what was not measured. `tests/load/figures` runs them all.

#![expect(
    clippy::cast_precision_loss,
    reason = "figures are told to three digits, and nothing here counts to 2^53"
)]

mod bookings;
mod compare;
mod database;
mod drive;
mod failure;
mod generate;
mod http;
mod made;
mod output;
mod process;
mod random;
mod scene;
mod simulate;
mod slots;
mod starts;
mod tally;
mod visible;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tokio::task::LocalSet;

use failure::Failure;

/// Databases of any size, and load on the servers that run on them
#[derive(Debug, Parser)]
#[command(name = "kalends-load")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Generate(generate::Options),
    Scene(scene::Options),
    Slots(slots::Options),
    Bookings(bookings::Options),
    Compare(compare::Options),
    Simulate(simulate::Options),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let run = async {
        match cli.command {
            Command::Generate(options) => generate::run(&options).await,
            Command::Scene(options) => scene::run(&options).await,
            Command::Slots(options) => slots::run(&options).await,
            Command::Bookings(options) => bookings::run(&options).await,
            Command::Compare(options) => compare::run(&options).await,
            Command::Simulate(options) => simulate::run(&options),
        }
    };
    match LocalSet::new().run_until(Box::pin(run)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::complain(&failure);
            ExitCode::FAILURE
        }
    }
}
