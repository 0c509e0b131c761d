//! Storage: a transaction that hands out repositories.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{
    BookingRecord, DeliveryAttempt, Revisions, SlotFacts, SlotQuery, SlotSources, StorageError,
};
use crate::assignment::RotationLedger;
use crate::booking::{Booking, BookingStatus, HistoryEntry};
use crate::calendar::HostBusy;
use crate::directory::{Member, Person, Role, Workspace};
use crate::effect::{Effect, LeasedEffect, NotificationKind, PlannedEffect, UnreadableEffect};
use crate::event_type::{BookingLink, Buffers, EventType};
use crate::hold::Hold;
use crate::ids::{
    BookingId, BookingLinkId, EventTypeId, HoldId, ImageId, OutboxId, ScheduleId, SessionId,
    TimeOffId, UserId, WorkspaceId,
};
use crate::notification::{Audience, MessageOverride, MessageWords};
use crate::schedule::{AvailabilitySchedule, ScheduleOwner};
use crate::text::{EmailAddress, Slug};
use crate::time::Interval;
use crate::time_off::TimeOff;

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

    /// How often the sources of an answer have changed, everything included that was committed before the call, by
    /// whatever process. It is asked at every request that is answered from memory, so it should be one short query.
    ///
    /// # Errors
    /// [`StorageError`].
    async fn revisions(&self, sources: &SlotSources) -> Result<Revisions, StorageError> {
        self.begin_read().await?.revisions(sources).await
    }

    /// Everything that is stored about the time of an event type's hosts, in one state that holds everything that was
    /// committed before the call.
    ///
    /// # Errors
    /// [`StorageError`].
    async fn slot_facts(&self, query: &SlotQuery) -> Result<SlotFacts, StorageError> {
        self.begin_read().await?.slot_facts(query).await
    }
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

    /// Slots that are kept for somebody.
    fn holds(&mut self) -> &mut dyn HoldRepository;

    /// Further links to event types.
    fn links(&mut self) -> &mut dyn LinkRepository;

    /// Time off.
    fn time_off(&mut self) -> &mut dyn TimeOffRepository;

    /// Words of one's own for messages.
    fn messages(&mut self) -> &mut dyn MessageRepository;

    /// Pictures.
    fn images(&mut self) -> &mut dyn ImageRepository;
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

    /// How often the sources of an answer have changed, as this transaction sees them. A change of any of them raises a
    /// count in the transaction that makes it: bookings, holds and seats through [`lock_hosts`](Self::lock_hosts), whose
    /// callers see to it; everything else (event types, links, workspaces, schedules, time off, busy intervals) by
    /// itself, whoever stores it.
    ///
    /// # Errors
    /// [`StorageError`].
    async fn revisions(&mut self, sources: &SlotSources) -> Result<Revisions, StorageError>;

    /// Everything that is stored about the time of an event type's hosts. A storage may ask for it in fewer steps than the
    /// repositories do one after the other, which is what this one does.
    ///
    /// # Errors
    /// [`StorageError`].
    async fn slot_facts(&mut self, query: &SlotQuery) -> Result<SlotFacts, StorageError> {
        SlotFacts::read(self, query).await
    }

    /// Locks the hosts among the sources as [`lock_hosts`](Self::lock_hosts) does, and answers whether they all are still
    /// as they were when these revisions were read: then nothing that was read with them needs to be read again. A change
    /// of a source that is no host, by somebody who has locked none of the hosts, may be missed while it is being stored:
    /// it comes after.
    ///
    /// A storage may do it in fewer steps than this one does.
    ///
    /// # Errors
    /// [`StorageError`].
    async fn lock_unchanged(
        &mut self,
        sources: &SlotSources,
        read: &Revisions,
    ) -> Result<bool, StorageError> {
        self.lock_hosts(&sources.hosts).await?;
        Ok(self.revisions(sources).await? == read.after_locking())
    }

    /// Adds a booking with everything that is stored with it, as [`BookingRepository::insert`],
    /// [`record`](BookingRepository::record), [`RotationRepository::store`], [`OutboxRepository::enqueue`] and
    /// [`IdempotencyRepository::claim`] with [`store`](IdempotencyRepository::store) do one after the other.
    ///
    /// A storage may do it in fewer steps than this one does.
    ///
    /// # Errors
    /// [`StorageError::Conflict`] when a claim overlaps another of the same host, or the key was used before.
    async fn add_booking(&mut self, record: &BookingRecord<'_>) -> Result<(), StorageError> {
        self.bookings().insert(record.booking).await?;
        store_besides(self, record).await
    }

    /// Replaces a booking as [`BookingRepository::update`] does, and adds everything that is stored with it as
    /// [`add_booking`](Self::add_booking) does.
    ///
    /// # Errors
    /// [`StorageError::Conflict`] when the stored version is not one less than the given one's, a claim overlaps, or the
    /// key was used before.
    async fn change_booking(&mut self, record: &BookingRecord<'_>) -> Result<(), StorageError> {
        self.bookings().update(record.booking).await?;
        store_besides(self, record).await
    }

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

