//! Whose time is taken, by what.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate};
use chrono_tz::Tz;

use crate::Case;
use crate::case::wholes;
use crate::facts::takes_time;

/// Time of a host: the host's id, from, to, by what.
type Taken = (String, i64, i64, String);

/// What takes time: bookings without a session, sessions, holds without a session. By the field's buffers, not by those
/// that are stored.
fn taken(case: &Case) -> Vec<Taken> {
    let facts = &case.facts;
    let event_of = |id: &str| facts.slug_of(id).and_then(|slug| case.field.event(slug));
    let reserve = |event: &str, start, end| match event_of(event) {
        Some(event) => event.reservation(start, end),
        None => (start, end),
    };
    let mut taken = Vec::new();
    for whole in wholes(case).values() {
        let row = whole.row;
        if !takes_time(&row.status) {
            continue;
        }
        let (from, to) = reserve(&row.event_type_id, row.starts_at, row.ends_at);
        for host in whole.hosts.iter().filter(|host| host.session_id.is_none()) {
            taken.push((
                host.user_id.clone(),
                from,
                to,
                format!("booking {}", row.id),
            ));
        }
    }
    for session in &facts.sessions {
        let (from, to) = reserve(&session.event_type_id, session.starts_at, session.ends_at);
        taken.push((
            session.host_id.clone(),
            from,
            to,
            format!("session {}", session.id),
        ));
    }
    let holds: BTreeMap<&str, _> = facts.holds.iter().map(|h| (h.id.as_str(), h)).collect();
    for host in facts
        .hold_hosts
        .iter()
        .filter(|host| host.session_id.is_none())
    {
        if let Some(hold) = holds.get(host.hold_id.as_str()) {
            let (from, to) = reserve(&hold.event_type_id, hold.starts_at, hold.ends_at);
            taken.push((host.user_id.clone(), from, to, format!("hold {}", hold.id)));
        }
    }
    taken.sort();
    taken
}

/// Pairs that overlap, in sorted order.
fn overlaps(sorted: &[Taken]) -> Vec<String> {
    let mut found = Vec::new();
    // The one before that reaches farthest.
    let mut last: Option<&Taken> = None;
    for next in sorted {
        if let Some(last) = last.filter(|last| last.0 == next.0 && next.1 < last.2) {
            found.push(format!(
                "host {}: {} takes {} to {}, and {} takes {} to {}",
                next.0, last.3, last.1, last.2, next.3, next.1, next.2
            ));
        }
        if last.is_none_or(|last| last.0 != next.0 || last.2 < next.2) {
            last = Some(next);
        }
    }
    found
}

/// Claims are disjoint, whatever the database promises, and those that bookings, sessions and holds should have.
pub fn claims(case: &Case) -> Vec<String> {
    let claim = |claim: &crate::facts::Claim| {
        (
            claim.host_id.clone(),
            claim.starts_at,
            claim.ends_at,
            claim.owner(),
        )
    };
    let mut claims: Vec<Taken> = case.facts.claims.iter().map(claim).collect();
    claims.sort();
    let mut found = overlaps(&claims);
    let claims: BTreeSet<Taken> = claims.into_iter().collect();
    let taken: BTreeSet<Taken> = taken(case).into_iter().collect();
    found.extend(
        taken
            .difference(&claims)
            .map(|it| format!("there is no claim for {it:?}")),
    );
    found.extend(
        claims
            .difference(&taken)
            .map(|it| format!("nothing takes the claim {it:?}")),
    );
    found
}

/// No host is in two places, buffers included.
pub fn double_booked(case: &Case) -> Vec<String> {
    overlaps(&taken(case))
}

/// The local date of an instant.
fn date(at: i64, zone: &str) -> Option<NaiveDate> {
    let zone: Tz = zone.parse().ok()?;
    Some(
        DateTime::from_timestamp_micros(at)?
            .with_timezone(&zone)
            .date_naive(),
    )
}

/// No host takes more a day than wanted.
pub fn limits(case: &Case) -> Vec<String> {
    let mut counted: BTreeMap<(&str, &str, NaiveDate), u32> = BTreeMap::new();
    for whole in wholes(case).values() {
        let Some(event) = whole.event.filter(|event| event.per_day.is_some()) else {
            continue;
        };
        if !takes_time(&whole.row.status) {
            continue;
        }
        for host in &whole.hosts {
            let person = case
                .facts
                .key_of(&host.user_id)
                .and_then(|key| case.field.person(key));
            let Some(person) = person else {
                continue;
            };
            if let Some(date) = date(whole.row.starts_at, &person.timezone) {
                *counted.entry((&event.slug, &person.key, date)).or_default() += 1;
            }
        }
    }
    let limit = |slug: &str| case.field.event(slug).and_then(|event| event.per_day);
    let above = counted
        .iter()
        .filter(|((slug, ..), count)| limit(slug).is_some_and(|limit| **count > limit));
    above
        .map(|((slug, host, date), count)| format!("{host} has {count} of {slug} on {date}"))
        .collect()
}

/// No session has more guests than seats, each is counted, and each seat is at the session's time.
pub fn seats(case: &Case) -> Vec<String> {
    let facts = &case.facts;
    let mut taken: BTreeMap<&str, i64> = BTreeMap::new();
    let mut found = Vec::new();
    let sessions: BTreeMap<&str, _> = facts.sessions.iter().map(|s| (s.id.as_str(), s)).collect();
    let mut seat = |whose: String, session: &'_ str, host: &str, times: (i64, i64)| {
        let Some((id, session)) = sessions.get_key_value(session) else {
            return Some(format!(
                "{whose} has a seat in session {session}, which is not there"
            ));
        };
        *taken.entry(id).or_default() += 1;
        let at = (
            session.host_id.as_str(),
            (session.starts_at, session.ends_at),
        );
        (at != (host, times)).then(|| format!("{whose} has a seat in session {id} at another time"))
    };
    for whole in wholes(case)
        .values()
        .filter(|whole| takes_time(&whole.row.status))
    {
        let row = whole.row;
        for host in &whole.hosts {
            if let Some(session) = &host.session_id {
                let whose = format!("booking {}", row.id);
                found.extend(seat(
                    whose,
                    session,
                    &host.user_id,
                    (row.starts_at, row.ends_at),
                ));
            }
        }
    }
    for host in &facts.hold_hosts {
        let hold = facts.holds.iter().find(|hold| hold.id == host.hold_id);
        if let (Some(session), Some(hold)) = (&host.session_id, hold) {
            let whose = format!("hold {}", hold.id);
            found.extend(seat(
                whose,
                session,
                &host.user_id,
                (hold.starts_at, hold.ends_at),
            ));
        }
    }
    for session in &facts.sessions {
        let event = facts
            .slug_of(&session.event_type_id)
            .and_then(|slug| case.field.event(slug));
        let wanted = event.map_or(0, |event| i64::from(event.seats));
        let seats = taken.get(session.id.as_str()).copied().unwrap_or_default();
        if seats > wanted || session.capacity != wanted {
            found.push(format!(
                "session {} has {seats} of {wanted} seats taken",
                session.id
            ));
        }
        if seats != session.seats_taken {
            let counted = session.seats_taken;
            found.push(format!(
                "session {} counts {counted} seats, and {seats} are taken",
                session.id
            ));
        }
    }
    found
}

/// The database refuses a claim on time that is claimed, also when it is asked by hand.
pub fn constraint(case: &Case) -> Vec<String> {
    match case.facts.refuses_overlap {
        Some(false) => vec!["the database takes a claim on time that is claimed".to_owned()],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
