//! How a booking is made: its slot, its parts, what is stored with it.

use chrono::{DateTime, Utc};
use scheduling_core::assignment::{RotationLedger, RotationStep};
use scheduling_core::booking::{
    Attendee, AttendeeRole, Booking, BookingEvent, BookingHost, Change, HistoryEntry, ManageSecret,
    NewBooking, Rsvp,
};
use scheduling_core::event_type::{Approval, BookingLink, Buffers, EventType, LinkEnd};
use scheduling_core::hold::Hold;
use scheduling_core::ids::{AttendeeId, BookingId, HistoryId, SessionId, UserId};
use scheduling_core::ports::{
    BookingRecord, IdempotencyClaim, Revisions, Storage, StorageError, UnitOfWork,
};
use scheduling_core::time::Interval;

use super::hold::{held, still_held};
use super::offer::{Offer, asked_by, choose_hosts, meeting, offer, seat};
use super::repeated::idempotent;
use super::{BookError, BookSlot};
use crate::actor::Actor;
use crate::availability::{Apart, Bookable, EndedLink, Question};
use crate::effects::{self, PlanContext};
use crate::idempotency::Idempotent;
use crate::{HostToken, ManageToken, Scheduling, SchedulingBuilder};

/// A slot that was taken: who hosts, and when.
pub(super) struct Slot {
    interval: Interval,
    buffers: Buffers,
    hosts: Vec<(UserId, Option<SessionId>)>,
    rotation: Option<RotationStep<UserId>>,
}

/// What is known of a slot that is free: from before its hosts were locked, or from under the lock.
pub(super) struct Known {
    hold: Option<Hold>,
    offer: Offer,
}

impl Known {
    /// Reads what there is to know, and makes sure that the slot is offered.
    pub(super) async fn read(
        work: &mut dyn UnitOfWork,
        actor: &Actor,
        command: &BookSlot,
        found: &Bookable,
        now: DateTime<Utc>,
    ) -> Result<Self, BookError> {
        let question = question_of(actor, command, found, now)?;
        let hold = match &command.hold {
            Some(token) => {
                let wanted = meeting(&question.rules, command.start);
                Some(held(work, token, &found.event_type, wanted, now).await?)
            }
            None => None,
        };
        let question = judged_by_the_hold(question, hold.as_ref(), now);
        let offer = offer(work, &question, command.start).await?;
        Ok(Self { hold, offer })
    }

    /// The same by a single question to the storage, where what is booked is known already. `None` where it is not, or no
    /// more: where the event type has changed, the hold is another one, the key was used, or a row cannot be read.
    pub(super) async fn ask(
        storage: &dyn Storage,
        actor: &Actor,
        command: &BookSlot,
        known: (&Bookable, Revisions),
        now: DateTime<Utc>,
    ) -> Result<Option<Self>, BookError> {
        let (found, revisions) = known;
        let question = question_of(actor, command, found, now)?;
        let mut query = Offer::query(&question, command.start)?;
        let idempotent = idempotent(actor, command, &found.event_type);
        query.key = idempotent.as_ref().map(Idempotent::query);
        let facts = storage.slot_facts(&query).await?;
        let definition = |r: &Revisions| (r.workspace, r.event_type, r.link);
        if definition(&facts.revisions) != definition(&revisions)
            || facts.key != IdempotencyClaim::Fresh
        {
            return Ok(None);
        }
        let hold = match &command.hold {
            Some(token) => {
                let hash = token.hash();
                let wanted = meeting(&question.rules, command.start);
                let its = |hold: &&Hold| {
                    hold.token_hash == hash
                        && hold.event_type == found.event_type.id
                        && wanted == Some(hold.interval)
                        && !hold.has_expired(now)
                };
                let Some(hold) = facts.holds.iter().find(its) else {
                    return Ok(None);
                };
                Some(hold.clone())
            }
            None => None,
        };
        let question = judged_by_the_hold(question, hold.as_ref(), now);
        let offer = Offer::of(&question, command.start, query, facts)?;
        Ok(offer.map(|offer| Self { hold, offer }))
    }

