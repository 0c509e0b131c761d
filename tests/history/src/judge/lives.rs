//! What became of bookings.

use crate::Case;
use crate::case::{Whole, wholes};
use crate::facts::takes_time;
use crate::field::micros;
use crate::life::{Step, lead};

/// Each history is a possible life, and leads to what the booking is.
pub fn life(case: &Case) -> Vec<String> {
    let mut found = Vec::new();
    for (id, whole) in wholes(case) {
        let say = |said: &str| format!("booking {id}: {said}");
        match lead(&whole) {
            Ok(steps) => found.extend(compare(&whole, &steps).iter().map(|said| say(said))),
            Err(said) => found.push(say(&said)),
        }
    }
    found
}

fn compare(whole: &Whole<'_>, steps: &[Step<'_>]) -> Vec<String> {
    let row = whole.row;
    let mut found = Vec::new();
    let Some(last) = steps.last() else {
        return vec!["it has no history".to_owned()];
    };
    let lived = (
        last.state.word(),
        last.start,
        last.end,
        last.sequence,
        i64::try_from(steps.len()).unwrap_or(i64::MAX),
    );
    let stored = (
        row.status.as_str(),
        row.starts_at,
        row.ends_at,
        row.sequence,
        row.version,
    );
    if lived != stored {
        found.push(format!(
            "its history leads to {lived:?}, and it is {stored:?}"
        ));
    }
    if let Some(event) = whole.event {
        if steps
            .iter()
            .any(|step| step.end - step.start != event.length())
        {
            found.push("it is not as long as it should be".to_owned());
        }
        let buffers = (micros(event.buffers.0), micros(event.buffers.1));
        let stored = (
            row.buffer_before * 60_000_000,
            row.buffer_after * 60_000_000,
        );
        if stored != buffers {
            found.push(format!("its buffers are {stored:?}"));
        }
    }
    for pair in steps.windows(2) {
        if pair[0].entry.happened_at > pair[1].entry.happened_at {
            found.push("its history goes back in time".to_owned());
        }
    }
    found
}

/// Each booking is there with all that belongs to it: whole, or not at all.
pub fn whole(case: &Case) -> Vec<String> {
    let mut found = Vec::new();
    let told: std::collections::BTreeSet<String> = case
        .facts
        .outbox
        .iter()
        .map(super::super::facts::OutboxRow::booking)
        .collect();
    for (id, whole) in wholes(case) {
        let mut say = |said: &str| found.push(format!("booking {id}: {said}"));
        if whole.invitee().is_none() {
            say("it has no invitee");
        }
        if !told.contains(id) {
            say("nobody is owed anything for it");
        }
        let Some(event) = whole.event else {
            say("its event type is unknown");
            continue;
        };
        let hosts: Vec<&str> = whole
            .hosts
            .iter()
            .filter_map(|host| case.facts.key_of(&host.user_id))
            .collect();
        let wanted = if event.takes_all() {
            event.hosts.len()
        } else {
            1
        };
        let is_host = |key: &&str| event.hosts.iter().any(|(host, _)| host == key);
        if hosts.len() != wanted || !hosts.iter().all(is_host) {
            say(&format!("its hosts are {hosts:?}"));
        }
        let rotates = event.way == crate::field::Way::RoundRobin;
        if rotates == whole.row.rotation.is_null() {
            say("its rotation's step is not as its event type's");
        }
        let in_session = whole.hosts.iter().all(|host| host.session_id.is_some());
        if takes_time(&whole.row.status) && in_session != (event.seats > 1) {
            say("its seat is not as its event type's");
        }
    }
    for attendee in &case.facts.attendees {
        if !case
            .facts
            .bookings
            .iter()
            .any(|b| b.id == attendee.booking_id)
        {
            found.push(format!("{} attends nothing", attendee.email));
        }
    }
    found
}

/// Invitees see what is stored.
pub fn views(case: &Case) -> Vec<String> {
    let wholes = wholes(case);
    let mut found = Vec::new();
    for view in &case.facts.views {
        let stored = wholes.get(view.booking.as_str()).map(|whole| {
            let row = whole.row;
            let status = row.status.as_str();
            (
                200,
                status,
                Some(row.starts_at),
                Some(row.ends_at),
                Some(row.version),
            )
        });
        let seen = (
            view.answer,
            view.status.as_str(),
            view.start,
            view.end,
            view.version,
        );
        if stored != Some(seen) {
            found.push(format!(
                "of booking {} is seen {seen:?}, and stored is {stored:?}",
                view.booking
            ));
        }
    }
    found
}

#[cfg(test)]
mod tests;
