//! Moving a whole database from SQLite to PostgreSQL, or back.
//!
//! What is moved is derived from the catalogues of both: every table with every column, in an order in which each row comes
//! after those that it names. A table that one side lacks is an error and not a gap. Rows travel in batches, and how far a
//! move is stands in the target, written in the same transaction as the rows it counts; whatever cuts a move short, another
//! goes on where it was.
//!
//! | step | the source | the target |
//! |---|---|---|
//! | [`check_move`] | read, verified | looked at; migrated in a transaction that is taken back |
//! | begin | locked | migrated, and marked: nobody may use it before the move is finished |
//! | copy | | rows and progress, batch by batch |
//! | compare | | counts and sums of all tables, `verify` |
//! | finish | marked: it was moved away | marked: it may be used |
//!
//! The source's mark is set first. So there is no moment at which both may be used, and a move that is cut short between
//! the two is finished by the next one.
//!
//! Both sides have the same fingerprint: a hash over all tables, their columns and rows. It ties what was begun to the
//! source it was begun from, and to what was in it.

mod address;
mod catalogue;
mod connected;
mod copy;
mod digest;
mod error;
mod examine;
mod plan;
mod state;
mod values;
mod wire;

use chrono::{DateTime, Utc};
use scheduling_core::ports::StorageError;

pub use error::{MoveError, MoveSide, Unmovable};
pub use state::MoveState;

use crate::SeaOrmStorage;
use crate::verify::Violation;
use address::Connected;
use error::driver;
use examine::{Examination, Examined, Meanwhile, examine};
use wire::Value;

/// What is to be moved where.
#[derive(Debug, Clone, Copy)]
pub struct MoveRequest<'a> {
    /// The URL of the source. Whoever locks the file of a SQLite database against servers does so before.
    pub from: &'a str,
    /// The URL of the target. The file of a SQLite database is made when it is missing.
    pub to: &'a str,
    /// The time, which is written down.
    pub now: DateTime<Utc>,
    /// Whether a target that another move, or a move of another state of the source, has begun to fill is emptied first.
    pub start_over: bool,
    /// Rows are written when they are so many bytes together. A row that is larger is written alone.
    pub batch_bytes: usize,
}

impl<'a> MoveRequest<'a> {
    /// A move that goes on where an earlier one was, in batches of four megabytes.
    pub fn new(from: &'a str, to: &'a str, now: DateTime<Utc>) -> Self {
        Self {
            from,
            to,
            now,
            start_over: false,
            batch_bytes: 4 << 20,
        }
    }
}

/// How far a move is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MoveStep<'a> {
    /// A table of the source was read.
    Examined {
        /// Which.
        table: &'a str,
        /// How many rows it has.
        rows: u64,
    },
    /// `verify` begins.
    Verifying(MoveSide),
    /// The target has its schema.
    Migrated,
    /// The target is marked as being filled.
    Begun {
        /// Whether an earlier move is gone on with.
        resumed: bool,
    },
    /// Rows are written and not yet committed.
    Writing {
        /// Of which table.
        table: &'a str,
    },
    /// Rows are committed.
    Copied {
        /// Of which table.
        table: &'a str,
        /// How many it has by now.
        rows: u64,
        /// How many it will have.
        of: u64,
    },
    /// A table of the target was compared with the source's.
    Compared {
        /// Which.
        table: &'a str,
    },
    /// The source is marked as moved away; the target is not yet marked as complete.
    SourceMarked,
    /// The target may be used.
    Finished,
}

/// Whoever is told how far a move is.
pub type Observer<'a> = &'a (dyn Fn(&MoveStep<'_>) + Send + Sync);

/// A table that is the same on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovedTable {
    /// Its name.
    pub name: String,
    /// How many rows it has.
    pub rows: u64,
    /// The sum of the hashes of its rows, in hexadecimal digits.
    pub checksum: String,
}

/// How a move ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MoveOutcome {
    /// It can be made; nothing was changed.
    Possible {
        /// Whether an earlier one would be gone on with.
        resumes: bool,
    },
    /// It is made.
    Moved {
        /// Whether an earlier one was gone on with.
        resumed: bool,
    },
    /// It was made before; nothing was changed.
    MovedBefore,
}

/// What was moved, or would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveReport {
    /// The source, without secrets.
    pub from: String,
    /// The target, without secrets.
    pub to: String,
    /// How it ended.
    pub outcome: MoveOutcome,
    /// The tables, in the order in which they are moved.
    pub tables: Vec<MovedTable>,
    /// One text for everything that is moved, the same on both sides.
    pub fingerprint: String,
    /// What `verify` says of the source, and in the same words of the target. None is the only good answer.
    pub violations: Vec<Violation>,
}

