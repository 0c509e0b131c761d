//! Guests who book Ann and call off, guests who want the same, and Ben who changes his hours: all at once and all the time,
//! through whichever nodes there are. Each looks at every node after each change, and finds it there.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::rotation::{Caller, Request, Rotation};
use crate::support::api::Answer;

const GUESTS: usize = 2;
const SCHEDULES: &str = "/api/v1/workspaces/acme/schedules";
const TIME_OFF: &str = "/api/v1/workspaces/acme/time-off";
const EVENT_TYPES: &str = "/api/v1/workspaces/acme/event-types";

/// A booking that was acknowledged, and how it was left.
#[derive(Debug, Clone)]
pub(super) struct Acknowledged {
    pub(super) id: String,
    pub(super) token: String,
    pub(super) cancelled: bool,
}

/// All of them at work.
pub(super) struct Crowd {
    rotation: Rotation,
    stop: Arc<AtomicBool>,
    bookers: Vec<JoinHandle<Vec<Acknowledged>>>,
    ben: JoinHandle<usize>,
}

/// What the crowd has done.
pub(super) struct Done {
    pub(super) bookings: Vec<Acknowledged>,
    /// How often Ben changed what is offered.
    pub(super) changes: usize,
}

impl Crowd {
    /// Lets them begin. Each has times of its own, of Ann's next weeks.
    pub(super) fn begin(rotation: &Rotation, starts: &[String]) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let days: Vec<&str> = {
            let mut days: Vec<&str> = starts.iter().map(|start| day_of(start)).collect();
            days.dedup();
            days
        };
        // From the day after tomorrow on, so that no notice matters.
        let (bens, days) = (days[60], &days[2..50]);
        let mut theirs = vec![VecDeque::new(); GUESTS + 1];
        for start in starts.iter().filter(|start| days.contains(&day_of(start))) {
            let next = theirs.iter_mut().min_by_key(|starts| starts.len());
            next.expect("there are guests").push_back(start.clone());
        }
        let mut bookers = Vec::new();
        for (number, starts) in theirs.into_iter().enumerate() {
            let guest = Guest {
                rotation: rotation.clone(),
                stop: Arc::clone(&stop),
                number,
                turn: number,
                starts,
                left: Vec::new(),
            };
            bookers.push(if number < GUESTS {
                tokio::spawn(guest.book_and_call_off())
            } else {
                tokio::spawn(guest.contend())
            });
        }
        let ben = Ben {
            rotation: rotation.clone(),
            stop: Arc::clone(&stop),
            day: bens.to_owned(),
            turn: 0,
        };
        Self {
            rotation: rotation.clone(),
            stop,
            bookers,
            ben: tokio::spawn(ben.change_his_mind()),
        }
    }

    /// Waits until each node in rotation has acknowledged so many more changes.
    pub(super) async fn until_each_has_done(&self, more: usize) {
        let done = |name: &str| {
            let tally = self.rotation.tally();
            let found = tally.acknowledged.iter().find(|(node, _)| *node == name);
            found.map_or(0, |(_, count)| *count)
        };
        let names: Vec<&str> = self.rotation.nodes().iter().map(|node| node.name).collect();
        let wanted: Vec<(&str, usize)> = names
            .iter()
            .map(|name| (*name, done(name) + more))
            .collect();
        let began = Instant::now();
        while wanted.iter().any(|(name, count)| done(name) < *count) {
            let ended = self.bookers.iter().any(JoinHandle::is_finished) || self.ben.is_finished();
            assert!(!ended, "one of the crowd has found something wrong");
            assert!(
                began.elapsed() < Duration::from_mins(3),
                "nothing goes on: {:?}",
                self.rotation.tally()
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Lets everybody finish what he is at.
    pub(super) async fn end(self) -> Done {
        self.stop.store(true, Ordering::Relaxed);
        let mut bookings = Vec::new();
        for booker in self.bookers {
            bookings.extend(booker.await.expect("a guest finds everything in order"));
        }
        let changes = self.ben.await.expect("Ben finds everything in order");
        Done { bookings, changes }
    }
}

fn day_of(start: &str) -> &str {
    start.get(..10).expect("a start begins with its date")
}

/// Where the slots of one day are read.
fn slots_path(event: &str, day: &str) -> String {
    let next: chrono::NaiveDate = day.parse().expect("it is a date");
    let next = next.succ_opt().expect("the calendar goes on");
    format!(
        "/api/v1/public/acme/event-types/{event}/slots?timezone=UTC&view=flat&from={day}&to={next}"
    )
}

fn starts_of(answer: &Answer) -> Vec<&str> {
    assert_eq!(answer.status, 200, "{answer:?}");
    let slots = answer.body["slots"].as_array().expect("it lists slots");
    let starts = slots.iter().map(|slot| slot["start"].as_str());
    starts.map(|start| start.expect("a slot starts")).collect()
}

struct Guest {
    rotation: Rotation,
    stop: Arc<AtomicBool>,
    number: usize,
    turn: usize,
    starts: VecDeque<String>,
    left: Vec<Acknowledged>,
}

impl Guest {
    fn goes_on(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
    }

    /// The next node's turn.
    fn turn(&mut self) -> usize {
        self.turn += 1;
        self.turn
    }

    fn next_start(&mut self) -> String {
        let start = self.starts.pop_front();
        start.expect("there are more starts than can be booked")
    }

    async fn book_and_call_off(mut self) -> Vec<Acknowledged> {
        for round in 0.. {
            if !self.goes_on() {
                break;
            }
            let start = self.next_start();
            let email = format!("guest-{}-{round}@example.org", self.number);
            let turn = self.turn();
            let booked = book(&self.rotation, turn, &start, &email).await.expect(201);
            let mut booking = acknowledged(&booked);
            self.assert_offered(&start, false).await;
            self.assert_status(&booking.token, "confirmed").await;
            self.assert_listed(&email).await;
            if round % 4 != 0 {
                self.call_off(&mut booking).await;
                self.assert_offered(&start, true).await;
                self.assert_status(&booking.token, "cancelled").await;
                self.starts.push_back(start);
            }
            self.left.push(booking);
        }
        self.left
    }

    /// Two want the same start, by two nodes at once: one of them gets it.
    async fn contend(mut self) -> Vec<Acknowledged> {
        for round in 0.. {
            if !self.goes_on() {
                break;
            }
            let start = self.next_start();
            let emails = ["one", "another"].map(|who| format!("{who}-{round}@example.org"));
            let (first, second) = (self.turn(), self.turn());
            let (one, another) = tokio::join!(
                book(&self.rotation, first, &start, &emails[0]),
                book(&self.rotation, second, &start, &emails[1])
            );
            let (winner, loser) = if one.status == 201 {
                (one, another)
            } else {
                (another, one)
            };
            let mut booking = acknowledged(&winner.expect(201));
            loser.assert_problem(409, "slot-taken");
            self.assert_offered(&start, false).await;
            self.call_off(&mut booking).await;
            self.starts.push_back(start);
            self.left.push(booking);
        }
        self.left
    }

    async fn call_off(&mut self, booking: &mut Acknowledged) {
        let path = format!("/api/v1/public/bookings/{}/cancel", booking.token);
        let key = format!("cancel-{}", booking.id);
        let request = Request {
            by: Caller::Guest,
            method: "POST",
            path: &path,
            body: Some(&json!({ "reason": "Another time" })),
            key: Some(&key),
        };
        let turn = self.turn();
        self.rotation.ask(turn, &request).await.expect(200);
        booking.cancelled = true;
    }

    async fn assert_offered(&self, start: &str, offered: bool) {
        let path = slots_path("half-hour", day_of(start));
        for (node, answer) in self.rotation.ask_each(&path).await {
            let found = starts_of(&answer).contains(&start);
            assert_eq!(found, offered, "whether {node} offers {start}");
        }
    }

    async fn assert_status(&self, token: &str, status: &str) {
        let path = format!("/api/v1/public/bookings/{token}");
        for (node, answer) in self.rotation.ask_each(&path).await {
            assert_eq!(answer.status, 200, "{node}: {answer:?}");
            assert_eq!(answer.text("status"), status, "{node}: {answer:?}");
        }
    }

    /// Ann sees it among her bookings.
    async fn assert_listed(&mut self, email: &str) {
        let path = format!("/api/v1/workspaces/acme/bookings?q={email}");
        let request = Request {
            by: Caller::Ann,
            method: "GET",
            path: &path,
            body: None,
            key: None,
        };
        let turn = self.turn();
        let listed = self.rotation.ask(turn, &request).await.expect(200);
        assert_eq!(listed.data().len(), 1, "{listed:?}");
    }
}

/// Books by one node or the next, as often as it takes, under one key.
async fn book(rotation: &Rotation, turn: usize, start: &str, email: &str) -> Answer {
    let body = json!({
        "start": start,
        "invitee": { "name": "Guest of a test", "email": email, "timezone": "Europe/Lisbon" },
    });
    let key = format!("book-{}", email.replace('@', "-"));
    let request = Request {
        by: Caller::Guest,
        method: "POST",
        path: "/api/v1/public/acme/event-types/half-hour/bookings",
        body: Some(&body),
        key: Some(&key),
    };
    rotation.ask(turn, &request).await
}

fn acknowledged(answer: &Answer) -> Acknowledged {
    Acknowledged {
        id: answer.text("id").to_owned(),
        token: answer.text("manage_token").to_owned(),
        cancelled: false,
    }
}

/// Ben, whom nobody books, and who changes what is offered on one day.
///
/// Nobody books him, so that nothing but his own changes tells a node that what it keeps in memory is old.
struct Ben {
    rotation: Rotation,
    stop: Arc<AtomicBool>,
    day: String,
    turn: usize,
}

impl Ben {
    /// Takes the day off, shortens its hours, puts an event type's starts closer together; and takes each back. Answers how
    /// often he changed something.
    async fn change_his_mind(mut self) -> usize {
        // An hour each from six to ten in the evening.
        const ALL: usize = 16;
        let elsewhere = "2027-12-24";
        let schedule = self.read(SCHEDULES).await.data()[0].clone();
        let mut settings = self.read(&format!("{EVENT_TYPES}/hour")).await.body;
        let read_only = ["id", "version", "position", "url"];
        let event = settings.as_object_mut().expect("it is an object");
        event.retain(|key, _| !read_only.contains(&key.as_str()));
        event.insert("slug".to_owned(), json!("hour-with-ben"));
        let hosts = json!([{ "hosts": [{ "user": schedule["owner"] }] }]);
        event.insert("host_groups".to_owned(), hosts);
        self.change("POST", EVENT_TYPES, &settings)
            .await
            .expect(201);
        let off = self.change("POST", TIME_OFF, &time_off(elsewhere)).await;
        let off = format!("{TIME_OFF}/{}", off.expect(201).text("id"));
        let hours = schedule["id"].as_str().expect("it has an id");
        let hours = format!("{SCHEDULES}/{hours}");
        let with = |overrides: Value| {
            let mut availability = schedule["availability"].clone();
            availability["overrides"] = overrides;
            json!({ "availability": availability })
        };
        let day = self.day.clone();
        let short = json!([{ "from": day, "windows": [{ "start": "09:00", "end": "10:00" }] }]);
        let event = format!("{EVENT_TYPES}/hour-with-ben");
        let changes = [
            ("PUT", &off, time_off(&day), 0),
            ("PUT", &off, time_off(elsewhere), ALL),
            ("PATCH", &hours, with(short), 1),
            ("PATCH", &hours, with(json!([])), ALL),
            ("PATCH", &event, json!({ "slot_interval_minutes": 30 }), 31),
            ("PATCH", &event, json!({ "slot_interval_minutes": 60 }), ALL),
        ];
        let mut made = 0;
        // To the end of a round, so that all is as it was.
        while !self.stop.load(Ordering::Relaxed) {
            for (method, path, body, offered) in &changes {
                self.change(method, path, body).await.expect(200);
                made += 1;
                let path = slots_path("hour-with-ben", &self.day);
                for (node, answer) in self.rotation.ask_each(&path).await {
                    let found = starts_of(&answer).len();
                    assert_eq!(found, *offered, "{node} after {method} {body}");
                }
            }
        }
        made
    }

    async fn read(&self, path: &str) -> Answer {
        let request = Request {
            by: Caller::Ben,
            method: "GET",
            path,
            body: None,
            key: None,
        };
        self.rotation.ask(self.turn, &request).await.expect(200)
    }

    async fn change(&mut self, method: &str, path: &str, body: &Value) -> Answer {
        self.turn += 1;
        let request = Request {
            by: Caller::Ben,
            method,
            path,
            body: Some(body),
            key: None,
        };
        self.rotation.ask(self.turn, &request).await
    }
}

fn time_off(day: &str) -> Value {
    json!({ "of": "me", "timezone": "UTC", "from": day, "to": day })
}
