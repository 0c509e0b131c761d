//! Time off.

use async_trait::async_trait;
use scheduling_core::ids::{EventTypeId, TimeOffId, UserId, WorkspaceId};
use scheduling_core::ports::{Partial, StorageError, TimeOffRepository};
use scheduling_core::time_off::{TimeOff, TimeOffScope};

use super::MemoryUnitOfWork;
use super::tables::{Tables, must_follow};

/// Stores time off, if what it names is there.
fn store(tables: &mut Tables, time_off: &TimeOff) -> Result<(), StorageError> {
    tables.must_have_workspace(time_off.workspace)?;
    match time_off.scope {
        TimeOffScope::Workspace => {}
        TimeOffScope::Person(person) => tables.must_have_person(person)?,
        TimeOffScope::EventType(event_type) => tables.must_have_event_type(event_type)?,
    }
    if let Some(before) = tables.time_off.insert(time_off.id, time_off.clone()) {
        tables.raise_for_time_off(&before);
    }
    tables.raise_for_time_off(time_off);
    Ok(())
}

#[async_trait]
impl TimeOffRepository for MemoryUnitOfWork {
    async fn get(&mut self, id: TimeOffId) -> Result<Option<TimeOff>, StorageError> {
        Ok(self.read().time_off.get(&id).cloned())
    }

    async fn list(
        &mut self,
        workspace: WorkspaceId,
    ) -> Result<Partial<Vec<TimeOff>>, StorageError> {
        let all = self.read().time_off.values();
        let mut found: Vec<TimeOff> = all.filter(|t| t.workspace == workspace).cloned().collect();
        found.sort_by_key(|t| (t.created_at, t.id));
        Ok(Partial::whole(found))
    }

    async fn concerning(
        &mut self,
        people: &[UserId],
        workspace: WorkspaceId,
        event_type: EventTypeId,
    ) -> Result<Partial<Vec<TimeOff>>, StorageError> {
        let all = self.read().time_off.values();
        let found = all.filter(|t| match t.scope {
            TimeOffScope::Workspace => t.workspace == workspace,
            TimeOffScope::Person(person) => people.contains(&person),
            TimeOffScope::EventType(of) => of == event_type,
        });
        Ok(Partial::whole(found.cloned().collect()))
    }

    async fn insert(&mut self, time_off: &TimeOff) -> Result<(), StorageError> {
        self.write(|tables| {
            if tables.time_off.contains_key(&time_off.id) {
                return Err(StorageError::Conflict);
            }
            store(tables, time_off)
        })
    }

    async fn update(&mut self, time_off: &TimeOff) -> Result<(), StorageError> {
        self.write(|tables| {
            let stored = tables.time_off.get(&time_off.id);
            must_follow(stored.map(|t| t.version), time_off.version)?;
            store(tables, time_off)
        })
    }

    async fn delete(&mut self, id: TimeOffId) -> Result<bool, StorageError> {
        self.write(|tables| {
            let removed = tables.time_off.remove(&id);
            if let Some(time_off) = &removed {
                tables.raise_for_time_off(time_off);
            }
            Ok(removed.is_some())
        })
    }
}
