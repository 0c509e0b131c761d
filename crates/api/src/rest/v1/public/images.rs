//! Pictures of workspaces.

use actix_web::http::header;
use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, get};
use scheduling_core::ids::ImageId;

use crate::Kalends;
use crate::http::ids::WireId as _;
use crate::http::problem::Problem;

/// Get a picture
///
/// A picture never changes: another one has another id.
#[utoipa::path(
    tag = "public",
    operation_id = "get_image",
    responses(
        (status = 200, description = "The picture", content(
            (Vec<u8> = "image/png"), (Vec<u8> = "image/jpeg"), (Vec<u8> = "image/webp")
        )),
    )
)]
#[get("/public/images/{image}")]
pub(super) async fn get(
    kalends: Data<Kalends>,
    image: Path<String>,
) -> Result<HttpResponse, Problem> {
    let unknown = || Problem::not_found("picture");
    let id = ImageId::of_wire(&image).ok_or_else(unknown)?;
    let image = kalends.scheduling.image(id).await?.ok_or_else(unknown)?;
    Ok(HttpResponse::Ok()
        .content_type(image.media_type)
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        // Whatever it is, a browser shall show a picture and run nothing.
        .insert_header((
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; sandbox",
        ))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(image.bytes))
}
