//! Book a slot.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use scheduling_core::booking::{Booking, PendingReason};
use scheduling_core::event_type::{EventType, LocationChoice, RawAnswer};
use scheduling_core::ids::{BookingId, UserId};
use scheduling_core::ports::{Revisions, StorageError, UnitOfWork};
use scheduling_core::slots::Unavailability;
use scheduling_core::text::{Note, Slug};
use scheduling_core::time::Length;

use super::attempts::Attempts;
use super::form::{Filled, GuestDetails, InviteeDetails};
use super::making::{Known, answer_until, question, use_link};
use super::observed;
use super::repeated::{idempotent, made_before};
use crate::actor::Actor;
use crate::availability::memory::Answer;
use crate::availability::{Bookable, FindError, bookable, still_as_read};
use crate::idempotency::IdempotencyKey;
use crate::{HoldToken, ManageToken, Scheduling};

mod error;

pub use error::BookError;

/// Books a start of an event type.
#[derive(Debug, Clone, PartialEq)]
pub struct BookSlot {
    /// The workspace.
    pub workspace: Slug,
    /// Its event type, or a further link to it.
    pub event_type: Slug,
    /// The start.
    pub start: DateTime<Utc>,
    /// How long it lasts; the event type's default where nothing is given.
    pub duration: Option<Length>,
    /// Who books.
    pub invitee: InviteeDetails,
    /// Whom the invitee brings.
    pub guests: Vec<GuestDetails>,
    /// What the invitee says about the place.
    pub location: LocationChoice,
    /// What the invitee answers to the questions, by key.
    pub answers: BTreeMap<String, RawAnswer>,
    /// What the invitee wants to say.
    pub note: Option<Note>,
    /// The hold that keeps the slot for the invitee.
    pub hold: Option<HoldToken>,
    /// Makes repeating the command harmless.
    pub idempotency_key: Option<IdempotencyKey>,
}

impl BookSlot {
    /// A booking of a start by somebody, with everything else left open.
    pub fn new(
        workspace: Slug,
        event_type: Slug,
        start: DateTime<Utc>,
        invitee: InviteeDetails,
    ) -> Self {
        Self {
            workspace,
            event_type,
            start,
            duration: None,
            invitee,
            guests: Vec::new(),
            location: LocationChoice::default(),
            answers: BTreeMap::new(),
            note: None,
            hold: None,
            idempotency_key: None,
        }
    }

    pub(super) fn filled(&self) -> Filled<'_> {
        Filled {
            invitee: &self.invitee,
            guests: &self.guests,
            location: &self.location,
            answers: &self.answers,
        }
    }
}

/// A booking that was made.
#[derive(Debug, Clone)]
pub struct Booked {
    /// The booking: confirmed, or pending where the event type wants a host's approval.
    pub booking: Booking,
    /// The event type, as the link that was used shows it.
    pub event_type: EventType,
    /// The secret of its manage link.
    pub manage_token: ManageToken,
    /// Whether an earlier command with the same idempotency key made it.
    pub replayed: bool,
}

impl Scheduling {
    /// Books a start, if it is offered: in one transaction that holds the hosts' time, so that of any number of
    /// simultaneous commands for overlapping times exactly one wins.
    ///
    /// Where the event type wants a host's approval, the booking takes the time and waits.
    ///
    /// # Errors
    /// [`BookError`].
    pub async fn book(&self, command: &BookSlot) -> Result<Booked, BookError> {
        observed::booking(self, Box::pin(self.book_as(&Actor::Invitee, command))).await
    }

    /// Books a start for somebody, as a host of the event type or as who manages the workspace: without a minimum notice,
    /// whatever the booking window, and with no approval needed.
    ///
    /// # Errors
    /// [`BookError`].
    pub async fn book_for(&self, actor: &Actor, command: &BookSlot) -> Result<Booked, BookError> {
        if *actor == Actor::Invitee {
            return Err(BookError::NotFound);
        }
        observed::booking(self, Box::pin(self.book_as(actor, command))).await
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
        self.book_as_in(work, &Actor::Invitee, command).await
    }

    async fn book_as(&self, actor: &Actor, command: &BookSlot) -> Result<Booked, BookError> {
        let mut attempts = Attempts::new();
        let mut glance = self.glance(actor, command).await;
        loop {
            // Whoever starts again looks properly.
            let looked = match glance {
                Ok(None) => self.look_before_locking(actor, command).await,
                Ok(Some(seen)) => Ok(Looked::Free(Box::new(seen))),
                Err(error) => Err(error),
            };
            glance = Ok(None);
            let seen = match looked {
                Ok(Looked::Free(seen)) => *seen,
                Ok(Looked::Replay(made)) => return Ok(*made),
                Err(BookError::Unavailable { reasons, taken, .. }) => {
                    return Err(self.unavailable(actor, command, reasons, taken).await);
                }
                Err(error) => return Err(error),
            };
            let mut work = self.ports().storage.begin().await?;
            let done = self.book_seen(&mut *work, actor, command, seen).await;
            match attempts.settle(self, work, done).await {
                None => {}
                Some(Err(BookError::Storage(StorageError::Conflict))) => {
                    // Others took the time again and again, faster than it could be read.
                    let reasons = vec![Unavailability::Booked];
                    return Err(self.unavailable(actor, command, reasons, true).await);
                }
                Some(Err(BookError::Unavailable { reasons, taken, .. })) => {
                    return Err(self.unavailable(actor, command, reasons, taken).await);
                }
                Some(settled) => return settled,
            }
        }
    }

