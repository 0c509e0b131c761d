//! Everything that is asked before anything is written.

use std::collections::BTreeMap;

use scheduling_core::ports::StorageError;
use scheduling_migration::{Migrator, MigratorTrait as _, compatibility};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, SqliteTransactionMode, TransactionOptions,
    TransactionTrait as _,
};

use super::address::{Address, Connected, OTHERS, PATIENCE};
use super::catalogue::{self, Catalogue};
use super::connected::quoted;
use super::digest::{self, Digest};
use super::error::{MoveError, MoveSide, Unmovable, driver, stored};
use super::plan::{self, PlannedTable, stays};
use super::state::{self, Record};
use super::{MoveOutcome, MoveReport, MoveRequest, MoveStep, Observer};
use crate::SeaOrmStorage;
use crate::error::storage_error;
use crate::sql;
use crate::verify::Violation;

/// So much that cannot be moved is listed; the rest is counted.
const LISTED: usize = 1_000;
/// So much of what SQLite has to complain of is asked for.
const COMPLAINTS: usize = 20;

/// What both sides say before anything is written.
pub(super) enum Examination {
    /// The move can be made.
    Possible(Box<Examined>),
    /// It was made before.
    MovedBefore(MoveReport),
}

/// A move of which is known that it can be made.
pub(super) struct Examined {
    pub(super) source: Connected,
    pub(super) source_record: Record,
    /// `None` for a file that is not there yet.
    pub(super) target_storage: Option<SeaOrmStorage>,
    pub(super) target_record: Record,
    pub(super) tables: Vec<(PlannedTable, Digest)>,
    pub(super) fingerprint: String,
    /// What `verify` says of the source, but for what the other database cannot have.
    pub(super) violations: Vec<Violation>,
    pub(super) from: Address,
    pub(super) to: Address,
}

/// What happens to the source while it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meanwhile {
    /// Others use it, and what is read is as good as this moment.
    Used,
    /// Nobody writes to it, until its connection ends.
    Locked,
}

/// Looks at both sides.
pub(super) async fn examine(
    request: &MoveRequest<'_>,
    meanwhile: Meanwhile,
    observer: Observer<'_>,
) -> Result<Examination, MoveError> {
    let from = Address::read(request.from, MoveSide::Source)?;
    let to = Address::read(request.to, MoveSide::Target)?;
    if from.is_postgres() == to.is_postgres() {
        return Err(MoveError::Direction);
    }
    if let Some(file) = from.missing() {
        return Err(MoveError::Missing(file));
    }

    let mut source = from.connect(MoveSide::Source).await?;
    if meanwhile == Meanwhile::Locked {
        unused(&mut source, MoveSide::Source).await?;
    }
    let source_storage = from.storage(MoveSide::Source, false).await?;
    let db = source_storage.reader();
    up_to_date(db).await?;
    let source_record = state::read(db).await?;

    let (mut target_storage, mut target_record) = (None, Record::default());
    if to.missing().is_none() {
        let mut target = to.connect(MoveSide::Target).await?;
        unused(&mut target, MoveSide::Target).await?;
        right_encoding(&mut target).await?;
        let storage = to.storage(MoveSide::Target, false).await?;
        target_record = state::read(storage.reader()).await?;
        target_storage = Some(storage);
    }
    if let Some(fingerprint) = fits(&source_record, &target_record)? {
        return Ok(Examination::MovedBefore(MoveReport {
            from: from.shown(),
            to: to.shown(),
            outcome: MoveOutcome::MovedBefore,
            tables: Vec::new(),
            fingerprint,
            violations: Vec::new(),
        }));
    }
    let target_catalogue = if let Some(storage) = &target_storage {
        if !target_record.is_being_filled() {
            is_empty(storage.reader()).await?;
        }
        rehearse(storage.reader()).await?
    } else {
        let memory = sea_orm::Database::connect("sqlite::memory:");
        rehearse(&memory.await.map_err(storage_error)?).await?
    };
    let source_catalogue = catalogue::read(db).await?;
    let plan = if from.is_postgres() {
        plan::derive(&target_catalogue, &source_catalogue)?
    } else {
        plan::derive(&source_catalogue, &target_catalogue)?
    };

    begin(&mut source, &source_catalogue, meanwhile).await?;
    let (tables, unmovable) = scan(&mut source, plan, observer).await?;
    observer(&MoveStep::Verifying(MoveSide::Source));
    let violations = source_storage.verify().await?;
    let unmovable = with_overlaps(unmovable, &violations);
    if !unmovable.0.is_empty() {
        return Err(MoveError::Unmovable {
            found: unmovable.0,
            more: unmovable.1,
        });
    }
    let fingerprint = digest::fingerprint(tables.iter().map(|(table, digest)| (table, digest)));
    if let Some(into) = &target_record.into
        && into.fingerprint != fingerprint
        && !request.start_over
    {
        return Err(MoveError::SourceChanged);
    }
    Ok(Examination::Possible(Box::new(Examined {
        source,
        source_record,
        target_storage,
        target_record,
        tables,
        fingerprint,
        violations,
        from,
        to,
    })))
}

