//! A month as a sheet of weeks, and the slots of its days, in the guest's zone. Pure: times in, values out.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveTime, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;
use scheduling_core::time::Interval;
use scheduling_core::time::zone::day_bounds;

/// How far ahead months are shown.
const MONTHS_AHEAD: u32 = 24;
/// A sheet has at least this many weeks, so that the end of a month still shows what comes.
const WEEKS: u64 = 5;

/// A calendar month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Month {
    /// Its first day.
    first: NaiveDate,
}

impl Month {
    pub(super) fn of(date: NaiveDate) -> Self {
        Self {
            first: date.with_day(1).unwrap_or(date),
        }
    }

    /// Reads `2026-11`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (year, month) = text.split_once('-')?;
        if year.len() != 4 || month.len() != 2 {
            return None;
        }
        NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, 1)
            .map(|first| Self { first })
    }

    pub(super) fn first(self) -> NaiveDate {
        self.first
    }

    pub(super) fn next(self) -> Self {
        Self {
            first: self.first + Months::new(1),
        }
    }

    pub(super) fn previous(self) -> Self {
        Self {
            first: self.first - Months::new(1),
        }
    }

    pub(super) fn contains(self, date: NaiveDate) -> bool {
        Self::of(date) == self
    }

    /// "November".
    pub(super) fn name(self) -> String {
        self.first.format("%B").to_string()
    }

    /// The last month that is shown to someone for whom it is `today`.
    pub(super) fn last_shown(today: NaiveDate) -> Self {
        Self {
            first: Self::of(today).first + Months::new(MONTHS_AHEAD),
        }
    }

    /// The month itself, or the nearest that is shown.
    pub(super) fn clamp_to_shown(self, today: NaiveDate) -> Self {
        self.clamp(Self::of(today), Self::last_shown(today))
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.first.format("%Y-%m").fmt(f)
    }
}

/// The weeks of a month, Monday to Sunday. Weeks that are over fold away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sheet {
    pub month: Month,
    pub first: NaiveDate,
    pub weeks: u64,
}

impl Sheet {
    pub(super) fn new(month: Month, today: NaiveDate) -> Self {
        let monday =
            |date: NaiveDate| date - Days::new(u64::from(date.weekday().num_days_from_monday()));
        let own = monday(month.first);
        let first = if month.contains(today) {
            monday(today).max(own)
        } else {
            own
        };
        let next = month.next().first;
        let mut weeks = WEEKS;
        while first + Days::new(7 * weeks) < next {
            weeks += 1;
        }
        Self {
            month,
            first,
            weeks,
        }
    }

    /// The first date after the sheet.
    pub(super) fn end(&self) -> NaiveDate {
        self.first + Days::new(7 * self.weeks)
    }

    pub(super) fn contains(&self, date: NaiveDate) -> bool {
        self.first <= date && date < self.end()
    }

    pub(super) fn dates(&self) -> impl Iterator<Item = NaiveDate> + '_ {
        self.first.iter_days().take_while(|date| *date < self.end())
    }

    /// The instants the sheet spans in a zone: from the local midnight of its first day to that after its last.
    pub(super) fn span(&self, zone: Tz) -> (DateTime<Utc>, DateTime<Utc>) {
        (day_start(self.first, zone), day_start(self.end(), zone))
    }
}

/// The first instant of a date in a zone. Where clocks skip midnight, that is the first instant after the skip; where
/// they skip the whole date, as Samoa's did in 2011, the next date's.
pub(super) fn day_start(date: NaiveDate, zone: Tz) -> DateTime<Utc> {
    date.iter_days()
        .take(3)
        .find_map(|date| day_bounds(zone, date).first().map(Interval::start))
        .unwrap_or_else(|| date.and_time(NaiveTime::MIN).and_utc())
}

/// A start that is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Offer {
    pub start: DateTime<Utc>,
    pub seats_left: Option<u32>,
}

/// The offers by the guest's date.
pub(super) fn by_date(
    offers: impl IntoIterator<Item = Offer>,
    zone: Tz,
) -> BTreeMap<NaiveDate, Vec<Offer>> {
    let mut days = BTreeMap::<_, Vec<_>>::new();
    for offer in offers {
        days.entry(offer.start.with_timezone(&zone).date_naive())
            .or_default()
            .push(offer);
    }
    days
}

