//! `/book/{workspace}/{event}/details`: who books, and booking.
//!
//! Choosing a time holds it for five minutes: the calendar's form is sent, not followed, and the answer leads to the form
//! with the hold. Looking at the form holds nothing. Whatever goes wrong, what was typed is kept.

mod book;
mod choose;
mod form;
mod submission;

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, Utc};
use scheduling_app::Scheduling;
use scheduling_app::availability::EventTypePage;
use scheduling_core::time::Length;
use serde::Serialize;

use super::alternatives::{Alternative, alternatives};
use super::booker::{About, Finder, find_page, home_zone, slug, with_fields};
use super::carry::Carry;
use super::fields::Fields;
use super::guest::View;
use super::held::{HeldSlot, HoldNote};
use super::links::{Paths, instant, parse_instant};
use super::onward::page_afterwards;
use super::templates::Page;
use super::wording::{city, clock_time, first_name, headline, offset, offset_minutes};
use super::{PageError, TooMany, WebState, accept_language, see_other};
use crate::Kalends;
pub(super) use book::{book, start_again};
pub(super) use choose::choose;
use form::Form;
use submission::{Entry, FieldError};

/// The page's context.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Details {
    about: About,
    slot: ChosenSlot,
    form: Form,
    /// What needs another look, in the order of the fields.
    errors: Vec<FieldError>,
    notice: Option<Notice>,
    /// The hold that keeps the time.
    hold: Option<HoldNote>,
    /// Where the form goes.
    action: String,
    /// Where a form goes that only takes another time, or keeps this one for longer.
    move_action: String,
    /// The times of the chosen day.
    change: String,
    /// The duration, when it is not the default.
    duration: Option<u32>,
    idempotency_key: String,
}

/// The time that was chosen.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct ChosenSlot {
    value: String,
    date: String,
    start: String,
    end: String,
    zone: String,
    offset: String,
    clock: &'static str,
    /// The time for the one host, when the clocks differ.
    host: Option<HostTime>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct HostTime {
    name: String,
    city: String,
    time: String,
}

/// Why the form is shown again though the answers are fine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Notice {
    /// Somebody else was quicker.
    Taken { alternatives: Vec<Alternative> },
    /// The time can no longer be booked, for another reason.
    Gone { alternatives: Vec<Alternative> },
    /// The hold ran out, and then somebody else was quicker.
    TooLate { alternatives: Vec<Alternative> },
    /// The form was used for another booking.
    Used,
    /// The server cannot book at the moment.
    Unavailable,
    /// Too many forms came from there.
    TooMany { of: TooMany, seconds: u64 },
    /// Another time was chosen; the answers are kept.
    Moved,
    /// The hold had run out; the time was still free and is kept again.
    HeldAgain,
}

impl Page for Details {
    const TEMPLATE: &'static str = "pages/details.html.j2";
}

/// Everything a form is made of.
struct Sources {
    page: Arc<EventTypePage>,
    carry: Carry,
    length: Length,
    now: DateTime<Utc>,
    start: DateTime<Utc>,
    entry: Entry,
    held: Option<HeldSlot>,
    idempotency_key: String,
}

impl Sources {
    /// The hold, if it is for the chosen time.
    fn own_hold(&self) -> Option<&HeldSlot> {
        let end = self.start.checked_add_signed(self.length.delta());
        let held = self.held.as_ref();
        held.filter(|held| held.start == self.start && Some(held.end) == end)
    }
}

impl Details {
    fn new(
        sources: &Sources,
        paths: &Paths,
        errors: Vec<FieldError>,
        notice: Option<Notice>,
    ) -> Self {
        let Sources { page, carry, .. } = sources;
        let view = carry.view;
        let (workspace, event) = (&page.workspace.slug, slug(page));
        let local = sources.start.with_timezone(&view.zone);
        let today = sources.now.with_timezone(&view.zone).date_naive();
        let date = local.date_naive();
        let end = sources.start.checked_add_signed(sources.length.delta());
        let end = end.unwrap_or(sources.start).with_timezone(&view.zone);
        let host = match page.hosts.as_slice() {
            [host] => Some(host),
            _ => None,
        };
        let mut change = vec![
            ("date".to_owned(), date.to_string()),
            ("tz".to_owned(), view.zone.name().to_owned()),
            ("clock".to_owned(), view.cycle.as_str().to_owned()),
        ];
        change.extend(carry.more());
        Self {
            about: About::new(page, sources.length, paths),
            slot: ChosenSlot {
                value: instant(sources.start),
                date: headline(date, today),
                start: clock_time(&local, view.cycle),
                end: clock_time(&end, view.cycle),
                zone: view.zone.name().to_owned(),
                offset: offset(&local),
                clock: view.cycle.as_str(),
                host: host.and_then(|host| {
                    let there = local.with_timezone(&host.timezone);
                    (offset_minutes(&there) != offset_minutes(&local)).then(|| HostTime {
                        name: first_name(host.name.as_str()).to_owned(),
                        city: city(host.timezone),
                        time: clock_time(&there, view.cycle),
                    })
                }),
            },
            form: Form::new(&page.event_type, &sources.entry, &errors),
            errors,
            notice,
            hold: sources
                .own_hold()
                .map(|held| HoldNote::new(held, view, sources.now)),
            action: paths.bookings(workspace, event),
            move_action: paths.details(workspace, event),
            change: with_fields(&paths.event(workspace, event), &change),
            duration: carry.duration.map(Length::get),
            idempotency_key: sources.idempotency_key.clone(),
        }
    }
}

