//! Programs that others wrote, which the tests need: found, done without by name, or missed with a sentence.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

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

/// A database of a test's own on a PostgreSQL server. Dropping it drops it.
pub(crate) struct Database {
    server: String,
    name: String,
    pub(crate) url: String,
}

impl Drop for Database {
    fn drop(&mut self) {
        // What cannot be removed goes with the server, which is private.
        let _ = psql(
            &self.server,
            &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name),
        );
    }
}

impl Database {
    /// Runs statements in it, in one transaction. As a migration, it gives way where tables are in use, and begins again.
    pub(crate) fn change(&self, statements: &str) {
        let whole = format!("begin; set local lock_timeout = '400ms'; {statements}; commit");
        for _ in 0..100 {
            match psql(&self.url, &whole) {
                Ok(()) => return,
                Err(complaint) if complaint.contains("lock timeout") => {}
                Err(complaint) => panic!("{complaint}"),
            }
            std::thread::sleep(std::time::Duration::from_millis(200));
        }
        panic!("there is always somebody in the way");
    }

    /// The port of its server.
    pub(crate) fn port(&self) -> u16 {
        let (address, _) = self.url.rsplit_once('/').expect("the URL names a database");
        let (_, port) = address.rsplit_once(':').expect("the URL names a port");
        port.parse().expect("a port is a number")
    }

    /// Lets nobody in any more, and ends all that are in; or lets everybody in again.
    pub(crate) fn allow_connections(&self, allowed: bool) {
        let name = &self.name;
        let mut statements = vec![format!("ALTER DATABASE {name} ALLOW_CONNECTIONS {allowed}")];
        if !allowed {
            statements.push(format!(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
            ));
        }
        for statement in statements {
            psql(&self.server, &statement).unwrap_or_else(|complaint| panic!("{complaint}"));
        }
    }
}

fn psql(server: &str, statement: &str) -> Result<(), String> {
    let output = Command::new("psql")
        .args(["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1"])
        .args(["--dbname", server, "--command", statement])
        .output()
        .map_err(|error| format!("psql (Debian: postgresql-client): {error}"))?;
    if output.status.success() {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// A new database on the PostgreSQL of `KALENDS_TEST_POSTGRES`. `None` when done without.
pub(crate) fn postgres_database(purpose: &str) -> Option<Database> {
    if does_without("postgres") {
        return None;
    }
    let server = std::env::var("KALENDS_TEST_POSTGRES").unwrap_or_else(|_unset| {
        panic!(
            "there is no PostgreSQL to test with: KALENDS_TEST_POSTGRES=$(tests/postgres start) names a private one, \
             KALENDS_TEST_WITHOUT=postgres does without"
        )
    });
    let name = format!("kalends_{purpose}_{}", std::process::id());
    psql(&server, &format!("CREATE DATABASE {name}"))
        .unwrap_or_else(|complaint| panic!("{complaint}"));
    let (address, query) = match server.split_once('?') {
        Some((address, query)) => (address, format!("?{query}")),
        None => (server.as_str(), String::new()),
    };
    let (host, _) = address.rsplit_once('/').expect("the URL names a database");
    let url = format!("{host}/{name}{query}");
    Some(Database { server, name, url })
}

/// Node with the packages of `tests/browser`, running one of its scripts. `None` when done without.
fn browser(script: &str) -> Option<Command> {
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

/// Lets a script of `tests/browser` do something; answers what was seen. `None` when done without a browser.
pub(crate) fn in_browser(script: &str, action: &str, argument: &Value) -> Option<Value> {
    let output = browser(script)?
        .arg(action)
        .arg(argument.to_string())
        .output()
        .expect("node is there (Debian: nodejs)");
    let seen = String::from_utf8_lossy(&output.stdout);
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{script} {action} {argument}\nseen: {seen}\n{complaints}"
    );
    Some(serde_json::from_str(&seen).expect("it reports in JSON"))
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

/// The `kalends` of the release before this one. `None` when done without.
pub(crate) fn previous() -> Option<PathBuf> {
    if does_without("previous") {
        return None;
    }
    let commit = place::read(&place::root().join("tests/previous"));
    let commit = commit.lines().find(|line| !line.starts_with('#'));
    let target = place::profile_folder();
    let target = target.parent().expect("a profile's folder lies in another");
    let built = std::fs::read_to_string(target.join("previous/commit")).unwrap_or_default();
    assert_eq!(
        Some(built.trim()),
        commit,
        "the release before this one is not built: `bash tests/previous-build` builds it from the history, \
         KALENDS_TEST_WITHOUT=previous does without"
    );
    Some(target.join("previous/kalends"))
}

/// nginx. `None` when done without.
pub(crate) fn nginx() -> Option<PathBuf> {
    if does_without("nginx") {
        return None;
    }
    // Debian keeps a server's programs where a user's PATH does not lead.
    let places = std::env::var_os("PATH").unwrap_or_default();
    let nginx = std::env::split_paths(&places)
        .chain([PathBuf::from("/usr/sbin"), PathBuf::from("/usr/local/sbin")])
        .map(|place| place.join("nginx"))
        .find(|program| program.is_file());
    assert!(
        nginx.is_some(),
        "there is no nginx to test with: run `bash tests/all needs` (Debian: nginx-light), or do without: \
         KALENDS_TEST_WITHOUT=nginx"
    );
    nginx
}
