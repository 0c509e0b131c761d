//! Clients who do one thing after the other, as their dice have it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, NaiveDate, SecondsFormat, TimeDelta, Utc};
use reqwest::Method;
use serde_json::{Value, json};

use super::clock::now;
use super::wire::{Body, Message, Wire};
use crate::dice::Dice;
use crate::field::{EventType, Field, WORKSPACE};
use crate::record::{Act, By, Outcome, Recorder, Reply, Request};

/// A booking that somebody was told of.
#[derive(Debug, Clone)]
pub(super) struct Known {
    /// Its id, as digits.
    pub(super) id: String,
    /// The secret of its link.
    pub(super) token: String,
    /// The event type.
    pub(super) event: String,
    /// The invitee's address.
    pub(super) email: String,
    /// The version that was seen last.
    pub(super) version: usize,
    /// The hosts' keys.
    pub(super) hosts: Vec<String>,
}

/// What all clients share.
#[derive(Debug)]
pub(super) struct Shared {
    /// Who can be booked, and for what.
    pub(super) field: Field,
    /// Where the servers are.
    pub(super) servers: Vec<String>,
    /// The record.
    pub(super) recorder: Recorder,
    /// API tokens by the hosts' keys.
    pub(super) tokens: BTreeMap<String, String>,
    /// The first day on which anybody books.
    pub(super) first_day: NaiveDate,
    /// On how many days.
    pub(super) days: u64,
    /// How many operations are left.
    pub(super) left: AtomicUsize,
    /// How many times a client waits between two operations, at most, in milliseconds.
    pub(super) pause: u64,
    /// Bookings that may be changed.
    pub(super) known: Mutex<Vec<Known>>,
    /// Starts that somebody wanted of late.
    pub(super) wanted: Mutex<Vec<(String, i64)>>,
    /// The secrets of hosts' links, by the invitee's address.
    pub(super) host_links: Mutex<BTreeMap<String, String>>,
    /// Every token that opened a booking, by id: to look at them all in the end.
    pub(super) opened: Mutex<BTreeMap<String, String>>,
}

fn locked<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    // Whoever panicked while he wrote has lost the run anyhow.
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a client may do next.
#[derive(Debug, Clone, Copy)]
enum Wish {
    Book,
    HoldAndBook,
    HoldOnly,
    Move,
    Cancel,
    Answer,
    Look,
}

const WISHES: [(Wish, u64); 7] = [
    (Wish::Book, 26),
    (Wish::HoldAndBook, 14),
    (Wish::HoldOnly, 6),
    (Wish::Move, 20),
    (Wish::Cancel, 14),
    (Wish::Answer, 14),
    (Wish::Look, 6),
];

/// One client.
pub(super) struct Client {
    number: usize,
    done: usize,
    dice: Dice,
    wire: Wire,
    shared: Arc<Shared>,
}

