use chrono_tz::Tz;
use scheduling_core::directory::Role;
use scheduling_core::event_type::EventHours;
use scheduling_core::ids::ScheduleId;
use scheduling_core::ports::Storage;
use scheduling_core::schedule::{AvailabilitySchedule, ScheduleOwner, WeeklyHours};
use scheduling_core::time::DayHours;
use scheduling_testkit::builders::{day_hours, parse, working_hours};

use super::*;
use crate::actor::Actor;
use crate::event_types::{EventTypeSettings, UpdateEventType};
use crate::manage::ManageError;
use crate::manage::testing::{heard, key};
use crate::setup::{NewPerson, NewWorkspace};
use crate::testing::World;

async fn world() -> World {
    World::new(
        "host ann UTC 09:00-10:00
         host bob UTC 09:00-10:00
         event intro 30 ann",
    )
    .await
}

fn new(world: &World, owner: ScheduleOwner, name: &str, is_default: bool) -> AddSchedule {
    AddSchedule {
        workspace: world.workspace.id,
        owner,
        name: parse(name),
        availability: working_hours(Tz::UTC, "18:00-19:00"),
        is_default,
        idempotency: None,
    }
}

fn of(world: &World, host: &str) -> ScheduleOwner {
    ScheduleOwner::Person(world.hosts[host])
}

async fn listed(world: &World, actor: Actor, owner: Option<ScheduleOwner>) -> String {
    let found = world
        .scheduling
        .schedules(&actor, world.workspace.id, owner)
        .await;
    heard(found, |found| {
        let names = found.iter().map(|s| {
            let default = if s.is_default { "*" } else { "" };
            format!("{}{default}", s.name)
        });
        names.collect::<Vec<_>>().join(", ")
    })
}

async fn change(world: &World, actor: Actor, command: UpdateSchedule) -> String {
    heard(
        world.scheduling.update_schedule(&actor, &command).await,
        |s| format!("{} {} {}", s.name, s.is_default, s.version),
    )
}

fn as_it_is(schedule: &AvailabilitySchedule) -> UpdateSchedule {
    UpdateSchedule {
        id: schedule.id,
        name: schedule.name.clone(),
        availability: schedule.availability.clone(),
        is_default: schedule.is_default,
        expected: None,
    }
}

#[tokio::test]
async fn an_owner_has_several_and_always_one_default() {
    let world = world().await;
    let ann = world.member("ann", Role::Member);
    let late = world.schedule("ann", "Late", "18:00-19:00").await;
    assert!(!late.is_default);
    let all = async || listed(&world, ann, Some(of(&world, "ann"))).await;
    assert_eq!(all().await, "Working hours*, Late");
    assert_eq!(
        world.slots("intro", "24T00:00", "25T00:00").await,
        "24T09:00 ann\n24T09:30 ann"
    );

    let command = UpdateSchedule {
        is_default: true,
        ..as_it_is(&late)
    };
    assert_eq!(change(&world, ann, command).await, "Late true 2");
    assert_eq!(all().await, "Late*, Working hours");
    assert_eq!(
        world.slots("intro", "24T00:00", "25T00:00").await,
        "24T18:00 ann\n24T18:30 ann"
    );
    // The default stays it until another becomes it.
    let command = UpdateSchedule {
        is_default: false,
        ..as_it_is(&late)
    };
    assert_eq!(change(&world, ann, command).await, "Late true 2");

    // The first of an owner is the default by itself; a new default takes over.
    let firm = ScheduleOwner::Workspace(world.workspace.id);
    for (name, is_default) in [("Office", false), ("Weekend", false), ("Summer", true)] {
        let command = new(&world, firm, name, is_default);
        let owner = world.owner();
        let made = world.scheduling.add_schedule(&owner, &command).await;
        made.unwrap();
    }
    assert_eq!(
        listed(&world, ann, Some(firm)).await,
        "Summer*, Office, Weekend"
    );
}

