//! A firm outgrows its file: it is moved to PostgreSQL under everybody's feet, with deaths on the way, and back.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Output, Stdio};

use serde_json::Value;

use crate::support::acme;
use crate::support::api::Api;
use crate::support::counterpart;
use crate::support::server::{self, Server};

/// How often the move is killed. Each time it comes some steps further.
const DEATHS: usize = 8;

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Starts a move and kills it after so many of its steps; whether it was killed before it came to its end.
fn move_until(data: &Path, to: &str, steps: usize) -> bool {
    let mut child = server::kalends(&[("log.filter", "kalends=debug,scheduling_api=debug")])
        .env("KALENDS_DATA__FOLDER", data)
        .args(["move", "--to", to])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("kalends can be started");
    let mut lines = BufReader::new(child.stderr.take().expect("it has a standard error"));
    let mut line = String::new();
    for _ in 0..steps {
        line.clear();
        let read = lines.read_line(&mut line);
        if read.is_ok_and(|read| read == 0) {
            break;
        }
    }
    // SIGKILL; whoever has ended already does not mind.
    child.kill().expect("a child can be killed");
    let mut rest = String::new();
    // What it wrote last may be half a character.
    let _ = lines.read_to_string(&mut rest);
    !child.wait().expect("a killed child ends").success()
}

/// A server that must not start; answers why.
fn refuses_to_serve(data: &Path, settings: &[(&str, &str)]) -> String {
    let refused = acme::output(data, settings, &["serve", "--listen=127.0.0.1:0"], "");
    assert!(!refused.status.success(), "{refused:?}");
    said(&refused)
}

