//! Random questions: hosts in unkind zones around their clock changes, with busy times, bookings, groups and limits.

use std::num::NonZeroU32;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use scheduling_core::calendar::{BusyInterval, BusySource};
use scheduling_core::event_type::{
    BookingLimits, BookingWindow, Buffers, Capacity, HostGroup, Required, SlotRules,
};
use scheduling_core::schedule::{Availability, DateOverride, WeeklyHours};
use scheduling_core::slots::{HostTime, Reservation, SlotRequest};
use scheduling_core::time::{DayHours, Interval, Length, Minutes, TimeOfDay, TimeWindow};

/// A question that owns what it is about.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) now: DateTime<Utc>,
    pub(crate) from: DateTime<Utc>,
    pub(crate) to: DateTime<Utc>,
    pub(crate) rules: SlotRules,
    pub(crate) hours: Option<Availability>,
    pub(crate) groups: Vec<HostGroup<usize>>,
    pub(crate) hosts: Vec<Host>,
}

#[derive(Debug, Clone)]
pub(crate) struct Host {
    pub(crate) hours: Option<Availability>,
    pub(crate) busy: Vec<BusyInterval>,
    pub(crate) reservations: Vec<Reservation>,
}

impl World {
    pub(crate) fn request(&self) -> SlotRequest<'_> {
        let hosts = self.hosts.iter().map(|host| HostTime {
            availability: host.hours.as_ref(),
            busy: &host.busy,
            reservations: &host.reservations,
        });
        SlotRequest::new(
            self.now,
            self.from,
            self.to,
            &self.rules,
            self.hours.as_ref(),
            self.groups.clone(),
            hosts.collect(),
        )
        .expect("a world is well-formed")
    }

    /// Every minute of the range.
    pub(crate) fn minutes(&self) -> impl Iterator<Item = DateTime<Utc>> {
        let (from, to) = (self.from, self.to);
        (0..)
            .map(move |minute| from + TimeDelta::minutes(minute))
            .take_while(move |t| *t < to)
    }
}

/// Dates of clock changes, one of a skipped day, and a plain one.
const SEASONS: [(&str, &[Tz]); 9] = [
    (
        "2026-03-07",
        &[Tz::America__New_York, Tz::America__Havana, Tz::UTC],
    ),
    (
        "2026-11-01",
        &[
            Tz::America__New_York,
            Tz::America__Havana,
            Tz::Europe__Berlin,
        ],
    ),
    (
        "2026-03-28",
        &[Tz::Asia__Beirut, Tz::Europe__London, Tz::Africa__Casablanca],
    ),
    (
        "2026-10-24",
        &[Tz::Asia__Beirut, Tz::Europe__London, Tz::America__St_Johns],
    ),
    (
        "2026-04-04",
        &[
            Tz::Australia__Lord_Howe,
            Tz::America__Santiago,
            Tz::Pacific__Chatham,
        ],
    ),
    (
        "2026-10-03",
        &[
            Tz::Australia__Lord_Howe,
            Tz::Pacific__Norfolk,
            Tz::Asia__Kathmandu,
        ],
    ),
    (
        "2026-09-05",
        &[Tz::America__Santiago, Tz::Pacific__Apia, Tz::Asia__Tehran],
    ),
    (
        "2011-12-29",
        &[
            Tz::Pacific__Apia,
            Tz::Pacific__Fakaofo,
            Tz::Pacific__Kiritimati,
        ],
    ),
    (
        "2026-06-10",
        &[
            Tz::Asia__Kolkata,
            Tz::Pacific__Marquesas,
            Tz::Etc__GMTMinus14,
        ],
    ),
];

fn minutes(count: u32) -> Minutes {
    Minutes(count)
}

fn length(minutes: u32) -> Length {
    Length::new(minutes).expect("at least a minute")
}

