//! Who may change a booking until when, and whether he is asked why.

use chrono::{DateTime, Utc};
use scheduling_core::booking::{Booking, BookingStatus, Party};
use scheduling_core::event_type::{ChangeRule, ReasonPolicy};
use scheduling_core::text::Note;

use super::ChangeError;

/// Whether somebody may cancel a booking, or move it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// He may.
    Granted {
        /// Whether he is asked why.
        reason: ReasonPolicy,
        /// Until when; hosts may until the meeting ends.
        until: DateTime<Utc>,
    },
    /// He could until an instant that has passed.
    CutoffPassed {
        /// Until when.
        until: DateTime<Utc>,
    },
    /// That is for hosts to do.
    NotAllowed,
    /// It is over, or was called off, declined or expired: nobody can.
    Finished,
}

impl Permission {
    /// What a rule allows one side of a booking, at an instant.
    pub(crate) fn by(
        rule: ChangeRule,
        booking: &Booking,
        party: Party,
        now: DateTime<Utc>,
    ) -> Self {
        let status = booking.state.status(booking.interval.end(), now);
        if !matches!(status, BookingStatus::Pending | BookingStatus::Confirmed) {
            return Self::Finished;
        }
        let reason = rule.reason(party);
        if party != Party::Invitee {
            let until = booking.interval.end();
            return Self::Granted { reason, until };
        }
        if !rule.invitee_may {
            return Self::NotAllowed;
        }
        let until = booking
            .interval
            .start()
            .checked_sub_signed(rule.notice.delta())
            .unwrap_or(DateTime::<Utc>::MIN_UTC);
        if now > until {
            Self::CutoffPassed { until }
        } else {
            Self::Granted { reason, until }
        }
    }

    /// Refuses what is not allowed. Whether the booking's state allows it, its transition says.
    pub(super) fn require(self, given: Option<&Note>) -> Result<(), ChangeError> {
        match self {
            Self::Granted { reason, .. } => require_reason(reason, given),
            Self::CutoffPassed { until } => Err(ChangeError::CutoffPassed { until }),
            Self::NotAllowed => Err(ChangeError::NotAllowed),
            Self::Finished => Ok(()),
        }
    }
}

/// Refuses a change without the reason that must be given.
pub(super) fn require_reason(
    policy: ReasonPolicy,
    given: Option<&Note>,
) -> Result<(), ChangeError> {
    if policy == ReasonPolicy::Required && given.is_none() {
        return Err(ChangeError::ReasonRequired);
    }
    Ok(())
}