type Path = web::Path<(String, String)>;

/// A link or a form: its event type, its time, what was typed.
async fn read(
    app: &Scheduling,
    state: &WebState,
    (workspace, event): &(String, String),
    request: &HttpRequest,
    fields: &Fields,
) -> Result<(Arc<EventTypePage>, Carry, Option<DateTime<Utc>>), PageError> {
    let page = find_page(app, state, workspace, event).await?;
    let view = View::new(
        fields.get("tz"),
        fields.get("clock"),
        accept_language(request),
        home_zone(&page),
    );
    let mut carry = Carry::new(fields, view, &page.event_type);
    if is_filled_in(fields) {
        // What a guest has typed is nothing for a link.
        carry.prefill.clear();
    }
    let start = fields.get("to").unwrap_or(fields.text("slot"));
    Ok((page, carry, parse_instant(start)))
}

/// Whether it is the form itself: the calendar's has only a time, and what a link fills in.
fn is_filled_in(fields: &Fields) -> bool {
    ["idempotency_key", "to"]
        .iter()
        .any(|name| fields.get(name).is_some())
}

/// The calendar on the day of a time, which may be gone.
fn times(
    paths: &Paths,
    page: &EventTypePage,
    carry: &Carry,
    gone: Option<DateTime<Utc>>,
) -> String {
    let here = paths.event(&page.workspace.slug, slug(page));
    let mut fields = Vec::new();
    if let Some(gone) = gone {
        let date = gone.with_timezone(&carry.view.zone).date_naive();
        fields.push(("date".to_owned(), date.to_string()));
    }
    fields.push(("tz".to_owned(), carry.view.zone.name().to_owned()));
    fields.push(("clock".to_owned(), carry.view.cycle.as_str().to_owned()));
    fields.extend(carry.more());
    if let Some(gone) = gone {
        fields.push(("gone".to_owned(), instant(gone)));
    }
    with_fields(&here, &fields)
}

/// Shows the form, with what the link fills in.
pub(super) async fn show(
    app: web::Data<Scheduling>,
    state: web::Data<WebState>,
    path: Path,
    request: HttpRequest,
) -> HttpResponse {
    let shown = async {
        let fields = Fields::of_query(request.query_string());
        let (page, carry, start) = read(&app, &state, &path, &request, &fields).await?;
        let Some(start) = start else {
            let here = state.paths().event(&page.workspace.slug, slug(&page));
            return Ok(see_other(&here));
        };
        let length = carry.length(&page.event_type);
        let held = HeldSlot::of_request(fields.get("hold"), &request);
        let finder = Finder::Link {
            app: &app,
            page: &page,
            own_hold: held.as_ref().map(|held| held.token.hash()),
        };
        if !finder.offers(start, length).await? {
            // Somebody took it since the calendar was drawn: back to that day, which says so.
            return Ok(see_other(&times(state.paths(), &page, &carry, Some(start))));
        }
        let now = state.now();
        let sources = Sources {
            entry: Entry::new(&fields, Some(&page.event_type.form.questions)),
            held: held.filter(|held| held.is_kept(now)),
            page,
            carry,
            length,
            now,
            start,
            idempotency_key: state.idempotency_key(),
        };
        let details = Details::new(&sources, state.paths(), Vec::new(), None);
        respond(&state, StatusCode::OK, &sources.page, &details)
    };
    state.answer(shown.await)
}

/// The page. Its form may lead to the event type's own page afterwards, which browsers count as a target of the form.
fn respond(
    state: &WebState,
    status: StatusCode,
    page: &EventTypePage,
    details: &Details,
) -> Result<HttpResponse, PageError> {
    let target = page_afterwards(&page.event_type);
    state.private_page_leading_to(status, details, target.as_ref())
}

/// Remembers which time is held, if one is.
fn remember(
    response: &mut HttpResponse,
    kalends: &Kalends,
    state: &WebState,
    page: &EventTypePage,
    held: Option<&HeldSlot>,
) {
    let below = below(state, page);
    match held {
        Some(held) => held.remember(response, kalends.public_url(), &below),
        None => HeldSlot::forget(response, kalends.public_url(), &below),
    }
}

/// Where the pages of an event type stand, for the cookie.
fn below(state: &WebState, page: &EventTypePage) -> String {
    state.paths().event(&page.workspace.slug, slug(page))
}

fn notice_of(starts: &[DateTime<Utc>], sources: &Sources, taken: bool, ran_out: bool) -> Notice {
    let alternatives = alternatives(starts, sources.start, sources.carry.view);
    match (taken, ran_out) {
        (_, true) => Notice::TooLate { alternatives },
        (true, false) => Notice::Taken { alternatives },
        (false, false) => Notice::Gone { alternatives },
    }
}

/// The form again for who sent too many.
fn too_many(
    state: &WebState,
    sources: &Sources,
    refused: PageError,
) -> Result<HttpResponse, PageError> {
    let PageError::TooMany { of, seconds } = refused else {
        return Err(refused);
    };
    let notice = Some(Notice::TooMany { of, seconds });
    let details = Details::new(sources, state.paths(), Vec::new(), notice);
    let status = StatusCode::TOO_MANY_REQUESTS;
    let mut response = respond(state, status, &sources.page, &details)?;
    super::retry_after(&mut response, seconds);
    Ok(response)
}

#[cfg(test)]
mod tests;
