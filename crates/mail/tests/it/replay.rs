//! The calendars that readers keep by their mails, over a booking's whole life.
//!
//! The calendar is `itip_replay.py`, which does what RFC 5546 asks and knows nothing of ours. The mails are those that
//! each reader gets, as the plan of effects has it.

use std::fs;
use std::process::Command;

use chrono::TimeDelta;
use scheduling_core::booking::Party;
use scheduling_core::effect::NotificationKind::{
    self, Approved, Cancelled, Confirmed, Declined, Expired, FollowUp, Released, Reminder,
    Requested, Rescheduled,
};
use scheduling_core::ids::OutboxId;
use scheduling_core::notification::{Audience, BookingFacts, Contact, Decision, Notification};
use scheduling_core::time::Interval;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::common::{
    at, ben, elena, facts, jonas, mara, notification, notifier, python, root, usual_facts,
};

/// A booking that is told about, as it changes.
struct Life {
    facts: BookingFacts,
    told: Vec<(String, Notification)>,
}

impl Life {
    fn of(facts: BookingFacts) -> Self {
        Self {
            facts,
            told: Vec::new(),
        }
    }

    /// Time passes, and something happens.
    fn change(mut self, change: impl FnOnce(&mut BookingFacts)) -> Self {
        self.facts.changed_at += TimeDelta::hours(1);
        self.facts.previous = None;
        self.facts.decision = None;
        self.facts.waits_until = None;
        change(&mut self.facts);
        self
    }

    fn confirm(self) -> Self {
        self.change(|facts| facts.was_confirmed = true)
    }

    fn move_to(self, start: &str, by: Party) -> Self {
        let start = at(start);
        self.change(|facts| {
            facts.previous = Some(facts.interval);
            facts.interval = Interval::new(start, start + TimeDelta::minutes(30)).unwrap();
            facts.sequence += 1;
            facts.decision = Some(Decision { by, reason: None });
        })
    }

    fn cancel(self) -> Self {
        self.change(|facts| {
            facts.sequence += 1;
            facts.is_ahead = false;
            facts.decision = Some(Decision {
                by: Party::Host,
                reason: None,
            });
        })
    }

    /// Declined or expired: the sequence stays.
    fn end(self) -> Self {
        self.change(|facts| facts.is_ahead = false)
    }

    fn tell(mut self, kind: NotificationKind, readers: &[(Audience, Contact)]) -> Self {
        for (audience, to) in readers {
            let number = u128::try_from(self.told.len()).unwrap();
            let message = Notification {
                id: OutboxId::from_uuid(Uuid::from_u128(number)),
                to: to.clone(),
                ..notification(kind, *audience, self.facts.clone())
            };
            self.told.push((to.email.to_string(), message));
        }
        self
    }

    /// What a reader's calendar is in the end, and what it did with each mail. None without the counterpart.
    fn calendar_of(&self, reader: &Contact) -> Option<Value> {
        let mine: Vec<&Notification> = self
            .told
            .iter()
            .filter(|(to, _)| to == reader.email.as_str())
            .map(|(_, message)| message)
            .collect();
        replay(reader, &mine)
    }
}

