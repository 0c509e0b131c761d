//! What is stored, and the constraints on it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use scheduling_core::assignment::RotationLedger;
use scheduling_core::booking::Booking;
use scheduling_core::calendar::HostBusy;
use scheduling_core::directory::{Person, Workspace};
use scheduling_core::effect::Effect;
use scheduling_core::event_type::{Buffers, EventType};
use scheduling_core::ids::{
    BookingId, BusyId, EventTypeId, OutboxId, ScheduleId, SessionId, UserId, WorkspaceId,
};
use scheduling_core::ports::StorageError;
use scheduling_core::schedule::AvailabilitySchedule;
use scheduling_core::time::Interval;

use super::Refusal;

#[derive(Debug, Clone, Default)]
pub(super) struct Tables {
    pub(super) workspaces: BTreeMap<WorkspaceId, Workspace>,
    pub(super) people: BTreeMap<UserId, (WorkspaceId, Person)>,
    pub(super) event_types: BTreeMap<EventTypeId, EventType>,
    pub(super) schedules: BTreeMap<ScheduleId, AvailabilitySchedule>,
    pub(super) bookings: BTreeMap<BookingId, Booking>,
    pub(super) sessions: BTreeMap<SessionId, Session>,
    pub(super) claims: Vec<Claim>,
    pub(super) rotation: BTreeMap<EventTypeId, RotationLedger<UserId>>,
    pub(super) busy: BTreeMap<BusyId, HostBusy>,
    pub(super) outbox: BTreeMap<OutboxId, OutboxRow>,
    pub(super) idempotency: BTreeMap<(String, String), IdempotencyRow>,
}

/// A group session.
#[derive(Debug, Clone)]
pub(super) struct Session {
    pub(super) event_type: EventTypeId,
    pub(super) host: UserId,
    pub(super) interval: Interval,
    pub(super) buffers: Buffers,
    pub(super) seats_taken: u32,
}

/// Time that one host has given away.
#[derive(Debug, Clone)]
pub(super) struct Claim {
    pub(super) host: UserId,
    pub(super) interval: Interval,
    pub(super) owner: ClaimOwner,
}

/// What took it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClaimOwner {
    Booking(BookingId),
    Session(SessionId),
}

#[derive(Debug, Clone)]
pub(super) struct OutboxRow {
    pub(super) effect: Effect,
    pub(super) dedupe_key: Option<String>,
    pub(super) due_at: DateTime<Utc>,
    pub(super) attempts: u32,
    pub(super) last_error: Option<String>,
    pub(super) standing: Standing,
}

/// Where an outbox row stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Ready,
    Leased { until: DateTime<Utc> },
    Done { at: DateTime<Utc> },
    Failed { at: DateTime<Utc> },
}

#[derive(Debug, Clone)]
pub(super) struct IdempotencyRow {
    pub(super) fingerprint: [u8; 32],
    pub(super) claimed_at: DateTime<Utc>,
    pub(super) made: Option<BookingId>,
}

impl Tables {
    /// Takes a host's time, unless some of it is taken.
    pub(super) fn claim(
        &mut self,
        host: UserId,
        interval: Interval,
        owner: ClaimOwner,
    ) -> Result<(), StorageError> {
        self.must_have_person(host)?;
        if self
            .claims
            .iter()
            .any(|claim| claim.host == host && claim.interval.overlaps(&interval))
        {
            return Err(StorageError::Conflict);
        }
        self.claims.push(Claim {
            host,
            interval,
            owner,
        });
        Ok(())
    }

    /// Gives back all the time something took.
    pub(super) fn unclaim(&mut self, owner: ClaimOwner) {
        self.claims.retain(|claim| claim.owner != owner);
    }

    pub(super) fn must_have_workspace(&self, id: WorkspaceId) -> Result<(), StorageError> {
        exists(self.workspaces.contains_key(&id))
    }

    pub(super) fn must_have_person(&self, id: UserId) -> Result<(), StorageError> {
        exists(self.people.contains_key(&id))
    }

    pub(super) fn must_have_event_type(&self, id: EventTypeId) -> Result<(), StorageError> {
        exists(self.event_types.contains_key(&id))
    }
}

fn exists(found: bool) -> Result<(), StorageError> {
    if found {
        Ok(())
    } else {
        Err(Refusal::NoSuchRow.into())
    }
}
