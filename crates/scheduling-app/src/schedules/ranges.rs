//! Dates that differ, as ranges: storage has them one by one, people think of a week in August.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use chrono_tz::Tz;
use scheduling_core::ids::ScheduleId;
use scheduling_core::schedule::{Availability, DateOverride, WeeklyHours};
use scheduling_core::time::DayHours;

use crate::manage::{Field, ManageError, Problem};

/// The most dates that can differ in one schedule: three years of days.
pub const MOST_OVERRIDES: u32 = 1100;

/// Dates with the same hours, in place of their weekdays'.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverrideRange {
    /// The first date.
    pub from: NaiveDate,
    /// The last date.
    pub to: NaiveDate,
    /// The hours of each. No window means closed.
    pub hours: DayHours,
}

/// Gives dates hours of their own in a schedule, or takes them away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverrideDates {
    /// The schedule.
    pub id: ScheduleId,
    /// The first date.
    pub from: NaiveDate,
    /// The last date.
    pub to: NaiveDate,
    /// The hours of each, none for closed; their weekdays' again where nothing is given.
    pub hours: Option<DayHours>,
    /// The version that was read.
    pub expected: Option<u32>,
}

impl OverrideDates {
    pub(super) fn apply_to(
        &self,
        availability: &Availability,
    ) -> Result<Availability, ManageError> {
        if self.to < self.from {
            return Err(ManageError::invalid(
                Field::Overrides,
                Problem::EndsBeforeItBegins,
            ));
        }
        let mut overrides = availability.overrides().to_vec();
        overrides.retain(|date| date.date < self.from || self.to < date.date);
        if let Some(hours) = &self.hours {
            overrides.extend(dates(self.from, self.to, hours)?);
        }
        make(
            availability.timezone(),
            availability.weekly_hours().clone(),
            overrides,
        )
    }
}

/// Refuses hours with more dates that differ than a schedule can have.
pub(super) fn check_size(availability: &Availability) -> Result<(), ManageError> {
    if availability.overrides().len() > MOST_OVERRIDES as usize {
        return Err(too_many());
    }
    Ok(())
}

fn too_many() -> ManageError {
    let problem = Problem::TooManyDays {
        most: MOST_OVERRIDES,
    };
    ManageError::invalid(Field::Overrides, problem)
}

fn dates(
    from: NaiveDate,
    to: NaiveDate,
    hours: &DayHours,
) -> Result<Vec<DateOverride>, ManageError> {
    if (to - from).num_days() >= i64::from(MOST_OVERRIDES) {
        return Err(too_many());
    }
    let dates = from.iter_days().take_while(|date| *date <= to);
    Ok(dates
        .map(|date| DateOverride {
            date,
            hours: hours.clone(),
        })
        .collect())
}

fn make(
    timezone: Tz,
    weekly_hours: WeeklyHours,
    overrides: Vec<DateOverride>,
) -> Result<Availability, ManageError> {
    if overrides.len() > MOST_OVERRIDES as usize {
        return Err(too_many());
    }
    Availability::new(timezone, weekly_hours, overrides)
        .map_err(|_date_twice| ManageError::invalid(Field::Overrides, Problem::DateTwice))
}

/// Hours with the dates that differ given as ranges, in any order.
///
/// # Errors
/// [`ManageError::Invalid`]: a range that ends before it begins, a date in two ranges, or more than [`MOST_OVERRIDES`]
/// dates.
pub fn availability_with_ranges(
    timezone: Tz,
    weekly_hours: WeeklyHours,
    ranges: &[OverrideRange],
) -> Result<Availability, ManageError> {
    let mut overrides: BTreeMap<NaiveDate, DateOverride> = BTreeMap::new();
    for range in ranges {
        if range.to < range.from {
            return Err(ManageError::invalid(
                Field::Overrides,
                Problem::EndsBeforeItBegins,
            ));
        }
        for date in dates(range.from, range.to, &range.hours)? {
            if overrides.insert(date.date, date).is_some() {
                return Err(ManageError::invalid(Field::Overrides, Problem::DateTwice));
            }
            if overrides.len() > MOST_OVERRIDES as usize {
                return Err(too_many());
            }
        }
    }
    make(timezone, weekly_hours, overrides.into_values().collect())
}

/// The dates that differ, those one after the other with the same hours as one range, in order.
pub fn override_ranges(availability: &Availability) -> Vec<OverrideRange> {
    let mut ranges: Vec<OverrideRange> = Vec::new();
    for date in availability.overrides() {
        match ranges.last_mut() {
            Some(last)
                if last.to.checked_add_days(Days::new(1)) == Some(date.date)
                    && last.hours == date.hours =>
            {
                last.to = date.date;
            }
            _ => ranges.push(OverrideRange {
                from: date.date,
                to: date.date,
                hours: date.hours.clone(),
            }),
        }
    }
    ranges
}
