//! The rules one by one, in a small language of their own: text in, text out.
//!
//! ```text
//! now   2026-03-01T08:00Z
//! host  ann Europe/Paris Mon-Fri 09:00-12:00    (a second line of windows adds to them)
//! busy  ann 2026-03-02 10:00-10:30              (wall time in the host's zone)
//! booked ann 2026-03-02 09:00-09:30 buffer 5m/10m seats 2
//! event 30m step 30m buffer 0m/10m notice 60m days 3 capacity 2 per-day 1 of 2
//! on    2026-03-02
//! ```
//!
//! The answer has a line for each set of hosts: their names and the local times, in the first host's zone.

use std::fmt::Write;

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use insta::assert_snapshot;

use super::{HostTime, Reservation, SlotRequest, explain, find};
use crate::calendar::{BusyInterval, BusySource};
use crate::event_type::{BookingWindow, Buffers, Capacity, HostGroup, Required, SlotRules};
use crate::schedule::{Availability, WeeklyHours};
use crate::time::{DayHours, Interval, Length, Minutes, TimeWindow, zone};

struct Host {
    name: String,
    hours: Availability,
    busy: Vec<BusyInterval>,
    reservations: Vec<Reservation>,
}

struct Question {
    now: DateTime<Utc>,
    date: NaiveDate,
    rules: SlotRules,
    required: Required,
    hosts: Vec<Host>,
}

fn minutes(text: &str) -> u32 {
    text.trim_end_matches('m').parse().unwrap()
}

fn buffers(text: &str) -> Buffers {
    let (before, after) = text.split_once('/').unwrap();
    Buffers {
        before: Minutes(minutes(before)),
        after: Minutes(minutes(after)),
    }
}

fn window(text: &str) -> TimeWindow {
    let (start, end) = text.split_once('-').unwrap();
    TimeWindow {
        start: start.parse().unwrap(),
        end: end.parse().unwrap(),
    }
}

/// Wall times of a date; the first instant that shows them.
fn interval(zone: Tz, date: &str, times: &str) -> Interval {
    zone::runs(zone, date.parse().unwrap(), window(times))[0]
}

fn read(text: &str) -> Question {
    let mut question = Question {
        now: DateTime::UNIX_EPOCH,
        date: NaiveDate::default(),
        rules: SlotRules::new(Tz::UTC, Length::new(30).unwrap()),
        required: Required::All,
        hosts: Vec::new(),
    };
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match *words.as_slice() {
            ["now", now] => question.now = now.replace('Z', ":00Z").parse().unwrap(),
            ["on", date] => question.date = date.parse().unwrap(),
            ["host", name, zone, "Mon-Fri", ref windows @ ..] => {
                let zone = zone::parse(zone).unwrap();
                let day = DayHours::new(windows.iter().map(|w| window(w)).collect()).unwrap();
                let hours = Availability::new(zone, WeeklyHours::working_week(&day), vec![]);
                question.hosts.push(Host {
                    name: name.to_owned(),
                    hours: hours.unwrap(),
                    busy: Vec::new(),
                    reservations: Vec::new(),
                });
            }
            [
                kind @ ("busy" | "booked" | "elsewhere"),
                name,
                date,
                times,
                ref more @ ..,
            ] => {
                let host = question.hosts.iter_mut().find(|h| h.name == name).unwrap();
                let interval = interval(host.hours.timezone(), date, times);
                if kind == "busy" {
                    let source = BusySource::Calendar;
                    host.busy.push(BusyInterval { interval, source });
                    continue;
                }
                let mut taken = Reservation {
                    interval,
                    buffers: Buffers::default(),
                    this_event_type: kind == "booked",
                    seats_taken: 1,
                };
                for pair in more.chunks(2) {
                    match *pair {
                        ["buffer", around] => taken.buffers = buffers(around),
                        ["seats", seats] => taken.seats_taken = seats.parse().unwrap(),
                        _ => panic!("{line}"),
                    }
                }
                host.reservations.push(taken);
            }
            ["event", length, ref more @ ..] => {
                let length = Length::new(minutes(length)).unwrap();
                let rules = &mut question.rules;
                *rules = SlotRules::new(question.hosts[0].hours.timezone(), length);
                for pair in more.chunks(2) {
                    match *pair {
                        ["step", step] => rules.slot_interval = Length::new(minutes(step)).unwrap(),
                        ["buffer", around] => rules.buffers = buffers(around),
                        ["notice", notice] => rules.minimum_notice = Minutes(minutes(notice)),
                        ["days", days] => {
                            let days = days.parse().unwrap();
                            rules.booking_window = BookingWindow::RollingDays { days };
                        }
                        ["capacity", n] => {
                            rules.capacity = Capacity::seats(n.parse().unwrap()).unwrap();
                        }
                        ["per-day", n] => rules.limits.per_day = Some(n.parse().unwrap()),
                        ["per-week", n] => rules.limits.per_week = Some(n.parse().unwrap()),
                        ["of", k] => question.required = Required::AtLeast(k.parse().unwrap()),
                        _ => panic!("{line}"),
                    }
                }
            }
            _ => panic!("not a line of this language: {line}"),
        }
    }
    question
}

