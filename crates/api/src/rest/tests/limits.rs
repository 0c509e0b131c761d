//! How often clients may ask.

use std::sync::Arc;

use actix_web::test::TestRequest;
use chrono::TimeDelta;
use scheduling_core::ports::Clock as _;
use serde_json::json;

use super::{Server, WS, bookings, request};
use crate::{RateLimit, RateLimits, Rates, TrustedProxies};

/// A server that counts by the tests' clock.
async fn limited(limits: RateLimits) -> Server {
    let mut server = Server::new().await;
    let (clock, begun) = (server.clock.clone(), server.clock.now());
    let elapsed = move || (clock.now() - begun).to_std().unwrap();
    server.kalends.rates = Rates::with_clock(limits, Arc::new(elapsed));
    server
}

fn booking(from: &str) -> TestRequest {
    TestRequest::post()
        .uri(&bookings("watch"))
        .peer_addr(from.parse().unwrap())
        .set_json(request("2026-11-24T09:00:00+01:00"))
}

#[actix_web::test]
async fn guests_of_one_network_are_counted_together_and_others_are_not() {
    let server = limited(RateLimits {
        guests: Some(RateLimit::new(2, 60)),
        ..RateLimits::OFF
    })
    .await;
    let first = server.send(booking("203.0.113.9:1")).await;
    assert_eq!(first.status, 201, "{}", first.text);
    assert_eq!(first.header("ratelimit"), "\"guests\";r=1;t=30");
    assert_eq!(first.header("ratelimit-policy"), "\"guests\";q=2;w=60");
    assert_eq!(first.header("x-ratelimit-remaining"), "1");
    assert_eq!(
        server.send(booking("203.0.113.9:2")).await.is(),
        (409, "slot-taken")
    );
    let refused = server.send(booking("203.0.113.9:3")).await;
    assert_eq!(refused.is(), (429, "rate-limited"));
    assert_eq!(refused.header("retry-after"), "30");
    assert_eq!(refused.header("ratelimit"), "\"guests\";r=0;t=60");
    assert_eq!(
        refused.header("access-control-allow-origin"),
        "*",
        "a page can read why"
    );
    assert_eq!(
        server.send(booking("203.0.113.10:1")).await.code(),
        "slot-taken"
    );
    // Reading is not limited.
    let read = TestRequest::get()
        .uri("/api/v1/public/acme")
        .peer_addr("203.0.113.9:1".parse().unwrap());
    let read = server.send(read).await;
    assert_eq!((read.status.as_u16(), read.header("ratelimit")), (200, ""));
    server.clock.advance(TimeDelta::seconds(30));
    assert_eq!(
        server.send(booking("203.0.113.9:4")).await.code(),
        "slot-taken"
    );
    for address in [
        "[2001:db8::1]:1",
        "[2001:db8::2]:1",
        "[2001:db8:0:0:9::3]:1",
    ] {
        let answer = server.send(booking(address)).await;
        let expected = if address.contains("9::3") {
            "rate-limited"
        } else {
            "slot-taken"
        };
        assert_eq!(answer.code(), expected, "{address}: one /64 is one network");
    }
}

#[actix_web::test]
async fn a_forwarded_address_counts_only_from_a_trusted_proxy() {
    let mut server = limited(RateLimits {
        guests: Some(RateLimit::new(1, 60)),
        ..RateLimits::OFF
    })
    .await;
    let forwarded = |peer: &str, client: &str| {
        booking(peer).insert_header(("x-forwarded-for", client.to_owned()))
    };
    assert_eq!(
        server
            .send(forwarded("203.0.113.9:1", "1.1.1.1"))
            .await
            .status,
        201
    );
    assert_eq!(
        server
            .send(forwarded("203.0.113.9:1", "2.2.2.2"))
            .await
            .status,
        429
    );
    server.kalends.trusted_proxies = TrustedProxies::parse(["10.0.0.0/8"]).unwrap();
    for client in ["1.1.1.1", "2.2.2.2"] {
        assert_eq!(
            server.send(forwarded("10.0.0.1:1", client)).await.code(),
            "slot-taken"
        );
        assert_eq!(
            server.send(forwarded("10.0.0.1:1", client)).await.status,
            429
        );
    }
}

#[actix_web::test]
async fn signing_in_is_limited_by_network_and_tokens_each_for_themselves() {
    let server = limited(RateLimits {
        sign_in: Some(RateLimit::new(2, 60)),
        principals: Some(RateLimit::new(2, 60)),
        ..RateLimits::OFF
    })
    .await;
    let sign_in = || {
        TestRequest::post()
            .uri("/api/v1/auth/sign-in")
            .peer_addr("203.0.113.9:1".parse().unwrap())
            .set_json(json!({ "email": "a@b.example", "password": "x" }))
    };
    for _ in 0..2 {
        assert_eq!(server.send(sign_in()).await.is(), (401, "sign-in-refused"));
    }
    assert_eq!(server.send(sign_in()).await.is(), (429, "rate-limited"));
    let (ann, max) = (
        server.ann().await,
        server.token("acme", "max@acme.example").await,
    );
    for _ in 0..2 {
        assert_eq!(ann.get(WS).await.status, 200);
    }
    assert_eq!(ann.get(WS).await.is(), (429, "rate-limited"));
    assert_eq!(
        max.get(WS).await.header("ratelimit"),
        "\"principal\";r=1;t=30"
    );
}
