//! Looking changes nothing. Mail scanners open every link, browsers fetch ahead, and crawlers follow what they find.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::support::acme;
use crate::support::api::Api;
use crate::support::counterpart;
use crate::support::mails;
use crate::support::measure;
use crate::support::place;
use crate::support::server::Server;

/// So many addresses that differ in their query alone are followed: there are calendars without end.
const QUERIES: usize = 6;

/// Everything in the database. `None` when done without Python.
fn dump(data: &Path) -> Option<String> {
    let output = Command::new(counterpart::python()?)
        .arg(place::root().join("tests/counterparts/dump.py"))
        .arg(data.join("kalends.db"))
        .output()
        .expect("Python runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The addresses in a page that lead to the server, also those that forms are sent to.
fn addresses(page: &str) -> BTreeSet<String> {
    let attributes = ["href=\"", "src=\"", "action=\"", "formaction=\""];
    attributes
        .iter()
        .flat_map(|attribute| page.split(attribute).skip(1))
        .filter_map(|rest| rest.split('"').next())
        .filter(|address| address.starts_with('/') && !address.starts_with("//"))
        .map(|address| {
            let address = address
                .replace("&amp;", "&")
                .replace("&#x2F;", "/")
                .replace("&#x3D;", "=");
            address.split('#').next().unwrap_or_default().to_owned()
        })
        .collect()
}

/// Looks at everything that can be found from these addresses; answers how often it looked, and the statuses it met.
async fn look_around(visitor: &Api, seeds: &BTreeSet<String>) -> (usize, BTreeMap<u16, usize>) {
    let mut waiting: VecDeque<String> = seeds.iter().cloned().collect();
    let (mut known, mut queries) = (seeds.clone(), BTreeMap::<String, usize>::new());
    let (mut looks, mut statuses) = (0, BTreeMap::new());
    while let Some(address) = waiting.pop_front() {
        let path = address.split('?').next().unwrap_or_default().to_owned();
        let times = queries.entry(path).or_default();
        *times += 1;
        if *times > QUERIES {
            continue;
        }
        visitor.ask("HEAD", &address, None).await;
        let page = visitor.get(&address).await;
        looks += 2;
        *statuses.entry(page.status.as_u16()).or_default() += 1;
        assert!(page.status.as_u16() < 500, "{address}: {page:?}");
        let mut found = page.body.as_str().map(addresses).unwrap_or_default();
        found.extend(Some(page.header("location").to_owned()).filter(|to| to.starts_with('/')));
        for address in found {
            if known.insert(address.clone()) {
                waiting.push_back(address);
            }
        }
    }
    (looks, statuses)
}

/// Something of everything that links lead to; answers addresses that change something when they are posted to.
async fn furnish(guest: &Api, member: &Api) -> BTreeSet<String> {
    let starts = guest.starts("interview", "").await;
    let mut seeds = BTreeSet::new();
    for number in 0..4 {
        let path = "/api/v1/public/acme/event-types/interview/bookings";
        let body = json!({
            "start": starts[number * 12 + 5],
            "invitee": { "name": "Guest", "email": format!("guest-{number}@example.org"), "timezone": "Asia/Tokyo" },
            "guests": [{ "email": format!("friend-{number}@example.org") }],
            "answers": { "topic": "A story" },
        });
        let asked = guest.post(path, &body).await.expect(201);
        let (id, manage) = (asked.text("id"), asked.text("manage_token"));
        let booking = format!("/api/v1/workspaces/acme/bookings/{id}");
        match number {
            0 => {}
            1 => drop(
                member
                    .post(&format!("{booking}/decline"), &json!({ "reason": "No" }))
                    .await
                    .expect(200),
            ),
            _ => drop(
                member
                    .post(&format!("{booking}/approve"), &json!({}))
                    .await
                    .expect(200),
            ),
        }
        if number == 3 {
            member
                .post(&format!("{booking}/cancel"), &json!({ "reason": "Ill" }))
                .await
                .expect(200);
        }
        for deed in [
            "",
            "/approve",
            "/decline",
            "/cancel",
            "/reschedule",
            "/complete",
            "/no-show",
            "/timeline",
        ] {
            seeds.insert(format!("{booking}{deed}"));
        }
        for deed in ["", "/cancel", "/reschedule"] {
            seeds.insert(format!("/api/v1/public/bookings/{manage}{deed}"));
        }
    }
    let holds = "/api/v1/public/acme/event-types/interview/holds";
    let held = guest
        .post(holds, &json!({ "start": starts[60] }))
        .await
        .expect(201);
    seeds.insert(format!("/api/v1/public/holds/{}", held.text("token")));
    let invitation = json!({ "email": "cora@example.org" });
    member
        .post("/api/v1/workspaces/acme/invitations", &invitation)
        .await
        .expect(201);
    let forgotten = json!({ "email": acme::HOST });
    guest
        .post("/api/v1/auth/password-reset", &forgotten)
        .await
        .expect(202);
    seeds
}

/// Waits until mails of every kind have come.
fn wait_for_mails(folder: &Path) {
    // Approved and at once called off, number 3 may hear of the end alone.
    let last = [
        ("guest-0@example.org", "Requested"),
        ("guest-1@example.org", "Declined"),
        ("guest-2@example.org", "METHOD:REQUEST"),
        ("guest-3@example.org", "METHOD:CANCEL"),
        ("friend-2@example.org", "METHOD:REQUEST"),
        ("cora@example.org", "/invitations/"),
        (acme::HOST, "/reset-password/"),
    ];
    mails::wait_until(folder, "a mail of each kind", |mails| {
        let came = |reader: &str, words: &str| {
            mails
                .iter()
                .any(|m| m.is_to(reader) && m.text.contains(words))
        };
        let asked = |mail: &&mails::Mail| {
            mail.is_to(acme::HOST) && mail.header("Subject").starts_with("Answer needed")
        };
        last.iter().all(|(reader, words)| came(reader, words))
            && mails.iter().filter(asked).count() >= 3
    });
}

/// The addresses in the mails.
fn addresses_in_mails(folder: &Path) -> BTreeSet<String> {
    let mut seeds = BTreeSet::new();
    for mail in mails::read_all(folder) {
        for link in mail.links() {
            // The mails name the server that sent them, which had another port.
            if let Some((_, path)) = link.trim_start_matches("http://127.0.0.1").split_once('/')
                && link.starts_with("http://127.0.0.1")
            {
                seeds.insert(format!("/{path}"));
            }
        }
    }
    seeds
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_looks_at_every_link_of_every_mail_and_page_changes_nothing() {
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    let folder = data.path().join("mails");
    acme::found(data.path(), &[]);
    acme::make_owner(data.path(), &[]);
    let token = acme::token(data.path(), &[], acme::HOST, acme::ALL_SCOPES);

    let server = Server::start(data.path(), &[]);
    let guest = Api::of(&server.url());
    let member = guest.with_token(&token);
    let mut seeds = furnish(&guest, &member).await;
    wait_for_mails(&folder);
    assert!(server.stop().success());

    // What is owed later stays owed: no worker.
    let server = Server::without_worker(data.path(), &[]);
    let guest = Api::of(&server.url());
    let sign_in = json!({ "email": acme::HOST, "password": acme::PASSWORD });
    let signed_in = guest
        .post("/api/v1/auth/sign-in", &sign_in)
        .await
        .expect(200);
    let cookie = signed_in
        .header("set-cookie")
        .split(';')
        .next()
        .expect("there is a cookie");
    seeds.extend(addresses_in_mails(&folder));
    let secret = |behind: &str| seeds.iter().filter(|seed| seed.starts_with(behind)).count();
    assert!(secret("/b/") >= 4 && secret("/h/") >= 3, "{seeds:#?}");
    assert!(
        secret("/invitations/") == 1 && secret("/reset-password/") == 1,
        "{seeds:#?}"
    );
    for page in [
        "/",
        "/book/acme",
        "/sign-in",
        "/sign-out",
        "/forgotten-password",
        "/home",
        "/openapi.json",
        "/problems",
    ] {
        seeds.insert(page.to_owned());
    }

    let Some(before) = dump(data.path()) else {
        return;
    };
    assert!(before.lines().count() > 50, "{before}");
    let whole = [
        ("nobody", guest.clone()),
        ("a host who is signed in", guest.with("cookie", cookie)),
        ("a program with a token", guest.with_token(&token)),
    ];
    for (who, visitor) in whole {
        let (looks, statuses) = look_around(&visitor, &seeds).await;
        measure::note(&format!("{who} looked {looks} times: {statuses:?}"));
        let after = dump(data.path()).expect("Python was there before");
        let changed: Vec<&str> = after
            .lines()
            .filter(|line| !before.contains(line))
            .collect();
        assert!(after == before, "{who} changed something: {changed:#?}");
    }
    // They were real: whoever means it presses the button.
    let accepted = seeds
        .iter()
        .find(|seed| seed.starts_with("/invitations/"))
        .expect("it is there");
    let token = accepted.trim_start_matches("/invitations/");
    let joins = json!({ "token": token, "name": "Cora", "timezone": "UTC", "password": "nine otters in a row" });
    guest
        .post("/api/v1/auth/invitations/accept", &joins)
        .await
        .expect(200);
    assert!(server.stop().success());
    acme::assert_verified(data.path(), &[]);
}
