//! Whose hours hold for an event type, and what they are.

use std::collections::{BTreeMap, BTreeSet};

use chrono_tz::Tz;
use scheduling_core::event_type::{EventHours, EventType};
use scheduling_core::ids::{ScheduleId, UserId};
use scheduling_core::ports::{Partial, StorageError};
use scheduling_core::schedule::{Availability, AvailabilitySchedule, ScheduleOwner, WeeklyHours};

use crate::manage::{dangling, log_unreadable};

/// The hours that hold for an event type.
///
/// What cannot be read is not free: a host whose schedule is damaged has no hours, and neither has an event type whose
/// named schedule is. The others are not concerned.
#[derive(Debug)]
pub(super) struct Hours {
    /// The schedule that the event type names in place of its hosts'.
    named: Option<AvailabilitySchedule>,
    named_unreadable: bool,
    hosts: BTreeMap<UserId, AvailabilitySchedule>,
    unreadable: BTreeSet<UserId>,
    closed: Availability,
}

/// The schedules that matter to an event type, those it names and those whose default counts.
pub(super) fn asked(
    event_type: &EventType,
    roster: &[UserId],
) -> (Vec<ScheduleId>, Vec<ScheduleOwner>) {
    let (mut named, mut owners) = (Vec::new(), Vec::new());
    if let EventHours::Schedule { schedule, .. } = &event_type.hours {
        named.push(*schedule);
    }
    if event_type.hours.asks_hosts() {
        for host in roster {
            match event_type.host_schedules.get(host) {
                Some(schedule) => named.push(*schedule),
                None => owners.push(ScheduleOwner::Person(*host)),
            }
        }
        if !owners.is_empty() {
            owners.push(ScheduleOwner::Workspace(event_type.workspace));
        }
    }
    (named, owners)
}

impl Hours {
    /// Puts them together of what was read. `damaged` are the owners whose default schedule cannot be read.
    pub(super) fn of(
        event_type: &EventType,
        roster: &[UserId],
        named: &BTreeMap<ScheduleId, AvailabilitySchedule>,
        defaults: &BTreeMap<ScheduleOwner, AvailabilitySchedule>,
        damaged: &BTreeSet<ScheduleOwner>,
    ) -> Result<Self, StorageError> {
        let closed = Availability::new(Tz::UTC, WeeklyHours::default(), Vec::new());
        let closed = closed.map_err(|error| StorageError::Other(error.into()))?;
        let mut hours = Self {
            named: None,
            named_unreadable: false,
            hosts: BTreeMap::new(),
            unreadable: BTreeSet::new(),
            closed,
        };
        if let EventHours::Schedule { schedule, .. } = &event_type.hours {
            hours.named = named.get(schedule).cloned();
            hours.named_unreadable = hours.named.is_none();
        }
        if event_type.hours.asks_hosts() {
            let workspace = ScheduleOwner::Workspace(event_type.workspace);
            for host in roster {
                let owner = ScheduleOwner::Person(*host);
                let (schedule, unreadable) = match event_type.host_schedules.get(host) {
                    Some(own) => (named.get(own), true),
                    None if defaults.contains_key(&owner) || damaged.contains(&owner) => {
                        (defaults.get(&owner), true)
                    }
                    None => (defaults.get(&workspace), damaged.contains(&workspace)),
                };
                if let Some(schedule) = schedule {
                    hours.hosts.insert(*host, schedule.clone());
                } else if unreadable {
                    hours.unreadable.insert(*host);
                }
            }
        }
        Ok(hours)
    }

    /// The event type's own hours, if it has any.
    pub(super) fn of_event_type<'a>(
        &'a self,
        event_type: &'a EventType,
    ) -> Option<&'a Availability> {
        match &event_type.hours {
            EventHours::OfHosts => None,
            EventHours::Own { availability, .. } => Some(availability),
            EventHours::Schedule { .. } => Some(
                self.named
                    .as_ref()
                    .map_or(&self.closed, |named| &named.availability),
            ),
        }
    }

    /// A host's hours, if he has any that matter.
    pub(super) fn of_host(&self, host: UserId) -> Option<&Availability> {
        if self.unreadable.contains(&host) {
            return Some(&self.closed);
        }
        self.hosts.get(&host).map(|schedule| &schedule.availability)
    }

    /// Whether what should say the host's hours, or the event type's, cannot be read.
    pub(super) fn is_unreadable(&self, host: UserId) -> bool {
        self.named_unreadable || self.unreadable.contains(&host)
    }
}

/// Says in the log which of the named schedules are damaged or gone.
pub(super) fn log_missing(
    ids: &[ScheduleId],
    named: &Partial<BTreeMap<ScheduleId, AvailabilitySchedule>>,
) {
    log_unreadable(&named.unreadable);
    if named.unreadable.is_empty() {
        let gone = ids.iter().filter(|id| !named.found.contains_key(id));
        let gone: Vec<_> = gone.map(|id| dangling("schedules", "id", id)).collect();
        log_unreadable(&gone);
    }
}
