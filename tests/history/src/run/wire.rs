//! Requests over HTTP, and what their answers mean.

use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Client, Method};
use serde_json::Value;

use crate::Failure;
use crate::facts::{digits, instant_of};
use crate::record::{Outcome, Reply};

/// How long a client waits for an answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// What to send.
#[derive(Debug, Clone)]
pub(super) struct Message {
    /// The method.
    pub(super) method: Method,
    /// The path.
    pub(super) path: String,
    /// Headers.
    pub(super) headers: Vec<(&'static str, String)>,
    /// The body: JSON, or the fields of a form.
    pub(super) body: Body,
}

/// A body.
#[derive(Debug, Clone)]
pub(super) enum Body {
    /// None.
    Nothing,
    /// JSON.
    Json(Value),
    /// A form, already encoded.
    Form(String),
}

impl Message {
    /// A request with a JSON body.
    pub(super) fn post(path: String, body: Value) -> Self {
        Self {
            method: Method::POST,
            path,
            headers: Vec::new(),
            body: Body::Json(body),
        }
    }

    /// A request without a body.
    pub(super) fn get(path: String) -> Self {
        Self {
            method: Method::GET,
            path,
            headers: Vec::new(),
            body: Body::Nothing,
        }
    }

    /// With a header.
    #[must_use]
    pub(super) fn with(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }
}

/// Sends requests and reads answers.
#[derive(Debug, Clone)]
pub(super) struct Wire(Client);

impl Wire {
    /// # Errors
    /// When no client can be made.
    pub(super) fn new() -> Result<Self, Failure> {
        let client = Client::builder()
            .timeout(PATIENCE)
            .connect_timeout(Duration::from_secs(5))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        Ok(Self(client))
    }

    /// Sends a message to a server; answers what became of it, and the body.
    pub(super) async fn send(&self, server: &str, message: &Message) -> (Outcome, Value) {
        let mut request = self
            .0
            .request(message.method.clone(), format!("{server}{}", message.path));
        for (name, value) in &message.headers {
            request = request.header(*name, value);
        }
        request = match &message.body {
            Body::Nothing => request,
            Body::Json(body) => request.json(body),
            Body::Form(fields) => request
                .header("content-type", "application/x-www-form-urlencoded")
                .body(fields.clone()),
        };
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) if error.is_connect() => return (Outcome::Unreached, Value::Null),
            Err(error) => return (lost(&error), Value::Null),
        };
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        match answer.bytes().await {
            Ok(bytes) => {
                let body = serde_json::from_slice(&bytes).unwrap_or_default();
                (judge(status, &headers, &body), body)
            }
            Err(error) => (lost(&error), Value::Null),
        }
    }
}

fn lost(error: &reqwest::Error) -> Outcome {
    let why = if error.is_timeout() {
        "no answer in time".to_owned()
    } else {
        format!("{error:?}")
    };
    Outcome::Unknown { status: None, why }
}

/// What an answer means for what was asked.
fn judge(status: u16, headers: &HeaderMap, body: &Value) -> Outcome {
    let code = body["code"].as_str().unwrap_or_default().to_owned();
    match status {
        // A form that did what it was for leads back to the page.
        200..=299 | 303 => {
            let replayed = headers
                .get("idempotency-replayed")
                .is_some_and(|value| value == "true");
            Outcome::Acknowledged(Box::new(reply(status, replayed, body)))
        }
        500.. => Outcome::Unknown {
            status: Some(status),
            why: code,
        },
        _ => Outcome::Refused { status, code },
    }
}

fn reply(status: u16, replayed: bool, body: &Value) -> Reply {
    let text = |field: &str| body[field].as_str().map(str::to_owned);
    let instant = |field: &str| body[field].as_str().and_then(instant_of);
    let all = |list: &Value, field: &str| -> Vec<String> {
        let list = list.as_array().into_iter().flatten();
        list.filter_map(|one| one[field].as_str().map(str::to_owned))
            .collect()
    };
    let starts = all(&body["slots"], "start");
    Reply {
        status,
        replayed,
        booking: text("id")
            .filter(|id| id.starts_with("bk_"))
            .map(|id| digits(&id)),
        version: body["version"]
            .as_u64()
            .and_then(|version| usize::try_from(version).ok()),
        state: text("status"),
        start: instant("start"),
        end: instant("end"),
        // Their names are their keys.
        hosts: all(&body["hosts"], "name"),
        hold: text("token"),
        expires_at: instant("expires_at"),
        starts: starts
            .iter()
            .filter_map(|start| instant_of(start))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_no_clear_yes_or_no_is_unknown() {
        let none = HeaderMap::new();
        assert!(judge(503, &none, &json!({ "code": "unavailable" })).is_unknown());
        assert!(judge(409, &none, &json!({ "code": "slot-taken" })).is_refused());
        assert_eq!(
            judge(303, &none, &Value::Null)
                .reply()
                .map(|reply| reply.status),
            Some(303)
        );
    }

    #[test]
    fn an_answer_is_read() {
        let mut headers = HeaderMap::new();
        headers.insert("idempotency-replayed", "true".parse().unwrap());
        let body = json!({
            "id": "bk_01A1", "version": 3, "status": "pending", "start": "1970-01-01T01:00:00+01:00",
            "end": "1970-01-01T00:00:01Z", "hosts": [{ "id": "us_1", "name": "ann" }],
        });
        let outcome = judge(201, &headers, &body);
        let reply = outcome.reply().unwrap();
        assert!(reply.replayed);
        assert_eq!(
            (reply.booking.as_deref(), reply.version),
            (Some("01a1"), Some(3))
        );
        assert_eq!((reply.start, reply.end), (Some(0), Some(1_000_000)));
        assert_eq!(reply.hosts, ["ann"]);
    }
}
