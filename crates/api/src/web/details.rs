//! `/book/{workspace}/{event}/details`: who books, and booking.
//!
//! Choosing a time holds it for five minutes: the calendar's form is sent, not followed, and the answer leads to the form
//! with the hold. Looking at the form holds nothing. Whatever goes wrong, what was typed is kept.

mod form;
mod submission;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, Utc};
use scheduling_app::Scheduling;
use scheduling_app::availability::EventTypePage;
use scheduling_app::bookings::{BookError, BookSlot, Booked, HoldChangeError, HoldError, HoldSlot};
use scheduling_core::event_type::Questions;
use scheduling_core::hold::RenewError;
use scheduling_core::time::Length;
use serde::Serialize;

use super::alternatives::{Alternative, alternatives};
use super::booker::{About, Finder, find_page, home_zone, slug, with_fields};
use super::carry::Carry;
use super::fields::{Fields, SentForm};
use super::guest::View;
use super::held::{HeldSlot, HoldNote};
use super::links::{Paths, instant, parse_instant};
use super::onward::{onward, page_afterwards};
use super::templates::Page;
use super::wording::{city, clock_time, first_name, headline, offset, offset_minutes};
use super::{PageError, WebState, accept_language, is_passing, retry_later, see_other};
use crate::Kalends;
use crate::http::rate::RateClass;
use form::Form;
use submission::{Entry, FieldError, Parsed, of_form};

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
    TooMany { seconds: u64 },
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
    page: EventTypePage,
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
) -> Result<(EventTypePage, Carry, Option<DateTime<Utc>>), PageError> {
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

/// Holds a time and leads to the form; or shows the form again with another time, or with a longer hold.
pub(super) async fn choose(
    kalends: web::Data<Kalends>,
    state: web::Data<WebState>,
    path: Path,
    request: HttpRequest,
    form: SentForm,
) -> HttpResponse {
    state.answer(chosen(&kalends, &state, &path, &request, form).await)
}

async fn chosen(
    kalends: &Kalends,
    state: &WebState,
    path: &(String, String),
    request: &HttpRequest,
    form: SentForm,
) -> Result<HttpResponse, PageError> {
    state.require_own_form(request)?;
    let fields = Fields::of_form(form)?;
    let app = &kalends.scheduling;
    let (page, carry, start) = read(app, state, path, request, &fields).await?;
    let start = start.ok_or(PageError::Malformed)?;
    if !is_filled_in(&fields) {
        state.count(kalends, request)?;
        return from_the_calendar(kalends, state, request, &page, &carry, start).await;
    }
    let length = carry.length(&page.event_type);
    let mut sources = Sources {
        entry: Entry::new(&fields, Some(&page.event_type.form.questions)),
        held: HeldSlot::of_request(fields.get("hold"), request),
        page,
        carry,
        length,
        now: state.now(),
        start,
        idempotency_key: fields.text("idempotency_key").to_owned(),
    };
    if let Err(refused) = state.count(kalends, request) {
        return too_many(state, &sources, refused);
    }
    let is_other = fields.get("to").is_some();
    if is_other {
        sources.idempotency_key = state.idempotency_key();
    }
    let extended = match sources.own_hold() {
        Some(held) if fields.get("renew").is_some() => extend(app, held).await?,
        _ => None,
    };
    let (status, notice) = if let Some(held) = extended {
        sources.held = Some(held);
        (StatusCode::OK, None)
    } else {
        match take(
            kalends,
            request,
            &sources.page,
            &sources.carry,
            start,
            sources.held.as_ref(),
        )
        .await?
        {
            Ok(held) => {
                sources.held = held;
                let notice = match &sources.held {
                    _ if is_other => Some(Notice::Moved),
                    Some(_) => Some(Notice::HeldAgain),
                    None => None,
                };
                (StatusCode::OK, notice)
            }
            Err(refused) => {
                sources.held = None;
                refusal(state, &sources, refused)?
            }
        }
    };
    let details = Details::new(&sources, state.paths(), Vec::new(), notice);
    let mut response = respond(state, status, &sources.page, &details)?;
    remember(
        &mut response,
        kalends,
        state,
        &sources.page,
        sources.held.as_ref(),
    );
    if status == StatusCode::SERVICE_UNAVAILABLE {
        retry_later(&mut response);
    }
    Ok(response)
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

async fn from_the_calendar(
    kalends: &Kalends,
    state: &WebState,
    request: &HttpRequest,
    page: &EventTypePage,
    carry: &Carry,
    start: DateTime<Utc>,
) -> Result<HttpResponse, PageError> {
    let before = HeldSlot::of_request(None, request);
    let gone = || Ok(see_other(&times(state.paths(), page, carry, Some(start))));
    let held = match take(kalends, request, page, carry, start, before.as_ref()).await? {
        Ok(held) => held,
        Err(HoldError::Unavailable { .. }) => return gone(),
        Err(error) => return Err(error.into()),
    };
    let mut fields = vec![
        ("slot".to_owned(), instant(start)),
        ("tz".to_owned(), carry.view.zone.name().to_owned()),
        ("clock".to_owned(), carry.view.cycle.as_str().to_owned()),
    ];
    if let Some(held) = &held {
        fields.push(("hold".to_owned(), held.to_string()));
    }
    fields.extend(carry.more());
    let form = state.paths().details(&page.workspace.slug, slug(page));
    let mut response = see_other(&with_fields(&form, &fields));
    remember(&mut response, kalends, state, page, held.as_ref());
    Ok(response)
}

/// Holds a time. The one that was held before is given back, unless it is this very one. Who holds too many goes on
/// without: nobody shall keep a host's whole calendar for himself, but everybody can book.
async fn take(
    kalends: &Kalends,
    request: &HttpRequest,
    page: &EventTypePage,
    carry: &Carry,
    start: DateTime<Utc>,
    before: Option<&HeldSlot>,
) -> Result<Result<Option<HeldSlot>, HoldError>, PageError> {
    let app = &kalends.scheduling;
    let length = carry.length(&page.event_type);
    let own = before.map(|held| held.token.hash());
    if let Some(held) = before {
        let is_same =
            held.start == start && Some(held.end) == start.checked_add_signed(length.delta());
        if is_same && held.is_kept(kalends.clock.now()) {
            let finder = Finder::Link {
                app,
                page,
                own_hold: own,
            };
            if finder.offers(start, length).await? {
                return Ok(Ok(Some(held.clone())));
            }
        }
        match app.release_hold(&held.token).await {
            // It ran out, or became a booking.
            Ok(()) | Err(HoldChangeError::NotFound | HoldChangeError::Renew(_)) => {}
            Err(HoldChangeError::Storage(error)) => return Err(error.into()),
        }
    }
    if super::count(kalends, request, RateClass::Holds).is_err() {
        return Ok(Ok(None));
    }
    let Ok(place) = kalends.gate.enter().await else {
        let error = scheduling_core::ports::StorageError::Conflict;
        return Ok(Err(HoldError::Storage(error)));
    };
    let (workspace, event) = (page.workspace.slug.clone(), slug(page).clone());
    let command = HoldSlot {
        duration: carry.duration,
        ..HoldSlot::new(workspace, event, start)
    };
    let held = app.hold(&command).await;
    drop(place);
    Ok(held.map(|held| Some(HeldSlot::of(&held))))
}

/// Keeps a held time for longer; `None` when it was too late for that. One that was renewed before stays as it is.
async fn extend(app: &Scheduling, held: &HeldSlot) -> Result<Option<HeldSlot>, PageError> {
    match app.renew_hold(&held.token).await {
        Ok(longer) => Ok(Some(HeldSlot::with(held.token.clone(), &longer))),
        Err(HoldChangeError::Renew(RenewError::Renewed)) => Ok(Some(HeldSlot {
            renewed: true,
            ..held.clone()
        })),
        Err(HoldChangeError::NotFound | HoldChangeError::Renew(RenewError::Expired)) => Ok(None),
        Err(HoldChangeError::Storage(error)) => Err(error.into()),
    }
}

/// What the form says about a time that cannot be held.
fn refusal(
    state: &WebState,
    sources: &Sources,
    error: HoldError,
) -> Result<(StatusCode, Option<Notice>), PageError> {
    let taken = error.is_taken();
    match error {
        HoldError::Unavailable {
            alternatives: starts,
            ..
        } => {
            let notice = notice_of(&starts, sources, taken, false);
            Ok((StatusCode::CONFLICT, Some(notice)))
        }
        HoldError::Storage(error) if is_passing(&error) => {
            state.log(&error, "A time could not be held");
            Ok((StatusCode::SERVICE_UNAVAILABLE, Some(Notice::Unavailable)))
        }
        error => Err(error.into()),
    }
}

fn notice_of(starts: &[DateTime<Utc>], sources: &Sources, taken: bool, ran_out: bool) -> Notice {
    let alternatives = alternatives(starts, sources.start, sources.carry.view);
    match (taken, ran_out) {
        (_, true) => Notice::TooLate { alternatives },
        (true, false) => Notice::Taken { alternatives },
        (false, false) => Notice::Gone { alternatives },
    }
}

impl From<HoldError> for PageError {
    fn from(error: HoldError) -> Self {
        match error {
            HoldError::NotFound => Self::NOT_FOUND,
            HoldError::LinkEnded(ended) => Self::LinkEnded(ended),
            HoldError::Storage(error) => error.into(),
            // Durations are looked up first, and no form here names a key for a hold.
            HoldError::NoSuchDuration
            | HoldError::Unavailable { .. }
            | HoldError::Expired
            | HoldError::IdempotencyKeyReused => Self::Internal(error.into()),
        }
    }
}

/// The form again for who sent too many.
fn too_many(
    state: &WebState,
    sources: &Sources,
    refused: PageError,
) -> Result<HttpResponse, PageError> {
    let PageError::TooMany { seconds } = refused else {
        return Err(refused);
    };
    let notice = Some(Notice::TooMany { seconds });
    let details = Details::new(sources, state.paths(), Vec::new(), notice);
    let status = StatusCode::TOO_MANY_REQUESTS;
    let mut response = respond(state, status, &sources.page, &details)?;
    super::retry_after(&mut response, seconds);
    Ok(response)
}

/// Leads back to the times. A refused form stands at the address it was sent to, where a reader may ask for it again.
pub(super) async fn start_again(
    app: web::Data<Scheduling>,
    state: web::Data<WebState>,
    path: Path,
) -> HttpResponse {
    let found = find_page(&app, &state, &path.0, &path.1).await;
    let times = found.map(|page| see_other(&below(&state, &page)));
    state.answer(times)
}

/// Books, or shows the form again with what speaks against it.
pub(super) async fn book(
    kalends: web::Data<Kalends>,
    state: web::Data<WebState>,
    path: Path,
    request: HttpRequest,
    form: SentForm,
) -> HttpResponse {
    state.answer(submit(&kalends, &state, &path, &request, form).await)
}

async fn submit(
    kalends: &Kalends,
    state: &WebState,
    path: &(String, String),
    request: &HttpRequest,
    form: SentForm,
) -> Result<HttpResponse, PageError> {
    state.require_own_form(request)?;
    let fields = Fields::of_form(form)?;
    let (page, mut carry, start) = read_to_book(kalends, state, path, request, &fields).await?;
    // What a guest has typed is nothing for a link.
    carry.prefill.clear();
    let length = carry.length(&page.event_type);
    let mut sources = Sources {
        entry: Entry::new(&fields, Some(&page.event_type.form.questions)),
        held: HeldSlot::of_request(fields.get("hold"), request),
        page,
        carry,
        length,
        now: state.now(),
        start: start.ok_or(PageError::Malformed)?,
        idempotency_key: fields.text("idempotency_key").to_owned(),
    };
    if let Err(refused) = state.count(kalends, request) {
        return too_many(state, &sources, refused);
    }
    let again = |status, sources: &Sources, errors, notice| {
        let details = Details::new(sources, state.paths(), errors, notice);
        respond(state, status, &sources.page, &details)
    };
    // The key stays: if the booking was stored after all, sending again shows it.
    let unavailable = |sources: &Sources| {
        let notice = Some(Notice::Unavailable);
        let mut response = again(StatusCode::SERVICE_UNAVAILABLE, sources, Vec::new(), notice)?;
        retry_later(&mut response);
        Ok(response)
    };
    let parsed = match sources
        .entry
        .parse(&sources.page.event_type, sources.carry.view.zone)
    {
        Ok(parsed) => parsed,
        Err(errors) => return again(StatusCode::UNPROCESSABLE_ENTITY, &sources, errors, None),
    };
    let Ok(place) = kalends.gate.enter().await else {
        return unavailable(&sources);
    };
    let command = command(&sources, parsed);
    let (booked, ran_out) = book_with_or_without(&kalends.scheduling, command).await;
    drop(place);
    let error = match booked {
        Ok(booked) => return Ok(done(kalends, state, &sources, &booked)),
        Err(error) => error,
    };
    let taken = error.is_taken();
    match error {
        BookError::Unavailable {
            alternatives: starts,
            ..
        } => {
            let notice = Some(notice_of(&starts, &sources, taken, ran_out));
            again(StatusCode::CONFLICT, &sources, Vec::new(), notice)
        }
        BookError::Form(problems) => {
            let errors = of_form(&sources.page.event_type, &problems);
            again(StatusCode::UNPROCESSABLE_ENTITY, &sources, errors, None)
        }
        BookError::IdempotencyKeyReused => {
            sources.idempotency_key = state.idempotency_key();
            let notice = Some(Notice::Used);
            again(StatusCode::CONFLICT, &sources, Vec::new(), notice)
        }
        BookError::Storage(error) if is_passing(&error) => {
            state.log(&error, "A booking could not be stored");
            unavailable(&sources)
        }
        BookError::Storage(error) => Err(error.into()),
        BookError::LinkEnded(ended) => Err(PageError::LinkEnded(ended)),
        BookError::NotFound | BookError::Forbidden => Err(PageError::NOT_FOUND),
        // Holds are left out when they do not fit, and so are durations.
        BookError::NoSuchDuration | BookError::HoldExpired | BookError::HoldElsewhere => {
            Err(PageError::Internal(error.into()))
        }
    }
}

/// The same as [`read`]. A link that this very form has used up still leads to its booking.
async fn read_to_book(
    kalends: &Kalends,
    state: &WebState,
    path: &(String, String),
    request: &HttpRequest,
    fields: &Fields,
) -> Result<(EventTypePage, Carry, Option<DateTime<Utc>>), PageError> {
    let read = read(&kalends.scheduling, state, path, request, fields).await;
    let Err(PageError::LinkEnded(ended)) = read else {
        return read;
    };
    let Ok(link) = path.1.parse() else {
        return Err(PageError::LinkEnded(ended));
    };
    // Its own questions are not known here; what was answered is compared as it was sent.
    let mut event_type = ended.event_type.clone();
    event_type.form.questions = Questions::default();
    let page = EventTypePage {
        workspace: ended.workspace.clone(),
        event_type,
        link: None,
        hosts: Vec::new(),
    };
    let view = View::new(fields.get("tz"), fields.get("clock"), "", home_zone(&page));
    let carry = Carry::new(fields, view, &page.event_type);
    let start = parse_instant(fields.text("slot"));
    let mut sources = Sources {
        entry: Entry::new(fields, Some(&page.event_type.form.questions)),
        held: HeldSlot::of_request(fields.get("hold"), request),
        length: carry.length(&page.event_type),
        now: state.now(),
        start: start.ok_or(PageError::Malformed)?,
        idempotency_key: fields.text("idempotency_key").to_owned(),
        page,
        carry,
    };
    let zone = sources.carry.view.zone;
    if let Ok(parsed) = sources.entry.parse(&sources.page.event_type, zone) {
        sources.entry = Entry::new(fields, None);
        let command = BookSlot {
            event_type: link,
            ..command(&sources, parsed)
        };
        if let (Ok(booked), _) = book_with_or_without(&kalends.scheduling, command).await {
            let location = next_page(state, &sources, &booked);
            return Err(PageError::Elsewhere { location });
        }
    }
    Err(PageError::LinkEnded(ended))
}

fn command(sources: &Sources, parsed: Parsed) -> BookSlot {
    let Parsed {
        invitee,
        location,
        guests,
        note,
    } = parsed;
    BookSlot {
        duration: sources.carry.duration,
        guests,
        location,
        answers: sources.entry.answers.clone(),
        note,
        hold: sources.own_hold().map(|held| held.token.clone()),
        idempotency_key: sources.idempotency_key.parse().ok(),
        ..BookSlot::new(
            sources.page.workspace.slug.clone(),
            slug(&sources.page).clone(),
            sources.start,
            invitee,
        )
    }
}

/// Books with the hold. When it has run out, the time may still be free: then it is booked like any other, which is what
/// the guest asked for. Says too whether it had run out.
async fn book_with_or_without(
    app: &Scheduling,
    mut command: BookSlot,
) -> (Result<Booked, BookError>, bool) {
    let booked = app.book(&command).await;
    let ran_out = match &booked {
        Err(BookError::HoldExpired | BookError::HoldElsewhere) => true,
        // The form was sent before, and booked without the hold.
        Err(BookError::IdempotencyKeyReused) => command.hold.is_some(),
        _ => false,
    };
    if !ran_out {
        return (booked, false);
    }
    command.hold = None;
    (app.book(&command).await, true)
}

/// Where a guest goes who has booked.
fn next_page(state: &WebState, sources: &Sources, booked: &Booked) -> String {
    let own = || state.paths().manage(&booked.manage_token);
    onward(booked, &sources.page.hosts).unwrap_or_else(own)
}

fn done(kalends: &Kalends, state: &WebState, sources: &Sources, booked: &Booked) -> HttpResponse {
    let mut response = see_other(&next_page(state, sources, booked));
    remember(&mut response, kalends, state, &sources.page, None);
    response
}

#[cfg(test)]
mod tests;
