//! Uploading pictures.

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse, post};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use scheduling_app::event_types::AddImage;
use serde::Serialize;
use utoipa::ToSchema;

use super::changes;
use crate::Kalends;
use crate::http::fields::{self, Errors, Fields};
use crate::http::ids::WireId as _;
use crate::http::problem::Problem;
use crate::rest::caller::Member;
use crate::rest::v1::{self, refusals};
use crate::urls;

/// A picture to upload.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ImageRequest {
    /// The file in Base64: PNG, JPEG or WebP, 1 MiB at most. What it is, its content says.
    #[schema(content_encoding = "base64")]
    data: String,
}

/// A picture of the workspace.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Image)]
pub(super) struct ImageView {
    #[schema(example = "im_0190b0c47d5e70008000000000000001")]
    id: String,
    /// Where it is.
    url: String,
}

/// Upload a picture
///
/// For the head of an event type's page. The body may be larger than others.
#[utoipa::path(
    tag = "event types",
    operation_id = "create_image",
    request_body = ImageRequest,
    responses(
        (status = 201, body = ImageView, headers(("Location" = String, description = "The picture"))),
        (status = 403, description = "`insufficient-role`"),
    )
)]
#[post("/workspaces/{workspace}/images")]
pub(super) async fn upload(
    request: HttpRequest,
    kalends: Data<Kalends>,
    member: Member,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let mut errors = Errors::default();
    let mut fields = Fields::new("", fields::object(&request, &body)?);
    let data = fields.required_text("data", &mut errors).and_then(|text| {
        let bytes = STANDARD.decode(text.as_bytes()).ok();
        if bytes.is_none() {
            errors.add("/data", "not_base64", "must be Base64");
        }
        bytes
    });
    fields.finish(&mut errors);
    let idempotency = changes::idempotent(&request, &member, &body, &mut errors);
    errors.check_ref()?;
    let command = AddImage {
        workspace: member.workspace(),
        bytes: data.ok_or_else(|| errors.into_problem())?,
        idempotency,
    };
    let created = kalends
        .scheduling
        .add_image(&member.actor(), &command)
        .await;
    let created = created.map_err(|error| refusals::not_managed(error, "picture"))?;
    let id = created.made.wire();
    let url = urls::api_image(&id);
    let view = ImageView {
        id,
        url: url.clone(),
    };
    Ok(v1::created(url, None, created.replayed, &view))
}
