//! Why a database is not moved.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use scheduling_core::ports::StorageError;
use sea_orm::{DbErr, RuntimeErr, sqlx};
use thiserror::Error;

use crate::error::storage_error;
use crate::verify::Violation;

/// One of the two databases of a move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MoveSide {
    /// The one that is moved.
    Source,
    /// The one that it is moved into.
    Target,
}

impl fmt::Display for MoveSide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Source => "source",
            Self::Target => "target",
        })
    }
}

/// Something in the source that the target cannot hold.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unmovable {
    /// The table.
    pub table: String,
    /// The column, where it is one.
    pub column: Option<String>,
    /// The row's key.
    pub row: String,
    /// What is wrong.
    pub reason: String,
}

impl fmt::Display for Unmovable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            table, row, reason, ..
        } = self;
        match &self.column {
            Some(column) => write!(f, "{table}.{column} of row {row} {reason}"),
            None => write!(f, "row {row} of {table} {reason}"),
        }
    }
}

/// Why a database is not moved. Unless a variant says otherwise, nothing was changed.
#[derive(Debug, Error)]
pub enum MoveError {
    /// Both are of one kind.
    #[error(
        "a move goes from SQLite to PostgreSQL or back; `kalends backup` copies a SQLite database, pg_dump a PostgreSQL one"
    )]
    Direction,
    /// A URL that cannot be read. It is not repeated, since it may have a password in it.
    #[error("the {side}'s address cannot be read: {reason}")]
    Address {
        /// Whose.
        side: MoveSide,
        /// Why.
        reason: String,
    },
    /// There is nothing to move.
    #[error("there is no database at {}", .0.display())]
    Missing(PathBuf),
    /// The database does not open or does not answer.
    #[error("the {side} does not open")]
    Unreachable {
        /// Which.
        side: MoveSide,
        /// Why.
        #[source]
        source: StorageError,
    },
    /// The schema of the source is that of an earlier release, or none of Kalends.
    #[error("the source's schema is not up to date: it lacks {}; run `kalends migrate` on it first", .0.join(", "))]
    Outdated(Vec<String>),
    /// The database was migrated by a later release.
    #[error(
        "the {side} was migrated by a later release: it has {migration}; move it with that release"
    )]
    Later {
        /// Which.
        side: MoveSide,
        /// What this release does not know.
        migration: String,
    },
    /// Others use it.
    #[error("the {side} is in use{detail}; stop the server and the workers first")]
    InUse {
        /// Which.
        side: MoveSide,
        /// By whom, where that is known.
        detail: String,
    },
    /// The target has rows that no move of this source has put there.
    #[error("the target is not empty: it has {}; give it a fresh database", listed(.0))]
    NotEmpty(Vec<(String, u64)>),
    /// The source is itself a target.
    #[error(
        "the source is being moved into from {from}, and that move is not finished; finish it first"
    )]
    BeingFilled {
        /// From where.
        from: String,
    },
    /// The source was moved elsewhere before.
    #[error(
        "the source was moved to {to} before; if that database is given up, take it back with `kalends move --take-back`"
    )]
    MovedAway {
        /// Where to.
        to: String,
    },
    /// The two schemas are not the same.
    #[error("the two databases differ in their schema: {}", .0.join("; "))]
    Schema(Vec<String>),
    /// The target's schema cannot be made.
    #[error("the target's schema cannot be made")]
    Migrate(#[source] StorageError),
    /// PostgreSQL keeps text in another encoding.
    #[error("the target keeps text as {0}; make a database with the encoding UTF8")]
    Encoding(String),
    /// The source is no sound database.
    #[error("the source is no sound database: {}", .0.join("; "))]
    Unsound(Vec<String>),
    /// The source has what the target cannot hold.
    #[error("the target cannot hold {} of the source's values", .found.len() + .more)]
    Unmovable {
        /// What, as far as it is listed.
        found: Vec<Unmovable>,
        /// How much there is besides.
        more: usize,
    },
    /// The source has other rows than when the move began.
    #[error(
        "the source has changed since its move into this target began; begin anew with `--start-over`, which empties the target"
    )]
    SourceChanged,
    /// The target refuses rows. What was copied before stays, and the move can be gone on with.
    #[error("the target refuses rows of {table}")]
    Refused {
        /// Of which table.
        table: String,
        /// What it says.
        #[source]
        source: sqlx::Error,
    },
    /// After copying, the target has something else than the source. It is not opened for use.
    #[error(
        "the target does not have what the source has, in {}; something else has written to it: begin anew with `--start-over`", .0.join(", ")
    )]
    Differs(Vec<String>),
    /// After copying, `verify` says something else of the target than of the source. It is not opened for use.
    #[error("the copy does not verify: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Unverified(Vec<Violation>),
    /// A database failed. What was copied before stays, and the move can be gone on with.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

fn listed(tables: &[(String, u64)]) -> String {
    let tables: Vec<String> = tables
        .iter()
        .map(|(table, rows)| match rows {
            1 => format!("1 row of {table}"),
            rows => format!("{rows} rows of {table}"),
        })
        .collect();
    tables.join(", ")
}

/// From the driver's error to the port's.
pub(super) fn driver(error: sqlx::Error) -> MoveError {
    MoveError::Storage(stored(error))
}

pub(super) fn stored(error: sqlx::Error) -> StorageError {
    storage_error(DbErr::Query(RuntimeErr::SqlxError(Arc::new(error))))
}