/// Stores what comes with a booking, one thing after the other.
async fn store_besides<U: UnitOfWork + ?Sized>(
    work: &mut U,
    record: &BookingRecord<'_>,
) -> Result<(), StorageError> {
    work.bookings().record(record.entry).await?;
    if let Some(ledger) = record.rotation {
        let event_type = record.booking.event_type;
        work.rotation().store(event_type, ledger).await?;
    }
    work.outbox().enqueue(record.effects).await?;
    if let Some(spent) = &record.key {
        let keys = work.idempotency();
        let claim = keys
            .claim(spent.scope, spent.key, spent.fingerprint, spent.at)
            .await?;
        if claim != IdempotencyClaim::Fresh {
            return Err(StorageError::Conflict);
        }
        let made = record.booking.id.as_uuid();
        keys.store(spent.scope, spent.key, made).await?;
    }
    Ok(())
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

    /// Replaces a workspace whose stored version is one less than the given one's. [`StorageError::Conflict`] when it is
    /// another, or the slug is taken.
    async fn update_workspace(&mut self, workspace: &Workspace) -> Result<(), StorageError>;
    /// The people with these ids; one that does not exist is left out.
    async fn people(&mut self, ids: &[UserId]) -> Result<BTreeMap<UserId, Person>, StorageError>;
    /// The person with this address, whatever its case.
    async fn person_by_email(
        &mut self,
        email: &EmailAddress,
    ) -> Result<Option<Person>, StorageError>;

    /// The members of a workspace, by name, then id.
    async fn members(&mut self, workspace: WorkspaceId) -> Result<Vec<Member>, StorageError>;

    /// The workspaces a person is a member of, with his role, by slug.
    async fn memberships(&mut self, person: UserId)
    -> Result<Vec<(Workspace, Role)>, StorageError>;

    /// Makes a person a member. [`StorageError::Conflict`] when he is one.
    async fn insert_member(
        &mut self,
        workspace: WorkspaceId,
        person: UserId,
        role: Role,
        joined_at: DateTime<Utc>,
    ) -> Result<(), StorageError>;

    /// Gives a member another role. Answers whether there is such a member.
    async fn set_role(
        &mut self,
        workspace: WorkspaceId,
        person: UserId,
        role: Role,
    ) -> Result<bool, StorageError>;

    /// Ends a membership. Answers whether there was one.
    async fn remove_member(
        &mut self,
        workspace: WorkspaceId,
        person: UserId,
    ) -> Result<bool, StorageError>;
    /// Adds a workspace. [`StorageError::Conflict`] when its slug is taken.
    async fn insert_workspace(&mut self, workspace: &Workspace) -> Result<(), StorageError>;
    /// Adds a person, at home in a workspace but no member of it yet. [`StorageError::Conflict`] when the server has the
    /// address already, whatever its case.
    async fn insert_person(
        &mut self,
        workspace: WorkspaceId,
        person: &Person,
    ) -> Result<(), StorageError>;

    /// Replaces a person's name and zone; the address stays. Answers whether there is such a person.
    async fn update_person(&mut self, person: &Person) -> Result<bool, StorageError>;
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
    /// All event types of a workspace, archived ones included, by position, then slug.
    async fn list(
        &mut self,
        workspace: WorkspaceId,
    ) -> Result<Partial<Vec<EventType>>, StorageError>;
    /// Those a person hosts, in any workspace, by id.
    async fn hosted_by(&mut self, host: UserId) -> Result<Vec<EventTypeId>, StorageError>;
    /// Adds one. [`StorageError::Conflict`] when an event type or a link of the workspace has the slug already.
    async fn insert(&mut self, event_type: &EventType) -> Result<(), StorageError>;
    /// Replaces one whose stored version is one less than the given one's. [`StorageError::Conflict`] when it is
    /// another, or an event type or a link of the workspace has the slug.
    async fn update(&mut self, event_type: &EventType) -> Result<(), StorageError>;
    /// Deletes one that has no bookings and no sessions, with its links, messages, time off, holds and ledger. Answers
    /// whether it was deleted: not when it has bookings, or does not exist.
    async fn delete(&mut self, id: EventTypeId) -> Result<bool, StorageError>;
}

