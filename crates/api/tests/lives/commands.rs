//! The commands that a life is made of, and who gives them.

mod bookings;
mod choosing;
mod holds;
mod known;
mod looking;
mod management;
mod surroundings;

use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard};

pub(crate) use known::Known;

use known::lock;

use crate::dice::Dice;
use crate::world::World;

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
}
