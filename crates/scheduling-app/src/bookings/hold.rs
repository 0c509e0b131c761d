//! Keep a slot for somebody who is filling in the form.

use chrono::{DateTime, Utc};
use scheduling_core::event_type::EventType;
use scheduling_core::hold::{Hold, HoldHost};
use scheduling_core::ids::{HoldId, UserId};
use scheduling_core::ports::{StorageError, UnitOfWork};
use scheduling_core::slots::Unavailability;
use scheduling_core::text::Slug;
use scheduling_core::time::{Interval, Length};

use super::attempts::Attempts;
use super::observed;
use super::offer::{foresee, meeting, offer, seat};
use super::repeated::was_used;
use crate::availability::{Question, bookable, still_as_read};
use crate::idempotency::Idempotent;
use crate::{HoldToken, Scheduling};

mod error;

pub use error::{HoldChangeError, HoldError};

pub(super) use error::HeldError;

/// Asks to keep a start of an event type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldSlot {
    /// The workspace.
    pub workspace: Slug,
    /// Its event type, or a further link to it.
    pub event_type: Slug,
    /// The start.
    pub start: DateTime<Utc>,
    /// How long the meeting lasts; the event type's default where nothing is given.
    pub duration: Option<Length>,
    /// Makes repeating the command harmless.
    pub idempotency: Option<Idempotent>,
}

impl HoldSlot {
    /// Asks for a meeting of the default duration.
    pub const fn new(workspace: Slug, event_type: Slug, start: DateTime<Utc>) -> Self {
        Self {
            workspace,
            event_type,
            start,
            duration: None,
            idempotency: None,
        }
    }
}

/// A slot that is kept.
#[derive(Debug, Clone)]
pub struct Held {
    /// The hold.
    pub hold: Hold,
    /// The secret by which its holder names it.
    pub token: HoldToken,
    /// Whether an earlier command with the same idempotency key made it. The token is new all the same, and the earlier
    /// one names nothing any more: only its hash was kept.
    pub replayed: bool,
}

impl Scheduling {
    /// Keeps a start for five minutes, if it is offered. It takes the hosts' time as a booking does: who hosts is decided
    /// here, though a rotation is stepped only when the hold becomes a booking.
    ///
    /// # Errors
    /// [`HoldError`].
    pub async fn hold(&self, command: &HoldSlot) -> Result<Held, HoldError> {
        observed::hold(self, self.try_to_hold(command)).await
    }

    async fn try_to_hold(&self, command: &HoldSlot) -> Result<Held, HoldError> {
        match self.look_before_holding(command).await {
            Err(HoldError::Unavailable { reasons, taken, .. }) => {
                return Err(self.cannot_hold(command, reasons, taken).await);
            }
            other => other?,
        }
        let mut attempts = Attempts::new();
        loop {
            let mut work = self.ports().storage.begin().await?;
            let done = self.hold_in(&mut *work, command).await;
            match attempts.settle(self, work, done).await {
                None => {}
                Some(Err(HoldError::Storage(StorageError::Conflict))) => {
                    // Others took the time again and again, faster than it could be read.
                    let reasons = vec![Unavailability::Booked];
                    return Err(self.cannot_hold(command, reasons, true).await);
                }
                Some(Err(HoldError::Unavailable { reasons, taken, .. })) => {
                    return Err(self.cannot_hold(command, reasons, taken).await);
                }
                Some(settled) => return settled,
            }
        }
    }