/// Looks whether a move can be made, and reads the whole source for it. Writes nothing, and lets others use the source
/// meanwhile.
///
/// # Errors
/// [`MoveError`]: the reason why not. What the target cannot hold is named all at once.
pub async fn check_move(
    request: MoveRequest<'_>,
    observer: Observer<'_>,
) -> Result<MoveReport, MoveError> {
    match examine(&request, Meanwhile::Used, observer).await? {
        Examination::MovedBefore(report) => Ok(report),
        Examination::Possible(examined) => Ok(examined.report(MoveOutcome::Possible {
            resumes: examined.target_record.into.is_some() && !request.start_over,
        })),
    }
}

/// Moves a database, or goes on with a move that was cut short. When this returns, both sides hold the same, `verify` says
/// the same of both, the target may be used and the source may not.
///
/// # Errors
/// [`MoveError`]. The source may be used as before, unless the last step alone failed; then it is marked already, and
/// moving again is all that is needed.
pub async fn move_database(
    request: MoveRequest<'_>,
    observer: Observer<'_>,
) -> Result<MoveReport, MoveError> {
    let mut examined = match examine(&request, Meanwhile::Locked, observer).await? {
        Examination::MovedBefore(report) => return Ok(report),
        Examination::Possible(examined) => examined,
    };
    let storage = match examined.target_storage.take() {
        Some(storage) => storage,
        None => examined.to.storage(MoveSide::Target, true).await?,
    };
    storage.migrate().await.map_err(MoveError::Migrate)?;
    observer(&MoveStep::Migrated);
    let mut target = examined.to.connect(MoveSide::Target).await?;
    alone(&mut target).await?;
    let resumed = begin(&mut target, &storage, &examined, &request).await?;
    observer(&MoveStep::Begun { resumed });
    let mut copy = copy::Copy {
        source: &mut examined.source,
        target: &mut target,
        batch_bytes: request.batch_bytes,
        observer,
    };
    for (table, digest) in &examined.tables {
        let progress = state::progress(storage.reader(), &table.name).await?;
        if !progress.finished {
            copy.table(table, progress, digest.rows).await?;
        }
    }
    compare(&mut target, &examined, observer).await?;
    verify(&storage, &examined, observer).await?;
    finish(&mut target, &mut examined, &request, observer).await?;
    let report = examined.report(MoveOutcome::Moved { resumed });
    // Everything is committed; a connection that does not close well takes nothing back.
    let _ = storage.close().await;
    Ok(report)
}

impl Examined {
    fn report(&self, outcome: MoveOutcome) -> MoveReport {
        let tables = self.tables.iter().map(|(table, digest)| MovedTable {
            name: table.name.clone(),
            rows: digest.rows,
            checksum: digest.checksum(),
        });
        MoveReport {
            from: self.from.shown(),
            to: self.to.shown(),
            outcome,
            tables: tables.collect(),
            fingerprint: self.fingerprint.clone(),
            violations: self.violations.clone(),
        }
    }
}

/// The advisory lock of a move into a PostgreSQL database. It ends with the connection.
const LOCK: i64 = 0x6b61_6c65_6d6f_7665;

/// No two moves fill one target. A SQLite file has its lock.
async fn alone(target: &mut Connected) -> Result<(), MoveError> {
    if !target.is_postgres() {
        return Ok(());
    }
    // One that was killed a moment ago ends meanwhile.
    let lock = format!("select pg_advisory_lock({LOCK})");
    target
        .run(&lock)
        .await
        .map_err(|error| match error::stored(error) {
            StorageError::Unavailable(_) => MoveError::InUse {
                side: MoveSide::Target,
                detail: ": another move is filling it".to_owned(),
            },
            error => MoveError::Storage(error),
        })
}

