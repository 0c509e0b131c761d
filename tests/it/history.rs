//! A shortened run of the history checker: random clients, nodes that die, a database that crashes; then the judges. The
//! long runs, and those with planted bugs, are in `docs/development/testing.md`.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use scheduling_history::run::{Plan, Store, run};

use crate::support::counterpart;
use crate::support::measure;
use crate::support::place;

/// A small plan. The seed is the same every time; what becomes of it is not.
fn plan(store: Store, folder: PathBuf) -> Plan {
    Plan {
        kalends: place::kalends(),
        store,
        servers: 3,
        workers: 3,
        clients: 8,
        operations: 300,
        seed: 20,
        days: 5,
        pause: 20,
        mishaps: Some((500, 1500)),
        // A lease is longer than this whole run. Workers that die are in `workers.rs`.
        workers_die: false,
        plants: Vec::new(),
        folder,
        // A guard against hanging.
        patience: Duration::from_mins(4),
    }
}

async fn assert_nothing_is_wrong(name: &str, plan: Plan) {
    let verdict = run(&plan).await;
    let verdict = verdict.unwrap_or_else(|error| panic!("{name}: the run ended early: {error}"));
    measure::note(&format!(
        "{name}: {}",
        verdict.summary().replace('\n', "; ")
    ));
    let requests = &verdict.case.record.requests;
    let acknowledged = requests
        .iter()
        .filter(|request| request.outcome.reply().is_some());
    assert!(
        acknowledged.count() > plan.operations / 2,
        "{}",
        verdict.summary()
    );
    let mut said = String::new();
    for finding in &verdict.findings {
        let _ = writeln!(said, "{finding}");
    }
    assert!(
        verdict.findings.is_empty(),
        "{name}, {}:\n{said}",
        verdict.summary()
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "found a declined booking whose mail was not there, in one run of three: to be understood first"]
async fn what_three_servers_on_postgres_acknowledged_is_there_whatever_was_killed_meanwhile() {
    if counterpart::does_without("postgres") {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let plan = plan(Store::Postgres, folder.path().to_owned());
    assert_nothing_is_wrong("History on PostgreSQL", plan).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_server_on_sqlite_acknowledged_is_there_whatever_was_killed_meanwhile() {
    let Some(python) = counterpart::python() else {
        return;
    };
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let plan = Plan {
        servers: 1,
        workers: 2,
        ..plan(Store::Sqlite { python }, folder.path().to_owned())
    };
    assert_nothing_is_wrong("History on SQLite", plan).await;
}
