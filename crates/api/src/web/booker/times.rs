//! The times of the chosen day, or what to do when there are none.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Timelike};
use chrono_tz::Tz;
use scheduling_core::directory::Person;
use serde::Serialize;

use super::{Sources, href, with_fields};
use crate::web::calendar::{Month, Offer, clock_change};
use crate::web::links::instant;
use crate::web::wording::{clock_time, first_name, full_date, offset, short_date};

/// The column of times.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum Times {
    /// A day with times.
    Day(DayTimes),
    /// The chosen day has none.
    FullDay { full: String, next: Option<Jump> },
    /// The shown month has none.
    FullMonth { month: String, next: Option<Jump> },
    /// Nothing can be booked.
    Nothing,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct DayTimes {
    pub date: String,
    pub short: String,
    pub full: String,
    pub count: usize,
    /// Minutes by which clocks go forward on this day, negative when they go back.
    pub clock_change: i32,
    pub parts: Vec<Part>,
}

/// A part of the day with its times.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Part {
    /// Not given when the day has few times.
    pub name: Option<PartOfDay>,
    pub slots: Vec<Slot>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum PartOfDay {
    Morning,
    Afternoon,
    Evening,
}

impl PartOfDay {
    fn at(hour: u32) -> Self {
        match hour {
            0..12 => Self::Morning,
            12..17 => Self::Afternoon,
            _ => Self::Evening,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Slot {
    pub value: String,
    pub start: String,
    pub end: String,
    /// The offset, for a wall time that happens twice on this day.
    pub offset: Option<String>,
    pub seats_left: Option<u32>,
    /// How many days later it is for the hosts.
    pub host_days: i64,
    /// Whose day that is, when there is one host.
    pub host: Option<String>,
}

/// A day to go to instead.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Jump {
    pub href: String,
    /// "Wed 2 Dec", when the day is known.
    pub date: Option<String>,
}

pub(super) fn times(
    sources: &Sources<'_>,
    days: &BTreeMap<NaiveDate, Vec<Offer>>,
    selected: Option<NaiveDate>,
) -> Times {
    let view = sources.carry.view;
    let today = sources.now.with_timezone(&view.zone).date_naive();
    let jump = |date: NaiveDate| Jump {
        href: href(sources, Month::of(date), Some(date)),
        date: Some(short_date(date)),
    };
    let next_available = || {
        sources
            .next_available
            .map(|start| jump(start.with_timezone(&view.zone).date_naive()))
    };
    // Beyond the shown days only the page without a month knows.
    let from_the_start = || Jump {
        href: with_fields(&sources.subject.here, &sources.carry.fields()),
        date: None,
    };
    let Some(date) = selected else {
        let next = next_available();
        if next.is_none() && sources.sheet.month == Month::of(today) {
            return Times::Nothing;
        }
        return Times::FullMonth {
            month: sources.sheet.month.name(),
            next: next.or_else(|| Some(from_the_start())),
        };
    };
    let Some(offers) = days.get(&date) else {
        return Times::FullDay {
            full: full_date(date),
            next: days
                .range(date..)
                .next()
                .map(|(date, _)| jump(*date))
                .or_else(next_available)
                .or_else(|| Some(from_the_start())),
        };
    };
    Times::Day(DayTimes {
        date: date.to_string(),
        short: short_date(date),
        full: full_date(date),
        count: offers.len(),
        clock_change: clock_change(date, view.zone),
        parts: parts(offers, sources),
    })
}

/// How many times a day has before they stand under headings.
const FEW: usize = 5;

fn parts(offers: &[Offer], sources: &Sources<'_>) -> Vec<Part> {
    let view = sources.carry.view;
    let others = sources.subject.others;
    let local = |offer: &Offer| offer.start.with_timezone(&view.zone);
    let mut seen = BTreeSet::new();
    let twice: BTreeSet<_> = offers
        .iter()
        .map(|offer| local(offer).time())
        .filter(|time| !seen.insert(*time))
        .collect();
    let mut parts: Vec<Part> = Vec::new();
    for offer in offers {
        let start = local(offer);
        let end = start + sources.subject.length.delta();
        let name = (offers.len() > FEW).then(|| PartOfDay::at(start.hour()));
        let slot = Slot {
            value: instant(offer.start),
            start: clock_time(&start, view.cycle),
            end: clock_time(&end, view.cycle),
            offset: twice.contains(&start.time()).then(|| offset(&start)),
            seats_left: offer.seats_left,
            host_days: host_days(&start, others),
            host: match others {
                [host] => Some(first_name(host.name.as_str()).to_owned()),
                _ => None,
            },
        };
        match parts.last_mut() {
            Some(part) if part.name == name => part.slots.push(slot),
            _ => parts.push(Part {
                name,
                slots: vec![slot],
            }),
        }
    }
    parts
}

/// How many days later it is for the hosts, when that is the same for all of them.
pub(super) fn host_days(start: &DateTime<Tz>, hosts: &[Person]) -> i64 {
    let differences: BTreeSet<i64> = hosts
        .iter()
        .map(|host| {
            let there = start.with_timezone(&host.timezone).date_naive();
            (there - start.date_naive()).num_days()
        })
        .collect();
    match differences.first() {
        Some(days) if differences.len() == 1 => *days,
        _ => 0,
    }
}
