//! Tests of `list`.

use scheduling_core::booking::BookingStatus;
use scheduling_core::directory::Role;
use scheduling_testkit::builders::parse;

use super::*;
use crate::testing::{World, at, short};

const FIRM: &str = "host ann UTC 09:00-12:00
    host bob UTC 09:00-12:00
    event intro 30 ann
    event deep 30 bob\n";

/// A world with six bookings of ann and one of bob.
async fn firm() -> World {
    let world = World::new(FIRM).await;
    for start in [
        "24T11:30", "24T09:00", "24T10:00", "24T09:30", "24T11:00", "24T10:30",
    ] {
        world.booked("intro", start).await;
    }
    world.booked("deep", "24T10:00").await;
    world
}

async fn list(world: &World, role: Role, query: &ListBookings) -> BookingList {
    let actor = world.member("ann", role);
    world.scheduling.bookings(&actor, query).await.unwrap()
}

fn starts(list: &BookingList) -> String {
    let times = list
        .bookings
        .iter()
        .map(|b| short(b.interval.start())[3..].to_owned());
    times.collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn pages_lead_forth_and_back_through_the_whole_list() {
    let world = firm().await;
    for (sort, pages) in [
        (
            Direction::Ascending,
            ["09:00 09:30", "10:00 10:00", "10:30 11:00", "11:30"],
        ),
        (
            Direction::Descending,
            ["11:30 11:00", "10:30 10:00", "10:00 09:30", "09:00"],
        ),
    ] {
        let mut query = ListBookings {
            sort,
            limit: 2,
            ..ListBookings::default()
        };
        let mut seen = Vec::new();
        let last = loop {
            let page = list(&world, Role::Owner, &query).await;
            assert_eq!(page.previous.is_some(), !seen.is_empty());
            seen.push(starts(&page));
            match page.next {
                Some(place) => query.start = PageStart::After(place),
                None => break page,
            }
        };
        assert_eq!(seen, pages);
        let mut place = last.previous;
        for expected in pages.iter().rev().skip(1) {
            query.start = PageStart::Before(place.unwrap());
            let page = list(&world, Role::Owner, &query).await;
            assert_eq!(starts(&page), *expected);
            assert!(page.next.is_some());
            place = page.previous;
        }
        assert_eq!(place, None);
    }
}

#[tokio::test]
async fn a_member_sees_what_he_hosts_and_who_manages_everything() {
    let world = firm().await;
    let query = ListBookings::default();
    assert_eq!(list(&world, Role::Admin, &query).await.bookings.len(), 7);
    let own = list(&world, Role::Member, &query).await;
    assert_eq!(own.bookings.len(), 6);
    assert_eq!(own.event_types.len(), 1);
    assert_eq!(
        own.people.keys().copied().collect::<Vec<_>>(),
        [world.hosts["ann"]]
    );
    // Asking for somebody else's gives nothing.
    let mut query = ListBookings::default();
    query.filter.host = Some(world.hosts["bob"]);
    assert!(list(&world, Role::Member, &query).await.bookings.is_empty());
    assert_eq!(list(&world, Role::Admin, &query).await.bookings.len(), 1);
}

#[tokio::test]
async fn nobody_lists_a_workspace_that_is_not_his() {
    let world = firm().await;
    let query = ListBookings::default();
    let elsewhere = Actor::Member {
        workspace: WorkspaceId::from_uuid(uuid::Uuid::from_u128(9)),
        user: world.hosts["ann"],
        role: Role::Owner,
    };
    let list = world.scheduling.bookings(&elsewhere, &query).await.unwrap();
    assert!(list.bookings.is_empty());
    for actor in [Actor::Invitee, Actor::System] {
        let refused = world.scheduling.bookings(&actor, &query).await;
        assert!(matches!(refused, Err(ReadError::NotFound)), "{refused:?}");
    }
}

#[tokio::test]
async fn states_are_judged_by_the_clock() {
    let world = firm().await;
    world.clock.set(at("24T10:30"));
    let of = async |status| {
        let mut query = ListBookings::default();
        query.filter.status = vec![status];
        list(&world, Role::Owner, &query).await.bookings.len()
    };
    assert_eq!(of(BookingStatus::Completed).await, 4);
    assert_eq!(of(BookingStatus::Confirmed).await, 3);
    assert_eq!(of(BookingStatus::Cancelled).await, 0);
}

#[tokio::test]
async fn filters_narrow_a_list_and_limits_are_bounded() {
    let world = firm().await;
    let mut query = ListBookings {
        limit: 0,
        ..ListBookings::default()
    };
    assert_eq!(list(&world, Role::Owner, &query).await.bookings.len(), 1);
    query.limit = u32::MAX;
    query.filter.text = Some("IDA@".to_owned());
    assert_eq!(list(&world, Role::Owner, &query).await.bookings.len(), 7);
    query.filter.text = Some("nobody".to_owned());
    assert!(list(&world, Role::Owner, &query).await.bookings.is_empty());
    query.filter = BookingFilter {
        event_type: Some(world.event_types["deep"].id),
        from: Some(at("24T10:00")),
        to: Some(at("24T10:30")),
        ..BookingFilter::default()
    };
    assert_eq!(starts(&list(&world, Role::Owner, &query).await), "10:00");
    // A place that is none leads nowhere, and harms nobody.
    query.start = PageStart::After((
        DateTime::<Utc>::MAX_UTC,
        parse("00000000-0000-0000-0000-000000000000"),
    ));
    assert!(list(&world, Role::Owner, &query).await.bookings.is_empty());
}

#[tokio::test]
async fn a_host_whose_row_is_damaged_takes_neither_list_nor_booking_nor_mail_down() {
    let mut world = World::new(
        "host ann UTC 09:00-12:00
         host bob UTC 09:00-12:00
         event both 30 all:ann,bob",
    )
    .await;
    let booked = world.booked("both", "24T10:00").await;
    let damaged = world.damaged();
    damaged.damage(world.hosts["bob"].as_uuid());

    let list = list(&world, Role::Owner, &ListBookings::default()).await;
    assert_eq!(starts(&list), "10:00");
    assert_eq!(world.names(list.people.into_keys()), "ann");
    let access = world.as_member("ann", booked.booking.id);
    let details = world.scheduling.booking(&access).await.unwrap();
    assert_eq!(world.names(details.hosts.iter().map(|host| host.id)), "ann");
    assert!(world.scheduling.history(&access).await.is_ok());
    world.worker().run_due().await.unwrap();
    let sent = world.notifier.take_sent();
    let mut told: Vec<&str> = sent.iter().map(|m| m.to.email.as_str()).collect();
    told.sort_unstable();
    // What goes to bob himself cannot, and is on the list of what has failed.
    assert_eq!(told, ["ann@firm.example", "ida@example.org"]);
    assert_eq!(world.outbox().await.failed, 1);
}
