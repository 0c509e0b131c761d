//! What the judges are given.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::Failure;
use crate::facts::{Attendee, Booking, BookingHost, Facts, HistoryEntry};
use crate::field::{EventType, Field};
use crate::record::Record;

/// A run that is over: who there was, what was asked and answered, and what is there now.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Case {
    /// Who can be booked, and for what.
    pub field: Field,
    /// What was asked and answered.
    pub record: Record,
    /// What is there.
    pub facts: Facts,
}

impl Case {
    /// Writes it down, so that it can be judged again.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, file: &Path) -> Result<(), Failure> {
        Ok(fs::write(file, serde_json::to_vec(self)?)?)
    }

    /// Reads one that was written down.
    ///
    /// # Errors
    /// When the file cannot be read, or is none.
    pub fn load(file: &Path) -> Result<Self, Failure> {
        Ok(serde_json::from_slice(&fs::read(file)?)?)
    }
}

/// The facts of one booking, put together.
#[derive(Debug, Clone)]
pub struct Whole<'a> {
    /// Its row.
    pub row: &'a Booking,
    /// Its event type, where the field knows it.
    pub event: Option<&'a EventType>,
    /// Its hosts.
    pub hosts: Vec<&'a BookingHost>,
    /// Its attendees, the invitee first.
    pub attendees: Vec<&'a Attendee>,
    /// Its history, in the order in which hosts are shown it.
    pub history: Vec<&'a HistoryEntry>,
}

impl<'a> Whole<'a> {
    /// The address of the invitee.
    pub fn invitee(&self) -> Option<&'a str> {
        let invitee = self.attendees.iter().find(|a| a.role == "invitee");
        invitee.map(|a| a.email.as_str())
    }
}

/// All bookings of a case, by id.
pub fn wholes(case: &Case) -> BTreeMap<&str, Whole<'_>> {
    let facts = &case.facts;
    let slugs: BTreeMap<&str, &str> = facts
        .event_types
        .iter()
        .map(|event| (event.id.as_str(), event.slug.as_str()))
        .collect();
    let mut wholes: BTreeMap<&str, Whole<'_>> = facts
        .bookings
        .iter()
        .map(|row| {
            let slug = slugs.get(row.event_type_id.as_str());
            let event = slug.and_then(|slug| case.field.event(slug));
            let whole = Whole {
                row,
                event,
                hosts: Vec::new(),
                attendees: Vec::new(),
                history: Vec::new(),
            };
            (row.id.as_str(), whole)
        })
        .collect();
    for host in &facts.booking_hosts {
        if let Some(whole) = wholes.get_mut(host.booking_id.as_str()) {
            whole.hosts.push(host);
        }
    }
    for attendee in &facts.attendees {
        if let Some(whole) = wholes.get_mut(attendee.booking_id.as_str()) {
            whole.attendees.push(attendee);
        }
    }
    for entry in &facts.history {
        if let Some(whole) = wholes.get_mut(entry.booking_id.as_str()) {
            whole.history.push(entry);
        }
    }
    for whole in wholes.values_mut() {
        whole.hosts.sort_by_key(|host| host.position);
        whole.attendees.sort_by_key(|attendee| attendee.position);
        let key = |entry: &&HistoryEntry| (entry.happened_at, entry.id.as_str().to_owned());
        whole.history.sort_by_key(key);
    }
    wholes
}
