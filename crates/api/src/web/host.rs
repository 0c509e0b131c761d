//! `/h/{token}` and `/bookings/{booking}`: a booking for its host, from his mail or signed in: who comes, and yes or no.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use scheduling_app::bookings::{
    ApproveBooking, BookingAccess, BookingDetails, BookingHistory, ChangeError, Changed,
    DeclineBooking, MarkBooking, ReadError,
};
use scheduling_core::booking::{BookingStatus, Party};
use serde::Serialize;

use super::changing::{ReasonField, ReasonProblem, Refused, is_already, reason, version};
use super::fields::{Fields, SentForm};
use super::history::{Clockwork, Happened, happened};
use super::manage::{Change, Setting, State};
use super::summary::Summary;
use super::templates::Page;
use super::visit::{self, Visit, others};
use super::when::{Dayline, When, daylines};
use super::wording::moment;
use super::{PageError, WebState, see_other};
use crate::Kalends;
use crate::http::rate::RateClass;

/// The page's context.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct HostPage {
    state: State,
    when: When,
    summary: Summary,
    lines: Vec<Dayline>,
    /// The two answers, while it waits for one.
    answer: Option<AnswerForm>,
    reschedule: Change,
    cancel: Change,
    /// Where to note that it took place.
    completed: Option<String>,
    /// Where to note that the invitee did not come.
    no_show: Option<String>,
    history: Vec<Happened>,
    /// The version that the forms are for.
    version: u32,
    /// A form came too late: something happened meanwhile.
    meanwhile: bool,
    invite: String,
    /// The page of everything, for somebody who is signed in.
    home: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct AnswerForm {
    approve: String,
    decline: String,
    reason: ReasonField,
}

impl Page for HostPage {
    const TEMPLATE: &'static str = "pages/host.html.j2";
}

/// Why the page is shown instead of what a form wanted.
pub(super) enum Instead {
    /// Something happened since the form was shown.
    Meanwhile,
    /// The reason for declining needs another look.
    Reason(ReasonField),
}

impl HostPage {
    fn new(
        details: &BookingDetails,
        history: &BookingHistory,
        visit: &Visit,
        setting: &Setting<'_>,
        instead: Option<Instead>,
    ) -> Self {
        let Setting {
            paths, cycle, now, ..
        } = *setting;
        let booking = &details.booking;
        let actions = &details.actions;
        let zone = visit.zone;
        let (start, end) = (booking.interval.start(), booking.interval.end());
        let today = now.with_timezone(&zone).date_naive();
        let told =
            |at: chrono::DateTime<chrono::Utc>| moment(&at.with_timezone(&zone), today, cycle);
        let change = |permission, href| Change::new(permission, href, start, told);
        let meanwhile = matches!(instead, Some(Instead::Meanwhile));
        let reason = match instead {
            Some(Instead::Reason(reason)) => reason,
            _ => ReasonField::empty(details.event_type.policy.cancel.reason(Party::Host)),
        };
        Self {
            state: State::new(details, zone, cycle, now),
            when: When::new(start, end, zone, cycle, now),
            summary: Summary::new(details, paths),
            lines: daylines(start, end, zone, &others(details), cycle),
            answer: actions.answer.then(|| AnswerForm {
                approve: visit.paths.approve(),
                decline: visit.paths.decline(),
                reason,
            }),
            reschedule: change(actions.reschedule, visit.paths.reschedule()),
            cancel: change(actions.cancel, visit.paths.cancel()),
            completed: actions.complete.then(|| visit.paths.completed()),
            no_show: actions.mark_no_show.then(|| visit.paths.no_show()),
            history: happened(history, Clockwork::new(zone, cycle, now)),
            version: booking.version,
            meanwhile,
            invite: visit.paths.invite(),
            home: match visit.access {
                BookingAccess::Member { .. } => Some(paths.home()),
                BookingAccess::Invitee(_) | BookingAccess::Host(_) => None,
            },
        }
    }
}

