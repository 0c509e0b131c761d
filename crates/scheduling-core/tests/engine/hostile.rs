//! Inputs that nobody means well: they are answered or refused, and never panic, hang or grow without bound.

use std::fmt::Write;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use scheduling_core::calendar::{BusyInterval, BusySource};
use scheduling_core::event_type::{
    BookingLimits, BookingWindow, Buffers, Capacity, HostGroup, Required, SlotRules,
};
use scheduling_core::scenario::SlotScenario;
use scheduling_core::schedule::{Availability, DateOverride, WeeklyHours};
use scheduling_core::slots::{self, HostTime, Reservation, SlotRequest, SlotRequestError};
use scheduling_core::time::{DayHours, Interval, Length, Minutes, TimeWindow};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

fn minutes(minutes: u32) -> Length {
    Length::new(minutes).expect("at least a minute")
}

fn window(start: &str, end: &str) -> TimeWindow {
    TimeWindow {
        start: start.parse().expect("a time"),
        end: end.parse().expect("a time"),
    }
}

fn every_day(zone: Tz, windows: Vec<TimeWindow>) -> Availability {
    let day = DayHours::new(windows).expect("disjoint windows");
    let weekly = WeeklyHours {
        saturday: day.clone(),
        sunday: day.clone(),
        ..WeeklyHours::working_week(&day)
    };
    Availability::new(zone, weekly, vec![]).expect("no overrides")
}

fn all(hosts: usize) -> Vec<HostGroup<usize>> {
    vec![HostGroup {
        hosts: (0..hosts).collect(),
        required: Required::All,
    }]
}

/// The starts one host offers, in the host's zone.
fn starts(hours: &Availability, rules: &SlotRules, from: &str, to: &str) -> String {
    let host = HostTime {
        availability: Some(hours),
        busy: &[],
        reservations: &[],
    };
    let now = at("2000-01-01T00:00:00Z");
    let request = SlotRequest::new(now, at(from), at(to), rules, None, all(1), vec![host])
        .expect("a request");
    let found = slots::find(&request);
    let local = |start: DateTime<Utc>| start.with_timezone(&hours.timezone());
    let shown = found
        .iter()
        .map(|slot| local(slot.start).format("%d %H:%M%z").to_string());
    shown.collect::<Vec<_>>().join(", ")
}

#[test]
fn a_day_without_midnight_begins_at_one() {
    for (zone, from, to, expected) in [
        (
            Tz::Asia__Beirut,
            "2026-03-28T20:00:00Z",
            "2026-03-29T00:00:00Z",
            "28 22:00+0200, 28 23:00+0200, 29 01:00+0300, 29 02:00+0300",
        ),
        (
            Tz::America__Santiago,
            "2026-09-06T02:00:00Z",
            "2026-09-06T06:00:00Z",
            "05 22:00-0400, 05 23:00-0400, 06 01:00-0300, 06 02:00-0300",
        ),
        (
            Tz::America__Havana,
            "2026-03-08T03:00:00Z",
            "2026-03-08T07:00:00Z",
            "07 22:00-0500, 07 23:00-0500, 08 01:00-0400, 08 02:00-0400",
        ),
    ] {
        let hours = every_day(zone, vec![window("00:00", "24:00")]);
        let rules = SlotRules::new(zone, minutes(60));
        assert_eq!(starts(&hours, &rules, from, to), expected, "{zone}");
    }
}

/// The zone rules end there, as `time::zone` and the guide say.
#[test]
fn from_2100_on_clocks_change_no_more() {
    for (zone, before, after) in [
        (Tz::Europe__Berlin, "01 09:00+0200", "01 09:00+0100"),
        (Tz::Australia__Sydney, "01 09:00+1000", "01 09:00+1100"),
    ] {
        let hours = every_day(zone, vec![window("09:00", "10:00")]);
        let rules = SlotRules::new(zone, minutes(60));
        let first_of_july = |year: u32| {
            let from = format!("{year}-06-30T12:00:00Z");
            let to = format!("{year}-07-01T12:00:00Z");
            starts(&hours, &rules, &from, &to)
        };
        assert_eq!(first_of_july(2099), before, "{zone}");
        assert_eq!(first_of_july(2100), after, "{zone}");
    }
}

