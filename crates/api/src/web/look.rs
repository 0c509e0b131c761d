//! An event type's colour and picture.
//!
//! A page cannot have a style of its own under the policy, so its colour is a style sheet of one line, at an address that
//! says the colour. Everything else is derived from it in `look.css`, which clamps the lightness: any colour stays legible
//! in light and dark.

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use scheduling_app::Scheduling;
use scheduling_core::event_type::{Colour, EventType};
use scheduling_core::ids::ImageId;

use super::WebState;
use super::links::Paths;
use crate::http::ids::WireId as _;

/// What stands at such an address never changes.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// Where the style sheet of an event type's colour stands.
pub(super) fn accent(event_type: &EventType, paths: &Paths) -> Option<String> {
    let colour = event_type.appearance.colour?;
    let digits = colour.to_string();
    Some(format!(
        "{}/look/{}.css",
        paths.base(),
        digits.trim_start_matches('#')
    ))
}

/// Where an event type's picture stands.
pub(super) fn banner(event_type: &EventType, paths: &Paths) -> Option<String> {
    let image = event_type.appearance.banner?;
    Some(format!("{}/images/{}", paths.base(), image.wire()))
}

fn nothing() -> HttpResponse {
    HttpResponse::NotFound()
        .content_type("text/plain; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body("There is no such file.")
}

/// The style sheet of a colour.
pub(super) async fn sheet(colour: web::Path<String>) -> HttpResponse {
    let Ok(colour) = format!("#{}", *colour).parse::<Colour>() else {
        return nothing();
    };
    HttpResponse::Ok()
        .content_type("text/css; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, FOR_EVER))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(format!(":root{{--accent:{colour}}}\n"))
}

/// A picture that a workspace uploaded.
pub(super) async fn image(
    app: web::Data<Scheduling>,
    state: web::Data<WebState>,
    image: web::Path<String>,
) -> HttpResponse {
    let Some(id) = ImageId::of_wire(&image) else {
        return nothing();
    };
    match app.image(id).await {
        Ok(Some(image)) => HttpResponse::Ok()
            .content_type(safe_type(&image.media_type))
            .insert_header((header::CACHE_CONTROL, FOR_EVER))
            .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
            // Whatever it holds, opened by itself it is a picture and nothing else.
            .insert_header((
                header::CONTENT_SECURITY_POLICY,
                "default-src 'none'; sandbox",
            ))
            .body(image.bytes),
        Ok(None) => nothing(),
        Err(error) => state.answer(Err(error.into())),
    }
}

/// The type of a picture; whatever else was stored is nothing that a browser shows.
fn safe_type(media_type: &str) -> &'static str {
    match media_type {
        "image/png" => "image/png",
        "image/jpeg" => "image/jpeg",
        "image/webp" => "image/webp",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn only_pictures_are_shown_as_such() {
        assert_eq!(safe_type("image/png"), "image/png");
        for other in ["image/svg+xml", "text/html", "image/png\r\nx: y", ""] {
            assert_eq!(safe_type(other), "application/octet-stream");
        }
    }

    #[test]
    fn a_colour_has_an_address_of_its_own() {
        let mut event_type = sample::single().event_type;
        let paths = Paths::new("/meet");
        assert_eq!(accent(&event_type, &paths), None);
        event_type.appearance.colour = "#1A7F5A".parse().ok();
        assert_eq!(
            accent(&event_type, &paths).as_deref(),
            Some("/meet/look/1a7f5a.css")
        );
    }
}
