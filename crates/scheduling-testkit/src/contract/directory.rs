//! Workspaces, people, schedules, ledgers and busy intervals.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono_tz::Tz;
use scheduling_core::assignment::{LedgerEntry, RotationLedger};
use scheduling_core::calendar::BusySource;
use scheduling_core::ids::{BookingId, EventTypeId, UserId, WorkspaceId};
use scheduling_core::ports::{IdSource, Storage};
use scheduling_core::schedule::{Availability, DateOverride, WeeklyHours};
use scheduling_core::time::DayHours;

use super::fixture::{House, assert_conflict, assert_refused};
use crate::SequenceIds;
use crate::builders::{
    busy, day_hours, default_schedule, interval, parse, person, working_hours, workspace,
};

/// Every look-up of what is not there answers `None`, or nothing.
pub async fn what_is_not_there_is_none(storage: Arc<dyn Storage>) {
    let ids = SequenceIds::new();
    let slug = parse("nowhere");
    let workspace = WorkspaceId::generate(&ids);
    let (host, event_type) = (UserId::generate(&ids), EventTypeId::generate(&ids));
    let day = interval("2026-11-24T00:00:00Z", 24 * 60);
    let mut work = storage.begin_read().await.unwrap();
    let directory = work.directory();
    assert_eq!(directory.workspace_by_slug(&slug).await.unwrap(), None);
    assert_eq!(directory.workspace(workspace).await.unwrap(), None);
    assert_eq!(directory.workspaces().await.unwrap(), []);
    assert_eq!(directory.people(&[host]).await.unwrap(), BTreeMap::new());
    assert_eq!(directory.people(&[]).await.unwrap(), BTreeMap::new());
    assert_eq!(directory.members(workspace).await.unwrap(), []);
    let event_types = work.event_types();
    assert_eq!(event_types.get(event_type).await.unwrap(), None);
    assert_eq!(event_types.by_slug(workspace, &slug).await.unwrap(), None);
    assert_eq!(event_types.list(workspace).await.unwrap(), []);
    let defaults = work.schedules().defaults(&[host]).await.unwrap();
    assert_eq!(defaults, BTreeMap::new());
    let defaults = work.schedules().defaults(&[]).await.unwrap();
    assert_eq!(defaults, BTreeMap::new());
    let bookings = work.bookings();
    let found = bookings.get(BookingId::generate(&ids)).await.unwrap();
    assert_eq!(found, None);
    assert_eq!(bookings.by_manage_token(&[7; 32]).await.unwrap(), None);
    assert_eq!(bookings.reservations(&[host], day).await.unwrap(), []);
    assert_eq!(bookings.reservations(&[], day).await.unwrap(), []);
    assert_eq!(bookings.list(workspace, day, 10).await.unwrap(), []);
    assert_eq!(work.busy().overlapping(&[host], day).await.unwrap(), []);
    assert_eq!(work.busy().overlapping(&[], day).await.unwrap(), []);
    assert_eq!(work.outbox().next_due().await.unwrap(), None);
    assert_eq!(work.outbox().failures(10).await.unwrap(), []);
}

