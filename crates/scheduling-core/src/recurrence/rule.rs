//! A recurrence rule, and how it is written.

use std::fmt;

use chrono::{NaiveDate, NaiveDateTime, Weekday};
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
    pub(super) const ALL: [(&str, Self); 4] = [
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

pub(super) const WEEKDAYS: [(&str, Weekday); 7] = [
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
    pub(super) fn check(&self) -> Result<(), RuleError> {
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
        // A position in nothing, or among the days of numbered weeks, which nobody writes.
        let nothing = !self.names_days() && self.by_month.is_empty();
        if !self.by_set_pos.is_empty() && (nothing || !self.by_week_no.is_empty()) {
            return Err(RuleError::DoesNotFit("BYSETPOS"));
        }
        expand::check(self)
    }
}

fn weekday_name(weekday: Weekday) -> &'static str {
    WEEKDAYS[weekday.num_days_from_monday() as usize].0
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
