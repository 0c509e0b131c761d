//! `/b/{token}`: a booking, for the invitee who has its link.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use scheduling_app::bookings::{BookingDetails, Permission};
use scheduling_core::booking::{BookingState, BookingStatus, Party, PendingReason};
use scheduling_core::event_type::EventTypeStatus;
use serde::{Deserialize, Serialize};

use super::guest::{HourCycle, View};
use super::host;
use super::links::Paths;
use super::summary::{Contact, Summary};
use super::templates::Page;
use super::to_calendar::{AddToCalendar, add_to_calendar};
use super::visit::{self, Visit};
pub(super) use super::when::When;
use super::when::{Dayline, daylines};
use super::wording::moment;
use super::{WebState, accept_language, query};
use crate::Kalends;

/// The page's context.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Manage {
    state: State,
    when: When,
    summary: Summary,
    /// What the host wants those to know who have booked.
    message: Option<String>,
    lines: Vec<Dayline>,
    add_to_calendar: AddToCalendar,
    reschedule: Change,
    cancel: Change,
    /// Whom to ask for what the page cannot do.
    contact: Option<Contact>,
    book_again: String,
}

/// Where a booking is in its life, as pages tell it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub(super) enum State {
    Pending {
        /// Whether it waits for a host's answer.
        approval: bool,
        /// When it was asked for.
        asked: String,
        /// When it gives up waiting.
        until: Option<String>,
    },
    Confirmed,
    Completed,
    NoShow,
    Declined {
        reason: Option<String>,
    },
    Cancelled {
        by: Party,
        reason: Option<String>,
    },
    Expired,
}

impl State {
    pub(super) fn new(
        details: &BookingDetails,
        zone: Tz,
        cycle: HourCycle,
        now: DateTime<Utc>,
    ) -> Self {
        let booking = &details.booking;
        let today = now.with_timezone(&zone).date_naive();
        let told = |at: DateTime<Utc>| moment(&at.with_timezone(&zone), today, cycle);
        match &booking.state {
            BookingState::Pending {
                waiting_for,
                expires_at,
            } => Self::Pending {
                approval: waiting_for.contains(&PendingReason::Approval),
                asked: told(booking.updated_at),
                until: expires_at.map(told),
            },
            BookingState::Declined { reason, .. } => Self::Declined {
                reason: reason.as_ref().map(ToString::to_string),
            },
            BookingState::Cancelled { by, reason, .. } => Self::Cancelled {
                by: *by,
                reason: reason.as_ref().map(ToString::to_string),
            },
            BookingState::Expired { .. } => Self::Expired,
            BookingState::NoShow { .. } => Self::NoShow,
            state => match state.status(booking.interval.end(), now) {
                BookingStatus::Confirmed => Self::Confirmed,
                _ => Self::Completed,
            },
        }
    }
}

/// A change to a booking, as its page offers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum Change {
    Open {
        href: String,
        /// Until when, where that is before the meeting.
        until: Option<String>,
    },
    /// It was possible until then.
    Cutoff { until: String },
    /// Only hosts can.
    HostsOnly,
    /// Nobody can any more.
    Closed,
}

impl Change {
    pub(super) fn new(
        permission: Permission,
        href: String,
        start: DateTime<Utc>,
        told: impl Fn(DateTime<Utc>) -> String,
    ) -> Self {
        match permission {
            Permission::Granted { until, .. } => Self::Open {
                href,
                until: (until < start).then(|| told(until)),
            },
            Permission::CutoffPassed { until } => Self::Cutoff { until: told(until) },
            Permission::NotAllowed => Self::HostsOnly,
            Permission::Finished => Self::Closed,
        }
    }
}

impl Page for Manage {
    const TEMPLATE: &'static str = "pages/manage.html.j2";
}

