//! Bookings, as the members of a workspace see and change them.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{Answer, Server, WS, bookings, request};

const LIST: &str = "/api/v1/workspaces/acme/bookings";

fn of(booked: &Answer) -> String {
    format!("{LIST}/{}", booked.text_of("id"))
}

/// Lets Intro ask for approval.
async fn ask_for_approval(server: &Server) {
    let ann = server.ann().await;
    let path = format!("{WS}/event-types/intro");
    let rules = json!({ "approval": { "answer_within_minutes": 60 }, "cancellation": { "host_reason": "required" } });
    let changed = ann.patch(&path, rules).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
}

#[actix_web::test]
async fn a_request_is_approved_or_declined_once() {
    let server = Server::new().await;
    ask_for_approval(&server).await;
    let ann = server.ann().await;
    let first = server.book("intro", "2026-11-24T09:00:00+01:00").await;
    assert_eq!(
        (first.status.as_u16(), &first.body["status"]),
        (201, &json!("pending")),
        "{}",
        first.text
    );
    assert_eq!(first.body["waits_until"], "2026-11-20T10:00:00+01:00");
    let seen = ann.get(&of(&first)).await;
    assert_eq!(seen.body["actions"]["answer"], true);
    let approved = ann
        .post(&format!("{}/approve", of(&first)), json!({}))
        .await;
    assert_eq!(
        (approved.status.as_u16(), &approved.body["status"]),
        (200, &json!("confirmed"))
    );
    let again = ann
        .post(&format!("{}/approve", of(&first)), json!({}))
        .await;
    assert_eq!(again.is(), (409, "transition-not-allowed"));
    assert_eq!(
        (&again.body["from"], &again.body["to"]),
        (&json!("confirmed"), &json!("confirmed"))
    );

    let second = server.book("intro", "2026-11-25T09:00:00+01:00").await;
    let declined = ann
        .post(
            &format!("{}/decline", of(&second)),
            json!({ "reason": "Ill" }),
        )
        .await;
    assert_eq!(
        (
            &declined.body["status"],
            &declined.body["cancellation_reason"]
        ),
        (&json!("declined"), &json!("Ill"))
    );
    let guest = server
        .get(&format!(
            "/api/v1/public/bookings/{}",
            second.text_of("manage_token")
        ))
        .await;
    assert_eq!(guest.body["status"], "declined");
    let cancel = server
        .post(
            &format!(
                "/api/v1/public/bookings/{}/cancel",
                second.text_of("manage_token")
            ),
            json!({}),
        )
        .await;
    assert_eq!(cancel.is(), (409, "transition-not-allowed"));
}

#[actix_web::test]
async fn cancelling_needs_a_reason_where_one_is_asked_for_but_deleting_brings_its_own() {
    let server = Server::new().await;
    ask_for_approval(&server).await;
    let ann = server.ann().await;
    let booked = server.book("intro", "2026-11-24T09:00:00+01:00").await;
    let cancel = format!("{}/cancel", of(&booked));
    assert_eq!(
        ann.post(&cancel, json!({})).await.is(),
        (422, "reason-required")
    );
    assert_eq!(ann.delete(&of(&booked)).await.status, 204);
    assert_eq!(
        ann.delete(&of(&booked)).await.status,
        204,
        "repeating it is harmless"
    );
    let read = ann.get(&of(&booked)).await;
    assert_eq!(
        (&read.body["status"], &read.body["cancellation_reason"]),
        (&json!("cancelled"), &json!("cancelled via API"))
    );
    assert_eq!(read.body["cancelled_by"], "host");
    assert_eq!(ann.post(&cancel, json!({})).await.status, 200);
}

