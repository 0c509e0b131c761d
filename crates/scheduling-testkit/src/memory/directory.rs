//! Workspaces, people, event types, schedules, ledgers and busy intervals.

use std::collections::BTreeMap;

use async_trait::async_trait;
use scheduling_core::assignment::RotationLedger;
use scheduling_core::calendar::HostBusy;
use scheduling_core::directory::{Person, Workspace};
use scheduling_core::event_type::EventType;
use scheduling_core::ids::{EventTypeId, UserId, WorkspaceId};
use scheduling_core::ports::{
    BusyRepository, Directory, EventTypeRepository, RotationRepository, ScheduleRepository,
    StorageError,
};
use scheduling_core::schedule::AvailabilitySchedule;
use scheduling_core::text::Slug;
use scheduling_core::time::Interval;

use super::MemoryUnitOfWork;

#[async_trait]
impl Directory for MemoryUnitOfWork {
    async fn workspace_by_slug(&mut self, slug: &Slug) -> Result<Option<Workspace>, StorageError> {
        let mut workspaces = self.read().workspaces.values();
        Ok(workspaces.find(|w| w.slug == *slug).cloned())
    }

    async fn workspace(&mut self, id: WorkspaceId) -> Result<Option<Workspace>, StorageError> {
        Ok(self.read().workspaces.get(&id).cloned())
    }

    async fn workspaces(&mut self) -> Result<Vec<Workspace>, StorageError> {
        let mut workspaces: Vec<Workspace> = self.read().workspaces.values().cloned().collect();
        workspaces.sort_by(|a, b| a.slug.cmp(&b.slug));
        Ok(workspaces)
    }

    async fn people(&mut self, ids: &[UserId]) -> Result<BTreeMap<UserId, Person>, StorageError> {
        let people = &self.read().people;
        Ok(ids
            .iter()
            .filter_map(|id| people.get(id).map(|(_, person)| (*id, person.clone())))
            .collect())
    }

    async fn members(&mut self, workspace: WorkspaceId) -> Result<Vec<Person>, StorageError> {
        let mut members: Vec<Person> = self
            .read()
            .people
            .values()
            .filter(|(home, _)| *home == workspace)
            .map(|(_, person)| person.clone())
            .collect();
        members.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
        Ok(members)
    }

    async fn insert_workspace(&mut self, workspace: &Workspace) -> Result<(), StorageError> {
        self.write(|tables| {
            let taken = tables.workspaces.values().any(|w| w.slug == workspace.slug);
            if taken || tables.workspaces.contains_key(&workspace.id) {
                return Err(StorageError::Conflict);
            }
            tables.workspaces.insert(workspace.id, workspace.clone());
            Ok(())
        })
    }

    async fn insert_person(
        &mut self,
        workspace: WorkspaceId,
        person: &Person,
    ) -> Result<(), StorageError> {
        self.write(|tables| {
            tables.must_have_workspace(workspace)?;
            let taken = tables.people.values().any(|(home, other)| {
                *home == workspace
                    && other
                        .email
                        .as_str()
                        .eq_ignore_ascii_case(person.email.as_str())
            });
            if taken || tables.people.contains_key(&person.id) {
                return Err(StorageError::Conflict);
            }
            tables.people.insert(person.id, (workspace, person.clone()));
            Ok(())
        })
    }
}

#[async_trait]
impl EventTypeRepository for MemoryUnitOfWork {
    async fn get(&mut self, id: EventTypeId) -> Result<Option<EventType>, StorageError> {
        Ok(self.read().event_types.get(&id).cloned())
    }

    async fn by_slug(
        &mut self,
        workspace: WorkspaceId,
        slug: &Slug,
    ) -> Result<Option<EventType>, StorageError> {
        let mut event_types = self.read().event_types.values();
        Ok(event_types
            .find(|e| e.workspace == workspace && e.slug == *slug)
            .cloned())
    }

    async fn list(&mut self, workspace: WorkspaceId) -> Result<Vec<EventType>, StorageError> {
        let mut event_types: Vec<EventType> = self
            .read()
            .event_types
            .values()
            .filter(|e| e.workspace == workspace)
            .cloned()
            .collect();
        event_types.sort_by(|a, b| (a.position, &a.slug).cmp(&(b.position, &b.slug)));
        Ok(event_types)
    }

    async fn insert(&mut self, event_type: &EventType) -> Result<(), StorageError> {
        self.write(|tables| {
            tables.must_have_workspace(event_type.workspace)?;
            event_type
                .hosting
                .roster()
                .try_for_each(|host| tables.must_have_person(host))?;
            let taken = tables
                .event_types
                .values()
                .any(|e| e.workspace == event_type.workspace && e.slug == event_type.slug);
            if taken || tables.event_types.contains_key(&event_type.id) {
                return Err(StorageError::Conflict);
            }
            tables.event_types.insert(event_type.id, event_type.clone());
            Ok(())
        })
    }
}

#[async_trait]
impl ScheduleRepository for MemoryUnitOfWork {
    async fn defaults(
        &mut self,
        owners: &[UserId],
    ) -> Result<BTreeMap<UserId, AvailabilitySchedule>, StorageError> {
        Ok(self
            .read()
            .schedules
            .values()
            .filter(|s| s.is_default && owners.contains(&s.owner))
            .map(|s| (s.owner, s.clone()))
            .collect())
    }

    async fn insert(&mut self, schedule: &AvailabilitySchedule) -> Result<(), StorageError> {
        self.write(|tables| {
            tables.must_have_person(schedule.owner)?;
            let second_default = schedule.is_default
                && tables
                    .schedules
                    .values()
                    .any(|s| s.is_default && s.owner == schedule.owner);
            if second_default || tables.schedules.contains_key(&schedule.id) {
                return Err(StorageError::Conflict);
            }
            tables.schedules.insert(schedule.id, schedule.clone());
            Ok(())
        })
    }
}

#[async_trait]
impl RotationRepository for MemoryUnitOfWork {
    async fn ledger(
        &mut self,
        event_type: EventTypeId,
    ) -> Result<RotationLedger<UserId>, StorageError> {
        Ok(self
            .read()
            .rotation
            .get(&event_type)
            .cloned()
            .unwrap_or_default())
    }

    async fn store(
        &mut self,
        event_type: EventTypeId,
        ledger: &RotationLedger<UserId>,
    ) -> Result<(), StorageError> {
        self.write(|tables| {
            tables.must_have_event_type(event_type)?;
            tables.rotation.insert(event_type, ledger.clone());
            Ok(())
        })
    }
}

#[async_trait]
impl BusyRepository for MemoryUnitOfWork {
    async fn overlapping(
        &mut self,
        hosts: &[UserId],
        within: Interval,
    ) -> Result<Vec<HostBusy>, StorageError> {
        let mut found: Vec<HostBusy> = self
            .read()
            .busy
            .values()
            .filter(|b| hosts.contains(&b.host) && b.busy.interval.overlaps(&within))
            .cloned()
            .collect();
        found.sort_by_key(|b| (b.host, b.busy.interval, b.id));
        Ok(found)
    }

    async fn insert(&mut self, busy: &HostBusy) -> Result<(), StorageError> {
        self.write(|tables| {
            tables.must_have_person(busy.host)?;
            if tables.busy.contains_key(&busy.id) {
                return Err(StorageError::Conflict);
            }
            tables.busy.insert(busy.id, busy.clone());
            Ok(())
        })
    }
}
