//! The commands that a life is made of, and who gives them.

mod bookings;
mod holds;
mod looking;
mod management;
mod surroundings;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use scheduling_app::actor::Actor;
use scheduling_app::availability::{FindSlots, FoundSlots};
use scheduling_app::bookings::{Actions, BookSlot, BookingAccess};
use scheduling_app::{HoldToken, HostToken, ManageToken};
use scheduling_core::directory::Role;
use scheduling_core::ids::{BookingId, BookingLinkId, TimeOffId, WorkspaceId};
use scheduling_core::ports::Clock;
use scheduling_core::text::Slug;
use scheduling_core::time::Length;

use crate::dice::Dice;
use crate::world::{Event, World};

/// A kind of command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// An invitee books, perhaps with a hold, guests, or a further link.
    Book,
    /// An invitee books under an idempotency key, perhaps again.
    BookUnderKey,
    /// A member books for somebody.
    BookFor,
    /// Somebody has a slot kept.
    Hold,
    /// A hold is renewed.
    RenewHold,
    /// A hold is given back.
    ReleaseHold,
    /// A booking is moved, perhaps to a slot that is held.
    Move,
    /// A booking is cancelled.
    Cancel,
    /// A request is approved.
    Approve,
    /// A request is declined.
    Decline,
    /// A request is asked to expire, whether or not its time is up.
    Expire,
    /// A meeting took place.
    Complete,
    /// The invitee did not come.
    NoShow,
    /// An event type gets a further link.
    AddLink,
    /// A further link is withdrawn, or leads somewhere again.
    ChangeLink,
    /// Time off is entered.
    AddTimeOff,
    /// Time off is removed.
    RemoveTimeOff,
    /// An event type gets other rules or hosts.
    ChangeEventType,
    /// Somebody looks at a booking.
    Look,
    /// Somebody looks for slots.
    FindSlots,
    /// A member lists bookings.
    List,
    /// Time passes.
    LetTimePass,
    /// The mail server will not answer the next time.
    MailStumbles,
    /// A worker does what is due and sweeps holds.
    Work,
}

/// What people do, with how often.
pub(crate) const PEOPLE: [(Kind, u32); 21] = [
    (Kind::Book, 20),
    (Kind::BookUnderKey, 5),
    (Kind::BookFor, 5),
    (Kind::Hold, 8),
    (Kind::RenewHold, 2),
    (Kind::ReleaseHold, 2),
    (Kind::Move, 16),
    (Kind::Cancel, 5),
    (Kind::Approve, 7),
    (Kind::Decline, 3),
    (Kind::Expire, 2),
    (Kind::Complete, 4),
    (Kind::NoShow, 4),
    (Kind::AddLink, 2),
    (Kind::ChangeLink, 2),
    (Kind::AddTimeOff, 2),
    (Kind::RemoveTimeOff, 2),
    (Kind::ChangeEventType, 3),
    (Kind::Look, 3),
    (Kind::FindSlots, 2),
    (Kind::List, 3),
];

/// What happens around them, with how often.
pub(crate) const SURROUNDINGS: [(Kind, u32); 3] = [
    (Kind::LetTimePass, 8),
    (Kind::MailStumbles, 2),
    (Kind::Work, 5),
];

/// What became of a command.
pub(crate) struct Answer {
    /// The command.
    pub(crate) kind: Kind,
    /// Whether it did what it was to do.
    pub(crate) done: bool,
    /// Everything that was answered, as `Debug` has it.
    pub(crate) text: String,
}

/// A slot that was held.
#[derive(Clone)]
struct KnownHold {
    workspace: Slug,
    event_type: Slug,
    start: DateTime<Utc>,
    duration: Option<Length>,
    token: HoldToken,
}

/// A booking that was made, with the links to it that were ever sent.
struct KnownBooking {
    id: BookingId,
    manage: ManageToken,
    hosts: Vec<HostToken>,
}

/// A further link that was made.
struct KnownLink {
    id: BookingLinkId,
    workspace: WorkspaceId,
    workspace_slug: &'static str,
    slug: Slug,
}

/// What those who live know: what was made so far, by any of them.
#[derive(Default)]
pub(crate) struct Known {
    bookings: Vec<KnownBooking>,
    holds: Vec<KnownHold>,
    links: Vec<KnownLink>,
    time_off: Vec<(WorkspaceId, TimeOffId)>,
    keyed: BTreeMap<u32, BookSlot>,
    made_under_keys: Vec<(u32, BookingId, bool)>,
}

impl Known {
    /// The bookings that were answered under each idempotency key, each with whether it was a replay.
    pub(crate) fn made_under_keys(&self) -> &[(u32, BookingId, bool)] {
        &self.made_under_keys
    }
}

/// Somebody who gives one command after the other, as the dice fall.
pub(crate) struct Life {
    world: Arc<World>,
    known: Arc<Mutex<Known>>,
    dice: Dice,
    kinds: Vec<Kind>,
    answers: Vec<Answer>,
}

impl Life {
    /// A life of these kinds of commands, in a world where others may live who know the same.
    pub(crate) fn new(
        world: &Arc<World>,
        known: &Arc<Mutex<Known>>,
        seed: u64,
        kinds: &[(Kind, u32)],
    ) -> Self {
        let times = |(kind, often): &(Kind, u32)| (0..*often).map(|_| *kind).collect::<Vec<_>>();
        Self {
            world: Arc::clone(world),
            known: Arc::clone(known),
            dice: Dice::new(seed),
            kinds: kinds.iter().flat_map(times).collect(),
            answers: Vec::new(),
        }
    }

