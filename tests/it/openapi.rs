//! The server's answers against its own description, with requests that schemathesis makes up.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::acme;
use crate::support::api::{Answer, Api};
use crate::support::counterpart;
use crate::support::judge::Judge;
use crate::support::mails;
use crate::support::measure;
use crate::support::server::Server;

const WORKSPACE: &str = "/api/v1/workspaces/acme";

/// Names of things that are there, by the part of a path that takes them: made-up ones would all be unknown.
type Names = BTreeMap<&'static str, Vec<String>>;

fn id(thing: &Value) -> String {
    let id = thing["id"].as_str();
    id.unwrap_or_else(|| panic!("it has no id: {thing}"))
        .to_owned()
}

/// The cookie of somebody who has just signed in.
async fn signed_in(guest: &Api) -> String {
    let body = json!({ "email": acme::HOST, "password": acme::PASSWORD });
    let answer = guest.post("/api/v1/auth/sign-in", &body).await.expect(200);
    let cookie = answer.header("set-cookie").split(';').next();
    cookie.expect("a cookie has a value").to_owned()
}

/// Fills the workspace with one of everything, and two where one may be deleted.
async fn furnish(guest: &Api, member: &Api, session: &Api) -> Names {
    let mut names = Names::from([
        ("workspace", vec!["acme".to_owned()]),
        (
            "event",
            ["half-hour", "interview", "class"]
                .map(str::to_owned)
                .to_vec(),
        ),
        (
            "event_type",
            ["half-hour", "interview", "hour"]
                .map(str::to_owned)
                .to_vec(),
        ),
        ("member", vec!["me".to_owned()]),
    ]);
    let mut note = |part, name| names.entry(part).or_insert_with(Vec::new).push(name);
    let made = async |path: &str, body: Value| -> Answer {
        member
            .post(&format!("{WORKSPACE}{path}"), &body)
            .await
            .expect(201)
    };
    for (event, answers) in [
        ("half-hour", json!({})),
        ("interview", json!({ "topic": "A story" })),
    ] {
        let starts = guest.starts(event, "").await;
        for place in 2..8 {
            let booked = guest
                .post(
                    &format!("/api/v1/public/acme/event-types/{event}/bookings"),
                    &json!({
                        "start": starts[place * 10],
                        "invitee": { "name": "Guest", "email": format!("{event}-{place}@example.org"), "timezone": "Asia/Tokyo" },
                        "answers": answers,
                    }),
                )
                .await
                .expect(201);
            note("booking", id(&booked.body));
            note("manage_token", booked.text("manage_token").to_owned());
        }
        let hold = format!("/api/v1/public/acme/event-types/{event}/holds");
        let kept = guest
            .post(&hold, &json!({ "start": starts[100] }))
            .await
            .expect(201);
        note("hold_token", kept.text("token").to_owned());
    }
    for number in 0..3 {
        let link = json!({ "slug": format!("link-{number}") });
        note(
            "link",
            id(&made("/event-types/half-hour/links", link).await.body),
        );
        let invited = json!({ "email": format!("invited-{number}@example.org") });
        note("invitation", id(&made("/invitations", invited).await.body));
        let off = json!({ "of": "me", "timezone": "UTC", "from": format!("2027-01-0{}", number + 1), "to": "2027-01-09" });
        note("time_off", id(&made("/time-off", off).await.body));
        let token = json!({ "workspace": "acme", "name": "Another", "scopes": ["bookings:read"] });
        note(
            "token",
            id(&session
                .post("/api/v1/me/tokens", &token)
                .await
                .expect(201)
                .body),
        );
    }
    let schedules = member
        .get(&format!("{WORKSPACE}/schedules"))
        .await
        .expect(200);
    let own = id(&schedules.data()[0]);
    for _ in 0..2 {
        let copy = made(&format!("/schedules/{own}/copy"), json!({})).await;
        note("schedule", id(&copy.body));
    }
    note("schedule", own);
    // The smallest picture there is: one pixel.
    let pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";
    note(
        "image",
        id(&made("/images", json!({ "data": pixel })).await.body),
    );
    let outbox = member
        .get(&format!("{WORKSPACE}/outbox?limit=3"))
        .await
        .expect(200);
    for entry in outbox.data() {
        note("entry", id(entry));
    }
    names
}

