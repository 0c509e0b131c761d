//! The database: whether it answers, what it is set to, what the outbox holds, and whether every row can be read.

use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use scheduling_app::system::SystemClock;
use scheduling_core::ports::{Clock as _, OutboxFailure, Storage as _, StorageError};
use scheduling_persistence::{
    DatabaseFacts, OutboxFigures, PoolFigures, PostgresFacts, SeaOrmStorage, SqliteFacts,
};
use secrecy::ExposeSecret as _;

use super::Finding;
use super::here::others_may_read;
use crate::config::Config;
use crate::http::problem::causes;
use crate::{compose, database_file};

const CHECK: &str = "database";

pub(super) async fn look(config: &Config) -> Vec<Finding> {
    let url = config.database_url();
    if let Some(file) = database_file::missing(url.expose_secret()) {
        return vec![Finding::bad(
            CHECK,
            format!("There is no database at {} yet.", file.display()),
            "Start kalends serve, or run kalends migrate: both make it.",
        )];
    }
    let storage = match compose::storage(config).await {
        Ok(storage) => storage,
        Err(error) => {
            return vec![Finding::bad(
                CHECK,
                format!("The database does not open: {}.", causes(&error)),
                "Check database.url, and whether the database runs and lets this user in.",
            )];
        }
    };
    let before = SystemClock.now();
    let facts = storage.examine().await;
    let between = before + (SystemClock.now() - before) / 2;
    let mut findings = Vec::new();
    match facts {
        Ok(DatabaseFacts::Postgres(facts)) => {
            findings.extend(postgres(&facts, &storage.pool_figures(), between));
        }
        Ok(DatabaseFacts::Sqlite(facts)) => {
            findings.extend(sqlite(&facts));
            if let Some(file) = database_file::path(url.expose_secret()) {
                findings.extend(others_may_read(CHECK, "The database's file", &file));
                findings.extend(log(&file, facts.bytes));
            }
        }
        Err(error) => findings.push(Finding::bad(
            CHECK,
            format!(
                "The database cannot be asked about itself: {}.",
                causes(&error)
            ),
            "Check whether it runs, and whether its disk works.",
        )),
    }
    findings.extend(schema(&storage).await);
    if findings
        .iter()
        .any(|finding| finding.check == SCHEMA && finding.remedy.is_some())
    {
        // Nothing else can be read.
        return findings;
    }
    findings.extend(contents(&storage).await);
    findings
}

const SCHEMA: &str = "schema";

async fn schema(storage: &SeaOrmStorage) -> Option<Finding> {
    Some(match storage.pending_migrations().await {
        Ok(pending) if pending.is_empty() => {
            Finding::good(SCHEMA, "The database answers and its schema is up to date.")
        }
        Ok(pending) => Finding::bad(
            SCHEMA,
            format!(
                "The schema is out of date; it lacks {}.",
                pending.join(", ")
            ),
            "Run kalends migrate. On PostgreSQL it needs the extension btree_gist: where the user may not create it, a superuser runs CREATE EXTENSION btree_gist.",
        ),
        Err(error) => Finding::bad(
            SCHEMA,
            format!("The schema cannot be read: {}.", causes(&error)),
            "Use the release of Kalends that last migrated the database, or a later one.",
        ),
    })
}

/// The oldest PostgreSQL that its own makers still care for, and the tests run on.
const OLDEST_POSTGRES: i64 = 140_000;

/// The clocks of a machine and its database differ by less, where both ask the time of somebody.
const CLOCKS_DIFFER: TimeDelta = TimeDelta::seconds(2);

fn postgres(facts: &PostgresFacts, pools: &[PoolFigures], now: DateTime<Utc>) -> Vec<Finding> {
    let mut findings = vec![Finding::good(
        CHECK,
        format!("PostgreSQL {} answers.", facts.version),
    )];
    if facts.version_number < OLDEST_POSTGRES {
        findings.push(Finding::note(
            CHECK,
            "Its makers no longer mend that release: take a newer one.",
        ));
    }
    if facts.is_replica {
        findings.push(Finding::bad(
            CHECK,
            "It follows another server and takes no changes.",
            "Let database.url name the server that leads.",
        ));
    }
    if !facts.fsync {
        findings.push(Finding::bad(
            CHECK,
            "It does not force what it writes to disk (fsync is off): a power cut may destroy the whole database.",
            "Set fsync = on in postgresql.conf.",
        ));
    }
    if facts.synchronous_commit == "off" {
        findings.push(Finding::note(
            CHECK,
            "It answers before a booking is on disk (synchronous_commit is off): a power cut may lose the last ones.",
        ));
    }
    if facts.isolation != "read committed" {
        findings.push(Finding::note(
            CHECK,
            format!(
                "Transactions are {} unless they say otherwise; Kalends is tried with read committed.",
                facts.isolation
            ),
        ));
    }
    findings.push(extension(facts));
    findings.push(connections(facts, pools));
    findings.push(clocks(facts.now - now));
    findings
}

