//! Who decides about a booking: approval, and who may cancel or move it until when.

use crate::booking::Party;
use crate::time::{Length, Minutes};

/// Whether a reason is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum ReasonPolicy {
    /// It must be given.
    Required,
    /// It can be given.
    #[default]
    Optional,
    /// It is not asked for; one that is given all the same is kept.
    Hidden,
}

/// What one side may do to a booking that is still ahead: cancel it, or move it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default)
)]
pub struct ChangeRule {
    /// Whether the invitee may. Hosts always may.
    pub invitee_may: bool,
    /// How long before the start the invitee may at the latest.
    pub notice: Minutes,
    /// Whether the invitee is asked why.
    pub invitee_reason: ReasonPolicy,
    /// Whether a host is asked why.
    pub host_reason: ReasonPolicy,
}

impl Default for ChangeRule {
    /// The invitee may until the start; reasons are optional.
    fn default() -> Self {
        Self {
            invitee_may: true,
            notice: Minutes(0),
            invitee_reason: ReasonPolicy::Optional,
            host_reason: ReasonPolicy::Optional,
        }
    }
}

impl ChangeRule {
    /// Whether a side is asked why.
    pub fn reason(&self, by: Party) -> ReasonPolicy {
        match by {
            Party::Invitee => self.invitee_reason,
            Party::Host => self.host_reason,
            Party::System => ReasonPolicy::Hidden,
        }
    }
}

/// How a host's approval works, where one is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Approval {
    /// A request that nobody answers for so long expires; at its start it does in any case.
    pub answer_within: Length,
}

impl Default for Approval {
    /// Two days.
    fn default() -> Self {
        Self {
            answer_within: Length::new(2 * 24 * 60).unwrap_or_else(|_zero| unreachable!()),
        }
    }
}

/// Who decides about a booking.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default)
)]
pub struct BookingPolicy {
    /// Whether a booking waits for a host's approval.
    pub approval: Option<Approval>,
    /// Cancelling.
    pub cancel: ChangeRule,
    /// Moving to another time.
    pub reschedule: ChangeRule,
}
