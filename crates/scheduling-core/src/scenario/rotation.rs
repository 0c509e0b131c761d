//! Histories of a rotation: who was eligible when, what was undone, who won.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde::{Deserialize, Serialize};

use super::ScenarioError;
use super::reader::Object;
use crate::assignment::{RotationLedger, RotationStep};

/// A rotation's history with, perhaps, the winners and credits it should end with.
///
/// ```
/// use scheduling_core::scenario::RotationScenario;
///
/// let scenario = RotationScenario::parse(r#"{
///     "hosts": [{"id": "ann", "weight": 100}, {"id": "bob", "weight": 100}],
///     "events": [{"assign": {"eligible": ["ann", "bob"]}}, {"assign": {"eligible": ["ann", "bob"]}}]
/// }"#)?;
/// let winners = scenario.answer()?.winners;
/// assert_eq!(winners, [Some("ann".to_owned()), Some("bob".to_owned())]);
/// # Ok::<(), scheduling_core::scenario::ScenarioError>(())
/// ```
#[derive(Debug, Clone)]
pub struct RotationScenario {
    /// What it is about.
    pub name: String,
    /// The answer it should give, if it says.
    pub expect: Option<RotationAnswer>,
    hosts: Vec<(String, u32)>,
    events: Vec<Event>,
}

/// What a history comes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RotationAnswer {
    /// For each event, who has the booking after it; nobody after a release.
    pub winners: Vec<Option<String>>,
    /// Every host's credit at the end.
    pub credits: BTreeMap<String, i64>,
}

#[derive(Debug, Clone)]
enum Event {
    Assign { eligible: Vec<String> },
    Release { assignment: usize },
    Reassign { assignment: usize, to: String },
}

impl RotationScenario {
    /// Reads a history.
    ///
    /// # Errors
    /// [`ScenarioError`], which names the place.
    pub fn parse(line: &str) -> Result<Self, ScenarioError> {
        let mut line = Object::parse(line)?;
        let name = line.optional("name")?.unwrap_or_default();
        let mut hosts: Vec<(String, u32)> = Vec::new();
        let mut known = BTreeSet::new();
        line.list("hosts", |mut host| {
            let id: String = host.required("id")?;
            if !known.insert(id.clone()) {
                let problem = format!("another host is called {id:?} already");
                return Err(host.error("id", problem));
            }
            let weight: u32 = host.optional("weight")?.unwrap_or(100);
            if weight == 0 {
                return Err(host.error("weight", "must be at least 1"));
            }
            host.finish()?;
            hosts.push((id, weight));
            Ok(())
        })?;
        let events = line.list("events", |event| read_event(event, &known))?;
        let expect = line.optional("expect")?;
        line.finish()?;
        Ok(Self {
            name,
            expect,
            hosts,
            events,
        })
    }

    /// Plays the history.
    ///
    /// # Errors
    /// [`ScenarioError`] for an event that cannot happen: nobody eligible, an assignment that was never made.
    pub fn answer(&self) -> Result<RotationAnswer, ScenarioError> {
        let mut ledger = RotationLedger::new(self.hosts.iter().cloned());
        let mut steps: Vec<RotationStep<String>> = Vec::new();
        let mut winners = Vec::with_capacity(self.events.len());
        for (number, event) in self.events.iter().enumerate() {
            let refused = |field: &str, problem: &dyn std::error::Error| {
                ScenarioError::new(format!("events[{number}].{field}"), problem)
            };
            let made = steps.len();
            let never_made = |field: &str, assignment: usize| {
                let problem = format!("assignment {assignment} was never made; {made} were");
                ScenarioError::new(format!("events[{number}].{field}.assignment"), problem)
            };
            winners.push(match event {
                Event::Assign { eligible } => {
                    let step = ledger.assign(eligible).map_err(|e| refused("assign", &e))?;
                    let winner = step.winner.clone();
                    steps.push(step);
                    Some(winner)
                }
                Event::Release { assignment } => {
                    let step = steps
                        .get_mut(*assignment)
                        .ok_or_else(|| never_made("release", *assignment))?;
                    ledger.release(step);
                    None
                }
                Event::Reassign { assignment, to } => {
                    let step = steps
                        .get_mut(*assignment)
                        .ok_or_else(|| never_made("reassign", *assignment))?;
                    ledger
                        .reassign(step, to)
                        .map_err(|e| refused("reassign", &e))?;
                    Some(to.clone())
                }
            });
        }
        let credits = ledger.entries.into_iter().map(|e| (e.host, e.credit));
        Ok(RotationAnswer {
            winners,
            credits: credits.collect(),
        })
    }

    /// How the answer differs from the expected one, for people to read. `None` when it does not, or when nothing is
    /// expected.
    ///
    /// # Errors
    /// As [`answer`](Self::answer).
    pub fn difference(&self) -> Result<Option<String>, ScenarioError> {
        let found = self.answer()?;
        let Some(expected) = &self.expect else {
            return Ok(None);
        };
        let mut text = String::new();
        let name = |winner: Option<&Option<String>>| match winner {
            None => "nothing".to_owned(),
            Some(None) => "nobody".to_owned(),
            Some(Some(winner)) => winner.clone(),
        };
        for event in 0..expected.winners.len().max(found.winners.len()) {
            let (wanted, got) = (expected.winners.get(event), found.winners.get(event));
            if wanted != got {
                let (wanted, got) = (name(wanted), name(got));
                let _ = write!(text, "\n  event {event}: expected {wanted}, found {got}");
            }
        }
        let all_hosts = expected.credits.keys().chain(found.credits.keys());
        for host in all_hosts.collect::<BTreeSet<_>>() {
            let credit = |credit: Option<&i64>| credit.map_or("none".to_owned(), i64::to_string);
            let (wanted, got) = (expected.credits.get(host), found.credits.get(host));
            if wanted != got {
                let (wanted, got) = (credit(wanted), credit(got));
                let _ = write!(text, "\n  credit of {host}: expected {wanted}, found {got}");
            }
        }
        Ok((!text.is_empty()).then(|| format!("the rotation went otherwise:{text}")))
    }
}

fn read_event(mut event: Object, hosts: &BTreeSet<String>) -> Result<Event, ScenarioError> {
    let read = if let Some(mut assign) = event.object("assign")? {
        let eligible: Vec<String> = assign.required("eligible")?;
        if let Some(i) = eligible.iter().position(|host| !hosts.contains(host)) {
            return Err(no_host(&assign, &format!("eligible[{i}]"), &eligible[i]));
        }
        assign.finish()?;
        Event::Assign { eligible }
    } else if let Some(mut release) = event.object("release")? {
        let assignment = release.required("assignment")?;
        release.finish()?;
        Event::Release { assignment }
    } else if let Some(mut reassign) = event.object("reassign")? {
        let assignment = reassign.required("assignment")?;
        let to: String = reassign.required("to")?;
        if !hosts.contains(&to) {
            return Err(no_host(&reassign, "to", &to));
        }
        reassign.finish()?;
        Event::Reassign { assignment, to }
    } else {
        return Err(event.error("assign", "an event is one of assign, release and reassign"));
    };
    event.finish()?;
    Ok(read)
}

fn no_host(event: &Object, field: &str, host: &str) -> ScenarioError {
    event.error(field, format!("there is no host {host:?}"))
}
