//! Telling somebody: from ids to a typed message, by reading the booking as it is.

use scheduling_core::booking::{Attendee, AttendeeRole, Booking, BookingState};
use scheduling_core::directory::{Person, Workspace};
use scheduling_core::effect::{NotificationKind, Recipient};
use scheduling_core::event_type::{EventType, EventTypeStatus};
use scheduling_core::ids::{BookingId, OutboxId, UserId};
use scheduling_core::notification::{
    Audience, BookingFacts, Cancellation, Contact, Notification, NotificationLinks,
};
use scheduling_core::ports::{SealError, StorageError};
use thiserror::Error;

use crate::Scheduling;
use crate::availability::in_order;
use crate::bookings::dangling;

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
pub(super) enum PrepareError {
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The manage link cannot be made with the keys at hand.
    #[error("the manage link cannot be made")]
    ManageLink(#[source] SealError),
    /// Nobody who hosts the booking exists any more.
    #[error("the booking has no host")]
    NoHost,
}

/// The message of an outbox row.
pub(super) async fn prepare(
    scheduling: &Scheduling,
    id: OutboxId,
    booking: BookingId,
    recipient: Recipient,
    about: NotificationKind,
    sequence: u32,
) -> Result<Prepared, PrepareError> {
    let mut work = scheduling.ports().storage.begin_read().await?;
    let Some(booking) = work.bookings().get(booking).await? else {
        return Ok(Prepared::Moot("the booking is gone"));
    };
    if booking.sequence > sequence {
        return Ok(Prepared::Moot("the booking has moved on"));
    }
    let workspace = work.directory().workspace(booking.workspace).await?;
    let workspace = workspace.ok_or_else(|| dangling(&booking, "workspace_id"))?;
    let event_type = work.event_types().get(booking.event_type).await?;
    let event_type = event_type.ok_or_else(|| dangling(&booking, "event_type_id"))?;
    let hosts: Vec<UserId> = booking.hosts.iter().map(|host| host.user).collect();
    let people = work.directory().people(&hosts).await?;
    // The rest needs no storage: give the connection back.
    drop(work);

    let (to, audience) = match recipient {
        Recipient::Attendee(id) => match booking.attendees.iter().find(|a| a.id == id) {
            Some(attendee) => (contact_of(attendee), audience_of(attendee)),
            None => return Ok(Prepared::Moot("the attendee is gone")),
        },
        Recipient::Host(id) => match people.get(&id) {
            Some(person) => (host_contact(person), Audience::Host),
            None => return Ok(Prepared::Moot("the host is gone")),
        },
    };
    // Only the invitee may cancel, so nobody else's mail carries the secret.
    let links = match audience {
        Audience::Invitee => links(scheduling, about, &booking, &workspace, &event_type)
            .map_err(PrepareError::ManageLink)?,
        Audience::Guest | Audience::Host => NotificationLinks::default(),
    };
    let hosts = in_order(hosts, &people);
    Ok(Prepared::Message(Box::new(Notification {
        id,
        kind: about,
        to,
        audience,
        booking: facts(booking, workspace, event_type, &hosts)?,
        links,
    })))
}

fn facts(
    booking: Booking,
    workspace: Workspace,
    event_type: EventType,
    hosts: &[Person],
) -> Result<BookingFacts, PrepareError> {
    if hosts.is_empty() {
        return Err(PrepareError::NoHost);
    }
    let invitee = booking
        .invitee()
        .ok_or_else(|| dangling(&booking, "attendees"))?;
    let guests = booking
        .attendees
        .iter()
        .filter(|attendee| attendee.role == AttendeeRole::Guest);
    Ok(BookingFacts {
        id: booking.id,
        sequence: booking.sequence,
        title: event_type.title,
        workspace: workspace.name,
        interval: booking.interval,
        location: event_type.location,
        assignment: event_type.hosting.kind(),
        hosts: hosts.iter().map(host_contact).collect(),
        invitee: contact_of(invitee),
        guests: guests.map(contact_of).collect(),
        cancelled: match booking.state {
            BookingState::Cancelled { by, reason, .. } => Some(Cancellation { by, reason }),
            _ => None,
        },
        note: booking.note,
        changed_at: booking.updated_at,
    })
}

fn links(
    scheduling: &Scheduling,
    about: NotificationKind,
    booking: &Booking,
    workspace: &Workspace,
    event_type: &EventType,
) -> Result<NotificationLinks, SealError> {
    let links = &scheduling.ports().links;
    let token = scheduling.open_manage_token(booking)?.to_string();
    let manage = Some(links.manage_booking(&token));
    Ok(match about {
        NotificationKind::Confirmed => NotificationLinks {
            manage,
            cancel: Some(links.cancel_booking(&token)),
            book_again: None,
        },
        NotificationKind::Cancelled => NotificationLinks {
            manage,
            cancel: None,
            book_again: (event_type.status != EventTypeStatus::Inactive)
                .then(|| links.event_type(&workspace.slug, &event_type.slug)),
        },
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
mod tests {
    use scheduling_core::ports::Storage;
    use scheduling_testkit::builders::parse;
    use uuid::Uuid;

    use super::*;
    use crate::testing::{World, short};

    /// What was sent, as text: to whom, on which side, about what, with which links.
    async fn sent(world: &World) -> String {
        world.worker().run_due().await.unwrap();
        let lines = world.notifier.take_sent().into_iter().map(|message| {
            let line = format!(
                "{} {:?} {:?} #{} at {}",
                message.to.email,
                message.audience,
                message.kind,
                message.booking.sequence,
                short(message.booking.interval.start()),
            );
            let cancelled = message.booking.cancelled.map(|cancelled| {
                let reason = cancelled.reason.map(|reason| reason.to_string());
                format!(" by {:?}: {}", cancelled.by, reason.unwrap_or_default())
            });
            let NotificationLinks {
                manage,
                cancel,
                book_again,
            } = message.links;
            let links = [manage, cancel, book_again].into_iter().flatten();
            let links: Vec<String> = links.map(|link| format!("\n  {link}")).collect();
            line + &cancelled.unwrap_or_default() + &links.concat()
        });
        let mut lines: Vec<String> = lines.collect();
        // They run side by side, so they come in any order.
        lines.sort();
        lines.join("\n")
    }

    const PAIR: &str = "host ann Europe/Berlin 09:00-12:00\n host bob UTC 09:00-12:00\n";

    #[tokio::test]
    async fn invitee_and_hosts_are_told_and_only_the_invitee_gets_the_secret() {
        let world = World::new(&format!("{PAIR} event both 30 all:bob,ann")).await;
        let booked = world.booked("both", "24T10:00").await;
        insta::assert_snapshot!(sent(&world).await, @"
        ann@firm.example Host Confirmed #0 at 24T10:00
        bob@firm.example Host Confirmed #0 at 24T10:00
        ida@example.org Invitee Confirmed #0 at 24T10:00
          https://kalends.test/bookings/0000000000000000000000000000000000000000000000000000000000000001
          https://kalends.test/bookings/0000000000000000000000000000000000000000000000000000000000000001/cancel
        ");
        world.cancel(&booked.manage_token).await;
        insta::assert_snapshot!(sent(&world).await, @"
        ann@firm.example Host Cancelled #1 at 24T10:00 by Invitee: I am ill
        bob@firm.example Host Cancelled #1 at 24T10:00 by Invitee: I am ill
        ida@example.org Invitee Cancelled #1 at 24T10:00 by Invitee: I am ill
          https://kalends.test/bookings/0000000000000000000000000000000000000000000000000000000000000001
          https://kalends.test/book/firm/both
        ");
        assert_eq!(sent(&world).await, "");
    }

    #[tokio::test]
    async fn a_confirmation_that_was_overtaken_by_a_cancellation_is_not_sent() {
        let world = World::new(&format!("{PAIR} event intro 30 bob")).await;
        let booked = world.booked("intro", "24T10:00").await;
        world.cancel(&booked.manage_token).await;
        insta::assert_snapshot!(sent(&world).await, @"
        bob@firm.example Host Cancelled #1 at 24T10:00 by Invitee: I am ill
        ida@example.org Invitee Cancelled #1 at 24T10:00 by Invitee: I am ill
          https://kalends.test/bookings/0000000000000000000000000000000000000000000000000000000000000001
          https://kalends.test/book/firm/intro
        ");
        assert_eq!(world.outbox().await.ready, 0);
        assert_eq!(world.outbox().await.failed, 0);
    }

    /// A message about a booking with a guest, to somebody.
    async fn prepared(
        world: &World,
        to: impl Fn(&Booking) -> Recipient,
    ) -> Result<Prepared, PrepareError> {
        let booked = &world.bookings().await[0];
        prepare(
            &world.scheduling,
            OutboxId::from_uuid(Uuid::from_u128(9)),
            booked.id,
            to(booked),
            NotificationKind::Confirmed,
            booked.sequence,
        )
        .await
    }

    async fn with_guest() -> World {
        let world = World::new(&format!("{PAIR} event both 30 all:bob,ann")).await;
        let mut command = World::command("both", "24T10:00");
        command.note = Some(parse("About the merger"));
        let mut booking = world.scheduling.book(&command).await.unwrap().booking;
        let mut guest = booking.attendees[0].clone();
        guest.id = scheduling_core::ids::AttendeeId::from_uuid(Uuid::from_u128(77));
        guest.role = AttendeeRole::Guest;
        guest.name = parse("Gus Guest");
        guest.email = parse("gus@example.org");
        booking.attendees.push(guest);
        booking.version += 1;
        let mut work = world.storage.begin().await.unwrap();
        work.bookings().update(&booking).await.unwrap();
        work.commit().await.unwrap();
        world
    }

    #[tokio::test]
    async fn a_message_carries_the_facts_of_the_meeting() {
        let world = with_guest().await;
        let to_guest = |b: &Booking| Recipient::Attendee(b.attendees[1].id);
        let Ok(Prepared::Message(message)) = prepared(&world, to_guest).await else {
            panic!("there is a message for the guest");
        };
        assert_eq!(message.audience, Audience::Guest);
        assert_eq!(message.links, NotificationLinks::default());
        assert_eq!(message.to.name.as_str(), "Gus Guest");
        let facts = message.booking;
        let emails = |people: &[Contact]| -> Vec<String> {
            people.iter().map(|c| c.email.to_string()).collect()
        };
        assert_eq!(
            emails(&facts.hosts),
            ["bob@firm.example", "ann@firm.example"]
        );
        assert_eq!(facts.hosts[1].timezone, chrono_tz::Tz::Europe__Berlin);
        assert_eq!(facts.invitee.email.as_str(), "ida@example.org");
        assert_eq!(facts.invitee.timezone, chrono_tz::Tz::Asia__Kathmandu);
        assert_eq!(emails(&facts.guests), ["gus@example.org"]);
        assert_eq!(facts.title.as_str(), "both");
        assert_eq!(facts.workspace.as_str(), "Halden & Mills");
        assert_eq!(facts.note.unwrap().as_str(), "About the merger");
        assert_eq!(facts.cancelled, None);
        assert_eq!(facts.changed_at, world.bookings().await[0].updated_at);
    }

    #[tokio::test]
    async fn what_is_gone_makes_a_message_moot() {
        let world = with_guest().await;
        let nobody = Uuid::from_u128(12345);
        let moot = async |to: Recipient| match prepared(&world, |_| to).await {
            Ok(Prepared::Moot(why)) => why,
            other => panic!("{other:?}"),
        };
        let attendee = scheduling_core::ids::AttendeeId::from_uuid(nobody);
        assert_eq!(
            moot(Recipient::Attendee(attendee)).await,
            "the attendee is gone"
        );
        let host = UserId::from_uuid(nobody);
        assert_eq!(moot(Recipient::Host(host)).await, "the host is gone");
        let gone = prepare(
            &world.scheduling,
            OutboxId::from_uuid(nobody),
            BookingId::from_uuid(nobody),
            Recipient::Host(host),
            NotificationKind::Confirmed,
            0,
        );
        assert!(matches!(
            gone.await,
            Ok(Prepared::Moot("the booking is gone"))
        ));
    }
}
