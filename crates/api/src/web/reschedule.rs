//! Moving a booking: the calendar again, then the question, then the change. Its invitee or a host, by whichever link he
//! came. Choosing a time changes nothing; the last form does.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, Utc};
use scheduling_app::availability::EventTypePage;
use scheduling_app::bookings::{
    BookingDetails, ChangeError, Permission, RescheduleBooking, RescheduleError,
};
use scheduling_core::booking::Party;
use scheduling_core::event_type::ReasonPolicy;
use scheduling_core::time::{Interval, Length};
use serde::Serialize;

use super::alternatives::{Alternative, alternatives};
use super::booker::{Finder, Moving, Subject, look, with_fields};
use super::carry::Carry;
use super::changing::{ReasonField, ReasonProblem, Refused, reason, version};
use super::fields::{Fields, SentForm};
use super::guest::View;
use super::links::{instant, parse_instant};
use super::manage::Setting;
use super::refusal::{Refusal, Wanted};
use super::summary::Summary;
use super::templates::Page;
use super::visit::{self, Visit, others};
use super::when::{Dayline, When, daylines};
use super::wording::{clock_time, short_date};
use super::{PageError, WebState, accept_language, see_other};
use crate::Kalends;
use crate::http::rate::RateClass;

/// The context of the page that asks whether to move it there.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Reschedule {
    former: When,
    when: When,
    lines: Vec<Dayline>,
    summary: Summary,
    /// On which side the reader stands.
    viewer: Party,
    /// Whether a host must approve the new time.
    approval: bool,
    reason: ReasonField,
    notice: Option<Notice>,
    /// Where both forms go: the one that asks for another time is a link's.
    action: String,
    /// The fields that go along.
    slot: String,
    kept: Vec<(String, String)>,
    /// The other times.
    times: String,
    keep: String,
    version: u32,
}

impl Page for Reschedule {
    const TEMPLATE: &'static str = "pages/reschedule.html.j2";
}

/// Why it was not moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Notice {
    /// Somebody else was quicker.
    Taken { alternatives: Vec<Alternative> },
    /// The time is not offered any more, for another reason.
    Gone { alternatives: Vec<Alternative> },
    /// The booking changed since the page was shown.
    Meanwhile,
    /// The server cannot move it at the moment.
    Unavailable,
}

/// A move that is asked for.
struct Ask<'a> {
    visit: &'a Visit,
    details: &'a BookingDetails,
    setting: &'a Setting<'a>,
    carry: Carry,
    length: Length,
}

impl<'a> Ask<'a> {
    fn new(
        visit: &'a Visit,
        details: &'a BookingDetails,
        setting: &'a Setting<'a>,
        fields: &Fields,
        request: &HttpRequest,
    ) -> Self {
        let view = View::new(
            fields.get("tz"),
            fields.get("clock"),
            accept_language(request),
            visit.zone,
        );
        let mut carry = Carry::new(fields, view, &details.event_type);
        carry.prefill.clear();
        let present = length(details);
        Self {
            length: carry
                .duration
                .or(present)
                .unwrap_or(details.event_type.rules.duration),
            visit,
            details,
            setting,
            carry,
        }
    }

    /// Whether a host must approve the new time.
    fn approval(&self) -> bool {
        self.details.viewer == Party::Invitee && self.details.event_type.policy.approval.is_some()
    }