    /// Holds inside a transaction of the caller's.
    ///
    /// # Errors
    /// [`HoldError`]; the transaction must then be rolled back. [`HoldError::Unavailable`] comes without alternatives.
    pub async fn hold_in(
        &self,
        work: &mut dyn UnitOfWork,
        command: &HoldSlot,
    ) -> Result<Held, HoldError> {
        let ports = self.ports();
        let now = ports.clock.now();
        let found = bookable(work, now, &command.workspace, &command.event_type).await?;
        let event_type = found.event_type;
        let roster: Vec<UserId> = event_type.hosting.roster().collect();
        work.lock_hosts(&roster).await?;
        still_as_read(work, &event_type).await?;
        // Whoever waited for the lock is judged by the time after the wait.
        let now = ports.clock.now();
        let made = match &command.idempotency {
            Some(idempotency) => idempotency.claim(work, now).await?,
            None => None,
        };
        work.holds().sweep(Some(&roster), now).await?;
        let question = Question::new(&event_type, command.duration, now);
        let question = question.ok_or(HoldError::NoSuchDuration)?;
        if let Some(made) = made {
            let wanted = meeting(&question.rules, command.start);
            let made = HoldId::from_uuid(made);
            return self.hold_again(work, &event_type, made, wanted).await;
        }
        let offer = offer(work, &question, command.start).await?;
        let hosts = foresee(work, &event_type, &offer).await?;
        let token = HoldToken::generate(&*ports.secrets);
        let hold = Hold {
            id: HoldId::generate(&*ports.ids),
            token_hash: token.hash(),
            workspace: event_type.workspace,
            event_type: event_type.id,
            interval: offer.interval,
            buffers: event_type.rules.buffers,
            hosts: Vec::new(),
            expires_at: now + Hold::LASTS,
            renewed: false,
            created_at: now,
        };
        let hold = self.keep(work, &event_type, hold, &hosts).await?;
        if let Some(idempotency) = &command.idempotency {
            idempotency.store(work, hold.id.as_uuid()).await?;
        }
        Ok(Held {
            hold,
            token,
            replayed: false,
        })
    }

    /// Stores a hold, with seats for its hosts.
    async fn keep(
        &self,
        work: &mut dyn UnitOfWork,
        event_type: &EventType,
        mut hold: Hold,
        hosts: &[UserId],
    ) -> Result<Hold, StorageError> {
        let (ids, interval) = (&*self.ports().ids, hold.interval);
        let seated = seat(work, ids, event_type, hold.buffers, interval, hosts).await?;
        let part = |(user, session)| HoldHost { user, session };
        hold.hosts = seated.into_iter().map(part).collect();
        work.holds().insert(&hold).await?;
        Ok(hold)
    }

    /// The hold that an earlier command with the same key made, under a new token.
    async fn hold_again(
        &self,
        work: &mut dyn UnitOfWork,
        event_type: &EventType,
        made: HoldId,
        wanted: Option<Interval>,
    ) -> Result<Held, HoldError> {
        let wanted = wanted.ok_or(HoldError::Expired)?;
        let roster: Vec<UserId> = event_type.hosting.roster().collect();
        let found = work.holds().overlapping(&roster, wanted).await?;
        let found = found.into_iter().find(|hold| hold.id == made);
        let mut hold = found.ok_or(HoldError::Expired)?;
        work.holds().remove(hold.id).await?;
        let token = HoldToken::generate(&*self.ports().secrets);
        hold.token_hash = token.hash();
        let hosts: Vec<UserId> = hold.hosts.iter().map(|host| host.user).collect();
        let hold = self.keep(work, event_type, hold, &hosts).await?;
        Ok(Held {
            hold,
            token,
            replayed: true,
        })
    }

    /// Lets a hold last another five minutes. It can be renewed once.
    ///
    /// # Errors
    /// [`HoldChangeError`].
    pub async fn renew_hold(&self, token: &HoldToken) -> Result<Hold, HoldChangeError> {
        self.is_held(token).await?;
        let mut attempts = Attempts::new();
        loop {
            let mut work = self.ports().storage.begin().await?;
            let done = self.renew_hold_in(&mut *work, token).await;
            if let Some(settled) = attempts.settle(self, work, done).await {
                return settled;
            }
        }
    }

    async fn renew_hold_in(
        &self,
        work: &mut dyn UnitOfWork,
        token: &HoldToken,
    ) -> Result<Hold, HoldChangeError> {
        let hold = locked(work, token).await?;
        let hold = hold.renew(self.ports().clock.now())?;
        if !work.holds().renew(&hold).await? {
            return Err(HoldChangeError::NotFound);
        }
        Ok(hold)
    }

