//! The workspaces one belongs to.

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse, get, patch, post, put};
use scheduling_accounts::Membership;
use scheduling_accounts::workspaces::{NewWorkspace, WorkspaceError};
use scheduling_app::setup::UpdateWorkspace;
use scheduling_core::directory::Workspace;
use serde::Serialize;
use utoipa::ToSchema;

use super::me::MembershipView;
use crate::Kalends;
use crate::http::conditions::{self, Expected};
use crate::http::fields::{self, Errors, Fields, Query};
use crate::http::idempotency;
use crate::http::ids::WireId as _;
use crate::http::page::{Page, Paging};
use crate::http::problem::Problem;
use crate::rest::caller::{Caller, Member};
use crate::rest::v1;
use crate::rest::v1::manage::changes;
use crate::rest::v1::model::list::PageOf;
use crate::rest::v1::model::person::RoleView;
use crate::rest::v1::refusals;

/// What can be decided about a workspace.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WorkspaceSettings)]
pub(super) struct SettingsView {
    /// Its part of links, unique on the server.
    #[schema(example = "northwind", max_length = 64)]
    slug: String,
    /// Its name, as guests read it.
    #[schema(example = "Northwind", max_length = 120)]
    name: String,
    #[schema(max_length = 4000)]
    description: Option<String>,
}

impl SettingsView {
    fn of(workspace: &Workspace) -> Self {
        Self {
            slug: workspace.slug.to_string(),
            name: workspace.name.to_string(),
            description: workspace.description.as_ref().map(ToString::to_string),
        }
    }
}

/// A workspace, as its members see it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Workspace)]
pub(super) struct WorkspaceView {
    #[schema(example = "ws_0190b0c47d5e70008000000000000001")]
    id: String,
    /// Grows with every change; also the `ETag`.
    version: u32,
    #[serde(flatten)]
    settings: SettingsView,
    /// What the asker is here.
    role: RoleView,
    /// The page for guests.
    url: String,
}

impl WorkspaceView {
    fn of(membership: &Membership, kalends: &Kalends) -> Self {
        let workspace = &membership.workspace;
        Self {
            id: workspace.id.wire(),
            version: workspace.version,
            settings: SettingsView::of(workspace),
            role: membership.role.into(),
            url: kalends.urls.workspace(&workspace.slug),
        }
    }
}

impl From<WorkspaceError> for Problem {
    fn from(error: WorkspaceError) -> Self {
        match error {
            WorkspaceError::SlugTaken => refusals::slug_taken("The slug"),
            WorkspaceError::VersionConflict { current } => conditions::conflict(current),
            WorkspaceError::Access(error) => error.into(),
            WorkspaceError::KeyReused(error) => error.into(),
            WorkspaceError::Storage(error) => error.into(),
        }
    }
}

fn read(mut fields: Fields, errors: &mut Errors) -> Option<NewWorkspace> {
    fields.ignore(&["id", "version", "role", "url"]);
    let slug = fields.required("slug", errors);
    let name = fields.required("name", errors);
    let description = fields.optional("description", errors);
    fields.finish(errors);
    Some(NewWorkspace {
        slug: slug?,
        name: name?,
        description,
    })
}

/// List one's workspaces
///
/// By slug. For an API token it is the one it belongs to.
#[utoipa::path(
    tag = "workspaces",
    operation_id = "list_workspaces",
    responses((status = 200, body = PageOf<MembershipView>))
)]
#[get("/workspaces")]
pub(super) async fn list(
    request: HttpRequest,
    kalends: Data<Kalends>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    let mut errors = Errors::default();
    let mut query = Query::of(&request);
    let paging = Paging::of(&mut query, false, &mut errors);
    query.finish(&mut errors);
    errors.check()?;
    let memberships = kalends.accounts.memberships(&caller.0).await?;
    let page = Page::of_all(memberships, &paging, |m| m.workspace.id.as_uuid());
    Ok(page.respond(&request, |membership| MembershipView::of(&membership)))
}

