//! Bookings, as the members of a workspace see and make them.

use std::collections::BTreeMap;

use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse, get, post};
use scheduling_app::bookings::{
    BookingAccess, BookingDetails, BookingHistory, Changed, ListBookings, PageStart,
};
use scheduling_core::booking::{Change, Doer, HistoryEntry};
use scheduling_core::directory::Person;
use scheduling_core::ids::{BookingId, EventTypeId, UserId};
use scheduling_core::ports::{BookingFilter, Direction};
use scheduling_core::text::Slug;
use serde::Serialize;
use utoipa::ToSchema;

use super::changes;
use super::event_types::{find as find_event_type, host};
use crate::Kalends;
use crate::http::conditions;
use crate::http::cursor::Way;
use crate::http::fields::{self, Errors, Fields, Query};
use crate::http::ids::WireId;
use crate::http::local_time::{GivenTime, in_zone};
use crate::http::page::{Page, Paging};
use crate::http::problem::Problem;
use crate::rest::caller::Member;
use crate::rest::v1;
use crate::rest::v1::model::booking::{AttendeeView, HostedBookingView, STATUSES};
use crate::rest::v1::model::list::PageOf;
use crate::rest::v1::public::{AskedBooking, BookingRequest, SlotsParams, SlotsQuery, SlotsView};
use crate::rest::v1::refusals;

/// The longest text that is searched for.
const LONGEST_SEARCH: usize = 100;

/// A booking that a member makes for a guest.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HostedBookingRequest {
    /// The id or slug of the event type, or the slug of a booking link.
    #[schema(example = "first-conversation")]
    event_type: String,
    #[serde(flatten)]
    booking: BookingRequest,
}

/// What became of a booking.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = BookingChange)]
#[serde(rename_all = "snake_case")]
pub(super) enum ChangeView {
    Requested,
    Confirmed,
    Approved,
    Declined,
    Rescheduled,
    Cancelled,
    Completed,
    NoShow,
    Expired,
}

/// Who did it.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = Doer)]
#[serde(rename_all = "snake_case")]
pub(super) enum DoerView {
    /// The one who booked.
    Invitee,
    /// A member of the workspace.
    Member,
    /// Kalends itself.
    System,
}

/// One entry of a booking's history.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TimelineEntry)]
pub(super) struct EntryView {
    #[schema(example = "hy_0190b0c47d5e70008000000000000001")]
    id: String,
    at: String,
    change: ChangeView,
    by: DoerView,
    /// The member, where one did it.
    member: Option<String>,
    /// The member's name.
    member_name: Option<String>,
    reason: Option<String>,
    /// When it was before, for `rescheduled`.
    previous_start: Option<String>,
    previous_end: Option<String>,
    /// When it was from then on, for `rescheduled`.
    start: Option<String>,
    end: Option<String>,
}

impl EntryView {
    fn of(entry: &HistoryEntry, people: &BTreeMap<UserId, Person>) -> Self {
        let zone = chrono_tz::UTC;
        let (change, reason, moved) = match &entry.change {
            Change::Requested => (ChangeView::Requested, None, None),
            Change::Confirmed => (ChangeView::Confirmed, None, None),
            Change::Approved => (ChangeView::Approved, None, None),
            Change::Declined { reason } => (ChangeView::Declined, reason.as_ref(), None),
            Change::Rescheduled { from, to, reason } => {
                (ChangeView::Rescheduled, reason.as_ref(), Some((from, to)))
            }
            Change::Cancelled { reason } => (ChangeView::Cancelled, reason.as_ref(), None),
            Change::Completed => (ChangeView::Completed, None, None),
            Change::NoShow => (ChangeView::NoShow, None, None),
            Change::Expired => (ChangeView::Expired, None, None),
        };
        let (by, member) = match entry.by {
            Doer::Invitee => (DoerView::Invitee, None),
            Doer::Member(id) => (DoerView::Member, Some(id)),
            Doer::System => (DoerView::System, None),
        };
        let member_name = member.and_then(|id| people.get(&id));
        Self {
            id: entry.id.wire(),
            at: in_zone(entry.at, zone),
            change,
            by,
            member: member.map(WireId::wire),
            member_name: member_name.map(|person| person.name.to_string()),
            reason: reason.map(ToString::to_string),
            previous_start: moved.map(|(from, _)| in_zone(from.start(), zone)),
            previous_end: moved.map(|(from, _)| in_zone(from.end(), zone)),
            start: moved.map(|(_, to)| in_zone(to.start(), zone)),
            end: moved.map(|(_, to)| in_zone(to.end(), zone)),
        }
    }
}

