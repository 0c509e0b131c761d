//! Programs that others wrote, which the tests need: found, done without by name, or missed with a sentence.

use std::path::PathBuf;
use std::process::Command;

use super::place;

/// Whether the person who runs the tests chose to do without a counterpart: `KALENDS_TEST_WITHOUT=postgres,browser`.
/// Says so, for nothing is skipped silently.
pub(crate) fn does_without(name: &str) -> bool {
    let without = std::env::var("KALENDS_TEST_WITHOUT").unwrap_or_default();
    let named = without.split(',').any(|word| word.trim() == name);
    if named {
        let test = std::thread::current().name().unwrap_or("a test").to_owned();
        eprintln!("{test}: done without {name}, as KALENDS_TEST_WITHOUT asks");
    }
    named
}

/// A database of a test's own on the PostgreSQL of `KALENDS_TEST_POSTGRES`, as a URL. `None` when done without.
pub(crate) fn postgres_database(name: &str) -> Option<String> {
    if does_without("postgres") {
        return None;
    }
    let server = std::env::var("KALENDS_TEST_POSTGRES").unwrap_or_else(|_unset| {
        panic!(
            "there is no PostgreSQL to test with: KALENDS_TEST_POSTGRES=$(tests/postgres start) names a private one, \
             KALENDS_TEST_WITHOUT=postgres does without"
        )
    });
    let database = format!("kalends_{name}_{}", std::process::id());
    let output = Command::new("psql")
        .args([
            "--no-psqlrc",
            "--quiet",
            "--set",
            "ON_ERROR_STOP=1",
            "--dbname",
            &server,
            "--command",
        ])
        .arg(format!("CREATE DATABASE {database}"))
        .output()
        .expect("psql is there (Debian: postgresql-client)");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let (address, query) = server
        .split_once('?')
        .map_or((server.as_str(), None), |(a, q)| (a, Some(q)));
    let (host, _) = address.rsplit_once('/').expect("the URL names a database");
    Some(match query {
        Some(query) => format!("{host}/{database}?{query}"),
        None => format!("{host}/{database}"),
    })
}

/// Node with the packages of `tests/browser`, running one of its scripts. `None` when done without.
pub(crate) fn browser(script: &str) -> Option<Command> {
    if does_without("browser") {
        return None;
    }
    let packages = place::root().join("tests/.counterparts/node/node_modules");
    assert!(
        packages.join("playwright-core").is_dir(),
        "there is no browser to test with: run `bash tests/all needs counterparts`, or do without: \
         KALENDS_TEST_WITHOUT=browser"
    );
    let mut command = Command::new("node");
    command
        .arg(place::root().join("tests/browser").join(script))
        .env("KALENDS_NODE_MODULES", packages);
    Some(command)
}

/// The Python with `icalendar`. `None` when done without.
pub(crate) fn python() -> Option<PathBuf> {
    if does_without("python") {
        return None;
    }
    let python = place::root().join("tests/.counterparts/venv/bin/python");
    assert!(
        python.is_file(),
        "there is no Python with icalendar to test with: run `bash tests/all needs counterparts`, or do without: \
         KALENDS_TEST_WITHOUT=python"
    );
    Some(python)
}
