//! Tests of `notify`.

use scheduling_core::event_type::MeetingPlace;
use scheduling_core::notification::{MessageOverride, NotificationLinks};
use scheduling_core::ports::Storage;
use scheduling_testkit::builders::parse;
use uuid::Uuid;

use super::*;
use crate::bookings::{
    ApproveBooking, BookingAccess, DeclineBooking, GuestDetails, RescheduleBooking,
};
use crate::testing::{World, at, short};

/// What was sent, as text: to whom, on which side, about what, with which links. Tokens are cut to their last digit.
async fn sent(world: &World) -> String {
    world.worker().run_due().await.unwrap();
    let lines = world.notifier.take_sent().into_iter().map(|message| {
        let facts = &message.booking;
        let mut line = format!(
            "{} {:?} {:?} #{} at {}",
            message.to.email,
            message.audience,
            message.kind,
            facts.sequence,
            short(facts.interval.start()),
        );
        if let Some(previous) = facts.previous {
            line = format!("{line} was {}", short(previous.start()));
        }
        if let Some(until) = facts.waits_until {
            line = format!("{line} until {}", short(until));
        }
        if let Some(decision) = &facts.decision {
            let reason = decision.reason.as_ref().map(ToString::to_string);
            line = format!(
                "{line} by {:?}: {}",
                decision.by,
                reason.unwrap_or_default()
            );
        }
        let NotificationLinks {
            manage,
            answer,
            reschedule,
            cancel,
            book_again,
        } = message.links.clone();
        let links = [manage, answer, reschedule, cancel, book_again]
            .into_iter()
            .flatten();
        let links: Vec<String> = links
            .map(|link| {
                link.replace("https://kalends.test", "")
                    .replace(&"0".repeat(63), "")
            })
            .collect();
        format!("{line}\n  {}", links.join(" "))
            .trim_end()
            .to_owned()
    });
    let mut lines: Vec<String> = lines.collect();
    // They run side by side, so they come in any order.
    lines.sort();
    lines.join("\n")
}

const PAIR: &str = "host ann Europe/Berlin 09:00-12:00\n host bob UTC 09:00-12:00\n";

fn access(booked: &crate::bookings::Booked) -> BookingAccess {
    BookingAccess::Invitee(booked.manage_token.clone())
}

