//! Problems: RFC 9457, from one catalogue.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use scheduling_core::ports::StorageError;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

pub use super::catalogue::ProblemKind;
use super::rate::Standing;

/// One value that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// A JSON pointer into the body, or `/query/…` and `/headers/…`.
    #[schema(example = "/invitee/email")]
    pub pointer: String,
    /// What is wrong, for programs.
    #[schema(value_type = String, example = "not_an_address")]
    pub code: Cow<'static, str>,
    /// What is wrong, for people.
    pub detail: String,
}

/// How a client can prove who he is (RFC 6750).
pub(crate) const CHALLENGE: &str = "Bearer realm=\"kalends\"";

/// A problem that is going to be answered.
#[derive(Debug, Clone)]
pub struct Problem {
    kind: ProblemKind,
    // Apart, so that a result with a problem in it stays small.
    occurrence: Box<Occurrence>,
}

/// What is particular about one problem.
#[derive(Debug, Clone)]
struct Occurrence {
    detail: String,
    errors: Vec<FieldError>,
    extensions: BTreeMap<&'static str, Value>,
    headers: Vec<(HeaderName, String)>,
    standing: Option<Standing>,
}

impl Problem {
    /// A problem with a sentence about this occurrence.
    pub fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        let occurrence = Box::new(Occurrence {
            detail: detail.into(),
            errors: Vec::new(),
            extensions: BTreeMap::new(),
            headers: Vec::new(),
            standing: None,
        });
        Self { kind, occurrence }
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
        let mut problem = Self::new(kind, detail);
        problem.occurrence.errors = errors;
        problem
    }

    /// The server is busy or its database is away.
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(ProblemKind::Unavailable, detail).retry_after(2)
    }

    /// A method that the address does not know.
    pub fn method_not_allowed(allow: String) -> Self {
        Self::new(
            ProblemKind::MethodNotAllowed,
            "The address does not know this method.",
        )
        .header(header::ALLOW, allow)
    }

    /// Nothing is there, or nothing that the asker may know of: the two read alike.
    pub fn not_found(what: &str) -> Self {
        Self::new(ProblemKind::NotFound, format!("There is no such {what}."))
    }

    /// Nobody proved who he is, whatever was wrong with the proof.
    pub fn unauthenticated() -> Self {
        Self::new(
            ProblemKind::Unauthenticated,
            "Send a good API token, or sign in.",
        )
        .header(header::WWW_AUTHENTICATE, CHALLENGE)
    }

    /// Says when to try again.
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Self {
        self.header(header::RETRY_AFTER, seconds.to_string())
    }

    /// Says how the client stands with its rate limit.
    #[must_use]
    pub(crate) fn standing(mut self, standing: Standing) -> Self {
        self.occurrence.standing = Some(standing);
        self
    }

    /// Adds a header to the answer.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.occurrence.headers.push((name, value.into()));
        self
    }

    /// Adds a member of its own.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.occurrence.extensions.insert(name, value.into());
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
            detail: self.occurrence.detail.clone(),
            instance: format!("/requests/{request_id}"),
            code: self.kind.slug(),
            request_id: request_id.to_owned(),
            errors: self.occurrence.errors.clone(),
            extensions: self.occurrence.extensions.clone(),
        }
    }

    /// The answer, for the request with this id.
    pub(crate) fn respond(&self, request_id: &str) -> HttpResponse {
        let mut response: HttpResponseBuilder = HttpResponse::build(self.kind.status());
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        for (name, value) in &self.occurrence.headers {
            response.insert_header((name.clone(), value.as_str()));
        }
        let body = serde_json::to_string(&self.body(request_id)).unwrap_or_default();
        let mut response = response.content_type("application/problem+json").body(body);
        if let Some(standing) = self.occurrence.standing {
            standing.write(response.headers_mut());
        }
        response
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
    /// What only some kinds say: `alternatives`, `reasons`, `candidates`, `current`, `required_scope` and others, as the
    /// reference of problems has them.
    #[serde(flatten)]
    #[schema(value_type = Object, additional_properties)]
    extensions: BTreeMap<&'static str, Value>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.slug(), self.occurrence.detail)
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
}
