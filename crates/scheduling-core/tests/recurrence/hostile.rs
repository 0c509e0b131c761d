//! Rules that somebody writes to do harm, or by mistake: each is refused, or answered at once.

use std::time::{Duration, Instant};

use chrono::NaiveDateTime;
use proptest::prelude::*;
use scheduling_core::recurrence::{OccurrenceLength, RecurrenceError, RecurrenceRule, RuleError};
use scheduling_core::time::Interval;

use crate::{date, days, in_utc, starts, time, window};

/// Far more than any of them takes, and far less than what a rule without bounds takes, in a build without optimisation
/// on a busy machine.
const AT_ONCE: Duration = Duration::from_secs(2);

/// Texts that cost rule libraries minutes or gigabytes, or have no meaning.
const REFUSED: [(&str, &str); 35] = [
    ("", "must be a recurrence rule such as FREQ=WEEKLY;BYDAY=FR"),
    (
        "FREQ",
        "must be a recurrence rule such as FREQ=WEEKLY;BYDAY=FR",
    ),
    (
        "INTERVAL=2",
        "must be a recurrence rule such as FREQ=WEEKLY;BYDAY=FR",
    ),
    (
        "FREQ=DAILY;;COUNT=2",
        "must be a recurrence rule such as FREQ=WEEKLY;BYDAY=FR",
    ),
    (
        "FREQ=DAILY\r\nATTENDEE:x",
        "must be a recurrence rule such as FREQ=WEEKLY;BYDAY=FR",
    ),
    (
        "FREQ=DAILY;BYDAY=МО",
        "must be a recurrence rule such as FREQ=WEEKLY;BYDAY=FR",
    ),
    (
        "FREQ=FORTNIGHTLY",
        "has a value in FREQ that is not possible there",
    ),
    (
        "FREQ=SECONDLY",
        "must not come again more often than every day",
    ),
    (
        "FREQ=MINUTELY;INTERVAL=10080",
        "must not come again more often than every day",
    ),
    (
        "FREQ=HOURLY;BYDAY=MO",
        "must not come again more often than every day",
    ),
    (
        "FREQ=DAILY;BYHOUR=9,10",
        "must not come again more often than every day",
    ),
    (
        "FREQ=DAILY;BYMINUTE=0",
        "must not come again more often than every day",
    ),
    (
        "FREQ=DAILY;BYSECOND=0",
        "must not come again more often than every day",
    ),
    (
        "FREQ=DAILY;BYEASTER=1",
        "has a part that is not known: BYEASTER",
    ),
    (
        "RSCALE=CHINESE;FREQ=YEARLY",
        "has a part that is not known: RSCALE",
    ),
    ("FREQ=DAILY;FREQ=WEEKLY", "has FREQ twice"),
    (
        "FREQ=DAILY;INTERVAL=0",
        "has a value in INTERVAL that is not possible there",
    ),
    (
        "FREQ=DAILY;INTERVAL=65536",
        "has a value in INTERVAL that is not possible there",
    ),
    (
        "FREQ=DAILY;INTERVAL=-1",
        "has a value in INTERVAL that is not possible there",
    ),
    (
        "FREQ=DAILY;COUNT=0",
        "has a value in COUNT that is not possible there",
    ),
    (
        "FREQ=DAILY;COUNT=4294967296",
        "has a value in COUNT that is not possible there",
    ),
    (
        "FREQ=DAILY;UNTIL=20260230",
        "has a value in UNTIL that is not possible there",
    ),
    (
        "FREQ=DAILY;UNTIL=20260101T250000Z",
        "has a value in UNTIL that is not possible there",
    ),
    (
        "FREQ=DAILY;UNTIL=20260101T120000+0100",
        "has a value in UNTIL that is not possible there",
    ),
    (
        "FREQ=DAILY;UNTIL=+260101T1200",
        "has a value in UNTIL that is not possible there",
    ),
    (
        "FREQ=YEARLY;BYMONTH=13",
        "has a value in BYMONTH that is not possible there",
    ),
    (
        "FREQ=MONTHLY;BYMONTHDAY=0",
        "has a value in BYMONTHDAY that is not possible there",
    ),
    (
        "FREQ=MONTHLY;BYDAY=6MO",
        "has a value in BYDAY that is not possible there",
    ),
    (
        "FREQ=MONTHLY;BYDAY=XXMO",
        "has a value in BYDAY that is not possible there",
    ),
    (
        "FREQ=MONTHLY;BYDAY=",
        "has a value in BYDAY that is not possible there",
    ),
    (
        "FREQ=WEEKLY;BYDAY=1MO",
        "has BYDAY, which does not go with the rest",
    ),
    (
        "FREQ=WEEKLY;BYMONTHDAY=1",
        "has BYMONTHDAY, which does not go with the rest",
    ),
    (
        "FREQ=MONTHLY;BYSETPOS=1",
        "has BYSETPOS, which does not go with the rest",
    ),
    (
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=32",
        "has a value in BYSETPOS that is not possible there",
    ),
    (
        "FREQ=MONTHLY;BYWEEKNO=3",
        "has BYWEEKNO, which does not go with the rest",
    ),
];