    /// Judges the same at a later instant. Holds that have expired since still count, which can only be too strict.
    pub(super) fn later(
        self,
        actor: &Actor,
        command: &BookSlot,
        event_type: &EventType,
        now: DateTime<Utc>,
    ) -> Result<Self, BookError> {
        let question = question(actor, command, event_type, now)?;
        if let Some(hold) = &self.hold {
            still_held(hold, now)?;
        }
        let question = judged_by_the_hold(question, self.hold.as_ref(), now);
        let offer = self.offer.again(&question, command.start)?;
        Ok(Self { offer, ..self })
    }

    /// The revisions of everything it was read from.
    pub(super) fn revisions(&self) -> Revisions {
        self.offer.revisions()
    }
}

/// What a command asks of the engine and of the storage.
fn question_of<'a>(
    actor: &Actor,
    command: &BookSlot,
    found: &'a Bookable,
    now: DateTime<Utc>,
) -> Result<Question<'a>, BookError> {
    let question = question(actor, command, &found.event_type, now)?;
    Ok(question.with_link(found.link.as_ref().map(|link| link.id)))
}

impl Scheduling {
    /// Takes the slot for a command, with the hold that keeps it, if there is one. The rotation's step, if one chose the
    /// host, is in the ledger and must be stored with the booking.
    pub(super) async fn take_slot(
        &self,
        work: &mut dyn UnitOfWork,
        event_type: &EventType,
        known: Known,
        now: DateTime<Utc>,
    ) -> Result<(Slot, RotationLedger<UserId>), BookError> {
        let Known { hold, offer } = known;
        let mut ledger = offer.ledger();
        if offer.has_lapsed_holds() {
            let roster: Vec<UserId> = event_type.hosting.roster().collect();
            work.holds().sweep(Some(&roster), now).await?;
        }
        if let Some(hold) = &hold {
            work.holds().remove(hold.id).await?;
        }
        let kept: Option<Vec<UserId>> = hold
            .as_ref()
            .map(|hold| hold.hosts.iter().map(|host| host.user).collect());
        let assignment = choose_hosts(event_type, &offer, kept.as_deref(), &mut ledger)?;
        let (interval, buffers) = (offer.interval, event_type.rules.buffers);
        let ids = &*self.ports().ids;
        let hosts = seat(work, ids, event_type, buffers, interval, &assignment.hosts).await?;
        let slot = Slot {
            interval,
            buffers,
            hosts,
            rotation: assignment.rotation,
        };
        Ok((slot, ledger))
    }

    /// Puts a booking together, and makes the secrets of its links.
    pub(super) fn new_booking(
        &self,
        command: &BookSlot,
        event_type: &EventType,
        link: Option<&BookingLink>,
        slot: Slot,
    ) -> Result<(NewBooking, ManageToken), BookError> {
        let ports = self.ports();
        let ids = &*ports.ids;
        let filled = command.filled();
        let checked = filled.check(event_type).map_err(BookError::Form)?;
        let manage_token = ManageToken::generate(&*ports.secrets);
        let hosts = slot.hosts.into_iter().map(|(user, session)| BookingHost {
            user,
            manage: host_secret(ports),
            session,
        });
        let hosts = hosts.collect();
        let place = filled
            .place(event_type, &*ports.secrets)
            .map_err(BookError::Form)?;
        let invitee = Attendee {
            id: AttendeeId::generate(ids),
            role: AttendeeRole::Invitee,
            name: command.invitee.name.clone(),
            email: command.invitee.email.clone(),
            timezone: command.invitee.timezone,
            rsvp: Rsvp::Accepted,
        };
        let (answers, guests) = checked.into_parts(&command.invitee, ids);
        let new = NewBooking {
            id: BookingId::generate(ids),
            workspace: event_type.workspace,
            event_type: event_type.id,
            interval: slot.interval,
            buffers: slot.buffers,
            hosts,
            invitee,
            guests,
            note: command.note.clone(),
            answers,
            place,
            link: link.map(|link| link.id),
            rotation: slot.rotation,
            manage: ManageSecret {
                hash: manage_token.hash(),
                sealed: ports.sealer.seal(manage_token.as_bytes()),
            },
        };
        Ok((new, manage_token))
    }

