//! Availability schedules.

use std::collections::BTreeMap;

use async_trait::async_trait;
use scheduling_core::ids::{EventTypeId, ScheduleId};
use scheduling_core::ports::{Partial, ScheduleRepository, StorageError};
use scheduling_core::schedule::{AvailabilitySchedule, ScheduleOwner};

use super::MemoryUnitOfWork;
use super::event_types::names;
use super::tables::{Tables, must_follow};

/// Stores a schedule, if its owner is there and has no other default where this is one.
fn store(tables: &mut Tables, schedule: &AvailabilitySchedule) -> Result<(), StorageError> {
    tables.must_have_workspace(schedule.workspace)?;
    match schedule.owner {
        ScheduleOwner::Person(person) => tables.must_have_person(person)?,
        ScheduleOwner::Workspace(workspace) => tables.must_have_workspace(workspace)?,
    }
    let mut others = tables.schedules.values().filter(|s| s.id != schedule.id);
    if schedule.is_default && others.any(|s| s.is_default && s.owner == schedule.owner) {
        return Err(StorageError::Conflict);
    }
    // A schedule does not change hands, so its owner now was its owner before.
    tables.schedules.insert(schedule.id, schedule.clone());
    tables.raise_for_schedule(schedule);
    Ok(())
}

#[async_trait]
impl ScheduleRepository for MemoryUnitOfWork {
    async fn defaults(
        &mut self,
        owners: &[ScheduleOwner],
    ) -> Result<Partial<BTreeMap<ScheduleOwner, AvailabilitySchedule>>, StorageError> {
        let schedules = self.read().schedules.values();
        let defaults = schedules
            .filter(|s| s.is_default && owners.contains(&s.owner))
            .map(|s| (s.owner, s.clone()));
        Ok(Partial::whole(defaults.collect()))
    }

    async fn get(
        &mut self,
        ids: &[ScheduleId],
    ) -> Result<Partial<BTreeMap<ScheduleId, AvailabilitySchedule>>, StorageError> {
        let schedules = &self.read().schedules;
        let found = ids
            .iter()
            .filter_map(|id| schedules.get(id).map(|s| (*id, s.clone())));
        Ok(Partial::whole(found.collect()))
    }

    async fn list(
        &mut self,
        owner: ScheduleOwner,
    ) -> Result<Partial<Vec<AvailabilitySchedule>>, StorageError> {
        let schedules = self.read().schedules.values();
        let mut schedules: Vec<AvailabilitySchedule> =
            schedules.filter(|s| s.owner == owner).cloned().collect();
        schedules
            .sort_by(|a, b| (!a.is_default, &a.name, a.id).cmp(&(!b.is_default, &b.name, b.id)));
        Ok(Partial::whole(schedules))
    }

    async fn insert(&mut self, schedule: &AvailabilitySchedule) -> Result<(), StorageError> {
        self.write(|tables| {
            if tables.schedules.contains_key(&schedule.id) {
                return Err(StorageError::Conflict);
            }
            store(tables, schedule)
        })
    }

    async fn update(&mut self, schedule: &AvailabilitySchedule) -> Result<(), StorageError> {
        self.write(|tables| {
            let stored = tables.schedules.get(&schedule.id);
            must_follow(stored.map(|s| s.version), schedule.version)?;
            store(tables, schedule)
        })
    }

    async fn delete(&mut self, id: ScheduleId) -> Result<bool, StorageError> {
        self.write(|tables| {
            let is_named = tables.event_types.values().any(|e| names(e, id));
            if is_named {
                return Ok(false);
            }
            let removed = tables.schedules.remove(&id);
            if let Some(schedule) = &removed {
                tables.raise_for_schedule(schedule);
            }
            Ok(removed.is_some())
        })
    }

    async fn used_by(&mut self, id: ScheduleId) -> Result<Vec<EventTypeId>, StorageError> {
        let event_types = self.read().event_types.values();
        Ok(event_types.filter(|e| names(e, id)).map(|e| e.id).collect())
    }
}