    fn finder(&self, kalends: &'a Kalends) -> Finder<'a> {
        Finder::Move {
            app: &kalends.scheduling,
            access: &self.visit.access,
            details: self.details,
        }
    }

    /// The calendar, on the day of a time.
    fn times(&self, day_of: DateTime<Utc>, gone: Option<DateTime<Utc>>) -> String {
        let date = day_of.with_timezone(&self.carry.view.zone).date_naive();
        let mut fields = vec![("date".to_owned(), date.to_string())];
        fields.extend(self.carry.fields());
        if let Some(gone) = gone {
            fields.push(("gone".to_owned(), instant(gone)));
        }
        with_fields(&self.visit.paths.reschedule(), &fields)
    }
}

/// How long the booking is.
fn length(details: &BookingDetails) -> Option<Length> {
    let minutes = details.booking.interval.length().num_minutes();
    Length::new(u32::try_from(minutes).ok()?).ok()
}

impl Reschedule {
    fn new(
        ask: &Ask<'_>,
        start: DateTime<Utc>,
        reason: ReasonField,
        notice: Option<Notice>,
    ) -> Self {
        let Ask {
            visit,
            details,
            setting,
            carry,
            length,
        } = ask;
        let booking = &details.booking;
        let view = carry.view;
        let told = |from, to| When::new(from, to, view.zone, view.cycle, setting.now);
        let end = start.checked_add_signed(length.delta()).unwrap_or(start);
        let mut summary = Summary::new(details, setting.paths);
        summary.lasting = super::wording::lasting(length.get());
        Self {
            former: told(booking.interval.start(), booking.interval.end()),
            when: told(start, end),
            lines: daylines(start, end, view.zone, &others(details), view.cycle),
            summary,
            viewer: details.viewer,
            approval: ask.approval(),
            reason,
            notice,
            action: visit.paths.reschedule(),
            slot: instant(start),
            kept: carry.fields(),
            times: ask.times(start, None),
            keep: visit.paths.page().to_owned(),
            version: booking.version,
        }
    }
}

/// Whether the reader may move it, and whether he is asked why; else the page that says why not.
fn may_move(
    state: &WebState,
    visit: &Visit,
    details: &BookingDetails,
    setting: &Setting<'_>,
) -> Result<May, PageError> {
    Ok(match details.actions.reschedule {
        Permission::Granted { reason, .. } => May::Move(reason),
        // There is nothing left to move; the booking's page says why.
        Permission::Finished => May::Read(see_other(visit.paths.page())),
        permission @ (Permission::CutoffPassed { .. } | Permission::NotAllowed) => {
            let page = Refusal::new(details, visit, setting, Wanted::Reschedule, permission);
            May::Read(state.private_page(StatusCode::OK, &page)?)
        }
    })
}

/// What the reader may do.
enum May {
    /// Move it; whether he is asked why.
    Move(ReasonPolicy),
    /// Read why not.
    Read(HttpResponse),
}

/// Shows the times, or for one that was chosen, the question.
pub(super) async fn show(
    kalends: web::Data<Kalends>,
    state: web::Data<WebState>,
    request: HttpRequest,
) -> HttpResponse {
    state.answer(choose(&kalends, &state, &request).await)
}

async fn choose(
    kalends: &Kalends,
    state: &WebState,
    request: &HttpRequest,
) -> Result<HttpResponse, PageError> {
    let (visit, details) = visit::open(kalends, state, request).await?;
    let setting = Setting::of(state, &visit, request);
    let policy = match may_move(state, &visit, &details, &setting)? {
        May::Move(policy) => policy,
        May::Read(page) => return Ok(page),
    };
    let fields = Fields::of_query(request.query_string());
    let ask = Ask::new(&visit, &details, &setting, &fields, request);
    let finder = ask.finder(kalends);
    if let Some(start) = fields.get("slot").and_then(parse_instant) {
        if !finder.offers(start, ask.length).await? {
            return Ok(see_other(&ask.times(start, Some(start))));
        }
        let page = Reschedule::new(&ask, start, ReasonField::empty(policy), None);
        return state.private_page(StatusCode::OK, &page);
    }
    let page = EventTypePage {
        workspace: details.workspace.clone(),
        event_type: details.event_type.clone(),
        link: None,
        hosts: details.hosts.clone(),
    };
    let former = details
        .booking
        .interval
        .start()
        .with_timezone(&ask.carry.view.zone);
    let mut durations = details.event_type.all_durations();
    durations.extend(length(&details));
    durations.sort_unstable();
    durations.dedup();
    let subject = Subject {
        page: &page,
        paths: state.paths(),
        here: visit.paths.reschedule(),
        choose: visit.paths.reschedule(),
        others: &others(&details),
        durations,
        length: ask.length,
        moving: Some(Moving {
            former: format!(
                "{}, {}",
                short_date(former.date_naive()),
                clock_time(&former, ask.carry.view.cycle)
            ),
            back: visit.paths.page().to_owned(),
            approval: ask.approval(),
        }),
    };
    let booker = look(finder, subject, ask.carry.clone(), request, setting.now).await?;
    state.private_page(StatusCode::OK, &booker)
}

/// Moves it and shows the booking, which then stands at its new time.
pub(super) async fn submit(
    kalends: web::Data<Kalends>,
    state: web::Data<WebState>,
    request: HttpRequest,
    form: SentForm,
) -> HttpResponse {
    state.answer(move_it(&kalends, &state, &request, form).await)
}

async fn move_it(
    kalends: &Kalends,
    state: &WebState,
    request: &HttpRequest,
    form: SentForm,
) -> Result<HttpResponse, PageError> {
    state.require_own_form(request)?;
    super::count(kalends, request, RateClass::Guests).await?;
    let fields = Fields::of_form(form)?;
    let start = parse_instant(fields.text("slot")).ok_or(PageError::Malformed)?;
    let (visit, details) = visit::open(kalends, state, request).await?;
    let setting = Setting::of(state, &visit, request);
    let again = |status, visit: &Visit, details: &BookingDetails, wrong, notice| {
        let policy = match may_move(state, visit, details, &setting)? {
            May::Move(policy) => policy,
            May::Read(page) => return Ok(page),
        };
        let ask = Ask::new(visit, details, &setting, &fields, request);
        let reason = ReasonField::refused(policy, &fields, wrong);
        state.private_page(status, &Reschedule::new(&ask, start, reason, notice))
    };
    let wrong_reason = |wrong| {
        again(
            StatusCode::UNPROCESSABLE_ENTITY,
            &visit,
            &details,
            Some(wrong),
            None,
        )
    };
    let reason = match reason(&fields) {
        Ok(reason) => reason,
        Err(wrong) => return wrong_reason(wrong),
    };
    let ask = Ask::new(&visit, &details, &setting, &fields, request);
    let (wanted, view) = (ask.length, ask.carry.view);
    let command = RescheduleBooking {
        expected: version(&fields),
        duration: ask.carry.duration,
        reason,
        ..RescheduleBooking::new(visit.access.clone(), start)
    };
    let unavailable = || {
        let notice = Some(Notice::Unavailable);
        let mut response = again(
            StatusCode::SERVICE_UNAVAILABLE,
            &visit,
            &details,
            None,
            notice,
        )?;
        super::retry_later(&mut response);
        Ok(response)
    };
    let Ok(place) = kalends.gate.enter().await else {
        return unavailable();
    };
    let moved = kalends.scheduling.reschedule(&command).await;
    drop(place);
    let Err(error) = moved else {
        return Ok(see_other(visit.paths.page()));
    };
    let taken = error.is_taken();
    match error {
        RescheduleError::Unavailable {
            alternatives: starts,
            ..
        } => {
            let alternatives = alternatives(&starts, start, view);
            let notice = if taken {
                Notice::Taken { alternatives }
            } else {
                Notice::Gone { alternatives }
            };
            again(StatusCode::CONFLICT, &visit, &details, None, Some(notice))
        }
        RescheduleError::Change(ChangeError::Storage(error)) if super::is_passing(&error) => {
            super::log(&error, "A booking could not be moved");
            unavailable()
        }
        RescheduleError::Change(error) => match Refused::of(error)? {
            Refused::ReasonNeeded => wrong_reason(ReasonProblem::Missing),
            Refused::Meanwhile => {
                let (visit, details) = visit::open(kalends, state, request).await?;
                if is_there(&details, start, wanted) {
                    return Ok(see_other(visit.paths.page()));
                }
                let notice = Some(Notice::Meanwhile);
                again(StatusCode::CONFLICT, &visit, &details, None, notice)
            }
        },
        // The form names neither a hold nor a range; a duration that is not offered is left out.
        error => Err(error.into()),
    }
}

/// Whether the booking stands where the form wanted it: then the form was sent twice, and nothing is wrong.
fn is_there(details: &BookingDetails, start: DateTime<Utc>, length: Length) -> bool {
    let end = start.checked_add_signed(length.delta());
    end.and_then(|end| Interval::new(start, end).ok()) == Some(details.booking.interval)
        && matches!(details.actions.reschedule, Permission::Granted { .. })
}

#[cfg(test)]
impl Reschedule {
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        use actix_web::test::TestRequest;
        use chrono_tz::Tz;
        use scheduling_core::event_type::Approval;

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
        let visit = sample::visit("");
        let request = TestRequest::get().to_http_request();
        let make = |page: EventTypePage, change: fn(&mut BookingDetails), reason, notice| {
            let zone = Tz::Europe__Lisbon;
            let mut details = sample::booking(&page, zone, "2026-11-24T14:00:00Z");
            change(&mut details);
            let fields = Fields::default();
            let ask = Ask::new(&visit, &details, &setting, &fields, &request);
            Self::new(&ask, sample::at("2026-11-25T09:00:00Z"), reason, notice)
        };
        let optional = || ReasonField::empty(ReasonPolicy::Optional);
        let nothing = |_: &mut BookingDetails| ();
        let approval = |details: &mut BookingDetails| {
            details.event_type.policy.approval = Some(Approval::default());
        };
        let by_host = |details: &mut BookingDetails| details.viewer = Party::Host;
        let near = [
            sample::at("2026-11-25T09:30:00Z"),
            sample::at("2026-11-26T08:00:00Z"),
        ];
        let near = || {
            let wanted = sample::at("2026-11-25T09:00:00Z");
            alternatives(&near, wanted, sample::view(Tz::Europe__Lisbon))
        };
        let refused = ReasonField {
            policy: ReasonPolicy::Required,
            value: sample::HOSTILE.to_owned(),
            wrong: Some(ReasonProblem::Refused),
        };
        let taken = Notice::Taken {
            alternatives: near(),
        };
        let gone = Notice::Gone {
            alternatives: Vec::new(),
        };
        vec![
            ("invitee", make(sample::single(), nothing, optional(), None)),
            (
                "approval",
                make(
                    sample::single(),
                    approval,
                    optional(),
                    Some(Notice::Unavailable),
                ),
            ),
            (
                "host",
                make(
                    sample::rotating(),
                    by_host,
                    optional(),
                    Some(Notice::Meanwhile),
                ),
            ),
            (
                "taken",
                make(sample::single(), nothing, optional(), Some(taken)),
            ),
            (
                "gone",
                make(sample::single(), nothing, optional(), Some(gone)),
            ),
            (
                "hostile-refused",
                make(sample::hostile(), nothing, refused, None),
            ),
        ]
    }
}
