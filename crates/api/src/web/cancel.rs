//! Calling a booking off: its invitee or a host, by whichever link he came.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use scheduling_app::bookings::{BookingDetails, CancelBooking, Permission};
use scheduling_core::booking::{BookingState, BookingStatus, Party};
use scheduling_core::event_type::ReasonPolicy;
use serde::Serialize;

use super::changing::{ReasonField, ReasonProblem, Refused, is_already, reason, version};
use super::fields::{Fields, SentForm};
use super::manage::Setting;
use super::refusal::{Refusal, Wanted};
use super::summary::Summary;
use super::templates::Page;
use super::visit::{self, Visit};
use super::when::When;
use super::{PageError, WebState, see_other};
use crate::Kalends;
use crate::http::rate::RateClass;

/// The page's context.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Cancel {
    when: When,
    summary: Summary,
    /// On which side the reader stands.
    viewer: Party,
    /// Whether it is still a request.
    pending: bool,
    reason: ReasonField,
    action: String,
    keep: String,
    /// Where it can be moved instead.
    reschedule: Option<String>,
    /// The version that the form is for.
    version: u32,
    /// The booking changed since the form was shown.
    meanwhile: bool,
}

impl Page for Cancel {
    const TEMPLATE: &'static str = "pages/cancel.html.j2";
}

impl Cancel {
    fn new(
        details: &BookingDetails,
        visit: &Visit,
        setting: &Setting<'_>,
        reason: ReasonField,
    ) -> Self {
        let interval = &details.booking.interval;
        let (cycle, now) = (setting.cycle, setting.now);
        Self {
            when: When::new(interval.start(), interval.end(), visit.zone, cycle, now),
            summary: Summary::new(details, setting.paths),
            viewer: details.viewer,
            pending: matches!(details.booking.state, BookingState::Pending { .. }),
            reason,
            action: visit.paths.cancel(),
            keep: visit.paths.page().to_owned(),
            reschedule: matches!(details.actions.reschedule, Permission::Granted { .. })
                .then(|| visit.paths.reschedule()),
            version: details.booking.version,
            meanwhile: false,
        }
    }
}

/// The page that asks whether to cancel, or says why that is not possible.
fn question(
    state: &WebState,
    visit: &Visit,
    details: &BookingDetails,
    setting: &Setting<'_>,
    ask: impl FnOnce(ReasonPolicy) -> (StatusCode, Cancel),
) -> Result<HttpResponse, PageError> {
    match details.actions.cancel {
        Permission::Granted { reason, .. } => {
            let (status, page) = ask(reason);
            state.private_page(status, &page)
        }
        // There is nothing left to cancel; the booking's page says why.
        Permission::Finished => Ok(see_other(visit.paths.page())),
        permission @ (Permission::CutoffPassed { .. } | Permission::NotAllowed) => {
            let page = Refusal::new(details, visit, setting, Wanted::Cancel, permission);
            state.private_page(StatusCode::OK, &page)
        }
    }
}

/// Asks whether to cancel.
pub(super) async fn show(
    kalends: web::Data<Kalends>,
    state: web::Data<WebState>,
    request: HttpRequest,
) -> HttpResponse {
    let page = async {
        let (visit, details) = visit::open(&kalends, &state, &request).await?;
        let setting = Setting::of(&state, &visit, &request);
        question(&state, &visit, &details, &setting, |policy| {
            let reason = ReasonField::empty(policy);
            (
                StatusCode::OK,
                Cancel::new(&details, &visit, &setting, reason),
            )
        })
    };
    state.answer(page.await)
}

/// Cancels and shows the booking, which then says so.
pub(super) async fn submit(
    kalends: web::Data<Kalends>,
    state: web::Data<WebState>,
    request: HttpRequest,
    form: SentForm,
) -> HttpResponse {
    state.answer(call_off(&kalends, &state, &request, form).await)
}

async fn call_off(
    kalends: &Kalends,
    state: &WebState,
    request: &HttpRequest,
    form: SentForm,
) -> Result<HttpResponse, PageError> {
    state.require_own_form(request)?;
    super::count(kalends, request, RateClass::Guests).await?;
    let fields = Fields::of_form(form)?;
    let (visit, details) = visit::open(kalends, state, request).await?;
    let setting = Setting::of(state, &visit, request);
    let again = |visit: &Visit, details: &BookingDetails, wrong: Option<ReasonProblem>| {
        question(state, visit, details, &setting, |policy| {
            let reason = ReasonField::refused(policy, &fields, wrong);
            let mut page = Cancel::new(details, visit, &setting, reason);
            page.meanwhile = wrong.is_none();
            let status = match wrong {
                Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
                None => StatusCode::CONFLICT,
            };
            (status, page)
        })
    };
    let reason = match reason(&fields) {
        Ok(reason) => reason,
        Err(wrong) => return again(&visit, &details, Some(wrong)),
    };
    let command = CancelBooking {
        expected: version(&fields),
        reason,
        ..CancelBooking::new(visit.access.clone())
    };
    let Err(error) = kalends.scheduling.cancel(&command).await else {
        return Ok(see_other(visit.paths.page()));
    };
    match Refused::of(error)? {
        Refused::ReasonNeeded => again(&visit, &details, Some(ReasonProblem::Missing)),
        Refused::Meanwhile => {
            let (visit, details) = visit::open(kalends, state, request).await?;
            if is_already(&details, BookingStatus::Cancelled) {
                return Ok(see_other(visit.paths.page()));
            }
            again(&visit, &details, None)
        }
    }
}

#[cfg(test)]
impl Cancel {
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        use chrono_tz::Tz;

        use super::guest::HourCycle;
        use super::links::Paths;
        use super::sample;

        let paths = Paths::new("");
        let setting = Setting {
            paths: &paths,
            page_link: String::new(),
            cycle: HourCycle::H24,
            now: sample::now(),
        };
        let make = |page, zone, change: fn(&mut BookingDetails), reason| {
            let mut details = sample::booking(&page, zone, "2026-11-24T14:00:00Z");
            change(&mut details);
            let visit = Visit {
                zone,
                ..sample::visit("")
            };
            Self::new(&details, &visit, &setting, reason)
        };
        let lisbon = Tz::Europe__Lisbon;
        let optional = || ReasonField::empty(ReasonPolicy::Optional);
        let refused = |value: &str, wrong| ReasonField {
            policy: ReasonPolicy::Required,
            value: value.to_owned(),
            wrong: Some(wrong),
        };
        let hidden = ReasonField::empty(ReasonPolicy::Hidden);
        let pending = |details: &mut BookingDetails| details.booking.state = sample::waiting();
        let by_host = |details: &mut BookingDetails| details.viewer = Party::Host;
        let nothing = |_: &mut BookingDetails| ();
        vec![
            (
                "single",
                make(sample::single(), lisbon, nothing, optional()),
            ),
            (
                "team",
                make(sample::rotating(), Tz::Asia__Tokyo, nothing, optional()),
            ),
            ("pending", make(sample::single(), lisbon, pending, hidden)),
            (
                "by-host",
                make(
                    sample::single(),
                    lisbon,
                    by_host,
                    refused("", ReasonProblem::Missing),
                ),
            ),
            (
                "hostile-refused",
                Self {
                    meanwhile: true,
                    ..make(
                        sample::hostile(),
                        lisbon,
                        nothing,
                        refused(sample::HOSTILE, ReasonProblem::Refused),
                    )
                },
            ),
        ]
    }
}
