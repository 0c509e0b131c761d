//! A small history that is as it should be, for tests to spoil.

use serde_json::json;

use crate::Case;
use crate::facts::{
    Attendee, Booking, BookingHost, Calendar, Claim, EventTypeRow, Facts, HistoryEntry, Hold,
    HoldHost, Ledger, Mail, OutboxRow, Person, RotationEntry, Session, View,
};
use crate::field::{EventType, Field, micros};
use crate::judge::asked::hash;
use crate::record::{Act, By, Deed, Event, Outcome, Record, Reply, Request};

/// When the run begins: a Monday at noon.
pub(crate) const BEGIN: i64 = 1_795_435_200_000_000;
/// A day of the following week, at nine.
pub(crate) const DAY: i64 = BEGIN + 7 * 86_400_000_000 - 3 * 3_600_000_000;
/// The token of the hold that is there.
pub(crate) const HOLD: &str = "hold_0102";

/// The start of the meeting that begins so many minutes after nine.
pub(crate) fn start(minutes: u32) -> i64 {
    DAY + micros(minutes)
}

fn rfc(at: i64) -> String {
    chrono::DateTime::from_timestamp_micros(at)
        .unwrap()
        .to_rfc3339()
}

/// Makes requests, and what becomes of them.
pub(crate) struct Play {
    pub(crate) case: Case,
    now: i64,
}

impl Play {
    fn new() -> Self {
        let field = Field::standard();
        let people = field.people.iter().map(|person| Person {
            id: person.key.clone(),
            email: person.email(),
        });
        let event_types = field.events.iter().map(|event| EventTypeRow {
            id: format!("et{}", event.slug),
            slug: event.slug.clone(),
        });
        let facts = Facts {
            read_at: BEGIN + 3_600_000_000,
            people: people.collect(),
            event_types: event_types.collect(),
            refuses_overlap: Some(true),
            ..Facts::default()
        };
        let case = Case {
            field,
            record: Record::default(),
            facts,
        };
        Self { case, now: BEGIN }
    }

    /// A second passes.
    fn tick(&mut self) -> i64 {
        self.now += 1_000_000;
        self.now
    }

    /// A request that is acknowledged within half a second.
    pub(crate) fn ask(&mut self, act: Act, reply: Reply) {
        let sent = self.tick();
        self.case.record.requests.push(Request {
            client: 0,
            server: 0,
            sent,
            answered: sent + 500_000,
            key: None,
            act,
            outcome: Outcome::Acknowledged(Box::new(reply)),
        });
    }

    fn enter(&mut self, booking: &str, kind: &str, doer: &str, change: serde_json::Value) {
        let number = self.case.facts.history.len();
        self.case.facts.history.push(HistoryEntry {
            id: format!("hy{number:04}"),
            booking_id: booking.to_owned(),
            happened_at: self.now,
            doer: json!({ "kind": doer, "id": "cem" }),
            kind: kind.to_owned(),
            change,
        });
    }

    fn row(&mut self, booking: &str) -> &mut Booking {
        self.case
            .facts
            .bookings
            .iter_mut()
            .find(|b| b.id == booking)
            .unwrap()
    }

    fn reply(&mut self, booking: &str) -> Reply {
        let row = self.row(booking).clone();
        let hosts = self
            .case
            .facts
            .booking_hosts
            .iter()
            .filter(|h| h.booking_id == booking);
        Reply {
            status: 200,
            booking: Some(booking.to_owned()),
            version: usize::try_from(row.version).ok(),
            state: Some(row.status),
            start: Some(row.starts_at),
            end: Some(row.ends_at),
            hosts: hosts.map(|host| host.user_id.clone()).collect(),
            ..Reply::default()
        }
    }

    fn event(&self, slug: &str) -> EventType {
        self.case.field.event(slug).unwrap().clone()
    }

