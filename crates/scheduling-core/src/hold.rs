//! Holds: a slot kept for somebody who is filling in the form.

use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;

use crate::event_type::Buffers;
use crate::ids::{EventTypeId, HoldId, SessionId, UserId, WorkspaceId};
use crate::time::Interval;

/// A host's part in a hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoldHost {
    /// Who.
    pub user: UserId,
    /// The group session in which it holds a seat, for event types with more than one seat.
    pub session: Option<SessionId>,
}

/// Why a hold was not renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RenewError {
    /// Its time has passed.
    #[error("the hold has expired")]
    Expired,
    /// It was renewed before.
    #[error("the hold was renewed before")]
    Renewed,
}

/// A slot that is kept for somebody for some minutes. It takes its hosts' time as a booking does, until it expires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Its id.
    pub id: HoldId,
    /// SHA-256 of the token by which its holder names it.
    pub token_hash: [u8; 32],
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The event type.
    pub event_type: EventTypeId,
    /// The meeting that is held.
    pub interval: Interval,
    /// The buffers it takes.
    pub buffers: Buffers,
    /// Who would host, in roster order.
    pub hosts: Vec<HoldHost>,
    /// When it ends by itself.
    pub expires_at: DateTime<Utc>,
    /// Whether it was renewed. It can be once.
    pub renewed: bool,
    /// When it was made. The booking that consumes it is judged by the notice of this instant.
    pub created_at: DateTime<Utc>,
}

impl Hold {
    /// How long a hold lasts, from when it is made or renewed.
    pub const LASTS: TimeDelta = TimeDelta::minutes(5);

    /// Whether its time has passed.
    pub fn has_expired(&self, now: DateTime<Utc>) -> bool {
        self.expires_at <= now
    }

    /// The instant by which the notice and the window of whoever uses it are judged: when it was made. A meeting that has
    /// begun meanwhile is judged by now, and comes too late.
    pub fn judged_at(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        if self.interval.start() < now {
            now
        } else {
            self.created_at
        }
    }

    /// Lets it last another five minutes from now.
    ///
    /// # Errors
    /// [`RenewError`].
    pub fn renew(mut self, now: DateTime<Utc>) -> Result<Self, RenewError> {
        if self.has_expired(now) {
            return Err(RenewError::Expired);
        }
        if self.renewed {
            return Err(RenewError::Renewed);
        }
        self.renewed = true;
        self.expires_at = now + Self::LASTS;
        Ok(self)
    }

    /// What it takes from its hosts: the meeting and its buffers.
    pub fn reservation(&self) -> Interval {
        self.interval.widen(self.buffers.before, self.buffers.after)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        let start: DateTime<Utc> = "2026-11-24T09:00:00Z".parse().unwrap();
        start + TimeDelta::minutes(minutes)
    }

    fn hold() -> Hold {
        let id = Uuid::from_u128(1);
        Hold {
            id: HoldId::from_uuid(id),
            token_hash: [0; 32],
            workspace: WorkspaceId::from_uuid(id),
            event_type: EventTypeId::from_uuid(id),
            interval: Interval::new(at(600), at(630)).unwrap(),
            buffers: Buffers::default(),
            hosts: Vec::new(),
            expires_at: at(0) + Hold::LASTS,
            renewed: false,
            created_at: at(0),
        }
    }

    #[test]
    fn a_hold_lasts_five_minutes_and_is_renewed_once() {
        assert!(!hold().has_expired(at(4)));
        assert!(hold().has_expired(at(5)));
        let renewed = hold().renew(at(4)).unwrap();
        assert_eq!(renewed.expires_at, at(9));
        assert_eq!(renewed.renew(at(8)), Err(RenewError::Renewed));
        assert_eq!(hold().renew(at(5)), Err(RenewError::Expired));
    }
}