/// The way to the booking that a path names.
pub(super) fn access(member: &Member, text: &str) -> Result<BookingAccess, Problem> {
    let booking = BookingId::of_wire(text).ok_or_else(|| Problem::not_found("booking"))?;
    Ok(BookingAccess::Member {
        actor: member.actor(),
        booking,
    })
}

/// The booking with everything that its members see.
pub(super) async fn shown(
    kalends: &Kalends,
    access: &BookingAccess,
    replayed: bool,
) -> Result<HttpResponse, Problem> {
    let details = kalends.scheduling.booking(access).await?;
    Ok(present(kalends, &details, replayed))
}

/// The booking as a change left it, also for whom the change took it out of sight.
pub(super) async fn shown_changed(
    kalends: &Kalends,
    access: &BookingAccess,
    changed: Changed,
) -> Result<HttpResponse, Problem> {
    let details = kalends
        .scheduling
        .booking_after(access, changed.booking)
        .await;
    let details = details.map_err(|error| refusals::done_unseen(&error))?;
    Ok(present(kalends, &details, changed.replayed))
}

fn present(kalends: &Kalends, details: &BookingDetails, replayed: bool) -> HttpResponse {
    let view = HostedBookingView::whole(details, kalends.clock.now());
    let mut response = HttpResponse::Ok();
    if replayed {
        response.insert_header(("idempotency-replayed", "true"));
    }
    conditions::versioned(response, details.booking.version, &view)
}

/// List the bookings
///
/// By their start. Everybody's for owners and admins; for members those they host.
#[utoipa::path(
    tag = "bookings",
    operation_id = "list_bookings",
    params(
        ("status" = Option<String>, Query, description = "In one of these states, with commas between them: `pending`, `confirmed`, `completed`, `declined`, `cancelled`, `no_show`, `expired`; or `rescheduled`: those that were moved", example = "pending,confirmed"),
        ("from" = Option<String>, Query, description = "Those that end after this time"),
        ("to" = Option<String>, Query, description = "Those that start before this time"),
        ("timezone" = Option<String>, Query, description = "The zone of local times and dates in `from` and `to`; UTC when it is not given"),
        ("event_type" = Option<String>, Query, description = "Those of an event type: its id or slug"),
        ("host" = Option<String>, Query, description = "Those that a member hosts: an id, or `me`"),
        ("q" = Option<String>, Query, description = "Those with this text in an attendee's name or mail address"),
        ("sort" = Option<String>, Query, description = "`start_time`, which is the default, or `-start_time`: the latest first"),
    ),
    responses(
        (status = 200, body = PageOf<HostedBookingView>),
        (status = 422, description = "`invalid-timezone`, `nonexistent-local-time`, `ambiguous-local-time`"),
    )
)]
#[get("/workspaces/{workspace}/bookings")]
pub(super) async fn list(
    request: HttpRequest,
    kalends: Data<Kalends>,
    member: Member,
) -> Result<HttpResponse, Problem> {
    let mut errors = Errors::default();
    let mut query = Query::of(&request);
    let sorts = &[("start_time", false), ("-start_time", true)];
    let descending = query.choice("sort", sorts, &mut errors).unwrap_or(false);
    let paging = Paging::of(&mut query, descending, &mut errors);
    let (status, rescheduled) = statuses(&mut query, &mut errors);
    let from = query.time("from", &mut errors);
    let to = query.time("to", &mut errors);
    let zone = query
        .take("timezone", &mut errors)
        .and_then(|text| fields::zone("/query/timezone".to_owned(), &text, &mut errors));
    let event_type = query.take("event_type", &mut errors);
    let host = host(&mut query, &member, &mut errors);
    let text = query.take("q", &mut errors);
    if text
        .as_ref()
        .is_some_and(|text| text.chars().count() > LONGEST_SEARCH)
    {
        let detail = format!("must have at most {LONGEST_SEARCH} characters");
        errors.add("/query/q", "too_long", detail);
    }
    query.finish(&mut errors);
    errors.check()?;
    let zone = zone.unwrap_or(chrono_tz::UTC);
    let instant = |time: Option<GivenTime>| time.map(|time| time.instant(zone)).transpose();
    let event_type = match event_type {
        Some(text) => Some(find_event_type(&kalends, &member, &text).await?.id),
        None => None,
    };
    let asked = ListBookings {
        filter: BookingFilter {
            status,
            rescheduled,
            from: instant(from)?,
            to: instant(to)?,
            event_type,
            host,
            text,
            ..BookingFilter::default()
        },
        sort: if descending {
            Direction::Descending
        } else {
            Direction::Ascending
        },
        start: page_start(&paging),
        limit: paging.limit,
    };
    let found = kalends.scheduling.bookings(&member.actor(), &asked).await?;
    let now = kalends.clock.now();
    let place = |(at, id): (_, BookingId)| (at, id.as_uuid());
    let page = Page::with_neighbours(
        found.bookings,
        &paging,
        found.previous.map(place),
        found.next.map(place),
    );
    Ok(page.respond(&request, |booking| {
        let event_type = found.event_types.get(&booking.event_type);
        HostedBookingView::of(&booking, event_type, &found.people, now)
    }))
}