fn replay(reader: &Contact, messages: &[&Notification]) -> Option<Value> {
    let python = python()?;
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(python);
    command
        .arg(root().join("tests/counterparts/itip_replay.py"))
        .arg(reader.email.as_str());
    for (number, message) in messages.iter().enumerate() {
        let path = folder.path().join(format!("{number}.eml"));
        fs::write(&path, notifier().compose(message).unwrap().bytes).unwrap();
        command.arg(path);
    }
    let output = command.output().unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{complaints}");
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

/// The one entry: whether it stands, its sequence and its start.
fn entry(calendar: &Value) -> Value {
    let entries = calendar["entries"].as_object().unwrap();
    assert_eq!(entries.len(), 1, "{calendar}");
    let entry = entries.values().next().unwrap();
    json!([entry["status"], entry["sequence"], entry["start"]])
}

const OLD: &str = "2026-11-24T14:00:00+00:00";
const NEW: &str = "2026-11-25T10:00:00+00:00";

fn pending() -> BookingFacts {
    BookingFacts {
        waits_until: Some(at("2026-11-22T09:15:00Z")),
        ..usual_facts(Requested)
    }
}

fn invitee() -> (Audience, Contact) {
    (Audience::Invitee, elena())
}

fn guest() -> (Audience, Contact) {
    (Audience::Guest, jonas())
}

fn host() -> (Audience, Contact) {
    (Audience::Host, mara())
}

#[test]
fn asked_for_approved_moved_by_the_host_and_cancelled() {
    let everyone = [invitee(), guest(), host()];
    let life = Life::of(pending())
        .tell(Requested, &[invitee(), host()])
        .confirm()
        .tell(Approved, &everyone)
        .tell(Reminder, &everyone)
        .move_to("2026-11-25T10:00:00Z", Party::Host)
        .tell(Rescheduled, &everyone);
    for (_, reader) in &everyone {
        let Some(calendar) = life.calendar_of(reader) else {
            return;
        };
        assert_eq!(entry(&calendar), json!(["CONFIRMED", 1, NEW]), "{calendar}");
    }
    let life = life.cancel().tell(Cancelled, &everyone);
    for (audience, reader) in &everyone {
        let Some(calendar) = life.calendar_of(reader) else {
            return;
        };
        assert_eq!(
            entry(&calendar),
            json!(["CANCELLED", 2, NEW]),
            "{audience:?}: {calendar}"
        );
        let done = calendar["done"].as_array().unwrap();
        let count = |what: &str| done.iter().filter(|done| *done == what).count();
        assert_eq!((count("added"), count("cancelled")), (2, 1), "{calendar}");
    }
}

#[test]
fn moved_by_the_invitee_it_is_off_until_it_is_approved_again() {
    let everyone = [invitee(), guest(), host()];
    let waits = Life::of(facts())
        .tell(Confirmed, &everyone)
        .move_to("2026-11-25T10:00:00Z", Party::Invitee)
        .tell(Requested, &[invitee(), host()]);
    for (_, reader) in [invitee(), host()] {
        let Some(calendar) = waits.calendar_of(&reader) else {
            return;
        };
        assert_eq!(entry(&calendar), json!(["CANCELLED", 1, OLD]), "{calendar}");
    }

    let approved = waits.confirm().tell(Approved, &everyone);
    for (_, reader) in &everyone {
        let Some(calendar) = approved.calendar_of(reader) else {
            return;
        };
        assert_eq!(entry(&calendar), json!(["CONFIRMED", 1, NEW]), "{calendar}");
    }
    let over = approved.tell(FollowUp, &everyone);
    let Some(calendar) = over.calendar_of(&elena()) else {
        return;
    };
    assert_eq!(entry(&calendar), json!(["CONFIRMED", 1, NEW]), "{calendar}");
}

#[test]
fn a_move_that_nobody_approves_leaves_no_entry_behind() {
    let everyone = [invitee(), guest(), host()];
    for kind in [Declined, Expired] {
        let life = Life::of(facts())
            .tell(Confirmed, &everyone)
            .move_to("2026-11-25T10:00:00Z", Party::Invitee)
            .tell(Requested, &[invitee(), host()])
            .end()
            .tell(kind, &everyone);
        for (audience, reader) in &everyone {
            let Some(calendar) = life.calendar_of(reader) else {
                return;
            };
            let entry = entry(&calendar);
            assert_eq!(entry[0], "CANCELLED", "{kind:?} {audience:?}: {calendar}");
            assert_eq!(entry[1], 1, "{kind:?} {audience:?}: {calendar}");
        }
    }
}

#[test]
fn a_request_that_comes_to_nothing_touches_no_calendar() {
    for (kind, readers) in [
        (Declined, vec![invitee()]),
        (Expired, vec![invitee(), host()]),
        (Cancelled, vec![invitee(), host()]),
    ] {
        let life = Life::of(pending())
            .tell(Requested, &[invitee(), host()])
            .move_to("2026-11-25T10:00:00Z", Party::Invitee)
            .tell(Requested, &[invitee(), host()])
            .end()
            .tell(kind, &readers);
        for (_, reader) in [invitee(), host()] {
            let Some(calendar) = life.calendar_of(&reader) else {
                return;
            };
            assert_eq!(calendar["entries"], json!({}), "{kind:?}");
            let done = calendar["done"].as_array().unwrap();
            assert!(done.iter().all(|done| done == "no calendar"), "{calendar}");
        }
    }
}

#[test]
fn a_host_who_is_released_is_free_and_the_others_keep_the_meeting() {
    let everyone = [invitee(), guest()];
    let life = Life::of(facts())
        .tell(Confirmed, &[invitee(), guest(), host()])
        .move_to("2026-11-25T10:00:00Z", Party::Invitee)
        .change_hosts(vec![ben()])
        .tell(Rescheduled, &everyone)
        .tell(Confirmed, &[(Audience::Host, ben())])
        .tell(Released, &[host()]);
    let Some(calendar) = life.calendar_of(&mara()) else {
        return;
    };
    assert_eq!(entry(&calendar), json!(["CANCELLED", 1, OLD]), "{calendar}");
    for reader in [elena(), jonas(), ben()] {
        let Some(calendar) = life.calendar_of(&reader) else {
            return;
        };
        assert_eq!(entry(&calendar), json!(["CONFIRMED", 1, NEW]), "{calendar}");
    }

    // One calendar for a whole team sees everybody's mails, and the meeting stays in it.
    let released = life
        .told
        .iter()
        .map(|(_, message)| message)
        .collect::<Vec<_>>();
    let Some(calendar) = replay(&ben(), &released) else {
        return;
    };
    assert_eq!(entry(&calendar), json!(["CONFIRMED", 1, NEW]), "{calendar}");
    assert_eq!(
        calendar["done"].as_array().unwrap().last().unwrap(),
        "for others"
    );
}

#[test]
fn mails_that_arrive_twice_or_late_change_nothing() {
    let life = Life::of(facts())
        .tell(Confirmed, &[invitee()])
        .move_to("2026-11-25T10:00:00Z", Party::Host)
        .tell(Rescheduled, &[invitee()])
        .cancel()
        .tell(Cancelled, &[invitee()]);
    let [confirmed, moved, cancelled] = life.told.iter().map(|(_, m)| m).collect::<Vec<_>>()[..]
    else {
        panic!("three mails")
    };
    for (order, last) in [
        (
            vec![confirmed, confirmed, moved, moved, cancelled, cancelled],
            "known",
        ),
        (vec![moved, confirmed, cancelled], "cancelled"),
        (vec![confirmed, cancelled, moved], "older"),
    ] {
        let Some(calendar) = replay(&elena(), &order) else {
            return;
        };
        assert_eq!(entry(&calendar)[0], "CANCELLED", "{calendar}");
        assert_eq!(
            calendar["done"].as_array().unwrap().last().unwrap(),
            last,
            "{calendar}"
        );
    }
    let Some(calendar) = replay(&elena(), &[cancelled, moved, confirmed]) else {
        return;
    };
    assert_eq!(calendar["entries"], json!({}), "{calendar}");
}

impl Life {
    /// Others host it, from the move on that has just been made.
    fn change_hosts(mut self, hosts: Vec<Contact>) -> Self {
        self.facts.hosts = hosts;
        self
    }
}