    /// Gives a held slot back.
    ///
    /// # Errors
    /// [`HoldChangeError::NotFound`] when there is nothing to give back, [`HoldChangeError::Storage`].
    pub async fn release_hold(&self, token: &HoldToken) -> Result<(), HoldChangeError> {
        self.is_held(token).await?;
        let mut attempts = Attempts::new();
        loop {
            let mut work = self.ports().storage.begin().await?;
            let done = self.release_hold_in(&mut *work, token).await;
            if let Some(settled) = attempts.settle(self, work, done).await {
                return settled;
            }
        }
    }

    async fn release_hold_in(
        &self,
        work: &mut dyn UnitOfWork,
        token: &HoldToken,
    ) -> Result<(), HoldChangeError> {
        let hold = locked(work, token).await?;
        if hold.has_expired(self.ports().clock.now()) || !work.holds().remove(hold.id).await? {
            return Err(HoldChangeError::NotFound);
        }
        Ok(())
    }

    /// Whoever guesses tokens takes no writer's turn.
    async fn is_held(&self, token: &HoldToken) -> Result<(), HoldChangeError> {
        let mut work = self.ports().storage.begin_read().await?;
        let found = work.holds().by_token(&token.hash()).await?;
        found.map(|_| ()).ok_or(HoldChangeError::NotFound)
    }

    /// Refuses what is plainly not offered without waiting for anybody. What passes is judged again under the lock.
    async fn look_before_holding(&self, command: &HoldSlot) -> Result<(), HoldError> {
        let mut work = self.ports().storage.begin_read().await?;
        let now = self.ports().clock.now();
        let found = bookable(&mut *work, now, &command.workspace, &command.event_type).await?;
        if let Some(idempotency) = &command.idempotency
            && was_used(&mut *work, idempotency).await?
        {
            return Ok(());
        }
        let question = Question::new(&found.event_type, command.duration, now);
        let question = question.ok_or(HoldError::NoSuchDuration)?;
        offer(&mut *work, &question, command.start).await?;
        Ok(())
    }

    /// The refusal, with starts that can be held instead.
    async fn cannot_hold(
        &self,
        command: &HoldSlot,
        reasons: Vec<Unavailability>,
        taken: bool,
    ) -> HoldError {
        let alternatives = self.hold_instead(command).await.unwrap_or_default();
        HoldError::Unavailable {
            reasons,
            taken,
            alternatives,
        }
    }

    async fn hold_instead(&self, command: &HoldSlot) -> Result<Vec<DateTime<Utc>>, HoldError> {
        let mut work = self.ports().storage.begin_read().await?;
        let now = self.ports().clock.now();
        let found = bookable(&mut *work, now, &command.workspace, &command.event_type).await?;
        let question = Question::new(&found.event_type, command.duration, now);
        let question = question.ok_or(HoldError::NoSuchDuration)?;
        Ok(self
            .alternatives(&mut *work, &question, command.start, None)
            .await)
    }
}

/// The hold that a token names, under the lock of its hosts.
async fn locked(work: &mut dyn UnitOfWork, token: &HoldToken) -> Result<Hold, HoldChangeError> {
    let found = work.holds().by_token(&token.hash()).await?;
    let found = found.ok_or(HoldChangeError::NotFound)?;
    let hosts: Vec<UserId> = found.hosts.iter().map(|host| host.user).collect();
    work.lock_hosts(&hosts).await?;
    // It may have become a booking during the wait.
    let found = work.holds().by_token(&token.hash()).await?;
    found.ok_or(HoldChangeError::NotFound)
}

/// The hold that a token names, if it keeps this very meeting.
pub(super) async fn held(
    work: &mut dyn UnitOfWork,
    token: &HoldToken,
    event_type: &EventType,
    wanted: Option<Interval>,
    now: DateTime<Utc>,
) -> Result<Hold, HeldError> {
    let found = work.holds().by_token(&token.hash()).await?;
    let hold = found.ok_or(HeldError::Expired)?;
    still_held(&hold, now)?;
    if hold.event_type != event_type.id || wanted != Some(hold.interval) {
        return Err(HeldError::Elsewhere);
    }
    Ok(hold)
}

/// Makes sure that a hold has not expired.
pub(super) fn still_held(hold: &Hold, now: DateTime<Utc>) -> Result<(), HeldError> {
    if hold.has_expired(now) {
        return Err(HeldError::Expired);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
