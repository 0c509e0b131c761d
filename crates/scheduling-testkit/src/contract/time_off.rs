//! Time off.

use std::sync::Arc;

use chrono::TimeDelta;
use chrono_tz::Tz;
use scheduling_core::event_type::Hosting;
use scheduling_core::ids::{EventTypeId, TimeOffId, UserId, WorkspaceId};
use scheduling_core::ports::{Storage, StorageError};
use scheduling_core::time_off::{TimeOff, TimeOffPeriod, TimeOffScope, TimeOffSpan};

use super::fixture::{House, assert_conflict, assert_refused, whole};
use crate::builders::{days_off, event_type, instant, parse, workspace};

/// Christmas, of whatever scope, not yet stored.
fn christmas(house: &House, scope: TimeOffScope) -> TimeOff {
    days_off(
        &house.ids,
        house.workspace.id,
        scope,
        "2026-12-24",
        "2026-12-26",
    )
}

async fn insert(house: &House, time_off: &TimeOff) -> Result<(), StorageError> {
    let mut work = house.begin().await;
    work.time_off().insert(time_off).await?;
    work.commit().await
}

async fn update(house: &House, time_off: &TimeOff) -> Result<(), StorageError> {
    let mut work = house.begin().await;
    work.time_off().update(time_off).await?;
    work.commit().await
}

async fn stored(house: &House, id: TimeOffId) -> Option<TimeOff> {
    let mut work = house.begin_read().await;
    work.time_off().get(id).await.unwrap()
}

/// Days and hours, once and by a rule, of whatever scope.
pub async fn time_off_comes_back_as_it_was(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let scopes = [
        TimeOffScope::Workspace,
        TimeOffScope::Person(house.eve.id),
        TimeOffScope::EventType(house.event_type.id),
    ];
    let days = TimeOffSpan::Days {
        from: parse("2027-02-28"),
        to: parse("2027-03-01"),
    };
    let hours = TimeOffSpan::Hours {
        from: parse("2026-10-25T01:30:00"),
        to: parse("2026-10-25T03:00:01"),
    };
    let periods = [
        (Tz::Europe__Berlin, days, None),
        (Tz::Australia__Lord_Howe, days, Some("FREQ=YEARLY")),
        (Tz::America__New_York, hours, None),
        (
            Tz::Asia__Kathmandu,
            hours,
            Some("FREQ=MONTHLY;INTERVAL=2;BYDAY=-1FR;COUNT=12"),
        ),
    ];
    let mut expected = Vec::new();
    for scope in scopes {
        for (place, (timezone, span, rule)) in periods.iter().enumerate() {
            let mut time_off = christmas(&house, scope);
            let rule = rule.map(parse);
            time_off.period = TimeOffPeriod::new(*timezone, *span, rule).unwrap();
            time_off.title = (place % 2 == 0).then(|| parse("Zahnarzt '\"; 李 🙂"));
            time_off.visible = place == 2;
            time_off.version = 3;
            time_off.created_at = instant("2026-11-24T09:00:00.000001Z");
            insert(&house, &time_off).await.unwrap();
            expected.push(time_off);
        }
    }
    for time_off in &expected {
        assert_eq!(stored(&house, time_off.id).await.as_ref(), Some(time_off));
    }
    let mut work = house.begin_read().await;
    let listed = whole(work.time_off().list(house.workspace.id).await);
    assert_eq!(listed, expected);
}

/// By when it was entered, then by id; of this workspace alone.
pub async fn a_list_stands_by_when_it_was_entered(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let other = workspace(&house.ids, "other");
    let mut work = house.begin().await;
    work.directory().insert_workspace(&other).await.unwrap();
    work.commit().await.unwrap();
    let mut made = Vec::new();
    for days in [2, 1, 3, 1] {
        let mut time_off = christmas(&house, TimeOffScope::Person(house.ann.id));
        time_off.created_at += TimeDelta::days(days);
        insert(&house, &time_off).await.unwrap();
        made.push(time_off.id);
    }
    let mut theirs = christmas(&house, TimeOffScope::Person(house.ann.id));
    theirs.workspace = other.id;
    insert(&house, &theirs).await.unwrap();
    let mut work = house.begin_read().await;
    let listed = whole(work.time_off().list(house.workspace.id).await);
    let ids: Vec<TimeOffId> = listed.iter().map(|t| t.id).collect();
    assert_eq!(ids, [made[1], made[3], made[0], made[2]]);
    assert_eq!(whole(work.time_off().list(other.id).await), [theirs]);
}

