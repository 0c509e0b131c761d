//! Booking, and what an invitee does with a booking by its manage token.

use std::collections::BTreeMap;

use actix_web::http::header;
use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse, get, post};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use scheduling_app::bookings::{
    BookSlot, BookingAccess, BookingDetails, CancelBooking, ChangeError, Changed, GuestDetails,
    InviteeDetails, RescheduleBooking,
};
use scheduling_app::idempotency::{IdempotencyKey, Idempotent};
use scheduling_app::{HoldToken, ManageToken};
use scheduling_core::booking::BookingStatus;
use scheduling_core::event_type::{LocationChoice, RawAnswer};
use scheduling_core::text::{Note, Slug};
use scheduling_core::time::Length;
use serde::Serialize;
use utoipa::ToSchema;

use super::holds;
use super::slots::{SlotsParams, SlotsQuery, SlotsView};
use crate::Kalends;
use crate::http::conditions::{self, Expected};
use crate::http::duration;
use crate::http::fields::{self, Errors, Fields, Item};
use crate::http::idempotency;
use crate::http::local_time::GivenTime;
use crate::http::problem::Problem;
use crate::rest::v1;
use crate::rest::v1::model::booking::BookingView;
use crate::rest::v1::model::location::{self, LocationChoiceRequest};
use crate::rest::v1::model::question;
use crate::rest::v1::refusals;
use crate::urls;

/// The largest number of guests that are read; how many may come, the event type says.
const MOST_GUESTS: usize = 100;

/// Who books, as a request gives it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct InviteeRequest {
    #[schema(example = "Ann Example", max_length = 120)]
    name: String,
    /// Where mails go.
    #[schema(example = "ann@example.org", max_length = 254)]
    email: String,
    /// The zone in which mails give times; `timezone` of the request when it is not given.
    #[schema(example = "Europe/Berlin")]
    timezone: Option<String>,
}

/// Somebody the invitee brings, as a request gives it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct GuestRequest {
    #[schema(example = "Bo Example", max_length = 120)]
    name: Option<String>,
    #[schema(example = "bo@example.org", max_length = 254)]
    email: String,
}

/// What is booked, and for whom.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::rest::v1) struct BookingRequest {
    /// A start that the slots endpoint lists: RFC 3339, or a local time of `timezone`.
    #[schema(example = "2026-11-24T09:00:00+01:00")]
    start: String,
    /// The zone of a local `start`, and the invitee's unless another is given.
    #[schema(example = "Europe/Berlin")]
    timezone: Option<String>,
    /// How long the meeting is to last; as long as by default when it is not given.
    #[schema(minimum = 5, maximum = 1440)]
    duration_minutes: Option<u32>,
    /// The same as ISO 8601 has it, such as `PT30M`.
    duration: Option<String>,
    invitee: InviteeRequest,
    /// Whom the invitee brings.
    guests: Option<Vec<GuestRequest>>,
    location: Option<LocationChoiceRequest>,
    /// The answers to the event type's questions, by their keys: texts, numbers, true or false, or lists of texts.
    #[schema(value_type = Option<Object>)]
    answers: Option<serde_json::Value>,
    /// What the invitee wants to say.
    #[schema(max_length = 4000)]
    note: Option<String>,
    /// The token of a hold that keeps the slot.
    hold: Option<String>,
}

/// Why something is done.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::rest::v1) struct ReasonRequest {
    #[schema(max_length = 4000)]
    reason: Option<String>,
}

/// Nothing: the body may be left out.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::rest::v1) struct NothingRequest {}

/// Where a booking moves.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::rest::v1) struct RescheduleRequest {
    /// The new start: RFC 3339, or a local time of `timezone`.
    #[schema(example = "2026-11-25T09:00:00+01:00")]
    start: String,
    /// The zone of a local `start`.
    #[schema(example = "Europe/Berlin")]
    timezone: Option<String>,
    /// How long it lasts from now on; as long as before when it is not given.
    #[schema(minimum = 5, maximum = 1440)]
    duration_minutes: Option<u32>,
    /// The same as ISO 8601 has it, such as `PT30M`.
    duration: Option<String>,
    #[schema(max_length = 4000)]
    reason: Option<String>,
    /// The token of a hold that keeps the new slot.
    hold: Option<String>,
}

