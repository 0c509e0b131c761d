//! Signing in, one's own account, members, invitations, tokens, workspaces.

use actix_web::test::TestRequest;
use chrono::TimeDelta;
use scheduling_core::effect::Effect;
use scheduling_core::ports::{CredentialSealer as _, Storage as _};
use scheduling_testkit::PlainSealer;
use serde_json::{Value, json};

use super::{PASSWORD, Server, WS};

const SIGN_IN: &str = "/api/v1/auth/sign-in";

/// The secrets of the account mails that wait in the outbox, the last one last. The sealer of tests seals nothing.
pub(super) async fn mailed_tokens(server: &Server) -> Vec<String> {
    let mut work = server.storage.begin().await.unwrap();
    let now = scheduling_testkit::builders::instant("2027-11-20T08:00:00Z");
    let leased = work
        .outbox()
        .lease(now, TimeDelta::hours(1), 100)
        .await
        .unwrap();
    work.rollback().await.unwrap();
    let mut tokens = Vec::new();
    for effect in leased {
        if let Ok(Effect::NotifyAccount {
            sealed_token: Some(token),
            ..
        }) = effect.effect
        {
            tokens.push(hex::encode(PlainSealer.open(&token).unwrap()));
        }
    }
    tokens
}

#[actix_web::test]
async fn somebody_signs_in_looks_around_and_signs_out() {
    let server = Server::new().await;
    let ann = server.signed_in("ann@acme.example").await;
    let me = ann.get("/api/v1/me").await;
    assert_eq!(me.status, 200, "{}", me.text);
    assert_eq!(me.body["email"], "ann@acme.example");
    assert_eq!(me.body["workspaces"][0]["slug"], "acme");
    assert_eq!(me.body["workspaces"][0]["role"], "owner");
    assert_eq!(me.header("cache-control"), "no-store");

    let sessions = ann.get("/api/v1/me/sessions").await;
    assert_eq!(sessions.body["data"][0]["current"], true);
    let out = ann.post("/api/v1/auth/sign-out", json!({})).await;
    assert_eq!(out.status, 204, "{}", out.text);
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(ann.get("/api/v1/me").await.is(), (401, "unauthenticated"));
}

#[actix_web::test]
async fn the_cookie_is_kept_from_scripts_and_other_sites() {
    let server = Server::new().await;
    server.set_password("ann@acme.example").await;
    let body = json!({ "email": "ANN@acme.example", "password": PASSWORD });
    let answer = server.post(SIGN_IN, body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("__Host-kalends_session="), "{cookie}");
    for attribute in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/", "Max-Age="] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
    assert_eq!(answer.header("access-control-allow-origin"), "");
}

#[actix_web::test]
async fn a_wrong_password_and_an_unknown_address_are_one_answer() {
    let server = Server::new().await;
    server.set_password("ann@acme.example").await;
    let mut bodies = Vec::new();
    for (email, password) in [
        ("ann@acme.example", "wrong password"),
        ("nobody@acme.example", "wrong password"),
        // She has no password yet.
        ("max@acme.example", "wrong password"),
        ("no address", "wrong password"),
    ] {
        let answer = server
            .post(SIGN_IN, json!({ "email": email, "password": password }))
            .await;
        assert_eq!(answer.is(), (401, "sign-in-refused"));
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
        assert_eq!(answer.header("set-cookie"), "");
        bodies.push(super::isolation::told(&answer));
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "{bodies:#?}");
    let reset = |email: &str| {
        let body = json!({ "email": email });
        let server = &server;
        async move { server.post("/api/v1/auth/password-reset", body).await }
    };
    for email in ["ann@acme.example", "nobody@acme.example", "no address"] {
        let answer = reset(email).await;
        assert_eq!(
            (answer.status.as_u16(), answer.text.as_str()),
            (202, ""),
            "{email}"
        );
    }
}

#[actix_web::test]
async fn guessing_is_slowed_down() {
    let server = Server::new().await;
    let wrong = json!({ "email": "nobody@acme.example", "password": "wrong password" });
    for _ in 0..10 {
        assert_eq!(
            server.post(SIGN_IN, wrong.clone()).await.code(),
            "sign-in-refused"
        );
    }
    let answer = server.post(SIGN_IN, wrong).await;
    assert_eq!(answer.is(), (429, "rate-limited"));
    assert!(answer.header("retry-after").parse::<u32>().unwrap() > 0);
}

