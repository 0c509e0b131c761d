//! The JSON API, as its reference describes it.

use std::time::Duration;

use chrono::{DateTime, FixedOffset};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

/// A guest's program. Cloning is cheap.
#[derive(Clone)]
pub(crate) struct Api {
    client: Client,
    base: String,
}

/// What a request was answered with.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) media_type: String,
    pub(crate) body: Value,
}

impl Answer {
    /// A field of the body that is a text.
    pub(crate) fn text(&self, field: &str) -> &str {
        let value = self.body[field].as_str();
        value.unwrap_or_else(|| panic!("the answer has no {field}: {self:?}"))
    }

    /// Asserts that this is the problem with this code.
    pub(crate) fn assert_problem(&self, status: u16, code: &str) {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        assert_eq!(self.media_type, "application/problem+json", "{self:?}");
        assert_eq!(self.text("code"), code, "{self:?}");
    }
}

impl Api {
    /// Talks to a server, such as `http://127.0.0.1:8000`.
    pub(crate) fn of(base: &str) -> Self {
        // The time limit is a guard against hanging.
        let client = Client::builder()
            .timeout(Duration::from_mins(1))
            .no_proxy()
            .build();
        Self {
            client: client.expect("a client can be made"),
            base: base.to_owned(),
        }
    }

    async fn read(response: reqwest::Response) -> Answer {
        let status = response.status();
        let media_type = response
            .headers()
            .get("content-type")
            .map_or_else(String::new, |value| {
                value
                    .to_str()
                    .unwrap_or_default()
                    .split(';')
                    .next()
                    .unwrap_or_default()
                    .to_owned()
            });
        let text = response.text().await.expect("the answer arrives whole");
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Answer {
            status,
            media_type,
            body,
        }
    }

    /// GET, wherever it leads.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        let response = self.client.get(format!("{}{path}", self.base)).send().await;
        Self::read(response.expect("the server answers")).await
    }

    /// POST of a JSON body. `Err` when the connection broke.
    pub(crate) async fn try_post(
        &self,
        path: &str,
        body: &Value,
    ) -> Result<Answer, reqwest::Error> {
        let response = self
            .client
            .post(format!("{}{path}", self.base))
            .json(body)
            .send()
            .await?;
        let status = response.status();
        let media_type = response.headers().get("content-type").cloned();
        // A body that breaks off is a broken connection, not an answer.
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
            body: serde_json::from_str(&text).unwrap_or(Value::String(text)),
        })
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
