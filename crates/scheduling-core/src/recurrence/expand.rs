//! From a rule to starts, in floating time: with the crate `rrule`, which is asked so that it cannot go on for long.
//!
//! What the crate does not do by itself:
//!
//! - It begins at the start, however long ago that was. We begin at the last period before the window that is in step
//!   with INTERVAL. For that the start must not matter any more, so we first write out what the rule takes from it.
//! - Left alone, a rule that never comes again (30 February) is searched for until the year 10 000. The calendar repeats
//!   itself every 400 years, so we ask about the same days as late as that, where little is left to search.
//! - In the period of the start, BYSETPOS counts from the start instead of from the period's beginning. We begin every
//!   period at its beginning, and leave out what lies before the start.
//! - `MO,1FR` means "every Monday and the first Friday" and would be read as "every Monday that is a first Friday". We
//!   write the Mondays as the first to the last.
//! - BYWEEKNO is read wrongly in the first and last days of some years, so we number the weeks ourselves.
//! - COUNT, UNTIL, EXDATE and RDATE are ours, for the same reasons.

use chrono::{Datelike, Month, NaiveDate, NaiveDateTime, TimeDelta, Weekday};
use rrule::{NWeekday, RRule, RRuleError, RRuleSet, Tz, Unvalidated, ValidationError};

use super::rule::{ByDay, Frequency, RecurrenceRule, RuleError};
use super::{RecurrenceError, midnight};

/// How many occurrences are looked at, whether they lie in the window or, with COUNT, before it. That is every day for
/// more than a century.
const MOST_STEPS: usize = 40_000;

/// Days in 400 years, after which the calendar repeats itself: whole weeks too.
const CYCLE: i64 = 146_097;

/// The last year of `rrule` is 10 000. What is asked about ends at most so much before it.
const LAST_YEAR: i32 = 9_990;

/// Whether the crate takes the rule, whatever the start.
pub(super) fn check(rule: &RecurrenceRule) -> Result<(), RuleError> {
    let start = NaiveDate::default();
    let built = for_crate(rule, start).build(utc(midnight(start)));
    match built {
        Ok(_) => Ok(()),
        // The crate takes BYSETPOS up to the length of the period, and BYDAY from -4 in months and -52 in years on.
        Err(RRuleError::ValidationError(ValidationError::InvalidFieldValueRangeWithFreq {
            field,
            ..
        })) if field == "BYSETPOS" => Err(RuleError::BadValue("BYSETPOS")),
        Err(_) => Err(RuleError::BadValue("BYDAY")),
    }
}

/// The starts in `[from, to)` that the rule gives from `start` on, in order, up to the one before the first that
/// `is_past_until`.
pub(super) fn starts(
    rule: &RecurrenceRule,
    start: NaiveDateTime,
    from: NaiveDateTime,
    to: NaiveDateTime,
    is_past_until: impl Fn(NaiveDateTime) -> bool,
) -> Result<Vec<NaiveDateTime>, RecurrenceError> {
    // COUNT counts from the start, so every occurrence has to be looked at.
    let near = if rule.count.is_some() {
        start.date()
    } else {
        from.date()
    };
    let first = period_before(rule, start.date(), near).ok_or(RecurrenceError::OutOfRange)?;
    let cycles = i64::from((LAST_YEAR - to.year()).max(0) / 400);
    let shift = TimeDelta::days(cycles * CYCLE);
    let shifted = (first.and_time(start.time()))
        .checked_add_signed(shift)
        .ok_or(RecurrenceError::OutOfRange)?;

    let built = for_crate(rule, start.date()).build(utc(shifted));
    let set: RRuleSet = built.or(Err(RecurrenceError::Unexpandable))?;
    let mut found = Vec::new();
    let mut left = rule.count;
    // A rule that ends here without having passed `to` has found nothing for a hundred thousand periods, or up to the
    // year 10 000: there is nothing in the window.
    for (step, occurrence) in set.limit().into_iter().enumerate() {
        if step >= MOST_STEPS {
            return Err(RecurrenceError::TooManySteps);
        }
        let occurrence = occurrence.naive_utc() - shift;
        if occurrence < start || (occurrence < to && !is_in_weeks(rule, occurrence.date())) {
            continue;
        }
        if left == Some(0) || occurrence >= to || is_past_until(occurrence) {
            break;
        }
        left = left.map(|left| left - 1);
        if occurrence >= from {
            found.push(occurrence);
        }
    }
    Ok(found)
}