/// A request to book, read and checked.
pub(in crate::rest::v1) struct AskedBooking {
    start: DateTime<Utc>,
    /// The zone of the request: alternatives are told in it.
    pub(in crate::rest::v1) zone: Tz,
    duration: Option<Length>,
    invitee: InviteeDetails,
    guests: Vec<GuestDetails>,
    location: LocationChoice,
    answers: BTreeMap<String, RawAnswer>,
    note: Option<Note>,
    hold: Option<HoldToken>,
    key: Option<IdempotencyKey>,
}

impl AskedBooking {
    /// Reads a request to book; what else stands in the body is taken out before.
    pub(in crate::rest::v1) fn read(
        request: &HttpRequest,
        mut fields: Fields,
        mut errors: Errors,
    ) -> Result<Self, Problem> {
        let key = idempotency::key(request, &mut errors);
        let zone_given = fields.has("timezone");
        let start = holds::start(&mut fields, &mut errors);
        let zone = start.as_ref().and_then(|(_, zone)| *zone);
        let duration = duration::of_body(&mut fields, &mut errors);
        let invitee = read_invitee(&mut fields, zone, zone_given, &mut errors);
        let guests = fields.list("guests", MOST_GUESTS, &mut errors, read_guest);
        let location = location::read_choice(&mut fields, &mut errors);
        let answers = question::read_answers(&mut fields, &mut errors);
        let note = fields.optional::<Note>("note", &mut errors);
        let hold = holds::token(&mut fields, &mut errors);
        fields.finish(&mut errors);
        errors.check_ref()?;
        let (Some((start, zone)), Some(invitee)) = (start, invitee) else {
            // Whatever is missing was noted above.
            return Err(errors.into_problem());
        };
        let zone = zone.unwrap_or(invitee.timezone);
        Ok(Self {
            start: start.instant(zone)?,
            zone: invitee.timezone,
            duration,
            invitee,
            guests: guests.unwrap_or_default(),
            location,
            answers,
            note,
            hold,
            key,
        })
    }

    /// As a command.
    pub(in crate::rest::v1) fn of(self, workspace: Slug, event_type: Slug) -> BookSlot {
        BookSlot {
            duration: self.duration,
            guests: self.guests,
            location: self.location,
            answers: self.answers,
            note: self.note,
            hold: self.hold,
            idempotency_key: self.key,
            ..BookSlot::new(workspace, event_type, self.start, self.invitee)
        }
    }
}

fn read_invitee(
    fields: &mut Fields,
    zone: Option<Tz>,
    zone_given: bool,
    errors: &mut Errors,
) -> Option<InviteeDetails> {
    let mut invitee = fields.required_object("invitee", errors)?;
    let name = invitee.required("name", errors);
    let email = invitee.required("email", errors);
    let own_given = invitee.has("timezone");
    let own = invitee.zone("timezone", errors);
    if !own_given && !zone_given {
        let detail = "is required where the request has no timezone";
        errors.add("/invitee/timezone", "required", detail);
    }
    invitee.finish(errors);
    Some(InviteeDetails {
        name: name?,
        email: email?,
        timezone: own.or(zone)?,
    })
}

fn read_guest(item: Item, errors: &mut Errors) -> Option<GuestDetails> {
    let mut fields = item.object(errors)?;
    let name = fields.optional("name", errors);
    let email = fields.required("email", errors);
    fields.finish(errors);
    Some(GuestDetails {
        name,
        email: email?,
    })
}

