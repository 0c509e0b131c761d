//! Booking, or the form again with what speaks against it.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, Utc};
use scheduling_app::Scheduling;
use scheduling_app::availability::EventTypePage;
use scheduling_app::bookings::{BookError, BookSlot, Booked};
use scheduling_core::event_type::Questions;

use super::submission::{Entry, Parsed, of_form};
use super::{Details, Notice, Path, Sources, below, notice_of, read, remember, respond, too_many};
use crate::Kalends;
use crate::http::guests::Refused;
use crate::http::rate::RateClass;
use crate::web::booker::{find_page, home_zone, slug};
use crate::web::carry::Carry;
use crate::web::fields::{Fields, SentForm};
use crate::web::guest::View;
use crate::web::held::HeldSlot;
use crate::web::links::parse_instant;
use crate::web::onward::onward;
use crate::web::{PageError, WebState, count, is_passing, log, retry_later, see_other};

/// Leads back to the times. A refused form stands at the address it was sent to, where a reader may ask for it again.
pub(in crate::web) async fn start_again(
    app: web::Data<Scheduling>,
    state: web::Data<WebState>,
    path: Path,
) -> HttpResponse {
    let found = find_page(&app, &state, &path.0, &path.1).await;
    let times = found.map(|page| see_other(&below(&state, &page)));
    state.answer(times)
}

/// Books, or shows the form again with what speaks against it.
pub(in crate::web) async fn book(
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
    if let Err(refused) = count(kalends, request, RateClass::Guests).await {
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
    let command = command(&sources, parsed);
    let (booked, ran_out) = match book_with_or_without(kalends, command).await {
        Ok(booked) => booked,
        Err(Refused::Overloaded(_)) => return unavailable(&sources),
        Err(Refused::TooMany { subject, wait, .. }) => {
            return too_many(state, &sources, PageError::crowded(subject, wait));
        }
    };
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
            log(&error, "A booking could not be stored");
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
) -> Result<(Arc<EventTypePage>, Carry, Option<DateTime<Utc>>), PageError> {
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
        page: Arc::new(page),
        carry,
    };
    let zone = sources.carry.view.zone;
    if let Ok(parsed) = sources.entry.parse(&sources.page.event_type, zone) {
        sources.entry = Entry::new(fields, None);
        let command = BookSlot {
            event_type: link,
            ..command(&sources, parsed)
        };
        if let Ok((Ok(booked), _)) = book_with_or_without(kalends, command).await {
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
    kalends: &Kalends,
    mut command: BookSlot,
) -> Result<(Result<Booked, BookError>, bool), Refused> {
    let booked = kalends.book_as_guest(&command).await?;
    let ran_out = match &booked {
        Err(BookError::HoldExpired | BookError::HoldElsewhere) => true,
        // The form was sent before, and booked without the hold.
        Err(BookError::IdempotencyKeyReused) => command.hold.is_some(),
        _ => false,
    };
    if !ran_out {
        return Ok((booked, false));
    }
    command.hold = None;
    Ok((kalends.book_as_guest(&command).await?, true))
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
