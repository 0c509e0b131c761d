//! Readers who saw what was gone, and times that two had.

use super::*;
use crate::record::Outcome;
use crate::testing::{finds, named, request, spoilt, start};

fn offer(case: &mut Case, event: &str, minutes: u32) {
    let read = request(case, |act| matches!(act, Act::Read { .. }));
    read.act = Act::Read {
        event: event.to_owned(),
    };
    if let Outcome::Acknowledged(reply) = &mut read.outcome {
        reply.starts = vec![start(minutes)];
    }
}

#[test]
fn a_start_that_was_taken_before_it_was_offered_is_found() {
    finds(reads, "offered call", |case| offer(case, "call", 60));
    // Ann is in a meeting of the rotation then.
    finds(reads, "offered board", |case| offer(case, "board", 180));
}

#[test]
fn a_start_that_another_host_can_take_may_be_offered() {
    assert_eq!(
        spoilt(reads, |case| offer(case, "round", 60)),
        Vec::<String>::new()
    );
}

#[test]
fn a_start_that_was_given_back_may_be_offered() {
    assert_eq!(
        spoilt(reads, |case| offer(case, "call", 360)),
        Vec::<String>::new()
    );
}

#[test]
fn a_start_whose_end_nobody_knows_may_be_offered() {
    let found = spoilt(reads, |case| {
        offer(case, "few", 420);
        // Somebody asked for it to be called off, and never heard.
        let mut lost = named(case, "m6").clone();
        lost.act = Act::Cancel {
            booking: "b7".to_owned(),
            mark: "m7".to_owned(),
            by: crate::record::By::Invitee,
        };
        lost.outcome = Outcome::Unknown {
            status: None,
            why: String::new(),
        };
        case.record.requests.push(lost);
    });
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn a_time_that_two_had_at_once_is_found() {
    finds(order, "two had the same time", |case| {
        let mut second = named(case, "b7@guests.example").clone();
        second.sent += 10_000_000;
        second.answered += 10_000_000;
        if let (Outcome::Acknowledged(reply), Act::Book { email, .. }) =
            (&mut second.outcome, &mut second.act)
        {
            reply.booking = Some("b9".to_owned());
            *email = "b9@guests.example".to_owned();
        }
        case.record.requests.push(second);
    });
}

#[test]
fn a_time_that_was_given_back_before_another_got_it_is_in_order() {
    let found = spoilt(order, |case| {
        let mut second = named(case, "b6@guests.example").clone();
        second.sent += 10_000_000;
        second.answered += 10_000_000;
        if let (Outcome::Acknowledged(reply), Act::Book { email, .. }) =
            (&mut second.outcome, &mut second.act)
        {
            reply.booking = Some("b9".to_owned());
            *email = "b9@guests.example".to_owned();
        }
        case.record.requests.push(second);
    });
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn a_session_with_more_guests_than_seats_at_one_moment_is_found() {
    finds(order, "4 had one of 3 seats", |case| {
        let mut fourth = named(case, "b5@guests.example").clone();
        fourth.sent += 10_000_000;
        fourth.answered += 10_000_000;
        if let Outcome::Acknowledged(reply) = &mut fourth.outcome {
            reply.booking = Some("b9".to_owned());
        }
        case.record.requests.push(fourth);
    });
}
