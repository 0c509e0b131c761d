//! Move a booking to another time. It stays the same booking: same id, same calendar entry, same links.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use scheduling_core::booking::{Booking, BookingHost, Change, Party};
use scheduling_core::event_type::{EventType, EventTypeStatus};
use scheduling_core::ids::{SessionId, UserId};
use scheduling_core::ports::{ChangeKind, StorageError, UnitOfWork};
use scheduling_core::slots::Unavailability;
use scheduling_core::text::Note;
use scheduling_core::time::Length;

use super::access::BookingAccess;
use super::attempts::{Attempts, Refusal};
use super::change::{
    Asked, Begun, ChangeError, Changed, Lock, Under, deadline, done_before, expect_version,
    release_step,
};
use super::hold::held;
use super::making::host_secret;
use super::move_rules::{may_move, open_to_move, question, rules_of_move, wait_for_approval};
use super::observed;
use super::offer::{Offer, appoint, meeting, offer, seat, stay};
use super::repeated::was_used;
use crate::availability::Apart;
use crate::idempotency::Idempotent;
use crate::{HoldToken, Scheduling, SchedulingBuilder};

mod error;

pub use error::RescheduleError;

/// Moves a booking to another start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RescheduleBooking {
    /// Which, and as whom.
    pub access: BookingAccess,
    /// The version that was read; any where none is given.
    pub expected: Option<u32>,
    /// The new start.
    pub start: DateTime<Utc>,
    /// How long it lasts from now on; as long as before where nothing is given.
    pub duration: Option<Length>,
    /// Why.
    pub reason: Option<Note>,
    /// The hold that keeps the new slot.
    pub hold: Option<HoldToken>,
    /// Makes repeating the command harmless.
    pub idempotency: Option<Idempotent>,
}

impl RescheduleBooking {
    /// As long as before, without a reason, whatever the version.
    pub const fn new(access: BookingAccess, start: DateTime<Utc>) -> Self {
        Self {
            access,
            expected: None,
            start,
            duration: None,
            reason: None,
            hold: None,
            idempotency: None,
        }
    }
}

impl Scheduling {
    /// Moves a booking: same id, same calendar entry with a higher sequence, same manage link. Its own time does not
    /// stand in the way, and it keeps its duration unless another one is asked for.
    ///
    /// - The event type may be inactive or archived meanwhile: whoever has a booking can still move it.
    /// - The invitee may as long as the policy lets him, to what the page offers. A host may until it ends, whatever the
    ///   minimum notice and the booking window, but into nobody's time.
    /// - Hosts who can take the new time stay. Otherwise it is assigned anew by the event type's rule: a rotation's step is
    ///   undone, and one for the new time is made.
    /// - Moved by its invitee, a booking of an event type with approval waits for an approval again.
    /// - Moving it to where it is changes nothing.
    ///
    /// # Errors
    /// [`RescheduleError`].
    pub async fn reschedule(
        &self,
        command: &RescheduleBooking,
    ) -> Result<Changed, RescheduleError> {
        observed::change(
            self,
            ChangeKind::Reschedule,
            self.try_to_reschedule(command),
        )
        .await
    }

    async fn try_to_reschedule(
        &self,
        command: &RescheduleBooking,
    ) -> Result<Changed, RescheduleError> {
        match self.look_before_moving(command).await {
            Err(RescheduleError::Unavailable { reasons, taken, .. }) => {
                return Err(self.cannot_move(command, reasons, taken).await);
            }
            Err(RescheduleError::Change(ChangeError::NotFound)) => {
                let mut work = self.ports().storage.begin_read().await?;
                let idempotency = command.idempotency.as_ref();
                return Ok(done_before(&mut *work, &command.access, idempotency).await?);
            }
            other => other?,
        }
        let mut attempts = Attempts::new();
        loop {
            let mut work = self.ports().storage.begin().await?;
            let done = self.reschedule_in(&mut *work, command).await;
            match attempts.settle(self, work, done).await {
                None => {}
                Some(Err(refusal)) if refusal.is_conflict() => {
                    // Others took the time again and again, faster than it could be read.
                    let reasons = vec![Unavailability::Booked];
                    return Err(self.cannot_move(command, reasons, true).await);
                }
                Some(Err(RescheduleError::Unavailable { reasons, taken, .. })) => {
                    return Err(self.cannot_move(command, reasons, taken).await);
                }
                Some(settled) => return settled,
            }
        }
    }

