//! What nodes did when they were told to stop, and what `kalends verify` says at the end.

use crate::Case;
use crate::judge::asked::happened;
use crate::record::{Deed, Event, Outcome};

/// Requests that were sent so long before a server was told to stop have surely reached it.
const REACHED: i64 = 500_000;

/// Whoever is told to stop finishes what was begun: no request that had reached the server is lost, nothing is done whose
/// asker hears only that the connection broke, and the process ends well.
pub fn nodes(case: &Case) -> Vec<String> {
    let mut found = Vec::new();
    let happened = happened(case);
    for (place, told) in case.record.events.iter().enumerate() {
        if told.what != Deed::ToldToStop {
            continue;
        }
        let later = case.record.events[place..]
            .iter()
            .filter(|e| e.whom == told.whom);
        let ended = later
            .into_iter()
            .find(|event| matches!(event.what, Deed::Ended | Deed::EndedBadly | Deed::Killed));
        let Some(ended) = ended else {
            found.push(format!("{} was told to stop and did not", told.whom));
            continue;
        };
        if ended.what == Deed::EndedBadly {
            found.push(format!(
                "{} was told to stop and ended badly: {ended:?}",
                told.whom
            ));
        }
        if ended.what == Deed::Ended {
            found.extend(lost(case, told, ended, &happened));
        }
    }
    found
}

/// The requests that a server lost while it stopped.
fn lost(
    case: &Case,
    told: &Event,
    ended: &Event,
    happened: &impl Fn(&crate::record::Request) -> Option<bool>,
) -> Vec<String> {
    let server = told
        .whom
        .strip_prefix("server ")
        .and_then(|number| number.parse().ok());
    // A database that goes away at the same time, or a frozen node, takes answers along.
    let disturbed = case.record.events.iter().any(|event| {
        let is_near = event.at > told.at - 20_000_000 && event.at < ended.at + 1_000_000;
        let matters =
            event.whom == told.whom && event.what != Deed::ToldToStop && event.what != Deed::Ended;
        is_near && (event.whom == "database" || (matters && event.what == Deed::Frozen))
    });
    let requests = case.record.requests.iter().filter(|request| {
        let is_lost = matches!(request.outcome, Outcome::Unknown { status: None, .. });
        Some(request.server) == server
            && is_lost
            && request.sent < ended.at
            && request.answered >= told.at
            && request.answered <= ended.at + 1_000_000
    });
    let mut found = Vec::new();
    for request in requests {
        if happened(request) == Some(true) {
            found.push(format!(
                "{} stopped, did {:?}, and did not say so",
                told.whom, request.act
            ));
        } else if request.sent < told.at - REACHED && !disturbed {
            found.push(format!(
                "{} stopped and lost {:?}: {:?}",
                told.whom, request.act, request.outcome
            ));
        }
    }
    found
}

/// `kalends verify` is content, and nothing is owed any more.
pub fn verify(case: &Case) -> Vec<String> {
    let owed = case
        .facts
        .still_owed
        .iter()
        .map(|owed| format!("it is still owed: {owed}"));
    case.facts.verify.iter().cloned().chain(owed).collect()
}

#[cfg(test)]
mod tests;
