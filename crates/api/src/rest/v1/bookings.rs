//! Booking, reading a booking, calling it off.

use actix_web::http::header;
use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse, get, post};
use chrono::{DateTime, Utc};
use scheduling_app::ManageToken;
use scheduling_app::bookings::{
    BookError, BookSlot, BookingDetails, CancelBooking, CancelError, IdempotencyKey, InviteeDetails,
};
use scheduling_core::booking::{BookingState, BookingStatus};
use scheduling_core::ports::Links as _;
use scheduling_core::slots::Unavailability;
use scheduling_core::text::Note;
use serde::Serialize;
use utoipa::ToSchema;

use super::event_types::{HostView, LocationView};
use crate::Kalends;
use crate::http::fields::{self, Errors, Fields};
use crate::http::ids::WireId as _;
use crate::http::local_time::{GivenTime, in_zone};
use crate::http::problem::{Problem, ProblemBody, ProblemKind};
use crate::urls;

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

/// What is booked, and for whom.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BookingRequest {
    /// A start that the slots endpoint lists: RFC 3339, or a local time of `timezone`.
    #[schema(example = "2026-11-24T09:00:00+01:00")]
    start: String,
    /// The zone of a local `start`, and the invitee's unless another is given.
    #[schema(example = "Europe/Berlin")]
    timezone: Option<String>,
    invitee: InviteeRequest,
    /// What the invitee wants to say.
    #[schema(max_length = 4000)]
    note: Option<String>,
}

/// Why a booking is called off.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CancellationRequest {
    #[schema(max_length = 4000)]
    reason: Option<String>,
}

/// Who booked.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Invitee)]
pub(super) struct InviteeView {
    name: String,
    email: String,
    timezone: String,
}

/// The event type of a booking.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BookedEventType)]
pub(super) struct BookedEventTypeView {
    #[schema(example = "et_0190b0c47d5e70008000000000000001")]
    id: String,
    slug: String,
    title: String,
}

/// Where a booking is in its life.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BookingStatus)]
#[serde(rename_all = "snake_case")]
pub(super) enum StatusView {
    /// It waits for something.
    Pending,
    /// It takes place.
    Confirmed,
    /// It took place.
    Completed,
    /// A host refused it.
    Declined,
    /// It was called off.
    Cancelled,
    /// The invitee did not come.
    NoShow,
    /// It gave up waiting.
    Expired,
}

impl From<BookingStatus> for StatusView {
    fn from(status: BookingStatus) -> Self {
        match status {
            BookingStatus::Pending => Self::Pending,
            BookingStatus::Confirmed => Self::Confirmed,
            BookingStatus::Completed => Self::Completed,
            BookingStatus::Declined => Self::Declined,
            BookingStatus::Cancelled => Self::Cancelled,
            BookingStatus::NoShow => Self::NoShow,
            BookingStatus::Expired => Self::Expired,
        }
    }
}

/// A booking, as its invitee sees it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Booking)]
pub(super) struct BookingView {
    #[schema(example = "bk_0190b0c47d5e70008000000000000001")]
    id: String,
    status: StatusView,
    /// The workspace's slug.
    workspace: String,
    event_type: BookedEventTypeView,
    /// With the invitee's offset.
    #[schema(example = "2026-11-24T09:00:00+01:00")]
    start: String,
    end: String,
    /// The invitee's zone.
    timezone: String,
    duration_minutes: i64,
    location: LocationView,
    hosts: Vec<HostView>,
    invitee: Option<InviteeView>,
    note: Option<String>,
    /// Why it was called off, where somebody said so.
    cancellation_reason: Option<String>,
    created_at: String,
    updated_at: String,
    /// The secret that opens the booking; given once, in the answer to the request that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    manage_token: Option<String>,
    /// The page on which the invitee sees the booking.
    manage_url: String,
    /// The page on which the invitee calls it off.
    cancel_url: String,
}

