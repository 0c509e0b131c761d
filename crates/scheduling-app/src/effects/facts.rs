//! The facts of a booking, as a message gives them.

use chrono::{DateTime, Utc};
use scheduling_core::booking::{
    Attendee, AttendeeRole, Booking, BookingState, BookingStatus, Change, Doer, HistoryEntry, Party,
};
use scheduling_core::directory::{Person, Workspace};
use scheduling_core::event_type::EventType;
use scheduling_core::ids::UserId;
use scheduling_core::notification::{BookingFacts, Contact, Decision};
use scheduling_core::ports::{StorageError, UnitOfWork};

use super::notify::PrepareError;
use crate::availability::{in_order, people};
use crate::bookings::dangling;

/// What a message about a booking is made of, besides the booking itself.
pub(super) struct About {
    pub(super) workspace: Workspace,
    pub(super) event_type: EventType,
    hosts: Vec<Person>,
    /// The entries in the history that say it moved, the oldest first.
    moves: Vec<HistoryEntry>,
    /// Whether it is or ever was confirmed.
    was_confirmed: bool,
}

impl About {
    pub(super) async fn read(
        work: &mut dyn UnitOfWork,
        booking: &Booking,
    ) -> Result<Self, StorageError> {
        let workspace = work.directory().workspace(booking.workspace).await?;
        let workspace = workspace.ok_or_else(|| dangling(booking, "workspace_id"))?;
        let event_type = work.event_types().get(booking.event_type).await?;
        let event_type = event_type.ok_or_else(|| dangling(booking, "event_type_id"))?;
        let hosts: Vec<UserId> = booking.hosts.iter().map(|host| host.user).collect();
        let people = people(work, &hosts).await?;
        // Nothing has moved that was never at another sequence.
        let history = if booking.sequence == 0 {
            Vec::new()
        } else {
            work.bookings().history(booking.id).await?
        };
        let is_move = |entry: &HistoryEntry| matches!(entry.change, Change::Rescheduled { .. });
        let confirms =
            |entry: &HistoryEntry| matches!(entry.change, Change::Confirmed | Change::Approved);
        let is_confirmed = matches!(
            booking.state.name(),
            BookingStatus::Confirmed | BookingStatus::Completed | BookingStatus::NoShow
        );
        Ok(Self {
            was_confirmed: is_confirmed || history.iter().any(confirms),
            workspace,
            event_type,
            hosts: in_order(hosts, &people),
            moves: history.into_iter().filter(is_move).collect(),
        })
    }

    pub(super) fn facts(
        &self,
        booking: &Booking,
        now: DateTime<Utc>,
    ) -> Result<BookingFacts, PrepareError> {
        if self.hosts.is_empty() {
            return Err(PrepareError::NoHost);
        }
        let invitee = booking.invitee();
        let invitee = invitee.ok_or_else(|| dangling(booking, "attendees"))?;
        let is_guest = |attendee: &&Attendee| attendee.role == AttendeeRole::Guest;
        let status = booking.state.status(booking.interval.end(), now);
        Ok(BookingFacts {
            id: booking.id,
            sequence: booking.sequence,
            title: self.event_type.title.clone(),
            workspace: self.workspace.name.clone(),
            interval: booking.interval,
            place: booking.place.clone(),
            assignment: self.event_type.hosting.kind(),
            hosts: self.hosts.iter().map(host_contact).collect(),
            invitee: contact_of(invitee),
            guests: booking
                .attendees
                .iter()
                .filter(is_guest)
                .map(contact_of)
                .collect(),
            note: booking.note.clone(),
            answers: booking.answers.clone(),
            confirmation_message: self.event_type.appearance.confirmation_message.clone(),
            waits_until: match booking.state {
                BookingState::Pending { expires_at, .. } => expires_at,
                _ => None,
            },
            is_ahead: matches!(status, BookingStatus::Pending | BookingStatus::Confirmed),
            was_confirmed: self.was_confirmed,
            previous: None,
            decision: match &booking.state {
                BookingState::Cancelled { by, reason, .. } => Some(Decision {
                    by: *by,
                    reason: reason.clone(),
                }),
                BookingState::Declined { reason, .. } => Some(Decision {
                    by: Party::Host,
                    reason: reason.clone(),
                }),
                _ => None,
            },
            changed_at: booking.updated_at,
        })
    }

    /// Adds when the meeting was before, who moved it, and why.
    pub(super) fn tell_of_the_move(&self, facts: &mut BookingFacts) {
        let to_here = |entry: &&HistoryEntry| matches!(&entry.change, Change::Rescheduled { to, .. } if *to == facts.interval);
        if let Some(entry) = self.moves.last().filter(to_here) {
            tell_of(entry, facts);
        }
    }

    /// The same, of the move that raised the sequence to this: what a host who left it then has in his calendar, wherever
    /// the booking has gone since.
    pub(super) fn tell_of_the_release(&self, facts: &mut BookingFacts, sequence: u32) {
        let place = usize::try_from(sequence)
            .ok()
            .and_then(|n| n.checked_sub(1));
        let entry = place.and_then(|place| self.moves.get(place));
        if let Some(entry) = entry.or(self.moves.last()) {
            tell_of(entry, facts);
        }
    }
}

fn tell_of(entry: &HistoryEntry, facts: &mut BookingFacts) {
    if let Change::Rescheduled { from, reason, .. } = &entry.change {
        facts.previous = Some(*from);
        facts.decision = Some(Decision {
            by: match entry.by {
                Doer::Invitee => Party::Invitee,
                Doer::Member(_) => Party::Host,
                Doer::System => Party::System,
            },
            reason: reason.clone(),
        });
    }
}

/// The facts of a booking as a message would have given them when it last changed, for looking at a message that is not
/// sent.
pub(crate) async fn facts_of(
    work: &mut dyn UnitOfWork,
    booking: &Booking,
) -> Result<BookingFacts, PrepareError> {
    let about = About::read(work, booking).await?;
    let mut facts = about.facts(booking, booking.updated_at)?;
    if facts.is_ahead {
        about.tell_of_the_move(&mut facts);
    }
    Ok(facts)
}

pub(super) fn contact_of(attendee: &Attendee) -> Contact {
    Contact {
        name: attendee.name.clone(),
        email: attendee.email.clone(),
        timezone: attendee.timezone,
    }
}

pub(super) fn host_contact(person: &Person) -> Contact {
    Contact {
        name: person.name.clone(),
        email: person.email.clone(),
        timezone: person.timezone,
    }
}
