//! What the expansion gives is what the rule means.

use chrono::{NaiveDate, NaiveDateTime};
use proptest::prelude::*;
use scheduling_core::recurrence::RecurrenceRule;

use crate::reference::{Rule, rule, rule_of_weeks};
use crate::{date, days, in_utc, starts, window};

/// A start within forty years, at any minute.
fn start() -> impl Strategy<Value = NaiveDateTime> {
    (0..14_610_i64, 0..1440_u32).prop_map(|(day, minute)| {
        let day = date("1985-01-01") + days(day);
        day.and_hms_opt(minute / 60, minute % 60, 0)
            .expect("a time")
    })
}

fn expected(
    rule: &Rule,
    start: NaiveDateTime,
    from: NaiveDate,
    to: NaiveDate,
) -> Vec<NaiveDateTime> {
    let all = rule.starts(start, to).into_iter();
    all.filter(|s| (from..to).contains(&s.date())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_rule_gives_the_days_it_means(rule in rule(), start in start(), after in -400..9_000_i64, length in 1..1200_i64) {
        let from = start.date() + days(after);
        let to = from + days(length);
        let found = starts(&in_utc(start, &rule.text()), window(from, to)).unwrap();
        prop_assert_eq!(found, expected(&rule, start, from, to), "{}", rule.text());
    }

    #[test]
    fn a_rule_by_weeks_gives_the_days_it_means(rule in rule_of_weeks(), start in start(), after in 1..9_000_i64) {
        let from = start.date() + days(after);
        let to = from + days(1000);
        let found = starts(&in_utc(start, &rule.text()), window(from, to)).unwrap();
        prop_assert_eq!(found, expected(&rule, start, from, to), "{}", rule.text());
    }
}

proptest! {
    #[test]
    fn where_a_window_is_cut_does_not_matter(rule in rule(), start in start(), cut in 1..800_i64) {
        let recurrence = in_utc(start, &rule.text());
        let from = start.date() + days(500);
        let (middle, to) = (from + days(cut), from + days(800));
        let mut parts = starts(&recurrence, window(from, middle)).unwrap();
        parts.extend(starts(&recurrence, window(middle, to + days(1))).unwrap());
        prop_assert_eq!(parts, starts(&recurrence, window(from, to + days(1))).unwrap());
    }

    #[test]
    fn a_rule_is_written_in_one_way(rule in rule()) {
        let parsed: RecurrenceRule = rule.text().parse().unwrap();
        let written = parsed.to_string();
        prop_assert_eq!(written.parse::<RecurrenceRule>().unwrap(), parsed.clone());
        prop_assert_eq!(rule.text().to_lowercase().parse::<RecurrenceRule>().unwrap().to_string(), written);
    }
}
