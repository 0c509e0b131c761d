//! `kalends slots`: answers scenario lines, checks them, or explains one start. It needs no database.

use std::error::Error;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::string::FromUtf8Error;

use chrono::{DateTime, SecondsFormat, Utc};
use scheduling_core::calendar::BusySource;
use scheduling_core::event_type::LimitPeriod;
use scheduling_core::scenario::{ScenarioError, SlotScenario};
use scheduling_core::slots::{self, Unavailability};
use serde::Serializer;

/// Answer slot scenarios, one JSON line each
///
/// Prints a line {"slots": [...]} for each scenario: every start that is offered, with the hosts who can take it.
#[derive(Debug, clap::Args)]
pub(crate) struct SlotsArgs {
    /// Files of scenario lines; without any, or for "-", standard input
    files: Vec<PathBuf>,
    /// Compare with each line's "expect" instead, show what differs and end with 1 if anything does
    #[arg(long)]
    check: bool,
    /// Say for each host why this start, such as 2026-11-24T09:00:00Z, is or is not offered
    #[arg(long, value_name = "START", conflicts_with = "check")]
    explain: Option<DateTime<Utc>>,
}

/// How many bytes a line may have. A file that is no text at all can be one line.
const MAX_LINE: u64 = 16 << 20;

/// A line that could not be read or answered.
#[derive(Debug, thiserror::Error)]
pub(super) enum LineError {
    #[error("{file}: cannot be read")]
    Read {
        file: String,
        #[source]
        source: io::Error,
    },
    #[error("{file}:{line}: a line must not be longer than {} MiB", MAX_LINE >> 20)]
    TooLong { file: String, line: usize },
    #[error("{file}:{line}: is not UTF-8")]
    NotUtf8 {
        file: String,
        line: usize,
        #[source]
        source: FromUtf8Error,
    },
    #[error("{file}:{line}: {error}")]
    Scenario {
        file: String,
        line: usize,
        error: ScenarioError,
    },
}

/// A line of input and where it stands.
pub(super) struct Line {
    pub(super) file: String,
    pub(super) number: usize,
    pub(super) text: String,
}

impl Line {
    pub(super) fn refuse(&self, error: ScenarioError) -> LineError {
        LineError::Scenario {
            file: self.file.clone(),
            line: self.number,
            error,
        }
    }
}

pub(crate) fn run(args: SlotsArgs) -> Result<ExitCode, Box<dyn Error>> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let code = answer(args, &mut io::stdin().lock(), &mut out)?;
    out.flush()?;
    Ok(code)
}

fn answer(
    args: SlotsArgs,
    input: &mut dyn BufRead,
    out: &mut dyn Write,
) -> Result<ExitCode, Box<dyn Error>> {
    let mut tally = Tally::default();
    let (check, explain) = (args.check, args.explain);
    each_line(args.files, input, |line| {
        let scenario = SlotScenario::parse(&line.text).map_err(|error| line.refuse(error))?;
        if let Some(start) = explain {
            write_explanation(&scenario, start, out)?;
        } else if check {
            let difference = match &scenario.expect {
                Some(_) => scenario.difference(),
                None => Some("carries no \"expect\" to compare with".to_owned()),
            };
            tally.count(&line, &scenario.name, difference, out)?;
        } else {
            // Slot by slot: with every name written out, a long answer takes gigabytes.
            let found = slots::find(&scenario.request());
            write!(out, "{{\"slots\":")?;
            serde_json::Serializer::new(&mut *out)
                .collect_seq(scenario.name_hosts(&found))
                .map_err(io::Error::from)?;
            writeln!(out, "}}")?;
        }
        Ok(())
    })?;
    if check {
        Ok(tally.finish(out)?)
    } else {
        Ok(ExitCode::SUCCESS)
    }
}

/// Reads the files, or the standard input, line by line. Empty lines are skipped.
pub(super) fn each_line(
    files: Vec<PathBuf>,
    input: &mut dyn BufRead,
    mut act: impl FnMut(Line) -> Result<(), Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let mut read = |file: String, lines: &mut dyn BufRead| -> Result<(), Box<dyn Error>> {
        for number in 1.. {
            match read_line(&file, number, lines)? {
                Some(text) if text.trim().is_empty() => {}
                Some(text) => act(Line {
                    file: file.clone(),
                    number,
                    text,
                })?,
                None => break,
            }
        }
        Ok(())
    };
    if files.is_empty() {
        return read("standard input".to_owned(), input);
    }
    for path in files {
        if path.as_os_str() == "-" {
            read("standard input".to_owned(), input)?;
            continue;
        }
        let file = path.display().to_string();
        let opened = File::open(&path).map_err(|source| LineError::Read {
            file: file.clone(),
            source,
        })?;
        read(file, &mut BufReader::new(opened))?;
    }
    Ok(())
}