#[actix_web::test]
async fn a_forgotten_password_is_set_anew_once() {
    let server = Server::new().await;
    let ask = json!({ "email": "ann@acme.example" });
    assert_eq!(
        server.post("/api/v1/auth/password-reset", ask).await.status,
        202
    );
    let token = mailed_tokens(&server).await.pop().unwrap();
    let confirm = "/api/v1/auth/password-reset/confirm";
    let weak = server
        .post(confirm, json!({ "token": token, "password": "short" }))
        .await;
    assert_eq!(weak.errors(), ["/password too_short"]);
    let body = json!({ "token": token, "password": PASSWORD });
    assert_eq!(server.post(confirm, body.clone()).await.status, 204);
    assert_eq!(server.post(confirm, body).await.is(), (410, "link-expired"));
    let junk = server
        .post(
            confirm,
            json!({ "token": "0".repeat(64), "password": PASSWORD }),
        )
        .await;
    assert_eq!(junk.is(), (410, "link-expired"));
    let sign_in = json!({ "email": "ann@acme.example", "password": PASSWORD });
    assert_eq!(server.post(SIGN_IN, sign_in).await.status, 200);
}

#[actix_web::test]
async fn name_zone_and_password_are_changed_by_their_owner() {
    let server = Server::new().await;
    let ann = server.signed_in("ann@acme.example").await;
    let changed = ann
        .patch(
            "/api/v1/me",
            json!({ "name": "Anna", "timezone": "Asia/Tokyo" }),
        )
        .await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    assert_eq!(
        (&changed.body["name"], &changed.body["timezone"]),
        (&json!("Anna"), &json!("Asia/Tokyo"))
    );
    let untouched = ann.patch("/api/v1/me", json!({})).await;
    assert_eq!(untouched.body, changed.body);

    let wrong = json!({ "password": { "present": "not mine at all", "new": "a quiet harbour" } });
    assert_eq!(
        ann.patch("/api/v1/me", wrong).await.errors(),
        ["/password/present wrong_password"]
    );
    let weak =
        json!({ "name": "Nobody", "password": { "present": PASSWORD, "new": "passwordpassword" } });
    assert_eq!(
        ann.patch("/api/v1/me", weak).await.errors(),
        ["/password/new too_common"]
    );
    let other = server.signed_in("max@acme.example").await;
    assert_eq!(other.get("/api/v1/me").await.status, 200);
    let good = json!({ "password": { "present": PASSWORD, "new": "a quiet harbour" } });
    let answer = ann.patch("/api/v1/me", good).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.body["name"]),
        (200, &json!("Anna"))
    );
    for (body, error) in [
        (json!({ "name": "" }), "/name empty"),
        (json!({ "email": "new@acme.example" }), "/email unknown"),
        (
            json!({ "timezone": "Mars/Base" }),
            "/timezone invalid_timezone",
        ),
        (json!({ "password": "x" }), "/password wrong_type"),
    ] {
        assert_eq!(ann.patch("/api/v1/me", body).await.errors(), [error]);
    }
}

#[actix_web::test]
async fn sessions_are_listed_and_ended_one_by_one_and_all() {
    let server = Server::new().await;
    let first = server.signed_in("ann@acme.example").await;
    let again = || async {
        let body = json!({ "email": "ann@acme.example", "password": PASSWORD });
        let request = TestRequest::post()
            .uri(SIGN_IN)
            .insert_header(("user-agent", "Test/1"))
            .peer_addr("203.0.113.9:1234".parse().unwrap())
            .set_json(body);
        server.send(request).await
    };
    again().await;
    again().await;
    let listed = first.get("/api/v1/me/sessions").await;
    let sessions = listed.body["data"].as_array().unwrap();
    assert_eq!(sessions.len(), 3);
    let other = sessions.iter().find(|s| s["current"] == false).unwrap();
    assert_eq!(
        (&other["user_agent"], &other["ip"]),
        (&json!("Test/1"), &json!("203.0.113.9"))
    );
    let path = format!("/api/v1/me/sessions/{}", other["id"].as_str().unwrap());
    assert_eq!(first.delete(&path).await.status, 204);
    assert_eq!(first.delete(&path).await.is(), (404, "not-found"));
    assert_eq!(first.delete("/api/v1/me/sessions").await.status, 204);
    let left = first.get("/api/v1/me/sessions").await;
    assert_eq!(left.body["data"].as_array().unwrap().len(), 1);
    assert_eq!(
        first.delete("/api/v1/me/sessions/current").await.status,
        204
    );
    assert_eq!(first.get("/api/v1/me").await.status, 401);
}

