//! Event types, as members manage them.

use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, put};
use scheduling_app::event_types::{
    AddEventType, CloneEventType, DeleteEventType, DeletedEventType, EventTypeSettings,
    ListEventTypes, OnBookings, UpdateEventType,
};
use scheduling_core::event_type::EventType;
use scheduling_core::ids::{EventTypeId, UserId};
use scheduling_core::ports::Links as _;
use scheduling_core::text::{Note, Slug};
use serde::Serialize;
use utoipa::ToSchema;

use super::changes;
use crate::Kalends;
use crate::http::conditions::{self, Expected};
use crate::http::fields::{self, Errors, Fields, Query};
use crate::http::ids::WireId as _;
use crate::http::page::{Page, Paging};
use crate::http::problem::Problem;
use crate::rest::caller::Member;
use crate::rest::v1;
use crate::rest::v1::model::event_type::{self, SettingsView};
use crate::rest::v1::model::list::PageOf;
use crate::rest::v1::public::NothingRequest;
use crate::rest::v1::refusals;

/// The largest number of event types whose order is told at once.
const MOST_ORDERED: usize = 1000;

/// An event type, as the members of its workspace see it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventType)]
pub(super) struct EventTypeView {
    #[schema(example = "et_0190b0c47d5e70008000000000000001")]
    id: String,
    /// Grows with every change; also the `ETag`.
    version: u32,
    /// Its place on the workspace's page, smallest first.
    position: u32,
    /// The page for guests.
    url: String,
    #[serde(flatten)]
    settings: SettingsView,
}

impl EventTypeView {
    fn of(event_type: &EventType, member: &Member, kalends: &Kalends) -> Self {
        let workspace = &member.membership.workspace.slug;
        Self {
            id: event_type.id.wire(),
            version: event_type.version,
            position: event_type.position,
            url: kalends.urls.event_type(workspace, &event_type.slug),
            settings: SettingsView::of(&EventTypeSettings::of(event_type)),
        }
    }

    fn respond(event_type: &EventType, member: &Member, kalends: &Kalends) -> HttpResponse {
        let view = Self::of(event_type, member, kalends);
        conditions::versioned(HttpResponse::Ok(), view.version, &view)
    }
}

/// What became of an event type and its bookings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = EventTypeDeletion)]
pub(super) enum Outcome {
    /// It had no bookings and is gone.
    Deleted,
    /// Its bookings stay, and it is archived.
    Archived,
    /// It is gone with its bookings.
    Erased,
}

/// What became of an event type.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeletedEventType)]
pub(super) struct DeletedView {
    outcome: Outcome,
    /// How many bookings were cancelled, and everybody told.
    cancelled_bookings: u32,
    /// How many bookings were erased.
    erased_bookings: u32,
}

/// Event types in an order.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OrderRequest {
    /// Their ids. Those that are not named come behind, as they stood.
    event_types: Vec<String>,
}

/// The event type that a path names, by its id or its slug.
pub(super) async fn find(
    kalends: &Kalends,
    member: &Member,
    text: &str,
) -> Result<EventType, Problem> {
    let unknown = || Problem::not_found("event type");
    let found = if let Some(id) = EventTypeId::of_wire(text) {
        kalends.scheduling.event_type(&member.actor(), id).await
    } else {
        let slug: Slug = text.parse().map_err(|_no_slug| unknown())?;
        let (actor, workspace) = (member.actor(), member.workspace());
        kalends
            .scheduling
            .event_type_by_slug(&actor, workspace, &slug)
            .await
    };
    found.map_err(|error| refusals::not_managed(error, "event type"))
}

fn location(member: &Member, id: &str) -> String {
    format!(
        "/api/v1/workspaces/{}/event-types/{id}",
        member.workspace().wire()
    )
}