/// Availability schedules.
#[async_trait]
pub trait ScheduleRepository: Send {
    /// The default schedule of each of these owners who has one.
    async fn defaults(
        &mut self,
        owners: &[ScheduleOwner],
    ) -> Result<Partial<BTreeMap<ScheduleOwner, AvailabilitySchedule>>, StorageError>;
    /// The schedules with these ids; one that does not exist is left out.
    async fn get(
        &mut self,
        ids: &[ScheduleId],
    ) -> Result<Partial<BTreeMap<ScheduleId, AvailabilitySchedule>>, StorageError>;
    /// An owner's schedules, the default first, then by name, then id.
    async fn list(
        &mut self,
        owner: ScheduleOwner,
    ) -> Result<Partial<Vec<AvailabilitySchedule>>, StorageError>;
    /// Adds one. [`StorageError::Conflict`] for a second default of one owner.
    async fn insert(&mut self, schedule: &AvailabilitySchedule) -> Result<(), StorageError>;
    /// Replaces one whose stored version is one less than the given one's. [`StorageError::Conflict`] when it is
    /// another, or for a second default.
    async fn update(&mut self, schedule: &AvailabilitySchedule) -> Result<(), StorageError>;
    /// Deletes one that no event type names. Answers whether it was deleted.
    async fn delete(&mut self, id: ScheduleId) -> Result<bool, StorageError>;
    /// The event types that name a schedule, as theirs or for a host, by id.
    async fn used_by(&mut self, id: ScheduleId) -> Result<Vec<EventTypeId>, StorageError>;
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

    /// The booking and the host whose own link's token has this SHA-256.
    async fn by_host_token(
        &mut self,
        hash: &[u8; 32],
    ) -> Result<Option<(Booking, UserId)>, StorageError>;

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

    /// A workspace's bookings that the filter lets through, by start, then id, forwards or backwards from where the
    /// page begins, at most its limit.
    async fn list(
        &mut self,
        workspace: WorkspaceId,
        filter: &BookingFilter,
        page: &BookingPage,
    ) -> Result<Partial<Vec<Booking>>, StorageError>;

    /// Whether an event type has any booking, in whatever state.
    async fn any_of(&mut self, event_type: EventTypeId) -> Result<bool, StorageError>;

