//! Tests of `mark`.

use scheduling_core::booking::BookingStatus;

use super::*;
use crate::testing::{World, at};

const INTRO: &str = "host ann UTC 09:00-12:00\n event intro 30 ann followup=60\n";

async fn mark(world: &World, access: &BookingAccess, as_what: &str) -> String {
    let command = MarkBooking::new(access.clone());
    let done = match as_what {
        "completed" => world.scheduling.mark_completed(&command).await,
        _ => world.scheduling.mark_no_show(&command).await,
    };
    match done {
        Ok(changed) => changed.booking.state.name().to_string(),
        Err(error) => format!("! {error}"),
    }
}

#[tokio::test]
async fn a_meeting_is_marked_from_its_start_on_and_put_right_afterwards() {
    let world = World::new(INTRO).await;
    let booked = world.booked("intro", "24T10:00").await;
    let ann = world.as_member("ann", booked.booking.id);
    assert_eq!(
        mark(&world, &ann, "no_show").await,
        "! the booking is confirmed and cannot become no_show"
    );
    world.clock.set(at("24T10:10"));
    // During the meeting the link from the mail still works.
    let link = world.as_host("ann", booked.booking.id).await;
    assert_eq!(mark(&world, &link, "no_show").await, "no_show");
    world.clock.set(at("25T10:00"));
    let over = "! the booking is over, and its link has ended with it";
    assert_eq!(mark(&world, &link, "completed").await, over);
    assert_eq!(mark(&world, &ann, "completed").await, "completed");
    assert_eq!(
        mark(&world, &ann, "completed").await,
        "! the booking is completed and cannot become completed"
    );
    assert_eq!(mark(&world, &ann, "no_show").await, "no_show");
    let stored = world.stored(booked.booking.id).await;
    assert_eq!((stored.version, stored.sequence), (4, 0));
    assert_eq!(
        world.history(stored.id).await,
        "23T08:00 Confirmed by invitee\n24T10:10 NoShow by ann\n25T10:00 Completed by ann\n25T10:00 NoShow by ann"
    );
}

#[tokio::test]
async fn the_invitee_marks_nothing() {
    let world = World::new(INTRO).await;
    let booked = world.booked("intro", "24T10:00").await;
    world.clock.set(at("24T10:10"));
    let invitee = BookingAccess::Invitee(booked.manage_token.clone());
    assert_eq!(
        mark(&world, &invitee, "no_show").await,
        "! this is not for this side of the booking to do"
    );
    assert_eq!(
        world.stored(booked.booking.id).await.state.name(),
        BookingStatus::Confirmed
    );
}

#[tokio::test]
async fn who_did_not_come_gets_no_follow_up_and_who_came_does() {
    let world = World::new(INTRO).await;
    let absent = world.booked("intro", "24T10:00").await;
    world.booked("intro", "24T11:00").await;
    world.clock.set(at("24T11:30"));
    world.worker().run_due().await.unwrap();
    world.notifier.take_sent();
    mark(
        &world,
        &world.as_member("ann", absent.booking.id),
        "no_show",
    )
    .await;
    world.clock.set(at("24T13:00"));
    world.worker().run_due().await.unwrap();
    let sent = world.notifier.take_sent();
    let starts: Vec<_> = sent.iter().map(|m| m.booking.interval.start()).collect();
    assert_eq!(starts, [at("24T11:00"), at("24T11:00")]);
    assert!(sent.iter().all(|m| m.kind.as_str() == "follow_up"));
    assert!(
        sent.iter().all(|m| m.links.manage.is_none()),
        "the links have ended"
    );
}
