//! Schedules and time off.

use serde_json::{Value, json};

use super::{Server, WS, slots};

const SCHEDULES: &str = "/api/v1/workspaces/acme/schedules";
const TIME_OFF: &str = "/api/v1/workspaces/acme/time-off";

fn hours() -> Value {
    json!({
        "timezone": "Europe/Berlin",
        "weekly_hours": { "monday": [{ "start": "10:00", "end": "11:00" }] },
        "overrides": [
            { "from": "2026-12-24", "to": "2026-12-26", "windows": [] },
            { "from": "2026-12-31", "windows": [{ "start": "22:00", "end": "24:00" }] },
        ],
    })
}

#[actix_web::test]
async fn a_schedule_is_made_changed_copied_and_deleted() {
    let server = Server::new().await;
    let ann = server.ann().await;
    let body = json!({ "name": "Mondays", "availability": hours() });
    let made = ann.post(SCHEDULES, body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(made.body["is_default"], false, "she has one already");
    let overrides = &made.body["availability"]["overrides"];
    assert_eq!(
        overrides[0],
        json!({ "from": "2026-12-24", "to": "2026-12-26", "windows": [] })
    );
    assert_eq!(overrides[1]["to"], "2026-12-31");
    let path = made.header("location").to_owned();
    let read = ann.get(&path).await;
    assert_eq!(read.body, made.body);
    let again = ann.change("PUT", &path, read.body.clone()).await;
    assert_eq!(
        (again.status.as_u16(), &again.body["version"]),
        (200, &json!(1)),
        "{}",
        again.text
    );
    let renamed = ann.patch(&path, json!({ "name": "Montage" })).await;
    assert_eq!(
        (&renamed.body["name"], &renamed.body["availability"]),
        (&json!("Montage"), &made.body["availability"])
    );
    let copy = ann.post(&format!("{path}/copy"), json!({})).await;
    assert_eq!(copy.status, 201, "{}", copy.text);
    assert_ne!(copy.body["id"], made.body["id"]);
    let promoted = ann.patch(&path, json!({ "is_default": true })).await;
    assert_eq!(promoted.body["is_default"], true);
    assert_eq!(
        ann.delete(&path).await.is(),
        (409, "in-use"),
        "a default stays"
    );
    assert_eq!(ann.delete(copy.header("location")).await.status, 204);

    // Guests are offered the new default's hours.
    let offered = server
        .get(&slots("intro", "from=2026-11-23&to=2026-11-30&view=flat"))
        .await;
    let starts: Vec<&str> = offered.body["slots"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s["start"].as_str().unwrap())
        .collect();
    assert_eq!(
        starts,
        ["2026-11-23T10:00:00+01:00", "2026-11-23T10:30:00+01:00"]
    );
}

#[actix_web::test]
async fn a_schedule_that_an_event_type_names_stays() {
    let server = Server::new().await;
    let ann = server.ann().await;
    let body = json!({ "name": "Office", "availability": hours(), "owner": "workspace" });
    let made = ann.post(SCHEDULES, body).await;
    assert_eq!(
        (made.status.as_u16(), &made.body["owner"]),
        (201, &json!("workspace")),
        "{}",
        made.text
    );
    let hours = json!({ "hours": { "kind": "schedule", "schedule": made.body["id"] } });
    let named = ann.patch(&format!("{WS}/event-types/intro"), hours).await;
    assert_eq!(named.status, 200, "{}", named.text);
    let kept = ann.delete(made.header("location")).await;
    assert_eq!(kept.is(), (409, "in-use"));
    assert_eq!(kept.body["used_by"][0]["slug"], "intro");
}

#[actix_web::test]
async fn hours_are_checked() {
    let server = Server::new().await;
    let ann = server.ann().await;
    let window = |start: &str, end: &str| json!([{ "start": start, "end": end }]);
    for (member, value, error) in [
        (
            "timezone",
            json!("Nowhere"),
            "/availability/timezone invalid_timezone",
        ),
        (
            "weekly_hours",
            json!({ "monday": window("12:00", "09:00") }),
            "/availability/weekly_hours/monday windows",
        ),
        (
            "weekly_hours",
            json!({ "monday": window("9", "10:00") }),
            "/availability/weekly_hours/monday/0/start not_a_time_of_day",
        ),
        (
            "weekly_hours",
            json!({ "monday": [{ "start": "09:00", "end": "12:00" }, { "start": "11:00", "end": "13:00" }] }),
            "/availability/weekly_hours/monday windows",
        ),
        (
            "weekly_hours",
            json!({ "mon": [] }),
            "/availability/weekly_hours/mon unknown",
        ),
        (
            "overrides",
            json!([{ "from": "2026-12-24", "to": "2026-12-20" }]),
            "/availability/overrides/0/to before_from",
        ),
        (
            "overrides",
            json!([{ "from": "0001-01-01", "to": "2026-12-20" }]),
            "/availability/overrides/0/to out_of_range",
        ),
        (
            "overrides",
            json!([{ "from": "1970-01-01", "to": "2200-01-01" }]),
            "/availability/overrides too_many",
        ),
        (
            "overrides",
            json!([{ "from": "2026-12-24" }, { "from": "2026-12-24" }]),
            "/availability/overrides date_twice",
        ),
    ] {
        let mut availability = hours();
        availability[member] = value.clone();
        let answer = ann
            .post(
                SCHEDULES,
                json!({ "name": "x", "availability": availability }),
            )
            .await;
        assert_eq!(answer.errors(), [error], "{value}");
    }
    let owner = ann
        .post(
            SCHEDULES,
            json!({ "name": "x", "availability": hours(), "owner": "nobody" }),
        )
        .await;
    assert_eq!(owner.errors(), ["/owner not_an_owner"]);
}

#[actix_web::test]
async fn members_see_and_change_their_own_hours_and_admins_everybodys() {
    let server = Server::new().await;
    let ann = server.ann().await;
    let max = server.token("acme", "max@acme.example").await;
    let own = max.get(SCHEDULES).await;
    assert_eq!(own.each("id").len(), 1);
    assert_eq!(ann.get(SCHEDULES).await.each("id").len(), 3);
    assert_eq!(
        ann.get(&format!("{SCHEDULES}?owner=me"))
            .await
            .each("id")
            .len(),
        1
    );
    let anns = ann.get(&format!("{SCHEDULES}?owner=me")).await.each("id");
    let foreign = format!("{SCHEDULES}/{}", anns[0]);
    assert_eq!(max.get(&foreign).await.is(), (404, "not-found"));
    let body = json!({ "name": "x" });
    assert_eq!(max.patch(&foreign, body).await.is(), (404, "not-found"));
    let workspace = json!({ "name": "x", "availability": hours(), "owner": "workspace" });
    assert_eq!(
        max.post(SCHEDULES, workspace).await.is(),
        (403, "insufficient-role")
    );
}

#[actix_web::test]
async fn time_off_closes_days_hours_and_what_comes_again() {
    let server = Server::new().await;
    let ann = server.ann().await;
    let offered = |query: &str| {
        let path = slots("intro", &format!("{query}&view=flat"));
        let server = &server;
        async move {
            server.get(&path).await.body["slots"]
                .as_array()
                .unwrap()
                .len()
        }
    };
    assert_eq!(offered("from=2026-11-24&to=2026-11-25").await, 6);
    let body = json!({
        "of": "me", "title": "Dentist", "timezone": "Europe/Berlin",
        "from": "2026-11-24T09:00", "to": "2026-11-24T10:00",
    });
    let made = ann.post(TIME_OFF, body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(made.body["from"], "2026-11-24T09:00:00");
    assert_eq!(offered("from=2026-11-24&to=2026-11-25").await, 4);
    let path = made.header("location").to_owned();
    let again = ann.change("PUT", &path, ann.get(&path).await.body).await;
    assert_eq!(again.status, 200, "{}", again.text);
    let days = ann
        .patch(
            &path,
            json!({ "from": "2026-11-24", "to": "2026-11-25", "rrule": "FREQ=WEEKLY;COUNT=2" }),
        )
        .await;
    assert_eq!(days.status, 200, "{}", days.text);
    assert_eq!(offered("from=2026-11-24&to=2026-11-26").await, 0);
    assert_eq!(offered("from=2026-12-01&to=2026-12-03").await, 0);
    assert_eq!(offered("from=2026-12-08&to=2026-12-09").await, 6);
    assert_eq!(ann.delete(&path).await.status, 204);
    assert_eq!(offered("from=2026-11-24&to=2026-11-25").await, 6);
    let closed = json!({ "of": "workspace", "timezone": "Europe/Berlin", "from": "2026-11-24", "to": "2026-11-24", "visible": true });
    assert_eq!(ann.post(TIME_OFF, closed).await.status, 201);
    assert_eq!(offered("from=2026-11-24&to=2026-11-25").await, 0);
    assert_eq!(
        ann.get(&format!("{TIME_OFF}?of=workspace"))
            .await
            .each("id")
            .len(),
        1
    );
    for (member, value, error) in [
        ("of", json!("moon"), "/of unknown_value"),
        (
            "from",
            json!("2026-11-24T09:00:00Z"),
            "/from not_a_local_time",
        ),
        ("to", json!("2026-11-24T10:00"), "/to conflict"),
        ("to", json!("2026-11-23"), "/to before_from"),
        (
            "rrule",
            json!("FREQ=SOMETIMES"),
            "/rrule not_a_recurrence_rule",
        ),
        ("timezone", json!("x"), "/timezone invalid_timezone"),
    ] {
        let mut body =
            json!({ "of": "me", "timezone": "UTC", "from": "2026-11-24", "to": "2026-11-25" });
        body[member] = value.clone();
        assert_eq!(ann.post(TIME_OFF, body).await.errors(), [error], "{value}");
    }
}
