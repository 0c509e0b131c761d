//! From the wall clock to instants: clock changes, whole days, ends, exceptions.

use chrono::NaiveDateTime;
use scheduling_core::recurrence::{OccurrenceLength, Recurrence};
use scheduling_core::time::{Interval, zone};

use crate::time;

const HOUR: u32 = 3600;

fn every(rule: &str, start: &str, length: OccurrenceLength, timezone: &str) -> Recurrence {
    Recurrence {
        start: time(start),
        length,
        timezone: zone::parse(timezone).expect("a zone"),
        rule: (!rule.is_empty()).then(|| rule.parse().expect("a rule")),
        exdates: [].into(),
        rdates: [].into(),
    }
}

fn clock(hours: u32) -> OccurrenceLength {
    OccurrenceLength::Clock {
        seconds: hours * HOUR,
    }
}

/// Occurrences as `09:00Z` on the day they start, with their length in minutes.
fn told(recurrence: &Recurrence, from: &str, to: &str) -> Vec<String> {
    let at = |text: &str| text.parse().expect("an instant");
    let window = Interval::new(at(from), at(to)).expect("a window");
    let found = recurrence.occurrences(window).expect("occurrences");
    let line = |i: Interval| {
        format!(
            "{} {}",
            i.start().format("%d. %H:%M"),
            i.length().num_minutes()
        )
    };
    found.iter().map(|o| line(o.interval)).collect()
}

#[test]
fn a_start_in_a_gap_is_read_with_the_offset_before_it() {
    let nightly = every(
        "FREQ=DAILY",
        "2026-03-01T02:30:00",
        clock(1),
        "Europe/Berlin",
    );
    assert_eq!(
        told(&nightly, "2026-03-28T00:00:00Z", "2026-03-31T00:00:00Z"),
        ["28. 01:30 60", "29. 01:30 60", "30. 00:30 60"]
    );
    // 02:30 becomes 03:30, after 03:15: it lasts as long as it always does.
    let short = OccurrenceLength::Clock { seconds: 45 * 60 };
    let nightly = every("FREQ=DAILY", "2026-03-01T02:30:00", short, "Europe/Berlin");
    assert_eq!(
        told(&nightly, "2026-03-29T00:00:00Z", "2026-03-30T00:00:00Z"),
        ["29. 01:30 45"]
    );
}

#[test]
fn a_start_in_a_fold_is_the_first_and_an_end_the_second() {
    let from_fold = every(
        "FREQ=DAILY",
        "2026-10-20T02:30:00",
        clock(1),
        "Europe/Berlin",
    );
    assert_eq!(
        told(&from_fold, "2026-10-25T00:00:00Z", "2026-10-26T00:00:00Z"),
        ["25. 00:30 120"]
    );
    let into_fold = every(
        "FREQ=DAILY",
        "2026-10-20T01:30:00",
        clock(1),
        "Europe/Berlin",
    );
    assert_eq!(
        told(&into_fold, "2026-10-24T22:00:00Z", "2026-10-25T22:00:00Z"),
        ["24. 23:30 120"]
    );
}

#[test]
fn by_the_clock_a_night_is_as_long_as_the_clocks_make_it() {
    let night = |length| every("FREQ=DAILY", "2026-03-01T22:00:00", length, "Europe/Berlin");
    let exact = OccurrenceLength::Exact { seconds: 8 * HOUR };
    let (from, to) = ("2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z");
    assert_eq!(
        told(&night(clock(8)), from, to),
        ["28. 21:00 420", "29. 20:00 480"]
    );
    assert_eq!(
        told(&night(exact), from, to),
        ["28. 21:00 480", "29. 20:00 480"]
    );
}

#[test]
fn whole_days_are_the_zones_own() {
    let days = |count, start, timezone| {
        every(
            "FREQ=DAILY;INTERVAL=7",
            start,
            OccurrenceLength::Days(count),
            timezone,
        )
    };
    assert_eq!(
        told(
            &days(1, "2026-03-29T00:00:00", "Europe/Berlin"),
            "2026-03-29T00:00:00Z",
            "2026-03-30T00:00:00Z"
        ),
        ["28. 23:00 1380"]
    );
    assert_eq!(
        told(
            &days(2, "2026-10-24T15:00:00", "Europe/Berlin"),
            "2026-10-25T22:00:00Z",
            "2026-10-25T23:00:00Z"
        ),
        ["23. 22:00 2940"]
    );
    // The clocks jump over midnight.
    assert_eq!(
        told(
            &days(1, "2026-09-06T00:00:00", "America/Santiago"),
            "2026-09-06T12:00:00Z",
            "2026-09-06T13:00:00Z"
        ),
        ["06. 04:00 1380"]
    );
    // Samoa left out the 30th.
    let samoa = |count| {
        let days = OccurrenceLength::Days(count);
        told(
            &every("", "2011-12-30T00:00:00", days, "Pacific/Apia"),
            "2011-12-28T00:00:00Z",
            "2012-01-03T00:00:00Z",
        )
    };
    assert!(samoa(1).is_empty());
    assert_eq!(samoa(2), ["30. 10:00 1440"]);
}

