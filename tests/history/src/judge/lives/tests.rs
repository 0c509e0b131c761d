//! Lives that no booking has.

use serde_json::json;

use super::*;
use crate::testing::{booking, finds};

fn entry<'a>(
    case: &'a mut Case,
    booking: &str,
    place: usize,
) -> &'a mut crate::facts::HistoryEntry {
    case.facts
        .history
        .iter_mut()
        .filter(|entry| entry.booking_id == booking)
        .nth(place)
        .unwrap()
}

#[test]
fn a_history_that_leads_elsewhere_is_found() {
    finds(life, "its history leads to", |case| {
        booking(case, "b1").sequence = 0;
    });
    finds(life, "its history leads to", |case| {
        booking(case, "b6").status = "confirmed".to_owned();
    });
    finds(life, "its history leads to", |case| {
        booking(case, "b7").version = 2;
    });
}

#[test]
fn an_impossible_step_is_found() {
    finds(life, "it is cancelled and then approved", |case| {
        let mut again = entry(case, "b2", 1).clone();
        again.booking_id = "b6".to_owned();
        again.id = "hy9999".to_owned();
        again.happened_at += 1_000_000_000;
        case.facts.history.push(again);
    });
    finds(life, "its life begins with approved", |case| {
        entry(case, "b2", 0).kind = "approved".to_owned();
    });
    finds(life, "it is confirmed and then declined", |case| {
        entry(case, "b6", 1).kind = "declined".to_owned();
    });
    finds(life, "then approved by invitee", |case| {
        entry(case, "b2", 1).doer = json!({ "kind": "invitee" });
    });
    finds(life, "it has no history", |case| {
        case.facts.history.retain(|e| e.booking_id != "b7");
    });
}

#[test]
fn a_move_that_begins_elsewhere_is_found() {
    finds(life, "it moves from", |case| {
        let mut again = entry(case, "b1", 1).clone();
        again.id = "hy9999".to_owned();
        again.happened_at += 1;
        case.facts.history.push(again);
    });
}

#[test]
fn lengths_buffers_and_a_history_that_goes_back_are_found() {
    finds(life, "not as long as it should be", |case| {
        booking(case, "b7").ends_at += 1;
    });
    finds(life, "its buffers are", |case| {
        booking(case, "b8").buffer_before = 0;
    });
}

#[test]
fn a_booking_that_lacks_something_is_found() {
    finds(whole, "it has no invitee", |case| {
        case.facts.attendees.retain(|a| a.booking_id != "b7");
    });
    finds(whole, "its hosts are []", |case| {
        case.facts.booking_hosts.retain(|h| h.booking_id != "b7");
    });
    finds(whole, "nobody is owed anything", |case| {
        case.facts.outbox.retain(|row| row.booking() != "b7");
    });
    finds(whole, "its rotation's step", |case| {
        booking(case, "b3").rotation = json!(null);
    });
    finds(whole, "its seat is not", |case| {
        let host = case
            .facts
            .booking_hosts
            .iter_mut()
            .find(|h| h.booking_id == "b4");
        host.unwrap().session_id = None;
    });
    finds(whole, "attends nothing", |case| {
        case.facts.bookings.retain(|b| b.id != "b7");
    });
}

#[test]
fn an_invitee_who_sees_something_else_is_found() {
    finds(views, "of booking b1", |case| {
        case.facts.views[0].version = Some(1);
    });
    finds(views, "of booking b1", |case| {
        case.facts.views[0].answer = 404;
    });
}
