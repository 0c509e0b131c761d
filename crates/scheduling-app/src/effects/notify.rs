//! Telling somebody: from ids to a typed message, by reading the booking as it is.

use chrono::{DateTime, Utc};
use scheduling_core::booking::{Attendee, AttendeeRole, Booking, BookingState, BookingStatus};
use scheduling_core::effect::{NotificationKind, Recipient};
use scheduling_core::ids::{BookingId, OutboxId};
use scheduling_core::notification::{Audience, Contact, MessageWords, Notification};
use scheduling_core::ports::{SealError, StorageError, UnitOfWork};
use thiserror::Error;

use super::facts::{About, contact_of, host_contact};
use super::links::{Linked, links};
use crate::Scheduling;
use crate::bookings::link_of;
use crate::manage::log_unreadable;

/// What became of preparing a message.
#[derive(Debug)]
pub(super) enum Prepared {
    /// It is ready to be sent.
    Message(Box<Notification>),
    /// There is nothing to say any more, for this reason.
    Moot(&'static str),
}

/// Why a message could not be prepared.
#[derive(Debug, Error)]
pub(crate) enum PrepareError {
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The link cannot be made with the keys at hand.
    #[error("the link cannot be made")]
    Link(#[from] SealError),
    /// Nobody who hosts the booking exists any more.
    #[error("the booking has no host")]
    NoHost,
}

/// The message that an outbox row owes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Owed {
    pub(super) id: OutboxId,
    pub(super) booking: BookingId,
    pub(super) recipient: Recipient,
    pub(super) about: NotificationKind,
    pub(super) sequence: u32,
}

/// The message of an outbox row, by what is stored now.
pub(super) async fn prepare(
    scheduling: &Scheduling,
    owed: &Owed,
) -> Result<Prepared, PrepareError> {
    let mut work = scheduling.ports().storage.begin_read().await?;
    let now = scheduling.ports().clock.now();
    let Some(booking) = work.bookings().get(owed.booking).await? else {
        return Ok(Prepared::Moot("the booking is gone"));
    };
    if let Some(why) = moot(owed, &booking, now) {
        return Ok(Prepared::Moot(why));
    }
    let (to, audience) = match addressee(&mut *work, owed, &booking).await? {
        Ok(found) => found,
        Err(why) => return Ok(Prepared::Moot(why)),
    };
    let about = About::read(&mut *work, &booking).await?;
    let words = own_words(&mut *work, &booking, owed.about, audience).await?;
    let link = link_of(&mut *work, &booking).await?;
    // The rest needs no storage: give the connection back.
    drop(work);

    let linked = Linked {
        booking: &booking,
        workspace: &about.workspace,
        event_type: &about.event_type,
        link: link.as_ref(),
    };
    let links = links(scheduling, &linked, owed, audience, now)?;
    let mut facts = about.facts(&booking, now)?;
    match owed.about {
        NotificationKind::Released => about.tell_of_the_release(&mut facts, owed.sequence),
        NotificationKind::Rescheduled | NotificationKind::Requested => {
            about.tell_of_the_move(&mut facts);
        }
        _ => {}
    }
    if audience == Audience::Guest {
        // They were written to the hosts.
        facts.note = None;
        facts.answers = Vec::new();
    }
    Ok(Prepared::Message(Box::new(Notification {
        id: owed.id,
        kind: owed.about,
        at: now,
        to,
        audience,
        booking: facts,
        links,
        words,
    })))
}

/// Why there is nothing to say any more, if there is not.
fn moot(owed: &Owed, booking: &Booking, now: DateTime<Utc>) -> Option<&'static str> {
    if let (NotificationKind::Released, Recipient::Host(host)) = (owed.about, owed.recipient) {
        // Wherever it has gone since, nobody else tells him that it is not his any more.
        return booking.host(host).map(|_| "he hosts it again");
    }
    if booking.sequence > owed.sequence {
        return Some("the booking has moved on");
    }
    let stored = booking.state.name();
    match owed.about {
        NotificationKind::Requested if stored != BookingStatus::Pending => {
            Some("the request was answered")
        }
        NotificationKind::Requested if time_is_up(booking, now) => Some("the request's time is up"),
        NotificationKind::Confirmed
        | NotificationKind::Approved
        | NotificationKind::Rescheduled
            if stored == BookingStatus::Pending =>
        {
            Some("the booking waits again")
        }
        NotificationKind::Reminder if stored != BookingStatus::Confirmed => {
            Some("the booking does not take place")
        }
        NotificationKind::Reminder if booking.interval.start() <= now => {
            Some("the meeting has begun")
        }
        NotificationKind::FollowUp
            if booking.state.status(booking.interval.end(), now) != BookingStatus::Completed =>
        {
            Some("the meeting did not take place")
        }
        _ => None,
    }
}

/// Whether nobody can answer the request any more, though it has not expired yet.
fn time_is_up(booking: &Booking, now: DateTime<Utc>) -> bool {
    match booking.state {
        BookingState::Pending { expires_at, .. } => expires_at.is_some_and(|until| until <= now),
        _ => false,
    }
}

/// To whom the message goes, and on which side he is; or why to nobody.
async fn addressee(
    work: &mut dyn UnitOfWork,
    owed: &Owed,
    booking: &Booking,
) -> Result<Result<(Contact, Audience), &'static str>, StorageError> {
    match owed.recipient {
        Recipient::Attendee(id) => {
            let attendee = booking.attendees.iter().find(|a| a.id == id);
            let found = attendee.map(|a| (contact_of(a), audience_of(a)));
            Ok(found.ok_or("the attendee is gone"))
        }
        Recipient::Host(id) => {
            if owed.about != NotificationKind::Released && booking.host(id).is_none() {
                return Ok(Err("the host is gone"));
            }
            let people = work.directory().people(&[id]).await?;
            let found = people.get(&id).map(|p| (host_contact(p), Audience::Host));
            Ok(found.ok_or("the host is gone"))
        }
    }
}

/// The workspace's or the event type's own words. Words that cannot be read take no message down: it goes out in ours.
async fn own_words(
    work: &mut dyn UnitOfWork,
    booking: &Booking,
    kind: NotificationKind,
    audience: Audience,
) -> Result<MessageWords, StorageError> {
    let (workspace, event_type) = (booking.workspace, booking.event_type);
    let words = work
        .messages()
        .words(workspace, event_type, kind, audience)
        .await;
    match words {
        Err(damage @ StorageError::Corrupt { .. }) => {
            log_unreadable(&[damage]);
            Ok(MessageWords::default())
        }
        words => words,
    }
}

fn audience_of(attendee: &Attendee) -> Audience {
    match attendee.role {
        AttendeeRole::Invitee => Audience::Invitee,
        AttendeeRole::Guest => Audience::Guest,
    }
}

#[cfg(test)]
mod tests;
