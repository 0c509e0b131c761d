//! Book a slot.

use std::str::FromStr;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use chrono_tz::Tz;
use scheduling_core::assignment::{Assignment, NoHost, RotationLedger, assign};
use scheduling_core::booking::{
    Attendee, AttendeeRole, Booking, BookingHost, ManageSecret, NewBooking, Rsvp,
};
use scheduling_core::event_type::{AssignmentKind, EventType};
use scheduling_core::ids::{AttendeeId, BookingId, SessionId, UserId};
use scheduling_core::ports::{IdempotencyClaim, StorageError, UnitOfWork};
use scheduling_core::slots::{self, Explanation, Unavailability};
use scheduling_core::text::{EmailAddress, Note, PersonName, Slug};
use scheduling_core::time::Interval;
use sha2::{Digest, Sha256};
use thiserror::Error;
use tracing::{debug, warn};

use crate::availability::{FindError, HostsTime, bookable, nearest_starts, reads_around};
use crate::effects::{self, PlanContext};
use crate::{ManageToken, Scheduling, SchedulingBuilder};

/// Who books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InviteeDetails {
    /// The name.
    pub name: PersonName,
    /// Where mails go.
    pub email: EmailAddress,
    /// The zone in which pages and mails give times.
    pub timezone: Tz,
}

/// A key that makes repeating a request harmless: 1 to 255 visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

/// A text that is no idempotency key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must have 1 to 255 visible ASCII characters")]
pub struct InvalidIdempotencyKey;

impl IdempotencyKey {
    /// The key itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for IdempotencyKey {
    type Err = InvalidIdempotencyKey;

    fn from_str(text: &str) -> Result<Self, InvalidIdempotencyKey> {
        if (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidIdempotencyKey)
        }
    }
}

/// Books a start of an event type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookSlot {
    /// The workspace.
    pub workspace: Slug,
    /// Its event type.
    pub event_type: Slug,
    /// The start.
    pub start: DateTime<Utc>,
    /// Who books.
    pub invitee: InviteeDetails,
    /// What the invitee wants to say.
    pub note: Option<Note>,
    /// Makes repeating the command harmless.
    pub idempotency_key: Option<IdempotencyKey>,
}

/// A booking that was made.
#[derive(Debug, Clone)]
pub struct Booked {
    /// The booking.
    pub booking: Booking,
    /// The secret of its manage link.
    pub manage_token: ManageToken,
    /// Whether an earlier command with the same idempotency key made it.
    pub replayed: bool,
}

/// Why nothing was booked.
#[derive(Debug, Error)]
pub enum BookError {
    /// No such workspace, or it has no such event type that can be booked.
    #[error("there is no such event type")]
    NotFound,
    /// The start is not offered.
    #[error("the slot is not available")]
    Unavailable {
        /// What speaks against it, without duplicates: the start's own reasons, then the hosts'.
        reasons: Vec<Unavailability>,
        /// Whether it would be offered if nobody had booked: then somebody else has the time.
        taken: bool,
        /// Up to three offered starts, the nearest first.
        alternatives: Vec<DateTime<Utc>>,
    },
    /// The idempotency key belongs to another request.
    #[error("the idempotency key was used for another request")]
    IdempotencyKeyReused,
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl BookError {
    /// Whether somebody else has the time: without other bookings and busy times the start would be offered.
    pub fn is_taken(&self) -> bool {
        matches!(self, Self::Unavailable { taken: true, .. })
    }
}

impl Scheduling {
    /// Books a start, if it is offered: in one transaction that holds the hosts' time, so that of any number of
    /// simultaneous commands for overlapping times exactly one wins.
    ///
    /// # Errors
    /// [`BookError`].
    pub async fn book(&self, command: &BookSlot) -> Result<Booked, BookError> {
        match self.look_before_locking(command).await {
            Err(BookError::Unavailable { reasons, taken, .. }) => {
                return Err(self.unavailable(command, reasons, taken).await);
            }
            other => other?,
        }
        for _ in 0..ATTEMPTS {
            match self.book_once(command).await {
                Err(BookError::Storage(StorageError::Conflict)) => {
                    debug!("A booking conflicted with another and starts again");
                }
                Err(BookError::Unavailable { reasons, taken, .. }) => {
                    return Err(self.unavailable(command, reasons, taken).await);
                }
                other => return other,
            }
        }
        // Others took the time again and again, faster than it could be read.
        Err(self
            .unavailable(command, vec![Unavailability::Booked], true)
            .await)
    }

