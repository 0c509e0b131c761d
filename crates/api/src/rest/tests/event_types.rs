//! Event types, links, pictures, explanations.

use actix_web::http::StatusCode;
use base64::Engine as _;
use serde_json::{Value, json};

use super::{Client, Server, WS, bookings, request};

const TYPES: &str = "/api/v1/workspaces/acme/event-types";

async fn me(client: &Client<'_>) -> String {
    client.get("/api/v1/me").await.text_of("id")
}

/// Everything that can be said about an event type.
pub(super) fn everything(host: &str) -> Value {
    json!({
        "slug": "everything",
        "title": "Everything",
        "description": "All of it",
        "category": "Talks",
        "status": "active",
        "duration_minutes": 30,
        "other_durations_minutes": [15, 60],
        "slot_interval_minutes": 15,
        "slot_interval_follows_duration": false,
        "buffers": { "before_minutes": 5, "after_minutes": 10 },
        "minimum_notice_minutes": 60,
        "booking_window": { "kind": "dates", "from": "2026-11-01", "to": "2027-11-01" },
        "limits": { "per_day": 3, "per_week": null, "per_month": 20 },
        "seats": 1,
        "timezone": "Europe/Berlin",
        "assignment": "single",
        "host_groups": [{ "hosts": [{ "user": host, "weight": 50, "schedule": null }], "required": null }],
        "hours": {
            "kind": "own",
            "within_hosts": false,
            "availability": {
                "timezone": "Europe/Berlin",
                "weekly_hours": {
                    "monday": [{ "start": "09:00", "end": "12:00" }, { "start": "13:00", "end": "24:00" }],
                    "tuesday": [{ "start": "09:00", "end": "17:00" }],
                    "wednesday": [{ "start": "09:00", "end": "17:00" }],
                    "thursday": [], "friday": [], "saturday": [], "sunday": [],
                },
                "overrides": [{ "from": "2026-12-24", "to": "2026-12-26", "windows": [] }],
            },
        },
        "locations": [
            { "kind": "link", "url": "https://meet.acme.example" },
            { "kind": "room", "template": "https://meet.acme.example/{room}" },
            { "kind": "phone", "instructions": "We call" },
            { "kind": "host_calls" },
            { "kind": "in_person", "address": "Here" },
            { "kind": "custom", "text": "There" },
            { "kind": "ask_invitee" },
        ],
        "questions": [
            { "key": "topic", "label": "Topic", "help": "One of them", "kind": "select", "options": ["A", "B"], "required": true, "shown_if": null },
            { "key": "why", "label": "Why B?", "help": null, "kind": "long_text", "required": false, "shown_if": { "question": "topic", "is": "any_of", "options": ["B"] } },
            { "key": "count", "label": "How many?", "help": null, "kind": "number", "min": 1.0, "max": 10.5, "integer": false, "required": false, "shown_if": { "question": "why", "is": "answered" } },
            { "key": "day", "label": "Which day?", "help": null, "kind": "date", "min": "2026-01-01", "max": "2027-01-01", "required": false, "shown_if": null },
            { "key": "terms", "label": "Agreed?", "help": null, "kind": "checkbox", "required": true, "shown_if": null },
            { "key": "which", "label": "Which?", "help": null, "kind": "multi_select", "options": ["X", "Y"], "required": false, "shown_if": { "question": "terms", "is": "checked" } },
        ],
        "max_guests": 3,
        "approval": { "answer_within_minutes": 600 },
        "cancellation": { "invitee_may": true, "notice_minutes": 120, "invitee_reason": "required", "host_reason": "optional" },
        "rescheduling": { "invitee_may": false, "notice_minutes": 0, "invitee_reason": "optional", "host_reason": "hidden" },
        "colour": "#1a7f5a",
        "banner": null,
        "confirmation_message": "See you",
        "redirect_url": "https://acme.example/thanks",
        "reminders": [{ "minutes": 1440, "to": "everyone" }],
        "follow_ups": [{ "minutes": 60, "to": "attendees" }],
    })
}