fn page_start(paging: &Paging) -> PageStart {
    match paging.cursor {
        None => PageStart::First,
        Some(cursor) => {
            let place = (cursor.at, BookingId::from_uuid(cursor.id));
            match cursor.way {
                Way::Next => PageStart::After(place),
                Way::Previous => PageStart::Before(place),
            }
        }
    }
}

/// Takes the states out of a query, and whether moved ones are asked for.
fn statuses(
    query: &mut Query,
    errors: &mut Errors,
) -> (Vec<scheduling_core::booking::BookingStatus>, bool) {
    let Some(text) = query.take("status", errors) else {
        return (Vec::new(), false);
    };
    let (mut found, mut rescheduled) = (Vec::new(), false);
    for word in text.split(',').map(str::trim) {
        if word == "rescheduled" {
            rescheduled = true;
            continue;
        }
        match STATUSES.iter().find(|(known, _)| *known == word) {
            Some((_, status)) if !found.contains(status) => found.push(*status),
            Some(_) => {}
            None => {
                let known: Vec<&str> = STATUSES.iter().map(|(known, _)| *known).collect();
                let detail = format!("must be of {}, rescheduled", known.join(", "));
                errors.add("/query/status", "unknown_value", detail);
                break;
            }
        }
    }
    (found, rescheduled)
}

/// Book for a guest
///
/// As guests do, but without minimum notice, booking window and approval. For owners and admins, and for the hosts of
/// the event type. The guest is told as if it were his own booking.
#[utoipa::path(
    tag = "bookings",
    operation_id = "create_hosted_booking",
    request_body = HostedBookingRequest,
    responses(
        (status = 201, body = HostedBookingView, headers(("Location" = String, description = "The booking"))),
        (status = 403, description = "`insufficient-role`"),
        (status = 409, description = "`slot-taken`, `limit-reached`"),
        (status = 410, description = "`hold-expired`, `link-expired`, `link-used-up`"),
        (status = 422, description = "`invalid-timezone`, `slot-outside-availability`, `notice-too-short`, `nonexistent-local-time`, `ambiguous-local-time`"),
    )
)]
#[post("/workspaces/{workspace}/bookings")]
pub(super) async fn create(
    request: HttpRequest,
    kalends: Data<Kalends>,
    member: Member,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let mut errors = Errors::default();
    let mut fields = Fields::new("", fields::object(&request, &body)?);
    let event_type = fields.required_text("event_type", &mut errors);
    let asked = AskedBooking::read(&request, fields, errors)?;
    let event_type = event_type.ok_or_else(|| Problem::not_found("event type"))?;
    let slug: Slug = if EventTypeId::of_wire(&event_type).is_some() {
        find_event_type(&kalends, &member, &event_type).await?.slug
    } else {
        v1::slug(&event_type, "event type")?
    };
    let zone = asked.zone;
    let command = asked.of(member.membership.workspace.slug.clone(), slug);
    let booked = {
        let _place = kalends.gate.enter().await?;
        kalends.scheduling.book_for(&member.actor(), &command).await
    }
    .map_err(|error| refusals::not_booked(error, zone))?;
    tracing::info!(booking.id = %booked.booking.id, replayed = booked.replayed, "Booked for a guest");
    // The rotation may have chosen another host, whose booking the one who asked does not see from then on.
    let access = BookingAccess::Invitee(booked.manage_token);
    let details = kalends
        .scheduling
        .booking_after(&access, booked.booking)
        .await;
    let details = details.map_err(|error| refusals::done_unseen(&error))?;
    let people = by_id(&details);
    let event_type = Some(&details.event_type);
    let view = HostedBookingView::of(&details.booking, event_type, &people, kalends.clock.now());
    let location = format!(
        "/api/v1/workspaces/{}/bookings/{}",
        member.workspace().wire(),
        details.booking.id.wire()
    );
    let version = Some(details.booking.version);
    Ok(v1::created(location, version, booked.replayed, &view))
}

