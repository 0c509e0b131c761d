//! Version 1 of the API.

mod accounts;
mod manage;
mod model;
mod public;

pub(crate) use public::Rendered;
mod refusals;

use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpRequest, HttpResponse};
use scheduling_core::text::Slug;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::http::problem::{Problem, ProblemKind};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    public::configure(config);
    accounts::configure(config);
    manage::configure(config);
}

/// Reads a slug from a path. What is no slug names nothing.
fn slug(text: &str, what: &str) -> Result<Slug, Problem> {
    text.parse().map_err(|_no_slug| Problem::not_found(what))
}

/// An answer that only the asker may keep.
fn private<T: Serialize>(body: &T) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(body)
}

/// The answer to a request that made something.
fn created<T: Serialize>(
    location: String,
    version: Option<u32>,
    replayed: bool,
    body: &T,
) -> HttpResponse {
    let mut response = HttpResponse::Created();
    response
        .insert_header((header::LOCATION, location))
        .insert_header((header::CACHE_CONTROL, "no-store"));
    if let Some(version) = version {
        response.insert_header((header::ETAG, crate::http::conditions::tag(version)));
    }
    if replayed {
        response.insert_header(("idempotency-replayed", "true"));
    }
    response.json(body)
}

/// The answer to a request that left nothing to show.
fn gone() -> HttpResponse {
    HttpResponse::NoContent()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .finish()
}

/// Answers JSON that a client may keep but must ask about: with a weak entity tag, and 304 when nothing changed.
fn revalidated<T: Serialize>(request: &HttpRequest, body: &T) -> Result<HttpResponse, Problem> {
    let body = written(body)?;
    let tag = entity_tag(&body);
    let mut response = if names_tag(request.headers(), &tag) {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    let is_new = response
        .insert_header((header::ETAG, tag))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .content_type("application/json")
        .take()
        .finish();
    if is_new.status() == actix_web::http::StatusCode::OK {
        Ok(is_new.set_body(actix_web::body::BoxBody::new(body)))
    } else {
        Ok(is_new)
    }
}

fn written<T: Serialize>(body: &T) -> Result<String, Problem> {
    serde_json::to_string(body).map_err(|error| {
        tracing::error!(%error, "An answer could not be written");
        Problem::new(ProblemKind::Internal, "The answer could not be written.")
    })
}

/// A weak entity tag: the same for the same body.
fn entity_tag(body: &str) -> String {
    format!("W/\"{}\"", hex::encode(&Sha256::digest(body)[..12]))
}

fn names_tag(headers: &HeaderMap, tag: &str) -> bool {
    headers
        .get_all(header::IF_NONE_MATCH)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|given| {
            let given = given.trim();
            given == "*" || given == tag || format!("W/{given}") == tag
        })
}
