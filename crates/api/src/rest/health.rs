//! Is it alive, and can it work?

use actix_web::get;
use actix_web::web::{Data, Json};
use serde::Serialize;
use utoipa::ToSchema;

use crate::Kalends;
use crate::http::problem::{Problem, ProblemBody};

/// How the server is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Health {
    /// `ok`.
    #[schema(example = "ok")]
    status: &'static str,
}

/// Is the process alive?
///
/// Answers without looking at anything else.
#[utoipa::path(tag = "server", operation_id = "health", responses((status = 200, body = Health)))]
#[get("/health")]
pub(super) async fn health() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// Can the server do its work?
///
/// The database answers, its schema is one that this release can work with, and the server was not asked to stop.
#[utoipa::path(tag = "server", operation_id = "ready", responses(
    (status = 200, body = Health),
    (status = 503, body = ProblemBody, content_type = "application/problem+json", description = "`unavailable`"),
))]
#[get("/ready")]
pub(super) async fn ready(kalends: Data<Kalends>) -> Result<Json<Health>, Problem> {
    match kalends.readiness.check().await {
        Ok(()) => Ok(Json(Health { status: "ok" })),
        Err(missing) => Err(Problem::unavailable(missing)),
    }
}
