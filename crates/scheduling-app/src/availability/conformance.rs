//! What is offered, what is explained and what can be booked are one and the same, whatever stands in the way: hours,
//! dates that differ, time off, calendars, bookings, holds, limits, seats, links and durations.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use scheduling_core::event_type::EventHours;
use scheduling_core::ids::ScheduleId;
use scheduling_core::ports::Storage;
use scheduling_core::schedule::ScheduleOwner;
use scheduling_core::time::Length;
use scheduling_core::time_off::{TimeOffPeriod, TimeOffScope, TimeOffSpan};
use scheduling_testkit::builders::{day_hours, parse};

use super::{ExplainSlot, ExplainStart, FindSlots};
use crate::actor::Actor;
use crate::event_types::{EventTypeSettings, UpdateEventType};
use crate::schedules::OverrideDates;
use crate::testing::{World, at, short};

const HOSTS: [&str; 3] = ["ann", "bob", "cat"];

/// A world to be.
#[derive(Debug, Clone)]
struct Case {
    hosts: Vec<(&'static str, &'static str)>,
    preset: &'static str,
    options: Vec<&'static str>,
    /// Whether hours of the event type's own stay within the hosts'.
    within_hosts: bool,
    /// Whose, from which hour of the 24th, how many hours, and whether it comes again.
    off: Vec<(Whose, i64, i64, Option<&'static str>)>,
    /// Whose date differs, which, and how.
    overrides: Vec<(usize, &'static str, Option<&'static str>)>,
    busy: Vec<(usize, i64, i64)>,
    /// What others take before: in which event type, which of the starts offered then, and how.
    taken: Vec<(&'static str, usize, Take)>,
    /// Minutes that pass after each.
    pass: i64,
    by_link: bool,
    duration: Option<u32>,
}

#[derive(Debug, Clone, Copy)]
enum Whose {
    Host(usize),
    EventType,
    Workspace,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Take {
    Book,
    Hold,
    BookAndCancel,
}

fn case() -> impl Strategy<Value = Case> {
    let host = (
        select(vec![
            "UTC",
            "Europe/Berlin",
            "America/New_York",
            "Asia/Kathmandu",
        ]),
        select(vec![
            "09:00-12:00",
            "00:00-24:00",
            "22:00-24:00",
            "13:00-13:45",
        ]),
    );
    let option = select(vec![
        "step=15",
        "step=20",
        "buffers=10/5",
        "buffers=0/30",
        "notice=1500",
        "seats=2",
        "window=1",
        "per_day=1",
        "per_month=2",
        "hours=08:00-16:00",
        "zone=Pacific/Niue",
        "lasts=45,60",
    ]);
    let whose = prop_oneof![
        3 => (0..3_usize).prop_map(Whose::Host),
        1 => Just(Whose::EventType),
        1 => Just(Whose::Workspace),
    ];
    let rule = select(vec!["FREQ=DAILY", "FREQ=WEEKLY;BYDAY=TU,WE"]);
    let hours = select(vec!["", "10:00-11:00", "00:00-24:00"]);
    let take = select(vec![Take::Book, Take::Hold, Take::BookAndCancel]);
    (
        (
            vec(host, 1..=3),
            select(vec!["robin", "any", "all", "two", "hands"]),
            vec(option, 0..4),
            any::<bool>(),
            vec((whose, 0..36_i64, 1..30_i64, option::of(rule)), 0..3),
        ),
        (
            vec(
                (
                    0..3_usize,
                    select(vec!["2026-11-24", "2026-11-25"]),
                    option::of(hours),
                ),
                0..3,
            ),
            vec((0..3_usize, 0..36_i64, 10..200_i64), 0..4),
            vec((select(vec!["main", "other"]), 0..40_usize, take), 0..6),
            0..7_i64,
            any::<bool>(),
            option::of(select(vec![30_u32, 45, 60])),
        ),
    )
        .prop_map(
            |(
                (hosts, preset, options, within_hosts, off),
                (overrides, busy, taken, pass, by_link, duration),
            )| Case {
                hosts,
                preset,
                options,
                within_hosts,
                off,
                overrides,
                busy,
                taken,
                pass,
                by_link,
                duration,
            },
        )
}

impl Case {
    fn host(&self, number: usize) -> &'static str {
        HOSTS[number % self.hosts.len()]
    }

    /// The duration that is asked about, if the event type has it.
    fn duration(&self) -> Option<Length> {
        let has_several = self.options.contains(&"lasts=45,60");
        let duration = self
            .duration
            .filter(|minutes| has_several || *minutes == 30);
        duration.map(|minutes| Length::new(minutes).unwrap())
    }

    async fn world(&self) -> World {
        let mut lines = Vec::new();
        for (name, (zone, hours)) in HOSTS.iter().zip(&self.hosts) {
            lines.push(format!("host {name} {zone} {hours}"));
        }
        for (host, from, minutes) in &self.busy {
            let start = short(hour(*from));
            lines.push(format!("busy {} {start} {minutes}", self.host(*host)));
        }
        let names = HOSTS[..self.hosts.len()].join(",");
        let preset = match (self.preset, self.hosts.len()) {
            ("two", 1) => "all",
            (preset, _) => preset,
        };
        // An option that stands there twice is set twice.
        let options = self.options.join(" ");
        lines.push(format!("event main 30 {preset}:{names} {options}"));
        lines.push(format!("event other 45 any:{names}"));
        lines.push("link further main".to_owned());
        let world = World::new(&lines.join("\n")).await;
        self.arrange(&world).await;
        world
    }

    async fn arrange(&self, world: &World) {
        for (host, date, hours) in &self.overrides {
            let owner = ScheduleOwner::Person(world.hosts[self.host(*host)]);
            let command = OverrideDates {
                id: default_of(world, owner).await,
                from: parse(date),
                to: parse(date),
                hours: hours.map(day_hours),
                expected: None,
            };
            let changed = world.scheduling.override_dates(&Actor::System, &command);
            changed.await.unwrap();
        }
        for (whose, from, hours, rule) in &self.off {
            let scope = match whose {
                Whose::Host(host) => TimeOffScope::Person(world.hosts[self.host(*host)]),
                Whose::EventType => TimeOffScope::EventType(world.event_types["main"].id),
                Whose::Workspace => TimeOffScope::Workspace,
            };
            let span = TimeOffSpan::Hours {
                from: hour(*from).naive_utc(),
                to: hour(from + hours).naive_utc(),
            };
            let zone = chrono_tz::Tz::America__Havana;
            let period = TimeOffPeriod::new(zone, span, rule.map(parse)).unwrap();
            world.off_when(scope, period).await;
        }
        let mut settings = EventTypeSettings::of(&world.event_types["main"]);
        if let EventHours::Own { within_hosts, .. } = &mut settings.hours {
            *within_hosts = self.within_hosts;
            let command = UpdateEventType {
                id: world.event_types["main"].id,
                settings,
                expected: None,
            };
            let changed = world.scheduling.update_event_type(&Actor::System, &command);
            changed.await.unwrap();
        }
        for (event, which, take) in &self.taken {
            let query = FindSlots::new(parse("firm"), parse(event), hour(0), hour(36));
            let found = world.scheduling.find_slots(&query).await.unwrap();
            let starts: Vec<_> = found.slots.iter().map(|slot| slot.start).collect();
            if starts.is_empty() {
                continue;
            }
            let start = short(starts[which % starts.len()]);
            match take {
                Take::Hold => {
                    world.held(event, &start).await;
                }
                Take::Book => {
                    world.booked(event, &start).await;
                }
                Take::BookAndCancel => {
                    let booked = world.booked(event, &start).await;
                    world.cancel(&booked.manage_token).await;
                }
            }
            world.advance(self.pass);
        }
    }
}

async fn default_of(world: &World, owner: ScheduleOwner) -> ScheduleId {
    let mut work = world.storage.begin_read().await.unwrap();
    let defaults = work.schedules().defaults(&[owner]).await.unwrap();
    defaults.found[&owner].id
}

/// So many hours after the 24th begins.
fn hour(hours: i64) -> DateTime<Utc> {
    at("24T00:00") + TimeDelta::hours(hours)
}

async fn agree(case: &Case) {
    let world = case.world().await;
    let slug = if case.by_link { "further" } else { "main" };
    let duration = case.duration();
    let query = FindSlots {
        duration,
        ..FindSlots::new(parse("firm"), parse(slug), hour(0), hour(36))
    };
    let found = world.scheduling.find_slots(&query).await.unwrap();
    let quarters = (0..36 * 4).map(|quarter| hour(0) + TimeDelta::minutes(15 * quarter));
    let starts: BTreeSet<DateTime<Utc>> = found
        .slots
        .iter()
        .map(|slot| slot.start)
        .chain(quarters)
        .collect();
    for start in starts {
        let slot = found.slots.at(start);
        let query = ExplainSlot {
            workspace: parse("firm"),
            event_type: parse(slug),
            start,
            duration,
        };
        let explained = world.scheduling.explain_slot(&query).await.unwrap();
        let explanation = &explained.explanation;
        assert_eq!(
            slot.is_some(),
            explanation.is_offered(),
            "{start}: {explanation:?}"
        );
        if let Some(slot) = slot {
            let able: Vec<usize> = slot.hosts.iter().collect();
            let hosts = explanation.hosts.iter().enumerate();
            let without_reason = hosts.filter(|(_, reasons)| reasons.is_empty());
            let without_reason: Vec<usize> = without_reason.map(|(place, _)| place).collect();
            assert_eq!(able, without_reason, "{start}");
        }
        let for_members = ExplainStart {
            event_type: world.event_types["main"].id,
            start,
            duration,
        };
        let for_members = world.scheduling.explain(&world.owner(), &for_members).await;
        let for_members = for_members.unwrap();
        assert_eq!(for_members.reasons, explanation.start);
        assert_eq!(
            for_members.seats_left,
            slot.and_then(|slot| slot.seats_left)
        );

        let mut command = World::command(slug, "24T00:00");
        command.start = start;
        command.duration = duration;
        let mut work = world.storage.begin().await.unwrap();
        let booked = world.scheduling.book_in(&mut *work, &command).await;
        work.rollback().await.unwrap();
        match booked {
            Ok(booked) => {
                let slot = slot.unwrap_or_else(|| panic!("{start} is booked, but not offered"));
                for host in &booked.booking.hosts {
                    let place = found.roster.iter().position(|user| *user == host.user);
                    assert!(slot.hosts.contains(place.unwrap()), "{start}");
                }
            }
            Err(refused) => assert!(slot.is_none(), "{start} is offered, but: {refused}"),
        }
    }

    // What is kept for somebody stays offered to him, and he books it.
    let Some(first) = found.slots.iter().next().filter(|_| duration.is_none()) else {
        return;
    };
    let held = world.held(slug, &short(first.start)).await;
    let query = FindSlots {
        own_hold: Some(held.token.hash()),
        ..FindSlots::new(parse("firm"), parse(slug), hour(0), hour(36))
    };
    let again = world.scheduling.find_slots(&query).await.unwrap();
    assert_eq!(again.slots, found.slots);
    let mut command = World::command(slug, &short(first.start));
    command.hold = Some(held.token);
    let booked = world.scheduling.book(&command).await.unwrap();
    for held in &held.hold.hosts {
        assert!(booked.booking.host(held.user).is_some());
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 40,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn what_is_offered_is_what_is_booked_and_what_nothing_speaks_against(case in case()) {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.build().unwrap();
        runtime.block_on(agree(&case));
    }
}
