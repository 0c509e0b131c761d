//! Connections that have died in the pool.
//!
//! When a database is restarted, every connection that idles in a pool is dead, and whoever is handed one learns it by his
//! first statement. Nothing has been done then: with the next connection he begins again, and nobody needs to hear of it.

use scheduling_core::ports::StorageError;
use scheduling_core::ports::error::Source;
use sea_orm::{DbErr, RuntimeErr, SqlxError};

/// More than a pool has: once each dead connection was met, new ones are opened.
const MOST: u32 = 64;

/// Does something that can be done again, until it has met a connection that lives.
pub(crate) async fn over_the_dead<T, F>(mut attempt: impl FnMut() -> F) -> Result<T, StorageError>
where
    F: Future<Output = Result<T, StorageError>>,
{
    for _ in 0..MOST {
        match attempt().await {
            Err(StorageError::Unavailable(cause)) if is_dead(&cause) => {
                let cause = &*cause as &dyn std::error::Error;
                tracing::debug!(cause, "A connection has died; taking another one");
            }
            done => return done,
        }
    }
    attempt().await
}

/// Whether the connection was there and is no more. A database that cannot be reached is something else: connecting tries
/// that again by itself, for as long as is to be waited for a connection.
fn is_dead(cause: &Source) -> bool {
    let Some(
        DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause)),
    ) = cause.downcast_ref::<DbErr>()
    else {
        return false;
    };
    match cause.as_ref() {
        SqlxError::Io(_) => true,
        // The server ended the session: an administrator did, it stops, or another session crashed.
        SqlxError::Database(complaint) => complaint
            .code()
            .is_some_and(|code| matches!(code.as_ref(), "57P01" | "57P02")),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;

    use sea_orm::ConnAcquireErr;

    use super::*;
    use crate::error::storage_error;

    fn broken() -> StorageError {
        let io = io::Error::from(io::ErrorKind::BrokenPipe);
        let broken = RuntimeErr::SqlxError(Arc::new(SqlxError::Io(io)));
        storage_error(DbErr::Query(broken))
    }

    #[tokio::test]
    async fn dead_connections_are_passed_over_but_not_for_ever() {
        let mut dead = 3;
        let done = over_the_dead(|| {
            dead -= 1;
            let answer = if dead > 0 { Err(broken()) } else { Ok("done") };
            async { answer }
        });
        assert_eq!(done.await.unwrap(), "done");
        let mut asked = 0;
        let done: Result<(), _> = over_the_dead(|| {
            asked += 1;
            async { Err(broken()) }
        })
        .await;
        assert!(matches!(done, Err(StorageError::Unavailable(_))));
        assert_eq!(asked, MOST + 1);
    }

    #[tokio::test]
    async fn whatever_else_fails_is_told_at_once() {
        for error in [
            DbErr::ConnectionAcquire(ConnAcquireErr::Timeout),
            DbErr::Custom("no".to_owned()),
            DbErr::Query(RuntimeErr::SqlxError(Arc::new(SqlxError::RowNotFound))),
        ] {
            let mut asked = 0;
            let done: Result<(), _> = over_the_dead(|| {
                asked += 1;
                let error = storage_error(error.clone());
                async { Err(error) }
            })
            .await;
            assert!(done.is_err());
            assert_eq!(asked, 1, "{error}");
        }
    }
}
