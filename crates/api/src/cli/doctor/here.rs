//! What this machine has: the folder, room on the disk, the key, time zones.

use std::io;
use std::path::Path;

use chrono::Datelike as _;
use scheduling_app::system::{SystemClock, SystemSecrets};
use scheduling_core::ports::Clock as _;
use secrecy::ExposeSecret as _;

use super::Finding;
use crate::config::{Config, key_file, key_of_folder};
use crate::http::problem::causes;
use crate::{compose, database_file};

pub(super) fn look(config: &Config) -> Vec<Finding> {
    let mut findings = vec![folder(config)];
    findings.extend(room(config));
    findings.extend(key(config));
    findings.push(timezones(
        chrono_tz::IANA_TZDB_VERSION,
        SystemClock.now().year(),
    ));
    findings
}

fn folder(config: &Config) -> Finding {
    let folder = config.data.folder.display();
    let written = compose::data_folder(config).map_err(|error| causes(&error));
    let written = written.and_then(|()| try_to_write(config).map_err(|error| error.to_string()));
    match written {
        Ok(()) => Finding::good(
            "data folder",
            format!("The data folder {folder} can be written to."),
        ),
        Err(error) => Finding::bad(
            "data folder",
            format!("The data folder {folder} cannot be written to: {error}."),
            "Give the server's user the right to, or set data.folder to another one.",
        ),
    }
}

fn try_to_write(config: &Config) -> io::Result<()> {
    let probe = format!(".doctor.{}", std::process::id());
    let probe = config.data.folder.join(probe);
    std::fs::write(&probe, b"")?;
    std::fs::remove_file(&probe)
}

/// With less room than this, a database soon fails.
const TOO_LITTLE: u64 = 100 * MEBIBYTE;

/// With less room than this, somebody should make some.
const LITTLE: u64 = 1024 * MEBIBYTE;

const MEBIBYTE: u64 = 1024 * 1024;

/// Whether there is room where the database and the mails are kept.
fn room(config: &Config) -> Vec<Finding> {
    let url = config.database_url();
    let database = database_file::path(url.expose_secret());
    let database = database.as_deref().and_then(Path::parent).map(|folder| {
        if folder == Path::new("") {
            Path::new(".")
        } else {
            folder
        }
    });
    let mut folders = vec![config.data.folder.as_path()];
    folders.extend(database.filter(|folder| *folder != config.data.folder));
    let seen = folders
        .into_iter()
        .filter_map(|folder| free(folder).map(|free| (folder, free)));
    seen.map(|(folder, free)| enough(folder, free)).collect()
}

#[cfg(unix)]
fn free(folder: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(folder).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}

#[cfg(not(unix))]
fn free(_folder: &Path) -> Option<u64> {
    None
}

fn enough(folder: &Path, free: u64) -> Finding {
    let (mebibytes, folder) = (free / MEBIBYTE, folder.display());
    let says = format!("The disk of {folder} has {mebibytes} MiB left.");
    if free < TOO_LITTLE {
        let remedy =
            "Make room, or move the folder: a database that cannot grow takes no bookings.";
        Finding::bad("disk", says, remedy)
    } else if free < LITTLE {
        Finding::note("disk", format!("{says} Make room soon."))
    } else {
        Finding::good("disk", says)
    }
}

fn key(config: &Config) -> Vec<Finding> {
    const CHECK: &str = "key";
    if config.secrets.key.is_some() {
        return vec![Finding::good(CHECK, "The sealing key is configured.")];
    }
    // Whoever only looks makes none: a new key in the place of a lost one would hide the loss.
    let file = key_file(&config.data.folder);
    if !file.exists() {
        let url = config.database_url();
        let is_new = database_file::path(url.expose_secret()).is_none_or(|path| !path.exists());
        return vec![if is_new {
            Finding::note(
                CHECK,
                "There is no sealing key yet; the first start makes one.",
            )
        } else {
            Finding::bad(
                CHECK,
                format!(
                    "There is a database, but no sealing key at {}.",
                    file.display()
                ),
                "Restore the key's file from a backup. With another key, links of bookings that were made before cannot be mailed again; where nothing was booked yet, the next start makes one.",
            )
        }];
    }
    let found = match key_of_folder(&config.data.folder, &SystemSecrets) {
        Ok(_) => Finding::good(CHECK, "The sealing key is in the data folder; back it up."),
        Err(error) => Finding::bad(
            CHECK,
            format!("There is no sealing key: {}.", causes(&error)),
            "Restore the key's file from a backup, or set secrets.key.",
        ),
    };
    std::iter::once(found)
        .chain(others_may_read(CHECK, "The sealing key's file", &file))
        .collect()
}

/// A note where other users of the machine may read a file that is nobody else's business.
#[cfg(unix)]
pub(super) fn others_may_read(check: &'static str, what: &str, file: &Path) -> Option<Finding> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(file).ok()?.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then(|| {
        let file = file.display();
        Finding::note(
            check,
            format!(
                "{what} can be opened by other users of this machine ({mode:o}): chmod 600 {file}."
            ),
        )
    })
}

#[cfg(not(unix))]
pub(super) fn others_may_read(_check: &'static str, _what: &str, _file: &Path) -> Option<Finding> {
    None
}

/// Governments change their clocks several times a year; data of some years ago is wrong somewhere.
fn timezones(release: &str, year: i32) -> Finding {
    const CHECK: &str = "time zones";
    let says = format!("Time zones are as of release {release} of the tz database.");
    let digits = release
        .get(..4)
        .and_then(|digits| digits.parse::<i32>().ok());
    match digits {
        Some(of) if year - of > 2 => Finding::note(
            CHECK,
            format!("{says} They come with the program: take a newer release of Kalends."),
        ),
        _ => Finding::good(CHECK, says),
    }
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    #[test]
    fn a_disk_that_fills_up_is_noticed_in_time() {
        let state = |free| enough(Path::new("/data"), free).state;
        assert_eq!(state(10 * LITTLE), State::Good);
        assert_eq!(state(LITTLE - 1), State::Note);
        assert_eq!(state(TOO_LITTLE - 1), State::Bad);
    }

    #[cfg(unix)]
    #[test]
    fn a_disk_has_room_or_has_not() {
        assert!(free(Path::new("/")).is_some());
        assert!(free(Path::new("/no/such/folder")).is_none());
    }

    #[test]
    fn old_time_zones_are_noticed() {
        assert_eq!(timezones("2025b", 2026).state, State::Good);
        assert_eq!(timezones("2025b", 2029).state, State::Note);
        assert_eq!(
            timezones(chrono_tz::IANA_TZDB_VERSION, 2026).state,
            State::Good
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_others_can_read_is_noticed() {
        use std::os::unix::fs::PermissionsExt as _;
        let file = tempfile::NamedTempFile::new().unwrap();
        let set = |mode| {
            let permissions = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(file.path(), permissions).unwrap();
            others_may_read("key", "The key", file.path()).map(|found| found.state)
        };
        assert_eq!(set(0o600), None);
        assert_eq!(set(0o400), None);
        assert_eq!(set(0o640), Some(State::Note));
        assert_eq!(set(0o604), Some(State::Note));
    }
}
