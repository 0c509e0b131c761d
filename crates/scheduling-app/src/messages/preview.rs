//! A notification to look at: about a booking that there is, or one that is made up.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use chrono_tz::Tz;
use scheduling_core::booking::{Booking, Party};
use scheduling_core::directory::{Person, Workspace};
use scheduling_core::effect::NotificationKind;
use scheduling_core::event_type::{EventType, LocationChoice, MeetingPlace};
use scheduling_core::ids::{BookingId, OutboxId, UserId};
use scheduling_core::notification::{
    Audience, BookingFacts, Contact, Decision, MessageWords, Notification, NotificationLinks,
};
use scheduling_core::ports::{Links, StorageError, UnitOfWork};
use scheduling_core::time::Interval;
use uuid::Uuid;

use super::{PreviewMessage, may_change};
use crate::Scheduling;
use crate::actor::Actor;
use crate::availability::{in_order, people};
use crate::effects;
use crate::manage::{Field, ManageError, Problem};

/// What stands in a preview's links in place of a secret.
const NO_TOKEN: &str = "preview";

impl Scheduling {
    pub(super) async fn sample(
        &self,
        work: &mut dyn UnitOfWork,
        actor: &Actor,
        query: &PreviewMessage,
    ) -> Result<Notification, ManageError> {
        let event_type = may_change(work, actor, query.workspace, query.event_type).await?;
        let workspace = work.directory().workspace(query.workspace).await?;
        let workspace = workspace.ok_or(ManageError::NotFound)?;
        let now = self.ports().clock.now();
        let (event_type, booking) = match query.about {
            Some(id) => {
                let (event_type, booking) = about(work, actor, query, id).await?;
                (Some(event_type), Some(booking))
            }
            None => (event_type, None),
        };
        let mut facts = match &booking {
            Some(booking) => effects::facts_of(work, booking)
                .await
                .map_err(|error| StorageError::Other(error.into()))?,
            None => made_up(work, actor, &workspace, event_type.as_ref(), now).await?,
        };
        fit(&mut facts, query.kind, now);
        let words = match &query.words {
            Some(words) => words.clone(),
            None => stored(work, query, event_type.as_ref()).await?,
        };
        let guest = || facts.guests.first().cloned();
        let to = match query.audience {
            Audience::Invitee => facts.invitee.clone(),
            Audience::Guest => guest().unwrap_or_else(|| contact("Gus Guest", Tz::Europe__Lisbon)),
            Audience::Host => match facts.hosts.first() {
                Some(host) => host.clone(),
                None => contact("Hanna Host", Tz::Europe__Berlin),
            },
        };
        let links = links(&*self.ports().links, query, &workspace, event_type.as_ref());
        Ok(Notification {
            id: OutboxId::from_uuid(Uuid::nil()),
            kind: query.kind,
            at: now,
            to,
            audience: query.audience,
            booking: facts,
            links,
            words,
        })
    }
}

/// A booking of the workspace, and of the event type that is asked about, with its event type.
async fn about(
    work: &mut dyn UnitOfWork,
    actor: &Actor,
    query: &PreviewMessage,
    id: BookingId,
) -> Result<(EventType, Booking), ManageError> {
    let refused = || ManageError::invalid(Field::Booking, Problem::NoSuchBooking);
    let booking = work.bookings().get(id).await?;
    let booking = booking
        .filter(|booking| booking.workspace == query.workspace && actor.may_act_on(booking))
        .filter(|booking| query.event_type.is_none_or(|id| id == booking.event_type))
        .ok_or_else(refused)?;
    let event_type = work.event_types().get(booking.event_type).await?;
    Ok((event_type.ok_or_else(refused)?, booking))
}

/// The words that are stored for the message.
async fn stored(
    work: &mut dyn UnitOfWork,
    query: &PreviewMessage,
    event_type: Option<&EventType>,
) -> Result<MessageWords, ManageError> {
    if let Some(event_type) = event_type {
        let (workspace, kind, audience) = (query.workspace, query.kind, query.audience);
        let words = work
            .messages()
            .words(workspace, event_type.id, kind, audience);
        return Ok(words.await?);
    }
    let words = work.messages().list(query.workspace).await?;
    let of_workspace = words.into_iter().find(|words| {
        words.event_type.is_none() && words.kind == query.kind && words.audience == query.audience
    });
    Ok(of_workspace.map(|words| words.words).unwrap_or_default())
}

