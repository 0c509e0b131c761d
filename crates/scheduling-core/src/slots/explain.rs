//! Why a start is not offered.

use chrono::{DateTime, Utc};

use super::rules::{self, Meeting};
use super::{HostTime, SlotRequest, grid};
use crate::calendar::BusySource;
use crate::event_type::LimitPeriod;
use crate::schedule::{Availability, Expansion};
use crate::time::stamp::{Span, Stamp};

/// Why a host cannot take a start, or a start is not offered. Closed; shown to hosts and in problems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unavailability {
    /// Not one of the candidate starts.
    OffGrid,
    /// Not within the event type's own hours.
    OutsideEventHours,
    /// Not within the host's hours.
    OutsideHostHours,
    /// A connected calendar or time off takes the time.
    Busy(BusySource),
    /// Another booking takes the time.
    Booked,
    /// Free but for a buffer, this meeting's or the other's.
    Buffer,
    /// Too soon.
    MinimumNotice,
    /// Outside the dates that can be booked.
    BookingWindow,
    /// The host has as many bookings of this event type as the limit allows.
    LimitReached(LimitPeriod),
    /// Too few of a group's hosts can take it.
    NotEnoughHosts,
}

/// Everything that speaks against a start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// What speaks against the start whoever hosts, [`Unavailability::NotEnoughHosts`] included.
    pub start: Vec<Unavailability>,
    /// What keeps each host from taking it, by place in the roster. Empty for a host in no group, who is not asked.
    pub hosts: Vec<Vec<Unavailability>>,
}

impl Explanation {
    /// Whether nothing keeps the start from being offered.
    pub fn is_offered(&self) -> bool {
        self.start.is_empty()
    }
}

/// Names every reason why a start is not offered, and why each host cannot take it.
///
/// A start within the range is in [`find`](super::find)'s answer exactly when [`Explanation::is_offered`]; the hosts
/// named there are those of the groups without a reason here. The range itself is no reason: any start can be asked about.
pub fn explain(request: &SlotRequest<'_>, start: DateTime<Utc>) -> Explanation {
    let start = Stamp::of(start);
    let sessions = rules::open_sessions(request);
    let joins = |host| {
        sessions
            .binary_search_by_key(&(start, host), |session| (session.start, session.host))
            .is_ok()
    };
    let on_grid = is_on_grid(request, start);
    let runs_a_session = sessions.iter().any(|session| session.start == start);
    let candidate = on_grid || runs_a_session;
    let within_event_hours = request
        .availability
        .is_none_or(|hours| fits(request, hours, start));

    let mut reasons = Vec::new();
    if !candidate {
        reasons.push(Unavailability::OffGrid);
    }
    if !within_event_hours && !runs_a_session {
        reasons.push(Unavailability::OutsideEventHours);
    }
    for (reason, forbidden) in rules::on_start(request) {
        if forbidden.contains(start) {
            reasons.push(reason);
        }
    }

    let mut hosts = vec![Vec::new(); request.hosts.len()];
    for (place, host) in request.grouped_hosts() {
        if joins(place) {
            continue;
        }
        let reasons = &mut hosts[place];
        if candidate && !on_grid {
            reasons.push(Unavailability::OffGrid);
        }
        if !within_event_hours {
            reasons.push(Unavailability::OutsideEventHours);
        }
        host_reasons(request, host, start, reasons);
        reasons.sort_unstable();
        reasons.dedup();
    }

    let is_short = request.groups.iter().any(|group| {
        let free = group.hosts.iter().filter(|&&host| hosts[host].is_empty());
        free.count() < group.required.count(group.hosts.len())
    });
    if is_short {
        reasons.push(Unavailability::NotEnoughHosts);
    }
    reasons.sort_unstable();
    reasons.dedup();
    Explanation {
        start: reasons,
        hosts,
    }
}

/// Rules 1 to 3 for one host, the event type's own hours aside.
fn host_reasons(
    request: &SlotRequest<'_>,
    host: &HostTime<'_>,
    start: Stamp,
    reasons: &mut Vec<Unavailability>,
) {
    let meeting = Meeting::of(request.rules);
    let within_hours = match host.availability {
        Some(hours) => fits(request, hours, start),
        // The event type's hours stand in for the host's; without either there are none.
        None => request.availability.is_some(),
    };
    if !within_hours {
        reasons.push(Unavailability::OutsideHostHours);
    }
    let busy = host.busy.iter().map(|busy| meeting.busy(busy));
    let booked = host.reservations.iter().map(|r| meeting.reservation(r));
    reasons.extend(busy.chain(booked).filter_map(|clash| clash.forbids(start)));
    for (period, full) in rules::full_periods(request, host) {
        if full.contains(start) {
            reasons.push(Unavailability::LimitReached(period));
        }
    }
}

fn fits(request: &SlotRequest<'_>, hours: &Availability, start: Stamp) -> bool {
    let meeting = Meeting::of(request.rules);
    let first_second = Span {
        start: start.secs,
        end: start.secs + 1,
    };
    // One second more: a start within a second ends within one.
    Expansion::of(hours, first_second, meeting.duration + 1)
        .open
        .iter()
        .any(|&open| meeting.fits(open).contains(start))
}

/// Whether a start is a candidate of the grid.
pub(super) fn is_on_grid(request: &SlotRequest<'_>, start: Stamp) -> bool {
    let interval = request.rules.slot_interval.seconds();
    start.nanos == 0
        && request.grid_hours().any(|hours| {
            hours
                .run_at(start.secs)
                .is_some_and(|run| grid::is_candidate(run, start.secs, interval))
        })
}
