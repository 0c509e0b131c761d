//! Who is let in: every request that needs the database passes a line of its kind, and none is worked on for ever.
//!
//! Reading, changing and signing in have a line each, so that a rush of one leaves the others alone. What needs no
//! database (health, metrics, assets) passes by. Inside, bookings have one more gate before the few writers.

use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::Method;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpResponse, ResponseError as _};

use super::connections;
use super::gate::{Gate, GateSize};
use super::problem::{Problem, ProblemKind};
use crate::Kalends;
use crate::web::{self, Unready};

/// The lines in front of everything that needs the database.
#[derive(Debug, Clone)]
pub struct Lines {
    /// Before what reads.
    pub reads: Gate,
    /// Before what changes something.
    pub changes: Gate,
    /// Before passwords, sessions and their links. Hashing a password is slow on purpose.
    pub sign_in: Gate,
    /// How long a request may be worked on once it is let in.
    pub answer_time: Duration,
}

impl Default for Lines {
    /// 64 reads and 64 changes at once, 8 sign-ins; 512 of each wait, readers for two seconds and the others for ten;
    /// thirty seconds for an answer.
    fn default() -> Self {
        let gate = |at_once, patience| {
            Gate::new(GateSize {
                at_once,
                waiting: 512,
                patience: Duration::from_secs(patience),
            })
        };
        Self {
            reads: gate(64, 2),
            changes: gate(64, 10),
            sign_in: gate(8, 10),
            answer_time: Duration::from_secs(30),
        }
    }
}

/// What a request needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    /// Nothing that could run short.
    Nothing,
    Reads,
    Changes,
    SignIn,
}

impl Need {
    fn of(method: &Method, path: &str) -> Self {
        const FREE: [&str; 5] = [
            "/health",
            "/ready",
            "/metrics",
            "/openapi.json",
            "/problems",
        ];
        const FREE_BELOW: [&str; 3] = ["/static/", "/look/", "/problems/"];
        const SIGN_IN: [&str; 4] = [
            "/sign-in",
            "/sign-out",
            "/forgotten-password",
            "/home/password",
        ];
        const SIGN_IN_BELOW: [&str; 3] = ["/api/v1/auth/", "/reset-password/", "/invitations/"];
        let is_below = |starts: &[&str]| starts.iter().any(|start| path.starts_with(start));
        if method == Method::OPTIONS || FREE.contains(&path) || is_below(&FREE_BELOW) {
            Self::Nothing
        } else if [Method::GET, Method::HEAD].contains(method) {
            Self::Reads
        } else if SIGN_IN.contains(&path) || is_below(&SIGN_IN_BELOW) {
            Self::SignIn
        } else {
            Self::Changes
        }
    }
}

/// Lets a request in when its line has a place, and gives it up when it takes too long.
///
/// # Errors
/// None that a client sees as one: a request that is given up is answered with 503. Its answer comes as an error because
/// the request itself is gone by then.
pub(super) async fn admitted(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
    id: &str,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let _busy = connections::busy(request.request());
    let Some(kalends) = request.app_data::<Data<Kalends>>().cloned() else {
        let response = next.call(request).await?;
        return Ok(response.map_into_boxed_body());
    };
    let lines = &kalends.lines;
    let is_page = !is_for_programs(request.path());
    let gate = match Need::of(request.method(), request.path()) {
        Need::Nothing => {
            let response = next.call(request).await?;
            return Ok(response.map_into_boxed_body());
        }
        Need::Reads => &lines.reads,
        Need::Changes => &lines.changes,
        Need::SignIn => &lines.sign_in,
    };
    let _place = match gate.enter().await {
        Ok(place) => place,
        Err(_full) if is_page => {
            let page = web::unready(&kalends, Unready::Overloaded);
            return Ok(request.into_response(page));
        }
        Err(full) => return Ok(request.into_response(full.error_response())),
    };
    let method = request.method().clone();
    match tokio::time::timeout(lines.answer_time, next.call(request)).await {
        Ok(response) => Ok(response?.map_into_boxed_body()),
        Err(_elapsed) => {
            let seconds = lines.answer_time.as_secs();
            tracing::warn!(http.method = %method, "Gave a request up after {seconds} s");
            let response = if is_page {
                web::unready(&kalends, Unready::TooLate)
            } else {
                too_late().respond(id)
            };
            Err(given_up(response, id))
        }
    }
}

/// Whether programs ask there, who want a problem and no page.
fn is_for_programs(path: &str) -> bool {
    path.starts_with("/api/")
}

fn too_late() -> Problem {
    Problem::new(ProblemKind::TookTooLong, "The server gave the request up.").retry_after(5)
}

/// The answer to a request that is gone.
fn given_up(mut response: HttpResponse, id: &str) -> Error {
    if let Ok(id) = HeaderValue::from_str(id) {
        let headers = response.headers_mut();
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
    InternalError::from_response("the request was given up", response).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_no_database_stands_in_no_line() {
        let need = |method: &str, path| Need::of(&method.parse().unwrap(), path);
        for path in [
            "/health",
            "/ready",
            "/metrics",
            "/openapi.json",
            "/problems/overloaded",
            "/static/1/css/main.css",
        ] {
            assert_eq!(need("GET", path), Need::Nothing, "{path}");
        }
        assert_eq!(need("OPTIONS", "/api/v1/me"), Need::Nothing);
        for path in ["/", "/book/a/b", "/api/v1/me", "/healthy", "/sign-in"] {
            assert_eq!(need("GET", path), Need::Reads, "{path}");
            assert_eq!(need("HEAD", path), Need::Reads, "{path}");
        }
        for path in ["/book/a/b/bookings", "/b/x/cancel", "/api/v1/public/a"] {
            assert_eq!(need("POST", path), Need::Changes, "{path}");
        }
        assert_eq!(need("DELETE", "/api/v1/me/tokens/x"), Need::Changes);
        for path in ["/sign-in", "/api/v1/auth/sign-in", "/invitations/x"] {
            assert_eq!(need("POST", path), Need::SignIn, "{path}");
        }
    }
}