/// Book a start
///
/// Of any number of simultaneous requests for overlapping times of a host, exactly one succeeds. With an
/// `Idempotency-Key`, repeating the request within 24 hours answers the same booking again. Where the event type asks
/// for approval, the booking is `pending` at first.
#[utoipa::path(
    tag = "public",
    operation_id = "create_booking",
    request_body = BookingRequest,
    responses(
        (status = 201, body = BookingView, headers(
            ("Location" = String, description = "The booking"),
        )),
        (status = 409, description = "`slot-taken`, `limit-reached`"),
        (status = 410, description = "`hold-expired`, `link-expired`, `link-used-up`"),
        (status = 422, description = "`invalid-timezone`, `slot-outside-availability`, `notice-too-short`, `booking-window`, `nonexistent-local-time`, `ambiguous-local-time`"),
    )
)]
#[post("/public/{workspace}/event-types/{event}/bookings")]
pub(super) async fn create(
    request: HttpRequest,
    kalends: Data<Kalends>,
    path: Path<(String, String)>,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let workspace = v1::slug(&path.0, "event type")?;
    let event_type = v1::slug(&path.1, "event type")?;
    let fields = Fields::new("", fields::object(&request, &body)?);
    let asked = AskedBooking::read(&request, fields, Errors::default())?;
    let zone = asked.zone;
    let command = asked.of(workspace, event_type);
    let booked = kalends
        .book_as_guest(&command)
        .await?
        .map_err(|error| refusals::not_booked(error, zone))?;
    tracing::info!(booking.id = %booked.booking.id, replayed = booked.replayed, "Booked");
    let details = kalends.scheduling.booking_made(&command, &booked).await;
    let details = details.map_err(|error| refusals::done_unseen(&error))?;
    let token = booked.manage_token;
    let view = BookingView::of(&details, &token, kalends.clock.now(), &kalends);
    Ok(v1::created(
        urls::api_booking(&token.to_string()),
        Some(details.booking.version),
        booked.replayed,
        &view.with_token(&token),
    ))
}

/// Read a booking
#[utoipa::path(
    tag = "public",
    operation_id = "get_booking",
    responses(
        (status = 200, body = BookingView, headers(("ETag" = String, description = "The version"))),
        (status = 410, description = "`link-expired`"),
    )
)]
#[get("/public/bookings/{manage_token}")]
pub(super) async fn get(
    kalends: Data<Kalends>,
    token: Path<String>,
) -> Result<HttpResponse, Problem> {
    let token = manage_token(&token)?;
    Ok(present(
        &kalends,
        &details(&kalends, &token).await?,
        &token,
        false,
    ))
}

/// List the starts that a booking can move to
///
/// As for its event type; the booking's own time does not stand in its way.
#[utoipa::path(
    tag = "public",
    operation_id = "list_slots_for_booking",
    params(SlotsParams),
    responses(
        (status = 200, body = SlotsView),
        (status = 304, description = "`If-None-Match` names the present state"),
        (status = 403, description = "`change-not-allowed`"),
        (status = 409, description = "`cutoff-passed`, `transition-not-allowed`"),
        (status = 410, description = "`link-expired`"),
        (status = 422, description = "`invalid-timezone`, `nonexistent-local-time`, `ambiguous-local-time`"),
    )
)]
#[get("/public/bookings/{manage_token}/slots")]
pub(super) async fn slots(
    request: HttpRequest,
    kalends: Data<Kalends>,
    token: Path<String>,
) -> Result<HttpResponse, Problem> {
    let token = manage_token(&token)?;
    let asked = SlotsQuery::read(&request)?;
    let details = details(&kalends, &token).await?;
    let own = details.booking.invitee().map(|invitee| invitee.timezone);
    let zone = asked
        .zone
        .or(own)
        .unwrap_or(details.event_type.rules.timezone);
    let (from, to) = asked.range(zone, kalends.clock.now())?;
    let access = BookingAccess::Invitee(token);
    let found = kalends
        .scheduling
        .find_slots_for_move(&access, from, to, asked.duration)
        .await
        .map_err(|error| refusals::not_moved(error, zone))?;
    v1::revalidated(&request, &asked.present(&found.found, zone))
}

