//! Version 1 of the API.

mod bookings;
mod event_types;
mod slots;
mod workspaces;

use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpRequest, HttpResponse};
use scheduling_app::availability::FindError;
use scheduling_core::text::Slug;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::http::problem::{Problem, ProblemKind};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    // Bookings first: `/public/bookings/{token}` would otherwise read as a workspace called `bookings`.
    config
        .service(bookings::get)
        .service(bookings::cancel)
        .service(workspaces::get)
        .service(event_types::list)
        .service(event_types::get)
        .service(slots::list)
        .service(bookings::create);
}

/// Reads a slug from a path. What is no slug names nothing.
fn slug(text: &str) -> Result<Slug, Problem> {
    text.parse()
        .map_err(|_no_slug| not_found("workspace or event type"))
}

fn not_found(what: &str) -> Problem {
    Problem::new(ProblemKind::NotFound, format!("There is no such {what}."))
}

impl From<FindError> for Problem {
    fn from(error: FindError) -> Self {
        match error {
            FindError::NotFound => not_found("event type"),
            FindError::Request(error) => {
                let mut errors = crate::http::fields::Errors::default();
                errors.add("/query/to", "range_too_long", error.to_string());
                errors.into_problem()
            }
            FindError::Storage(error) => error.into(),
        }
    }
}

/// Answers JSON that a client may keep but must ask about: with a weak entity tag, and 304 when nothing changed.
fn revalidated<T: Serialize>(request: &HttpRequest, body: &T) -> Result<HttpResponse, Problem> {
    let body = serde_json::to_string(body).map_err(|error| {
        tracing::error!(%error, "An answer could not be written");
        Problem::new(ProblemKind::Internal, "The answer could not be written.")
    })?;
    let tag = format!("W/\"{}\"", hex::encode(&Sha256::digest(&body)[..12]));
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