#[actix_web::test]
async fn everything_that_is_sent_is_kept_and_comes_back() {
    let server = Server::new().await;
    let ann = server.ann().await;
    let sent = everything(&me(&ann).await);
    let made = ann.post(TYPES, sent.clone()).await;
    assert_eq!(made.status, 201, "{}", made.text);
    for (name, value) in sent.as_object().unwrap() {
        assert_eq!(&made.body[name], value, "{name}");
    }
    assert_eq!(made.header("etag"), "\"1\"");
    let location = made.header("location").to_owned();
    let read = ann.get(&location).await;
    assert_eq!(read.body, made.body);
    assert_eq!(
        ann.get(&format!("{TYPES}/everything")).await.body,
        made.body
    );
    // What was read can be sent back as it is.
    let again = ann.change("PUT", &location, read.body.clone()).await;
    assert_eq!(again.status, 200, "{}", again.text);
    assert_eq!(again.body, read.body, "nothing has changed");
}

#[actix_web::test]
async fn little_is_enough_and_the_rest_is_as_most_have_it() {
    let server = Server::new().await;
    let ann = server.ann().await;
    let made = ann
        .post(
            TYPES,
            json!({
                "slug": "little", "title": "Little", "duration_minutes": 20, "timezone": "UTC",
                "host_groups": [{ "hosts": [{ "user": me(&ann).await }] }],
                "locations": [{ "kind": "ask_invitee" }],
            }),
        )
        .await;
    assert_eq!(made.status, 201, "{}", made.text);
    for (name, value) in [
        ("status", json!("active")),
        ("assignment", json!("single")),
        ("slot_interval_minutes", json!(20)),
        ("minimum_notice_minutes", json!(120)),
        (
            "booking_window",
            json!({ "kind": "rolling_days", "days": 60 }),
        ),
        ("hours", json!({ "kind": "of_hosts" })),
        ("approval", json!(null)),
        ("max_guests", json!(0)),
        ("questions", json!([])),
    ] {
        assert_eq!(made.body[name], value, "{name}");
    }
    assert_eq!(made.body["reminders"].as_array().unwrap().len(), 2);
}

#[actix_web::test]
async fn a_patch_changes_what_it_names_and_null_takes_away() {
    let server = Server::new().await;
    let ann = server.ann().await;
    let made = ann.post(TYPES, everything(&me(&ann).await)).await;
    let location = made.header("location");
    let changed = ann
        .patch(
            location,
            json!({
                "title": "Something",
                "approval": null,
                "buffers": { "before_minutes": 20 },
                "limits": { "per_day": null },
                "questions": [],
                "reminders": null,
            }),
        )
        .await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    assert_eq!(changed.body["title"], "Something");
    assert_eq!(changed.body["approval"], Value::Null);
    assert_eq!(
        changed.body["buffers"],
        json!({ "before_minutes": 20, "after_minutes": 10 })
    );
    assert_eq!(
        changed.body["limits"],
        json!({ "per_day": null, "per_week": null, "per_month": 20 })
    );
    assert_eq!(changed.body["questions"], json!([]));
    assert_eq!(
        changed.body["reminders"].as_array().unwrap().len(),
        2,
        "the usual ones again"
    );
    assert_eq!(changed.body["colour"], "#1a7f5a");
    let required = ann
        .patch(location, json!({ "title": null, "nothing": 1 }))
        .await;
    assert_eq!(required.errors(), ["/title required", "/nothing unknown"]);
}

