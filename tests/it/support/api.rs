//! The JSON API, as its reference describes it.

use std::time::Duration;

use chrono::{DateTime, FixedOffset};
use reqwest::header::HeaderMap;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

/// A program that talks to the API: a guest's, or with a token a member's. Cloning is cheap.
#[derive(Clone)]
pub(crate) struct Api {
    client: Client,
    base: String,
    headers: Vec<(String, String)>,
}

/// What a request was answered with.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) media_type: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    /// A field of the body that is a text.
    pub(crate) fn text(&self, field: &str) -> &str {
        let value = self.body[field].as_str();
        value.unwrap_or_else(|| panic!("the answer has no {field}: {self:?}"))
    }

    /// The entries of a page.
    pub(crate) fn data(&self) -> &[Value] {
        let data = self.body["data"].as_array();
        data.unwrap_or_else(|| panic!("the answer is no page: {self:?}"))
    }

    /// A header, empty when it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap_or_default())
    }

    /// Asserts that this is the problem with this code.
    pub(crate) fn assert_problem(&self, status: u16, code: &str) {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        assert_eq!(self.media_type, "application/problem+json", "{self:?}");
        assert_eq!(self.text("code"), code, "{self:?}");
    }

    /// The answer, which must have this status.
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        self
    }
}

impl Api {
    /// Talks to a server, such as `http://127.0.0.1:8000`, as a guest.
    pub(crate) fn of(base: &str) -> Self {
        // The time limit is a guard against hanging.
        let client = Client::builder()
            .timeout(Duration::from_mins(1))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build();
        Self {
            client: client.expect("a client can be made"),
            base: base.to_owned(),
            headers: Vec::new(),
        }
    }

    /// Where the server is, as its own pages would say in `Origin`.
    pub(crate) fn origin(&self) -> String {
        self.base.clone()
    }

    /// The same with a header in every request.
    pub(crate) fn with(&self, name: &str, value: &str) -> Self {
        let mut other = self.clone();
        other.headers.push((name.to_owned(), value.to_owned()));
        other
    }

    /// The same as a member, by an API token.
    pub(crate) fn with_token(&self, token: &str) -> Self {
        self.with("authorization", &format!("Bearer {token}"))
    }

    /// Asks, with or without a body. `Err` when the connection broke, also in the middle of the answer.
    pub(crate) async fn try_ask(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, reqwest::Error> {
        let method = method.parse().expect("a method is a word");
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await?;
        let status = response.status();
        let headers = response.headers().clone();
        let media_type = headers.get("content-type").cloned();
        let text = response.text().await?;
        Ok(Answer {
            status,
            media_type: media_type
                .and_then(|value| value.to_str().ok().map(str::to_owned))
                .unwrap_or_default()
                .split(';')
                .next()
                .unwrap_or_default()
                .to_owned(),
            headers,
            body: serde_json::from_str(&text).unwrap_or(Value::String(text)),
        })
    }

    /// Asks, where a broken connection is a failure.
    pub(crate) async fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let answer = self.try_ask(method, path, body).await;
        answer.unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    /// GET, without following redirections.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, None).await
    }

    /// POST of a JSON body.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask("POST", path, Some(body)).await
    }

    /// POST of a JSON body. `Err` when the connection broke.
    pub(crate) async fn try_post(
        &self,
        path: &str,
        body: &Value,
    ) -> Result<Answer, reqwest::Error> {
        self.try_ask("POST", path, Some(body)).await
    }

    /// Books, as a guest with this address.
    pub(crate) async fn try_book(
        &self,
        event: &str,
        start: &str,
        email: &str,
    ) -> Result<Answer, reqwest::Error> {
        let body = json!({
            "start": start,
            "invitee": { "name": "Guest of a test", "email": email, "timezone": "Europe/Lisbon" },
        });
        self.try_post(
            &format!("/api/v1/public/acme/event-types/{event}/bookings"),
            &body,
        )
        .await
    }

    /// Books, where a broken connection is a failure.
    pub(crate) async fn book(&self, event: &str, start: &str, email: &str) -> Answer {
        self.try_book(event, start, email)
            .await
            .expect("the server answers")
    }

    /// The starts that an event type offers in the 31 days from a date on, as the API writes them.
    pub(crate) async fn starts(&self, event: &str, from: &str) -> Vec<String> {
        let from = if from.is_empty() {
            String::new()
        } else {
            format!("&from={from}")
        };
        let path =
            format!("/api/v1/public/acme/event-types/{event}/slots?timezone=UTC&view=flat{from}");
        let answer = self.get(&path).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let slots = answer.body["slots"]
            .as_array()
            .expect("the flat view lists slots");
        slots
            .iter()
            .map(|slot| {
                slot["start"]
                    .as_str()
                    .expect("a slot has a start")
                    .to_owned()
            })
            .collect()
    }
}

/// Reads a time that the API wrote.
pub(crate) fn instant(text: &str) -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}
