//! Problems: RFC 9457, from one catalogue.

use std::collections::BTreeMap;
use std::fmt;

use actix_web::body::BoxBody;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use scheduling_core::ports::StorageError;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

macro_rules! catalogue {
    ($($(#[$doc:meta])* $kind:ident, $slug:literal, $status:ident, $title:literal, $about:literal;)*) => {
        /// What kind of problem it is. Slugs are stable.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum ProblemKind {
            $($(#[$doc])* $kind,)*
        }

        impl ProblemKind {
            /// All kinds, in the order of the reference.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)*];

            /// Its name in addresses and in `code`.
            pub const fn slug(self) -> &'static str {
                match self { $(Self::$kind => $slug,)* }
            }

            /// The status it is answered with.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$kind => StatusCode::$status,)* }
            }

            /// A short line that is the same for every occurrence.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$kind => $title,)* }
            }

            /// What it means and what a client does about it.
            pub const fn about(self) -> &'static str {
                match self { $(Self::$kind => $about,)* }
            }
        }
    };
}

catalogue! {
    /// Somebody else has the time.
    SlotTaken, "slot-taken", CONFLICT, "The slot is taken",
        "Somebody else booked this time, or one so close to it that no host is free. `alternatives` names up to three starts that are offered, the nearest first.";
    /// The start is not one that is offered.
    SlotOutsideAvailability, "slot-outside-availability", UNPROCESSABLE_ENTITY, "The start is not offered",
        "The start lies outside the hours of the event type or its hosts, or is not one of the event type's starting times. Book a start that the slots endpoint lists. `alternatives` names up to three.";
    /// Too soon.
    NoticeTooShort, "notice-too-short", UNPROCESSABLE_ENTITY, "The start is too soon",
        "The start has passed, or the event type asks for more notice. `alternatives` names up to three later starts.";
    /// Too far ahead.
    BookingWindow, "booking-window", UNPROCESSABLE_ENTITY, "The date cannot be booked",
        "The date lies outside those on which the event type can be booked. `alternatives` names up to three starts that can.";
    /// No host takes more.
    LimitReached, "limit-reached", CONFLICT, "The hosts take no more bookings then",
        "Every host who could take the start has as many bookings of this event type as a day, week or month allows. `alternatives` names up to three starts.";
    /// The booking is over or was called off.
    BookingFinal, "booking-final", CONFLICT, "The booking can no longer be changed",
        "The meeting is over, or the booking was declined or gave up waiting.";
    /// No IANA zone.
    InvalidTimezone, "invalid-timezone", UNPROCESSABLE_ENTITY, "The time zone is unknown",
        "A time zone must be an IANA name such as `Europe/Berlin`. `errors` says where.";
    /// The clocks jump over it.
    NonexistentLocalTime, "nonexistent-local-time", UNPROCESSABLE_ENTITY, "The local time does not exist",
        "The clocks of the zone jump over this local time. `candidates` names the instants before and after the jump; send one of them with its offset.";
    /// The clocks show it twice.
    AmbiguousLocalTime, "ambiguous-local-time", UNPROCESSABLE_ENTITY, "The local time comes twice",
        "The clocks of the zone show this local time twice. `candidates` names both instants; send one of them with its offset.";
    /// Another request had the key.
    IdempotencyKeyReused, "idempotency-key-reused", UNPROCESSABLE_ENTITY, "The idempotency key was used for another request",
        "An `Idempotency-Key` belongs to one request. Send the same body as before, or another key.";
    /// A field is wrong.
    Validation, "validation", UNPROCESSABLE_ENTITY, "Some values cannot be used",
        "`errors` names each value: `pointer` is a JSON pointer into the body, or `/query/…` and `/headers/…`; `code` is for programs and `detail` for people.";
    /// The body is no JSON.
    MalformedBody, "malformed-body", BAD_REQUEST, "The body is not readable",
        "The body is not JSON, is nested too deeply, or was not sent in time.";
    /// Nothing is there.
    NotFound, "not-found", NOT_FOUND, "There is nothing here",
        "The address names nothing: no such workspace, event type or booking, or no such endpoint.";
    /// The address knows other methods.
    MethodNotAllowed, "method-not-allowed", METHOD_NOT_ALLOWED, "The method is not allowed here",
        "The header `Allow` names the methods that are.";
    /// We cannot answer in that format.
    NotAcceptable, "not-acceptable", NOT_ACCEPTABLE, "The answer exists only as JSON",
        "The header `Accept` rules `application/json` out.";
    /// We cannot read that format.
    UnsupportedMediaType, "unsupported-media-type", UNSUPPORTED_MEDIA_TYPE, "The body must be JSON",
        "Send `Content-Type: application/json`, without a content coding.";
    /// Too much.
    PayloadTooLarge, "payload-too-large", PAYLOAD_TOO_LARGE, "The body is too large",
        "Bodies are read up to a limit, 64 KiB unless the server is set otherwise.";
    /// Not now.
    Unavailable, "unavailable", SERVICE_UNAVAILABLE, "The server cannot answer right now",
        "The database does not answer, or too many bookings wait in line. Nothing was changed. The header `Retry-After` says when to try again.";
    /// Our fault.
    Internal, "internal", INTERNAL_SERVER_ERROR, "Something went wrong",
        "The fault is the server's. Its log has more under the `request_id`.";
}

