//! Nobody learns of what is not his, not even whether it exists: every operation of the description is tried by members
//! of other workspaces, by nobody, and with wrong, expired, revoked and too narrow tokens, once on what is there and once
//! on what is not. The two answers must be one.

use std::collections::BTreeMap;

use actix_web::http::header::HeaderMap;
use actix_web::test::TestRequest;
use chrono::TimeDelta;
use scheduling_accounts::tokens::NewToken;
use scheduling_accounts::{ApiTokenText, Scope, Scopes};
use scheduling_core::ports::{Clock as _, SecretSource};
use serde_json::{Value, json};

use super::{Answer, Client, Server, WS, contract};
use crate::rest::access::{self, Access, OPERATIONS, Operation};

/// What an answer tells: everything but the request's id.
pub(super) fn told(answer: &Answer) -> String {
    let mut body = answer.body.clone();
    if let Some(body) = body.as_object_mut() {
        body.remove("request_id");
        body.remove("instance");
    }
    let headers: &HeaderMap = &answer.headers;
    let mut told: BTreeMap<String, String> = headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    told.remove("x-request-id");
    format!("{} {told:?} {body}", answer.status)
}

/// Things of Acme by the parts of paths that name them.
pub(super) type Things = BTreeMap<&'static str, String>;

/// One of everything.
pub(super) async fn things(server: &Server) -> Things {
    let ann = server.ann().await;
    let booked = server.book("intro", "2026-11-24T09:00:00+01:00").await;
    assert_eq!(booked.status, 201, "{}", booked.text);
    let slot = json!({ "start": "2026-11-25T09:00:00+01:00" });
    let held = server
        .post("/api/v1/public/acme/event-types/intro/holds", slot)
        .await;
    let link = json!({ "slug": "private-link" });
    let link = ann
        .post(&format!("{WS}/event-types/intro/links"), link)
        .await;
    let off = json!({ "of": "me", "timezone": "UTC", "from": "2027-01-01", "to": "2027-01-02" });
    let off = ann.post(&format!("{WS}/time-off"), off).await;
    let invited = json!({ "email": "new@acme.example" });
    let invited = ann.post(&format!("{WS}/invitations"), invited).await;
    let png = json!({ "data": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ" });
    let image = ann.post(&format!("{WS}/images"), png).await;
    let browser = server.signed_in("ann@acme.example").await;
    let id = |answer: &Answer| answer.text_of("id");
    let first = |answer: Answer| answer.each("id")[0].clone();
    BTreeMap::from([
        ("workspace", first(browser.get("/api/v1/workspaces").await)),
        ("event", "intro".to_owned()),
        (
            "event_type",
            first(ann.get(&format!("{WS}/event-types")).await),
        ),
        ("link", id(&link)),
        ("schedule", first(ann.get(&format!("{WS}/schedules")).await)),
        ("time_off", id(&off)),
        ("booking", id(&booked)),
        ("entry", first(ann.get(&format!("{WS}/outbox")).await)),
        ("invitation", id(&invited)),
        ("member", first(ann.get(&format!("{WS}/members")).await)),
        ("token", first(browser.get("/api/v1/me/tokens").await)),
        ("session", first(browser.get("/api/v1/me/sessions").await)),
        ("image", id(&image)),
        ("manage_token", booked.text_of("manage_token")),
        ("hold_token", held.text_of("token")),
    ])
}

/// Names of the same shape that name nothing.
fn nothing(things: &Things) -> Things {
    let unlike = |text: &String| match text.split_once('_') {
        Some((kind, digits)) => format!("{kind}_{}", "f".repeat(digits.len())),
        None if text.len() == 64 => "f".repeat(64),
        None => "nothing".to_owned(),
    };
    things
        .iter()
        .map(|(part, text)| (*part, unlike(text)))
        .collect()
}

pub(super) fn fill(pattern: &str, things: &Things) -> String {
    let parts: Vec<&str> = pattern
        .split('/')
        .map(|part| match part.strip_prefix('{') {
            None => part,
            Some(name) => {
                let name = name.strip_suffix('}').unwrap();
                things
                    .get(name)
                    .unwrap_or_else(|| panic!("say what {name} is in `things`"))
            }
        })
        .collect();
    parts.join("/")
}

/// All operations of the description under the prefix.
fn operations() -> Vec<&'static Operation> {
    let mut found = Vec::new();
    for (path, item) in contract::document()["paths"].as_object().unwrap() {
        let Some(pattern) = path.strip_prefix(super::super::PREFIX) else {
            continue;
        };
        for method in item.as_object().unwrap().keys() {
            let method = method.to_uppercase();
            let known = OPERATIONS
                .iter()
                .find(|o| o.pattern == pattern && o.method == method);
            found.push(known.unwrap_or_else(|| panic!("{method} {pattern} is in no table")));
        }
    }
    assert!(found.len() > 80);
    found
}

/// A body that would do if everything else were right.
fn body(operation: &Operation) -> Value {
    let email = json!({ "email": "x@example.org" });
    match (
        operation.method,
        operation.pattern.rsplit('/').next().unwrap(),
    ) {
        ("PATCH", "{member}") => json!({ "role": "member" }),
        ("POST", "invitations") => email,
        ("POST", "reschedule") => json!({ "start": "2026-11-26T09:00:00+01:00" }),
        ("PUT", "event-type-order") => json!({ "event_types": [] }),
        ("PUT", "messages") | ("POST", "preview") => {
            json!({ "kind": "reminder", "audience": "host" })
        }
        ("POST", "images") => json!({ "data": "iVBORw0KGgo=" }),
        ("POST", "links") => json!({ "name": "x" }),
        ("PUT", "{schedule}") => {
            json!({ "name": "x", "availability": { "timezone": "UTC", "weekly_hours": {} } })
        }
        ("POST" | "PUT", "time-off" | "{time_off}") => {
            json!({ "of": "me", "timezone": "UTC", "from": "2027-01-01", "to": "2027-01-02" })
        }
        ("PUT", "{event_type}") => json!({
            "slug": "x", "title": "X", "duration_minutes": 30, "timezone": "UTC",
            "host_groups": [{ "hosts": [{ "user": format!("us_{}", "f".repeat(32)) }] }],
            "locations": [{ "kind": "ask_invitee" }],
        }),
        _ => json!({}),
    }
}

fn query(operation: &Operation) -> &'static str {
    if operation.pattern.ends_with("/explain") {
        "?start=2026-11-24T09:00:00Z"
    } else {
        ""
    }
}

