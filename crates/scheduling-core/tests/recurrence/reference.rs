//! The meaning of a rule, day by day and as naively as can be: is this date one?

use chrono::{Datelike, NaiveDate, NaiveDateTime, TimeDelta, Weekday};
use proptest::collection::btree_set;
use proptest::option;
use proptest::prelude::*;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Frequency {
    Yearly,
    Monthly,
    Weekly,
    Daily,
}

/// A rule's parts. `text` writes them; nothing here reads text.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) frequency: Frequency,
    pub(crate) interval: i32,
    pub(crate) count: Option<usize>,
    pub(crate) until: Option<NaiveDate>,
    pub(crate) months: Vec<u32>,
    pub(crate) weeks: Vec<i32>,
    pub(crate) year_days: Vec<i32>,
    pub(crate) month_days: Vec<i32>,
    /// 0 for every such weekday, else the nth.
    pub(crate) weekdays: Vec<(i32, Weekday)>,
    pub(crate) positions: Vec<i32>,
    pub(crate) week_start: Weekday,
}

impl Rule {
    pub(crate) fn text(&self) -> String {
        let name = match self.frequency {
            Frequency::Yearly => "YEARLY",
            Frequency::Monthly => "MONTHLY",
            Frequency::Weekly => "WEEKLY",
            Frequency::Daily => "DAILY",
        };
        let day = |day: Weekday| day.to_string()[..2].to_uppercase();
        let mut parts = vec![
            format!("FREQ={name}"),
            format!("INTERVAL={}", self.interval),
            format!("WKST={}", day(self.week_start)),
        ];
        parts.extend(self.count.map(|count| format!("COUNT={count}")));
        parts.extend(
            self.until
                .map(|until| format!("UNTIL={}", until.format("%Y%m%d"))),
        );
        let weekdays = self.weekdays.iter().map(|&(nth, weekday)| match nth {
            0 => day(weekday),
            nth => format!("{nth}{}", day(weekday)),
        });
        let lists: [(&str, Vec<String>); 6] = [
            (
                "BYMONTH",
                self.months.iter().map(ToString::to_string).collect(),
            ),
            (
                "BYWEEKNO",
                self.weeks.iter().map(ToString::to_string).collect(),
            ),
            (
                "BYYEARDAY",
                self.year_days.iter().map(ToString::to_string).collect(),
            ),
            (
                "BYMONTHDAY",
                self.month_days.iter().map(ToString::to_string).collect(),
            ),
            ("BYDAY", weekdays.collect()),
            (
                "BYSETPOS",
                self.positions.iter().map(ToString::to_string).collect(),
            ),
        ];
        let lists = lists.iter().filter(|(_, items)| !items.is_empty());
        parts.extend(lists.map(|(name, items)| format!("{name}={}", items.join(","))));
        parts.join(";")
    }

    /// All starts up to a date, the start itself among them.
    pub(crate) fn starts(&self, start: NaiveDateTime, last: NaiveDate) -> Vec<NaiveDateTime> {
        let first = start.date();
        if self.until.is_some_and(|until| first > until) {
            return Vec::new();
        }
        let mut dates = Vec::new();
        // Whole periods, so that positions count from their beginnings.
        let mut day = self.period(first).0;
        while day <= last {
            let (begin, end) = self.period(day);
            let in_step = self.periods_between(first, begin) % self.interval == 0;
            let days = begin.iter_days().take_while(|d| *d < end);
            let set: Vec<NaiveDate> = days
                .filter(|d| in_step && self.matches(first, *d))
                .collect();
            dates.extend(self.at_positions(&set));
            day = end;
        }
        let dates = dates
            .into_iter()
            .filter(|d| *d >= first && self.until.is_none_or(|until| *d <= until));
        let mut dates: Vec<NaiveDate> = dates.take(self.count.unwrap_or(usize::MAX)).collect();
        dates.push(first);
        dates.sort_unstable();
        dates.dedup();
        let starts = dates.into_iter().filter(|d| *d <= last);
        starts.map(|d| d.and_time(start.time())).collect()
    }