/// Move a booking
///
/// To another start, as the same booking. What asks for approval asks for it again.
#[utoipa::path(
    tag = "public",
    operation_id = "reschedule_booking",
    request_body = RescheduleRequest,
    responses(
        (status = 200, body = BookingView, headers(("ETag" = String, description = "The version"))),
        (status = 403, description = "`change-not-allowed`"),
        (status = 409, description = "`slot-taken`, `limit-reached`, `cutoff-passed`, `transition-not-allowed`"),
        (status = 410, description = "`hold-expired`, `link-expired`"),
        (status = 422, description = "`reason-required`, `invalid-timezone`, `slot-outside-availability`, `notice-too-short`, `booking-window`, `nonexistent-local-time`, `ambiguous-local-time`"),
    )
)]
#[post("/public/bookings/{manage_token}/reschedule")]
pub(super) async fn reschedule(
    request: HttpRequest,
    kalends: Data<Kalends>,
    token: Path<String>,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let token = manage_token(&token)?;
    let access = BookingAccess::Invitee(token.clone());
    let (command, zone) = read_move(&request, &kalends, access, &body, scope(&token)).await?;
    let moved = {
        let _place = kalends.gate.enter().await?;
        kalends.scheduling.reschedule(&command).await
    }
    .map_err(|error| refusals::not_moved(error, zone))?;
    tracing::info!(booking.id = %moved.booking.id, replayed = moved.replayed, "Moved");
    changed(&kalends, &command.access, &token, moved).await
}

/// Call a booking off
///
/// Repeating it changes nothing and answers the same. The body may be left out.
#[utoipa::path(
    tag = "public",
    operation_id = "cancel_booking",
    request_body = Option<ReasonRequest>,
    responses(
        (status = 200, body = BookingView, headers(("ETag" = String, description = "The version"))),
        (status = 403, description = "`change-not-allowed`"),
        (status = 409, description = "`cutoff-passed`, `transition-not-allowed`"),
        (status = 410, description = "`link-expired`"),
        (status = 422, description = "`reason-required`"),
    )
)]
#[post("/public/bookings/{manage_token}/cancel")]
pub(super) async fn cancel(
    request: HttpRequest,
    kalends: Data<Kalends>,
    token: Path<String>,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let token = manage_token(&token)?;
    let asked = AskedChange::read(&request, &body, scope(&token))?;
    let access = BookingAccess::Invitee(token.clone());
    let command = CancelBooking {
        expected: expected(&kalends, &access, &asked.expected).await?,
        reason: asked.reason,
        idempotency: asked.idempotency,
        access,
    };
    let cancelled = {
        let _place = kalends.gate.enter().await?;
        kalends.scheduling.cancel(&command).await
    };
    match cancelled {
        Ok(cancelled) => {
            tracing::info!(booking.id = %cancelled.booking.id, "Cancelled");
            changed(&kalends, &command.access, &token, cancelled).await
        }
        // Whoever repeats it gets what the first request got.
        Err(ChangeError::Transition(refused)) if refused.from == BookingStatus::Cancelled => Ok(
            present(&kalends, &details(&kalends, &token).await?, &token, false),
        ),
        Err(error) => Err(error.into()),
    }
}

fn manage_token(text: &str) -> Result<ManageToken, Problem> {
    text.parse()
        .map_err(|_no_token| Problem::not_found("booking"))
}

/// The idempotency keys of one manage link are its own.
fn scope(token: &ManageToken) -> String {
    format!("manage:{}", hex::encode(&token.hash()[..16]))
}

async fn details(kalends: &Kalends, token: &ManageToken) -> Result<BookingDetails, Problem> {
    let access = BookingAccess::Invitee(token.clone());
    Ok(kalends.scheduling.booking(&access).await?)
}

/// The booking as a change left it.
async fn changed(
    kalends: &Kalends,
    access: &BookingAccess,
    token: &ManageToken,
    changed: Changed,
) -> Result<HttpResponse, Problem> {
    let details = kalends
        .scheduling
        .booking_after(access, changed.booking)
        .await;
    let details = details.map_err(|error| refusals::done_unseen(&error))?;
    Ok(present(kalends, &details, token, changed.replayed))
}

