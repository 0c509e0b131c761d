//! Availability schedules.

use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, put};
use scheduling_app::schedules::{AddSchedule, CopySchedule, UpdateSchedule};
use scheduling_core::ids::{ScheduleId, UserId};
use scheduling_core::schedule::{Availability, AvailabilitySchedule, ScheduleOwner};
use scheduling_core::text::Title;
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
use crate::rest::v1::model::hours::{self, AvailabilityView};
use crate::rest::v1::model::list::PageOf;
use crate::rest::v1::refusals;

/// What can be decided about a schedule.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ScheduleSettings)]
pub(super) struct SettingsView {
    /// What its owner calls it.
    #[schema(example = "Working hours", max_length = 120)]
    name: String,
    availability: AvailabilityView,
    /// Whether it holds for event types that name no other. An owner has one default; it stays the default until another
    /// becomes it.
    #[schema(required = false)]
    is_default: bool,
}

impl SettingsView {
    fn of(schedule: &AvailabilitySchedule) -> Self {
        Self {
            name: schedule.name.to_string(),
            availability: AvailabilityView::of(&schedule.availability),
            is_default: schedule.is_default,
        }
    }
}

/// A new schedule.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ScheduleRequest {
    /// Whose it is: a member's id, `me`, or `workspace`. One's own, unless it is said.
    #[schema(example = "me")]
    owner: Option<String>,
    /// What its owner calls it.
    #[schema(example = "Working hours", max_length = 120)]
    name: String,
    availability: AvailabilityView,
    /// Whether it becomes the default. An owner's first one does in any case.
    #[schema(required = false)]
    is_default: bool,
}

/// A schedule.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Schedule)]
pub(super) struct ScheduleView {
    #[schema(example = "sc_0190b0c47d5e70008000000000000001")]
    id: String,
    /// Grows with every change; also the `ETag`.
    version: u32,
    /// A member's id, or `workspace`.
    owner: String,
    #[serde(flatten)]
    settings: SettingsView,
}

impl ScheduleView {
    fn of(schedule: &AvailabilitySchedule) -> Self {
        Self {
            id: schedule.id.wire(),
            version: schedule.version,
            owner: match schedule.owner {
                ScheduleOwner::Person(id) => id.wire(),
                ScheduleOwner::Workspace(_) => "workspace".to_owned(),
            },
            settings: SettingsView::of(schedule),
        }
    }

    fn respond(schedule: &AvailabilitySchedule) -> HttpResponse {
        let view = Self::of(schedule);
        conditions::versioned(HttpResponse::Ok(), view.version, &view)
    }
}

/// A copy's name.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CopyRequest {
    /// After the original where none is given.
    #[schema(max_length = 120)]
    name: Option<String>,
}

/// Reads whose something is.
fn owner(
    pointer: String,
    text: &str,
    member: &Member,
    errors: &mut Errors,
) -> Option<ScheduleOwner> {
    match text {
        "me" => Some(ScheduleOwner::Person(member.principal.user)),
        "workspace" => Some(ScheduleOwner::Workspace(member.workspace())),
        text => {
            let id = UserId::of_wire(text);
            if id.is_none() {
                errors.add(
                    pointer,
                    "not_an_owner",
                    "must be a member's id, me or workspace",
                );
            }
            id.map(ScheduleOwner::Person)
        }
    }
}

fn read(fields: &mut Fields, errors: &mut Errors) -> Option<(Title, Availability, bool)> {
    let name = fields.required("name", errors);
    let availability = fields
        .required_object("availability", errors)
        .and_then(|mut own| {
            let availability = hours::read_availability(&mut own, errors);
            own.finish(errors);
            availability
        });
    let is_default = fields.flag("is_default", false, errors);
    Some((name?, availability?, is_default))
}

fn location(member: &Member, id: &str) -> String {
    format!(
        "/api/v1/workspaces/{}/schedules/{id}",
        member.workspace().wire()
    )
}

