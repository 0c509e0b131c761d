//! What readers saw, and whether what was acknowledged could have happened one after the other.

use std::collections::{BTreeMap, BTreeSet};

use crate::Case;
use crate::field::EventType;
use crate::held::{Held, held};
use crate::record::{Act, Request};

const DAY: i64 = 86_400_000_000;

/// What is held, by host and day, so that little of it has to be looked at.
struct ByDay<'a>(BTreeMap<(&'a str, i64), Vec<&'a Held>>);

impl<'a> ByDay<'a> {
    fn of(held: &'a [Held]) -> Self {
        let mut days: BTreeMap<(&str, i64), Vec<&Held>> = BTreeMap::new();
        for held in held {
            for day in held.takes.0.div_euclid(DAY)..=held.takes.1.div_euclid(DAY) {
                days.entry((&held.host, day)).or_default().push(held);
            }
        }
        Self(days)
    }

    fn at(&self, host: &str, takes: (i64, i64)) -> impl Iterator<Item = &'a Held> {
        let days = takes.0.div_euclid(DAY)..=takes.1.div_euclid(DAY);
        let found: Vec<&Held> = days
            .filter_map(|day| self.0.get(&(host, day)))
            .flatten()
            .copied()
            .filter(|held| held.takes.0 < takes.1 && takes.0 < held.takes.1)
            .collect();
        found.into_iter()
    }
}

/// No server offers what was acknowledged as taken, by any server, before it was asked.
pub fn reads(case: &Case) -> Vec<String> {
    let held = held(&case.field, &case.record);
    let days = ByDay::of(&held);
    let mut found = Vec::new();
    for request in &case.record.requests {
        let (Act::Read { event }, Some(reply)) = (&request.act, request.outcome.reply()) else {
            continue;
        };
        let Some(event) = case.field.event(event) else {
            continue;
        };
        for start in &reply.starts {
            if let Some(taken) = impossible(case, &days, event, *start, request) {
                found.push(format!(
                    "server {} offered {} at {start}, {} ms after it was taken: {taken:?}",
                    request.server,
                    event.slug,
                    (request.sent - taken.from) / 1000
                ));
            }
        }
    }
    found
}

/// What makes it impossible that an event type offers a start while a request is under way.
fn impossible<'a>(
    case: &Case,
    days: &ByDay<'a>,
    event: &EventType,
    start: i64,
    request: &Request,
) -> Option<&'a Held> {
    let meeting = (start, start + event.length());
    let takes = event.reservation(meeting.0, meeting.1);
    let busy = |host: &str| {
        days.at(host, takes).find(|held| {
            let throughout = held.from < request.sent && request.answered < held.until;
            // There may be seats left in a session.
            let wanted = Held {
                host: host.to_owned(),
                event: event.slug.clone(),
                meeting,
                ..(*held).clone()
            };
            throughout && !held.shares_session(&wanted, &case.field)
        })
    };
    let hosts = event.hosts.iter().map(|(host, _)| busy(host));
    if event.takes_all() {
        hosts.flatten().next()
    } else {
        let all: Option<Vec<&Held>> = hosts.collect();
        all.and_then(|all| all.first().copied())
    }
}

/// What was acknowledged could have happened one after the other: nobody was told that he has a time while somebody else
/// surely had it, and no session had more guests than seats at any moment.
pub fn order(case: &Case) -> Vec<String> {
    let held = held(&case.field, &case.record);
    let days = ByDay::of(&held);
    let mut found = Vec::new();
    for one in &held {
        let mut seats = BTreeSet::from([&one.whose]);
        for other in days.at(&one.host, one.takes) {
            // Each pair once: the later one, in the order of the record, looks at the earlier ones.
            let is_earlier = (other.from, &other.whose) < (one.from, &one.whose);
            let at_once = one.from < other.until && other.from < one.until;
            if !is_earlier || !at_once || other.whose == one.whose {
                continue;
            }
            if one.shares_session(other, &case.field) {
                seats.insert(&other.whose);
            } else {
                found.push(format!(
                    "two had the same time at once: {other:?} and {one:?}"
                ));
            }
        }
        let capacity = case.field.event(&one.event).map_or(1, |event| event.seats);
        if seats.len() > capacity as usize {
            let seats = seats.len();
            found.push(format!(
                "{seats} had one of {capacity} seats at once: {one:?}"
            ));
        }
    }
    found.sort();
    found.dedup();
    found
}

#[cfg(test)]
mod tests;