    /// Looks at a slot by a single question to the storage, where the event type is in memory. `None` where that is not
    /// enough to say what can be done: then one looks properly.
    async fn glance(&self, actor: &Actor, command: &BookSlot) -> Result<Option<Seen>, BookError> {
        let now = self.ports().clock.now();
        let link = (command.workspace.clone(), command.event_type.clone());
        let Some((found, revisions)) = self.bookables_memory().peek(&link, now) else {
            return Ok(None);
        };
        let event_type = &found.event_type;
        let is_plain = may_book(actor, event_type)
            && found
                .link
                .as_ref()
                .is_none_or(|link| link.ended(now).is_none())
            && command.filled().check(event_type).is_ok();
        if !is_plain {
            return Ok(None);
        }
        let storage = &*self.ports().storage;
        let known = Known::ask(storage, actor, command, (&found, revisions), now).await?;
        Ok(known.map(|known| Seen {
            found: Bookable::clone(&found),
            known,
        }))
    }

    /// Looks without locking anybody, and refuses what is not offered: a rush for one slot, or nonsense, does not keep the
    /// writers busy. Where nothing changes until the hosts are locked, what was seen need not be read again.
    async fn look_before_locking(
        &self,
        actor: &Actor,
        command: &BookSlot,
    ) -> Result<Looked, BookError> {
        let mut work = self.ports().storage.begin_read().await?;
        let found = match self.find_bookable(&mut *work, actor, command).await? {
            Found::Bookable(found) => *found,
            Found::Replay(event_type, made) => {
                let replay = self.replay(&mut *work, *event_type, made).await?;
                return Ok(Looked::Replay(Box::new(replay)));
            }
        };
        let event_type = &found.event_type;
        // With a key, this very command may have taken the slot before. Both show in the same state, or neither does.
        let made = made_before(&mut *work, actor, command, event_type).await?;
        if let Some(made) = made {
            let replay = self.replay(&mut *work, found.event_type, made).await?;
            return Ok(Looked::Replay(Box::new(replay)));
        }
        let checked = command.filled().check(event_type);
        checked.map_err(BookError::Form)?;
        let now = self.ports().clock.now();
        let known = Known::read(&mut *work, actor, command, &found, now).await?;
        self.keep_bookable(command, &found, known.revisions(), now);
        Ok(Looked::Free(Box::new(Seen { found, known })))
    }

    /// Keeps in memory what a command's link leads to.
    fn keep_bookable(
        &self,
        command: &BookSlot,
        found: &Bookable,
        revisions: Revisions,
        now: DateTime<Utc>,
    ) {
        let answer = Answer {
            value: Arc::new(found.clone()),
            sources: found.sources(),
            revisions,
            since: now,
            until: DateTime::<Utc>::MAX_UTC,
            bytes: 4096 + found.event_type.hosting.roster().count() * 64,
        };
        let link = (command.workspace.clone(), command.event_type.clone());
        self.bookables_memory().keep(&link, answer);
    }

    /// Books what was seen to be free. Whatever has changed before the hosts were locked is read again.
    async fn book_seen(
        &self,
        work: &mut dyn UnitOfWork,
        actor: &Actor,
        command: &BookSlot,
        seen: Seen,
    ) -> Result<Booked, BookError> {
        let Seen { found, known } = seen;
        let sources = found.sources();
        if !work.lock_unchanged(&sources, &known.revisions()).await? {
            return self.book_locked(work, actor, command, found).await;
        }
        // Whoever waited for the lock is judged by the time after the wait.
        let now = self.ports().clock.now();
        let known = known.later(actor, command, &found.event_type, now)?;
        self.book_known(work, actor, command, found, known, now)
            .await
    }

    async fn book_as_in(
        &self,
        work: &mut dyn UnitOfWork,
        actor: &Actor,
        command: &BookSlot,
    ) -> Result<Booked, BookError> {
        let found = match self.find_bookable(work, actor, command).await? {
            Found::Bookable(found) => *found,
            Found::Replay(event_type, made) => return self.replay(work, *event_type, made).await,
        };
        let roster: Vec<UserId> = found.event_type.hosting.roster().collect();
        work.lock_hosts(&roster).await?;
        self.book_locked(work, actor, command, found).await
    }

