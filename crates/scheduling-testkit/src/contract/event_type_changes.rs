//! Changes of event types, and what they name.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono_tz::Tz;
use scheduling_core::event_type::{
    AssignmentKind, EventHours, EventType, EventTypeStatus, HostGroup, Hosting, Required,
};
use scheduling_core::ids::{EventTypeId, ScheduleId, UserId, WorkspaceId};
use scheduling_core::ports::{Storage, StorageError};
use scheduling_core::time::Length;

use super::event_type_settings::{anns_schedule, with_everything};
use super::fixture::{House, assert_conflict, assert_refused};
use crate::builders::{event_type, parse, workspace};

async fn insert(house: &House, event_type: &EventType) -> Result<(), StorageError> {
    let mut work = house.begin().await;
    work.event_types().insert(event_type).await?;
    work.commit().await
}

async fn update(house: &House, event_type: &EventType) -> Result<(), StorageError> {
    let mut work = house.begin().await;
    work.event_types().update(event_type).await?;
    work.commit().await
}

async fn stored(house: &House, id: EventTypeId) -> Option<EventType> {
    let mut work = house.begin_read().await;
    work.event_types().get(id).await.unwrap()
}

/// An update replaces everything, and must know the version before.
pub async fn an_event_type_changes_by_versions(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let [ann, bob, eve] = [house.ann.id, house.bob.id, house.eve.id];
    let first = house.event_type.clone();
    let schedule = anns_schedule(&house).await;
    let mut second = with_everything(&house, schedule);
    second.version = 2;
    second.slug = parse("second");
    second.title = parse("Second \"title\"");
    second.description = Some(parse("Two\nlines"));
    second.category = Some(parse("Category"));
    second.position = 7;
    second.rules.timezone = Tz::Asia__Kathmandu;
    second.rules.duration = Length::new(50).unwrap();
    second.status = EventTypeStatus::Archived;
    let group = HostGroup {
        hosts: vec![eve, ann, bob],
        required: Required::ONE,
    };
    let weights = vec![(eve, 3), (ann, 1)];
    second.hosting = Hosting::new(AssignmentKind::RoundRobin, vec![group], weights).unwrap();
    update(&house, &second).await.unwrap();
    assert_eq!(stored(&house, first.id).await.as_ref(), Some(&second));

    let mut late = first.clone();
    late.version = 2;
    let mut skips = second.clone();
    skips.version = 4;
    let mut zero = second.clone();
    zero.version = 0;
    let hosting = Hosting::single(ann);
    let mut absent = event_type(&house.ids, house.workspace.id, "absent", 30, hosting);
    absent.version = 2;
    for refused in [&first, &late, &second, &skips, &zero, &absent] {
        assert_conflict(update(&house, refused).await);
    }
    assert_eq!(stored(&house, first.id).await.as_ref(), Some(&second));

    let mut third = first.clone();
    third.version = 3;
    third.hosting = Hosting::single(bob);
    update(&house, &third).await.unwrap();
    assert_eq!(stored(&house, first.id).await.as_ref(), Some(&third));
    let hosted = async |host| {
        let mut work = house.begin_read().await;
        work.event_types().hosted_by(host).await.unwrap()
    };
    assert_eq!(hosted(ann).await, []);
    assert_eq!(hosted(bob).await, [first.id]);
}

/// A slug that is taken stays whose it is; a name of one's own can be kept.
pub async fn an_event_type_cannot_take_anothers_slug(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let hosting = Hosting::single(house.bob.id);
    let other = event_type(&house.ids, house.workspace.id, "other", 15, hosting);
    insert(&house, &other).await.unwrap();
    let mut moved = house.event_type.clone();
    moved.version = 2;
    moved.slug = parse("other");
    assert_conflict(update(&house, &moved).await);
    assert_eq!(
        stored(&house, moved.id).await.as_ref(),
        Some(&house.event_type)
    );
    assert_eq!(stored(&house, other.id).await, Some(other));
    moved.slug = house.event_type.slug.clone();
    update(&house, &moved).await.unwrap();
}

/// In whatever workspace, in whatever group, whatever the status, by id.
pub async fn a_hosts_event_types_are_found(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let [ann, bob, eve] = [house.ann.id, house.bob.id, house.eve.id];
    let other = workspace(&house.ids, "other");
    let mut work = house.begin().await;
    work.directory().insert_workspace(&other).await.unwrap();
    work.commit().await.unwrap();
    let group = |hosts: Vec<UserId>| HostGroup {
        hosts,
        required: Required::ONE,
    };
    let panel = Hosting::panel(vec![group(vec![eve]), group(vec![bob, ann])]).unwrap();
    let panel = event_type(&house.ids, other.id, "panel", 30, panel);
    let hosting = Hosting::single(bob);
    let mut old = event_type(&house.ids, house.workspace.id, "old", 30, hosting);
    old.status = EventTypeStatus::Archived;
    for kind in [&old, &panel] {
        insert(&house, kind).await.unwrap();
    }
    let mut work = house.begin_read().await;
    let event_types = work.event_types();
    let found = event_types.hosted_by(ann).await.unwrap();
    assert_eq!(found, [house.event_type.id, panel.id]);
    let found = event_types.hosted_by(bob).await.unwrap();
    assert_eq!(found, [panel.id, old.id]);
    assert_eq!(event_types.hosted_by(eve).await.unwrap(), [panel.id]);
}

/// Hosts, schedules and the workspace that it names must be there, also after a change.
pub async fn what_an_event_type_names_must_exist(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let nowhere = ScheduleId::generate(&house.ids);
    let stranger = UserId::generate(&house.ids);
    let schedule = anns_schedule(&house).await;
    let lost: [fn(&mut EventType, ScheduleId, ScheduleId, UserId); 4] = [
        |kind, nowhere, _, _| {
            kind.hours = EventHours::Schedule {
                schedule: nowhere,
                within_hosts: false,
            };
        },
        |kind, nowhere, _, _| {
            let host = kind.hosting.roster().next().unwrap();
            kind.host_schedules = BTreeMap::from([(host, nowhere)]);
        },
        |kind, _, schedule, stranger| {
            kind.host_schedules = BTreeMap::from([(stranger, schedule)]);
        },
        |kind, _, _, stranger| kind.hosting = Hosting::single(stranger),
    ];
    for change in lost {
        let hosting = Hosting::single(house.ann.id);
        let mut new = event_type(&house.ids, house.workspace.id, "new", 30, hosting);
        change(&mut new, nowhere, schedule, stranger);
        assert_refused(insert(&house, &new).await);
        let mut changed = house.event_type.clone();
        changed.version += 1;
        change(&mut changed, nowhere, schedule, stranger);
        assert_refused(update(&house, &changed).await);
    }
    let hosting = Hosting::single(house.ann.id);
    let in_nowhere = WorkspaceId::generate(&house.ids);
    let new = event_type(&house.ids, in_nowhere, "new", 30, hosting);
    assert_refused(insert(&house, &new).await);
    let kind = house.event_type.clone();
    assert_eq!(stored(&house, kind.id).await, Some(kind));
}
