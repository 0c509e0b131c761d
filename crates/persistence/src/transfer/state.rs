//! What a database knows of moves: whether it may be used, and how far it is filled.

use chrono::{DateTime, Utc};
use scheduling_core::ports::StorageError;
use sea_orm::{ConnectionTrait, DbBackend};

use crate::sql;

/// Whether a database is one to work with, as far as moves go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MoveState {
    /// No move is under way, and none has left it behind.
    Settled,
    /// A move fills it and is not finished. It lacks what comes yet; nobody may use it before.
    BeingFilled {
        /// The database it is filled from.
        from: String,
    },
    /// It was moved. What is stored in it now, the database that took its place does not know.
    MovedAway {
        /// The database that took its place.
        to: String,
        /// When that was.
        at: DateTime<Utc>,
    },
}

/// One of the rows of `moves`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Recorded {
    pub(super) fingerprint: String,
    pub(super) counterpart: String,
    pub(super) finished_at: Option<i64>,
}

/// Both rows, as far as there are any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) into: Option<Recorded>,
    pub(super) out: Option<Recorded>,
}

/// Reads the record. A schema that is not up to date has none.
pub(super) async fn read(db: &impl ConnectionTrait) -> Result<Record, StorageError> {
    let there = match db.get_database_backend() {
        DbBackend::Postgres => "select 1 where to_regclass('moves') is not null",
        _ => "select 1 from sqlite_schema where type = 'table' and name = 'moves'",
    };
    let mut record = Record::default();
    if sql::row(db, there, []).await?.is_none() {
        return Ok(record);
    }
    let all = "select direction, fingerprint, counterpart, finished_at from moves";
    for row in sql::rows(db, all, []).await? {
        let direction: String = sql::get(&row, 0)?;
        let recorded = Recorded {
            fingerprint: sql::get(&row, 1)?,
            counterpart: sql::get(&row, 2)?,
            finished_at: sql::get(&row, 3)?,
        };
        match direction.as_str() {
            "in" => record.into = Some(recorded),
            _ => record.out = Some(recorded),
        }
    }
    Ok(record)
}

impl Record {
    /// Whether a move into the database was begun and not finished.
    pub(super) fn is_being_filled(&self) -> bool {
        self.into
            .as_ref()
            .is_some_and(|into| into.finished_at.is_none())
    }

    pub(super) fn state(self) -> MoveState {
        match self {
            Self {
                into: Some(into), ..
            } if into.finished_at.is_none() => MoveState::BeingFilled {
                from: into.counterpart,
            },
            Self { out: Some(out), .. } => MoveState::MovedAway {
                to: out.counterpart,
                at: DateTime::from_timestamp_micros(out.finished_at.unwrap_or_default())
                    .unwrap_or_default(),
            },
            _ => MoveState::Settled,
        }
    }
}

/// How far one table is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Progress {
    pub(super) copied: u64,
    pub(super) last_key: Option<Vec<u8>>,
    pub(super) finished: bool,
}

/// How far a table is, as the target says.
pub(super) async fn progress(
    db: &impl ConnectionTrait,
    table: &str,
) -> Result<Progress, StorageError> {
    let query = "select copied, last_key, finished from move_progress where table_name = $1";
    let Some(row) = sql::row(db, query, [table.into()]).await? else {
        return Ok(Progress::default());
    };
    let copied: i64 = sql::get(&row, 0)?;
    Ok(Progress {
        copied: u64::try_from(copied).unwrap_or_default(),
        last_key: sql::get(&row, 1)?,
        finished: sql::get(&row, 2)?,
    })
}
