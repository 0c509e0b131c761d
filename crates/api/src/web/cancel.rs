//! `/b/{token}/cancel`: calling a booking off.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, Utc};
use scheduling_app::bookings::{BookingDetails, CancelBooking, CancelError};
use scheduling_app::{ManageToken, Scheduling};
use scheduling_core::booking::{AttendeeRole, BookingStatus};
use scheduling_core::text::{Note, TextError};
use serde::{Deserialize, Serialize};

use super::guest::HourCycle;
use super::links::Paths;
use super::manage::{When, cycle, open, own_zone};
use super::templates::Page;
use super::wording::first_name;
use super::{PageError, WebState, see_other};

/// The page's context.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Cancel {
    when: When,
    title: String,
    /// The hosts' first names.
    hosts: Vec<String>,
    guests: Vec<String>,
    reason: String,
    /// Whether the reason is too long or holds control characters.
    reason_refused: bool,
    action: String,
    keep: String,
}

impl Page for Cancel {
    const TEMPLATE: &'static str = "pages/cancel.html.j2";
}

impl Cancel {
    fn new(
        details: &BookingDetails,
        paths: &Paths,
        token: &ManageToken,
        cycle: HourCycle,
        now: DateTime<Utc>,
    ) -> Self {
        let interval = &details.booking.interval;
        Self {
            when: When::new(
                interval.start(),
                interval.end(),
                own_zone(details),
                cycle,
                now,
            ),
            title: details.event_type.title.to_string(),
            hosts: details
                .hosts
                .iter()
                .map(|host| first_name(host.name.as_str()).to_owned())
                .collect(),
            guests: details
                .booking
                .attendees
                .iter()
                .filter(|attendee| attendee.role == AttendeeRole::Guest)
                .map(|guest| guest.email.to_string())
                .collect(),
            reason: String::new(),
            reason_refused: false,
            action: paths.cancel(token),
            keep: paths.manage(token),
        }
    }
}

/// Asks whether to cancel.
pub(super) async fn show(
    app: web::Data<Scheduling>,
    state: web::Data<WebState>,
    token: web::Path<String>,
    request: HttpRequest,
) -> HttpResponse {
    let page = async {
        let (token, details) = open(&app, &token).await?;
        let now = state.now();
        let status = details
            .booking
            .state
            .status(details.booking.interval.end(), now);
        if !matches!(status, BookingStatus::Pending | BookingStatus::Confirmed) {
            // There is nothing left to cancel; the booking's page says why.
            return Ok(see_other(&state.paths().manage(&token)));
        }
        let cancel = Cancel::new(&details, state.paths(), &token, cycle(&request), now);
        state.private_page(StatusCode::OK, &cancel)
    };
    state.answer(page.await)
}

/// What the form sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Submission {
    reason: String,
}

/// Cancels and shows the booking, which then says so.
pub(super) async fn submit(
    app: web::Data<Scheduling>,
    state: web::Data<WebState>,
    token: web::Path<String>,
    request: HttpRequest,
    form: Result<web::Form<Submission>, actix_web::Error>,
) -> HttpResponse {
    let page = async {
        state.require_own_form(&request)?;
        let submission = form
            .map_err(|_unreadable| PageError::Malformed)?
            .into_inner();
        let reason = match submission.reason.parse::<Note>() {
            Ok(reason) => Some(reason),
            Err(TextError::Empty) => None,
            Err(_refused) => {
                let (token, details) = open(&app, &token).await?;
                let page = Cancel {
                    reason: submission.reason,
                    reason_refused: true,
                    ..Cancel::new(
                        &details,
                        state.paths(),
                        &token,
                        cycle(&request),
                        state.now(),
                    )
                };
                return state.private_page(StatusCode::UNPROCESSABLE_ENTITY, &page);
            }
        };
        let token: ManageToken = token.parse().map_err(|_malformed| PageError::NOT_FOUND)?;
        let command = CancelBooking {
            token: token.clone(),
            reason,
        };
        match app.cancel(&command).await {
            // Cancelled before, or over: its page says which.
            Ok(_) | Err(CancelError::Transition(_)) => Ok(see_other(&state.paths().manage(&token))),
            Err(CancelError::NotFound) => Err(PageError::NOT_FOUND),
            Err(CancelError::Storage(error)) => Err(error.into()),
        }
    };
    state.answer(page.await)
}

#[cfg(test)]
impl Cancel {
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        use super::sample;
        use chrono_tz::Tz;

        let make = |page, zone| {
            let details = sample::booking(&page, zone, "2026-11-24T14:00:00Z");
            Self::new(
                &details,
                &Paths::new(""),
                &sample::token(),
                HourCycle::H24,
                sample::now(),
            )
        };
        let single = || make(sample::single(), Tz::Europe__Lisbon);
        vec![
            ("single", single()),
            ("team", make(sample::rotating(), Tz::Asia__Tokyo)),
            (
                "refused",
                Self {
                    reason: sample::HOSTILE.to_owned(),
                    reason_refused: true,
                    ..single()
                },
            ),
        ]
    }
}
