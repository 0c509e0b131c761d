//! Note what became of a meeting: it took place, or the invitee did not come. Either can be put right by the other.

use scheduling_core::booking::{Booking, BookingEvent, Change, Party, TransitionError};
use scheduling_core::ports::{ChangeKind, UnitOfWork};

use super::access::BookingAccess;
use super::attempts::Attempts;
use super::change::{Asked, Begun, ChangeError, Changed, Lock};
use super::observed;
use crate::Scheduling;
use crate::idempotency::Idempotent;

/// Notes that a meeting took place, or that nobody came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarkBooking {
    /// Which, and as whom.
    pub access: BookingAccess,
    /// The version that was read; any where none is given.
    pub expected: Option<u32>,
    /// Makes repeating the command harmless.
    pub idempotency: Option<Idempotent>,
}

impl MarkBooking {
    /// Whatever the version.
    pub const fn new(access: BookingAccess) -> Self {
        Self {
            access,
            expected: None,
            idempotency: None,
        }
    }
}

/// What is noted.
#[derive(Clone, Copy)]
enum Mark {
    Completed,
    NoShow,
}

impl Mark {
    fn put_on(
        self,
        booking: Booking,
        now: chrono::DateTime<chrono::Utc>,
    ) -> Result<(Booking, BookingEvent, Change), TransitionError> {
        match self {
            Self::Completed => booking
                .mark_completed(now)
                .map(|(booking, event)| (booking, event, Change::Completed)),
            Self::NoShow => booking
                .mark_no_show(now)
                .map(|(booking, event)| (booking, event, Change::NoShow)),
        }
    }
}

impl Scheduling {
    /// Notes that a meeting took place. Possible from its start on, as a host or somebody who manages the workspace.
    ///
    /// A confirmed booking is completed by itself once it is over; this makes it sure.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub async fn mark_completed(&self, command: &MarkBooking) -> Result<Changed, ChangeError> {
        observed::change(
            self,
            ChangeKind::Complete,
            self.mark(command, Mark::Completed),
        )
        .await
    }

    /// Marks inside a transaction of the caller's, who commits it and then calls
    /// [`wake_worker`](Self::wake_worker).
    ///
    /// # Errors
    /// [`ChangeError`]; the transaction must then be rolled back.
    pub async fn mark_completed_in(
        &self,
        work: &mut dyn UnitOfWork,
        command: &MarkBooking,
    ) -> Result<Changed, ChangeError> {
        self.mark_in(work, command, Mark::Completed).await
    }

    /// Notes that the invitee did not come. Possible from the meeting's start on, as a host or somebody who manages the
    /// workspace. No follow-up goes out then.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub async fn mark_no_show(&self, command: &MarkBooking) -> Result<Changed, ChangeError> {
        observed::change(self, ChangeKind::NoShow, self.mark(command, Mark::NoShow)).await
    }

    /// Marks inside a transaction of the caller's, who commits it and then calls
    /// [`wake_worker`](Self::wake_worker).
    ///
    /// # Errors
    /// [`ChangeError`]; the transaction must then be rolled back.
    pub async fn mark_no_show_in(
        &self,
        work: &mut dyn UnitOfWork,
        command: &MarkBooking,
    ) -> Result<Changed, ChangeError> {
        self.mark_in(work, command, Mark::NoShow).await
    }

    async fn mark(&self, command: &MarkBooking, mark: Mark) -> Result<Changed, ChangeError> {
        let idempotency = command.idempotency.as_ref();
        if let Some(done) = self.look(&command.access, idempotency).await? {
            return Ok(done);
        }
        let mut attempts = Attempts::new();
        loop {
            let mut work = self.ports().storage.begin().await?;
            let done = self.mark_in(&mut *work, command, mark).await;
            if let Some(settled) = attempts.settle(self, work, done).await {
                return settled;
            }
        }
    }

    async fn mark_in(
        &self,
        work: &mut dyn UnitOfWork,
        command: &MarkBooking,
        mark: Mark,
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
        let (booking, event, change) = mark.put_on(under.booking.clone(), under.now)?;
        if under.visitor.party == Party::Invitee {
            return Err(ChangeError::NotAllowed);
        }
        Ok(self
            .finish_change(work, &under, booking, Some(&event), change)
            .await?)
    }
}

#[cfg(test)]
mod tests;
