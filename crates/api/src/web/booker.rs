//! `/book/{workspace}/{event}`: the calendar and the times of a day, in the reader's zone. The page that moves a booking
//! is the same one, with other times and another way on.

mod finder;
mod month;
mod times;

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use scheduling_app::Scheduling;
use scheduling_app::availability::{EventTypePage, FindError};
use scheduling_core::directory::Person;
use scheduling_core::event_type::Capacity;
use scheduling_core::text::Slug;
use scheduling_core::time::Length;
use serde::{Deserialize, Serialize};

use super::calendar::{Month, Offer, Sheet, by_date};
use super::carry::Carry;
use super::fields::Fields;
use super::guest::{HourCycle, View};
use super::held::HeldSlot;
use super::links::{Paths, parse_instant, with_query};
use super::look;
use super::people::Hosts;
use super::place::Place;
use super::templates::Page;
use super::wording::{city, clock_time, first_name, lasting, offset, offset_minutes, span};
use super::{PageError, WebState, accept_language, query};
pub(super) use finder::Finder;
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
    /// How long the meeting can be, when there is a choice.
    durations: Vec<DurationChoice>,
    /// Where choosing a time leads.
    choose: String,
    /// What is moved, when the page moves a booking.
    moving: Option<Moving>,
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
    /// The same in words.
    pub lasting: String,
    pub seats: Option<u32>,
    /// Where it can take place; the reader chooses when there are several.
    pub places: Vec<Place>,
    pub hosts: Hosts,
    /// Within which time a host answers, where one has to.
    pub approval: Option<String>,
    /// The style sheet of its colour.
    pub accent: Option<String>,
    /// The picture at its head.
    pub banner: Option<String>,
}

/// A duration to choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct DurationChoice {
    minutes: u32,
    label: String,
    chosen: bool,
}

/// A booking that is moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Moving {
    /// When it is, on the reader's clock: a short date and a time.
    pub former: String,
    /// Its own page.
    pub back: String,
    /// Whether a host must approve the new time.
    pub approval: bool,
}

