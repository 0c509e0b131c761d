//! `/book/{workspace}/{event}/details`: who books, and booking.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use scheduling_app::Scheduling;
use scheduling_app::availability::EventTypePage;
use scheduling_app::bookings::{BookError, BookSlot, InviteeDetails};
use scheduling_core::ports::StorageError;
use scheduling_core::text::{EmailAddress, Note, PersonName, TextError};
use serde::{Deserialize, Serialize};

use super::booker::{About, find_between, find_page, home_zone};
use super::guest::View;
use super::links::{Paths, instant, parse_instant, with_query};
use super::templates::Page;
use super::wording::{city, clock_time, first_name, headline, offset, offset_minutes};
use super::{PageError, WebState, accept_language, query, retry_later, see_other};
use crate::Kalends;

/// The page's context.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Details {
    about: About,
    slot: ChosenSlot,
    form: Answers,
    /// What needs another look, in the order of the fields.
    errors: Vec<FieldError>,
    /// The same, by field.
    problems: Problems,
    notice: Option<Notice>,
    /// Where the form goes.
    action: String,
    /// Where a form goes that only takes another time.
    move_action: String,
    /// The times of the chosen day.
    change: String,
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

/// What the guest typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
struct Answers {
    name: String,
    email: String,
    note: String,
}

/// A field that needs another look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
struct FieldError {
    field: Field,
    problem: Problem,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
struct Problems {
    name: Option<Problem>,
    email: Option<Problem>,
    note: Option<Problem>,
}

impl Problems {
    fn of(errors: &[FieldError]) -> Self {
        let find = |field| {
            let error = errors.iter().find(|error| error.field == field);
            error.map(|error| error.problem)
        };
        Self {
            name: find(Field::Name),
            email: find(Field::Email),
            note: find(Field::Note),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Field {
    Name,
    Email,
    Note,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Problem {
    Missing,
    TooLong,
    Wrong,
}

impl From<&TextError> for Problem {
    fn from(error: &TextError) -> Self {
        match error {
            TextError::Empty => Self::Missing,
            TextError::TooLong { .. } => Self::TooLong,
            TextError::ControlCharacter
            | TextError::NotASlug
            | TextError::NotAnAddress
            | TextError::NotAPhoneNumber
            | TextError::NotAWebAddress => Self::Wrong,
        }
    }
}

/// Why the form is shown again though the answers are fine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Notice {
    /// Somebody else was quicker.
    Taken { alternatives: Vec<Alternative> },
    /// The time can no longer be booked, for another reason.
    Gone { alternatives: Vec<Alternative> },
    /// The form was used for another booking.
    Used,
    /// The server cannot book at the moment.
    Unavailable,
    /// Another time was chosen; the answers are kept.
    Moved,
}

/// A time to book instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Alternative {
    value: String,
    /// "Wed 25 Nov", when it is on another day.
    date: Option<String>,
    time: String,
}

impl Page for Details {
    const TEMPLATE: &'static str = "pages/details.html.j2";
}

/// Everything a form is made of.
struct Sources {
    page: EventTypePage,
    view: View,
    now: DateTime<Utc>,
    start: DateTime<Utc>,
    answers: Answers,
    idempotency_key: String,
}

impl Details {
    fn new(
        sources: &Sources,
        paths: &Paths,
        errors: Vec<FieldError>,
        notice: Option<Notice>,
    ) -> Self {
        let Sources { page, view, .. } = sources;
        let (workspace, event_type) = (&page.workspace.slug, &page.event_type.slug);
        let local = sources.start.with_timezone(&view.zone);
        let today = sources.now.with_timezone(&view.zone).date_naive();
        let date = local.date_naive();
        let end = local + page.event_type.rules.duration.delta();
        let host = match page.hosts.as_slice() {
            [host] => Some(host),
            _ => None,
        };
        Self {
            about: About::new(page, paths),
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
            form: sources.answers.clone(),
            problems: Problems::of(&errors),
            errors,
            notice,
            action: paths.bookings(workspace, event_type),
            move_action: paths.details(workspace, event_type),
            change: with_query(
                &paths.event(workspace, event_type),
                [
                    ("date", date.to_string().as_str()),
                    ("tz", view.zone.name()),
                    ("clock", view.cycle.as_str()),
                ],
            ),
            idempotency_key: sources.idempotency_key.clone(),
        }
    }
}

fn alternatives(starts: &[DateTime<Utc>], wanted: DateTime<Utc>, view: View) -> Vec<Alternative> {
    let day = wanted.with_timezone(&view.zone).date_naive();
    starts
        .iter()
        .map(|start| {
            let local = start.with_timezone(&view.zone);
            Alternative {
                value: instant(*start),
                date: (local.date_naive() != day)
                    .then(|| super::wording::short_date(local.date_naive())),
                time: clock_time(&local, view.cycle),
            }
        })
        .collect()
}

/// What a link to the form says.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Question {
    slot: String,
    tz: Option<String>,
    clock: Option<String>,
}

/// What the form sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Submission {
    slot: String,
    tz: String,
    clock: String,
    name: String,
    email: String,
    note: String,
    idempotency_key: String,
    /// The time of the button that takes another one.
    to: Option<String>,
}

impl Submission {
    fn answers(&self) -> Answers {
        Answers {
            name: self.name.clone(),
            email: self.email.clone(),
            note: self.note.clone(),
        }
    }

