//! `move`: the whole database from SQLite to PostgreSQL, or back.

use std::fs::File;
use std::io::{self, IsTerminal as _};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use scheduling_app::system::SystemClock;
use scheduling_core::ports::Clock as _;
use scheduling_persistence::{
    MoveError, MoveOutcome, MoveReport, MoveRequest, MoveSide, MoveStep, Unmovable, check_move,
    move_database,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use super::{Ending, Global, Out, block_on, output};
use crate::compose;
use crate::config::{Config, key_file};
use crate::database_file::{self, InUse};
use crate::telemetry::log;

/// What `move` takes.
#[derive(Debug, clap::Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
pub(super) struct MoveArgs {
    /// The database to move; without it, the configured one
    #[arg(
        long,
        value_name = "URL",
        env = "KALENDS_MOVE_FROM",
        hide_env_values = true
    )]
    from: Option<SecretString>,
    /// The database to move it into, which must be empty; better set where other users cannot see it
    #[arg(
        long,
        value_name = "URL",
        env = "KALENDS_MOVE_TO",
        hide_env_values = true,
        required_unless_present = "take_back"
    )]
    to: Option<SecretString>,
    /// Only look whether it can be moved, also while it is in use; change nothing
    #[arg(long)]
    check: bool,
    /// Empty a target whose move was cut short, and begin anew
    #[arg(long)]
    start_over: bool,
    /// Use a database again that was moved away. What was stored in the other one since is not in it
    #[arg(long, conflicts_with_all = ["check", "start_over"])]
    take_back: bool,
    /// Answer in JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(global: &Global, args: &MoveArgs) -> Ending {
    let config = global.load()?;
    log::lines_alone(&config)?;
    let from = args.from.clone().unwrap_or_else(|| config.database_url());
    let from = from.expose_secret();
    if args.take_back {
        return take_back(global, from);
    }
    let to = args.to.as_ref().map_or("", |to| to.expose_secret());
    let now = SystemClock.now();
    let request = MoveRequest {
        start_over: args.start_over,
        ..MoveRequest::new(from, to, now)
    };
    let progress = Progress::default();
    let observer = |step: &MoveStep<'_>| progress.tell(step);
    let moved = if args.check {
        block_on(check_move(request, &observer))
    } else {
        // Held until the end: no server starts on either file meanwhile.
        let _from = alone(from, MoveSide::Source)?;
        database_file::make_private(to);
        let _to = alone(to, MoveSide::Target)?;
        block_on(move_database(request, &observer))
    };
    match moved {
        Ok(report) => {
            if args.json {
                json_report(&report)?;
            } else {
                tell(&config, &report)?;
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(MoveError::Unmovable { found, more }) => {
            if args.json {
                json_unmovable(&found, more)?;
            } else {
                tell_unmovable(&found, more)?;
            }
            Ok(ExitCode::FAILURE)
        }
        Err(error) => Err(error.into()),
    }
}

/// Takes the file of a SQLite database for this process alone. PostgreSQL has locks of its own.
fn alone(url: &str, side: MoveSide) -> Result<Option<File>, String> {
    if !url.starts_with("sqlite:") {
        return Ok(None);
    }
    let file = database_file::path(url).ok_or_else(|| {
        format!("the {side} is to be named by a plain path, so that it can be locked")
    })?;
    if !file.exists() {
        // What is wrong with it, opening it tells.
        return Ok(None);
    }
    match database_file::alone(&file) {
        Ok(lock) => Ok(Some(lock)),
        Err(InUse::Taken) => Err(format!(
            "the {side} is in use; stop the server and the workers first, and start them on the new database afterwards"
        )),
        Err(InUse::Io(error)) => Err(format!("{}: {error}", file.display())),
    }
}

fn take_back(global: &Global, from: &str) -> Ending {
    if let Some(file) = database_file::missing(from) {
        return Err(format!("there is no database at {}", file.display()).into());
    }
    // As every command reads a database of another address.
    let global = Global {
        database: Some(from.to_owned()),
        ..global.clone()
    };
    let config = global.load()?;
    let _alone = alone(from, MoveSide::Source)?;
    let taken_back = block_on(async {
        let storage = compose::storage(&config).await?;
        Ok::<_, Box<dyn std::error::Error>>(storage.take_back().await?)
    })?;
    let mut out = Out::stdout();
    out.line(match taken_back {
        Some(to) => format!(
            "The database can be used again. It knows nothing of what was stored in {to} since; let nothing run on that one."
        ),
        None => "The database was not moved away; nothing has changed.".to_owned(),
    })?;
    out.finish()?;
    Ok(ExitCode::SUCCESS)
}

fn tell(config: &Config, report: &MoveReport) -> io::Result<()> {
    let mut out = Out::stdout();
    let (from, to) = (&report.from, &report.to);
    let rows: u64 = report.tables.iter().map(|table| table.rows).sum();
    let size = format!("{} tables with {rows} rows", report.tables.len());
    for violation in &report.violations {
        out.line(format!("[note] {violation}"))?;
    }
    if !report.violations.is_empty() {
        out.line(format!(
            "[note] `kalends verify` finds that wrong with the source: {} in all, moved as they are.",
            report.violations.len()
        ))?;
    }
    match report.outcome {
        MoveOutcome::Possible { resumes } => {
            out.line(format!("{from} can be moved to {to}: {size}."))?;
            if resumes {
                out.line("A move that was cut short would be gone on with.")?;
            }
        }
        MoveOutcome::Moved { .. } => {
            out.line(format!("{from} is moved to {to}: {size}."))?;
            out.line(
                "All tables have the same rows on both sides, and `verify` says the same of both.",
            )?;
            after(&mut out, config, report)?;
        }
        MoveOutcome::MovedBefore => {
            out.line(format!(
                "{from} was moved to {to} before; nothing was changed."
            ))?;
            after(&mut out, config, report)?;
        }
    }
    out.finish()
}

/// What is left to do.
fn after(out: &mut Out, config: &Config, report: &MoveReport) -> io::Result<()> {
    out.line(format!(
        "{} stays as it was and is marked, so that no server starts on it by mistake.",
        report.from
    ))?;
    out.line("Now set database.url of every server and worker to the new database.")?;
    if config.secrets.key.is_none() {
        out.line(format!(
            "Take {} along: it belongs to the database, and every server and worker needs the same one, in its data folder or as secrets.key.",
            key_file(&config.data.folder).display()
        ))?;
    } else {
        out.line("Every server and worker needs the same secrets.key as before.")?;
    }
    Ok(())
}

fn tell_unmovable(found: &[Unmovable], more: usize) -> io::Result<()> {
    let mut out = Out::stdout();
    for unmovable in found {
        out.line(unmovable.to_string())?;
    }
    if more > 0 {
        out.line(format!("and {more} more."))?;
    }
    out.line(format!(
        "{} values cannot be moved. Nothing was changed; correct them in the source and move it again.",
        found.len() + more
    ))?;
    out.finish()
}

fn json_report(report: &MoveReport) -> io::Result<()> {
    let tables: Vec<_> = report
        .tables
        .iter()
        .map(|table| json!({"name": table.name, "rows": table.rows, "checksum": table.checksum}))
        .collect();
    let violations: Vec<String> = report.violations.iter().map(ToString::to_string).collect();
    let (outcome, resumed) = match report.outcome {
        MoveOutcome::Possible { resumes } => ("possible", resumes),
        MoveOutcome::Moved { resumed } => ("moved", resumed),
        MoveOutcome::MovedBefore => ("moved_before", false),
    };
    let answer = json!({
        "outcome": outcome,
        "resumed": resumed,
        "from": report.from,
        "to": report.to,
        "fingerprint": report.fingerprint,
        "tables": tables,
        "violations": violations,
    });
    let mut out = Out::stdout();
    out.line(answer.to_string())?;
    out.finish()
}

fn json_unmovable(found: &[Unmovable], more: usize) -> io::Result<()> {
    let listed: Vec<_> = found
        .iter()
        .map(|unmovable| {
            json!({
                "table": unmovable.table,
                "column": unmovable.column,
                "row": unmovable.row,
                "reason": unmovable.reason,
            })
        })
        .collect();
    let mut out = Out::stdout();
    out.line(json!({"outcome": "unmovable", "unmovable": listed, "more": more}).to_string())?;
    out.finish()
}

/// Says on a terminal how far it is; elsewhere only the log does, where it is asked for.
struct Progress {
    is_terminal: bool,
    said: Mutex<Instant>,
}

/// So often a long table is spoken of.
const OFTEN: Duration = Duration::from_secs(2);

impl Default for Progress {
    fn default() -> Self {
        Self {
            is_terminal: io::stderr().is_terminal(),
            said: Mutex::new(Instant::now()),
        }
    }
}

impl Progress {
    fn tell(&self, step: &MoveStep<'_>) {
        tracing::debug!(?step, "Moving");
        if self.is_terminal
            && let Some(line) = self.line(step)
        {
            output::complain(&line);
        }
    }

    fn line(&self, step: &MoveStep<'_>) -> Option<String> {
        Some(match step {
            MoveStep::Examined { table, rows } => format!("read {table}: {rows} rows"),
            MoveStep::Verifying(side) => format!("verifying the {side}"),
            MoveStep::Begun { resumed: true } => "going on where it was cut short".to_owned(),
            MoveStep::Copied { table, rows, of } if rows == of => {
                format!("copied {table}: {rows} rows")
            }
            MoveStep::Copied { table, rows, of } => {
                let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
                if said.elapsed() < OFTEN {
                    return None;
                }
                *said = Instant::now();
                format!("copying {table}: {rows} of {of} rows")
            }
            MoveStep::Compared { table } => format!("compared {table}"),
            MoveStep::Migrated
            | MoveStep::Begun { resumed: false }
            | MoveStep::Writing { .. }
            | MoveStep::SourceMarked
            | MoveStep::Finished => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_table_is_spoken_of_now_and_then_and_at_its_end() {
        let progress = Progress::default();
        let copied = |rows| MoveStep::Copied {
            table: "bookings",
            rows,
            of: 1_000,
        };
        assert_eq!(progress.line(&copied(10)), None);
        if let Some(earlier) = Instant::now().checked_sub(OFTEN) {
            *progress.said.lock().unwrap() = earlier;
            let said = progress.line(&copied(20)).unwrap();
            assert_eq!(said, "copying bookings: 20 of 1000 rows");
            assert_eq!(progress.line(&copied(30)), None);
        }
        let said = progress.line(&copied(1_000)).unwrap();
        assert_eq!(said, "copied bookings: 1000 rows");
    }

    #[test]
    fn a_file_is_taken_alone_and_a_path_that_cannot_be_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("kalends.db");
        std::fs::write(&file, "").unwrap();
        let url = format!("sqlite:{}", file.display());
        let first = alone(&url, MoveSide::Source).unwrap();
        assert!(first.is_some());
        let second = alone(&url, MoveSide::Source).unwrap_err();
        assert!(second.starts_with("the source is in use; stop the server"));
        drop(first);
        assert!(alone(&url, MoveSide::Source).unwrap().is_some());
        assert!(alone("sqlite:a%20b.db", MoveSide::Target).is_err());
        assert!(alone("postgres://h/d", MoveSide::Target).unwrap().is_none());
    }
}
