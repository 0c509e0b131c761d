//! By which rules a booking moves: who may, to what, and whether it must be approved anew.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use scheduling_core::booking::{Booking, BookingState, Party, PendingReason};
use scheduling_core::event_type::{EventType, SlotRules, SlotSteps};
use scheduling_core::ports::UnitOfWork;
use scheduling_core::text::Note;
use scheduling_core::time::Length;

use super::access::{BookingAccess, Visitor};
use super::change::{ChangeError, Under};
use super::get::dangling;
use super::making::answer_until;
use super::offer::for_hosts;
use super::policy::Permission;
use super::reschedule::RescheduleError;
use crate::availability::Question;

/// The booking that is to move, its event type, and who came.
pub(super) async fn open_to_move(
    work: &mut dyn UnitOfWork,
    access: &BookingAccess,
    now: DateTime<Utc>,
) -> Result<(Booking, EventType, Visitor), RescheduleError> {
    let found = access.open(work).await?;
    let (booking, visitor) = found.ok_or(ChangeError::NotFound)?;
    if visitor.is_too_late(&booking, now) {
        return Err(ChangeError::Over.into());
    }
    let event_type = work.event_types().get(booking.event_type).await?;
    let event_type = event_type.ok_or_else(|| dangling(&booking, "event_type_id"))?;
    Ok((booking, event_type, visitor))
}

/// Refuses a move that the booking's state or the event type's policy does not allow.
pub(super) fn may_move(
    booking: &Booking,
    event_type: &EventType,
    visitor: &Visitor,
    reason: Option<&Note>,
    now: DateTime<Utc>,
) -> Result<(), ChangeError> {
    is_movable(booking, visitor.party, now)?;
    Permission::by(event_type.policy.reschedule, booking, visitor.party, now).require(reason)
}

/// Refuses to move what is no longer ahead, and says what it is.
pub(super) fn is_movable(
    booking: &Booking,
    party: Party,
    now: DateTime<Utc>,
) -> Result<(), ChangeError> {
    let (interval, hosts) = (booking.interval, booking.hosts.clone());
    booking
        .clone()
        .reschedule(interval, hosts, party, None, now)?;
    Ok(())
}

/// The rules by which a booking moves: a duration that is asked for must be offered; the one it has it can keep.
pub(super) fn rules_of_move(
    booking: &Booking,
    event_type: &EventType,
    party: Party,
    duration: Option<Length>,
) -> Result<SlotRules, RescheduleError> {
    let present = length(booking);
    let wanted = duration.or(present);
    let rules = match (event_type.rules_for(wanted), wanted) {
        (Some(rules), _) => rules.into_owned(),
        (None, Some(kept)) if Some(kept) == present => with_duration(event_type, kept),
        (None, _) => return Err(RescheduleError::NoSuchDuration),
    };
    Ok(match party {
        Party::Invitee => rules,
        Party::Host | Party::System => for_hosts(&rules),
    })
}

/// How long a booking lasts.
fn length(booking: &Booking) -> Option<Length> {
    let minutes = u32::try_from(booking.interval.length().num_minutes()).ok()?;
    Length::new(minutes).ok()
}

/// The rules for a duration that the event type does not offer any more.
fn with_duration(event_type: &EventType, duration: Length) -> SlotRules {
    let slot_interval = match event_type.durations.steps {
        SlotSteps::Interval => event_type.rules.slot_interval,
        SlotSteps::Duration => duration,
    };
    SlotRules {
        duration,
        slot_interval,
        ..event_type.rules.clone()
    }
}

/// What is asked of the engine for a move.
pub(super) fn question(
    event_type: &EventType,
    rules: SlotRules,
    now: DateTime<Utc>,
) -> Question<'_> {
    // Asking for the default duration always makes sense; the rules then say which one is meant.
    Question::new(event_type, None, now)
        .expect("an event type offers its default duration")
        .with_rules(rules)
}

/// Lets a booking that its invitee moved wait for an approval, where the event type wants one; and gives a request that
/// waits already a new deadline.
pub(super) fn wait_for_approval(
    booking: Booking,
    under: &Under<'_>,
    now: DateTime<Utc>,
) -> Result<Booking, ChangeError> {
    let start = booking.interval.start();
    let approval = under.event_type.policy.approval;
    let by_invitee = under.visitor.party == Party::Invitee;
    let (waiting_for, until) = match &booking.state {
        BookingState::Pending {
            waiting_for,
            expires_at,
        } => {
            let until = match approval {
                Some(approval) => Some(answer_until(approval, start, now)),
                None => expires_at.map(|until| until.min(start)),
            };
            (waiting_for.clone(), until)
        }
        BookingState::Confirmed { .. } if by_invitee => match approval {
            Some(approval) => {
                let until = answer_until(approval, start, now);
                (BTreeSet::from([PendingReason::Approval]), Some(until))
            }
            None => return Ok(booking),
        },
        _ => return Ok(booking),
    };
    Ok(booking.wait_again(waiting_for, until, now)?)
}