/// List the event types
///
/// By their place on the workspace's page. Archived ones are left out unless they are asked for.
#[utoipa::path(
    tag = "event types",
    operation_id = "list_event_types",
    params(
        ("archived" = Option<bool>, Query, description = "Whether archived ones are listed too"),
        ("host" = Option<String>, Query, description = "Only those that this member hosts: an id, or `me`"),
    ),
    responses((status = 200, body = PageOf<EventTypeView>))
)]
#[get("/workspaces/{workspace}/event-types")]
pub(super) async fn list(
    request: HttpRequest,
    kalends: Data<Kalends>,
    member: Member,
) -> Result<HttpResponse, Problem> {
    let mut errors = Errors::default();
    let mut query = Query::of(&request);
    let paging = Paging::of(&mut query, false, &mut errors);
    let archived = query.choice("archived", &[("true", true), ("false", false)], &mut errors);
    let host = host(&mut query, &member, &mut errors);
    query.finish(&mut errors);
    errors.check()?;
    let asked = ListEventTypes {
        archived: archived.unwrap_or(false),
        host,
    };
    let (actor, workspace) = (member.actor(), member.workspace());
    let found = kalends
        .scheduling
        .event_types(&actor, workspace, &asked)
        .await;
    let found = found.map_err(|error| refusals::not_managed(error, "workspace"))?;
    let page = Page::of_all(found, &paging, |event_type| event_type.id.as_uuid());
    Ok(page.respond(&request, |event_type| {
        EventTypeView::of(&event_type, &member, &kalends)
    }))
}

/// Takes a host out of a query.
pub(super) fn host(query: &mut Query, member: &Member, errors: &mut Errors) -> Option<UserId> {
    let text = query.take("host", errors)?;
    if text == "me" {
        return Some(member.principal.user);
    }
    let id = UserId::of_wire(&text);
    if id.is_none() {
        errors.add("/query/host", "not_an_id", "must be a member's id, or me");
    }
    id
}

/// Make an event type
#[utoipa::path(
    tag = "event types",
    operation_id = "create_event_type",
    request_body = SettingsView,
    responses(
        (status = 201, body = EventTypeView, headers(("Location" = String, description = "The event type"))),
        (status = 403, description = "`insufficient-role`"),
        (status = 409, description = "`slug-taken`"),
        (status = 422, description = "`invalid-timezone`"),
    )
)]
#[post("/workspaces/{workspace}/event-types")]
pub(super) async fn create(
    request: HttpRequest,
    kalends: Data<Kalends>,
    member: Member,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let mut errors = Errors::default();
    let fields = Fields::new("", fields::object(&request, &body)?);
    let settings = event_type::read(fields, &mut errors);
    let idempotency = changes::idempotent(&request, &member, &body, &mut errors);
    errors.check_ref()?;
    let command = AddEventType {
        workspace: member.workspace(),
        settings: settings.ok_or_else(|| errors.into_problem())?,
        idempotency,
    };
    let created = kalends
        .scheduling
        .add_event_type(&member.actor(), &command)
        .await;
    let created = created.map_err(|error| refusals::not_managed(error, "event type"))?;
    if !created.replayed {
        changes::note(&kalends, &member, "event_type.created", created.made.id).await;
    }
    let view = EventTypeView::of(&created.made, &member, &kalends);
    let location = location(&member, &view.id);
    Ok(v1::created(
        location,
        Some(view.version),
        created.replayed,
        &view,
    ))
}

/// Read an event type
#[utoipa::path(
    tag = "event types",
    operation_id = "get_event_type",
    responses((status = 200, body = EventTypeView, headers(("ETag" = String, description = "The version"))))
)]
#[get("/workspaces/{workspace}/event-types/{event_type}")]
pub(super) async fn get(
    kalends: Data<Kalends>,
    member: Member,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let found = find(&kalends, &member, &path.1).await?;
    Ok(EventTypeView::respond(&found, &member, &kalends))
}

