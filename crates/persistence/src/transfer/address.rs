//! Where the two databases are, and connections to them that change nothing by being opened.

use std::path::PathBuf;
use std::str::FromStr as _;
use std::time::Duration;

use scheduling_core::ports::StorageError;
use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::sqlx::{self, ConnectOptions as _, PgConnection, SqliteConnection};
use sea_orm::{Database, DatabaseConnection};

use super::error::{MoveError, MoveSide, stored};
use crate::SeaOrmStorage;
use crate::error::storage_error;

/// How long to wait for whoever is about to end.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// What the sessions of servers, workers and commands are called on PostgreSQL.
pub(super) const OTHERS: &str = "kalends";
const OURS: &str = "kalends move";

/// One of the two databases.
#[derive(Debug, Clone)]
pub(super) enum Address {
    Sqlite(SqliteConnectOptions, String),
    Postgres(PgConnectOptions, String),
}

impl Address {
    pub(super) fn read(url: &str, side: MoveSide) -> Result<Self, MoveError> {
        let unreadable = |error: sqlx::Error| MoveError::Address {
            side,
            reason: match error {
                sqlx::Error::Configuration(cause) => cause.to_string(),
                other => other.to_string(),
            },
        };
        if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            let options = PgConnectOptions::from_str(url).map_err(unreadable)?;
            let options = options
                .application_name(OURS)
                .options([
                    (
                        "lock_timeout",
                        format!("{}ms", PATIENCE.as_millis()).as_str(),
                    ),
                    ("statement_timeout", "0"),
                    ("idle_in_transaction_session_timeout", "0"),
                ])
                .disable_statement_logging();
            Ok(Self::Postgres(options, url.to_owned()))
        } else if url.starts_with("sqlite:") && !url.contains("memory") {
            let options = SqliteConnectOptions::from_str(url).map_err(unreadable)?;
            let options = options
                .create_if_missing(false)
                .busy_timeout(PATIENCE)
                // Rows wait here between the thread that reads and us.
                .row_buffer_size(256)
                .disable_statement_logging();
            Ok(Self::Sqlite(options, url.to_owned()))
        } else {
            Err(MoveError::Address {
                side,
                reason: "it begins with sqlite: and names a file, or with postgres:".to_owned(),
            })
        }
    }

    pub(super) fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres(..))
    }

    /// The file of a SQLite database that is not there.
    pub(super) fn missing(&self) -> Option<PathBuf> {
        match self {
            Self::Sqlite(options, _) => {
                let file = options.get_filename();
                (!file.exists()).then(|| file.to_owned())
            }
            Self::Postgres(..) => None,
        }
    }

    /// The address without secrets.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Sqlite(options, _) => format!("sqlite:{}", options.get_filename().display()),
            Self::Postgres(options, _) => format!(
                "postgres://{}@{}:{}/{}",
                options.get_username(),
                options.get_host(),
                options.get_port(),
                options.get_database().unwrap_or(options.get_username())
            ),
        }
    }

    /// Opens it to look at, to migrate and to verify. A file that is missing is made only where `create` says so.
    pub(super) async fn storage(
        &self,
        side: MoveSide,
        create: bool,
    ) -> Result<SeaOrmStorage, MoveError> {
        let url = match self {
            Self::Sqlite(_, url) | Self::Postgres(_, url) => url,
        };
        let mut options = sea_orm::ConnectOptions::new(url);
        options
            .max_connections(1)
            .acquire_timeout(PATIENCE)
            .sqlx_logging(false);
        match self.clone() {
            Self::Sqlite(ours, _) => {
                options.map_sqlx_sqlite_opts(move |_| ours.clone().create_if_missing(create))
            }
            Self::Postgres(ours, _) => options.map_sqlx_postgres_opts(move |_| ours.clone()),
        };
        let connection: DatabaseConnection =
            Database::connect(options)
                .await
                .map_err(|error| MoveError::Unreachable {
                    side,
                    source: storage_error(error),
                })?;
        Ok(SeaOrmStorage::from_connections(
            connection.clone(),
            connection,
        ))
    }

    pub(super) async fn connect(&self, side: MoveSide) -> Result<Connected, MoveError> {
        let unreachable = |error: sqlx::Error| MoveError::Unreachable {
            side,
            source: match stored(error) {
                StorageError::Other(source) => StorageError::Unavailable(source),
                error => error,
            },
        };
        Ok(match self {
            Self::Sqlite(options, _) => {
                Connected::Sqlite(options.connect().await.map_err(unreachable)?)
            }
            Self::Postgres(options, _) => {
                Connected::Postgres(options.connect().await.map_err(unreachable)?)
            }
        })
    }
}

/// A connection of a move's own.
#[derive(Debug)]
pub(super) enum Connected {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}