/// What schemathesis is told: names that are there, most of the time.
fn configuration(names: &Names) -> String {
    let dictionary = |(part, values): (&&str, &Vec<String>)| {
        let values = serde_json::to_string(values).expect("texts are JSON");
        format!("[dictionaries.{part}]\nvalues = {values}")
    };
    let parameter = |part: &&str| {
        format!("\"path.{part}\" = {{ dictionary = \"{part}\", probability = 0.85 }}")
    };
    let mut lines: Vec<String> = names.iter().map(dictionary).collect();
    lines.push("[dictionaries.version]\nvalues = [\"*\", '\"1\"']".to_owned());
    lines.push("[parameters]".to_owned());
    lines.extend(names.keys().map(parameter));
    lines.push("\"header.If-Match\" = { dictionary = \"version\", probability = 0.8 }".to_owned());
    lines.join("\n")
}

/// One run of schemathesis.
struct Run<'a> {
    headers: &'a [&'a str],
    /// Which operations, in its own words.
    operations: &'a str,
    /// What is judged beside the answers themselves.
    besides: &'a str,
}

impl Run<'_> {
    fn ask_anything(&self, python: &Path, folder: &Path, server: &Server) {
        let program = python.with_file_name("st");
        assert!(
            program.is_file(),
            "there is no schemathesis to test with: run `bash tests/all needs counterparts`, or do without: \
             KALENDS_TEST_WITHOUT=python"
        );
        let checks = "response_headers_conformance,not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance";
        let mut command = Command::new(program);
        command
            .current_dir(folder)
            .args(["--config-file", "schemathesis.toml", "run"])
            .arg(format!("{}/openapi.json", server.url()))
            .args(
                "--phases coverage,fuzzing --max-examples 8 --no-shrink --seed 20261121".split(' '),
            )
            // One at a time: hypothesis on several threads breaks Python 3.11's parser.
            .args("--continue-on-failure --workers 1 --warnings off".split(' '))
            .args(["--checks", &format!("{checks}{}", self.besides)])
            .args(self.operations.split(' '));
        for header in self.headers {
            command.args(["--header", header]);
        }
        let output = command.output().expect("schemathesis runs");
        let said = String::from_utf8_lossy(&output.stdout);
        let from = said.find("FAILURES").or_else(|| said.find("ERRORS"));
        let shown: String = said[from.unwrap_or_default()..]
            .chars()
            .take(20_000)
            .collect();
        assert!(
            output.status.success(),
            "{}\n{shown}\n{}",
            self.operations,
            String::from_utf8_lossy(&output.stderr)
        );
        let cases = said.lines().find(|line| line.contains(" generated"));
        let cases = cases.expect("it says how many requests it made");
        measure::note(&format!("schemathesis: {}", cases.trim()));
    }
}

