//! Telling whoever watches what happens: for counters and their like.

use std::time::Duration;

use super::AttemptOutcome;

/// Hears of what the use cases and the worker do. Every method does nothing unless an adapter says otherwise.
///
/// Methods are called while somebody waits, so they return at once: they count, and neither fail nor block. What they are
/// told names nobody.
pub trait Observer: Send + Sync {
    /// A question for slots was answered.
    fn slots_answered(&self, from: AnswerSource) {
        let _ = from;
    }

    /// The slots of a question were computed, in so much time, reading included.
    fn slots_computed(&self, took: Duration) {
        let _ = took;
    }

    /// Somebody tried to book.
    fn booked(&self, outcome: BookingOutcome) {
        let _ = outcome;
    }

    /// Somebody tried to keep a slot.
    fn held(&self, outcome: BookingOutcome) {
        let _ = outcome;
    }

    /// Somebody tried to change a booking.
    fn changed(&self, change: ChangeKind, outcome: ChangeOutcome) {
        let _ = (change, outcome);
    }

    /// A change met another one and was undone; mostly it starts again.
    fn conflict(&self) {}

    /// An effect of the outbox was tried. `kind` is the effect's name, or `unreadable`.
    fn effect_done(&self, kind: &'static str, outcome: EffectOutcome, took: Duration) {
        let _ = (kind, outcome, took);
    }

    /// A message was handed to a transport, named as in the settings.
    fn delivery_tried(&self, transport: &str, outcome: &AttemptOutcome) {
        let _ = (transport, outcome);
    }
}

/// Watches nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoObserver;

impl Observer for NoObserver {}

/// Where an answer about slots came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AnswerSource {
    /// It was kept from an earlier question.
    Memory,
    /// It was computed.
    Computed,
}

impl AnswerSource {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Computed => "computed",
        }
    }
}

/// What became of somebody's wish for a slot: a booking or a hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BookingOutcome {
    /// It is theirs.
    Confirmed,
    /// It is theirs, if a host approves.
    Requested,
    /// An earlier command with the same idempotency key had made it.
    Replayed,
    /// Somebody else has the time.
    Taken,
    /// It is not offered, whoever booked or did not.
    NotOffered,
    /// The command was refused for another reason: its form, its link, its hold.
    Refused,
    /// The storage failed.
    Failed,
}

impl BookingOutcome {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Confirmed,
        Self::Requested,
        Self::Replayed,
        Self::Taken,
        Self::NotOffered,
        Self::Refused,
        Self::Failed,
    ];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Requested => "requested",
            Self::Replayed => "replayed",
            Self::Taken => "taken",
            Self::NotOffered => "not_offered",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// Which change of a booking was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeKind {
    /// To move it.
    Reschedule,
    /// To call it off.
    Cancel,
    /// To approve it.
    Approve,
    /// To decline it.
    Decline,
    /// To note that it took place.
    Complete,
    /// To note that the invitee did not come.
    NoShow,
}

impl ChangeKind {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reschedule => "reschedule",
            Self::Cancel => "cancel",
            Self::Approve => "approve",
            Self::Decline => "decline",
            Self::Complete => "complete",
            Self::NoShow => "no_show",
        }
    }
}

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeOutcome {
    /// It was made.
    Done,
    /// An earlier command with the same idempotency key had made it.
    Replayed,
    /// It was refused.
    Refused,
    /// The storage failed.
    Failed,
}

impl ChangeOutcome {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Replayed => "replayed",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// What became of a try to do an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EffectOutcome {
    /// It happened.
    Done,
    /// There was nothing to do any more.
    Skipped,
    /// It did not happen.
    Failed,
}

impl EffectOutcome {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
        }
    }
}