impl BookingView {
    fn of(details: &BookingDetails, token: &ManageToken, now: DateTime<Utc>, k: &Kalends) -> Self {
        let booking = &details.booking;
        let invitee = booking.invitee();
        let zone = invitee.map_or(details.event_type.rules.timezone, |i| i.timezone);
        let (start, end) = (booking.interval.start(), booking.interval.end());
        let token = token.to_string();
        Self {
            id: booking.id.wire(),
            status: booking.state.status(end, now).into(),
            workspace: details.workspace.slug.to_string(),
            event_type: BookedEventTypeView {
                id: details.event_type.id.wire(),
                slug: details.event_type.slug.to_string(),
                title: details.event_type.title.to_string(),
            },
            start: in_zone(start, zone),
            end: in_zone(end, zone),
            timezone: zone.name().to_owned(),
            duration_minutes: booking.interval.length().num_minutes(),
            location: LocationView::of(&details.event_type.location),
            hosts: details.hosts.iter().map(HostView::of).collect(),
            invitee: invitee.map(|invitee| InviteeView {
                name: invitee.name.to_string(),
                email: invitee.email.to_string(),
                timezone: invitee.timezone.name().to_owned(),
            }),
            note: booking.note.as_ref().map(ToString::to_string),
            cancellation_reason: match &booking.state {
                BookingState::Cancelled { reason, .. } => reason.as_ref().map(ToString::to_string),
                _ => None,
            },
            created_at: in_zone(booking.created_at, chrono_tz::UTC),
            updated_at: in_zone(booking.updated_at, chrono_tz::UTC),
            manage_token: None,
            manage_url: k.urls.manage_booking(&token),
            cancel_url: k.urls.cancel_booking(&token),
        }
    }
}

/// Book a start
///
/// Of any number of simultaneous requests for overlapping times of a host, exactly one succeeds. With an
/// `Idempotency-Key`, repeating the request within 24 hours answers the same booking again.
#[utoipa::path(
    tag = "public",
    operation_id = "create_booking",
    params(
        ("workspace" = String, Path, description = "The workspace's slug"),
        ("event" = String, Path, description = "The event type's slug"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters, bare or as a quoted string"),
    ),
    request_body = BookingRequest,
    responses(
        (status = 201, body = BookingView, headers(
            ("Location" = String, description = "The booking"),
            ("Idempotency-Replayed" = String, description = "`true` when an earlier request with the same key made it"),
        )),
        (status = 400, body = ProblemBody, content_type = "application/problem+json", description = "`malformed-body`"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json", description = "`not-found`"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json", description = "`slot-taken`, `limit-reached`"),
        (status = 413, body = ProblemBody, content_type = "application/problem+json", description = "`payload-too-large`"),
        (status = 415, body = ProblemBody, content_type = "application/problem+json", description = "`unsupported-media-type`"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json", description = "`validation`, `invalid-timezone`, `slot-outside-availability`, `notice-too-short`, `booking-window`, `nonexistent-local-time`, `ambiguous-local-time`, `idempotency-key-reused`"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json", description = "`unavailable`"),
    )
)]
#[post("/public/{workspace}/event-types/{event}/bookings")]
pub(super) async fn create(
    request: HttpRequest,
    kalends: Data<Kalends>,
    path: Path<(String, String)>,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let (workspace, event_type) = (super::slug(&path.0)?, super::slug(&path.1)?);
    let mut errors = Errors::default();
    let idempotency_key = idempotency_key(&request, &mut errors);
    let asked = Asked::read(&request, &body, errors)?;
    let command = BookSlot {
        workspace,
        event_type,
        start: asked.start,
        invitee: asked.invitee,
        note: asked.note,
        idempotency_key,
    };
    let booked = {
        let _place = kalends.gate.enter().await?;
        kalends.scheduling.book(&command).await
    }
    .map_err(|error| not_booked(error, command.invitee.timezone))?;
    let details = details(&kalends, &booked.manage_token).await?;
    let mut view = BookingView::of(
        &details,
        &booked.manage_token,
        kalends.clock.now(),
        &kalends,
    );
    let token = booked.manage_token.to_string();
    let mut response = HttpResponse::Created();
    response
        .insert_header((header::LOCATION, urls::api_booking(&token)))
        .insert_header((header::CACHE_CONTROL, "no-store"));
    if booked.replayed {
        response.insert_header(("idempotency-replayed", "true"));
    }
    view.manage_token = Some(token);
    tracing::info!(booking.id = %booked.booking.id, replayed = booked.replayed, "Booked");
    Ok(response.json(view))
}