fn day_hours() -> impl Strategy<Value = DayHours> {
    // Disjoint windows between sorted cuts; neighbours may touch.
    prop_oneof![
        1 => Just(vec![0, 1440]),
        2 => btree_set(0..=288_u16, 2..6).prop_map(|cuts| cuts.into_iter().map(|c| c * 5).collect::<Vec<_>>()),
        1 => btree_set(0..=48_u16, 2..4).prop_map(|cuts| cuts.into_iter().map(|c| c * 30).collect()),
    ]
    .prop_flat_map(|cuts| {
        let windows = cuts.len() - 1;
        (Just(cuts), vec(prop::bool::weighted(0.7), windows))
    })
    .prop_map(|(cuts, open)| {
        let time = |minutes| TimeOfDay::from_minutes(minutes).expect("within the day");
        let windows = cuts.windows(2).zip(open).filter(|(_, open)| *open);
        let windows = windows.map(|(pair, _)| TimeWindow {
            start: time(pair[0]),
            end: time(pair[1]),
        });
        DayHours::new(windows.collect()).expect("sorted cuts make disjoint windows")
    })
}

fn availability(start: DateTime<Utc>, zones: &'static [Tz]) -> impl Strategy<Value = Availability> {
    let overrides = vec(option::weighted(0.2, day_hours()), 4);
    let zone = prop_oneof![4 => prop::sample::select(zones), 1 => Just(Tz::UTC)];
    (zone, vec(day_hours(), 7), overrides).prop_map(move |(zone, days, overrides)| {
        let mut days = days.into_iter();
        let mut next = || days.next().unwrap_or_default();
        let weekly = WeeklyHours {
            monday: next(),
            tuesday: next(),
            wednesday: next(),
            thursday: next(),
            friday: next(),
            saturday: next(),
            sunday: next(),
        };
        let dates = start.date_naive().iter_days();
        let overrides = dates.zip(overrides);
        let overrides = overrides.filter_map(|(date, hours)| {
            Some(DateOverride {
                date,
                hours: hours?,
            })
        });
        Availability::new(zone, weekly, overrides.collect()).expect("one override a date")
    })
}

/// A span that starts within three days of `start`; some with odd seconds.
fn span(start: DateTime<Utc>, longest: i64) -> impl Strategy<Value = Interval> {
    let odd = prop_oneof![5 => Just(0_i64), 1 => 1..60_000_i64];
    (-600..4400_i64, 1..=longest, odd).prop_map(move |(from, length, odd)| {
        let from = start + TimeDelta::minutes(from) + TimeDelta::milliseconds(odd);
        Interval::new(from, from + TimeDelta::minutes(length)).expect("not empty")
    })
}

fn busy(start: DateTime<Utc>) -> impl Strategy<Value = BusyInterval> {
    let source = prop::sample::select(&[BusySource::Calendar, BusySource::TimeOff][..]);
    (span(start, 240), source).prop_map(|(interval, source)| BusyInterval { interval, source })
}

/// Bookings: some of the asked-for length on round times, so that sessions come together.
fn reservation(start: DateTime<Utc>, duration: u32) -> impl Strategy<Value = Reservation> {
    let round = (-2..30_i64).prop_map(move |slot| {
        let from = start + TimeDelta::minutes(slot * 60);
        let to = from + TimeDelta::minutes(i64::from(duration));
        Interval::new(from, to).expect("not empty")
    });
    let buffer = prop_oneof![3 => Just(0_u32), 1 => 1..40_u32];
    (
        prop_oneof![3 => round, 1 => span(start, 120)],
        (buffer.clone(), buffer),
        prop::bool::weighted(0.7),
        0..4_u32,
    )
        .prop_map(
            |(interval, (before, after), this_event_type, seats_taken)| Reservation {
                interval,
                buffers: Buffers {
                    before: minutes(before),
                    after: minutes(after),
                },
                this_event_type,
                seats_taken,
            },
        )
}

