//! What all changes to a booking share: who may, under which lock, and what is written down.

use chrono::{DateTime, Utc};
use scheduling_core::booking::{
    Booking, BookingEvent, BookingState, BookingStatus, Change, HistoryEntry, TransitionError,
};
use scheduling_core::event_type::EventType;
use scheduling_core::ids::{HistoryId, UserId};
use scheduling_core::ports::{StorageError, UnitOfWork};
use thiserror::Error;

use super::access::{BookingAccess, Visitor};
use super::attempts::Refusal;
use super::get::dangling;
use super::repeated::was_used;
use crate::Scheduling;
use crate::availability::still_as_read;
use crate::effects::{self, PlanContext};
use crate::idempotency::{ClaimError, Idempotent};
use crate::manage::lock;

/// Why a booking was not changed.
#[derive(Debug, Error)]
pub enum ChangeError {
    /// There is no such booking, or it is none of the actor's business: both are answered alike.
    #[error("there is no such booking")]
    NotFound,
    /// The link opens nothing any more: the booking is over.
    #[error("the booking is over, and its link has ended with it")]
    Over,
    /// It is for the other side to do.
    #[error("this is not for this side of the booking to do")]
    NotAllowed,
    /// It is too near to its start.
    #[error("this was possible until {until}")]
    CutoffPassed {
        /// Until when it was possible.
        until: DateTime<Utc>,
    },
    /// A reason must be given.
    #[error("a reason must be given")]
    ReasonRequired,
    /// The booking has changed since the version that the command names.
    #[error("the booking has changed meanwhile: its version is {current} now")]
    VersionConflict {
        /// The stored version.
        current: u32,
    },
    /// The booking's state does not allow it.
    #[error(transparent)]
    Transition(#[from] TransitionError),
    /// The idempotency key belongs to another request.
    #[error("the idempotency key was used for another request")]
    IdempotencyKeyReused,
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Refusal for ChangeError {
    fn storage(&self) -> Option<&StorageError> {
        match self {
            Self::Storage(error) => Some(error),
            _ => None,
        }
    }
}

impl From<ClaimError> for ChangeError {
    fn from(error: ClaimError) -> Self {
        match error {
            ClaimError::Reused => Self::IdempotencyKeyReused,
            ClaimError::Storage(error) => Self::Storage(error),
        }
    }
}

/// A booking that was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// The booking as it is now.
    pub booking: Booking,
    /// Whether an earlier command with the same idempotency key changed it.
    pub replayed: bool,
}

impl Changed {
    pub(super) fn now(booking: Booking) -> Self {
        Self {
            booking,
            replayed: false,
        }
    }
}

/// What every change says.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) access: &'a BookingAccess,
    pub(super) expected: Option<u32>,
    pub(super) idempotency: Option<&'a Idempotent>,
}

/// Whose time is locked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Lock {
    /// The booking's hosts, and the rest of their rotation where one chose them.
    ItsHosts,
    /// Everybody who could host it.
    ThePool,
}

/// A booking under the lock of its hosts.
pub(super) struct Under<'a> {
    /// It.
    pub(super) booking: Booking,
    /// Who changes it.
    pub(super) visitor: Visitor,
    /// Its event type.
    pub(super) event_type: EventType,
    /// The time after the wait for the lock.
    pub(super) now: DateTime<Utc>,
    /// Who is locked, sorted.
    pub(super) locked: Vec<UserId>,
    idempotency: Option<&'a Idempotent>,
}

impl Under<'_> {
    /// Stores what the command's key stands for.
    pub(super) async fn remember(&self, work: &mut dyn UnitOfWork) -> Result<(), StorageError> {
        match self.idempotency {
            Some(idempotency) => idempotency.store(work, self.booking.id.as_uuid()).await,
            None => Ok(()),
        }
    }
}

/// How a change begins.
pub(super) enum Begun<'a> {
    /// It goes on.
    Under(Box<Under<'a>>),
    /// An earlier command with the same key made it.
    Replay(Box<Changed>),
}

impl Scheduling {
    /// Refuses whoever has no access without taking a writer's turn: whoever guesses tokens keeps nobody waiting. Answers
    /// what an earlier command with the same key did, where that took the access away.
    pub(super) async fn look(
        &self,
        access: &BookingAccess,
        idempotency: Option<&Idempotent>,
    ) -> Result<Option<Changed>, ChangeError> {
        let mut work = self.ports().storage.begin_read().await?;
        let Some((booking, visitor)) = access.open(&mut *work).await? else {
            return Ok(Some(done_before(&mut *work, access, idempotency).await?));
        };
        if visitor.is_too_late(&booking, self.ports().clock.now()) {
            return Err(ChangeError::Over);
        }
        Ok(None)
    }