/// A booking as its invitee sees it.
fn present(
    kalends: &Kalends,
    details: &BookingDetails,
    token: &ManageToken,
    replayed: bool,
) -> HttpResponse {
    let view = BookingView::of(details, token, kalends.clock.now(), kalends);
    let mut response = HttpResponse::Ok();
    if replayed {
        response.insert_header(("idempotency-replayed", "true"));
    }
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    conditions::versioned(response, details.booking.version, &view)
}

/// A request to change a booking that says no more than why.
pub(in crate::rest::v1) struct AskedChange {
    pub(in crate::rest::v1) reason: Option<Note>,
    pub(in crate::rest::v1) expected: Expected,
    pub(in crate::rest::v1) idempotency: Option<Idempotent>,
}

impl AskedChange {
    /// Reads one that may say why.
    pub(in crate::rest::v1) fn read(
        request: &HttpRequest,
        body: &Bytes,
        scope: String,
    ) -> Result<Self, Problem> {
        let mut errors = Errors::default();
        let mut fields = Fields::new("", fields::object_or_nothing(request, body)?);
        let reason = fields.optional::<Note>("reason", &mut errors);
        Self::finish(request, body, scope, reason, fields, errors)
    }

    /// Reads one that says nothing.
    pub(in crate::rest::v1) fn without_reason(
        request: &HttpRequest,
        body: &Bytes,
        scope: String,
    ) -> Result<Self, Problem> {
        let fields = Fields::new("", fields::object_or_nothing(request, body)?);
        Self::finish(request, body, scope, None, fields, Errors::default())
    }

    fn finish(
        request: &HttpRequest,
        body: &Bytes,
        scope: String,
        reason: Option<Note>,
        fields: Fields,
        mut errors: Errors,
    ) -> Result<Self, Problem> {
        fields.finish(&mut errors);
        let idempotency = idempotency::of(request, body, scope, &mut errors);
        errors.check()?;
        Ok(Self {
            reason,
            expected: Expected::of(request.headers()),
            idempotency,
        })
    }
}

/// The version that a change of a booking must find. Where several are named, the present one is looked up first.
pub(in crate::rest::v1) async fn expected(
    kalends: &Kalends,
    access: &BookingAccess,
    expected: &Expected,
) -> Result<Option<u32>, Problem> {
    match expected {
        Expected::Unsaid | Expected::Any => Ok(None),
        Expected::OneOf(versions) if versions.len() == 1 => Ok(Some(versions[0])),
        Expected::OneOf(_) => {
            let details = kalends.scheduling.booking(access).await?;
            expected.against(details.booking.version)
        }
    }
}

/// Reads where a booking moves, and the zone of the request.
pub(in crate::rest::v1) async fn read_move(
    request: &HttpRequest,
    kalends: &Kalends,
    access: BookingAccess,
    body: &Bytes,
    scope: String,
) -> Result<(RescheduleBooking, Tz), Problem> {
    let mut errors = Errors::default();
    let mut fields = Fields::new("", fields::object(request, body)?);
    let start = holds::start(&mut fields, &mut errors);
    let duration = duration::of_body(&mut fields, &mut errors);
    let reason = fields.optional::<Note>("reason", &mut errors);
    let hold = holds::token(&mut fields, &mut errors);
    fields.finish(&mut errors);
    let idempotency = idempotency::of(request, body, scope, &mut errors);
    errors.check_ref()?;
    let (start, zone): (GivenTime, Option<Tz>) = start.ok_or_else(|| errors.into_problem())?;
    let zone = zone.unwrap_or(Tz::UTC);
    let start = start.instant(zone)?;
    let expected = expected(kalends, &access, &Expected::of(request.headers())).await?;
    let command = RescheduleBooking {
        expected,
        duration,
        reason,
        hold,
        idempotency,
        ..RescheduleBooking::new(access, start)
    };
    Ok((command, zone))
}