/// Marks the target; answers whether an earlier move is gone on with.
async fn begin(
    target: &mut Connected,
    storage: &SeaOrmStorage,
    examined: &Examined,
    request: &MoveRequest<'_>,
) -> Result<bool, MoveError> {
    // Once more, since now no other move can come in between.
    let record = state::read(storage.reader()).await?;
    if record.is_being_filled() {
        if request.start_over {
            let tables: Vec<_> = examined
                .tables
                .iter()
                .map(|(table, _)| table.clone())
                .collect();
            copy::empty(target, &tables).await?;
        } else if record
            .into
            .is_some_and(|into| into.fingerprint == examined.fingerprint)
        {
            return Ok(true);
        } else {
            return Err(MoveError::SourceChanged);
        }
    }
    examine::is_empty(storage.reader()).await?;
    let values = [
        Value::Text("in"),
        Value::Text(&examined.fingerprint),
        Value::Text(&examined.from.shown()),
        Value::Integer(wire::micros(request.now)),
    ];
    let mark =
        "insert into moves (direction, fingerprint, counterpart, began_at) values ($1, $2, $3, $4)";
    target.execute(mark, &values).await.map_err(driver)?;
    Ok(false)
}

/// Every table of the target has what the source's has.
async fn compare(
    target: &mut Connected,
    examined: &Examined,
    observer: Observer<'_>,
) -> Result<(), MoveError> {
    let mut differing = Vec::new();
    for (table, expected) in &examined.tables {
        let mut unreadable = Vec::new();
        let mut keep = |mut unmovable: Vec<Unmovable>| unreadable.append(&mut unmovable);
        let found = examine::digest(target, table, &mut keep).await?;
        if found != *expected || !unreadable.is_empty() {
            differing.push(format!(
                "{} ({} rows instead of {})",
                table.name, found.rows, expected.rows
            ));
        }
        observer(&MoveStep::Compared { table: &table.name });
    }
    if differing.is_empty() {
        Ok(())
    } else {
        Err(MoveError::Differs(differing))
    }
}

/// `verify` says of the target what it says of the source.
async fn verify(
    storage: &SeaOrmStorage,
    examined: &Examined,
    observer: Observer<'_>,
) -> Result<(), MoveError> {
    observer(&MoveStep::Verifying(MoveSide::Target));
    let mut violations = storage.verify().await?;
    violations.retain(|violation| !examined.violations.contains(violation));
    if violations.is_empty() {
        Ok(())
    } else {
        Err(MoveError::Unverified(violations))
    }
}

/// Marks the source, then the target.
async fn finish(
    target: &mut Connected,
    examined: &mut Examined,
    request: &MoveRequest<'_>,
    observer: Observer<'_>,
) -> Result<(), MoveError> {
    if target.is_postgres() {
        // The planner would otherwise guess until it has looked around by itself.
        for (table, _) in &examined.tables {
            let analyze = format!("analyze {}", connected::quoted(&table.name));
            target.run(&analyze).await.map_err(driver)?;
        }
    }
    // Whoever came while the copy was made has seen a database that is about to be left.
    examine::unused(target, MoveSide::Target).await?;
    examine::unused(&mut examined.source, MoveSide::Source).await?;
    let now = Value::Integer(wire::micros(request.now));
    let source = &mut examined.source;
    if examined.source_record.out.is_none() {
        let to = examined.to.shown();
        let values = [Value::Text(&examined.fingerprint), Value::Text(&to), now];
        let mark = "insert into moves (direction, fingerprint, counterpart, began_at, finished_at)
            values ('out', $1, $2, $3, $3)";
        source.execute(mark, &values).await.map_err(driver)?;
    }
    source.run("commit").await.map_err(driver)?;
    observer(&MoveStep::SourceMarked);
    let done = "update moves set finished_at = $1 where direction = 'in'";
    target.execute(done, &[now]).await.map_err(driver)?;
    observer(&MoveStep::Finished);
    Ok(())
}

impl SeaOrmStorage {
    /// Whether the database may be used, as far as moves go. Whoever serves or writes asks first.
    ///
    /// # Errors
    /// [`StorageError`] when the database cannot be read.
    pub async fn move_state(&self) -> Result<MoveState, StorageError> {
        Ok(state::read(self.reader()).await?.state())
    }

    /// Takes a database back into use that was moved away, and answers where to; `None` when it was not. What was stored
    /// in the other one since is not in it.
    ///
    /// # Errors
    /// [`StorageError`]. Nothing has changed then.
    pub async fn take_back(&self) -> Result<Option<String>, StorageError> {
        let MoveState::MovedAway { to, .. } = self.move_state().await? else {
            return Ok(None);
        };
        let transaction = self.begin_writing().await?;
        crate::sql::execute(
            &transaction,
            "delete from moves where direction = 'out'",
            [],
        )
        .await?;
        transaction
            .commit()
            .await
            .map_err(crate::error::storage_error)?;
        Ok(Some(to))
    }
}
