//! The key that seals secrets at rest.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use scheduling_app::system::{MalformedKey, SealingKey};
use scheduling_core::ports::SecretSource;
use thiserror::Error;

/// The name of the key's file in the data folder.
pub const KEY_FILE: &str = "secret.key";

/// Why there is no key.
#[derive(Debug, Error)]
pub enum KeyError {
    /// Its file holds something else. It is never replaced: links that it sealed would be lost.
    #[error("the key in {path} cannot be used")]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: MalformedKey,
    },
    /// Its file cannot be read or written.
    #[error("the key file {path} cannot be read or written")]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Where the key of a data folder is.
pub fn key_file(folder: &Path) -> std::path::PathBuf {
    folder.join(KEY_FILE)
}

/// Reads the key of a data folder, or makes it once. Only the owner can read the file.
///
/// # Errors
/// [`KeyError`] when the file cannot be read or written.
pub fn key_of_folder(folder: &Path, secrets: &dyn SecretSource) -> Result<SealingKey, KeyError> {
    let path = folder.join(KEY_FILE);
    let failed = |source| KeyError::Io {
        path: path.clone(),
        source,
    };
    let parsed = |text: String| {
        text.parse().map_err(|source| KeyError::Malformed {
            path: path.clone(),
            source,
        })
    };
    match std::fs::read_to_string(&path) {
        Ok(text) => parsed(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let key = SealingKey::generate(secrets);
            // The name appears with its whole content, so that two servers that start at once agree on one key.
            let draft = folder.join(format!("{KEY_FILE}.{}", std::process::id()));
            write_private(&draft, &key.to_hex()).map_err(failed)?;
            let linked = std::fs::hard_link(&draft, &path);
            std::fs::remove_file(&draft).map_err(failed)?;
            match linked {
                Ok(()) => {
                    tracing::info!(
                        "Made the key {} that seals links; back it up. What another one sealed cannot be opened with it",
                        path.display()
                    );
                    Ok(key)
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    parsed(std::fs::read_to_string(&path).map_err(failed)?)
                }
                Err(error) => Err(failed(error)),
            }
        }
        Err(error) => Err(failed(error)),
    }
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    writeln!(file, "{text}")?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use scheduling_app::system::SystemSecrets;

    use super::*;

    #[test]
    fn the_key_is_made_once_and_only_its_owner_can_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let first = key_of_folder(folder.path(), &SystemSecrets).unwrap();
        let second = key_of_folder(folder.path(), &SystemSecrets).unwrap();
        assert!(first == second);
        let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(files.len(), 1, "{files:?}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let file = std::fs::metadata(folder.path().join(KEY_FILE)).unwrap();
            assert_eq!(file.permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_broken_key_file_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(KEY_FILE), "short").unwrap();
        assert!(matches!(
            key_of_folder(folder.path(), &SystemSecrets),
            Err(KeyError::Malformed { .. })
        ));
        let kept = std::fs::read_to_string(folder.path().join(KEY_FILE)).unwrap();
        assert_eq!(kept, "short");
    }
}
