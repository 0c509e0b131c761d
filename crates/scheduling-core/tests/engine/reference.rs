//! The contract once more, as slowly and plainly as it can be said: every minute is tried, every wall clock is read.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;
use proptest::prelude::*;
use scheduling_core::event_type::{BookingWindow, Required};
use scheduling_core::schedule::Availability;
use scheduling_core::slots;
use scheduling_core::time::Interval;

use crate::world::{Host, World, world};

type Answer = Vec<(DateTime<Utc>, Vec<usize>, Option<u32>)>;

/// For each minute around the range, in which window of which date it lies.
struct Clock {
    first: DateTime<Utc>,
    windows: Vec<Option<(NaiveDate, usize)>>,
}

impl Clock {
    fn read(hours: &Availability, world: &World) -> Self {
        let margin = TimeDelta::days(2) + world.rules.duration.delta();
        let first = world.from - margin;
        let minutes = (world.to + margin - first).num_minutes();
        let windows = (0..minutes).map(|minute| {
            let local = (first + TimeDelta::minutes(minute)).with_timezone(&hours.timezone());
            let date = local.date_naive();
            let time = u16::try_from(local.hour() * 60 + local.minute()).expect("within a day");
            let other = hours.overrides().iter().find(|o| o.date == date);
            let day = other.map_or(hours.weekly_hours().on(date.weekday()), |o| &o.hours);
            let inside = day
                .windows()
                .iter()
                .position(|w| w.start.minutes() <= time && time < w.end.minutes());
            inside.map(|window| (date, window))
        });
        let windows = windows.collect();
        Self { first, windows }
    }

    fn at(&self, t: DateTime<Utc>) -> usize {
        usize::try_from((t - self.first).num_minutes()).expect("within the margin")
    }

