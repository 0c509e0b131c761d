//! What keeps pages safe: the headers they carry, and who may send forms.

use actix_web::HttpRequest;
use actix_web::http::header;
use url::Url;

/// Nothing runs or loads but our own files. No page has a script or a style of its own, so the policy needs neither
/// hashes nor nonces, and compressed pages can be kept. Pages cannot be framed.
pub(super) const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The same policy for a page whose form may lead to another site once it is sent. A site whose name would say something
/// else in a policy, which a semicolon in it does, is left out.
pub(super) fn policy_with_target(target: &Url) -> String {
    let origin = target.origin().ascii_serialization();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b":/.-_[]".contains(&byte);
    if !origin.bytes().all(is_plain) {
        return CONTENT_SECURITY_POLICY.to_owned();
    }
    CONTENT_SECURITY_POLICY.replace(
        "form-action 'self'",
        &format!("form-action 'self' {origin}"),
    )
}

/// Other sites learn nothing about where a visitor came from: manage links carry a secret. Our own forms still carry
/// their `Origin`, which `no-referrer` would take from them.
pub(super) const REFERRER_POLICY: &str = "same-origin";

/// Whether a form was sent by one of our own pages, or by a program that is no browser.
///
/// Browsers say it in `Sec-Fetch-Site`; older ones in `Origin`. A request with neither does not come from a page.
pub(super) fn is_own_form(request: &HttpRequest, public_url: &Url) -> bool {
    let text = |name: &str| request.headers().get(name).map(|value| value.to_str());
    if let Some(site) = text("sec-fetch-site") {
        return matches!(site, Ok("same-origin" | "none"));
    }
    let Some(origin) = text(header::ORIGIN.as_str()) else {
        return true;
    };
    let Some(origin) = origin.ok().and_then(|origin| Url::parse(origin).ok()) else {
        return false;
    };
    if origin.origin() == public_url.origin() {
        return true;
    }
    // The server may be reached by another name than its public one, such as an address in the local network.
    let Some(Ok(host)) = text(header::HOST.as_str()) else {
        return false;
    };
    let named = match (origin.host_str(), origin.port()) {
        (Some(name), Some(port)) => format!("{name}:{port}"),
        (Some(name), None) => name.to_owned(),
        (None, _) => return false,
    };
    matches!(origin.scheme(), "http" | "https") && named.eq_ignore_ascii_case(host)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn allowed(headers: &[(&'static str, &'static str)]) -> bool {
        let mut request = TestRequest::post().uri("/b/x/cancel");
        for header in headers {
            request = request.insert_header(*header);
        }
        let public = Url::parse("https://book.example.org").unwrap();
        is_own_form(&request.to_http_request(), &public)
    }

    #[test]
    fn a_form_may_lead_to_one_other_site() {
        let target = Url::parse("https://Example.org:8443/thanks;x?y 'z'").unwrap();
        let policy = policy_with_target(&target);
        assert!(
            policy.contains("form-action 'self' https://example.org:8443;"),
            "{policy}"
        );
        assert_eq!(policy.matches("example.org").count(), 1);
    }

    #[test]
    fn a_site_cannot_write_into_the_policy() {
        for address in [
            "https://x;sandbox/",
            "https://x,sandbox/",
            "https://*.com/",
            "https://'none'/",
        ] {
            let policy = policy_with_target(&Url::parse(address).unwrap());
            assert_eq!(policy, CONTENT_SECURITY_POLICY, "{address}");
        }
    }

    #[test]
    fn forms_of_our_own_pages_are_taken() {
        assert!(allowed(&[("sec-fetch-site", "same-origin")]));
        assert!(allowed(&[("origin", "https://book.example.org")]));
        assert!(allowed(&[
            ("origin", "http://10.0.0.5:8080"),
            ("host", "10.0.0.5:8080")
        ]));
        assert!(allowed(&[]));
    }

    #[test]
    fn forms_of_other_pages_are_not() {
        assert!(!allowed(&[("sec-fetch-site", "cross-site")]));
        assert!(!allowed(&[("sec-fetch-site", "same-site")]));
        assert!(!allowed(&[
            ("sec-fetch-site", "cross-site"),
            ("origin", "https://book.example.org")
        ]));
        assert!(!allowed(&[
            ("origin", "https://evil.example"),
            ("host", "book.example.org")
        ]));
        assert!(!allowed(&[
            ("origin", "null"),
            ("host", "book.example.org")
        ]));
        assert!(!allowed(&[(
            "origin",
            "https://book.example.org.evil.example"
        )]));
    }
}
