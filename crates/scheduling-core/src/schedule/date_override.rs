//! A date whose hours differ from its weekday's.

use chrono::NaiveDate;

use crate::time::DayHours;

/// The hours of one date in place of its weekday's. No window means closed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct DateOverride {
    /// The date, in the schedule's zone.
    pub date: NaiveDate,
    /// Its whole hours.
    #[cfg_attr(feature = "serde", serde(rename = "windows"))]
    pub hours: DayHours,
}