    /// Books inside a transaction of the caller's, who commits it and then calls
    /// [`wake_worker`](Self::wake_worker).
    ///
    /// # Errors
    /// [`BookError`]; the transaction must then be rolled back. After a [`StorageError::Conflict`] a new transaction
    /// may succeed. [`BookError::Unavailable`] comes without alternatives, which are not looked for while hosts are
    /// locked.
    pub async fn book_in(
        &self,
        work: &mut dyn UnitOfWork,
        command: &BookSlot,
    ) -> Result<Booked, BookError> {
        let ports = self.ports();
        let (_, event_type) = bookable(work, &command.workspace, &command.event_type)
            .await?
            .ok_or(BookError::NotFound)?;
        let roster: Vec<UserId> = event_type.hosting.roster().collect();
        work.lock_hosts(&roster).await?;
        // Whoever waited for the lock is judged by the time after the wait.
        let now = ports.clock.now();

        let scope = event_type.id.to_string();
        if let Some(key) = &command.idempotency_key {
            let claim = work
                .idempotency()
                .claim(&scope, key.as_str(), &fingerprint(command), now)
                .await?;
            match claim {
                IdempotencyClaim::Fresh => {}
                IdempotencyClaim::Replay(made) => return self.replay(work, made).await,
                IdempotencyClaim::Reused => return Err(BookError::IdempotencyKeyReused),
            }
        }

        let offer = offer(work, &event_type, command.start, now).await?;
        let assignment = appoint(work, &event_type, &offer).await?;
        let hosts = seat(work, ports, &event_type, offer.interval, assignment.hosts).await?;
        let manage_token = ManageToken::from_bytes(ports.secrets.secret());
        let new = NewBooking {
            id: BookingId::generate(&*ports.ids),
            workspace: event_type.workspace,
            event_type: event_type.id,
            interval: offer.interval,
            buffers: event_type.rules.buffers,
            hosts,
            invitee: Attendee {
                id: AttendeeId::generate(&*ports.ids),
                role: AttendeeRole::Invitee,
                name: command.invitee.name.clone(),
                email: command.invitee.email.clone(),
                timezone: command.invitee.timezone,
                rsvp: Rsvp::Accepted,
            },
            guests: Vec::new(),
            note: command.note.clone(),
            rotation: assignment.rotation,
            manage: ManageSecret {
                hash: manage_token.hash(),
                sealed: ports.sealer.seal(manage_token.as_bytes()),
            },
        };
        let (booking, event) = new.confirmed(now);
        work.bookings().insert(&booking).await?;
        if let Some(key) = &command.idempotency_key {
            work.idempotency()
                .store(&scope, key.as_str(), booking.id)
                .await?;
        }
        let planned = effects::plan(&event, &PlanContext::new(&booking, now, &*ports.ids));
        work.outbox().enqueue(&planned).await?;
        Ok(Booked {
            booking,
            manage_token,
            replayed: false,
        })
    }

    /// Refuses what is plainly not offered without waiting for anybody, so that a rush for one slot, or nonsense, does
    /// not keep the writers busy. What passes is judged again under the lock.
    async fn look_before_locking(&self, command: &BookSlot) -> Result<(), BookError> {
        let mut work = self.ports().storage.begin_read().await?;
        let (_, event_type) = bookable(&mut *work, &command.workspace, &command.event_type)
            .await?
            .ok_or(BookError::NotFound)?;
        // With a key, this very command may have taken the slot before. Both show in the same state, or neither does.
        if let Some(key) = &command.idempotency_key {
            let scope = event_type.id.to_string();
            let found = work
                .idempotency()
                .find(&scope, key.as_str(), &fingerprint(command))
                .await?;
            match found {
                IdempotencyClaim::Fresh => {}
                // What it made is read where it cannot be swept meanwhile.
                IdempotencyClaim::Replay(_) => return Ok(()),
                IdempotencyClaim::Reused => return Err(BookError::IdempotencyKeyReused),
            }
        }
        let now = self.ports().clock.now();
        offer(&mut *work, &event_type, command.start, now).await?;
        Ok(())
    }

