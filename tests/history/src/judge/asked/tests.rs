//! Requests whose answers lie.

use super::*;
use crate::record::Outcome;
use crate::testing::{HOLD, booking, finds, named, request, spoilt};

fn refuse(case: &mut Case, name: &str) {
    named(case, name).outcome = Outcome::Refused {
        status: 409,
        code: "slot-taken".to_owned(),
    };
}

fn forget(case: &mut Case, id: &str) {
    let facts = &mut case.facts;
    facts.bookings.retain(|row| row.id != id);
    facts.attendees.retain(|row| row.booking_id != id);
    facts.history.retain(|row| row.booking_id != id);
}

fn reply<'a>(case: &'a mut Case, name: &str) -> &'a mut Reply {
    match &mut named(case, name).outcome {
        Outcome::Acknowledged(reply) => reply,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_acknowledged_booking_that_is_gone_is_found() {
    finds(acknowledged, "no such booking", |case| forget(case, "b7"));
}

#[test]
fn an_acknowledged_booking_of_somebody_else_is_found() {
    finds(acknowledged, "its invitee is", |case| {
        let attendee = case
            .facts
            .attendees
            .iter_mut()
            .find(|a| a.booking_id == "b7");
        attendee.unwrap().email = "other@guests.example".to_owned();
    });
}

#[test]
fn an_acknowledged_booking_at_another_time_is_found() {
    finds(acknowledged, "it began at", |case| {
        booking(case, "b7").starts_at += 1;
    });
    finds(acknowledged, "it was confirmed at first", |case| {
        reply(case, "b7@guests.example").state = Some("pending".to_owned());
    });
}

#[test]
fn an_acknowledged_change_that_is_lost_is_found() {
    finds(acknowledged, "no such entry: cancelled", |case| {
        case.facts
            .history
            .retain(|entry| entry.mark() != Some("m6"));
    });
    finds(acknowledged, "no such entry: approved", |case| {
        case.facts.history.retain(|entry| entry.kind != "approved");
    });
    finds(acknowledged, "no such entry: rescheduled", |case| {
        let entry = case
            .facts
            .history
            .iter_mut()
            .find(|entry| entry.kind == "rescheduled");
        entry.unwrap().change["reason"] = "m9".into();
        if let Act::Move { start, .. } = &mut named(case, "m1").act {
            *start += 1;
        }
    });
}

#[test]
fn an_answer_that_shows_another_booking_than_there_was_is_found() {
    finds(acknowledged, "from then on", |case| {
        reply(case, "m1").start = Some(1);
    });
    finds(acknowledged, "its history has 2 entries", |case| {
        reply(case, "m1").version = Some(3);
    });
}

#[test]
fn an_answer_may_show_what_the_booking_has_become_since() {
    let found = spoilt(acknowledged, |case| {
        let later = reply(case, "m6").clone();
        *reply(case, "b6@guests.example") = Reply {
            replayed: true,
            ..later
        };
    });
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn a_refused_change_that_happened_is_found() {
    finds(refused, "m1 was refused", |case| refuse(case, "m1"));
    finds(refused, "b7@guests.example was refused", |case| {
        named(case, "b7@guests.example").outcome = Outcome::Unreached;
    });
}

#[test]
fn a_change_that_was_turned_away_at_the_door_and_happened_is_found() {
    finds(promised, "m6 was answered with 503", |case| {
        named(case, "m6").outcome = Outcome::Unknown {
            status: Some(503),
            why: "overloaded".to_owned(),
        };
    });
}

#[test]
fn a_repeated_request_that_booked_twice_is_found() {
    finds(repeated, "is there 2 times", |case| {
        let mut second = case
            .facts
            .attendees
            .iter()
            .find(|a| a.booking_id == "b7")
            .unwrap()
            .clone();
        second.booking_id = "b8".to_owned();
        case.facts.attendees.push(second);
    });
    finds(repeated, "several bookings", |case| {
        let mut again = named(case, "b7@guests.example").clone();
        if let Outcome::Acknowledged(reply) = &mut again.outcome {
            reply.booking = Some("b8".to_owned());
        }
        case.record.requests.push(again);
    });
}

#[test]
fn a_repeated_request_that_is_refused_after_it_was_done_is_found() {
    finds(repeated, "and then refused", |case| {
        let mut again = named(case, "b7@guests.example").clone();
        again.key = Some("k".to_owned());
        again.sent = again.answered + 1;
        case.record.requests.push(again.clone());
        case.record.requests.last_mut().unwrap().outcome = Outcome::Refused {
            status: 409,
            code: "slot-taken".to_owned(),
        };
    });
}

#[test]
fn what_nobody_asked_for_is_found() {
    finds(accounted, "nobody asked for the bookings", |case| {
        case.record
            .requests
            .retain(|r| r.act.name() != Some("b7@guests.example"));
    });
    finds(accounted, "nobody asked for what became", |case| {
        case.record.requests.retain(|r| r.act.name() != Some("m6"));
    });
    finds(accounted, "nobody asked for what became", |case| {
        let entry = case
            .facts
            .history
            .iter_mut()
            .find(|entry| entry.mark() == Some("m6"));
        entry.unwrap().booking_id = "b7".to_owned();
    });
    finds(accounted, "was approved 1 times", |case| {
        case.record
            .requests
            .retain(|r| !matches!(r.act, Act::Approve { .. }));
    });
}

#[test]
fn a_hold_that_is_lost_is_found() {
    finds(holds, "gone before its time", |case| {
        case.facts.holds.clear();
    });
}

#[test]
fn a_hold_that_outlives_being_given_back_is_found() {
    finds(holds, "was given back and is there", |case| {
        let mut release = request(case, |act| matches!(act, Act::Hold { .. })).clone();
        release.act = Act::Release {
            hold: HOLD.to_owned(),
        };
        case.record.requests.push(release);
    });
}
