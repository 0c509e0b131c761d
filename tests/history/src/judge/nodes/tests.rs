//! Nodes that do not stop as they should.

use super::*;
use crate::testing::{BEGIN, finds, named, spoilt};

const TOLD: i64 = BEGIN + 600_000_000;

/// Loses the answer to the cancellation of `b6` while the server stops.
fn lose(case: &mut Case, sent: i64) {
    let request = named(case, "m6");
    request.sent = sent;
    request.answered = TOLD + 100_000;
    request.outcome = Outcome::Unknown {
        status: None,
        why: "connection closed".to_owned(),
    };
}

fn undo(case: &mut Case) {
    case.facts
        .history
        .retain(|entry| entry.mark() != Some("m6"));
}

#[test]
fn a_change_that_was_made_and_not_told_is_found() {
    finds(nodes, "and did not say so", |case| lose(case, TOLD + 1));
}

#[test]
fn a_request_that_was_begun_and_given_up_is_found() {
    finds(nodes, "and lost", |case| {
        lose(case, TOLD - 2 * REACHED);
        undo(case);
    });
}

#[test]
fn a_request_that_came_too_late_may_be_turned_away() {
    let found = spoilt(nodes, |case| {
        lose(case, TOLD - 1);
        undo(case);
    });
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn a_node_that_ends_badly_or_not_at_all_is_found() {
    finds(nodes, "ended badly", |case| {
        case.record.events[2].what = Deed::EndedBadly;
    });
    finds(nodes, "and did not", |case| case.record.events.truncate(2));
}

#[test]
fn what_verify_says_and_what_is_owed_is_found() {
    finds(verify, "damaged", |case| {
        case.facts.verify = Some("damaged".to_owned());
    });
    finds(verify, "still owed: 3", |case| {
        case.facts.still_owed = vec!["3".to_owned()];
    });
}
