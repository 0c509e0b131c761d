//! What guests can book.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get};
use scheduling_core::directory::{Person, Workspace};
use scheduling_core::event_type::{AssignmentKind, BookingWindow, EventType, Location};
use scheduling_core::ports::Links as _;
use serde::Serialize;
use utoipa::ToSchema;

use crate::Kalends;
use crate::http::ids::WireId as _;
use crate::http::problem::{Problem, ProblemBody};

/// A host, as guests may know them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Host)]
pub(super) struct HostView {
    #[schema(example = "us_0190b0c47d5e70008000000000000001")]
    id: String,
    name: String,
}

impl HostView {
    pub(super) fn of(person: &Person) -> Self {
        Self {
            id: person.id.wire(),
            name: person.name.to_string(),
        }
    }
}

/// Where people meet.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Location)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum LocationView {
    /// At an address.
    InPerson { address: String },
    /// In a video call.
    Link { url: String },
    /// By phone.
    Phone { instructions: String },
    /// In the host's words.
    Custom { text: String },
}

impl LocationView {
    /// All of it: for somebody who has a booking.
    pub(super) fn of(location: &Location) -> Self {
        match location {
            Location::InPerson { address } => Self::InPerson {
                address: address.to_string(),
            },
            Location::Link { url } => Self::Link {
                url: url.to_string(),
            },
            Location::Phone { instructions } => Self::Phone {
                instructions: instructions.to_string(),
            },
            Location::Custom { text } => Self::Custom {
                text: text.to_string(),
            },
        }
    }
}

/// How hosts are chosen.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = Assignment)]
#[serde(rename_all = "snake_case")]
pub(super) enum AssignmentView {
    /// The one host.
    Single,
    /// One of several, in turn.
    RoundRobin,
    /// The first of several who is free.
    AnyAvailable,
    /// Several at once.
    Collective,
    /// Everyone.
    AllHands,
    /// Some from each of several groups.
    Panel,
}

impl From<AssignmentKind> for AssignmentView {
    fn from(kind: AssignmentKind) -> Self {
        match kind {
            AssignmentKind::Single => Self::Single,
            AssignmentKind::RoundRobin => Self::RoundRobin,
            AssignmentKind::AnyAvailable => Self::AnyAvailable,
            AssignmentKind::Collective => Self::Collective,
            AssignmentKind::AllHands => Self::AllHands,
            AssignmentKind::Panel => Self::Panel,
        }
    }
}

/// The dates that can be booked.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BookingWindow)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum BookingWindowView {
    /// Any date.
    Open,
    /// Up to today and this many days.
    RollingDays { days: u32 },
    /// From one date to another, both inclusive.
    Dates {
        #[schema(value_type = String, format = Date)]
        from: chrono::NaiveDate,
        #[schema(value_type = String, format = Date)]
        to: chrono::NaiveDate,
    },
}

/// What guests can book.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventType)]
pub(super) struct EventTypeView {
    #[schema(example = "et_0190b0c47d5e70008000000000000001")]
    id: String,
    /// Its part of links.
    #[schema(example = "first-conversation")]
    slug: String,
    title: String,
    description: Option<String>,
    category: Option<String>,
    #[schema(example = 30)]
    duration_minutes: u32,
    /// Minutes from one possible start to the next.
    slot_interval_minutes: u32,
    /// How long before its start a slot can be booked at the latest.
    minimum_notice_minutes: u32,
    booking_window: BookingWindowView,
    /// How many guests share a meeting.
    seats: u32,
    /// The zone in which the booking window is counted.
    #[schema(example = "Europe/Berlin")]
    timezone: String,
    assignment: AssignmentView,
    /// How people meet: `in_person`, `link`, `phone` or `custom`. A booking says exactly where.
    #[schema(example = "link")]
    location_kind: &'static str,
    hosts: Vec<HostView>,
    /// The page for people.
    url: String,
}

impl EventTypeView {
    pub(super) fn of(
        workspace: &Workspace,
        event_type: &EventType,
        hosts: &[Person],
        kalends: &Kalends,
    ) -> Self {
        let rules = &event_type.rules;
        Self {
            id: event_type.id.wire(),
            slug: event_type.slug.to_string(),
            title: event_type.title.to_string(),
            description: event_type.description.as_ref().map(ToString::to_string),
            category: event_type.category.as_ref().map(ToString::to_string),
            duration_minutes: rules.duration.get(),
            slot_interval_minutes: rules.slot_interval.get(),
            minimum_notice_minutes: rules.minimum_notice.0,
            booking_window: match rules.booking_window {
                BookingWindow::Open => BookingWindowView::Open,
                BookingWindow::RollingDays { days } => BookingWindowView::RollingDays { days },
                BookingWindow::Dates { from, to } => BookingWindowView::Dates { from, to },
            },
            seats: rules.capacity.get(),
            timezone: rules.timezone.name().to_owned(),
            assignment: event_type.hosting.kind().into(),
            location_kind: match event_type.location {
                Location::InPerson { .. } => "in_person",
                Location::Link { .. } => "link",
                Location::Phone { .. } => "phone",
                Location::Custom { .. } => "custom",
            },
            hosts: hosts.iter().map(HostView::of).collect(),
            url: kalends.urls.event_type(&workspace.slug, &event_type.slug),
        }
    }
}

/// The event types of a workspace.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EventTypes {
    data: Vec<EventTypeView>,
}

/// List what can be booked
///
/// Hidden event types are not listed; whoever knows their slug can book them.
#[utoipa::path(
    tag = "public",
    operation_id = "list_event_types",
    params(("workspace" = String, Path, description = "Its slug")),
    responses(
        (status = 200, body = EventTypes),
        (status = 304, description = "`If-None-Match` names the present state"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json", description = "`not-found`"),
    )
)]
#[get("/public/{workspace}/event-types")]
pub(super) async fn list(
    request: HttpRequest,
    kalends: Data<Kalends>,
    workspace: Path<String>,
) -> Result<HttpResponse, Problem> {
    let page = kalends
        .scheduling
        .landing_page(&super::slug(&workspace)?)
        .await?
        .ok_or_else(|| super::not_found("workspace"))?;
    let data = page
        .event_types
        .iter()
        .map(|(event_type, hosts)| EventTypeView::of(&page.workspace, event_type, hosts, &kalends))
        .collect();
    super::revalidated(&request, &EventTypes { data })
}

/// Read an event type
#[utoipa::path(
    tag = "public",
    operation_id = "get_event_type",
    params(
        ("workspace" = String, Path, description = "The workspace's slug"),
        ("event" = String, Path, description = "The event type's slug"),
    ),
    responses(
        (status = 200, body = EventTypeView),
        (status = 304, description = "`If-None-Match` names the present state"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json", description = "`not-found`"),
    )
)]
#[get("/public/{workspace}/event-types/{event}")]
pub(super) async fn get(
    request: HttpRequest,
    kalends: Data<Kalends>,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (workspace, event_type) = (super::slug(&path.0)?, super::slug(&path.1)?);
    let page = kalends
        .scheduling
        .event_type_page(&workspace, &event_type)
        .await?;
    super::revalidated(
        &request,
        &EventTypeView::of(&page.workspace, &page.event_type, &page.hosts, &kalends),
    )
}