    /// Books under the lock of the hosts, who may have been given to others during the wait.
    async fn book_locked(
        &self,
        work: &mut dyn UnitOfWork,
        actor: &Actor,
        command: &BookSlot,
        found: Bookable,
    ) -> Result<Booked, BookError> {
        let event_type = &found.event_type;
        still_as_read(work, event_type).await?;
        // Whoever waited for the lock is judged by the time after the wait.
        let now = self.ports().clock.now();
        // Whoever has the same key has locked the same hosts.
        if let Some(made) = made_before(work, actor, command, event_type).await? {
            return self.replay(work, found.event_type, made).await;
        }
        let known = Known::read(work, actor, command, &found, now).await?;
        self.book_known(work, actor, command, found, known, now)
            .await
    }

    async fn book_known(
        &self,
        work: &mut dyn UnitOfWork,
        actor: &Actor,
        command: &BookSlot,
        found: Bookable,
        known: Known,
        now: DateTime<Utc>,
    ) -> Result<Booked, BookError> {
        let Bookable {
            event_type, link, ..
        } = found;
        let (slot, ledger) = self.take_slot(work, &event_type, known, now).await?;
        let (new, manage_token) = self.new_booking(command, &event_type, link.as_ref(), slot)?;
        if let Some(link) = link {
            use_link(work, &event_type, &link, now).await?;
        }
        let (booking, event) = match event_type.policy.approval {
            Some(approval) if *actor == Actor::Invitee => {
                let until = answer_until(approval, command.start, now);
                new.requested(BTreeSet::from([PendingReason::Approval]), Some(until), now)
            }
            _ => new.confirmed(now),
        };
        let idempotent = idempotent(actor, command, &event_type);
        let (new, key) = ((&booking, &event), idempotent.as_ref());
        self.store_new(work, actor, new, &event_type, &ledger, key)
            .await?;
        Ok(Booked {
            booking,
            event_type,
            manage_token,
            replayed: false,
        })
    }

    /// What the command's link books, or what an earlier command with its key made: a link that this very command used up
    /// leads to its booking.
    async fn find_bookable(
        &self,
        work: &mut dyn UnitOfWork,
        actor: &Actor,
        command: &BookSlot,
    ) -> Result<Found, BookError> {
        let now = self.ports().clock.now();
        match bookable(work, now, &command.workspace, &command.event_type).await {
            Ok(found) if may_book(actor, &found.event_type) => Ok(Found::Bookable(Box::new(found))),
            Ok(found) => Err(match actor {
                Actor::Member { workspace, .. } if *workspace == found.workspace.id => {
                    BookError::Forbidden
                }
                _ => BookError::NotFound,
            }),
            Err(FindError::LinkEnded(ended)) if command.idempotency_key.is_some() => {
                let made = made_before(work, actor, command, &ended.event_type).await?;
                match made {
                    Some(made) => Ok(Found::Replay(Box::new(ended.event_type), made)),
                    None => Err(BookError::LinkEnded(ended)),
                }
            }
            Err(error) => Err(error.into()),
        }
    }

    /// What an earlier command with the same key made.
    async fn replay(
        &self,
        work: &mut dyn UnitOfWork,
        event_type: EventType,
        made: BookingId,
    ) -> Result<Booked, BookError> {
        // It may have been erased since.
        let booking = work.bookings().get(made).await?;
        let booking = booking.ok_or(BookError::NotFound)?;
        let manage_token = self
            .open_manage_token(&booking)
            .map_err(|error| StorageError::Other(error.into()))?;
        Ok(Booked {
            booking,
            event_type,
            manage_token,
            replayed: true,
        })
    }

    /// The refusal, with starts the invitee can take instead.
    async fn unavailable(
        &self,
        actor: &Actor,
        command: &BookSlot,
        reasons: Vec<Unavailability>,
        taken: bool,
    ) -> BookError {
        let alternatives = self.instead(actor, command).await.unwrap_or_default();
        BookError::Unavailable {
            reasons,
            taken,
            alternatives,
        }
    }

    async fn instead(
        &self,
        actor: &Actor,
        command: &BookSlot,
    ) -> Result<Vec<DateTime<Utc>>, BookError> {
        let mut work = self.ports().storage.begin_read().await?;
        let now = self.ports().clock.now();
        let found = bookable(&mut *work, now, &command.workspace, &command.event_type).await?;
        let question = question(actor, command, &found.event_type, now)?;
        Ok(self
            .alternatives(&mut *work, &question, command.start, None)
            .await)
    }
}

/// What there is to see before anybody is locked.
enum Looked {
    /// A slot that is free.
    Free(Box<Seen>),
    /// What an earlier command with the same key made.
    Replay(Box<Booked>),
}

/// A slot that was free when it was read.
struct Seen {
    found: Bookable,
    known: Known,
}

/// What a command's link leads to.
enum Found {
    /// Something to book.
    Bookable(Box<Bookable>),
    /// What an earlier command with its key made of an event type.
    Replay(Box<EventType>, BookingId),
}

fn may_book(actor: &Actor, event_type: &EventType) -> bool {
    *actor == Actor::Invitee || actor.may_book_for_others(event_type)
}

#[cfg(test)]
mod tests;