    /// Opens a booking, locks its hosts, and reads it again: somebody may have changed it during the wait.
    pub(super) async fn begin_change<'a>(
        &self,
        work: &mut dyn UnitOfWork,
        asked: Asked<'a>,
        scope: Lock,
    ) -> Result<Begun<'a>, ChangeError> {
        let Some((found, _)) = asked.access.open(work).await? else {
            let done = done_before(work, asked.access, asked.idempotency).await?;
            return Ok(Begun::Replay(Box::new(done)));
        };
        let event_type = work.event_types().get(found.event_type).await?;
        let event_type = event_type.ok_or_else(|| dangling(&found, "event_type_id"))?;
        let mut locked = who_must_be_locked(&found, &event_type, scope);
        locked.sort_unstable();
        locked.dedup();
        lock(work, locked.clone()).await?;
        still_as_read(work, &event_type).await?;
        let now = self.ports().clock.now();

        let Some((booking, visitor)) = asked.access.open(work).await? else {
            let done = done_before(work, asked.access, asked.idempotency).await?;
            return Ok(Begun::Replay(Box::new(done)));
        };
        let needed = who_must_be_locked(&booking, &event_type, scope);
        if needed
            .iter()
            .any(|host| locked.binary_search(host).is_err())
        {
            // It went to somebody else while this waited.
            return Err(StorageError::Conflict.into());
        }
        if visitor.is_too_late(&booking, now) {
            return Err(ChangeError::Over);
        }
        if let Some(idempotency) = asked.idempotency
            && idempotency.claim(work, now).await?.is_some()
        {
            return Ok(Begun::Replay(Box::new(Changed {
                booking,
                replayed: true,
            })));
        }
        expect_version(&booking, asked.expected)?;
        Ok(Begun::Under(Box::new(Under {
            booking,
            visitor,
            event_type,
            now,
            locked,
            idempotency: asked.idempotency,
        })))
    }

    /// Stores a booking after a transition, with its history, and enqueues what the outside world is owed.
    pub(super) async fn finish_change(
        &self,
        work: &mut dyn UnitOfWork,
        under: &Under<'_>,
        booking: Booking,
        event: Option<&BookingEvent>,
        change: Change,
    ) -> Result<Changed, StorageError> {
        let ports = self.ports();
        let was_confirmed = was_confirmed(work, &under.booking).await?;
        work.bookings().update(&booking).await?;
        let entry = HistoryEntry {
            id: HistoryId::generate(&*ports.ids),
            booking: booking.id,
            at: under.now,
            by: under.visitor.doer,
            change,
        };
        work.bookings().record(&entry).await?;
        if let Some(event) = event {
            let reminders = &under.event_type.reminders;
            let context = PlanContext::new(&booking, reminders, under.now, &*ports.ids)
                .after(&under.booking, was_confirmed)
                .by(under.visitor.doer);
            work.outbox()
                .enqueue(&effects::plan(event, &context))
                .await?;
        }
        under.remember(work).await?;
        Ok(Changed::now(booking))
    }
}

/// What an earlier command with the same key did, for somebody to whom the booking is none of his business any more: a
/// member who moved it to a time at which somebody else hosts it hears the same when he repeats himself.
///
/// # Errors
/// [`ChangeError::NotFound`] when there was none.
pub(super) async fn done_before(
    work: &mut dyn UnitOfWork,
    access: &BookingAccess,
    idempotency: Option<&Idempotent>,
) -> Result<Changed, ChangeError> {
    // A link that opens nothing any more does not say which booking it opened.
    let (BookingAccess::Member { booking, .. }, Some(idempotency)) = (access, idempotency) else {
        return Err(ChangeError::NotFound);
    };
    if !was_used(work, idempotency).await? {
        return Err(ChangeError::NotFound);
    }
    let booking = work.bookings().get(*booking).await?;
    Ok(Changed {
        booking: booking.ok_or(ChangeError::NotFound)?,
        replayed: true,
    })
}

/// The rotation's ledger is written under the lock of the whole pool, as when it was stepped.
fn who_must_be_locked(booking: &Booking, event_type: &EventType, scope: Lock) -> Vec<UserId> {
    let mut hosts: Vec<UserId> = booking.hosts.iter().map(|host| host.user).collect();
    if scope == Lock::ThePool || booking.rotation.is_some() {
        hosts.extend(event_type.hosting.roster());
    }
    hosts
}

/// Compares the version that a command names with the stored one.
pub(super) fn expect_version(booking: &Booking, expected: Option<u32>) -> Result<(), ChangeError> {
    match expected {
        Some(expected) if expected != booking.version => Err(ChangeError::VersionConflict {
            current: booking.version,
        }),
        _ => Ok(()),
    }
}

/// Gives back what a booking took: the rotation's step, its seats. Its claims follow its state.
pub(super) async fn give_back(
    work: &mut dyn UnitOfWork,
    booking: &mut Booking,
) -> Result<(), StorageError> {
    release_step(work, booking).await?;
    for session in booking.hosts.iter().filter_map(|host| host.session) {
        work.sessions().leave(session).await?;
    }
    Ok(())
}

/// Undoes the rotation's step, if one chose the host and stands.
pub(super) async fn release_step(
    work: &mut dyn UnitOfWork,
    booking: &mut Booking,
) -> Result<(), StorageError> {
    if let Some(step) = booking.rotation.as_mut().filter(|step| !step.released) {
        let mut ledger = work.rotation().ledger(booking.event_type).await?;
        ledger.release(step);
        work.rotation().store(booking.event_type, &ledger).await?;
    }
    Ok(())
}

/// Whether a booking is or was confirmed, so that it stands in calendars. One that waits again may have been.
async fn was_confirmed(work: &mut dyn UnitOfWork, booking: &Booking) -> Result<bool, StorageError> {
    match booking.state.name() {
        BookingStatus::Confirmed | BookingStatus::Completed | BookingStatus::NoShow => Ok(true),
        BookingStatus::Pending if booking.sequence == 0 => Ok(false),
        BookingStatus::Pending => {
            let history = work.bookings().history(booking.id).await?;
            let confirms = |change: &Change| matches!(change, Change::Confirmed | Change::Approved);
            Ok(history.iter().any(|entry| confirms(&entry.change)))
        }
        BookingStatus::Declined | BookingStatus::Cancelled | BookingStatus::Expired => Ok(false),
    }
}

/// Until when a pending booking waits.
pub(super) fn deadline(booking: &Booking) -> Option<DateTime<Utc>> {
    match booking.state {
        BookingState::Pending { expires_at, .. } => expires_at,
        _ => None,
    }
}

#[cfg(test)]
mod tests;
