//! The cookie that carries a session's token.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use scheduling_accounts::SecretToken;
use url::Url;

/// Over HTTPS. Browsers take a cookie of this name only over HTTPS and for the whole host, so that no neighbour on
/// another subdomain can put one there.
const SECURE: &str = "__Host-kalends_session";
/// Over plain HTTP, for trying things out.
const PLAIN: &str = "kalends_session";

fn name(public: &Url) -> &'static str {
    if public.scheme() == "https" {
        SECURE
    } else {
        PLAIN
    }
}

/// The session's token that a request carries, if it carries one.
pub(crate) fn read(request: &HttpRequest, public: &Url) -> Option<SecretToken> {
    request.cookie(name(public))?.value().parse().ok()
}

/// Whether a request carries the cookie, with whatever in it.
pub(crate) fn is_there(request: &HttpRequest, public: &Url) -> bool {
    request.cookie(name(public)).is_some()
}

/// The cookie for a new session.
pub(crate) fn of(token: &SecretToken, public: &Url, lasts: std::time::Duration) -> Cookie<'static> {
    let seconds = i64::try_from(lasts.as_secs()).unwrap_or(i64::MAX);
    build(token.to_string(), public, Duration::seconds(seconds))
}

/// The cookie that takes the session's away.
pub(crate) fn none(public: &Url) -> Cookie<'static> {
    build(String::new(), public, Duration::ZERO)
}

fn build(value: String, public: &Url, lasts: Duration) -> Cookie<'static> {
    Cookie::build(name(public), value)
        .path("/")
        .http_only(true)
        .secure(public.scheme() == "https")
        // Lax, so that somebody who follows a link in a mail is signed in. GET changes nothing, and what changes
        // something must come from our own pages.
        .same_site(SameSite::Lax)
        .max_age(lasts)
        .finish()
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_cookie_is_read_as_it_was_set_and_its_name_follows_the_address() {
        let token = SecretToken::from_bytes([7; 32]);
        for (address, name) in [
            ("https://meet.example.org/", "__Host-kalends_session"),
            ("http://localhost:8080/", "kalends_session"),
        ] {
            let public: Url = address.parse().unwrap();
            let cookie = of(&token, &public, std::time::Duration::from_mins(1));
            let text = cookie.to_string();
            assert!(text.starts_with(&format!("{name}={token}; ")), "{text}");
            assert!(
                text.contains("HttpOnly") && text.contains("SameSite=Lax"),
                "{text}"
            );
            assert_eq!(
                text.contains("Secure"),
                address.starts_with("https"),
                "{text}"
            );
            let request = TestRequest::get().cookie(cookie).to_http_request();
            assert_eq!(read(&request, &public), Some(token.clone()));
            let junk = TestRequest::get().cookie(Cookie::new(name, "junk"));
            let junk = junk.to_http_request();
            assert_eq!(
                (read(&junk, &public), is_there(&junk, &public)),
                (None, true)
            );
            assert!(none(&public).to_string().contains("Max-Age=0"));
        }
    }
}
