//! `doctor`: looks whether everything is as it should be, and says what to do where it is not.
//!
//! It asks nobody but whom the configuration names: the database, the ways of sending, the collector of traces, and the
//! server itself under its public address.

mod database;
mod here;
mod mail;
mod public;

use std::process::ExitCode;
use std::time::Duration;

use actix_web::rt::net::TcpStream;
use serde::Serialize;

use super::{Ending, Global, Out, block_on};
use crate::config::Config;

#[derive(Debug, clap::Args)]
pub(super) struct DoctorArgs {
    /// Answer as JSON, for programs
    #[arg(long)]
    json: bool,
}

/// How a thing stands. The worse is the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    /// As it should.
    Good,
    /// It works, but somebody should know.
    Note,
    /// It does not work.
    Bad,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Finding {
    /// What was looked at.
    check: &'static str,
    state: State,
    /// How it is.
    says: String,
    /// What to do about it.
    #[serde(rename = "do", skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

impl Finding {
    fn good(check: &'static str, says: impl Into<String>) -> Self {
        Self::new(check, State::Good, says.into(), None)
    }

    fn note(check: &'static str, says: impl Into<String>) -> Self {
        Self::new(check, State::Note, says.into(), None)
    }

    fn bad(check: &'static str, says: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(check, State::Bad, says.into(), Some(remedy.into()))
    }

    fn new(check: &'static str, state: State, says: String, remedy: Option<String>) -> Self {
        Self {
            check,
            state,
            says,
            remedy,
        }
    }
}

/// All that was found.
#[derive(Debug, Serialize)]
struct Report {
    /// The worst of it.
    state: State,
    findings: Vec<Finding>,
}

impl Report {
    fn of(findings: Vec<Finding>) -> Self {
        let worst = findings.iter().map(|finding| finding.state).max();
        Self {
            state: worst.unwrap_or(State::Good),
            findings,
        }
    }

    fn print(&self, args: &DoctorArgs) -> Result<(), Box<dyn std::error::Error>> {
        let mut out = Out::stdout();
        if args.json {
            out.line(serde_json::to_string_pretty(self)?)?;
        } else {
            for finding in &self.findings {
                let tag = match finding.state {
                    State::Good => "[good]",
                    State::Note => "[note]",
                    State::Bad => "[bad] ",
                };
                out.line(format!("{tag} {}", finding.says))?;
                if let Some(remedy) = &finding.remedy {
                    out.line(format!("       {remedy}"))?;
                }
            }
        }
        out.finish()?;
        Ok(())
    }
}

pub(super) fn run(global: &Global, args: &DoctorArgs) -> Ending {
    let findings = match global.load() {
        Ok(config) => block_on(examine(&config)),
        Err(error) => {
            let mistakes = error.mistakes.iter().map(|mistake| {
                Finding::bad(
                    "configuration",
                    format!("{}: {}", mistake.key, mistake.complaint),
                    "Correct the configuration first; nothing else was looked at.",
                )
            });
            mistakes.collect()
        }
    };
    let report = Report::of(findings);
    report.print(args)?;
    Ok(if report.state == State::Bad {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

async fn examine(config: &Config) -> Vec<Finding> {
    let mut findings = vec![Finding::good(
        "configuration",
        "The configuration can be used.",
    )];
    findings.extend(here::look(config));
    findings.extend(public::look(config).await);
    findings.extend(mail::look(config).await);
    findings.extend(telemetry(config).await);
    findings.extend(database::look(config).await);
    findings
}

/// Whether somebody takes the traces.
async fn telemetry(config: &Config) -> Option<Finding> {
    let endpoint = config.telemetry.otlp_endpoint.as_ref()?;
    let host = endpoint.host_str().unwrap_or_default();
    let port = endpoint.port_or_known_default().unwrap_or(4318);
    // The address may carry a key in its path.
    let shown = format!("{}://{host}:{port}", endpoint.scheme());
    Some(match connect(host.trim_matches(['[', ']']), port).await {
        Ok(()) => Finding::good("traces", format!("Somebody takes traces at {shown}.")),
        Err(error) => Finding::note(
            "traces",
            format!(
                "Nobody takes traces at {shown}: {error}. They are dropped; nothing else suffers."
            ),
        ),
    })
}

/// How long anybody is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

async fn connect(host: &str, port: u16) -> Result<(), String> {
    let connecting = TcpStream::connect((host, port));
    match tokio::time::timeout(PATIENCE, connecting).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_elapsed) => Err(format!("no answer within {} seconds", PATIENCE.as_secs())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_counts() {
        let state = |findings: &[Finding]| Report::of(findings.to_vec()).state;
        let (good, note) = (Finding::good("a", "x"), Finding::note("a", "x"));
        let bad = Finding::bad("a", "x", "y");
        assert_eq!(state(&[]), State::Good);
        assert_eq!(state(&[good.clone(), note.clone()]), State::Note);
        assert_eq!(state(&[bad, good, note]), State::Bad);
    }

    #[test]
    fn programs_read_what_people_do() {
        let report = Report::of(vec![
            Finding::good("key", "It is there."),
            Finding::bad("outbox", "It is full.", "Empty it."),
        ]);
        assert_eq!(
            serde_json::to_value(&report).unwrap(),
            serde_json::json!({
                "state": "bad",
                "findings": [
                    { "check": "key", "state": "good", "says": "It is there." },
                    { "check": "outbox", "state": "bad", "says": "It is full.", "do": "Empty it." },
                ],
            })
        );
    }
}