    /// Stores a new booking with the first entry of its history, what the outside world is owed, the ledger where a
    /// rotation chose the host, and the command's key.
    pub(super) async fn store_new(
        &self,
        work: &mut dyn UnitOfWork,
        actor: &Actor,
        new: (&Booking, &BookingEvent),
        event_type: &EventType,
        ledger: &RotationLedger<UserId>,
        idempotent: Option<&Idempotent>,
    ) -> Result<(), StorageError> {
        let ids = &*self.ports().ids;
        let (booking, event) = new;
        let now = booking.created_at;
        let entry = HistoryEntry {
            id: HistoryId::generate(ids),
            booking: booking.id,
            at: now,
            by: actor.doer(),
            change: match event {
                BookingEvent::Requested(_) => Change::Requested,
                _ => Change::Confirmed,
            },
        };
        let reminders = &event_type.reminders;
        let context = PlanContext::new(booking, reminders, now, ids).by(actor.doer());
        let record = BookingRecord {
            booking,
            entry: &entry,
            effects: &effects::plan(event, &context),
            rotation: booking.rotation.is_some().then_some(ledger),
            key: idempotent.map(|idempotent| idempotent.spent(now)),
        };
        work.add_booking(&record).await
    }
}

/// Counts a use of the link. It may have ended while the command waited, or somebody else used it up.
pub(super) async fn use_link(
    work: &mut dyn UnitOfWork,
    event_type: &EventType,
    link: &BookingLink,
    now: DateTime<Utc>,
) -> Result<(), BookError> {
    // It may be another one by now, with other questions, or withdrawn.
    let stored = work.links().get(link.id).await?;
    if stored.is_none_or(|stored| stored.version != link.version) {
        return Err(StorageError::Conflict.into());
    }
    let ended = link.ended(now);
    if ended.is_none() && work.links().use_once(link.id).await? {
        return Ok(());
    }
    let workspace = work.directory().workspace(event_type.workspace).await?;
    let workspace = workspace.ok_or(BookError::NotFound)?;
    Err(BookError::LinkEnded(Box::new(EndedLink {
        end: ended.unwrap_or(LinkEnd::UsedUp),
        workspace,
        event_type: event_type.clone(),
    })))
}

/// What is asked of the engine for a command.
pub(super) fn question<'a>(
    actor: &Actor,
    command: &BookSlot,
    event_type: &'a EventType,
    now: DateTime<Utc>,
) -> Result<Question<'a>, BookError> {
    let question = Question::new(event_type, command.duration, now);
    let question = question.ok_or(BookError::NoSuchDuration)?;
    Ok(asked_by(question, *actor != Actor::Invitee))
}

/// Who holds a slot is judged by the notice of when he took it, and his own hold does not stand in the way.
pub(super) fn judged_by_the_hold<'a>(
    mut question: Question<'a>,
    hold: Option<&'a Hold>,
    now: DateTime<Utc>,
) -> Question<'a> {
    if let Some(hold) = hold {
        question.now = hold.judged_at(now);
        question = question.at_clock(now).with_apart(Apart {
            hold: Some(hold),
            ..Apart::default()
        });
    }
    question
}

/// Until when a request waits for an answer.
pub(super) fn answer_until(
    approval: Approval,
    start: DateTime<Utc>,
    now: DateTime<Utc>,
) -> DateTime<Utc> {
    let until = now.checked_add_signed(approval.answer_within.delta());
    until.map_or(start, |until| until.min(start))
}

/// The secret of a host's own link.
pub(super) fn host_secret(ports: &SchedulingBuilder) -> ManageSecret {
    let token = HostToken::generate(&*ports.secrets);
    ManageSecret {
        hash: token.hash(),
        sealed: ports.sealer.seal(token.as_bytes()),
    }
}
