//! What the operating system says about the process. On Linux; elsewhere there is nothing to say.

use std::fmt::Write as _;
use std::fs;

/// What a process takes.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct ProcessFigures {
    pub(super) cpu_seconds: Option<f64>,
    pub(super) resident_bytes: Option<f64>,
    pub(super) open_files: Option<f64>,
    pub(super) most_files: Option<f64>,
    pub(super) started: Option<f64>,
}

/// Linux tells programs times in hundredths of a second, on every architecture.
const TICKS_A_SECOND: f64 = 100.0;

impl ProcessFigures {
    /// Reads `/proc`. What cannot be read is left out.
    pub(super) fn read() -> Self {
        let text = |path: &str| fs::read_to_string(path).ok();
        let stat = text("/proc/self/stat");
        let booted = text("/proc/stat").and_then(|text| number_behind(&text, "btime "));
        let started = stat.as_deref().and_then(|stat| field(stat, 22));
        Self {
            cpu_seconds: stat
                .as_deref()
                .and_then(|stat| Some((field(stat, 14)? + field(stat, 15)?) / TICKS_A_SECOND)),
            // Not `statm`, which counts in pages of whatever size they are.
            resident_bytes: text("/proc/self/status")
                .and_then(|text| number_behind(&text, "VmRSS:"))
                .map(|kibibytes| kibibytes * 1024.0),
            open_files: fs::read_dir("/proc/self/fd")
                .ok()
                // One is the listing's own.
                .map(|files| count(files.count().saturating_sub(1))),
            most_files: text("/proc/self/limits")
                .and_then(|text| number_behind(&text, "Max open files")),
            started: booted
                .zip(started)
                .map(|(booted, ticks)| booted + ticks / TICKS_A_SECOND),
        }
    }
}

impl ProcessFigures {
    /// Writes them as Prometheus reads them, under the names that its own libraries use. The facade knows counters of
    /// whole numbers alone, and processor time is none.
    pub(super) fn write(&self, text: &mut String) {
        for (name, kind, about, value) in [
            (
                "process_cpu_seconds_total",
                "counter",
                "Processor time that the process has used.",
                self.cpu_seconds,
            ),
            (
                "process_resident_memory_bytes",
                "gauge",
                "Memory that the process holds.",
                self.resident_bytes,
            ),
            (
                "process_open_fds",
                "gauge",
                "Files and connections that are open.",
                self.open_files,
            ),
            (
                "process_max_fds",
                "gauge",
                "Files and connections that may be open.",
                self.most_files,
            ),
            (
                "process_start_time_seconds",
                "gauge",
                "When the process started, in seconds since 1970.",
                self.started,
            ),
        ] {
            if let Some(value) = value {
                // Writing to a String cannot fail.
                let _ = writeln!(
                    text,
                    "# HELP {name} {about}\n# TYPE {name} {kind}\n{name} {value}\n"
                );
            }
        }
    }
}

/// A count as figures want it. Nothing that is counted here comes near what a float cannot hold.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
pub(super) fn count(number: usize) -> f64 {
    number as f64
}

/// A field of `/proc/self/stat`, counted from 1. The second one is the program's name, which may hold anything.
fn field(stat: &str, number: usize) -> Option<f64> {
    let (_, behind) = stat.rsplit_once(')')?;
    behind.split_whitespace().nth(number - 3)?.parse().ok()
}

fn number_behind(text: &str, label: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(label))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_programs_name_may_hold_anything() {
        let stat = "1 (a) b (c) S 2 3 4 5 6 7 8 9 10 11 250 50 14 15 16 17 18 19 4200 21";
        assert_eq!(field(stat, 14), Some(250.0));
        assert_eq!(field(stat, 15), Some(50.0));
        assert_eq!(field(stat, 22), Some(4200.0));
        assert_eq!(field("nothing", 14), None);
    }

    #[test]
    fn numbers_are_found_behind_their_labels() {
        let text = "VmPeak:\t 10 kB\nVmRSS:\t   2048 kB\n";
        assert_eq!(number_behind(text, "VmRSS:"), Some(2048.0));
        assert_eq!(number_behind(text, "VmSwap:"), None);
        let unlimited = "Max open files            unlimited            unlimited            files";
        assert_eq!(number_behind(unlimited, "Max open files"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_takes_something() {
        let figures = ProcessFigures::read();
        assert!(figures.cpu_seconds.is_some());
        assert!(figures.resident_bytes.is_some_and(|bytes| bytes > 1e6));
        assert!(figures.open_files.is_some_and(|files| files >= 3.0));
        // After 2020: in seconds, not in ticks or milliseconds.
        assert!(
            figures
                .started
                .is_some_and(|at| (1.5e9..1e10).contains(&at))
        );
    }
}
