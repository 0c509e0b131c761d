//! Keeping a slot for somebody who is filling in the form.

use actix_web::http::header;
use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse, delete, patch, post};
use chrono_tz::Tz;
use scheduling_app::HoldToken;
use scheduling_app::bookings::HoldSlot;
use scheduling_core::hold::Hold;
use serde::Serialize;
use utoipa::ToSchema;

use crate::Kalends;
use crate::http::fields::{self, Errors, Fields};
use crate::http::local_time::{GivenTime, in_zone};
use crate::http::problem::Problem;
use crate::http::{client, duration, idempotency};
use crate::rest::v1;
use crate::rest::v1::refusals;
use crate::urls;

/// The slot to keep.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HoldRequest {
    /// A start that the slots endpoint lists: RFC 3339, or a local time of `timezone`.
    #[schema(example = "2026-11-24T09:00:00+01:00")]
    start: String,
    /// The zone of a local `start`.
    #[schema(example = "Europe/Berlin")]
    timezone: Option<String>,
    /// How long the meeting is to last; as long as by default when it is not given.
    #[schema(minimum = 5, maximum = 1440)]
    duration_minutes: Option<u32>,
    /// The same as ISO 8601 has it, such as `PT30M`.
    duration: Option<String>,
}

/// A slot that is kept.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Hold)]
pub(super) struct HoldView {
    /// Names the hold: send it as `hold` when booking.
    #[schema(example = "hold_0000000000000000000000000000000000000000000000000000000000000001")]
    token: String,
    start: String,
    end: String,
    /// When it ends by itself.
    expires_at: String,
    /// Whether it can be renewed: once.
    renewable: bool,
}

impl HoldView {
    fn of(hold: &Hold, token: &HoldToken, zone: Tz) -> Self {
        Self {
            token: token.to_string(),
            start: in_zone(hold.interval.start(), zone),
            end: in_zone(hold.interval.end(), zone),
            expires_at: in_zone(hold.expires_at, Tz::UTC),
            renewable: !hold.renewed,
        }
    }
}

/// Reads a start with the zone of a local one.
pub(super) fn start(fields: &mut Fields, errors: &mut Errors) -> Option<(GivenTime, Option<Tz>)> {
    let at = fields.at("start");
    let start = fields
        .need("start", errors)
        .and_then(|item| item.given_time(errors));
    let start = match start {
        Some(GivenTime::Date(_)) => {
            errors.add(at, "not_a_time", "must have a time of day");
            None
        }
        start => start,
    };
    let zone_given = fields.has("timezone");
    let zone = fields.zone("timezone", errors);
    if matches!(start, Some(GivenTime::Local(_))) && !zone_given {
        let at = fields.at("timezone");
        errors.add(at, "required", "is required for a local start");
    }
    Some((start?, zone))
}

/// Reads the hold's token in a body.
pub(super) fn token(fields: &mut Fields, errors: &mut Errors) -> Option<HoldToken> {
    let at = fields.at("hold");
    let text = fields.text("hold", errors)?;
    let token = text.parse().ok();
    if token.is_none() {
        errors.add(at, "not_a_hold", "must be the token of a hold");
    }
    token
}

fn of_path(text: &str) -> Result<HoldToken, Problem> {
    text.parse().map_err(|_no_token| Problem::not_found("hold"))
}

/// The idempotency keys of those who hold: a replay takes the hold over, so that others' keys must not be hit by chance.
fn scope(request: &HttpRequest, kalends: &Kalends) -> String {
    let address = client::address(request, &kalends.trusted_proxies);
    match address.map(client::network) {
        Some(network) => format!("hold:{network}"),
        None => "hold".to_owned(),
    }
}

/// Keep a slot
///
/// For five minutes nobody else can book it. Send the token with the booking, which uses the hold up. A repeated request
/// with the same `Idempotency-Key`, from the same network, is answered with a new token for the same hold; the earlier
/// one is good for nothing then.
#[utoipa::path(
    tag = "public",
    operation_id = "hold_slot",
    request_body = HoldRequest,
    responses(
        (status = 201, body = HoldView, headers(("Location" = String, description = "The hold"))),
        (status = 409, description = "`slot-taken`, `limit-reached`"),
        (status = 410, description = "`hold-expired`, `link-expired`, `link-used-up`"),
        (status = 422, description = "`invalid-timezone`, `slot-outside-availability`, `notice-too-short`, `booking-window`, `nonexistent-local-time`, `ambiguous-local-time`"),
    )
)]
#[post("/public/{workspace}/event-types/{event}/holds")]
pub(super) async fn keep(
    request: HttpRequest,
    kalends: Data<Kalends>,
    path: Path<(String, String)>,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let workspace = v1::slug(&path.0, "event type")?;
    let event_type = v1::slug(&path.1, "event type")?;
    let mut errors = Errors::default();
    let mut fields = Fields::new("", fields::object(&request, &body)?);
    let start = start(&mut fields, &mut errors);
    let duration = duration::of_body(&mut fields, &mut errors);
    fields.finish(&mut errors);
    let idempotency = idempotency::of(&request, &body, scope(&request, &kalends), &mut errors);
    errors.check_ref()?;
    let (start, zone) = start.ok_or_else(|| errors.into_problem())?;
    let zone = zone.unwrap_or(Tz::UTC);
    let command = HoldSlot {
        workspace,
        event_type,
        start: start.instant(zone)?,
        duration,
        idempotency,
    };
    let held = kalends
        .hold_as_guest(&command)
        .await?
        .map_err(|error| refusals::not_held(error, zone))?;
    let view = HoldView::of(&held.hold, &held.token, zone);
    let location = urls::api_hold(&view.token);
    Ok(v1::created(location, None, held.replayed, &view))
}

/// Renew a hold
///
/// It lasts five more minutes from now; once.
#[utoipa::path(
    tag = "public",
    operation_id = "renew_hold",
    responses(
        (status = 200, body = HoldView),
        (status = 409, description = "`hold-renewed`"),
        (status = 410, description = "`hold-expired`"),
    )
)]
#[patch("/public/holds/{hold_token}")]
pub(super) async fn renew(
    kalends: Data<Kalends>,
    token: Path<String>,
) -> Result<HttpResponse, Problem> {
    let token = of_path(&token)?;
    let hold = kalends.scheduling.renew_hold(&token).await?;
    Ok(v1::private(&HoldView::of(&hold, &token, Tz::UTC)))
}

/// Give a hold up
#[utoipa::path(
    tag = "public",
    operation_id = "release_hold",
    responses((status = 204, description = "The slot is free again")),
)]
#[delete("/public/holds/{hold_token}")]
pub(super) async fn release(
    kalends: Data<Kalends>,
    token: Path<String>,
) -> Result<HttpResponse, Problem> {
    kalends.scheduling.release_hold(&of_path(&token)?).await?;
    Ok(HttpResponse::NoContent()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .finish())
}