#[test]
fn what_costs_too_much_or_means_nothing_is_refused_and_says_why() {
    for (text, why) in REFUSED {
        let error = text.parse::<RecurrenceRule>().unwrap_err();
        assert_eq!(error.to_string(), why, "{text}");
    }
    let long = format!("FREQ=DAILY;BYMONTH={}1", "1,".repeat(300));
    assert_eq!(long.parse::<RecurrenceRule>(), Err(RuleError::TooLong));
    let seventeen = format!("FREQ=DAILY;BYMONTH={}1", "1,".repeat(16));
    let error = seventeen.parse::<RecurrenceRule>();
    assert_eq!(error, Err(RuleError::TooManyItems("BYMONTH")));
    // Nothing of what was sent comes back at length.
    let unknown = format!("{}=1", "X".repeat(500))
        .parse::<RecurrenceRule>()
        .unwrap_err();
    assert_eq!(unknown, RuleError::UnknownPart("X".repeat(32)));
}

/// Rules that never come again, or hardly ever, and those with all lists full.
fn slow_rules() -> Vec<String> {
    let mut rules: Vec<String> = [
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;COUNT=5",
        "FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29",
        "FREQ=YEARLY;INTERVAL=9999",
        "FREQ=YEARLY;BYDAY=53MO;BYMONTH=2",
        "FREQ=YEARLY;BYYEARDAY=1;BYMONTH=12",
        "FREQ=YEARLY;BYWEEKNO=53;BYMONTH=6;BYDAY=MO,TU,WE,TH,FR,SA,SU",
        "FREQ=YEARLY;BYWEEKNO=53;BYDAY=MO,TU,WE,TH,FR,SA,SU;COUNT=99999",
        "FREQ=YEARLY;BYWEEKNO=53;BYMONTH=6;COUNT=1",
        "FREQ=MONTHLY;BYMONTH=2,4,6,9,11;BYMONTHDAY=31",
        "FREQ=MONTHLY;BYMONTHDAY=31;BYDAY=1MO,2MO,3MO,4MO;BYSETPOS=31",
        "FREQ=MONTHLY;INTERVAL=9999;BYMONTHDAY=31",
        "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=31;COUNT=2",
        "FREQ=WEEKLY;BYDAY=MO;BYSETPOS=2",
        "FREQ=WEEKLY;BYDAY=MO;BYSETPOS=2;COUNT=9",
        "FREQ=WEEKLY;INTERVAL=9999;BYMONTH=2",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;COUNT=9",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO;COUNT=4000000000",
        "FREQ=DAILY;INTERVAL=9999;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO",
        "FREQ=DAILY;BYDAY=MO;BYSETPOS=2",
        "FREQ=DAILY;COUNT=4000000000",
        "FREQ=DAILY",
        "FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR,SA,SU",
        "FREQ=YEARLY;BYMONTH=1,2,3,4,5,6,7,8,9,10,11,12;BYDAY=MO,TU,WE,TH,FR,SA,SU,1MO;COUNT=4000000000",
    ]
    .map(str::to_owned)
    .into();
    let list = |numbers: &mut dyn Iterator<Item = i32>| -> String {
        numbers.map(|n| n.to_string()).collect::<Vec<_>>().join(",")
    };
    let full = [
        "FREQ=YEARLY".to_owned(),
        format!("BYYEARDAY={}", list(&mut (300..316))),
        format!("BYMONTHDAY={}", list(&mut (-31..-15))),
        format!("BYDAY={}MO", "MO,TU,WE,TH,FR,SA,SU,".repeat(2)),
        format!("BYSETPOS={}", list(&mut (-366..-350))),
    ];
    rules.push(full.join(";"));
    rules
}

