//! From an empty server to people who sign in: the first owner, an invitation, a forgotten password, sessions that end.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::acme;
use crate::support::api::Api;
use crate::support::counterpart;
use crate::support::mails;
use crate::support::server::Server;

const CORA: &str = "cora@example.org";
const FIRST: &str = "nine otters in a row";
const SECOND: &str = "ten otters in a row";

/// Lets somebody do something with an account, on a screen of this size.
fn act(action: &str, screen: &str, javascript: bool, mut argument: Value) -> Option<Value> {
    argument["screen"] = json!(screen);
    argument["javascript"] = json!(javascript);
    counterpart::in_browser("account.mjs", action, &argument)
}

/// The cookie of a session, as the browser keeps it.
fn session(seen: &Value) -> Value {
    let cookies = seen["cookies"].as_array().expect("cookies were seen");
    let [cookie] = &cookies[..] else {
        panic!("{cookies:?}");
    };
    assert_eq!(cookie["httpOnly"], true, "{cookie}");
    assert_eq!(cookie["sameSite"], "Lax", "{cookie}");
    json!({ "name": cookie["name"], "value": cookie["value"] })
}

/// Asserts that two answers differ in nothing but what numbers them.
fn assert_alike(texts: &[&str]) {
    for text in texts {
        assert_eq!(*text, texts[0]);
    }
}

fn mails_to(folder: &Path, reader: &str) -> usize {
    let mails = mails::read_all(folder);
    mails.iter().filter(|mail| mail.is_to(reader)).count()
}

#[tokio::test(flavor = "multi_thread")]
#[expect(
    clippy::too_many_lines,
    reason = "a journey is read from its beginning to its end"
)]
async fn people_are_invited_sign_in_forget_their_passwords_and_sign_out_in_a_browser() {
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    let folder = data.path().join("mails");
    acme::found(data.path(), &[]);
    acme::make_owner(data.path(), &[]);
    // There is one first owner.
    let again = acme::output(
        data.path(),
        &[],
        &[
            "owner",
            "--workspace=other",
            "--name=Mallory",
            "--email=mallory@example.org",
            "--timezone=UTC",
        ],
        acme::PASSWORD,
    );
    assert!(!again.status.success());

    let server = Server::start(data.path(), &[]);
    let at = |path: &str| format!("{}{path}", server.url());
    let (home, sign_in) = (at("/home"), at("/sign-in"));
    let ann = json!({ "home": home, "email": acme::HOST, "password": acme::PASSWORD });
    let Some(seen) = act("signIn", "desk", true, ann.clone()) else {
        return;
    };
    assert_eq!(seen["heading"], "Ann");
    let cookie = session(&seen);

    // With the session of the pages, the API invites.
    let text = |value: &Value| value.as_str().expect("it is a text").to_owned();
    let cookie = format!("{}={}", text(&cookie["name"]), text(&cookie["value"]));
    let owner = Api::of(&server.url()).with("cookie", &cookie);
    let invitation = json!({ "email": CORA });
    let invitations = "/api/v1/workspaces/acme/invitations";
    let elsewhere = owner.with("origin", "https://elsewhere.example");
    elsewhere
        .post(invitations, &invitation)
        .await
        .assert_problem(403, "cross-site-request");
    let owner = owner.with("origin", &server.url());
    owner.post(invitations, &invitation).await.expect(201);
    let invited = mails::wait_for(&folder, CORA, "invites").link("/invitations/", "");

    let joining =
        json!({ "url": invited, "name": "Cora", "timezone": "Europe/Lisbon", "password": FIRST });
    let joined = act("accept", "phone", false, joining).expect("the browser was there before");
    assert_eq!(joined["heading"], "Join Acme");
    let old_session = session(&joined);
    let members = owner
        .get("/api/v1/workspaces/acme/members")
        .await
        .expect(200);
    let cora = members.data().iter().find(|member| member["email"] == CORA);
    assert_eq!(cora.expect("she is a member")["role"], "member");
    let used = Api::of(&server.url());
    let used = used.get(invited.trim_start_matches(&server.url())).await;
    assert_eq!(used.status, 410, "{used:?}");

    // Whoever the setup file named, whoever forgot, and whoever is nobody: all read the same.
    let asked =
        json!({ "url": sign_in, "emails": [CORA, acme::SECOND_HOST, "nobody@example.org"] });
    let asked = act("forgotten", "phone", true, asked).expect("the browser was there before");
    let answers: Vec<String> = asked["answers"]
        .as_array()
        .expect("there are answers")
        .iter()
        .map(text)
        .collect();
    assert_alike(&answers.iter().map(String::as_str).collect::<Vec<_>>());
    for (reader, number) in [(CORA, 0), (acme::SECOND_HOST, 1)] {
        let link = mails::wait_for(&folder, reader, "assword").link("/reset-password/", "");
        let renewal =
            json!({ "url": link, "password": SECOND, "session": old_session, "home": home });
        let renewed =
            act("renew", "desk", number == 0, renewal).expect("the browser was there before");
        assert_eq!(renewed["again"], "This link has ended");
        if reader == CORA {
            assert!(
                text(&renewed["old"]).starts_with(&sign_in),
                "the session of before is over: {renewed}"
            );
        }
    }
    assert_eq!(mails_to(&folder, "nobody@example.org"), 0);

    let tries = json!([
        [CORA, FIRST],
        ["nobody@example.org", FIRST],
        [acme::SECOND_HOST, "wrong"]
    ]);
    let refused = json!({ "url": sign_in, "tries": tries });
    let refused = act("refuse", "phone", false, refused).expect("the browser was there before");
    let answers = refused["answers"].as_array().expect("there are answers");
    let texts: Vec<String> = answers.iter().map(|answer| text(&answer["text"])).collect();
    assert_alike(&texts.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(
        answers.iter().all(|answer| answer["cookies"] == 0),
        "{refused}"
    );
    let guest = Api::of(&server.url());
    for email in [CORA, "nobody@example.org"] {
        let body = json!({ "email": email, "password": FIRST });
        let refused = guest.post("/api/v1/auth/sign-in", &body).await;
        refused.assert_problem(401, "sign-in-refused");
        assert_eq!(
            refused.text("detail"),
            "The mail address or the password is wrong."
        );
    }

    let leaving = json!({ "home": home, "email": CORA, "password": SECOND });
    let left = act("leave", "phone", true, leaving).expect("the browser was there before");
    assert_eq!(left["after"], 0);
    assert!(text(&left["back"]).starts_with(&sign_in), "{left}");
    let ben = json!({ "home": home, "email": acme::SECOND_HOST, "password": SECOND });
    let ben = act("signIn", "desk", false, ben).expect("the browser was there before");
    assert_eq!(ben["heading"], "Ben");

    assert!(server.stop().success());
    acme::assert_verified(data.path(), &[]);
}
