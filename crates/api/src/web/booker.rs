//! `/book/{workspace}/{event}`: the calendar and the times of a day, in the guest's zone.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, Datelike, NaiveDate, Timelike, Utc};
use chrono_tz::Tz;
use scheduling_app::Scheduling;
use scheduling_app::availability::{EventTypePage, FindError, FindSlots, FoundSlots};
use scheduling_core::directory::Person;
use scheduling_core::text::Slug;
use serde::{Deserialize, Serialize};

use super::calendar::{MarkHours, Month, Offer, Sheet, by_date, clock_change, mark};
use super::guest::{HourCycle, View};
use super::links::{Paths, instant, parse_instant, with_query};
use super::people::Hosts;
use super::place::Place;
use super::templates::Page;
use super::wording::{city, clock_time, first_name, full_date, offset, offset_minutes, short_date};
use super::{PageError, WebState, accept_language, query};

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
                .map(|capacity| capacity.get()),
            place: Place::public(&event_type.location),
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

#[derive(Debug, Clone, PartialEq, Serialize)]
struct MonthView {
    name: String,
    year: i32,
    previous: Option<String>,
    next: Option<String>,
    weeks: Vec<Vec<Day>>,
    mark: MarkView,
}

/// The scale of the daymarks.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct MarkView {
    from: u32,
    to: u32,
    width: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Day {
    date: String,
    number: u32,
    /// Its month's short name, on the first of a month.
    month: Option<String>,
    full: String,
    today: bool,
    selected: bool,
    times: usize,
    /// Where it leads, when times are open.
    href: Option<String>,
    mark: String,
}

/// The column of times.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Times {
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
struct DayTimes {
    date: String,
    short: String,
    full: String,
    count: usize,
    /// Minutes by which clocks go forward on this day, negative when they go back.
    clock_change: i32,
    parts: Vec<Part>,
}

/// A part of the day with its times.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Part {
    /// Not given when the day has few times.
    name: Option<PartOfDay>,
    slots: Vec<Slot>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum PartOfDay {
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
struct Slot {
    value: String,
    start: String,
    end: String,
    /// The offset, for a wall time that happens twice on this day.
    offset: Option<String>,
    seats_left: Option<u32>,
    /// How many days later it is for the hosts.
    host_days: i64,
    /// Whose day that is, when there is one host.
    host: Option<String>,
}

/// A day to go to instead.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Jump {
    href: String,
    /// "Wed 2 Dec", when the day is known.
    date: Option<String>,
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
            zone: zone_note(view, sources.now, &page.hosts),
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
fn href(here: &str, view: &View, month: Month, date: Option<NaiveDate>) -> String {
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

fn zone_note(view: &View, now: DateTime<Utc>, hosts: &[Person]) -> ZoneNote {
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

fn month_view(
    sources: &Sources<'_>,
    days: &BTreeMap<NaiveDate, Vec<Offer>>,
    selected: Option<NaiveDate>,
    here: &str,
) -> MonthView {
    let Sources { view, sheet, .. } = sources;
    let today = sources.now.with_timezone(&view.zone).date_naive();
    let length = sources.page.event_type.rules.duration.get();
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
                href: (!offers.is_empty()).then(|| href(here, view, sheet.month, Some(date))),
                mark: mark(offers, view.zone, length, hours),
            }
        })
        .collect();
    let go = |month: Month| href(here, view, month, None);
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

fn times(
    sources: &Sources<'_>,
    days: &BTreeMap<NaiveDate, Vec<Offer>>,
    selected: Option<NaiveDate>,
    here: &str,
) -> Times {
    let view = &sources.view;
    let today = sources.now.with_timezone(&view.zone).date_naive();
    let jump = |date: NaiveDate| Jump {
        href: href(here, view, Month::of(date), Some(date)),
        date: Some(short_date(date)),
    };
    let next_available = || {
        sources
            .next_available
            .map(|start| jump(start.with_timezone(&view.zone).date_naive()))
    };
    // Beyond the shown days only the page without a month knows.
    let from_the_start = || {
        let fields = view.fields();
        Jump {
            href: with_query(
                here,
                fields.iter().map(|(name, value)| (*name, value.as_str())),
            ),
            date: None,
        }
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
        parts: parts(offers, view, sources.page),
    })
}

