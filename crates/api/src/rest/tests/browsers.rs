//! What browsers may do: other sites' pages, cookies, preflights.

use actix_web::http::Method;
use actix_web::test::TestRequest;
use serde_json::json;

use super::{Server, WS, bookings, request};

fn preflight(path: &str, headers: &str) -> TestRequest {
    TestRequest::with_uri(path)
        .method(Method::OPTIONS)
        .insert_header(("origin", "https://elsewhere.example"))
        .insert_header(("access-control-request-method", "POST"))
        .insert_header(("access-control-request-headers", headers.to_owned()))
}

#[actix_web::test]
async fn any_page_may_use_the_guests_side_and_a_token_and_nothing_else() {
    let server = Server::new().await;
    for (path, headers, open) in [
        (bookings("intro").as_str(), "content-type", true),
        (WS, "authorization", true),
        (WS, "content-type, Authorization", true),
        (WS, "content-type", false),
        ("/api/v1/me/tokens", "authorization", false),
        ("/api/v1/auth/sign-in", "content-type", false),
        ("/api/v1/auth/sign-in", "authorization", false),
    ] {
        let answer = server.send(preflight(path, headers)).await;
        assert_eq!(answer.status, 204, "{path}");
        let expected = if open { "*" } else { "" };
        assert_eq!(
            answer.header("access-control-allow-origin"),
            expected,
            "{path} {headers}"
        );
        assert_eq!(
            answer.header("access-control-allow-credentials"),
            "",
            "{path}"
        );
        assert_ne!(answer.header("allow"), "");
    }
    assert_eq!(
        server.send(preflight("/api/v1/nothing", "")).await.is(),
        (404, "not-found")
    );
}

#[actix_web::test]
async fn answers_can_be_read_by_other_pages_only_where_no_cookie_is_at_stake() {
    let server = Server::new().await;
    let by_token = server.ann().await.get(WS).await;
    assert_eq!(by_token.header("access-control-allow-origin"), "*");
    assert!(
        by_token
            .header("access-control-expose-headers")
            .contains("ratelimit")
    );
    let by_cookie = server.signed_in("ann@acme.example").await.get(WS).await;
    assert_eq!(
        (
            by_cookie.status.as_u16(),
            by_cookie.header("access-control-allow-origin")
        ),
        (200, "")
    );
    let nobody = server.get(WS).await;
    assert_eq!(nobody.header("access-control-allow-origin"), "");
}

#[actix_web::test]
async fn a_cookie_changes_nothing_for_other_sites_pages() {
    let server = Server::new().await;
    let ann = server.signed_in("ann@acme.example").await;
    let booked = server.book("intro", "2026-11-24T09:00:00+01:00").await;
    let path = format!("{WS}/bookings/{}", booked.text_of("id"));
    let cookie = ann.header.clone();
    let forged = |method: &str, path: &str| {
        TestRequest::with_uri(path)
            .method(method.parse().unwrap())
            .insert_header(cookie.clone())
    };
    let cancel = format!("{path}/cancel");
    for request in [
        forged("POST", &cancel),
        forged("POST", &cancel).insert_header(("origin", "https://evil.example")),
        forged("POST", &cancel).insert_header(("sec-fetch-site", "cross-site")),
        forged("POST", &cancel).insert_header(("sec-fetch-site", "same-site")),
        forged("DELETE", &path).insert_header(("origin", "null")),
        forged("POST", "/api/v1/auth/sign-out").insert_header(("sec-fetch-site", "cross-site")),
    ] {
        assert_eq!(server.send(request).await.is(), (403, "cross-site-request"));
    }
    let form = forged("POST", &cancel)
        .insert_header(("content-type", "text/plain"))
        .insert_header(("sec-fetch-site", "same-origin"))
        .set_payload("{}");
    assert_eq!(
        server.send(form).await.is(),
        (415, "unsupported-media-type")
    );
    assert_eq!(ann.get(&path).await.body["status"], "confirmed");
    let ours = forged("POST", &cancel)
        .insert_header(("origin", "https://meet.acme.example"))
        .set_json(json!({}));
    assert_eq!(server.send(ours).await.body["status"], "cancelled");
}

#[actix_web::test]
async fn a_wrong_token_is_not_made_good_by_a_cookie() {
    let server = Server::new().await;
    let ann = server.signed_in("ann@acme.example").await;
    for wrong in [
        "Bearer junk",
        "Bearer",
        "Basic YTpi",
        "Bearer kal_live_",
        "bearer  ",
    ] {
        let request = ann
            .request("GET", WS)
            .insert_header(("authorization", wrong));
        let answer = server.send(request).await;
        assert_eq!(answer.is(), (401, "unauthenticated"), "{wrong}");
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
    }
}

#[actix_web::test]
async fn getting_changes_nothing() {
    let server = Server::new().await;
    let ann = server.ann().await;
    let booked = server
        .post(&bookings("intro"), request("2026-11-24T09:00:00+01:00"))
        .await;
    let token = booked.text_of("manage_token");
    let path = format!("{WS}/bookings/{}", booked.text_of("id"));
    for ending in [
        "approve",
        "decline",
        "cancel",
        "reschedule",
        "complete",
        "no-show",
    ] {
        let answer = ann.get(&format!("{path}/{ending}")).await;
        assert_eq!(
            (answer.is(), answer.header("allow")),
            ((405, "method-not-allowed"), "POST, OPTIONS")
        );
    }
    for ending in ["cancel", "reschedule"] {
        let answer = server
            .get(&format!("/api/v1/public/bookings/{token}/{ending}"))
            .await;
        assert_eq!(answer.is(), (405, "method-not-allowed"));
    }
    assert_eq!(ann.get(&path).await.body["version"], 1);
}
