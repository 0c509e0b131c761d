//! What Linux says about the processes that are measured.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::Failure;

/// A tick of `/proc/…/stat`: Linux tells a hundred of them a second, whatever it counts in itself.
const TICK: Duration = Duration::from_millis(10);

/// The processor time that processes and their children have taken so far. A process that has ended is no longer counted.
pub(crate) fn processor_time(pids: &[u32]) -> Result<Duration, Failure> {
    let mut all = BTreeMap::new();
    let proc = Path::new("/proc");
    for entry in fs::read_dir(proc).map_err(|error| Failure::file(proc, error))? {
        let entry = entry?;
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        // It may have ended meanwhile.
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else {
            continue;
        };
        if let Some(stat) = Stat::read(&stat) {
            all.insert(pid, stat);
        }
    }
    let ticks: u64 = all
        .iter()
        .filter(|(pid, stat)| pids.contains(pid) || pids.contains(&stat.parent))
        .map(|(_, stat)| stat.ticks)
        .sum();
    Ok(TICK * u32::try_from(ticks).unwrap_or(u32::MAX))
}

/// What is of interest in `/proc/…/stat`.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    parent: u32,
    ticks: u64,
}

impl Stat {
    /// The name stands in parentheses and may have any characters, parentheses among them.
    fn read(text: &str) -> Option<Self> {
        let (_, rest) = text.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let number = |place: usize| fields.get(place)?.parse::<u64>().ok();
        Some(Self {
            parent: u32::try_from(number(1)?).ok()?,
            ticks: number(11)? + number(12)?,
        })
    }
}

/// The memory that a process holds, in megabytes.
pub(crate) fn resident_megabytes(pid: u32) -> Result<u64, Failure> {
    let path = PathBuf::from(format!("/proc/{pid}/status"));
    let status = fs::read_to_string(&path).map_err(|error| Failure::file(&path, error))?;
    let kilobytes = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.trim().strip_suffix(" kB"))
        .and_then(|number| number.trim().parse::<u64>().ok());
    let kilobytes = kilobytes.ok_or_else(|| Failure::Asked("no such process".to_owned()))?;
    Ok(kilobytes / 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_of_this_process_is_known() {
        let megabytes = resident_megabytes(std::process::id()).unwrap();
        assert!((1..2000).contains(&megabytes), "{megabytes}");
        assert!(resident_megabytes(u32::MAX).is_err());
    }

    #[test]
    fn the_processor_time_of_a_process_is_that_of_user_and_system() {
        let stat = "42 (a) b) S 7 1 1 0 -1 4 1 0 0 0 250 50 3 4 20 0 1 0 1 1 1";
        let expected = Stat {
            parent: 7,
            ticks: 300,
        };
        assert_eq!(Stat::read(stat), Some(expected));
        assert_eq!(Stat::read("42 (a"), None);
        assert_eq!(Stat::read("42 (a) S 7"), None);
    }

    #[test]
    fn nobody_has_taken_no_time() {
        assert_eq!(processor_time(&[]).unwrap(), Duration::ZERO);
    }
}