#[actix_web::test]
async fn a_token_is_shown_once_and_is_good_until_it_is_revoked() {
    let server = Server::new().await;
    let ann = server.signed_in("ann@acme.example").await;
    let body = json!({
        "workspace": "acme",
        "name": "Export",
        "scopes": ["bookings:read", "members:read"],
        "expires_at": "2026-12-01T00:00:00Z",
    });
    let keyed = || {
        ann.request("POST", "/api/v1/me/tokens")
            .insert_header(("idempotency-key", "once"))
            .set_json(body.clone())
    };
    let made = server.send(keyed()).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let text = made.text_of("token");
    assert!(text.starts_with("kal_live_"));
    assert!(text.starts_with(&made.text_of("visible")));
    let again = server.send(keyed()).await;
    assert_eq!(
        (again.status.as_u16(), again.header("idempotency-replayed")),
        (201, "true")
    );
    assert_eq!(
        (&again.body["id"], &again.body["token"]),
        (&made.body["id"], &Value::Null)
    );
    let location = made.header("location");
    assert_eq!(ann.get(location).await.body["token"], Value::Null);

    let bearer = |path: &str| {
        TestRequest::get()
            .uri(path)
            .insert_header(("authorization", format!("bearer {text}")))
    };
    assert_eq!(
        server.send(bearer(&format!("{WS}/bookings"))).await.status,
        200
    );
    let refused = server.send(bearer(&format!("{WS}/event-types"))).await;
    assert_eq!(refused.is(), (403, "insufficient-scope"));
    assert_eq!(refused.body["required_scope"], "event_types:read");
    assert!(
        refused
            .header("www-authenticate")
            .contains("scope=\"event_types:read\"")
    );
    assert_eq!(
        server.send(bearer("/api/v1/me/tokens")).await.is(),
        (403, "session-required")
    );
    assert_eq!(
        server.send(bearer("/api/v1/me")).await.body["workspaces"]
            .as_array()
            .unwrap()
            .len(),
        1
    );

    server.clock.advance(TimeDelta::days(15));
    assert_eq!(
        server.send(bearer("/api/v1/me")).await.is(),
        (401, "unauthenticated")
    );
    assert_eq!(ann.delete(location).await.status, 204);
    assert_eq!(ann.get(location).await.is(), (404, "not-found"));
    for (body, errors) in [
        (
            json!({}),
            vec!["/workspace required", "/name required", "/scopes required"],
        ),
        (
            json!({ "workspace": "acme", "name": "x", "scopes": ["all"] }),
            vec!["/scopes/0 unknown_value"],
        ),
        (
            json!({ "workspace": "acme", "name": "x", "scopes": [] }),
            vec!["/scopes empty"],
        ),
        (
            json!({ "workspace": "acme", "name": "x", "scopes": ["outbox:read"], "expires_at": "2020-01-01T00:00:00Z" }),
            vec!["/expires_at in_the_past"],
        ),
    ] {
        assert_eq!(ann.post("/api/v1/me/tokens", body).await.errors(), errors);
    }
    let foreign = json!({ "workspace": "other", "name": "x", "scopes": ["outbox:read"] });
    assert_eq!(
        ann.post("/api/v1/me/tokens", foreign).await.is(),
        (404, "not-found")
    );
}

#[actix_web::test]
async fn an_owner_sees_and_revokes_everybodys_tokens_and_a_member_his_own() {
    let server = Server::new().await;
    let _max = server.token("acme", "max@acme.example").await;
    let ann = server.signed_in("ann@acme.example").await;
    let max = server.signed_in("max@acme.example").await;
    server.ann().await;
    let tokens = format!("{WS}/tokens");
    assert_eq!(ann.get(&tokens).await.each("id").len(), 2);
    let own = max.get(&tokens).await.each("id");
    assert_eq!(own.len(), 1);
    let anns: Vec<String> = ann.get("/api/v1/me/tokens").await.each("id");
    let foreign = max.delete(&format!("{tokens}/{}", anns[0])).await;
    assert_eq!(foreign.is(), (404, "not-found"));
    assert_eq!(
        max.delete(&format!("/api/v1/me/tokens/{}", anns[0]))
            .await
            .status,
        404
    );
    assert_eq!(
        ann.delete(&format!("{tokens}/{}", own[0])).await.status,
        204
    );
    assert_eq!(max.get(&tokens).await.each("id").len(), 0);
}

