use chrono_tz::Tz;
use scheduling_core::directory::Role;
use scheduling_core::time_off::TimeOffSpan;
use scheduling_testkit::builders::parse;

use super::*;
use crate::manage::testing::{heard, key};
use crate::testing::World;

async fn world() -> World {
    World::new(
        "host ann UTC 09:00-10:00
         host bob UTC 09:00-10:00
         event intro 60 ann
         event pool 60 any:ann,bob",
    )
    .await
}

fn days(from: &str, to: &str, rule: Option<&str>) -> TimeOffPeriod {
    let span = TimeOffSpan::Days {
        from: parse(&format!("2026-11-{from}")),
        to: parse(&format!("2026-11-{to}")),
    };
    TimeOffPeriod::new(Tz::UTC, span, rule.map(parse)).unwrap()
}

fn settings(scope: TimeOffScope, period: TimeOffPeriod) -> TimeOffSettings {
    TimeOffSettings {
        scope,
        title: Some(parse("Away")),
        visible: false,
        period,
    }
}

async fn add(world: &World, actor: Actor, settings: TimeOffSettings) -> String {
    let command = AddTimeOff {
        workspace: world.workspace.id,
        settings,
        idempotency: None,
    };
    let made = world.scheduling.add_time_off(&actor, &command).await;
    heard(made, |created| format!("{:?}", created.made.version))
}

fn of(world: &World, host: &str) -> TimeOffScope {
    TimeOffScope::Person(world.hosts[host])
}

#[tokio::test]
async fn a_persons_days_off_take_his_time_in_every_event_type() {
    let world = world().await;
    world.off(of(&world, "ann"), "24", "25").await;
    assert_eq!(
        world.slots("intro", "24T00:00", "27T00:00").await,
        "26T09:00 ann"
    );
    assert_eq!(
        world.slots("pool", "24T00:00", "27T00:00").await,
        "24T09:00 bob\n25T09:00 bob\n26T09:00 ann,bob"
    );
    assert_eq!(
        world.explain("pool", "24T09:00").await,
        "[] ann [Busy(TimeOff)] bob []"
    );
}

#[tokio::test]
async fn an_event_types_time_off_takes_everybodys_time_for_it_alone_and_a_workspaces_for_all() {
    let world = world().await;
    let pool = TimeOffScope::EventType(world.event_types["pool"].id);
    let off = world.off(pool, "24", "24").await;
    assert_eq!(
        world.slots("pool", "24T00:00", "25T00:00").await,
        "next 25T09:00"
    );
    assert_eq!(
        world.slots("intro", "24T00:00", "25T00:00").await,
        "24T09:00 ann"
    );
    let everybody = UpdateTimeOff {
        id: off.id,
        settings: TimeOffSettings {
            scope: TimeOffScope::Workspace,
            ..TimeOffSettings::of(&off)
        },
        expected: Some(1),
    };
    let owner = world.owner();
    let changed = world.scheduling.update_time_off(&owner, &everybody).await;
    assert_eq!(changed.unwrap().version, 2);
    for event in ["intro", "pool"] {
        assert_eq!(
            world.slots(event, "24T00:00", "25T00:00").await,
            "next 25T09:00"
        );
    }
    let gone = world
        .scheduling
        .delete_time_off(&owner, off.id, Some(2))
        .await;
    gone.unwrap();
    assert_eq!(
        world.slots("intro", "24T00:00", "25T00:00").await,
        "24T09:00 ann"
    );
}

#[tokio::test]
async fn hours_off_come_again_by_their_rule_and_the_zones_wall_clock() {
    let world = World::new("host ann Europe/Berlin 09:00-12:00\nevent intro 60 ann").await;
    let span = TimeOffSpan::Hours {
        from: parse("2026-11-03T10:00:00"),
        to: parse("2026-11-03T11:00:00"),
    };
    let tuesdays = TimeOffPeriod::new(Tz::Europe__Berlin, span, Some(parse("FREQ=WEEKLY")));
    world.off_when(of(&world, "ann"), tuesdays.unwrap()).await;
    assert_eq!(
        world.slots("intro", "24T00:00", "25T00:00").await,
        "24T08:00 ann\n24T10:00 ann"
    );
    assert_eq!(
        world.slots("intro", "25T00:00", "26T00:00").await,
        "25T08:00 ann\n25T09:00 ann\n25T10:00 ann"
    );
}

