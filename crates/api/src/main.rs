//! The `kalends` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    scheduling_api::cli::run()
}