    /// The answers as the domain has them, or every field that needs another look.
    fn parse(&self, timezone: Tz) -> Result<(InviteeDetails, Option<Note>), Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut complain = |field, error: &TextError| {
            errors.push(FieldError {
                field,
                problem: error.into(),
            });
        };
        let name = self.name.parse::<PersonName>();
        if let Err(error) = &name {
            complain(Field::Name, error);
        }
        let email = self.email.parse::<EmailAddress>();
        if let Err(error) = &email {
            complain(Field::Email, error);
        }
        let note = match self.note.parse::<Note>() {
            Ok(note) => Ok(Some(note)),
            Err(TextError::Empty) => Ok(None),
            Err(error) => Err(error),
        };
        if let Err(error) = &note {
            complain(Field::Note, error);
        }
        match (name, email, note) {
            (Ok(name), Ok(email), Ok(note)) => Ok((
                InviteeDetails {
                    name,
                    email,
                    timezone,
                },
                note,
            )),
            _ => Err(errors),
        }
    }
}

/// Shows the empty form.
pub(super) async fn show(
    app: web::Data<Scheduling>,
    state: web::Data<WebState>,
    path: web::Path<(String, String)>,
    request: HttpRequest,
) -> HttpResponse {
    state.answer(empty_form(&app, &state, &path, &request).await)
}

async fn empty_form(
    app: &Scheduling,
    state: &WebState,
    (workspace, event_type): &(String, String),
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
    let here = state
        .paths()
        .event(&page.workspace.slug, &page.event_type.slug);
    let Some(start) = parse_instant(&question.slot) else {
        return Ok(see_other(&here));
    };
    let until = start
        .checked_add_signed(TimeDelta::minutes(1))
        .ok_or(PageError::Malformed)?;
    let found = find_between(app, &page, start, until).await?;
    if found.slots.at(start).is_none() {
        // Somebody took it since the calendar was drawn: back to that day, which says so.
        let date = start.with_timezone(&view.zone).date_naive().to_string();
        let gone = instant(start);
        return Ok(see_other(&with_query(
            &here,
            [
                ("date", date.as_str()),
                ("tz", view.zone.name()),
                ("clock", view.cycle.as_str()),
                ("gone", gone.as_str()),
            ],
        )));
    }
    let sources = Sources {
        page,
        view,
        now: state.now(),
        start,
        answers: Answers::default(),
        idempotency_key: state.idempotency_key(),
    };
    // The reader's own browser may keep it: going back then finds what was typed, and the same key.
    state.page(
        StatusCode::OK,
        &Details::new(&sources, state.paths(), Vec::new(), None),
    )
}

type SentForm = Result<web::Form<Submission>, actix_web::Error>;

