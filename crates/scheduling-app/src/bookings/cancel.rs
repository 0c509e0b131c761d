//! Call a booking off.

use scheduling_core::booking::{Booking, Party, TransitionError};
use scheduling_core::ids::UserId;
use scheduling_core::ports::{StorageError, UnitOfWork};
use scheduling_core::text::Note;
use thiserror::Error;
use tracing::debug;

use super::book::ATTEMPTS;
use crate::effects::{self, PlanContext};
use crate::{ManageToken, Scheduling};

/// Calls a booking off, as its invitee.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelBooking {
    /// The manage token.
    pub token: ManageToken,
    /// Why.
    pub reason: Option<Note>,
}

/// Why nothing was cancelled.
#[derive(Debug, Error)]
pub enum CancelError {
    /// The token opens no booking.
    #[error("there is no such booking")]
    NotFound,
    /// It is over, or was cancelled before.
    #[error(transparent)]
    Transition(#[from] TransitionError),
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Scheduling {
    /// Calls a booking off: its time opens up, the rotation's step is undone, invitee and hosts are told.
    ///
    /// # Errors
    /// [`CancelError`].
    pub async fn cancel(&self, command: &CancelBooking) -> Result<Booking, CancelError> {
        // Whoever guesses tokens takes no writer's turn.
        let mut work = self.ports().storage.begin_read().await?;
        let found = work
            .bookings()
            .by_manage_token(&command.token.hash())
            .await?;
        drop(work);
        if found.is_none() {
            return Err(CancelError::NotFound);
        }
        for _ in 1..ATTEMPTS {
            match self.cancel_once(command).await {
                Err(CancelError::Storage(StorageError::Conflict)) => {
                    debug!("A cancellation conflicted with another change and starts again");
                }
                other => return other,
            }
        }
        self.cancel_once(command).await
    }

    /// Cancels inside a transaction of the caller's, who commits it and then calls
    /// [`wake_worker`](Self::wake_worker).
    ///
    /// # Errors
    /// [`CancelError`]; the transaction must then be rolled back.
    pub async fn cancel_in(
        &self,
        work: &mut dyn UnitOfWork,
        command: &CancelBooking,
    ) -> Result<Booking, CancelError> {
        let ports = self.ports();
        let hash = command.token.hash();
        let found = work.bookings().by_manage_token(&hash).await?;
        let found = found.ok_or(CancelError::NotFound)?;

        // The rotation's ledger is written under the lock of the whole pool, as when it was stepped.
        let mut hosts: Vec<UserId> = found.hosts.iter().map(|host| host.user).collect();
        if found.rotation.is_some()
            && let Some(event_type) = work.event_types().get(found.event_type).await?
        {
            hosts.extend(event_type.hosting.roster());
        }
        hosts.sort_unstable();
        hosts.dedup();
        work.lock_hosts(&hosts).await?;
        let now = ports.clock.now();

        // Somebody may have changed it while this waited for the lock.
        let found = work.bookings().get(found.id).await?;
        let found = found.ok_or(CancelError::NotFound)?;
        let (mut booking, event) = found.cancel(Party::Invitee, command.reason.clone(), now)?;
        if let Some(step) = booking.rotation.as_mut().filter(|step| !step.released) {
            let mut ledger = work.rotation().ledger(booking.event_type).await?;
            ledger.release(step);
            work.rotation().store(booking.event_type, &ledger).await?;
        }
        for session in booking.hosts.iter().filter_map(|host| host.session) {
            work.sessions().leave(session).await?;
        }
        work.bookings().update(&booking).await?;
        let planned = effects::plan(&event, &PlanContext::new(&booking, now, &*ports.ids));
        work.outbox().enqueue(&planned).await?;
        Ok(booking)
    }

    async fn cancel_once(&self, command: &CancelBooking) -> Result<Booking, CancelError> {
        let mut work = self.ports().storage.begin().await?;
        match self.cancel_in(&mut *work, command).await {
            Ok(booking) => {
                work.commit().await?;
                self.wake_worker();
                Ok(booking)
            }
            Err(refusal) => {
                work.rollback().await?;
                Err(refusal)
            }
        }
    }
}

#[cfg(test)]
mod tests;