impl Question {
    fn zone(&self) -> Tz {
        self.hosts[0].hours.timezone()
    }

    fn request(&self) -> SlotRequest<'_> {
        let zone = self.zone();
        let midnight = |date: NaiveDate| zone::day_bounds(zone, date)[0].start();
        let hosts = self.hosts.iter().map(|host| HostTime {
            availability: Some(&host.hours),
            busy: &host.busy,
            reservations: &host.reservations,
        });
        let group = HostGroup {
            hosts: (0..self.hosts.len()).collect(),
            required: self.required,
        };
        let (from, to) = (
            midnight(self.date),
            midnight(self.date + TimeDelta::days(1)),
        );
        let hosts = hosts.collect();
        SlotRequest::new(self.now, from, to, &self.rules, None, vec![group], hosts).unwrap()
    }
}

/// Asks `find`.
fn slots(text: &str) -> String {
    let question = read(text);
    let mut lines: Vec<(String, Vec<String>)> = Vec::new();
    for slot in find(&question.request()).iter() {
        let names = slot
            .hosts
            .iter()
            .map(|host| question.hosts[host].name.as_str());
        let names = names.collect::<Vec<_>>().join("+");
        let seats = slot.seats_left.map(|seats| format!("({seats})"));
        let local = slot.start.with_timezone(&question.zone());
        let time = format!("{}{}", local.format("%H:%M"), seats.unwrap_or_default());
        match lines.iter_mut().find(|(known, _)| *known == names) {
            Some((_, times)) => times.push(time),
            None => lines.push((names, vec![time])),
        }
    }
    let lines = lines
        .into_iter()
        .map(|(names, times)| format!("{names} {}", times.join(" ")));
    lines.collect::<Vec<_>>().join("\n")
}

/// Asks `explain` about a wall time on the day.
fn reasons(text: &str, time: &str) -> String {
    let question = read(text);
    let time = chrono::NaiveTime::parse_from_str(time, "%H:%M").unwrap();
    let local = question.date.and_time(time);
    let start = question
        .zone()
        .from_local_datetime(&local)
        .single()
        .unwrap();
    let explanation = explain(&question.request(), start.to_utc());
    let mut text = format!("start {:?}", explanation.start);
    for (host, reasons) in question.hosts.iter().zip(&explanation.hosts) {
        write!(text, "\n{} {reasons:?}", host.name).unwrap();
    }
    text
}