#[actix_web::test]
async fn everything_that_is_wrong_is_named_with_its_place() {
    let server = Server::new().await;
    let ann = server.ann().await;
    let own = me(&ann).await;
    for (member, value, error) in [
        ("slug", json!("No Slug"), "/slug not_a_slug"),
        ("title", json!(7), "/title wrong_type"),
        (
            "duration_minutes",
            json!(4),
            "/duration_minutes out_of_range",
        ),
        (
            "duration_minutes",
            json!(30.5),
            "/duration_minutes out_of_range",
        ),
        (
            "duration_minutes",
            json!(-5),
            "/duration_minutes out_of_range",
        ),
        (
            "other_durations_minutes",
            json!([15, 15]),
            "/other_durations_minutes durations",
        ),
        (
            "other_durations_minutes",
            json!([15, 3]),
            "/other_durations_minutes/1 out_of_range",
        ),
        ("buffers", json!({ "before": 5 }), "/buffers/before unknown"),
        (
            "booking_window",
            json!({ "kind": "never" }),
            "/booking_window/kind unknown_value",
        ),
        (
            "booking_window",
            json!({ "kind": "dates", "from": "2026-13-01", "to": "2026-12-01" }),
            "/booking_window/from not_a_date",
        ),
        (
            "limits",
            json!({ "per_year": 1 }),
            "/limits/per_year unknown",
        ),
        ("seats", json!(0), "/seats out_of_range"),
        ("timezone", json!("Mars/Base"), "/timezone invalid_timezone"),
        ("assignment", json!("lottery"), "/assignment unknown_value"),
        ("host_groups", json!([]), "/host_groups no_hosts"),
        (
            "host_groups",
            json!([{ "hosts": [{ "user": "us_1" }] }]),
            "/host_groups/0/hosts/0/user not_an_id",
        ),
        (
            "host_groups",
            json!([{ "hosts": [{ "user": own }, { "user": own }] }]),
            "/host_groups host_twice",
        ),
        (
            "host_groups",
            json!([{ "hosts": [{ "user": own, "weight": 0 }] }]),
            "/host_groups/0/hosts/0/weight out_of_range",
        ),
        (
            "host_groups",
            json!([{ "hosts": [{ "user": format!("us_{}", "0".repeat(32)) }] }]),
            "/host_groups no_such_member",
        ),
        (
            "hours",
            json!({ "kind": "own" }),
            "/hours/availability required",
        ),
        (
            "hours",
            json!({ "kind": "schedule", "schedule": format!("sc_{}", "0".repeat(32)) }),
            "/hours no_such_schedule",
        ),
        ("locations", json!([]), "/locations locations"),
        (
            "locations",
            json!([{ "kind": "moon" }]),
            "/locations/0/kind unknown_value",
        ),
        (
            "locations",
            json!([{ "kind": "link", "url": "javascript:alert(1)" }]),
            "/locations/0/url not_a_web_address",
        ),
        (
            "locations",
            json!([{ "kind": "room", "template": "https://{room}.example/" }]),
            "/locations/0/template not_a_room_template",
        ),
        (
            "questions",
            json!([{ "key": "a", "label": "A", "kind": "select" }]),
            "/questions/0/options required",
        ),
        (
            "questions",
            json!([{ "key": "a", "label": "A", "kind": "text" }, { "key": "a", "label": "A", "kind": "text" }]),
            "/questions key_twice",
        ),
        (
            "questions",
            json!([{ "key": "a", "label": "A", "kind": "text", "options": ["x"] }]),
            "/questions/0/options unknown",
        ),
        ("max_guests", json!(21), "/max_guests out_of_range"),
        ("approval", json!(true), "/approval wrong_type"),
        (
            "cancellation",
            json!({ "invitee_reason": "always" }),
            "/cancellation/invitee_reason unknown_value",
        ),
        ("colour", json!("red"), "/colour not_a_colour"),
        (
            "banner",
            json!(format!("im_{}", "0".repeat(32))),
            "/banner no_such_image",
        ),
        (
            "redirect_url",
            json!("javascript:alert(1)"),
            "/redirect_url not_a_web_address",
        ),
        (
            "reminders",
            json!([{ "minutes": 5 }, { "minutes": 5 }]),
            "/reminders reminders",
        ),
        (
            "reminders",
            json!([{ "minutes": 5, "to": "all" }]),
            "/reminders/0/to unknown_value",
        ),
        ("extra", json!(1), "/extra unknown"),
    ] {
        let mut body = everything(&own);
        body[member] = value.clone();
        let answer = ann.post(TYPES, body).await;
        assert_eq!(answer.status, 422, "{member} {value}: {}", answer.text);
        assert_eq!(answer.errors(), [error], "{member} {value}");
    }
}

