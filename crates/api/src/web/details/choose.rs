//! Choosing a time: it is held while the guest fills in the form.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, Utc};
use scheduling_app::Scheduling;
use scheduling_app::availability::EventTypePage;
use scheduling_app::bookings::{HoldChangeError, HoldError, HoldSlot};
use scheduling_core::hold::RenewError;

use super::submission::Entry;
use super::{
    Details, Notice, Path, Sources, is_filled_in, notice_of, read, remember, respond, times,
    too_many,
};
use crate::Kalends;
use crate::http::guests::Refused;
use crate::http::rate::RateClass;
use crate::web::booker::{Finder, slug, with_fields};
use crate::web::carry::Carry;
use crate::web::fields::{Fields, SentForm};
use crate::web::held::HeldSlot;
use crate::web::links::instant;
use crate::web::{PageError, WebState, count, is_passing, log, retry_later, see_other};

/// Holds a time and leads to the form; or shows the form again with another time, or with a longer hold.
pub(in crate::web) async fn choose(
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
        count(kalends, request, RateClass::Guests).await?;
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
    if let Err(refused) = count(kalends, request, RateClass::Guests).await {
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
                refusal(&sources, refused)?
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
    if count(kalends, request, RateClass::Holds).await.is_err() {
        return Ok(Ok(None));
    }
    let (workspace, event) = (page.workspace.slug.clone(), slug(page).clone());
    let command = HoldSlot {
        duration: carry.duration,
        ..HoldSlot::new(workspace, event, start)
    };
    match kalends.hold_as_guest(&command).await {
        Ok(held) => Ok(held.map(|held| Some(HeldSlot::of(&held)))),
        Err(Refused::TooMany { .. }) => Ok(Ok(None)),
        Err(Refused::Overloaded(_)) => {
            let error = scheduling_core::ports::StorageError::Conflict;
            Ok(Err(HoldError::Storage(error)))
        }
    }
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
fn refusal(sources: &Sources, error: HoldError) -> Result<(StatusCode, Option<Notice>), PageError> {
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
            log(&error, "A time could not be held");
            Ok((StatusCode::SERVICE_UNAVAILABLE, Some(Notice::Unavailable)))
        }
        error => Err(error.into()),
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
