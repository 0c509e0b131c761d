//! Telling what was found: lines for people, or one JSON object.

use std::error::Error;
use std::io::{self, Write as _};

use serde::Serialize;

use crate::Failure;

/// Writes lines to standard output.
pub(crate) fn lines(lines: impl IntoIterator<Item = impl AsRef<str>>) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    for line in lines {
        writeln!(out, "{}", line.as_ref())?;
    }
    Ok(out.flush()?)
}

/// Writes a value as one line of JSON.
pub(crate) fn json(value: &impl Serialize) -> Result<(), Failure> {
    lines([serde_json::to_string(value)?])
}

/// Writes what went wrong, with its causes, to standard error.
pub(crate) fn complain(failure: &Failure) {
    let mut said = failure.to_string();
    let mut cause = failure.source();
    while let Some(error) = cause {
        said = format!("{said}: {error}");
        cause = error.source();
    }
    // When even that is closed, nobody is left to tell.
    let _ = writeln!(io::stderr().lock(), "kalends-load: {said}");
}
