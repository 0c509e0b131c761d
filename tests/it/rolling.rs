//! Rolling upgrades: nodes of two releases on one database, with guests and members who never stop.

mod crowd;
mod rotation;

use std::collections::BTreeMap;
use std::process::Output;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use self::crowd::{Acknowledged, Crowd};
use self::rotation::{Caller, Request, Rotation, Tokens};
use crate::support::acme;
use crate::support::api::Api;
use crate::support::counterpart::{self, Database};
use crate::support::server::{Program, Server, Worker};
use crate::support::sink::Sink;
use crate::support::{measure, place};

/// A database, a mail server, and a folder for each node. All nodes have the same settings.
struct Site {
    database: Database,
    sink: Sink,
    data: TempDir,
    port: String,
}

impl Site {
    fn new(purpose: &str) -> Option<Self> {
        let database = counterpart::postgres_database(purpose)?;
        let sink = Sink::start()?;
        let port = sink.door("plain").to_string();
        Some(Self {
            database,
            sink,
            data: tempfile::tempdir().expect("a temporary folder can be made"),
            port,
        })
    }

    /// What all nodes have in common.
    fn settings(&self) -> [(&str, &str); 7] {
        [
            ("database.url", &self.database.url),
            (
                "secrets.key",
                "5c1d0e7a5c1d0e7a5c1d0e7a5c1d0e7a5c1d0e7a5c1d0e7a5c1d0e7a5c1d0e7a",
            ),
            ("mail.transport", "smtp"),
            ("mail.from_address", "meetings@acme.example"),
            ("mail.smtp.host", "127.0.0.1"),
            ("mail.smtp.port", &self.port),
            ("mail.smtp.tls", "none"),
        ]
    }

    fn node(&self, program: &Program, name: &str) -> Server {
        Server::of(program, &self.data.path().join(name), &self.settings())
    }

    fn worker(&self, program: &Program, name: &str) -> Worker {
        Worker::of(program, self.data.path(), &self.settings(), name)
    }

    fn output(&self, program: &Program, arguments: &[&str]) -> Output {
        program
            .command(&self.settings())
            .env("KALENDS_DATA__FOLDER", self.data.path())
            .args(arguments)
            .output()
            .expect("kalends can be started")
    }

    fn run(&self, program: &Program, arguments: &[&str]) -> String {
        let output = self.output(program, arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).expect("it prints text")
    }

    /// Runs what must end by itself, in vain; answers why.
    fn refused(&self, program: &Program, arguments: &[&str]) -> String {
        let output = self.output(program, arguments);
        assert!(!output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stderr).expect("it complains in words")
    }

    /// Sets Acme up, with its members' tokens.
    fn found(&self, program: &Program) -> Tokens {
        let file = place::root().join("tests/it/support/acme.toml");
        let file = file.to_str().expect("the repository has a plain path");
        self.run(program, &["apply", file]);
        let token = |email: &str| {
            let (email, scopes) = (
                format!("--email={email}"),
                format!("--scopes={}", acme::ALL_SCOPES),
            );
            let command = [
                "token",
                "--workspace=acme",
                "--name=A test",
                &email,
                &scopes,
            ];
            self.run(program, &command).trim().to_owned()
        };
        Tokens {
            ann: token(acme::HOST),
            ben: token(acme::SECOND_HOST),
        }
    }

