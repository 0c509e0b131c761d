//! Hours: weekly ones, and the dates that differ.

use chrono::{NaiveDate, TimeDelta};
use scheduling_core::schedule::{Availability, DateOverride, WeeklyHours};
use scheduling_core::time::{DayHours, TimeWindow};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::fields::{Errors, Fields, Item};

/// The largest number of windows of one day.
const MOST_WINDOWS: usize = 48;
/// The largest number of ranges of dates that differ.
const MOST_RANGES: usize = 1000;
/// The largest number of days that differ, all ranges together.
const MOST_DAYS: i64 = 4000;

/// Wall times from one to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = TimeWindow)]
pub(in crate::rest::v1) struct WindowView {
    #[schema(example = "09:00")]
    start: String,
    /// Up to `24:00`.
    #[schema(example = "17:00")]
    end: String,
}

impl WindowView {
    fn list(hours: &DayHours) -> Vec<Self> {
        hours
            .windows()
            .iter()
            .map(|window| Self {
                start: window.start.to_string(),
                end: window.end.to_string(),
            })
            .collect()
    }
}

/// The hours of an ordinary week. A day without windows is closed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WeeklyHours)]
pub(in crate::rest::v1) struct WeekView {
    #[schema(required = false)]
    monday: Vec<WindowView>,
    #[schema(required = false)]
    tuesday: Vec<WindowView>,
    #[schema(required = false)]
    wednesday: Vec<WindowView>,
    #[schema(required = false)]
    thursday: Vec<WindowView>,
    #[schema(required = false)]
    friday: Vec<WindowView>,
    #[schema(required = false)]
    saturday: Vec<WindowView>,
    #[schema(required = false)]
    sunday: Vec<WindowView>,
}

impl WeekView {
    fn of(week: &WeeklyHours) -> Self {
        Self {
            monday: WindowView::list(&week.monday),
            tuesday: WindowView::list(&week.tuesday),
            wednesday: WindowView::list(&week.wednesday),
            thursday: WindowView::list(&week.thursday),
            friday: WindowView::list(&week.friday),
            saturday: WindowView::list(&week.saturday),
            sunday: WindowView::list(&week.sunday),
        }
    }
}

/// Dates whose hours differ from their weekdays'.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DateOverride)]
pub(in crate::rest::v1) struct OverrideView {
    /// The first date.
    #[schema(value_type = String, format = Date, example = "2026-12-24")]
    from: NaiveDate,
    /// The last date; `from` alone where it is not given.
    #[schema(value_type = Option<String>, format = Date, example = "2026-12-26")]
    to: Option<NaiveDate>,
    /// The hours of each of these dates; none means closed.
    #[schema(required = false)]
    windows: Vec<WindowView>,
}

/// Hours in a zone: weekly hours, and the dates that differ.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Availability)]
pub(in crate::rest::v1) struct AvailabilityView {
    #[schema(example = "Europe/Berlin")]
    timezone: String,
    weekly_hours: WeekView,
    #[schema(required = false)]
    overrides: Vec<OverrideView>,
}

impl AvailabilityView {
    pub(in crate::rest::v1) fn of(availability: &Availability) -> Self {
        Self {
            timezone: availability.timezone().name().to_owned(),
            weekly_hours: WeekView::of(availability.weekly_hours()),
            overrides: ranges(availability.overrides()),
        }
    }
}

/// Dates in a row with the same hours are one range.
fn ranges(overrides: &[DateOverride]) -> Vec<OverrideView> {
    let mut ranges: Vec<OverrideView> = Vec::new();
    for one in overrides {
        let windows = WindowView::list(&one.hours);
        match ranges.last_mut() {
            Some(last)
                if last.to.and_then(|to| to.succ_opt()) == Some(one.date)
                    && last.windows == windows =>
            {
                last.to = Some(one.date);
            }
            _ => ranges.push(OverrideView {
                from: one.date,
                to: Some(one.date),
                windows,
            }),
        }
    }
    ranges
}

