//! Storage in memory, for tests: as strict as a database.
//!
//! A unit of work for writing holds the store's one turn and works on a copy; commit swaps the copy in. Readers see the
//! state that was committed when they began.

mod bookings;
mod directory;
mod event_types;
mod holds;
mod idempotency;
mod links;
mod messages;
mod outbox;
mod schedules;
mod tables;
mod time_off;
mod times;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use scheduling_core::ids::UserId;
use scheduling_core::ports::{
    BookingRepository, BusyRepository, Directory, EventTypeRepository, HoldRepository,
    IdempotencyRepository, ImageRepository, LinkRepository, MessageRepository, OutboxRepository,
    Revisions, RotationRepository, ScheduleRepository, SessionRepository, SlotSources, Storage,
    StorageError, TimeOffRepository, UnitOfWork,
};
use tables::Tables;
use thiserror::Error;
use tokio::sync::OwnedMutexGuard;

/// Storage that lives as long as its last clone. Clones are the same storage.
///
/// It keeps what the port promises, and refuses what a database would refuse: overlapping claims, a second row for a
/// unique key, an old version, a row that names another which is not there, a write in a unit of work for reading.
#[derive(Debug, Clone, Default)]
pub struct MemoryStorage {
    committed: Arc<Mutex<Arc<Tables>>>,
    turn: Arc<tokio::sync::Mutex<()>>,
}

/// Why the memory storage refuses what is no conflict. A database would have its own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum Refusal {
    #[error("a unit of work for reading cannot write")]
    ReadOnly,
    #[error("the unit of work met an error before and stores nothing")]
    Broken,
    #[error("it names a row that does not exist")]
    NoSuchRow,
}

impl From<Refusal> for StorageError {
    fn from(refusal: Refusal) -> Self {
        Self::Other(refusal.into())
    }
}

impl MemoryStorage {
    /// An empty storage.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many claims hold hosts' time. For assertions.
    pub fn claim_count(&self) -> usize {
        self.snapshot().claims.len()
    }

    fn snapshot(&self) -> Arc<Tables> {
        Arc::clone(
            &self
                .committed
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }
}

#[async_trait]
impl Storage for MemoryStorage {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StorageError> {
        let turn = Arc::clone(&self.turn).lock_owned().await;
        Ok(Box::new(MemoryUnitOfWork {
            tables: self.snapshot(),
            writing: Some(Writing {
                committed: Arc::clone(&self.committed),
                _turn: turn,
            }),
            broken: false,
        }))
    }

    async fn begin_read(&self) -> Result<Box<dyn UnitOfWork>, StorageError> {
        Ok(Box::new(MemoryUnitOfWork {
            tables: self.snapshot(),
            writing: None,
            broken: false,
        }))
    }
}

/// A unit of work over a copy of the tables. Every repository is implemented on it.
pub(crate) struct MemoryUnitOfWork {
    tables: Arc<Tables>,
    writing: Option<Writing>,
    /// An error happened. A database's transaction would be over; so is this one.
    broken: bool,
}

/// The right to write: the turn, and where the copy goes at commit.
struct Writing {
    committed: Arc<Mutex<Arc<Tables>>>,
    _turn: OwnedMutexGuard<()>,
}

impl MemoryUnitOfWork {
    fn read(&self) -> &Tables {
        &self.tables
    }

    /// Changes the copy. An error breaks the unit of work.
    fn write<T>(
        &mut self,
        change: impl FnOnce(&mut Tables) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        if self.broken {
            return Err(Refusal::Broken.into());
        }
        if self.writing.is_none() {
            return Err(Refusal::ReadOnly.into());
        }
        let result = change(Arc::make_mut(&mut self.tables));
        self.broken = result.is_err();
        result
    }
}

#[async_trait]
impl UnitOfWork for MemoryUnitOfWork {
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
        self
    }

    fn holds(&mut self) -> &mut dyn HoldRepository {
        self
    }

    fn links(&mut self) -> &mut dyn LinkRepository {
        self
    }

    fn time_off(&mut self) -> &mut dyn TimeOffRepository {
        self
    }

    fn messages(&mut self) -> &mut dyn MessageRepository {
        self
    }

    fn images(&mut self) -> &mut dyn ImageRepository {
        self
    }

    fn sessions(&mut self) -> &mut dyn SessionRepository {
        self
    }

    fn rotation(&mut self) -> &mut dyn RotationRepository {
        self
    }

    fn busy(&mut self) -> &mut dyn BusyRepository {
        self
    }

    fn outbox(&mut self) -> &mut dyn OutboxRepository {
        self
    }

    fn idempotency(&mut self) -> &mut dyn IdempotencyRepository {
        self
    }

    async fn lock_hosts(&mut self, hosts: &[UserId]) -> Result<(), StorageError> {
        // The turn is held already, so the revisions are all there is to do.
        self.write(|tables| {
            let hosts: BTreeSet<UserId> = hosts.iter().copied().collect();
            for host in hosts {
                if tables.people.contains_key(&host) {
                    tables.raise(host.as_uuid());
                }
            }
            Ok(())
        })
    }

    async fn revisions(&mut self, sources: &SlotSources) -> Result<Revisions, StorageError> {
        let tables = self.read();
        let hosts: BTreeSet<UserId> = sources.hosts.iter().copied().collect();
        let hosts = hosts.iter().filter(|host| tables.people.contains_key(host));
        let (workspace, event_type) = (sources.workspace, sources.event_type);
        let workspace_is_there = tables.workspaces.contains_key(&workspace);
        let event_type_is_there = tables.event_types.contains_key(&event_type);
        let link = sources.link.and_then(|link| tables.links.get(&link));
        Ok(Revisions {
            workspace: workspace_is_there.then(|| tables.revision(workspace.as_uuid())),
            event_type: event_type_is_there.then(|| tables.revision(event_type.as_uuid())),
            link: link.map(|link| u64::from(link.version) + u64::from(link.uses)),
            hosts: hosts.clone().count() as u64,
            of_hosts: hosts.map(|host| tables.revision(host.as_uuid())).sum(),
        })
    }

    async fn commit(self: Box<Self>) -> Result<(), StorageError> {
        if self.broken {
            return Err(Refusal::Broken.into());
        }
        if let Some(writing) = self.writing {
            *writing
                .committed
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = self.tables;
        }
        Ok(())
    }

    async fn rollback(self: Box<Self>) -> Result<(), StorageError> {
        Ok(())
    }
}