    /// Gives so many commands and tells what was answered.
    pub(crate) async fn live(mut self, commands: u32) -> Vec<Answer> {
        for _ in 0..commands {
            let kind = *self.dice.pick(&self.kinds);
            self.command(kind).await;
        }
        self.answers
    }

    async fn command(&mut self, kind: Kind) {
        match kind {
            Kind::Book => self.book().await,
            Kind::BookUnderKey => self.book_under_key().await,
            Kind::BookFor => self.book_for().await,
            Kind::Hold => self.hold().await,
            Kind::RenewHold => self.renew_hold().await,
            Kind::ReleaseHold => self.release_hold().await,
            Kind::Move => self.reschedule().await,
            Kind::Cancel => self.cancel().await,
            Kind::Approve => self.approve().await,
            Kind::Decline => self.decline().await,
            Kind::Expire => self.expire().await,
            Kind::Complete | Kind::NoShow => self.mark(kind).await,
            Kind::AddLink => self.add_link().await,
            Kind::ChangeLink => self.change_link().await,
            Kind::AddTimeOff => self.add_time_off().await,
            Kind::RemoveTimeOff => self.remove_time_off().await,
            Kind::ChangeEventType => self.change_event_type().await,
            Kind::Look => self.look().await,
            Kind::FindSlots => self.find_slots().await,
            Kind::List => self.list().await,
            Kind::LetTimePass => self.let_time_pass(),
            Kind::MailStumbles => self.mail_stumbles(),
            Kind::Work => self.work().await,
        }
    }

    /// Writes an answer down.
    fn note<T: Debug, E: Debug>(&mut self, kind: Kind, answer: &Result<T, E>) {
        self.answers.push(Answer {
            kind,
            done: answer.is_ok(),
            text: format!("{answer:?}"),
        });
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        lock(&self.known)
    }

    /// Something to book.
    fn event(&mut self) -> Event {
        *self.dice.pick(&self.world.events)
    }

    /// A quarter of an hour in the next five hours, or in the last.
    fn start(&mut self) -> DateTime<Utc> {
        let now = self.world.clock.now();
        let quarter = now.duration_trunc(TimeDelta::minutes(15)).unwrap();
        quarter + TimeDelta::minutes(15 * (i64::from(self.dice.roll(24)) - 4))
    }

    /// Mostly a start that is offered in the next five hours, as people see it; else any.
    async fn likely_start(&mut self, workspace: &Slug, slug: &Slug) -> DateTime<Utc> {
        if self.dice.one_in(3) {
            return self.start();
        }
        let from = self.world.clock.now();
        let to = from + TimeDelta::hours(5);
        let query = FindSlots::new(workspace.clone(), slug.clone(), from, to);
        let found = self.world.scheduling.find_slots(&query).await;
        self.offered_start(found.ok())
    }

    /// The same for a booking that is to be moved.
    async fn likely_start_for_move(&mut self, access: &BookingAccess) -> DateTime<Utc> {
        if self.dice.one_in(3) {
            return self.start();
        }
        let from = self.world.clock.now();
        let to = from + TimeDelta::hours(5);
        let scheduling = &self.world.scheduling;
        let slots = scheduling.find_slots_for_move(access, from, to, None);
        let found = slots.await.ok().map(|slots| slots.found);
        self.offered_start(found)
    }

    fn offered_start(&mut self, found: Option<FoundSlots>) -> DateTime<Utc> {
        let offered: Vec<DateTime<Utc>> = found
            .iter()
            .flat_map(|found| found.slots.iter())
            .map(|slot| slot.start)
            .collect();
        match self.dice.place(&offered) {
            Some(place) => offered[place],
            None => self.start(),
        }
    }

    /// Somebody who hosts, signed in with any role.
    fn member(&mut self, workspace: WorkspaceId) -> Actor {
        Actor::Member {
            workspace,
            user: self.dice.pick(&self.world.hosts).id,
            role: *self.dice.pick(&[Role::Member, Role::Admin, Role::Owner]),
        }
    }

    /// One of the bookings, with the manage link and a host's link to it.
    fn booking(&mut self) -> Option<(BookingId, ManageToken, HostToken)> {
        let known = lock(&self.known);
        let booking = &known.bookings[self.dice.place(&known.bookings)?];
        let host = self.dice.pick(&booking.hosts);
        Some((booking.id, booking.manage.clone(), host.clone()))
    }

    /// A way to one of the bookings: a link, an account of either workspace, or none.
    fn access(&mut self) -> Option<BookingAccess> {
        let (booking, manage, host) = self.booking()?;
        Some(match self.dice.roll(8) {
            0..=2 => BookingAccess::Invitee(manage),
            3 | 4 => BookingAccess::Host(host),
            5 | 6 => {
                let [firm, club] = self.world.workspaces;
                let workspace = if self.dice.one_in(4) { club } else { firm };
                let actor = self.member(workspace);
                BookingAccess::Member { actor, booking }
            }
            _ => BookingAccess::Member {
                actor: Actor::System,
                booking,
            },
        })
    }

    /// Mostly a way by which something may be done, as the booking's page has it; else any.
    async fn likely_access(&mut self, may: fn(&Actions) -> bool) -> Option<BookingAccess> {
        if !self.dice.one_in(4) {
            for _ in 0..6 {
                let access = self.access()?;
                let details = self.world.scheduling.booking(&access).await;
                if details.is_ok_and(|details| may(&details.actions)) {
                    return Some(access);
                }
            }
        }
        self.access()
    }

    /// Mostly no version; else one that may be right.
    fn expected(&mut self) -> Option<u32> {
        self.dice.one_in(6).then(|| 1 + self.dice.roll(3))
    }
}

fn lock(known: &Mutex<Known>) -> MutexGuard<'_, Known> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}