fn ask(
    operation: &Operation,
    things: &Things,
    who: Option<&(&'static str, String)>,
) -> TestRequest {
    let path = format!(
        "/api/v1{}{}",
        fill(operation.pattern, things),
        query(operation)
    );
    let mut request = TestRequest::with_uri(&path)
        .method(operation.method.parse().unwrap())
        .insert_header(("if-match", "*"));
    if let Some(header) = who {
        request = request
            .insert_header(header.clone())
            .insert_header(("sec-fetch-site", "same-origin"));
    }
    if operation.method == "GET" || operation.method == "DELETE" {
        request
    } else {
        request.set_json(body(operation))
    }
}

struct Unknown;

impl SecretSource for Unknown {
    fn secret(&self) -> [u8; 32] {
        [0xee; 32]
    }
}

fn bearer(text: &ApiTokenText) -> (&'static str, String) {
    ("authorization", format!("Bearer {text}"))
}

/// Tokens that prove nothing: one that never was, one that has expired, one that was revoked.
async fn bad_tokens(server: &Server) -> Vec<(&'static str, (&'static str, String))> {
    let make = |expires_at| {
        let token = NewToken {
            name: "Bad".parse().unwrap(),
            scopes: Scope::all().collect(),
            expires_at,
        };
        async move {
            let (workspace, ann) = ("acme".parse().unwrap(), "ann@acme.example".parse().unwrap());
            let made = server
                .accounts
                .create_token_for(&workspace, &ann, &token)
                .await;
            made.unwrap()
        }
    };
    let expired = make(Some(server.clock.now() + TimeDelta::minutes(1))).await;
    let revoked = make(None).await;
    let ann = server.signed_in("ann@acme.example").await;
    let id = crate::http::ids::WireId::wire(revoked.token.id);
    assert_eq!(
        ann.delete(&format!("/api/v1/me/tokens/{id}")).await.status,
        204
    );
    server.clock.advance(TimeDelta::minutes(2));
    vec![
        ("unknown", bearer(&ApiTokenText::generate(&Unknown))),
        ("expired", bearer(&expired.text.unwrap())),
        ("revoked", bearer(&revoked.text.unwrap())),
        (
            "malformed",
            ("authorization", "Bearer kal_live_00".to_owned()),
        ),
        (
            "no session",
            (
                "cookie",
                format!("__Host-kalends_session={}", "e".repeat(64)),
            ),
        ),
    ]
}

