//! Let a request expire that nobody has answered.

use scheduling_core::booking::{Booking, Change};
use scheduling_core::ids::BookingId;
use scheduling_core::ports::UnitOfWork;

use super::access::BookingAccess;
use super::attempts::Attempts;
use super::change::{Asked, Begun, ChangeError, Lock, deadline, give_back};
use crate::Scheduling;
use crate::actor::Actor;

impl Scheduling {
    /// Ends a request whose deadline has passed: its time opens up, and who had heard of it is told. `None` when there is
    /// nothing to do: it was answered, or its deadline has moved. The worker calls it when the deadline comes.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`] when there is no such booking, [`ChangeError::Storage`].
    pub async fn expire_pending(&self, id: BookingId) -> Result<Option<Booking>, ChangeError> {
        let mut work = self.ports().storage.begin_read().await?;
        let found = work.bookings().get(id).await?;
        drop(work);
        let now = self.ports().clock.now();
        let found = found.ok_or(ChangeError::NotFound)?;
        if deadline(&found).is_none_or(|until| until > now) {
            return Ok(None);
        }
        let mut attempts = Attempts::new();
        loop {
            let mut work = self.ports().storage.begin().await?;
            let done = self.expire_pending_in(&mut *work, id).await;
            if let Some(settled) = attempts.settle(self, work, done).await {
                return settled;
            }
        }
    }

    async fn expire_pending_in(
        &self,
        work: &mut dyn UnitOfWork,
        id: BookingId,
    ) -> Result<Option<Booking>, ChangeError> {
        let access = BookingAccess::Member {
            actor: Actor::System,
            booking: id,
        };
        let asked = Asked {
            access: &access,
            expected: None,
            idempotency: None,
        };
        let under = match self.begin_change(work, asked, Lock::ItsHosts).await? {
            Begun::Under(under) => under,
            Begun::Replay(_) => return Ok(None),
        };
        if deadline(&under.booking).is_none_or(|until| until > under.now) {
            return Ok(None);
        }
        let (mut booking, event) = under.booking.clone().expire(under.now)?;
        give_back(work, &mut booking).await?;
        let changed = self
            .finish_change(work, &under, booking, Some(&event), Change::Expired)
            .await?;
        Ok(Some(changed.booking))
    }
}

#[cfg(test)]
mod tests;
