//! A storage in which rows are damaged, or that breaks off, over one in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scheduling_core::directory::{Member, Person, Role, Workspace};
use scheduling_core::event_type::EventType;
use scheduling_core::ids::{EventTypeId, ScheduleId, TimeOffId, UserId, WorkspaceId};
use scheduling_core::ports::{
    BookingRepository, BusyRepository, Directory, EventTypeRepository, HoldRepository,
    IdempotencyRepository, ImageRepository, LinkRepository, MessageRepository, OutboxRepository,
    Partial, Revisions, RotationRepository, ScheduleRepository, SessionRepository, SlotSources,
    Storage, StorageError, TimeOffRepository, UnitOfWork,
};
use scheduling_core::schedule::{AvailabilitySchedule, ScheduleOwner};
use scheduling_core::text::{EmailAddress, Slug};
use scheduling_core::time_off::TimeOff;
use scheduling_testkit::MemoryStorage;
use uuid::Uuid;

/// A storage in which rows are damaged, or that breaks off.
#[derive(Clone)]
pub(crate) struct DamagedStorage {
    inner: MemoryStorage,
    damaged: Arc<Mutex<BTreeSet<Uuid>>>,
    /// How many transactions begin before none does.
    begins: Arc<AtomicUsize>,
}

impl DamagedStorage {
    pub(crate) fn over(inner: &MemoryStorage) -> Self {
        Self {
            inner: inner.clone(),
            damaged: Arc::default(),
            begins: Arc::new(AtomicUsize::new(usize::MAX)),
        }
    }

    /// Damages a row.
    pub(crate) fn damage(&self, row: Uuid) {
        self.damaged.lock().unwrap().insert(row);
    }

    /// Puts the rows right.
    pub(crate) fn repair(&self) {
        self.damaged.lock().unwrap().clear();
    }

    /// Lets so many transactions begin, and then none.
    pub(crate) fn break_after(&self, begins: usize) {
        self.begins.store(begins, Ordering::SeqCst);
    }

    fn wrap(&self, inner: Box<dyn UnitOfWork>) -> Box<dyn UnitOfWork> {
        Box::new(DamagedWork {
            inner,
            damaged: self.damaged.lock().unwrap().clone(),
        })
    }

    fn answers(&self) -> Result<(), StorageError> {
        let less = |left: usize| left.checked_sub(1);
        let left = self
            .begins
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, less);
        match left {
            Ok(_) => Ok(()),
            Err(_) => Err(StorageError::Unavailable("the test said so".into())),
        }
    }
}

#[async_trait]
impl Storage for DamagedStorage {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StorageError> {
        self.answers()?;
        Ok(self.wrap(self.inner.begin().await?))
    }

    async fn begin_read(&self) -> Result<Box<dyn UnitOfWork>, StorageError> {
        self.answers()?;
        Ok(self.wrap(self.inner.begin_read().await?))
    }
}

struct DamagedWork {
    inner: Box<dyn UnitOfWork>,
    damaged: BTreeSet<Uuid>,
}

impl DamagedWork {
    fn error(table: &'static str, row: Uuid) -> StorageError {
        StorageError::Corrupt {
            table,
            column: "body",
            row: row.to_string(),
            source: "the test said so".into(),
        }
    }

    /// Leaves out what is damaged.
    fn sort<T>(
        &self,
        table: &'static str,
        all: impl IntoIterator<Item = T>,
        id: impl Fn(&T) -> Uuid,
    ) -> (Vec<T>, Vec<StorageError>) {
        let (damaged, found): (Vec<T>, Vec<T>) =
            all.into_iter().partition(|t| self.damaged.contains(&id(t)));
        let unreadable = damaged.iter().map(|t| Self::error(table, id(t)));
        (found, unreadable.collect())
    }

    fn one<T>(
        &self,
        table: &'static str,
        found: Option<T>,
        id: impl Fn(&T) -> Uuid,
    ) -> Result<Option<T>, StorageError> {
        match found {
            Some(found) if self.damaged.contains(&id(&found)) => {
                Err(Self::error(table, id(&found)))
            }
            found => Ok(found),
        }
    }
}

