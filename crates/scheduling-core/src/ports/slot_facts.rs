//! Everything that is stored about the time of hosts, asked for at once.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    HostReservation, IdempotencyClaim, Partial, Revisions, SlotSources, StorageError, UnitOfWork,
};
use crate::assignment::RotationLedger;
use crate::calendar::HostBusy;
use crate::hold::Hold;
use crate::ids::{ScheduleId, UserId};
use crate::schedule::{AvailabilitySchedule, ScheduleOwner};
use crate::time::Interval;
use crate::time_off::TimeOff;

/// What is asked about the time of an event type's hosts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotQuery {
    /// Whose time, and for which event type.
    pub sources: SlotSources,
    /// The schedules that the event type names.
    pub schedules: Vec<ScheduleId>,
    /// Those whose default schedules count.
    pub owners: Vec<ScheduleOwner>,
    /// Around which interval; without one, nothing is asked about what takes the hosts' time.
    pub within: Option<Interval>,
    /// Whether the event type's ledger is asked for.
    pub rotation: bool,
    /// The idempotency key of whoever wants to book, if he has one.
    pub key: Option<KeyQuery>,
}

/// What is asked about an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyQuery {
    /// Keeps the keys of different links and people apart.
    pub scope: String,
    /// The key.
    pub key: String,
    /// SHA-256 over everything the request asks for.
    pub fingerprint: [u8; 32],
}

/// What decides which slots hosts have, all of it in one state.
#[derive(Debug)]
pub struct SlotFacts {
    /// How often the sources had changed.
    pub revisions: Revisions,
    /// The named schedules, as [`ScheduleRepository::get`](super::ScheduleRepository::get) answers.
    pub named: Partial<BTreeMap<ScheduleId, AvailabilitySchedule>>,
    /// The default schedules, as [`ScheduleRepository::defaults`](super::ScheduleRepository::defaults) answers.
    pub defaults: Partial<BTreeMap<ScheduleOwner, AvailabilitySchedule>>,
    /// As [`BusyRepository::overlapping`](super::BusyRepository::overlapping) answers.
    pub busy: Vec<HostBusy>,
    /// As [`TimeOffRepository::concerning`](super::TimeOffRepository::concerning) answers.
    pub time_off: Partial<Vec<TimeOff>>,
    /// As [`BookingRepository::reservations`](super::BookingRepository::reservations) answers.
    pub reservations: Vec<HostReservation>,
    /// As [`HoldRepository::overlapping`](super::HoldRepository::overlapping) answers.
    pub holds: Vec<Hold>,
    /// The ledger, where it was asked for.
    pub ledger: RotationLedger<UserId>,
    /// What the key stands for, as [`IdempotencyRepository::find`](super::IdempotencyRepository::find) answers.
    pub key: IdempotencyClaim,
}

impl SlotFacts {
    /// Whether everything could be read.
    pub fn is_whole(&self) -> bool {
        self.named.unreadable.is_empty()
            && self.defaults.unreadable.is_empty()
            && self.time_off.unreadable.is_empty()
    }

    /// Reads them one after the other, by the repositories of a unit of work.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn read<U: UnitOfWork + ?Sized>(
        work: &mut U,
        query: &SlotQuery,
    ) -> Result<Self, StorageError> {
        let sources = &query.sources;
        let revisions = work.revisions(sources).await?;
        let mut facts = Self {
            revisions,
            named: Partial::whole(BTreeMap::new()),
            defaults: Partial::whole(BTreeMap::new()),
            busy: Vec::new(),
            time_off: Partial::whole(Vec::new()),
            reservations: Vec::new(),
            holds: Vec::new(),
            ledger: RotationLedger::default(),
            key: IdempotencyClaim::Fresh,
        };
        let schedules: BTreeSet<ScheduleId> = query.schedules.iter().copied().collect();
        if !schedules.is_empty() {
            let schedules: Vec<ScheduleId> = schedules.into_iter().collect();
            facts.named = work.schedules().get(&schedules).await?;
        }
        if !query.owners.is_empty() {
            facts.defaults = work.schedules().defaults(&query.owners).await?;
        }
        if let Some(within) = query.within {
            let hosts = &sources.hosts;
            facts.busy = work.busy().overlapping(hosts, within).await?;
            let (workspace, event_type) = (sources.workspace, sources.event_type);
            let off = work.time_off().concerning(hosts, workspace, event_type);
            facts.time_off = off.await?;
            facts.reservations = work.bookings().reservations(hosts, within).await?;
            facts.holds = work.holds().overlapping(hosts, within).await?;
        }
        if query.rotation {
            facts.ledger = work.rotation().ledger(sources.event_type).await?;
        }
        if let Some(asked) = &query.key {
            let keys = work.idempotency();
            let found = keys.find(&asked.scope, &asked.key, &asked.fingerprint);
            facts.key = found.await?;
        }
        Ok(facts)
    }
}
