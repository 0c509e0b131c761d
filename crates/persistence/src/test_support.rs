//! Databases for tests: each test its own, gone when it ends.
//!
//! Behind the feature `test-support`, for this crate's tests and those of programs built on it.

use std::env;
use std::future::Future;
use std::panic;
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection};

/// The URL of a PostgreSQL server on which tests may create databases.
pub const SERVER: &str = "KALENDS_TEST_POSTGRES";

/// What the tests do without, separated by commas. With `postgres` among it, tests on PostgreSQL are left out, aloud.
pub const WITHOUT: &str = "KALENDS_TEST_WITHOUT";

/// The URL of the PostgreSQL server for tests; `None` where whoever runs the tests said to do without.
///
/// # Panics
/// When neither is said: a test that quietly did nothing would pass for one that passed.
pub fn postgres_server() -> Option<String> {
    if let Ok(url) = env::var(SERVER) {
        return Some(url);
    }
    let without = env::var(WITHOUT).unwrap_or_default();
    if without.split(',').any(|word| word.trim() == "postgres") {
        return None;
    }
    panic!(
        "{SERVER} is not set. `tests/postgres start` starts a private server and prints its URL; \
         set {WITHOUT}=postgres to leave these tests out"
    );
}

/// Runs a test against a fresh PostgreSQL database, given by its URL, and drops the database whether or not it passed.
/// Answers `false` where PostgreSQL is left out.
///
/// # Panics
/// When the test does, or the server does not answer.
pub async fn with_postgres<F, T>(test: F) -> bool
where
    F: FnOnce(String) -> T,
    T: Future<Output = ()> + Send + 'static,
{
    let Some(server) = postgres_server() else {
        return false;
    };
    let name = fresh_name();
    let admin = administer(&server).await;
    run(
        &admin,
        &format!("drop database if exists {name} with (force)"),
    )
    .await;
    run(&admin, &format!("create database {name}")).await;
    let outcome = tokio::spawn(test(with_database(&server, &name))).await;
    run(&admin, &format!("drop database {name} with (force)")).await;
    admin.close().await.expect("the connection closes");
    if let Err(failed) = outcome {
        panic::resume_unwind(failed.into_panic());
    }
    true
}

fn fresh_name() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("kalends_test_{}_{count}", process::id())
}

/// The server's URL with another database.
fn with_database(server: &str, name: &str) -> String {
    let (address, query) = match server.split_once('?') {
        Some((address, query)) => (address, format!("?{query}")),
        None => (server, String::new()),
    };
    let after_scheme = address.find("://").map_or(0, |place| place + 3);
    let host = match address[after_scheme..].find('/') {
        Some(slash) => &address[..after_scheme + slash],
        None => address,
    };
    format!("{host}/{name}{query}")
}

async fn administer(server: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(server);
    options.max_connections(1).sqlx_logging(false);
    match Database::connect(options).await {
        Ok(connection) => connection,
        Err(error) => panic!("{SERVER} names a server that does not answer: {error}"),
    }
}

async fn run(admin: &DatabaseConnection, statement: &str) {
    if let Err(error) = admin.execute_unprepared(statement).await {
        panic!("{statement}: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::with_database;

    #[test]
    fn a_url_gets_another_database() {
        for (server, expected) in [
            ("postgres://p@h:1/postgres", "postgres://p@h:1/x"),
            ("postgres://p@h:1", "postgres://p@h:1/x"),
            (
                "postgres://p@h/a?sslmode=disable",
                "postgres://p@h/x?sslmode=disable",
            ),
        ] {
            assert_eq!(with_database(server, "x"), expected);
        }
    }
}
