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
        description = "Meeting scheduling: what can be booked, booking it, moving it and calling it off; and everything that hosts decide about it.\n\n\
            **Values.** Instants are RFC 3339 with an offset; zones are IANA names; lengths are whole minutes. Ids carry their kind (`et_…`), and \
            a slug may stand where an id is asked for in a path. Unknown members of bodies and queries are refused, not ignored.\n\n\
            **Who asks.** Guests need nothing. Members send an API token (`Authorization: Bearer kal_live_…`) or the cookie of a session. \
            What a member may not know of is answered as if it were not there.\n\n\
            **Problems.** Whatever goes wrong is an RFC 9457 problem; its `type` is a page of this server.\n\n\
            **Versions.** What has an `ETag` is replaced (PUT) or merged into (PATCH, RFC 7396) only with `If-Match`: the tag that was read, or `*`. \
            Elsewhere `If-Match` may be sent.\n\n\
            **Repeating.** With an `Idempotency-Key`, a POST that makes or changes something is safe to send again for 24 hours.\n\n\
            **Lists** have `limit` and `cursor`, and a `Link` header to their neighbours.\n\n\
            **Limits.** `RateLimit` and `RateLimit-Policy` say how a client stands; 429 says when to come back.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    tags(
        (name = "public", description = "What guests may see and do; nobody signs in."),
        (name = "auth", description = "Signing in and out, forgotten passwords, invitations."),
        (name = "me", description = "One's own account, sessions and API tokens."),
        (name = "workspaces", description = "Workspaces, their members, and who did what."),
        (name = "event types", description = "What can be booked, links to it, and why a start is not offered."),
        (name = "hours", description = "Availability schedules and time off."),
        (name = "bookings", description = "Bookings, as their hosts see and change them."),
        (name = "outbox", description = "What is owed to the outside world, and what was given up."),
        (name = "messages", description = "Words of one's own for mails."),
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