#[test]
fn a_buffer_after_a_meeting_blocks_the_slot_before() {
    assert_snapshot!(slots("
        now   2026-03-01T08:00Z
        host  ann Europe/Paris Mon-Fri 09:00-12:00
        busy  ann 2026-03-02 10:00-10:30
        event 30m step 30m buffer 0m/10m
        on    2026-03-02
    "), @"ann 09:00 10:30 11:00 11:30");
}

#[test]
fn two_meetings_keep_the_ones_after_and_the_others_before_buffer_apart() {
    let question = "
        now   2026-03-01T08:00Z
        host  ann Europe/Paris Mon-Fri 09:00-12:00
        elsewhere ann 2026-03-02 10:00-10:30 buffer 10m/20m
        event 15m buffer 5m/15m
        on    2026-03-02
    ";
    assert_snapshot!(slots(question), @"ann 09:00 09:15 11:00 11:15 11:30 11:45");
    assert_snapshot!(reasons(question, "10:45"), @"
    start [NotEnoughHosts]
    ann [Buffer]
    ");
    assert_snapshot!(reasons(question, "10:15"), @"
    start [NotEnoughHosts]
    ann [Booked]
    ");
}

#[test]
fn buffers_may_reach_outside_the_hours() {
    assert_snapshot!(slots("
        now   2026-03-01T08:00Z
        host  ann Europe/Paris Mon-Fri 09:00-10:00
        event 60m buffer 30m/30m
        on    2026-03-02
    "), @"ann 09:00");
}

#[test]
fn touching_windows_each_anchor_the_grid_and_a_meeting_may_span_them() {
    assert_snapshot!(slots("
        now   2026-03-01T08:00Z
        host  ann Europe/Paris Mon-Fri 09:00-10:20 10:20-11:20
        event 30m
        on    2026-03-02
    "), @"ann 09:00 09:30 10:00 10:20 10:50");
}

#[test]
fn a_host_can_take_what_only_another_hosts_grid_has() {
    assert_snapshot!(slots("
        now   2026-03-01T08:00Z
        host  ann Europe/Paris Mon-Fri 09:00-10:00
        host  bob Europe/Paris Mon-Fri 08:45-09:45
        event 30m of 1
        on    2026-03-02
    "), @"
    bob 08:45
    ann+bob 09:00 09:15
    ann 09:30
    ");
}

#[test]
fn two_of_three_must_be_free() {
    assert_snapshot!(slots("
        now   2026-03-01T08:00Z
        host  ann Europe/Paris Mon-Fri 09:00-11:00
        host  bob Europe/Paris Mon-Fri 09:00-11:00
        host  cyd Europe/Paris Mon-Fri 09:00-11:00
        busy  ann 2026-03-02 09:00-09:30
        busy  bob 2026-03-02 09:30-10:00
        busy  cyd 2026-03-02 09:30-10:30
        event 30m of 2
        on    2026-03-02
    "), @"
    bob+cyd 09:00
    ann+bob 10:00
    ann+bob+cyd 10:30
    ");
}

#[test]
fn a_session_with_seats_is_joined_even_off_the_grid_and_over_a_limit() {
    let question = "
        now   2026-03-01T08:00Z
        host  ann Europe/Paris Mon-Fri 09:00-11:00
        booked ann 2026-03-02 09:10-09:40 seats 2
        busy  ann 2026-03-02 09:00-09:30
        event 30m capacity 5 per-day 1
        on    2026-03-02
    ";
    assert_snapshot!(slots(question), @"ann 09:10(3)");
    assert_snapshot!(reasons(question, "10:00"), @"
    start [NotEnoughHosts]
    ann [LimitReached(Day)]
    ");
}

#[test]
fn a_session_counts_once_for_limits_whatever_its_bookings() {
    assert_snapshot!(slots("
        now   2026-03-01T08:00Z
        host  ann Europe/Paris Mon-Fri 09:00-11:00
        booked ann 2026-03-02 09:00-09:30
        booked ann 2026-03-02 09:00-09:30
        event 30m capacity 3 per-day 2
        on    2026-03-02
    "), @"ann 09:00(1) 09:30(3) 10:00(3) 10:30(3)");
}

#[test]
fn without_sessions_each_booking_counts() {
    assert_snapshot!(slots("
        now   2026-03-01T08:00Z
        host  ann Europe/Paris Mon-Fri 09:00-11:00
        booked ann 2026-03-03 09:00-09:30
        booked ann 2026-03-03 09:00-09:30
        event 30m per-week 2
        on    2026-03-02
    "), @"");
}

#[test]
fn a_full_session_is_booked_for_the_next_guest() {
    assert_snapshot!(reasons("
        now   2026-03-01T08:00Z
        host  ann Europe/Paris Mon-Fri 09:00-11:00
        booked ann 2026-03-02 09:00-09:30 seats 9
        event 30m capacity 2
        on    2026-03-02
    ", "09:00"), @"
    start [NotEnoughHosts]
    ann [Booked]
    ");
}

#[test]
fn notice_and_booking_window_are_named() {
    assert_snapshot!(reasons("
        now   2026-03-02T07:30Z
        host  ann Europe/Paris Mon-Fri 09:00-11:00
        event 30m notice 60m
        on    2026-03-02
    ", "09:00"), @"
    start [MinimumNotice]
    ann []
    ");
    assert_snapshot!(reasons("
        now   2026-03-02T07:30Z
        host  ann Europe/Paris Mon-Fri 09:00-11:00
        event 30m days 1
        on    2026-03-04
    ", "09:10"), @"
    start [OffGrid, BookingWindow]
    ann []
    ");
}

#[test]
fn periods_are_the_hosts_own() {
    // 23:00 UTC on Sunday is Monday in Auckland: the booking counts for that week, not the one before.
    let auckland: Tz = Tz::Pacific__Auckland;
    let text = "
        now   2026-03-01T00:00Z
        host  ann Pacific/Auckland Mon-Fri 09:00-10:00
        booked ann 2026-03-09 11:00-11:30
        event 60m per-week 1
    ";
    let on = |date: &str| slots(&format!("{text}on {date}"));
    assert_eq!(
        interval(auckland, "2026-03-09", "11:00-11:30")
            .start()
            .weekday(),
        chrono::Weekday::Sun
    );
    assert_snapshot!(on("2026-03-06"), @"ann 09:00");
    assert_snapshot!(on("2026-03-09"), @"");
    assert_snapshot!(on("2026-03-13"), @"");
    assert_snapshot!(on("2026-03-16"), @"ann 09:00");
}
