//! The API as a client sees it: over the router, with a database of its own and a clock that stands still. Every answer
//! is held against the description.

mod accounts;
mod browsers;
mod contract;
mod event_types;
mod guests;
mod hosted;
mod hours;
mod isolation;
mod limits;
mod mails;
mod memory;
mod overload;
mod problems;
mod seen;

use std::sync::Arc;

use actix_web::body::to_bytes;
use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;
use actix_web::test::{self, TestRequest};
use async_trait::async_trait;
use scheduling_accounts::password::HashCost;
use scheduling_accounts::settings::AccountSettings;
use scheduling_accounts::tokens::NewToken;
use scheduling_accounts::{Accounts, AccountsBuilder, Scope, Scopes};
use scheduling_app::SchedulingBuilder;
use scheduling_mail::{Folder, MailNotifier, MailOptions, MailSender};
use scheduling_persistence::{ConnectOptions, SeaOrmStorage};
use scheduling_testkit::builders::instant;
use scheduling_testkit::{ManualClock, PlainSealer, SequenceIds, SequenceSecrets, TestLinks};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::setup_file::SetupFile;
use crate::{Kalends, Parts, RateLimits, Rates, Readiness};

/// Friday, nine o'clock in Berlin.
const NOW: &str = "2026-11-20T08:00:00Z";

const PASSWORD: &str = "plum tree rain";

/// Ann owns it; Night and Max are members.
const ACME: &str = r#"
    [workspace]
    slug = "acme"
    name = "Acme"

    [[people]]
    key = "ann"
    name = "Ann"
    email = "ann@acme.example"
    timezone = "Europe/Berlin"
    hours = { weekdays = ["09:00-12:00"] }

    [[people]]
    key = "night"
    name = "Night"
    email = "night@acme.example"
    timezone = "Europe/Berlin"
    hours = { weekdays = ["00:00-24:00"], saturday = ["00:00-24:00"], sunday = ["00:00-24:00"] }

    [[people]]
    key = "max"
    name = "Max"
    email = "max@acme.example"
    timezone = "Europe/Berlin"
    hours = { weekdays = ["09:00-17:00"] }

    [[event_types]]
    slug = "intro"
    title = "Intro"
    duration_minutes = 30
    hosts = ["ann"]
    limits = { per_day = 2 }
    location = { kind = "link", url = "https://meet.acme.example" }

    [[event_types]]
    slug = "watch"
    title = "Night watch"
    duration_minutes = 60
    minimum_notice_minutes = 0
    booking_window = { kind = "open" }
    hosts = ["night"]
    location = { kind = "phone", instructions = "We call" }

    [[event_types]]
    slug = "course"
    title = "Course"
    duration_minutes = 60
    seats = 3
    hosts = ["night"]
    hours = { thursday = ["10:00-11:00"] }
    location = { kind = "in_person", address = "Here" }

    [[event_types]]
    slug = "secret"
    title = "Secret"
    duration_minutes = 30
    hosts = ["ann"]
    status = "hidden"
    location = { kind = "custom", text = "There" }
"#;

/// Eve owns it, and nobody of Acme is in it.
const OTHER: &str = r#"
    [workspace]
    slug = "other"
    name = "Other"

    [[people]]
    key = "eve"
    name = "Eve"
    email = "eve@other.example"
    timezone = "Europe/Paris"
    hours = { weekdays = ["09:00-17:00"] }

    [[event_types]]
    slug = "talk"
    title = "Talk"
    duration_minutes = 30
    hosts = ["eve"]
    location = { kind = "custom", text = "There" }
"#;

struct Switch(std::sync::atomic::AtomicBool);

#[async_trait]
impl Readiness for Switch {
    async fn check(&self) -> Result<(), String> {
        if self.0.load(std::sync::atomic::Ordering::Relaxed) {
            Ok(())
        } else {
            Err("The database does not answer.".to_owned())
        }
    }
}

/// A server with a database of its own.
struct Server {
    clock: ManualClock,
    ready: Arc<Switch>,
    kalends: Kalends,
    accounts: Accounts,
    storage: Arc<SeaOrmStorage>,
    _folder: TempDir,
}

/// The server's router. A macro, since its type cannot be named here.
macro_rules! app {
    ($server:expr) => {{
        let kalends = $server.kalends.clone();
        let app = actix_web::App::new().wrap(actix_web::middleware::from_fn(crate::edge));
        test::init_service(app.configure(move |config| crate::configure(config, &kalends))).await
    }};
}
use app;