#[tokio::test]
async fn hosts_without_hours_of_their_own_have_the_workspaces() {
    let world = world().await;
    let firm = ScheduleOwner::Workspace(world.workspace.id);
    let owner = world.owner();
    let newcomer = NewPerson {
        name: parse("Nia"),
        email: parse("nia@firm.example"),
        timezone: Tz::UTC,
        availability: None,
    };
    let made = world.scheduling.create_person(world.workspace.id, newcomer);
    let (nia, _) = made.await.unwrap();
    let mut settings = EventTypeSettings::of(&world.event_types["intro"]);
    settings.hosting = scheduling_core::event_type::Hosting::single(nia.id);
    let command = UpdateEventType {
        id: world.event_types["intro"].id,
        settings,
        expected: None,
    };
    world
        .scheduling
        .update_event_type(&owner, &command)
        .await
        .unwrap();
    let query = crate::availability::FindSlots::new(
        parse("firm"),
        parse("intro"),
        crate::testing::at("24T00:00"),
        crate::testing::at("25T00:00"),
    );
    let count = async || {
        world
            .scheduling
            .find_slots(&query)
            .await
            .unwrap()
            .slots
            .len()
    };
    assert_eq!(count().await, 0);
    let command = new(&world, firm, "Office", true);
    let made = world.scheduling.add_schedule(&owner, &command).await;
    assert_eq!(count().await, 2);
    // The workspace's default can go, unlike a person's.
    let deleted = world
        .scheduling
        .delete_schedule(&owner, made.unwrap().made.id, None);
    deleted.await.unwrap();
    assert_eq!(count().await, 0);
}

#[tokio::test]
async fn a_schedule_in_use_and_a_persons_default_stay() {
    let world = world().await;
    let ann = world.member("ann", Role::Member);
    let late = world.schedule("ann", "Late", "18:00-19:00").await;
    let event_type = |hours, host_schedule: Option<ScheduleId>| {
        let mut settings = EventTypeSettings::of(&world.event_types["intro"]);
        settings.hours = hours;
        let host = world.hosts["ann"];
        settings
            .host_schedules
            .extend(host_schedule.map(|schedule| (host, schedule)));
        UpdateEventType {
            id: world.event_types["intro"].id,
            settings,
            expected: None,
        }
    };
    let named = EventHours::Schedule {
        schedule: late.id,
        within_hosts: false,
    };
    let delete = async |id| {
        let deleted = world.scheduling.delete_schedule(&ann, id, None).await;
        match deleted {
            Err(ManageError::InUse { event_types }) => {
                let slugs: Vec<_> = event_types.iter().map(|e| e.slug.as_str()).collect();
                format!("in use by {}", slugs.join(", "))
            }
            other => heard(other, |()| "deleted".to_owned()),
        }
    };
    for (hours, host_schedule) in [(named, None), (EventHours::OfHosts, Some(late.id))] {
        let command = event_type(hours, host_schedule);
        world
            .scheduling
            .update_event_type(&ann, &command)
            .await
            .unwrap();
        assert_eq!(delete(late.id).await, "in use by intro");
    }
    let command = event_type(EventHours::OfHosts, None);
    world
        .scheduling
        .update_event_type(&ann, &command)
        .await
        .unwrap();
    assert_eq!(delete(late.id).await, "deleted");
    assert_eq!(delete(late.id).await, "! there is no such thing");

    let mut work = world.storage.begin_read().await.unwrap();
    let own = work.schedules().list(of(&world, "ann")).await.unwrap();
    drop(work);
    assert_eq!(
        delete(own.found[0].id).await,
        "! a person's default schedule cannot be deleted: make another the default first"
    );
}