#[tokio::test]
async fn everyone_is_told_and_each_gets_his_own_links() {
    let world = World::new(&format!("{PAIR} event both 30 all:bob,ann")).await;
    let booked = world.booked("both", "24T10:00").await;
    insta::assert_snapshot!(sent(&world).await, @"
    ann@firm.example Host Confirmed #0 at 24T10:00
      /h/3 /h/3/reschedule /h/3/cancel
    bob@firm.example Host Confirmed #0 at 24T10:00
      /h/2 /h/2/reschedule /h/2/cancel
    ida@example.org Invitee Confirmed #0 at 24T10:00
      /bookings/1 /bookings/1/reschedule /bookings/1/cancel
    ");
    world.cancel(&booked.manage_token).await;
    insta::assert_snapshot!(sent(&world).await, @"
    ann@firm.example Host Cancelled #1 at 24T10:00 by Invitee: I am ill
      /h/3
    bob@firm.example Host Cancelled #1 at 24T10:00 by Invitee: I am ill
      /h/2
    ida@example.org Invitee Cancelled #1 at 24T10:00 by Invitee: I am ill
      /bookings/1 /book/firm/both
    ");
    assert_eq!(sent(&world).await, "");
}

#[tokio::test]
async fn a_request_asks_the_hosts_and_an_approval_tells_everyone() {
    let world = World::new(&format!(
        "{PAIR} event ask 30 all:bob,ann approval=60 guests=1"
    ))
    .await;
    let mut command = World::command("ask", "24T10:00");
    command.guests = vec![GuestDetails {
        name: None,
        email: parse("gus@example.org"),
    }];
    let booked = world.scheduling.book(&command).await.unwrap();
    insta::assert_snapshot!(sent(&world).await, @"
    ann@firm.example Host Requested #0 at 24T10:00 until 23T09:00
      /h/3 /h/3 /h/3/reschedule /h/3/cancel
    bob@firm.example Host Requested #0 at 24T10:00 until 23T09:00
      /h/2 /h/2 /h/2/reschedule /h/2/cancel
    ida@example.org Invitee Requested #0 at 24T10:00 until 23T09:00
      /bookings/1 /bookings/1/reschedule /bookings/1/cancel
    ");
    let ann = world.as_member("ann", booked.booking.id);
    world
        .scheduling
        .approve(&ApproveBooking::new(ann))
        .await
        .unwrap();
    insta::assert_snapshot!(sent(&world).await, @"
    ann@firm.example Host Approved #0 at 24T10:00
      /h/3 /h/3/reschedule /h/3/cancel
    bob@firm.example Host Approved #0 at 24T10:00
      /h/2 /h/2/reschedule /h/2/cancel
    gus@example.org Guest Approved #0 at 24T10:00
    ida@example.org Invitee Approved #0 at 24T10:00
      /bookings/1 /bookings/1/reschedule /bookings/1/cancel
    ");
}

#[tokio::test]
async fn a_no_says_why_and_where_to_book_another() {
    let world = World::new(&format!(
        "{PAIR} event ask 30 bob approval=60\n link vip ask"
    ))
    .await;
    let booked = world.booked("vip", "24T10:00").await;
    sent(&world).await;
    let mut command = DeclineBooking::new(world.as_host("bob", booked.booking.id).await);
    command.reason = Some(parse("Not my field"));
    world.scheduling.decline(&command).await.unwrap();
    insta::assert_snapshot!(sent(&world).await, @"
    ida@example.org Invitee Declined #0 at 24T10:00 by Host: Not my field
      /bookings/1 /book/firm/vip
    ");
}

#[tokio::test]
async fn a_move_says_when_it_was_and_why_and_to_whom_it_went() {
    let world = World::new(&format!(
        "{PAIR} busy ann 24T10:00 60\n event pool 30 robin:ann,bob"
    ))
    .await;
    let booked = world.booked("pool", "24T09:00").await;
    sent(&world).await;
    let mut command = RescheduleBooking::new(access(&booked), at("24T10:00"));
    command.reason = Some(parse("The train"));
    world.scheduling.reschedule(&command).await.unwrap();
    insta::assert_snapshot!(sent(&world).await, @"
    ann@firm.example Host Released #1 at 24T10:00 was 24T09:00 by Invitee: The train
    bob@firm.example Host Confirmed #1 at 24T10:00
      /h/3 /h/3/reschedule /h/3/cancel
    ida@example.org Invitee Rescheduled #1 at 24T10:00 was 24T09:00 by Invitee: The train
      /bookings/1 /bookings/1/reschedule /bookings/1/cancel
    ");
}

#[tokio::test]
async fn who_was_released_hears_of_it_wherever_the_booking_has_gone_since() {
    let world = World::new(&format!(
        "{PAIR} busy ann 24T10:00 60\n event pool 30 robin:ann,bob"
    ))
    .await;
    let booked = world.booked("pool", "24T09:00").await;
    sent(&world).await;
    // It leaves ann, and moves on before anybody was told.
    world.moves(&access(&booked), "24T10:00").await;
    world.moves(&access(&booked), "24T10:30").await;
    insta::assert_snapshot!(sent(&world).await, @"
    ann@firm.example Host Released #2 at 24T10:30 was 24T09:00 by Invitee:
    bob@firm.example Host Rescheduled #2 at 24T10:30 was 24T10:00 by Invitee: 
      /h/3 /h/3/reschedule /h/3/cancel
    ida@example.org Invitee Rescheduled #2 at 24T10:30 was 24T10:00 by Invitee: 
      /bookings/1 /bookings/1/reschedule /bookings/1/cancel
    ");

    // So it is where it was called off since.
    let booked = world.booked("pool", "25T09:00").await;
    sent(&world).await;
    assert_eq!(
        world.names(booked.booking.hosts.iter().map(|h| h.user)),
        "ann"
    );
    world.moves(&access(&booked), "24T10:00").await;
    world.cancel(&booked.manage_token).await;
    let told = sent(&world).await;
    assert_eq!(
        told.matches("ann@firm.example Host Released #2").count(),
        1,
        "{told}"
    );
}

#[tokio::test]
async fn a_move_that_waits_says_when_it_was_too() {
    let world = World::new(&format!("{PAIR} event ask 30 bob approval=60")).await;
    let booked = world.booked("ask", "24T10:00").await;
    let bob = world.as_member("bob", booked.booking.id);
    world
        .scheduling
        .approve(&ApproveBooking::new(bob))
        .await
        .unwrap();
    sent(&world).await;
    world.moves(&access(&booked), "24T11:00").await;
    insta::assert_snapshot!(sent(&world).await, @"
    bob@firm.example Host Requested #1 at 24T11:00 was 24T10:00 until 23T09:00 by Invitee: 
      /h/2 /h/2 /h/2/reschedule /h/2/cancel
    ida@example.org Invitee Requested #1 at 24T11:00 was 24T10:00 until 23T09:00 by Invitee: 
      /bookings/1 /bookings/1/reschedule /bookings/1/cancel
    ");
}

#[tokio::test]
async fn links_are_given_only_where_they_lead_somewhere() {
    let world = World::new(&format!(
        "{PAIR} event theirs 30 bob cancel=hosts move=hosts"
    ))
    .await;
    world.booked("theirs", "24T10:00").await;
    world.worker().run_due().await.unwrap();
    let sent = world.notifier.take_sent();
    let to_ida = sent
        .iter()
        .find(|m| m.audience == Audience::Invitee)
        .unwrap();
    assert!(to_ida.links.manage.is_some());
    assert_eq!(
        (&to_ida.links.cancel, &to_ida.links.reschedule),
        (&None, &None)
    );
}

#[tokio::test]
async fn what_was_overtaken_is_not_sent() {
    let world = World::new(&format!(
        "{PAIR} event intro 30 bob\n event ask 30 bob approval=60"
    ))
    .await;
    let booked = world.booked("intro", "24T10:00").await;
    world.moves(&access(&booked), "24T11:00").await;
    let asked = world.booked("ask", "24T10:00").await;
    let bob = world.as_member("bob", asked.booking.id);
    world
        .scheduling
        .approve(&ApproveBooking::new(bob))
        .await
        .unwrap();
    let kinds = |text: String| {
        let mut kinds: Vec<String> = text
            .lines()
            .filter_map(|line| line.split(' ').nth(2).filter(|_| !line.starts_with(' ')))
            .map(str::to_owned)
            .collect();
        kinds.sort();
        kinds
    };
    let told = kinds(sent(&world).await);
    assert_eq!(told, ["Approved", "Approved", "Rescheduled", "Rescheduled"]);
    assert_eq!(world.outbox().await.failed, 0);
}

#[tokio::test]
async fn reminders_come_in_time_and_only_for_what_takes_place_then() {
    let world = World::new(&format!("{PAIR} event intro 30 bob remind=60 followup=30")).await;
    let kept = world.booked("intro", "24T10:00").await;
    let moved = world.booked("intro", "24T10:30").await;
    let gone = world.booked("intro", "24T11:00").await;
    world.moves(&access(&moved), "25T10:30").await;
    world.cancel(&gone.manage_token).await;
    sent(&world).await;
    world.clock.set(at("24T08:59"));
    assert_eq!(sent(&world).await, "");
    world.clock.set(at("24T09:00"));
    insta::assert_snapshot!(sent(&world).await, @"
    bob@firm.example Host Reminder #0 at 24T10:00
      /h/2 /h/2/reschedule /h/2/cancel
    ida@example.org Invitee Reminder #0 at 24T10:00
      /bookings/1 /bookings/1/reschedule /bookings/1/cancel
    ");
    world.clock.set(at("24T11:30"));
    let follow_ups = sent(&world).await;
    assert_eq!(
        follow_ups.matches("FollowUp #0 at 24T10:00").count(),
        2,
        "{follow_ups}"
    );
    assert_eq!(
        follow_ups.lines().filter(|l| !l.starts_with(' ')).count(),
        2,
        "{follow_ups}"
    );
    // The other one is reminded of at its new time.
    world.clock.set(at("25T09:30"));
    assert_eq!(
        sent(&world)
            .await
            .matches("Reminder #1 at 25T10:30")
            .count(),
        2
    );
    assert_eq!(world.stored(kept.booking.id).await.version, 1);
}

#[tokio::test]
async fn a_reminder_that_is_late_is_not_sent_into_the_meeting() {
    let world = World::new(&format!("{PAIR} event intro 30 bob remind=60")).await;
    world.booked("intro", "24T10:00").await;
    sent(&world).await;
    world.clock.set(at("24T10:00"));
    assert_eq!(sent(&world).await, "");
}

#[tokio::test]
async fn nobody_is_asked_when_the_time_to_answer_is_up() {
    let world = World::new(&format!("{PAIR} event ask 30 bob approval=60")).await;
    world.booked("ask", "24T10:00").await;
    world.advance(60);
    // The request and its end are due at once; whichever is done first, only the end is told.
    let told = sent(&world).await + &sent(&world).await;
    assert_eq!(told.matches("Requested").count(), 0, "{told}");
    assert_eq!(told.matches("Expired").count(), 2, "{told}");
}

#[tokio::test]
async fn words_of_ones_own_go_with_the_message() {
    let world = World::new(&format!("{PAIR} event intro 30 bob")).await;
    let message = MessageOverride {
        workspace: world.workspace.id,
        event_type: Some(world.event_types["intro"].id),
        kind: NotificationKind::Confirmed,
        audience: Audience::Invitee,
        words: MessageWords {
            subject: Some(parse("See you soon")),
            body: None,
        },
    };
    let mut work = world.storage.begin().await.unwrap();
    work.messages().set(&message).await.unwrap();
    work.commit().await.unwrap();
    world.booked("intro", "24T10:00").await;
    world.worker().run_due().await.unwrap();
    for sent in world.notifier.take_sent() {
        let expected = match sent.audience {
            Audience::Invitee => message.words.clone(),
            Audience::Host | Audience::Guest => MessageWords::default(),
        };
        assert_eq!(sent.words, expected);
    }
}

/// A world with a booking that has a guest, a note and an answer.
async fn with_guest() -> (World, Booking) {
    let world = World::new(&format!(
        "{PAIR} event both 30 all:bob,ann guests=1 asks=topic place=calls"
    ))
    .await;
    let mut command = World::command("both", "24T10:00");
    command.note = Some(parse("About the merger"));
    command.location.phone = Some(parse("030 1234567"));
    let answer = scheduling_core::event_type::RawAnswer::Text("Law".to_owned());
    command.answers.insert("topic".to_owned(), answer);
    command.guests = vec![GuestDetails {
        name: Some(parse("Gus Guest")),
        email: parse("gus@example.org"),
    }];
    let booking = world.scheduling.book(&command).await.unwrap().booking;
    (world, booking)
}

async fn prepared(
    world: &World,
    booking: &Booking,
    recipient: Recipient,
) -> Result<Prepared, PrepareError> {
    let owed = Owed {
        id: OutboxId::from_uuid(Uuid::from_u128(9)),
        booking: booking.id,
        recipient,
        about: NotificationKind::Confirmed,
        sequence: booking.sequence,
    };
    prepare(&world.scheduling, &owed).await
}

#[tokio::test]
async fn a_message_carries_the_facts_of_the_meeting() {
    let (world, booking) = with_guest().await;
    let to = Recipient::Attendee(booking.attendees[1].id);
    let Ok(Prepared::Message(message)) = prepared(&world, &booking, to).await else {
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
    assert_eq!(facts.note, None, "the note is for hosts");
    assert!(facts.answers.is_empty(), "answers are for hosts");
    assert_eq!(facts.decision, None);
    assert!(facts.is_ahead);
    assert_eq!(facts.changed_at, booking.updated_at);
    let number = parse("0301234567");
    assert_eq!(facts.place, MeetingPlace::HostCalls { number });

    let to = Recipient::Host(world.hosts["ann"]);
    let Ok(Prepared::Message(message)) = prepared(&world, &booking, to).await else {
        panic!("there is a message for ann");
    };
    assert_eq!(message.booking.note.unwrap().as_str(), "About the merger");
    assert_eq!(message.booking.answers, booking.answers);
    assert_eq!(message.booking.answers.len(), 1);
}

#[tokio::test]
async fn what_is_gone_makes_a_message_moot() {
    let (world, booking) = with_guest().await;
    let nobody = Uuid::from_u128(12345);
    let moot = async |to: Recipient| match prepared(&world, &booking, to).await {
        Ok(Prepared::Moot(why)) => why,
        other => panic!("{other:?}"),
    };
    let attendee = scheduling_core::ids::AttendeeId::from_uuid(nobody);
    assert_eq!(
        moot(Recipient::Attendee(attendee)).await,
        "the attendee is gone"
    );
    let host = scheduling_core::ids::UserId::from_uuid(nobody);
    assert_eq!(moot(Recipient::Host(host)).await, "the host is gone");
    let mut other = booking.clone();
    other.id = BookingId::from_uuid(nobody);
    let gone = prepared(&world, &other, Recipient::Host(host)).await;
    assert!(matches!(gone, Ok(Prepared::Moot("the booking is gone"))));
}
