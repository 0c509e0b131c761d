//! A recurrence rule, read from text.

use std::fmt;
use std::str::FromStr;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, Weekday};
use thiserror::Error;

use super::expand;

/// Why a text is no recurrence rule, or none that is expanded.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RuleError {
    /// More than [`RecurrenceRule::LIMIT`] bytes.
    #[error("must have at most {} characters", RecurrenceRule::LIMIT)]
    TooLong,
    /// Not parts such as `FREQ=WEEKLY`, with semicolons between them.
    #[error("must be a recurrence rule such as FREQ=WEEKLY;BYDAY=FR")]
    NotARule,
    /// A part that recurrence rules do not have.
    #[error("has a part that is not known: {0}")]
    UnknownPart(String),
    /// A part that is there twice.
    #[error("has {0} twice")]
    Repeated(&'static str),
    /// More than [`RecurrenceRule::MOST_ITEMS`] in a list.
    #[error("must have at most {most} values in {0}", most = RecurrenceRule::MOST_ITEMS)]
    TooManyItems(&'static str),
    /// A value that the part cannot have.
    #[error("has a value in {0} that is not possible there")]
    BadValue(&'static str),
    /// Several times a day.
    #[error("must not come again more often than every day")]
    TooFrequent,
    /// Parts that do not go together.
    #[error("has {0}, which does not go with the rest")]
    DoesNotFit(&'static str),
}

/// How often a rule comes round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Frequency {
    Yearly,
    Monthly,
    Weekly,
    Daily,
}

impl Frequency {
    const ALL: [(&str, Self); 4] = [
        ("YEARLY", Self::Yearly),
        ("MONTHLY", Self::Monthly),
        ("WEEKLY", Self::Weekly),
        ("DAILY", Self::Daily),
    ];
}

/// Until when a rule goes, as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Until {
    Date(NaiveDate),
    Local(NaiveDateTime),
    Utc(NaiveDateTime),
}

/// An item of BYDAY: every such weekday, or the nth of the month or year (from its end where it is negative).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct ByDay {
    pub(super) nth: Option<i16>,
    pub(super) weekday: Weekday,
}

const WEEKDAYS: [(&str, Weekday); 7] = [
    ("MO", Weekday::Mon),
    ("TU", Weekday::Tue),
    ("WE", Weekday::Wed),
    ("TH", Weekday::Thu),
    ("FR", Weekday::Fri),
    ("SA", Weekday::Sat),
    ("SU", Weekday::Sun),
];

/// How something comes again: the value of an RRULE (RFC 5545, section 3.3.10), such as `FREQ=WEEKLY;BYDAY=FR`.
///
/// Whatever it was written like, it is kept and written in one way: capital letters, the parts in one order, lists
/// sorted, defaults left out. Equal rules are equal texts.
///
/// Refused is what costs more to expand than a calendar needs: texts of more than [`RecurrenceRule::LIMIT`] bytes, lists
/// of more than [`RecurrenceRule::MOST_ITEMS`] values, rules that come again within a day, and times of day. RFC 7529's
/// other calendars are not known.
///
/// ```
/// use scheduling_core::recurrence::RecurrenceRule;
///
/// let rule: RecurrenceRule = "freq=weekly;interval=1;byday=FR,MO".parse()?;
/// assert_eq!(rule.to_string(), "FREQ=WEEKLY;BYDAY=MO,FR");
/// assert!("FREQ=SECONDLY".parse::<RecurrenceRule>().is_err());
/// # Ok::<(), scheduling_core::recurrence::RuleError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "String", into = "String")
)]
pub struct RecurrenceRule {
    pub(super) frequency: Frequency,
    pub(super) until: Option<Until>,
    pub(super) count: Option<u32>,
    /// At least 1.
    pub(super) interval: u16,
    pub(super) by_month: Vec<i16>,
    pub(super) by_week_no: Vec<i16>,
    pub(super) by_year_day: Vec<i16>,
    pub(super) by_month_day: Vec<i16>,
    pub(super) by_day: Vec<ByDay>,
    pub(super) by_set_pos: Vec<i16>,
    pub(super) week_start: Weekday,
}

impl RecurrenceRule {
    /// The largest number of bytes.
    pub const LIMIT: usize = 512;
    /// The largest number of values in a list.
    pub const MOST_ITEMS: usize = 16;

    pub(super) fn until(&self) -> Option<Until> {
        self.until
    }