#[tokio::test]
async fn dates_differ_by_ranges_and_get_their_weekdays_hours_back() {
    let world = world().await;
    let ann = world.member("ann", Role::Member);
    let late = world.schedule("ann", "Late", "18:00-19:00").await;
    let set = async |from: &str, to: &str, hours: Option<&str>, expected| {
        let command = OverrideDates {
            id: late.id,
            from: parse(from),
            to: parse(to),
            hours: hours.map(day_hours),
            expected,
        };
        let changed = world.scheduling.override_dates(&ann, &command).await;
        heard(changed, |schedule| {
            let ranges = override_ranges(&schedule.availability);
            let ranges = ranges.iter().map(|range| {
                let windows = range.hours.windows().len();
                format!("{}..{} {windows}", range.from, range.to)
            });
            ranges.collect::<Vec<_>>().join(", ")
        })
    };
    assert_eq!(
        set("2026-12-21", "2026-12-31", Some(""), Some(1)).await,
        "2026-12-21..2026-12-31 0"
    );
    assert_eq!(
        set("2026-12-28", "2026-12-29", Some("09:00-10:00"), Some(2)).await,
        "2026-12-21..2026-12-27 0, 2026-12-28..2026-12-29 1, 2026-12-30..2026-12-31 0"
    );
    assert_eq!(
        set("2026-12-01", "2026-12-28", None, None).await,
        "2026-12-29..2026-12-29 1, 2026-12-30..2026-12-31 0"
    );
    assert_eq!(
        set("2026-12-02", "2026-12-01", None, None).await,
        "! overrides must end on or after the day it begins"
    );
    assert_eq!(
        set("2026-12-02", "9999-12-01", Some(""), None).await,
        "! overrides must have at most 1100 days"
    );
    assert_eq!(
        set("2026-12-02", "2026-12-03", None, Some(1)).await,
        "! it has changed meanwhile: the version is 4 now"
    );
}

#[test]
fn ranges_make_hours_and_no_date_stands_in_two() {
    let range = |from: &str, to: &str| OverrideRange {
        from: parse(from),
        to: parse(to),
        hours: DayHours::CLOSED,
    };
    let make = |ranges: &[OverrideRange]| {
        let made = availability_with_ranges(Tz::UTC, WeeklyHours::default(), ranges);
        heard(made, |made| made.overrides().len().to_string())
    };
    let week = range("2026-08-03", "2026-08-09");
    assert_eq!(
        make(&[range("2026-12-24", "2026-12-24"), week.clone()]),
        "8"
    );
    assert_eq!(
        make(&[week.clone(), range("2026-08-09", "2026-08-10")]),
        "! overrides must have each date once"
    );
    assert_eq!(
        make(&[range("2026-08-09", "2026-08-03")]),
        "! overrides must end on or after the day it begins"
    );
    let years = range("2026-01-01", "2028-12-31");
    assert_eq!(
        make(&[years, range("2029-01-01", "2029-01-10")]),
        "! overrides must have at most 1100 days"
    );
}

#[tokio::test]
async fn a_copy_has_everything_but_the_default() {
    let world = world().await;
    let ann = world.member("ann", Role::Member);
    let mut work = world.storage.begin_read().await.unwrap();
    let own = work.schedules().list(of(&world, "ann")).await.unwrap();
    drop(work);
    let original = &own.found[0];
    let copy = async |name: Option<&str>, idempotency| {
        let command = CopySchedule {
            id: original.id,
            name: name.map(parse),
            idempotency,
        };
        world
            .scheduling
            .copy_schedule(&ann, &command)
            .await
            .unwrap()
    };
    let first = copy(None, Some(key("k", 1))).await;
    assert_eq!(first.made.name.as_str(), "Working hours (copy)");
    assert_eq!(first.made.availability, original.availability);
    assert!(!first.made.is_default);
    assert!(copy(None, Some(key("k", 1))).await.replayed);
    assert_eq!(
        copy(Some("Winter"), None).await.made.name.as_str(),
        "Winter"
    );
}