    async fn book_once(&self, command: &BookSlot) -> Result<Booked, BookError> {
        let mut work = self.ports().storage.begin().await?;
        match self.book_in(&mut *work, command).await {
            Ok(booked) => {
                work.commit().await?;
                self.wake_worker();
                Ok(booked)
            }
            Err(refusal) => {
                // The hosts are free again before anything else is done; dropping would free them some time later.
                work.rollback().await?;
                Err(refusal)
            }
        }
    }

    /// What an earlier command with the same key made.
    async fn replay(
        &self,
        work: &mut dyn UnitOfWork,
        made: BookingId,
    ) -> Result<Booked, BookError> {
        let booking = work
            .bookings()
            .get(made)
            .await?
            .ok_or_else(|| StorageError::Corrupt {
                table: "idempotency_keys",
                column: "booking_id",
                row: made.to_string(),
                source: "there is no such booking".into(),
            })?;
        let manage_token = self
            .open_manage_token(&booking)
            .map_err(|error| StorageError::Other(error.into()))?;
        Ok(Booked {
            booking,
            manage_token,
            replayed: true,
        })
    }

    /// The refusal, with starts the invitee can take instead. They are a courtesy: if they cannot be found, the refusal
    /// goes out without them.
    async fn unavailable(
        &self,
        command: &BookSlot,
        reasons: Vec<Unavailability>,
        taken: bool,
    ) -> BookError {
        let alternatives = self.alternatives(command).await.unwrap_or_else(|error| {
            warn!(
                error = &error as &dyn std::error::Error,
                "Found no alternatives"
            );
            Vec::new()
        });
        BookError::Unavailable {
            reasons,
            taken,
            alternatives,
        }
    }