    /// Whether the rule says by itself on which days it comes, without the start.
    pub(super) fn names_days(&self) -> bool {
        !(self.by_week_no.is_empty()
            && self.by_year_day.is_empty()
            && self.by_month_day.is_empty()
            && self.by_day.is_empty())
    }

    /// What RFC 5545 rules out, or leaves without meaning.
    fn check(&self) -> Result<(), RuleError> {
        use Frequency::{Monthly, Weekly, Yearly};
        let nth = self.by_day.iter().any(|day| day.nth.is_some());
        if nth && (!matches!(self.frequency, Yearly | Monthly) || !self.by_week_no.is_empty()) {
            return Err(RuleError::DoesNotFit("BYDAY"));
        }
        if !self.by_week_no.is_empty() && self.frequency != Yearly {
            return Err(RuleError::DoesNotFit("BYWEEKNO"));
        }
        if !self.by_year_day.is_empty() && self.frequency != Yearly {
            return Err(RuleError::DoesNotFit("BYYEARDAY"));
        }
        if !self.by_month_day.is_empty() && self.frequency == Weekly {
            return Err(RuleError::DoesNotFit("BYMONTHDAY"));
        }
        if !self.by_set_pos.is_empty() && !self.names_days() && self.by_month.is_empty() {
            return Err(RuleError::DoesNotFit("BYSETPOS"));
        }
        expand::check(self)
    }
}

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
            count: parts.number("COUNT", 1, u32::MAX)?,
            interval: parts.number("INTERVAL", 1, 9_999)?.unwrap_or(1),
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

    fn number<N>(&self, name: &'static str, min: N, max: N) -> Result<Option<N>, RuleError>
    where
        N: FromStr + PartialOrd,
    {
        let Some(text) = self.get(name) else {
            return Ok(None);
        };
        let number = text.parse().ok().filter(|n| *n >= min && *n <= max);
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
    fn list(
        &self,
        name: &'static str,
        range: std::ops::RangeInclusive<i16>,
    ) -> Result<Vec<i16>, RuleError> {
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

fn weekday_name(weekday: Weekday) -> &'static str {
    WEEKDAYS[weekday.num_days_from_monday() as usize].0
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

impl fmt::Display for RecurrenceRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let frequency = Frequency::ALL.iter().find(|(_, f)| *f == self.frequency);
        write!(f, "FREQ={}", frequency.map_or("", |(name, _)| name))?;
        match self.until {
            None => {}
            Some(Until::Date(date)) => write!(f, ";UNTIL={}", date.format("%Y%m%d"))?,
            Some(Until::Local(time)) => write!(f, ";UNTIL={}", time.format("%Y%m%dT%H%M%S"))?,
            Some(Until::Utc(time)) => write!(f, ";UNTIL={}", time.format("%Y%m%dT%H%M%SZ"))?,
        }
        if let Some(count) = self.count {
            write!(f, ";COUNT={count}")?;
        }
        if self.interval != 1 {
            write!(f, ";INTERVAL={}", self.interval)?;
        }
        write_list(f, "BYMONTH", &self.by_month)?;
        write_list(f, "BYWEEKNO", &self.by_week_no)?;
        write_list(f, "BYYEARDAY", &self.by_year_day)?;
        write_list(f, "BYMONTHDAY", &self.by_month_day)?;
        write_list(f, "BYDAY", &self.by_day)?;
        write_list(f, "BYSETPOS", &self.by_set_pos)?;
        if self.week_start != Weekday::Mon {
            write!(f, ";WKST={}", weekday_name(self.week_start))?;
        }
        Ok(())
    }
}

impl fmt::Display for ByDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(nth) = self.nth {
            write!(f, "{nth}")?;
        }
        f.write_str(weekday_name(self.weekday))
    }
}

fn write_list<T: fmt::Display>(f: &mut fmt::Formatter<'_>, name: &str, items: &[T]) -> fmt::Result {
    let items: Vec<String> = items.iter().map(T::to_string).collect();
    if items.is_empty() {
        return Ok(());
    }
    write!(f, ";{name}={}", items.join(","))
}

impl TryFrom<String> for RecurrenceRule {
    type Error = RuleError;

    fn try_from(text: String) -> Result<Self, RuleError> {
        text.parse()
    }
}

impl From<RecurrenceRule> for String {
    fn from(rule: RecurrenceRule) -> Self {
        rule.to_string()
    }
}
