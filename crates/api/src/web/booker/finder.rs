//! Where the calendar's times come from: what a link offers, or what a booking can be moved to.

use chrono::{DateTime, Utc};
use scheduling_app::Scheduling;
use scheduling_app::availability::{EventTypePage, FindSlots, FoundSlots};
use scheduling_app::bookings::{BookingAccess, BookingDetails, ChangeError, RescheduleError};
use scheduling_core::time::Length;

use super::slug;
use crate::web::PageError;
use crate::web::calendar::Offer;

/// What is asked for times.
pub(in crate::web) enum Finder<'a> {
    /// A link.
    Link {
        app: &'a Scheduling,
        page: &'a EventTypePage,
        /// The reader's own hold: its slot stays offered to him.
        own_hold: Option<[u8; 32]>,
    },
    /// A booking that is moved. Its own time is no move.
    Move {
        app: &'a Scheduling,
        access: &'a BookingAccess,
        details: &'a BookingDetails,
    },
}

/// The times that were found.
pub(in crate::web) struct Found {
    pub offers: Vec<Offer>,
    /// When there are none: the first one afterwards.
    pub next_available: Option<DateTime<Utc>>,
}

impl Finder<'_> {
    /// The starts that are offered between two instants.
    pub(in crate::web) async fn between(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        length: Length,
    ) -> Result<Found, PageError> {
        match self {
            Self::Link {
                app,
                page,
                own_hold,
            } => {
                let (workspace, slug) = (page.workspace.slug.clone(), slug(page).clone());
                let query = FindSlots {
                    duration: Some(length),
                    own_hold: *own_hold,
                    ..FindSlots::new(workspace, slug, from, to)
                };
                let found = app.find_slots(&query).await?;
                Ok(Found::of(&found))
            }
            Self::Move {
                app,
                access,
                details,
            } => {
                let present = details.booking.interval;
                let is_as_long = present.length() == length.delta();
                // A length that the event type does not offer any more is kept by not naming it.
                let duration = (!is_as_long).then_some(length);
                let found = app.find_slots_for_move(access, from, to, duration).await?;
                let mut found = Found::of(&found.found);
                if is_as_long {
                    found.offers.retain(|offer| offer.start != present.start());
                }
                Ok(found)
            }
        }
    }

    /// Whether a start is offered.
    pub(in crate::web) async fn offers(
        &self,
        start: DateTime<Utc>,
        length: Length,
    ) -> Result<bool, PageError> {
        let until = start.checked_add_signed(chrono::TimeDelta::minutes(1));
        let until = until.ok_or(PageError::Malformed)?;
        let found = self.between(start, until, length).await?;
        Ok(found.offers.iter().any(|offer| offer.start == start))
    }
}

impl Found {
    fn of(found: &FoundSlots) -> Self {
        let offers = found.slots.iter().map(|slot| Offer {
            start: slot.start,
            seats_left: slot.seats_left,
        });
        Self {
            offers: offers.collect(),
            next_available: found.next_available,
        }
    }
}

impl From<RescheduleError> for PageError {
    fn from(error: RescheduleError) -> Self {
        match error {
            RescheduleError::Change(ChangeError::NotFound) => Self::NOT_FOUND,
            RescheduleError::Change(ChangeError::Over) => Self::Over,
            RescheduleError::Change(ChangeError::Storage(error)) => error.into(),
            // What the reader may do was looked up first. It changed in this very moment: the page says how.
            RescheduleError::Change(_) => Self::Malformed,
            RescheduleError::NoSuchDuration
            | RescheduleError::Unavailable { .. }
            | RescheduleError::HoldExpired
            | RescheduleError::HoldElsewhere
            | RescheduleError::Range(_) => Self::Internal(error.into()),
        }
    }
}
