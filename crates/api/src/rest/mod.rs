//! The JSON API: `/api/v1`, its description, and the addresses that machines ask about the server itself.

mod health;
mod openapi;
mod problems;
mod v1;

use std::sync::OnceLock;

use actix_web::dev::ServiceResponse;
use actix_web::http::header::{self, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::ServiceConfig;
use actix_web::{Error, HttpRequest, HttpResponse, ResponseError as _};
use actix_web::{body::BoxBody, body::MessageBody, dev::ServiceRequest, web};
use utoipa::OpenApi as _;
use utoipa_actix_web::AppExt as _;

use crate::http::negotiation;
use crate::http::problem::{Problem, ProblemKind};

/// The prefix of everything versioned.
const PREFIX: &str = "/api/v1";

/// Adds the API's routes.
pub(crate) fn configure(config: &mut ServiceConfig) {
    config
        .service(
            web::scope(PREFIX)
                .wrap(from_fn(api))
                .configure(|scope| {
                    let mut scope = utoipa_actix_web::service_config::ServiceConfig::new(scope);
                    v1::configure(&mut scope);
                })
                .default_service(web::to(nothing_here)),
        )
        .configure(|config| {
            let mut config = utoipa_actix_web::service_config::ServiceConfig::new(config);
            machine_routes(&mut config);
        })
        .service(problems::index)
        .service(problems::page)
        .service(openapi::document);
}

fn machine_routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config.service(health::health).service(health::ready);
}

/// The API's description, OpenAPI 3.1, as JSON.
pub fn openapi_json() -> &'static str {
    static DOCUMENT: OnceLock<String> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        let mut document = description().to_pretty_json().unwrap_or_default();
        document.push('\n');
        document
    })
}

fn description() -> utoipa::openapi::OpenApi {
    let (_, document) = actix_web::App::new()
        .into_utoipa_app()
        .openapi(openapi::Description::openapi())
        .configure(machine_routes)
        .service(utoipa_actix_web::scope(PREFIX).configure(v1::configure))
        .split_for_parts();
    document
}

/// What all of `/api/v1` shares: any site's pages may ask, only JSON is answered.
async fn api(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let mut response = if request.method() == Method::OPTIONS {
        let allow = allowed_methods(request.path());
        let mut response = HttpResponse::NoContent();
        if let Some(allow) = allow {
            response
                .insert_header((header::ALLOW, allow.clone()))
                .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, allow))
                .insert_header((
                    header::ACCESS_CONTROL_ALLOW_HEADERS,
                    "content-type, idempotency-key, if-none-match, x-request-id",
                ))
                .insert_header((header::ACCESS_CONTROL_MAX_AGE, "86400"));
            request.into_response(response.finish())
        } else {
            let problem = not_found();
            request.into_response(problem.error_response())
        }
    } else if let Err(problem) = negotiation::accepts_json(request.headers()) {
        request.into_response(problem.error_response())
    } else {
        explained(next.call(request).await?.map_into_boxed_body())
    };
    // There are no cookies here and no credentials: whoever has a link may use it from anywhere.
    let headers = response.headers_mut();
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    );
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("etag, idempotency-replayed, location, retry-after, x-request-id"),
    );
    Ok(response)
}

/// The framework's own refusals, of a path that is no UTF-8 for instance, are plain text; here they become problems.
fn explained(response: ServiceResponse) -> ServiceResponse {
    let status = response.status();
    let is_explained = response.response().extensions().contains::<Problem>();
    if is_explained || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let problem = match status {
        StatusCode::NOT_FOUND => not_found(),
        StatusCode::PAYLOAD_TOO_LARGE => {
            Problem::new(ProblemKind::PayloadTooLarge, "The body is too large.")
        }
        status if status.is_client_error() => {
            Problem::new(ProblemKind::MalformedBody, "The request cannot be read.")
        }
        _ => Problem::new(ProblemKind::Internal, "The server failed."),
    };
    response.into_response(problem.error_response())
}

fn not_found() -> Problem {
    Problem::new(ProblemKind::NotFound, "There is no such endpoint.")
}

/// No route takes the request: either its path is unknown, or its method.
async fn nothing_here(request: HttpRequest) -> Result<HttpResponse, Problem> {
    Err(match allowed_methods(request.path()) {
        Some(allow) => Problem::method_not_allowed(allow),
        None => not_found(),
    })
}

/// The methods that a path knows; `None` for a path that is none of ours.
fn allowed_methods(path: &str) -> Option<String> {
    static ROUTES: OnceLock<Vec<(Vec<String>, String)>> = OnceLock::new();
    let routes = ROUTES.get_or_init(|| {
        description()
            .paths
            .paths
            .iter()
            .map(|(pattern, item)| {
                let mut methods = Vec::new();
                if item.get.is_some() {
                    methods.extend(["GET", "HEAD"]);
                }
                if item.post.is_some() {
                    methods.push("POST");
                }
                methods.push("OPTIONS");
                (segments(pattern), methods.join(", "))
            })
            .collect()
    });
    let path = segments(path);
    routes
        .iter()
        .find(|(pattern, _)| {
            pattern.len() == path.len()
                && pattern
                    .iter()
                    .zip(&path)
                    .all(|(p, s)| p == s || (p.starts_with('{') && !s.is_empty()))
        })
        .map(|(_, methods)| methods.clone())
}

fn segments(path: &str) -> Vec<String> {
    path.split('/').map(str::to_owned).collect()
}

#[cfg(test)]
mod tests;
