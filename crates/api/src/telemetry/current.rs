//! Which request is being answered: every log line about it says so.
//!
//! Not a `tracing` span, whose fields would be written out for each request, whether or not a line is logged. Here nothing
//! is written until there is a line.

use std::fmt;

use actix_web::http::header::HeaderValue;
use opentelemetry::trace::TraceId;

/// A request that is being answered.
#[derive(Debug, Clone)]
pub(crate) struct CurrentRequest {
    /// Its id: a plain word.
    pub(crate) id: HeaderValue,
    /// The trace that it is part of, where it is traced.
    pub(crate) trace: Option<TraceId>,
}

tokio::task_local! {
    static CURRENT: CurrentRequest;
}

impl CurrentRequest {
    /// The id as text.
    pub(crate) fn id(&self) -> &str {
        self.id.to_str().unwrap_or("none")
    }

    /// Answers the request within a future.
    pub(crate) async fn scope<F: Future>(self, answering: F) -> F::Output {
        CURRENT.scope(self, answering).await
    }

    /// Says something about the request.
    pub(crate) fn enter<T>(self, say: impl FnOnce() -> T) -> T {
        CURRENT.sync_scope(self, say)
    }
}

/// The request that is being answered here, as fields of a log line; nothing where there is none.
pub(super) struct Fields;

impl Fields {
    /// As members of a JSON object, each with a comma behind it. Ids are plain words, so nothing needs escaping.
    pub(super) fn json(to: &mut impl fmt::Write) -> fmt::Result {
        CURRENT
            .try_with(|current| {
                write!(to, r#""request.id":"{}","#, current.id())?;
                match current.trace {
                    Some(trace) => write!(to, r#""trace.id":"{trace}","#),
                    None => Ok(()),
                }
            })
            .unwrap_or(Ok(()))
    }

    /// As `name=value`, each with a space before it.
    pub(super) fn text(to: &mut impl fmt::Write) -> fmt::Result {
        CURRENT
            .try_with(|current| {
                write!(to, " request.id={}", current.id())?;
                match current.trace {
                    Some(trace) => write!(to, " trace.id={trace}"),
                    None => Ok(()),
                }
            })
            .unwrap_or(Ok(()))
    }

    /// Whether there is a request.
    pub(super) fn are_some() -> bool {
        CURRENT.try_with(|_| ()).is_ok()
    }
}
