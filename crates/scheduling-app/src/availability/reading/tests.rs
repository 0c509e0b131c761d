use scheduling_core::directory::Role;
use scheduling_core::event_type::EventHours;
use scheduling_core::ports::Storage;
use scheduling_core::schedule::ScheduleOwner;
use scheduling_core::time_off::TimeOffScope;
use scheduling_testkit::builders::{parse, working_hours};

use scheduling_core::booking::Booking;

use super::*;
use crate::actor::Actor;
use crate::availability::{FindSlots, offered};
use crate::event_types::{EventTypeSettings, UpdateEventType};
use crate::schedules::AddSchedule;
use crate::testing::{World, at, short};

async fn pool() -> World {
    World::new(
        "host ann UTC 09:00-10:00
         host bob UTC 09:00-10:00
         event pool 60 any:ann,bob",
    )
    .await
}

async fn tuesday(world: &World, event: &str) -> String {
    world.slots(event, "24T00:00", "25T00:00").await
}

/// Gives an event type other hours.
async fn with_hours(world: &World, event: &str, change: impl FnOnce(&mut EventTypeSettings)) {
    let id = world.event_types[event].id;
    let stored = world.scheduling.event_type(&Actor::System, id).await;
    let mut settings = EventTypeSettings::of(&stored.unwrap());
    change(&mut settings);
    let command = UpdateEventType {
        id,
        settings,
        expected: None,
    };
    let changed = world.scheduling.update_event_type(&Actor::System, &command);
    changed.await.unwrap();
}

#[tokio::test]
async fn a_host_uses_the_schedule_that_the_event_type_names_for_him() {
    let world = pool().await;
    let late = world.schedule("ann", "Late", "18:00-19:00").await;
    with_hours(&world, "pool", |settings| {
        settings.host_schedules.insert(world.hosts["ann"], late.id);
    })
    .await;
    assert_eq!(tuesday(&world, "pool").await, "24T09:00 bob\n24T18:00 ann");
}

#[tokio::test]
async fn a_named_schedule_or_own_hours_replace_the_hosts_or_stay_within_them() {
    let world = pool().await;
    let wide = world.schedule("ann", "Wide", "09:00-12:00").await;
    let own = working_hours(chrono_tz::Tz::UTC, "09:00-12:00");
    let all_day = "24T09:00 ann,bob\n24T10:00 ann,bob\n24T11:00 ann,bob";
    for (within_hosts, expected) in [(false, all_day), (true, "24T09:00 ann,bob")] {
        for hours in [
            EventHours::Schedule {
                schedule: wide.id,
                within_hosts,
            },
            EventHours::Own {
                availability: own.clone(),
                within_hosts,
            },
        ] {
            with_hours(&world, "pool", |settings| settings.hours = hours).await;
            assert_eq!(tuesday(&world, "pool").await, expected);
        }
    }
}

#[tokio::test]
async fn a_host_whose_schedule_is_damaged_is_not_offered_and_others_are() {
    let mut world = pool().await;
    let office = AddSchedule {
        workspace: world.workspace.id,
        owner: ScheduleOwner::Workspace(world.workspace.id),
        name: parse("Office"),
        availability: working_hours(chrono_tz::Tz::UTC, "14:00-15:00"),
        is_default: true,
        idempotency: None,
    };
    let office = world.scheduling.add_schedule(&Actor::System, &office).await;
    let office = office.unwrap().made;
    let late = world.schedule("bob", "Late", "09:00-10:00").await;
    let mut work = world.storage.begin_read().await.unwrap();
    let owner = ScheduleOwner::Person(world.hosts["ann"]);
    let anns = work.schedules().list(owner).await.unwrap().found[0].id;
    drop(work);
    let storage = world.damaged();

    // Not even the workspace's hours stand in for her own, which nobody knows.
    storage.damage(anns.as_uuid());
    assert_eq!(tuesday(&world, "pool").await, "24T09:00 bob");
    // Who has hours of his own does not need the workspace's.
    storage.repair();
    storage.damage(office.id.as_uuid());
    assert_eq!(tuesday(&world, "pool").await, "24T09:00 ann,bob");

    with_hours(&world, "pool", |settings| {
        settings.host_schedules.insert(world.hosts["bob"], late.id);
    })
    .await;
    storage.damage(late.id.as_uuid());
    assert_eq!(tuesday(&world, "pool").await, "24T09:00 ann");

    storage.repair();
    with_hours(&world, "pool", |settings| {
        settings.hours = EventHours::Schedule {
            schedule: late.id,
            within_hosts: false,
        };
    })
    .await;
    assert_eq!(tuesday(&world, "pool").await, "24T09:00 ann,bob");
    storage.damage(late.id.as_uuid());
    assert_eq!(tuesday(&world, "pool").await, "");
    let query = crate::availability::ExplainStart {
        event_type: world.event_types["pool"].id,
        start: at("24T09:00"),
        duration: None,
    };
    let owner = world.owner();
    let explained = world.scheduling.explain(&owner, &query).await.unwrap();
    assert!(explained.hosts.iter().all(|host| host.unreadable));
}