/// The first day of a period of the rule that is in step with the start's and not after that of `near`, or else the
/// start's own.
fn period_before(rule: &RecurrenceRule, start: NaiveDate, near: NaiveDate) -> Option<NaiveDate> {
    let interval = i32::from(rule.interval);
    // The latest multiple of the interval in so many periods since the start's.
    let in_step = |periods: i32| periods.max(0) / interval * interval;
    let month_of = |date: NaiveDate| date.year() * 12 + i32::try_from(date.month0()).unwrap_or(0);
    match rule.frequency {
        Frequency::Yearly => {
            let year = start.year() + in_step(near.year() - start.year());
            NaiveDate::from_ymd_opt(year, 1, 1)
        }
        Frequency::Monthly => {
            let month = month_of(start) + in_step(month_of(near) - month_of(start));
            let month0 = u32::try_from(month.rem_euclid(12)).ok()?;
            NaiveDate::from_ymd_opt(month.div_euclid(12), month0 + 1, 1)
        }
        Frequency::Weekly => {
            let week = |date: NaiveDate| {
                let into = date.weekday().days_since(rule.week_start);
                date.checked_sub_signed(TimeDelta::days(i64::from(into)))
            };
            let (ours, near) = (week(start)?, week(near)?);
            let weeks = i32::try_from((near - ours).num_days() / 7).ok()?;
            ours.checked_add_signed(TimeDelta::days(i64::from(in_step(weeks)) * 7))
        }
        Frequency::Daily => {
            let days = i32::try_from((near - start).num_days()).ok()?;
            start.checked_add_signed(TimeDelta::days(i64::from(in_step(days))))
        }
    }
}

/// Whether a date lies in one of the weeks that BYWEEKNO names, if it names any. Negative numbers count from the last
/// week of the year. Week 1 is the first that has at least four days in the year.
fn is_in_weeks(rule: &RecurrenceRule, date: NaiveDate) -> bool {
    if rule.by_week_no.is_empty() {
        return true;
    }
    // The day of a week's middle tells the year that the week belongs to, and its number there.
    let into = i64::from(date.weekday().days_since(rule.week_start));
    let middle = date + TimeDelta::days(3 - into);
    let week = middle.ordinal0() / 7;
    let days = if middle.leap_year() { 366 } else { 365 };
    let weeks_after = (days - 1 - middle.ordinal0()) / 7;
    let is_named = |n: i16| match u32::try_from(n) {
        Ok(n) => n == week + 1,
        Err(_) => u32::from(n.unsigned_abs()) == weeks_after + 1,
    };
    rule.by_week_no.iter().copied().any(is_named)
}

/// The rule without its ends, and with all that it takes from its start written out.
fn for_crate(rule: &RecurrenceRule, start: NaiveDate) -> RRule<Unvalidated> {
    let mut by_month = rule.by_month.clone();
    let mut by_month_day = rule.by_month_day.clone();
    let mut by_day = rule.by_day.clone();
    let weekday = ByDay {
        nth: None,
        weekday: start.weekday(),
    };
    if rule.names_days() {
        // Weeks alone leave the weekday to the start.
        let only_weeks =
            rule.by_year_day.is_empty() && by_month_day.is_empty() && by_day.is_empty();
        if only_weeks {
            by_day.push(weekday);
        }
    } else {
        match rule.frequency {
            Frequency::Daily => {}
            Frequency::Weekly => by_day.push(weekday),
            Frequency::Monthly => by_month_day.push(day_of_month(start)),
            Frequency::Yearly => {
                by_month_day.push(day_of_month(start));
                if by_month.is_empty() {
                    by_month.push(i16::try_from(start.month()).unwrap_or(1));
                }
            }
        }
    }
    let frequency = match rule.frequency {
        Frequency::Yearly => rrule::Frequency::Yearly,
        Frequency::Monthly => rrule::Frequency::Monthly,
        Frequency::Weekly => rrule::Frequency::Weekly,
        Frequency::Daily => rrule::Frequency::Daily,
    };
    let by_month: Vec<Month> = by_month
        .iter()
        .filter_map(|&month| Month::try_from(u8::try_from(month).ok()?).ok())
        .collect();
    RRule::new(frequency)
        .interval(rule.interval)
        .week_start(rule.week_start)
        .by_month(&by_month)
        .by_year_day(rule.by_year_day.clone())
        .by_month_day(narrow(&by_month_day))
        .by_weekday(weekdays(rule.frequency, &by_day))
        .by_set_pos(rule.by_set_pos.iter().map(|&n| i32::from(n)).collect())
}

/// BYDAY for the crate, which cannot tell "every" from "nth" in one list.
fn weekdays(frequency: Frequency, by_day: &[ByDay]) -> Vec<NWeekday> {
    let is_mixed = by_day.iter().any(|day| day.nth.is_some());
    let most = if frequency == Frequency::Yearly {
        53
    } else {
        5
    };
    let each = |day: &ByDay| -> Vec<NWeekday> {
        match day.nth {
            Some(nth) => vec![NWeekday::Nth(nth, day.weekday)],
            None if is_mixed => nths(most, day.weekday),
            None => vec![NWeekday::Every(day.weekday)],
        }
    };
    by_day.iter().flat_map(each).collect()
}

fn nths(most: i16, weekday: Weekday) -> Vec<NWeekday> {
    (1..=most).map(|nth| NWeekday::Nth(nth, weekday)).collect()
}

fn day_of_month(date: NaiveDate) -> i16 {
    i16::try_from(date.day()).unwrap_or(1)
}

/// Numbers that were checked to lie within ±31.
fn narrow(numbers: &[i16]) -> Vec<i8> {
    let narrow = numbers.iter().filter_map(|&n| i8::try_from(n).ok());
    narrow.collect()
}

/// Floating time, as the crate wants it: tagged as UTC.
fn utc(time: NaiveDateTime) -> chrono::DateTime<Tz> {
    time.and_utc().with_timezone(&Tz::UTC)
}
