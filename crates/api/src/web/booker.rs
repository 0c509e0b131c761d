//! `/book/{workspace}/{event}`: the calendar and the times of a day, in the guest's zone.

mod month;
mod times;

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use scheduling_app::Scheduling;
use scheduling_app::availability::{EventTypePage, FindError, FindSlots, FoundSlots};
use scheduling_core::directory::Person;
use scheduling_core::event_type::Capacity;
use scheduling_core::text::Slug;
use serde::{Deserialize, Serialize};

use super::calendar::{Month, Offer, Sheet, by_date};
use super::guest::{HourCycle, View};
use super::links::{Paths, parse_instant, with_query};
use super::people::Hosts;
use super::place::Place;
use super::templates::Page;
use super::wording::{city, clock_time, first_name, offset, offset_minutes};
use super::{PageError, WebState, accept_language, query};
use month::{MonthView, month_view};
use times::{Times, times};

/// The page's context.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Booker {
    about: About,
    zone: ZoneNote,
    month: MonthView,
    times: Times,
    /// The fields that links and forms on the page keep.
    kept: Kept,
    /// Where choosing a time leads.
    details: String,
    /// The page itself, without a query.
    here: String,
    cycle: HourCycle,
    /// A time that somebody took while the guest was about to book it.
    gone: Option<String>,
}

/// The event type, as booker and form show it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct About {
    pub title: String,
    pub workspace: String,
    pub landing: String,
    pub description: Option<String>,
    pub minutes: u32,
    pub seats: Option<u32>,
    pub place: Place,
    pub hosts: Hosts,
}

impl About {
    pub(super) fn new(page: &EventTypePage, paths: &Paths) -> Self {
        let event_type = &page.event_type;
        Self {
            title: event_type.title.to_string(),
            workspace: page.workspace.name.to_string(),
            landing: paths.landing(&page.workspace.slug),
            description: event_type.description.as_ref().map(ToString::to_string),
            minutes: event_type.rules.duration.get(),
            seats: Some(event_type.rules.capacity)
                .filter(|capacity| capacity.is_group())
                .map(Capacity::get),
            place: Place::public(event_type.locations.first()),
            hosts: Hosts::of(event_type, &page.hosts),
        }
    }
}

/// The guest's zone, and how far the host is.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct ZoneNote {
    name: String,
    /// Whether the link says it.
    chosen: bool,
    offset: String,
    now: String,
    /// The one host, when the clocks differ.
    host: Option<HostZone>,
    /// The hosts' zones, as shortcuts.
    shortcuts: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct HostZone {
    name: String,
    city: String,
    /// Minutes ahead of the guest.
    ahead: i32,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Kept {
    month: String,
    date: Option<String>,
    tz: Option<String>,
    clock: Option<String>,
}

impl Page for Booker {
    const TEMPLATE: &'static str = "pages/booker.html.j2";
}

/// What a link to the page can say.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Question {
    month: Option<String>,
    date: Option<String>,
    tz: Option<String>,
    clock: Option<String>,
    gone: Option<String>,
}

/// What the guest wants to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Wanted {
    month: Option<Month>,
    date: Option<NaiveDate>,
}

impl Wanted {
    fn new(question: &Question, today: NaiveDate) -> Self {
        let date = question
            .date
            .as_deref()
            .and_then(|text| text.parse::<NaiveDate>().ok())
            .filter(|date| *date >= today && Month::of(*date) <= Month::last_shown(today));
        let month = question
            .month
            .as_deref()
            .and_then(Month::parse)
            .map(|month| month.clamp_to_shown(today));
        // A date that the named month does not show brings its own.
        let month = match (month, date) {
            (Some(month), Some(date)) if !Sheet::new(month, today).contains(date) => {
                Some(Month::of(date))
            }
            (None, Some(date)) => Some(Month::of(date)),
            (month, _) => month,
        };
        Self { month, date }
    }
}

