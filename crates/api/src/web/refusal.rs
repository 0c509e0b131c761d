//! A page that explains why a booking cannot be cancelled or moved by who reads it, and whom to ask.

use scheduling_app::bookings::{BookingDetails, Permission};
use serde::Serialize;

use super::manage::{Change, Setting, contact};
use super::summary::{Contact, Summary};
use super::templates::Page;
use super::visit::Visit;
use super::when::When;
use super::wording::moment;

/// What somebody wanted to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Wanted {
    Cancel,
    Reschedule,
}

/// The page's context.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Refusal {
    wanted: Wanted,
    why: Change,
    when: When,
    summary: Summary,
    contact: Option<Contact>,
    back: String,
}

impl Page for Refusal {
    const TEMPLATE: &'static str = "pages/refusal.html.j2";
}

impl Refusal {
    pub(super) fn new(
        details: &BookingDetails,
        visit: &Visit,
        setting: &Setting<'_>,
        wanted: Wanted,
        permission: Permission,
    ) -> Self {
        let interval = &details.booking.interval;
        let (cycle, now, zone) = (setting.cycle, setting.now, visit.zone);
        let today = now.with_timezone(&zone).date_naive();
        Self {
            wanted,
            why: Change::new(permission, String::new(), interval.start(), |at| {
                moment(&at.with_timezone(&zone), today, cycle)
            }),
            when: When::new(interval.start(), interval.end(), zone, cycle, now),
            summary: Summary::new(details, setting.paths),
            contact: contact(details),
            back: visit.paths.page().to_owned(),
        }
    }

    #[cfg(test)]
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        use chrono_tz::Tz;

        use super::guest::HourCycle;
        use super::links::Paths;
        use super::sample;

        let paths = Paths::new("");
        let setting = Setting {
            paths: &paths,
            page_link: String::new(),
            cycle: HourCycle::H24,
            now: sample::now(),
        };
        let make = |page, wanted, permission| {
            let zone = Tz::Europe__Lisbon;
            let details = sample::booking(&page, zone, "2026-11-24T14:00:00Z");
            let visit = sample::visit("");
            Self::new(&details, &visit, &setting, wanted, permission)
        };
        let cutoff = Permission::CutoffPassed {
            until: sample::at("2026-11-20T09:00:00Z"),
        };
        vec![
            ("cutoff", make(sample::single(), Wanted::Cancel, cutoff)),
            (
                "hosts-only",
                make(
                    sample::rotating(),
                    Wanted::Reschedule,
                    Permission::NotAllowed,
                ),
            ),
            (
                "hostile",
                make(sample::hostile(), Wanted::Reschedule, cutoff),
            ),
        ]
    }
}
