//! Event types.

use async_trait::async_trait;
use scheduling_core::event_type::{EventHours, EventType};
use scheduling_core::ids::{EventTypeId, HoldId, ScheduleId, UserId, WorkspaceId};
use scheduling_core::ports::{EventTypeRepository, Partial, StorageError};
use scheduling_core::text::Slug;
use scheduling_core::time_off::TimeOffScope;

use super::MemoryUnitOfWork;
use super::tables::{Tables, must_follow};

/// Whether an event type names a schedule, as its own hours or for a host.
pub(super) fn names(event_type: &EventType, schedule: ScheduleId) -> bool {
    named(event_type).any(|id| id == schedule)
}

fn named(event_type: &EventType) -> impl Iterator<Item = ScheduleId> + '_ {
    let own = match event_type.hours {
        EventHours::Schedule { schedule, .. } => Some(schedule),
        EventHours::OfHosts | EventHours::Own { .. } => None,
    };
    own.into_iter()
        .chain(event_type.host_schedules.values().copied())
}

/// Stores an event type, if what it names is there and its slug is free.
fn store(tables: &mut Tables, event_type: &EventType) -> Result<(), StorageError> {
    tables.must_have_workspace(event_type.workspace)?;
    event_type
        .hosting
        .roster()
        .chain(event_type.host_schedules.keys().copied())
        .try_for_each(|host| tables.must_have_person(host))?;
    named(event_type).try_for_each(|schedule| tables.must_have_schedule(schedule))?;
    let id = event_type.id.as_uuid();
    if tables.slug_is_taken(event_type.workspace, &event_type.slug, id) {
        return Err(StorageError::Conflict);
    }
    tables.event_types.insert(event_type.id, event_type.clone());
    tables.raise(event_type.id.as_uuid());
    Ok(())
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

    async fn list(
        &mut self,
        workspace: WorkspaceId,
    ) -> Result<Partial<Vec<EventType>>, StorageError> {
        let mut event_types: Vec<EventType> = self
            .read()
            .event_types
            .values()
            .filter(|e| e.workspace == workspace)
            .cloned()
            .collect();
        event_types.sort_by(|a, b| (a.position, &a.slug).cmp(&(b.position, &b.slug)));
        Ok(Partial::whole(event_types))
    }

    async fn hosted_by(&mut self, host: UserId) -> Result<Vec<EventTypeId>, StorageError> {
        let event_types = self.read().event_types.values();
        Ok(event_types
            .filter(|e| e.hosting.roster().any(|user| user == host))
            .map(|e| e.id)
            .collect())
    }

    async fn insert(&mut self, event_type: &EventType) -> Result<(), StorageError> {
        self.write(|tables| {
            if tables.event_types.contains_key(&event_type.id) {
                return Err(StorageError::Conflict);
            }
            store(tables, event_type)
        })
    }

    async fn update(&mut self, event_type: &EventType) -> Result<(), StorageError> {
        self.write(|tables| {
            let stored = tables.event_types.get(&event_type.id);
            must_follow(stored.map(|e| e.version), event_type.version)?;
            store(tables, event_type)
        })
    }

    async fn delete(&mut self, id: EventTypeId) -> Result<bool, StorageError> {
        self.write(|tables| {
            if tables.bookings.values().any(|b| b.event_type == id) {
                return Ok(false);
            }
            let holds = tables.holds.values().filter(|hold| hold.event_type == id);
            let holds: Vec<HoldId> = holds.map(|hold| hold.id).collect();
            for hold in holds {
                tables.remove_hold(hold)?;
            }
            // A session is left where somebody other than a hold has a seat.
            let has_sessions = tables.sessions.values().any(|s| s.event_type == id);
            if has_sessions || tables.event_types.remove(&id).is_none() {
                return Ok(false);
            }
            tables.links.retain(|_, link| link.event_type != id);
            tables.messages.retain(|(_, of, _, _), _| *of != Some(id));
            let scope = TimeOffScope::EventType(id);
            tables.time_off.retain(|_, off| off.scope != scope);
            tables.rotation.remove(&id);
            Ok(true)
        })
    }
}