    /// A person's bookings that are pending or confirmed and end after an instant, in any workspace, by start, then id.
    async fn ahead_of(
        &mut self,
        host: UserId,
        after: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<BookingId>, StorageError>;

    /// Adds an entry to a booking's history.
    async fn record(&mut self, entry: &HistoryEntry) -> Result<(), StorageError>;

    /// A booking's history, the oldest entry first.
    async fn history(&mut self, booking: BookingId) -> Result<Vec<HistoryEntry>, StorageError>;

    /// Deletes a booking for good, with its history, its claims and what the outbox still owes for it. (Seats in
    /// sessions are the caller's to give back.) Answers whether there was one.
    async fn erase(&mut self, id: BookingId) -> Result<bool, StorageError>;
}

/// Which bookings are listed. What is not given does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BookingFilter {
    /// In one of these states, judged at `now`: *confirmed* is still ahead or under way, *completed* is over. Empty for all.
    pub status: Vec<BookingStatus>,
    /// The instant at which states are judged. Needed with `status`.
    pub now: Option<DateTime<Utc>>,
    /// That were moved.
    pub rescheduled: bool,
    /// That end after this instant.
    pub from: Option<DateTime<Utc>>,
    /// That start before this instant.
    pub to: Option<DateTime<Utc>>,
    /// Of this event type.
    pub event_type: Option<EventTypeId>,
    /// That this person hosts.
    pub host: Option<UserId>,
    /// Whose attendees' names or addresses contain this text, whatever its case.
    pub text: Option<String>,
}

/// Which way a list runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Direction {
    /// The earliest first.
    #[default]
    Ascending,
    /// The latest first.
    Descending,
}

/// A page of bookings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookingPage {
    /// Which way it runs.
    pub direction: Direction,
    /// It begins behind this booking, in its direction.
    pub after: Option<(DateTime<Utc>, BookingId)>,
    /// At most so many.
    pub limit: u32,
}

/// What could be read, and what could not: a row that is damaged takes nothing else down.
#[derive(Debug)]
pub struct Partial<T> {
    /// What could be read.
    pub found: T,
    /// What could not: [`StorageError::Corrupt`] for each row.
    pub unreadable: Vec<StorageError>,
}

impl<T> Partial<T> {
    /// Everything could be read.
    pub fn whole(found: T) -> Self {
        Self {
            found,
            unreadable: Vec::new(),
        }
    }
}

/// Slots that are kept for somebody. A hold has claims on its hosts' time, or seats in their sessions, as a booking has.
#[async_trait]
pub trait HoldRepository: Send {
    /// The hold whose token has this SHA-256, expired or not.
    async fn by_token(&mut self, hash: &[u8; 32]) -> Result<Option<Hold>, StorageError>;

    /// The holds of these hosts whose reservation overlaps the interval, expired ones included, by id.
    async fn overlapping(
        &mut self,
        hosts: &[UserId],
        within: Interval,
    ) -> Result<Vec<Hold>, StorageError>;

    /// Adds a hold, with a claim on the time of each host who has no seat in a session. [`StorageError::Conflict`] when
    /// a claim overlaps another of the same host.
    async fn insert(&mut self, hold: &Hold) -> Result<(), StorageError>;

    /// Replaces a hold's expiry. Answers whether it is there.
    async fn renew(&mut self, hold: &Hold) -> Result<bool, StorageError>;

    /// Removes a hold and its claims, and gives its seats back. Answers whether it was there.
    async fn remove(&mut self, id: HoldId) -> Result<bool, StorageError>;

    /// Removes the holds that have expired at `now`, their claims and seats: those of these hosts, or of everybody.
    /// Answers how many.
    async fn sweep(
        &mut self,
        hosts: Option<&[UserId]>,
        now: DateTime<Utc>,
    ) -> Result<u64, StorageError>;

    /// When the next hold of these hosts expires, if there is one.
    async fn next_expiry(
        &mut self,
        hosts: &[UserId],
    ) -> Result<Option<DateTime<Utc>>, StorageError>;
}

/// Further links to event types.
#[async_trait]
pub trait LinkRepository: Send {
    /// The link with this id.
    async fn get(&mut self, id: BookingLinkId) -> Result<Option<BookingLink>, StorageError>;

    /// The workspace's link with this slug, ended or not.
    async fn by_slug(
        &mut self,
        workspace: WorkspaceId,
        slug: &Slug,
    ) -> Result<Option<BookingLink>, StorageError>;

    /// The links to an event type, the newest first.
    async fn list(
        &mut self,
        event_type: EventTypeId,
    ) -> Result<Partial<Vec<BookingLink>>, StorageError>;