/// Make a workspace
///
/// Whoever makes it owns it.
#[utoipa::path(
    tag = "workspaces",
    operation_id = "create_workspace",
    request_body = SettingsView,
    responses(
        (status = 201, body = WorkspaceView, headers(("Location" = String, description = "The workspace"))),
        (status = 409, description = "`slug-taken`"),
    )
)]
#[post("/workspaces")]
pub(super) async fn create(
    request: HttpRequest,
    kalends: Data<Kalends>,
    caller: Caller,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let mut errors = Errors::default();
    let workspace = read(
        Fields::new("", fields::object(&request, &body)?),
        &mut errors,
    );
    let scope = super::scope(&caller.0);
    let idempotent = idempotency::of(&request, &body, scope, &mut errors);
    errors.check_ref()?;
    let workspace = workspace.ok_or_else(|| errors.into_problem())?;
    let idempotent = idempotency::of_account(idempotent);
    let made = kalends
        .accounts
        .create_workspace(&caller.0, &workspace, idempotent.as_ref())
        .await?;
    let view = WorkspaceView::of(&made.made, &kalends);
    let location = format!("/api/v1/workspaces/{}", view.id);
    Ok(v1::created(
        location,
        Some(view.version),
        made.replayed,
        &view,
    ))
}

/// Read a workspace
#[utoipa::path(
    tag = "workspaces",
    operation_id = "get_workspace",
    responses((status = 200, body = WorkspaceView, headers(("ETag" = String, description = "The version"))))
)]
#[get("/workspaces/{workspace}")]
pub(super) async fn get(kalends: Data<Kalends>, member: Member) -> Result<HttpResponse, Problem> {
    let view = WorkspaceView::of(&member.membership, &kalends);
    Ok(conditions::versioned(
        HttpResponse::Ok(),
        view.version,
        &view,
    ))
}

/// Replace a workspace's settings
#[utoipa::path(
    tag = "workspaces",
    operation_id = "replace_workspace",
    request_body = SettingsView,
    responses(
        (status = 200, body = WorkspaceView),
        (status = 403, description = "`insufficient-role`"),
        (status = 409, description = "`slug-taken`"),
    )
)]
#[put("/workspaces/{workspace}")]
pub(super) async fn replace(
    request: HttpRequest,
    kalends: Data<Kalends>,
    member: Member,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let expected = Expected::required(request.headers())?;
    let fields = Fields::new("", fields::object(&request, &body)?);
    store(&kalends, member, &expected, fields).await
}

/// Change a workspace's settings
#[utoipa::path(
    tag = "workspaces",
    operation_id = "update_workspace",
    request_body = SettingsView,
    responses(
        (status = 200, body = WorkspaceView),
        (status = 403, description = "`insufficient-role`"),
        (status = 409, description = "`slug-taken`"),
    )
)]
#[patch("/workspaces/{workspace}")]
pub(super) async fn update(
    request: HttpRequest,
    kalends: Data<Kalends>,
    member: Member,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let expected = Expected::required(request.headers())?;
    let patch = fields::object(&request, &body)?;
    let now = SettingsView::of(&member.membership.workspace);
    let fields = changes::patched(&now, patch)?;
    store(&kalends, member, &expected, fields).await
}

async fn store(
    kalends: &Kalends,
    mut member: Member,
    expected: &Expected,
    fields: Fields,
) -> Result<HttpResponse, Problem> {
    let mut errors = Errors::default();
    let asked = read(fields, &mut errors);
    errors.check_ref()?;
    let asked = asked.ok_or_else(|| errors.into_problem())?;
    let version = member.membership.workspace.version;
    expected.against(version)?;
    let command = UpdateWorkspace {
        id: member.workspace(),
        slug: asked.slug,
        name: asked.name,
        description: asked.description,
        // A patch was put together from this version, whichever the client expects.
        expected: Some(version),
    };
    let updated = kalends
        .scheduling
        .update_workspace(&member.actor(), &command)
        .await;
    let updated = updated.map_err(|error| refusals::not_managed(error, "workspace"))?;
    changes::note(kalends, &member, "workspace.updated", updated.id).await;
    member.membership.workspace = updated;
    let view = WorkspaceView::of(&member.membership, kalends);
    Ok(conditions::versioned(
        HttpResponse::Ok(),
        view.version,
        &view,
    ))
}