fn by_id(details: &BookingDetails) -> BTreeMap<UserId, Person> {
    let hosts = details.hosts.iter().cloned();
    hosts.map(|person| (person.id, person)).collect()
}

/// Read a booking
#[utoipa::path(
    tag = "bookings",
    operation_id = "get_hosted_booking",
    responses((status = 200, body = HostedBookingView, headers(("ETag" = String, description = "The version"))))
)]
#[get("/workspaces/{workspace}/bookings/{booking}")]
pub(super) async fn get(
    kalends: Data<Kalends>,
    member: Member,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    shown(&kalends, &access(&member, &path.1)?, false).await
}

/// List the starts that a booking can move to
///
/// For its hosts there is neither minimum notice nor a booking window; the booking's own time does not stand in its way.
#[utoipa::path(
    tag = "bookings",
    operation_id = "list_slots_for_hosted_booking",
    params(SlotsParams),
    responses(
        (status = 200, body = SlotsView),
        (status = 304, description = "`If-None-Match` names the present state"),
        (status = 409, description = "`transition-not-allowed`"),
        (status = 422, description = "`invalid-timezone`, `nonexistent-local-time`, `ambiguous-local-time`"),
    )
)]
#[get("/workspaces/{workspace}/bookings/{booking}/slots")]
pub(super) async fn slots(
    request: HttpRequest,
    kalends: Data<Kalends>,
    member: Member,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let access = access(&member, &path.1)?;
    let asked = SlotsQuery::read(&request)?;
    let details = kalends.scheduling.booking(&access).await?;
    let zone = asked.zone.unwrap_or(details.event_type.rules.timezone);
    let (from, to) = asked.range(zone, kalends.clock.now())?;
    let found = kalends
        .scheduling
        .find_slots_for_move(&access, from, to, asked.duration)
        .await
        .map_err(|error| refusals::not_moved(error, zone))?;
    v1::revalidated(&request, &asked.present(&found.found, zone))
}

/// List a booking's attendees
///
/// The invitee first.
#[utoipa::path(
    tag = "bookings",
    operation_id = "list_attendees",
    responses((status = 200, body = PageOf<AttendeeView>))
)]
#[get("/workspaces/{workspace}/bookings/{booking}/attendees")]
pub(super) async fn attendees(
    request: HttpRequest,
    kalends: Data<Kalends>,
    member: Member,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let paging = changes::page_alone(&request, false)?;
    let access = access(&member, &path.1)?;
    let details = kalends.scheduling.booking(&access).await?;
    let attendees = details.booking.attendees;
    let page = Page::of_all(attendees, &paging, |attendee| attendee.id.as_uuid());
    Ok(page.respond(&request, |attendee| AttendeeView::of(&attendee)))
}

/// List what has become of a booking
///
/// The first first.
#[utoipa::path(
    tag = "bookings",
    operation_id = "list_timeline",
    responses((status = 200, body = PageOf<EntryView>))
)]
#[get("/workspaces/{workspace}/bookings/{booking}/timeline")]
pub(super) async fn timeline(
    request: HttpRequest,
    kalends: Data<Kalends>,
    member: Member,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let paging = changes::page_alone(&request, false)?;
    let access = access(&member, &path.1)?;
    let BookingHistory {
        entries, people, ..
    } = kalends.scheduling.history(&access).await?;
    let page = Page::of_all(entries, &paging, |entry| entry.id.as_uuid());
    Ok(page.respond(&request, |entry| EntryView::of(&entry, &people)))
}