#[tokio::test]
async fn schedules_are_their_owners_and_those_who_manage_the_workspace_they_were_made_in() {
    let world = world().await;
    let (ann, bob) = (
        world.member("ann", Role::Member),
        world.member("bob", Role::Member),
    );
    let admin = world.member("bob", Role::Admin);
    let stranger = world.stranger().await;
    let late = world.schedule("ann", "Late", "18:00-19:00").await;
    let scheduling = &world.scheduling;
    let forbidden = "! this is not for a member to do";
    let nothing = "! there is no such thing";
    for (actor, heard_of_one, heard_of_all) in [
        (bob, nothing, forbidden),
        (stranger, nothing, nothing),
        (Actor::Invitee, nothing, nothing),
    ] {
        let one = scheduling.schedule(&actor, late.id).await;
        assert_eq!(heard(one, |_| "seen".into()), heard_of_one);
        let all = listed(&world, actor, Some(of(&world, "ann"))).await;
        assert_eq!(all, heard_of_all);
        assert_eq!(change(&world, actor, as_it_is(&late)).await, nothing);
        let gone = scheduling.delete_schedule(&actor, late.id, None).await;
        assert_eq!(heard(gone, |()| "deleted".into()), nothing);
        let copied = scheduling
            .copy_schedule(
                &actor,
                &CopySchedule {
                    id: late.id,
                    name: None,
                    idempotency: None,
                },
            )
            .await;
        assert_eq!(heard(copied, |_| "copied".into()), nothing);
        let command = new(&world, of(&world, "ann"), "Mine", false);
        let made = scheduling.add_schedule(&actor, &command).await;
        assert_eq!(heard(made, |_| "made".into()), heard_of_all);
    }
    for actor in [ann, admin] {
        assert!(scheduling.schedule(&actor, late.id).await.is_ok());
    }
    assert_eq!(
        listed(&world, admin, None).await,
        "Working hours*, Late, Working hours*"
    );
    assert_eq!(listed(&world, bob, None).await, "Working hours*");
    let firm = ScheduleOwner::Workspace(world.workspace.id);
    let command = new(&world, firm, "Office", false);
    let made = scheduling.add_schedule(&bob, &command).await;
    assert_eq!(heard(made, |_| "made".into()), forbidden);
    // Somebody who is no member of the workspace gets no hours from it.
    let Actor::Member { user, .. } = stranger else {
        panic!("a stranger is a member elsewhere");
    };
    let command = new(&world, ScheduleOwner::Person(user), "Theirs", true);
    let made = scheduling.add_schedule(&admin, &command).await;
    assert_eq!(
        heard(made, |_| "made".into()),
        "! owner must be members of the workspace"
    );
}

#[tokio::test]
async fn an_admin_leaves_alone_what_was_made_in_another_workspace() {
    let world = world().await;
    let elsewhere = NewWorkspace {
        slug: parse("elsewhere"),
        name: parse("Elsewhere"),
        description: None,
    };
    let elsewhere = world.scheduling.create_workspace(elsewhere).await.unwrap();
    let joins = NewPerson {
        name: parse("Ann"),
        email: parse("ann@firm.example"),
        timezone: Tz::UTC,
        availability: None,
    };
    world
        .scheduling
        .create_person(elsewhere.id, joins)
        .await
        .unwrap();
    let admin_there = Actor::Member {
        workspace: elsewhere.id,
        user: world.hosts["bob"],
        role: Role::Admin,
    };
    let command = AddSchedule {
        workspace: elsewhere.id,
        ..new(&world, of(&world, "ann"), "There", true)
    };
    // Her default was made in the firm: it is not for the other workspace's admin to replace.
    let made = world.scheduling.add_schedule(&admin_there, &command).await;
    assert_eq!(
        heard(made, |_| "made".into()),
        "! this is not for an admin to do"
    );
    let command = AddSchedule {
        is_default: false,
        ..command
    };
    let made = world.scheduling.add_schedule(&admin_there, &command).await;
    assert!(made.is_ok());
    let found = world
        .scheduling
        .schedules(&admin_there, elsewhere.id, Some(of(&world, "ann")));
    assert_eq!(found.await.unwrap().len(), 1);
    // She herself sees both.
    let ann = world.member("ann", Role::Member);
    assert_eq!(
        listed(&world, ann, Some(of(&world, "ann"))).await,
        "Working hours*, There"
    );
}