#[test]
fn a_window_until_midnight_offers_its_last_slot() {
    let hours = every_day(Tz::Europe__Berlin, vec![window("22:30", "24:00")]);
    let rules = SlotRules::new(Tz::Europe__Berlin, minutes(30));
    let found = starts(
        &hours,
        &rules,
        "2026-06-10T00:00:00Z",
        "2026-06-11T00:00:00Z",
    );
    assert_eq!(found, "10 22:30+0200, 10 23:00+0200, 10 23:30+0200");
}

#[test]
fn half_hour_clock_changes_are_half_an_hour() {
    // At two in the morning of 5 April 2026, Lord Howe goes back to half past one.
    let hours = every_day(Tz::Australia__Lord_Howe, vec![window("01:00", "03:00")]);
    let rules = SlotRules::new(Tz::Australia__Lord_Howe, minutes(30));
    let found = starts(
        &hours,
        &rules,
        "2026-04-04T12:00:00Z",
        "2026-04-04T18:00:00Z",
    );
    assert_eq!(
        found,
        "05 01:00+1100, 05 01:30+1100, 05 01:30+1030, 05 02:00+1030, 05 02:30+1030"
    );
}

#[test]
fn a_window_in_the_gap_offers_nothing_and_one_in_the_fold_is_offered_twice() {
    let rules = SlotRules::new(Tz::Europe__Berlin, minutes(30));
    let hours = every_day(Tz::Europe__Berlin, vec![window("02:00", "02:30")]);
    assert_eq!(
        starts(
            &hours,
            &rules,
            "2026-03-28T23:00:00Z",
            "2026-03-29T22:00:00Z"
        ),
        ""
    );
    let twice = starts(
        &hours,
        &rules,
        "2026-10-24T22:00:00Z",
        "2026-10-25T23:00:00Z",
    );
    assert_eq!(twice, "25 02:00+0200, 25 02:00+0100");
}

#[test]
fn a_booking_window_follows_the_date_back_across_midnight() {
    // On 7 November 2010, a minute past midnight, St John's went back to 23:01 of the 6th.
    let zone = Tz::America__St_Johns;
    let hours = every_day(
        zone,
        vec![window("23:00", "24:00"), window("00:00", "01:00")],
    );
    let mut rules = SlotRules::new(zone, minutes(1));
    let seventh = NaiveDate::from_ymd_opt(2010, 11, 7).expect("a date");
    rules.booking_window = BookingWindow::Dates {
        from: seventh,
        to: seventh,
    };
    let found = starts(
        &hours,
        &rules,
        "2010-11-07T02:25:00Z",
        "2010-11-07T03:33:00Z",
    );
    assert_eq!(
        found,
        "07 00:00-0230, 07 00:00-0330, 07 00:01-0330, 07 00:02-0330"
    );
}

#[test]
fn a_long_meeting_needs_hours_without_a_gap() {
    let zone = Tz::Europe__Berlin;
    let rules = SlotRules::new(zone, minutes(60 * 24 * 400));
    let open = every_day(
        zone,
        vec![window("00:00", "12:00"), window("12:00", "24:00")],
    );
    let range = ("2026-06-09T22:00:00Z", "2026-06-10T22:00:00Z");
    assert_eq!(
        starts(&open, &rules, range.0, range.1),
        "10 00:00+0200, 10 12:00+0200"
    );
    let closed_later = DateOverride {
        date: NaiveDate::from_ymd_opt(2027, 6, 1).expect("a date"),
        hours: DayHours::CLOSED,
    };
    let open = Availability::new(zone, open.weekly_hours().clone(), vec![closed_later]);
    assert_eq!(
        starts(&open.expect("one override"), &rules, range.0, range.1),
        ""
    );
}

