//! A page that says why there is no other, and what to do next.

use actix_web::http::StatusCode;
use scheduling_app::availability::EndedLink;
use scheduling_core::event_type::LinkEnd;
use serde::Serialize;

use super::links::Paths;
use super::templates::Page;
use super::{PageError, Unready};

/// What it is about; the words are in the template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Topic {
    NotFound,
    Malformed,
    ForeignForm,
    Unavailable,
    Overloaded,
    TooLate,
    Internal,
    MethodNotAllowed,
    TooMany,
    /// A booking's link after the booking.
    Over,
    LinkExpired,
    LinkUsedUp,
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
    /// What a link was for, and whose it was.
    ended: Option<Ended>,
    /// How long to wait.
    seconds: u64,
}

/// A link that has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Ended {
    title: String,
    workspace: String,
}

impl Page for Message {
    const TEMPLATE: &'static str = "pages/message.html.j2";
}

impl Message {
    const fn plain(topic: Topic) -> Self {
        Self {
            topic,
            landing: None,
            ended: None,
            seconds: 0,
        }
    }

    /// The message for an error, and its status. `paths` leads on to what is still there.
    pub(super) fn about(error: PageError, paths: &Paths) -> (StatusCode, Self) {
        let (status, topic) = match error {
            PageError::NotFound { landing } => {
                let message = Self {
                    landing,
                    ..Self::plain(Topic::NotFound)
                };
                return (StatusCode::NOT_FOUND, message);
            }
            PageError::LinkEnded(ended) => return (StatusCode::GONE, Self::ended(&ended, paths)),
            PageError::TooMany { seconds, .. } => {
                let message = Self {
                    seconds,
                    ..Self::plain(Topic::TooMany)
                };
                return (StatusCode::TOO_MANY_REQUESTS, message);
            }
            PageError::MethodNotAllowed { .. } => {
                (StatusCode::METHOD_NOT_ALLOWED, Topic::MethodNotAllowed)
            }
            PageError::Malformed => (StatusCode::BAD_REQUEST, Topic::Malformed),
            PageError::ForeignForm => (StatusCode::FORBIDDEN, Topic::ForeignForm),
            PageError::Over => (StatusCode::GONE, Topic::Over),
            PageError::Unready(why) => {
                let topic = match why {
                    Unready::Overloaded => Topic::Overloaded,
                    Unready::TooLate => Topic::TooLate,
                };
                (StatusCode::SERVICE_UNAVAILABLE, topic)
            }
            PageError::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, Topic::Unavailable),
            // Who is sent elsewhere reads no message.
            PageError::Internal(_) | PageError::Elsewhere { .. } => {
                (StatusCode::INTERNAL_SERVER_ERROR, Topic::Internal)
            }
        };
        (status, Self::plain(topic))
    }

    fn ended(link: &EndedLink, paths: &Paths) -> Self {
        let topic = match link.end {
            LinkEnd::Expired => Topic::LinkExpired,
            LinkEnd::UsedUp => Topic::LinkUsedUp,
        };
        Self {
            landing: Some(paths.landing(&link.workspace.slug)),
            ended: Some(Ended {
                title: link.event_type.title.to_string(),
                workspace: link.workspace.name.to_string(),
            }),
            ..Self::plain(topic)
        }
    }

    /// Says that there is nothing to book yet.
    pub(super) const EMPTY: Self = Self::plain(Topic::Empty);

    /// Says that a link is needed.
    pub(super) const CLOSED: Self = Self::plain(Topic::Closed);

    #[cfg(test)]
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        use super::sample;

        let plain = Self::plain;
        let ended = |page: scheduling_app::availability::EventTypePage, end| {
            let link = EndedLink {
                end,
                workspace: page.workspace,
                event_type: page.event_type,
            };
            Self::ended(&link, &Paths::new(""))
        };
        vec![
            (
                "not-found",
                Self {
                    landing: Some("/book/northwind".to_owned()),
                    ..plain(Topic::NotFound)
                },
            ),
            ("link-expired", ended(sample::single(), LinkEnd::Expired)),
            ("hostile-used-up", ended(sample::hostile(), LinkEnd::UsedUp)),
            ("over", plain(Topic::Over)),
            (
                "too-many",
                Self {
                    seconds: 1,
                    ..plain(Topic::TooMany)
                },
            ),
            ("nothing", plain(Topic::NotFound)),
            ("malformed", plain(Topic::Malformed)),
            ("foreign-form", plain(Topic::ForeignForm)),
            ("unavailable", plain(Topic::Unavailable)),
            ("overloaded", plain(Topic::Overloaded)),
            ("too-late", plain(Topic::TooLate)),
            ("internal", plain(Topic::Internal)),
            ("method-not-allowed", plain(Topic::MethodNotAllowed)),
            ("empty", Self::EMPTY),
            ("closed", Self::CLOSED),
        ]
    }
}
