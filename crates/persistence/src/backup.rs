//! Copies of a SQLite database: made while it is in use, and looked at before one takes its place.

use std::path::{Path, PathBuf};

use scheduling_core::ports::StorageError;
use scheduling_migration::{self as migration, Fitness, Reason};
use sea_orm::DbBackend;
use sea_orm::sqlx::ConnectOptions as _;
use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::sqlx::{self, Connection as _, Row as _};
use thiserror::Error;

use crate::SeaOrmStorage;

/// Why there is no copy, or why a copy cannot be used.
#[derive(Debug, Error)]
pub enum BackupError {
    /// PostgreSQL has tools of its own: `pg_dump` and `pg_restore`.
    #[error("only a SQLite database is copied this way; use pg_dump and pg_restore for PostgreSQL")]
    NotSqlite,
    /// Something is in the way.
    #[error("{} exists; a copy never replaces anything", .0.display())]
    Exists(PathBuf),
    /// A path that is no text.
    #[error("{} cannot be named to the database", .0.display())]
    Path(PathBuf),
    /// The file cannot be made, or made lasting.
    #[error("{} cannot be written", .path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It is no database, or a damaged one.
    #[error("the file is no sound database: {0}")]
    Damaged(String),
    /// It is a database of another kind.
    #[error("the file is a database, but none of Kalends")]
    Foreign,
    /// It was written by a later release, and is of no use to this one.
    #[error("the file was written by a later release: {0}")]
    Later(Reason),
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl SeaOrmStorage {
    /// Copies the whole database into a new file, as it is at one moment, while others read and write on. The file is
    /// readable by its owner alone, and on the disk when this returns.
    ///
    /// # Errors
    /// [`BackupError`]; then no file is left behind.
    pub async fn back_up(&self, to: &Path) -> Result<(), BackupError> {
        let reader = self.reader();
        if reader.get_database_backend() != DbBackend::Sqlite {
            return Err(BackupError::NotSqlite);
        }
        let text = to
            .to_str()
            .ok_or_else(|| BackupError::Path(to.to_owned()))?;
        let failed = |error: sqlx::Error| StorageError::Other(error.into());
        // A connection that leaves the pool for good: readers may not even write into another file.
        let pool = reader.get_sqlite_connection_pool();
        let mut connection = pool.acquire().await.map_err(failed)?.detach();
        let file = create(to)?;
        let copied = async {
            sqlx::query("pragma query_only = off")
                .execute(&mut connection)
                .await?;
            sqlx::query("vacuum into ?")
                .bind(text)
                .execute(&mut connection)
                .await
        };
        let copied = copied.await.map_err(failed);
        let lasting = copied.map_err(BackupError::from).and_then(|_| {
            file.sync_all().map_err(|source| BackupError::Io {
                path: to.to_owned(),
                source,
            })
        });
        if lasting.is_err() {
            // It was made a moment ago and holds nothing whole.
            let _ = std::fs::remove_file(to);
        }
        // It has nothing to lose by not ending well.
        let _ = connection.close().await;
        lasting
    }
}

/// Makes an empty file that only its owner can read; SQLite fills an empty one.
fn create(path: &Path) -> Result<std::fs::File, BackupError> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path).map_err(|source| {
        if source.kind() == std::io::ErrorKind::AlreadyExists {
            BackupError::Exists(path.to_owned())
        } else {
            BackupError::Io {
                path: path.to_owned(),
                source,
            }
        }
    })
}