/// One value that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// A JSON pointer into the body, or `/query/…` and `/headers/…`.
    #[schema(example = "/invitee/email")]
    pub pointer: String,
    /// What is wrong, for programs.
    #[schema(value_type = String, example = "not_an_address")]
    pub code: &'static str,
    /// What is wrong, for people.
    pub detail: String,
}

/// A problem that is going to be answered.
#[derive(Debug, Clone)]
pub struct Problem {
    kind: ProblemKind,
    detail: String,
    errors: Vec<FieldError>,
    extensions: BTreeMap<&'static str, Value>,
    retry_after_seconds: Option<u64>,
    allow: Option<String>,
}

impl Problem {
    /// A problem with a sentence about this occurrence.
    pub fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            errors: Vec::new(),
            extensions: BTreeMap::new(),
            retry_after_seconds: None,
            allow: None,
        }
    }

    /// Values that cannot be used.
    pub fn validation(errors: Vec<FieldError>) -> Self {
        // A zone is wrong so often that it has a slug of its own.
        let kind = if !errors.is_empty() && errors.iter().all(|e| e.code == "invalid_timezone") {
            ProblemKind::InvalidTimezone
        } else {
            ProblemKind::Validation
        };
        let detail = errors
            .iter()
            .map(|e| format!("{} {}", e.pointer, e.detail))
            .collect::<Vec<_>>()
            .join("; ");
        Self {
            errors,
            ..Self::new(kind, detail)
        }
    }

    /// The server is busy or its database is away.
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self {
            retry_after_seconds: Some(2),
            ..Self::new(ProblemKind::Unavailable, detail)
        }
    }

    /// A method that the address does not know.
    pub fn method_not_allowed(allow: String) -> Self {
        Self {
            allow: Some(allow),
            ..Self::new(
                ProblemKind::MethodNotAllowed,
                "The address does not know this method.",
            )
        }
    }

    /// Adds a member of its own.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.extensions.insert(name, value.into());
        self
    }

    /// What kind it is.
    pub fn kind(&self) -> ProblemKind {
        self.kind
    }

    /// The body, for the request with this id.
    pub(crate) fn body(&self, request_id: &str) -> ProblemBody {
        ProblemBody {
            r#type: format!("/problems/{}", self.kind.slug()),
            title: self.kind.title(),
            status: self.kind.status().as_u16(),
            detail: self.detail.clone(),
            instance: format!("/requests/{request_id}"),
            code: self.kind.slug(),
            request_id: request_id.to_owned(),
            errors: self.errors.clone(),
            extensions: self.extensions.clone(),
        }
    }

    /// The answer, for the request with this id.
    pub(crate) fn respond(&self, request_id: &str) -> HttpResponse {
        let mut response: HttpResponseBuilder = HttpResponse::build(self.kind.status());
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        if let Some(seconds) = self.retry_after_seconds {
            response.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        if let Some(allow) = &self.allow {
            response.insert_header((header::ALLOW, allow.as_str()));
        }
        let body = serde_json::to_string(&self.body(request_id)).unwrap_or_default();
        response.content_type("application/problem+json").body(body)
    }
}

/// A problem as it is sent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody {
    /// Where the kind of problem is explained. Stable.
    #[schema(example = "/problems/slot-taken")]
    r#type: String,
    /// A short line about the kind.
    title: &'static str,
    /// The status.
    #[schema(example = 409)]
    status: u16,
    /// A sentence about this occurrence.
    detail: String,
    /// Names this occurrence.
    instance: String,
    /// The last part of `type`, for programs.
    #[schema(example = "slot-taken")]
    code: &'static str,
    /// Find it in the server's log.
    request_id: String,
    /// Values that cannot be used.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
    /// `alternatives` and `reasons` where a start is not offered, `candidates` where a local time is not one instant.
    #[serde(flatten)]
    #[schema(value_type = Object, additional_properties)]
    extensions: BTreeMap<&'static str, Value>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.slug(), self.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.kind.status()
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        let mut response = self.respond("unknown");
        // The edge knows the request's id and writes the body anew.
        response.extensions_mut().insert(self.clone());
        response
    }
}