/// How the offset changes during a date, in minutes: positive when clocks go forward.
pub(super) fn clock_change(date: NaiveDate, zone: Tz) -> i32 {
    let offset =
        |instant: DateTime<Utc>| super::wording::offset_minutes(&instant.with_timezone(&zone));
    let Some(next) = date.succ_opt() else {
        return 0;
    };
    // Clocks that change at midnight itself change on the day that begins with it.
    let before = day_start(date, zone) - TimeDelta::seconds(1);
    let end = day_start(next, zone) - TimeDelta::seconds(1);
    offset(end) - offset(before)
}

/// The hours of a day that daymarks draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MarkHours {
    pub from: u32,
    pub to: u32,
}

impl MarkHours {
    const DAY: Self = Self { from: 6, to: 22 };
    const ALL: Self = Self { from: 0, to: 24 };

    /// 06 to 22, or the whole day when a meeting would start outside.
    pub(super) fn for_days(days: &BTreeMap<NaiveDate, Vec<Offer>>, zone: Tz) -> Self {
        let inside = days.values().flatten().all(|offer| {
            let hour = offer.start.with_timezone(&zone).hour();
            (Self::DAY.from..Self::DAY.to).contains(&hour)
        });
        if inside { Self::DAY } else { Self::ALL }
    }
}

/// The open part of a daymark as an SVG path: one stroke for each stretch of time that meetings can take.
pub(super) fn mark(offers: &[Offer], zone: Tz, length: u32, hours: MarkHours) -> String {
    let (from, to) = (hours.from * 60, hours.to * 60);
    let mut strokes: Vec<(u32, u32)> = Vec::new();
    for offer in offers {
        let local = offer.start.with_timezone(&zone);
        let start = local.hour() * 60 + local.minute();
        let (start, end) = (start.max(from), start.saturating_add(length).min(to));
        if start >= end {
            continue;
        }
        match strokes.last_mut() {
            // An hour that happens twice steps back on the wall clock; the stroke is the same.
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => strokes.push((start, end)),
        }
    }
    let mut path = String::new();
    for (start, end) in strokes {
        path.extend(["M", &hours_text(start), " 1h", &hours_text(end - start)]);
    }
    path
}