/// Everything a page is made of.
struct Sources<'a> {
    page: &'a EventTypePage,
    paths: &'a Paths,
    view: View,
    now: DateTime<Utc>,
    sheet: Sheet,
    date: Option<NaiveDate>,
    offers: Vec<Offer>,
    next_available: Option<DateTime<Utc>>,
    gone: Option<DateTime<Utc>>,
}

impl Booker {
    fn new(sources: &Sources<'_>) -> Self {
        let Sources {
            page, paths, view, ..
        } = sources;
        let zone = view.zone;
        let days = by_date(sources.offers.iter().copied(), zone);
        let date = sources
            .date
            .or_else(|| first_open_date(&days, sources.sheet.month));
        let here = paths.event(&page.workspace.slug, &page.event_type.slug);
        let kept = Kept {
            month: sources.sheet.month.to_string(),
            date: date.map(|date| date.to_string()),
            tz: view.zone_chosen.then(|| zone.name().to_owned()),
            clock: view.cycle_chosen.then(|| view.cycle.as_str().to_owned()),
        };
        Self {
            about: About::new(page, paths),
            zone: zone_note(sources.view, sources.now, &page.hosts),
            month: month_view(sources, &days, date, &here),
            times: times(sources, &days, date, &here),
            kept,
            details: paths.details(&page.workspace.slug, &page.event_type.slug),
            here,
            cycle: view.cycle,
            gone: sources
                .gone
                .filter(|gone| sources.offers.iter().all(|offer| offer.start != *gone))
                .map(|gone| clock_time(&gone.with_timezone(&zone), view.cycle)),
        }
    }
}

/// The first day with times: within the month if it has one, else within its sheet.
fn first_open_date(days: &BTreeMap<NaiveDate, Vec<Offer>>, month: Month) -> Option<NaiveDate> {
    days.keys()
        .find(|date| month.contains(**date))
        .or_else(|| days.keys().next())
        .copied()
}

/// A link to a month or day of this page, in the chosen zone and clock.
fn href(here: &str, view: View, month: Month, date: Option<NaiveDate>) -> String {
    let mut fields = vec![("month", month.to_string())];
    if let Some(date) = date {
        fields.push(("date", date.to_string()));
    }
    fields.extend(view.fields());
    let link = with_query(
        here,
        fields.iter().map(|(name, value)| (*name, value.as_str())),
    );
    if date.is_some() {
        // Without a script, a phone goes straight to the times.
        format!("{link}#times")
    } else {
        link
    }
}

fn zone_note(view: View, now: DateTime<Utc>, hosts: &[Person]) -> ZoneNote {
    let local = now.with_timezone(&view.zone);
    let host = match hosts {
        [host] => Some(host),
        _ => None,
    };
    let mut shortcuts: Vec<String> = Vec::new();
    for zone in hosts.iter().map(|host| host.timezone) {
        let name = zone.name().to_owned();
        if zone != view.zone && !shortcuts.contains(&name) && shortcuts.len() < 3 {
            shortcuts.push(name);
        }
    }
    ZoneNote {
        name: view.zone.name().to_owned(),
        chosen: view.zone_chosen,
        offset: offset(&local),
        now: clock_time(&local, view.cycle),
        host: host
            .map(|host| HostZone {
                name: first_name(host.name.as_str()).to_owned(),
                city: city(host.timezone),
                ahead: offset_minutes(&now.with_timezone(&host.timezone)) - offset_minutes(&local),
            })
            .filter(|host| host.ahead != 0),
        shortcuts,
    }
}

/// Shows the page.
pub(super) async fn show(
    app: web::Data<Scheduling>,
    state: web::Data<WebState>,
    path: web::Path<(String, String)>,
    request: HttpRequest,
) -> HttpResponse {
    let (workspace, event_type) = path.into_inner();
    state.answer(page(&app, &state, &workspace, &event_type, &request).await)
}