#[actix_web::test]
async fn whoever_proves_nothing_is_told_nothing() {
    let server = Server::new().await;
    let things = things(&server).await;
    let nothing = nothing(&things);
    let bad = bad_tokens(&server).await;
    for operation in operations() {
        if matches!(operation.access, Access::Public | Access::Anonymous) {
            continue;
        }
        let mut answers = Vec::new();
        let nobody = [("nobody", None)];
        let others = bad.iter().map(|(name, header)| (*name, Some(header)));
        for (name, who) in nobody.into_iter().chain(others) {
            for named in [&things, &nothing] {
                let answer = server.send(ask(operation, named, who)).await;
                assert_eq!(
                    answer.is(),
                    (401, "unauthenticated"),
                    "{name}: {operation:?}"
                );
                let mut told = told(&answer);
                // Pages of other sites may read what was asked with a token.
                for header in [
                    "access-control-allow-origin",
                    "access-control-expose-headers",
                ] {
                    let value = answer.header(header);
                    told = told.replace(&format!("{header:?}: {value:?}, "), "");
                }
                answers.push(told);
            }
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "{operation:?}: {answers:#?}");
    }
}

#[actix_web::test]
async fn members_of_other_workspaces_cannot_tell_a_workspace_from_none() {
    let server = Server::new().await;
    let things = things(&server).await;
    let nothing = nothing(&things);
    let by_token = server.token("other", "eve@other.example").await;
    let by_session = server.signed_in("eve@other.example").await;
    for operation in operations() {
        if !operation.pattern.starts_with("/workspaces/{workspace}") {
            continue;
        }
        for eve in [&by_token, &by_session] {
            let mut by_slug = things.clone();
            by_slug.insert("workspace", "acme".to_owned());
            let mut answers = Vec::new();
            for named in [&things, &by_slug, &nothing] {
                let answer = server.send(ask(operation, named, Some(&eve.header))).await;
                assert_eq!(answer.is(), (404, "not-found"), "{operation:?}");
                answers.push(told(&answer));
            }
            answers.dedup();
            assert_eq!(answers.len(), 1, "{operation:?}: {answers:#?}");
        }
    }
}

#[actix_web::test]
async fn things_of_other_workspaces_are_not_there_in_ones_own() {
    let server = Server::new().await;
    let mut foreign = things(&server).await;
    let mut nothing = nothing(&foreign);
    for named in [&mut foreign, &mut nothing] {
        named.insert("workspace", "other".to_owned());
    }
    let eve = server.signed_in("eve@other.example").await;
    for operation in operations() {
        let names_a_thing = operation.pattern.matches('{').count() > 1
            || operation.pattern.starts_with("/me/") && operation.pattern.contains('{');
        if !names_a_thing || matches!(operation.access, Access::Public) {
            continue;
        }
        let mut answers = Vec::new();
        for named in [&foreign, &nothing] {
            let answer = server.send(ask(operation, named, Some(&eve.header))).await;
            assert_eq!(
                answer.is(),
                (404, "not-found"),
                "{operation:?}: {}",
                answer.text
            );
            answers.push(told(&answer));
        }
        assert_eq!(answers[0], answers[1], "{operation:?}");
    }
    // Nothing has changed on the way.
    let ann = server.ann().await;
    let booking = ann
        .get(&format!("{WS}/bookings/{}", foreign["booking"]))
        .await;
    assert_eq!(
        (&booking.body["status"], &booking.body["version"]),
        (&json!("confirmed"), &json!(1))
    );
    assert_eq!(
        ann.get(&format!("{WS}/event-types/intro")).await.body["version"],
        1
    );
}