#[tokio::test(flavor = "multi_thread")]
#[expect(
    clippy::too_many_lines,
    reason = "a journey is read from its beginning to its end"
)]
async fn a_firm_moves_to_postgres_and_back_and_loses_nothing() {
    let Some(database) = counterpart::postgres_database("moving") else {
        return;
    };
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    let data = data.path();
    let on_postgres = [("database.url", database.url.as_str())];
    let to = ["move", "--to", &database.url];
    acme::found(data, &[]);
    acme::make_owner(data, &[]);
    let token = acme::token(data, &[], acme::HOST, acme::ALL_SCOPES);
    let server = Server::start(data, &[]);
    let guest = Api::of(&server.url());
    let starts = acme::many_starts(&guest, "half-hour").await;
    let mut booked = Vec::new();
    for (number, start) in starts.iter().enumerate().take(40) {
        let email = format!("guest-{number}@example.org");
        let answer = guest.book("half-hour", start, &email).await.expect(201);
        booked.push(answer.text("manage_token").to_owned());
    }

    // While the server runs, one can look and cannot move.
    let checked = acme::run(data, &[], &[&to[..], &["--check"]].concat(), "");
    assert!(checked.contains("can be moved"), "{checked}");
    let refused = acme::output(data, &[], &to, "");
    assert!(!refused.status.success());
    assert!(
        said(&refused).contains("the source is in use; stop the server"),
        "{refused:?}"
    );
    guest
        .get(&format!("/api/v1/public/bookings/{}", booked[0]))
        .await
        .expect(200);
    assert!(server.stop().success());

    // It dies again and again.
    let mut deaths = 0;
    for steps in (3..).step_by(9).take(DEATHS) {
        deaths += usize::from(move_until(data, &database.url, steps));
    }
    assert!(deaths >= DEATHS / 2, "it was killed {deaths} times");
    let half = refuses_to_serve(data, &on_postgres);
    assert!(
        half.contains("being moved into from sqlite:")
            && half.contains("finish with `kalends move`"),
        "{half}"
    );
    let answer = acme::run(data, &[], &[&to[..], &["--json"]].concat(), "");
    let answer: Value = serde_json::from_str(&answer).expect("it answers in JSON");
    assert_eq!(answer["outcome"], "moved");
    assert_eq!(answer["resumed"], true);
    assert_eq!(answer["violations"], Value::Array(Vec::new()));
    let tables = answer["tables"].as_array().expect("a list");
    let bookings = tables.iter().find(|table| table["name"] == "bookings");
    assert_eq!(bookings.expect("bookings are moved")["rows"], 40);
    let again = acme::run(data, &[], &to, "");
    assert!(again.contains("before; nothing was changed"), "{again}");
    assert!(
        again.contains("secret.key"),
        "the key is to be taken along: {again}"
    );

    // Nobody goes on with the file by mistake, and everything is on the other side.
    let away = refuses_to_serve(data, &[]);
    assert!(
        away.contains("the database was moved to postgres://") && away.contains("--take-back"),
        "{away}"
    );
    acme::assert_verified(data, &on_postgres);
    let server = Server::start(data, &on_postgres);
    let guest = Api::of(&server.url());
    for token in &booked {
        let found = guest.get(&format!("/api/v1/public/bookings/{token}")).await;
        assert_eq!(found.status, 200, "{found:?}");
    }
    let late = guest
        .book("half-hour", &starts[0], "late@example.org")
        .await;
    assert_eq!(late.status, 409, "what was taken is taken: {late:?}");
    let answer = guest
        .book("half-hour", &starts[41], "new@example.org")
        .await;
    let newest = answer.expect(201).text("manage_token").to_owned();
    let listed = guest
        .with_token(&token)
        .get("/api/v1/workspaces/acme/bookings?limit=100")
        .await
        .expect(200);
    assert_eq!(listed.data().len(), 41, "members keep their tokens");

    // The way back is another move, and only while nothing runs.
    let file = format!("sqlite:{}", data.join("back.db").display());
    let back = ["move", "--from", &database.url, "--to", &file];
    let refused = acme::output(data, &[], &back, "");
    assert!(
        said(&refused).contains("the source is in use"),
        "{refused:?}"
    );
    assert!(server.stop().success());
    let moved = acme::run(data, &[], &back, "");
    assert!(moved.contains("is moved to sqlite:"), "{moved}");
    let on_file = [("database.url", file.as_str())];
    let server = Server::start(data, &on_file);
    let guest = Api::of(&server.url());
    for token in booked.iter().chain([&newest]) {
        let found = guest.get(&format!("/api/v1/public/bookings/{token}")).await;
        assert_eq!(found.status, 200, "{found:?}");
    }
    assert!(server.stop().success());
    acme::assert_verified(data, &on_file);

    // The first file can be taken back; it knows nothing of what came later.
    let taken_back = acme::run(data, &[], &["move", "--take-back"], "");
    assert!(taken_back.contains("can be used again"), "{taken_back}");
    let server = Server::start(data, &[]);
    let guest = Api::of(&server.url());
    let found = guest
        .get(&format!("/api/v1/public/bookings/{newest}"))
        .await;
    assert_eq!(found.status, 404, "{found:?}");
    assert!(server.stop().success());
}

/// Whatever goes wrong, a password that stands in an address is not told.
#[test]
fn a_move_tells_no_secret() {
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    acme::found(data.path(), &[]);
    for to in [
        "postgres://kal:plums@127.0.0.1:1/none",
        "postgres://kal:plums@[half/none",
        "plums://kal:plums@host/none",
    ] {
        for setting in [[].as_slice(), &[("log.filter", "trace")]] {
            let refused = acme::output(data.path(), setting, &["move", "--to", to], "");
            assert!(!refused.status.success());
            let told = format!(
                "{}{}",
                said(&refused),
                String::from_utf8_lossy(&refused.stdout)
            );
            assert!(!told.is_empty() && !told.contains("kal:plums"), "{told}");
        }
    }
    let help = acme::run(
        data.path(),
        &[("move_to", "postgres://kal:plums@h/d")],
        &["move", "--help"],
        "",
    );
    assert!(
        help.contains("KALENDS_MOVE_TO") && !help.contains("plums"),
        "{help}"
    );
}