#[async_trait]
impl UnitOfWork for DamagedWork {
    fn directory(&mut self) -> &mut dyn Directory {
        self
    }
    fn event_types(&mut self) -> &mut dyn EventTypeRepository {
        self
    }
    fn schedules(&mut self) -> &mut dyn ScheduleRepository {
        self
    }
    fn bookings(&mut self) -> &mut dyn BookingRepository {
        self.inner.bookings()
    }
    fn holds(&mut self) -> &mut dyn HoldRepository {
        self.inner.holds()
    }
    fn links(&mut self) -> &mut dyn LinkRepository {
        self.inner.links()
    }
    fn time_off(&mut self) -> &mut dyn TimeOffRepository {
        self
    }
    fn messages(&mut self) -> &mut dyn MessageRepository {
        self.inner.messages()
    }
    fn images(&mut self) -> &mut dyn ImageRepository {
        self.inner.images()
    }
    fn sessions(&mut self) -> &mut dyn SessionRepository {
        self.inner.sessions()
    }
    fn rotation(&mut self) -> &mut dyn RotationRepository {
        self.inner.rotation()
    }
    fn busy(&mut self) -> &mut dyn BusyRepository {
        self.inner.busy()
    }
    fn outbox(&mut self) -> &mut dyn OutboxRepository {
        self.inner.outbox()
    }
    fn idempotency(&mut self) -> &mut dyn IdempotencyRepository {
        self.inner.idempotency()
    }
    async fn lock_hosts(&mut self, hosts: &[UserId]) -> Result<(), StorageError> {
        self.inner.lock_hosts(hosts).await
    }
    async fn revisions(&mut self, sources: &SlotSources) -> Result<Revisions, StorageError> {
        self.inner.revisions(sources).await
    }
    async fn commit(self: Box<Self>) -> Result<(), StorageError> {
        self.inner.commit().await
    }
    async fn rollback(self: Box<Self>) -> Result<(), StorageError> {
        self.inner.rollback().await
    }
}

#[async_trait]
impl Directory for DamagedWork {
    async fn workspace_by_slug(&mut self, slug: &Slug) -> Result<Option<Workspace>, StorageError> {
        self.inner.directory().workspace_by_slug(slug).await
    }
    async fn workspace(&mut self, id: WorkspaceId) -> Result<Option<Workspace>, StorageError> {
        self.inner.directory().workspace(id).await
    }
    async fn workspaces(&mut self) -> Result<Vec<Workspace>, StorageError> {
        self.inner.directory().workspaces().await
    }
    async fn update_workspace(&mut self, workspace: &Workspace) -> Result<(), StorageError> {
        self.inner.directory().update_workspace(workspace).await
    }
    async fn people(&mut self, ids: &[UserId]) -> Result<BTreeMap<UserId, Person>, StorageError> {
        let all = self.inner.directory().people(ids).await?;
        let (found, mut unreadable) = self.sort("people", all, |(id, _)| id.as_uuid());
        match unreadable.pop() {
            Some(damage) => Err(damage),
            None => Ok(found.into_iter().collect()),
        }
    }
    async fn person_by_email(
        &mut self,
        email: &EmailAddress,
    ) -> Result<Option<Person>, StorageError> {
        self.inner.directory().person_by_email(email).await
    }
    async fn members(&mut self, workspace: WorkspaceId) -> Result<Vec<Member>, StorageError> {
        self.inner.directory().members(workspace).await
    }
    async fn memberships(
        &mut self,
        person: UserId,
    ) -> Result<Vec<(Workspace, Role)>, StorageError> {
        self.inner.directory().memberships(person).await
    }
    async fn insert_member(
        &mut self,
        workspace: WorkspaceId,
        person: UserId,
        role: Role,
        joined_at: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        let directory = self.inner.directory();
        directory
            .insert_member(workspace, person, role, joined_at)
            .await
    }
    async fn set_role(
        &mut self,
        workspace: WorkspaceId,
        person: UserId,
        role: Role,
    ) -> Result<bool, StorageError> {
        self.inner
            .directory()
            .set_role(workspace, person, role)
            .await
    }
    async fn remove_member(
        &mut self,
        workspace: WorkspaceId,
        person: UserId,
    ) -> Result<bool, StorageError> {
        self.inner
            .directory()
            .remove_member(workspace, person)
            .await
    }
    async fn insert_workspace(&mut self, workspace: &Workspace) -> Result<(), StorageError> {
        self.inner.directory().insert_workspace(workspace).await
    }
    async fn insert_person(
        &mut self,
        workspace: WorkspaceId,
        person: &Person,
    ) -> Result<(), StorageError> {
        self.inner
            .directory()
            .insert_person(workspace, person)
            .await
    }
    async fn update_person(&mut self, person: &Person) -> Result<bool, StorageError> {
        self.inner.directory().update_person(person).await
    }
}

