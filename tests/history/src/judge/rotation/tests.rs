//! Ledgers that do not add up.

use super::*;
use crate::testing::{booking, finds};

#[test]
fn a_ledger_that_is_off_by_one_is_found() {
    finds(rotation, "sum to 1", |case| {
        case.facts.rotation[1].credit += 1;
    });
    finds(rotation, "has a credit of 101", |case| {
        case.facts.rotation[1].credit += 1;
        case.facts.rotation[2].credit -= 1;
    });
}

#[test]
fn a_step_that_is_not_undone_is_found() {
    finds(rotation, "its step is released: false", |case| {
        booking(case, "b3").status = "cancelled".to_owned();
    });
}

#[test]
fn a_step_that_is_lost_is_found() {
    finds(rotation, "the bookings lead to 0", |case| {
        booking(case, "b3").rotation["released"] = true.into();
    });
    finds(rotation, "there is no entry for it", |case| {
        case.facts.rotation.clear();
    });
    finds(rotation, "cannot be read", |case| {
        booking(case, "b3").rotation = "?".into();
    });
    finds(rotation, "the ledger counts 0", |case| {
        case.facts.ledgers[0].next = 0;
    });
}

#[test]
fn a_winner_who_was_not_due_is_found() {
    finds(rotation, "the rotation owed it to Some(\"ann\")", |case| {
        let step = &mut booking(case, "b3").rotation;
        step["winner"] = "ben".into();
    });
    finds(rotation, "does not host it", |case| {
        booking(case, "b3").rotation["holder"] = "ben".into();
    });
    finds(rotation, "its weights are not", |case| {
        booking(case, "b3").rotation["eligible"][1]["weight"] = 101.into();
    });
}
