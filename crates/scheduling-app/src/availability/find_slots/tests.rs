//! Tests of `find_slots`.

use scheduling_testkit::builders::parse;

use super::*;
use crate::testing::{World, at};

#[tokio::test]
async fn starts_come_with_everyone_who_can_take_them_in_roster_order() {
    let world = World::new(
        "host ann UTC 09:00-10:30
             host bob UTC 09:00-12:00
             busy bob 24T09:30 30
             event pool 30 robin:bob,ann",
    )
    .await;
    insta::assert_snapshot!(world.slots("pool", "24T00:00", "25T00:00").await, @"
        24T09:00 bob,ann
        24T09:30 ann
        24T10:00 bob,ann
        24T10:30 bob
        24T11:00 bob
        24T11:30 bob
        ");
}

#[tokio::test]
async fn the_range_is_half_open_and_an_upside_down_one_is_empty() {
    let world = World::new("host ann UTC 09:00-12:00\nevent intro 30 ann").await;
    insta::assert_snapshot!(world.slots("intro", "24T09:30", "24T10:30").await, @"
        24T09:30 ann
        24T10:00 ann
        ");
    assert_eq!(
        world.slots("intro", "24T10:30", "24T09:30").await,
        "next 24T09:30"
    );
}

#[tokio::test]
async fn bookings_of_any_event_type_and_buffers_reach_in_from_outside_the_range() {
    let world = World::new(
        "host ann UTC 09:00-12:00
             event intro 30 ann buffers=0/15
             event deep 60 ann buffers=30/0",
    )
    .await;
    world.booked("intro", "24T09:00").await;
    // Its own buffer takes half an hour before, the other's a quarter after: free at 10:15 at the earliest.
    insta::assert_snapshot!(world.slots("deep", "24T10:00", "24T12:00").await, @"24T11:00 ann");
    assert_eq!(world.book("deep", "24T11:00").await, "ann");
    assert_eq!(
        world.slots("intro", "24T10:00", "24T10:15").await,
        "next 25T09:00"
    );
}

#[tokio::test]
async fn limits_count_bookings_outside_the_range_asked_for() {
    let world = World::new(
        "host ann UTC 09:00-12:00
             event daily 30 ann per_day=1
             event monthly 30 ann per_month=1",
    )
    .await;
    world.booked("daily", "24T09:00").await;
    assert_eq!(
        world.slots("daily", "24T11:00", "24T12:00").await,
        "next 25T09:00"
    );
    world.booked("monthly", "30T09:00").await;
    assert_eq!(
        world.slots("monthly", "24T11:00", "24T12:00").await,
        "next 2026-12-01T09:00"
    );
}

#[tokio::test]
async fn an_event_types_own_hours_replace_the_hosts() {
    let world = World::new(
        "host ann UTC 09:00-10:00
             event evening 30 ann hours=18:00-19:00",
    )
    .await;
    insta::assert_snapshot!(world.slots("evening", "24T00:00", "25T00:00").await, @"
        24T18:00 ann
        24T18:30 ann
        ");
}

#[tokio::test]
async fn nothing_in_the_past_is_offered_and_the_next_start_is_named() {
    let world = World::new(
        "now 24T10:05
             host ann UTC 09:00-11:00
             event intro 30 ann notice=30",
    )
    .await;
    assert_eq!(
        world.slots("intro", "01T00:00", "24T10:00").await,
        "next 25T09:00"
    );
}

#[tokio::test]
async fn the_next_start_is_looked_for_within_the_booking_window_only() {
    let world = World::new(
        "host ann UTC 09:00-11:00
             busy ann 23T00:00 10080
             event near 30 ann window=6
             event far 30 ann window=60",
    )
    .await;
    assert_eq!(world.slots("near", "24T00:00", "25T00:00").await, "");
    assert_eq!(
        world.slots("far", "24T00:00", "25T00:00").await,
        "next 30T09:00"
    );
}

#[tokio::test]
async fn the_last_date_of_a_window_counts_to_its_end_in_a_zone_far_west() {
    // Half past ten in the evening of the 25th on Niue is half past nine in the morning of the 26th in UTC.
    let world = World::new(
        "host ann UTC 09:30-10:00
             event dates 30 ann zone=Pacific/Niue until=2026-11-25
             event rolling 30 ann zone=Pacific/Niue window=3",
    )
    .await;
    // It is still the 22nd there, so three days ahead is the 25th as well.
    for event in ["dates", "rolling"] {
        assert_eq!(
            world.slots(event, "26T00:00", "26T09:00").await,
            "next 26T09:30"
        );
        assert_eq!(world.slots(event, "26T10:00", "30T00:00").await, "");
    }
}

#[tokio::test]
async fn the_next_start_is_found_most_of_a_year_ahead_and_not_after_it() {
    let year = 366 * 24 * 60;
    let world = World::new(&format!(
        "host ann UTC 09:00-11:00
             host bob UTC 09:00-11:00
             busy ann 23T00:00 {}
             busy bob 23T00:00 {}
             event soon 30 ann
             event never 30 bob",
        year - 10 * 24 * 60,
        year + 10 * 24 * 60,
    ))
    .await;
    assert_eq!(
        world.slots("soon", "24T00:00", "25T00:00").await,
        "next 2027-11-15T09:00"
    );
    assert_eq!(world.slots("never", "24T00:00", "25T00:00").await, "");
}

#[tokio::test]
async fn from_a_range_long_past_the_next_start_is_looked_for_from_now_on() {
    let world = World::new("host ann UTC 09:00-11:00\nevent intro 30 ann").await;
    let query = FindSlots::new(
        parse("firm"),
        parse("intro"),
        DateTime::<Utc>::MIN_UTC,
        DateTime::<Utc>::MIN_UTC + TimeDelta::days(30),
    );
    let found = world.scheduling.find_slots(&query).await.unwrap();
    assert!(found.slots.is_empty());
    assert_eq!(found.next_available, Some(at("23T09:00")));
}

#[tokio::test]
async fn a_range_of_years_is_refused() {
    let world = World::new("host ann UTC 09:00-11:00\nevent intro 30 ann").await;
    let query = |to: &str| {
        let to = scheduling_testkit::builders::instant(to);
        FindSlots::new(parse("firm"), parse("intro"), at("24T00:00"), to)
    };
    for to in ["2036-11-24T00:00:00Z", "9999-12-31T00:00:00Z"] {
        let refused = world.scheduling.find_slots(&query(to)).await;
        assert!(
            matches!(
                refused,
                Err(FindError::Request(SlotRequestError::RangeTooLong { .. }))
            ),
            "{refused:?}"
        );
    }
    let forever = FindSlots {
        from: DateTime::<Utc>::MIN_UTC,
        to: DateTime::<Utc>::MAX_UTC,
        ..query("2036-11-24T00:00:00Z")
    };
    assert!(world.scheduling.find_slots(&forever).await.is_err());
}

#[tokio::test]
async fn unknown_and_inactive_event_types_are_not_found_and_hidden_ones_are() {
    let world = World::new(
        "host ann UTC 09:00-09:30
             event shown 30 ann
             event secret 30 ann status=hidden
             event gone 30 ann status=inactive",
    )
    .await;
    let ask = async |event: &str| world.slots(event, "24T00:00", "25T00:00").await;
    assert_eq!(ask("secret").await, "24T09:00 ann");
    assert_eq!(ask("gone").await, "! there is no such event type");
    assert_eq!(ask("nothing").await, "! there is no such event type");
    let elsewhere = FindSlots::new(
        parse("elsewhere"),
        parse("shown"),
        at("24T00:00"),
        at("25T00:00"),
    );
    let refused = world.scheduling.find_slots(&elsewhere).await;
    assert!(matches!(refused, Err(FindError::NotFound)));
}
