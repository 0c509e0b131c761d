//! What a member does with a booking.

use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse, delete, post};
use scheduling_app::bookings::{
    ApproveBooking, BookingAccess, CancelBooking, ChangeError, Changed, DeclineBooking, MarkBooking,
};
use scheduling_core::booking::BookingStatus;
use scheduling_core::text::Note;

use super::bookings::{access, shown, shown_changed};
use super::changes;
use crate::Kalends;
use crate::http::conditions::Expected;
use crate::http::problem::Problem;
use crate::rest::caller::Member;
use crate::rest::v1;
use crate::rest::v1::accounts;
use crate::rest::v1::model::booking::HostedBookingView;
use crate::rest::v1::public::{
    AskedChange, NothingRequest, ReasonRequest, RescheduleRequest, expected, read_move,
};
use crate::rest::v1::refusals;

/// Why a booking is cancelled that is deleted: the method has no body to say so.
const BY_DELETE: &str = "cancelled via API";

type InPath = Path<(String, String)>;

/// What a request to change a booking says, and the version it must find.
struct Asked {
    access: BookingAccess,
    expected: Option<u32>,
    change: AskedChange,
}

impl Asked {
    async fn of(
        kalends: &Kalends,
        member: &Member,
        path: &InPath,
        change: AskedChange,
    ) -> Result<Self, Problem> {
        let access = access(member, &path.1)?;
        Ok(Self {
            expected: expected(kalends, &access, &change.expected).await?,
            access,
            change,
        })
    }
}

/// Notes what was done and shows the booking.
async fn done(
    kalends: &Kalends,
    member: &Member,
    access: &BookingAccess,
    action: &str,
    changed: Result<Changed, ChangeError>,
) -> Result<HttpResponse, Problem> {
    let changed = changed?;
    if !changed.replayed {
        changes::note(kalends, member, action, changed.booking.id).await;
    }
    shown_changed(kalends, access, changed).await
}

/// Approve a request
///
/// The booking is confirmed and everybody told.
#[utoipa::path(
    tag = "bookings",
    operation_id = "approve_booking",
    request_body = Option<NothingRequest>,
    responses(
        (status = 200, body = HostedBookingView, headers(("ETag" = String, description = "The version"))),
        (status = 409, description = "`transition-not-allowed`"),
    )
)]
#[post("/workspaces/{workspace}/bookings/{booking}/approve")]
pub(super) async fn approve(
    request: HttpRequest,
    kalends: Data<Kalends>,
    member: Member,
    path: InPath,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let scope = accounts::scope(&member.principal);
    let change = AskedChange::without_reason(&request, &body, scope)?;
    let asked = Asked::of(&kalends, &member, &path, change).await?;
    let command = ApproveBooking {
        expected: asked.expected,
        idempotency: asked.change.idempotency,
        ..ApproveBooking::new(asked.access)
    };
    let changed = kalends.scheduling.approve(&command).await;
    done(
        &kalends,
        &member,
        &command.access,
        "booking.approved",
        changed,
    )
    .await
}

/// Decline a request
#[utoipa::path(
    tag = "bookings",
    operation_id = "decline_booking",
    request_body = Option<ReasonRequest>,
    responses(
        (status = 200, body = HostedBookingView, headers(("ETag" = String, description = "The version"))),
        (status = 409, description = "`transition-not-allowed`"),
        (status = 422, description = "`reason-required`"),
    )
)]
#[post("/workspaces/{workspace}/bookings/{booking}/decline")]
pub(super) async fn decline(
    request: HttpRequest,
    kalends: Data<Kalends>,
    member: Member,
    path: InPath,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let scope = accounts::scope(&member.principal);
    let change = AskedChange::read(&request, &body, scope)?;
    let asked = Asked::of(&kalends, &member, &path, change).await?;
    let command = DeclineBooking {
        expected: asked.expected,
        reason: asked.change.reason,
        idempotency: asked.change.idempotency,
        ..DeclineBooking::new(asked.access)
    };
    let changed = kalends.scheduling.decline(&command).await;
    done(
        &kalends,
        &member,
        &command.access,
        "booking.declined",
        changed,
    )
    .await
}

/// Move a booking
///
/// To another start, as the same booking; everybody is told. Hosts are held to no notice.
#[utoipa::path(
    tag = "bookings",
    operation_id = "reschedule_hosted_booking",
    request_body = RescheduleRequest,
    responses(
        (status = 200, body = HostedBookingView, headers(("ETag" = String, description = "The version"))),
        (status = 409, description = "`slot-taken`, `limit-reached`, `transition-not-allowed`"),
        (status = 410, description = "`hold-expired`"),
        (status = 422, description = "`reason-required`, `invalid-timezone`, `slot-outside-availability`, `notice-too-short`, `booking-window`, `nonexistent-local-time`, `ambiguous-local-time`"),
    )
)]
#[post("/workspaces/{workspace}/bookings/{booking}/reschedule")]
pub(super) async fn reschedule(
    request: HttpRequest,
    kalends: Data<Kalends>,
    member: Member,
    path: InPath,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let access = access(&member, &path.1)?;
    let scope = accounts::scope(&member.principal);
    let (command, zone) = read_move(&request, &kalends, access, &body, scope).await?;
    let moved = {
        let _place = kalends.gate.enter().await?;
        kalends.scheduling.reschedule(&command).await
    }
    .map_err(|error| refusals::not_moved(error, zone))?;
    let action = "booking.rescheduled";
    done(&kalends, &member, &command.access, action, Ok(moved)).await
}

