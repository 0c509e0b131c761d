//! A small workspace, set up as a person would: from a file.

use std::path::Path;
use std::process::Command;

use super::api::{Api, instant};
use super::{place, server};

/// Ann's address.
pub(crate) const HOST: &str = "ann@acme.example";

/// A command of `kalends` on a data folder that must succeed.
fn run(data: &Path, settings: &[(&str, &str)], arguments: &[&str]) {
    let mut command: Command = server::kalends(settings);
    let output = command
        .env("KALENDS_DATA__FOLDER", data)
        .args(arguments)
        .output()
        .expect("kalends can be started");
    assert!(
        output.status.success(),
        "kalends {arguments:?} ended with {}:\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Sets the workspace of `acme.toml` up.
pub(crate) fn found(data: &Path, settings: &[(&str, &str)]) {
    let file = place::root().join("tests/it/support/acme.toml");
    run(
        data,
        settings,
        &[
            "apply",
            file.to_str().expect("the repository has a plain path"),
        ],
    );
}

/// Asserts that `kalends verify` finds nothing wrong.
pub(crate) fn assert_verified(data: &Path, settings: &[(&str, &str)]) {
    run(data, settings, &["verify"]);
}

/// All starts of an event type for the next 80 days or so.
pub(crate) async fn many_starts(api: &Api, event: &str) -> Vec<String> {
    let mut starts = api.starts(event, "").await;
    for _ in 0..2 {
        let last = instant(starts.last().expect("there are starts"));
        let next_day = last.date_naive().succ_opt().expect("the calendar goes on");
        starts.extend(api.starts(event, &next_day.to_string()).await);
    }
    starts
}