/// Takes hours out of a body: `timezone`, `weekly_hours` and `overrides`.
pub(in crate::rest::v1) fn read_availability(
    fields: &mut Fields,
    errors: &mut Errors,
) -> Option<Availability> {
    let timezone = fields.need("timezone", errors).and_then(|z| z.zone(errors));
    let week = fields
        .required_object("weekly_hours", errors)
        .and_then(|week| read_week(week, errors));
    let at = fields.at("overrides");
    let overrides = match fields.take("overrides") {
        None => Some(Vec::new()),
        Some(item) => item.list(MOST_RANGES, errors, read_range),
    };
    let mut days = Vec::new();
    for (first, last, hours) in overrides? {
        if i64::try_from(days.len()).unwrap_or(i64::MAX) + (last - first).num_days() > MOST_DAYS {
            errors.add(
                at,
                "too_many",
                format!("must have at most {MOST_DAYS} days"),
            );
            return None;
        }
        let mut date = first;
        while date <= last {
            days.push(DateOverride {
                date,
                hours: hours.clone(),
            });
            date += TimeDelta::days(1);
        }
    }
    match Availability::new(timezone?, week?, days) {
        Ok(availability) => Some(availability),
        Err(error) => {
            errors.add(at, "date_twice", error.to_string());
            None
        }
    }
}

fn read_week(mut fields: Fields, errors: &mut Errors) -> Option<WeeklyHours> {
    let mut day = |name: &str, errors: &mut Errors| read_hours(name, &mut fields, errors);
    let monday = day("monday", errors);
    let tuesday = day("tuesday", errors);
    let wednesday = day("wednesday", errors);
    let thursday = day("thursday", errors);
    let friday = day("friday", errors);
    let saturday = day("saturday", errors);
    let sunday = day("sunday", errors);
    fields.finish(errors);
    Some(WeeklyHours {
        monday: monday?,
        tuesday: tuesday?,
        wednesday: wednesday?,
        thursday: thursday?,
        friday: friday?,
        saturday: saturday?,
        sunday: sunday?,
    })
}

/// Takes the windows of a day; none where nothing is given.
fn read_hours(name: &str, fields: &mut Fields, errors: &mut Errors) -> Option<DayHours> {
    let at = fields.at(name);
    let Some(item) = fields.take(name) else {
        return Some(DayHours::CLOSED);
    };
    let windows = item.list(MOST_WINDOWS, errors, read_window)?;
    match DayHours::new(windows) {
        Ok(hours) => Some(hours),
        Err(error) => {
            errors.add(at, "windows", error.to_string());
            None
        }
    }
}

fn read_window(item: Item, errors: &mut Errors) -> Option<TimeWindow> {
    let mut fields = item.object(errors)?;
    let start = fields.required("start", errors);
    let end = fields.required("end", errors);
    fields.finish(errors);
    Some(TimeWindow {
        start: start?,
        end: end?,
    })
}

fn read_range(item: Item, errors: &mut Errors) -> Option<(NaiveDate, NaiveDate, DayHours)> {
    let mut fields = item.object(errors)?;
    let from: Option<NaiveDate> = fields.required("from", errors);
    let at = fields.at("to");
    let to: Option<NaiveDate> = fields.optional("to", errors);
    let hours = read_hours("windows", &mut fields, errors);
    fields.finish(errors);
    let from = from?;
    let to = to.unwrap_or(from);
    if to < from {
        errors.add(at, "before_from", "must not be before from");
        return None;
    }
    // Beyond them, dates are typing errors, and counting through them would take long.
    let years = 1970..=2200;
    if !years.contains(&chrono::Datelike::year(&from))
        || !years.contains(&chrono::Datelike::year(&to))
    {
        errors.add(
            at,
            "out_of_range",
            "must lie between the years 1970 and 2200",
        );
        return None;
    }
    Some((from, to, hours?))
}
