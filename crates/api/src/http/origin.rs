//! Whether a browser's request comes from the server's own pages.
//!
//! A browser adds the session's cookie whoever makes it send a request. So a request that changes something by a cookie
//! must show that one of our own pages made it.

use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderMap};
use url::Url;

use super::negotiation;
use super::problem::{Problem, ProblemKind};

/// Refuses a request with a session's cookie that another site's page may have made, or that no page of ours makes.
///
/// # Errors
/// 403, or 415 for a body that is not JSON: forms of other sites can send what is not, without asking first.
pub(crate) fn from_our_own_pages(request: &HttpRequest, public: &Url) -> Result<(), Problem> {
    let headers = request.headers();
    if headers.contains_key(header::CONTENT_TYPE) {
        negotiation::sends_json(headers)?;
    }
    if is_ours(headers, public) {
        return Ok(());
    }
    Err(Problem::new(
        ProblemKind::CrossSiteRequest,
        "Neither Sec-Fetch-Site nor Origin says that a page of this server sent the request.",
    ))
}

/// Whether the headers say that one of our own pages made the request.
pub(crate) fn is_ours(headers: &HeaderMap, public: &Url) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or(""));
    // Browsers let no page set either of them.
    match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) => site == "same-origin",
        (None, Some(origin)) => origin == public.origin().ascii_serialization(),
        (None, None) => false,
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn refused(headers: &[(&'static str, &'static str)]) -> Option<ProblemKind> {
        let mut request = TestRequest::post();
        for header in headers {
            request = request.append_header(*header);
        }
        let public = "https://meet.example.org/".parse().unwrap();
        let checked = from_our_own_pages(&request.to_http_request(), &public);
        checked.err().map(|problem| problem.kind())
    }

    #[test]
    fn only_our_own_pages_change_things_by_cookie() {
        let json = ("content-type", "application/json");
        let ours = ("origin", "https://meet.example.org");
        assert_eq!(refused(&[json, ours]), None);
        assert_eq!(refused(&[("sec-fetch-site", "same-origin")]), None);
        let cross = Some(ProblemKind::CrossSiteRequest);
        for headers in [
            vec![],
            vec![json],
            vec![json, ("origin", "https://evil.example")],
            vec![json, ("origin", "https://meet.example.org.evil.example")],
            vec![json, ("origin", "http://meet.example.org")],
            vec![json, ("origin", "null")],
            vec![json, ours, ("sec-fetch-site", "cross-site")],
            vec![json, ours, ("sec-fetch-site", "same-site")],
            vec![json, ("sec-fetch-site", "none")],
        ] {
            assert_eq!(refused(&headers), cross, "{headers:?}");
        }
        let form = ("content-type", "text/plain");
        assert_eq!(
            refused(&[form, ours]),
            Some(ProblemKind::UnsupportedMediaType)
        );
    }
}