#[test]
fn what_is_under_way_when_the_window_begins_counts() {
    let weekly = every(
        "FREQ=WEEKLY",
        "2026-01-05T09:00:00",
        OccurrenceLength::Days(3),
        "Asia/Tokyo",
    );
    // Monday to Wednesday in Tokyo ends on Wednesday at 15:00 UTC.
    assert_eq!(
        told(&weekly, "2026-11-18T14:59:00Z", "2026-11-19T00:00:00Z"),
        ["15. 15:00 4320"]
    );
    assert!(told(&weekly, "2026-11-18T15:00:00Z", "2026-11-19T00:00:00Z").is_empty());
    // Longer than the time to the next: they overlap, and all are there.
    let long = every(
        "FREQ=WEEKLY",
        "2026-01-05T09:00:00",
        OccurrenceLength::Days(15),
        "UTC",
    );
    assert_eq!(
        told(&long, "2026-11-18T00:00:00Z", "2026-11-18T01:00:00Z"),
        ["09. 00:00 21600", "16. 00:00 21600"]
    );
}

#[test]
fn until_is_understood_in_every_form_that_calendars_write() {
    let last = |until: &str, length, timezone: &str| -> Option<NaiveDateTime> {
        let rule = format!("FREQ=DAILY;UNTIL={until}");
        let daily = every(&rule, "2026-12-01T09:00:00", length, timezone);
        let window = Interval::new(
            "2026-11-01T00:00:00Z".parse().unwrap(),
            "2027-02-01T00:00:00Z".parse().unwrap(),
        );
        daily
            .occurrences(window.unwrap())
            .unwrap()
            .last()
            .map(|o| o.start)
    };
    let day = OccurrenceLength::Days(1);
    let at_nine = |day: &str| Some(time(&format!("2026-12-{day}T09:00:00")));
    let midnight = |day: &str| Some(time(&format!("2026-12-{day}T00:00:00")));
    assert_eq!(last("20261224", clock(1), "Europe/Berlin"), at_nine("24"));
    assert_eq!(
        last("20261224T090000", clock(1), "Europe/Berlin"),
        at_nine("24")
    );
    assert_eq!(
        last("20261224T085959", clock(1), "Europe/Berlin"),
        at_nine("23")
    );
    assert_eq!(
        last("20261224T080000Z", clock(1), "Europe/Berlin"),
        at_nine("24")
    );
    assert_eq!(
        last("20261224T075959Z", clock(1), "Europe/Berlin"),
        at_nine("23")
    );
    assert_eq!(last("20261224", day, "Europe/Berlin"), midnight("24"));
    assert_eq!(
        last("20261224T000000", day, "Europe/Berlin"),
        midnight("24")
    );
    // Midnight in Berlin, and in New York the evening before: no day is lost.
    assert_eq!(
        last("20261223T230000Z", day, "Europe/Berlin"),
        midnight("24")
    );
    assert_eq!(
        last("20261224T000000Z", day, "America/New_York"),
        midnight("24")
    );
    // It was over before it began.
    assert_eq!(last("20261130", clock(1), "Europe/Berlin"), None);
}

#[test]
fn exceptions_are_left_out_and_additions_put_in() {
    let mut weekly = every(
        "FREQ=WEEKLY;COUNT=4",
        "2026-11-02T09:00:00",
        clock(1),
        "UTC",
    );
    weekly.exdates = [
        time("2026-11-02T09:00:00"),
        time("2026-11-16T09:00:00"),
        time("2026-11-23T10:00:00"),
    ]
    .into();
    weekly.rdates = [time("2026-11-18T15:00:00"), time("2026-11-09T09:00:00")].into();
    let month = |r: &Recurrence| told(r, "2026-11-01T00:00:00Z", "2026-12-31T00:00:00Z");
    // COUNT counts what is left out too, and an exception at another time leaves nothing out.
    assert_eq!(
        month(&weekly),
        ["09. 09:00 60", "18. 15:00 60", "23. 09:00 60"]
    );
    // Of whole days, only the date counts.
    weekly.length = OccurrenceLength::Days(1);
    assert_eq!(month(&weekly), ["09. 00:00 1440", "18. 00:00 1440"]);
    weekly.rule = None;
    weekly.exdates.clear();
    assert_eq!(
        month(&weekly),
        ["02. 00:00 1440", "09. 00:00 1440", "18. 00:00 1440"]
    );
}

#[test]
fn the_start_counts_even_where_the_rule_does_not_match_it() {
    let mondays = every(
        "FREQ=WEEKLY;BYDAY=MO;COUNT=2",
        "2026-11-20T09:00:00",
        clock(1),
        "UTC",
    );
    assert_eq!(
        told(&mondays, "2026-11-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        ["20. 09:00 60", "23. 09:00 60", "30. 09:00 60"]
    );
}

#[test]
fn what_takes_no_time_takes_none() {
    let month = |length| {
        let daily = every("FREQ=DAILY", "2026-11-02T09:00:00", length, "UTC");
        told(&daily, "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z")
    };
    for length in [
        clock(0),
        OccurrenceLength::Exact { seconds: 0 },
        OccurrenceLength::Days(0),
    ] {
        assert!(month(length).is_empty(), "{length:?}");
    }
}