/// The way of one person through what made-up requests hardly get through, every answer of it judged.
async fn walk(data: &Path, guest: &Api, member: &Api, session: &Api, judge: &mut Judge) {
    let mails = data.join("mails");
    let new_account =
        json!({ "name": "Cleo", "timezone": "Africa/Lagos", "password": "seven herons by a pond" });
    let with_token = |token: &str| {
        let mut body = new_account.clone();
        body["token"] = json!(token);
        body
    };
    let invite = json!({ "email": "cleo@example.org", "role": "admin" });
    let path = format!("{WORKSPACE}/invitations");
    judge.note(
        "POST /api/v1/workspaces/{workspace}/invitations",
        member.post(&path, &invite).await.expect(201),
    );
    let secret = mails::wait_for(&mails, "cleo@example.org", "invites").secret("/invitations/");
    let look = guest
        .post("/api/v1/auth/invitations/look", &json!({ "token": secret }))
        .await;
    judge.note("POST /api/v1/auth/invitations/look", look.expect(200));
    let accepted = guest
        .post("/api/v1/auth/invitations/accept", &with_token(&secret))
        .await;
    let accepted = judge.note("POST /api/v1/auth/invitations/accept", accepted.expect(200));
    let cookie = accepted
        .header("set-cookie")
        .split(';')
        .next()
        .expect("there is a cookie");
    let server = session.origin();
    let cleo = guest.with("cookie", cookie).with("origin", &server);
    let me = judge.note("GET /api/v1/me", cleo.get("/api/v1/me").await.expect(200));

    // A workspace of her own, to which she invites Ann, who has an account.
    let own = json!({ "slug": "cleos", "name": "Cleo's" });
    judge.note(
        "POST /api/v1/workspaces",
        cleo.post("/api/v1/workspaces", &own).await.expect(201),
    );
    let invite = json!({ "email": acme::HOST });
    cleo.post("/api/v1/workspaces/cleos/invitations", &invite)
        .await
        .expect(201);
    let secret = mails::wait_for(&mails, acme::HOST, "invites").secret("/invitations/");
    let accepted = session
        .post("/api/v1/me/invitations/accept", &json!({ "token": secret }))
        .await;
    judge.note("POST /api/v1/me/invitations/accept", accepted.expect(200));

    let forgotten = json!({ "email": "cleo@example.org" });
    let asked = guest
        .post("/api/v1/auth/password-reset", &forgotten)
        .await
        .expect(202);
    judge.note("POST /api/v1/auth/password-reset", asked);
    let secret = mails::wait_for(&mails, "cleo@example.org", "assword").secret("/reset-password/");
    let confirm = json!({ "token": secret, "password": "eight herons by a pond" });
    let confirmed = guest
        .post("/api/v1/auth/password-reset/confirm", &confirm)
        .await;
    assert!(confirmed.status.is_success(), "{confirmed:?}");
    judge.note("POST /api/v1/auth/password-reset/confirm", confirmed);

    let token = json!({ "workspace": "acme", "name": "Short-lived", "scopes": ["bookings:read"] });
    for path in ["/api/v1/me/tokens/", "/api/v1/workspaces/acme/tokens/"] {
        let made = session.post("/api/v1/me/tokens", &token).await.expect(201);
        let ended = session
            .ask("DELETE", &format!("{path}{}", id(&made.body)), None)
            .await;
        let operation = format!("DELETE {path}{{token}}").replace("acme", "{workspace}");
        judge.note(&operation, ended.expect(204));
    }
    let path = format!("{WORKSPACE}/members/{}", id(&me.body));
    let removed = member.ask("DELETE", &path, None).await.expect(204);
    judge.note(
        "DELETE /api/v1/workspaces/{workspace}/members/{member}",
        removed,
    );

    write_what_is_read(member, judge).await;
    book_and_decline(guest, member, judge).await;
}

/// Event types and time off as they are read can be written.
async fn write_what_is_read(member: &Api, judge: &mut Judge) {
    let path = format!("{WORKSPACE}/event-types");
    let mut settings = member
        .get(&format!("{path}/interview"))
        .await
        .expect(200)
        .body;
    for read_only in ["id", "version", "position", "url"] {
        settings
            .as_object_mut()
            .expect("it is an object")
            .remove(read_only);
    }
    settings["slug"] = json!("another-interview");
    let made = member.post(&path, &settings).await.expect(201);
    judge.note("POST /api/v1/workspaces/{workspace}/event-types", made);
    settings["title"] = json!("Another title");
    let any = member.with("if-match", "*");
    let put = any
        .ask("PUT", &format!("{path}/another-interview"), Some(&settings))
        .await;
    judge.note(
        "PUT /api/v1/workspaces/{workspace}/event-types/{event_type}",
        put.expect(200),
    );
    let off = json!({ "of": "workspace", "timezone": "Asia/Tokyo", "from": "2027-05-03T09:00", "to": "2027-05-03T12:00", "rrule": "FREQ=YEARLY" });
    let path = format!("{WORKSPACE}/time-off");
    let made = member.post(&path, &off).await.expect(201);
    let put = any
        .ask("PUT", &format!("{path}/{}", id(&made.body)), Some(&off))
        .await;
    judge.note(
        "PUT /api/v1/workspaces/{workspace}/time-off/{time_off}",
        put.expect(200),
    );
}