#[tokio::test]
async fn damaged_time_off_takes_all_of_its_owners_time_and_nobody_elses() {
    let mut world = pool().await;
    let ann = TimeOffScope::Person(world.hosts["ann"]);
    let off = world.off(ann, "27", "27").await;
    let storage = world.damaged();
    assert_eq!(tuesday(&world, "pool").await, "24T09:00 ann,bob");
    storage.damage(off.id.as_uuid());
    assert_eq!(tuesday(&world, "pool").await, "24T09:00 bob");
    assert_eq!(
        world.explain("pool", "24T09:00").await,
        "[] ann [Busy(TimeOff)] bob []"
    );
    // What is damaged and concerns everybody takes everybody's.
    storage.repair();
    let all = world.off(TimeOffScope::Workspace, "27", "27").await;
    storage.damage(all.id.as_uuid());
    assert_eq!(tuesday(&world, "pool").await, "");
}

#[tokio::test]
async fn a_hold_keeps_its_time_from_others_until_it_expires_and_offers_it_to_its_holder() {
    let world = World::new("host ann UTC 09:00-10:00\nevent intro 30 ann").await;
    let held = world.held("intro", "24T09:00").await;
    assert_eq!(tuesday(&world, "intro").await, "24T09:30 ann");
    let query = FindSlots {
        own_hold: Some(held.token.hash()),
        ..FindSlots::new(
            parse("firm"),
            parse("intro"),
            at("24T00:00"),
            at("25T00:00"),
        )
    };
    let found = world.scheduling.find_slots(&query).await.unwrap();
    assert_eq!(found.slots.len(), 2);
    // Somebody else's token is none.
    let query = FindSlots {
        own_hold: Some([7; 32]),
        ..query
    };
    let found = world.scheduling.find_slots(&query).await.unwrap();
    assert_eq!(found.slots.len(), 1);
    world.advance(5);
    assert_eq!(tuesday(&world, "intro").await, "24T09:00 ann\n24T09:30 ann");
}

#[tokio::test]
async fn a_hold_has_a_seat_in_a_session_until_it_expires() {
    let world = World::new("host ann UTC 09:00-10:00\nevent class 60 ann seats=3").await;
    world.booked("class", "24T09:00").await;
    world.held("class", "24T09:00").await;
    assert_eq!(tuesday(&world, "class").await, "24T09:00 ann 1 left");
    world.advance(5);
    assert_eq!(tuesday(&world, "class").await, "24T09:00 ann 2 left");
    // A session of nothing but expired holds is none.
    world.held("class", "25T09:00").await;
    world.advance(5);
    assert_eq!(
        world.slots("class", "25T00:00", "26T00:00").await,
        "25T09:00 ann 3 left"
    );
}

#[tokio::test]
async fn a_hold_counts_for_the_limit_like_a_booking() {
    let world = World::new("host ann UTC 09:00-12:00\nevent intro 60 ann per_day=1").await;
    world.held("intro", "24T09:00").await;
    assert_eq!(tuesday(&world, "intro").await, "next 25T09:00");
}

#[tokio::test]
async fn a_booking_that_moves_is_not_in_its_own_way_nor_its_seat_nor_its_limit() {
    let world = World::new(
        "host ann UTC 09:00-11:00
         event intro 60 ann step=30 per_day=1
         event class 60 ann seats=1
         event group 60 ann seats=2",
    )
    .await;
    let starts = async |event: &str, booking: &Booking| {
        let mut work = world.storage.begin_read().await.unwrap();
        let apart = Apart {
            moving: Some(booking),
            hold: None,
        };
        let event_type = &world.event_types[event];
        let question = Question::new(event_type, None, at("23T08:00")).unwrap();
        let question = question.with_apart(apart);
        let found = offered(&mut *work, &question, at("24T00:00"), at("25T00:00"));
        let found = found.await.unwrap();
        let starts = found.slots.iter().map(|slot| {
            let left = slot
                .seats_left
                .map_or(String::new(), |left| format!("/{left}"));
            short(slot.start) + &left
        });
        starts.collect::<Vec<_>>().join(" ")
    };
    let booked = world.booked("intro", "24T09:00").await;
    assert_eq!(tuesday(&world, "intro").await, "next 25T09:00");
    assert_eq!(
        starts("intro", &booked.booking).await,
        "24T09:00 24T09:30 24T10:00"
    );
    world.cancel(&booked.manage_token).await;
    let (first, second) = (
        world.booked("group", "24T09:00").await,
        world.booked("group", "24T09:00").await,
    );
    assert_eq!(tuesday(&world, "group").await, "24T10:00 ann 2 left");
    assert_eq!(
        starts("group", &first.booking).await,
        "24T09:00/1 24T10:00/2"
    );
    world.cancel(&second.manage_token).await;
    assert_eq!(
        starts("group", &first.booking).await,
        "24T09:00/2 24T10:00/2"
    );
}

