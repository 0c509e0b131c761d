//! `backup` and `restore`: copies of a SQLite database.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use scheduling_persistence::check_backup;
use secrecy::ExposeSecret as _;

use super::{Ending, Global, Out, block_on};
use crate::compose;
use crate::config::Config;
use crate::database_file::{self, InUse};
use crate::http::problem::causes;
use crate::telemetry::log;

/// What `backup` takes.
#[derive(Debug, clap::Args)]
pub(super) struct BackupArgs {
    /// The file to write, which must not exist
    file: PathBuf,
}

/// Copies the database as it is now. Servers and workers run on meanwhile.
pub(super) fn backup(global: &Global, args: &BackupArgs) -> Ending {
    let config = global.load()?;
    log::lines_alone(&config)?;
    let url = config.database_url();
    if let Some(file) = database_file::missing(url.expose_secret()) {
        return Err(format!("there is no database at {}", file.display()).into());
    }
    block_on(async {
        let storage = compose::storage(&config).await?;
        storage.back_up(&args.file).await?;
        check_backup(&args.file).await?;
        Ok::<_, Box<dyn std::error::Error>>(())
    })?;
    let mut out = Out::stdout();
    out.line(format!(
        "The database is copied to {}.",
        args.file.display()
    ))?;
    if config.secrets.key.is_none() {
        out.line(format!(
            "Keep {} too, in another place: without it, links in mails that are still owed cannot be made.",
            crate::config::key_file(&config.data.folder).display()
        ))?;
    }
    out.finish()?;
    Ok(ExitCode::SUCCESS)
}

/// What `restore` takes.
#[derive(Debug, clap::Args)]
pub(super) struct RestoreArgs {
    /// A file that `kalends backup` wrote
    file: PathBuf,
}

