//! Whose hours hold for an event type, and what they are.

use std::collections::{BTreeMap, BTreeSet};

use chrono_tz::Tz;
use scheduling_core::event_type::{EventHours, EventType};
use scheduling_core::ids::{ScheduleId, UserId};
use scheduling_core::ports::{StorageError, UnitOfWork};
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

impl Hours {
    /// Reads them.
    pub(super) async fn read(
        work: &mut dyn UnitOfWork,
        event_type: &EventType,
        roster: &[UserId],
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
            hours.named = named(work, &[*schedule]).await?.remove(schedule);
            hours.named_unreadable = hours.named.is_none();
        }
        if event_type.hours.asks_hosts() {
            hours.read_hosts(work, event_type, roster).await?;
        }
        Ok(hours)
    }

    async fn read_hosts(
        &mut self,
        work: &mut dyn UnitOfWork,
        event_type: &EventType,
        roster: &[UserId],
    ) -> Result<(), StorageError> {
        let own = |host: &UserId| event_type.host_schedules.get(host).copied();
        let ids: Vec<ScheduleId> = roster.iter().filter_map(own).collect();
        let schedules = if ids.is_empty() {
            BTreeMap::new()
        } else {
            named(work, &ids).await?
        };
        let mut others = Vec::new();
        for host in roster {
            match own(host).map(|id| schedules.get(&id)) {
                Some(Some(schedule)) => {
                    self.hosts.insert(*host, schedule.clone());
                }
                Some(None) => {
                    self.unreadable.insert(*host);
                }
                None => others.push(*host),
            }
        }
        if others.is_empty() {
            return Ok(());
        }

        let workspace = ScheduleOwner::Workspace(event_type.workspace);
        let mut owners: Vec<ScheduleOwner> =
            others.iter().copied().map(ScheduleOwner::Person).collect();
        owners.push(workspace);
        let mut defaults = work.schedules().defaults(&owners).await?;
        log_unreadable(&defaults.unreadable);
        // A damaged row does not say whose it is. Asking for one owner at a time does.
        let mut damaged = BTreeSet::new();
        if !defaults.unreadable.is_empty() {
            for owner in owners {
                let one = work.schedules().defaults(&[owner]).await?;
                if !one.unreadable.is_empty() {
                    damaged.insert(owner);
                }
            }
        }
        let of_workspace = defaults.found.remove(&workspace);
        for host in others {
            let owner = ScheduleOwner::Person(host);
            if let Some(schedule) = defaults.found.remove(&owner) {
                self.hosts.insert(host, schedule);
            } else if damaged.contains(&owner) {
                self.unreadable.insert(host);
            } else if let Some(schedule) = &of_workspace {
                self.hosts.insert(host, schedule.clone());
            } else if damaged.contains(&workspace) {
                self.unreadable.insert(host);
            }
        }
        Ok(())
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

/// The schedules with these ids. One that is missing here is damaged or gone, which the log then says.
async fn named(
    work: &mut dyn UnitOfWork,
    ids: &[ScheduleId],
) -> Result<BTreeMap<ScheduleId, AvailabilitySchedule>, StorageError> {
    let read = work.schedules().get(ids).await?;
    log_unreadable(&read.unreadable);
    if read.unreadable.is_empty() {
        let gone = ids.iter().filter(|id| !read.found.contains_key(id));
        let gone: Vec<_> = gone.map(|id| dangling("schedules", "id", id)).collect();
        log_unreadable(&gone);
    }
    Ok(read.found)
}
