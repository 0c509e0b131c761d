//! Which time was surely taken, from when to when, by the record alone.
//!
//! Whoever was told that he has a time has it at the latest from that answer on, and at least until somebody asks for a
//! change that may give it back. Between the two nobody else can have it. What lies outside is not known, and is not
//! judged.

use std::collections::BTreeMap;

use crate::field::{EventType, Field};
use crate::record::{Act, Record, Reply, Request};

/// Time that was surely taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Whose time, by key.
    pub host: String,
    /// The event type.
    pub event: String,
    /// When the meeting is.
    pub meeting: (i64, i64),
    /// What it takes, with buffers.
    pub takes: (i64, i64),
    /// From which answer on.
    pub from: i64,
    /// Until which request.
    pub until: i64,
    /// The booking, or the hold.
    pub whose: String,
}

impl Held {
    /// Whether both take the same time of a host.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.host == other.host && self.takes.0 < other.takes.1 && other.takes.0 < self.takes.1
    }

    /// Whether both are seats in one meeting.
    pub fn shares_session(&self, other: &Self, field: &Field) -> bool {
        let event = field.event(&self.event);
        event.is_some_and(|event| event.seats > 1)
            && (&self.host, &self.event, self.meeting) == (&other.host, &other.event, other.meeting)
    }
}

/// The requests that may have changed something, by the booking or the hold that they are about.
struct Changes<'a> {
    by_booking: BTreeMap<&'a str, Vec<&'a Request>>,
    by_hold: BTreeMap<&'a str, i64>,
}

impl<'a> Changes<'a> {
    fn of(record: &'a Record) -> Self {
        let mut changes = Self {
            by_booking: BTreeMap::new(),
            by_hold: BTreeMap::new(),
        };
        let possible = record.requests.iter().filter(|r| !r.outcome.is_refused());
        for request in possible {
            match &request.act {
                Act::Move { booking, .. }
                | Act::Cancel { booking, .. }
                | Act::Decline { booking, .. } => {
                    changes.by_booking.entry(booking).or_default().push(request);
                }
                Act::Release { hold }
                | Act::Book {
                    hold: Some(hold), ..
                } => {
                    let first = changes.by_hold.entry(hold).or_insert(request.sent);
                    *first = (*first).min(request.sent);
                }
                _ => {}
            }
        }
        changes
    }

    /// When a booking's version may have ended at the earliest.
    fn end_of(&self, booking: &str, version: usize, mark: Option<&str>) -> i64 {
        let changes = self.by_booking.get(booking).into_iter().flatten();
        let later = changes.filter(|request| {
            let reply = request.outcome.reply();
            let is_itself = mark.is_some() && request.act.name() == mark;
            // What came before cannot end it; where nobody knows, it may have.
            let is_before = reply
                .filter(|reply| !reply.replayed)
                .and_then(|reply| reply.version)
                .is_some_and(|changed| changed <= version);
            !is_itself && !is_before
        });
        later.map(|request| request.sent).min().unwrap_or(i64::MAX)
    }
}

/// Everything that was surely taken.
pub fn held(field: &Field, record: &Record) -> Vec<Held> {
    let changes = Changes::of(record);
    let events: BTreeMap<&str, &str> = record.requests.iter().filter_map(event_of).collect();
    let mut held = Vec::new();
    for request in &record.requests {
        let Some(reply) = request.outcome.reply() else {
            continue;
        };
        match &request.act {
            Act::Book { event, .. } => {
                let (Some(event), Some(booking)) = (field.event(event), &reply.booking) else {
                    continue;
                };
                held.extend(booked(&changes, event, booking, request, reply));
            }
            Act::Move { booking, .. } => {
                let slug = events.get(booking.as_str());
                if let Some(event) = slug.and_then(|slug| field.event(slug)) {
                    held.extend(booked(&changes, event, booking, request, reply));
                }
            }
            Act::Hold { event, .. } => {
                if let Some(event) = field.event(event) {
                    held.extend(kept(&changes, event, request, reply));
                }
            }
            _ => {}
        }
    }
    held.retain(|held| held.from < held.until);
    held
}

/// The booking that a request made, and its event type.
fn event_of(request: &Request) -> Option<(&str, &str)> {
    match (&request.act, request.outcome.reply()) {
        (Act::Book { event, .. }, Some(reply)) => Some((reply.booking.as_deref()?, event)),
        _ => None,
    }
}

/// What a booking takes, by the answer that said so. One that repeats what was done before may show what became of it
/// since, and says nothing here.
fn booked(
    changes: &Changes<'_>,
    event: &EventType,
    booking: &str,
    request: &Request,
    reply: &Reply,
) -> Vec<Held> {
    let (Some(start), Some(end), Some(version), false) =
        (reply.start, reply.end, reply.version, reply.replayed)
    else {
        return Vec::new();
    };
    // The answer may show what it has become since.
    if !matches!(reply.state.as_deref(), Some("pending" | "confirmed")) {
        return Vec::new();
    }
    let until = changes.end_of(booking, version, request.act.name());
    let held = |host: &String| Held {
        host: host.clone(),
        event: event.slug.clone(),
        meeting: (start, end),
        takes: event.reservation(start, end),
        from: request.answered,
        until,
        whose: format!("booking {booking}"),
    };
    reply.hosts.iter().map(held).collect()
}

/// What a hold takes, where the event type leaves no doubt about whose time it is.
fn kept(changes: &Changes<'_>, event: &EventType, request: &Request, reply: &Reply) -> Vec<Held> {
    let (Some(start), Some(end), Some(token), Some(expires_at), true) = (
        reply.start,
        reply.end,
        &reply.hold,
        reply.expires_at,
        event.takes_all(),
    ) else {
        return Vec::new();
    };
    let given_back = changes.by_hold.get(token.as_str()).copied();
    let held = |(host, _): &(String, u32)| Held {
        host: host.clone(),
        event: event.slug.clone(),
        meeting: (start, end),
        takes: event.reservation(start, end),
        from: request.answered,
        until: given_back.unwrap_or(i64::MAX).min(expires_at),
        whose: format!("hold {token}"),
    };
    event.hosts.iter().map(held).collect()
}