fn extension(facts: &PostgresFacts) -> Finding {
    const CHECK: &str = "extension";
    if facts.has_btree_gist {
        Finding::good(CHECK, "The extension btree_gist is there.")
    } else if facts.may_create_extensions {
        Finding::note(
            CHECK,
            "The extension btree_gist is not there yet; kalends migrate makes it.",
        )
    } else {
        Finding::bad(
            CHECK,
            "The extension btree_gist is missing, and this user may not create it.",
            "Let a superuser run CREATE EXTENSION btree_gist in the database.",
        )
    }
}

/// Whether the server lets in as many connections as the nodes may open.
fn connections(facts: &PostgresFacts, pools: &[PoolFigures]) -> Finding {
    const CHECK: &str = "connections";
    let a_node: u64 = pools.iter().map(|pool| pool.most).sum();
    let a_node = i64::try_from(a_node).unwrap_or(i64::MAX).max(1);
    let room = facts.max_connections - facts.reserved_connections;
    let open = facts.open_connections;
    let nodes = room / a_node;
    let says = format!(
        "PostgreSQL lets {room} connections in, of which {open} are open; each server and each worker opens up to {a_node}."
    );
    if nodes == 0 {
        Finding::bad(
            CHECK,
            says,
            "Lower database.connections, or raise max_connections in postgresql.conf.",
        )
    } else if nodes == 1 {
        Finding::note(CHECK, format!("{says} There is room for one alone."))
    } else {
        Finding::good(CHECK, format!("{says} There is room for {nodes} of them."))
    }
}

fn clocks(apart: TimeDelta) -> Finding {
    const CHECK: &str = "clocks";
    let millis = apart.num_milliseconds().abs();
    if apart.abs() < CLOCKS_DIFFER {
        Finding::good(
            CHECK,
            format!("This machine's clock and the database's differ by {millis} ms."),
        )
    } else {
        Finding::note(
            CHECK,
            format!(
                "This machine's clock and the database's differ by {} s. Servers go by the database's; set this machine's with NTP, or log lines will mislead.",
                millis / 1000
            ),
        )
    }
}

fn sqlite(facts: &SqliteFacts) -> Vec<Finding> {
    let mebibytes = facts.bytes / (1024 * 1024);
    let mut findings = Vec::new();
    if facts.damages.is_empty() {
        findings.push(Finding::good(
            CHECK,
            format!(
                "The SQLite file of {mebibytes} MiB is whole (SQLite {}).",
                facts.version
            ),
        ));
    } else {
        findings.push(Finding::bad(
            CHECK,
            format!("The SQLite file is damaged: {}.", facts.damages.join("; ")),
            "Stop the server, keep a copy of the file, and restore a backup. Check the disk.",
        ));
    }
    if facts.journal != "wal" {
        findings.push(Finding::note(
            CHECK,
            format!(
                "Changes are logged as {}, so that reading waits for writing; the file system may not take the log.",
                facts.journal
            ),
        ));
    }
    if facts.free_bytes > facts.bytes / 2 && facts.free_bytes > 256 * 1024 * 1024 {
        findings.push(Finding::note(
            CHECK,
            "More than half of the file holds nothing any more: VACUUM gives the room back, while the server is stopped.",
        ));
    }
    findings
}

/// A log longer than this was not folded into the file for a long time.
const LONG_LOG: u64 = 64 * 1024 * 1024;

/// Whether the log beside the file has grown.
fn log(file: &Path, bytes: i64) -> Option<Finding> {
    let mut log = file.as_os_str().to_owned();
    log.push("-wal");
    let length = std::fs::metadata(Path::new(&log)).ok()?.len();
    let is_long = length > LONG_LOG.max(u64::try_from(bytes).unwrap_or(0));
    is_long.then(|| {
        let mebibytes = length / (1024 * 1024);
        Finding::note(
            CHECK,
            format!(
                "The log beside the SQLite file has {mebibytes} MiB: something that reads never ends, or the log is never folded in. Restart the server."
            ),
        )
    })
}

