//! `kalends rotation`: plays histories of a round robin, or checks them. It needs no database.

use std::error::Error;
use std::io::{self, BufRead, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use scheduling_core::scenario::RotationScenario;

use super::slots::{Tally, each_line};

/// Play histories of a round robin, one JSON line each
///
/// Prints a line {"winners": [...], "credits": {...}} for each history.
#[derive(Debug, clap::Args)]
pub(crate) struct RotationArgs {
    /// Files of history lines; without any, or for "-", standard input
    files: Vec<PathBuf>,
    /// Compare with each line's "expect" instead, show what differs and end with 1 if anything does
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(args: RotationArgs) -> Result<ExitCode, Box<dyn Error>> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let code = answer(args, &mut io::stdin().lock(), &mut out)?;
    out.flush()?;
    Ok(code)
}

fn answer(
    args: RotationArgs,
    input: &mut dyn BufRead,
    out: &mut dyn Write,
) -> Result<ExitCode, Box<dyn Error>> {
    let mut tally = Tally::default();
    let check = args.check;
    each_line(args.files, input, |line| {
        let refuse = |error| line.refuse(error);
        let scenario = RotationScenario::parse(&line.text).map_err(refuse)?;
        if check {
            let difference = match &scenario.expect {
                Some(_) => scenario.difference().map_err(refuse)?,
                None => Some("carries no \"expect\" to compare with".to_owned()),
            };
            tally.count(&line, &scenario.name, difference, out)?;
        } else {
            let answer = scenario.answer().map_err(refuse)?;
            serde_json::to_writer(&mut *out, &answer).map_err(io::Error::from)?;
            writeln!(out)?;
        }
        Ok(())
    })?;
    if check {
        Ok(tally.finish(out)?)
    } else {
        Ok(ExitCode::SUCCESS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HISTORY: &str = r#"{"name":"two","hosts":[{"id":"ann","weight":100},{"id":"bob","weight":100}],"events":[{"assign":{"eligible":["ann","bob"]}},{"assign":{"eligible":["ann","bob"]}},{"release":{"assignment":0}}]"#;

    fn ask(check: bool, input: &str) -> Result<(ExitCode, String), Box<dyn Error>> {
        let mut out = Vec::new();
        let files = Vec::new();
        let code = answer(
            RotationArgs { files, check },
            &mut input.as_bytes(),
            &mut out,
        )?;
        Ok((code, String::from_utf8(out)?))
    }

    #[test]
    fn each_history_gets_an_answer_line() {
        let (_, out) = ask(false, &format!("{HISTORY}}}")).unwrap();
        let line = r#"{"winners":["ann","bob",null],"credits":{"ann":100,"bob":-100}}"#;
        assert_eq!(out, format!("{line}\n"));
    }

    #[test]
    fn a_check_shows_what_differs() {
        let expect = r#""expect":{"winners":["bob","bob",null],"credits":{"ann":100,"bob":-100}}}"#;
        let (code, out) = ask(true, &format!("{HISTORY},{expect}")).unwrap();
        assert_eq!(code, ExitCode::FAILURE);
        insta::assert_snapshot!(out, @r"
        standard input:1: two: the rotation went otherwise:
          event 0: expected bob, found ann
        1 checked, 1 differ
        ");
    }

    #[test]
    fn a_host_nobody_knows_is_named_with_the_place() {
        for (part, instead, place) in [
            (
                "[\"ann\",\"bob\"]}},{\"rel",
                "[\"ann\",\"eve\"]}},{\"rel",
                "events[1].assign.eligible[1]",
            ),
            (
                "\"release\":{\"assignment\":0}",
                "\"reassign\":{\"assignment\":0,\"to\":\"eve\"}",
                "events[2].reassign.to",
            ),
        ] {
            assert!(HISTORY.contains(part), "{part}");
            let error = ask(false, &format!("{}}}", HISTORY.replace(part, instead))).unwrap_err();
            let expected = format!("standard input:1: {place}: there is no host \"eve\"");
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn an_event_that_cannot_happen_is_an_error() {
        let never_made = HISTORY.replace("\"assignment\":0", "\"assignment\":7");
        let error = ask(false, &format!("{never_made}}}")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "standard input:1: events[2].release.assignment: assignment 7 was never made; 2 were"
        );
    }
}
