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

fn of_link(from: &str, start: &str, email: &str) -> TestRequest {
    let mut body = request(start);
    body["invitee"]["email"] = json!(email);
    TestRequest::post()
        .uri(&bookings("watch"))
        .peer_addr(from.parse().unwrap())
        .set_json(body)
}

#[actix_web::test]
async fn a_link_takes_so_many_bookings_from_all_networks_and_only_those_that_succeed() {
    let server = limited(RateLimits {
        links: Some(RateLimit::new(2, 60)),
        ..RateLimits::OFF
    })
    .await;
    let start = |hour: u32| format!("2026-11-24T{hour:02}:00:00+01:00");
    let ask = |network: u32, hour, email| {
        let peer = format!("203.0.113.{network}:1");
        server.send(of_link(&peer, &start(hour), email))
    };
    assert_eq!(ask(1, 9, "a@b.example").await.status, 201);
    // Who comes too late takes nobody's place.
    for network in 2..20 {
        assert_eq!(ask(network, 9, "a@b.example").await.code(), "slot-taken");
    }
    assert_eq!(ask(20, 11, "a@b.example").await.status, 201);
    let refused = ask(21, 13, "c@d.example").await;
    assert_eq!(refused.is(), (429, "rate-limited"));
    assert_eq!(refused.header("retry-after"), "30");
    assert_eq!(refused.header("ratelimit"), "\"link\";r=0;t=60");
    // Holds count as well, and other links do not.
    let hold = async |event: &str| {
        let path = format!("/api/v1/public/acme/event-types/{event}/holds");
        let at = if event == "intro" { 9 } else { 15 };
        server.post(&path, json!({ "start": start(at) })).await
    };
    assert_eq!(hold("watch").await.is(), (429, "rate-limited"));
    assert_eq!(hold("intro").await.status, 201);
    // Members book as they like.
    let ann = server.token("acme", "ann@acme.example").await;
    let mut own = request(&start(17));
    own["event_type"] = json!("watch");
    let booked = ann.post(&format!("{WS}/bookings"), own).await;
    assert_eq!(booked.status, 201, "{}", booked.text);
    server.clock.advance(TimeDelta::seconds(30));
    assert_eq!(ask(22, 13, "c@d.example").await.status, 201);
}

#[actix_web::test]
async fn who_holds_a_slot_is_counted_once() {
    let server = limited(RateLimits {
        links: Some(RateLimit::new(1, 60)),
        ..RateLimits::OFF
    })
    .await;
    let start = "2026-11-24T09:00:00+01:00";
    let holds = "/api/v1/public/acme/event-types/watch/holds";
    let held = server.post(holds, json!({ "start": start })).await;
    let mut body = request(start);
    body["hold"] = held.body["token"].clone();
    let booked = server.post(&bookings("watch"), body).await;
    assert_eq!(booked.status, 201, "{}", booked.text);
    // A hold that is none opens no way around.
    let mut body = request("2026-11-24T11:00:00+01:00");
    body["hold"] = json!(format!("hold_{}", "0".repeat(64)));
    assert_eq!(
        server.post(&bookings("watch"), body).await.is(),
        (410, "hold-expired")
    );
    let again = server.book("watch", "2026-11-24T11:00:00+01:00").await;
    assert_eq!(again.is(), (429, "rate-limited"));
}

#[actix_web::test]
async fn a_mailbox_is_named_in_so_many_bookings_an_hour() {
    let server = limited(RateLimits {
        addresses: Some(RateLimit::new(2, 3600)),
        ..RateLimits::OFF
    })
    .await;
    let start = |hour: u32| format!("2026-11-24T{hour:02}:00:00+01:00");
    let ask = |hour, email: &str| server.send(of_link("203.0.113.1:1", &start(hour), email));
    assert_eq!(ask(8, "victim@b.example").await.status, 201);
    // Refused for another reason: no mail, no count.
    for _ in 0..5 {
        assert_eq!(ask(8, "victim@b.example").await.code(), "slot-taken");
    }
    assert_eq!(ask(10, "Victim+1@B.example").await.status, 201);
    let refused = ask(12, "victim+2@b.example").await;
    assert_eq!(refused.is(), (429, "rate-limited"));
    assert_eq!(refused.header("retry-after"), "1800");
    let mut as_guest = request(&start(12));
    as_guest["guests"] = json!([{ "email": "victim@b.example" }]);
    let refused = server.post(&bookings("watch"), as_guest).await;
    assert_eq!(refused.is(), (429, "rate-limited"), "{}", refused.text);
    assert_eq!(ask(12, "other@b.example").await.status, 201);
}

#[actix_web::test]
async fn ten_thousand_forged_addresses_are_one_client() {
    let server = limited(RateLimits {
        guests: Some(RateLimit::new(5, 3600)),
        ..RateLimits::OFF
    })
    .await;
    let mut passed = 0;
    for n in 0..300_u32 {
        let [_, b, c, d] = n.to_be_bytes();
        let forged = format!("198.{b}.{c}.{d}");
        let request = booking("203.0.113.9:1")
            .insert_header(("x-forwarded-for", forged.clone()))
            .insert_header(("x-real-ip", forged.clone()))
            .insert_header(("cf-connecting-ip", forged.clone()))
            .insert_header(("forwarded", format!("for={forged}")));
        passed += u32::from(server.send(request).await.status != 429);
    }
    assert_eq!(passed, 5);
}

#[actix_web::test]
async fn a_socket_without_an_address_is_nobody_s_key() {
    let server = limited(RateLimits {
        guests: Some(RateLimit::new(1, 3600)),
        ..RateLimits::OFF
    })
    .await;
    let request = || {
        TestRequest::post()
            .uri(&bookings("watch"))
            .set_json(request("2026-11-24T09:00:00+01:00"))
    };
    assert_eq!(server.send(request()).await.status, 201);
    for _ in 0..3 {
        assert_eq!(server.send(request()).await.code(), "slot-taken");
    }
}