/// The schedule that a path names. One of another workspace is not there.
async fn find(
    kalends: &Kalends,
    member: &Member,
    text: &str,
) -> Result<AvailabilitySchedule, Problem> {
    let unknown = || Problem::not_found("schedule");
    let id = ScheduleId::of_wire(text).ok_or_else(unknown)?;
    let found = kalends.scheduling.schedule(&member.actor(), id).await;
    found.map_err(|error| refusals::not_managed(error, "schedule"))
}

/// List the schedules
///
/// One's own and the workspace's; everybody's for owners and admins.
#[utoipa::path(
    tag = "hours",
    operation_id = "list_schedules",
    params(("owner" = Option<String>, Query, description = "A member's id, `me` or `workspace`")),
    responses(
        (status = 200, body = PageOf<ScheduleView>),
        (status = 403, description = "`insufficient-role`"),
    )
)]
#[get("/workspaces/{workspace}/schedules")]
pub(super) async fn list(
    request: HttpRequest,
    kalends: Data<Kalends>,
    member: Member,
) -> Result<HttpResponse, Problem> {
    let mut errors = Errors::default();
    let mut query = Query::of(&request);
    let paging = Paging::of(&mut query, false, &mut errors);
    let whose = query
        .take("owner", &mut errors)
        .and_then(|text| owner("/query/owner".to_owned(), &text, &member, &mut errors));
    query.finish(&mut errors);
    errors.check()?;
    let (actor, workspace) = (member.actor(), member.workspace());
    let found = kalends.scheduling.schedules(&actor, workspace, whose).await;
    let found = found.map_err(|error| refusals::not_managed(error, "member"))?;
    let page = Page::of_all(found, &paging, |schedule| schedule.id.as_uuid());
    Ok(page.respond(&request, |schedule| ScheduleView::of(&schedule)))
}

/// Make a schedule
#[utoipa::path(
    tag = "hours",
    operation_id = "create_schedule",
    request_body = ScheduleRequest,
    responses(
        (status = 201, body = ScheduleView, headers(("Location" = String, description = "The schedule"))),
        (status = 403, description = "`insufficient-role`"),
        (status = 422, description = "`invalid-timezone`"),
    )
)]
#[post("/workspaces/{workspace}/schedules")]
pub(super) async fn create(
    request: HttpRequest,
    kalends: Data<Kalends>,
    member: Member,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let mut errors = Errors::default();
    let mut fields = Fields::new("", fields::object(&request, &body)?);
    let text = fields.text("owner", &mut errors);
    let text = text.as_deref().unwrap_or("me");
    let owner = owner("/owner".to_owned(), text, &member, &mut errors);
    let asked = read(&mut fields, &mut errors);
    fields.finish(&mut errors);
    let idempotency = changes::idempotent(&request, &member, &body, &mut errors);
    errors.check_ref()?;
    let (Some(owner), Some((name, availability, is_default))) = (owner, asked) else {
        return Err(errors.into_problem());
    };
    let command = AddSchedule {
        workspace: member.workspace(),
        owner,
        name,
        availability,
        is_default,
        idempotency,
    };
    let created = kalends
        .scheduling
        .add_schedule(&member.actor(), &command)
        .await;
    let created = created.map_err(|error| refusals::not_managed(error, "member"))?;
    if !created.replayed {
        changes::note(&kalends, &member, "schedule.created", created.made.id).await;
    }
    let view = ScheduleView::of(&created.made);
    let location = location(&member, &view.id);
    Ok(v1::created(
        location,
        Some(view.version),
        created.replayed,
        &view,
    ))
}

/// Read a schedule
#[utoipa::path(
    tag = "hours",
    operation_id = "get_schedule",
    responses((status = 200, body = ScheduleView, headers(("ETag" = String, description = "The version"))))
)]
#[get("/workspaces/{workspace}/schedules/{schedule}")]
pub(super) async fn get(
    kalends: Data<Kalends>,
    member: Member,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    Ok(ScheduleView::respond(
        &find(&kalends, &member, &path.1).await?,
    ))
}

/// Replace a schedule
#[utoipa::path(
    tag = "hours",
    operation_id = "replace_schedule",
    request_body = SettingsView,
    responses(
        (status = 200, body = ScheduleView),
        (status = 403, description = "`insufficient-role`"),
        (status = 422, description = "`invalid-timezone`"),
    )
)]
#[put("/workspaces/{workspace}/schedules/{schedule}")]
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