#[tokio::test]
async fn a_chosen_duration_decides_what_fits_and_one_that_is_not_offered_is_refused() {
    let world = World::new(
        "host ann UTC 09:00-11:00
         event intro 30 ann lasts=60,90",
    )
    .await;
    let ask = async |minutes: u32| {
        let query = FindSlots {
            duration: Some(Length::new(minutes).unwrap()),
            ..FindSlots::new(
                parse("firm"),
                parse("intro"),
                at("24T00:00"),
                at("25T00:00"),
            )
        };
        match world.scheduling.find_slots(&query).await {
            Ok(found) => {
                let days = found.days(chrono_tz::Tz::Pacific__Auckland);
                let said = days.iter().map(|day| {
                    let last = day.slots.last().unwrap();
                    let (count, end) = (day.slots.len(), short(last.end));
                    format!("{} {count} until {end}", day.date)
                });
                said.collect::<Vec<_>>().join(", ")
            }
            Err(error) => format!("! {error}"),
        }
    };
    assert_eq!(ask(30).await, "2026-11-24 4 until 24T11:00");
    assert_eq!(ask(60).await, "2026-11-24 3 until 24T11:00");
    assert_eq!(ask(90).await, "2026-11-24 2 until 24T11:00");
    assert_eq!(ask(45).await, "! the event type has no such duration");
}

#[tokio::test]
async fn slots_stand_under_the_date_they_have_in_the_zone_that_is_asked_for() {
    let world = World::new("host ann UTC 10:00-12:00\nevent intro 60 ann").await;
    let query = FindSlots::new(
        parse("firm"),
        parse("intro"),
        at("24T00:00"),
        at("26T00:00"),
    );
    let found = world.scheduling.find_slots(&query).await.unwrap();
    let days = found.days(chrono_tz::Tz::Pacific__Auckland);
    let days: Vec<_> = days
        .iter()
        .map(|day| (day.date.to_string(), day.slots.len()))
        .collect();
    // Eleven in UTC is midnight there.
    let day = |date: &str, count| (date.to_owned(), count);
    assert_eq!(
        days,
        [
            day("2026-11-24", 1),
            day("2026-11-25", 2),
            day("2026-11-26", 1)
        ]
    );
}

#[tokio::test]
async fn a_damaged_event_type_takes_down_no_page_but_its_own() {
    let mut world = World::new(
        "host ann UTC 09:00-10:00
         event intro 60 ann
         event other 60 ann",
    )
    .await;
    let storage = world.damaged();
    storage.damage(world.event_types["other"].id.as_uuid());
    let page = world.scheduling.landing_page(&parse("firm")).await;
    assert_eq!(page.unwrap().unwrap().event_types.len(), 1);
    assert_eq!(tuesday(&world, "intro").await, "24T09:00 ann");
    assert_eq!(
        tuesday(&world, "other").await,
        format!(
            "! the stored event_types.body of row {} cannot be read",
            world.event_types["other"].id
        )
    );
    let member = world.member("ann", Role::Member);
    let query = crate::event_types::ListEventTypes::default();
    let listed = world
        .scheduling
        .event_types(&member, world.workspace.id, &query);
    assert_eq!(listed.await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_damaged_person_is_left_out_of_pages_that_show_others_too() {
    let mut world = pool().await;
    let storage = world.damaged();
    storage.damage(world.hosts["ann"].as_uuid());
    let page = world.scheduling.landing_page(&parse("firm")).await;
    let (_, hosts) = &page.unwrap().unwrap().event_types[0];
    assert_eq!(hosts.len(), 1);
    let (firm, pool) = (parse("firm"), parse("pool"));
    let page = world.scheduling.event_type_page(&firm, &pool).await;
    assert_eq!(page.unwrap().hosts[0].name.as_str(), "bob");
}