/// What the database holds.
async fn contents(storage: &SeaOrmStorage) -> Vec<Finding> {
    let looked = async {
        let figures = storage.outbox_figures(SystemClock.now()).await?;
        let mut read = storage.begin_read().await?;
        let failures = read.outbox().failures(5).await?;
        let workspaces = read.directory().workspaces().await?.len();
        Ok::<_, StorageError>((figures, failures, workspaces))
    };
    match looked.await {
        Ok((figures, failures, workspaces)) => {
            let mut findings = Vec::new();
            if workspaces == 0 {
                findings.push(Finding::note(
                    "workspaces",
                    "There is no workspace yet: write a setup file and run kalends apply FILE.",
                ));
            }
            findings.push(outbox(&figures, &failures));
            findings.extend(overdue(&figures, SystemClock.now()));
            findings.extend(rows(storage).await);
            findings
        }
        Err(error) => vec![Finding::bad(
            OUTBOX,
            format!("The outbox cannot be read: {}.", causes(&error)),
            "Run kalends verify, and restore a backup if it complains.",
        )],
    }
}

const OUTBOX: &str = "outbox";

fn outbox(figures: &OutboxFigures, failures: &[OutboxFailure]) -> Finding {
    let waiting = figures.ready + figures.leased;
    if figures.failed == 0 {
        return Finding::good(
            OUTBOX,
            format!("The outbox has {waiting} messages waiting, none failed."),
        );
    }
    let last: Vec<String> = failures
        .iter()
        .map(|failure| {
            format!(
                "{} after {} attempts at {}: {}",
                failure.kind,
                failure.attempts,
                failure.failed_at.format("%Y-%m-%d %H:%M UTC"),
                failure.last_error
            )
        })
        .collect();
    Finding::bad(
        OUTBOX,
        format!(
            "The outbox gave {} messages up; the latest: {}.",
            figures.failed,
            last.join("; ")
        ),
        "Correct what the last complaint names, usually mail.smtp, and try them again: POST /api/v1/workspaces/{workspace}/outbox/{entry}/replay.",
    )
}

/// After so long, nobody seems to work.
const NOBODY_WORKS: TimeDelta = TimeDelta::minutes(10);

fn overdue(figures: &OutboxFigures, now: DateTime<Utc>) -> Option<Finding> {
    let since = figures.oldest_due.filter(|_| figures.overdue > 0)?;
    let minutes = (now - since).num_minutes();
    let says = format!(
        "{} messages are overdue, the oldest by {minutes} minutes.",
        figures.overdue
    );
    Some(if now - since > NOBODY_WORKS {
        Finding::bad(
            OUTBOX,
            says,
            "See that kalends serve or kalends worker runs, and what its log says.",
        )
    } else {
        Finding::note(OUTBOX, says)
    })
}

/// Up to how many violations are told; `kalends verify` tells all.
const TOLD: usize = 5;

/// Whether every row can be read, and no host is booked twice.
async fn rows(storage: &SeaOrmStorage) -> Vec<Finding> {
    const CHECK: &str = "rows";
    const REMEDY: &str = "Everything else goes on without it. Run kalends verify to see all, and restore a backup, or correct the row by hand.";
    let violations = match storage.verify().await {
        Ok(violations) => violations,
        Err(error) => {
            return vec![Finding::bad(
                CHECK,
                format!("The database cannot be re-checked: {}.", causes(&error)),
                "Run kalends verify.",
            )];
        }
    };
    if violations.is_empty() {
        let good = "Every row can be read, and no host is booked twice.";
        return vec![Finding::good(CHECK, good)];
    }
    let told = violations.iter().take(TOLD);
    let told = told.map(|violation| Finding::bad(CHECK, violation.to_string(), REMEDY));
    let more = violations.len().saturating_sub(TOLD);
    let rest =
        (more > 0).then(|| Finding::note(CHECK, format!("There are {more} more of that kind.")));
    told.chain(rest).collect()
}

#[cfg(test)]
mod tests {
    use scheduling_testkit::builders::instant;

    use super::super::State;
    use super::*;