    /// Whether the clock is open from one instant to another.
    fn is_open(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> bool {
        let last = self.at(to - TimeDelta::nanoseconds(1));
        (self.at(from)..=last).all(|minute| self.windows[minute].is_some())
    }

    fn has_candidate(&self, t: DateTime<Utc>, interval: usize) -> bool {
        let at = self.at(t);
        let since = self.windows[..=at].iter().rev();
        let since = since
            .take_while(|window| **window == self.windows[at])
            .count()
            - 1;
        t.second() == 0
            && t.nanosecond() == 0
            && self.windows[at].is_some()
            && since.is_multiple_of(interval)
    }
}

fn local_date(t: DateTime<Utc>, zone: Tz) -> NaiveDate {
    t.with_timezone(&zone).date_naive()
}

/// The seats left in the session the host runs at `t`, if it can be joined.
fn joinable(world: &World, host: &Host, t: DateTime<Utc>) -> Option<u32> {
    let session = Interval::new(t, t + world.rules.duration.delta()).expect("a duration");
    let bookings = host.reservations.iter();
    let mut bookings = bookings
        .filter(|r| r.this_event_type && r.interval == session)
        .peekable();
    bookings.peek()?;
    let taken = bookings.map(|r| r.seats_taken).sum();
    let left = world.rules.capacity.get().checked_sub(taken)?;
    (world.rules.capacity.is_group() && left > 0).then_some(left)
}

fn is_free(world: &World, host: &Host, t: DateTime<Utc>) -> bool {
    let buffers = world.rules.buffers;
    let meeting = Interval::new(t, t + world.rules.duration.delta()).expect("a duration");
    let wide = meeting.widen(buffers.before, buffers.after);
    !host.busy.iter().any(|b| b.interval.overlaps(&wide))
        && !host.reservations.iter().any(|r| {
            r.interval
                .widen(r.buffers.before, r.buffers.after)
                .overlaps(&wide)
        })
}

fn is_within_limits(world: &World, host: &Host, t: DateTime<Utc>) -> bool {
    let hours = host.hours.as_ref().or(world.hours.as_ref());
    let zone = hours.map_or(world.rules.timezone, Availability::timezone);
    let counted = host.reservations.iter().filter(|r| r.this_event_type);
    let mut counted: Vec<Interval> = counted.map(|r| r.interval).collect();
    if world.rules.capacity.is_group() {
        counted = BTreeSet::from_iter(counted).into_iter().collect();
    }
    let date = local_date(t, zone);
    let reached = |limit: Option<u32>, same: &dyn Fn(NaiveDate) -> bool| {
        let starts = counted.iter().map(|i| local_date(i.start(), zone));
        let count = starts.filter(|d| same(*d)).count();
        limit.is_some_and(|limit| count >= limit as usize)
    };
    let limits = world.rules.limits;
    !reached(limits.per_day, &|d| d == date)
        && !reached(limits.per_week, &|d| d.iso_week() == date.iso_week())
        && !reached(limits.per_month, &|d| {
            (d.year(), d.month()) == (date.year(), date.month())
        })
}

fn is_bookable(world: &World, t: DateTime<Utc>) -> bool {
    let rules = &world.rules;
    let date = local_date(t, rules.timezone);
    t >= world.now + rules.minimum_notice.delta()
        && match rules.booking_window {
            BookingWindow::Open => true,
            BookingWindow::RollingDays { days } => {
                let today = local_date(world.now, rules.timezone);
                date <= today + TimeDelta::days(i64::from(days))
            }
            BookingWindow::Dates { from, to } => from <= date && date <= to,
        }
}

fn answer(world: &World) -> Answer {
    let grouped: BTreeSet<usize> = world.groups.iter().flat_map(|g| g.hosts.clone()).collect();
    let clock = |hours: &Option<Availability>| hours.as_ref().map(|h| Clock::read(h, world));
    let event = clock(&world.hours);
    let clocks: BTreeMap<usize, Option<Clock>> = grouped
        .iter()
        .map(|&host| (host, clock(&world.hosts[host].hours)))
        .collect();
    let interval = world.rules.slot_interval.get() as usize;
    let on_grid = |t| match &event {
        Some(event) => event.has_candidate(t, interval),
        None => clocks
            .values()
            .flatten()
            .any(|c| c.has_candidate(t, interval)),
    };
    let can_open = |host: usize, t: DateTime<Utc>| {
        let (time, own) = (&world.hosts[host], &clocks[&host]);
        let end = t + world.rules.duration.delta();
        on_grid(t)
            && (event.is_some() || own.is_some())
            && event.iter().chain(own).all(|clock| clock.is_open(t, end))
            && is_free(world, time, t)
            && is_within_limits(world, time, t)
    };
    let sessions = world.hosts.iter().flat_map(|host| &host.reservations);
    let sessions = sessions.map(|r| r.interval.start());
    let sessions = sessions.filter(|t| world.from <= *t && *t < world.to);
    let tried: BTreeSet<DateTime<Utc>> = world.minutes().chain(sessions).collect();
    let mut found = Vec::new();
    for t in tried.into_iter().filter(|t| is_bookable(world, *t)) {
        let mut hosts = Vec::new();
        let mut seats = 0;
        for &host in &grouped {
            let left = joinable(world, &world.hosts[host], t);
            let left = left.or_else(|| can_open(host, t).then_some(world.rules.capacity.get()));
            if let Some(left) = left {
                hosts.push(host);
                seats = seats.max(left);
            }
        }
        let enough = world.groups.iter().all(|group| {
            let free = group
                .hosts
                .iter()
                .filter(|host| hosts.contains(host))
                .count();
            match group.required {
                Required::All => free == group.hosts.len(),
                Required::AtLeast(k) => free >= k.get() as usize,
            }
        });
        if enough {
            found.push((t, hosts, world.rules.capacity.is_group().then_some(seats)));
        }
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, max_shrink_iters: 400, ..ProptestConfig::default() })]

    #[test]
    fn find_is_what_trying_every_minute_finds(world in world()) {
        let found: Answer = slots::find(&world.request())
            .iter()
            .map(|slot| (slot.start, slot.hosts.iter().collect(), slot.seats_left))
            .collect();
        prop_assert_eq!(found, answer(&world));
    }
}