#[actix_web::test]
async fn somebody_else_changed_it_meanwhile() {
    let server = Server::new().await;
    let ann = server.ann().await;
    let path = format!("{TYPES}/intro");
    let put = |tag: &str| {
        let request = ann
            .request("PATCH", &path)
            .insert_header(("if-match", tag.to_owned()));
        request.set_json(json!({ "title": "Hello" }))
    };
    assert_eq!(
        server.send(put("\"9\"")).await.is(),
        (412, "version-conflict")
    );
    assert_eq!(
        server.send(put("W/\"1\"")).await.is(),
        (412, "version-conflict")
    );
    assert_eq!(server.send(put("\"7\", \"1\"")).await.status, 200);
    assert_eq!(
        server.send(put("\"1\"")).await.is(),
        (412, "version-conflict")
    );
    let delete = ann
        .request("DELETE", &path)
        .insert_header(("if-match", "\"1\""));
    assert_eq!(server.send(delete).await.is(), (412, "version-conflict"));
}

#[actix_web::test]
async fn what_has_bookings_is_archived_and_only_erased_on_purpose() {
    let server = Server::new().await;
    let ann = server.ann().await;
    let deleted = ann.delete(&format!("{TYPES}/secret")).await;
    assert_eq!(deleted.body["outcome"], "deleted", "{}", deleted.text);
    assert_eq!(
        ann.get(&format!("{TYPES}/secret")).await.is(),
        (404, "not-found")
    );

    assert_eq!(
        server
            .book("intro", "2026-11-24T09:00:00+01:00")
            .await
            .status,
        201
    );
    let path = format!("{TYPES}/intro");
    let ahead = ann
        .delete(&format!("{path}?on_bookings=erase&confirm=intro"))
        .await;
    assert_eq!(ahead.is(), (409, "in-use"));
    let unconfirmed = ann.delete(&format!("{path}?on_bookings=erase")).await;
    assert_eq!(unconfirmed.errors(), ["/query/confirm not_confirmed"]);
    let cancelled = ann
        .delete(&format!("{path}?on_bookings=cancel&reason=Closed"))
        .await;
    assert_eq!(cancelled.body["outcome"], "archived");
    assert_eq!(cancelled.body["cancelled_bookings"], 1);
    assert_eq!(ann.get(&path).await.body["status"], "archived");
    assert!(
        !ann.get(TYPES)
            .await
            .each("slug")
            .contains(&"intro".to_owned())
    );
    assert!(
        ann.get(&format!("{TYPES}?archived=true"))
            .await
            .each("slug")
            .contains(&"intro".to_owned())
    );
    let erased = ann
        .delete(&format!("{path}?on_bookings=erase&confirm=intro"))
        .await;
    assert_eq!(
        (&erased.body["outcome"], &erased.body["erased_bookings"]),
        (&json!("erased"), &json!(1))
    );
    assert_eq!(ann.get(&path).await.status, 404);
    assert_eq!(
        ann.delete(&format!("{path}?on_bookings=burn"))
            .await
            .errors(),
        ["/query/on_bookings unknown_value"]
    );
}

#[actix_web::test]
async fn a_copy_is_made_once_however_often_it_is_asked_for() {
    let server = Server::new().await;
    let ann = server.ann().await;
    let path = format!("{TYPES}/intro/clone");
    let keyed = || {
        ann.request("POST", &path)
            .insert_header(("idempotency-key", "k"))
    };
    let first = server.send(keyed()).await;
    assert_eq!(first.status, 201, "{}", first.text);
    assert_eq!(
        (&first.body["slug"], &first.body["status"]),
        (&json!("intro-copy"), &json!("inactive"))
    );
    let second = server.send(keyed()).await;
    assert_eq!(second.header("idempotency-replayed"), "true");
    assert_eq!(second.body["id"], first.body["id"]);
    let elsewhere = ann
        .request("POST", &format!("{TYPES}/watch/clone"))
        .insert_header(("idempotency-key", "k"));
    assert_eq!(
        server.send(elsewhere).await.is(),
        (422, "idempotency-key-reused")
    );
    // Another person's key of the same name is another key.
    let night = server.token("acme", "night@acme.example").await;
    let other = night
        .request("POST", &format!("{TYPES}/watch/clone"))
        .insert_header(("idempotency-key", "k"));
    assert_eq!(server.send(other).await.status, 201);
}