#[test]
fn ten_thousand_busy_intervals_in_a_day_are_answered() {
    let hours = every_day(Tz::UTC, vec![window("00:00", "24:00")]);
    let from = at("2026-06-10T00:00:00Z");
    let busy: Vec<BusyInterval> = (0..10_000)
        .map(|i| from + TimeDelta::seconds(i * 7919 % 80_000))
        .map(|start| BusyInterval {
            interval: Interval::new(start, start + TimeDelta::seconds(1)).expect("not empty"),
            source: BusySource::Calendar,
        })
        .collect();
    let rules = SlotRules::new(Tz::UTC, minutes(5));
    let host = HostTime {
        availability: Some(&hours),
        busy: &busy,
        reservations: &[],
    };
    let to = from + TimeDelta::days(1);
    let request = SlotRequest::new(from, from, to, &rules, None, all(1), vec![host]);
    let found = slots::find(&request.expect("a request"));
    assert_eq!(
        found.iter().next().map(|s| s.start),
        Some(at("2026-06-10T22:15:00Z"))
    );
    assert_eq!(found.len(), 21);
}

#[test]
fn a_range_of_many_years_is_refused() {
    let rules = SlotRules::new(Tz::UTC, minutes(30));
    let host = HostTime {
        availability: None,
        busy: &[],
        reservations: &[],
    };
    let ask = |to: &str| {
        let from = at("2026-01-01T00:00:00Z");
        SlotRequest::new(from, from, at(to), &rules, None, all(1), vec![host]).map(|_| ())
    };
    assert_eq!(ask("2029-01-05T00:00:00Z"), Ok(()));
    let refused = ask("2036-01-01T00:00:00Z").expect_err("too long");
    assert_eq!(
        refused.to_string(),
        "the range must not be longer than 1100 days"
    );
}

#[test]
fn a_range_upside_down_is_empty() {
    let hours = every_day(Tz::UTC, vec![window("00:00", "24:00")]);
    let rules = SlotRules::new(Tz::UTC, minutes(30));
    let found = starts(
        &hours,
        &rules,
        "2026-06-10T00:00:00Z",
        "2026-06-09T00:00:00Z",
    );
    assert_eq!(found, "");
}

#[test]
fn groups_that_do_not_fit_the_hosts_are_refused() {
    let rules = SlotRules::new(Tz::UTC, minutes(30));
    let host = HostTime {
        availability: None,
        busy: &[],
        reservations: &[],
    };
    let ask = |groups: &[(&[usize], Required)]| {
        let groups = groups.iter().map(|(hosts, required)| HostGroup {
            hosts: hosts.to_vec(),
            required: *required,
        });
        let (from, to) = (at("2026-01-01T00:00:00Z"), at("2026-01-02T00:00:00Z"));
        SlotRequest::new(
            from,
            from,
            to,
            &rules,
            None,
            groups.collect(),
            vec![host; 2],
        )
        .map(|_| ())
        .expect_err("refused")
    };
    let two = Required::AtLeast(2.try_into().expect("not zero"));
    assert_eq!(ask(&[]), SlotRequestError::NoGroups);
    assert_eq!(
        ask(&[(&[], Required::All)]),
        SlotRequestError::NoHosts { group: 0 }
    );
    assert_eq!(
        ask(&[(&[0, 2], Required::All)]),
        SlotRequestError::NoSuchHost {
            group: 0,
            host: 2,
            hosts: 2
        }
    );
    assert_eq!(
        ask(&[(&[0], Required::All), (&[1, 0], Required::ONE)]),
        SlotRequestError::HostTwice { host: 0 }
    );
    assert_eq!(
        ask(&[(&[0], two)]),
        SlotRequestError::Required {
            group: 0,
            required: 2,
            hosts: 1
        }
    );
}

