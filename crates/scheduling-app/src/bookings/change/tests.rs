//! Tests of what somebody else changes while a command waits for the hosts.

use scheduling_core::event_type::{EventType, EventTypeStatus, Hosting};

use crate::bookings::HoldSlot;
use crate::testing::World;

const PAIR: &str =
    "host ann UTC 09:00-12:00\n host bob UTC 09:00-12:00\n event intro 30 ann approval=60";

/// A world in which the event type changes while the next command waits for the hosts.
async fn world(change: impl FnOnce(&mut EventType, &World)) -> World {
    let mut world = World::new(PAIR).await;
    let mut changed = world.event_types["intro"].clone();
    changed.version += 1;
    change(&mut changed, &world);
    let flaky = world.flaky();
    *flaky.meanwhile.lock().unwrap() = Some(changed);
    world
}

fn to_bob(event_type: &mut EventType, world: &World) {
    event_type.hosting = Hosting::single(world.hosts["bob"]);
    event_type.policy.approval = None;
}

#[tokio::test]
async fn who_hosts_is_decided_by_the_event_type_as_it_is_under_the_lock() {
    let world = world(to_bob).await;
    let booked = world.booked("intro", "24T10:00").await;
    assert_eq!(
        world.names(booked.booking.hosts.iter().map(|h| h.user)),
        "bob"
    );
    assert_eq!(booked.booking.state.name().as_str(), "confirmed");
}

#[tokio::test]
async fn so_it_is_for_a_hold() {
    let world = world(to_bob).await;
    let command = HoldSlot::new(
        scheduling_testkit::builders::parse("firm"),
        scheduling_testkit::builders::parse("intro"),
        crate::testing::at("24T10:00"),
    );
    let held = world.scheduling.hold(&command).await.unwrap();
    assert_eq!(world.names(held.hold.hosts.iter().map(|h| h.user)), "bob");
}

#[tokio::test]
async fn what_was_put_away_meanwhile_is_not_booked() {
    let world = world(|event_type, _| event_type.status = EventTypeStatus::Archived).await;
    assert_eq!(
        world.book("intro", "24T10:00").await,
        "! there is no such event type"
    );
    assert_eq!(world.bookings().await.len(), 0);
}

#[tokio::test]
async fn a_change_goes_by_the_policy_as_it_is_under_the_lock() {
    let mut world = World::new(PAIR).await;
    let booked = world.booked("intro", "24T10:00").await;
    let mut strict = world.event_types["intro"].clone();
    strict.version += 1;
    strict.policy.cancel.invitee_may = false;
    *world.flaky().meanwhile.lock().unwrap() = Some(strict);
    assert_eq!(
        world.cancel(&booked.manage_token).await,
        "! this is not for this side of the booking to do"
    );
}