/// Minutes as hours with at most two decimals.
pub(super) fn hours_text(minutes: u32) -> String {
    let (whole, cents) = (minutes / 60, minutes % 60 * 100 / 60);
    match (cents % 10, cents) {
        (_, 0) => whole.to_string(),
        (0, _) => format!("{whole}.{}", cents / 10),
        _ => format!("{whole}.{cents:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn offers(starts: &[&str]) -> Vec<Offer> {
        starts
            .iter()
            .map(|start| Offer {
                start: super::super::links::parse_instant(start).unwrap(),
                seats_left: None,
            })
            .collect()
    }

    #[test]
    fn weeks_that_are_over_fold_away() {
        let sheet = Sheet::new(Month::parse("2026-11").unwrap(), date("2026-11-20"));
        assert_eq!((sheet.first, sheet.weeks), (date("2026-11-16"), 5));
        assert_eq!(sheet.end(), date("2026-12-21"));
        let later = Sheet::new(Month::parse("2026-12").unwrap(), date("2026-11-20"));
        assert_eq!((later.first, later.weeks), (date("2026-11-30"), 5));
        let six = Sheet::new(Month::parse("2027-05").unwrap(), date("2026-11-20"));
        assert_eq!((six.first, six.weeks), (date("2027-04-26"), 6));
    }

    #[test]
    fn every_sheet_holds_the_rest_of_its_month_and_is_short_enough_to_ask_for() {
        for start in ["2026-11-20", "2024-02-29", "2027-01-31", "2026-08-01"] {
            let today = date(start);
            let mut month = Month::of(today);
            while month <= Month::last_shown(today) {
                let sheet = Sheet::new(month, today);
                assert!(sheet.contains(month.first().max(today)));
                assert!(sheet.contains(month.next().first().pred_opt().unwrap()));
                assert!((5..=6).contains(&sheet.weeks));
                month = month.next();
            }
        }
    }

    #[test]
    fn months_are_read_strictly_and_kept_near() {
        let today = date("2026-11-20");
        for bad in [
            "2026-13",
            "2026-1",
            "26-11",
            "2026-11-01",
            "-2026",
            "2026-+1x",
        ] {
            assert_eq!(Month::parse(bad), None, "{bad}");
        }
        let month = |text| {
            Month::parse(text)
                .unwrap()
                .clamp_to_shown(today)
                .to_string()
        };
        assert_eq!(month("2020-01"), "2026-11");
        assert_eq!(month("2026-12"), "2026-12");
        assert_eq!(month("9999-12"), "2028-11");
    }

    #[test]
    fn a_day_starts_after_the_skip_where_midnight_does_not_exist() {
        let start = |day, zone| super::super::links::instant(day_start(date(day), zone));
        assert_eq!(
            start("2026-11-24", Tz::Europe__Berlin),
            "2026-11-23T23:00:00Z"
        );
        // Beirut, Santiago and Havana spring forward at midnight.
        assert_eq!(
            start("2026-03-29", Tz::Asia__Beirut),
            "2026-03-28T22:00:00Z"
        );
        assert_eq!(
            start("2026-09-06", Tz::America__Santiago),
            "2026-09-06T04:00:00Z"
        );
        // Havana's midnight happens twice in autumn; the day starts with the first.
        assert_eq!(
            start("2026-11-01", Tz::America__Havana),
            "2026-11-01T04:00:00Z"
        );
        // Samoa skipped 30 December 2011: the day starts where the next one does.
        assert_eq!(
            start("2011-12-30", Tz::Pacific__Apia),
            start("2011-12-31", Tz::Pacific__Apia)
        );
    }

    #[test]
    fn a_sheet_spans_whole_local_days_across_a_clock_change() {
        let sheet = Sheet::new(Month::parse("2026-10").unwrap(), date("2026-10-20"));
        let (from, to) = sheet.span(Tz::Europe__Berlin);
        assert_eq!(super::super::links::instant(from), "2026-10-18T22:00:00Z");
        assert_eq!(super::super::links::instant(to), "2026-11-22T23:00:00Z");
    }

    #[test]
    fn slots_stand_under_the_guests_date() {
        let found = offers(&["2026-11-24T02:30:00Z", "2026-11-24T14:00:00Z"]);
        let days = by_date(found.clone(), Tz::America__New_York);
        assert_eq!(
            days.keys().copied().collect::<Vec<_>>(),
            [date("2026-11-23"), date("2026-11-24")]
        );
        assert_eq!(by_date(found, Tz::Asia__Tokyo).len(), 1);
    }

    #[test]
    fn a_clock_change_belongs_to_the_day_on_which_it_happens() {
        assert_eq!(clock_change(date("2026-03-29"), Tz::Europe__Berlin), 60);
        assert_eq!(clock_change(date("2026-10-25"), Tz::Europe__Berlin), -60);
        assert_eq!(clock_change(date("2026-10-26"), Tz::Europe__Berlin), 0);
        assert_eq!(
            clock_change(date("2026-04-05"), Tz::Australia__Lord_Howe),
            -30
        );
        assert_eq!(clock_change(date("2026-03-29"), Tz::Asia__Beirut), 60);
        assert_eq!(clock_change(date("2026-03-28"), Tz::Asia__Beirut), 0);
    }

    #[test]
    fn a_mark_joins_neighbours_and_keeps_gaps() {
        let day = offers(&[
            "2026-11-24T09:30:00Z",
            "2026-11-24T10:00:00Z",
            "2026-11-24T10:30:00Z",
            "2026-11-24T13:00:00Z",
        ]);
        let days = by_date(day.clone(), Tz::UTC);
        let hours = MarkHours::for_days(&days, Tz::UTC);
        assert_eq!(mark(&day, Tz::UTC, 30, hours), "M9.5 1h1.5M13 1h0.5");
        assert_eq!(
            mark(&day, Tz::UTC, 20, hours),
            "M9.5 1h0.33M10 1h0.33M10.5 1h0.33M13 1h0.33"
        );
    }

    #[test]
    fn a_mark_covers_the_whole_day_when_a_meeting_starts_at_night() {
        let night = offers(&["2026-11-24T23:30:00Z"]);
        let hours = MarkHours::for_days(&by_date(night.clone(), Tz::UTC), Tz::UTC);
        assert_eq!(hours, MarkHours::ALL);
        assert_eq!(mark(&night, Tz::UTC, 60, hours), "M23.5 1h0.5");
        // Drawn on the short day, the stroke would be outside and nothing is drawn.
        assert_eq!(mark(&night, Tz::UTC, 60, MarkHours::DAY), "");
    }

    #[test]
    fn hours_have_at_most_two_decimals() {
        assert_eq!(hours_text(570), "9.5");
        assert_eq!(hours_text(600), "10");
        assert_eq!(hours_text(605), "10.08");
        assert_eq!(hours_text(615), "10.25");
    }
}