/// Change a schedule
#[utoipa::path(
    tag = "hours",
    operation_id = "update_schedule",
    request_body = SettingsView,
    responses(
        (status = 200, body = ScheduleView),
        (status = 403, description = "`insufficient-role`"),
        (status = 422, description = "`invalid-timezone`"),
    )
)]
#[patch("/workspaces/{workspace}/schedules/{schedule}")]
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
    let fields = changes::patched(&SettingsView::of(&found), change)?;
    store(&kalends, &member, &found, &expected, fields).await
}

async fn store(
    kalends: &Kalends,
    member: &Member,
    found: &AvailabilitySchedule,
    expected: &Expected,
    mut fields: Fields,
) -> Result<HttpResponse, Problem> {
    let mut errors = Errors::default();
    fields.ignore(&["id", "version", "owner"]);
    let asked = read(&mut fields, &mut errors);
    fields.finish(&mut errors);
    errors.check_ref()?;
    let (name, availability, is_default) = asked.ok_or_else(|| errors.into_problem())?;
    let command = UpdateSchedule {
        id: found.id,
        name,
        availability,
        is_default,
        expected: changes::unchanged(expected, found.version)?,
    };
    let updated = kalends
        .scheduling
        .update_schedule(&member.actor(), &command)
        .await;
    let updated = updated.map_err(|error| refusals::not_managed(error, "schedule"))?;
    changes::note(kalends, member, "schedule.updated", updated.id).await;
    Ok(ScheduleView::respond(&updated))
}

/// Delete a schedule
///
/// Not one that event types name, nor somebody's default.
#[utoipa::path(
    tag = "hours",
    operation_id = "delete_schedule",
    responses(
        (status = 204, description = "The schedule is gone"),
        (status = 403, description = "`insufficient-role`"),
        (status = 409, description = "`in-use`"),
    )
)]
#[delete("/workspaces/{workspace}/schedules/{schedule}")]
pub(super) async fn remove(
    request: HttpRequest,
    kalends: Data<Kalends>,
    member: Member,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let found = find(&kalends, &member, &path.1).await?;
    let expected = Expected::of(request.headers()).against(found.version)?;
    let deleted = kalends
        .scheduling
        .delete_schedule(&member.actor(), found.id, expected)
        .await;
    deleted.map_err(|error| refusals::not_managed(error, "schedule"))?;
    changes::note(&kalends, &member, "schedule.deleted", found.id).await;
    Ok(v1::gone())
}

/// Copy a schedule
///
/// For the same owner.
#[utoipa::path(
    tag = "hours",
    operation_id = "copy_schedule",
    request_body = Option<CopyRequest>,
    responses(
        (status = 201, body = ScheduleView, headers(("Location" = String, description = "The copy"))),
        (status = 403, description = "`insufficient-role`"),
    )
)]
#[post("/workspaces/{workspace}/schedules/{schedule}/copy")]
pub(super) async fn copy(
    request: HttpRequest,
    kalends: Data<Kalends>,
    member: Member,
    path: Path<(String, String)>,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let mut errors = Errors::default();
    let mut fields = Fields::new("", fields::object_or_nothing(&request, &body)?);
    let name = fields.optional("name", &mut errors);
    fields.finish(&mut errors);
    let idempotency = changes::idempotent(&request, &member, &body, &mut errors);
    errors.check()?;
    let found = find(&kalends, &member, &path.1).await?;
    let command = CopySchedule {
        id: found.id,
        name,
        idempotency,
    };
    let created = kalends
        .scheduling
        .copy_schedule(&member.actor(), &command)
        .await;
    let created = created.map_err(|error| refusals::not_managed(error, "schedule"))?;
    if !created.replayed {
        changes::note(&kalends, &member, "schedule.created", created.made.id).await;
    }
    let view = ScheduleView::of(&created.made);
    let location = location(&member, &view.id);
    Ok(v1::created(
        location,
        Some(view.version),
        created.replayed,
        &view,
    ))
}
