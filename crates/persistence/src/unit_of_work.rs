//! One transaction that hands out repositories.

use async_trait::async_trait;
use scheduling_core::ids::UserId;
use scheduling_core::ports::{
    BookingRecord, BookingRepository, BusyRepository, Directory, EventTypeRepository,
    HoldRepository, IdempotencyRepository, ImageRepository, LinkRepository, MessageRepository,
    OutboxRepository, Revisions, RotationRepository, ScheduleRepository, SessionRepository,
    SlotFacts, SlotQuery, SlotSources, StorageError, TimeOffRepository, UnitOfWork,
};
use sea_orm::DatabaseTransaction;
use thiserror::Error;
use tracing::instrument;

use crate::LeaseClock;
use crate::error::storage_error;
use crate::lock;
use crate::repository::{record, revisions, slot_facts};

/// A unit of work over a database transaction. Dropping it rolls back.
///
/// After an error it is over, on either database: further calls may fail, and [`commit`](UnitOfWork::commit) refuses.
/// (PostgreSQL would answer a commit of a failed transaction with success, having rolled back.)
#[derive(Debug)]
pub struct SeaOrmUnitOfWork {
    transaction: DatabaseTransaction,
    broken: bool,
    lease_clock: LeaseClock,
}

#[derive(Debug, Error)]
#[error("the unit of work met an error before and stores nothing")]
struct Broken;

impl SeaOrmUnitOfWork {
    /// Takes a transaction that the caller began, so that bookings join the caller's own work.
    ///
    /// On SQLite begin it as `IMMEDIATE`: a transaction that only later turns to writing can be refused because
    /// another wrote in between.
    pub fn from_transaction(transaction: DatabaseTransaction) -> Self {
        Self {
            transaction,
            broken: false,
            lease_clock: LeaseClock::default(),
        }
    }

    /// The same with another clock for leases.
    #[must_use]
    pub fn with_lease_clock(mut self, lease_clock: LeaseClock) -> Self {
        self.lease_clock = lease_clock;
        self
    }

    pub(crate) fn lease_clock(&self) -> LeaseClock {
        self.lease_clock
    }

    /// The transaction, for the caller's own statements.
    pub fn transaction(&self) -> &DatabaseTransaction {
        &self.transaction
    }

    /// Gives the transaction back, to commit it elsewhere.
    pub fn into_transaction(self) -> DatabaseTransaction {
        self.transaction
    }

    /// Passes a result on, and remembers an error.
    pub(crate) fn settle<T>(&mut self, result: Result<T, StorageError>) -> Result<T, StorageError> {
        self.broken |= result.is_err();
        result
    }
}

#[async_trait]
impl UnitOfWork for SeaOrmUnitOfWork {
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

    #[instrument(level = "debug", skip_all)]
    async fn lock_hosts(&mut self, hosts: &[UserId]) -> Result<(), StorageError> {
        let locked = lock::hosts(&self.transaction, hosts).await;
        self.settle(locked)
    }

    async fn revisions(&mut self, sources: &SlotSources) -> Result<Revisions, StorageError> {
        let read = revisions::read(&self.transaction, sources).await;
        self.settle(read)
    }

    async fn slot_facts(&mut self, query: &SlotQuery) -> Result<SlotFacts, StorageError> {
        let read = slot_facts::read(&self.transaction, query).await;
        match self.settle(read)? {
            Some(facts) => Ok(facts),
            None => SlotFacts::read(self, query).await,
        }
    }

    #[instrument(level = "debug", skip_all)]
    async fn lock_unchanged(
        &mut self,
        sources: &SlotSources,
        read: &Revisions,
    ) -> Result<bool, StorageError> {
        let unchanged = lock::unchanged(&self.transaction, sources, read).await;
        self.settle(unchanged)
    }

    async fn add_booking(&mut self, record: &BookingRecord<'_>) -> Result<(), StorageError> {
        let done = record::add(&self.transaction, record).await;
        self.settle(done)
    }

    async fn change_booking(&mut self, record: &BookingRecord<'_>) -> Result<(), StorageError> {
        let done = record::change(&self.transaction, record).await;
        self.settle(done)
    }

    #[instrument(level = "debug", skip_all)]
    async fn commit(self: Box<Self>) -> Result<(), StorageError> {
        if self.broken {
            self.rollback().await?;
            return Err(StorageError::Other(Broken.into()));
        }
        self.transaction.commit().await.map_err(storage_error)
    }

    async fn rollback(self: Box<Self>) -> Result<(), StorageError> {
        self.transaction.rollback().await.map_err(storage_error)
    }
}
