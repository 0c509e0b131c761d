//! Tests of `moving`.

use scheduling_core::slots::SlotRequest;

use super::*;
use crate::bookings::Booked;
use crate::testing::{World, at, short};

fn invitee(booked: &Booked) -> BookingAccess {
    BookingAccess::Invitee(booked.manage_token.clone())
}

/// The starts of the 24th.
async fn starts(world: &World, access: &BookingAccess, duration: Option<u32>) -> String {
    let duration = duration.map(|minutes| Length::new(minutes).unwrap());
    let (from, to) = (at("24T00:00"), at("25T00:00"));
    let found = world
        .scheduling
        .find_slots_for_move(access, from, to, duration)
        .await;
    match found {
        Ok(found) => {
            let starts = found
                .found
                .slots
                .iter()
                .map(|s| short(s.start)[3..].to_owned());
            starts.collect::<Vec<_>>().join(" ")
        }
        Err(error) => format!("! {error}"),
    }
}

#[tokio::test]
async fn a_bookings_own_time_does_not_stand_in_the_way() {
    let world = World::new(
        "host ann UTC 09:00-12:00
         event intro 60 ann step=30 buffers=0/10 per_day=2 lasts=30",
    )
    .await;
    let booked = world.booked("intro", "24T10:30").await;
    world.booked("intro", "24T09:00").await;
    // Nobody else can book that day: the limit is reached, which the booking itself does not count for.
    assert_eq!(
        world.slots("intro", "24T00:00", "25T00:00").await,
        "next 25T09:00"
    );
    assert_eq!(starts(&world, &invitee(&booked), None).await, "10:30 11:00");
    assert_eq!(
        starts(&world, &invitee(&booked), Some(30)).await,
        "10:30 11:00 11:30"
    );
    let none = starts(&world, &invitee(&booked), Some(45)).await;
    assert_eq!(none, "! there is no such duration");
    // Everything that is shown can be chosen.
    for start in ["24T10:30", "24T11:00"] {
        let said = world.moves(&invitee(&booked), start).await;
        assert!(said.starts_with(start), "{said}");
    }
}

#[tokio::test]
async fn a_host_sees_beyond_notice_and_window_and_the_invitee_does_not() {
    let world =
        World::new("host ann UTC 09:00-12:00\n event intro 60 ann notice=1440 window=2").await;
    let booked = world.booked("intro", "25T10:00").await;
    world.clock.set(at("24T08:00"));
    assert_eq!(starts(&world, &invitee(&booked), None).await, "");
    let ann = world.as_member("ann", booked.booking.id);
    assert_eq!(starts(&world, &ann, None).await, "09:00 10:00 11:00");
}

#[tokio::test]
async fn what_cannot_be_moved_shows_no_starts() {
    let world = World::new(
        "host ann UTC 09:00-12:00
         event fixed 30 ann move=hosts
         event early 30 ann move_notice=120",
    )
    .await;
    let fixed = world.booked("fixed", "24T10:00").await;
    let early = world.booked("early", "24T11:00").await;
    let gone = world.booked("early", "24T11:30").await;
    world.cancel(&gone.manage_token).await;
    assert_eq!(
        starts(&world, &invitee(&fixed), None).await,
        "! this is not for this side of the booking to do"
    );
    assert_eq!(
        starts(&world, &invitee(&gone), None).await,
        "! the booking is cancelled and cannot become confirmed"
    );
    world.clock.set(at("24T09:01"));
    assert_eq!(
        starts(&world, &invitee(&early), None).await,
        "! this was possible until 2026-11-24 09:00:00 UTC"
    );
    let stranger = world.as_member("ann", gone.booking.id);
    assert!(
        starts(&world, &stranger, None)
            .await
            .starts_with("! the booking is cancelled")
    );
    let far = at("24T00:00") + SlotRequest::MAX_RANGE + chrono::TimeDelta::days(1);
    let ann = world.as_member("ann", fixed.booking.id);
    let found = world
        .scheduling
        .find_slots_for_move(&ann, at("24T00:00"), far, None)
        .await;
    assert!(matches!(found, Err(RescheduleError::Range(_))), "{found:?}");
}
