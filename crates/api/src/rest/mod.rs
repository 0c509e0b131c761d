//! The JSON API: `/api/v1`, its description, and the addresses that machines ask about the server itself.

mod access;
mod caller;
mod describe;
mod health;
mod openapi;
mod problems;
mod v1;

pub(crate) use v1::Rendered;

use std::sync::OnceLock;

use actix_web::dev::ServiceResponse;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
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
                // The edge has bounded bodies already.
                .app_data(web::PayloadConfig::new(usize::MAX))
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
        let mut document = serde_json::to_value(description()).unwrap_or_default();
        describe::complete(&mut document);
        let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
        text.push('\n');
        text
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

/// What all of `/api/v1` shares: who may ask, how often, and that only JSON is answered.
async fn api(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let path = request
        .path()
        .strip_prefix(PREFIX)
        .unwrap_or_default()
        .to_owned();
    if request.method() == Method::OPTIONS {
        return Ok(preflight(request, &path));
    }
    let operation = access::operation(request.method().as_str(), &path);
    let is_public = match operation {
        Some(operation) => operation.access == access::Access::Public,
        None => access::is_public(&path),
    };
    // Whoever holds a token may use it from any page; a cookie opens nothing to other sites.
    let open = is_public || request.headers().contains_key(header::AUTHORIZATION);
    let mut standing = None;
    let mut response = if let Err(problem) = answerable(&request, operation) {
        request.into_response(problem.error_response())
    } else if let Some(operation) = operation {
        match caller::admit(&request, operation).await {
            Ok(stands) => {
                standing = stands;
                explained(next.call(request).await?.map_into_boxed_body())
            }
            Err(problem) => request.into_response(problem.error_response()),
        }
    } else {
        explained(next.call(request).await?.map_into_boxed_body())
    };
    let headers = response.headers_mut();
    if let Some(standing) = standing {
        standing.write(headers);
    }
    if !is_public {
        let asker = HeaderValue::from_static("authorization, cookie");
        headers.append(header::VARY, asker);
    }
    if open {
        allow_any_origin(headers);
    }
    Ok(response)
}

/// Whether the operation's answer is one that the client takes. Pictures are no JSON, so there it is not asked.
fn answerable(
    request: &ServiceRequest,
    operation: Option<&access::Operation>,
) -> Result<(), Problem> {
    if operation.is_some_and(|o| o.pattern == "/public/images/{image}") {
        return Ok(());
    }
    negotiation::accepts_json(request.headers())
}

/// Lets any site's pages read the answer. Browsers then neither send cookies nor let pages read what was asked with them.
fn allow_any_origin(headers: &mut HeaderMap) {
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    );
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static(
            "etag, idempotency-replayed, link, location, ratelimit, ratelimit-policy, retry-after, x-ratelimit-limit, \
             x-ratelimit-remaining, x-ratelimit-reset, x-request-id",
        ),
    );
}

/// What a browser asks before it lets another site's page ask.
fn preflight(request: ServiceRequest, path: &str) -> ServiceResponse<BoxBody> {
    let Some(methods) = allowed_methods(path) else {
        return request.into_response(not_found().error_response());
    };
    let asks_with_token = request
        .headers()
        .get(header::ACCESS_CONTROL_REQUEST_HEADERS)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|names| {
            names
                .split(',')
                .any(|name| name.trim().eq_ignore_ascii_case("authorization"))
        });
    let open = access::is_public(path) || (asks_with_token && access::takes_tokens(path));
    let mut response = HttpResponse::NoContent();
    response.insert_header((header::ALLOW, methods.clone()));
    if open {
        response
            .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
            .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, methods))
            .insert_header((
                header::ACCESS_CONTROL_ALLOW_HEADERS,
                "authorization, content-type, idempotency-key, if-match, if-none-match, x-request-id",
            ))
            .insert_header((header::ACCESS_CONTROL_MAX_AGE, "86400"));
    }
    request.into_response(response.finish())
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
    let path = request.path().strip_prefix(PREFIX).unwrap_or_default();
    Err(match allowed_methods(path) {
        Some(allow) => Problem::method_not_allowed(allow),
        None => not_found(),
    })
}

/// The methods that a path knows; `None` for a path that is none of ours.
fn allowed_methods(path: &str) -> Option<String> {
    access::methods(path).map(|methods| methods.join(", "))
}

#[cfg(test)]
mod tests;