/// The page, with whatever speaks against a form that was sent.
pub(super) async fn page(
    kalends: &Kalends,
    state: &WebState,
    visit: &Visit,
    details: &BookingDetails,
    setting: &Setting<'_>,
    status: StatusCode,
    instead: Option<Instead>,
) -> Result<HttpResponse, PageError> {
    let history = kalends.scheduling.history(&visit.access).await?;
    let page = HostPage::new(details, &history, visit, setting, instead);
    state.private_page(status, &page)
}

/// What a form of the page asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    Approve,
    Decline,
    Completed,
    NoShow,
}

impl Wish {
    /// Where the booking is afterwards.
    const fn outcome(self) -> BookingStatus {
        match self {
            Self::Approve => BookingStatus::Confirmed,
            Self::Decline => BookingStatus::Declined,
            Self::Completed => BookingStatus::Completed,
            Self::NoShow => BookingStatus::NoShow,
        }
    }
}

/// Says yes to a request.
pub(super) async fn approve(
    kalends: web::Data<Kalends>,
    state: web::Data<WebState>,
    request: HttpRequest,
    form: SentForm,
) -> HttpResponse {
    state.answer(grant(&kalends, &state, &request, form, Wish::Approve).await)
}

/// Says no to a request.
pub(super) async fn decline(
    kalends: web::Data<Kalends>,
    state: web::Data<WebState>,
    request: HttpRequest,
    form: SentForm,
) -> HttpResponse {
    state.answer(grant(&kalends, &state, &request, form, Wish::Decline).await)
}

/// Notes that the meeting took place.
pub(super) async fn completed(
    kalends: web::Data<Kalends>,
    state: web::Data<WebState>,
    request: HttpRequest,
    form: SentForm,
) -> HttpResponse {
    state.answer(grant(&kalends, &state, &request, form, Wish::Completed).await)
}

/// Notes that the invitee did not come.
pub(super) async fn no_show(
    kalends: web::Data<Kalends>,
    state: web::Data<WebState>,
    request: HttpRequest,
    form: SentForm,
) -> HttpResponse {
    state.answer(grant(&kalends, &state, &request, form, Wish::NoShow).await)
}

/// Leads back to the booking: a form's address that is asked for does nothing.
pub(super) async fn back(
    kalends: web::Data<Kalends>,
    state: web::Data<WebState>,
    request: HttpRequest,
) -> HttpResponse {
    let opened = visit::open(&kalends, &state, &request).await;
    state.answer(opened.map(|(visit, _)| see_other(visit.paths.page())))
}

async fn grant(
    kalends: &Kalends,
    state: &WebState,
    request: &HttpRequest,
    form: SentForm,
    wish: Wish,
) -> Result<HttpResponse, PageError> {
    state.require_own_form(request)?;
    super::count(kalends, request, RateClass::Guests).await?;
    let fields = Fields::of_form(form)?;
    let (visit, details) = visit::open(kalends, state, request).await?;
    let setting = Setting::of(state, &visit, request);
    let policy = details.event_type.policy.cancel.reason(Party::Host);
    let again = async |wrong| {
        let reason = ReasonField::refused(policy, &fields, Some(wrong));
        let instead = Some(Instead::Reason(reason));
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        page(kalends, state, &visit, &details, &setting, status, instead).await
    };
    let error = match change(kalends, &visit, wish, &fields).await {
        Ok(Ok(_changed)) => return Ok(see_other(visit.paths.page())),
        Ok(Err(error)) => error,
        Err(wrong) => return again(wrong).await,
    };
    match Refused::of(error)? {
        Refused::ReasonNeeded => again(ReasonProblem::Missing).await,
        Refused::Meanwhile => {
            let (visit, details) = visit::open(kalends, state, request).await?;
            if is_already(&details, wish.outcome()) {
                return Ok(see_other(visit.paths.page()));
            }
            let instead = Some(Instead::Meanwhile);
            let status = StatusCode::CONFLICT;
            page(kalends, state, &visit, &details, &setting, status, instead).await
        }
    }
}

