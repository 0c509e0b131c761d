//! What the outside world is owed: the outbox's vocabulary, and when to try again.

use chrono::{DateTime, TimeDelta, Utc};

use crate::directory::Role;
use crate::ids::{AttendeeId, BookingId, OutboxId, UserId, WorkspaceId};
use crate::text::{EmailAddress, PersonName, Title};

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
    /// It was asked for, and waits for a host's approval.
    Requested,
    /// It is going to take place.
    Confirmed,
    /// It is going to take place: a host said yes.
    Approved,
    /// A host said no.
    Declined,
    /// It takes place at another time.
    Rescheduled,
    /// It takes place with somebody else: to the host who is free again.
    Released,
    /// It was called off.
    Cancelled,
    /// Nobody answered the request in time.
    Expired,
    /// It is near.
    Reminder,
    /// It took place.
    FollowUp,
}

impl NotificationKind {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Requested,
        Self::Confirmed,
        Self::Approved,
        Self::Declined,
        Self::Rescheduled,
        Self::Released,
        Self::Cancelled,
        Self::Expired,
        Self::Reminder,
        Self::FollowUp,
    ];

    /// The word for it on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Confirmed => "confirmed",
            Self::Approved => "approved",
            Self::Declined => "declined",
            Self::Rescheduled => "rescheduled",
            Self::Released => "released",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::Reminder => "reminder",
            Self::FollowUp => "follow_up",
        }
    }
}

/// What a person is told about an account.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "kind", rename_all = "snake_case")
)]
pub enum AccountNotice {
    /// Somebody invites the person to a workspace. The link accepts it.
    Invitation {
        /// The workspace's name.
        workspace: Title,
        /// Who invites.
        inviter: PersonName,
        /// What the person may do there.
        role: Role,
        /// When the invitation ends.
        expires_at: DateTime<Utc>,
    },
    /// Somebody asked for a new password. The link sets it.
    PasswordReset {
        /// When the link ends.
        expires_at: DateTime<Utc>,
    },
    /// The password was changed.
    PasswordChanged,
}

impl AccountNotice {
    /// Whether the link that it carries opens nothing any more.
    pub fn has_ended(&self, now: DateTime<Utc>) -> bool {
        match self {
            Self::Invitation { expires_at, .. } | Self::PasswordReset { expires_at } => {
                *expires_at <= now
            }
            Self::PasswordChanged => false,
        }
    }
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
    /// Tell somebody about an account. It carries everything, since the invitation or the reset may be gone by then.
    NotifyAccount {
        /// The person's name, where it is known.
        name: Option<PersonName>,
        /// Where the mail goes.
        email: EmailAddress,
        /// What about.
        about: AccountNotice,
        /// The secret that its link carries, sealed.
        sealed_token: Option<Vec<u8>>,
    },
    /// Let a request expire that nobody has answered. Skipped when it was answered, or its deadline has moved.
    ExpirePending {
        /// Which.
        booking: BookingId,
    },
}

impl Effect {
    /// A short name for lists and logs.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Notify { .. } => "notify",
            Self::NotifyAccount { .. } => "notify_account",
            Self::ExpirePending { .. } => "expire_pending",
        }
    }
}

/// An effect on its way into the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedEffect {
    /// Its id: the mail's Message-ID is made of it, so that sending twice is one message.
    pub id: OutboxId,
    /// Whose it is; what concerns an account alone is nobody's.
    pub workspace: Option<WorkspaceId>,
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