#[actix_web::test]
async fn a_workspace_is_made_changed_and_read_by_id_and_slug() {
    let server = Server::new().await;
    let ann = server.signed_in("ann@acme.example").await;
    let body = json!({ "slug": "second", "name": "Second", "description": "Another" });
    let made = ann.post("/api/v1/workspaces", body.clone()).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(made.body["role"], "owner");
    let twice = ann.post("/api/v1/workspaces", body).await;
    assert_eq!(twice.is(), (409, "slug-taken"));
    let location = made.header("location").to_owned();
    let by_slug = ann.get("/api/v1/workspaces/second").await;
    assert_eq!(by_slug.body, ann.get(&location).await.body);
    assert_eq!(by_slug.header("etag"), "\"1\"");

    let blind = ann
        .request("PATCH", &location)
        .set_json(json!({ "name": "Third" }));
    assert_eq!(
        server.send(blind).await.is(),
        (428, "precondition-required")
    );
    let patch = |tag: &str| {
        ann.request("PATCH", &location)
            .insert_header(("if-match", tag.to_owned()))
            .insert_header(("content-type", "application/merge-patch+json"))
            .set_payload(json!({ "slug": "third", "description": null }).to_string())
    };
    let changed = server.send(patch("\"1\"")).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    assert_eq!(changed.body["slug"], "third");
    assert_eq!(
        (&changed.body["name"], &changed.body["description"]),
        (&json!("Second"), &Value::Null)
    );
    assert_eq!(changed.header("etag"), "\"2\"");
    let stale = server.send(patch("\"1\"")).await;
    assert_eq!(stale.is(), (412, "version-conflict"));
    assert_eq!(
        (&stale.body["current"], stale.header("etag")),
        (&json!(2), "\"2\"")
    );
    assert_eq!(
        ann.change("PUT", &location, json!({ "slug": "acme", "name": "x" }))
            .await
            .is(),
        (409, "slug-taken")
    );
    assert_eq!(
        ann.get("/api/v1/workspaces").await.each("slug"),
        ["acme", "third"]
    );
    let max = server.token("acme", "max@acme.example").await;
    assert_eq!(
        max.patch(WS, json!({ "name": "Mine" })).await.is(),
        (403, "insufficient-role")
    );
}

#[actix_web::test]
async fn members_change_roles_and_go_by_the_rules() {
    let server = Server::new().await;
    let ann = server.ann().await;
    let members = ann.get(&format!("{WS}/members")).await;
    assert_eq!(members.each("name"), ["Ann", "Max", "Night"]);
    let ids = members.each("id");
    let (own, max) = (
        format!("{WS}/members/me"),
        format!("{WS}/members/{}", ids[1]),
    );
    assert_eq!(ann.get(&own).await.body["role"], "owner");
    let promoted = ann.patch(&max, json!({ "role": "admin" })).await;
    assert_eq!(
        (promoted.status.as_u16(), &promoted.body["role"]),
        (200, &json!("admin"))
    );
    let demoted = ann.patch(&own, json!({ "role": "member" })).await;
    assert_eq!(demoted.is(), (409, "last-owner"));
    let by_max = server.token("acme", "max@acme.example").await;
    let to_owner = by_max.patch(&max, json!({ "role": "owner" })).await;
    assert_eq!(to_owner.is(), (403, "insufficient-role"));
    assert_eq!(
        ann.patch(&max, json!({ "role": "king" })).await.errors(),
        ["/role unknown_value"]
    );
    let hosting = ann.delete(&format!("{WS}/members/{}", ids[2])).await;
    assert_eq!(hosting.is(), (409, "in-use"));
    assert_eq!(hosting.body["used_by"][0]["kind"], "event_type");
    assert_eq!(ann.delete(&max).await.status, 204);
    assert_eq!(
        by_max.get(WS).await.is(),
        (401, "unauthenticated"),
        "his tokens went with him"
    );
    assert_eq!(ann.delete(&max).await.is(), (404, "not-found"));
}