/// Call a booking off
///
/// Everybody is told. Repeating it changes nothing and answers the same.
#[utoipa::path(
    tag = "bookings",
    operation_id = "cancel_hosted_booking",
    request_body = Option<ReasonRequest>,
    responses(
        (status = 200, body = HostedBookingView, headers(("ETag" = String, description = "The version"))),
        (status = 409, description = "`transition-not-allowed`"),
        (status = 422, description = "`reason-required`"),
    )
)]
#[post("/workspaces/{workspace}/bookings/{booking}/cancel")]
pub(super) async fn cancel(
    request: HttpRequest,
    kalends: Data<Kalends>,
    member: Member,
    path: InPath,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let scope = accounts::scope(&member.principal);
    let change = AskedChange::read(&request, &body, scope)?;
    let asked = Asked::of(&kalends, &member, &path, change).await?;
    let command = CancelBooking {
        expected: asked.expected,
        reason: asked.change.reason,
        idempotency: asked.change.idempotency,
        ..CancelBooking::new(asked.access)
    };
    let changed = kalends.scheduling.cancel(&command).await;
    if is_cancelled_already(&changed) {
        return shown(&kalends, &command.access, false).await;
    }
    done(
        &kalends,
        &member,
        &command.access,
        "booking.cancelled",
        changed,
    )
    .await
}

fn is_cancelled_already(changed: &Result<Changed, ChangeError>) -> bool {
    matches!(
        changed,
        Err(ChangeError::Transition(refused)) if refused.from == BookingStatus::Cancelled
    )
}

/// Call a booking off, without a word
///
/// As cancelling it with the reason *cancelled via API*. The booking stays readable.
#[utoipa::path(
    tag = "bookings",
    operation_id = "delete_booking",
    responses(
        (status = 204, description = "The booking is called off"),
        (status = 409, description = "`transition-not-allowed`"),
    )
)]
#[delete("/workspaces/{workspace}/bookings/{booking}")]
pub(super) async fn remove(
    request: HttpRequest,
    kalends: Data<Kalends>,
    member: Member,
    path: InPath,
) -> Result<HttpResponse, Problem> {
    let access = access(&member, &path.1)?;
    let expected = expected(&kalends, &access, &Expected::of(request.headers())).await?;
    let command = CancelBooking {
        expected,
        reason: BY_DELETE.parse::<Note>().ok(),
        ..CancelBooking::new(access)
    };
    let changed = kalends.scheduling.cancel(&command).await;
    if !is_cancelled_already(&changed) {
        let changed = changed?;
        changes::note(&kalends, &member, "booking.cancelled", changed.booking.id).await;
    }
    Ok(v1::gone())
}

/// Note that a meeting took place
#[utoipa::path(
    tag = "bookings",
    operation_id = "complete_booking",
    request_body = Option<NothingRequest>,
    responses(
        (status = 200, body = HostedBookingView, headers(("ETag" = String, description = "The version"))),
        (status = 409, description = "`transition-not-allowed`"),
    )
)]
#[post("/workspaces/{workspace}/bookings/{booking}/complete")]
pub(super) async fn complete(
    request: HttpRequest,
    kalends: Data<Kalends>,
    member: Member,
    path: InPath,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let scope = accounts::scope(&member.principal);
    let change = AskedChange::without_reason(&request, &body, scope)?;
    let asked = Asked::of(&kalends, &member, &path, change).await?;
    let command = mark(asked);
    let changed = kalends.scheduling.mark_completed(&command).await;
    done(
        &kalends,
        &member,
        &command.access,
        "booking.completed",
        changed,
    )
    .await
}

/// Note that the invitee did not come
#[utoipa::path(
    tag = "bookings",
    operation_id = "mark_no_show",
    request_body = Option<NothingRequest>,
    responses(
        (status = 200, body = HostedBookingView, headers(("ETag" = String, description = "The version"))),
        (status = 409, description = "`transition-not-allowed`"),
    )
)]
#[post("/workspaces/{workspace}/bookings/{booking}/no-show")]
pub(super) async fn no_show(
    request: HttpRequest,
    kalends: Data<Kalends>,
    member: Member,
    path: InPath,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let scope = accounts::scope(&member.principal);
    let change = AskedChange::without_reason(&request, &body, scope)?;
    let asked = Asked::of(&kalends, &member, &path, change).await?;
    let command = mark(asked);
    let changed = kalends.scheduling.mark_no_show(&command).await;
    done(
        &kalends,
        &member,
        &command.access,
        "booking.no_show",
        changed,
    )
    .await
}

fn mark(asked: Asked) -> MarkBooking {
    MarkBooking {
        expected: asked.expected,
        idempotency: asked.change.idempotency,
        ..MarkBooking::new(asked.access)
    }
}
