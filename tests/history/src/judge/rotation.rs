//! The rotation's ledgers.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::Case;
use crate::case::{Whole, wholes};
use crate::facts::{digits, takes_time};
use crate::field::{EventType, Way};

/// A step, as a booking remembers it.
#[derive(Debug, Deserialize)]
struct Step {
    eligible: Vec<Eligible>,
    winner: String,
    holder: String,
    released: bool,
}

#[derive(Debug, Deserialize)]
struct Eligible {
    host: String,
    weight: i64,
    credit: i64,
    last_assigned: Option<u64>,
}

impl Step {
    /// What the holder paid.
    fn price(&self) -> i64 {
        self.eligible.iter().map(|eligible| eligible.weight).sum()
    }

    /// Who should have won: the largest credit after all have earned; then whoever waits longest; then roster order.
    fn due(&self) -> Option<&str> {
        let rank = |e: &Eligible| (std::cmp::Reverse(e.credit + e.weight), e.last_assigned);
        let mut best: Option<&Eligible> = None;
        for next in &self.eligible {
            if best.is_none_or(|best| rank(next) < rank(best)) {
                best = Some(next);
            }
        }
        best.map(|eligible| eligible.host.as_str())
    }
}

/// Credits sum to zero, and are what the steps of the bookings that stand lead to; each step had the winner it should.
///
/// A step that is undone leaves nothing, so the order of steps does not matter to what they lead to.
pub fn rotation(case: &Case) -> Vec<String> {
    let mut found = Vec::new();
    let mut led: BTreeMap<(String, String), i64> = BTreeMap::new();
    let mut steps: BTreeMap<&str, i64> = BTreeMap::new();
    for (id, whole) in wholes(case) {
        let Some(event) = whole.event.filter(|event| event.way == Way::RoundRobin) else {
            continue;
        };
        let step = match serde_json::from_value::<Step>(whole.row.rotation.clone()) {
            Ok(step) => step,
            Err(error) => {
                found.push(format!("booking {id}: its step cannot be read: {error}"));
                continue;
            }
        };
        *steps.entry(&whole.row.event_type_id).or_default() += 1;
        found.extend(wrong(case, event, &whole, &step).map(|said| format!("booking {id}: {said}")));
        if step.released {
            continue;
        }
        let mut pay = |host: &str, credit: i64| {
            let entry = led.entry((whole.row.event_type_id.clone(), digits(host)));
            *entry.or_default() += credit;
        };
        for eligible in &step.eligible {
            pay(&eligible.host, eligible.weight);
        }
        pay(&step.holder, -step.price());
    }
    let mut sums: BTreeMap<&str, i64> = BTreeMap::new();
    for entry in &case.facts.rotation {
        *sums.entry(&entry.event_type_id).or_default() += entry.credit;
        let key = (entry.event_type_id.clone(), entry.host_id.clone());
        let led = led.remove(&key).unwrap_or_default();
        if led != entry.credit {
            let (credit, host) = (entry.credit, case.facts.key_of(&entry.host_id));
            found.push(format!(
                "{host:?} has a credit of {credit}, and the bookings lead to {led}: {key:?}"
            ));
        }
    }
    found.extend(led.into_iter().filter(|(_, credit)| *credit != 0).map(|(key, credit)| {
        format!("the bookings lead to a credit of {credit}, and there is no entry for it: {key:?}")
    }));
    found.extend(
        sums.iter()
            .filter(|(_, sum)| **sum != 0)
            .map(|(event, sum)| format!("the credits of event type {event} sum to {sum}")),
    );
    for ledger in &case.facts.ledgers {
        let assigned = steps
            .get(ledger.event_type_id.as_str())
            .copied()
            .unwrap_or_default();
        if ledger.next < assigned {
            found.push(format!(
                "{assigned} were assigned, and the ledger counts {}",
                ledger.next
            ));
        }
    }
    found
}

fn wrong(case: &Case, event: &EventType, whole: &Whole<'_>, step: &Step) -> Option<String> {
    if step.due() != Some(&step.winner) {
        return Some(format!(
            "the rotation owed it to {:?}: {step:?}",
            step.due()
        ));
    }
    let is_host = whole
        .hosts
        .iter()
        .any(|host| host.user_id == digits(&step.holder));
    if !is_host {
        return Some("who paid for it does not host it".to_owned());
    }
    if step.released == takes_time(&whole.row.status) {
        return Some(format!(
            "it is {}, and its step is released: {}",
            whole.row.status, step.released
        ));
    }
    let weight_of = |id: &str| {
        let key = case.facts.key_of(&digits(id));
        let host = event
            .hosts
            .iter()
            .find(|(host, _)| Some(host.as_str()) == key);
        host.map(|(_, weight)| i64::from(*weight))
    };
    let is_right = |e: &Eligible| weight_of(&e.host) == Some(e.weight);
    (!step.eligible.iter().all(is_right))
        .then(|| format!("its weights are not the event type's: {step:?}"))
}

#[cfg(test)]
mod tests;