/// Read a booking
#[utoipa::path(
    tag = "public",
    operation_id = "get_booking",
    params(("token" = String, Path, description = "The manage token")),
    responses(
        (status = 200, body = BookingView),
        (status = 404, body = ProblemBody, content_type = "application/problem+json", description = "`not-found`"),
    )
)]
#[get("/public/bookings/{token}")]
pub(super) async fn get(
    kalends: Data<Kalends>,
    token: Path<String>,
) -> Result<HttpResponse, Problem> {
    let token = manage_token(&token)?;
    let details = details(&kalends, &token).await?;
    Ok(private(&BookingView::of(
        &details,
        &token,
        kalends.clock.now(),
        &kalends,
    )))
}

/// Call a booking off
///
/// Repeating it changes nothing and answers the same. The body may be left out.
#[utoipa::path(
    tag = "public",
    operation_id = "cancel_booking",
    params(("token" = String, Path, description = "The manage token")),
    request_body = Option<CancellationRequest>,
    responses(
        (status = 200, body = BookingView),
        (status = 404, body = ProblemBody, content_type = "application/problem+json", description = "`not-found`"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json", description = "`booking-final`"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json", description = "`validation`"),
    )
)]
#[post("/public/bookings/{token}/cancel")]
pub(super) async fn cancel(
    request: HttpRequest,
    kalends: Data<Kalends>,
    token: Path<String>,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let token = manage_token(&token)?;
    let reason = if body.is_empty() {
        None
    } else {
        let mut errors = Errors::default();
        let mut fields = Fields::new("", fields::object(&request, &body)?);
        let reason = fields.optional::<Note>("reason", &mut errors);
        fields.finish(&mut errors);
        errors.check()?;
        reason
    };
    let cancelled = {
        let _place = kalends.gate.enter().await?;
        kalends
            .scheduling
            .cancel(&CancelBooking {
                token: token.clone(),
                reason,
            })
            .await
    };
    match cancelled {
        Ok(booking) => tracing::info!(booking.id = %booking.id, "Cancelled"),
        // Whoever repeats it gets what the first request got.
        Err(CancelError::Transition(refused)) if refused.from == BookingStatus::Cancelled => {}
        Err(error) => return Err(error.into()),
    }
    let details = details(&kalends, &token).await?;
    Ok(private(&BookingView::of(
        &details,
        &token,
        kalends.clock.now(),
        &kalends,
    )))
}

fn manage_token(text: &str) -> Result<ManageToken, Problem> {
    text.parse()
        .map_err(|_no_token| super::not_found("booking"))
}

async fn details(kalends: &Kalends, token: &ManageToken) -> Result<BookingDetails, Problem> {
    let found = kalends.scheduling.booking(token).await?;
    found.ok_or_else(|| super::not_found("booking"))
}

/// An answer that only the asker may keep.
fn private(view: &BookingView) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(view)
}

fn idempotency_key(request: &HttpRequest, errors: &mut Errors) -> Option<IdempotencyKey> {
    const POINTER: &str = "/headers/idempotency-key";
    let mut given = request.headers().get_all("idempotency-key");
    let value = given.next()?;
    if given.next().is_some() {
        errors.add(POINTER, "repeated", "must be given once");
    }
    // The draft standard has a quoted string; most clients send the bare key.
    let text = value.to_str().unwrap_or_default().trim();
    let bare = text
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(text);
    match bare.parse() {
        Ok(key) => Some(key),
        Err(error) => {
            let error: scheduling_app::bookings::InvalidIdempotencyKey = error;
            errors.add(POINTER, "malformed", error.to_string());
            None
        }
    }
}

/// A request to book, read and checked.
struct Asked {
    start: DateTime<Utc>,
    invitee: InviteeDetails,
    note: Option<Note>,
}

