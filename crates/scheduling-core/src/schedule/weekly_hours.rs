//! The hours of an ordinary week.

use chrono::Weekday;

use crate::time::DayHours;

/// Open windows for each weekday.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct WeeklyHours {
    /// Monday's windows.
    pub monday: DayHours,
    /// Tuesday's windows.
    pub tuesday: DayHours,
    /// Wednesday's windows.
    pub wednesday: DayHours,
    /// Thursday's windows.
    pub thursday: DayHours,
    /// Friday's windows.
    pub friday: DayHours,
    /// Saturday's windows.
    pub saturday: DayHours,
    /// Sunday's windows.
    pub sunday: DayHours,
}

impl WeeklyHours {
    /// The same hours from Monday to Friday, closed at the weekend.
    #[must_use]
    pub fn working_week(hours: &DayHours) -> Self {
        Self {
            monday: hours.clone(),
            tuesday: hours.clone(),
            wednesday: hours.clone(),
            thursday: hours.clone(),
            friday: hours.clone(),
            saturday: DayHours::CLOSED,
            sunday: DayHours::CLOSED,
        }
    }

    /// The windows of a weekday.
    pub fn on(&self, weekday: Weekday) -> &DayHours {
        match weekday {
            Weekday::Mon => &self.monday,
            Weekday::Tue => &self.tuesday,
            Weekday::Wed => &self.wednesday,
            Weekday::Thu => &self.thursday,
            Weekday::Fri => &self.friday,
            Weekday::Sat => &self.saturday,
            Weekday::Sun => &self.sunday,
        }
    }
}
