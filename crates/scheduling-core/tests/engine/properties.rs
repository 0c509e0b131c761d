//! What holds between the engine's answers.

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use proptest::prelude::*;
use scheduling_core::event_type::{BookingWindow, LimitPeriod};
use scheduling_core::schedule::{Availability, DateOverride, WeeklyHours};
use scheduling_core::slots::{self, Unavailability};
use scheduling_core::time::{DayHours, Interval, Length, Minutes, TimeOfDay, TimeWindow};

use crate::world::{Host, World, world};

fn hours_of(windows: &[(u16, u16)]) -> DayHours {
    let time = |minutes| TimeOfDay::from_minutes(minutes).expect("within the day");
    let windows = windows.iter().filter(|(start, end)| start < end);
    let windows = windows.map(|&(start, end)| TimeWindow {
        start: time(start),
        end: time(end),
    });
    DayHours::new(windows.collect()).expect("disjoint")
}

/// Hours without an end in the same zone, with an anchor of the grid at `t`.
fn always_open(hours: Option<&Availability>, world: &World, t: DateTime<Utc>) -> Availability {
    let zone = hours.map_or(world.rules.timezone, Availability::timezone);
    let local = t.with_timezone(&zone);
    let minute = u16::try_from(local.hour() * 60 + local.minute()).expect("within a day");
    let full = hours_of(&[(0, 1440)]);
    let weekly = WeeklyHours {
        saturday: full.clone(),
        sunday: full.clone(),
        ..WeeklyHours::working_week(&full)
    };
    let split = DateOverride {
        date: local.date_naive(),
        hours: hours_of(&[(0, minute), (minute, 1440)]),
    };
    Availability::new(zone, weekly, vec![split]).expect("one override")
}

fn meeting(world: &World, t: DateTime<Utc>) -> Interval {
    Interval::new(t, t + world.rules.duration.delta()).expect("a duration")
}

/// Takes a cause away that belongs to the question.
fn remove_from_question(world: &mut World, cause: Unavailability, t: DateTime<Utc>) {
    match cause {
        Unavailability::OffGrid => world.rules.slot_interval = Length::new(1).expect("a minute"),
        Unavailability::OutsideEventHours => {
            world.hours = Some(always_open(world.hours.as_ref(), world, t));
        }
        Unavailability::MinimumNotice => {
            world.rules.minimum_notice = Minutes(0);
            world.now = world.now.min(t);
        }
        Unavailability::BookingWindow => world.rules.booking_window = BookingWindow::Open,
        Unavailability::LimitReached(LimitPeriod::Day) => world.rules.limits.per_day = None,
        Unavailability::LimitReached(LimitPeriod::Week) => world.rules.limits.per_week = None,
        Unavailability::LimitReached(LimitPeriod::Month) => world.rules.limits.per_month = None,
        // It follows from the hosts' own causes.
        Unavailability::NotEnoughHosts => {}
        Unavailability::OutsideHostHours
        | Unavailability::Busy(_)
        | Unavailability::Booked
        | Unavailability::Buffer => unreachable!("{cause:?} is a host's"),
    }
}

/// Takes a cause away that belongs to a host.
fn remove_from_host(world: &mut World, host: usize, cause: Unavailability, t: DateTime<Utc>) {
    let meeting = meeting(world, t);
    let buffers = world.rules.buffers;
    let wide = meeting.widen(buffers.before, buffers.after);
    let opened = always_open(world.hosts[host].hours.as_ref(), world, t);
    let Host {
        hours,
        busy,
        reservations,
    } = &mut world.hosts[host];
    match cause {
        Unavailability::OutsideHostHours => *hours = Some(opened),
        Unavailability::Busy(source) => {
            busy.retain(|b| b.source != source || !b.interval.overlaps(&meeting));
        }
        Unavailability::Booked => reservations.retain(|r| !r.interval.overlaps(&meeting)),
        Unavailability::Buffer => {
            busy.retain(|b| b.interval.overlaps(&meeting) || !b.interval.overlaps(&wide));
            reservations.retain(|r| {
                let taken = r.interval.widen(r.buffers.before, r.buffers.after);
                r.interval.overlaps(&meeting) || !taken.overlaps(&wide)
            });
        }
        other => remove_from_question(world, other, t),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, max_shrink_iters: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_start_is_offered_exactly_when_there_is_nothing_to_explain(world in world(), phase in 0..7_usize) {
        let request = world.request();
        let offered = slots::find(&request);
        let grouped: Vec<usize> = world.groups.iter().flat_map(|g| g.hosts.clone()).collect();
        let tried = world.minutes().skip(phase).step_by(7);
        let starts: Vec<_> = tried.chain(offered.iter().map(|slot| slot.start)).collect();
        for t in starts {
            let explanation = slots::explain(&request, t);
            match offered.at(t) {
                Some(slot) => {
                    prop_assert_eq!(&explanation.start, &[], "{} is offered", t);
                    for &host in &grouped {
                        let free = explanation.hosts[host].is_empty();
                        prop_assert_eq!(slot.hosts.contains(host), free, "host {} at {}", host, t);
                    }
                }
                None => prop_assert!(!explanation.is_offered(), "{t} is not offered for no reason"),
            }
        }
    }

    #[test]
    fn without_the_named_causes_the_start_is_offered(world in world(), minute in any::<prop::sample::Index>()) {
        let minutes: Vec<_> = world.minutes().collect();
        let t = *minute.get(&minutes);
        let explanation = slots::explain(&world.request(), t);
        let mut freed = world.clone();
        for (host, causes) in explanation.hosts.iter().enumerate() {
            for &cause in causes {
                remove_from_host(&mut freed, host, cause, t);
            }
        }
        for &cause in &explanation.start {
            remove_from_question(&mut freed, cause, t);
        }
        let after = slots::explain(&freed.request(), t);
        prop_assert!(after.is_offered(), "{:?} at {}, and then {:?}", explanation, t, after);
        prop_assert!(slots::find(&freed.request()).at(t).is_some());
    }

    #[test]
    fn the_answer_does_not_depend_on_where_the_range_is_cut(world in world(), cut in 0..3000_i64) {
        let middle = (world.from + TimeDelta::minutes(cut)).min(world.to);
        let all = |world: &World| -> Vec<_> {
            let slots = slots::find(&world.request());
            slots.iter().map(|s| (s.start, s.hosts.iter().collect::<Vec<_>>(), s.seats_left)).collect()
        };
        let mut parts = all(&World { to: middle, ..world.clone() });
        parts.extend(all(&World { from: middle, ..world.clone() }));
        prop_assert_eq!(parts, all(&world));
    }
}
