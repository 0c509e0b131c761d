//! Availability schedules.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono_tz::Tz;
use scheduling_core::event_type::{EventHours, EventType, Hosting};
use scheduling_core::ids::{EventTypeId, ScheduleId, UserId, WorkspaceId};
use scheduling_core::ports::{Storage, StorageError};
use scheduling_core::schedule::{
    Availability, AvailabilitySchedule, DateOverride, ScheduleOwner, WeeklyHours,
};
use scheduling_core::time::DayHours;

use super::fixture::{House, assert_conflict, assert_refused, whole};
use crate::builders::{
    day_hours, default_schedule, event_type, parse, working_hours, workspace, workspace_schedule,
};

/// A default schedule of a person, not yet stored.
fn schedule_of(house: &House, owner: UserId) -> AvailabilitySchedule {
    let hours = working_hours(Tz::Europe__Berlin, "09:00-17:00");
    default_schedule(&house.ids, house.workspace.id, owner, hours)
}

/// A further schedule of a person, not yet stored.
fn further_of(house: &House, owner: UserId, name: &str) -> AvailabilitySchedule {
    let mut schedule = schedule_of(house, owner);
    schedule.is_default = false;
    schedule.name = parse(name);
    schedule
}

async fn insert(house: &House, schedule: &AvailabilitySchedule) -> Result<(), StorageError> {
    let mut work = house.begin().await;
    work.schedules().insert(schedule).await?;
    work.commit().await
}

async fn update(house: &House, schedule: &AvailabilitySchedule) -> Result<(), StorageError> {
    let mut work = house.begin().await;
    work.schedules().update(schedule).await?;
    work.commit().await
}

async fn stored(house: &House, id: ScheduleId) -> Option<AvailabilitySchedule> {
    let mut work = house.begin_read().await;
    whole(work.schedules().get(&[id]).await).remove(&id)
}

async fn list(house: &House, owner: ScheduleOwner) -> Vec<AvailabilitySchedule> {
    let mut work = house.begin_read().await;
    whole(work.schedules().list(owner).await)
}

