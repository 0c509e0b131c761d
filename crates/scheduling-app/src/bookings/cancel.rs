//! Call a booking off.

use scheduling_core::booking::Change;
use scheduling_core::ports::{ChangeKind, UnitOfWork};
use scheduling_core::text::Note;

use super::access::BookingAccess;
use super::attempts::Attempts;
use super::change::{Asked, Begun, ChangeError, Changed, Lock, give_back};
use super::observed;
use super::policy::Permission;
use crate::Scheduling;
use crate::idempotency::Idempotent;

/// Calls a booking off, or withdraws a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelBooking {
    /// Which, and as whom.
    pub access: BookingAccess,
    /// The version that was read; any where none is given.
    pub expected: Option<u32>,
    /// Why.
    pub reason: Option<Note>,
    /// Makes repeating the command harmless.
    pub idempotency: Option<Idempotent>,
}

impl CancelBooking {
    /// Without a reason, whatever the version.
    pub const fn new(access: BookingAccess) -> Self {
        Self {
            access,
            expected: None,
            reason: None,
            idempotency: None,
        }
    }
}

impl Scheduling {
    /// Calls a booking off: its time opens up, the rotation's step is undone, and everyone who had heard of it is told.
    ///
    /// The invitee may as long as the event type's policy lets him; hosts always may until it ends.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub async fn cancel(&self, command: &CancelBooking) -> Result<Changed, ChangeError> {
        observed::change(self, ChangeKind::Cancel, self.try_to_cancel(command)).await
    }

    async fn try_to_cancel(&self, command: &CancelBooking) -> Result<Changed, ChangeError> {
        let idempotency = command.idempotency.as_ref();
        if let Some(done) = self.look(&command.access, idempotency).await? {
            return Ok(done);
        }
        let mut attempts = Attempts::new();
        loop {
            let mut work = self.ports().storage.begin().await?;
            let done = self.cancel_in(&mut *work, command).await;
            if let Some(settled) = attempts.settle(self, work, done).await {
                return settled;
            }
        }
    }

    /// Cancels inside a transaction of the caller's, who commits it and then calls
    /// [`wake_worker`](Self::wake_worker).
    ///
    /// # Errors
    /// [`ChangeError`]; the transaction must then be rolled back.
    pub async fn cancel_in(
        &self,
        work: &mut dyn UnitOfWork,
        command: &CancelBooking,
    ) -> Result<Changed, ChangeError> {
        let asked = Asked {
            access: &command.access,
            expected: command.expected,
            idempotency: command.idempotency.as_ref(),
        };
        let under = match self.begin_change(work, asked, Lock::ItsHosts).await? {
            Begun::Under(under) => under,
            Begun::Replay(changed) => return Ok(*changed),
        };
        let (now, party) = (under.now, under.visitor.party);
        let reason = command.reason.clone();
        let (mut booking, event) = under.booking.clone().cancel(party, reason.clone(), now)?;
        Permission::by(under.event_type.policy.cancel, &under.booking, party, now)
            .require(reason.as_ref())?;
        give_back(work, &mut booking).await?;
        let change = Change::Cancelled { reason };
        Ok(self
            .finish_change(work, &under, booking, Some(&event), change)
            .await?)
    }
}

#[cfg(test)]
mod tests;
