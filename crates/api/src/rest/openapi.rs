//! The API's description.

use actix_web::http::header;
use actix_web::{HttpResponse, get};
use utoipa::OpenApi;

use super::openapi_json;
use crate::http::problem::ProblemBody;

/// The parts of the description that no handler carries.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Kalends",
        description = "Meeting scheduling: what can be booked, booking it, and calling it off.\n\nInstants are RFC 3339 with an offset; zones are IANA names. Whatever goes wrong is an RFC 9457 problem.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    tags(
        (name = "public", description = "What guests may see and do; nobody signs in."),
        (name = "server", description = "What machines ask about the server itself.")
    ),
    components(schemas(ProblemBody))
)]
pub(super) struct Description;

#[get("/openapi.json")]
pub(super) async fn document() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .body(openapi_json())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_description_is_in_step() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../docs/reference/openapi.json"
        );
        let written = std::fs::read_to_string(path).unwrap();
        assert!(
            written == openapi_json(),
            "write it anew: cargo run -- openapi > docs/reference/openapi.json"
        );
    }

    #[test]
    fn it_is_openapi_3_1_and_every_reference_leads_somewhere() {
        let api: serde_json::Value = serde_json::from_str(openapi_json()).unwrap();
        assert_eq!(api["openapi"], "3.1.0");
        let text = openapi_json();
        for reference in text.split("\"$ref\": \"#").skip(1) {
            let pointer = reference.split('"').next().unwrap();
            assert!(api.pointer(pointer).is_some(), "{pointer}");
        }
        for path in api["paths"].as_object().unwrap().values() {
            for operation in path.as_object().unwrap().values() {
                assert!(operation["operationId"].is_string());
                assert!(operation["summary"].is_string(), "{operation}");
            }
        }
    }
}
