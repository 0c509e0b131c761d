//! The outermost middleware: request ids, log lines, bodies that come in time, problems that know their request.

use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::{self, Bytes, BytesMut};
use actix_web::{Error, HttpMessage as _, ResponseError as _};
use futures_util::StreamExt as _;

use super::admission;
use super::problem::{Problem, ProblemKind};
use super::watched::{REQUEST_ID, Watched};
use crate::Kalends;

/// Wraps a whole application; see [`crate::configure`].
///
/// - Gives the request an id, and the answer the same one.
/// - Reads the body before anything else is done: a client that sends slowly keeps nothing waiting but itself, and one
///   that sends too much is stopped.
/// - Answers HEAD as GET without a body.
/// - Lets in what its line has a place for, refuses the rest with 503, and gives up what takes too long: see
///   [`Lines`](crate::Lines). The body is there by then, so that a slow sender takes up no place.
/// - Gives problems the request's id.
/// - Writes one log line, with the route's pattern instead of the path: paths of bookings carry secrets.
///
/// # Errors
/// None of its own.
pub async fn edge(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let watched = Watched::begin(&request);
    let limits = request
        .app_data::<web::Data<Kalends>>()
        .map_or_else(Limits::default, |kalends| kalends.limits)
        .at(request.path());
    let answering = async {
        if let Err(problem) = read_body(&mut request, limits).await {
            return Ok(request.into_response(problem.error_response()));
        }
        if request.method() == Method::HEAD {
            request.head_mut().method = Method::GET;
        }
        admission::admitted(request, next, watched.id()).await
    };
    let mut response = match watched.over(answering).await {
        Ok(response) => response,
        Err(error) => {
            watched.end(Err(&error));
            return Err(error);
        }
    };

    let problem = response.response().extensions().get::<Problem>().cloned();
    if let Some(problem) = problem {
        let headers = response.headers().clone();
        let mut rewritten = problem.respond(watched.id());
        for (name, value) in headers {
            let of_the_old_body =
                [header::CONTENT_LENGTH, header::CONTENT_ENCODING].contains(&name);
            if !of_the_old_body && !rewritten.headers().contains_key(&name) {
                rewritten.headers_mut().append(name, value);
            }
        }
        response = response.into_response(rewritten);
    }
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, watched.id_header());
    if !headers.contains_key(header::X_CONTENT_TYPE_OPTIONS) {
        headers.insert(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        );
    }
    watched.end(Ok(&response));
    Ok(response)
}

/// The largest filled-in form: twenty answers of 4000 letters beyond ASCII, as forms encode them.
pub(crate) const LARGEST_FORM: usize = 512 * 1024;

/// What a client may send, and how slowly.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The largest body.
    pub max_body_bytes: usize,
    /// How long the body may take.
    pub body_time: Duration,
}

impl Limits {
    /// What holds for a path: pictures and filled-in forms are larger than anything else that is sent.
    fn at(self, path: &str) -> Self {
        // Base64 makes four bytes of three, and something stands around it.
        const PICTURE: usize = scheduling_app::event_types::LARGEST_IMAGE / 3 * 4 + 1024;
        let is_of = |start: &str, ends: &[&str]| {
            path.starts_with(start) && ends.iter().any(|end| path.ends_with(end))
        };
        let needed = if is_of("/api/v1/workspaces/", &["/images"]) {
            PICTURE
        } else if is_of("/book/", &["/bookings", "/details"]) || is_of("/api/v1/", &["/bookings"]) {
            LARGEST_FORM
        } else {
            0
        };
        Self {
            max_body_bytes: self.max_body_bytes.max(needed),
            ..self
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_body_bytes: 64 * 1024,
            body_time: Duration::from_secs(10),
        }
    }
}

async fn read_body(request: &mut ServiceRequest, limits: Limits) -> Result<(), Problem> {
    let too_large = || {
        Problem::new(
            ProblemKind::PayloadTooLarge,
            format!("The body has more than {} bytes.", limits.max_body_bytes),
        )
    };
    // A coded body could be small here and huge after decoding, so none is decoded.
    if request.headers().contains_key(header::CONTENT_ENCODING) {
        return Err(Problem::new(
            ProblemKind::UnsupportedMediaType,
            "Send the body without a content coding.",
        ));
    }
    let announced = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limits.max_body_bytes as u64) {
        return Err(too_large());
    }
    let mut payload = request.take_payload();
    let read = async {
        let mut body = BytesMut::new();
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|error| {
                Problem::new(
                    ProblemKind::MalformedBody,
                    format!("The body cannot be read: {error}."),
                )
            })?;
            if body.len() + chunk.len() > limits.max_body_bytes {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    };
    let body: Bytes = match tokio::time::timeout(limits.body_time, read).await {
        Ok(body) => body?,
        Err(_elapsed) => {
            return Err(Problem::new(
                ProblemKind::MalformedBody,
                "The body was not sent in time.",
            ));
        }
    };
    request.set_payload(Payload::from(body));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filled_in_forms_and_pictures_may_be_larger_than_the_rest() {
        let largest = |path: &str| Limits::default().at(path).max_body_bytes;
        for path in [
            "/book/northwind/intro/bookings",
            "/book/northwind/intro/details",
            "/api/v1/public/northwind/event-types/intro/bookings",
            "/api/v1/workspaces/northwind/bookings",
        ] {
            assert_eq!(largest(path), LARGEST_FORM, "{path}");
        }
        assert!(largest("/api/v1/workspaces/northwind/images") > LARGEST_FORM);
        for path in [
            "/sign-in",
            "/book/northwind/intro",
            "/api/v1/workspaces",
            "/b/x/cancel",
        ] {
            assert_eq!(largest(path), Limits::default().max_body_bytes, "{path}");
        }
        let generous = Limits {
            max_body_bytes: 1 << 30,
            ..Limits::default()
        };
        assert_eq!(generous.at("/book/a/b/bookings").max_body_bytes, 1 << 30);
    }
}
