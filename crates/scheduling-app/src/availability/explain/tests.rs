use chrono_tz::Tz;
use scheduling_core::directory::Role;
use scheduling_core::time_off::{TimeOffPeriod, TimeOffSpan};
use scheduling_testkit::builders::parse;

use super::*;
use crate::testing::{World, at, short};

async fn world() -> World {
    World::new(
        "host ann UTC 09:00-12:00
         host bob UTC 10:00-12:00
         event pool 60 all:ann,bob
         event class 60 ann seats=3 status=archived
         event long 60 ann lasts=90",
    )
    .await
}

async fn explained(world: &World, actor: Actor, event: &str, start: &str) -> String {
    let query = ExplainStart {
        event_type: world.event_types[event].id,
        start: at(start),
        duration: None,
    };
    match world.scheduling.explain(&actor, &query).await {
        Ok(explained) => {
            let mut lines = vec![format!(
                "{:?} until {}{}",
                explained.reasons,
                short(explained.end),
                explained
                    .seats_left
                    .map_or(String::new(), |left| format!(" {left} left"))
            )];
            for host in explained.hosts {
                let off = host.time_off.iter().map(|off| {
                    let title = off.title.as_ref().map_or("?", |title| title.as_str());
                    format!(" {title} until {}", short(off.interval.end()))
                });
                let off: String = off.collect();
                lines.push(format!(
                    "{} #{} {:?}{off}",
                    host.person.name, host.group, host.reasons
                ));
            }
            lines.join("\n")
        }
        Err(error) => format!("! {error}"),
    }
}

#[tokio::test]
async fn a_member_reads_the_titles_of_his_own_time_off_and_of_others_only_that_there_is_some() {
    let world = world().await;
    for host in ["ann", "bob"] {
        let scope = TimeOffScope::Person(world.hosts[host]);
        world.off(scope, "24", "24").await;
    }
    insta::assert_snapshot!(explained(&world, world.member("ann", Role::Member), "pool", "24T09:00").await, @r"
    [NotEnoughHosts] until 24T10:00
    ann #0 [Busy(TimeOff)] Away until 25T00:00
    bob #0 [OutsideHostHours, Busy(TimeOff)] ? until 25T00:00
    ");
    // An admin manages what he does not read here.
    insta::assert_snapshot!(explained(&world, world.member("bob", Role::Admin), "pool", "24T10:00").await, @r"
    [NotEnoughHosts] until 24T11:00
    ann #0 [Busy(TimeOff)] ? until 25T00:00
    bob #0 [Busy(TimeOff)] Away until 25T00:00
    ");
    world.off(TimeOffScope::Workspace, "25", "25").await;
    insta::assert_snapshot!(explained(&world, world.owner(), "pool", "25T10:00").await, @r"
    [NotEnoughHosts] until 25T11:00
    ann #0 [Busy(TimeOff)] Away until 26T00:00
    bob #0 [Busy(TimeOff)] Away until 26T00:00
    ");
}

#[tokio::test]
async fn what_cannot_be_booked_is_explained_all_the_same_with_its_seats() {
    let world = world().await;
    let ann = world.member("ann", Role::Member);
    insta::assert_snapshot!(explained(&world, ann, "class", "24T09:00").await, @r"
    [] until 24T10:00 3 left
    ann #0 []
    ");
    insta::assert_snapshot!(explained(&world, ann, "class", "24T09:01").await, @r"
    [OffGrid] until 24T10:01
    ann #0 []
    ");
}

#[tokio::test]
async fn only_members_of_the_workspace_get_an_answer() {
    let world = world().await;
    let stranger = world.stranger().await;
    for nobody in [stranger, Actor::Invitee] {
        assert_eq!(
            explained(&world, nobody, "pool", "24T09:00").await,
            "! there is no such event type"
        );
    }
}

#[tokio::test]
async fn a_duration_is_explained_that_the_event_type_offers() {
    let world = world().await;
    let ask = async |minutes: u32| {
        let query = ExplainStart {
            event_type: world.event_types["long"].id,
            start: at("24T11:00"),
            duration: Some(Length::new(minutes).unwrap()),
        };
        let explained = world.scheduling.explain(&world.owner(), &query).await;
        explained.map(|explained| explained.reasons)
    };
    assert_eq!(ask(60).await.unwrap(), []);
    assert_eq!(ask(90).await.unwrap(), [Unavailability::NotEnoughHosts]);
    assert!(matches!(ask(45).await, Err(ExplainError::NoSuchDuration)));
}

#[tokio::test]
async fn the_end_of_time_can_be_asked_about() {
    let world = world().await;
    let hours = TimeOffSpan::Hours {
        from: parse("2026-11-24T09:00:00"),
        to: parse("2026-11-24T10:00:00"),
    };
    let daily = TimeOffPeriod::new(Tz::UTC, hours, Some(parse("FREQ=DAILY"))).unwrap();
    world.off_when(TimeOffScope::Workspace, daily).await;
    for start in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
        let query = ExplainStart {
            event_type: world.event_types["pool"].id,
            start,
            duration: None,
        };
        let explained = world.scheduling.explain(&world.owner(), &query).await;
        assert!(!explained.unwrap().reasons.is_empty());
    }
}