/// The facts of a meeting in the next days, with the event type's hosts.
async fn made_up(
    work: &mut dyn UnitOfWork,
    actor: &Actor,
    workspace: &Workspace,
    event_type: Option<&EventType>,
    now: DateTime<Utc>,
) -> Result<BookingFacts, ManageError> {
    let roster: Vec<UserId> = match event_type {
        Some(event_type) => event_type.hosting.roster().collect(),
        None => actor.user().into_iter().collect(),
    };
    let people = people(work, &roster).await?;
    let mut hosts: Vec<Contact> = in_order(roster, &people).iter().map(contact_of).collect();
    if hosts.is_empty() {
        hosts.push(contact("Hanna Host", Tz::Europe__Berlin));
    }
    let start = now
        .duration_trunc(TimeDelta::hours(1))
        .ok()
        .and_then(|now| now.checked_add_signed(TimeDelta::days(2)))
        .unwrap_or(now);
    let length = event_type.map_or(TimeDelta::minutes(30), |e| e.rules.duration.delta());
    let interval =
        Interval::new(start, start + length).map_err(|error| StorageError::Other(error.into()))?;
    Ok(BookingFacts {
        id: BookingId::from_uuid(Uuid::nil()),
        sequence: 0,
        title: match event_type {
            Some(event_type) => event_type.title.clone(),
            None => "First conversation".parse().expect("it is a title"),
        },
        workspace: workspace.name.clone(),
        interval,
        place: place(event_type),
        assignment: event_type.map_or(
            scheduling_core::event_type::AssignmentKind::Single,
            |event_type| event_type.hosting.kind(),
        ),
        hosts,
        invitee: contact("Ida Invitee", Tz::Europe__Lisbon),
        guests: Vec::new(),
        note: Some("I look forward to it.".parse().expect("it is a note")),
        answers: Vec::new(),
        confirmation_message: event_type.and_then(|e| e.appearance.confirmation_message.clone()),
        waits_until: None,
        is_ahead: true,
        was_confirmed: true,
        previous: None,
        decision: None,
        changed_at: now,
    })
}

/// Where a meeting that is made up takes place: at the event type's first location.
fn place(event_type: Option<&EventType>) -> MeetingPlace {
    let choice = LocationChoice {
        index: None,
        phone: "+49 30 1234567".parse().ok(),
        place: "The café at the corner".parse().ok(),
    };
    event_type
        .and_then(|event_type| event_type.locations.settle(&choice, NO_TOKEN).ok())
        .unwrap_or_else(|| MeetingPlace::Custom {
            text: "Where the event type says".parse().expect("it is a note"),
        })
}

/// Gives the facts what a message of this kind tells, where they do not have it.
fn fit(facts: &mut BookingFacts, kind: NotificationKind, now: DateTime<Utc>) {
    let decision = |by| Decision {
        by,
        reason: "Something has come up.".parse().ok(),
    };
    let earlier = |delta: TimeDelta| {
        let (start, end) = (facts.interval.start(), facts.interval.end());
        let earlier = (
            start.checked_sub_signed(delta)?,
            end.checked_sub_signed(delta)?,
        );
        Interval::new(earlier.0, earlier.1).ok()
    };
    match kind {
        NotificationKind::Requested => {
            let until = now.checked_add_signed(TimeDelta::days(1));
            facts.waits_until = facts.waits_until.or(until);
        }
        NotificationKind::Rescheduled | NotificationKind::Released => {
            let previous = facts.previous.or_else(|| earlier(TimeDelta::days(1)));
            facts.previous = previous;
            facts
                .decision
                .get_or_insert_with(|| decision(Party::Invitee));
        }
        NotificationKind::Declined | NotificationKind::Cancelled => {
            facts.is_ahead = false;
            facts.decision.get_or_insert_with(|| decision(Party::Host));
        }
        NotificationKind::Expired | NotificationKind::FollowUp => facts.is_ahead = false,
        NotificationKind::Confirmed | NotificationKind::Approved | NotificationKind::Reminder => {}
    }
}

/// The links that a message to this side carries.
fn links(
    links: &dyn Links,
    query: &PreviewMessage,
    workspace: &Workspace,
    event_type: Option<&EventType>,
) -> NotificationLinks {
    let is_over = matches!(
        query.kind,
        NotificationKind::Declined
            | NotificationKind::Cancelled
            | NotificationKind::Expired
            | NotificationKind::Released
            | NotificationKind::FollowUp
    );
    let while_ahead = |link: String| (!is_over).then_some(link);
    match query.audience {
        Audience::Invitee => NotificationLinks {
            manage: Some(links.manage_booking(NO_TOKEN)),
            answer: None,
            reschedule: while_ahead(links.reschedule_booking(NO_TOKEN)),
            cancel: while_ahead(links.cancel_booking(NO_TOKEN)),
            book_again: event_type
                .filter(|_| is_over)
                .map(|event_type| links.event_type(&workspace.slug, &event_type.slug)),
        },
        Audience::Host => NotificationLinks {
            manage: Some(links.host_booking(NO_TOKEN)),
            answer: (query.kind == NotificationKind::Requested)
                .then(|| links.host_booking(NO_TOKEN)),
            reschedule: while_ahead(links.host_reschedule(NO_TOKEN)),
            cancel: while_ahead(links.host_cancel(NO_TOKEN)),
            book_again: None,
        },
        Audience::Guest => NotificationLinks::default(),
    }
}

fn contact(name: &str, timezone: Tz) -> Contact {
    let mailbox: String = name.chars().filter(char::is_ascii_lowercase).collect();
    Contact {
        name: name.parse().expect("it is a name"),
        email: format!("{mailbox}@example.org")
            .parse()
            .expect("it is an address"),
        timezone,
    }
}

fn contact_of(person: &Person) -> Contact {
    Contact {
        name: person.name.clone(),
        email: person.email.clone(),
        timezone: person.timezone,
    }
}