    /// Books, with hosts and guests, at so many minutes after nine.
    fn book(&mut self, id: &str, slug: &str, minutes: u32, hosts: &[&str], guests: &[&str]) {
        let event = self.event(slug);
        let email = format!("{id}@guests.example");
        let state = if event.approval {
            "pending"
        } else {
            "confirmed"
        };
        let kind = if event.approval {
            "requested"
        } else {
            "confirmed"
        };
        let facts = &mut self.case.facts;
        facts.bookings.push(Booking {
            id: id.to_owned(),
            event_type_id: format!("et{slug}"),
            starts_at: start(minutes),
            ends_at: start(minutes) + event.length(),
            buffer_before: event.buffers.0.into(),
            buffer_after: event.buffers.1.into(),
            status: state.to_owned(),
            sequence: 0,
            version: 1,
            rotation: serde_json::Value::Null,
        });
        let session = (event.seats > 1).then(|| format!("se{minutes}"));
        for (position, host) in (0..).zip(hosts) {
            facts.booking_hosts.push(BookingHost {
                booking_id: id.to_owned(),
                user_id: (*host).to_owned(),
                position,
                session_id: session.clone(),
            });
        }
        let invitee = ("invitee", email.clone());
        let guests = guests.iter().map(|guest| ("guest", (*guest).to_owned()));
        for (position, (role, email)) in (0..).zip(std::iter::once(invitee).chain(guests.clone())) {
            facts.attendees.push(Attendee {
                booking_id: id.to_owned(),
                id: format!("at{id}{position}"),
                position,
                role: role.to_owned(),
                email,
            });
        }
        let reply = self.reply(id);
        let act = Act::Book {
            event: slug.to_owned(),
            start: start(minutes),
            email,
            guests: guests.map(|(_, guest)| guest).collect(),
            hold: None,
        };
        self.ask(act, reply);
        self.enter(id, kind, "invitee", json!({ "change": kind }));
        self.tell(id, kind, kind == "confirmed");
        self.remind(id);
    }

    /// Tells invitee and hosts, and where they should know the guests, what became of a booking.
    fn tell(&mut self, booking: &str, about: &str, guests: bool) {
        let facts = &self.case.facts;
        let attendees = facts.attendees.iter().filter(|a| a.booking_id == booking);
        let attendees = attendees.filter(|a| guests || a.role == "invitee");
        let mut readers: Vec<_> = attendees
            .map(|a| ("attendee", a.id.clone(), a.email.clone()))
            .collect();
        for host in facts
            .booking_hosts
            .iter()
            .filter(|host| host.booking_id == booking)
        {
            let email = format!("{}@field.example", host.user_id);
            readers.push(("host", host.user_id.clone(), email));
        }
        for (kind, id, email) in readers {
            let row = self.owe(booking, about, kind, &id, self.now, "done");
            let stored = self.row(booking).clone();
            let method = match about {
                "confirmed" | "approved" | "rescheduled" => Some("REQUEST"),
                "cancelled" => Some("CANCEL"),
                _ => None,
            };
            self.case.facts.mails.push(Mail {
                worker: "worker 0".to_owned(),
                id: row,
                to: email,
                subject: about.to_owned(),
                booking: booking.to_owned(),
                calendar: method.map(|method| Calendar {
                    method: method.to_owned(),
                    uid: booking.to_owned(),
                    sequence: Some(stored.sequence),
                    start: Some(stored.starts_at),
                    end: Some(stored.ends_at),
                }),
            });
        }
    }

    fn owe(
        &mut self,
        booking: &str,
        about: &str,
        kind: &str,
        reader: &str,
        due_at: i64,
        status: &str,
    ) -> String {
        let id = format!("ob{:04}", self.case.facts.outbox.len());
        let sequence = self.row(booking).sequence;
        self.case.facts.outbox.push(OutboxRow {
            id: id.clone(),
            kind: "notify".to_owned(),
            payload: json!({
                "effect": "notify", "booking": booking, "about": about, "sequence": sequence,
                "recipient": { "kind": kind, "id": reader },
            }),
            status: status.to_owned(),
            due_at,
            attempts: i64::from(status == "done"),
            last_error: None,
            created_at: self.now,
        });
        id
    }

    fn remind(&mut self, booking: &str) {
        let row = self.row(booking).clone();
        if row.event_type_id != "etcall" {
            return;
        }
        let attendees = self.case.facts.attendees.clone();
        for attendee in attendees.iter().filter(|a| a.booking_id == booking) {
            let due = row.starts_at - 86_400_000_000;
            self.owe(booking, "reminder", "attendee", &attendee.id, due, "ready");
        }
    }

