//! What guests may see of a workspace.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get};
use scheduling_core::directory::Workspace;
use serde::Serialize;
use utoipa::ToSchema;

use crate::Kalends;
use crate::http::ids::WireId as _;
use crate::http::problem::{Problem, ProblemBody};

/// A workspace.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Workspace)]
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
    operation_id = "get_workspace",
    params(("workspace" = String, Path, description = "Its slug")),
    responses(
        (status = 200, body = WorkspaceView),
        (status = 304, description = "`If-None-Match` names the present state"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json", description = "`not-found`"),
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
        .workspace(&super::slug(&workspace)?)
        .await?
        .ok_or_else(|| super::not_found("workspace"))?;
    super::revalidated(&request, &WorkspaceView::of(&workspace, &kalends))
}