    async fn alternatives(&self, command: &BookSlot) -> Result<Vec<DateTime<Utc>>, FindError> {
        let mut work = self.ports().storage.begin_read().await?;
        let now = self.ports().clock.now();
        let (_, event_type) = bookable(&mut *work, &command.workspace, &command.event_type)
            .await?
            .ok_or(FindError::NotFound)?;
        nearest_starts(&mut *work, &event_type, now, command.start, ALTERNATIVES).await
    }
}

/// How often a booking is tried when the storage reports conflicts: once, and three times again.
pub(super) const ATTEMPTS: usize = 4;

/// How many other starts a refusal names.
const ALTERNATIVES: usize = 3;

/// A start that is offered, and who can take it.
struct Offer {
    interval: Interval,
    eligible: Vec<UserId>,
    time: HostsTime,
}

/// Asks the engine whether the start is offered, by the same rules as the page.
async fn offer(
    work: &mut dyn UnitOfWork,
    event_type: &EventType,
    start: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Offer, BookError> {
    let duration = event_type.rules.duration.delta();
    let Some(interval) = start
        .checked_add_signed(duration)
        .and_then(|end| Interval::new(start, end).ok())
    else {
        // The end of time is on nobody's grid.
        return Err(refuse(vec![Unavailability::OffGrid]));
    };
    // A range that holds this one start.
    let to = start + TimeDelta::seconds(1).min(duration);
    let time = HostsTime::read(work, event_type, reads_around(event_type, start, to)).await?;
    let request = time
        .request(event_type, now, start, to)
        .map_err(|error| StorageError::Other(error.into()))?;
    let slots = slots::find(&request);
    let Some(slot) = slots.at(start) else {
        let explanation = slots::explain(&request, start);
        return Err(BookError::Unavailable {
            taken: is_taken(event_type, &explanation),
            reasons: reasons(&explanation),
            alternatives: Vec::new(),
        });
    };
    let places = slot.hosts.iter();
    let eligible = places.filter_map(|p| time.roster.get(p).copied()).collect();
    Ok(Offer {
        interval,
        eligible,
        time,
    })
}

/// Chooses the hosts among those who can take the start, and steps the rotation if that chose.
async fn appoint(
    work: &mut dyn UnitOfWork,
    event_type: &EventType,
    offer: &Offer,
) -> Result<Assignment, BookError> {
    let rotates = event_type.hosting.kind() == AssignmentKind::RoundRobin;
    let mut in_session = offer.eligible.iter().copied();
    if rotates && let Some(host) = in_session.find(|h| offer.time.has_session(*h, offer.interval)) {
        // Who joins a session that runs anyway costs its host nothing: no step of the rotation.
        return Ok(Assignment {
            hosts: vec![host],
            rotation: None,
        });
    }
    let mut ledger = if rotates {
        work.rotation().ledger(event_type.id).await?
    } else {
        RotationLedger::default()
    };
    let assignment = assign(&event_type.hosting, &offer.eligible, &mut ledger)
        .map_err(|NoHost| refuse(vec![Unavailability::NotEnoughHosts]))?;
    if assignment.rotation.is_some() {
        work.rotation().store(event_type.id, &ledger).await?;
    }
    Ok(assignment)
}

/// A refusal whose alternatives are still to be looked for.
fn refuse(reasons: Vec<Unavailability>) -> BookError {
    BookError::Unavailable {
        reasons,
        taken: false,
        alternatives: Vec::new(),
    }
}

/// Gives each host his part: for an event type with seats, a seat in his session.
async fn seat(
    work: &mut dyn UnitOfWork,
    ports: &SchedulingBuilder,
    event_type: &EventType,
    interval: Interval,
    users: Vec<UserId>,
) -> Result<Vec<BookingHost>, StorageError> {
    let mut hosts = Vec::with_capacity(users.len());
    for user in users {
        let session = if event_type.rules.capacity.is_group() {
            let new_id = SessionId::generate(&*ports.ids);
            let buffers = event_type.rules.buffers;
            let session = work
                .sessions()
                .take_seat(new_id, event_type, user, interval, buffers)
                .await?;
            Some(session)
        } else {
            None
        };
        hosts.push(BookingHost { user, session });
    }
    Ok(hosts)
}

/// Whether every group would find its hosts if nobody had booked. A limit that other bookings have reached comes with
/// them; alone it is no sign that this very time is taken.
fn is_taken(event_type: &EventType, explanation: &Explanation) -> bool {
    use Unavailability as U;

    let others_have_it = |reasons: &Vec<U>| {
        let has = |r: &U| matches!(r, U::Booked | U::Buffer | U::Busy(_));
        let goes_with_it = |r: &U| has(r) || matches!(r, U::LimitReached(_));
        reasons.is_empty() || (reasons.iter().any(has) && reasons.iter().all(goes_with_it))
    };
    let mut hosts = explanation.hosts.iter();
    let groups_would_do = event_type.hosting.groups().iter().all(|group| {
        let able = hosts.by_ref().take(group.hosts.len());
        able.filter(|reasons| others_have_it(reasons)).count()
            >= group.required.count(group.hosts.len())
    });
    groups_would_do && explanation.start.iter().all(|r| *r == U::NotEnoughHosts)
}

/// The start's own reasons, then the hosts', each once.
fn reasons(explanation: &Explanation) -> Vec<Unavailability> {
    let mut reasons = Vec::new();
    for reason in explanation
        .start
        .iter()
        .chain(explanation.hosts.iter().flatten())
    {
        if !reasons.contains(reason) {
            reasons.push(*reason);
        }
    }
    if reasons.is_empty() {
        // Between two candidate starts by less than a second.
        reasons.push(Unavailability::OffGrid);
    }
    reasons
}

/// SHA-256 over everything the command asks for, its key aside. Each part goes with its length, so that no two commands
/// read the same.
fn fingerprint(command: &BookSlot) -> [u8; 32] {
    let BookSlot {
        workspace,
        event_type,
        start,
        invitee:
            InviteeDetails {
                name,
                email,
                timezone,
            },
        note,
        idempotency_key: _,
    } = command;
    let start = start.to_rfc3339_opts(SecondsFormat::Nanos, true);
    let parts = [
        Some(workspace.as_str()),
        Some(event_type.as_str()),
        Some(&start),
        Some(name.as_str()),
        Some(email.as_str()),
        Some(timezone.name()),
        note.as_ref().map(Note::as_str),
    ];
    let mut hash = Sha256::new();
    for part in parts {
        let length = part.map_or(u64::MAX, |part| part.len() as u64);
        hash.update(length.to_be_bytes());
        hash.update(part.unwrap_or_default());
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests;
