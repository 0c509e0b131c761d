//! What was asked for, and what became of it.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use crate::Case;
use crate::case::{Whole, wholes};
use crate::facts::HistoryEntry;
use crate::life::lead;
use crate::record::{Act, By, Operation, Outcome, Reply, Request};

/// What is there, by how it is named in the record.
struct There<'a> {
    wholes: BTreeMap<&'a str, Whole<'a>>,
    /// Invitee's address → bookings.
    by_email: BTreeMap<&'a str, Vec<&'a str>>,
    /// Mark → the bookings whose history has it, and the kind of the entry.
    by_mark: BTreeMap<&'a str, Vec<(&'a str, &'a str)>>,
}

impl<'a> There<'a> {
    fn of(case: &'a Case) -> Self {
        let wholes = wholes(case);
        let mut by_email: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for attendee in case.facts.attendees.iter().filter(|a| a.role == "invitee") {
            let bookings = by_email.entry(&attendee.email).or_default();
            bookings.push(&attendee.booking_id);
        }
        let mut by_mark: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
        for entry in &case.facts.history {
            if let Some(mark) = entry.mark() {
                let entries = by_mark.entry(mark).or_default();
                entries.push((&entry.booking_id, &entry.kind));
            }
        }
        Self {
            wholes,
            by_email,
            by_mark,
        }
    }

    /// How often an operation was done.
    fn times(&self, name: &str) -> usize {
        self.by_email.get(name).map_or(0, Vec::len) + self.by_mark.get(name).map_or(0, Vec::len)
    }
}

/// Whether a request's change is there; nothing where its name does not tell.
pub fn happened(case: &Case) -> impl Fn(&Request) -> Option<bool> {
    let there = There::of(case);
    move |request| Some(there.times(request.act.name()?) > 0)
}

/// The word for an act in a history.
fn kind(act: &Act) -> &'static str {
    match act {
        Act::Move { .. } => "rescheduled",
        Act::Cancel { .. } => "cancelled",
        Act::Approve { .. } => "approved",
        Act::Decline { .. } => "declined",
        _ => "",
    }
}

/// Each change that was acknowledged is there, as it was told.
pub fn acknowledged(case: &Case) -> Vec<String> {
    let there = There::of(case);
    let mut found = Vec::new();
    for request in &case.record.requests {
        let Some(reply) = request.outcome.reply() else {
            continue;
        };
        let missing = match &request.act {
            Act::Book { .. } => booked(&there, request, reply),
            act => match act.booking() {
                Some(booking) => changed(&there, booking, request, reply),
                None => None,
            },
        };
        if let Some(missing) = missing {
            found.push(format!(
                "{:?} was acknowledged with {reply:?}, and {missing}",
                request.act
            ));
        }
    }
    found
}

fn booked(there: &There<'_>, request: &Request, reply: &Reply) -> Option<String> {
    let id = reply.booking.as_deref()?;
    let Some(whole) = there.wholes.get(id) else {
        return Some("there is no such booking".to_owned());
    };
    if whole.invitee() != request.act.name() {
        return Some(format!("its invitee is {:?}", whole.invitee()));
    }
    if reply.replayed {
        return None;
    }
    // What cannot be lived through is for the judge of lives to say.
    let first = lead(whole).ok()?.into_iter().next()?;
    let told = (reply.start, reply.end, reply.version);
    if told != (Some(first.start), Some(first.end), Some(1)) {
        return Some(format!("it began at {} to {}", first.start, first.end));
    }
    (reply.state.as_deref() != Some(first.state.word()))
        .then(|| format!("it was {} at first", first.state.word()))
}

/// A change's own entry must be there; and what the answer shows must be what the booking was at the version it names. That
/// may be a later one: servers answer with the booking as they read it afterwards.
fn changed(there: &There<'_>, booking: &str, request: &Request, reply: &Reply) -> Option<String> {
    let Some(whole) = there.wholes.get(booking) else {
        return Some("there is no such booking".to_owned());
    };
    let kind = kind(&request.act);
    let shown = reply.version.filter(|_| !reply.replayed);
    let until = shown.unwrap_or(usize::MAX);
    // Saying yes, or calling off, is answered alike when somebody else did so before.
    let is_form = request.act.by() == Some(By::HostLink);
    let may_be_anyones = is_form || matches!(request.act, Act::Approve { .. } | Act::Cancel { .. });
    let is_it = |entry: &&HistoryEntry| {
        entry.kind == kind && (may_be_anyones || entry.mark() == request.act.name())
    };
    let is_there = whole.history.iter().take(until).any(is_it);
    // What cannot be lived through is for the judge of lives to say.
    let steps = lead(whole).ok()?;
    let stood_there = match request.act {
        Act::Move { start, .. } => steps.iter().take(until).any(|step| step.start == start),
        _ => false,
    };
    if !is_there && !stood_there {
        return Some(format!("its history has no such entry: {kind}"));
    }
    let version = shown?;
    let Some(step) = steps.get(version.wrapping_sub(1)) else {
        return Some(format!("its history has {} entries", steps.len()));
    };
    let told = (reply.start, reply.end, reply.state.as_deref());
    let stands = (Some(step.start), Some(step.end), Some(step.state.word()));
    (told != stands).then(|| format!("it was {stands:?} from then on"))
}

/// Whoever was told that nothing was changed was told the truth. Of the errors on the server's side `overloaded` says so.
pub fn promised(case: &Case) -> Vec<String> {
    let there = There::of(case);
    let mut found = Vec::new();
    for (name, operation) in case.record.operations() {
        // With a second request nobody can say which one did it.
        let [request] = operation.requests[..] else {
            continue;
        };
        let Outcome::Unknown {
            status: Some(status),
            why,
        } = &request.outcome
        else {
            continue;
        };
        if why == "overloaded" && there.times(name) > 0 {
            found.push(format!(
                "{name} was answered with {status} and is there: {request:?}"
            ));
        }
    }
    found
}

