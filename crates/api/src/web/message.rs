//! A page that says why there is no other, and what to do next.

use actix_web::http::StatusCode;
use serde::Serialize;

use super::PageError;
use super::templates::Page;

/// What it is about; the words are in the template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Topic {
    NotFound,
    Malformed,
    ForeignForm,
    Unavailable,
    Internal,
    MethodNotAllowed,
    /// The server's bare address, before there is a workspace.
    Empty,
    /// The server's bare address, when it leads to several workspaces.
    Closed,
}

/// The page's context.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Message {
    topic: Topic,
    /// The workspace's page, where there is one to go on to.
    landing: Option<String>,
}

impl Page for Message {
    const TEMPLATE: &'static str = "pages/message.html.j2";
}

impl Message {
    pub(super) fn about(error: PageError) -> (StatusCode, Self) {
        let (status, topic, landing) = match error {
            PageError::NotFound { landing } => (StatusCode::NOT_FOUND, Topic::NotFound, landing),
            PageError::MethodNotAllowed { .. } => (
                StatusCode::METHOD_NOT_ALLOWED,
                Topic::MethodNotAllowed,
                None,
            ),
            PageError::Malformed => (StatusCode::BAD_REQUEST, Topic::Malformed, None),
            PageError::ForeignForm => (StatusCode::FORBIDDEN, Topic::ForeignForm, None),
            PageError::Unavailable(_) => {
                (StatusCode::SERVICE_UNAVAILABLE, Topic::Unavailable, None)
            }
            PageError::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, Topic::Internal, None),
        };
        (status, Self { topic, landing })
    }

    /// Says that there is nothing to book yet.
    pub(super) const EMPTY: Self = Self {
        topic: Topic::Empty,
        landing: None,
    };

    /// Says that a link is needed.
    pub(super) const CLOSED: Self = Self {
        topic: Topic::Closed,
        landing: None,
    };

    #[cfg(test)]
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        let plain = |topic| Self {
            topic,
            landing: None,
        };
        vec![
            (
                "not-found",
                Self {
                    topic: Topic::NotFound,
                    landing: Some("/book/northwind".to_owned()),
                },
            ),
            ("nothing", plain(Topic::NotFound)),
            ("malformed", plain(Topic::Malformed)),
            ("foreign-form", plain(Topic::ForeignForm)),
            ("unavailable", plain(Topic::Unavailable)),
            ("internal", plain(Topic::Internal)),
            ("method-not-allowed", plain(Topic::MethodNotAllowed)),
            ("empty", Self::EMPTY),
            ("closed", Self::CLOSED),
        ]
    }
}
