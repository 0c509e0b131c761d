//! Storage: a transaction that hands out repositories.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::StorageError;
use crate::assignment::RotationLedger;
use crate::booking::Booking;
use crate::calendar::HostBusy;
use crate::directory::{Person, Workspace};
use crate::effect::{LeasedEffect, PlannedEffect};
use crate::event_type::{Buffers, EventType};
use crate::ids::{BookingId, EventTypeId, OutboxId, SessionId, UserId, WorkspaceId};
use crate::schedule::AvailabilitySchedule;
use crate::text::Slug;
use crate::time::Interval;

/// A place that keeps everything.
#[async_trait]
pub trait Storage: Send + Sync {
    /// Opens a transaction for writing. Writers of the same hosts come one after the other.
    ///
    /// # Errors
    /// [`StorageError::Unavailable`] when the storage does not answer.
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StorageError>;

    /// Opens a transaction for reading. It sees one consistent state and never waits for writers.
    ///
    /// # Errors
    /// [`StorageError::Unavailable`] when the storage does not answer.
    async fn begin_read(&self) -> Result<Box<dyn UnitOfWork>, StorageError>;
}

/// One transaction. Dropping it undoes everything.
#[async_trait]
pub trait UnitOfWork: Send {
    /// Workspaces and people.
    fn directory(&mut self) -> &mut dyn Directory;
    /// Event types.
    fn event_types(&mut self) -> &mut dyn EventTypeRepository;
    /// Availability schedules.
    fn schedules(&mut self) -> &mut dyn ScheduleRepository;
    /// Bookings.
    fn bookings(&mut self) -> &mut dyn BookingRepository;
    /// Group sessions.
    fn sessions(&mut self) -> &mut dyn SessionRepository;
    /// Rotation ledgers.
    fn rotation(&mut self) -> &mut dyn RotationRepository;
    /// The mirror of connected calendars.
    fn busy(&mut self) -> &mut dyn BusyRepository;
    /// Effects that are owed.
    fn outbox(&mut self) -> &mut dyn OutboxRepository;
    /// Idempotency keys.
    fn idempotency(&mut self) -> &mut dyn IdempotencyRepository;

    /// Holds the hosts' time until the end of the transaction: others who lock one of them wait. Takes them in id
    /// order whatever order they are given in, so that two lockers never wait for each other, and raises each host's
    /// revision.
    ///
    /// # Errors
    /// [`StorageError`]; a host that does not exist is ignored.
    async fn lock_hosts(&mut self, hosts: &[UserId]) -> Result<(), StorageError>;

    /// Makes everything last. After an error of any method it refuses: the unit of work is over then.
    ///
    /// # Errors
    /// [`StorageError`]; then nothing was stored.
    async fn commit(self: Box<Self>) -> Result<(), StorageError>;

    /// Undoes everything, as dropping does, but waits until it is done.
    ///
    /// # Errors
    /// [`StorageError`] when the storage does not answer.
    async fn rollback(self: Box<Self>) -> Result<(), StorageError>;
}

/// Workspaces and people: names, addresses, zones.
#[async_trait]
pub trait Directory: Send {
    /// The workspace with this slug.
    async fn workspace_by_slug(&mut self, slug: &Slug) -> Result<Option<Workspace>, StorageError>;
    /// The workspace with this id.
    async fn workspace(&mut self, id: WorkspaceId) -> Result<Option<Workspace>, StorageError>;
    /// All workspaces, by slug.
    async fn workspaces(&mut self) -> Result<Vec<Workspace>, StorageError>;
    /// The people with these ids; one that does not exist is left out.
    async fn people(&mut self, ids: &[UserId]) -> Result<BTreeMap<UserId, Person>, StorageError>;
    /// The members of a workspace, by name, then id.
    async fn members(&mut self, workspace: WorkspaceId) -> Result<Vec<Person>, StorageError>;
    /// Adds a workspace. [`StorageError::Conflict`] when its slug is taken.
    async fn insert_workspace(&mut self, workspace: &Workspace) -> Result<(), StorageError>;
    /// Adds a person to a workspace. [`StorageError::Conflict`] when the workspace has the address already.
    async fn insert_person(
        &mut self,
        workspace: WorkspaceId,
        person: &Person,
    ) -> Result<(), StorageError>;
}