    fn facts() -> PostgresFacts {
        PostgresFacts {
            version: "15.4".to_owned(),
            version_number: 150_004,
            is_replica: false,
            max_connections: 100,
            reserved_connections: 3,
            open_connections: 5,
            has_btree_gist: true,
            may_create_extensions: true,
            synchronous_commit: "on".to_owned(),
            fsync: true,
            isolation: "read committed".to_owned(),
            now: now(),
        }
    }

    fn now() -> DateTime<Utc> {
        instant("2026-11-23T08:00:00Z")
    }

    const POOLS: [PoolFigures; 2] = [
        PoolFigures {
            purpose: "read",
            open: 0,
            idle: 0,
            most: 8,
        },
        PoolFigures {
            purpose: "write",
            open: 0,
            idle: 0,
            most: 8,
        },
    ];

    /// What is not good.
    fn found(facts: &PostgresFacts) -> Vec<(&'static str, State)> {
        let findings = postgres(facts, &POOLS, now());
        let rest = findings.iter().filter(|found| found.state > State::Good);
        rest.map(|found| (found.check, found.state)).collect()
    }

    #[test]
    fn a_postgres_as_it_should_be_is_good() {
        assert_eq!(found(&facts()), []);
        let findings = postgres(&facts(), &POOLS, now());
        let connections = findings.iter().find(|found| found.check == "connections");
        assert!(connections.unwrap().says.contains("room for 6 of them"));
    }

    #[test]
    fn what_endangers_bookings_on_postgres_is_named() {
        let with = |change: fn(&mut PostgresFacts)| {
            let mut facts = facts();
            change(&mut facts);
            found(&facts)
        };
        assert_eq!(with(|f| f.is_replica = true), [("database", State::Bad)]);
        assert_eq!(with(|f| f.fsync = false), [("database", State::Bad)]);
        assert_eq!(
            with(|f| f.synchronous_commit = "off".to_owned()),
            [("database", State::Note)]
        );
        assert_eq!(
            with(|f| f.isolation = "serializable".to_owned()),
            [("database", State::Note)]
        );
        assert_eq!(
            with(|f| f.version_number = 120_000),
            [("database", State::Note)]
        );
        assert_eq!(
            with(|f| f.has_btree_gist = false),
            [("extension", State::Note)]
        );
        let may_not = with(|f| (f.has_btree_gist, f.may_create_extensions) = (false, false));
        assert_eq!(may_not, [("extension", State::Bad)]);
        assert_eq!(
            with(|f| f.max_connections = 18),
            [("connections", State::Bad)]
        );
        assert_eq!(
            with(|f| f.max_connections = 20),
            [("connections", State::Note)]
        );
        assert_eq!(
            with(|f| f.now += TimeDelta::seconds(90)),
            [("clocks", State::Note)]
        );
        assert_eq!(
            with(|f| f.now -= TimeDelta::seconds(90)),
            [("clocks", State::Note)]
        );
    }

    #[test]
    fn what_is_overdue_is_told_and_whether_anybody_works() {
        let after = |minutes| {
            let figures = OutboxFigures {
                due: 3,
                overdue: 3,
                oldest_due: Some(now() - TimeDelta::minutes(minutes)),
                ..OutboxFigures::default()
            };
            overdue(&figures, now()).unwrap().state
        };
        assert_eq!(after(2), State::Note);
        assert_eq!(after(11), State::Bad);
        let young = OutboxFigures {
            due: 3,
            oldest_due: Some(now() - TimeDelta::seconds(3)),
            ..OutboxFigures::default()
        };
        assert_eq!(overdue(&young, now()), None);
    }

    #[test]
    fn a_damaged_file_and_a_grown_log_are_named() {
        let mut facts = SqliteFacts {
            version: "3".to_owned(),
            journal: "wal".to_owned(),
            bytes: 4096,
            free_bytes: 0,
            damages: Vec::new(),
        };
        assert!(
            sqlite(&facts)
                .iter()
                .all(|found| found.state == State::Good)
        );
        facts.damages = vec!["row 3 missing from index x".to_owned()];
        assert_eq!(sqlite(&facts)[0].state, State::Bad);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("k.db");
        let long = std::fs::File::create(folder.path().join("k.db-wal")).unwrap();
        assert_eq!(log(&file, 4096), None);
        long.set_len(LONG_LOG + 1).unwrap();
        assert_eq!(log(&file, 4096).unwrap().state, State::Note);
    }
}
