//! What the outside world is owed: the outbox's vocabulary, and when to try again.

use chrono::{DateTime, TimeDelta, Utc};

use crate::ids::{AttendeeId, BookingId, OutboxId, UserId};

/// Who is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "kind", content = "id", rename_all = "snake_case")
)]
pub enum Recipient {
    /// One of the booking's attendees.
    Attendee(AttendeeId),
    /// One of its hosts.
    Host(UserId),
}

/// What somebody is told about a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum NotificationKind {
    /// It is going to take place.
    Confirmed,
    /// It was called off.
    Cancelled,
}

/// One thing that must happen outside. Carries ids, not content: the worker reads the booking as it is then.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "effect", rename_all = "snake_case")
)]
pub enum Effect {
    /// Tell somebody. Skipped when the booking has moved on to a later sequence.
    Notify {
        /// About which booking.
        booking: BookingId,
        /// Whom.
        recipient: Recipient,
        /// What.
        about: NotificationKind,
        /// The booking's sequence when this was planned.
        sequence: u32,
    },
}

impl Effect {
    /// A short name for lists and logs.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Notify { .. } => "notify",
        }
    }
}

/// An effect on its way into the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedEffect {
    /// Its id: the mail's Message-ID is made of it, so that sending twice is one message.
    pub id: OutboxId,
    /// What is owed.
    pub effect: Effect,
    /// Unique among the rows that are ready, where given: later rows with the same key replace nothing and are dropped.
    pub dedupe_key: Option<String>,
    /// Not before.
    pub due_at: DateTime<Utc>,
    /// When it was planned.
    pub created_at: DateTime<Utc>,
}

/// An effect that a worker has taken for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeasedEffect {
    /// Its id.
    pub id: OutboxId,
    /// What is owed; the stored text and the parser's complaint when this build cannot read it.
    pub effect: Result<Effect, UnreadableEffect>,
    /// How many tries have begun, this one included.
    pub attempts: u32,
    /// When the lease ends.
    pub leased_until: DateTime<Utc>,
}

/// An outbox row that does not parse. It fails and is kept for a person to look at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the stored effect cannot be read: {reason}")]
pub struct UnreadableEffect {
    /// The parser's complaint.
    pub reason: String,
}

/// When an effect that failed is tried again. Pure: attempt in, delay out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// After this many tries an effect has failed for good.
    pub max_attempts: u32,
    /// The delay after the first try; it doubles with each further one.
    pub first_delay: TimeDelta,
    /// The longest delay.
    pub max_delay: TimeDelta,
}

impl Default for RetryPolicy {
    /// Ten tries, from 10 seconds to an hour apart.
    fn default() -> Self {
        Self {
            max_attempts: 10,
            first_delay: TimeDelta::seconds(10),
            max_delay: TimeDelta::hours(1),
        }
    }
}

impl RetryPolicy {
    /// How long to wait after the given number of tries; `None` when there have been enough.
    ///
    /// ```
    /// use chrono::TimeDelta;
    /// use scheduling_core::effect::RetryPolicy;
    ///
    /// let policy = RetryPolicy::default();
    /// assert_eq!(policy.delay_after(1), Some(TimeDelta::seconds(10)));
    /// assert_eq!(policy.delay_after(2), Some(TimeDelta::seconds(20)));
    /// assert_eq!(policy.delay_after(9), Some(TimeDelta::seconds(2560)));
    /// assert_eq!(policy.delay_after(10), None);
    /// ```
    pub fn delay_after(&self, attempts: u32) -> Option<TimeDelta> {
        if attempts >= self.max_attempts {
            return None;
        }
        let doublings = attempts.saturating_sub(1).min(30);
        let delay = self
            .first_delay
            .checked_mul(1 << doublings)
            .unwrap_or(self.max_delay);
        Some(delay.min(self.max_delay))
    }
}
