//! What can happen to a booking. Each transition takes the booking and gives it back changed, with the event.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use thiserror::Error;

use super::{
    Attendee, Booking, BookingEvent, BookingHost, BookingState, BookingStatus, ManageSecret, Party,
    PendingReason,
};
use crate::assignment::RotationStep;
use crate::event_type::{Answer, Buffers, MeetingPlace};
use crate::ids::{BookingId, BookingLinkId, EventTypeId, UserId, WorkspaceId};
use crate::text::Note;
use crate::time::Interval;

/// A transition that a booking's state does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the booking is {from} and cannot become {to}")]
pub struct TransitionError {
    /// The state it is in.
    pub from: BookingStatus,
    /// The state that was asked for.
    pub to: BookingStatus,
}

/// Everything a new booking starts with.
#[derive(Debug, Clone)]
pub struct NewBooking {
    /// Its id.
    pub id: BookingId,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Its event type.
    pub event_type: EventTypeId,
    /// When the meeting is.
    pub interval: Interval,
    /// The event type's buffers.
    pub buffers: Buffers,
    /// Who hosts, in roster order.
    pub hosts: Vec<BookingHost>,
    /// Who booked.
    pub invitee: Attendee,
    /// Whom the invitee brings.
    pub guests: Vec<Attendee>,
    /// What the invitee wants to say.
    pub note: Option<Note>,
    /// What the invitee answered.
    pub answers: Vec<Answer>,
    /// Where the meeting takes place.
    pub place: MeetingPlace,
    /// The further link it was booked with.
    pub link: Option<BookingLinkId>,
    /// The rotation's record, when a rotation chose the host.
    pub rotation: Option<RotationStep<UserId>>,
    /// The manage link's secret.
    pub manage: ManageSecret,
}

impl NewBooking {
    fn into_booking(self, state: BookingState, now: DateTime<Utc>) -> Booking {
        let mut attendees = vec![self.invitee];
        attendees.extend(self.guests);
        Booking {
            id: self.id,
            workspace: self.workspace,
            event_type: self.event_type,
            interval: self.interval,
            buffers: self.buffers,
            hosts: self.hosts,
            attendees,
            note: self.note,
            answers: self.answers,
            place: self.place,
            link: self.link,
            state,
            sequence: 0,
            version: 1,
            rotation: self.rotation,
            manage: self.manage,
            created_at: now,
            updated_at: now,
        }
    }

    /// Books at once.
    pub fn confirmed(self, now: DateTime<Utc>) -> (Booking, BookingEvent) {
        let id = self.id;
        (
            self.into_booking(BookingState::Confirmed { confirmed_at: now }, now),
            BookingEvent::Confirmed(id),
        )
    }

    /// Takes the time, and waits. With nothing to wait for it is confirmed at once.
    pub fn requested(
        self,
        waiting_for: BTreeSet<PendingReason>,
        expires_at: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> (Booking, BookingEvent) {
        if waiting_for.is_empty() {
            return self.confirmed(now);
        }
        let id = self.id;
        (
            self.into_booking(
                BookingState::Pending {
                    waiting_for,
                    expires_at,
                },
                now,
            ),
            BookingEvent::Requested(id),
        )
    }
}

impl Booking {
    fn refuse(&self, to: BookingStatus, now: DateTime<Utc>) -> TransitionError {
        TransitionError {
            from: self.state.status(self.interval.end(), now),
            to,
        }
    }

    /// Whether it is still to take place, so that it can be called off or moved. One that waits always can.
    fn is_ahead(&self, now: DateTime<Utc>) -> bool {
        matches!(
            self.state.status(self.interval.end(), now),
            BookingStatus::Pending | BookingStatus::Confirmed
        )
    }

    fn moved_to(mut self, state: BookingState, now: DateTime<Utc>) -> Self {
        self.state = state;
        self.version = self.version.saturating_add(1);
        self.updated_at = now;
        self
    }

    /// Stops waiting for one thing; when it was the last, the booking is confirmed and the event says so.
    ///
    /// One that moved before raises its sequence: calendars were told that it is off, or know it at another time, and
    /// take it at its new one only under a higher sequence.
    ///
    /// # Errors
    /// [`TransitionError`] unless the booking is pending. A reason it does not wait for changes nothing.
    pub fn satisfy(
        self,
        reason: PendingReason,
        now: DateTime<Utc>,
    ) -> Result<(Self, Option<BookingEvent>), TransitionError> {
        let BookingState::Pending {
            waiting_for,
            expires_at,
        } = &self.state
        else {
            return Err(self.refuse(BookingStatus::Confirmed, now));
        };
        let mut waiting_for = waiting_for.clone();
        if !waiting_for.remove(&reason) {
            return Ok((self, None));
        }
        if !waiting_for.is_empty() {
            let state = BookingState::Pending {
                waiting_for,
                expires_at: *expires_at,
            };
            return Ok((self.moved_to(state, now), None));
        }
        let id = self.id;
        let mut booking = self.moved_to(BookingState::Confirmed { confirmed_at: now }, now);
        if booking.sequence > 0 {
            booking.sequence = booking.sequence.saturating_add(1);
        }
        Ok((booking, Some(BookingEvent::Approved(id))))
    }

