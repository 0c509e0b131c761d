//! Telling somebody: from ids to a typed message, by reading the booking as it is.

use chrono::{DateTime, Utc};
use scheduling_core::booking::{
    Attendee, AttendeeRole, Booking, BookingState, BookingStatus, Change, Doer, HistoryEntry, Party,
};
use scheduling_core::directory::{Person, Workspace};
use scheduling_core::effect::{AccountNotice, NotificationKind, Recipient};
use scheduling_core::event_type::EventType;
use scheduling_core::ids::{BookingId, OutboxId, UserId};
use scheduling_core::notification::{
    AccountNotification, Audience, BookingFacts, Contact, Decision, MessageWords, Notification,
};
use scheduling_core::ports::{SealError, StorageError, UnitOfWork};
use scheduling_core::text::{EmailAddress, PersonName};
use scheduling_core::time::Interval;
use thiserror::Error;

use super::links::{Linked, links};
use crate::Scheduling;
use crate::availability::in_order;
use crate::bookings::dangling;
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
    let link = match booking.link {
        Some(link) => work.links().get(link).await?,
        None => None,
    };
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
    if moves(owed.about) {
        about.tell_of_the_move(&mut facts);
    }
    if audience == Audience::Guest {
        // They were written to the hosts.
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
    if booking.sequence > owed.sequence {
        return Some("the booking has moved on");
    }
    let stored = booking.state.name();
    match owed.about {
        NotificationKind::Requested if stored != BookingStatus::Pending => {
            Some("the request was answered")
        }
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

/// Whether a message tells of a move, if there was one.
fn moves(kind: NotificationKind) -> bool {
    matches!(
        kind,
        NotificationKind::Rescheduled | NotificationKind::Released | NotificationKind::Requested
    )
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

/// What a message about a booking is made of, besides the booking itself.
struct About {
    workspace: Workspace,
    event_type: EventType,
    hosts: Vec<Person>,
    /// The last entry in the history that says it moved.
    moved: Option<HistoryEntry>,
    /// Whether it is or ever was confirmed.
    was_confirmed: bool,
}

impl About {
    async fn read(work: &mut dyn UnitOfWork, booking: &Booking) -> Result<Self, StorageError> {
        let workspace = work.directory().workspace(booking.workspace).await?;
        let workspace = workspace.ok_or_else(|| dangling(booking, "workspace_id"))?;
        let event_type = work.event_types().get(booking.event_type).await?;
        let event_type = event_type.ok_or_else(|| dangling(booking, "event_type_id"))?;
        let hosts: Vec<UserId> = booking.hosts.iter().map(|host| host.user).collect();
        let people = work.directory().people(&hosts).await?;
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
            moved: history.into_iter().rfind(is_move),
        })
    }

    fn facts(&self, booking: &Booking, now: DateTime<Utc>) -> Result<BookingFacts, PrepareError> {
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
    fn tell_of_the_move(&self, facts: &mut BookingFacts) {
        let Some(entry) = &self.moved else {
            return;
        };
        let Change::Rescheduled { from, to, reason } = &entry.change else {
            return;
        };
        if *to == facts.interval {
            facts.previous = Some(Interval::clone(from));
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

/// The message about an account that an outbox row owes, with its link.
pub(super) fn prepare_account(
    scheduling: &Scheduling,
    id: OutboxId,
    name: Option<PersonName>,
    email: EmailAddress,
    about: AccountNotice,
    sealed_token: Option<&[u8]>,
) -> Result<AccountNotification, SealError> {
    let ports = scheduling.ports();
    let token = match sealed_token {
        Some(sealed) => Some(hex(&ports.sealer.open(sealed)?)),
        None => None,
    };
    let link = match (&about, &token) {
        (AccountNotice::Invitation { .. }, Some(token)) => {
            Some(ports.links.accept_invitation(token))
        }
        (AccountNotice::PasswordReset { .. }, Some(token)) => {
            Some(ports.links.reset_password(token))
        }
        (AccountNotice::PasswordChanged, _) | (_, None) => None,
    };
    Ok(AccountNotification {
        id,
        at: ports.clock.now(),
        name,
        email,
        about,
        link,
    })
}

/// A secret as links carry it.
fn hex(secret: &[u8]) -> String {
    use std::fmt::Write;

    secret.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn audience_of(attendee: &Attendee) -> Audience {
    match attendee.role {
        AttendeeRole::Invitee => Audience::Invitee,
        AttendeeRole::Guest => Audience::Guest,
    }
}

fn contact_of(attendee: &Attendee) -> Contact {
    Contact {
        name: attendee.name.clone(),
        email: attendee.email.clone(),
        timezone: attendee.timezone,
    }
}

fn host_contact(person: &Person) -> Contact {
    Contact {
        name: person.name.clone(),
        email: person.email.clone(),
        timezone: person.timezone,
    }
}

#[cfg(test)]
mod tests;
