//! Connecting, migrating and beginning.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scheduling_core::ports::{
    Revisions, SlotFacts, SlotQuery, SlotSources, Storage, StorageError, UnitOfWork,
};
use scheduling_migration::{self as migration, Fitness, Reason};
use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::sqlx::{Connection as _, SqliteConnection};
use sea_orm::{
    AccessMode, Database, DatabaseConnection, DatabaseTransaction, DbBackend, IsolationLevel,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use thiserror::Error;
use tracing::instrument;

use crate::clock;
use crate::error::storage_error;
use crate::lost::over_the_dead;
use crate::repository::{revisions, slot_facts};
use crate::uncut::uncut;
use crate::verify::{self, Violation};
use crate::{ConnectOptions, Durability, LeaseClock, SeaOrmUnitOfWork};

/// A connection that idled this long is asked whether it still lives before it is used. Asking each time would cost
/// every transaction a round trip.
const ASK_AFTER_IDLE: Duration = Duration::from_secs(30);

/// A client that went away in the middle of a transaction gives its locks back after this long.
const IDLE_IN_TRANSACTION: &str = "60s";

/// Storage in a SQLite file or a PostgreSQL database. Clones share the connections.
#[derive(Debug, Clone)]
pub struct SeaOrmStorage {
    writer: DatabaseConnection,
    reader: DatabaseConnection,
    lease_clock: LeaseClock,
}

/// How a database's schema stands to this program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Schema {
    /// It is what this program makes.
    UpToDate,
    /// It has migrations of a later release, named here, that do not matter to this program: it works as it is.
    Ahead(Vec<String>),
    /// It lacks the migrations that are named here.
    Behind(Vec<String>),
    /// This program must leave it alone.
    Foreign(Reason),
}

/// A URL that names no database this crate can keep things in.
#[derive(Debug, Error)]
enum UnusableUrl {
    #[error("a database URL begins with sqlite: or postgres:")]
    Scheme,
    #[error("a SQLite database in memory has no connections to share; name a file")]
    InMemory,
}