impl From<StorageError> for Problem {
    fn from(error: StorageError) -> Self {
        let causes = causes(&error);
        match error {
            StorageError::Unavailable(_) | StorageError::Conflict => {
                tracing::warn!(causes, "The storage does not answer");
                Self::unavailable("The database does not answer.")
            }
            StorageError::Corrupt { .. } | StorageError::Other(_) => {
                tracing::error!(causes, "The storage failed");
                Self::new(ProblemKind::Internal, "The storage failed.")
            }
        }
    }
}

/// An error and what lies beneath it, in one line.
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let words = cause.to_string();
        // Some errors say what their cause says.
        if !text.ends_with(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        next = cause.source();
    }
    text
}

/// The reference page, as Markdown.
pub fn reference() -> String {
    use std::fmt::Write as _;

    let mut page = String::from(
        "# Problems\n\n\
         <!-- Written by `kalends problems`; a test holds it in step. -->\n\n\
         Whatever goes wrong in the API is answered as `application/problem+json` (RFC 9457). `type` is the address of\n\
         one of the sections below on your server; it and `code` are stable. `request_id` is also the header\n\
         `x-request-id` and stands in the server's log.\n\n\
         ```json\n\
         {\n  \"type\": \"/problems/slot-taken\",\n  \"title\": \"The slot is taken\",\n  \"status\": 409,\n  \
         \"detail\": \"Somebody else booked this time.\",\n  \"instance\": \"/requests/0190b0c4-7d5e-7000-8000-000000000001\",\n  \
         \"code\": \"slot-taken\",\n  \"request_id\": \"0190b0c4-7d5e-7000-8000-000000000001\",\n  \
         \"alternatives\": [\"2026-11-24T09:30:00Z\"],\n  \"reasons\": [\"booked\", \"not_enough_hosts\"]\n}\n\
         ```\n",
    );
    for kind in ProblemKind::ALL {
        // Writing to a String cannot fail.
        let _ = write!(
            page,
            "\n## {}\n\n{}. Status {}.\n\n{}\n",
            kind.slug(),
            kind.title(),
            kind.status().as_u16(),
            kind.about()
        );
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_that_only_repeats_is_told_once() {
        #[derive(Debug, thiserror::Error)]
        #[error("opening failed: {0}")]
        struct Opening(#[source] StorageError);

        let error = StorageError::Unavailable("nobody is there".into());
        assert_eq!(
            causes(&error),
            "the storage does not answer: nobody is there"
        );
        assert_eq!(
            causes(&Opening(error)),
            "opening failed: the storage does not answer: nobody is there"
        );
    }

    #[test]
    fn the_reference_page_is_in_step_and_has_every_slug() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../docs/reference/problems.md"
        );
        let page = std::fs::read_to_string(path).unwrap();
        for kind in ProblemKind::ALL {
            assert!(
                page.contains(&format!("\n## {}\n", kind.slug())),
                "{kind:?}"
            );
        }
        assert_eq!(
            page,
            reference(),
            "write it anew: cargo run -- problems > docs/reference/problems.md"
        );
    }

    #[test]
    fn a_storage_that_may_come_back_is_503_and_a_broken_one_is_500_without_its_details() {
        let cause = || "password=hunter2".into();
        let busy = Problem::from(StorageError::Unavailable(cause()));
        let broken = Problem::from(StorageError::Other(cause()));
        assert_eq!(busy.kind(), ProblemKind::Unavailable);
        assert!(busy.respond("1").headers().contains_key("retry-after"));
        assert_eq!(broken.kind(), ProblemKind::Internal);
        let body = serde_json::to_string(&broken.body("1")).unwrap();
        assert!(!body.contains("hunter2"), "{body}");
    }

    #[test]
    fn slugs_are_unique() {
        let mut slugs: Vec<_> = ProblemKind::ALL.iter().map(|k| k.slug()).collect();
        slugs.sort_unstable();
        slugs.dedup();
        assert_eq!(slugs.len(), ProblemKind::ALL.len());
    }
}
