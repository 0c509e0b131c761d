//! Reads a recurrence rule from text.

use std::ops::RangeInclusive;
use std::str::FromStr;

use chrono::{NaiveDate, NaiveTime, Weekday};

use super::rule::{ByDay, Frequency, RecurrenceRule, RuleError, Until, WEEKDAYS};

impl FromStr for RecurrenceRule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let text = text.trim();
        if text.len() > Self::LIMIT {
            return Err(RuleError::TooLong);
        }
        if !text.bytes().all(|b| b.is_ascii_graphic() || b == b' ') {
            return Err(RuleError::NotARule);
        }
        let text = text.to_ascii_uppercase();
        let parts = Parts::read(text.strip_suffix(';').unwrap_or(&text))?;
        let rule = Self {
            frequency: parts.frequency()?,
            until: parts.get("UNTIL").map(until).transpose()?,
            count: parts.number("COUNT", 1..=u32::MAX)?,
            interval: parts.number("INTERVAL", 1..=9_999)?.unwrap_or(1),
            by_month: parts.list("BYMONTH", 1..=12)?,
            by_week_no: parts.list("BYWEEKNO", -53..=53)?,
            by_year_day: parts.list("BYYEARDAY", -366..=366)?,
            by_month_day: parts.list("BYMONTHDAY", -31..=31)?,
            by_day: parts.days()?,
            by_set_pos: parts.list("BYSETPOS", -366..=366)?,
            week_start: match parts.get("WKST") {
                Some(day) => weekday(day).ok_or(RuleError::BadValue("WKST"))?,
                None => Weekday::Mon,
            },
        };
        rule.check()?;
        Ok(rule)
    }
}

/// The names of all parts, in the order they are written.
const NAMES: [&str; 11] = [
    "FREQ",
    "UNTIL",
    "COUNT",
    "INTERVAL",
    "BYMONTH",
    "BYWEEKNO",
    "BYYEARDAY",
    "BYMONTHDAY",
    "BYDAY",
    "BYSETPOS",
    "WKST",
];

/// The parts of a rule's text: name and value.
struct Parts<'a>(Vec<(&'static str, &'a str)>);

impl<'a> Parts<'a> {
    fn read(text: &'a str) -> Result<Self, RuleError> {
        let mut parts: Vec<(&'static str, &'a str)> = Vec::new();
        for part in text.split(';') {
            let (name, value) = part.split_once('=').ok_or(RuleError::NotARule)?;
            let (name, value) = (name.trim(), value.trim());
            if matches!(name, "BYHOUR" | "BYMINUTE" | "BYSECOND") {
                return Err(RuleError::TooFrequent);
            }
            let Some(name) = NAMES.into_iter().find(|known| *known == name) else {
                return Err(RuleError::UnknownPart(name.chars().take(32).collect()));
            };
            if parts.iter().any(|(known, _)| *known == name) {
                return Err(RuleError::Repeated(name));
            }
            parts.push((name, value));
        }
        Ok(Self(parts))
    }

    fn get(&self, name: &str) -> Option<&'a str> {
        let found = self.0.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| *value)
    }

    fn frequency(&self) -> Result<Frequency, RuleError> {
        let name = self.get("FREQ").ok_or(RuleError::NotARule)?;
        if matches!(name, "SECONDLY" | "MINUTELY" | "HOURLY") {
            return Err(RuleError::TooFrequent);
        }
        let found = Frequency::ALL.iter().find(|(known, _)| *known == name);
        found
            .map(|(_, frequency)| *frequency)
            .ok_or(RuleError::BadValue("FREQ"))
    }

    fn number<N>(
        &self,
        name: &'static str,
        range: RangeInclusive<N>,
    ) -> Result<Option<N>, RuleError>
    where
        N: FromStr + PartialOrd,
    {
        let Some(text) = self.get(name) else {
            return Ok(None);
        };
        let number = text.parse().ok().filter(|n| range.contains(n));
        number.map(Some).ok_or(RuleError::BadValue(name))
    }

    fn items(&self, name: &'static str) -> Result<Vec<&'a str>, RuleError> {
        let items: Vec<&str> = match self.get(name) {
            None => Vec::new(),
            Some(text) => text.split(',').map(str::trim).collect(),
        };
        if items.len() > RecurrenceRule::MOST_ITEMS {
            return Err(RuleError::TooManyItems(name));
        }
        Ok(items)
    }

    /// Numbers in a range, without 0: nothing counts from there.
    fn list(&self, name: &'static str, range: RangeInclusive<i16>) -> Result<Vec<i16>, RuleError> {
        let mut numbers = Vec::new();
        for item in self.items(name)? {
            let number = item.parse().ok();
            let number = number.filter(|n| *n != 0 && range.contains(n));
            numbers.push(number.ok_or(RuleError::BadValue(name))?);
        }
        numbers.sort_unstable();
        numbers.dedup();
        Ok(numbers)
    }

    fn days(&self) -> Result<Vec<ByDay>, RuleError> {
        let mut days = Vec::new();
        for item in self.items("BYDAY")? {
            days.push(by_day(item).ok_or(RuleError::BadValue("BYDAY"))?);
        }
        days.sort_unstable_by_key(|day| (day.nth, day.weekday.num_days_from_monday()));
        days.dedup();
        Ok(days)
    }
}

fn weekday(text: &str) -> Option<Weekday> {
    let found = WEEKDAYS.iter().find(|(name, _)| *name == text);
    found.map(|(_, weekday)| *weekday)
}

fn by_day(item: &str) -> Option<ByDay> {
    let (nth, name) = item.split_at_checked(item.len().checked_sub(2)?)?;
    let weekday = weekday(name)?;
    let nth = match nth {
        "" => None,
        nth => Some(nth.parse().ok().filter(|n| *n != 0)?),
    };
    Some(ByDay { nth, weekday })
}

fn until(text: &str) -> Result<Until, RuleError> {
    let bad = RuleError::BadValue("UNTIL");
    let digits = |from: usize, to: usize| -> Option<u32> {
        let part = text.get(from..to)?;
        let all_digits = part.bytes().all(|b| b.is_ascii_digit());
        all_digits.then(|| part.parse().ok())?
    };
    let read = || {
        let year = i32::try_from(digits(0, 4)?).ok()?;
        let date = NaiveDate::from_ymd_opt(year, digits(4, 6)?, digits(6, 8)?)?;
        if text.len() == 8 {
            return Some(Until::Date(date));
        }
        let time = NaiveTime::from_hms_opt(digits(9, 11)?, digits(11, 13)?, digits(13, 15)?)?;
        match (text.get(8..9)?, text.get(15..)?) {
            ("T", "") => Some(Until::Local(date.and_time(time))),
            ("T", "Z") => Some(Until::Utc(date.and_time(time))),
            _ => None,
        }
    };
    read().ok_or(bad)
}