    /// Adds one. [`StorageError::Conflict`] when an event type or a link of the workspace has the slug already.
    async fn insert(&mut self, link: &BookingLink) -> Result<(), StorageError>;

    /// Replaces one whose stored version is one less than the given one's; its uses stay as they are stored.
    /// [`StorageError::Conflict`] when it is another.
    async fn update(&mut self, link: &BookingLink) -> Result<(), StorageError>;

    /// Counts one use, unless the link is used up. Answers whether it counted. Of simultaneous callers no more succeed
    /// than uses are left.
    async fn use_once(&mut self, id: BookingLinkId) -> Result<bool, StorageError>;

    /// Deletes one. Bookings that were made with it remember its id. Answers whether there was one.
    async fn delete(&mut self, id: BookingLinkId) -> Result<bool, StorageError>;
}

/// Time off.
#[async_trait]
pub trait TimeOffRepository: Send {
    /// The time off with this id.
    async fn get(&mut self, id: TimeOffId) -> Result<Option<TimeOff>, StorageError>;

    /// All of a workspace, by when it was made, then id.
    async fn list(&mut self, workspace: WorkspaceId)
    -> Result<Partial<Vec<TimeOff>>, StorageError>;

    /// What can take these people's time for this event type: their own, in whatever workspace it was entered, the
    /// event type's, and the whole workspace's. By id.
    async fn concerning(
        &mut self,
        people: &[UserId],
        workspace: WorkspaceId,
        event_type: EventTypeId,
    ) -> Result<Partial<Vec<TimeOff>>, StorageError>;

    /// Adds one.
    async fn insert(&mut self, time_off: &TimeOff) -> Result<(), StorageError>;

    /// Replaces one whose stored version is one less than the given one's. [`StorageError::Conflict`] when it is another.
    async fn update(&mut self, time_off: &TimeOff) -> Result<(), StorageError>;

    /// Deletes one. Answers whether there was one.
    async fn delete(&mut self, id: TimeOffId) -> Result<bool, StorageError>;
}

/// Words of one's own for messages.
#[async_trait]
pub trait MessageRepository: Send {
    /// The words for a message of an event type: for subject and body each the event type's own, else the workspace's.
    async fn words(
        &mut self,
        workspace: WorkspaceId,
        event_type: EventTypeId,
        kind: NotificationKind,
        audience: Audience,
    ) -> Result<MessageWords, StorageError>;

    /// All of a workspace and its event types, in the order workspace first, then event type, kind, audience.
    async fn list(&mut self, workspace: WorkspaceId) -> Result<Vec<MessageOverride>, StorageError>;

    /// Stores words in place of what was there; words without subject and body remove it.
    async fn set(&mut self, message: &MessageOverride) -> Result<(), StorageError>;
}

/// A picture that a workspace has uploaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Its id.
    pub id: ImageId,
    /// The workspace.
    pub workspace: WorkspaceId,
    /// Such as `image/png`.
    pub media_type: String,
    /// The file.
    pub bytes: Vec<u8>,
    /// When it was uploaded.
    pub created_at: DateTime<Utc>,
}

/// Pictures.
#[async_trait]
pub trait ImageRepository: Send {
    /// The picture with this id.
    async fn get(&mut self, id: ImageId) -> Result<Option<Image>, StorageError>;

    /// Adds one.
    async fn insert(&mut self, image: &Image) -> Result<(), StorageError>;

    /// Deletes one. Answers whether there was one.
    async fn delete(&mut self, id: ImageId) -> Result<bool, StorageError>;
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

/// Where an effect of the outbox stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum OutboxStatus {
    /// Waiting for a worker, or for its time.
    Ready,
    /// Taken by a worker.
    Leased,
    /// Done, or skipped.
    Done,
    /// Given up.
    Failed,
}

