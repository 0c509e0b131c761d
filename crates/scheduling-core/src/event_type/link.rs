//! Further links to an event type: for one campaign, one person, one use.

use std::num::NonZeroU32;

use chrono::{DateTime, Utc};

use super::{EventType, Questions};
use crate::ids::{BookingLinkId, EventTypeId, WorkspaceId};
use crate::text::{Slug, Title, WebAddress};

/// Why a link does not lead to a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkEnd {
    /// Its time has passed, or somebody withdrew it.
    Expired,
    /// It was used as often as it can be.
    UsedUp,
}

/// A further link to an event type, beside the one that its own slug makes. It leads to the same slots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookingLink {
    /// Its id.
    pub id: BookingLinkId,
    /// The workspace.
    pub workspace: WorkspaceId,
    /// Where it leads.
    pub event_type: EventTypeId,
    /// Its part of the link. No event type and no other link of the workspace has it.
    pub slug: Slug,
    /// What its maker calls it; guests do not see it.
    pub name: Option<Title>,
    /// Questions in place of the event type's.
    pub questions: Option<Questions>,
    /// Where an invitee is sent afterwards, in place of the event type's address.
    pub redirect_url: Option<WebAddress>,
    /// It leads nowhere from then on.
    pub expires_at: Option<DateTime<Utc>>,
    /// How many bookings can be made with it.
    pub max_uses: Option<NonZeroU32>,
    /// How many were made. Cancelling does not give a use back.
    pub uses: u32,
    /// Whether somebody withdrew it.
    pub revoked: bool,
    /// Grows at every change but a use; an update names the version it read.
    pub version: u32,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

impl BookingLink {
    /// Why it leads nowhere at an instant, if it does not.
    pub fn ended(&self, now: DateTime<Utc>) -> Option<LinkEnd> {
        if self.max_uses.is_some_and(|most| self.uses >= most.get()) {
            Some(LinkEnd::UsedUp)
        } else if self.revoked || self.expires_at.is_some_and(|at| at <= now) {
            Some(LinkEnd::Expired)
        } else {
            None
        }
    }

    /// The event type as this link shows it: with the link's questions and address where it has its own.
    pub fn applied_to(&self, mut event_type: EventType) -> EventType {
        if let Some(questions) = &self.questions {
            event_type.form.questions = questions.clone();
        }
        if let Some(url) = &self.redirect_url {
            event_type.appearance.redirect_url = Some(url.clone());
        }
        event_type
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_link_ends_by_time_by_use_and_by_hand() {
        let now: DateTime<Utc> = "2026-11-24T09:00:00Z".parse().unwrap();
        let id = Uuid::from_u128(1);
        let link = BookingLink {
            id: BookingLinkId::from_uuid(id),
            workspace: WorkspaceId::from_uuid(id),
            event_type: EventTypeId::from_uuid(id),
            slug: "spring-fair".parse().unwrap(),
            name: None,
            questions: None,
            redirect_url: None,
            expires_at: None,
            max_uses: NonZeroU32::new(2),
            uses: 1,
            revoked: false,
            version: 1,
            created_at: now,
        };
        assert_eq!(link.ended(now), None);
        let with = |change: fn(&mut BookingLink, DateTime<Utc>)| {
            let mut link = link.clone();
            change(&mut link, now);
            link.ended(now)
        };
        assert_eq!(with(|l, _| l.uses = 2), Some(LinkEnd::UsedUp));
        assert_eq!(with(|l, _| l.revoked = true), Some(LinkEnd::Expired));
        assert_eq!(
            with(|l, now| l.expires_at = Some(now)),
            Some(LinkEnd::Expired)
        );
        assert_eq!(
            with(|l, now| l.expires_at = now.checked_add_signed(chrono::TimeDelta::seconds(1))),
            None
        );
    }
}