/// The next version of a schedule, changed.
fn changed(
    schedule: &AvailabilitySchedule,
    change: impl FnOnce(&mut AvailabilitySchedule),
) -> AvailabilitySchedule {
    let mut next = schedule.clone();
    next.version += 1;
    change(&mut next);
    next
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

/// The default first, then by name as the characters' numbers have it, then by id; each owner's own.
pub async fn a_list_begins_with_the_default(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let ann = house.ann.id;
    let mut made = Vec::new();
    for name in ["b", "a", "B", "ä", "a"] {
        made.push(further_of(&house, ann, name));
    }
    let mut default = schedule_of(&house, ann);
    default.name = parse("z");
    made.push(default);
    for schedule in &made {
        insert(&house, schedule).await.unwrap();
    }
    insert(&house, &schedule_of(&house, house.bob.id))
        .await
        .unwrap();
    let listed = list(&house, ScheduleOwner::Person(ann)).await;
    let expected = [5, 2, 1, 4, 0, 3].map(|place: usize| made[place].clone());
    assert_eq!(listed, expected);
    let bobs = list(&house, ScheduleOwner::Person(house.bob.id)).await;
    assert_eq!(bobs.len(), 1);
    assert_eq!(list(&house, ScheduleOwner::Person(house.eve.id)).await, []);
    let workspaces = ScheduleOwner::Workspace(house.workspace.id);
    assert_eq!(list(&house, workspaces).await, []);
}

/// A workspace has schedules and a default of its own, which is none of its people's.
pub async fn a_workspace_has_schedules_of_its_own(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let here = house.workspace.id;
    let other = workspace(&house.ids, "other");
    let mut work = house.begin().await;
    work.directory().insert_workspace(&other).await.unwrap();
    work.commit().await.unwrap();
    let hours = || working_hours(Tz::UTC, "08:00-20:00");
    let ours = workspace_schedule(&house.ids, here, hours());
    let mut further = workspace_schedule(&house.ids, here, hours());
    further.is_default = false;
    let theirs = workspace_schedule(&house.ids, other.id, hours());
    let anns = schedule_of(&house, house.ann.id);
    for schedule in [&further, &ours, &theirs, &anns] {
        insert(&house, schedule).await.unwrap();
    }
    let second = workspace_schedule(&house.ids, here, hours());
    assert_conflict(insert(&house, &second).await);
    let onto = changed(&further, |schedule| schedule.is_default = true);
    assert_conflict(update(&house, &onto).await);

    let [home, away] = [here, other.id].map(ScheduleOwner::Workspace);
    let ann = ScheduleOwner::Person(house.ann.id);
    let eve = ScheduleOwner::Person(house.eve.id);
    let mut work = house.begin_read().await;
    let found = whole(work.schedules().defaults(&[eve, home, ann]).await);
    let expected = BTreeMap::from([(home, ours.clone()), (ann, anns.clone())]);
    assert_eq!(found, expected);
    let found = whole(work.schedules().defaults(&[away]).await);
    assert_eq!(found, BTreeMap::from([(away, theirs)]));
    drop(work);
    assert_eq!(list(&house, home).await, [ours, further]);
    assert_eq!(list(&house, ann).await, [anns]);
}

/// An update must know the version before, and replaces everything.
pub async fn a_schedule_changes_by_versions(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let first = schedule_of(&house, house.ann.id);
    insert(&house, &first).await.unwrap();
    assert_conflict(insert(&house, &first).await);
    let second = changed(&first, |schedule| {
        schedule.name = parse("Summer \"hours\"");
        schedule.is_default = false;
        schedule.availability = working_hours(Tz::America__Havana, "10:00-24:00");
    });
    update(&house, &second).await.unwrap();
    assert_eq!(stored(&house, first.id).await.as_ref(), Some(&second));
    let late = changed(&first, |_| {});
    let skips = changed(&changed(&second, |_| {}), |_| {});
    let absent = changed(&schedule_of(&house, house.ann.id), |_| {});
    for refused in [&first, &late, &second, &skips, &absent] {
        assert_conflict(update(&house, refused).await);
    }
    assert_eq!(stored(&house, first.id).await, Some(second));
}

/// Within one transaction another becomes the default; at no moment are there two.
pub async fn another_schedule_becomes_the_default(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let owner = ScheduleOwner::Person(house.ann.id);
    let first = schedule_of(&house, house.ann.id);
    let second = further_of(&house, house.ann.id, "Summer");
    insert(&house, &first).await.unwrap();
    insert(&house, &second).await.unwrap();
    let promoted = changed(&second, |schedule| schedule.is_default = true);
    assert_conflict(update(&house, &promoted).await);
    let demoted = changed(&first, |schedule| schedule.is_default = false);
    let mut work = house.begin().await;
    work.schedules().update(&demoted).await.unwrap();
    work.schedules().update(&promoted).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(list(&house, owner).await, [promoted.clone(), demoted]);
    let mut work = house.begin_read().await;
    let found = whole(work.schedules().defaults(&[owner]).await);
    assert_eq!(found, BTreeMap::from([(owner, promoted)]));
}

/// As its hours, or for one of its hosts: what an event type names stays.
pub async fn a_schedule_that_is_named_stays(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let [ann, bob] = [house.ann.id, house.bob.id];
    let schedule = further_of(&house, ann, "Summer");
    let unnamed = further_of(&house, ann, "Winter");
    insert(&house, &schedule).await.unwrap();
    insert(&house, &unnamed).await.unwrap();
    let kind = |slug: &str, change: fn(&mut EventType, ScheduleId)| {
        let pool = Hosting::round_robin(vec![bob, ann]).unwrap();
        let mut kind = event_type(&house.ids, house.workspace.id, slug, 30, pool);
        change(&mut kind, schedule.id);
        kind
    };
    let as_hours = kind("as-hours", |kind, schedule| {
        kind.hours = EventHours::Schedule {
            schedule,
            within_hosts: true,
        };
    });
    let for_hosts = kind("for-hosts", |kind, schedule| {
        let hosts = kind.hosting.roster().map(|host| (host, schedule));
        kind.host_schedules = hosts.collect();
        // Named thrice, it is one use.
        kind.hours = EventHours::Schedule {
            schedule,
            within_hosts: false,
        };
    });
    let for_one = kind("for-one", |kind, schedule| {
        let host = kind.hosting.roster().next().unwrap();
        kind.host_schedules = BTreeMap::from([(host, schedule)]);
    });
    let mut work = house.begin().await;
    for kind in [&for_one, &for_hosts, &as_hours] {
        work.event_types().insert(kind).await.unwrap();
    }
    work.commit().await.unwrap();
    let used_by = async |id| {
        let mut work = house.begin_read().await;
        work.schedules().used_by(id).await.unwrap()
    };
    let delete = async |id| {
        let mut work = house.begin().await;
        let deleted = work.schedules().delete(id).await.unwrap();
        work.commit().await.unwrap();
        deleted
    };
    let mut expected = vec![as_hours.id, for_hosts.id, for_one.id];
    assert_eq!(used_by(schedule.id).await, expected);
    assert_eq!(used_by(unnamed.id).await, Vec::<EventTypeId>::new());
    assert!(delete(unnamed.id).await);
    for kind in [as_hours, for_hosts, for_one] {
        assert!(!delete(schedule.id).await);
        assert_eq!(stored(&house, schedule.id).await.as_ref(), Some(&schedule));
        let mut next = kind.clone();
        next.version += 1;
        next.hours = EventHours::OfHosts;
        next.host_schedules = BTreeMap::new();
        let mut work = house.begin().await;
        work.event_types().update(&next).await.unwrap();
        work.commit().await.unwrap();
        expected.retain(|id| *id != kind.id);
        assert_eq!(used_by(schedule.id).await, expected);
    }
    assert!(delete(schedule.id).await);
    assert!(!delete(schedule.id).await);
    assert_eq!(stored(&house, schedule.id).await, None);
}

/// A schedule is a person's or a workspace's, and made in a workspace.
pub async fn a_schedule_is_somebodys(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let nowhere = WorkspaceId::generate(&house.ids);
    let strangers = schedule_of(&house, UserId::generate(&house.ids));
    let mut made_nowhere = schedule_of(&house, house.ann.id);
    made_nowhere.workspace = nowhere;
    let hours = working_hours(Tz::UTC, "09:00-17:00");
    let nowheres = workspace_schedule(&house.ids, nowhere, hours);
    for lost in [strangers, made_nowhere, nowheres] {
        assert_refused(insert(&house, &lost).await);
    }
}
