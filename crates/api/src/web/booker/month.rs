//! The month as a grid of days.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};
use serde::Serialize;

use super::{Sources, href};
use crate::web::calendar::{MarkHours, Month, Offer, mark};
use crate::web::wording::full_date;

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct MonthView {
    pub name: String,
    pub year: i32,
    pub previous: Option<String>,
    pub next: Option<String>,
    pub weeks: Vec<Vec<Day>>,
    pub mark: MarkView,
}

/// The scale of the daymarks.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct MarkView {
    pub from: u32,
    pub to: u32,
    pub width: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Day {
    pub date: String,
    pub number: u32,
    /// Its month's short name, on the first of a month.
    pub month: Option<String>,
    pub full: String,
    pub today: bool,
    pub selected: bool,
    pub times: usize,
    /// Where it leads, when times are open.
    pub href: Option<String>,
    pub mark: String,
}

pub(super) fn month_view(
    sources: &Sources<'_>,
    days: &BTreeMap<NaiveDate, Vec<Offer>>,
    selected: Option<NaiveDate>,
) -> MonthView {
    let Sources { carry, sheet, .. } = sources;
    let view = carry.view;
    let today = sources.now.with_timezone(&view.zone).date_naive();
    let length = sources.subject.length.get();
    let hours = MarkHours::for_days(days, view.zone);
    let shown: Vec<Day> = sheet
        .dates()
        .map(|date| {
            let offers = days.get(&date).map_or(&[][..], Vec::as_slice);
            Day {
                date: date.to_string(),
                number: date.day(),
                month: (date.day() == 1).then(|| date.format("%b").to_string()),
                full: full_date(date),
                today: date == today,
                selected: selected == Some(date),
                times: offers.len(),
                href: (!offers.is_empty()).then(|| href(sources, sheet.month, Some(date))),
                mark: mark(offers, view.zone, length, hours),
            }
        })
        .collect();
    let go = |month: Month| href(sources, month, None);
    MonthView {
        name: sheet.month.name(),
        year: sheet.month.first().year(),
        previous: (sheet.month > Month::of(today)).then(|| go(sheet.month.previous())),
        next: (sheet.month < Month::last_shown(today)).then(|| go(sheet.month.next())),
        weeks: shown.chunks(7).map(<[Day]>::to_vec).collect(),
        mark: MarkView {
            from: hours.from,
            to: hours.to,
            width: hours.to - hours.from,
        },
    }
}