    fn reschedule(&mut self, booking: &str, minutes: u32, mark: &str) {
        let row = self.row(booking).clone();
        let length = row.ends_at - row.starts_at;
        let span = |at: i64| json!({ "start": rfc(at), "end": rfc(at + length) });
        let change = json!({
            "change": "rescheduled", "from": span(row.starts_at), "to": span(start(minutes)), "reason": mark,
        });
        let moved = self.row(booking);
        moved.starts_at = start(minutes);
        moved.ends_at = start(minutes) + length;
        moved.sequence += 1;
        moved.version += 1;
        let act = Act::Move {
            booking: booking.to_owned(),
            start: start(minutes),
            mark: mark.to_owned(),
            by: By::Invitee,
        };
        let reply = self.reply(booking);
        self.ask(act, reply);
        self.enter(booking, "rescheduled", "invitee", change);
        self.tell(booking, "rescheduled", true);
        self.remind(booking);
    }

    fn cancel(&mut self, booking: &str, mark: &str) {
        let row = self.row(booking);
        row.status = "cancelled".to_owned();
        row.sequence += 1;
        row.version += 1;
        let act = Act::Cancel {
            booking: booking.to_owned(),
            mark: mark.to_owned(),
            by: By::Member,
        };
        let reply = self.reply(booking);
        self.ask(act, reply);
        self.enter(
            booking,
            "cancelled",
            "member",
            json!({ "change": "cancelled", "reason": mark }),
        );
        self.tell(booking, "cancelled", true);
    }

    fn approve(&mut self, booking: &str) {
        let row = self.row(booking);
        row.status = "confirmed".to_owned();
        row.version += 1;
        let act = Act::Approve {
            booking: booking.to_owned(),
            by: By::Member,
        };
        let reply = self.reply(booking);
        self.ask(act, reply);
        self.enter(
            booking,
            "approved",
            "member",
            json!({ "change": "approved" }),
        );
        self.tell(booking, "approved", true);
    }

    /// Two guests and a hold in one session of three.
    fn class(&mut self) {
        self.book("b4", "class", 240, &["dora"], &[]);
        self.book("b5", "class", 240, &["dora"], &[]);
        let end = start(300);
        let expires_at = BEGIN + 86_400_000_000;
        let act = Act::Hold {
            event: "class".to_owned(),
            start: start(240),
        };
        let reply = Reply {
            status: 201,
            start: Some(start(240)),
            end: Some(end),
            hold: Some(HOLD.to_owned()),
            expires_at: Some(expires_at),
            ..Reply::default()
        };
        self.ask(act, reply);
        let facts = &mut self.case.facts;
        facts.holds.push(Hold {
            id: "ho".to_owned(),
            event_type_id: "etclass".to_owned(),
            token_hash: hash(HOLD),
            starts_at: start(240),
            ends_at: end,
            expires_at,
        });
        facts.hold_hosts.push(HoldHost {
            hold_id: "ho".to_owned(),
            user_id: "dora".to_owned(),
            session_id: Some("se240".to_owned()),
        });
        facts.sessions.push(Session {
            id: "se240".to_owned(),
            event_type_id: "etclass".to_owned(),
            host_id: "dora".to_owned(),
            starts_at: start(240),
            ends_at: end,
            capacity: 3,
            seats_taken: 3,
        });
        facts.claims.push(Claim {
            host_id: "dora".to_owned(),
            starts_at: start(240),
            ends_at: end,
            session_id: Some("se240".to_owned()),
            ..Claim::default()
        });
    }

    /// The first step of a rotation, which the first of the roster wins.
    fn rotate(&mut self) {
        self.book("b3", "round", 180, &["ann"], &[]);
        let eligible = |host: &str, weight: i64| json!({ "host": host, "weight": weight, "credit": 0, "last_assigned": null });
        self.row("b3").rotation = json!({
            "eligible": [eligible("ann", 300), eligible("ben", 100), eligible("cem", 100)],
            "winner": "ann", "holder": "ann", "released": false,
        });
        let entry = |host: &str, weight, credit| RotationEntry {
            event_type_id: "etround".to_owned(),
            host_id: host.to_owned(),
            weight,
            credit,
        };
        let facts = &mut self.case.facts;
        facts.rotation = vec![
            entry("ann", 300, -200),
            entry("ben", 100, 100),
            entry("cem", 100, 100),
        ];
        facts.ledgers.push(Ledger {
            event_type_id: "etround".to_owned(),
            next: 1,
        });
    }