#[actix_web::test]
async fn members_manage_what_they_alone_host() {
    let server = Server::new().await;
    let night = server.token("acme", "night@acme.example").await;
    assert_eq!(night.get(&format!("{TYPES}/intro")).await.status, 200);
    let foreign = night
        .patch(&format!("{TYPES}/intro"), json!({ "title": "Mine" }))
        .await;
    assert_eq!(foreign.is(), (403, "insufficient-role"));
    let own = night
        .patch(&format!("{TYPES}/watch"), json!({ "title": "Mine" }))
        .await;
    assert_eq!(own.status, 200, "{}", own.text);
    let order = json!({ "event_types": [] });
    let answer = night
        .send_json("PUT", &format!("{WS}/event-type-order"), order)
        .await;
    assert_eq!(answer.is(), (403, "insufficient-role"));
}

#[actix_web::test]
async fn event_types_stand_in_the_order_they_are_put_into() {
    let server = Server::new().await;
    let ann = server.ann().await;
    let ids = ann.get(TYPES).await.each("id");
    let order = json!({ "event_types": [ids[2], ids[0]] });
    let put = ann
        .send_json("PUT", &format!("{WS}/event-type-order"), order)
        .await;
    assert_eq!(put.status, 204, "{}", put.text);
    let after = ann.get(TYPES).await.each("id");
    assert_eq!(after[..2], [ids[2].clone(), ids[0].clone()]);
    let unknown = json!({ "event_types": [format!("et_{}", "0".repeat(32))] });
    let put = ann
        .send_json("PUT", &format!("{WS}/event-type-order"), unknown)
        .await;
    assert_eq!(put.errors(), ["/event_types no_such_event_type"]);
}

#[actix_web::test]
async fn lists_are_read_page_by_page_and_back() {
    let server = Server::new().await;
    let ann = server.ann().await;
    let all = ann.get(TYPES).await.each("slug");
    assert_eq!(all.len(), 4);
    let first = ann.get(&format!("{TYPES}?limit=3")).await;
    assert_eq!(first.each("slug"), all[..3]);
    assert_eq!(first.body["page"]["has_more"], true);
    assert_eq!(first.body["page"]["prev_cursor"], Value::Null);
    let link = first.header("link");
    let next = link.split('<').nth(1).unwrap().split('>').next().unwrap();
    let second = ann.get(next).await;
    assert_eq!(second.each("slug"), all[3..]);
    assert_eq!(second.body["page"]["has_more"], false);
    let back = second.body["page"]["prev_cursor"].as_str().unwrap();
    let back = ann.get(&format!("{TYPES}?limit=3&cursor={back}")).await;
    assert_eq!(back.each("slug"), all[..3]);
    for (query, error) in [
        ("limit=0", "/query/limit out_of_range"),
        ("limit=201", "/query/limit out_of_range"),
        ("cursor=junk", "/query/cursor not_a_cursor"),
        ("offset=2", "/query/offset unknown"),
        ("host=me&host=me", "/query/host repeated"),
    ] {
        assert_eq!(
            ann.get(&format!("{TYPES}?{query}")).await.errors(),
            [error],
            "{query}"
        );
    }
}