/// Refuses where servers, workers or commands are connected to PostgreSQL. Those that were killed a moment ago are waited
/// for. Who uses a SQLite file, its lock says.
pub(super) async fn unused(side: &mut Connected, which: MoveSide) -> Result<(), MoveError> {
    if !side.is_postgres() {
        return Ok(());
    }
    let others = format!(
        "select count(*) from pg_stat_activity
        where datname = current_database() and application_name = '{OTHERS}' and pid <> pg_backend_pid()"
    );
    let mut waited = std::time::Duration::ZERO;
    let pause = std::time::Duration::from_millis(200);
    loop {
        // What was seen once in a transaction would be seen until it ends.
        side.run("select pg_stat_clear_snapshot()")
            .await
            .map_err(driver)?;
        match side.number(&others).await.map_err(driver)? {
            0 => return Ok(()),
            connections if waited >= PATIENCE / 2 => {
                return Err(MoveError::InUse {
                    side: which,
                    detail: format!(": {connections} connections of Kalends are open"),
                });
            }
            _ => {
                tokio::time::sleep(pause).await;
                waited += pause;
            }
        }
    }
}

/// Everything that is read from here on is of one moment.
async fn begin(
    source: &mut Connected,
    catalogue: &Catalogue,
    meanwhile: Meanwhile,
) -> Result<(), MoveError> {
    let begin = match (source.is_postgres(), meanwhile) {
        (true, Meanwhile::Used) => "begin isolation level repeatable read, read only".to_owned(),
        (true, Meanwhile::Locked) => {
            let tables: Vec<String> = catalogue.keys().map(|name| quoted(name)).collect();
            format!(
                "begin isolation level repeatable read; lock table {} in share mode",
                tables.join(", ")
            )
        }
        (false, Meanwhile::Used) => "begin".to_owned(),
        (false, Meanwhile::Locked) => "begin immediate".to_owned(),
    };
    source
        .run(&begin)
        .await
        .map_err(|error| match stored(error) {
            StorageError::Unavailable(_) => MoveError::InUse {
                side: MoveSide::Source,
                detail: ": something is writing to it".to_owned(),
            },
            error => MoveError::Storage(error),
        })
}

async fn up_to_date(db: &DatabaseConnection) -> Result<(), MoveError> {
    let standing = compatibility::look(db).await.map_err(storage_error)?;
    if let Some(migration) = standing.unknown.into_iter().next() {
        return Err(MoveError::Later {
            side: MoveSide::Source,
            migration,
        });
    }
    if standing.pending.is_empty() {
        Ok(())
    } else {
        Err(MoveError::Outdated(standing.pending))
    }
}

/// Whether what the two know of moves goes together; the fingerprint of a move that was made before.
fn fits(source: &Record, target: &Record) -> Result<Option<String>, MoveError> {
    if source.is_being_filled()
        && let Some(into) = &source.into
    {
        return Err(MoveError::BeingFilled {
            from: into.counterpart.clone(),
        });
    }
    let Some(out) = &source.out else {
        return Ok(None);
    };
    match &target.into {
        Some(into) if into.fingerprint == out.fingerprint => {
            Ok(into.finished_at.map(|_| into.fingerprint.clone()))
        }
        _ => Err(MoveError::MovedAway {
            to: out.counterpart.clone(),
        }),
    }
}

async fn right_encoding(target: &mut Connected) -> Result<(), MoveError> {
    if !target.is_postgres() {
        return Ok(());
    }
    let encoding = target
        .texts("select current_setting('server_encoding')")
        .await
        .map_err(driver)?
        .pop()
        .unwrap_or_default();
    match encoding.as_str() {
        "UTF8" => Ok(()),
        _ => Err(MoveError::Encoding(encoding)),
    }
}

/// Refuses a target that holds anything.
pub(super) async fn is_empty(db: &impl ConnectionTrait) -> Result<(), MoveError> {
    let mut full = Vec::new();
    for table in catalogue::read(db)
        .await?
        .keys()
        .filter(|name| !stays(name))
    {
        let count = format!("select count(*) from {}", quoted(table));
        let row = sql::row(db, count, []).await?;
        let rows: i64 = row.map_or(Ok(0), |row| sql::get(&row, 0))?;
        if rows > 0 {
            full.push((table.clone(), u64::try_from(rows).unwrap_or_default()));
        }
    }
    // Also one that a move of nothing was finished into.
    if full.is_empty() && state::read(db).await?.into.is_some() {
        full.push(("moves".to_owned(), 1));
    }
    if full.is_empty() {
        Ok(())
    } else {
        Err(MoveError::NotEmpty(full))
    }
}