/// How many times a day has before they stand under headings.
const FEW: usize = 5;

fn parts(offers: &[Offer], view: &View, page: &EventTypePage) -> Vec<Part> {
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
        let end = start.clone() + page.event_type.rules.duration.delta();
        let name = (offers.len() > FEW).then(|| PartOfDay::at(start.hour()));
        let slot = Slot {
            value: instant(offer.start),
            start: clock_time(&start, view.cycle),
            end: clock_time(&end, view.cycle),
            offset: twice.contains(&start.time()).then(|| offset(&start)),
            seats_left: offer.seats_left,
            host_days: host_days(&start, &page.hosts),
            host: match page.hosts.as_slice() {
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
fn host_days(start: &DateTime<Tz>, hosts: &[Person]) -> i64 {
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
impl Booker {
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        use tests::{Ask, booker};

        vec![
            ("single", booker(&Ask::default())),
            (
                "twelve-hours",
                booker(&Ask {
                    view: View {
                        cycle: HourCycle::H12,
                        cycle_chosen: true,
                        zone_chosen: false,
                        ..super::sample::view(Tz::America__Sao_Paulo)
                    },
                    ..Ask::default()
                }),
            ),
            (
                "team",
                booker(&Ask {
                    page: super::sample::rotating(),
                    date: Some("2026-11-26"),
                    ..Ask::default()
                }),
            ),
            (
                "seats",
                booker(&Ask {
                    page: super::sample::seats(),
                    offers: super::sample::offers()
                        .into_iter()
                        .zip((1..13).cycle())
                        .map(|(offer, seats)| Offer {
                            seats_left: Some(seats),
                            ..offer
                        })
                        .collect(),
                    view: super::sample::view(Tz::Pacific__Auckland),
                    ..Ask::default()
                }),
            ),
            (
                "taken",
                booker(&Ask {
                    date: Some("2026-11-24"),
                    gone: Some("2026-11-24T11:00:00Z"),
                    ..Ask::default()
                }),
            ),
            (
                "full-day",
                booker(&Ask {
                    date: Some("2026-11-27"),
                    ..Ask::default()
                }),
            ),
            (
                "full-month",
                booker(&Ask {
                    offers: Vec::new(),
                    next_available: Some("2026-12-22T09:00:00Z"),
                    ..Ask::default()
                }),
            ),
            (
                "nothing",
                booker(&Ask {
                    offers: Vec::new(),
                    ..Ask::default()
                }),
            ),
            (
                "hostile",
                booker(&Ask {
                    page: super::sample::hostile(),
                    ..Ask::default()
                }),
            ),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    /// What a page is asked for: by default, the first conversation from Lisbon.
    pub(super) struct Ask {
        pub page: EventTypePage,
        pub view: View,
        pub month: Option<&'static str>,
        pub date: Option<&'static str>,
        pub offers: Vec<Offer>,
        pub next_available: Option<&'static str>,
        pub gone: Option<&'static str>,
        pub now: DateTime<Utc>,
    }

    impl Default for Ask {
        fn default() -> Self {
            Self {
                page: sample::single(),
                view: sample::view(Tz::Europe__Lisbon),
                month: None,
                date: None,
                offers: sample::offers(),
                next_available: None,
                gone: None,
                now: sample::now(),
            }
        }
    }

    pub(super) fn booker(ask: &Ask) -> Booker {
        let today = ask.now.with_timezone(&ask.view.zone).date_naive();
        let question = Question {
            month: ask.month.map(str::to_owned),
            date: ask.date.map(str::to_owned),
            ..Question::default()
        };
        let wanted = Wanted::new(&question, today);
        Booker::new(&Sources {
            page: &ask.page,
            paths: &Paths::new(""),
            view: ask.view,
            now: ask.now,
            sheet: Sheet::new(wanted.month.unwrap_or(Month::of(today)), today),
            date: wanted.date,
            offers: ask.offers.clone(),
            next_available: ask.next_available.map(sample::at),
            gone: ask.gone.map(sample::at),
        })
    }

    fn offers(starts: &[&str]) -> Vec<Offer> {
        starts
            .iter()
            .map(|start| Offer {
                start: sample::at(start),
                seats_left: None,
            })
            .collect()
    }

    fn day(times: Times) -> DayTimes {
        match times {
            Times::Day(day) => day,
            other => panic!("{other:?}"),
        }
    }

    fn wanted(month: &str, date: &str) -> (Option<String>, Option<NaiveDate>) {
        let question = Question {
            month: Some(month.to_owned()),
            date: Some(date.to_owned()),
            ..Question::default()
        };
        let wanted = Wanted::new(&question, "2026-11-20".parse().unwrap());
        (wanted.month.map(|month| month.to_string()), wanted.date)
    }

    #[test]
    fn a_link_names_month_and_date_and_nonsense_is_left_out() {
        let date = |text: &str| text.parse::<NaiveDate>().ok();
        assert_eq!(
            wanted("2026-11", "2026-11-24"),
            (Some("2026-11".to_owned()), date("2026-11-24"))
        );
        // A day that the month's sheet shows at its end stays on that sheet; others bring their month.
        assert_eq!(
            wanted("2026-11", "2026-12-02"),
            (Some("2026-11".to_owned()), date("2026-12-02"))
        );
        assert_eq!(
            wanted("2026-11", "2027-02-02"),
            (Some("2027-02".to_owned()), date("2027-02-02"))
        );
        assert_eq!(wanted("0000-00", "2026-02-30"), (None, None));
        assert_eq!(
            wanted("1999-01", "1999-01-01"),
            (Some("2026-11".to_owned()), None)
        );
        assert_eq!(wanted("", "+262143-12-31"), (None, None));
    }

    #[test]
    fn the_first_open_day_is_chosen_and_its_times_stand_in_parts() {
        let booker = booker(&Ask::default());
        assert_eq!(booker.kept.date.as_deref(), Some("2026-11-23"));
        let day = day(booker.times);
        assert_eq!((day.short.as_str(), day.count), ("Mon 23 Nov", 5));
        assert_eq!(day.parts.len(), 1, "few times need no headings");
        assert_eq!(day.parts[0].slots[0].value, "2026-11-23T14:00:00Z");
        assert_eq!(day.parts[0].slots[0].end, "14:30");
    }

    #[test]
    fn many_times_stand_under_morning_and_afternoon() {
        let day = day(booker(&Ask {
            date: Some("2026-11-24"),
            ..Ask::default()
        })
        .times);
        let parts: Vec<_> = day
            .parts
            .iter()
            .map(|part| (part.name, part.slots.len()))
            .collect();
        assert_eq!(
            parts,
            [
                (Some(PartOfDay::Morning), 3),
                (Some(PartOfDay::Afternoon), 5)
            ]
        );
    }

    #[test]
    fn links_keep_what_was_chosen_and_only_that() {
        let chosen = booker(&Ask::default());
        let day = chosen.month.weeks[1][1].clone();
        assert_eq!(
            day.href.as_deref(),
            Some(
                "/book/northwind/first-conversation?month=2026-11&date=2026-11-24&tz=Europe%2FLisbon#times"
            )
        );
        let guessed = booker(&Ask {
            view: View {
                zone_chosen: false,
                ..sample::view(Tz::Europe__Lisbon)
            },
            ..Ask::default()
        });
        assert_eq!(
            guessed.month.next.as_deref(),
            Some("/book/northwind/first-conversation?month=2026-12")
        );
        assert_eq!(guessed.month.previous, None);
    }

    #[test]
    fn the_next_day_for_the_host_is_said() {
        let tokyo = EventTypePage {
            hosts: vec![sample::person(9, "Aiko Mori", Tz::Asia__Tokyo)],
            ..sample::single()
        };
        let evening = Ask {
            page: tokyo,
            view: sample::view(Tz::America__New_York),
            offers: offers(&["2026-11-24T14:30:00Z", "2026-11-24T23:00:00Z"]),
            ..Ask::default()
        };
        let day = day(booker(&evening).times);
        let slots = &day.parts[0].slots;
        assert_eq!((slots[0].start.as_str(), slots[0].host_days), ("09:30", 0));
        assert_eq!((slots[1].start.as_str(), slots[1].host_days), ("18:00", 1));
        assert_eq!(slots[1].host.as_deref(), Some("Aiko"));
    }

    #[test]
    fn hosts_on_different_dates_get_no_day_of_their_own() {
        let page = sample::rotating();
        let start = sample::at("2026-11-24T23:30:00Z").with_timezone(&Tz::Europe__Lisbon);
        assert_eq!(host_days(&start, &page.hosts), 0);
        assert_eq!(host_days(&start, &[sample::mara()]), 1);
        assert_eq!(host_days(&start, &[]), 0);
    }

    #[test]
    fn an_hour_that_comes_twice_is_told_apart_by_its_offset() {
        let berlin = Ask {
            view: sample::view(Tz::Europe__Berlin),
            now: sample::at("2026-10-20T10:00:00Z"),
            offers: offers(&[
                "2026-10-25T00:30:00Z",
                "2026-10-25T01:30:00Z",
                "2026-10-25T02:30:00Z",
            ]),
            ..Ask::default()
        };
        let day = day(booker(&berlin).times);
        assert_eq!(day.clock_change, -60);
        let slots: Vec<_> = day.parts[0]
            .slots
            .iter()
            .map(|slot| (slot.start.as_str(), slot.offset.as_deref()))
            .collect();
        assert_eq!(
            slots,
            [
                ("02:30", Some("GMT+2")),
                ("02:30", Some("GMT+1")),
                ("03:30", None)
            ]
        );
    }

    #[test]
    fn an_empty_month_leads_to_the_next_time_and_an_empty_calendar_says_so() {
        let empty = |month, next_available| {
            booker(&Ask {
                month,
                next_available,
                offers: Vec::new(),
                ..Ask::default()
            })
            .times
        };
        let Times::FullMonth {
            month,
            next: Some(next),
        } = empty(None, Some("2027-01-05T09:00:00Z"))
        else {
            panic!("a month without times leads on");
        };
        assert_eq!(
            (month.as_str(), next.date.as_deref()),
            ("November", Some("Tue 5 Jan"))
        );
        assert!(
            next.href.contains("month=2027-01&date=2027-01-05"),
            "{}",
            next.href
        );
        assert_eq!(empty(None, None), Times::Nothing);
        // A later month knows nothing of earlier ones: the page without a month does.
        let Times::FullMonth {
            next: Some(next), ..
        } = empty(Some("2027-06"), None)
        else {
            panic!("a later month leads back");
        };
        assert_eq!(
            next.href,
            "/book/northwind/first-conversation?tz=Europe%2FLisbon"
        );
    }

    #[test]
    fn a_full_day_leads_to_the_next_open_one() {
        let full = booker(&Ask {
            date: Some("2026-11-27"),
            ..Ask::default()
        });
        let Times::FullDay {
            full,
            next: Some(next),
        } = full.times
        else {
            panic!("nothing is open on the 27th");
        };
        assert_eq!(full, "Friday 27 November 2026");
        assert_eq!(next.date.as_deref(), Some("Mon 30 Nov"));
    }

    #[test]
    fn a_time_that_is_offered_is_not_called_gone() {
        let gone = |gone| {
            booker(&Ask {
                gone: Some(gone),
                ..Ask::default()
            })
            .gone
        };
        assert_eq!(gone("2026-11-24T11:00:00Z").as_deref(), Some("11:00"));
        assert_eq!(gone("2026-11-24T14:00:00Z"), None);
    }

    #[test]
    fn the_hosts_distance_is_told_only_where_clocks_differ() {
        let ahead = |zone| {
            booker(&Ask {
                view: sample::view(zone),
                ..Ask::default()
            })
            .zone
            .host
            .map(|host| host.ahead)
        };
        assert_eq!(ahead(Tz::Europe__Lisbon), Some(60));
        assert_eq!(ahead(Tz::Asia__Kolkata), Some(-270));
        assert_eq!(ahead(Tz::Europe__Paris), None);
    }

    #[test]
    fn every_day_of_the_sheet_is_there_and_only_open_ones_lead_on() {
        let booker = booker(&Ask::default());
        assert_eq!(booker.month.weeks.len(), 5);
        assert!(booker.month.weeks.iter().all(|week| week.len() == 7));
        let days: Vec<_> = booker.month.weeks.concat();
        assert!(days.iter().all(|day| day.href.is_some() == (day.times > 0)));
        assert_eq!(days.iter().filter(|day| day.today).count(), 1);
        assert_eq!(days.iter().filter(|day| day.selected).count(), 1);
        assert_eq!(
            days.iter().find_map(|day| day.month.as_deref()),
            Some("Dec")
        );
    }
}