impl Server {
    /// Acme, without limits on how often clients may ask.
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/test.db", folder.path().display());
        let options = ConnectOptions::default();
        let storage = SeaOrmStorage::connect(&url, &options).await.unwrap();
        storage.migrate().await.unwrap();
        let storage = Arc::new(storage);
        let clock = ManualClock::at(instant(NOW));
        let ids = Arc::new(SequenceIds::new());
        let secrets = Arc::new(SequenceSecrets::new());
        let scheduling = SchedulingBuilder {
            storage: storage.clone(),
            clock: Arc::new(clock.clone()),
            ids: ids.clone(),
            secrets: secrets.clone(),
            sealer: Arc::new(PlainSealer),
            links: Arc::new(TestLinks),
        }
        .build();
        let mut settings = AccountSettings::default();
        settings.hashing.cost = HashCost::new(64, 1, 1).unwrap();
        let accounts = AccountsBuilder {
            storage: storage.clone(),
            clock: Arc::new(clock.clone()),
            ids: ids.clone(),
            secrets: secrets.clone(),
            sealer: Arc::new(PlainSealer),
            settings,
        }
        .build();
        for text in [ACME, OTHER] {
            let file = SetupFile::parse(text).unwrap();
            file.apply(&scheduling, &*storage).await.unwrap();
        }
        let sender = MailSender {
            name: None,
            address: "kalends@acme.example".parse().unwrap(),
        };
        let mails = Arc::new(Folder::new(folder.path().join("mails")));
        let mail_options = MailOptions::for_sender(&sender);
        let ready = Arc::new(Switch(true.into()));
        let mut kalends = Kalends::new(Parts {
            scheduling,
            accounts: accounts.clone(),
            wording: Arc::new(MailNotifier::new(mails, sender, mail_options).unwrap()),
            clock: Arc::new(clock.clone()),
            ids,
            secrets,
            readiness: ready.clone(),
            public_url: "https://meet.acme.example/".parse().unwrap(),
            domain: "acme.example".to_owned(),
        })
        .unwrap();
        kalends.rates = Rates::new(RateLimits::OFF);
        Self {
            clock,
            ready,
            kalends,
            accounts,
            storage,
            _folder: folder,
        }
    }

    /// Sends a request and holds the answer against the description.
    async fn send(&self, request: TestRequest) -> Answer {
        let app = app!(self);
        let request = request.to_request();
        let (method, path) = (request.method().to_string(), request.path().to_owned());
        let response = match test::try_call_service(&app, request).await {
            Ok(response) => response.map_into_boxed_body().into_parts().1,
            // What was given up.
            Err(error) => actix_web::HttpResponse::from_error(error),
        };
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = to_bytes(response.into_body()).await.unwrap();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        let answer = Answer {
            status,
            headers,
            text: String::from_utf8_lossy(&bytes).into_owned(),
            body,
        };
        if status.is_client_error() || status.is_server_error() {
            answer.assert_is_a_problem();
        }
        contract::assert_described(&method, &path, &answer);
        answer
    }

    async fn get(&self, path: &str) -> Answer {
        self.send(TestRequest::get().uri(path)).await
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(TestRequest::post().uri(path).set_json(body))
            .await
    }

    async fn book(&self, event_type: &str, start: &str) -> Answer {
        self.post(&bookings(event_type), request(start)).await
    }

    /// An API token with all scopes.
    async fn token(&self, workspace: &str, email: &str) -> Client<'_> {
        let scopes: Scopes = Scope::all().collect();
        self.token_for(workspace, email, &scopes.to_string()).await
    }

    async fn token_for(&self, workspace: &str, email: &str, scopes: &str) -> Client<'_> {
        let token = NewToken {
            name: "Test".parse().unwrap(),
            scopes: scopes.parse().unwrap(),
            expires_at: None,
        };
        let (workspace, email) = (workspace.parse().unwrap(), email.parse().unwrap());
        let made = self
            .accounts
            .create_token_for(&workspace, &email, &token)
            .await
            .unwrap();
        Client {
            server: self,
            header: ("authorization", format!("Bearer {}", made.text.unwrap())),
        }
    }

    /// Ann of Acme, by an API token.
    async fn ann(&self) -> Client<'_> {
        self.token("acme", "ann@acme.example").await
    }

    /// Gives somebody the usual password.
    async fn set_password(&self, email: &str) {
        let link = self
            .accounts
            .issue_password_link(&email.parse().unwrap())
            .await
            .unwrap();
        let token = link.token.to_string();
        self.accounts
            .reset_password(&token, &PASSWORD.to_owned().into(), None)
            .await
            .unwrap();
    }

    /// Somebody who is signed in, in a browser on one of our own pages.
    async fn signed_in(&self, email: &str) -> Client<'_> {
        self.set_password(email).await;
        let answer = self
            .post(
                "/api/v1/auth/sign-in",
                json!({ "email": email, "password": PASSWORD }),
            )
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let cookie = answer.header("set-cookie").split(';').next().unwrap();
        Client {
            server: self,
            header: ("cookie", cookie.to_owned()),
        }
    }
}