#[tokio::test]
async fn everybody_decides_about_his_own_time_and_who_manages_about_all() {
    let world = world().await;
    let bob = world.member("bob", Role::Member);
    let ann = world.member("ann", Role::Member);
    let admin = world.member("bob", Role::Admin);
    let stranger = world.stranger().await;
    let intro = TimeOffScope::EventType(world.event_types["intro"].id);
    let pool = TimeOffScope::EventType(world.event_types["pool"].id);
    let forbidden = "! this is not for a member to do";
    let nothing = "! there is no such thing";
    let period = || days("24", "24", None);
    for (actor, scope, expected) in [
        (bob, of(&world, "bob"), "1"),
        (bob, of(&world, "ann"), forbidden),
        (bob, TimeOffScope::Workspace, forbidden),
        (bob, intro, forbidden),
        (ann, intro, "1"),
        (ann, pool, forbidden),
        (admin, of(&world, "ann"), "1"),
        (admin, TimeOffScope::Workspace, "1"),
        (admin, pool, "1"),
        (stranger, of(&world, "ann"), nothing),
        (stranger, TimeOffScope::Workspace, nothing),
        (stranger, intro, nothing),
        (Actor::Invitee, TimeOffScope::Workspace, nothing),
    ] {
        let made = add(&world, actor, settings(scope, period())).await;
        assert_eq!(made, expected, "{actor:?} {scope:?}");
    }
    let Actor::Member { user, .. } = stranger else {
        panic!("a stranger is a member elsewhere");
    };
    assert_eq!(
        add(
            &world,
            admin,
            settings(TimeOffScope::Person(user), period())
        )
        .await,
        "! scope must be members of the workspace"
    );

    let count = async |actor: Actor, scope: Option<TimeOffScope>| {
        let query = ListTimeOff { scope };
        let found = world
            .scheduling
            .list_time_off(&actor, world.workspace.id, &query);
        heard(found.await, |found| found.len().to_string())
    };
    assert_eq!(count(admin, None).await, "5");
    assert_eq!(count(bob, None).await, "4", "not ann's own");
    assert_eq!(count(ann, None).await, "4", "not bob's own");
    assert_eq!(count(ann, Some(of(&world, "ann"))).await, "1");
    assert_eq!(count(bob, Some(of(&world, "ann"))).await, "0");
    assert_eq!(count(stranger, None).await, nothing);
}

#[tokio::test]
async fn what_is_not_ones_to_see_is_not_ones_to_change() {
    let world = world().await;
    let off = world.off(of(&world, "ann"), "24", "24").await;
    let scheduling = &world.scheduling;
    let update = UpdateTimeOff {
        id: off.id,
        settings: settings(off.scope, days("25", "25", Some("FREQ=DAILY;COUNT=2"))),
        expected: None,
    };
    let stranger = world.stranger().await;
    for nobody in [world.member("bob", Role::Member), stranger, Actor::Invitee] {
        let nothing = "! there is no such thing";
        let one = scheduling.time_off(&nobody, off.id).await;
        assert_eq!(heard(one, |_| "seen".into()), nothing);
        let changed = scheduling.update_time_off(&nobody, &update).await;
        assert_eq!(heard(changed, |_| "changed".into()), nothing);
        let gone = scheduling.delete_time_off(&nobody, off.id, None).await;
        assert_eq!(heard(gone, |()| "gone".into()), nothing);
    }
    let ann = world.member("ann", Role::Member);
    let wrong = UpdateTimeOff {
        expected: Some(9),
        ..update.clone()
    };
    let refused = scheduling.update_time_off(&ann, &wrong).await;
    assert!(matches!(
        refused,
        Err(ManageError::VersionConflict { current: 1 })
    ));
    // He cannot pass his time off on to somebody else.
    let to_bob = UpdateTimeOff {
        settings: settings(of(&world, "bob"), days("24", "24", None)),
        ..update.clone()
    };
    let refused = scheduling.update_time_off(&ann, &to_bob).await;
    assert!(matches!(refused, Err(ManageError::Forbidden(_))));
    let changed = scheduling.update_time_off(&ann, &update).await.unwrap();
    assert_eq!(changed.version, 2);
    let same = scheduling.update_time_off(&ann, &update).await.unwrap();
    assert_eq!(same.version, 2);
    assert_eq!(
        world.slots("intro", "24T00:00", "28T00:00").await,
        "24T09:00 ann\n27T09:00 ann"
    );
}

#[tokio::test]
async fn the_same_key_enters_it_once() {
    let world = world().await;
    let ann = world.member("ann", Role::Member);
    let command = |body| AddTimeOff {
        workspace: world.workspace.id,
        settings: settings(of(&world, "ann"), days("24", "24", None)),
        idempotency: Some(key("k", body)),
    };
    let first = world
        .scheduling
        .add_time_off(&ann, &command(1))
        .await
        .unwrap();
    let again = world
        .scheduling
        .add_time_off(&ann, &command(1))
        .await
        .unwrap();
    assert_eq!((again.made, again.replayed), (first.made.clone(), true));
    let refused = world.scheduling.add_time_off(&ann, &command(2)).await;
    assert!(matches!(refused, Err(ManageError::IdempotencyKeyReused)));
    // What was made and deleted since is not there for a replay either.
    let gone = world
        .scheduling
        .delete_time_off(&ann, first.made.id, None)
        .await;
    gone.unwrap();
    let replay = world.scheduling.add_time_off(&ann, &command(1)).await;
    assert!(matches!(replay, Err(ManageError::NotFound)));
}

#[tokio::test]
async fn a_change_locks_those_whose_time_it_is() {
    let mut world = world().await;
    let flaky = world.flaky();
    world.off(TimeOffScope::Workspace, "24", "24").await;
    let calls = flaky.calls.take();
    assert!(calls.contains("lock(2)"), "{calls}");
    world.off(of(&world, "ann"), "24", "24").await;
    let calls = flaky.calls.take();
    assert!(calls.contains("lock(1)"), "{calls}");
}