    /// Waits until so many mails more than now have come.
    async fn more_mails(&self, more: usize) {
        let wanted = self.sink.kept().len() + more;
        let began = Instant::now();
        while self.sink.kept().len() < wanted {
            assert!(
                began.elapsed() < Duration::from_mins(2),
                "mails do not go out"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

async fn readiness(server: &Server) -> (u16, Value) {
    let answer = Api::of(&server.url()).get("/ready").await;
    (answer.status.as_u16(), answer.body)
}

/// Lines may be written a moment after what they tell of.
async fn wait_for_log(server: &Server, words: &str) {
    let began = Instant::now();
    while !server.log().contains(words) {
        assert!(
            began.elapsed() < Duration::from_mins(1),
            "it does not say {words}: {}",
            server.log()
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Stops a node as an administrator does. The proxy notices a moment later.
async fn retire(rotation: &Rotation, name: &str, server: Server) {
    let stopping = tokio::task::spawn_blocking(move || server.stop());
    tokio::time::sleep(Duration::from_millis(50)).await;
    rotation.remove(name);
    let status = stopping.await.expect("nothing panics");
    assert!(status.success(), "{name} ended with {status}");
}

/// Every booking that was acknowledged is there, as it was left, on each node.
async fn assert_kept(rotation: &Rotation, bookings: &[Acknowledged]) {
    for booking in bookings {
        let path = format!("/api/v1/public/bookings/{}", booking.token);
        for (node, answer) in rotation.ask_each(&path).await {
            assert_eq!(answer.status, 200, "{node}: {booking:?}");
            let status = if booking.cancelled {
                "cancelled"
            } else {
                "confirmed"
            };
            assert_eq!(answer.text("status"), status, "{node}: {booking:?}");
        }
    }
}

/// What was owed about bookings and cancellations, once nothing of it is owed any more.
async fn settled(rotation: &Rotation) -> Vec<Value> {
    let began = Instant::now();
    loop {
        let (mut entries, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/api/v1/workspaces/acme/outbox?limit=200{cursor}");
            let request = Request {
                by: Caller::Ann,
                method: "GET",
                path: &path,
                body: None,
                key: None,
            };
            let page = rotation.ask(0, &request).await.expect(200);
            entries.extend(page.data().iter().cloned());
            let Some(next) = page.body["page"]["next_cursor"].as_str() else {
                break;
            };
            cursor = format!("&cursor={next}");
        }
        // Reminders are due much later.
        entries.retain(|entry| entry["about"] == "confirmed" || entry["about"] == "cancelled");
        if entries.iter().all(|entry| entry["status"] == "done") {
            return entries;
        }
        assert!(
            began.elapsed() < Duration::from_mins(4),
            "still owed: {entries:#?}"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Invitee and host of every booking were told of each change once, unless a later change made that needless.
async fn assert_told_once(rotation: &Rotation, sink: &Sink, bookings: &[Acknowledged]) -> usize {
    let entries = settled(rotation).await;
    let kept = sink.kept();
    let mut copies: BTreeMap<String, usize> = BTreeMap::new();
    for mail in &kept {
        let id = mail.header("Message-ID").replace(['-', '<'], "");
        let digits = id.split('@').next().expect("there is a domain").to_owned();
        *copies.entry(digits).or_default() += 1;
    }
    for entry in &entries {
        let id = entry["id"].as_str().expect("it has an id");
        let sent = copies.remove(id.trim_start_matches("ob_")).unwrap_or(0);
        // One that was overtaken says so.
        let expected = usize::from(entry["last_error"].is_null());
        assert_eq!(sent, expected, "{entry}");
    }
    assert!(copies.is_empty(), "nobody owed these: {copies:?}");
    for booking in bookings {
        let told = |about: &str| {
            let of_it = entries
                .iter()
                .filter(|entry| entry["booking"] == booking.id.as_str());
            of_it.filter(|entry| entry["about"] == about).count()
        };
        let cancellations = if booking.cancelled { 2 } else { 0 };
        assert_eq!(
            (told("confirmed"), told("cancelled")),
            (2, cancellations),
            "{booking:?}"
        );
    }
    kept.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn new_nodes_migrate_under_old_ones_and_replace_them_while_guests_book() {
    let Some(old) = Program::previous() else {
        return;
    };
    let Some(site) = Site::new("rolling") else {
        return;
    };
    let new = Program::present();
    let tokens = site.found(&old);
    let rotation = Rotation::default();
    let old_one = site.node(&old, "old one");
    let old_two = site.node(&old, "old two");
    rotation.add("old one", &old_one, &tokens);
    rotation.add("old two", &old_two, &tokens);
    let old_worker = site.worker(&old, "old");
    let starts = acme::many_starts(&Api::of(&old_one.url()), "half-hour").await;
    let crowd = Crowd::begin(&rotation, &starts);
    crowd.until_each_has_done(10).await;

    // A new node comes, and brings the schema up to date under the others.
    rotation.forget_longest();
    let began = Instant::now();
    let new_one = site.node(&new, "new one");
    let migrated = began.elapsed();
    rotation.add("new one", &new_one, &tokens);
    crowd.until_each_has_done(20).await;
    let longest = rotation.tally().longest;
    measure::note(&format!(
        "rolling upgrade: the new node was ready after {migrated:?}; meanwhile no request took longer than {longest:?}"
    ));

    // The old ones do not know what later schemas mean, and say that they are not ready; yet they work on, and so does
    // their worker. Once ended, they do not start again.
    assert_eq!(readiness(&new_one).await.0, 200);
    for server in [&old_one, &old_two] {
        let (status, body) = readiness(server).await;
        assert_eq!(status, 503, "{body}");
    }
    site.more_mails(20).await;
    let complaint = site.refused(&old, &["serve", "--listen=127.0.0.1:0"]);
    assert!(complaint.contains("m20261121_160000"), "{complaint}");
    assert_eq!(site.run(&new, &["migrate"]), "the schema is up to date\n");

    // Old nodes and workers leave one by one, and new ones take their places.
    let new_worker = site.worker(&new, "new");
    retire(&rotation, "old one", old_one).await;
    let new_two = site.node(&new, "new two");
    rotation.add("new two", &new_two, &tokens);
    crowd.until_each_has_done(20).await;
    assert!(old_worker.stop().success());
    site.more_mails(20).await;
    retire(&rotation, "old two", old_two).await;
    let new_three = site.node(&new, "new three");
    rotation.add("new three", &new_three, &tokens);
    crowd.until_each_has_done(10).await;
    for server in [&new_one, &new_two, &new_three] {
        assert_eq!(readiness(server).await.0, 200);
    }

    let done = crowd.end().await;
    assert_kept(&rotation, &done.bookings).await;
    let mails = assert_told_once(&rotation, &site.sink, &done.bookings).await;
    let tally = rotation.tally();
    measure::note(&format!(
        "rolling upgrade: {} bookings and {} changes of what is offered, {mails} mails; {} requests broke off and {} were \
         turned away, and were asked again",
        done.bookings.len(),
        done.changes,
        tally.broken,
        tally.turned_away
    ));
    assert!(new_worker.stop().success());
    for server in [new_one, new_two, new_three] {
        assert!(server.stop().success());
    }
    acme::assert_verified(site.data.path(), &site.settings());
}

/// The migration of a release to come.
const LATER: &str = "m20990101_000000_later";

#[tokio::test(flavor = "multi_thread")]
async fn nodes_live_with_what_a_later_release_adds_and_stand_aside_once_it_takes_something_away() {
    let Some(site) = Site::new("later") else {
        return;
    };
    let present = Program::present();
    let tokens = site.found(&present);
    let rotation = Rotation::default();
    let one = site.node(&present, "one");
    let two = site.node(&present, "two");
    rotation.add("one", &one, &tokens);
    rotation.add("two", &two, &tokens);
    let worker = site.worker(&present, "one");
    let starts = acme::many_starts(&Api::of(&one.url()), "half-hour").await;
    let crowd = Crowd::begin(&rotation, &starts);
    crowd.until_each_has_done(10).await;

    // Expand: a column that this release does not know, and one that the database fills by itself.
    site.database.change(&format!(
        "alter table bookings add column mood text; alter table event_types add column mood text not null default 'good'; \
         insert into seaql_migrations (version, applied_at) values ('{LATER}', 0)"
    ));
    crowd.until_each_has_done(20).await;
    for server in [&one, &two] {
        assert_eq!(readiness(server).await.0, 200);
    }
    // Nodes and workers come and go as before.
    retire(&rotation, "two", two).await;
    let three = site.node(&present, "three");
    rotation.add("three", &three, &tokens);
    wait_for_log(&three, LATER).await;
    assert!(worker.stop().success());
    let worker = site.worker(&present, "two");
    assert_eq!(
        site.run(&present, &["migrate"]),
        "the schema is up to date\n"
    );
    crowd.until_each_has_done(20).await;
    site.more_mails(10).await;
    let done = crowd.end().await;
    assert_kept(&rotation, &done.bookings).await;
    assert_told_once(&rotation, &site.sink, &done.bookings).await;
    acme::assert_verified(site.data.path(), &site.settings());

    // Contract: whoever does not know the later release must not work with the schema any more.
    site.database.change(&format!(
        "update schema_compatibility set oldest = '{LATER}'"
    ));
    for server in [&one, &three] {
        let (status, body) = readiness(server).await;
        assert_eq!(status, 503, "{body}");
        assert!(
            body["detail"].to_string().contains("later release"),
            "{body}"
        );
    }
    for arguments in [
        ["serve", "--listen=127.0.0.1:0"].as_slice(),
        &["worker"],
        &["migrate"],
    ] {
        let complaint = site.refused(&present, arguments);
        assert!(
            complaint.contains(LATER) && complaint.contains("this one does not"),
            "{arguments:?}: {complaint}"
        );
    }
    assert!(worker.stop().success());
    for server in [one, three] {
        assert!(server.stop().success());
    }
}

/// Old programs lock the hosts of what they change, which nodes notice. Other changes, and those that somebody makes by hand,
/// are noticed by the database itself.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_changed_by_hand_is_seen_at_once_on_every_node() {
    let Some(site) = Site::new("by_hand") else {
        return;
    };
    let present = Program::present();
    let tokens = site.found(&present);
    let rotation = Rotation::default();
    let one = site.node(&present, "one");
    let two = site.node(&present, "two");
    rotation.add("one", &one, &tokens);
    rotation.add("two", &two, &tokens);
    let path = "/api/v1/public/acme/event-types/hour/slots?timezone=UTC&view=flat&from=2027-01-11&to=2027-01-12";
    let offered = async |wanted: usize, after: &str| {
        // Twice: the second answer is out of memory.
        for _ in 0..2 {
            for (node, answer) in rotation.ask_each(path).await {
                let found = answer.body["slots"].as_array().map(Vec::len);
                assert_eq!(found, Some(wanted), "{node} after {after}: {answer:?}");
            }
        }
    };
    offered(10, "nothing").await;
    // Microseconds of 2027-01-11 12:00 and 14:00, UTC.
    let busy = "insert into busy (id, host_id, starts_at, ends_at, source)
        select gen_random_uuid(), id, 1799668800000000, 1799676000000000, 'calendar' from people where name = 'Ann Acme'";
    for (by_hand, wanted) in [
        (busy, 8),
        ("delete from busy", 10),
        (
            "update event_types set rules = replace(rules, '\"slot_interval\":60', '\"slot_interval\":30') where slug = 'hour'",
            19,
        ),
        (
            "update event_types set rules = replace(rules, '\"slot_interval\":30', '\"slot_interval\":60') where slug = 'hour'",
            10,
        ),
        (
            "update schedules set availability = replace(availability, '08:00', '12:00') where owner_id = (select id from \
             people where name = 'Ann Acme')",
            6,
        ),
    ] {
        site.database.change(by_hand);
        offered(wanted, by_hand).await;
    }
    // A day off that was given and is taken away.
    let off = json!({ "of": "me", "timezone": "UTC", "from": "2027-01-11", "to": "2027-01-11" });
    let ann = &rotation.nodes()[0].ann;
    let given = ann.post("/api/v1/workspaces/acme/time-off", &off).await;
    assert_eq!(given.status, 201, "{given:?}");
    offered(0, "the day off").await;
    site.database.change("delete from time_off");
    offered(6, "delete from time_off").await;
}
