//! Many who want the same at once, or the opposite: holds, answers, moves, versions, repetitions. One wins, all hear.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::races::two_servers;
use crate::support::acme;
use crate::support::api::{Answer, Api};
use crate::support::counterpart;
use crate::support::mails;
use crate::support::server::Server;

const BOOKINGS: &str = "/api/v1/workspaces/acme/bookings";

/// The same people through several servers on one database.
struct Field {
    guests: Vec<Api>,
    anns: Vec<Api>,
    bens: Vec<Api>,
}

impl Field {
    fn of(servers: &[Server], data: &Path, settings: &[(&str, &str)]) -> Self {
        let guests: Vec<Api> = servers.iter().map(|s| Api::of(&s.url())).collect();
        let with = |email: &str| {
            let token = acme::token(data, settings, email, acme::ALL_SCOPES);
            guests.iter().map(|api| api.with_token(&token)).collect()
        };
        Self {
            anns: with(acme::HOST),
            bens: with(acme::SECOND_HOST),
            guests,
        }
    }

    fn guest(&self, number: usize) -> Api {
        self.guests[number % self.guests.len()].clone()
    }

    fn ann(&self, number: usize) -> Api {
        self.anns[number % self.anns.len()].clone()
    }

    fn ben(&self, number: usize) -> Api {
        self.bens[number % self.bens.len()].clone()
    }

    /// Asks for a meeting; answers its id and its manage token.
    async fn request(&self, event: &str, start: &str, email: &str) -> (String, String) {
        let mut body = invitation(start, email);
        body["answers"] = match event {
            "interview" => json!({ "topic": "A story" }),
            _ => json!({}),
        };
        let path = format!("/api/v1/public/acme/event-types/{event}/bookings");
        let booked = self.guest(0).post(&path, &body).await.expect(201);
        (
            booked.text("id").to_owned(),
            booked.text("manage_token").to_owned(),
        )
    }

    async fn timeline(&self, booking: &str) -> Vec<String> {
        let path = format!("{BOOKINGS}/{booking}/timeline");
        let timeline = self.ann(0).get(&path).await.expect(200);
        let change = |entry: &Value| {
            entry["change"]
                .as_str()
                .expect("a change has a name")
                .to_owned()
        };
        timeline.data().iter().map(change).collect()
    }
}

fn invitation(start: &str, email: &str) -> Value {
    json!({ "start": start, "invitee": { "name": "Guest of a test", "email": email, "timezone": "Europe/Lisbon" } })
}

/// Sends requests at once.
async fn at_once<F: Future<Output = Answer> + Send + 'static>(
    requests: impl IntoIterator<Item = F>,
) -> Vec<Answer> {
    // In tasks of their own, so that they really run beside each other.
    let tasks: Vec<_> = requests.into_iter().map(tokio::spawn).collect();
    let answers = join_all(tasks).await;
    answers
        .into_iter()
        .map(|answer| answer.expect("no request panics"))
        .collect()
}

/// The one answer with this status; all others are this problem.
fn the_winner(answers: Vec<Answer>, won: u16, lost: u16, code: &str) -> Answer {
    let (mut winners, losers): (Vec<Answer>, Vec<Answer>) = answers
        .into_iter()
        .partition(|answer| answer.status.as_u16() == won);
    for loser in &losers {
        loser.assert_problem(lost, code);
    }
    assert_eq!(winners.len(), 1, "of {} others", losers.len());
    winners.remove(0)
}