/// Event types.
#[async_trait]
pub trait EventTypeRepository: Send {
    /// The event type with this id.
    async fn get(&mut self, id: EventTypeId) -> Result<Option<EventType>, StorageError>;
    /// The workspace's event type with this slug.
    async fn by_slug(
        &mut self,
        workspace: WorkspaceId,
        slug: &Slug,
    ) -> Result<Option<EventType>, StorageError>;
    /// All event types of a workspace, by position, then slug.
    async fn list(&mut self, workspace: WorkspaceId) -> Result<Vec<EventType>, StorageError>;
    /// Adds one. [`StorageError::Conflict`] when the workspace has the slug already.
    async fn insert(&mut self, event_type: &EventType) -> Result<(), StorageError>;
}

/// Availability schedules.
#[async_trait]
pub trait ScheduleRepository: Send {
    /// The default schedule of each of these people who has one.
    async fn defaults(
        &mut self,
        owners: &[UserId],
    ) -> Result<BTreeMap<UserId, AvailabilitySchedule>, StorageError>;
    /// Adds one. [`StorageError::Conflict`] for a second default of one owner.
    async fn insert(&mut self, schedule: &AvailabilitySchedule) -> Result<(), StorageError>;
}

/// What one booking, or one session with all its bookings, takes from a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostReservation {
    /// Whose time.
    pub host: UserId,
    /// Of which event type.
    pub event_type: EventTypeId,
    /// The session, where the event type has several seats.
    pub session: Option<SessionId>,
    /// The meeting itself.
    pub interval: Interval,
    /// Its buffers.
    pub buffers: Buffers,
    /// How many seats are taken: 1 for a booking that is no session.
    pub seats_taken: u32,
}

/// Bookings and the claims on their hosts' time.
#[async_trait]
pub trait BookingRepository: Send {
    /// The booking with this id.
    async fn get(&mut self, id: BookingId) -> Result<Option<Booking>, StorageError>;

    /// The booking whose manage token has this SHA-256.
    async fn by_manage_token(&mut self, hash: &[u8; 32]) -> Result<Option<Booking>, StorageError>;

    /// What bookings and sessions take from these hosts, where the reservation (buffers included) overlaps the
    /// interval. Ordered by host, then start. Only those that take time: not cancelled, declined or expired ones.
    async fn reservations(
        &mut self,
        hosts: &[UserId],
        within: Interval,
    ) -> Result<Vec<HostReservation>, StorageError>;

    /// Adds a booking, with a claim on the time of each host who has no seat in a session.
    /// [`StorageError::Conflict`] when a claim overlaps another of the same host.
    async fn insert(&mut self, booking: &Booking) -> Result<(), StorageError>;

    /// Replaces a booking whose stored version is one less than the given one's; its claims follow: they are taken
    /// anew while its state takes time, and given back when it does not. (Seats in sessions are the caller's to give back.)
    /// [`StorageError::Conflict`] when the stored version is another, or a claim overlaps.
    async fn update(&mut self, booking: &Booking) -> Result<(), StorageError>;

    /// A workspace's bookings that overlap the interval, by start, then id, at most `limit`.
    async fn list(
        &mut self,
        workspace: WorkspaceId,
        within: Interval,
        limit: u32,
    ) -> Result<Vec<Booking>, StorageError>;
}

/// Group sessions: one host's shared meeting with seats. A session owns the claim on its host's time.
#[async_trait]
pub trait SessionRepository: Send {
    /// Takes a seat in the host's session of this event type at exactly this interval, or opens one under `new_id`
    /// with its claim (the interval widened by `buffers`). Answers the session's id.
    /// [`StorageError::Conflict`] when it is full, or the claim overlaps another of the host.
    async fn take_seat(
        &mut self,
        new_id: SessionId,
        event_type: &EventType,
        host: UserId,
        interval: Interval,
        buffers: Buffers,
    ) -> Result<SessionId, StorageError>;

    /// Gives a seat back. When it was the last taken one, the session and its claim go. A session that does not exist is
    /// an error, and no conflict.
    async fn leave(&mut self, session: SessionId) -> Result<(), StorageError>;
}

/// Rotation ledgers, one an event type.
#[async_trait]
pub trait RotationRepository: Send {
    /// The event type's ledger as it was last stored; an empty one before the first step.
    async fn ledger(
        &mut self,
        event_type: EventTypeId,
    ) -> Result<RotationLedger<UserId>, StorageError>;
    /// Stores the whole ledger.
    async fn store(
        &mut self,
        event_type: EventTypeId,
        ledger: &RotationLedger<UserId>,
    ) -> Result<(), StorageError>;
}