#[async_trait]
impl EventTypeRepository for DamagedWork {
    async fn get(&mut self, id: EventTypeId) -> Result<Option<EventType>, StorageError> {
        let found = self.inner.event_types().get(id).await?;
        self.one("event_types", found, |e| e.id.as_uuid())
    }
    async fn by_slug(
        &mut self,
        workspace: WorkspaceId,
        slug: &Slug,
    ) -> Result<Option<EventType>, StorageError> {
        let found = self.inner.event_types().by_slug(workspace, slug).await?;
        self.one("event_types", found, |e| e.id.as_uuid())
    }
    async fn list(
        &mut self,
        workspace: WorkspaceId,
    ) -> Result<Partial<Vec<EventType>>, StorageError> {
        let all = self.inner.event_types().list(workspace).await?;
        let (found, unreadable) = self.sort("event_types", all.found, |e| e.id.as_uuid());
        Ok(Partial { found, unreadable })
    }
    async fn hosted_by(&mut self, host: UserId) -> Result<Vec<EventTypeId>, StorageError> {
        self.inner.event_types().hosted_by(host).await
    }
    async fn insert(&mut self, event_type: &EventType) -> Result<(), StorageError> {
        self.inner.event_types().insert(event_type).await
    }
    async fn update(&mut self, event_type: &EventType) -> Result<(), StorageError> {
        self.inner.event_types().update(event_type).await
    }
    async fn delete(&mut self, id: EventTypeId) -> Result<bool, StorageError> {
        self.inner.event_types().delete(id).await
    }
}

#[async_trait]
impl ScheduleRepository for DamagedWork {
    async fn defaults(
        &mut self,
        owners: &[ScheduleOwner],
    ) -> Result<Partial<BTreeMap<ScheduleOwner, AvailabilitySchedule>>, StorageError> {
        let all = self.inner.schedules().defaults(owners).await?;
        let (found, unreadable) = self.sort("schedules", all.found, |(_, schedule)| {
            schedule.id.as_uuid()
        });
        let found = found.into_iter().collect();
        Ok(Partial { found, unreadable })
    }
    async fn get(
        &mut self,
        ids: &[ScheduleId],
    ) -> Result<Partial<BTreeMap<ScheduleId, AvailabilitySchedule>>, StorageError> {
        let all = self.inner.schedules().get(ids).await?;
        let (found, unreadable) = self.sort("schedules", all.found, |(id, _)| id.as_uuid());
        let found = found.into_iter().collect();
        Ok(Partial { found, unreadable })
    }
    async fn list(
        &mut self,
        owner: ScheduleOwner,
    ) -> Result<Partial<Vec<AvailabilitySchedule>>, StorageError> {
        let all = self.inner.schedules().list(owner).await?;
        let (found, unreadable) = self.sort("schedules", all.found, |s| s.id.as_uuid());
        Ok(Partial { found, unreadable })
    }
    async fn insert(&mut self, schedule: &AvailabilitySchedule) -> Result<(), StorageError> {
        self.inner.schedules().insert(schedule).await
    }
    async fn update(&mut self, schedule: &AvailabilitySchedule) -> Result<(), StorageError> {
        self.inner.schedules().update(schedule).await
    }
    async fn delete(&mut self, id: ScheduleId) -> Result<bool, StorageError> {
        self.inner.schedules().delete(id).await
    }
    async fn used_by(&mut self, id: ScheduleId) -> Result<Vec<EventTypeId>, StorageError> {
        self.inner.schedules().used_by(id).await
    }
}

#[async_trait]
impl TimeOffRepository for DamagedWork {
    async fn get(&mut self, id: TimeOffId) -> Result<Option<TimeOff>, StorageError> {
        let found = self.inner.time_off().get(id).await?;
        self.one("time_off", found, |t| t.id.as_uuid())
    }
    async fn list(
        &mut self,
        workspace: WorkspaceId,
    ) -> Result<Partial<Vec<TimeOff>>, StorageError> {
        let all = self.inner.time_off().list(workspace).await?;
        let (found, unreadable) = self.sort("time_off", all.found, |t| t.id.as_uuid());
        Ok(Partial { found, unreadable })
    }
    async fn concerning(
        &mut self,
        people: &[UserId],
        workspace: WorkspaceId,
        event_type: EventTypeId,
    ) -> Result<Partial<Vec<TimeOff>>, StorageError> {
        let time_off = self.inner.time_off();
        let all = time_off.concerning(people, workspace, event_type).await?;
        let (found, unreadable) = self.sort("time_off", all.found, |t| t.id.as_uuid());
        Ok(Partial { found, unreadable })
    }
    async fn insert(&mut self, time_off: &TimeOff) -> Result<(), StorageError> {
        self.inner.time_off().insert(time_off).await
    }
    async fn update(&mut self, time_off: &TimeOff) -> Result<(), StorageError> {
        self.inner.time_off().update(time_off).await
    }
    async fn delete(&mut self, id: TimeOffId) -> Result<bool, StorageError> {
        self.inner.time_off().delete(id).await
    }
}