/// Replace an event type
#[utoipa::path(
    tag = "event types",
    operation_id = "replace_event_type",
    request_body = SettingsView,
    responses(
        (status = 200, body = EventTypeView),
        (status = 403, description = "`insufficient-role`"),
        (status = 409, description = "`slug-taken`"),
        (status = 422, description = "`invalid-timezone`"),
    )
)]
#[put("/workspaces/{workspace}/event-types/{event_type}")]
pub(super) async fn replace(
    request: HttpRequest,
    kalends: Data<Kalends>,
    member: Member,
    path: Path<(String, String)>,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let expected = Expected::required(request.headers())?;
    let fields = Fields::new("", fields::object(&request, &body)?);
    let found = find(&kalends, &member, &path.1).await?;
    store(&kalends, &member, &found, &expected, fields).await
}

/// Change an event type
#[utoipa::path(
    tag = "event types",
    operation_id = "update_event_type",
    request_body = SettingsView,
    responses(
        (status = 200, body = EventTypeView),
        (status = 403, description = "`insufficient-role`"),
        (status = 409, description = "`slug-taken`"),
        (status = 422, description = "`invalid-timezone`"),
    )
)]
#[patch("/workspaces/{workspace}/event-types/{event_type}")]
pub(super) async fn update(
    request: HttpRequest,
    kalends: Data<Kalends>,
    member: Member,
    path: Path<(String, String)>,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let expected = Expected::required(request.headers())?;
    let change = fields::object(&request, &body)?;
    let found = find(&kalends, &member, &path.1).await?;
    let now = SettingsView::of(&EventTypeSettings::of(&found));
    let fields = changes::patched(&now, change)?;
    store(&kalends, &member, &found, &expected, fields).await
}

async fn store(
    kalends: &Kalends,
    member: &Member,
    found: &EventType,
    expected: &Expected,
    fields: Fields,
) -> Result<HttpResponse, Problem> {
    let mut errors = Errors::default();
    let settings = event_type::read(fields, &mut errors);
    errors.check_ref()?;
    let command = UpdateEventType {
        id: found.id,
        settings: settings.ok_or_else(|| errors.into_problem())?,
        expected: changes::unchanged(expected, found.version)?,
    };
    let updated = kalends
        .scheduling
        .update_event_type(&member.actor(), &command)
        .await;
    let updated = updated.map_err(|error| refusals::not_managed(error, "event type"))?;
    changes::note(kalends, member, "event_type.updated", updated.id).await;
    Ok(EventTypeView::respond(&updated, member, kalends))
}

/// Delete an event type
///
/// One without bookings is gone. One with bookings is archived, and by `on_bookings` its bookings are kept, or those
/// ahead are cancelled and everybody told. `erase` deletes it with all its bookings: for owners and admins, confirmed by
/// `confirm` with its slug, and when none is ahead.
#[utoipa::path(
    tag = "event types",
    operation_id = "delete_event_type",
    params(
        ("on_bookings" = Option<String>, Query, description = "`keep`, which is the default, `cancel` or `erase`"),
        ("reason" = Option<String>, Query, description = "Why its bookings are cancelled, as everybody reads it"),
        ("confirm" = Option<String>, Query, description = "Its slug, for `erase`"),
    ),
    responses(
        (status = 200, body = DeletedView),
        (status = 403, description = "`insufficient-role`"),
        (status = 409, description = "`in-use`"),
    )
)]
#[delete("/workspaces/{workspace}/event-types/{event_type}")]
pub(super) async fn remove(
    request: HttpRequest,
    kalends: Data<Kalends>,
    member: Member,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let mut errors = Errors::default();
    let mut query = Query::of(&request);
    let how = query.choice(
        "on_bookings",
        &[("keep", "keep"), ("cancel", "cancel"), ("erase", "erase")],
        &mut errors,
    );
    let reason = query.parsed::<Note>("reason", &mut errors);
    let confirm = query.take("confirm", &mut errors);
    query.finish(&mut errors);
    errors.check()?;
    let on_bookings = match how {
        Some("cancel") => OnBookings::Cancel { reason },
        Some("erase") => OnBookings::Erase {
            confirm: confirm.unwrap_or_default(),
        },
        _ => OnBookings::Keep,
    };
    let found = find(&kalends, &member, &path.1).await?;
    let command = DeleteEventType {
        id: found.id,
        on_bookings,
        expected: Expected::of(request.headers()).against(found.version)?,
    };
    let deleted = kalends
        .scheduling
        .delete_event_type(&member.actor(), &command)
        .await;
    let deleted = deleted.map_err(|error| refusals::not_managed(error, "event type"))?;
    let (view, action) = match deleted {
        DeletedEventType::Deleted => (deleted_view(Outcome::Deleted, 0, 0), "event_type.deleted"),
        DeletedEventType::Archived { cancelled, .. } => (
            deleted_view(Outcome::Archived, cancelled, 0),
            "event_type.archived",
        ),
        DeletedEventType::Erased { bookings } => (
            deleted_view(Outcome::Erased, 0, bookings),
            "event_type.erased",
        ),
    };
    changes::note(&kalends, &member, action, found.id).await;
    Ok(v1::private(&view))
}

