//! A small workspace, set up as a person would: from a file.

use std::io::Write as _;
use std::path::Path;
use std::process::{Output, Stdio};

use super::api::{Api, instant};
use super::{place, server};

/// Ann's address.
pub(crate) const HOST: &str = "ann@acme.example";
/// Ben's.
pub(crate) const SECOND_HOST: &str = "ben@acme.example";
/// What Ann signs in with.
pub(crate) const PASSWORD: &str = "eleven plums in the icebox";
/// Every scope that changes something.
pub(crate) const ALL_SCOPES: &str =
    "bookings:write event_types:write schedules:write members:write workspace:write outbox:write";

/// A command of `kalends` on a data folder, with a line on its standard input.
pub(crate) fn output(
    data: &Path,
    settings: &[(&str, &str)],
    arguments: &[&str],
    input: &str,
) -> Output {
    let mut child = server::kalends(settings)
        .env("KALENDS_DATA__FOLDER", data)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("kalends can be started");
    let mut stdin = child.stdin.take().expect("it has a standard input");
    // A command that reads nothing may have ended already.
    let _ = writeln!(stdin, "{input}");
    drop(stdin);
    child.wait_with_output().expect("kalends ends")
}

/// A command that must succeed; answers what it printed.
pub(crate) fn run(
    data: &Path,
    settings: &[(&str, &str)],
    arguments: &[&str],
    input: &str,
) -> String {
    let output = output(data, settings, arguments, input);
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "kalends {arguments:?} ended with {}:\n{printed}{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    printed
}

/// Sets the workspace of `acme.toml` up.
pub(crate) fn found(data: &Path, settings: &[(&str, &str)]) {
    let file = place::root().join("tests/it/support/acme.toml");
    let file = file.to_str().expect("the repository has a plain path");
    run(data, settings, &["apply", file], "");
}

/// Makes Ann the owner, who signs in with [`PASSWORD`].
pub(crate) fn make_owner(data: &Path, settings: &[(&str, &str)]) {
    let arguments = [
        "owner",
        "--workspace=acme",
        "--name=Ann Acme",
        "--email=ann@acme.example",
        "--timezone=UTC",
    ];
    run(data, settings, &arguments, PASSWORD);
}

/// An API token of a member.
pub(crate) fn token(data: &Path, settings: &[(&str, &str)], email: &str, scopes: &str) -> String {
    let (email, scopes) = (format!("--email={email}"), format!("--scopes={scopes}"));
    let arguments = [
        "token",
        "--workspace=acme",
        "--name=A test",
        &email,
        &scopes,
    ];
    run(data, settings, &arguments, "").trim().to_owned()
}

/// Asserts that `kalends verify` finds nothing wrong.
pub(crate) fn assert_verified(data: &Path, settings: &[(&str, &str)]) {
    run(data, settings, &["verify"], "");
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
