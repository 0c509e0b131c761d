//! Event types.

use std::num::NonZeroU32;
use std::sync::Arc;

use chrono_tz::Tz;
use scheduling_core::event_type::{
    AssignmentKind, BookingLimits, BookingWindow, Buffers, Capacity, EventHours, EventTypeStatus,
    HostGroup, Hosting, Location, Locations, Required,
};
use scheduling_core::ids::UserId;
use scheduling_core::ports::Storage;
use scheduling_core::time::{Length, Minutes};

use super::fixture::{House, assert_conflict, assert_refused, whole};
use crate::builders::{event_type, parse, working_hours, workspace};

/// Every way of hosting, every place, every rule.
pub async fn every_kind_comes_back_as_it_was(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let [ann, bob, eve] = [house.ann.id, house.bob.id, house.eve.id];
    let two = Required::AtLeast(NonZeroU32::new(2).unwrap());
    let pool = vec![eve, ann, bob];
    let group = |hosts: Vec<UserId>, required| HostGroup { hosts, required };
    let weighted = Hosting::new(
        AssignmentKind::RoundRobin,
        vec![group(pool.clone(), Required::ONE)],
        vec![(eve, 1), (bob, u32::MAX)],
    );
    let panel = Hosting::panel(vec![
        group(vec![bob], Required::All),
        group(vec![eve, ann], Required::ONE),
    ]);
    let hostings = [
        Hosting::single(bob),
        Hosting::round_robin(pool.clone()).unwrap(),
        weighted.unwrap(),
        Hosting::any_available(pool.clone()).unwrap(),
        Hosting::collective(pool.clone(), two).unwrap(),
        Hosting::all_hands(pool).unwrap(),
        panel.unwrap(),
    ];
    let locations = [
        Location::InPerson {
            address: parse("1, \"Quay\" Street"),
        },
        Location::Link {
            url: parse("https://meet.example/äöü?a=b&c='d'"),
        },
        Location::Custom {
            text: parse("Ring\nthe bell"),
        },
    ];
    let windows = [
        BookingWindow::Open,
        BookingWindow::RollingDays { days: u32::MAX },
        BookingWindow::Dates {
            from: parse("2026-11-01"),
            to: parse("2027-02-28"),
        },
    ];
    let mut expected = Vec::new();
    for (place, hosting) in hostings.into_iter().enumerate() {
        let mut kind = event_type(
            &house.ids,
            house.workspace.id,
            &format!("kind-{place}"),
            45,
            hosting,
        );
        kind.locations = Locations::one(locations[place % locations.len()].clone());
        kind.rules.booking_window = windows[place % windows.len()];
        kind.rules.timezone = Tz::Asia__Kathmandu;
        kind.rules.slot_interval = Length::new(u32::MAX).unwrap();
        kind.rules.buffers = Buffers {
            before: Minutes(5),
            after: Minutes(u32::MAX),
        };
        kind.rules.minimum_notice = Minutes(24 * 60);
        kind.rules.limits = BookingLimits {
            per_day: Some(0),
            per_week: None,
            per_month: Some(u32::MAX),
        };
        kind.rules.capacity = Capacity::seats(12).unwrap();
        kind.description = Some(parse("Quotes ' \" and\nlines"));
        kind.category = Some(parse("Für alle"));
        kind.position = 10 + u32::try_from(place).unwrap();
        kind.hours = EventHours::Own {
            availability: working_hours(Tz::Europe__London, "09:00-24:00"),
            within_hosts: place % 2 == 0,
        };
        kind.status = EventTypeStatus::Hidden;
        expected.push(kind);
    }
    expected[0].status = EventTypeStatus::Inactive;
    expected[0].hours = EventHours::OfHosts;
    let mut work = house.begin().await;
    for kind in expected.iter().rev() {
        work.event_types().insert(kind).await.unwrap();
    }
    work.commit().await.unwrap();

    let mut work = house.begin_read().await;
    for kind in &expected {
        let found = work.event_types().get(kind.id).await.unwrap();
        assert_eq!(found.as_ref(), Some(kind));
        let slug = &kind.slug;
        let found = work
            .event_types()
            .by_slug(house.workspace.id, slug)
            .await
            .unwrap();
        assert_eq!(found.as_ref(), Some(kind));
    }
    let listed = whole(work.event_types().list(house.workspace.id).await);
    assert_eq!(listed[1..], expected);
}

/// Another workspace may use the slug too.
pub async fn a_slug_is_taken_once_in_a_workspace(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let hosting = Hosting::single(house.bob.id);
    let again = event_type(&house.ids, house.workspace.id, "intro", 15, hosting.clone());
    let mut work = house.begin().await;
    assert_conflict(work.event_types().insert(&again).await);
    drop(work);

    let other = workspace(&house.ids, "other");
    let elsewhere = event_type(&house.ids, other.id, "intro", 15, hosting);
    let mut work = house.begin().await;
    work.directory().insert_workspace(&other).await.unwrap();
    work.event_types().insert(&elsewhere).await.unwrap();
    work.commit().await.unwrap();
    let mut work = house.begin_read().await;
    let slug = parse("intro");
    let found = work.event_types().by_slug(other.id, &slug).await.unwrap();
    assert_eq!(found, Some(elsewhere));
}

/// The position decides, then the slug.
pub async fn a_list_stands_by_position_then_slug(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let mut work = house.begin().await;
    for (slug, position) in [("c", 1), ("a1", 2), ("a-b", 2), ("z", 0)] {
        let hosting = Hosting::single(house.bob.id);
        let mut kind = event_type(&house.ids, house.workspace.id, slug, 15, hosting);
        kind.position = position;
        work.event_types().insert(&kind).await.unwrap();
    }
    let listed = whole(work.event_types().list(house.workspace.id).await);
    let slugs: Vec<&str> = listed.iter().map(|e| e.slug.as_str()).collect();
    assert_eq!(slugs, ["intro", "z", "c", "a-b", "a1"]);
}

/// Hosts are people.
pub async fn a_host_must_exist(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let stranger = UserId::generate(&house.ids);
    let hosting = Hosting::round_robin(vec![house.ann.id, stranger]).unwrap();
    let kind = event_type(&house.ids, house.workspace.id, "strange", 15, hosting);
    let mut work = house.begin().await;
    assert_refused(work.event_types().insert(&kind).await);
}