/// Reads a form that was sent: its event type, its time, its answers.
async fn read(
    app: &Scheduling,
    state: &WebState,
    (workspace, event_type): &(String, String),
    request: &HttpRequest,
    form: SentForm,
) -> Result<(Sources, Submission), PageError> {
    state.require_own_form(request)?;
    let submission = form
        .map_err(|_unreadable| PageError::Malformed)?
        .into_inner();
    let page = find_page(app, state, workspace, event_type).await?;
    let start = parse_instant(submission.to.as_ref().unwrap_or(&submission.slot))
        .ok_or(PageError::Malformed)?;
    let view = View::new(
        Some(&submission.tz),
        Some(&submission.clock),
        accept_language(request),
        home_zone(&page),
    );
    let sources = Sources {
        page,
        view,
        now: state.now(),
        start,
        answers: submission.answers(),
        idempotency_key: submission.idempotency_key.clone(),
    };
    Ok((sources, submission))
}

/// Shows the form for another time, with the answers it was sent with.
pub(super) async fn move_to_slot(
    app: web::Data<Scheduling>,
    state: web::Data<WebState>,
    path: web::Path<(String, String)>,
    request: HttpRequest,
    form: SentForm,
) -> HttpResponse {
    let moved = async {
        let (mut sources, _) = read(&app, &state, &path, &request, form).await?;
        sources.idempotency_key = state.idempotency_key();
        let details = Details::new(&sources, state.paths(), Vec::new(), Some(Notice::Moved));
        state.private_page(StatusCode::OK, &details)
    };
    state.answer(moved.await)
}

/// Leads back to the times. A refused form stands at the address it was sent to, where a reader may ask for it again.
pub(super) async fn start_again(
    app: web::Data<Scheduling>,
    state: web::Data<WebState>,
    path: web::Path<(String, String)>,
) -> HttpResponse {
    let found = find_page(&app, &state, &path.0, &path.1).await;
    let times = found.map(|page| {
        let (workspace, event_type) = (&page.workspace.slug, &page.event_type.slug);
        see_other(&state.paths().event(workspace, event_type))
    });
    state.answer(times)
}

/// Books, or shows the form again with what speaks against it.
pub(super) async fn book(
    kalends: web::Data<Kalends>,
    state: web::Data<WebState>,
    path: web::Path<(String, String)>,
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
    let app = &kalends.scheduling;
    let (mut sources, submission) = read(app, state, path, request, form).await?;
    let again = |status, sources: &Sources, errors, notice| {
        state.private_page(
            status,
            &Details::new(sources, state.paths(), errors, notice),
        )
    };
    // The key stays: if the booking was stored after all, sending again shows it.
    let unavailable = |sources: &Sources| {
        let notice = Some(Notice::Unavailable);
        let mut response = again(StatusCode::SERVICE_UNAVAILABLE, sources, Vec::new(), notice)?;
        retry_later(&mut response);
        Ok(response)
    };
    let (invitee, note) = match submission.parse(sources.view.zone) {
        Ok(parsed) => parsed,
        Err(errors) => {
            return again(StatusCode::UNPROCESSABLE_ENTITY, &sources, errors, None);
        }
    };
    let command = BookSlot {
        workspace: sources.page.workspace.slug.clone(),
        event_type: sources.page.event_type.slug.clone(),
        start: sources.start,
        invitee,
        note,
        idempotency_key: submission.idempotency_key.parse().ok(),
    };
    let Ok(place) = kalends.gate.enter().await else {
        return unavailable(&sources);
    };
    let booked = app.book(&command).await;
    drop(place);
    let error = match booked {
        Ok(booked) => return Ok(see_other(&state.paths().manage(&booked.manage_token))),
        Err(error) => error,
    };
    let taken = error.is_taken();
    match error {
        BookError::Unavailable {
            alternatives: starts,
            ..
        } => {
            let alternatives = alternatives(&starts, sources.start, sources.view);
            let notice = if taken {
                Notice::Taken { alternatives }
            } else {
                Notice::Gone { alternatives }
            };
            again(StatusCode::CONFLICT, &sources, Vec::new(), Some(notice))
        }
        BookError::IdempotencyKeyReused => {
            sources.idempotency_key = state.idempotency_key();
            again(
                StatusCode::CONFLICT,
                &sources,
                Vec::new(),
                Some(Notice::Used),
            )
        }
        BookError::Storage(error @ (StorageError::Unavailable(_) | StorageError::Conflict)) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "A booking could not be stored"
            );
            unavailable(&sources)
        }
        BookError::Storage(error) => Err(error.into()),
        BookError::NotFound => Err(PageError::NOT_FOUND),
    }
}

#[cfg(test)]
mod tests;