    /// Moves inside a transaction of the caller's, who commits it and then calls
    /// [`wake_worker`](Self::wake_worker).
    ///
    /// # Errors
    /// [`RescheduleError`]; the transaction must then be rolled back. [`RescheduleError::Unavailable`] comes without
    /// alternatives.
    pub async fn reschedule_in(
        &self,
        work: &mut dyn UnitOfWork,
        command: &RescheduleBooking,
    ) -> Result<Changed, RescheduleError> {
        let asked = Asked {
            access: &command.access,
            expected: command.expected,
            idempotency: command.idempotency.as_ref(),
        };
        let under = match self.begin_change(work, asked, Lock::ThePool).await? {
            Begun::Under(under) => under,
            Begun::Replay(changed) => return Ok(*changed),
        };
        let (now, booking) = (under.now, &under.booking);
        work.holds().sweep(Some(&under.locked), now).await?;
        let (event_type, visitor) = (&under.event_type, &under.visitor);
        // A request whose time is up has expired, even where the worker has not said so yet: only a host revives it.
        let is_invitee = visitor.party == Party::Invitee;
        if let Some(until) = deadline(booking).filter(|until| is_invitee && *until <= now) {
            return Err(ChangeError::CutoffPassed { until }.into());
        }
        may_move(booking, event_type, visitor, command.reason.as_ref(), now)?;
        let rules = rules_of_move(booking, event_type, visitor.party, command.duration)?;
        let wanted = meeting(&rules, command.start);
        if wanted == Some(booking.interval) {
            return Ok(self.leave_as_it_is(work, &under).await?);
        }
        let hold = match &command.hold {
            Some(token) => {
                let hold = held(work, token, event_type, wanted, now).await?;
                work.holds().remove(hold.id).await?;
                Some(hold)
            }
            None => None,
        };
        let apart = Apart {
            moving: Some(booking),
            hold: hold.as_ref(),
        };
        let judged_at = hold.as_ref().map_or(now, |hold| hold.judged_at(now));
        let question = question(event_type, rules, judged_at)
            .at_clock(now)
            .with_apart(apart);
        let mut offer = offer(work, &question, command.start).await?;
        if event_type.status == EventTypeStatus::Archived {
            without_leavers(work, event_type, &mut offer).await?;
        }
        let kept: Option<Vec<UserId>> = hold
            .as_ref()
            .map(|hold| hold.hosts.iter().map(|host| host.user).collect());
        let booking = self
            .take_new_time(work, &under, &offer, kept.as_deref())
            .await?;
        self.moved(work, &under, booking, &offer, command.reason.clone())
            .await
    }

    /// Gives the booking its hosts and their time: those who stay keep their links.
    async fn take_new_time(
        &self,
        work: &mut dyn UnitOfWork,
        under: &Under<'_>,
        offer: &Offer,
        kept: Option<&[UserId]>,
    ) -> Result<Taken, RescheduleError> {
        let ports = self.ports();
        let event_type = &under.event_type;
        let mut before = under.booking.clone();
        let present: Vec<UserId> = before.hosts.iter().map(|host| host.user).collect();
        let hosts = if let Some(hosts) = stay(event_type, &present, offer) {
            hosts
        } else {
            release_step(work, &mut before).await?;
            let assignment = appoint(work, event_type, offer, kept).await?;
            before.rotation = assignment.rotation;
            assignment.hosts
        };
        // Its old seats are free before it takes new ones.
        for session in before.hosts.iter().filter_map(|host| host.session) {
            work.sessions().leave(session).await?;
        }
        before.buffers = event_type.rules.buffers;
        let (ids, buffers) = (&*ports.ids, before.buffers);
        let seated = seat(work, ids, event_type, buffers, offer.interval, &hosts).await?;
        let hosts = seated
            .into_iter()
            .map(|(user, session)| part_of(ports, &before, user, session))
            .collect();
        Ok(Taken {
            booking: before,
            hosts,
        })
    }

    /// The transition itself, and what it entails.
    async fn moved(
        &self,
        work: &mut dyn UnitOfWork,
        under: &Under<'_>,
        taken: Taken,
        offer: &Offer,
        reason: Option<Note>,
    ) -> Result<Changed, RescheduleError> {
        let now = under.now;
        let from = under.booking.interval;
        let to = offer.interval;
        let party = under.visitor.party;
        let (booking, event) = taken
            .booking
            .reschedule(to, taken.hosts, party, reason.clone(), now)
            .map_err(ChangeError::from)?;
        let booking = wait_for_approval(booking, under, now)?;
        let change = Change::Rescheduled { from, to, reason };
        Ok(self
            .finish_change(work, under, booking, Some(&event), change)
            .await?)
    }

