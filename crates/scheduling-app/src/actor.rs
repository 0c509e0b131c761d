//! Who acts. The caller vouches for it: passwords, sessions and tokens are nobody's business here.

use scheduling_core::booking::{Booking, Doer, Party};
use scheduling_core::directory::Role;
use scheduling_core::event_type::EventType;
use scheduling_core::ids::{UserId, WorkspaceId};

/// Who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// Somebody from outside: whoever has a link.
    Invitee,
    /// A member of a workspace, who is signed in or has a token.
    Member {
        /// The workspace in which he acts.
        workspace: WorkspaceId,
        /// Who.
        user: UserId,
        /// What he may do there.
        role: Role,
    },
    /// Kalends itself, or who runs the server.
    System,
}

impl Actor {
    /// Whether he may see a booking and act on it without a link: he hosts it, or manages its workspace.
    ///
    /// A person who hosts in several workspaces acts in each as its member: bookings of another one are foreign.
    pub fn may_act_on(&self, booking: &Booking) -> bool {
        match self {
            Self::Invitee => false,
            Self::Member {
                workspace,
                user,
                role,
            } => {
                *workspace == booking.workspace && (role.manages() || booking.host(*user).is_some())
            }
            Self::System => true,
        }
    }

    /// Whether he may book an event type for somebody: he hosts it, or manages its workspace.
    pub fn may_book_for_others(&self, event_type: &EventType) -> bool {
        match self {
            Self::Invitee => false,
            Self::Member {
                workspace,
                user,
                role,
            } => {
                *workspace == event_type.workspace
                    && (role.manages() || event_type.hosting.roster().any(|host| host == *user))
            }
            Self::System => true,
        }
    }

    /// On which side of a meeting he stands.
    pub const fn party(&self) -> Party {
        match self {
            Self::Invitee => Party::Invitee,
            Self::Member { .. } => Party::Host,
            Self::System => Party::System,
        }
    }

    /// How a booking's history names him.
    pub const fn doer(&self) -> Doer {
        match self {
            Self::Invitee => Doer::Invitee,
            Self::Member { user, .. } => Doer::Member(*user),
            Self::System => Doer::System,
        }
    }
}

#[cfg(test)]
mod tests {
    use scheduling_core::event_type::Hosting;
    use scheduling_testkit::SequenceIds;
    use scheduling_testkit::builders::{self, instant};

    use super::*;

    #[test]
    fn a_member_acts_on_what_he_hosts_and_who_manages_on_everything_of_the_workspace() {
        let ids = SequenceIds::new();
        let firm = builders::workspace(&ids, "firm").id;
        let elsewhere = builders::workspace(&ids, "elsewhere").id;
        let (ann, bob) = (UserId::generate(&ids), UserId::generate(&ids));
        let event_type = builders::event_type(&ids, firm, "intro", 30, Hosting::single(ann));
        let start = instant("2026-11-24T09:00:00Z");
        let booking = builders::booking(&ids, &event_type, &[ann], start);
        let member = |workspace, user, role| Actor::Member {
            workspace,
            user,
            role,
        };
        for (actor, may) in [
            (member(firm, ann, Role::Member), true),
            (member(firm, bob, Role::Member), false),
            (member(firm, bob, Role::Admin), true),
            (member(firm, bob, Role::Owner), true),
            (member(elsewhere, ann, Role::Member), false),
            (member(elsewhere, ann, Role::Owner), false),
            (Actor::Invitee, false),
            (Actor::System, true),
        ] {
            assert_eq!(actor.may_act_on(&booking), may, "{actor:?}");
            assert_eq!(actor.may_book_for_others(&event_type), may, "{actor:?}");
        }
    }
}