/// A booking by a member, one that is declined, and one that its invitee calls off.
async fn book_and_decline(guest: &Api, member: &Api, judge: &mut Judge) {
    let starts = guest.starts("interview", "").await;
    let booking = |place: usize| {
        json!({
            "event_type": "interview",
            "start": starts[place],
            "invitee": { "name": "Dora", "email": "dora@example.org", "timezone": "Asia/Tokyo" },
            "answers": { "topic": "A story" },
        })
    };
    let bookings = format!("{WORKSPACE}/bookings");
    let booked = member.post(&bookings, &booking(200)).await.expect(201);
    judge.note("POST /api/v1/workspaces/{workspace}/bookings", booked);
    for (place, declines) in [(210, true), (220, false)] {
        let mut asked = booking(place);
        asked
            .as_object_mut()
            .expect("it is an object")
            .remove("event_type");
        let asked = guest
            .post("/api/v1/public/acme/event-types/interview/bookings", &asked)
            .await
            .expect(201);
        if declines {
            let path = format!("{bookings}/{}/decline", id(&asked.body));
            let declined = member
                .post(&path, &json!({ "reason": "Not this time" }))
                .await
                .expect(200);
            judge.note(
                "POST /api/v1/workspaces/{workspace}/bookings/{booking}/decline",
                declined,
            );
        } else {
            let path = format!(
                "/api/v1/public/bookings/{}/cancel",
                asked.text("manage_token")
            );
            let cancelled = guest.post(&path, &json!({})).await.expect(200);
            judge.note(
                "POST /api/v1/public/bookings/{manage_token}/cancel",
                cancelled,
            );
        }
    }
}

/// The operations that were answered with a success, as the server's log has them.
fn successes(log: &str) -> BTreeSet<String> {
    let field = |line: &str, name: &str| {
        let (_, rest) = line.split_once(name)?;
        Some(rest.split_whitespace().next()?.trim_matches('"').to_owned())
    };
    log.lines()
        .filter_map(|line| {
            let status: u16 = field(line, "http.status=")?.parse().ok()?;
            let operation = format!(
                "{} {}",
                field(line, "http.method=")?,
                field(line, "http.route=")?
            );
            (status < 300).then_some(operation)
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_to_made_up_requests_is_outside_the_openapi_description() {
    let Some(python) = counterpart::python() else {
        return;
    };
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    acme::found(data.path(), &[]);
    acme::make_owner(data.path(), &[]);
    let token = acme::token(data.path(), &[], acme::HOST, acme::ALL_SCOPES);
    let server = Server::start(data.path(), &[]);
    let guest = Api::of(&server.url());
    let member = guest.with_token(&token);
    let cookie = signed_in(&guest).await;
    let session = guest.with("cookie", &cookie).with("origin", &server.url());
    let mut judge = Judge::of(&guest).await;
    walk(data.path(), &guest, &member, &session, &mut judge).await;
    judge.assert_described();
    let names = furnish(&guest, &member, &session).await;
    fs::write(data.path().join("schemathesis.toml"), configuration(&names))
        .expect("the folder can be written to");

    let bearer = format!("Authorization: Bearer {token}");
    let by_cookie = [
        format!("Cookie: {cookie}"),
        format!("Origin: {}", server.url()),
    ];
    let by_cookie = by_cookie.each_ref().map(String::as_str);
    // What is deleted is gone for the others, so that comes last. Signing out would end the session.
    let of_sessions = "^/api/v1/(me|workspaces$|workspaces/[^/]+/tokens)";
    let runs = [
        Run {
            headers: &[&bearer],
            operations: "--exclude-method DELETE --exclude-path-regex ^/api/v1/me/",
            besides: ",ignored_auth",
        },
        Run {
            headers: &by_cookie,
            operations: &format!("--exclude-method DELETE --include-path-regex {of_sessions}"),
            besides: "",
        },
        Run {
            headers: &by_cookie,
            operations: &format!("--include-method DELETE --include-path-regex {of_sessions}"),
            besides: "",
        },
        Run {
            headers: &[&bearer],
            operations: &format!("--include-method DELETE --exclude-path-regex {of_sessions}"),
            besides: ",ignored_auth",
        },
    ];
    for run in runs {
        run.ask_anything(&python, data.path(), &server);
    }

    // All of that means little unless the requests got through to what they are about.
    let log = server.log();
    let succeeded = successes(&log);
    let described = judge.operations();
    let never: Vec<&String> = described.difference(&succeeded).collect();
    let need_the_past = [
        // A meeting that has begun, and a mail that was given up: other tests have those.
        "POST /api/v1/workspaces/{workspace}/bookings/{booking}/complete",
        "POST /api/v1/workspaces/{workspace}/bookings/{booking}/no-show",
        "POST /api/v1/workspaces/{workspace}/outbox/{entry}/replay",
    ];
    assert_eq!(never, need_the_past);
    assert!(!log.contains("panicked"), "a handler panicked");
    assert!(server.stop().success());
    acme::assert_verified(data.path(), &[]);
}
