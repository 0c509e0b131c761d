//! What is stored, and the constraints on it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use scheduling_core::assignment::RotationLedger;
use scheduling_core::booking::{Booking, HistoryEntry};
use scheduling_core::calendar::HostBusy;
use scheduling_core::directory::{Person, Role, Workspace};
use scheduling_core::effect::{Effect, NotificationKind};
use scheduling_core::event_type::{BookingLink, Buffers, EventType};
use scheduling_core::hold::Hold;
use scheduling_core::ids::{
    BookingId, BookingLinkId, BusyId, EventTypeId, HistoryId, HoldId, ImageId, OutboxId,
    ScheduleId, SessionId, TimeOffId, UserId, WorkspaceId,
};
use scheduling_core::notification::{Audience, MessageWords};
use scheduling_core::ports::{Image, LoggedAttempt, StorageError};
use scheduling_core::schedule::{AvailabilitySchedule, ScheduleOwner};
use scheduling_core::text::Slug;
use scheduling_core::time::Interval;
use scheduling_core::time_off::{TimeOff, TimeOffScope};
use uuid::Uuid;

use super::Refusal;
use super::event_types::names;

#[derive(Debug, Clone, Default)]
pub(super) struct Tables {
    pub(super) workspaces: BTreeMap<WorkspaceId, Workspace>,
    pub(super) people: BTreeMap<UserId, (WorkspaceId, Person)>,
    pub(super) members: BTreeMap<(WorkspaceId, UserId), (Role, DateTime<Utc>)>,
    pub(super) event_types: BTreeMap<EventTypeId, EventType>,
    pub(super) links: BTreeMap<BookingLinkId, BookingLink>,
    pub(super) schedules: BTreeMap<ScheduleId, AvailabilitySchedule>,
    pub(super) time_off: BTreeMap<TimeOffId, TimeOff>,
    pub(super) messages: BTreeMap<MessageKey, MessageWords>,
    pub(super) images: BTreeMap<ImageId, Image>,
    pub(super) bookings: BTreeMap<BookingId, Booking>,
    pub(super) history: BTreeMap<HistoryId, HistoryEntry>,
    pub(super) holds: BTreeMap<HoldId, Hold>,
    pub(super) sessions: BTreeMap<SessionId, Session>,
    pub(super) claims: Vec<Claim>,
    pub(super) rotation: BTreeMap<EventTypeId, RotationLedger<UserId>>,
    pub(super) busy: BTreeMap<BusyId, HostBusy>,
    pub(super) outbox: BTreeMap<OutboxId, OutboxRow>,
    pub(super) idempotency: BTreeMap<(String, String), IdempotencyRow>,
    /// How often what belongs to a workspace, an event type or a person has changed, by its id.
    revisions: BTreeMap<Uuid, u64>,
}

/// Which message words stand for.
pub(super) type MessageKey = (WorkspaceId, Option<EventTypeId>, NotificationKind, Audience);

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
    Hold(HoldId),
}

#[derive(Debug, Clone)]
pub(super) struct OutboxRow {
    pub(super) workspace: Option<WorkspaceId>,
    pub(super) effect: Effect,
    pub(super) dedupe_key: Option<String>,
    pub(super) due_at: DateTime<Utc>,
    pub(super) created_at: DateTime<Utc>,
    pub(super) attempts: u32,
    pub(super) log: Vec<LoggedAttempt>,
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
    pub(super) made: Option<Uuid>,
}

impl Tables {
    /// Counts a change of a workspace, an event type or a person, or of what belongs to it.
    pub(super) fn raise(&mut self, id: Uuid) {
        *self.revisions.entry(id).or_default() += 1;
    }

    /// How often it was changed.
    pub(super) fn revision(&self, id: Uuid) -> u64 {
        self.revisions.get(&id).copied().unwrap_or_default()
    }

    /// Counts a change of a schedule: its owner's, and that of the event types that name it.
    pub(super) fn raise_for_schedule(&mut self, schedule: &AvailabilitySchedule) {
        self.raise(match schedule.owner {
            ScheduleOwner::Person(person) => person.as_uuid(),
            ScheduleOwner::Workspace(workspace) => workspace.as_uuid(),
        });
        let event_types = self.event_types.values();
        let naming: Vec<_> = event_types
            .filter(|event_type| names(event_type, schedule.id))
            .map(|event_type| event_type.id.as_uuid())
            .collect();
        for event_type in naming {
            self.raise(event_type);
        }
    }

    /// Counts a change of time off for whoever it concerns.
    pub(super) fn raise_for_time_off(&mut self, time_off: &TimeOff) {
        self.raise(match time_off.scope {
            TimeOffScope::Workspace => time_off.workspace.as_uuid(),
            TimeOffScope::Person(person) => person.as_uuid(),
            TimeOffScope::EventType(event_type) => event_type.as_uuid(),
        });
    }

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

    /// Gives back one seat. When it was the last taken one, the session and its claim go.
    pub(super) fn leave(&mut self, id: SessionId) -> Result<(), StorageError> {
        let Some(session) = self.sessions.get_mut(&id) else {
            return Err(Refusal::NoSuchRow.into());
        };
        session.seats_taken -= 1;
        if session.seats_taken == 0 {
            self.sessions.remove(&id);
            self.unclaim(ClaimOwner::Session(id));
        }
        Ok(())
    }

    /// Removes a hold with its claims, and gives its seats back. Answers whether it was there.
    pub(super) fn remove_hold(&mut self, id: HoldId) -> Result<bool, StorageError> {
        let Some(hold) = self.holds.remove(&id) else {
            return Ok(false);
        };
        self.unclaim(ClaimOwner::Hold(id));
        for session in hold.hosts.iter().filter_map(|host| host.session) {
            self.leave(session)?;
        }
        Ok(true)
    }

    /// Whether an event type or a link of the workspace has the slug, other than the one with this id.
    pub(super) fn slug_is_taken(
        &self,
        workspace: WorkspaceId,
        slug: &Slug,
        by_others_than: Uuid,
    ) -> bool {
        let of_event_types = self
            .event_types
            .values()
            .map(|e| (e.id.as_uuid(), e.workspace, &e.slug));
        let of_links = self
            .links
            .values()
            .map(|l| (l.id.as_uuid(), l.workspace, &l.slug));
        of_event_types
            .chain(of_links)
            .any(|(id, home, other)| id != by_others_than && home == workspace && other == slug)
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

    pub(super) fn must_have_schedule(&self, id: ScheduleId) -> Result<(), StorageError> {
        exists(self.schedules.contains_key(&id))
    }

    pub(super) fn must_have_session(&self, id: SessionId) -> Result<(), StorageError> {
        exists(self.sessions.contains_key(&id))
    }

    pub(super) fn must_have_booking(&self, id: BookingId) -> Result<(), StorageError> {
        exists(self.bookings.contains_key(&id))
    }
}

/// Whether what is given follows what is stored, if anything is. If not, that is a conflict.
pub(super) fn must_follow(stored: Option<u32>, given: u32) -> Result<(), StorageError> {
    if stored.is_some() && stored == given.checked_sub(1) {
        Ok(())
    } else {
        Err(StorageError::Conflict)
    }
}

/// A limit as a number of elements.
pub(super) fn at_most(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

fn exists(found: bool) -> Result<(), StorageError> {
    if found {
        Ok(())
    } else {
        Err(Refusal::NoSuchRow.into())
    }
}