/// The largest numbers everywhere, at both ends of chrono's calendar.
#[test]
fn nothing_overflows_at_the_ends_of_time() {
    let (first, last) = (DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC);
    let day = TimeDelta::days(1);
    let most = Minutes(u32::MAX);
    for zone in [
        Tz::UTC,
        Tz::Etc__GMTMinus14,
        Tz::Etc__GMTPlus12,
        Tz::Australia__Lord_Howe,
    ] {
        let hours = every_day(zone, vec![window("00:00", "24:00")]);
        for (from, to) in [
            (first, first + day),
            (last - day, last),
            (at("2026-06-10T00:00:00Z"), at("2026-06-11T00:00:00Z")),
        ] {
            let whole = Interval::new(first, last).expect("all of time");
            let busy = [BusyInterval {
                interval: whole,
                source: BusySource::TimeOff,
            }];
            let meeting = Interval::new(from, to).expect("a range");
            for (length, interval, minutes_around, capacity, limit) in [
                (u32::MAX, u32::MAX, most, 1, Some(0)),
                (1, u32::MAX, Minutes(0), u32::MAX, Some(1)),
                (u32::MAX, 1, Minutes(0), 2, None),
                (1440, 30, most, 2, Some(u32::MAX)),
            ] {
                let rules = SlotRules {
                    slot_interval: minutes(interval),
                    buffers: Buffers {
                        before: minutes_around,
                        after: minutes_around,
                    },
                    minimum_notice: minutes_around,
                    booking_window: BookingWindow::RollingDays { days: u32::MAX },
                    limits: BookingLimits {
                        per_day: limit,
                        per_week: limit,
                        per_month: limit,
                    },
                    capacity: Capacity::seats(capacity).expect("a seat"),
                    ..SlotRules::new(zone, minutes(length))
                };
                let reservation = Reservation {
                    interval: meeting,
                    buffers: rules.buffers,
                    this_event_type: true,
                    seats_taken: u32::MAX - 1,
                };
                for (busy, now) in [(&busy[..], first), (&[], first), (&[], last)] {
                    let reservations = [reservation; 2];
                    let host = HostTime {
                        availability: Some(&hours),
                        busy,
                        reservations: &reservations[..1],
                    };
                    let other = HostTime {
                        reservations: &reservations,
                        ..host
                    };
                    let request = SlotRequest::new(
                        now,
                        from,
                        to,
                        &rules,
                        Some(&hours),
                        all(2),
                        vec![host, other],
                    );
                    let request = request.expect("a request");
                    let found = slots::find(&request);
                    for start in [first, from, from + TimeDelta::minutes(30), last] {
                        let explained = slots::explain(&request, start).is_offered();
                        let inside = from <= start && start < to;
                        assert_eq!(
                            found.at(start).is_some(),
                            explained && inside,
                            "{zone} {start} {rules:?}"
                        );
                    }
                }
            }
        }
        let span = Interval::new(last - day, last).expect("a day");
        assert!(hours.open_times(span).encloses(&span));
    }
}

/// A meeting as long as lengths go, in hours that never close but on a date thousands of years away: the hours must not
/// be walked through day by day to get there.
#[test]
fn hours_without_an_end_are_not_walked_through() {
    let date = |text: &str| text.parse::<NaiveDate>().expect("a date");
    let all_day = DayHours::new(vec![window("00:00", "09:00"), window("09:00", "24:00")]);
    let open = |text| DateOverride {
        date: date(text),
        hours: all_day.clone().expect("disjoint windows"),
    };
    let closed = |text| DateOverride {
        date: date(text),
        hours: DayHours::CLOSED,
    };
    let from = at("2026-06-10T00:00:00Z");
    let find = |overrides: &[DateOverride], length: i64| {
        let weekly = every_day(Tz::America__New_York, vec![window("00:00", "24:00")]);
        let hours = Availability::new(
            weekly.timezone(),
            weekly.weekly_hours().clone(),
            overrides.to_vec(),
        )
        .expect("one override a date");
        let length = u32::try_from(length).expect("a length in minutes");
        let rules = SlotRules {
            slot_interval: minutes(1440),
            ..SlotRules::new(Tz::America__New_York, minutes(length))
        };
        let host = HostTime {
            availability: Some(&hours),
            busy: &[],
            reservations: &[],
        };
        let to = from + TimeDelta::days(3);
        let request = SlotRequest::new(from, from, to, &rules, None, all(1), vec![host]);
        let request = request.expect("a request");
        let found = slots::find(&request);
        for day in 0..3 {
            let start = at("2026-06-10T04:00:00Z") + TimeDelta::days(day);
            let offered = slots::explain(&request, start).is_offered();
            assert_eq!(found.at(start).is_some(), offered, "{start}");
        }
        found.len()
    };
    let far = [open("5000-02-01"), closed("9999-12-31")];
    for _ in 0..1000 {
        assert_eq!(find(&far, i64::from(u32::MAX)), 0);
        assert_eq!(find(&far[..1], i64::from(u32::MAX)), 3);
    }
    // The last start reaches exactly to the date that is closed; an hour more, and it does not fit.
    let midnight = |text| at(&format!("{text}T04:00:00Z"));
    let last = midnight("2026-06-12");
    let exactly = (at("9999-12-31T05:00:00Z") - last).num_minutes();
    assert_eq!(find(&far, exactly), 3);
    assert_eq!(find(&far, exactly + 60), 2);
    let near = [open("2026-06-14"), closed("2026-06-20"), open("7000-01-01")];
    let exactly = (midnight("2026-06-20") - last).num_minutes();
    assert_eq!(find(&near, exactly), 3);
    assert_eq!(find(&near, exactly + 1), 2);
}

