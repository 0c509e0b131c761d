//! A meeting for the reader's own calendar: links that fill in an entry, and a file.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, Utc};
use scheduling_app::bookings::BookingDetails;
use scheduling_core::booking::{Attendee, AttendeeRole, BookingState, BookingStatus, Party};
use scheduling_core::notification::{BookingFacts, Contact, Decision};
use serde::Serialize;

use super::links::{instant, with_query};
use super::place::Place;
use super::visit::{self, Visit};
use super::{PageError, WebState, security};
use crate::Kalends;

/// Links that put the meeting into a calendar.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct AddToCalendar {
    google: String,
    outlook: String,
    office: String,
    yahoo: String,
    ics: String,
}

/// The links, given the absolute address of the booking's page.
pub(super) fn add_to_calendar(
    details: &BookingDetails,
    visit: &Visit,
    page_link: &str,
) -> AddToCalendar {
    let title = details.event_type.title.as_str();
    let interval = &details.booking.interval;
    let place = Place::booked(&details.booking.place).line();
    let basic = |at: DateTime<Utc>| at.format("%Y%m%dT%H%M%SZ").to_string();
    let (start, end) = (instant(interval.start()), instant(interval.end()));
    let (from, to) = (basic(interval.start()), basic(interval.end()));
    let text = page_link;
    let microsoft = |host: &str| {
        with_query(
            &format!("https://{host}/calendar/0/deeplink/compose"),
            [
                ("path", "/calendar/action/compose"),
                ("rru", "addevent"),
                ("subject", title),
                ("startdt", &start),
                ("enddt", &end),
                ("location", &place),
                ("body", text),
            ],
        )
    };
    AddToCalendar {
        google: with_query(
            "https://calendar.google.com/calendar/render",
            [
                ("action", "TEMPLATE"),
                ("text", title),
                ("dates", &format!("{from}/{to}")),
                ("location", &place),
                ("details", text),
            ],
        ),
        outlook: microsoft("outlook.live.com"),
        office: microsoft("outlook.office.com"),
        yahoo: with_query(
            "https://calendar.yahoo.com/",
            [
                ("v", "60"),
                ("title", title),
                ("st", &from),
                ("et", &to),
                ("in_loc", &place),
                ("desc", text),
            ],
        ),
        ics: visit.paths.invite(),
    }
}

/// The meeting as a file that calendars read.
pub(super) async fn file(
    kalends: web::Data<Kalends>,
    state: web::Data<WebState>,
    request: HttpRequest,
) -> HttpResponse {
    let file = async {
        let (visit, details) = visit::open(&kalends, &state, &request).await?;
        let facts = facts(details).ok_or(PageError::NOT_FOUND)?;
        let link = state.absolute(visit.paths.page());
        let calendar = scheduling_mail::calendar_file(&facts, &state.inner.domain, Some(&link));
        Ok(HttpResponse::Ok()
            .content_type("text/calendar; charset=utf-8")
            .insert_header((
                header::CONTENT_DISPOSITION,
                "attachment; filename=\"invite.ics\"",
            ))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
            .insert_header((header::REFERRER_POLICY, security::REFERRER_POLICY))
            .insert_header(("x-robots-tag", "noindex"))
            .body(calendar))
    };
    state.answer(file.await)
}

/// The booking as invitations tell it; `None` for one without an invitee or a host, which cannot be invited to.
fn facts(details: BookingDetails) -> Option<BookingFacts> {
    let BookingDetails {
        booking,
        workspace,
        event_type,
        hosts,
        ..
    } = details;
    let contact = |attendee: &Attendee| Contact {
        name: attendee.name.clone(),
        email: attendee.email.clone(),
        timezone: attendee.timezone,
    };
    let invitee = contact(booking.invitee()?);
    let guests = booking
        .attendees
        .iter()
        .filter(|attendee| attendee.role == AttendeeRole::Guest)
        .map(contact)
        .collect();
    if hosts.is_empty() {
        return None;
    }
    Some(BookingFacts {
        id: booking.id,
        sequence: booking.sequence,
        title: event_type.title,
        workspace: workspace.name,
        interval: booking.interval,
        place: booking.place,
        assignment: event_type.hosting.kind(),
        hosts: hosts
            .into_iter()
            .map(|host| Contact {
                name: host.name,
                email: host.email,
                timezone: host.timezone,
            })
            .collect(),
        invitee,
        guests,
        note: booking.note,
        answers: booking.answers,
        confirmation_message: event_type.appearance.confirmation_message,
        waits_until: match booking.state {
            BookingState::Pending { expires_at, .. } => expires_at,
            _ => None,
        },
        is_ahead: matches!(
            booking.state.name(),
            BookingStatus::Pending | BookingStatus::Confirmed
        ),
        was_confirmed: booking.state.name() == BookingStatus::Confirmed,
        previous: None,
        decision: match booking.state {
            BookingState::Cancelled { by, reason, .. } => Some(Decision { by, reason }),
            BookingState::Declined { reason, .. } => Some(Decision {
                by: Party::Host,
                reason,
            }),
            _ => None,
        },
        changed_at: booking.updated_at,
    })
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;

    use super::super::sample;
    use super::*;

    #[test]
    fn calendars_get_the_meeting_in_their_own_words() {
        let details = sample::booking(
            &sample::single(),
            Tz::Europe__Lisbon,
            "2026-11-24T14:00:00Z",
        );
        let visit = sample::visit("/meet");
        let links = add_to_calendar(&details, &visit, "https://example.org/meet/b/x");
        assert!(
            links
                .google
                .contains("dates=20261124T140000Z%2F20261124T143000Z"),
            "{}",
            links.google
        );
        assert!(links.google.contains("text=First+conversation"));
        assert!(
            links.outlook.contains("startdt=2026-11-24T14%3A00%3A00Z"),
            "{}",
            links.outlook
        );
        assert!(
            links
                .office
                .starts_with("https://outlook.office.com/calendar/0/deeplink/compose?")
        );
        assert!(
            links
                .yahoo
                .contains("st=20261124T140000Z&et=20261124T143000Z")
        );
        assert_eq!(links.ics, format!("/meet/b/{}/invite.ics", sample::token()));
    }

    #[test]
    fn the_file_for_calendars_tells_who_comes_and_what_was_called_off() {
        let mut details = sample::booking(
            &sample::single(),
            Tz::Europe__Lisbon,
            "2026-11-24T14:00:00Z",
        );
        let told = facts(details.clone()).unwrap();
        assert_eq!(told.invitee.email.as_str(), "elena@halden-mills.example");
        assert_eq!((told.hosts.len(), told.guests.len()), (1, 1));
        assert!(told.is_ahead && told.decision.is_none());
        details.booking.state = sample::cancelled(Party::Host);
        let told = facts(details.clone()).unwrap();
        assert_eq!(told.decision.map(|decision| decision.by), Some(Party::Host));
        assert!(!told.is_ahead);
        details.hosts.clear();
        assert!(facts(details).is_none());
    }
}