/// The next line. `None` at the end.
fn read_line(
    file: &str,
    line: usize,
    lines: &mut dyn BufRead,
) -> Result<Option<String>, LineError> {
    let file = || file.to_owned();
    let mut bytes = Vec::new();
    let mut bounded = lines.take(MAX_LINE + 2);
    let read = bounded.read_until(b'\n', &mut bytes);
    read.map_err(|source| LineError::Read {
        file: file(),
        source,
    })?;
    if bytes.is_empty() {
        return Ok(None);
    }
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
    }
    if bytes.len() as u64 > MAX_LINE {
        return Err(LineError::TooLong { file: file(), line });
    }
    let mut text = String::from_utf8(bytes).map_err(|source| LineError::NotUtf8 {
        file: file(),
        line,
        source,
    })?;
    // Some editors begin a file with a byte order mark.
    if line == 1 && text.starts_with('\u{feff}') {
        text.remove(0);
    }
    Ok(Some(text))
}

/// How a check stands.
#[derive(Default)]
pub(super) struct Tally {
    checked: usize,
    differ: usize,
}

impl Tally {
    /// Counts a line, and shows how it differs if it does.
    pub(super) fn count(
        &mut self,
        line: &Line,
        name: &str,
        difference: Option<String>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        self.checked += 1;
        if let Some(difference) = difference {
            self.differ += 1;
            writeln!(out, "{}:{}: {name}: {difference}", line.file, line.number)?;
        }
        Ok(())
    }