/// The mirror of connected calendars.
#[async_trait]
pub trait BusyRepository: Send {
    /// What calendars take from these hosts, where it overlaps the interval. Ordered by host, then start.
    async fn overlapping(
        &mut self,
        hosts: &[UserId],
        within: Interval,
    ) -> Result<Vec<HostBusy>, StorageError>;
    /// Adds a busy interval.
    async fn insert(&mut self, busy: &HostBusy) -> Result<(), StorageError>;
}

/// An effect that failed for good and waits for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxFailure {
    /// Its id.
    pub id: OutboxId,
    /// What kind of effect.
    pub kind: String,
    /// How often it was tried.
    pub attempts: u32,
    /// The last complaint.
    pub last_error: String,
    /// When it was given up.
    pub failed_at: DateTime<Utc>,
}

/// How the outbox stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OutboxCounts {
    /// Waiting for a worker, or for their time.
    pub ready: u64,
    /// Taken by a worker.
    pub leased: u64,
    /// Given up.
    pub failed: u64,
}

/// Effects that are owed to the outside world.
#[async_trait]
pub trait OutboxRepository: Send {
    /// Adds effects. One whose `dedupe_key` a ready row has already is dropped.
    async fn enqueue(&mut self, effects: &[PlannedEffect]) -> Result<(), StorageError>;

    /// Takes up to `limit` effects that are due at `now` and ready, or whose lease has ended, until `until`, oldest due
    /// first. No two callers get the same one, and each lease counts as an attempt. An effect waits while another with
    /// its `dedupe_key` is leased.
    async fn lease(
        &mut self,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<LeasedEffect>, StorageError>;

    /// The effect happened, and stays done whatever is said later. `note` says so where it was skipped.
    async fn complete(
        &mut self,
        id: OutboxId,
        at: DateTime<Utc>,
        note: Option<&str>,
    ) -> Result<(), StorageError>;

    /// The leased effect did not happen; it is due again at `due_at`. Where another with its `dedupe_key` has become
    /// ready meanwhile, that one will do the same and this one is done.
    async fn retry_at(
        &mut self,
        id: OutboxId,
        due_at: DateTime<Utc>,
        error: &str,
    ) -> Result<(), StorageError>;

    /// The leased effect did not happen and never will by itself.
    async fn fail(
        &mut self,
        id: OutboxId,
        at: DateTime<Utc>,
        error: &str,
    ) -> Result<(), StorageError>;

    /// When the next effect is due, if any waits. Leased ones count with the end of their lease.
    async fn next_due(&mut self) -> Result<Option<DateTime<Utc>>, StorageError>;

    /// How many there are of each kind of standing.
    async fn counts(&mut self) -> Result<OutboxCounts, StorageError>;

    /// Those that failed for good, newest first, at most `limit`.
    async fn failures(&mut self, limit: u32) -> Result<Vec<OutboxFailure>, StorageError>;

    /// Forgets what was done before an instant; failures are kept. Answers how many.
    async fn sweep(&mut self, finished_before: DateTime<Utc>) -> Result<u64, StorageError>;
}

/// What an idempotency key stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdempotencyClaim {
    /// Never seen: the caller goes on, and stores what it made.
    Fresh,
    /// Seen with the same fingerprint: this is what it made.
    Replay(BookingId),
    /// Seen with another fingerprint: the caller refuses.
    Reused,
}

/// Idempotency keys, claimed in the same transaction as the work they guard.
#[async_trait]
pub trait IdempotencyRepository: Send {
    /// Claims a key for a request with this fingerprint. A second claim while the first transaction is open waits for
    /// it. `scope` keeps the keys of different links apart.
    async fn claim(
        &mut self,
        scope: &str,
        key: &str,
        fingerprint: &[u8; 32],
        now: DateTime<Utc>,
    ) -> Result<IdempotencyClaim, StorageError>;
    /// What a key stands for, without claiming it or waiting for anybody.
    async fn find(
        &mut self,
        scope: &str,
        key: &str,
        fingerprint: &[u8; 32],
    ) -> Result<IdempotencyClaim, StorageError>;
    /// Stores what the claimed key made.
    async fn store(&mut self, scope: &str, key: &str, made: BookingId) -> Result<(), StorageError>;
    /// Forgets keys claimed before an instant. Answers how many.
    async fn sweep(&mut self, claimed_before: DateTime<Utc>) -> Result<u64, StorageError>;
}