impl SeaOrmStorage {
    /// Connects to `sqlite:path/to/file.db` (made when it is missing, in a folder that exists) or
    /// `postgres://user@host/database`. Changes nothing in the database; see [`migrate`](Self::migrate).
    ///
    /// # Errors
    /// [`StorageError::Unavailable`] when the database does not answer, [`StorageError::Other`] for a URL that is none.
    pub async fn connect(url: &str, options: &ConnectOptions) -> Result<Self, StorageError> {
        if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            Self::connect_postgres(url, options).await
        } else if url.starts_with("sqlite:") {
            Self::connect_sqlite(url, options).await
        } else {
            Err(StorageError::Other(UnusableUrl::Scheme.into()))
        }
    }

    async fn connect_postgres(url: &str, options: &ConnectOptions) -> Result<Self, StorageError> {
        let lock_timeout = format!("{}ms", options.lock_timeout.as_millis());
        // 0 is for ever.
        let statement_timeout = options.statement_timeout.unwrap_or_default();
        let statement_timeout = format!("{}ms", statement_timeout.as_millis());
        let pool = |size: u32| {
            let mut pool = pool_options(url, size, options);
            let lock_timeout = lock_timeout.clone();
            let statement_timeout = statement_timeout.clone();
            pool.test_before_acquire_if_idle_for(ASK_AFTER_IDLE)
                .map_sqlx_postgres_opts(move |connection| {
                    connection.application_name("kalends").options([
                        ("lock_timeout", lock_timeout.as_str()),
                        ("statement_timeout", statement_timeout.as_str()),
                        ("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION),
                    ])
                });
            pool
        };
        Ok(Self {
            writer: open(pool(options.writers)).await?,
            reader: open(pool(options.readers)).await?,
            lease_clock: options.lease_clock,
        })
    }

    async fn connect_sqlite(url: &str, options: &ConnectOptions) -> Result<Self, StorageError> {
        if url.contains(":memory:") || url.contains("mode=memory") {
            return Err(StorageError::Other(UnusableUrl::InMemory.into()));
        }
        let busy_timeout = options.lock_timeout;
        let synchronous = match options.durability {
            Durability::PowerCut => SqliteSynchronous::Full,
            Durability::ProcessEnd => SqliteSynchronous::Normal,
        };
        let mut writer = pool_options(url, 1, options);
        writer
            .test_before_acquire(false)
            .map_sqlx_sqlite_pool_opts(|pool| {
                pool.before_acquire(|connection, _| Box::pin(async { Ok(is_at_rest(connection)) }))
            })
            .map_sqlx_sqlite_opts(move |connection| {
                connection
                    .create_if_missing(true)
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(synchronous)
                    .busy_timeout(busy_timeout)
                    .foreign_keys(true)
            });
        let mut reader = pool_options(url, options.readers, options);
        reader
            .test_before_acquire(false)
            .map_sqlx_sqlite_opts(move |connection| {
                // Not `read_only`, which could not open a database whose log was left behind by a crash.
                connection
                    .create_if_missing(false)
                    .busy_timeout(busy_timeout)
                    .pragma("query_only", "on")
            });
        Ok(Self {
            // First, since it makes the file and turns the log on.
            writer: open(writer).await?,
            reader: open(reader).await?,
            lease_clock: options.lease_clock,
        })
    }

    /// Takes connections that the caller opened. On SQLite the writer must have one connection, or writers meet
    /// `database is locked`; and it must have foreign keys turned on.
    pub fn from_connections(writer: DatabaseConnection, reader: DatabaseConnection) -> Self {
        Self {
            writer,
            reader,
            lease_clock: LeaseClock::default(),
        }
    }

    /// Brings the database up to date. Several nodes may do so at once: one works, the others wait. A schema that a later
    /// release made and that this program can work with is left as it is.
    ///
    /// # Errors
    /// [`StorageError`]; also when this program must leave the schema alone ([`Schema::Foreign`]). Then nothing changed.
    pub async fn migrate(&self) -> Result<(), StorageError> {
        migration::apply(&self.writer).await.map_err(storage_error)
    }

    /// What the database's clock shows, in whole microseconds. None on SQLite, which has none of its own.
    ///
    /// # Errors
    /// [`StorageError`] when the database does not answer.
    pub async fn now(&self) -> Result<Option<DateTime<Utc>>, StorageError> {
        over_the_dead(|| clock::read(&self.reader)).await
    }

    /// How the database's schema stands to this program. Writes nothing.
    ///
    /// # Errors
    /// [`StorageError`] when the database does not answer.
    pub async fn schema(&self) -> Result<Schema, StorageError> {
        let standing =
            over_the_dead(|| async { migration::look(&self.reader).await.map_err(storage_error) })
                .await?;
        Ok(match standing.fitness() {
            Fitness::UpToDate => Schema::UpToDate,
            Fitness::Ahead => Schema::Ahead(standing.unknown),
            Fitness::Behind => Schema::Behind(standing.pending),
            Fitness::Foreign(reason) => Schema::Foreign(reason),
        })
    }

    /// The migrations that the database lacks, in order: none when it is ready. Writes nothing.
    ///
    /// # Errors
    /// [`StorageError`]; also when this program must leave the schema alone ([`Schema::Foreign`]).
    pub async fn pending_migrations(&self) -> Result<Vec<String>, StorageError> {
        match self.schema().await? {
            Schema::UpToDate | Schema::Ahead(_) => Ok(Vec::new()),
            Schema::Behind(pending) => Ok(pending),
            Schema::Foreign(reason) => Err(StorageError::Other(reason.into())),
        }
    }

    /// Re-checks the whole database and names everything in it that should not be. None is the only good answer.
    ///
    /// # Errors
    /// [`StorageError`] when the database cannot be read.
    pub async fn verify(&self) -> Result<Vec<Violation>, StorageError> {
        let transaction = self.begin_reading().await?;
        let violations = verify::violations(&transaction).await?;
        transaction.rollback().await.map_err(storage_error)?;
        Ok(violations)
    }

    /// Waits for the connections to end, and ends them.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn close(self) -> Result<(), StorageError> {
        // The readers first: whoever closes a SQLite database last folds its log into the file, which needs writing.
        self.reader.close().await.map_err(storage_error)?;
        self.writer.close().await.map_err(storage_error)
    }

    pub(crate) fn reader(&self) -> &DatabaseConnection {
        &self.reader
    }

    pub(crate) fn writer(&self) -> &DatabaseConnection {
        &self.writer
    }

    fn unit_of_work(&self, transaction: DatabaseTransaction) -> SeaOrmUnitOfWork {
        SeaOrmUnitOfWork::from_transaction(transaction).with_lease_clock(self.lease_clock)
    }

    pub(crate) async fn begin_writing(&self) -> Result<DatabaseTransaction, StorageError> {
        // Immediate: the write lock at once. One that was taken later would fail whenever another wrote in between.
        // PostgreSQL ignores the mode.
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        over_the_dead(|| begin(&self.writer, options)).await
    }

    pub(crate) async fn begin_reading(&self) -> Result<DatabaseTransaction, StorageError> {
        let options = match self.reader.get_database_backend() {
            // One snapshot for the whole transaction.
            DbBackend::Postgres => TransactionOptions {
                isolation_level: Some(IsolationLevel::RepeatableRead),
                access_mode: Some(AccessMode::ReadOnly),
                sqlite_transaction_mode: None,
            },
            _ => TransactionOptions {
                sqlite_transaction_mode: Some(SqliteTransactionMode::Deferred),
                ..TransactionOptions::default()
            },
        };
        over_the_dead(|| begin(&self.reader, options)).await
    }
}

