//! From a database's complaint to the port's error.

use std::fmt::Display;

use scheduling_core::ports::StorageError;
use scheduling_core::ports::error::Source;
use sea_orm::sqlx::error::DatabaseError;
use sea_orm::sqlx::postgres::PgDatabaseError;
use sea_orm::{DbErr, RuntimeErr, SqlxError};

/// What a database's complaint means to a use case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Conflict,
    Unavailable,
    Other,
}

/// Turns what SeaORM says into the port's error.
pub(crate) fn storage_error(error: DbErr) -> StorageError {
    match meaning(&error) {
        Meaning::Conflict => StorageError::Conflict,
        Meaning::Unavailable => StorageError::Unavailable(error.into()),
        Meaning::Other => StorageError::Other(error.into()),
    }
}

fn meaning(error: &DbErr) -> Meaning {
    let (DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause))) =
        error
    else {
        // Whatever keeps a connection from being made, the database does not answer.
        return match error {
            DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => Meaning::Unavailable,
            _ => Meaning::Other,
        };
    };
    match cause.as_ref() {
        SqlxError::Database(complaint) => by_code(complaint.as_ref()),
        SqlxError::Io(_)
        | SqlxError::Tls(_)
        | SqlxError::PoolTimedOut
        | SqlxError::PoolClosed
        | SqlxError::WorkerCrashed => Meaning::Unavailable,
        _ => Meaning::Other,
    }
}

fn by_code(complaint: &dyn DatabaseError) -> Meaning {
    let code = complaint.code().unwrap_or_default();
    if complaint.try_downcast_ref::<PgDatabaseError>().is_some() {
        postgres(&code)
    } else {
        code.parse().map_or(Meaning::Other, sqlite)
    }
}

/// By SQLSTATE, <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
fn postgres(code: &str) -> Meaning {
    match code {
        // Exclusion and unique constraints; a transaction that must start again, also because of a deadlock.
        "23P01" | "23505" | "40001" | "40P01" => Meaning::Conflict,
        // A lock or a statement that took too long; a session that was ended; a server that starts or stops.
        "55P03" | "57014" | "57P01" | "57P02" | "57P03" | "25P03" => Meaning::Unavailable,
        // Connection exceptions, and resources (connections, memory, disk) that ran out.
        _ if code.starts_with("08") || code.starts_with("53") => Meaning::Unavailable,
        _ => Meaning::Other,
    }
}

/// By extended result code, <https://www.sqlite.org/rescode.html>.
fn sqlite(code: u32) -> Meaning {
    const PRIMARY_CODE: u32 = 0xff;
    match code {
        // Primary key, row id and unique constraints; a trigger that raised; a snapshot that is too old to write on.
        1555 | 2579 | 2067 | 1811 | 517 => Meaning::Conflict,
        _ => match code & PRIMARY_CODE {
            // Busy, locked, input or output, full disk, cannot open.
            5 | 6 | 10 | 13 | 14 => Meaning::Unavailable,
            _ => Meaning::Other,
        },
    }
}

/// A stored value that cannot be what it should be.
pub(crate) fn corrupt(
    table: &'static str,
    column: &'static str,
    row: impl Display,
    source: impl Into<Source>,
) -> StorageError {
    StorageError::Corrupt {
        table,
        column,
        row: row.to_string(),
        source: source.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_mean_what_the_databases_document() {
        for code in ["23P01", "23505", "40001", "40P01"] {
            assert_eq!(postgres(code), Meaning::Conflict, "{code}");
        }
        for code in ["08006", "53300", "53100", "57P01", "55P03", "57014"] {
            assert_eq!(postgres(code), Meaning::Unavailable, "{code}");
        }
        for code in ["23503", "42601", "25P02", ""] {
            assert_eq!(postgres(code), Meaning::Other, "{code}");
        }
        for code in [1555, 2067, 2579, 1811, 517] {
            assert_eq!(sqlite(code), Meaning::Conflict, "{code}");
        }
        for code in [5, 261, 6, 13, 14, 10, 266] {
            assert_eq!(sqlite(code), Meaning::Unavailable, "{code}");
        }
        for code in [1, 275, 787, 19] {
            assert_eq!(sqlite(code), Meaning::Other, "{code}");
        }
    }

    #[test]
    fn a_pool_that_does_not_give_a_connection_is_unavailable() {
        let timeout = DbErr::ConnectionAcquire(sea_orm::ConnAcquireErr::Timeout);
        assert_eq!(meaning(&timeout), Meaning::Unavailable);
        let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        for cause in [SqlxError::Io(refused), SqlxError::Protocol("what?".into())] {
            let refused = DbErr::Conn(RuntimeErr::SqlxError(std::sync::Arc::new(cause)));
            assert_eq!(meaning(&refused), Meaning::Unavailable);
        }
        assert_eq!(meaning(&DbErr::Custom(String::new())), Meaning::Other);
    }
}