impl About {
    pub(super) fn new(page: &EventTypePage, length: Length, paths: &Paths) -> Self {
        let event_type = &page.event_type;
        Self {
            title: event_type.title.to_string(),
            workspace: page.workspace.name.to_string(),
            landing: paths.landing(&page.workspace.slug),
            description: event_type.description.as_ref().map(ToString::to_string),
            minutes: length.get(),
            lasting: lasting(length.get()),
            seats: Some(event_type.rules.capacity)
                .filter(|capacity| capacity.is_group())
                .map(Capacity::get),
            places: event_type
                .locations
                .all()
                .iter()
                .map(Place::public)
                .collect(),
            hosts: Hosts::of(event_type, &page.hosts),
            approval: event_type
                .policy
                .approval
                .map(|approval| span(approval.answer_within.get())),
            accent: look::accent(event_type, paths),
            banner: look::banner(event_type, paths),
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
    /// The duration, and what the link fills into the form.
    more: Vec<(String, String)>,
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

/// What a page is about, and where it leads.
pub(super) struct Subject<'a> {
    pub page: &'a EventTypePage,
    pub paths: &'a Paths,
    /// The page itself, without a query.
    pub here: String,
    /// Where choosing a time leads.
    pub choose: String,
    /// Whom the reader meets: their distance is told.
    pub others: &'a [Person],
    /// The durations to choose from.
    pub durations: Vec<Length>,
    /// How long the meeting shall be.
    pub length: Length,
    pub moving: Option<Moving>,
}

/// Everything a page is made of.
struct Sources<'a> {
    subject: Subject<'a>,
    carry: Carry,
    now: DateTime<Utc>,
    sheet: Sheet,
    date: Option<NaiveDate>,
    offers: Vec<Offer>,
    next_available: Option<DateTime<Utc>>,
    gone: Option<DateTime<Utc>>,
}

impl Booker {
    fn new(sources: &Sources<'_>) -> Self {
        let Sources { subject, carry, .. } = sources;
        let view = carry.view;
        let zone = view.zone;
        let days = by_date(sources.offers.iter().copied(), zone);
        let date = sources
            .date
            .or_else(|| first_open_date(&days, sources.sheet.month));
        let kept = Kept {
            month: sources.sheet.month.to_string(),
            date: date.map(|date| date.to_string()),
            tz: view.zone_chosen.then(|| zone.name().to_owned()),
            clock: view.cycle_chosen.then(|| view.cycle.as_str().to_owned()),
            more: carry.more(),
        };
        let durations = match subject.durations.as_slice() {
            [] | [_] => Vec::new(),
            several => several
                .iter()
                .map(|duration| DurationChoice {
                    minutes: duration.get(),
                    label: lasting(duration.get()),
                    chosen: *duration == subject.length,
                })
                .collect(),
        };
        Self {
            about: About::new(subject.page, subject.length, subject.paths),
            zone: zone_note(view, sources.now, subject.others),
            month: month_view(sources, &days, date),
            times: times(sources, &days, date),
            kept,
            durations,
            choose: subject.choose.clone(),
            moving: subject.moving.clone(),
            here: subject.here.clone(),
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

/// A link to a month or day of this page, with all that the page carries along.
fn href(sources: &Sources<'_>, month: Month, date: Option<NaiveDate>) -> String {
    let mut fields = vec![("month".to_owned(), month.to_string())];
    if let Some(date) = date {
        fields.push(("date".to_owned(), date.to_string()));
    }
    fields.extend(sources.carry.fields());
    let link = with_fields(&sources.subject.here, &fields);
    if date.is_some() {
        // Without a script, a phone goes straight to the times.
        format!("{link}#times")
    } else {
        link
    }
}

/// An address with a query of these fields.
pub(super) fn with_fields(path: &str, fields: &[(String, String)]) -> String {
    let fields = fields.iter();
    with_query(
        path,
        fields.map(|(name, value)| (name.as_str(), value.as_str())),
    )
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
    let shown = async {
        let page = find_page(&app, &state, &workspace, &event_type).await?;
        let fields = Fields::of_query(request.query_string());
        let view = View::new(
            fields.get("tz"),
            fields.get("clock"),
            accept_language(&request),
            home_zone(&page),
        );
        let carry = Carry::new(&fields, view, &page.event_type);
        let paths = state.paths();
        let slug = slug(&page);
        let finder = Finder::Link {
            app: &app,
            page: &page,
            own_hold: HeldSlot::of_request(None, &request).map(|held| held.token.hash()),
        };
        let subject = Subject {
            page: &page,
            paths,
            here: paths.event(&page.workspace.slug, slug),
            choose: paths.details(&page.workspace.slug, slug),
            others: &page.hosts,
            durations: page.event_type.all_durations(),
            length: carry.length(&page.event_type),
            moving: None,
        };
        let booker = look(finder, subject, carry, &request, state.now()).await?;
        state.page(StatusCode::OK, &booker)
    };
    state.answer(shown.await)
}

/// The calendar as a link asks for it.
pub(super) async fn look(
    finder: Finder<'_>,
    subject: Subject<'_>,
    carry: Carry,
    request: &HttpRequest,
    now: DateTime<Utc>,
) -> Result<Booker, PageError> {
    let question: Question = query(request);
    let zone = carry.view.zone;
    let today = now.with_timezone(&zone).date_naive();
    let wanted = Wanted::new(&question, today);
    let mut sheet = Sheet::new(wanted.month.unwrap_or(Month::of(today)), today);
    let find = async |sheet: Sheet| {
        let (from, to) = sheet.span(zone);
        finder.between(from, to, subject.length).await
    };
    let mut found = find(sheet).await?;
    if wanted.month.is_none() {
        // The first month shown is that of the first time that can be booked.
        let first = found.offers.first().map(|offer| offer.start);
        let month = first
            .or(found.next_available)
            .map(|start| Month::of(start.with_timezone(&zone).date_naive()).clamp_to_shown(today));
        if let Some(month) = month.filter(|month| *month != sheet.month) {
            sheet = Sheet::new(month, today);
            found = find(sheet).await?;
        }
    }
    Ok(Booker::new(&Sources {
        subject,
        carry,
        now,
        sheet,
        date: wanted.date,
        offers: found.offers,
        next_available: found.next_available,
        gone: question.gone.as_deref().and_then(parse_instant),
    }))
}

/// The last part of a page's address: that of the further link which led to it, or the event type's own.
pub(super) fn slug(page: &EventTypePage) -> &Slug {
    page.link
        .as_ref()
        .map_or(&page.event_type.slug, |link| &link.slug)
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
) -> Result<Arc<EventTypePage>, PageError> {
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
        Err(error) => Err(error.into()),
    }
}

impl From<FindError> for PageError {
    fn from(error: FindError) -> Self {
        match error {
            FindError::NotFound => Self::NOT_FOUND,
            FindError::LinkEnded(ended) => Self::LinkEnded(ended),
            FindError::Storage(error) => error.into(),
            // What the pages ask for is within bounds, and durations are looked up first.
            FindError::NoSuchDuration | FindError::Request(_) => Self::Internal(error.into()),
        }
    }
}

#[cfg(test)]
mod tests;
