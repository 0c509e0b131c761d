//! Whether a client takes JSON, and whether a body is JSON.

use actix_web::http::header::{self, HeaderMap};

use super::problem::{Problem, ProblemKind};

/// Refuses a client that takes no JSON.
///
/// # Errors
/// 406.
pub(crate) fn accepts_json(headers: &HeaderMap) -> Result<(), Problem> {
    let mut asked = headers.get_all(header::ACCEPT).peekable();
    if asked.peek().is_none() {
        return Ok(());
    }
    let takes = asked
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|range| {
            let mut parts = range.split(';').map(str::trim);
            let media = parts.next().unwrap_or_default().to_ascii_lowercase();
            let refused = parts.any(|p| {
                p.strip_prefix("q=")
                    .is_some_and(|q| q.trim().parse::<f32>().is_ok_and(|q| q <= 0.0))
            });
            !refused
                && matches!(
                    media.as_str(),
                    "" | "*/*" | "application/*" | "application/json" | "application/problem+json"
                )
        });
    if takes {
        Ok(())
    } else {
        Err(Problem::new(
            ProblemKind::NotAcceptable,
            "The header Accept leaves no room for application/json.",
        ))
    }
}

/// Refuses a body that says it is something else than JSON.
///
/// # Errors
/// 415.
pub(crate) fn sends_json(headers: &HeaderMap) -> Result<(), Problem> {
    let media = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .map(|media| media.trim().to_ascii_lowercase());
    let is_json = media.is_some_and(|media| {
        media == "application/json"
            || (media.starts_with("application/") && media.ends_with("+json"))
    });
    if is_json {
        Ok(())
    } else {
        Err(Problem::new(
            ProblemKind::UnsupportedMediaType,
            "Send the body as application/json.",
        ))
    }
}
