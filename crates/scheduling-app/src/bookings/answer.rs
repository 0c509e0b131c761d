//! Answer a request: approve it, or decline it.

use scheduling_core::booking::{Change, Party, PendingReason};
use scheduling_core::ports::{ChangeKind, UnitOfWork};
use scheduling_core::text::Note;

use super::access::BookingAccess;
use super::attempts::Attempts;
use super::change::{Asked, Begun, ChangeError, Changed, Lock, Under, deadline, give_back};
use super::observed;
use super::policy::require_reason;
use crate::Scheduling;
use crate::idempotency::Idempotent;

/// Says yes to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApproveBooking {
    /// Which, and as whom.
    pub access: BookingAccess,
    /// The version that was read; any where none is given.
    pub expected: Option<u32>,
    /// Makes repeating the command harmless.
    pub idempotency: Option<Idempotent>,
}

impl ApproveBooking {
    /// Whatever the version.
    pub const fn new(access: BookingAccess) -> Self {
        Self {
            access,
            expected: None,
            idempotency: None,
        }
    }
}

/// Says no to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclineBooking {
    /// Which, and as whom.
    pub access: BookingAccess,
    /// The version that was read; any where none is given.
    pub expected: Option<u32>,
    /// Why. Asked for as when a host cancels.
    pub reason: Option<Note>,
    /// Makes repeating the command harmless.
    pub idempotency: Option<Idempotent>,
}

impl DeclineBooking {
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
    /// Confirms a request, as one of its hosts or somebody who manages the workspace. One host's yes is enough.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub async fn approve(&self, command: &ApproveBooking) -> Result<Changed, ChangeError> {
        observed::change(self, ChangeKind::Approve, self.try_to_approve(command)).await
    }

    async fn try_to_approve(&self, command: &ApproveBooking) -> Result<Changed, ChangeError> {
        let idempotency = command.idempotency.as_ref();
        if let Some(done) = self.look(&command.access, idempotency).await? {
            return Ok(done);
        }
        let mut attempts = Attempts::new();
        loop {
            let mut work = self.ports().storage.begin().await?;
            let done = self.approve_in(&mut *work, command).await;
            if let Some(settled) = attempts.settle(self, work, done).await {
                return settled;
            }
        }
    }

    /// Approves inside a transaction of the caller's, who commits it and then calls
    /// [`wake_worker`](Self::wake_worker).
    ///
    /// # Errors
    /// [`ChangeError`]; the transaction must then be rolled back.
    pub async fn approve_in(
        &self,
        work: &mut dyn UnitOfWork,
        command: &ApproveBooking,
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
        let before = under.booking.clone();
        // A request whose time is up has expired, even where the worker has not said so yet.
        if let Some(until) = deadline(&before).filter(|until| *until <= under.now) {
            hosts_answer(&under)?;
            return Err(ChangeError::CutoffPassed { until });
        }
        let (booking, event) = before.satisfy(PendingReason::Approval, under.now)?;
        hosts_answer(&under)?;
        if booking == under.booking {
            // It waits, but for something else.
            under.remember(work).await?;
            return Ok(Changed::now(booking));
        }
        Ok(self
            .finish_change(work, &under, booking, event.as_ref(), Change::Approved)
            .await?)
    }

    /// Refuses a request, as one of its hosts or somebody who manages the workspace: its time opens up.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub async fn decline(&self, command: &DeclineBooking) -> Result<Changed, ChangeError> {
        observed::change(self, ChangeKind::Decline, self.try_to_decline(command)).await
    }

    async fn try_to_decline(&self, command: &DeclineBooking) -> Result<Changed, ChangeError> {
        let idempotency = command.idempotency.as_ref();
        if let Some(done) = self.look(&command.access, idempotency).await? {
            return Ok(done);
        }
        let mut attempts = Attempts::new();
        loop {
            let mut work = self.ports().storage.begin().await?;
            let done = self.decline_in(&mut *work, command).await;
            if let Some(settled) = attempts.settle(self, work, done).await {
                return settled;
            }
        }
    }

    /// Declines inside a transaction of the caller's, who commits it and then calls
    /// [`wake_worker`](Self::wake_worker).
    ///
    /// # Errors
    /// [`ChangeError`]; the transaction must then be rolled back.
    pub async fn decline_in(
        &self,
        work: &mut dyn UnitOfWork,
        command: &DeclineBooking,
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
        let reason = command.reason.clone();
        let (mut booking, event) = under.booking.clone().decline(reason.clone(), under.now)?;
        hosts_answer(&under)?;
        let policy = under.event_type.policy.cancel.reason(under.visitor.party);
        require_reason(policy, reason.as_ref())?;
        give_back(work, &mut booking).await?;
        let change = Change::Declined { reason };
        Ok(self
            .finish_change(work, &under, booking, Some(&event), change)
            .await?)
    }
}

/// Nobody answers his own request.
fn hosts_answer(under: &Under<'_>) -> Result<(), ChangeError> {
    match under.visitor.party {
        Party::Invitee => Err(ChangeError::NotAllowed),
        Party::Host | Party::System => Ok(()),
    }
}

#[cfg(test)]
mod tests;
