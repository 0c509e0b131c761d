//! The outbox and the words of messages.

use chrono::TimeDelta;
use scheduling_core::ports::{Clock as _, Storage as _};
use serde_json::{Value, json};

use super::{Server, WS};

const MESSAGES: &str = "/api/v1/workspaces/acme/messages";

#[actix_web::test]
async fn what_was_given_up_is_seen_and_tried_again() {
    let server = Server::new().await;
    let ann = server.ann().await;
    assert_eq!(
        server
            .book("intro", "2026-11-24T09:00:00+01:00")
            .await
            .status,
        201
    );
    let outbox = format!("{WS}/outbox");
    let waiting = ann.get(&format!("{outbox}?status=ready")).await;
    assert!(waiting.each("id").len() >= 2, "{}", waiting.text);
    let path = format!("{outbox}/{}", waiting.each("id")[0]);
    let replay = format!("{path}/replay");
    assert_eq!(ann.post(&replay, json!({})).await.is(), (409, "not-failed"));

    let now = server.clock.now();
    let mut work = server.storage.begin().await.unwrap();
    let leased = work
        .outbox()
        .lease(now, TimeDelta::minutes(1), 1)
        .await
        .unwrap();
    work.outbox()
        .fail(leased[0].id, now, "550 no such user")
        .await
        .unwrap();
    work.commit().await.unwrap();
    let failed = ann.get(&format!("{outbox}?status=failed")).await;
    let entry = &failed.body["data"][0];
    assert_eq!(
        (&entry["last_error"], &entry["kind"]),
        (&json!("550 no such user"), &json!("notify"))
    );
    let path = format!("{outbox}/{}", entry["id"].as_str().unwrap());
    assert_eq!(ann.get(&path).await.body["tries"], json!([]));
    let again = ann.post(&format!("{path}/replay"), json!({})).await;
    assert_eq!(
        (again.status.as_u16(), &again.body["status"]),
        (200, &json!("ready")),
        "{}",
        again.text
    );
    assert_eq!(
        ann.get(&format!("{outbox}?status=failed")).await.body["data"],
        json!([])
    );

    let all = ann.get(&outbox).await.each("id");
    let first = ann.get(&format!("{outbox}?limit=1")).await;
    let cursor = first.body["page"]["next_cursor"]
        .as_str()
        .unwrap()
        .to_owned();
    let second = ann.get(&format!("{outbox}?limit=1&cursor={cursor}")).await;
    assert_eq!([first.each("id"), second.each("id")].concat(), all[..2]);
    let max = server.token("acme", "max@acme.example").await;
    assert_eq!(max.get(&outbox).await.is(), (403, "insufficient-role"));
}

#[actix_web::test]
async fn words_are_set_previewed_and_taken_back() {
    let server = Server::new().await;
    let ann = server.ann().await;
    let variables = ann.get(&format!("{MESSAGES}/variables")).await;
    let name = variables.each("name")[0].clone();
    let words = json!({ "kind": "confirmed", "audience": "invitee", "subject": "Hooray", "body": format!("x {{{{ {name} }}}} y") });
    let set = ann.send_json("PUT", MESSAGES, words.clone()).await;
    assert_eq!(set.status, 204, "{}", set.text);
    let listed = ann.get(MESSAGES).await;
    assert_eq!(listed.body["data"][0]["subject"], "Hooray");
    assert_eq!(listed.body["data"][0]["event_type"], Value::Null);
    let preview = ann
        .post(
            &format!("{MESSAGES}/preview"),
            json!({ "kind": "confirmed", "audience": "invitee" }),
        )
        .await;
    assert_eq!(
        (preview.status.as_u16(), &preview.body["subject"]),
        (200, &json!("Hooray")),
        "{}",
        preview.text
    );
    let other = ann
        .post(
            &format!("{MESSAGES}/preview"),
            json!({ "kind": "reminder", "audience": "host", "subject": "Soon" }),
        )
        .await;
    assert_eq!(other.body["subject"], "Soon");
    let own = json!({ "kind": "confirmed", "audience": "invitee", "event_type": "intro", "subject": "Only here" });
    assert_eq!(ann.send_json("PUT", MESSAGES, own).await.status, 204);
    assert_eq!(
        ann.get(MESSAGES).await.body["data"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let back = json!({ "kind": "confirmed", "audience": "invitee" });
    assert_eq!(ann.send_json("PUT", MESSAGES, back).await.status, 204);
    assert_eq!(
        ann.get(MESSAGES).await.body["data"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    for (body, error) in [
        (
            json!({ "kind": "confirmed", "audience": "invitee", "subject": "{{ open" }),
            "/subject not_a_template",
        ),
        (
            json!({ "kind": "confirmed", "audience": "invitee", "body": "{% for x in %}" }),
            "/body not_a_template",
        ),
        (
            json!({ "kind": "hello", "audience": "invitee" }),
            "/kind unknown_value",
        ),
        (
            json!({ "kind": "confirmed", "audience": "everyone" }),
            "/audience unknown_value",
        ),
    ] {
        assert_eq!(ann.send_json("PUT", MESSAGES, body).await.errors(), [error]);
    }
    let max = server.token("acme", "max@acme.example").await;
    assert_eq!(
        max.send_json("PUT", MESSAGES, words).await.is(),
        (403, "insufficient-role")
    );
}