async fn change(
    kalends: &Kalends,
    visit: &Visit,
    wish: Wish,
    fields: &Fields,
) -> Result<Result<Changed, ChangeError>, ReasonProblem> {
    let app = &kalends.scheduling;
    let access = visit.access.clone();
    let expected = version(fields);
    let mark = MarkBooking {
        expected,
        ..MarkBooking::new(access.clone())
    };
    Ok(match wish {
        Wish::Approve => {
            let command = ApproveBooking {
                expected,
                ..ApproveBooking::new(access)
            };
            app.approve(&command).await
        }
        Wish::Decline => {
            let command = DeclineBooking {
                expected,
                reason: reason(fields)?,
                ..DeclineBooking::new(access)
            };
            app.decline(&command).await
        }
        Wish::Completed => app.mark_completed(&mark).await,
        Wish::NoShow => app.mark_no_show(&mark).await,
    })
}

impl From<ReadError> for PageError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::NotFound => Self::NOT_FOUND,
            ReadError::Over => Self::Over,
            ReadError::Storage(error) => error.into(),
        }
    }
}

#[cfg(test)]
impl HostPage {
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        use chrono_tz::Tz;
        use scheduling_app::bookings::Actions;
        use scheduling_core::booking::BookingState;
        use scheduling_core::event_type::ReasonPolicy;

        use super::guest::HourCycle;
        use super::links::{BookingPaths, Paths};
        use super::sample;

        let paths = Paths::new("");
        let visit = Visit {
            access: BookingAccess::Host(sample::host_token()),
            paths: BookingPaths::below(paths.host(&sample::host_token())),
            zone: Tz::Europe__Berlin,
        };
        let setting = Setting {
            paths: &paths,
            page_link: String::new(),
            cycle: HourCycle::H24,
            now: sample::now(),
        };
        let booked = |page| BookingDetails {
            viewer: Party::Host,
            ..sample::booking(&page, Tz::Europe__Lisbon, "2026-11-24T14:00:00Z")
        };
        let make = |details: &BookingDetails, instead| {
            let history = sample::history(&details.booking);
            Self::new(details, &history, &visit, &setting, instead)
        };
        let mut waiting = booked(sample::single());
        waiting.booking.state = sample::waiting();
        waiting.booking.answers = sample::answers("Up to 20 people");
        waiting.actions.answer = true;
        let mut marked = booked(sample::single());
        marked.booking.state = BookingState::Confirmed {
            confirmed_at: sample::at("2026-11-01T10:00:00Z"),
        };
        marked.actions = Actions {
            complete: true,
            mark_no_show: true,
            ..sample::finished()
        };
        let mut cancelled = booked(sample::rotating());
        cancelled.booking.state = sample::cancelled(Party::Invitee);
        cancelled.actions = sample::finished();
        let mut hostile = booked(sample::hostile());
        hostile.booking.answers = sample::answers(sample::HOSTILE);
        hostile.booking.note = sample::HOSTILE.parse().ok();
        hostile.booking.attendees[0].name = sample::HOSTILE.parse().unwrap();
        hostile.actions.answer = true;
        let refused = Instead::Reason(ReasonField {
            policy: ReasonPolicy::Required,
            value: sample::HOSTILE.to_owned(),
            wrong: Some(ReasonProblem::Refused),
        });
        let signed_in = Self {
            home: Some("/home".to_owned()),
            ..make(&marked, None)
        };
        vec![
            ("waiting", make(&waiting, None)),
            ("confirmed", make(&booked(sample::single()), None)),
            ("marking", signed_in),
            (
                "cancelled-meanwhile",
                make(&cancelled, Some(Instead::Meanwhile)),
            ),
            ("hostile-refused", make(&hostile, Some(refused))),
        ]
    }
}
