//! Where can a booking be moved to?

use chrono::{DateTime, Utc};
use scheduling_core::booking::Booking;
use scheduling_core::time::Length;

use super::access::BookingAccess;
use super::move_rules::{is_movable, open_to_move, question, rules_of_move};
use super::policy::Permission;
use super::reschedule::RescheduleError;
use super::{ChangeError, get::dangling};
use crate::Scheduling;
use crate::availability::{Apart, FoundSlots, offered};

/// The starts to which a booking can be moved.
#[derive(Debug, Clone)]
pub struct SlotsForMove {
    /// The booking.
    pub booking: Booking,
    /// The starts. The booking's own one is among them where it is on the grid: its own time does not stand in the way.
    pub found: FoundSlots,
}

impl Scheduling {
    /// Finds the starts to which somebody can move a booking: by the rules of the page for its invitee, whatever minimum
    /// notice and booking window for a host. The event type may be inactive meanwhile.
    ///
    /// # Errors
    /// [`RescheduleError`]; also where the booking cannot be moved at all, by its state or the event type's policy.
    pub async fn find_slots_for_move(
        &self,
        access: &BookingAccess,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        duration: Option<Length>,
    ) -> Result<SlotsForMove, RescheduleError> {
        let mut work = self.ports().storage.begin_read().await?;
        let now = self.ports().clock.now();
        let (booking, event_type, visitor) = open_to_move(&mut *work, access, now).await?;
        is_movable(&booking, visitor.party, now)?;
        match Permission::by(event_type.policy.reschedule, &booking, visitor.party, now) {
            // Reasons are asked for when it moves.
            Permission::Granted { .. } | Permission::Finished => {}
            Permission::CutoffPassed { until } => {
                return Err(ChangeError::CutoffPassed { until }.into());
            }
            Permission::NotAllowed => return Err(ChangeError::NotAllowed.into()),
        }
        let workspace = work.directory().workspace(booking.workspace).await?;
        let workspace = workspace.ok_or_else(|| dangling(&booking, "workspace_id"))?;
        let rules = rules_of_move(&booking, &event_type, visitor.party, duration)?;
        let duration = rules.duration;
        let apart = Apart {
            moving: Some(&booking),
            hold: None,
        };
        let question = question(&event_type, rules, now).with_apart(apart);
        let offered = offered(&mut *work, &question, from, to).await?;
        Ok(SlotsForMove {
            found: FoundSlots {
                workspace,
                event_type: event_type.clone(),
                link: None,
                duration,
                roster: offered.roster,
                slots: offered.slots,
                next_available: offered.next_available,
            },
            booking,
        })
    }
}

#[cfg(test)]
mod tests;