fn written(at: i64) -> String {
    let at = DateTime::from_timestamp_micros(at).unwrap_or(DateTime::<Utc>::UNIX_EPOCH);
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

impl Client {
    /// A client with dice of its own.
    pub(super) fn new(number: usize, seed: u64, wire: Wire, shared: Arc<Shared>) -> Self {
        Self {
            number,
            done: 0,
            dice: Dice::new(seed, number as u64 + 1),
            wire,
            shared,
        }
    }

    /// Does one thing after the other until nothing is left to do.
    pub(super) async fn live(mut self) {
        let left = |left: usize| left.checked_sub(1);
        while self
            .shared
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, left)
            .is_ok()
        {
            self.done += 1;
            match self.dice.weighed(&WISHES).unwrap_or(Wish::Look) {
                Wish::Book => self.book(false).await,
                Wish::HoldAndBook => self.book(true).await,
                Wish::HoldOnly => self.only_hold().await,
                Wish::Move => self.change_time().await,
                Wish::Cancel => self.cancel().await,
                Wish::Answer => self.answer().await,
                Wish::Look => {
                    if let Some(event) = self.any_event() {
                        let day = self.any_day();
                        self.look(&event, day, None).await;
                    }
                }
            }
            let pause = self.dice.below(self.shared.pause + 1);
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
    }

    fn any_event(&mut self) -> Option<EventType> {
        self.dice.pick(&self.shared.field.events).cloned()
    }

    fn any_day(&mut self) -> NaiveDate {
        let day = self.dice.below(self.shared.days);
        let later = TimeDelta::days(i64::try_from(day).unwrap_or_default());
        self.shared.first_day + later
    }

    fn any_server(&mut self) -> usize {
        usize::try_from(self.dice.below(self.shared.servers.len() as u64)).unwrap_or_default()
    }

    /// A server that is another one, where there is another.
    fn other_server(&mut self, than: usize) -> usize {
        let others = self.shared.servers.len().saturating_sub(1) as u64;
        let step = 1 + usize::try_from(self.dice.below(others)).unwrap_or_default();
        (than + step) % self.shared.servers.len().max(1)
    }

    fn name(&self, letter: char) -> String {
        format!("{letter}{}-{}", self.number, self.done)
    }

    /// A key, for some operations.
    fn key(&mut self) -> Option<String> {
        let name = self.name('k');
        self.dice.chance(40).then_some(name)
    }

    /// Sends one request to one server, and writes it down before and afterwards.
    async fn send_to(
        &self,
        server: usize,
        act: &Act,
        message: &Message,
        key: Option<&String>,
    ) -> (Outcome, Value) {
        let shared = &self.shared;
        let sent = now();
        let place = shared.recorder.sent(Request {
            client: self.number,
            server,
            sent,
            answered: sent,
            key: key.cloned(),
            act: act.clone(),
            outcome: Outcome::Unknown {
                status: None,
                why: "the run ended".to_owned(),
            },
        });
        let mut message = message.clone();
        if let Some(key) = key {
            message = message.with("idempotency-key", key.clone());
        }
        let url = shared
            .servers
            .get(server)
            .map(String::as_str)
            .unwrap_or_default();
        let (outcome, body) = self.wire.send(url, &message).await;
        shared.recorder.answered(place, now(), outcome.clone());
        (outcome, body)
    }

    /// Asks until somebody answers: a server that cannot be reached is passed by, and with a key a request is repeated
    /// elsewhere when its answer was lost, and now and then though it was not.
    async fn ask(
        &mut self,
        act: &Act,
        message: &Message,
        key: Option<String>,
    ) -> (Option<Reply>, Value, usize) {
        let mut server = self.any_server();
        for attempt in 0..12 {
            let (outcome, body) = self.send_to(server, act, message, key.as_ref()).await;
            let answered = server;
            server = self.other_server(server);
            match outcome {
                Outcome::Acknowledged(reply) => {
                    if key.is_some() && self.dice.chance(15) {
                        self.send_to(server, act, message, key.as_ref()).await;
                    }
                    return (Some(*reply), body, answered);
                }
                Outcome::Refused { .. } => return (None, body, answered),
                Outcome::Unknown { .. } if key.is_none() => return (None, Value::Null, answered),
                Outcome::Unknown { .. } | Outcome::Unreached => {
                    let pause = self.dice.between(20, 80) * (attempt + 1);
                    tokio::time::sleep(Duration::from_millis(pause)).await;
                }
            }
        }
        (None, Value::Null, server)
    }

    /// Looks at one day's starts.
    async fn look(&mut self, event: &EventType, day: NaiveDate, server: Option<usize>) -> Vec<i64> {
        let next = day + TimeDelta::days(1);
        let message = Message::get(format!(
            "/api/v1/public/{WORKSPACE}/event-types/{}/slots?view=flat&timezone=UTC&from={day}&to={next}",
            event.slug
        ));
        let act = Act::Read {
            event: event.slug.clone(),
        };
        let reply = match server {
            Some(server) => {
                let (outcome, _) = self.send_to(server, &act, &message, None).await;
                outcome.reply().cloned()
            }
            None => self.ask(&act, &message, None).await.0,
        };
        reply.map(|reply| reply.starts).unwrap_or_default()
    }

    /// A start to want: one that is offered, or one that somebody else wanted just now.
    async fn any_start(&mut self, event: Option<&EventType>) -> Option<(EventType, i64)> {
        if self.dice.chance(35) {
            let wanted = locked(&self.shared.wanted).clone();
            let wanted: Vec<_> = wanted
                .into_iter()
                .filter(|(slug, _)| event.is_none_or(|event| event.slug == *slug))
                .collect();
            if let Some((slug, start)) = self.dice.pick(&wanted).cloned() {
                let event = self.shared.field.event(&slug)?.clone();
                return Some((event, start));
            }
        }
        let event = match event {
            Some(event) => event.clone(),
            None => self.any_event()?,
        };
        let day = self.any_day();
        let starts = self.look(&event, day, None).await;
        let start = *self.dice.pick(&starts)?;
        let mut wanted = locked(&self.shared.wanted);
        wanted.push((event.slug.clone(), start));
        if wanted.len() > 24 {
            wanted.remove(0);
        }
        drop(wanted);
        Some((event, start))
    }

    async fn hold(&mut self, event: &EventType, start: i64) -> Option<String> {
        let path = format!(
            "/api/v1/public/{WORKSPACE}/event-types/{}/holds",
            event.slug
        );
        let message = Message::post(path, json!({ "start": written(start) }));
        let act = Act::Hold {
            event: event.slug.clone(),
            start,
        };
        let (reply, ..) = self.ask(&act, &message, None).await;
        reply?.hold
    }

    /// Holds, and renews, gives back, or forgets it.
    async fn only_hold(&mut self) {
        let Some((event, start)) = self.any_start(None).await else {
            return;
        };
        let Some(hold) = self.hold(&event, start).await else {
            return;
        };
        let path = format!("/api/v1/public/holds/{hold}");
        if self.dice.chance(40) {
            let mut message = Message::post(path.clone(), json!({}));
            message.method = Method::PATCH;
            let act = Act::Renew { hold: hold.clone() };
            self.ask(&act, &message, None).await;
        }
        if self.dice.chance(80) {
            let mut message = Message::get(path);
            message.method = Method::DELETE;
            self.ask(&Act::Release { hold }, &message, None).await;
        }
    }

    async fn book(&mut self, holds: bool) {
        let Some((event, start)) = self.any_start(None).await else {
            return;
        };
        let hold = if holds {
            let hold = self.hold(&event, start).await;
            if hold.is_none() {
                return;
            }
            hold
        } else {
            None
        };
        let email = format!("{}@guests.example", self.name('g'));
        let count = self.dice.below(u64::from(event.max_guests) + 1);
        let guests: Vec<String> = (0..count)
            .map(|number| format!("with-{number}-{email}"))
            .collect();
        let act = Act::Book {
            event: event.slug.clone(),
            start,
            email: email.clone(),
            guests: guests.clone(),
            hold: hold.clone(),
        };
        let path = format!(
            "/api/v1/public/{WORKSPACE}/event-types/{}/bookings",
            event.slug
        );
        let guests: Vec<Value> = guests
            .iter()
            .map(|email| json!({ "email": email }))
            .collect();
        let message = Message::post(
            path,
            json!({
                "start": written(start),
                "hold": hold,
                "invitee": { "name": "Somebody", "email": email, "timezone": "Europe/Lisbon" },
                "guests": guests,
            }),
        );
        let key = self.key();
        let (reply, body, server) = self.ask(&act, &message, key).await;
        let (Some(reply), Some(token)) = (reply, body["manage_token"].as_str()) else {
            return;
        };
        let Some(id) = reply.booking else {
            return;
        };
        locked(&self.shared.opened).insert(id.clone(), token.to_owned());
        locked(&self.shared.known).push(Known {
            id,
            token: token.to_owned(),
            event: event.slug.clone(),
            email,
            version: reply.version.unwrap_or(1),
            hosts: reply.hosts,
        });
        if self.dice.chance(50) {
            self.look_elsewhere(&event, start, server).await;
        }
    }

    /// Looks at the day of a start on another server, at once.
    async fn look_elsewhere(&mut self, event: &EventType, start: i64, server: usize) {
        let other = self.other_server(server);
        if let Some(day) = DateTime::from_timestamp_micros(start) {
            self.look(event, day.date_naive(), Some(other)).await;
        }
    }

    fn any_known(&mut self, wanted: impl Fn(&Known) -> bool) -> Option<Known> {
        let known = locked(&self.shared.known);
        let known: Vec<&Known> = known.iter().filter(|known| wanted(known)).collect();
        self.dice.pick(&known).map(|known| (*known).clone())
    }

    /// Who asks for a change, and how the request begins.
    fn as_somebody(&mut self, known: &Known, deed: &str, body: Value) -> (By, Message) {
        if self.dice.chance(65) {
            let path = format!("/api/v1/public/bookings/{}/{deed}", known.token);
            let mut message = Message::post(path, body);
            if self.dice.chance(20) {
                message = message.with("if-match", format!("\"{}\"", known.version));
            }
            (By::Invitee, message)
        } else {
            (By::Member, self.as_host(known, deed, body))
        }
    }

    fn as_host(&mut self, known: &Known, deed: &str, body: Value) -> Message {
        let token = self
            .dice
            .pick(&known.hosts)
            .and_then(|host| self.shared.tokens.get(host));
        let token = token.cloned().unwrap_or_default();
        let path = format!(
            "/api/v1/workspaces/{WORKSPACE}/bookings/bk_{}/{deed}",
            known.id
        );
        Message::post(path, body).with("authorization", format!("Bearer {token}"))
    }

    fn remember(&self, known: &Known, reply: &Reply) {
        let mut all = locked(&self.shared.known);
        if let Some(one) = all.iter_mut().find(|one| one.id == known.id) {
            one.version = reply.version.unwrap_or(one.version);
            if !reply.hosts.is_empty() {
                one.hosts.clone_from(&reply.hosts);
            }
        }
    }

    fn forget(&self, known: &Known) {
        locked(&self.shared.known).retain(|one| one.id != known.id);
    }

    async fn change_time(&mut self) {
        let Some(known) = self.any_known(|_| true) else {
            return;
        };
        let Some(event) = self.shared.field.event(&known.event).cloned() else {
            return;
        };
        let Some((_, start)) = self.any_start(Some(&event)).await else {
            return;
        };
        let mark = self.name('m');
        let body = json!({ "start": written(start), "reason": mark });
        let (by, message) = self.as_somebody(&known, "reschedule", body);
        let act = Act::Move {
            booking: known.id.clone(),
            start,
            mark,
            by,
        };
        let key = self.key();
        let (reply, _, server) = self.ask(&act, &message, key).await;
        let Some(reply) = reply else {
            return;
        };
        self.remember(&known, &reply);
        if self.dice.chance(50) {
            self.look_elsewhere(&event, start, server).await;
        }
    }

    async fn cancel(&mut self) {
        let Some(known) = self.any_known(|_| true) else {
            return;
        };
        let mark = self.name('m');
        let (by, message) = self.as_somebody(&known, "cancel", json!({ "reason": mark }));
        let act = Act::Cancel {
            booking: known.id.clone(),
            mark,
            by,
        };
        let key = self.key();
        if self.ask(&act, &message, key).await.0.is_some() {
            // Some keep trying what is over.
            if self.dice.chance(85) {
                self.forget(&known);
            }
        }
    }

    /// A host says yes, or no.
    async fn answer(&mut self) {
        let field = self.shared.field.clone();
        let waits = |known: &Known| {
            field
                .event(&known.event)
                .is_some_and(|event| event.approval)
        };
        let Some(known) = self.any_known(waits) else {
            return;
        };
        let declines = self.dice.chance(25);
        let deed = if declines { "decline" } else { "approve" };
        let mark = self.name('m');
        let link = locked(&self.shared.host_links).get(&known.email).cloned();
        let (by, message) = if let Some(token) = link.filter(|_| self.dice.chance(40)) {
            let form = if declines {
                format!("reason={mark}")
            } else {
                String::new()
            };
            let mut message = Message::post(format!("/h/{token}/{deed}"), Value::Null);
            message.body = Body::Form(form);
            (
                By::HostLink,
                message.with("sec-fetch-site", "same-origin".to_owned()),
            )
        } else {
            let body = if declines {
                json!({ "reason": mark })
            } else {
                json!({})
            };
            (By::Member, self.as_host(&known, deed, body))
        };
        let booking = known.id.clone();
        let act = if declines {
            Act::Decline { booking, mark, by }
        } else {
            Act::Approve { booking, by }
        };
        // A form has no key.
        let key = self.key().filter(|_| by == By::Member);
        let (reply, ..) = self.ask(&act, &message, key).await;
        if let Some(reply) = reply {
            if declines {
                self.forget(&known);
            } else {
                self.remember(&known, &reply);
            }
        }
    }
}
