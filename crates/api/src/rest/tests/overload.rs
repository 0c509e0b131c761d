//! More than the server can do: who is let in is answered, the others hear so at once.

use std::time::Duration;

use actix_web::body::to_bytes;
use actix_web::test::{self, TestRequest};
use scheduling_core::ports::Storage as _;
use serde_json::json;

use super::{Server, WS, bookings};
use crate::{Gate, GateSize};

/// A gate whose line is short and patient: who waited in vain would hang the test.
pub(super) fn narrow(at_once: usize, waiting: usize) -> Gate {
    Gate::new(GateSize {
        at_once,
        waiting,
        patience: Duration::from_hours(1),
    })
}

const READ: &str = "/api/v1/public/acme";
const START: &str = "2026-11-24T09:00:00+01:00";

#[actix_web::test]
async fn a_full_line_of_bookings_is_answered_with_503() {
    let mut server = Server::new().await;
    server.kalends.gate = narrow(1, 0);
    let place = server.kalends.gate.enter().await.unwrap();
    let answer = server.book("intro", START).await;
    assert_eq!(answer.is(), (503, "overloaded"));
    assert_eq!(answer.header("retry-after"), "2");
    drop(place);
    assert_eq!(server.book("intro", START).await.status, 201);
}

#[actix_web::test]
async fn each_kind_of_request_has_a_line_of_its_own() {
    let mut server = Server::new().await;
    let ann = server.token("acme", "ann@acme.example").await;
    let token = ann.header.clone();
    let lines = &mut server.kalends.lines;
    (lines.reads, lines.changes, lines.sign_in) = (narrow(1, 0), narrow(1, 0), narrow(1, 0));
    let lines = server.kalends.lines.clone();
    let asked = async || {
        let sign_in = json!({ "email": "nobody@acme.example", "password": "x" });
        let (name, value) = &token;
        let own = TestRequest::get()
            .uri(WS)
            .insert_header((*name, value.as_str()));
        [
            server.get(READ).await.status.as_u16(),
            server.send(own).await.status.as_u16(),
            server
                .post(&bookings("intro"), json!({}))
                .await
                .status
                .as_u16(),
            server
                .post("/api/v1/auth/sign-in", sign_in)
                .await
                .status
                .as_u16(),
        ]
    };
    assert_eq!(asked().await, [200, 200, 422, 401]);
    let place = lines.reads.enter().await.unwrap();
    assert_eq!(asked().await, [503, 503, 422, 401]);
    drop(place);
    let place = lines.changes.enter().await.unwrap();
    assert_eq!(asked().await, [200, 200, 503, 401]);
    drop(place);
    let place = lines.sign_in.enter().await.unwrap();
    assert_eq!(asked().await, [200, 200, 422, 503]);
    drop(place);
    assert_eq!(
        asked().await,
        [200, 200, 422, 401],
        "every place was given back"
    );
}

#[actix_web::test]
async fn under_overload_health_and_readiness_answer_and_pages_stay_calm() {
    let mut server = Server::new().await;
    server.kalends.lines.reads = narrow(1, 0);
    server.kalends.lines.changes = narrow(1, 0);
    let _reads = server.kalends.lines.reads.enter().await.unwrap();
    let _changes = server.kalends.lines.changes.enter().await.unwrap();
    for path in ["/health", "/ready", "/openapi.json", "/problems/overloaded"] {
        assert_eq!(server.get(path).await.status, 200, "{path}");
    }
    let refused = server.get(READ).await;
    assert_eq!(refused.is(), (503, "overloaded"));
    assert_eq!(refused.header("retry-after"), "2");
    assert_ne!(refused.header("x-request-id"), "");
    let app = super::app!(server);
    for request in [
        TestRequest::get().uri("/book/acme"),
        TestRequest::post().uri("/book/acme/intro/bookings"),
    ] {
        let response = test::call_service(&app, request.to_request()).await;
        let headers = response.headers().clone();
        let header = |name| headers.get(name).unwrap().to_str().unwrap();
        assert_eq!(response.status(), 503);
        assert_eq!(header("retry-after"), "5");
        assert_eq!(header("content-type"), "text/html; charset=utf-8");
        assert_eq!(header("cache-control"), "no-store");
        let body = to_bytes(response.into_body()).await.unwrap();
        let html = String::from_utf8_lossy(&body);
        assert!(html.contains("Many people are here right now"), "{html}");
    }
}

#[actix_web::test]
async fn what_takes_too_long_is_given_up_and_leaves_its_place_and_nothing_else() {
    let mut server = Server::new().await;
    server.kalends.lines.changes = narrow(1, 0);
    server.kalends.lines.reads = narrow(1, 0);
    let patient = server.kalends.lines.answer_time;
    server.kalends.lines.answer_time = Duration::from_millis(20);
    // SQLite has one writer, so that whoever books waits for this one.
    let writer = server.storage.begin().await.unwrap();
    for _ in 0..3 {
        let late = server.book("intro", START).await;
        assert_eq!(late.is(), (503, "took-too-long"));
        assert_eq!(late.header("retry-after"), "5");
        assert_ne!(late.header("x-request-id"), "");
    }
    drop(writer);
    server.kalends.lines.answer_time = patient;
    assert_eq!(server.storage.verify().await.unwrap(), []);
    let booked = server.book("intro", START).await;
    assert_eq!(booked.status, 201, "{}", booked.text);
}

#[actix_web::test]
async fn of_a_burst_some_are_answered_and_the_rest_is_refused_and_then_it_is_over() {
    let mut server = Server::new().await;
    server.kalends.lines.reads = narrow(2, 5);
    let burst = futures_util::future::join_all((0..100).map(|_| server.get(READ))).await;
    let count = |status: u16| {
        burst
            .iter()
            .filter(|answer| answer.status == status)
            .count()
    };
    assert_eq!(count(200) + count(503), 100);
    // Two who are let in and five who wait, at least; more where some were answered before others came.
    assert!(count(200) >= 7 && count(503) > 0, "{} answered", count(200));
    for refused in burst.iter().filter(|answer| answer.status == 503) {
        assert_eq!(refused.code(), "overloaded");
    }
    let lines = &server.kalends.lines;
    assert_eq!((lines.reads.inside(), lines.reads.waiting()), (0, 0));
    assert_eq!(server.get(READ).await.status, 200);
}
