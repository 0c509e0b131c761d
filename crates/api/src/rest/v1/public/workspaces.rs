//! What guests may see of a workspace.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get};
use scheduling_core::directory::Workspace;
use serde::Serialize;
use utoipa::ToSchema;

use crate::Kalends;
use crate::http::ids::WireId as _;
use crate::http::problem::Problem;
use crate::rest::v1;

/// A workspace.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PublicWorkspace)]
pub(super) struct WorkspaceView {
    #[schema(example = "ws_0190b0c47d5e70008000000000000001")]
    id: String,
    /// Its part of links.
    #[schema(example = "northwind")]
    slug: String,
    name: String,
    description: Option<String>,
    /// The page for people.
    url: String,
}

impl WorkspaceView {
    pub(super) fn of(workspace: &Workspace, kalends: &Kalends) -> Self {
        Self {
            id: workspace.id.wire(),
            slug: workspace.slug.to_string(),
            name: workspace.name.to_string(),
            description: workspace.description.as_ref().map(ToString::to_string),
            url: kalends.urls.workspace(&workspace.slug),
        }
    }
}

/// Read a workspace
#[utoipa::path(
    tag = "public",
    operation_id = "get_public_workspace",
    responses(
        (status = 200, body = WorkspaceView),
        (status = 304, description = "`If-None-Match` names the present state"),
    )
)]
#[get("/public/{workspace}")]
pub(super) async fn get(
    request: HttpRequest,
    kalends: Data<Kalends>,
    workspace: Path<String>,
) -> Result<HttpResponse, Problem> {
    let workspace = kalends
        .scheduling
        .workspace(&v1::slug(&workspace, "workspace")?)
        .await?
        .ok_or_else(|| Problem::not_found("workspace"))?;
    v1::revalidated(&request, &WorkspaceView::of(&workspace, &kalends))
}
