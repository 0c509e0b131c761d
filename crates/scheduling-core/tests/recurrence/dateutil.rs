//! Answers of python-dateutil to the same questions. See `README.md` for how they were made.

use std::collections::BTreeSet;

use chrono::NaiveDateTime;
use scheduling_core::recurrence::{OccurrenceLength, Recurrence};
use scheduling_core::time::{Interval, zone};
use serde_json::Value;

use crate::time;

#[test]
fn dateutil_comes_to_the_same_answers() {
    let lines = include_str!("dateutil.jsonl").lines();
    let (mut cases, mut occurrences) = (0, 0);
    for line in lines {
        let case: Value = serde_json::from_str(line).unwrap();
        let text = |field: &str| case[field].as_str().unwrap();
        let recurrence = Recurrence {
            start: time(text("start")),
            length: OccurrenceLength::Exact { seconds: 1 },
            timezone: zone::parse(text("zone")).unwrap(),
            rule: Some(text("rule").parse().unwrap()),
            exdates: BTreeSet::new(),
            rdates: BTreeSet::new(),
        };
        let (from, to) = (time(text("from")).and_utc(), time(text("to")).and_utc());
        let found = recurrence
            .occurrences(Interval::new(from, to).unwrap())
            .unwrap();
        let found: Vec<NaiveDateTime> = found
            .iter()
            .map(|o| o.interval.start().naive_utc())
            .collect();
        let starts = case["starts"].as_array().unwrap().iter();
        let starts: Vec<NaiveDateTime> = starts.map(|s| time(s.as_str().unwrap())).collect();
        assert_eq!(found, starts, "{line}");
        cases += 1;
        occurrences += found.len();
    }
    assert!(
        cases > 250 && occurrences > 2000,
        "{cases} cases, {occurrences} occurrences"
    );
}