#[actix_web::test]
async fn a_token_without_the_scope_hears_of_the_scope_and_of_nothing_else() {
    let server = Server::new().await;
    let things = things(&server).await;
    let mut nothing = nothing(&things);
    nothing.insert("workspace", "acme".to_owned());
    for operation in operations() {
        let (client, expected) = match operation.access {
            Access::Workspace(needed) => {
                // Everything but what is needed; reading the same, where it is to be written.
                let scopes: Scopes = Scope::all()
                    .filter(|held| held.resource != needed.resource || *held < needed)
                    .filter(|held| {
                        held.resource != needed.resource || needed == Scope::write(needed.resource)
                    })
                    .collect();
                let scopes = scopes.to_string();
                let client = server.token_for("acme", "ann@acme.example", &scopes).await;
                (client, (403, "insufficient-scope"))
            }
            Access::Session | Access::WorkspaceSession => {
                (server.ann().await, (403, "session-required"))
            }
            Access::Public | Access::Anonymous | Access::SignedIn => continue,
        };
        // A person has at most so many tokens.
        let mut answers = Vec::new();
        for named in [&things, &nothing] {
            let answer = server
                .send(ask(operation, named, Some(&client.header)))
                .await;
            assert_eq!(answer.is(), expected, "{operation:?}: {}", answer.text);
            answers.push(told(&answer));
        }
        assert_eq!(answers[0], answers[1], "{operation:?}");
        revoke_all(&server).await;
    }
}

/// Makes room for further tokens.
async fn revoke_all(server: &Server) {
    use scheduling_accounts::{Principal, PrincipalKind};
    use scheduling_core::ports::Storage as _;

    let mut work = server.storage.begin_read().await.unwrap();
    let ann = work
        .directory()
        .person_by_email(&"ann@acme.example".parse().unwrap())
        .await
        .unwrap();
    drop(work);
    let principal = Principal {
        user: ann.unwrap().id,
        kind: PrincipalKind::Session(scheduling_accounts::ids::SessionId::from_uuid(
            uuid::Uuid::nil(),
        )),
    };
    for token in server.accounts.my_tokens(&principal).await.unwrap() {
        server
            .accounts
            .revoke_token(&principal, token.id)
            .await
            .unwrap();
    }
}

#[actix_web::test]
async fn secrets_of_links_that_name_nothing_are_one_answer_whatever_they_look_like() {
    let server = Server::new().await;
    let things = things(&server).await;
    let real: &str = &things["manage_token"];
    for operation in operations() {
        let part = match operation.pattern {
            pattern if pattern.contains("{manage_token}") => "manage_token",
            pattern if pattern.contains("{hold_token}") => "hold_token",
            pattern if pattern.contains("{image}") => "image",
            _ => continue,
        };
        let mut answers = Vec::new();
        let unknown = nothing(&things)[part].clone();
        let booking = things["booking"].clone();
        for text in [
            unknown,
            "0".to_owned(),
            format!("{real}0"),
            booking,
            "%00".to_owned(),
        ] {
            let mut named = things.clone();
            named.insert(part, text.clone());
            let answer = server.send(ask(operation, &named, None)).await;
            assert_eq!(answer.is(), (404, "not-found"), "{operation:?} {text}");
            answers.push(told(&answer));
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "{operation:?}: {answers:#?}");
    }
}

/// Makes a request that names things: its method, its path, and its body.
type Make<'a> = Box<dyn Fn(&Things) -> (&'static str, String, Value) + 'a>;