/// Puts a copy in the place of the database, which is kept beside. Nothing may use the database meanwhile.
pub(super) fn restore(global: &Global, args: &RestoreArgs) -> Ending {
    let config = global.load()?;
    log::lines_alone(&config)?;
    let place = place(&config)?;
    if has_log(&args.file) {
        return Err(format!(
            "{} has a log beside it, which belongs to it; copy it with `kalends --database sqlite:{} backup FILE` and restore that copy",
            args.file.display(),
            args.file.display()
        )
        .into());
    }
    block_on(check_backup(&args.file))
        .map_err(|error| format!("{}: {error}", args.file.display()))?;
    compose::data_folder(&config)?;
    let _alone = database_file::alone(&place).map_err(|in_use| match in_use {
        InUse::Taken => "the database is in use; stop the server and the workers first".to_owned(),
        InUse::Io(error) => format!("{}: {error}", place.display()),
    })?;
    if place.exists() && has_log(&place) {
        fold_log(&config);
    }
    let kept = put_in_place(&args.file, &place)?;
    // Told before anything else can fail: where the former database is must be known then most of all.
    let mut out = Out::stdout();
    out.line(format!("{} is the database now.", args.file.display()))?;
    if let Some(kept) = kept {
        out.line(format!(
            "What was there before is kept in {}.",
            kept.display()
        ))?;
    }
    let key = crate::config::key_file(&config.data.folder);
    if config.secrets.key.is_none() && !key.exists() {
        out.line(format!(
            "Put the {} that belongs to the copy in its place before the server starts; otherwise a new one is made, with which links of earlier bookings cannot be mailed again.",
            key.display()
        ))?;
    }
    let applied = block_on(async {
        let storage = compose::storage(&config).await?;
        storage.migrate().await?;
        Ok::<_, Box<dyn std::error::Error>>(storage.verify().await?)
    })?;
    for violation in &applied {
        out.line(violation.to_string())?;
    }
    out.finish()?;
    Ok(if applied.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn place(config: &Config) -> Result<PathBuf, String> {
    let url = config.database_url();
    database_file::path(url.expose_secret()).ok_or_else(|| {
        "only a SQLite database with a plain path is restored this way; use pg_restore for PostgreSQL".to_owned()
    })
}

/// Brings what lies in the log of a database that was not closed into its file, so that a restore which is cut short
/// parts nothing that belongs together. A damaged database, the usual reason for a restore, cannot be opened: it is kept
/// with its log as it is.
fn fold_log(config: &Config) {
    let folded = block_on(async {
        let storage = compose::storage(config).await?;
        storage.close().await?;
        Ok::<_, Box<dyn std::error::Error>>(())
    });
    if let Err(error) = folded {
        tracing::warn!(
            error = causes(&*error),
            "The log of the former database stays beside it"
        );
    }
}

/// Copies the file beside the database, keeps the database under another name with what log it has, and swaps.
fn put_in_place(copy: &Path, place: &Path) -> Result<Option<PathBuf>, String> {
    let told = |path: &Path, error: &std::io::Error| format!("{}: {error}", path.display());
    let fresh = beside(place, "restoring");
    // What an earlier try that was cut short left there.
    let _ = fs::remove_file(&fresh);
    fs::copy(copy, &fresh).map_err(|error| told(&fresh, &error))?;
    private(&fresh).map_err(|error| told(&fresh, &error))?;
    fs::File::open(&fresh)
        .and_then(|file| file.sync_all())
        .map_err(|error| told(&fresh, &error))?;
    let mut kept = None;
    let aside = (1..=u32::MAX)
        .map(|number| beside(place, &format!("before-restore-{number}")))
        .find(|path| !path.exists() && !with_end(path, "-wal").exists())
        .ok_or("too many databases are kept from earlier restores")?;
    // The log belongs to the file: one without the other would be half a database. A log whose file was deleted must go
    // too: SQLite would play it into the copy.
    for log in ["-wal", "-shm"] {
        let (from, to) = (with_end(place, log), with_end(&aside, log));
        if from.exists() {
            fs::rename(&from, &to).map_err(|error| told(&from, &error))?;
        }
    }
    if place.exists() {
        fs::rename(place, &aside).map_err(|error| told(place, &error))?;
        kept = Some(aside);
    }
    fs::rename(&fresh, place).map_err(|error| told(place, &error))?;
    Ok(kept)
}

/// Whether changes lie beside a database that are not in it yet, as beside one that was not closed.
fn has_log(file: &Path) -> bool {
    fs::metadata(with_end(file, "-wal")).is_ok_and(|log| log.len() > 0)
}

/// Whatever rights the copy has: the database is its owner's alone.
fn private(path: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;

        fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// `kalends.db` → `kalends.restoring.db`.
fn beside(path: &Path, what: &str) -> PathBuf {
    let end = path
        .extension()
        .map_or_else(String::new, |end| format!(".{}", end.to_string_lossy()));
    path.with_extension(format!("{what}{end}").trim_end_matches('.'))
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_there_is_kept_with_its_log() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let read = |name: &str| fs::read_to_string(path(name)).unwrap();
        fs::write(path("copy.db"), "copy").unwrap();
        let place = path("kalends.db");
        assert_eq!(put_in_place(&path("copy.db"), &place).unwrap(), None);
        assert_eq!(read("kalends.db"), "copy");

        fs::write(path("kalends.db"), "first").unwrap();
        fs::write(path("kalends.db-wal"), "log").unwrap();
        let kept = put_in_place(&path("copy.db"), &place).unwrap().unwrap();
        assert_eq!(kept, path("kalends.before-restore-1.db"));
        assert_eq!(read("kalends.before-restore-1.db"), "first");
        assert_eq!(read("kalends.before-restore-1.db-wal"), "log");
        assert_eq!(read("kalends.db"), "copy");
        assert!(!path("kalends.db-wal").exists() && !path("kalends.restoring.db").exists());

        let kept = put_in_place(&path("copy.db"), &place).unwrap().unwrap();
        assert_eq!(kept, path("kalends.before-restore-2.db"));
    }

    #[test]
    fn a_log_whose_database_was_deleted_is_not_played_into_the_copy() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("copy.db"), "copy").unwrap();
        fs::write(path("kalends.db-wal"), "log").unwrap();
        assert!(has_log(&path("kalends.db")) && !has_log(&path("copy.db")));
        assert_eq!(
            put_in_place(&path("copy.db"), &path("kalends.db")).unwrap(),
            None
        );
        assert!(!path("kalends.db-wal").exists());
        let log = fs::read_to_string(path("kalends.before-restore-1.db-wal")).unwrap();
        assert_eq!(log, "log");
    }

    #[cfg(unix)]
    #[test]
    fn what_is_restored_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        let (copy, place) = (
            folder.path().join("copy.db"),
            folder.path().join("kalends.db"),
        );
        fs::write(&copy, "copy").unwrap();
        fs::set_permissions(&copy, fs::Permissions::from_mode(0o644)).unwrap();
        put_in_place(&copy, &place).unwrap();
        let mode = fs::metadata(&place).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