#[actix_web::test]
async fn a_booking_moves_with_its_version_its_history_and_its_key() {
    let server = Server::new().await;
    let ann = server.ann().await;
    let booked = server.book("intro", "2026-11-24T09:00:00+01:00").await;
    let path = of(&booked);
    let slots = ann
        .get(&format!(
            "{path}/slots?from=2026-11-24&to=2026-11-25&view=flat"
        ))
        .await;
    assert_eq!(
        slots.body["slots"][0]["start"], "2026-11-24T09:00:00+01:00",
        "its own time is free for it"
    );
    let move_to = |start: &str, tag: &str, key: &str| {
        ann.request("POST", &format!("{path}/reschedule"))
            .insert_header(("if-match", tag.to_owned()))
            .insert_header(("idempotency-key", key.to_owned()))
            .set_json(json!({ "start": start, "reason": "Train" }))
    };
    let moved = server
        .send(move_to("2026-11-24T10:00:00+01:00", "\"1\"", "a"))
        .await;
    assert_eq!(moved.status, 200, "{}", moved.text);
    assert_eq!(
        (&moved.body["start"], &moved.body["sequence"]),
        (&json!("2026-11-24T10:00:00+01:00"), &json!(1))
    );
    assert_eq!(moved.header("etag"), "\"2\"");
    let again = server
        .send(move_to("2026-11-24T10:00:00+01:00", "\"1\"", "a"))
        .await;
    assert_eq!(
        (again.status.as_u16(), again.header("idempotency-replayed")),
        (200, "true"),
        "{}",
        again.text
    );
    let reused = server
        .send(move_to("2026-11-24T11:00:00+01:00", "\"1\"", "a"))
        .await;
    assert_eq!(reused.is(), (422, "idempotency-key-reused"));
    let stale = server
        .send(move_to("2026-11-24T11:00:00+01:00", "\"1\"", "b"))
        .await;
    assert_eq!(stale.is(), (412, "version-conflict"));
    let other = server.book("intro", "2026-11-24T11:00:00+01:00").await;
    assert_eq!(other.status, 201);
    let taken = server
        .send(move_to("2026-11-24T11:00:00+01:00", "\"2\"", "c"))
        .await;
    assert_eq!(taken.is(), (409, "slot-taken"));
    let timeline = ann.get(&format!("{path}/timeline")).await;
    assert_eq!(timeline.each("change"), ["confirmed", "rescheduled"]);
    let entry = &timeline.body["data"][1];
    assert_eq!(
        (&entry["by"], &entry["member_name"], &entry["reason"]),
        (&json!("member"), &json!("Ann"), &json!("Train"))
    );
    assert_eq!(entry["previous_start"], "2026-11-24T08:00:00Z");
    let attendees = ann.get(&format!("{path}/attendees")).await;
    assert_eq!(attendees.each("email"), ["zoe@example.org"]);
}

#[actix_web::test]
async fn a_meeting_that_took_place_is_noted_and_put_right() {
    let server = Server::new().await;
    let ann = server.ann().await;
    let booked = server.book("intro", "2026-11-24T09:00:00+01:00").await;
    let path = of(&booked);
    let early = ann.post(&format!("{path}/no-show"), json!({})).await;
    assert_eq!(early.is(), (409, "transition-not-allowed"));
    server.clock.advance(TimeDelta::days(5));
    let missed = ann.post(&format!("{path}/no-show"), json!({})).await;
    assert_eq!(
        (missed.status.as_u16(), &missed.body["status"]),
        (200, &json!("no_show")),
        "{}",
        missed.text
    );
    let came = ann.post(&format!("{path}/complete"), json!({})).await;
    assert_eq!(came.body["status"], "completed", "{}", came.text);
    let guest = format!("/api/v1/public/bookings/{}", booked.text_of("manage_token"));
    assert_eq!(server.get(&guest).await.is(), (410, "link-expired"));
}