/// A body or query may name things of other workspaces: they are not there either.
#[actix_web::test]
async fn naming_a_thing_of_another_workspace_is_like_naming_nothing() {
    let server = Server::new().await;
    let foreign = things(&server).await;
    let nothing = nothing(&foreign);
    let eve = server.token("other", "eve@other.example").await;
    let own = eve.get("/api/v1/me").await.text_of("id");
    let base = "/api/v1/workspaces/other";
    let event_type = |named: &Things, change: &str| {
        let host = if change == "host" {
            named["member"].clone()
        } else {
            own.clone()
        };
        let mut body = json!({
            "slug": "new", "title": "New", "duration_minutes": 30, "timezone": "UTC",
            "host_groups": [{ "hosts": [{ "user": host }] }],
            "locations": [{ "kind": "ask_invitee" }],
        });
        match change {
            "banner" => body["banner"] = json!(named["image"]),
            "hours" => body["hours"] = json!({ "kind": "schedule", "schedule": named["schedule"] }),
            "host schedule" => {
                body["host_groups"][0]["hosts"][0]["schedule"] = json!(named["schedule"]);
            }
            _ => {}
        }
        body
    };
    let schedule = |owner: &str| json!({ "name": "x", "owner": owner, "availability": { "timezone": "UTC", "weekly_hours": {} } });
    let off =
        |of: &str| json!({ "of": of, "timezone": "UTC", "from": "2027-01-01", "to": "2027-01-02" });
    let mut tries: Vec<Make<'_>> = Vec::new();
    for change in ["host", "banner", "hours", "host schedule"] {
        tries.push(Box::new(move |named| {
            (
                "POST",
                format!("{base}/event-types"),
                event_type(named, change),
            )
        }));
    }
    tries.push(Box::new(|named| {
        (
            "POST",
            format!("{base}/schedules"),
            schedule(&named["member"]),
        )
    }));
    tries.push(Box::new(|named| {
        (
            "GET",
            format!("{base}/schedules?owner={}", named["member"]),
            json!(null),
        )
    }));
    tries.push(Box::new(|named| {
        ("POST", format!("{base}/time-off"), off(&named["member"]))
    }));
    tries.push(Box::new(|named| {
        (
            "POST",
            format!("{base}/time-off"),
            off(&named["event_type"]),
        )
    }));
    tries.push(Box::new(|named| {
        (
            "GET",
            format!("{base}/time-off?of={}", named["member"]),
            json!(null),
        )
    }));
    tries.push(Box::new(|named| {
        (
            "GET",
            format!("{base}/time-off?of={}", named["event_type"]),
            json!(null),
        )
    }));
    tries.push(Box::new(|named| {
        (
            "GET",
            format!("{base}/event-types?host={}", named["member"]),
            json!(null),
        )
    }));
    tries.push(Box::new(|named| {
        (
            "GET",
            format!("{base}/bookings?host={}", named["member"]),
            json!(null),
        )
    }));
    tries.push(Box::new(|named| {
        (
            "GET",
            format!("{base}/bookings?event_type={}", named["event_type"]),
            json!(null),
        )
    }));
    tries.push(Box::new(|named| {
        let order = json!({ "event_types": [named["event_type"]] });
        ("PUT", format!("{base}/event-type-order"), order)
    }));
    for ending in ["", "/preview"] {
        tries.push(Box::new(move |named| {
            let method = if ending.is_empty() { "PUT" } else { "POST" };
            let body = json!({ "kind": "reminder", "audience": "host", "event_type": named["event_type"] });
            (method, format!("{base}/messages{ending}"), body)
        }));
    }
    tries.push(Box::new(|named| {
        let body = json!({ "kind": "reminder", "audience": "host", "booking": named["booking"] });
        ("POST", format!("{base}/messages/preview"), body)
    }));
    tries.push(Box::new(|named| {
        let mut body = super::request("2026-11-24T09:00:00+01:00");
        body["event_type"] = json!(named["event_type"]);
        ("POST", format!("{base}/bookings"), body)
    }));
    for make in tries {
        let mut answers = Vec::new();
        for named in [&foreign, &nothing] {
            let (method, path, body) = make(named);
            let answer = send(&eve, method, &path, body).await;
            assert!(
                !answer.text.contains("Ann") && !answer.text.contains("Intro"),
                "{}",
                answer.text
            );
            let mut told = told(&answer);
            for (part, text) in named.iter().filter(|(_, text)| text.len() > 30) {
                told = told.replace(text.as_str(), part);
            }
            answers.push((answer.status.as_u16(), told));
        }
        let (method, path, _) = make(&nothing);
        assert_eq!(answers[0], answers[1], "{method} {path}");
        let lists = method == "GET" && answers[0].0 == 200;
        assert!(
            lists || (400..500).contains(&answers[0].0),
            "{method} {path}: {answers:?}"
        );
    }
}

async fn send(client: &Client<'_>, method: &str, path: &str, body: Value) -> Answer {
    if body.is_null() {
        client.get(path).await
    } else {
        client.send_json(method, path, body).await
    }
}

#[test]
fn unknown_paths_are_found_by_nobody() {
    assert!(access::operation("GET", "/workspaces").is_some());
    assert!(access::operation("GET", "/workspaces/").is_none());
}