    /// Says how the check went. Nothing to check is a failure: it is not what anyone meant.
    pub(super) fn finish(self, out: &mut dyn Write) -> io::Result<ExitCode> {
        let Self { checked, differ } = self;
        if checked == 0 {
            writeln!(out, "there was nothing to check")?;
        } else if differ == 0 {
            writeln!(out, "{checked} checked, all as expected")?;
        } else {
            writeln!(out, "{checked} checked, {differ} differ")?;
        }
        let passed = checked > 0 && differ == 0;
        Ok(if passed {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}

fn write_explanation(
    scenario: &SlotScenario,
    start: DateTime<Utc>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let request = scenario.request();
    let explanation = slots::explain(&request, start);
    let at = start.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    let in_range = request.range().is_some_and(|range| range.contains(start));
    let verdict = match (explanation.is_offered(), in_range) {
        (true, true) => "offered",
        (true, false) => "offered, but not within the scenario's range",
        (false, _) => "not offered",
    };
    let name = &scenario.name;
    let separator = if name.is_empty() { "" } else { ", " };
    writeln!(out, "{name}{separator}{at}: {verdict}")?;
    if !explanation.start.is_empty() {
        writeln!(out, "  the start: {}", list(&explanation.start))?;
    }
    for (place, (host, reasons)) in scenario.hosts.iter().zip(&explanation.hosts).enumerate() {
        let says = if !request.is_in_a_group(place) {
            "in no host group".to_owned()
        } else if reasons.is_empty() {
            "free".to_owned()
        } else {
            list(reasons)
        };
        writeln!(out, "  {}: {says}", host.id)?;
    }
    Ok(())
}

fn list(reasons: &[Unavailability]) -> String {
    let named: Vec<&str> = reasons.iter().map(|reason| sentence(*reason)).collect();
    named.join(", ")
}

fn sentence(reason: Unavailability) -> &'static str {
    match reason {
        Unavailability::OffGrid => "off the grid",
        Unavailability::OutsideEventHours => "outside the event type's hours",
        Unavailability::OutsideHostHours => "outside the host's hours",
        Unavailability::Busy(BusySource::Calendar) => "busy by calendar",
        Unavailability::Busy(BusySource::TimeOff) => "busy by time off",
        Unavailability::Booked => "booked",
        Unavailability::Buffer => "free but for a buffer",
        Unavailability::MinimumNotice => "within the minimum notice",
        Unavailability::BookingWindow => "outside the booking window",
        Unavailability::LimitReached(LimitPeriod::Day) => "limit per day reached",
        Unavailability::LimitReached(LimitPeriod::Week) => "limit per week reached",
        Unavailability::LimitReached(LimitPeriod::Month) => "limit per month reached",
        Unavailability::NotEnoughHosts => "not enough hosts",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCENARIO: &str = r#"{"name":"a morning","now":"2026-11-20T12:00:00Z","range":{"from":"2026-11-23T00:00:00Z","to":"2026-11-24T00:00:00Z"},"event_type":{"timezone":"Europe/Berlin","duration_minutes":60,"groups":[{"hosts":["ann"],"required":"all"}]},"hosts":[{"id":"ann","schedule":{"timezone":"Europe/Berlin","weekly":{"monday":[{"start":"09:00","end":"11:00"}]}},"busy":[{"start":"2026-11-23T08:30:00Z","end":"2026-11-23T09:00:00Z"}]}]"#;

    fn ask(args: SlotsArgs, input: impl AsRef<[u8]>) -> Result<(ExitCode, String), Box<dyn Error>> {
        let mut out = Vec::new();
        let code = answer(args, &mut input.as_ref(), &mut out)?;
        Ok((code, String::from_utf8(out)?))
    }

    fn args(check: bool, explain: Option<&str>) -> SlotsArgs {
        SlotsArgs {
            files: Vec::new(),
            check,
            explain: explain.map(|start| start.parse().unwrap()),
        }
    }

    #[test]
    fn each_scenario_gets_an_answer_line() {
        let (code, out) = ask(args(false, None), format!("{SCENARIO}}}\n\n{SCENARIO}}}")).unwrap();
        let line = r#"{"slots":[{"start":"2026-11-23T09:00:00Z","hosts":["ann"]}]}"#;
        assert_eq!(out, format!("{line}\n{line}\n"));
        assert_eq!(code, ExitCode::SUCCESS);
    }

    #[test]
    fn a_check_shows_what_differs() {
        let expect = |start: &str| {
            format!(r#"{SCENARIO},"expect":{{"slots":[{{"start":"{start}","hosts":["ann"]}}]}}}}"#)
        };
        let (code, out) = ask(args(true, None), expect("2026-11-23T09:00:00Z")).unwrap();
        assert_eq!(
            (code, out.as_str()),
            (ExitCode::SUCCESS, "1 checked, all as expected\n")
        );
        let (code, out) = ask(args(true, None), expect("2026-11-23T08:00:00Z")).unwrap();
        assert_eq!(code, ExitCode::FAILURE);
        insta::assert_snapshot!(out, @r"
        standard input:1: a morning: expected 1 slots (-), found 1 (+):
          - 2026-11-23T08:00:00Z ann
          + 2026-11-23T09:00:00Z ann
        1 checked, 1 differ
        ");
    }

    #[test]
    fn a_check_without_anything_to_check_fails() {
        let (code, _) = ask(args(true, None), "").unwrap();
        assert_eq!(code, ExitCode::FAILURE);
        let (code, out) = ask(args(true, None), format!("{SCENARIO}}}")).unwrap();
        assert_eq!(code, ExitCode::FAILURE);
        assert!(out.contains("carries no \"expect\""), "{out}");
    }

    #[test]
    fn a_start_is_explained_host_by_host() {
        let explain = args(false, Some("2026-11-23T08:00:00Z"));
        let (_, out) = ask(explain, format!("{SCENARIO}}}")).unwrap();
        insta::assert_snapshot!(out, @r"
        a morning, 2026-11-23T08:00:00Z: not offered
          the start: not enough hosts
          ann: busy by calendar
        ");
    }

    #[test]
    fn a_byte_order_mark_may_begin_a_file_and_windows_may_end_its_lines() {
        let line = r#"{"slots":[{"start":"2026-11-23T09:00:00Z","hosts":["ann"]}]}"#;
        let input = format!("\u{feff}{SCENARIO}}}\r\n\r\n{SCENARIO}}}\r\n");
        let (_, out) = ask(args(false, None), input).unwrap();
        assert_eq!(out, format!("{line}\n{line}\n"));
    }

    #[test]
    fn bytes_that_are_no_text_are_refused_by_their_line() {
        let mut input = format!("{SCENARIO}}}\n{SCENARIO}}}").into_bytes();
        let end = input.len();
        input[end - 10] = 0xff;
        let error = ask(args(false, None), &input).unwrap_err();
        assert_eq!(error.to_string(), "standard input:2: is not UTF-8");
        let source = error.source().unwrap().to_string();
        let expected = format!(
            "invalid utf-8 sequence of 1 bytes from index {}",
            SCENARIO.len() - 9
        );
        assert_eq!(source, expected);
    }

    #[test]
    fn a_line_without_an_end_is_refused_before_it_fills_the_memory() {
        let mut endless = BufReader::new(io::repeat(b'['));
        let error = answer(args(false, None), &mut endless, &mut Vec::new()).unwrap_err();
        let expected = "standard input:1: a line must not be longer than 16 MiB";
        assert_eq!(error.to_string(), expected);
        let longest = " ".repeat(16 << 20);
        let (_, out) = ask(args(false, None), format!("{longest}\n{longest}")).unwrap();
        assert_eq!(out, "");
        assert!(ask(args(false, None), format!("{longest} \n")).is_err());
    }

    #[test]
    fn an_explanation_says_when_the_start_is_outside_the_range() {
        let later = args(false, Some("2026-11-30T08:00:00Z"));
        let (_, out) = ask(later, format!("{SCENARIO}}}")).unwrap();
        insta::assert_snapshot!(out, @r"
        a morning, 2026-11-30T08:00:00Z: offered, but not within the scenario's range
          ann: free
        ");
    }

    #[test]
    fn an_error_names_the_line_and_the_place() {
        let reversed = SCENARIO.replace("\"09:00\"", "\"12:00\"");
        let error = ask(args(false, None), format!("{SCENARIO}}}\n{reversed}}}")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "standard input:2: hosts[0].schedule.weekly.monday: the window 12:00-11:00 must end after it starts; \
             hours past midnight are two windows"
        );
    }
}
