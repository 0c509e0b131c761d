//! What guests see and do.

use std::collections::BTreeSet;

use actix_web::App;
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::from_fn;
use actix_web::test::{self, TestRequest};
use chrono::{DateTime, TimeDelta, Utc};
use scheduling_testkit::builders::instant;
use serde_json::{Value, json};

use super::{Answer, Server, app, bookings, request, slots};
use crate::http::problem::ProblemKind;
use crate::{configure, edge};

#[actix_web::test]
async fn a_guest_finds_books_reads_and_cancels() {
    let server = Server::new().await;
    let listed = server.get("/api/v1/public/acme/event-types").await;
    let slugs: Vec<_> = listed.body["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["slug"].as_str().unwrap())
        .collect();
    assert_eq!(
        slugs,
        ["intro", "watch", "course"],
        "hidden ones are not listed"
    );

    let found = server
        .get(&slots("intro", "from=2026-11-23&to=2026-11-24&view=flat"))
        .await;
    let start = found.body["slots"][1]["start"].as_str().unwrap();
    assert_eq!(start, "2026-11-23T09:30:00+01:00");
    assert_eq!(found.body["slots"][1]["end"], "2026-11-23T10:00:00+01:00");

    let booked = server.book("intro", start).await;
    assert_eq!(booked.status, 201, "{}", booked.text);
    assert_eq!(booked.body["status"], "confirmed");
    assert_eq!(booked.body["invitee"]["name"], "Zoë \"Z\" O'Hara");
    assert!(booked.body["id"].as_str().unwrap().starts_with("bk_"));
    assert!(
        booked.body["event_type"]["id"]
            .as_str()
            .unwrap()
            .starts_with("et_")
    );
    assert_eq!(booked.header("cache-control"), "no-store");
    let token = booked.body["manage_token"].as_str().unwrap();
    let location = booked.header("location").to_owned();
    assert_eq!(location, format!("/api/v1/public/bookings/{token}"));
    assert_eq!(
        booked.body["cancel_url"],
        format!("https://meet.acme.example/b/{token}/cancel")
    );

    let read = server.get(&location).await;
    assert_eq!(read.status, 200);
    assert_eq!(read.body["id"], booked.body["id"]);
    assert_eq!(
        read.body["manage_token"],
        Value::Null,
        "the token is given once"
    );
    assert!(
        !read.text.contains("ann@acme.example"),
        "hosts' addresses stay private"
    );

    let again = server.book("intro", start).await;
    assert_eq!((again.status.as_u16(), again.code()), (409, "slot-taken"));
    let alternatives = again.body["alternatives"].as_array().unwrap();
    assert!((1..=3).contains(&alternatives.len()));
    assert!(alternatives.iter().all(|a| a != start));

    let cancel = format!("{location}/cancel");
    let cancelled = server.post(&cancel, json!({ "reason": "Ill" })).await;
    assert_eq!(cancelled.status, 200, "{}", cancelled.text);
    assert_eq!(cancelled.body["status"], "cancelled");
    let twice = server.send(TestRequest::post().uri(&cancel)).await;
    assert_eq!(twice.status, 200);
    assert_eq!(
        twice.body["cancellation_reason"], "Ill",
        "the first reason stays"
    );
    assert_eq!(
        server.book("intro", start).await.status,
        201,
        "the time is open again"
    );
}

#[actix_web::test]
async fn slots_are_grouped_by_the_guests_local_date() {
    let server = Server::new().await;
    // Nine to twelve in Berlin is ten to one at night in Honolulu: the dates differ.
    let query = "from=2026-11-24&to=2026-11-26&timezone=Pacific/Auckland";
    let answer = server.get(&slots("watch", query)).await;
    assert_eq!(answer.body["timezone"], "Pacific/Auckland");
    let days = answer.body["days"].as_array().unwrap();
    let dates: Vec<_> = days.iter().map(|d| d["date"].as_str().unwrap()).collect();
    assert_eq!(dates, ["2026-11-24", "2026-11-25"]);
    for day in days {
        for slot in day["slots"].as_array().unwrap() {
            let start = slot["start"].as_str().unwrap();
            assert!(start.starts_with(day["date"].as_str().unwrap()), "{start}");
            assert!(start.ends_with("+13:00"), "{start}");
        }
        assert_eq!(day["slots"].as_array().unwrap().len(), 24);
    }
}

#[actix_web::test]
async fn a_month_is_the_guests_and_has_its_last_day_over_a_clock_change() {
    let server = Server::new().await;
    let answer = server
        .get(&slots("watch", "month=2027-03&timezone=Europe/Berlin"))
        .await;
    let days = answer.body["days"].as_array().unwrap();
    assert_eq!(days.len(), 31);
    assert_eq!(days[30]["date"], "2027-03-31");
    let on = |date: &str| {
        days.iter().find(|d| d["date"] == date).unwrap()["slots"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!(
        (on("2027-03-27"), on("2027-03-28")),
        (24, 23),
        "an hour is missing"
    );
}

#[actix_web::test]
async fn an_empty_range_names_the_next_start() {
    let server = Server::new().await;
    let answer = server
        .get(&slots("intro", "from=2026-11-21&to=2026-11-23"))
        .await;
    assert_eq!(answer.body["days"], json!([]));
    assert_eq!(answer.body["next_available"], "2026-11-23T09:00:00+01:00");
}

#[actix_web::test]
async fn seats_are_counted_down() {
    let server = Server::new().await;
    let query = "from=2026-11-26&to=2026-11-27&view=flat";
    let left = |answer: &Answer| answer.body["slots"][0]["seats_left"].clone();
    let before = server.get(&slots("course", query)).await;
    assert_eq!(left(&before), 3);
    for _ in 0..3 {
        let booked = server.book("course", "2026-11-26T10:00:00+01:00").await;
        assert_eq!(booked.status, 201, "{}", booked.text);
    }
    let full = server.book("course", "2026-11-26T10:00:00+01:00").await;
    assert_eq!(full.code(), "slot-taken");
    let after = server.get(&slots("course", query)).await;
    assert_eq!(after.body["slots"], json!([]), "a full one is not offered");
}

#[actix_web::test]
async fn a_plus_that_was_not_escaped_is_understood() {
    let server = Server::new().await;
    let escaped = "from=2026-11-24T09:00:00%2B01:00&to=2026-11-24T10:00:00%2B01:00";
    let expected = server.get(&slots("intro", escaped)).await;
    assert_eq!(expected.status, StatusCode::OK);
    let plain = server
        .get(&slots("intro", &escaped.replace("%2B", "+")))
        .await;
    assert_eq!((plain.status, plain.body), (StatusCode::OK, expected.body));
}

#[actix_web::test]
async fn ranges_are_checked() {
    let server = Server::new().await;
    for (query, errors) in [
        ("from=2026-12-01&to=2027-02-01", vec![]),
        (
            "from=2026-12-01&to=2027-02-02",
            vec!["/query/to range_too_long"],
        ),
        // 62 local days that are an hour longer than 62 times 24 hours.
        (
            "from=2026-10-01&to=2026-12-02&timezone=Europe/Berlin",
            vec![],
        ),
        (
            "from=2026-12-02&to=2026-12-01",
            vec!["/query/to before_from"],
        ),
        ("from=soon", vec!["/query/from not_a_time"]),
        ("from=2026-02-30", vec!["/query/from not_a_time"]),
        (
            "from=1&to=2&timezone=Mars/Base",
            vec![
                "/query/timezone invalid_timezone",
                "/query/from not_a_time",
                "/query/to not_a_time",
            ],
        ),
        ("month=2026-13", vec!["/query/month not_a_month"]),
        (
            "month=2026-12&from=2026-12-01",
            vec!["/query/month conflict"],
        ),
        ("view=round", vec!["/query/view unknown_value"]),
        ("tiemzone=UTC", vec!["/query/tiemzone unknown"]),
        ("view=flat&view=grouped", vec!["/query/view repeated"]),
    ] {
        let answer = server.get(&slots("intro", query)).await;
        assert_eq!(answer.errors(), errors, "{query}: {}", answer.text);
        assert_eq!(
            answer.status,
            if errors.is_empty() { 200 } else { 422 },
            "{query}"
        );
    }
    let zone = server.get(&slots("intro", "timezone=Mars/Base")).await;
    assert_eq!(zone.code(), "invalid-timezone");
}

#[actix_web::test]
async fn an_unchanged_answer_is_not_sent_twice() {
    let server = Server::new().await;
    let path = slots("intro", "month=2026-12");
    let first = server.get(&path).await;
    let tag = first.header("etag").to_owned();
    assert!(tag.starts_with("W/\""), "{tag}");
    let ask = || {
        TestRequest::get()
            .uri(&path)
            .insert_header(("if-none-match", tag.clone()))
    };
    let second = server.send(ask()).await;
    assert_eq!((second.status.as_u16(), second.text.as_str()), (304, ""));
    assert_eq!(
        server
            .book("intro", "2026-12-01T09:00:00+01:00")
            .await
            .status,
        201
    );
    assert_eq!(server.send(ask()).await.status, 200);
}

#[actix_web::test]
async fn what_is_not_offered_is_refused_and_says_why() {
    let server = Server::new().await;
    for (start, code) in [
        // Sunday, seven past three at night.
        ("2026-11-22T03:07:00+01:00", "slot-outside-availability"),
        // Within hours, but no starting time.
        ("2026-11-23T09:10:00+01:00", "slot-outside-availability"),
        ("2026-11-23T11:45:00+01:00", "slot-outside-availability"),
        ("2026-11-20T09:30:00+01:00", "notice-too-short"),
        ("2026-11-19T09:00:00+01:00", "notice-too-short"),
        ("2027-11-22T09:00:00+01:00", "booking-window"),
    ] {
        let answer = server.book("intro", start).await;
        assert_eq!(
            (answer.status.as_u16(), answer.code()),
            (422, code),
            "{start}"
        );
        let alternatives = answer.body["alternatives"].as_array().unwrap();
        assert!(alternatives.len() <= 3, "{start}");
        assert!(
            !answer.body["reasons"].as_array().unwrap().is_empty(),
            "{start}"
        );
    }
    for start in ["2026-11-23T09:00:00+01:00", "2026-11-23T09:30:00+01:00"] {
        assert_eq!(server.book("intro", start).await.status, 201);
    }
    let third = server.book("intro", "2026-11-23T11:00:00+01:00").await;
    assert_eq!(
        (third.status.as_u16(), third.code()),
        (409, "limit-reached")
    );
}

#[actix_web::test]
async fn local_times_need_a_zone_and_must_exist_once() {
    let server = Server::new().await;
    let good = server.book("watch", "2026-11-24T09:00").await;
    assert_eq!(good.status, 201, "{}", good.text);
    assert_eq!(good.body["start"], "2026-11-24T09:00:00+01:00");

    let gap = server.book("watch", "2027-03-28T02:30:00").await;
    assert_eq!(
        (gap.status.as_u16(), gap.code()),
        (422, "nonexistent-local-time")
    );
    assert_eq!(
        gap.body["candidates"],
        json!(["2027-03-28T01:30:00+01:00", "2027-03-28T03:30:00+02:00"])
    );
    let fold = server.book("watch", "2027-10-31T02:00:00").await;
    assert_eq!(
        (fold.status.as_u16(), fold.code()),
        (422, "ambiguous-local-time")
    );
    assert_eq!(
        fold.body["candidates"],
        json!(["2027-10-31T02:00:00+02:00", "2027-10-31T02:00:00+01:00"])
    );
    // The hour that comes twice can be booked twice.
    for candidate in fold.body["candidates"].as_array().unwrap() {
        let booked = server.book("watch", candidate.as_str().unwrap()).await;
        assert_eq!(booked.status, 201, "{}", booked.text);
    }

    let mut without = request("2026-11-24T10:00");
    without.as_object_mut().unwrap().remove("timezone");
    without["invitee"]["timezone"] = json!("Asia/Tokyo");
    let answer = server.post(&bookings("watch"), without).await;
    assert_eq!(answer.errors(), ["/timezone required"]);
}

#[actix_web::test]
async fn repeating_a_request_with_its_key_makes_one_booking() {
    let server = Server::new().await;
    let keyed = |key: &str, start: &str| {
        TestRequest::post()
            .uri(&bookings("intro"))
            .insert_header(("idempotency-key", key.to_owned()))
            .set_json(request(start))
    };
    let first = server
        .send(keyed("\"k1\"", "2026-11-24T09:00:00+01:00"))
        .await;
    assert_eq!(first.status, 201);
    assert_eq!(first.header("idempotency-replayed"), "");
    // The same instant, written differently, is the same request.
    let second = server.send(keyed("k1", "2026-11-24T08:00:00Z")).await;
    assert_eq!(second.status, 201);
    assert_eq!(second.header("idempotency-replayed"), "true");
    assert_eq!(second.body, first.body, "the token as well");
    let other = server.send(keyed("k1", "2026-11-24T10:00:00+01:00")).await;
    assert_eq!(
        (other.status.as_u16(), other.code()),
        (422, "idempotency-key-reused")
    );
    for junk in ["", "a b", "ü", &"k".repeat(256)] {
        let answer = server.send(keyed(junk, "2026-11-24T10:00:00+01:00")).await;
        assert_eq!(
            answer.errors(),
            ["/headers/idempotency-key malformed"],
            "{junk:?}"
        );
    }
}

#[actix_web::test]
async fn every_wrong_value_is_named_at_once() {
    let server = Server::new().await;
    let answer = server
        .post(
            &bookings("intro"),
            json!({
                "start": 12,
                "timezone": "Nowhere",
                "invitee": { "name": "Ann\r\nBcc: all@example.org", "email": "no", "phone": "1" },
                "note": "a".repeat(4001),
                "admin": true,
            }),
        )
        .await;
    assert_eq!(answer.status, 422);
    assert_eq!(answer.code(), "validation");
    let errors: BTreeSet<String> = answer.errors().into_iter().collect();
    let expected = [
        "/start wrong_type",
        "/timezone invalid_timezone",
        "/invitee/name control_character",
        "/invitee/email not_an_address",
        "/invitee/phone unknown",
        "/note too_long",
        "/admin unknown",
    ];
    assert_eq!(errors, expected.map(str::to_owned).into());

    let empty = server.post(&bookings("intro"), json!({})).await;
    assert_eq!(empty.errors(), ["/start required", "/invitee required"]);
    let zone = server
        .post(&bookings("intro"), {
            let mut body = request("2026-11-24T09:00:00+01:00");
            body["timezone"] = json!("Europe/Atlantis");
            body
        })
        .await;
    assert_eq!(zone.code(), "invalid-timezone");
}

#[actix_web::test]
async fn hostile_bodies_are_refused_one_by_one() {
    let server = Server::new().await;
    let raw = |body: Vec<u8>, media: &str| {
        TestRequest::post()
            .uri(&bookings("intro"))
            .insert_header(("content-type", media.to_owned()))
            .set_payload(body)
    };
    let json = "application/json; charset=utf-8";
    for (body, media, status, code) in [
        (b"{".to_vec(), json, 400, "malformed-body"),
        (b"".to_vec(), json, 400, "malformed-body"),
        (b"\xff\xfe{}".to_vec(), json, 400, "malformed-body"),
        (
            b"{\"start\": \"\\ud800\"}".to_vec(),
            json,
            400,
            "malformed-body",
        ),
        ("[".repeat(60_000).into_bytes(), json, 400, "malformed-body"),
        (
            "{\"a\":".repeat(10_000).into_bytes(),
            json,
            400,
            "malformed-body",
        ),
        (b"[]".to_vec(), json, 422, "validation"),
        (b"null".to_vec(), json, 422, "validation"),
        (b"{\"invitee\": [1]}".to_vec(), json, 422, "validation"),
        (b"{\"start\":1e999}".to_vec(), json, 400, "malformed-body"),
        (b"{}".to_vec(), "text/plain", 415, "unsupported-media-type"),
        (
            b"a=1".to_vec(),
            "application/x-www-form-urlencoded",
            415,
            "unsupported-media-type",
        ),
        (vec![b' '; 513 * 1024], json, 413, "payload-too-large"),
    ] {
        let shown = String::from_utf8_lossy(&body[..body.len().min(20)]).into_owned();
        let answer = server.send(raw(body, media)).await;
        assert_eq!(
            (answer.status.as_u16(), answer.code()),
            (status, code),
            "{shown:?}"
        );
        assert!(answer.text.len() < 4096, "{shown:?}");
    }
    let zipped = raw(b"{}".to_vec(), json).insert_header(("content-encoding", "gzip"));
    assert_eq!(server.send(zipped).await.code(), "unsupported-media-type");
    let untyped = TestRequest::post()
        .uri(&bookings("intro"))
        .set_payload("{}");
    assert_eq!(server.send(untyped).await.code(), "unsupported-media-type");
}

#[actix_web::test]
async fn hostile_headers_and_paths_are_harmless() {
    let server = Server::new().await;
    for id in ["", "a b", "a\tb", &"x".repeat(65), "<script>"] {
        let request = TestRequest::get()
            .uri("/health")
            .insert_header(("x-request-id", id.to_owned()));
        let answer = server.send(request).await;
        assert_eq!(answer.status, 200);
        assert_ne!(answer.header("x-request-id"), id);
    }
    let request = TestRequest::get()
        .uri("/health")
        .insert_header(("x-request-id", "trace-1.a"));
    assert_eq!(
        server.send(request).await.header("x-request-id"),
        "trace-1.a"
    );
    for path in [
        "/api/v1/public/%00",
        "/api/v1/public/..%2f..",
        "/api/v1/public/ACME",
        "/api/v1/public/nobody",
        "/api/v1/public/acme/event-types/%ff",
        "/api/v1/public/acme/event-types/nothing/slots",
        "/api/v1/public/bookings/0",
        &format!("/api/v1/public/bookings/{}", "0".repeat(64)),
        "/api/v1/nothing",
        "/api/v1/",
        "/problems/nothing",
    ] {
        let answer = server.get(path).await;
        assert_eq!(
            (answer.status.as_u16(), answer.code()),
            (404, "not-found"),
            "{path}"
        );
    }
}

#[actix_web::test]
async fn methods_and_formats_are_negotiated() {
    let server = Server::new().await;
    let path = "/api/v1/public/acme/event-types";
    let wrong = server.send(TestRequest::delete().uri(path)).await;
    assert_eq!(
        (wrong.status.as_u16(), wrong.header("allow")),
        (405, "GET, HEAD, OPTIONS")
    );
    let wrong = server.get(&bookings("intro")).await;
    assert_eq!(
        (wrong.status.as_u16(), wrong.header("allow")),
        (405, "POST, OPTIONS")
    );

    for (accept, status) in [
        ("application/json", 200),
        ("text/html, */*;q=0.1", 200),
        ("application/*", 200),
        ("text/html", 406),
        ("application/json;q=0", 406),
    ] {
        let request = TestRequest::get()
            .uri(path)
            .insert_header(("accept", accept));
        assert_eq!(server.send(request).await.status, status, "{accept}");
    }

    let preflight = TestRequest::with_uri(&bookings("intro"))
        .method(Method::OPTIONS)
        .insert_header(("origin", "https://elsewhere.example"))
        .insert_header(("access-control-request-method", "POST"));
    let answer = server.send(preflight).await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert_eq!(
        answer.header("access-control-allow-methods"),
        "POST, OPTIONS"
    );
    assert!(
        answer
            .header("access-control-allow-headers")
            .contains("idempotency-key")
    );
    assert_eq!(answer.header("access-control-allow-credentials"), "");

    let head = server
        .send(TestRequest::with_uri(path).method(Method::HEAD))
        .await;
    assert_eq!(head.status, 200);
}

#[actix_web::test]
async fn a_problem_can_be_read_whoever_compresses() {
    let server = Server::new().await;
    let kalends = server.kalends.clone();
    let app = App::new()
        .wrap(actix_web::middleware::Compress::default())
        .wrap(from_fn(edge))
        .configure(move |config| configure(config, &kalends));
    let app = test::init_service(app).await;
    let request = TestRequest::get()
        .uri("/api/v1/public/nobody")
        .insert_header(("accept-encoding", "gzip"));
    let response = test::call_service(&app, request.to_request()).await;
    assert!(!response.headers().contains_key("content-encoding"));
    let body: Value = test::read_body_json(response).await;
    assert_eq!(body["code"], "not-found");
}

#[actix_web::test]
async fn what_is_over_cannot_be_called_off() {
    let server = Server::new().await;
    let booked = server.book("intro", "2026-11-24T09:00:00+01:00").await;
    server.clock.advance(TimeDelta::days(7));
    let location = booked.header("location");
    assert_eq!(server.get(location).await.is(), (410, "link-expired"));
    let answer = server.post(&format!("{location}/cancel"), json!({})).await;
    assert_eq!(answer.is(), (410, "link-expired"));
}

#[actix_web::test]
async fn readiness_follows_the_database_and_health_does_not() {
    let server = Server::new().await;
    assert_eq!(server.get("/ready").await.status, 200);
    server
        .ready
        .0
        .store(false, std::sync::atomic::Ordering::Relaxed);
    let answer = server.get("/ready").await;
    assert_eq!(
        (answer.status.as_u16(), answer.code()),
        (503, "unavailable")
    );
    assert_ne!(answer.header("retry-after"), "");
    assert_eq!(server.get("/health").await.status, 200);
}

#[actix_web::test]
async fn every_kind_of_problem_has_a_page_of_its_own() {
    let server = Server::new().await;
    for kind in ProblemKind::ALL {
        let answer = server.get(&format!("/problems/{}", kind.slug())).await;
        assert_eq!(answer.status, 200);
        assert!(answer.text.contains(kind.about()), "{kind:?}");
    }
    let index = server.get("/problems").await.text;
    assert!(
        ProblemKind::ALL
            .iter()
            .all(|kind| index.contains(kind.slug()))
    );
}

#[actix_web::test]
async fn the_documented_request_is_exactly_what_is_read() {
    let server = Server::new().await;
    let document: Value = serde_json::from_str(crate::openapi_json()).unwrap();
    let fields = |schema: &str| -> BTreeSet<String> {
        let schema = &document["components"]["schemas"][schema]["properties"];
        schema.as_object().unwrap().keys().cloned().collect()
    };
    let invitee: Value = fields("InviteeRequest")
        .into_iter()
        .map(|f| (f, Value::Null))
        .collect();
    let mut body: Value = fields("BookingRequest")
        .into_iter()
        .map(|f| (f, Value::Null))
        .collect();
    body["invitee"] = invitee;
    let answer = server.post(&bookings("intro"), body).await;
    let unknown = answer
        .errors()
        .into_iter()
        .filter(|e| e.ends_with("unknown"))
        .count();
    assert_eq!(unknown, 0, "{}", answer.text);
    assert_eq!(answer.status, 422);
}

#[actix_web::test]
async fn the_same_start_is_won_once_by_any_number_of_requests() {
    let server = Server::new().await;
    let app = app!(server);
    let start: DateTime<Utc> = instant("2026-11-24T08:00:00Z");
    let tries = (0..50).map(|_| {
        let request = TestRequest::post()
            .uri(&bookings("watch"))
            .set_json(request(&start.to_rfc3339()))
            .to_request();
        test::call_service(&app, request)
    });
    let answers = futures_util::future::join_all(tries).await;
    let statuses: Vec<u16> = answers.iter().map(|a| a.status().as_u16()).collect();
    assert_eq!(statuses.iter().filter(|s| **s == 201).count(), 1);
    assert_eq!(statuses.iter().filter(|s| **s == 409).count(), 49);
}