/// A row of the outbox, as people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxEntry {
    /// Its id.
    pub id: OutboxId,
    /// Whose it is.
    pub workspace: Option<WorkspaceId>,
    /// What is owed; the parser's complaint when this build cannot read it.
    pub effect: Result<Effect, UnreadableEffect>,
    /// What kind of effect.
    pub kind: String,
    /// Where it stands.
    pub status: OutboxStatus,
    /// How often it was tried.
    pub attempts: u32,
    /// The last complaint, or why it was skipped.
    pub last_error: Option<String>,
    /// When it is due.
    pub due_at: DateTime<Utc>,
    /// When it was planned.
    pub created_at: DateTime<Utc>,
    /// When it was done or given up.
    pub finished_at: Option<DateTime<Utc>>,
}

/// One try to hand a message over, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedAttempt {
    /// When.
    pub at: DateTime<Utc>,
    /// How, and what became of it.
    pub attempt: DeliveryAttempt,
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

    /// Takes up to `limit` effects that are due and ready, or whose lease has ended, for a length of time, oldest due
    /// first. No two callers get the same one, and each lease counts as an attempt. An effect waits while another with
    /// its `dedupe_key` is leased.
    ///
    /// `now` is the caller's clock. A storage that several machines share goes by a clock of its own in its place, so
    /// that a machine whose clock is wrong neither takes what others have leased nor sits on what it has itself.
    async fn lease(
        &mut self,
        now: DateTime<Utc>,
        lasting: TimeDelta,
        limit: u32,
    ) -> Result<Vec<LeasedEffect>, StorageError>;

    /// Whether [`lease`](Self::lease) would find anything, by the same clock. Costs no writer's turn.
    async fn is_any_due(&mut self, now: DateTime<Utc>) -> Result<bool, StorageError>;

    /// Gives leases back before they end, as if they had never been taken: the effects are ready at once and the attempts
    /// are not counted. Each is named by its id and the attempts that [`lease`](Self::lease) said; one that was settled
    /// meanwhile, or that somebody else has taken since, is left alone. Where another with its `dedupe_key` has become
    /// ready, that one will do the same and this one is done. Answers how many were given back.
    async fn hand_back(
        &mut self,
        leases: &[(OutboxId, u32)],
        now: DateTime<Utc>,
    ) -> Result<u64, StorageError>;

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

    /// A workspace's effects in a state, or in any, the newest first, behind the one given, at most `limit`.
    async fn list(
        &mut self,
        workspace: WorkspaceId,
        status: Option<OutboxStatus>,
        after: Option<OutboxId>,
        limit: u32,
    ) -> Result<Vec<OutboxEntry>, StorageError>;

    /// One effect.
    async fn get(&mut self, id: OutboxId) -> Result<Option<OutboxEntry>, StorageError>;

    /// Makes an effect that has failed ready again, due at `now`, with all its tries before it. Answers whether it had
    /// failed. Where another with its `dedupe_key` is ready, that one will do the same: this one is done.
    async fn replay(&mut self, id: OutboxId, now: DateTime<Utc>) -> Result<bool, StorageError>;

    /// Keeps what became of tries to hand an effect's message over.
    async fn log_attempts(
        &mut self,
        id: OutboxId,
        at: DateTime<Utc>,
        attempts: &[DeliveryAttempt],
    ) -> Result<(), StorageError>;

    /// The tries to hand an effect's message over, the first one first.
    async fn attempts(&mut self, id: OutboxId) -> Result<Vec<LoggedAttempt>, StorageError>;

    /// Forgets what was done before an instant; failures are kept. Answers how many.
    async fn sweep(&mut self, finished_before: DateTime<Utc>) -> Result<u64, StorageError>;
}

/// What an idempotency key stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdempotencyClaim {
    /// Never seen: the caller goes on, and stores what it made.
    Fresh,
    /// Seen with the same fingerprint: this is the id of what it made.
    Replay(Uuid),
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
    /// Stores the id of what the claimed key made.
    async fn store(&mut self, scope: &str, key: &str, made: Uuid) -> Result<(), StorageError>;
    /// Forgets keys claimed before an instant. Answers how many.
    async fn sweep(&mut self, claimed_before: DateTime<Utc>) -> Result<u64, StorageError>;
}
