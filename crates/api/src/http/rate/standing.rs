//! How a client stands with a limit, and the problem of one too many.

use std::time::Duration;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

use super::RateLimit;
use crate::http::problem::{Problem, ProblemKind};

/// The problem of one too many.
pub(super) fn too_many(
    name: &'static str,
    limit: RateLimit,
    wait: Duration,
    about: &str,
) -> Problem {
    let seconds = in_seconds(wait);
    let detail = format!("{about}Try again in {seconds} s.");
    Problem::new(ProblemKind::RateLimited, detail)
        .retry_after(seconds)
        .standing(Standing::new(name, limit, 0))
}

/// Whole seconds, one at least, after which a wait is over.
pub(crate) fn in_seconds(wait: Duration) -> u64 {
    let seconds = wait.as_nanos().div_ceil(1_000_000_000).max(1);
    u64::try_from(seconds).unwrap_or(u64::MAX)
}

/// How a client stands: what its answers say in their headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    name: &'static str,
    limit: RateLimit,
    pub(super) remaining: u32,
    /// Seconds until everything is allowed again.
    reset: u64,
}

impl Standing {
    pub(super) fn new(name: &'static str, limit: RateLimit, remaining: u32) -> Self {
        let requests = limit.requests.get();
        let spent = u64::from(requests - remaining.min(requests));
        let window = u64::from(limit.seconds.get());
        Self {
            name,
            limit,
            remaining,
            reset: (spent * window).div_ceil(requests.into()),
        }
    }

    /// Writes `RateLimit`, `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10 and -11) and the older
    /// `X-RateLimit-*`.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        let Self {
            name,
            limit,
            remaining,
            reset,
        } = self;
        let (requests, seconds) = (limit.requests, limit.seconds);
        for (header, value) in [
            ("ratelimit", format!("\"{name}\";r={remaining};t={reset}")),
            (
                "ratelimit-policy",
                format!("\"{name}\";q={requests};w={seconds}"),
            ),
            ("x-ratelimit-limit", requests.to_string()),
            ("x-ratelimit-remaining", remaining.to_string()),
            ("x-ratelimit-reset", reset.to_string()),
        ] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(HeaderName::from_static(header), value);
            }
        }
    }
}
