//! What guests can book.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get};
use scheduling_core::directory::{Person, Workspace};
use scheduling_core::event_type::{BookingLink, EventType};
use scheduling_core::ports::Links as _;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::ids::WireId as _;
use crate::http::problem::Problem;
use crate::rest::v1;
use crate::rest::v1::model::event_type::WindowView;
use crate::rest::v1::model::hosting::AssignmentView;
use crate::rest::v1::model::location::OfferedLocationView;
use crate::rest::v1::model::person::HostView;
use crate::rest::v1::model::question::QuestionView;
use crate::{Kalends, urls};

/// What guests can book.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PublicEventType)]
pub(super) struct EventTypeView {
    #[schema(example = "et_0190b0c47d5e70008000000000000001")]
    id: String,
    /// Its part of links.
    #[schema(example = "first-conversation")]
    slug: String,
    title: String,
    description: Option<String>,
    category: Option<String>,
    /// How long a meeting lasts where nothing is said.
    #[schema(example = 30)]
    duration_minutes: u32,
    /// All durations an invitee can choose from, the shortest first.
    durations_minutes: Vec<u32>,
    /// Minutes from one possible start to the next.
    slot_interval_minutes: u32,
    /// How long before its start a slot can be booked at the latest.
    minimum_notice_minutes: u32,
    booking_window: WindowView,
    /// How many guests share a meeting.
    seats: u32,
    /// The zone in which the booking window is counted.
    #[schema(example = "Europe/Berlin")]
    timezone: String,
    assignment: AssignmentView,
    /// The places an invitee can choose from; the first is the default. A booking says exactly where.
    locations: Vec<OfferedLocationView>,
    /// What the invitee is asked.
    questions: Vec<QuestionView>,
    /// How many guests the invitee may bring.
    max_guests: u8,
    /// Whether a booking waits for a host's approval.
    needs_approval: bool,
    #[schema(example = "#1a7f5a")]
    colour: Option<String>,
    /// Where the picture at the head of its page is.
    banner_url: Option<String>,
    hosts: Vec<HostView>,
    /// The page for people.
    url: String,
}

impl EventTypeView {
    pub(super) fn of(
        workspace: &Workspace,
        event_type: &EventType,
        link: Option<&BookingLink>,
        hosts: &[Person],
        kalends: &Kalends,
    ) -> Self {
        // Whoever has a booking link shall not learn of the way around its limits.
        let slug = link.map_or(&event_type.slug, |link| &link.slug);
        let rules = &event_type.rules;
        Self {
            id: event_type.id.wire(),
            slug: slug.to_string(),
            title: event_type.title.to_string(),
            description: event_type.description.as_ref().map(ToString::to_string),
            category: event_type.category.as_ref().map(ToString::to_string),
            duration_minutes: rules.duration.get(),
            durations_minutes: event_type.all_durations().iter().map(|d| d.get()).collect(),
            slot_interval_minutes: rules.slot_interval.get(),
            minimum_notice_minutes: rules.minimum_notice.0,
            booking_window: rules.booking_window.into(),
            seats: rules.capacity.get(),
            timezone: rules.timezone.name().to_owned(),
            assignment: event_type.hosting.kind().into(),
            locations: OfferedLocationView::list(&event_type.locations),
            questions: QuestionView::list(&event_type.form.questions),
            max_guests: event_type.form.max_guests,
            needs_approval: event_type.policy.approval.is_some(),
            colour: event_type
                .appearance
                .colour
                .map(|colour| colour.to_string()),
            banner_url: event_type
                .appearance
                .banner
                .map(|id| urls::api_image(&id.wire())),
            hosts: hosts.iter().map(HostView::of).collect(),
            url: kalends.urls.event_type(&workspace.slug, slug),
        }
    }
}

/// The event types of a workspace.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PublicEventTypes)]
pub(super) struct EventTypes {
    data: Vec<EventTypeView>,
}

/// List what can be booked
///
/// Hidden event types are not listed; whoever knows their slug can book them.
#[utoipa::path(
    tag = "public",
    operation_id = "list_public_event_types",
    responses(
        (status = 200, body = EventTypes),
        (status = 304, description = "`If-None-Match` names the present state"),
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
        .landing_page(&v1::slug(&workspace, "workspace")?)
        .await?
        .ok_or_else(|| Problem::not_found("workspace"))?;
    let data = page
        .event_types
        .iter()
        .map(|(event_type, hosts)| {
            EventTypeView::of(&page.workspace, event_type, None, hosts, &kalends)
        })
        .collect();
    v1::revalidated(&request, &EventTypes { data })
}

/// Read an event type
///
/// By its slug, or by that of a booking link, with the link's own questions.
#[utoipa::path(
    tag = "public",
    operation_id = "get_public_event_type",
    responses(
        (status = 200, body = EventTypeView),
        (status = 304, description = "`If-None-Match` names the present state"),
        (status = 410, description = "`link-expired`, `link-used-up`"),
    )
)]
#[get("/public/{workspace}/event-types/{event}")]
pub(super) async fn get(
    request: HttpRequest,
    kalends: Data<Kalends>,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let workspace = v1::slug(&path.0, "event type")?;
    let event_type = v1::slug(&path.1, "event type")?;
    let page = kalends
        .scheduling
        .event_type_page(&workspace, &event_type)
        .await?;
    v1::revalidated(
        &request,
        &EventTypeView::of(
            &page.workspace,
            &page.event_type,
            page.link.as_ref(),
            &page.hosts,
            &kalends,
        ),
    )
}