/// Nothing happened that was refused.
pub fn refused(case: &Case) -> Vec<String> {
    let there = There::of(case);
    let operations = case.record.operations();
    let refused = operations
        .iter()
        .filter(|(_, operation)| operation.is_refused());
    let done = refused.filter(|(name, _)| there.times(name) > 0);
    done.map(|(name, operation)| format!("{name} was refused and is there: {:?}", last(operation)))
        .collect()
}

fn last<'a>(operation: &Operation<'a>) -> Option<&'a Request> {
    operation.requests.last().copied()
}

/// However often a request was repeated, it did one thing, and said the same.
pub fn repeated(case: &Case) -> Vec<String> {
    let there = There::of(case);
    let mut found = Vec::new();
    for (name, operation) in case.record.operations() {
        let times = there.times(name);
        if times > 1 {
            found.push(format!(
                "{name} was asked for once and is there {times} times"
            ));
        }
        let replies = operation.requests.iter().filter_map(|r| r.outcome.reply());
        let bookings: BTreeSet<&String> = replies.filter_map(|r| r.booking.as_ref()).collect();
        if bookings.len() > 1 {
            found.push(format!(
                "{name} was answered with several bookings: {bookings:?}"
            ));
        }
        let acknowledged = operation
            .requests
            .iter()
            .filter(|r| r.outcome.reply().is_some());
        let Some(told) = acknowledged.map(|request| request.answered).min() else {
            continue;
        };
        let later = operation
            .requests
            .iter()
            .filter(|r| r.key.is_some() && r.sent > told);
        for request in later.filter(|r| matches!(r.outcome, Outcome::Refused { .. })) {
            found.push(format!(
                "{name} was acknowledged and then refused: {:?}",
                request.outcome
            ));
        }
    }
    found
}

/// Nothing is there that nobody asked for.
pub fn accounted(case: &Case) -> Vec<String> {
    let there = There::of(case);
    let operations = case.record.operations();
    let mut found = Vec::new();
    for (email, bookings) in &there.by_email {
        if !operations.contains_key(email) {
            found.push(format!(
                "nobody asked for the bookings {bookings:?} of {email}"
            ));
        }
    }
    let mut approvals: BTreeMap<&str, usize> = BTreeMap::new();
    let possible = case
        .record
        .requests
        .iter()
        .filter(|r| !r.outcome.is_refused());
    for request in possible {
        if let Act::Approve { booking, .. } = &request.act {
            *approvals.entry(booking).or_default() += 1;
        }
    }
    for whole in there.wholes.values() {
        let id = &whole.row.id;
        let approved = whole
            .history
            .iter()
            .filter(|e| e.kind == "approved")
            .count();
        let asked = approvals.get(id.as_str()).copied().unwrap_or_default();
        if approved > asked {
            found.push(format!(
                "booking {id} was approved {approved} times, and asked for {asked} times"
            ));
        }
        for entry in &whole.history {
            if matches!(entry.kind.as_str(), "requested" | "confirmed" | "approved") {
                continue;
            }
            let operation = entry.mark().and_then(|mark| operations.get(mark));
            let asked = operation.and_then(|operation| operation.requests.first());
            let is_it = |request: &&Request| {
                let by = match request.act.by() {
                    Some(By::Invitee) => "invitee",
                    _ => "member",
                };
                (kind(&request.act), request.act.booking(), by)
                    == (entry.kind.as_str(), Some(id.as_str()), entry.doer())
            };
            if !asked.is_some_and(is_it) {
                found.push(format!(
                    "nobody asked for what became of booking {id}: {entry:?}"
                ));
            }
        }
    }
    found
}

/// A hold that was acknowledged is there until it ends, and no longer than until it was given back.
pub fn holds(case: &Case) -> Vec<String> {
    let there: BTreeSet<&str> = case
        .facts
        .holds
        .iter()
        .map(|h| h.token_hash.as_str())
        .collect();
    let bookings = There::of(case);
    let mut given_back: BTreeMap<&str, Vec<&Request>> = BTreeMap::new();
    for request in &case.record.requests {
        if let Act::Release { hold }
        | Act::Book {
            hold: Some(hold), ..
        } = &request.act
        {
            given_back.entry(hold).or_default().push(request);
        }
    }
    let mut found = Vec::new();
    for request in &case.record.requests {
        let (Act::Hold { .. }, Some(reply)) = (&request.act, request.outcome.reply()) else {
            continue;
        };
        let (Some(token), Some(expires_at)) = (&reply.hold, reply.expires_at) else {
            continue;
        };
        let is_there = there.contains(hash(token).as_str());
        let ends = given_back.get(token.as_str()).cloned().unwrap_or_default();
        let may_have_ended = ends.iter().any(|request| !request.outcome.is_refused());
        if !is_there && !may_have_ended && expires_at > case.facts.read_at {
            found.push(format!(
                "the hold {token} of {:?} is gone before its time",
                request.act
            ));
        }
        let has_ended = ends.iter().any(|request| {
            let booked = request
                .act
                .name()
                .is_some_and(|name| bookings.times(name) > 0);
            request.outcome.reply().is_some() || booked
        });
        if is_there && has_ended {
            found.push(format!("the hold {token} was given back and is there"));
        }
    }
    found
}

/// SHA-256 of a token's secret, as the tables have it.
pub fn hash(token: &str) -> String {
    let secret = hex::decode(crate::facts::digits(token)).unwrap_or_default();
    hex::encode(Sha256::digest(secret))
}

#[cfg(test)]
mod tests;