#[actix_web::test]
async fn bookings_are_filtered_searched_and_paged() {
    let server = Server::new().await;
    let ann = server.ann().await;
    let mut ids = Vec::new();
    for (event_type, start, name) in [
        ("intro", "2026-11-24T09:00:00+01:00", "Zoe"),
        ("watch", "2026-11-24T12:00:00+01:00", "Yan"),
        ("intro", "2026-11-25T09:00:00+01:00", "Xia"),
        ("watch", "2026-11-26T12:00:00+01:00", "Wim 100%"),
    ] {
        let mut body = request(start);
        body["invitee"]["name"] = json!(name);
        let booked = server.post(&bookings(event_type), body).await;
        assert_eq!(booked.status, 201, "{}", booked.text);
        ids.push(booked.text_of("id"));
    }
    ann.delete(&format!("{LIST}/{}", ids[2])).await;
    let moved = json!({ "start": "2026-11-27T12:00:00+01:00" });
    assert_eq!(
        ann.post(&format!("{LIST}/{}/reschedule", ids[3]), moved)
            .await
            .status,
        200
    );
    for (query, expected) in [
        ("", vec![0, 1, 2, 3]),
        ("sort=-start_time", vec![3, 2, 1, 0]),
        ("status=cancelled", vec![2]),
        ("status=confirmed,cancelled&event_type=intro", vec![0, 2]),
        ("status=rescheduled", vec![3]),
        ("from=2026-11-25&timezone=Europe/Berlin", vec![2, 3]),
        ("to=2026-11-24T12:00:00%2B01:00", vec![0]),
        ("host=me", vec![0, 2]),
        ("q=yAN", vec![1]),
        ("q=100%25", vec![3]),
        ("q=zoe@example", vec![0, 1, 2, 3]),
        ("q=nobody", vec![]),
    ] {
        let listed = ann.get(&format!("{LIST}?{query}")).await;
        let expected: Vec<String> = expected
            .into_iter()
            .map(|n: usize| ids[n].clone())
            .collect();
        assert_eq!(listed.each("id"), expected, "{query}");
    }
    for (query, error) in [
        ("status=done", "/query/status unknown_value"),
        ("sort=name", "/query/sort unknown_value"),
        ("from=soon", "/query/from not_a_time"),
        ("host=us_1", "/query/host not_an_id"),
        ("page=2", "/query/page unknown"),
    ] {
        assert_eq!(
            ann.get(&format!("{LIST}?{query}")).await.errors(),
            [error],
            "{query}"
        );
    }
    assert_eq!(
        ann.get(&format!("{LIST}?event_type=nothing")).await.is(),
        (404, "not-found")
    );

    for sort in ["start_time", "-start_time"] {
        let whole = ann.get(&format!("{LIST}?sort={sort}")).await.each("id");
        let first = ann.get(&format!("{LIST}?sort={sort}&limit=2")).await;
        assert_eq!(first.each("id"), whole[..2]);
        assert_eq!(first.body["page"]["prev_cursor"], Value::Null);
        let cursor = first.body["page"]["next_cursor"].as_str().unwrap();
        let second = ann
            .get(&format!("{LIST}?sort={sort}&limit=2&cursor={cursor}"))
            .await;
        assert_eq!(second.each("id"), whole[2..]);
        assert_eq!(second.body["page"]["has_more"], false);
        let cursor = second.body["page"]["prev_cursor"].as_str().unwrap();
        let back = ann
            .get(&format!("{LIST}?sort={sort}&limit=2&cursor={cursor}"))
            .await;
        assert_eq!(back.each("id"), whole[..2]);
        let other = if sort == "start_time" {
            "-start_time"
        } else {
            "start_time"
        };
        let mixed = ann
            .get(&format!("{LIST}?sort={other}&cursor={cursor}"))
            .await;
        assert_eq!(mixed.errors(), ["/query/cursor not_a_cursor"]);
    }
    let max = server.token("acme", "max@acme.example").await;
    assert_eq!(
        max.get(LIST).await.each("id").len(),
        0,
        "a member sees what he hosts"
    );
    assert_eq!(
        max.get(&format!("{LIST}/{}", ids[0])).await.is(),
        (404, "not-found")
    );
}

#[actix_web::test]
async fn a_member_books_for_a_guest_without_notice() {
    let server = Server::new().await;
    ask_for_approval(&server).await;
    let ann = server.ann().await;
    let id = ann
        .get(&format!("{WS}/event-types/intro"))
        .await
        .text_of("id");
    for (event_type, start) in [
        ("intro".to_owned(), "2026-11-20T09:30:00+01:00"),
        (id, "2026-11-20T10:30:00+01:00"),
    ] {
        let mut body = request(start);
        body["event_type"] = json!(event_type);
        let made = ann.post(LIST, body).await;
        assert_eq!(made.status, 201, "{}", made.text);
        assert_eq!(made.body["status"], "confirmed");
        assert_eq!(made.body["hosts"][0]["name"], "Ann");
        assert!(
            !made.text.contains("manage_token"),
            "the guest's link is the guest's"
        );
        assert_eq!(ann.get(made.header("location")).await.status, 200);
    }
    let max = server.token("acme", "max@acme.example").await;
    let mut body = request("2026-11-24T09:00:00+01:00");
    body["event_type"] = json!("intro");
    assert_eq!(max.post(LIST, body).await.is(), (403, "insufficient-role"));
    let nothing = ann.post(LIST, request("2026-11-24T09:00:00+01:00")).await;
    assert_eq!(nothing.errors(), ["/event_type required"]);
}
