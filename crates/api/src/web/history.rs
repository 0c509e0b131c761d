//! What has become of a booking so far, for its hosts.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use scheduling_app::bookings::BookingHistory;
use scheduling_core::booking::{Change, Doer, HistoryEntry};
use serde::Serialize;

use super::guest::HourCycle;
use super::wording::moment;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Happened {
    at: String,
    by: By,
    what: What,
    reason: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum By {
    Invitee,
    Member { name: Option<String> },
    System,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum What {
    Requested,
    Confirmed,
    Approved,
    Declined,
    Rescheduled { from: String, to: String },
    Cancelled,
    Completed,
    NoShow,
    Expired,
}

/// How times are told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clockwork {
    pub zone: Tz,
    pub cycle: HourCycle,
    pub today: NaiveDate,
}

impl Clockwork {
    pub(super) fn new(zone: Tz, cycle: HourCycle, now: DateTime<Utc>) -> Self {
        Self {
            zone,
            cycle,
            today: now.with_timezone(&zone).date_naive(),
        }
    }

    fn tell(self, at: DateTime<Utc>) -> String {
        moment(&at.with_timezone(&self.zone), self.today, self.cycle)
    }
}

/// The whole of it, the oldest first.
pub(super) fn happened(history: &BookingHistory, clock: Clockwork) -> Vec<Happened> {
    let name = |doer| match doer {
        Doer::Invitee => By::Invitee,
        Doer::Member(user) => By::Member {
            name: history
                .people
                .get(&user)
                .map(|person| person.name.to_string()),
        },
        Doer::System => By::System,
    };
    let tell = |entry: &HistoryEntry| Happened {
        at: clock.tell(entry.at),
        by: name(entry.by),
        what: match &entry.change {
            Change::Requested => What::Requested,
            Change::Confirmed => What::Confirmed,
            Change::Approved => What::Approved,
            Change::Declined { .. } => What::Declined,
            Change::Rescheduled { from, to, .. } => What::Rescheduled {
                from: clock.tell(from.start()),
                to: clock.tell(to.start()),
            },
            Change::Cancelled { .. } => What::Cancelled,
            Change::Completed => What::Completed,
            Change::NoShow => What::NoShow,
            Change::Expired => What::Expired,
        },
        reason: match &entry.change {
            Change::Declined { reason }
            | Change::Rescheduled { reason, .. }
            | Change::Cancelled { reason } => reason.as_ref().map(ToString::to_string),
            _ => None,
        },
    };
    history.entries.iter().map(tell).collect()
}