/// Begins, and whoever stops waiting for it leaves nothing half begun.
async fn begin(
    pool: &DatabaseConnection,
    options: TransactionOptions,
) -> Result<DatabaseTransaction, StorageError> {
    let pool = pool.clone();
    let begun = uncut(async move { pool.begin_with_options(options).await });
    begun.await.map_err(storage_error)
}

/// Whether a connection has no transaction left from its last use; else it is closed, and another takes its place.
///
/// On a full disk or a failing one, SQLite rolls a transaction back by itself. The driver's own rollback then fails and
/// leaves its count of open transactions too high: the next transaction would be a savepoint in one that nobody
/// commits, and would lose what it seems to store.
fn is_at_rest(connection: &SqliteConnection) -> bool {
    !connection.is_in_transaction()
}

fn pool_options(url: &str, size: u32, options: &ConnectOptions) -> sea_orm::ConnectOptions {
    let mut pool = sea_orm::ConnectOptions::new(url);
    pool.max_connections(size.max(1))
        .acquire_timeout(options.acquire_timeout)
        .sqlx_logging(false);
    pool
}

async fn open(pool: sea_orm::ConnectOptions) -> Result<DatabaseConnection, StorageError> {
    Database::connect(pool)
        .await
        .map_err(|error| match storage_error(error) {
            // Whatever keeps a database from opening, it does not answer.
            StorageError::Other(source) => StorageError::Unavailable(source),
            error => error,
        })
}

#[async_trait]
impl Storage for SeaOrmStorage {
    #[instrument(level = "debug", skip_all)]
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StorageError> {
        let transaction = self.begin_writing().await?;
        Ok(Box::new(self.unit_of_work(transaction)))
    }

    #[instrument(level = "debug", skip_all)]
    async fn begin_read(&self) -> Result<Box<dyn UnitOfWork>, StorageError> {
        let transaction = self.begin_reading().await?;
        Ok(Box::new(self.unit_of_work(transaction)))
    }

    /// One statement without a transaction around it: on PostgreSQL a third of the round trips.
    #[instrument(level = "debug", skip_all)]
    async fn revisions(&self, sources: &SlotSources) -> Result<Revisions, StorageError> {
        over_the_dead(|| revisions::read(&self.reader, sources)).await
    }

    /// The same: one statement sees one state.
    #[instrument(level = "debug", skip_all)]
    async fn slot_facts(&self, query: &SlotQuery) -> Result<SlotFacts, StorageError> {
        match over_the_dead(|| slot_facts::read(&self.reader, query)).await? {
            Some(facts) => Ok(facts),
            None => SlotFacts::read(&mut *self.begin_read().await?, query).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::ConnectionTrait as _;

    use super::*;

    #[tokio::test]
    async fn what_is_committed_after_a_full_disk_is_stored() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("kalends.db").display());
        let options = ConnectOptions::default();
        let storage = SeaOrmStorage::connect(&url, &options).await.unwrap();
        let writer = &storage.writer;
        writer
            .execute_unprepared("create table t (x)")
            .await
            .unwrap();
        // The database must not grow beyond these pages, as if the disk had no more room.
        let full = "pragma max_page_count = 3";
        writer.execute_unprepared(full).await.unwrap();
        let transaction = storage.begin_writing().await.unwrap();
        let refused = transaction.execute_unprepared("insert into t values (zeroblob(100000))");
        refused.await.unwrap_err();
        drop(transaction);
        // Some other use case changes its mind, as happens all the time.
        let transaction = storage.begin_writing().await.unwrap();
        transaction.rollback().await.unwrap();

        let transaction = storage.begin_writing().await.unwrap();
        transaction
            .execute_unprepared("insert into t values (1)")
            .await
            .unwrap();
        transaction.commit().await.unwrap();
        let rows = storage
            .reader
            .query_one_raw(sea_orm::Statement::from_string(
                DbBackend::Sqlite,
                "select count(*) from t",
            ));
        let count: i64 = rows.await.unwrap().unwrap().try_get_by_index(0).unwrap();
        assert_eq!(count, 1);
    }
}
