//! Answers about slots that are kept in memory: what clients get is what there is.

use std::io::Read as _;

use actix_web::test::{self, TestRequest};
use actix_web::web::Bytes;
use chrono::TimeDelta;
use serde_json::json;

use super::{Server, WS, app, slots};

/// The body as it goes over the wire, and its coding.
async fn coded(server: &Server, path: &str, accepted: &str) -> (String, Bytes) {
    let app = app!(server);
    let request = TestRequest::get()
        .uri(path)
        .insert_header(("accept-encoding", accepted));
    let response = test::call_service(&app, request.to_request()).await;
    let header = |name: &str| {
        let value = response.headers().get(name);
        value.map_or("", |value| value.to_str().unwrap()).to_owned()
    };
    assert!(header("vary").contains("accept-encoding"), "{accepted}");
    assert_eq!(header("content-type"), "application/json");
    let coding = header("content-encoding");
    (coding, test::read_body(response).await)
}

#[actix_web::test]
async fn every_coding_carries_the_same_answer() {
    let server = Server::new().await;
    let path = slots("watch", "month=2026-12&timezone=Europe/Berlin");
    let plain = server.get(&path).await.text;
    for _ in 0..2 {
        for accepted in ["identity", "", "unheard-of", "br;q=0, gzip;q=0", "*;q=0"] {
            let (coding, body) = coded(&server, &path, accepted).await;
            assert_eq!(
                (coding.as_str(), &*body),
                ("", plain.as_bytes()),
                "{accepted}"
            );
        }
        for accepted in ["gzip", "gzip, deflate", "br;q=0.1, gzip"] {
            let (coding, body) = coded(&server, &path, accepted).await;
            assert_eq!(coding, "gzip", "{accepted}");
            let mut text = String::new();
            let mut decoder = flate2::read::GzDecoder::new(&*body);
            decoder.read_to_string(&mut text).unwrap();
            assert_eq!(text, plain);
            assert!(body.len() < plain.len() / 4);
        }
        for accepted in ["br", "gzip, deflate, br, zstd"] {
            let (coding, body) = coded(&server, &path, accepted).await;
            assert_eq!(coding, "br", "{accepted}");
            let mut text = Vec::new();
            brotli::BrotliDecompress(&mut &*body, &mut text).unwrap();
            assert_eq!(text, plain.as_bytes());
        }
    }
}

#[actix_web::test]
async fn each_question_has_its_own_answer() {
    let server = Server::new().await;
    let berlin = server
        .get(&slots("watch", "month=2026-12&timezone=Europe/Berlin"))
        .await;
    let tokyo = server
        .get(&slots("watch", "month=2026-12&timezone=Asia/Tokyo"))
        .await;
    let flat = "month=2026-12&timezone=Europe/Berlin&view=flat";
    let flat = server.get(&slots("watch", flat)).await;
    assert_eq!(berlin.body["timezone"], "Europe/Berlin");
    assert_eq!(tokyo.body["timezone"], "Asia/Tokyo");
    assert!(berlin.body["days"].is_array() && flat.body["slots"].is_array());
    // Asked again, each gets its own.
    let again = server
        .get(&slots("watch", "month=2026-12&timezone=Asia/Tokyo"))
        .await;
    assert_eq!(again.text, tokyo.text);
    assert_eq!(again.header("etag"), tokyo.header("etag"));
}

#[actix_web::test]
async fn an_answer_is_known_until_a_booking_or_the_time_changes_it() {
    let server = Server::new().await;
    let path = slots("intro", "from=2026-11-24&to=2026-11-25");
    let first = server.get(&path).await;
    let tag = first.header("etag").to_owned();
    let known = async |tag: &str| {
        let request = TestRequest::get()
            .uri(&path)
            .insert_header(("if-none-match", tag));
        server.send(request).await.status.as_u16()
    };
    assert_eq!(known(&tag).await, 304);
    let booked = server.book("intro", "2026-11-24T09:00:00+01:00").await;
    assert_eq!(booked.status, 201, "{}", booked.text);
    assert_eq!(known(&tag).await, 200);
    let then = server.get(&path).await;
    assert!(!then.text.contains("2026-11-24T09:00:00+01:00"));
    // Called off, everything is as it was, and so is the answer's name.
    let cancel = format!("{}/cancel", booked.header("location"));
    assert_eq!(server.post(&cancel, json!({})).await.status, 200);
    assert_eq!(known(&tag).await, 304);

    server.clock.advance(TimeDelta::days(4));
    assert_eq!(known(&tag).await, 200);
}

#[actix_web::test]
async fn a_link_that_is_renamed_or_closed_is_not_answered_from_memory() {
    let server = Server::new().await;
    let ann = server.ann().await;
    let path = slots("intro", "from=2026-11-24&to=2026-11-25");
    assert_eq!(server.get(&path).await.status, 200);
    let event_type = format!("{WS}/event-types/intro");
    let renamed = ann.patch(&event_type, json!({ "slug": "hello" })).await;
    assert_eq!(renamed.status, 200, "{}", renamed.text);
    assert_eq!(server.get(&path).await.status, 404);
    let path = slots("hello", "from=2026-11-24&to=2026-11-25");
    assert_eq!(server.get(&path).await.status, 200);
    let event_type = format!("{WS}/event-types/hello");
    let closed = ann
        .patch(&event_type, json!({ "status": "inactive" }))
        .await;
    assert_eq!(closed.status, 200, "{}", closed.text);
    assert_eq!(server.get(&path).await.status, 404);
}