async fn one_hold_of_twenty(field: &Field) {
    let starts = field.guest(0).starts("half-hour", "").await;
    let holds = "/api/v1/public/acme/event-types/half-hour/holds";
    let wanted = starts[20].clone();
    let held = at_once((0..20).map(|number| {
        let (api, body) = (field.guest(number), json!({ "start": wanted }));
        async move { api.post(holds, &body).await }
    }))
    .await;
    let held = the_winner(held, 201, 409, "slot-taken");

    // Nobody passes over it, however many try at once with the one who has it.
    let token = held.text("token").to_owned();
    let booked = at_once((0..12).map(|number| {
        let (api, wanted, token) = (field.guest(number), wanted.clone(), token.clone());
        async move {
            let mut body = invitation(&wanted, &format!("holds-{number}@example.org"));
            if number == 7 {
                body["hold"] = json!(token);
            }
            api.post("/api/v1/public/acme/event-types/half-hour/bookings", &body)
                .await
        }
    }))
    .await;
    let booked = the_winner(booked, 201, 409, "slot-taken");
    assert_eq!(booked.body["invitee"]["email"], "holds-7@example.org");

    // Of a hold and bookings that want a free slot, one gets it.
    for round in 0..4 {
        let wanted = starts[22 + round].clone();
        let answers = at_once((0..12).map(|number| {
            let (api, wanted) = (field.guest(number / 2), wanted.clone());
            async move {
                if number % 2 == 0 {
                    api.post(holds, &json!({ "start": wanted })).await
                } else {
                    let email = format!("or-{round}-{number}@example.org");
                    api.book("half-hour", &wanted, &email).await
                }
            }
        }))
        .await;
        the_winner(answers, 201, 409, "slot-taken");
    }
}

async fn one_answer_of_many(field: &Field) {
    let starts = field.guest(0).starts("board", "").await;
    for round in 0..4 {
        let (booking, manage) = field
            .request(
                "board",
                &starts[30 + round],
                &format!("answers-{round}@example.org"),
            )
            .await;
        let answers = at_once((0..8).map(|number| {
            let api = if number % 2 == 0 {
                field.ann(number / 2)
            } else {
                field.ben(number / 2)
            };
            // First only approvals; then approvals and refusals; then the invitee calls it off as well.
            let deed = match (round, number % 4) {
                (0, _) | (_, 0 | 3) => "approve",
                _ => "decline",
            };
            let path = format!("{BOOKINGS}/{booking}/{deed}");
            let by_invitee = (round == 3 && number == 5).then(|| {
                (
                    field.guest(number),
                    format!("/api/v1/public/bookings/{manage}/cancel"),
                )
            });
            async move {
                match by_invitee {
                    Some((guest, path)) => guest.post(&path, &json!({})).await,
                    None => api.post(&path, &json!({})).await,
                }
            }
        }))
        .await;
        let mut won = 0;
        for answer in &answers {
            if answer.status == 200 {
                won += 1;
            } else {
                answer.assert_problem(409, "transition-not-allowed");
            }
        }
        // What was approved can still be called off, and nothing else has two winners.
        let timeline = field.timeline(&booking).await;
        assert_eq!(timeline.len(), 1 + won, "{timeline:?}");
        let both = round == 3 && timeline == ["requested", "approved", "cancelled"];
        assert!(won == 1 || both, "round {round}: {timeline:?}");
    }
}

async fn one_move_of_two(field: &Field) {
    let starts = field.guest(0).starts("half-hour", "").await;
    let mut moving = Vec::new();
    for number in 0..6 {
        let start = &starts[50 + number];
        moving.push(
            field
                .request("half-hour", start, &format!("moves-{number}@example.org"))
                .await,
        );
    }
    let wanted = starts[70].clone();
    let moved = at_once(
        moving
            .iter()
            .enumerate()
            .map(|(number, (booking, manage))| {
                let body = json!({ "start": wanted });
                let (api, path) = if number % 2 == 0 {
                    (
                        field.guest(number / 2),
                        format!("/api/v1/public/bookings/{manage}/reschedule"),
                    )
                } else {
                    (
                        field.ann(number / 2),
                        format!("{BOOKINGS}/{booking}/reschedule"),
                    )
                };
                async move { api.post(&path, &body).await }
            }),
    )
    .await;
    let winner = the_winner(moved, 200, 409, "slot-taken");
    for (booking, _) in &moving {
        let found = field
            .ann(0)
            .get(&format!("{BOOKINGS}/{booking}"))
            .await
            .expect(200);
        let is_winner = booking.as_str() == winner.text("id");
        assert_eq!(found.body["sequence"], i32::from(is_winner), "{found:?}");
    }

    // Two who change places: neither can go first.
    let [(one, _), (other, _)] = [&moving[0], &moving[1]];
    let place = async |id: &str| {
        field
            .ann(0)
            .get(&format!("{BOOKINGS}/{id}"))
            .await
            .text("start")
            .to_owned()
    };
    let (here, there) = (place(one).await, place(other).await);
    let swap = [(one.clone(), there), (other.clone(), here)];
    let swapped = at_once(swap.into_iter().enumerate().map(|(number, (id, to))| {
        let api = field.ann(number);
        async move {
            api.post(
                &format!("{BOOKINGS}/{id}/reschedule"),
                &json!({ "start": to }),
            )
            .await
        }
    }))
    .await;
    for answer in swapped {
        answer.assert_problem(409, "slot-taken");
    }
}