#[actix_web::test]
async fn a_single_use_link_leads_to_one_booking() {
    let server = Server::new().await;
    let ann = server.ann().await;
    let links = format!("{TYPES}/intro/links");
    let made = ann
        .post(
            &links,
            json!({
                "slug": "once", "name": "For Zoe", "max_uses": 1, "expires_at": "2027-01-01T00:00:00Z",
                "questions": [{ "key": "code", "label": "Code", "kind": "text", "required": true }],
            }),
        )
        .await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(
        (&made.body["uses"], &made.body["open"]),
        (&json!(0), &json!(true))
    );
    let seen = server.get("/api/v1/public/acme/event-types/once").await;
    assert_eq!(seen.body["questions"][0]["key"], "code");
    assert_eq!(
        seen.body["slug"], "once",
        "the way around the link's limit is not told"
    );
    let start = "2026-11-24T09:00:00+01:00";
    let missing = server.book("once", start).await;
    assert_eq!(missing.errors(), ["/answers/code required"]);
    let mut body = request(start);
    body["answers"] = json!({ "code": "42" });
    let booked = server.post(&bookings("once"), body.clone()).await;
    assert_eq!(booked.status, 201, "{}", booked.text);
    assert_eq!(
        booked.body["answers"],
        json!([{ "key": "code", "label": "Code", "value": "42" }])
    );
    body["start"] = json!("2026-11-25T09:00:00+01:00");
    let again = server.post(&bookings("once"), body).await;
    assert_eq!(again.is(), (410, "link-used-up"));
    assert_eq!(
        server
            .get("/api/v1/public/acme/event-types/once")
            .await
            .is(),
        (410, "link-used-up")
    );

    let path = format!("{links}/once");
    let read = ann.get(&path).await;
    assert_eq!(
        (&read.body["uses"], &read.body["open"]),
        (&json!(1), &json!(false))
    );
    let withdrawn = ann
        .patch(&path, json!({ "max_uses": null, "revoked": true }))
        .await;
    assert_eq!(withdrawn.status, 200, "{}", withdrawn.text);
    assert_eq!(withdrawn.body["questions"][0]["key"], "code");
    assert_eq!(
        server
            .get("/api/v1/public/acme/event-types/once")
            .await
            .is(),
        (410, "link-expired")
    );
    assert_eq!(
        ann.get(&format!("{TYPES}/watch/links/once")).await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        ann.post(&links, json!({ "slug": "watch" })).await.is(),
        (409, "slug-taken")
    );
    let guessed = ann.post(&links, json!({})).await;
    assert!(guessed.text_of("slug").len() > 20);
    assert_eq!(ann.get(&links).await.each("id").len(), 2);
    assert_eq!(ann.delete(&path).await.status, 204);
    assert_eq!(ann.get(&path).await.status, 404);
}

#[actix_web::test]
async fn a_picture_is_uploaded_and_shown_and_nothing_else_is() {
    let server = Server::new().await;
    let ann = server.ann().await;
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89";
    let encode = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(bytes);
    let path = format!("{WS}/images");
    let made = ann.post(&path, json!({ "data": encode(png) })).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let shown = server.get(&made.text_of("url")).await;
    assert_eq!(
        (shown.status.as_u16(), shown.header("content-type")),
        (200, "image/png")
    );
    assert!(shown.header("content-security-policy").contains("sandbox"));
    let svg = ann
        .post(
            &path,
            json!({ "data": encode(b"<svg onload='alert(1)'/>") }),
        )
        .await;
    assert_eq!(svg.errors(), ["/data not_a_picture"]);
    assert_eq!(
        ann.post(&path, json!({ "data": "?" })).await.errors(),
        ["/data not_base64"]
    );
    let mut large = png.to_vec();
    large.resize(1024 * 1024, 0);
    assert_eq!(
        ann.post(&path, json!({ "data": encode(&large) }))
            .await
            .status,
        201
    );
    large.resize(1024 * 1024 + 4096, 0);
    assert_eq!(
        ann.post(&path, json!({ "data": encode(&large) }))
            .await
            .is(),
        (413, "payload-too-large")
    );
    let none = server
        .get(&format!("/api/v1/public/images/im_{}", "0".repeat(32)))
        .await;
    assert_eq!(none.is(), (404, "not-found"));
}

#[actix_web::test]
async fn a_start_is_explained_host_by_host() {
    let server = Server::new().await;
    let ann = server.ann().await;
    let explain = |start: &str| format!("{TYPES}/intro/explain?start={start}");
    let open = ann.get(&explain("2026-11-24T09:00:00%2B01:00")).await;
    assert_eq!(
        (&open.body["offered"], &open.body["reasons"]),
        (&json!(true), &json!([])),
        "{}",
        open.text
    );
    assert_eq!(open.body["hosts"][0]["free"], true);
    let night = ann
        .get(&explain("2026-11-24T22:00&timezone=Europe/Berlin"))
        .await;
    assert_eq!(night.body["offered"], false);
    assert_eq!(
        night.body["hosts"][0]["reasons"],
        json!(["outside_host_hours"])
    );
    for (query, errors) in [
        ("", vec!["/query/start required"]),
        ("start=soon", vec!["/query/start not_a_time"]),
        ("start=2026-11-24", vec!["/query/start not_a_time"]),
        (
            "start=2026-11-24T09:00&duration=45",
            vec!["/query/duration no_such_duration"],
        ),
    ] {
        let answer = ann.get(&format!("{TYPES}/intro/explain?{query}")).await;
        assert_eq!(answer.errors(), errors, "{query}");
    }
}
