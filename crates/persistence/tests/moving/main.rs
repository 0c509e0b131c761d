//! Moving a whole database to the other kind and back, with real deaths in between.
//!
//! `KALENDS_TEST_POSTGRES` names a server; `tests/postgres start` starts one and prints its URL.

#![expect(
    clippy::unwrap_used,
    reason = "these are tests: panicking is how they say no"
)]

mod deaths;
mod furnish;
mod refusals;
mod whole;

use chrono::{DateTime, Utc};
use scheduling_persistence::{MoveError, MoveReport, MoveRequest, move_database, test_support};
use scheduling_testkit::builders::instant;

/// The tables that stay behind.
const STAYING: [&str; 5] = [
    "seaql_migrations",
    "schema_compatibility",
    "moves",
    "move_progress",
    "rate_counts",
];

fn now() -> DateTime<Utc> {
    instant("2026-11-24T08:00:00Z")
}

/// Many batches, even of little.
fn request<'a>(from: &'a str, to: &'a str) -> MoveRequest<'a> {
    MoveRequest {
        batch_bytes: 2_000,
        ..MoveRequest::new(from, to, now())
    }
}

async fn moved(from: &str, to: &str) -> Result<MoveReport, MoveError> {
    move_database(request(from, to), &|_| {}).await
}

/// A SQLite file that is not there yet, and a PostgreSQL database that is empty; both gone afterwards.
async fn with_both<F, T>(test: F)
where
    F: FnOnce(String, String) -> T,
    T: Future<Output = ()> + Send + 'static,
{
    let folder = tempfile::tempdir().unwrap();
    let sqlite = format!("sqlite:{}", folder.path().join("kalends.db").display());
    if !test_support::with_postgres(|postgres| test(sqlite, postgres)).await {
        eprintln!("left out: {} has postgres", test_support::WITHOUT);
    }
}