async fn one_writer_of_a_version(field: &Field) {
    let path = "/api/v1/workspaces/acme/event-types/hour";
    let read = field.ann(0).get(path).await.expect(200);
    let tag = read.header("etag").to_owned();
    let written = at_once((0..16).map(|number| {
        let api = field.ann(number).with("if-match", &tag);
        async move {
            api.ask(
                "PATCH",
                path,
                Some(&json!({ "title": format!("Title {number}") })),
            )
            .await
        }
    }))
    .await;
    let winner = the_winner(written, 200, 412, "version-conflict");
    let now = field.ann(1).get(path).await.expect(200);
    assert_eq!(
        (&now.body["title"], now.header("etag")),
        (&winner.body["title"], "\"2\"")
    );

    // The same of a booking, by everybody concerned.
    let starts = field.guest(0).starts("interview", "").await;
    let (booking, manage) = field
        .request("interview", &starts[60], "versions@example.org")
        .await;
    let changed = at_once((0..12).map(|number| {
        let (api, path, body) = match number % 3 {
            0 => (
                field.ann(number),
                format!("{BOOKINGS}/{booking}/approve"),
                json!({}),
            ),
            1 => (
                field.guest(number),
                format!("/api/v1/public/bookings/{manage}/cancel"),
                json!({}),
            ),
            _ => {
                let body = json!({ "start": starts[61 + number] });
                (
                    field.guest(number),
                    format!("/api/v1/public/bookings/{manage}/reschedule"),
                    body,
                )
            }
        };
        let api = api.with("if-match", "\"1\"");
        async move { api.post(&path, &body).await }
    }))
    .await;
    let (won, lost): (Vec<&Answer>, Vec<&Answer>) = changed.iter().partition(|a| a.status == 200);
    assert_eq!(won.len(), 1, "{changed:?}");
    assert_eq!(won[0].header("etag"), "\"2\"");
    for answer in lost {
        // Who comes after a cancellation hears of the version first.
        answer.assert_problem(412, "version-conflict");
    }
}

async fn one_effect_of_a_key(field: &Field, mail_folder: &Path) {
    let starts = field.guest(0).starts("half-hour", "").await;
    let wanted = starts[90].clone();
    let repeat = async |path: &str, body: Value, as_member: bool| -> Vec<Answer> {
        let key = format!("key of {path}");
        let answers = at_once((0..20).map(|number| {
            let api = if as_member {
                field.ann(number)
            } else {
                field.guest(number)
            };
            let (api, path, body) = (
                api.with("idempotency-key", &key.replace([' ', '/'], "-")),
                path.to_owned(),
                body.clone(),
            );
            async move { api.post(&path, &body).await }
        }))
        .await;
        let first = answers
            .iter()
            .filter(|answer| answer.header("idempotency-replayed").is_empty());
        assert_eq!(first.count(), 1, "of {path}");
        answers
    };
    let same = |answers: &[Answer], status: u16, field: &str| -> String {
        let found: BTreeSet<&str> = answers.iter().map(|answer| answer.text(field)).collect();
        assert!(
            answers.iter().all(|answer| answer.status == status),
            "{answers:?}"
        );
        assert_eq!(found.len(), 1, "{found:?}");
        found.first().expect("there is one").to_string()
    };

    let email = "repeats@example.org";
    let path = "/api/v1/public/acme/event-types/half-hour/bookings";
    let booked = repeat(path, invitation(&wanted, email), false).await;
    let manage = same(&booked, 201, "manage_token");
    let booking = same(&booked, 201, "id");
    let path = format!("/api/v1/public/bookings/{manage}/reschedule");
    let moved = repeat(&path, json!({ "start": starts[91] }), false).await;
    assert_eq!(same(&moved, 200, "start"), same(&moved, 200, "start"));
    let path = format!("{BOOKINGS}/{booking}/cancel");
    same(
        &repeat(&path, json!({ "reason": "Once" }), true).await,
        200,
        "status",
    );
    assert_eq!(field.timeline(&booking).await.len(), 3);

    let invite = json!({ "email": "invited@example.org" });
    same(
        &repeat("/api/v1/workspaces/acme/invitations", invite, true).await,
        201,
        "id",
    );
    let link = json!({ "slug": "one-link", "max_uses": 1 });
    let links = "/api/v1/workspaces/acme/event-types/half-hour/links";
    same(&repeat(links, link, true).await, 201, "id");

    // A link for one use has one.
    let used = at_once((0..10).map(|number| {
        let (api, start) = (field.guest(number), starts[100 + number].clone());
        async move {
            api.book("one-link", &start, &format!("link-{number}@example.org"))
                .await
        }
    }))
    .await;
    the_winner(used, 201, 410, "link-used-up");

    // Each was told once: booked, moved, called off; invited.
    let told = |mails: &[mails::Mail], to: &str| mails.iter().filter(|mail| mail.is_to(to)).count();
    let sent = mails::wait_until(mail_folder, "what the repeated requests owe", |mails| {
        told(mails, email) >= 3 && told(mails, "invited@example.org") >= 1
    });
    assert_eq!(
        (told(&sent, email), told(&sent, "invited@example.org")),
        (3, 1)
    );
}