    /// The year, month, week or day a date lies in.
    fn period(&self, date: NaiveDate) -> (NaiveDate, NaiveDate) {
        let ymd = |y, m, d| NaiveDate::from_ymd_opt(y, m, d).expect("a date");
        match self.frequency {
            Frequency::Yearly => (ymd(date.year(), 1, 1), ymd(date.year() + 1, 1, 1)),
            Frequency::Monthly if date.month() == 12 => {
                (ymd(date.year(), 12, 1), ymd(date.year() + 1, 1, 1))
            }
            Frequency::Monthly => (
                ymd(date.year(), date.month(), 1),
                ymd(date.year(), date.month() + 1, 1),
            ),
            Frequency::Weekly => {
                let mut begin = date;
                while begin.weekday() != self.week_start {
                    begin = begin.pred_opt().expect("a date");
                }
                (begin, begin + TimeDelta::days(7))
            }
            Frequency::Daily => (date, date + TimeDelta::days(1)),
        }
    }

    fn periods_between(&self, first: NaiveDate, begin: NaiveDate) -> i32 {
        let from = self.period(first).0;
        let days = i32::try_from((begin - from).num_days()).expect("few days");
        match self.frequency {
            Frequency::Yearly => begin.year() - from.year(),
            Frequency::Monthly => {
                (begin.year() - from.year()) * 12 + begin.month0().cast_signed()
                    - from.month0().cast_signed()
            }
            Frequency::Weekly => days / 7,
            Frequency::Daily => days,
        }
    }

    fn at_positions(&self, set: &[NaiveDate]) -> Vec<NaiveDate> {
        let length = i32::try_from(set.len()).expect("few days");
        let is_chosen = |place: i32| {
            let (from_front, from_back) = (place + 1, place - length);
            self.positions.is_empty()
                || self.positions.contains(&from_front)
                || self.positions.contains(&from_back)
        };
        (0..)
            .zip(set)
            .filter(|(place, _)| is_chosen(*place))
            .map(|(_, day)| *day)
            .collect()
    }

    fn matches(&self, first: NaiveDate, date: NaiveDate) -> bool {
        let in_list = |list: &[i32], forward: i32, backward: i32| {
            list.is_empty() || list.contains(&forward) || list.contains(&backward)
        };
        let in_month = signed(date.day());
        let in_year = signed(date.ordinal());
        let (week, weeks) = week_of(date, self.week_start);
        if !(self.months.is_empty() || self.months.contains(&date.month()))
            || !in_list(&self.weeks, week, week - weeks - 1)
            || !in_list(&self.year_days, in_year, in_year - days_in_year(date) - 1)
            || !in_list(
                &self.month_days,
                in_month,
                in_month - days_in_month(date) - 1,
            )
            || !self.matches_weekday(date)
        {
            return false;
        }
        // What the rule leaves open, the start says.
        let nothing_but_weeks =
            self.year_days.is_empty() && self.month_days.is_empty() && self.weekdays.is_empty();
        if !nothing_but_weeks {
            return true;
        }
        match self.frequency {
            Frequency::Daily => true,
            Frequency::Weekly => date.weekday() == first.weekday(),
            Frequency::Monthly => date.day() == first.day(),
            Frequency::Yearly if !self.weeks.is_empty() => date.weekday() == first.weekday(),
            Frequency::Yearly => {
                date.day() == first.day()
                    && (!self.months.is_empty() || date.month() == first.month())
            }
        }
    }

    fn matches_weekday(&self, date: NaiveDate) -> bool {
        let (place, length) = if self.frequency == Frequency::Yearly && self.months.is_empty() {
            (signed(date.ordinal()), days_in_year(date))
        } else {
            (signed(date.day()), days_in_month(date))
        };
        let (nth, nth_last) = ((place - 1) / 7 + 1, -((length - place) / 7 + 1));
        let is_it = |&(wanted, weekday): &(i32, Weekday)| {
            weekday == date.weekday() && (wanted == 0 || wanted == nth || wanted == nth_last)
        };
        self.weekdays.is_empty() || self.weekdays.iter().any(is_it)
    }
}

fn signed(number: u32) -> i32 {
    i32::try_from(number).expect("small")
}

fn days_in_year(date: NaiveDate) -> i32 {
    if date.leap_year() { 366 } else { 365 }
}

fn days_in_month(date: NaiveDate) -> i32 {
    let same_month = date.iter_days().take_while(|d| d.month() == date.month());
    signed(date.day()) + i32::try_from(same_month.count()).expect("few") - 1
}