/// The catalogue that the target will have once it is migrated: it is, and that is taken back.
async fn rehearse(db: &DatabaseConnection) -> Result<Catalogue, MoveError> {
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    let begun = db.begin_with_options(options).await;
    let transaction = begun.map_err(storage_error)?;
    let standing = compatibility::look(&transaction)
        .await
        .map_err(storage_error)?;
    if let Some(migration) = standing.unknown.into_iter().next() {
        return Err(MoveError::Later {
            side: MoveSide::Target,
            migration,
        });
    }
    Migrator::up(&transaction, None)
        .await
        .map_err(|error| MoveError::Migrate(storage_error(error)))?;
    let catalogue = catalogue::read(&transaction).await?;
    transaction.rollback().await.map_err(storage_error)?;
    Ok(catalogue)
}

/// What cannot be moved as far as it is listed, and how much there is besides.
type Listed = (Vec<Unmovable>, usize);

/// Reads the whole source: how many rows each table has, their sum, and what the target cannot hold.
async fn scan(
    source: &mut Connected,
    plan: Vec<PlannedTable>,
    observer: Observer<'_>,
) -> Result<(Vec<(PlannedTable, Digest)>, Listed), MoveError> {
    sound(source).await?;
    let (mut found, mut more) = (Vec::new(), 0);
    let mut keep = |unmovable: Vec<Unmovable>| {
        let room = LISTED.saturating_sub(found.len());
        more += unmovable.len().saturating_sub(room);
        found.extend(unmovable.into_iter().take(room));
    };
    keep(dangling(source).await?);
    let mut tables = Vec::new();
    for table in plan {
        let digest = digest(source, &table, &mut keep).await?;
        observer(&MoveStep::Examined {
            table: &table.name,
            rows: digest.rows,
        });
        tables.push((table, digest));
    }
    Ok((tables, (found, more)))
}

/// The rows of a table and their sum.
pub(super) async fn digest(
    side: &mut Connected,
    table: &PlannedTable,
    keep: &mut impl FnMut(Vec<Unmovable>),
) -> Result<Digest, MoveError> {
    let mut digest = Digest::default();
    let mut fields = Vec::new();
    let mut rows = side.rows(table);
    while let Some(found) = rows.next().await.map_err(driver)? {
        fields.clear();
        let mut unmovable = Vec::new();
        found
            .put(table, &mut fields, &mut unmovable)
            .map_err(driver)?;
        if !unmovable.is_empty() {
            keep(unmovable);
        }
        digest.add(&fields);
    }
    Ok(digest)
}

/// Whether SQLite itself finds its file in order, rows against their checks too.
async fn sound(source: &mut Connected) -> Result<(), MoveError> {
    if source.is_postgres() {
        return Ok(());
    }
    let check = format!("pragma integrity_check({COMPLAINTS})");
    let mut complaints = source.texts(&check).await.map_err(driver)?;
    complaints.retain(|complaint| complaint != "ok");
    let encoding = source.texts("pragma encoding").await.map_err(driver)?;
    if encoding != ["UTF-8"] {
        complaints.push(format!("its text is kept as {}", encoding.join(", ")));
    }
    if complaints.is_empty() {
        Ok(())
    } else {
        Err(MoveError::Unsound(complaints))
    }
}

/// Rows that name others which are not there: PostgreSQL takes none of them.
async fn dangling(source: &mut Connected) -> Result<Vec<Unmovable>, MoveError> {
    if source.is_postgres() {
        return Ok(Vec::new());
    }
    let query = "select \"table\" || char(10) || coalesce(rowid, '') || char(10) || parent from pragma_foreign_key_check";
    let lines = source.texts(query).await.map_err(driver)?;
    let mut named: BTreeMap<(String, String, String), u64> = BTreeMap::new();
    for line in lines {
        let mut parts = line.splitn(3, '\n').map(str::to_owned);
        let mut part = || parts.next().unwrap_or_default();
        *named.entry((part(), part(), part())).or_default() += 1;
    }
    Ok(named
        .into_iter()
        .map(|((table, number, parent), count)| Unmovable {
            row: match number.as_str() {
                "" => format!("without a number ({count} of them)"),
                number => format!("number {number}"),
            },
            table,
            column: None,
            reason: format!("names a row of {parent} that is not there"),
        })
        .collect())
}

/// Claims that overlap, which the other database's constraint refuses.
fn with_overlaps(listed: Listed, violations: &[Violation]) -> Listed {
    let (mut found, more) = listed;
    for violation in violations {
        if let Violation::ClaimsOverlap { host, at, .. } = violation {
            found.push(Unmovable {
                table: "claims".to_owned(),
                column: None,
                row: format!("{host}/{}", at.timestamp_micros()),
                reason: format!("is refused: {violation}"),
            });
        }
    }
    (found, more)
}