/// Looks whether a file is a sound database of this release or an earlier one. Writes nothing.
///
/// # Errors
/// [`BackupError`].
pub async fn check_backup(path: &Path) -> Result<(), BackupError> {
    let damaged = |error: sqlx::Error| BackupError::Damaged(error.to_string());
    let options = SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        .immutable(true)
        .disable_statement_logging();
    let mut connection = options.connect().await.map_err(damaged)?;
    let complaints: Vec<String> = sqlx::query("pragma integrity_check(3)")
        .fetch_all(&mut connection)
        .await
        .map_err(damaged)?
        .iter()
        .map(|row| row.try_get::<String, _>(0).unwrap_or_default())
        .collect();
    if complaints != ["ok"] {
        return Err(BackupError::Damaged(complaints.join("; ")));
    }
    let applied = sqlx::query("select version from seaql_migrations order by version")
        .fetch_all(&mut connection)
        .await;
    let applied: Vec<String> = match applied {
        Ok(rows) => rows
            .iter()
            .map(|row| row.try_get::<String, _>(0).unwrap_or_default())
            .collect(),
        Err(sqlx::Error::Database(_no_such_table)) => return Err(BackupError::Foreign),
        Err(error) => return Err(damaged(error)),
    };
    let known = migration::names();
    if !applied.iter().any(|name| known.contains(name)) {
        return Err(BackupError::Foreign);
    }
    let required = sqlx::query("select oldest from schema_compatibility")
        .fetch_optional(&mut connection)
        .await;
    let required = match required {
        Ok(row) => row.map(|row| row.try_get(0).unwrap_or_default()),
        // A copy of before there was one.
        Err(sqlx::Error::Database(_no_such_table)) => None,
        Err(error) => return Err(damaged(error)),
    };
    if let Fitness::Foreign(reason) =
        migration::compatibility::standing(applied, required).fitness()
    {
        return Err(BackupError::Later(reason));
    }
    // A reader has nothing to lose by a connection that does not close well.
    let _ = connection.close().await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use sea_orm::{ConnectionTrait as _, Statement};

    use super::*;
    use crate::ConnectOptions;

    fn url(path: &Path) -> String {
        format!("sqlite:{}", path.display())
    }

    async fn database(path: &Path) -> SeaOrmStorage {
        let (url, options) = (url(path), ConnectOptions::default());
        let storage = SeaOrmStorage::connect(&url, &options).await.unwrap();
        storage.migrate().await.unwrap();
        storage
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_copy_is_whole_while_others_write() {
        let folder = tempfile::tempdir().unwrap();
        let storage = database(&folder.path().join("kalends.db")).await;
        let stop = Arc::new(AtomicBool::new(false));
        let writer = tokio::spawn({
            let (storage, stop) = (storage.clone(), Arc::clone(&stop));
            async move {
                let mut written = 0_u32;
                while !stop.load(Ordering::Relaxed) {
                    // Two rows that belong together: a copy has both or neither.
                    let transaction = storage.begin_writing().await.unwrap();
                    for name in ["left", "right"] {
                        let sql = format!(
                            "insert into workspaces (id, slug, name) values (randomblob(16), '{name}-{written}', 'W')"
                        );
                        transaction.execute_unprepared(&sql).await.unwrap();
                    }
                    transaction.commit().await.unwrap();
                    written += 1;
                }
                written
            }
        });
        let mut copies = Vec::new();
        for number in 0..5 {
            let copy = folder.path().join(format!("copy-{number}.db"));
            storage.back_up(&copy).await.unwrap();
            copies.push(copy);
        }
        stop.store(true, Ordering::Relaxed);
        assert!(writer.await.unwrap() > 0);
        for copy in copies {
            check_backup(&copy).await.unwrap();
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt as _;
                let mode = std::fs::metadata(&copy).unwrap().permissions().mode();
                assert_eq!(mode & 0o777, 0o600);
            }
            let opened = database(&copy).await;
            let halves = opened
                .reader()
                .query_one_raw(Statement::from_string(
                    DbBackend::Sqlite,
                    "select sum(slug like 'left-%') - sum(slug like 'right-%') from workspaces",
                ))
                .await
                .unwrap()
                .unwrap();
            let difference: Option<i64> = halves.try_get_by_index(0).unwrap();
            assert_eq!(difference.unwrap_or(0), 0);
        }
    }

    #[tokio::test]
    async fn a_copy_replaces_nothing_and_needs_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let storage = database(&folder.path().join("kalends.db")).await;
        let there = folder.path().join("there.db");
        std::fs::write(&there, "precious").unwrap();
        assert!(matches!(
            storage.back_up(&there).await,
            Err(BackupError::Exists(_))
        ));
        assert_eq!(std::fs::read_to_string(&there).unwrap(), "precious");
        let nowhere = folder.path().join("no/such/copy.db");
        assert!(matches!(
            storage.back_up(&nowhere).await,
            Err(BackupError::Io { .. })
        ));
    }

    #[tokio::test]
    async fn what_is_no_sound_copy_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let storage = database(&path("kalends.db")).await;
        storage.back_up(&path("good.db")).await.unwrap();
        check_backup(&path("good.db")).await.unwrap();

        let refused = async |name: &str| check_backup(&path(name)).await.unwrap_err().to_string();
        assert!(refused("missing.db").await.contains("no sound database"));
        std::fs::write(path("text.db"), "not a database at all, by far".repeat(100)).unwrap();
        assert!(refused("text.db").await.contains("no sound database"));
        std::fs::write(path("empty.db"), "").unwrap();
        assert_eq!(
            refused("empty.db").await,
            "the file is a database, but none of Kalends"
        );
        let good = std::fs::read(path("good.db")).unwrap();
        std::fs::write(path("half.db"), &good[..good.len() / 2]).unwrap();
        assert!(refused("half.db").await.contains("no sound database"));

        let later = database(&path("later.db")).await;
        let by_hand = async |sql: &str| {
            let transaction = later.begin_writing().await.unwrap();
            transaction.execute_unprepared(sql).await.unwrap();
            transaction.commit().await.unwrap();
        };
        by_hand("insert into seaql_migrations (version, applied_at) values ('m29991231_235959_later', 0)").await;
        // What only adds does not matter to this program.
        later.back_up(&path("copy-of-ahead.db")).await.unwrap();
        check_backup(&path("copy-of-ahead.db")).await.unwrap();
        by_hand("update schema_compatibility set oldest = 'm29991231_235959_later'").await;
        later.back_up(&path("copy-of-later.db")).await.unwrap();
        let complaint = refused("copy-of-later.db").await;
        assert!(
            complaint.starts_with("the file was written by a later release")
                && complaint.contains("m29991231_235959_later"),
            "{complaint}"
        );
    }
}