/// The number of the week a date lies in, and how many weeks that week's year has. Week 1 is the first with at least
/// four days in the year.
fn week_of(date: NaiveDate, week_start: Weekday) -> (i32, i32) {
    let week_one = |year: i32| {
        let mut begin = NaiveDate::from_ymd_opt(year, 1, 4).expect("a date");
        while begin.weekday() != week_start {
            begin = begin.pred_opt().expect("a date");
        }
        begin
    };
    let year = [date.year() + 1, date.year(), date.year() - 1]
        .into_iter()
        .find(|year| week_one(*year) <= date)
        .expect("a year");
    let weeks =
        |from: NaiveDate, to: NaiveDate| i32::try_from((to - from).num_days() / 7).expect("few");
    let begin = week_one(year);
    (weeks(begin, date) + 1, weeks(begin, week_one(year + 1)))
}

const WEEKDAYS: [Weekday; 7] = [
    Weekday::Mon,
    Weekday::Tue,
    Weekday::Wed,
    Weekday::Thu,
    Weekday::Fri,
    Weekday::Sat,
    Weekday::Sun,
];

pub(crate) fn weekday() -> impl Strategy<Value = Weekday> {
    prop::sample::select(&WEEKDAYS[..])
}

fn nonzero(most: i32) -> impl Strategy<Value = i32> {
    prop_oneof![1..=most, -most..=-1]
}

fn list<T: Ord + Clone + std::fmt::Debug>(
    item: impl Strategy<Value = T>,
) -> impl Strategy<Value = Vec<T>> {
    prop_oneof![
        2 => Just(Vec::new()),
        1 => btree_set(item, 1..5).prop_map(|set| set.into_iter().collect()),
    ]
}

/// Any rule that RFC 5545 has a meaning for.
pub(crate) fn rule() -> impl Strategy<Value = Rule> {
    let frequency = prop::sample::select(
        &[
            Frequency::Yearly,
            Frequency::Monthly,
            Frequency::Weekly,
            Frequency::Daily,
        ][..],
    );
    let days = (nonzero(4), weekday()).prop_map(|(nth, day)| (nth, day.num_days_from_monday()));
    let plain = weekday().prop_map(|day| (0, day.num_days_from_monday()));
    let lists = (
        list(1..=12_u32),
        list(nonzero(53)),
        list(nonzero(366)),
        list(nonzero(31)),
        list(prop_oneof![3 => plain, 1 => days]),
        list(nonzero(6)),
    );
    let ends = (
        option::weighted(0.3, 1..40_usize),
        option::weighted(0.3, (1990..2030, 1..=366_u32)),
    );
    let parts = (frequency, 1..=6_i32, weekday(), ends, lists);
    parts.prop_map(|(frequency, interval, week_start, (count, until), lists)| {
        let (months, weeks, year_days, month_days, weekdays, positions) = lists;
        let weeks = if frequency == Frequency::Yearly {
            weeks
        } else {
            vec![]
        };
        let by_number =
            matches!(frequency, Frequency::Yearly | Frequency::Monthly) && weeks.is_empty();
        let weekdays: Vec<(i32, Weekday)> = weekdays
            .into_iter()
            .map(|(nth, day)| (if by_number { nth } else { 0 }, WEEKDAYS[day as usize]))
            .collect();
        let year_days = if frequency == Frequency::Yearly {
            year_days
        } else {
            vec![]
        };
        let month_days = if frequency == Frequency::Weekly {
            vec![]
        } else {
            month_days
        };
        let by_weeks = !weeks.is_empty();
        let no_lists = months.is_empty()
            && weeks.is_empty()
            && year_days.is_empty()
            && month_days.is_empty()
            && weekdays.is_empty();
        Rule {
            frequency,
            interval,
            count,
            until: until.and_then(|(year, day)| NaiveDate::from_yo_opt(year, day)),
            months,
            weeks,
            year_days,
            month_days,
            weekdays,
            positions: if no_lists || by_weeks {
                vec![]
            } else {
                positions
            },
            week_start,
        }
    })
}

/// Rules by week numbers, which few calendars write and few libraries read alike.
pub(crate) fn rule_of_weeks() -> impl Strategy<Value = Rule> {
    let weekdays = btree_set(0..7_usize, 0..7);
    let weeks = btree_set(
        prop_oneof![nonzero(53), nonzero(2), 51..=53, -53..=-51],
        1..4,
    );
    (weeks, weekdays, weekday(), 1..=3_i32).prop_map(|(weeks, weekdays, week_start, interval)| {
        Rule {
            frequency: Frequency::Yearly,
            interval,
            count: None,
            until: None,
            months: vec![],
            weeks: weeks.into_iter().collect(),
            year_days: vec![],
            month_days: vec![],
            weekdays: weekdays.into_iter().map(|day| (0, WEEKDAYS[day])).collect(),
            positions: vec![],
            week_start,
        }
    })
}