fn rules(start: DateTime<Utc>, zones: &'static [Tz]) -> impl Strategy<Value = SlotRules> {
    let buffer = || prop_oneof![2 => Just(0_u32), 1 => 1..45_u32];
    let window = prop_oneof![
        3 => Just(BookingWindow::Open),
        1 => (0..4_u32).prop_map(|days| BookingWindow::RollingDays { days }),
        1 => (-1..3_i64, 0..3_i64).prop_map(move |(from, days)| BookingWindow::Dates {
            from: (start + TimeDelta::days(from)).date_naive(),
            to: (start + TimeDelta::days(from + days)).date_naive(),
        }),
    ];
    let limit = || option::weighted(0.2, 0..4_u32);
    (
        prop::sample::select(zones),
        prop_oneof![Just(15_u32), Just(30), Just(60), 5..200_u32],
        option::of(prop_oneof![Just(15_u32), Just(20), Just(45), 1..150_u32]),
        (buffer(), buffer()),
        prop_oneof![2 => Just(0_u32), 1 => 1..1500_u32],
        window,
        (limit(), limit(), limit()),
        prop_oneof![3 => Just(1_u32), 2 => 2..5_u32],
    )
        .prop_map(
            |(timezone, duration, interval, (before, after), notice, window, limits, capacity)| {
                SlotRules {
                    slot_interval: length(interval.unwrap_or(duration)),
                    buffers: Buffers {
                        before: minutes(before),
                        after: minutes(after),
                    },
                    minimum_notice: minutes(notice),
                    booking_window: window,
                    limits: BookingLimits {
                        per_day: limits.0,
                        per_week: limits.1,
                        per_month: limits.2,
                    },
                    capacity: Capacity::seats(capacity).expect("at least a seat"),
                    ..SlotRules::new(timezone, length(duration))
                }
            },
        )
}

/// One or two groups over the hosts, each requiring one, all or some; sometimes a host is in none.
fn groups(hosts: usize) -> impl Strategy<Value = Vec<HostGroup<usize>>> {
    (1..=hosts, any::<bool>(), vec((any::<bool>(), 1..=4_u32), 2)).prop_map(
        move |(cut, two, required)| {
            let everyone: Vec<usize> = (0..hosts).collect();
            let (first, second) = everyone.split_at(cut);
            let members = [first, if two { second } else { &[] }];
            let groups = members.into_iter().zip(required);
            groups
                .filter(|(members, _)| !members.is_empty())
                .map(|(members, (all, count))| {
                    let most = u32::try_from(members.len()).expect("a few");
                    let count = NonZeroU32::new(count.min(most)).expect("at least one");
                    HostGroup {
                        hosts: members.to_vec(),
                        required: if all {
                            Required::All
                        } else {
                            Required::AtLeast(count)
                        },
                    }
                })
                .collect()
        },
    )
}

/// A random question of two to three days.
pub(crate) fn world() -> impl Strategy<Value = World> {
    (prop::sample::select(&SEASONS[..]), 1..5_usize)
        .prop_flat_map(|((date, zones), hosts)| {
            let start: DateTime<Utc> = format!("{date}T00:00:00Z").parse().expect("a date");
            (Just(start), Just(zones), Just(hosts), rules(start, zones))
        })
        .prop_flat_map(|(start, zones, hosts, rules)| {
            let duration = rules.duration.get();
            let host = (
                option::weighted(0.9, availability(start, zones)),
                vec(busy(start), 0..8),
                vec(reservation(start, duration), 0..6),
            )
                .prop_map(|(hours, busy, reservations)| Host {
                    hours,
                    busy,
                    reservations,
                });
            (
                (Just(start), Just(rules)),
                option::weighted(0.3, availability(start, zones)),
                groups(hosts),
                vec(host, hosts),
                (-2000..2000_i64, 0..1440_i64, 1440..3000_i64),
            )
        })
        .prop_map(
            |((start, rules), hours, groups, hosts, (now, from, days))| {
                let from = start + TimeDelta::minutes(from);
                World {
                    now: start + TimeDelta::minutes(now),
                    from,
                    to: from + TimeDelta::minutes(days),
                    rules,
                    hours,
                    groups,
                    hosts,
                }
            },
        )
}