#[actix_web::test]
async fn an_invitation_is_sent_looked_at_and_accepted() {
    let server = Server::new().await;
    let ann = server.ann().await;
    let invitations = format!("{WS}/invitations");
    let body = json!({ "email": "new@acme.example", "role": "admin" });
    let made = ann.post(&invitations, body.clone()).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert!(
        !made.text.contains("token"),
        "the secret is in the mail alone"
    );
    let twice = ann.post(&invitations, body).await;
    assert_eq!(twice.is(), (409, "already-member"));
    assert_eq!(twice.body["invitation"], made.body["id"]);
    let member = ann
        .post(&invitations, json!({ "email": "max@acme.example" }))
        .await;
    assert_eq!(member.is(), (409, "already-member"));
    assert_eq!(
        ann.get(&invitations).await.each("email"),
        ["new@acme.example"]
    );

    let token = mailed_tokens(&server).await.pop().unwrap();
    let look = "/api/v1/auth/invitations/look";
    let offer = server.post(look, json!({ "token": token })).await;
    assert_eq!(
        (&offer.body["workspace"], &offer.body["has_account"]),
        (&json!("Acme"), &json!(false))
    );
    let junk = server.post(look, json!({ "token": "junk" })).await;
    assert_eq!(junk.is(), (410, "link-expired"));
    let accept = "/api/v1/auth/invitations/accept";
    let account = json!({ "token": token, "name": "New", "timezone": "UTC", "password": PASSWORD });
    let accepted = server.post(accept, account.clone()).await;
    assert_eq!(accepted.status, 200, "{}", accepted.text);
    assert_eq!(accepted.body["workspaces"][0]["role"], "admin");
    assert!(accepted.header("set-cookie").contains("kalends_session="));
    assert_eq!(
        server.post(accept, account).await.is(),
        (410, "link-expired")
    );

    // Somebody who has an account signs in first.
    let eve = json!({ "email": "eve@other.example" });
    let invited = ann.post(&invitations, eve).await;
    let path = format!("{invitations}/{}", invited.text_of("id"));
    assert_eq!(
        ann.post(&format!("{path}/resend"), json!({})).await.status,
        200
    );
    let token = mailed_tokens(&server).await.pop().unwrap();
    let account = json!({ "token": token, "name": "Eve", "timezone": "UTC", "password": PASSWORD });
    assert_eq!(
        server.post(accept, account).await.is(),
        (409, "account-mismatch")
    );
    let max = server.signed_in("max@acme.example").await;
    let as_me = "/api/v1/me/invitations/accept";
    assert_eq!(
        max.post(as_me, json!({ "token": token })).await.is(),
        (409, "account-mismatch")
    );
    let eve = server.signed_in("eve@other.example").await;
    let joined = eve.post(as_me, json!({ "token": token })).await;
    assert_eq!(
        (&joined.body["slug"], &joined.body["role"]),
        (&json!("acme"), &json!("member"))
    );
    assert_eq!(
        ann.delete(&path).await.is(),
        (404, "not-found"),
        "it is not open any more"
    );
}

#[actix_web::test]
async fn the_audit_trail_says_who_did_what_page_by_page() {
    let server = Server::new().await;
    let ann = server.ann().await;
    for name in ["One", "Two", "Three"] {
        assert_eq!(ann.patch(WS, json!({ "name": name })).await.status, 200);
    }
    let path = format!("{WS}/audit?limit=2");
    let first = ann.get(&path).await;
    assert_eq!(
        first.each("action"),
        ["workspace.updated", "workspace.updated"]
    );
    assert!(
        first.body["data"][0]["token"]
            .as_str()
            .unwrap()
            .starts_with("tk_")
    );
    let cursor = first.body["page"]["next_cursor"].as_str().unwrap();
    assert!(
        first
            .header("link")
            .contains(&format!("cursor={cursor}>; rel=\"next\""))
    );
    let second = ann.get(&format!("{path}&cursor={cursor}")).await;
    assert_eq!(second.each("action")[0], "workspace.updated");
    assert_ne!(second.each("id")[0], first.each("id")[1]);
    let max = server.token("acme", "max@acme.example").await;
    assert_eq!(max.get(&path).await.is(), (403, "insufficient-role"));
}
