//! `verify`: re-checks the whole database.

use std::process::ExitCode;

use secrecy::ExposeSecret as _;

use super::{Ending, Global, Out, block_on};
use crate::{compose, database_file};

pub(super) fn run(global: &Global) -> Ending {
    let config = global.load()?;
    if let Some(file) = database_file::missing(config.database_url().expose_secret()) {
        return Err(format!("there is no database at {}", file.display()).into());
    }
    let violations = block_on(async {
        let storage = compose::storage(&config).await?;
        Ok::<_, Box<dyn std::error::Error>>(storage.verify().await?)
    })?;
    let mut out = Out::stdout();
    for violation in &violations {
        out.line(violation.to_string())?;
    }
    out.line(match violations.len() {
        0 => "No host is booked twice, and every claim stands for what takes the time.".to_owned(),
        n => format!("{n} violations."),
    })?;
    out.finish()?;
    Ok(if violations.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