    /// A host refuses a pending booking.
    ///
    /// # Errors
    /// [`TransitionError`] unless the booking is pending.
    pub fn decline(
        self,
        reason: Option<Note>,
        now: DateTime<Utc>,
    ) -> Result<(Self, BookingEvent), TransitionError> {
        if !matches!(self.state, BookingState::Pending { .. }) {
            return Err(self.refuse(BookingStatus::Declined, now));
        }
        let id = self.id;
        Ok((
            self.moved_to(
                BookingState::Declined {
                    declined_at: now,
                    reason,
                },
                now,
            ),
            BookingEvent::Declined(id),
        ))
    }

    /// Somebody calls it off. Raises the sequence, as iCalendar asks of a CANCEL.
    ///
    /// # Errors
    /// [`TransitionError`] unless the booking is pending, or confirmed with its end still to come.
    pub fn cancel(
        self,
        by: Party,
        reason: Option<Note>,
        now: DateTime<Utc>,
    ) -> Result<(Self, BookingEvent), TransitionError> {
        if !self.is_ahead(now) {
            return Err(self.refuse(BookingStatus::Cancelled, now));
        }
        let id = self.id;
        let mut booking = self.moved_to(
            BookingState::Cancelled {
                cancelled_at: now,
                by,
                reason: reason.clone(),
            },
            now,
        );
        booking.sequence = booking.sequence.saturating_add(1);
        Ok((
            booking,
            BookingEvent::Cancelled {
                booking: id,
                by,
                reason,
            },
        ))
    }

    /// Moves it to another time, with the hosts who take it then. Raises the sequence.
    ///
    /// # Errors
    /// [`TransitionError`] unless the booking is pending, or confirmed with its end still to come.
    pub fn reschedule(
        self,
        to: Interval,
        hosts: Vec<BookingHost>,
        by: Party,
        reason: Option<Note>,
        now: DateTime<Utc>,
    ) -> Result<(Self, BookingEvent), TransitionError> {
        if !self.is_ahead(now) {
            // Moving is no state of its own: what a finished booking cannot become again is confirmed.
            return Err(self.refuse(BookingStatus::Confirmed, now));
        }
        let (id, previous, state) = (self.id, self.interval, self.state.clone());
        let stays = |user| hosts.iter().any(|host| host.user == user);
        let before = self.hosts.iter().map(|host| host.user);
        let released = before.filter(|user| !stays(*user)).collect();
        let mut booking = self.moved_to(state, now);
        booking.interval = to;
        booking.hosts = hosts;
        booking.sequence = booking.sequence.saturating_add(1);
        Ok((
            booking,
            BookingEvent::Rescheduled {
                booking: id,
                previous,
                released,
                by,
                reason,
            },
        ))
    }

    /// Makes a booking that has just moved wait again, as for an approval that its new time needs.
    ///
    /// Part of the move: neither version nor sequence grow again. With nothing to wait for it stays as it is.
    ///
    /// # Errors
    /// [`TransitionError`] unless the booking is pending, or confirmed with its end still to come.
    pub fn wait_again(
        mut self,
        waiting_for: BTreeSet<PendingReason>,
        expires_at: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<Self, TransitionError> {
        if !self.is_ahead(now) {
            return Err(self.refuse(BookingStatus::Pending, now));
        }
        if !waiting_for.is_empty() {
            self.state = BookingState::Pending {
                waiting_for,
                expires_at,
            };
        }
        Ok(self)
    }

    /// Notes that the invitee did not come.
    ///
    /// # Errors
    /// [`TransitionError`] unless the booking is confirmed and has started, or was noted as completed.
    pub fn mark_no_show(self, now: DateTime<Utc>) -> Result<(Self, BookingEvent), TransitionError> {
        let can = match self.state {
            BookingState::Confirmed { .. } => now >= self.interval.start(),
            BookingState::Completed { .. } => true,
            _ => false,
        };
        if !can {
            return Err(self.refuse(BookingStatus::NoShow, now));
        }
        let id = self.id;
        Ok((
            self.moved_to(BookingState::NoShow { marked_at: now }, now),
            BookingEvent::NoShow(id),
        ))
    }

    /// Notes that the meeting took place.
    ///
    /// # Errors
    /// [`TransitionError`] unless the booking is confirmed and has started, or was noted as a no-show.
    pub fn mark_completed(
        self,
        now: DateTime<Utc>,
    ) -> Result<(Self, BookingEvent), TransitionError> {
        let can = match self.state {
            BookingState::Confirmed { .. } => now >= self.interval.start(),
            BookingState::NoShow { .. } => true,
            _ => false,
        };
        if !can {
            return Err(self.refuse(BookingStatus::Completed, now));
        }
        let id = self.id;
        Ok((
            self.moved_to(BookingState::Completed { marked_at: now }, now),
            BookingEvent::Completed(id),
        ))
    }

    /// Gives up waiting.
    ///
    /// # Errors
    /// [`TransitionError`] unless the booking is pending.
    pub fn expire(self, now: DateTime<Utc>) -> Result<(Self, BookingEvent), TransitionError> {
        if !matches!(self.state, BookingState::Pending { .. }) {
            return Err(self.refuse(BookingStatus::Expired, now));
        }
        let id = self.id;
        Ok((
            self.moved_to(BookingState::Expired { expired_at: now }, now),
            BookingEvent::Expired(id),
        ))
    }
}

#[cfg(test)]
mod tests;