/// Somebody who proves who he is.
#[derive(Clone)]
struct Client<'a> {
    server: &'a Server,
    header: (&'static str, String),
}

impl Client<'_> {
    fn request(&self, method: &str, path: &str) -> TestRequest {
        let request = TestRequest::with_uri(path)
            .method(method.parse().unwrap())
            .insert_header(self.header.clone());
        if self.header.0 == "cookie" {
            request.insert_header(("sec-fetch-site", "same-origin"))
        } else {
            request
        }
    }

    async fn get(&self, path: &str) -> Answer {
        self.server.send(self.request("GET", path)).await
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.server
            .send(self.request("POST", path).set_json(body))
            .await
    }

    async fn send_json(&self, method: &str, path: &str, body: Value) -> Answer {
        self.server
            .send(self.request(method, path).set_json(body))
            .await
    }

    async fn delete(&self, path: &str) -> Answer {
        self.server.send(self.request("DELETE", path)).await
    }

    /// PUT or PATCH, for whichever is the present version.
    async fn change(&self, method: &str, path: &str, body: Value) -> Answer {
        let request = self.request(method, path).insert_header(("if-match", "*"));
        self.server.send(request.set_json(body)).await
    }

    async fn patch(&self, path: &str, body: Value) -> Answer {
        self.change("PATCH", path, body).await
    }
}

/// An answer.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
    text: String,
}

impl Answer {
    fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or("")
    }

    fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The status with the problem's slug.
    fn is(&self) -> (u16, &str) {
        (self.status.as_u16(), self.code())
    }

    fn text_of(&self, member: &str) -> String {
        let member = &self.body[member];
        member
            .as_str()
            .unwrap_or_else(|| panic!("{}", self.text))
            .to_owned()
    }

    /// A member of each entry of a list.
    fn each(&self, member: &str) -> Vec<String> {
        let entries = self.body["data"]
            .as_array()
            .unwrap_or_else(|| panic!("{}", self.text));
        entries
            .iter()
            .map(|entry| entry[member].as_str().unwrap().to_owned())
            .collect()
    }

    fn assert_is_a_problem(&self) {
        let body = &self.body;
        assert_eq!(
            self.header("content-type"),
            "application/problem+json",
            "{}",
            self.text
        );
        assert_eq!(body["status"], self.status.as_u16());
        assert_eq!(body["type"], format!("/problems/{}", self.code()));
        let id = body["request_id"].as_str().unwrap();
        assert_eq!(self.header("x-request-id"), id);
        assert_eq!(body["instance"], format!("/requests/{id}"));
        assert!(
            body["detail"].is_string() && body["title"].is_string(),
            "{body}"
        );
    }

    /// The codes of a validation problem by pointer.
    fn errors(&self) -> Vec<String> {
        let errors = self.body["errors"].as_array().cloned().unwrap_or_default();
        errors
            .iter()
            .map(|e| {
                format!(
                    "{} {}",
                    e["pointer"].as_str().unwrap(),
                    e["code"].as_str().unwrap()
                )
            })
            .collect()
    }
}

const WS: &str = "/api/v1/workspaces/acme";

fn bookings(event_type: &str) -> String {
    format!("/api/v1/public/acme/event-types/{event_type}/bookings")
}

fn slots(event_type: &str, query: &str) -> String {
    format!("/api/v1/public/acme/event-types/{event_type}/slots?{query}")
}

fn request(start: &str) -> Value {
    json!({
        "start": start,
        "timezone": "Europe/Berlin",
        "invitee": { "name": "Zoë \"Z\" O'Hara", "email": "zoe@example.org" },
        "note": "Hello",
    })
}