/// A person's wherever it was entered, the event type's and the workspace's; nobody else's.
pub async fn what_concerns_a_meeting_is_found(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let [ann, bob, eve] = [house.ann.id, house.bob.id, house.eve.id];
    let (here, kind) = (house.workspace.id, house.event_type.id);
    let other = workspace(&house.ids, "other");
    let second = event_type(&house.ids, here, "second", 30, Hosting::single(ann));
    let mut work = house.begin().await;
    work.directory().insert_workspace(&other).await.unwrap();
    work.event_types().insert(&second).await.unwrap();
    work.commit().await.unwrap();
    let made = |scope, workspace| {
        let mut time_off = christmas(&house, scope);
        time_off.workspace = workspace;
        time_off
    };
    let all = [
        made(TimeOffScope::EventType(second.id), here),
        made(TimeOffScope::Person(bob), here),
        made(TimeOffScope::Workspace, other.id),
        made(TimeOffScope::Person(eve), here),
        made(TimeOffScope::Workspace, here),
        made(TimeOffScope::EventType(kind), here),
        made(TimeOffScope::Person(ann), other.id),
        made(TimeOffScope::Person(ann), here),
    ];
    for time_off in all.iter().rev() {
        insert(&house, time_off).await.unwrap();
    }
    let concerning = async |people: &[UserId], workspace, event_type| {
        let mut work = house.begin_read().await;
        let found = work.time_off().concerning(people, workspace, event_type);
        let found = whole(found.await);
        let place = |time_off: &TimeOff| all.iter().position(|one| one == time_off).unwrap();
        found.iter().map(place).collect::<Vec<usize>>()
    };
    assert_eq!(
        concerning(&[bob, ann, bob], here, kind).await,
        [1, 4, 5, 6, 7]
    );
    assert_eq!(concerning(&[ann], here, second.id).await, [0, 4, 6, 7]);
    assert_eq!(concerning(&[], here, kind).await, [4, 5]);
    let nothing = EventTypeId::generate(&house.ids);
    assert_eq!(concerning(&[eve], other.id, nothing).await, [2, 3]);
}

/// An update must know the version before, and replaces everything.
pub async fn time_off_changes_by_versions(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let first = christmas(&house, TimeOffScope::Person(house.ann.id));
    insert(&house, &first).await.unwrap();
    assert_conflict(insert(&house, &first).await);
    let mut second = first.clone();
    second.version = 2;
    second.scope = TimeOffScope::Workspace;
    second.title = Some(parse("Christmas"));
    second.visible = true;
    let new_year = TimeOffSpan::Days {
        from: parse("2027-01-01"),
        to: parse("2027-01-01"),
    };
    let rule = Some(parse("FREQ=YEARLY"));
    second.period = TimeOffPeriod::new(Tz::Europe__Berlin, new_year, rule).unwrap();
    update(&house, &second).await.unwrap();
    assert_eq!(stored(&house, first.id).await.as_ref(), Some(&second));

    let mut skips = second.clone();
    skips.version = 4;
    let mut absent = christmas(&house, TimeOffScope::Workspace);
    absent.version = 2;
    for refused in [&first, &second, &skips, &absent] {
        assert_conflict(update(&house, refused).await);
    }
    assert_eq!(stored(&house, first.id).await.as_ref(), Some(&second));
    let mut work = house.begin().await;
    assert!(work.time_off().delete(first.id).await.unwrap());
    assert!(!work.time_off().delete(first.id).await.unwrap());
    work.commit().await.unwrap();
    assert_eq!(stored(&house, first.id).await, None);
}

/// Whose time it takes must exist.
pub async fn time_off_is_somebodys(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let mut nowhere = christmas(&house, TimeOffScope::Workspace);
    nowhere.workspace = WorkspaceId::generate(&house.ids);
    let stranger = TimeOffScope::Person(UserId::generate(&house.ids));
    let nothing = TimeOffScope::EventType(EventTypeId::generate(&house.ids));
    let lost = [
        nowhere,
        christmas(&house, stranger),
        christmas(&house, nothing),
    ];
    for time_off in lost {
        assert_refused(insert(&house, &time_off).await);
    }
}