    /// Nothing has changed, but the key stands for it.
    async fn leave_as_it_is(
        &self,
        work: &mut dyn UnitOfWork,
        under: &Under<'_>,
    ) -> Result<Changed, StorageError> {
        under.remember(work).await?;
        Ok(Changed::now(under.booking.clone()))
    }

    /// Refuses what is plainly impossible without waiting for anybody. What passes is judged again under the lock.
    async fn look_before_moving(&self, command: &RescheduleBooking) -> Result<(), RescheduleError> {
        let mut work = self.ports().storage.begin_read().await?;
        let now = self.ports().clock.now();
        let (booking, event_type, visitor) = open_to_move(&mut *work, &command.access, now).await?;
        if let Some(idempotency) = &command.idempotency
            && was_used(&mut *work, idempotency)
                .await
                .map_err(ChangeError::from)?
        {
            return Ok(());
        }
        expect_version(&booking, command.expected)?;
        may_move(
            &booking,
            &event_type,
            &visitor,
            command.reason.as_ref(),
            now,
        )?;
        let rules = rules_of_move(&booking, &event_type, visitor.party, command.duration)?;
        let wanted = meeting(&rules, command.start);
        if wanted == Some(booking.interval) {
            return Ok(());
        }
        let hold = match &command.hold {
            Some(token) => Some(held(&mut *work, token, &event_type, wanted, now).await?),
            None => None,
        };
        let apart = Apart {
            moving: Some(&booking),
            hold: hold.as_ref(),
        };
        let judged_at = hold.as_ref().map_or(now, |hold| hold.judged_at(now));
        let question = question(&event_type, rules, judged_at)
            .at_clock(now)
            .with_apart(apart);
        offer(&mut *work, &question, command.start).await?;
        Ok(())
    }

    /// The refusal, with starts to which it can be moved instead.
    async fn cannot_move(
        &self,
        command: &RescheduleBooking,
        reasons: Vec<Unavailability>,
        taken: bool,
    ) -> RescheduleError {
        let alternatives = self.move_instead(command).await.unwrap_or_default();
        RescheduleError::Unavailable {
            reasons,
            taken,
            alternatives,
        }
    }

    async fn move_instead(
        &self,
        command: &RescheduleBooking,
    ) -> Result<Vec<DateTime<Utc>>, RescheduleError> {
        let mut work = self.ports().storage.begin_read().await?;
        let now = self.ports().clock.now();
        let (booking, event_type, visitor) = open_to_move(&mut *work, &command.access, now).await?;
        let rules = rules_of_move(&booking, &event_type, visitor.party, command.duration)?;
        let apart = Apart {
            moving: Some(&booking),
            hold: None,
        };
        let question = question(&event_type, rules, now).with_apart(apart);
        Ok(self
            .alternatives(&mut *work, &question, command.start, Some(booking.interval))
            .await)
    }
}

/// Leaves out whoever is no member any more. An event type that was put away can still name him, so that he could leave;
/// its bookings can still move, but not to him.
async fn without_leavers(
    work: &mut dyn UnitOfWork,
    event_type: &EventType,
    offer: &mut Offer,
) -> Result<(), StorageError> {
    let members = work.directory().members(event_type.workspace).await?;
    let members: BTreeSet<UserId> = members.into_iter().map(|m| m.person.id).collect();
    offer.eligible.retain(|host| members.contains(host));
    Ok(())
}

/// A booking with its new hosts and buffers, before its transition.
struct Taken {
    booking: Booking,
    hosts: Vec<BookingHost>,
}

/// A host's part: whoever stays keeps the secret of his link, or gets one where he had none.
fn part_of(
    ports: &SchedulingBuilder,
    before: &Booking,
    user: UserId,
    session: Option<SessionId>,
) -> BookingHost {
    let manage = match before.host(user) {
        Some(host) if !host.manage.is_none() => host.manage.clone(),
        _ => host_secret(ports),
    };
    BookingHost {
        user,
        manage,
        session,
    }
}

#[cfg(test)]
mod tests;