#[test]
fn a_rule_that_hardly_ever_comes_is_answered_at_once() {
    for rule in slow_rules() {
        for start in [
            "1601-01-01T00:00:00",
            "1999-12-31T23:59:59",
            "2026-11-20T09:00:00",
        ] {
            let recurrence = in_utc(time(start), &rule);
            for (from, to) in [("2026-11-01", "2027-11-01"), ("2026-11-01", "2101-01-01")] {
                let begun = Instant::now();
                let found = starts(&recurrence, window(date(from), date(to)));
                let took = begun.elapsed();
                println!("{took:>12?} from {start} to {to}: {rule}");
                assert!(took < AT_ONCE, "{took:?} from {start} to {to}: {rule}");
                assert!(
                    matches!(found, Ok(_) | Err(RecurrenceError::TooManySteps)),
                    "{rule}"
                );
            }
        }
    }
}

#[test]
fn an_old_rule_costs_no_more_than_a_young_one_and_goes_on() {
    let rule = "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH";
    // A Monday, and 22 222 weeks before the window: an even number.
    let old = in_utc(time("1601-01-01T09:00:00"), rule);
    let window = window(date("2026-11-16"), date("2026-11-30"));
    let expected = [time("2026-11-23T09:00:00"), time("2026-11-26T09:00:00")];
    assert_eq!(starts(&old, window).unwrap(), expected);
}

#[test]
fn too_many_occurrences_before_the_window_are_an_error_and_not_none() {
    let daily = in_utc(time("1850-01-01T09:00:00"), "FREQ=DAILY;COUNT=1000000");
    let found = starts(&daily, window(date("2026-01-01"), date("2026-02-01")));
    assert_eq!(found, Err(RecurrenceError::TooManySteps));
    // Without COUNT, nobody need count.
    let open = in_utc(time("1850-01-01T09:00:00"), "FREQ=DAILY");
    let found = starts(&open, window(date("2026-01-01"), date("2026-02-01")));
    assert_eq!(found.unwrap().len(), 31);
}

#[test]
fn dates_beyond_all_calendars_are_an_error() {
    let far = Err(RecurrenceError::OutOfRange);
    let always = window(date("1900-01-01"), date("2900-01-01"));
    let one_year = window(date("2026-01-01"), date("2027-01-01"));
    assert_eq!(
        starts(&in_utc(time("2026-01-01T00:00:00"), "FREQ=DAILY"), always),
        far
    );
    for start in [
        NaiveDateTime::MIN,
        NaiveDateTime::MAX,
        time("1599-12-31T00:00:00"),
    ] {
        assert_eq!(
            starts(&in_utc(start, "FREQ=YEARLY"), one_year),
            far,
            "{start}"
        );
    }
    let edge = chrono::DateTime::<chrono::Utc>::MAX_UTC;
    let end_of_time = Interval::new(edge - days(2), edge).unwrap();
    assert_eq!(
        starts(
            &in_utc(time("2026-01-01T00:00:00"), "FREQ=DAILY"),
            end_of_time
        ),
        far
    );
    for length in [
        OccurrenceLength::Days(u32::MAX),
        OccurrenceLength::Exact { seconds: u32::MAX },
        OccurrenceLength::Clock { seconds: u32::MAX },
    ] {
        let mut endless = in_utc(time("2026-01-01T00:00:00"), "FREQ=YEARLY");
        endless.length = length;
        // Any answer will do, if it is one.
        let _answered = endless.occurrences(one_year);
    }
}

proptest! {
    #[test]
    fn no_text_breaks_the_reader_or_the_expansion(
        text in prop_oneof![
            ".{0,60}",
            "(FREQ|BYDAY|BYMONTH|BYSETPOS|UNTIL|COUNT|INTERVAL|WKST|BYWEEKNO|BYYEARDAY|BYMONTHDAY)=[-+0-9A-Z,]{0,8}(;(BYDAY|UNTIL)=[-+0-9TZMOU,]{0,17}){0,2}",
            "FREQ=(YEARLY|MONTHLY|WEEKLY|DAILY)(;BYDAY=[-+]?[0-5]?(MO|FR))?(;BYSETPOS=-?[1-9])?(;BYMONTHDAY=-?[1-3])?(;BYWEEKNO=-?[1-5][0-3]?)?(;COUNT=[1-9]{1,10})?(;INTERVAL=[1-9]{1,4})?",
        ],
        start in -20_000..60_000_i64,
    ) {
        if let Ok(rule) = text.parse::<RecurrenceRule>() {
            prop_assert_eq!(rule.to_string().parse::<RecurrenceRule>(), Ok(rule.clone()));
            let recurrence = in_utc(date("1970-01-01").and_hms_opt(9, 0, 0).unwrap() + days(start), &text);
            let found = starts(&recurrence, window(date("2026-01-01"), date("2027-01-01")));
            prop_assert!(found.is_ok() || rule.to_string().contains("COUNT"), "{found:?}");
        }
    }
}