impl Asked {
    fn read(request: &HttpRequest, body: &Bytes, mut errors: Errors) -> Result<Self, Problem> {
        let mut fields = Fields::new("", fields::object(request, body)?);
        let start = fields.required_text("start", &mut errors).and_then(|text| {
            let start = GivenTime::parse(&text).filter(|t| !matches!(t, GivenTime::Date(_)));
            if start.is_none() {
                errors.add(
                    "/start",
                    "not_a_time",
                    "must be a time such as 2026-11-24T09:00:00+01:00, or a local one such as 2026-11-24T09:00:00 with timezone",
                );
            }
            start
        });
        let zone_given = fields.has("timezone");
        let zone = fields.zone("timezone", &mut errors);
        if matches!(start, Some(GivenTime::Local(_))) && !zone_given {
            errors.add("/timezone", "required", "is required for a local start");
        }
        let mut name = None;
        let mut email = None;
        let mut own_zone = None;
        if let Some(mut invitee) = fields.required_object("invitee", &mut errors) {
            name = invitee.required("name", &mut errors);
            email = invitee.required("email", &mut errors);
            let own_given = invitee.has("timezone");
            own_zone = invitee.zone("timezone", &mut errors);
            if !own_given && !zone_given {
                errors.add(
                    "/invitee/timezone",
                    "required",
                    "is required where the request has no timezone",
                );
            }
            invitee.finish(&mut errors);
        }
        let note = fields.optional::<Note>("note", &mut errors);
        fields.finish(&mut errors);
        errors.check_ref()?;
        match (start, name, email, own_zone.or(zone)) {
            (Some(start), Some(name), Some(email), Some(timezone)) => Ok(Self {
                start: start.instant(zone.unwrap_or(timezone))?,
                invitee: InviteeDetails {
                    name,
                    email,
                    timezone,
                },
                note,
            }),
            // Whatever is missing was noted above.
            _ => Err(errors.into_problem()),
        }
    }
}

/// The problem of a booking that was not made.
fn not_booked(error: BookError, zone: chrono_tz::Tz) -> Problem {
    match error {
        BookError::NotFound => super::not_found("event type"),
        BookError::Unavailable {
            reasons,
            taken,
            alternatives,
        } => {
            let (kind, detail) = unavailable(&reasons, taken);
            let alternatives: Vec<String> =
                alternatives.into_iter().map(|a| in_zone(a, zone)).collect();
            let reasons: Vec<&str> = reasons.iter().copied().map(reason).collect();
            Problem::new(kind, detail)
                .with("alternatives", alternatives)
                .with("reasons", reasons)
        }
        BookError::IdempotencyKeyReused => Problem::new(
            ProblemKind::IdempotencyKeyReused,
            "The key came with another request before.",
        ),
        BookError::Storage(error) => error.into(),
    }
}

/// Which problem the reasons make. What holds whoever hosts comes first.
fn unavailable(reasons: &[Unavailability], taken: bool) -> (ProblemKind, &'static str) {
    use Unavailability as U;

    let any = |test: fn(&U) -> bool| reasons.iter().any(test);
    if any(|r| matches!(r, U::BookingWindow)) {
        (
            ProblemKind::BookingWindow,
            "The date lies outside those that can be booked.",
        )
    } else if any(|r| matches!(r, U::MinimumNotice)) {
        (
            ProblemKind::NoticeTooShort,
            "The start has passed or is too soon.",
        )
    } else if any(|r| matches!(r, U::OffGrid | U::OutsideEventHours)) {
        (
            ProblemKind::SlotOutsideAvailability,
            "The start is not one of those that are offered.",
        )
    } else if taken {
        (ProblemKind::SlotTaken, "Somebody else has this time.")
    } else if any(|r| matches!(r, U::LimitReached(_))) {
        (
            ProblemKind::LimitReached,
            "The hosts take no more bookings in that period.",
        )
    } else {
        (
            ProblemKind::SlotOutsideAvailability,
            "No host works at that time.",
        )
    }
}

/// A reason's word on the wire. What makes a host busy stays the host's secret.
fn reason(reason: Unavailability) -> &'static str {
    match reason {
        Unavailability::OffGrid => "off_grid",
        Unavailability::OutsideEventHours => "outside_event_hours",
        Unavailability::OutsideHostHours => "outside_host_hours",
        Unavailability::Busy(_) => "busy",
        Unavailability::Booked => "booked",
        Unavailability::Buffer => "buffer",
        Unavailability::MinimumNotice => "minimum_notice",
        Unavailability::BookingWindow => "booking_window",
        Unavailability::LimitReached(_) => "limit_reached",
        Unavailability::NotEnoughHosts => "not_enough_hosts",
    }
}

impl From<CancelError> for Problem {
    fn from(error: CancelError) -> Self {
        match error {
            CancelError::NotFound => super::not_found("booking"),
            CancelError::Transition(refused) => Self::new(
                ProblemKind::BookingFinal,
                format!("The booking is {}.", refused.from),
            ),
            CancelError::Storage(error) => error.into(),
        }
    }
}
