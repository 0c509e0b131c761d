//! The file of a SQLite database: private, and still in its place.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The file that the server opened.
#[derive(Debug)]
pub(crate) struct DatabaseFile {
    path: PathBuf,
    identity: Identity,
}

impl DatabaseFile {
    /// The file behind a database's address, once it is open; `None` for other databases.
    pub(crate) fn of(url: &str) -> Option<Self> {
        let path = path(url)?;
        let identity = identity(&path)?;
        Some(Self { path, identity })
    }

    /// Whether the address still leads to the file that was opened. What is stored in a file that was deleted or
    /// replaced is gone when the server stops.
    pub(crate) fn is_in_place(&self) -> bool {
        identity(&self.path) == Some(self.identity)
    }
}

/// The file that a database's address names, where there is none yet: whoever only looks must not make it.
pub(crate) fn missing(url: &str) -> Option<PathBuf> {
    path(url).filter(|path| !path.exists())
}

/// Makes the file, if it is missing, readable by its owner alone, whoever may look into the folder: it holds names and
/// addresses. SQLite gives the files beside it the same rights. Whatever fails here, opening the database tells.
pub(crate) fn make_private(url: &str) {
    #[cfg(unix)]
    if let Some(path) = path(url) {
        use std::os::unix::fs::OpenOptionsExt as _;

        let mut options = std::fs::OpenOptions::new();
        let made = options.write(true).create_new(true).mode(0o600).open(path);
        if let Err(error) = made
            && error.kind() != std::io::ErrorKind::AlreadyExists
        {
            tracing::debug!(%error, "The database's file was not made");
        }
    }
    #[cfg(not(unix))]
    let _ = url;
}

/// What keeps a database from being taken alone.
#[derive(Debug)]
pub(crate) enum InUse {
    /// Another process uses it.
    Taken,
    /// The lock file fails.
    Io(std::io::Error),
}

/// Says that this process uses the database, until it ends: so long nobody restores another one in its place.
pub(crate) fn share(url: &str) -> Result<(), InUse> {
    static SHARED: Mutex<Vec<std::fs::File>> = Mutex::new(Vec::new());
    let Some(path) = path(url) else {
        return Ok(());
    };
    let file = lock_file(&path).map_err(InUse::Io)?;
    match file.try_lock_shared() {
        Ok(()) => {
            // Kept open, since closing it gives the lock back.
            let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
            shared.push(file);
            Ok(())
        }
        Err(std::fs::TryLockError::WouldBlock) => Err(InUse::Taken),
        // Some file systems know no locks; there `restore` cannot tell, and says so.
        Err(std::fs::TryLockError::Error(error)) => {
            tracing::debug!(%error, "The database's lock file cannot be locked");
            Ok(())
        }
    }
}

/// Takes a database for this process alone, until the answer is dropped.
pub(crate) fn alone(path: &Path) -> Result<std::fs::File, InUse> {
    let file = lock_file(path).map_err(InUse::Io)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(InUse::Taken),
        Err(std::fs::TryLockError::Error(error)) => Err(InUse::Io(error)),
    }
}

/// `kalends.db.lock`: it is never deleted, since another process may be waiting for it.
fn lock_file(path: &Path) -> std::io::Result<std::fs::File> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let mut options = std::fs::OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(name)
}

/// `None` also for a path with escapes, which only the driver reads for certain.
pub(crate) fn path(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("sqlite:")?;
    let path = path.strip_prefix("//").unwrap_or(path);
    let path = path.split('?').next().unwrap_or_default();
    (!path.is_empty() && !path.contains(['%', ':'])).then(|| PathBuf::from(path))
}

#[cfg(unix)]
type Identity = (u64, u64);
#[cfg(not(unix))]
type Identity = ();

#[cfg(unix)]
fn identity(path: &Path) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata(path).ok().map(|m| (m.dev(), m.ino()))
}

#[cfg(not(unix))]
fn identity(path: &Path) -> Option<Identity> {
    std::fs::metadata(path).ok().map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_files_are_told_from_others() {
        for (url, expected) in [
            ("sqlite:a/b.db", Some("a/b.db")),
            ("sqlite:///var/b.db?mode=rwc", Some("/var/b.db")),
            ("sqlite:a%20b.db", None),
            ("sqlite::memory:", None),
            ("sqlite:", None),
            ("postgres://localhost/a", None),
        ] {
            assert_eq!(path(url).as_deref(), expected.map(Path::new), "{url}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_private_and_missed_when_it_is_deleted_or_replaced() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kalends.db");
        let url = format!("sqlite:{}", path.display());
        make_private(&url);
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::write(&path, "kept").unwrap();
        make_private(&url);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "kept");

        let file = DatabaseFile::of(&url).unwrap();
        assert!(file.is_in_place());
        let aside = folder.path().join("aside.db");
        std::fs::rename(&path, &aside).unwrap();
        assert!(!file.is_in_place());
        std::fs::write(&path, "another").unwrap();
        assert!(!file.is_in_place());
        std::fs::rename(&aside, &path).unwrap();
        assert!(file.is_in_place());
    }
}