impl Manage {
    fn new(details: &BookingDetails, visit: &Visit, state: &Setting<'_>) -> Self {
        let Setting {
            paths, cycle, now, ..
        } = *state;
        let booking = &details.booking;
        let (start, end) = (booking.interval.start(), booking.interval.end());
        let today = now.with_timezone(&visit.zone).date_naive();
        let told = |at: DateTime<Utc>| moment(&at.with_timezone(&visit.zone), today, cycle);
        let change = |permission, href| Change::new(permission, href, start, told);
        let reschedule = change(details.actions.reschedule, visit.paths.reschedule());
        let cancel = change(details.actions.cancel, visit.paths.cancel());
        Self {
            state: State::new(details, visit.zone, cycle, now),
            when: When::new(start, end, visit.zone, cycle, now),
            summary: Summary::new(details, paths),
            message: details
                .event_type
                .appearance
                .confirmation_message
                .as_ref()
                .map(ToString::to_string),
            lines: daylines(start, end, visit.zone, &details.hosts, cycle),
            add_to_calendar: add_to_calendar(details, visit, &state.page_link),
            reschedule,
            cancel,
            contact: contact(details),
            book_again: book_again(details, paths),
        }
    }
}

/// The host who can be asked for what the invitee may not do.
pub(super) fn contact(details: &BookingDetails) -> Option<Contact> {
    let subject = details.event_type.title.as_str();
    details.hosts.first().map(|host| {
        Contact::new(
            host.name.as_str(),
            host.email.as_str(),
            host.timezone,
            subject,
        )
    })
}

/// Where another meeting can be booked. A link for one occasion does not tell the event type's own.
fn book_again(details: &BookingDetails, paths: &Paths) -> String {
    let event_type = &details.event_type;
    let workspace = &details.workspace.slug;
    let is_known = match event_type.status {
        EventTypeStatus::Active => true,
        EventTypeStatus::Hidden => details.booking.link.is_none(),
        EventTypeStatus::Inactive | EventTypeStatus::Archived => false,
    };
    if is_known {
        paths.event(workspace, &event_type.slug)
    } else {
        paths.landing(workspace)
    }
}

/// How the page is asked for: what its links begin with, the reader's clock, the time.
pub(super) struct Setting<'a> {
    pub paths: &'a Paths,
    /// The page's own address, for calendars.
    pub page_link: String,
    pub cycle: HourCycle,
    pub now: DateTime<Utc>,
}

impl<'a> Setting<'a> {
    pub(super) fn of(state: &'a WebState, visit: &Visit, request: &HttpRequest) -> Self {
        Self {
            paths: state.paths(),
            page_link: state.absolute(visit.paths.page()),
            cycle: cycle(request),
            now: state.now(),
        }
    }
}

/// What a link to the page can say.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Question {
    clock: Option<String>,
}

/// The clock the reader uses.
pub(super) fn cycle(request: &HttpRequest) -> HourCycle {
    let question: Question = query(request);
    View::new(
        None,
        question.clock.as_deref(),
        accept_language(request),
        Tz::UTC,
    )
    .cycle
}

/// Shows the booking, to its invitee or to a host.
pub(super) async fn show(
    kalends: web::Data<Kalends>,
    state: web::Data<WebState>,
    request: HttpRequest,
) -> HttpResponse {
    let page = async {
        let (visit, details) = visit::open(&kalends, &state, &request).await?;
        let setting = Setting::of(&state, &visit, &request);
        if details.viewer == Party::Invitee {
            let page = Manage::new(&details, &visit, &setting);
            return state.private_page(StatusCode::OK, &page);
        }
        host::page(
            &kalends,
            &state,
            &visit,
            &details,
            &setting,
            StatusCode::OK,
            None,
        )
        .await
    };
    state.answer(page.await)
}

#[cfg(test)]
impl Manage {
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        use super::sample;