/// Requests that run out just while hosts answer them.
async fn one_end_of_a_deadline(field: &Field) {
    let path = "/api/v1/workspaces/acme/event-types/interview";
    let quick = json!({ "approval": { "answer_within_minutes": 1 } });
    let hurried = field
        .ann(0)
        .with("if-match", "*")
        .ask("PATCH", path, Some(&quick))
        .await;
    hurried.expect(200);
    let starts = field.guest(0).starts("interview", "").await;
    let asked = std::time::Instant::now();
    let mut waiting = Vec::new();
    for number in 0..12 {
        let email = format!("deadline-{number}@example.org");
        waiting.push(
            field
                .request("interview", &starts[120 + number], &email)
                .await
                .0,
        );
    }
    // The worker looks every second, so answers at these moments fall before, into and behind the deadline.
    let answers = at_once(waiting.iter().enumerate().map(|(number, booking)| {
        let (api, path) = (field.ann(number), format!("{BOOKINGS}/{booking}/approve"));
        let at = asked + Duration::from_millis(59_600 + 150 * number as u64);
        async move {
            tokio::time::sleep_until(at.into()).await;
            api.post(&path, &json!({})).await
        }
    }))
    .await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    for (booking, answer) in waiting.iter().zip(answers) {
        let timeline = field.timeline(booking).await;
        if answer.status == 200 {
            assert_eq!(timeline, ["requested", "approved"]);
        } else {
            // Before the worker has come by, the deadline has passed all the same.
            let is_late = answer.body["code"] == "cutoff-passed";
            let code = if is_late {
                "cutoff-passed"
            } else {
                "transition-not-allowed"
            };
            answer.assert_problem(409, code);
            assert_eq!(timeline, ["requested", "expired"]);
        }
    }
}

async fn all_contests(field: &Field, mail_folder: &Path) {
    one_hold_of_twenty(field).await;
    one_answer_of_many(field).await;
    one_move_of_two(field).await;
    one_writer_of_a_version(field).await;
    one_effect_of_a_key(field, mail_folder).await;
    one_end_of_a_deadline(field).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_hold_answer_move_write_and_repeat_at_once_on_sqlite_one_wins() {
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    acme::found(data.path(), &[]);
    let servers = [Server::start(
        data.path(),
        &[("http.booking_wait_seconds", "60")],
    )];
    let field = Field::of(&servers, data.path(), &[]);
    all_contests(&field, &data.path().join("mails")).await;
    acme::assert_verified(data.path(), &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_hold_answer_move_write_and_repeat_at_once_on_postgres_one_wins() {
    let Some(database) = counterpart::postgres_database("contests") else {
        return;
    };
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    let settings = [("database.url", database.url.as_str())];
    acme::found(data.path(), &settings);
    let servers = two_servers(&database.url, data.path());
    let field = Field::of(&servers, data.path(), &settings);
    all_contests(&field, &data.path().join("mails")).await;
    acme::assert_verified(data.path(), &settings);
}