/// Names keep their quotes, scripts and signs.
pub async fn workspaces_and_people_come_back_as_they_were(storage: Arc<dyn Storage>) {
    let ids = SequenceIds::new();
    let mut firm = workspace(&ids, "halden-mills");
    firm.name = parse(r#"Halden & "Mills" '; drop table people; --"#);
    firm.description = Some(parse("Zwei Zeilen:\nließ 李小龍 🙂 \\ %s ${x}"));
    let mut zoe = person(&ids, "Zoe", Tz::America__Argentina__Buenos_Aires);
    zoe.name = parse(r#"Zoë "Z" O'Hara, 李"#);
    zoe.email = parse("zoe.o'hara+kalends@halden-mills.example");
    let mut work = storage.begin().await.unwrap();
    let directory = work.directory();
    directory.insert_workspace(&firm).await.unwrap();
    directory.insert_person(firm.id, &zoe).await.unwrap();
    work.commit().await.unwrap();

    let mut work = storage.begin_read().await.unwrap();
    let directory = work.directory();
    let found = directory.workspace_by_slug(&firm.slug).await.unwrap();
    assert_eq!(found.as_ref(), Some(&firm));
    let found = directory.workspace(firm.id).await.unwrap();
    assert_eq!(found.as_ref(), Some(&firm));
    let stranger = UserId::generate(&ids);
    let found = directory.people(&[stranger, zoe.id, zoe.id]).await.unwrap();
    assert_eq!(found, BTreeMap::from([(zoe.id, zoe.clone())]));
    assert_eq!(directory.members(firm.id).await.unwrap(), [zoe]);
}

/// A slug is unique on the server, an address in its workspace, however it is written.
pub async fn a_slug_and_an_address_are_taken_once(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let mut work = house.begin().await;
    let again = workspace(&house.ids, "acme");
    assert_conflict(work.directory().insert_workspace(&again).await);
    drop(work);

    let mut work = house.begin().await;
    let mut second_ann = person(&house.ids, "Second Ann", Tz::UTC);
    second_ann.email = parse("ANN@example.org");
    let home = house.workspace.id;
    assert_conflict(work.directory().insert_person(home, &second_ann).await);
    drop(work);

    let mut work = house.begin().await;
    let mut same_id = person(&house.ids, "Somebody Else", Tz::UTC);
    same_id.id = house.ann.id;
    assert_conflict(work.directory().insert_person(home, &same_id).await);
    drop(work);

    let mut work = house.begin().await;
    let other = workspace(&house.ids, "other");
    work.directory().insert_workspace(&other).await.unwrap();
    let directory = work.directory();
    directory
        .insert_person(other.id, &second_ann)
        .await
        .unwrap();
    work.commit().await.unwrap();
}

/// Lists have one order, the same on every database: that of the characters' numbers.
pub async fn workspaces_stand_by_slug_and_members_by_name(storage: Arc<dyn Storage>) {
    let ids = SequenceIds::new();
    let mut work = storage.begin().await.unwrap();
    let directory = work.directory();
    for slug in ["b", "a-b", "a1", "ab"] {
        let workspace = workspace(&ids, slug);
        directory.insert_workspace(&workspace).await.unwrap();
    }
    let home = directory.workspaces().await.unwrap()[0].clone();
    for (address, name) in [
        ("d", "Émile"),
        ("c", "ann"),
        ("b", "Bob"),
        ("a", "Bob"),
        ("e", "Zoe"),
    ] {
        let mut member = person(&ids, name, Tz::UTC);
        member.email = parse(&format!("{address}@example.org"));
        directory.insert_person(home.id, &member).await.unwrap();
    }
    work.commit().await.unwrap();

    let mut work = storage.begin_read().await.unwrap();
    let workspaces = work.directory().workspaces().await.unwrap();
    let slugs: Vec<&str> = workspaces.iter().map(|w| w.slug.as_str()).collect();
    assert_eq!(slugs, ["a-b", "a1", "ab", "b"]);
    let members = work.directory().members(home.id).await.unwrap();
    let names: Vec<(&str, &str)> = members
        .iter()
        .map(|m| (m.name.as_str(), &m.email.as_str()[..1]))
        .collect();
    // The first Bob is the one who was added first, whose id is smaller.
    assert_eq!(
        names,
        [
            ("Bob", "b"),
            ("Bob", "a"),
            ("Zoe", "e"),
            ("ann", "c"),
            ("Émile", "d")
        ]
    );
}

/// What names a row that is not there is refused, and not as a conflict: trying again would not help.
pub async fn a_person_needs_a_workspace(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let nowhere = WorkspaceId::generate(&house.ids);
    let lost = person(&house.ids, "Lost", Tz::UTC);
    let mut work = house.begin().await;
    assert_refused(work.directory().insert_person(nowhere, &lost).await);
    drop(work);
    let mut work = house.begin().await;
    let schedule = default_schedule(&house.ids, lost.id, working_hours(Tz::UTC, "09:00-17:00"));
    assert_refused(work.schedules().insert(&schedule).await);
    drop(work);
    let mut work = house.begin().await;
    let busy = busy(&house.ids, lost.id, interval("2026-11-24T09:00:00Z", 30));
    assert_refused(work.busy().insert(&busy).await);
}

/// Hours to midnight, closed days and overrides are kept.
pub async fn default_schedules_come_back_as_they_were(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let mut hours = WeeklyHours::working_week(&day_hours("09:00-12:00 13:00-24:00"));
    hours.sunday = day_hours("00:00-00:30");
    let overrides = vec![
        DateOverride {
            date: parse("2026-12-24"),
            hours: DayHours::CLOSED,
        },
        DateOverride {
            date: parse("2027-02-28"),
            hours: day_hours("22:00-24:00"),
        },
    ];
    let availability = Availability::new(Tz::America__Havana, hours, overrides).unwrap();
    let anns = default_schedule(&house.ids, house.ann.id, availability);
    let mut side = default_schedule(
        &house.ids,
        house.ann.id,
        working_hours(Tz::UTC, "10:00-11:00"),
    );
    side.is_default = false;
    side.name = parse("Summer \"hours\"");
    let bobs = default_schedule(
        &house.ids,
        house.bob.id,
        working_hours(Tz::UTC, "00:00-24:00"),
    );
    let mut work = house.begin().await;
    for schedule in [&side, &anns, &bobs] {
        work.schedules().insert(schedule).await.unwrap();
    }
    work.commit().await.unwrap();

    let mut work = house.begin_read().await;
    let all = [house.eve.id, house.bob.id, house.ann.id];
    let found = work.schedules().defaults(&all).await.unwrap();
    let expected = BTreeMap::from([(house.ann.id, anns), (house.bob.id, bobs.clone())]);
    assert_eq!(found, expected);
    let found = work.schedules().defaults(&[house.bob.id]).await.unwrap();
    assert_eq!(found, BTreeMap::from([(house.bob.id, bobs)]));
}

/// A second default schedule of one person is a conflict; a further one that is no default is not.
pub async fn a_person_has_one_default_schedule(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let hours = working_hours(Tz::UTC, "09:00-17:00");
    let first = default_schedule(&house.ids, house.ann.id, hours.clone());
    let second = default_schedule(&house.ids, house.ann.id, hours.clone());
    let mut further = default_schedule(&house.ids, house.ann.id, hours);
    further.is_default = false;
    let mut work = house.begin().await;
    work.schedules().insert(&first).await.unwrap();
    work.schedules().insert(&further).await.unwrap();
    work.commit().await.unwrap();
    let mut work = house.begin().await;
    assert_conflict(work.schedules().insert(&second).await);
}

/// Busy intervals are half-open, stand by host, then start, and may overlap each other.
pub async fn busy_intervals_are_found_where_they_overlap(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let ids = &house.ids;
    let at_eight = busy(ids, house.ann.id, interval("2026-11-24T08:00:00Z", 60));
    let at_nine = busy(ids, house.ann.id, interval("2026-11-24T09:00:00Z", 60));
    let mut half_past = busy(ids, house.ann.id, interval("2026-11-24T09:30:00Z", 10));
    half_past.busy.source = BusySource::TimeOff;
    let at_ten = busy(ids, house.ann.id, interval("2026-11-24T10:00:00Z", 60));
    let bobs = busy(ids, house.bob.id, interval("2026-11-24T00:00:00Z", 24 * 60));
    let mut work = house.begin().await;
    for busy in [&at_ten, &bobs, &half_past, &at_nine, &at_eight] {
        work.busy().insert(busy).await.unwrap();
    }
    work.commit().await.unwrap();

    let nine_to_ten = interval("2026-11-24T09:00:00Z", 60);
    let mut work = house.begin_read().await;
    let found = work
        .busy()
        .overlapping(&[house.bob.id, house.ann.id], nine_to_ten)
        .await
        .unwrap();
    assert_eq!(found, [at_nine.clone(), half_past.clone(), bobs]);
    let found = work
        .busy()
        .overlapping(&[house.ann.id], interval("2026-11-24T09:59:00Z", 1))
        .await
        .unwrap();
    assert_eq!(found, [at_nine]);
    drop(work);

    let mut work = house.begin().await;
    assert_conflict(work.busy().insert(&half_past).await);
}

/// A ledger comes back as it was last stored, entries in their order.
pub async fn a_ledger_is_empty_until_it_is_stored(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let id = house.event_type.id;
    let mut work = house.begin().await;
    let empty = work.rotation().ledger(id).await.unwrap();
    assert_eq!(empty, RotationLedger::default());
    let entry = |host, weight, credit, last_assigned| LedgerEntry {
        host,
        weight,
        credit,
        last_assigned,
    };
    let first = RotationLedger {
        entries: vec![
            entry(house.eve.id, 100, -150, Some(3)),
            entry(house.ann.id, u32::MAX, 250, None),
            entry(house.bob.id, 1, -100, Some(0)),
        ],
        next: 4,
    };
    work.rotation().store(id, &first).await.unwrap();
    assert_eq!(work.rotation().ledger(id).await.unwrap(), first);
    let second = RotationLedger {
        entries: vec![entry(house.bob.id, 7, 0, Some(9))],
        next: 10,
    };
    work.rotation().store(id, &second).await.unwrap();
    work.commit().await.unwrap();
    let mut work = house.begin_read().await;
    assert_eq!(work.rotation().ledger(id).await.unwrap(), second);
    let other = EventTypeId::from_uuid(house.ids.next_id());
    let empty = work.rotation().ledger(other).await.unwrap();
    assert_eq!(empty, RotationLedger::default());
}