async fn page(
    app: &Scheduling,
    state: &WebState,
    workspace: &str,
    event_type: &str,
    request: &HttpRequest,
) -> Result<HttpResponse, PageError> {
    let page = find_page(app, state, workspace, event_type).await?;
    let question: Question = query(request);
    let view = View::new(
        question.tz.as_deref(),
        question.clock.as_deref(),
        accept_language(request),
        home_zone(&page),
    );
    let now = state.now();
    let today = now.with_timezone(&view.zone).date_naive();
    let wanted = Wanted::new(&question, today);
    let mut sheet = Sheet::new(wanted.month.unwrap_or(Month::of(today)), today);
    let mut found = find(app, &page, sheet, view.zone).await?;
    if wanted.month.is_none() {
        // The first month shown is that of the first time that can be booked.
        let first = found.slots.iter().next().map(|slot| slot.start);
        let month = first.or(found.next_available).map(|start| {
            Month::of(start.with_timezone(&view.zone).date_naive()).clamp_to_shown(today)
        });
        if let Some(month) = month.filter(|month| *month != sheet.month) {
            sheet = Sheet::new(month, today);
            found = find(app, &page, sheet, view.zone).await?;
        }
    }
    let booker = Booker::new(&Sources {
        page: &page,
        paths: state.paths(),
        view,
        now,
        sheet,
        date: wanted.date,
        offers: offers(&found),
        next_available: found.next_available,
        gone: question.gone.as_deref().and_then(parse_instant),
    });
    state.page(StatusCode::OK, &booker)
}

/// The zone of a page whose reader's zone is not known: the first host's.
pub(super) fn home_zone(page: &EventTypePage) -> Tz {
    page.hosts
        .first()
        .map_or(page.event_type.rules.timezone, |host| host.timezone)
}

/// The event type that an address names.
pub(super) async fn find_page(
    app: &Scheduling,
    state: &WebState,
    workspace: &str,
    event_type: &str,
) -> Result<EventTypePage, PageError> {
    let workspace: Slug = workspace.parse().map_err(|_no_slug| PageError::NOT_FOUND)?;
    let page = match event_type.parse::<Slug>() {
        Ok(event_type) => app.event_type_page(&workspace, &event_type).await,
        Err(_no_slug) => Err(FindError::NotFound),
    };
    match page {
        Ok(page) => Ok(page),
        // A wrong event type in a workspace that exists: its page is the way on.
        Err(FindError::NotFound) => Err(PageError::NotFound {
            landing: app
                .landing_page(&workspace)
                .await?
                .map(|landing| state.paths().landing(&landing.workspace.slug)),
        }),
        Err(FindError::Storage(error)) => Err(error.into()),
        Err(error @ FindError::Request(_)) => Err(PageError::Internal(error.into())),
    }
}

async fn find(
    app: &Scheduling,
    page: &EventTypePage,
    sheet: Sheet,
    zone: Tz,
) -> Result<FoundSlots, PageError> {
    let (from, to) = sheet.span(zone);
    find_between(app, page, from, to).await
}

/// The starts that are offered between two instants.
pub(super) async fn find_between(
    app: &Scheduling,
    page: &EventTypePage,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<FoundSlots, PageError> {
    let found = app
        .find_slots(&FindSlots {
            workspace: page.workspace.slug.clone(),
            event_type: page.event_type.slug.clone(),
            from,
            to,
        })
        .await;
    match found {
        Ok(found) => Ok(found),
        Err(FindError::NotFound) => Err(PageError::NOT_FOUND),
        Err(FindError::Storage(error)) => Err(error.into()),
        Err(error @ FindError::Request(_)) => Err(PageError::Internal(error.into())),
    }
}

fn offers(found: &FoundSlots) -> Vec<Offer> {
    found
        .slots
        .iter()
        .map(|slot| Offer {
            start: slot.start,
            seats_left: slot.seats_left,
        })
        .collect()
}

#[cfg(test)]
mod tests;