        let paths = Paths::new("");
        let visit = |zone| Visit {
            zone,
            ..sample::visit("")
        };
        let setting = Setting {
            paths: &paths,
            page_link: format!("https://book.example.org/b/{}", sample::token()),
            cycle: HourCycle::H24,
            now: sample::now(),
        };
        let lisbon = Tz::Europe__Lisbon;
        let booked = || sample::booking(&sample::single(), lisbon, "2026-11-24T14:00:00Z");
        let page = |details: &BookingDetails| Self::new(details, &visit(lisbon), &setting);
        let with = |state: BookingState| {
            let mut details = booked();
            details.actions = sample::finished();
            details.booking.state = state;
            page(&details)
        };
        let now = sample::now();
        let mut hostile = sample::booking(
            &sample::hostile(),
            Tz::Pacific__Niue,
            "2026-11-24T10:45:00Z",
        );
        hostile.booking.note = sample::HOSTILE.parse().ok();
        hostile.booking.answers = sample::answers(sample::HOSTILE);
        hostile.event_type.appearance.confirmation_message = sample::HOSTILE.parse().ok();
        let mut pending = booked();
        pending.booking.state = sample::waiting();
        let mut full = booked();
        full.booking.answers = sample::answers("Up to 20 people");
        full.event_type.appearance.confirmation_message =
            "Bring the last three shift plans.\n\nThe line is open five minutes early."
                .parse()
                .ok();
        full.event_type.appearance.colour = "#8a2be2".parse().ok();
        full.actions.reschedule = Permission::CutoffPassed {
            until: sample::at("2026-11-20T09:00:00Z"),
        };
        let mut hosts_only = booked();
        hosts_only.actions.reschedule = Permission::NotAllowed;
        hosts_only.actions.cancel = Permission::NotAllowed;
        hosts_only.booking.place = scheduling_core::event_type::MeetingPlace::HostCalls {
            number: "+49 30 123456".parse().unwrap(),
        };
        vec![
            ("confirmed", page(&booked())),
            ("full", page(&full)),
            ("hosts-only", page(&hosts_only)),
            (
                "team",
                Self::new(
                    &sample::booking(&sample::rotating(), Tz::Asia__Tokyo, "2026-11-24T14:30:00Z"),
                    &visit(Tz::Asia__Tokyo),
                    &setting,
                ),
            ),
            ("cancelled", with(sample::cancelled(Party::Invitee))),
            ("cancelled-by-host", with(sample::cancelled(Party::Host))),
            (
                "cancelled-by-system",
                with(sample::cancelled(Party::System)),
            ),
            ("pending", page(&pending)),
            (
                "declined",
                with(BookingState::Declined {
                    declined_at: now,
                    reason: "We do not do this kind of work.".parse().ok(),
                }),
            ),
            ("expired", with(BookingState::Expired { expired_at: now })),
            ("no-show", with(BookingState::NoShow { marked_at: now })),
            (
                "over",
                page(&sample::booking(
                    &sample::single(),
                    lisbon,
                    "2026-11-19T14:00:00Z",
                )),
            ),
            (
                "hostile",
                Self::new(&hostile, &visit(Tz::Pacific__Niue), &setting),
            ),
        ]
    }
}

#[cfg(test)]
mod tests {
    use scheduling_core::ids::BookingLinkId;
    use uuid::Uuid;

    use super::super::sample;
    use super::*;

    #[test]
    fn a_link_for_one_occasion_does_not_tell_the_event_types_own() {
        let page = sample::single();
        let mut details = sample::booking(&page, Tz::UTC, "2026-11-24T14:00:00Z");
        let again = |details: &BookingDetails| book_again(details, &Paths::new(""));
        assert_eq!(again(&details), "/book/northwind/first-conversation");
        details.event_type.status = EventTypeStatus::Hidden;
        assert_eq!(again(&details), "/book/northwind/first-conversation");
        details.booking.link = Some(BookingLinkId::from_uuid(Uuid::from_u128(1)));
        assert_eq!(again(&details), "/book/northwind");
        details.event_type.status = EventTypeStatus::Archived;
        details.booking.link = None;
        assert_eq!(again(&details), "/book/northwind");
    }

    #[test]
    fn a_change_says_until_when_it_is_possible() {
        let start = sample::at("2026-11-24T14:00:00Z");
        let told = |at: DateTime<Utc>| at.format("%H:%M").to_string();
        let change = |permission| Change::new(permission, "/x".to_owned(), start, told);
        let granted = |until| Permission::Granted {
            reason: scheduling_core::event_type::ReasonPolicy::Optional,
            until,
        };
        let open = |until: Option<&str>| Change::Open {
            href: "/x".to_owned(),
            until: until.map(str::to_owned),
        };
        assert_eq!(change(granted(start)), open(None));
        let earlier = sample::at("2026-11-24T12:00:00Z");
        assert_eq!(change(granted(earlier)), open(Some("12:00")));
        let passed = Permission::CutoffPassed { until: earlier };
        assert_eq!(
            change(passed),
            Change::Cutoff {
                until: "12:00".to_owned()
            }
        );
        assert_eq!(change(Permission::NotAllowed), Change::HostsOnly);
    }
}
