//! Why a command gave up.

use std::io;
use std::path::{Path, PathBuf};

use scheduling_core::ports::StorageError;
use sea_orm::DbErr;
use thiserror::Error;

/// Why a command gave up.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    /// What was asked for cannot be.
    #[error("{0}")]
    Asked(String),
    /// The storage, through its port.
    #[error("the database")]
    Storage(#[from] StorageError),
    /// The database itself.
    #[error("the database")]
    Database(#[from] DbErr),
    /// The database's driver.
    #[error("the database")]
    Driver(#[from] sea_orm::sqlx::Error),
    /// A file.
    #[error("{0}")]
    File(PathBuf, #[source] io::Error),
    /// Reading or writing elsewhere.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Text that is not the JSON it should be.
    #[error("not the JSON it should be")]
    Json(#[from] serde_json::Error),
    /// Something that must hold did not.
    #[error("{0}")]
    Violation(String),
}

impl Failure {
    /// With a file's name.
    pub(crate) fn file(path: &Path, error: io::Error) -> Self {
        Self::File(path.to_owned(), error)
    }

    /// For values that this program made itself and that should have been right.
    pub(crate) fn own(error: impl std::fmt::Display) -> Self {
        Self::Asked(format!("a made-up value was refused: {error}"))
    }
}
