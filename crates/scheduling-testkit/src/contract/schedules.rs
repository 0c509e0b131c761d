//! Availability schedules.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono_tz::Tz;
use scheduling_core::ids::ScheduleId;
use scheduling_core::ports::Storage;
use scheduling_core::schedule::{Availability, DateOverride, ScheduleOwner, WeeklyHours};
use scheduling_core::time::DayHours;

use super::fixture::{House, assert_conflict, whole};
use crate::builders::{day_hours, default_schedule, parse, working_hours};

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
    let anns = default_schedule(&house.ids, house.workspace.id, house.ann.id, availability);
    let mut side = default_schedule(
        &house.ids,
        house.workspace.id,
        house.ann.id,
        working_hours(Tz::UTC, "10:00-11:00"),
    );
    side.is_default = false;
    side.name = parse("Summer \"hours\"");
    let bobs = default_schedule(
        &house.ids,
        house.workspace.id,
        house.bob.id,
        working_hours(Tz::UTC, "00:00-24:00"),
    );
    let mut work = house.begin().await;
    for schedule in [&side, &anns, &bobs] {
        work.schedules().insert(schedule).await.unwrap();
    }
    work.commit().await.unwrap();

    let mut work = house.begin_read().await;
    let [ann, bob, eve] = [house.ann.id, house.bob.id, house.eve.id].map(ScheduleOwner::Person);
    let found = whole(work.schedules().defaults(&[eve, bob, ann]).await);
    let expected = BTreeMap::from([(ann, anns.clone()), (bob, bobs.clone())]);
    assert_eq!(found, expected);
    let found = whole(work.schedules().defaults(&[bob]).await);
    assert_eq!(found, BTreeMap::from([(bob, bobs.clone())]));

    let nobodys = ScheduleId::generate(&house.ids);
    let ids = [bobs.id, nobodys, side.id, anns.id, bobs.id];
    let found = whole(work.schedules().get(&ids).await);
    let expected = [anns, side, bobs].map(|schedule| (schedule.id, schedule));
    assert_eq!(found, BTreeMap::from(expected));
}

/// A second default schedule of one person is a conflict; a further one that is no default is not.
pub async fn a_person_has_one_default_schedule(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let hours = working_hours(Tz::UTC, "09:00-17:00");
    let first = default_schedule(&house.ids, house.workspace.id, house.ann.id, hours.clone());
    let second = default_schedule(&house.ids, house.workspace.id, house.ann.id, hours.clone());
    let mut further = default_schedule(&house.ids, house.workspace.id, house.ann.id, hours);
    further.is_default = false;
    let mut work = house.begin().await;
    work.schedules().insert(&first).await.unwrap();
    work.schedules().insert(&further).await.unwrap();
    work.commit().await.unwrap();
    let mut work = house.begin().await;
    assert_conflict(work.schedules().insert(&second).await);
}