fn deleted_view(outcome: Outcome, cancelled_bookings: u32, erased_bookings: u32) -> DeletedView {
    DeletedView {
        outcome,
        cancelled_bookings,
        erased_bookings,
    }
}

/// Copy an event type
///
/// The copy is inactive at first and has a slug of its own.
#[utoipa::path(
    tag = "event types",
    operation_id = "clone_event_type",
    request_body = Option<NothingRequest>,
    responses(
        (status = 201, body = EventTypeView, headers(("Location" = String, description = "The copy"))),
        (status = 403, description = "`insufficient-role`"),
    )
)]
#[post("/workspaces/{workspace}/event-types/{event_type}/clone")]
pub(super) async fn clone(
    request: HttpRequest,
    kalends: Data<Kalends>,
    member: Member,
    path: Path<(String, String)>,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let mut errors = Errors::default();
    Fields::new("", fields::object_or_nothing(&request, &body)?).finish(&mut errors);
    let idempotency = changes::idempotent(&request, &member, &body, &mut errors);
    errors.check()?;
    let found = find(&kalends, &member, &path.1).await?;
    let command = CloneEventType {
        id: found.id,
        idempotency,
    };
    let created = kalends
        .scheduling
        .clone_event_type(&member.actor(), &command)
        .await;
    let created = created.map_err(|error| refusals::not_managed(error, "event type"))?;
    if !created.replayed {
        changes::note(&kalends, &member, "event_type.created", created.made.id).await;
    }
    let view = EventTypeView::of(&created.made, &member, &kalends);
    let location = location(&member, &view.id);
    Ok(v1::created(
        location,
        Some(view.version),
        created.replayed,
        &view,
    ))
}

/// Put the event types into an order
///
/// For owners and admins.
#[utoipa::path(
    tag = "event types",
    operation_id = "order_event_types",
    request_body = OrderRequest,
    responses(
        (status = 204, description = "They stand in this order"),
        (status = 403, description = "`insufficient-role`"),
    )
)]
#[put("/workspaces/{workspace}/event-type-order")]
pub(super) async fn reorder(
    request: HttpRequest,
    kalends: Data<Kalends>,
    member: Member,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let mut errors = Errors::default();
    let mut fields = Fields::new("", fields::object(&request, &body)?);
    let ids = fields.need("event_types", &mut errors).and_then(|item| {
        item.list(MOST_ORDERED, &mut errors, |item, errors| {
            item.id::<EventTypeId>(errors)
        })
    });
    fields.finish(&mut errors);
    errors.check_ref()?;
    let ids = ids.ok_or_else(|| errors.into_problem())?;
    let (actor, workspace) = (member.actor(), member.workspace());
    let ordered = kalends
        .scheduling
        .reorder_event_types(&actor, workspace, &ids)
        .await;
    ordered.map_err(|error| refusals::not_managed(error, "workspace"))?;
    Ok(v1::gone())
}
