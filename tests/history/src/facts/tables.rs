//! Reading the tables, with statements that both databases take.

use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::process::Command;

use super::Facts;
use crate::Failure;

/// A table's name in [`Facts`], and the statement that reads it.
pub type Query = (&'static str, &'static str);

/// What is read.
pub fn queries() -> [Query; 13] {
    [
        ("people", "select id, email from people"),
        ("event_types", "select id, slug from event_types"),
        (
            "bookings",
            "select id, event_type_id, starts_at, ends_at, buffer_before, buffer_after, status, sequence, version, \
             rotation from bookings",
        ),
        (
            "booking_hosts",
            "select booking_id, user_id, position, session_id from booking_hosts",
        ),
        (
            "attendees",
            "select booking_id, id, position, role, email from attendees",
        ),
        (
            "history",
            "select id, booking_id, happened_at, doer, kind, change from booking_history",
        ),
        (
            "sessions",
            "select id, event_type_id, host_id, starts_at, ends_at, capacity, seats_taken from sessions",
        ),
        (
            "holds",
            "select id, event_type_id, token_hash, starts_at, ends_at, expires_at from holds",
        ),
        (
            "hold_hosts",
            "select hold_id, user_id, session_id from hold_hosts",
        ),
        (
            "claims",
            "select host_id, starts_at, ends_at, booking_id, session_id, hold_id from claims",
        ),
        (
            "ledgers",
            "select event_type_id, next from rotation_ledgers",
        ),
        (
            "rotation",
            "select event_type_id, host_id, weight, credit from rotation_entries",
        ),
        (
            "outbox",
            "select id, kind, payload, status, due_at, attempts, last_error, created_at from outbox",
        ),
    ]
}

/// Prints the rows of a query as a list of JSON objects; blobs as hexadecimal digits. Or carries a statement out.
const PYTHON: &str = "
import json, sqlite3, sys
database = sqlite3.connect(sys.argv[1], timeout=60)
database.execute('pragma foreign_keys = on')
rows = database.execute(sys.argv[2])
names = [column[0] for column in rows.description or []]
text = lambda value: value.hex() if isinstance(value, bytes) else value
print(json.dumps([dict(zip(names, map(text, row))) for row in rows]))
";

/// The rows of one table, as what they are.
fn table<T: DeserializeOwned>(
    tables: &mut serde_json::Map<String, Value>,
    name: &str,
) -> Result<Vec<T>, Failure> {
    let rows = tables.remove(name).unwrap_or_default();
    serde_json::from_value(rows).map_err(|error| format!("{name}: {error}").into())
}

/// The database of a run, asked by hand and not through Kalends.
#[derive(Debug, Clone)]
pub enum Database {
    /// By `psql`.
    Postgres {
        /// Its URL.
        url: String,
    },
    /// By Python, which brings SQLite along.
    Sqlite {
        /// The interpreter.
        python: PathBuf,
        /// The file.
        file: PathBuf,
    },
}

impl Database {
    /// Carries statements out; answers what was printed.
    ///
    /// # Errors
    /// What the database complained about.
    pub async fn run(&self, statements: &str) -> Result<String, Failure> {
        let mut command = match self {
            Self::Postgres { url } => {
                let mut psql = Command::new("psql");
                psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"])
                    .args(["--set", "ON_ERROR_STOP=1", "--dbname", url])
                    .args(["--command", statements]);
                psql
            }
            Self::Sqlite { python, file } => {
                let mut command = Command::new(python);
                command.args(["-c", PYTHON]).arg(file).arg(statements);
                command
            }
        };
        let output = command.output().await?;
        if output.status.success() {
            Ok(String::from_utf8(output.stdout)?)
        } else {
            Err(String::from_utf8_lossy(&output.stderr).trim().into())
        }
    }

    /// The rows of a query, as objects.
    async fn rows(&self, query: &str) -> Result<Value, Failure> {
        let printed = match self {
            Self::Postgres { .. } => {
                let query = format!("select coalesce(json_agg(t), '[]') from ({query}) t");
                self.run(&query).await?
            }
            Self::Sqlite { .. } => self.run(query).await?,
        };
        Ok(serde_json::from_str(&printed)?)
    }

    /// The first column of the first row, a number.
    ///
    /// # Errors
    /// What the database complained about.
    pub async fn count(&self, query: &str) -> Result<i64, Failure> {
        let rows = self.rows(query).await?;
        let number = rows[0].as_object().and_then(|row| row.values().next());
        let number = number.and_then(Value::as_i64);
        number.ok_or_else(|| format!("{query} answers no number: {rows}").into())
    }

    /// Reads all tables.
    ///
    /// # Errors
    /// What the database complained about.
    pub async fn read(&self) -> Result<Facts, Failure> {
        let mut tables = serde_json::Map::new();
        for (name, query) in queries() {
            tables.insert(name.to_owned(), self.rows(query).await?);
        }
        let tables = &mut tables;
        let mut facts = Facts {
            people: table(tables, "people")?,
            event_types: table(tables, "event_types")?,
            bookings: table(tables, "bookings")?,
            booking_hosts: table(tables, "booking_hosts")?,
            attendees: table(tables, "attendees")?,
            history: table(tables, "history")?,
            sessions: table(tables, "sessions")?,
            holds: table(tables, "holds")?,
            hold_hosts: table(tables, "hold_hosts")?,
            claims: table(tables, "claims")?,
            ledgers: table(tables, "ledgers")?,
            rotation: table(tables, "rotation")?,
            outbox: table(tables, "outbox")?,
            ..Facts::default()
        };
        for hold in &mut facts.holds {
            // PostgreSQL writes bytes as \x0123…
            hold.token_hash = hold.token_hash.trim_start_matches("\\x").to_owned();
        }
        facts.refuses_overlap = if facts.claims.is_empty() {
            None
        } else {
            Some(self.refuses_overlap().await?)
        };
        Ok(facts)
    }

    /// Tries, by hand, to claim time that is claimed. Leaves nothing behind.
    async fn refuses_overlap(&self) -> Result<bool, Failure> {
        let second =
            "insert into claims (host_id, starts_at, ends_at, booking_id, session_id, hold_id)
            select host_id, starts_at + 1, ends_at, booking_id, session_id, hold_id from claims
            order by host_id, starts_at limit 1";
        let tried = match self {
            // `--command` with several statements is one transaction, and the last one undoes it.
            Self::Postgres { .. } => self.run(&format!("begin; {second}; rollback")).await,
            // Python begins a transaction before it inserts, and nobody commits it.
            Self::Sqlite { .. } => self.run(second).await,
        };
        match tried {
            Ok(_) => Ok(false),
            Err(complaint) => {
                let complaint = complaint.to_string();
                if complaint.contains("claims_disjoint") || complaint.contains("must not overlap") {
                    Ok(true)
                } else {
                    Err(complaint.into())
                }
            }
        }
    }
}