/// Before standard time, clocks differed by odd seconds: a ruler for all of them has a mark a second, and a long range
/// does not fit into one.
#[test]
fn odd_seconds_over_years_are_searched_in_slices() {
    let zones = [Tz::Europe__Paris, Tz::America__New_York, Tz::Asia__Tokyo];
    let hours = zones.map(|zone| every_day(zone, vec![window("00:00", "24:00")]));
    let rules = SlotRules::new(Tz::UTC, minutes(720));
    let hosts: Vec<HostTime<'_>> = hours
        .iter()
        .map(|hours| HostTime {
            availability: Some(hours),
            busy: &[],
            reservations: &[],
        })
        .collect();
    let groups = vec![HostGroup {
        hosts: vec![0, 1, 2],
        required: Required::ONE,
    }];
    let find = |from: DateTime<Utc>, to: DateTime<Utc>| -> Vec<_> {
        let request = SlotRequest::new(from, from, to, &rules, None, groups.clone(), hosts.clone());
        let found = slots::find(&request.expect("a request"));
        found
            .iter()
            .map(|slot| (slot.start, slot.hosts.iter().collect::<Vec<_>>()))
            .collect()
    };
    let from = at("1860-01-01T00:00:00Z");
    let whole = find(from, from + TimeDelta::days(1000));
    assert_eq!(whole.len(), 6000);
    let parts = (0..10).flat_map(|i| {
        find(
            from + TimeDelta::days(i * 100),
            from + TimeDelta::days(i * 100 + 100),
        )
    });
    assert_eq!(whole, parts.collect::<Vec<_>>());
}

