//! How somebody comes to a booking, and as whom.

use chrono::{DateTime, Utc};
use scheduling_core::booking::{Booking, Doer, Party};
use scheduling_core::ids::BookingId;
use scheduling_core::ports::{StorageError, UnitOfWork};

use crate::actor::Actor;
use crate::{HostToken, ManageToken};

/// How somebody comes to a booking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BookingAccess {
    /// By the manage link, as its invitee.
    Invitee(ManageToken),
    /// By a host's own link from his mail, as that host, without signing in.
    Host(HostToken),
    /// By its id, as somebody who is signed in.
    Member {
        /// Who.
        actor: Actor,
        /// Which booking.
        booking: BookingId,
    },
}

/// Who came to a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Visitor {
    /// On which side he stands.
    pub(super) party: Party,
    /// How the history names him.
    pub(super) doer: Doer,
    /// Whether a link let him in, and nothing else.
    by_link: bool,
}

impl Visitor {
    /// Whether his link opens nothing any more: the booking is over.
    pub(super) fn is_too_late(&self, booking: &Booking, now: DateTime<Utc>) -> bool {
        self.by_link && booking.is_over(now)
    }
}

impl BookingAccess {
    /// On which side he stands who comes like this.
    pub(super) fn party(&self) -> Party {
        match self {
            Self::Invitee(_) => Party::Invitee,
            Self::Host(_) => Party::Host,
            Self::Member { actor, .. } => actor.party(),
        }
    }

    /// The booking, and who came to it; `None` when it is not there or none of his business, which nobody can tell apart.
    pub(super) async fn open(
        &self,
        work: &mut dyn UnitOfWork,
    ) -> Result<Option<(Booking, Visitor)>, StorageError> {
        match self {
            Self::Invitee(token) => {
                let found = work.bookings().by_manage_token(&token.hash()).await?;
                Ok(found.map(|booking| {
                    let visitor = Visitor {
                        party: Party::Invitee,
                        doer: Doer::Invitee,
                        by_link: true,
                    };
                    (booking, visitor)
                }))
            }
            Self::Host(token) => {
                let found = work.bookings().by_host_token(&token.hash()).await?;
                Ok(found.map(|(booking, host)| {
                    let visitor = Visitor {
                        party: Party::Host,
                        doer: Doer::Member(host),
                        by_link: true,
                    };
                    (booking, visitor)
                }))
            }
            Self::Member { actor, booking } => {
                let found = work.bookings().get(*booking).await?;
                let found = found.filter(|booking| actor.may_act_on(booking));
                Ok(found.map(|booking| {
                    let visitor = Visitor {
                        party: actor.party(),
                        doer: actor.doer(),
                        by_link: false,
                    };
                    (booking, visitor)
                }))
            }
        }
    }
}