    /// What invitees see, and the claims that bookings have.
    fn finish(mut self) -> Case {
        let facts = &mut self.case.facts;
        for row in &facts.bookings {
            facts.views.push(View {
                booking: row.id.clone(),
                answer: 200,
                status: row.status.clone(),
                start: Some(row.starts_at),
                end: Some(row.ends_at),
                version: Some(row.version),
            });
            let hosts = facts
                .booking_hosts
                .iter()
                .filter(|host| host.booking_id == row.id);
            if row.status == "cancelled" {
                continue;
            }
            for host in hosts.filter(|host| host.session_id.is_none()) {
                facts.claims.push(Claim {
                    host_id: host.user_id.clone(),
                    starts_at: row.starts_at - row.buffer_before * 60_000_000,
                    ends_at: row.ends_at + row.buffer_after * 60_000_000,
                    booking_id: Some(row.id.clone()),
                    ..Claim::default()
                });
            }
        }
        self.case
    }
}

/// A history that is as it should be:
///
/// | booking | of | at | with |
/// |---|---|---|---|
/// | b1 | call | moved from 9:00 to 10:00 by the invitee | ann |
/// | b2 | interview | 11:00, approved, with a guest | cem |
/// | b3 | round | 12:00 | ann, by the rotation |
/// | b4, b5 | class | 13:00, beside a hold, so that it is full | dora |
/// | b6 | call | 15:00, called off by the host | ann |
/// | b7 | few | 16:00 | dora |
/// | b8 | talk | 17:00, with buffers | ben |
pub(crate) fn good() -> Case {
    let mut play = Play::new();
    play.book("b1", "call", 0, &["ann"], &[]);
    play.reschedule("b1", 60, "m1");
    play.book("b2", "interview", 120, &["cem"], &["friend@guests.example"]);
    play.approve("b2");
    play.rotate();
    play.class();
    play.book("b6", "call", 360, &["ann"], &[]);
    play.cancel("b6", "m6");
    play.book("b7", "few", 420, &["dora"], &[]);
    play.book("b8", "talk", 480, &["ben"], &[]);
    let starts = vec![start(0), start(90), start(360)];
    let read = Act::Read {
        event: "call".to_owned(),
    };
    play.ask(
        read,
        Reply {
            status: 200,
            starts,
            ..Reply::default()
        },
    );
    let event = |at, what| Event {
        at,
        whom: "server 0".to_owned(),
        what,
    };
    let later = BEGIN + 600_000_000;
    play.case.record.events = vec![
        event(BEGIN, Deed::Started),
        event(later, Deed::ToldToStop),
        event(later + 1_000_000, Deed::Ended),
    ];
    play.finish()
}

/// A request, by what it asks for.
pub(crate) fn request(case: &mut Case, is_it: impl Fn(&Act) -> bool) -> &mut Request {
    case.record
        .requests
        .iter_mut()
        .find(|request| is_it(&request.act))
        .unwrap()
}

/// The request that has this name: an invitee's address or a mark.
pub(crate) fn named<'a>(case: &'a mut Case, name: &str) -> &'a mut Request {
    request(case, |act| act.name() == Some(name))
}

/// The row of a booking.
pub(crate) fn booking<'a>(case: &'a mut Case, id: &str) -> &'a mut Booking {
    case.facts
        .bookings
        .iter_mut()
        .find(|booking| booking.id == id)
        .unwrap()
}

/// Spoils the history, and answers what a judge then finds. It must find nothing before.
pub(crate) fn spoilt(judge: crate::judge::Judge, spoil: impl FnOnce(&mut Case)) -> Vec<String> {
    let mut case = good();
    assert_eq!(
        judge(&case),
        Vec::<String>::new(),
        "before anything was spoilt"
    );
    spoil(&mut case);
    judge(&case)
}

/// Asserts that a judge finds something, and nothing but this, in what was spoilt.
pub(crate) fn finds(judge: crate::judge::Judge, words: &str, spoil: impl FnOnce(&mut Case)) {
    let found = spoilt(judge, spoil);
    assert!(!found.is_empty(), "nothing was found of: {words}");
    assert!(
        found.iter().any(|said| said.contains(words)),
        "{words} is not in {found:#?}"
    );
}