#[test]
fn nonsense_in_a_scenario_is_refused_by_its_place() {
    let good = r#"{"now":"2026-11-20T12:00:00Z","range":{"from":"2026-11-23T00:00:00Z","to":"2026-11-24T00:00:00Z"},"event_type":{"timezone":"Europe/Berlin","duration_minutes":60,"groups":[{"hosts":["ann"],"required":"all"}]},"hosts":[{"id":"ann","schedule":{"timezone":"Europe/Berlin","weekly":{"monday":[{"start":"09:00","end":"11:00"}]},"overrides":[{"date":"2026-11-24","windows":[]}]},"bookings":[{"start":"2026-11-23T08:00:00Z","end":"2026-11-23T09:00:00Z"}]}]}"#;
    SlotScenario::parse(good).expect("a good scenario");
    let mut refusals = String::new();
    for (part, instead) in [
        (r#""end":"11:00""#, r#""end":"08:00""#),
        (
            r#""end":"11:00"}"#,
            r#""end":"11:00"},{"start":"10:00","end":"12:00"}"#,
        ),
        ("\"11:00\"", "\"24:30\""),
        (
            r#"{"date":"2026-11-24","windows":[]}"#,
            r#"{"date":"2026-11-24"},{"date":"2026-11-24"}"#,
        ),
        ("2026-11-24\",\"windows", "2026-02-30\",\"windows"),
        (r#""duration_minutes":60"#, r#""duration_minutes":0"#),
        (
            r#""duration_minutes":60"#,
            r#""duration_minutes":60,"buffer_after_minutes":-5"#,
        ),
        (
            r#""duration_minutes":60"#,
            r#""duration_minutes":60,"capacity":0"#,
        ),
        (r#""duration_minutes":60"#, r#""duration_minutes":"60""#),
        (
            r#"{"timezone":"Europe/Berlin","duration"#,
            r#"{"timezone":"Europe/Atlantis","duration"#,
        ),
        (r#"["ann"]"#, r#"["bob"]"#),
        (r#"["ann"]"#, r#"["ann","ann"]"#),
        (r#"["ann"]"#, "[]"),
        (r#""required":"all""#, r#""required":0"#),
        (r#""required":"all""#, r#""required":2"#),
        ("2026-11-23T09:00:00Z", "2026-11-23T07:00:00Z"),
        (r#""id":"ann","#, r#""id":"ann","nickname":"a","#),
        (r#""id":"ann","#, ""),
        (
            r#""to":"2026-11-24T00:00:00Z""#,
            r#""to":"2056-11-24T00:00:00Z""#,
        ),
        (r#"{"now""#, r#"["now""#),
        (
            r#""monday":[{"#,
            r#""tuesday":[],"monday":[{"start":"01:00","end":"02:00"}],"monday":[{"#,
        ),
        (
            r#""duration_minutes":60"#,
            r#""duration_minutes":60,"duration_minutes":60"#,
        ),
        (r#"{"now":"#, r#"{"now":"2026-01-01T00:00:00Z","now":"#),
        ("2026-11-20T12:00:00Z", "2026-11-20 12:00"),
        (r#""end":"2026-11-23T09:00:00Z""#, r#""end":"tomorrow""#),
        (r#""end":"2026-11-23T09:00:00Z""#, r#""end":5"#),
        (
            r"}]}]}",
            r#"}]}],"expect":{"slots":[{"start":"2026-11-23","hosts":["ann"]}]}}"#,
        ),
        (r"}]}]}", r#"}]}],"expect":{}}"#),
    ] {
        assert!(good.contains(part), "{part}");
        let error = SlotScenario::parse(&good.replacen(part, instead, 1)).expect_err(instead);
        writeln!(refusals, "{error}").expect("a text takes any line");
    }
    insta::assert_snapshot!(refusals);
}

#[test]
fn a_refusal_is_short_however_long_the_value() {
    let line = |field: &str, value: &str| {
        format!(
            r#"{{"now":"2026-11-20T12:00:00Z","range":{{"from":"2026-11-23T00:00:00Z","to":"2026-11-24T00:00:00Z"}},"hosts":[{{"id":"ann"}},{{"id":"{}","busy":[{{"start":"2026-11-23T00:00:00Z","end":"2026-11-24T00:00:00Z","source":"{}"}}]}}],"event_type":{{"timezone":"{}","duration_minutes":30,"groups":[{{"hosts":["{}"],"required":"all"}}]}},"name":{}{}}}"#,
            if field == "id" { value } else { "bob" },
            if field == "source" { value } else { "calendar" },
            if field == "zone" { value } else { "UTC" },
            if field == "host" { value } else { "ann" },
            if field == "name" { "5" } else { "\"\"" },
            if field == "field" {
                format!(",\"{value}\":1")
            } else {
                String::new()
            },
        )
    };
    SlotScenario::parse(&line("none", "")).expect("a good scenario");
    let long = "z".repeat(1_000_000);
    for field in ["source", "zone", "host", "field"] {
        let error = SlotScenario::parse(&line(field, &long)).expect_err(field);
        let text = error.to_string();
        assert!(
            text.contains("zzz") && text.len() < 400,
            "{field}: {}",
            text.len()
        );
    }
}
