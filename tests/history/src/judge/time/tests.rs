//! Time that is given away twice, or not at all.

use super::*;
use crate::testing::{booking, finds, spoilt, start};

/// Puts a booking at another time, with its claims.
fn put(case: &mut Case, id: &str, at: i64) {
    let row = booking(case, id);
    let by = at - row.starts_at;
    row.starts_at += by;
    row.ends_at += by;
    let claims = case.facts.claims.iter_mut();
    for claim in claims.filter(|claim| claim.booking_id.as_deref() == Some(id)) {
        claim.starts_at += by;
        claim.ends_at += by;
    }
}

#[test]
fn a_double_booking_is_found_in_the_bookings_and_in_the_claims() {
    // The call at ten, and the rotation's meeting a quarter of an hour later.
    let spoil = |case: &mut Case| put(case, "b3", start(75));
    finds(double_booked, "booking b1 takes", spoil);
    finds(claims, "booking b1 takes", spoil);
}

#[test]
fn a_buffer_that_is_not_kept_is_found_whatever_is_stored() {
    let spoil = |case: &mut Case| {
        // The talk of a host takes ten minutes before.
        for host in case
            .facts
            .booking_hosts
            .iter_mut()
            .filter(|h| h.booking_id == "b8")
        {
            host.user_id = "dora".to_owned();
        }
        put(case, "b8", start(435 + 5));
        booking(case, "b8").buffer_before = 0;
    };
    finds(double_booked, "booking b8 takes", spoil);
}

#[test]
fn meetings_that_touch_are_no_double_booking() {
    let found = spoilt(double_booked, |case| put(case, "b3", start(90)));
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn a_meeting_inside_a_longer_one_is_found_behind_a_shorter_one() {
    let taken = |from, to, whose: &str| ("ann".to_owned(), from, to, whose.to_owned());
    let found = overlaps(&[
        taken(0, 100, "long"),
        taken(10, 20, "first"),
        taken(50, 60, "second"),
    ]);
    assert_eq!(found.len(), 2, "{found:?}");
}

#[test]
fn a_claim_too_few_and_one_too_many_are_found() {
    finds(claims, "there is no claim for", |case| {
        case.facts
            .claims
            .retain(|claim| claim.booking_id.as_deref() != Some("b7"));
    });
    finds(claims, "nothing takes the claim", |case| {
        booking(case, "b7").status = "cancelled".to_owned();
    });
}

#[test]
fn a_day_with_too_many_is_found() {
    finds(limits, "dora has 4 of few", |case| {
        for number in 0..3 {
            let mut row = booking(case, "b7").clone();
            row.id = format!("more{number}");
            row.starts_at += i64::from(number) * 1_000_000_000;
            let host = case
                .facts
                .booking_hosts
                .iter()
                .find(|h| h.booking_id == "b7")
                .unwrap();
            let host = crate::facts::BookingHost {
                booking_id: row.id.clone(),
                ..host.clone()
            };
            case.facts.booking_hosts.push(host);
            case.facts.bookings.push(row);
        }
    });
}

#[test]
fn days_are_those_of_the_host() {
    let evening = 1_795_552_200_000_000;
    assert_ne!(date(evening, "UTC"), date(evening, "Asia/Kolkata"));
    assert_eq!(date(evening, "nowhere"), None);
}

#[test]
fn a_session_with_too_many_guests_is_found() {
    finds(seats, "has 4 of 3 seats taken", |case| {
        let mut host = case
            .facts
            .booking_hosts
            .iter()
            .find(|h| h.booking_id == "b4")
            .unwrap()
            .clone();
        host.booking_id = "b7".to_owned();
        let row = booking(case, "b7");
        (row.starts_at, row.ends_at) = (start(240), start(300));
        case.facts.booking_hosts.push(host);
    });
}

#[test]
fn a_session_that_counts_wrongly_or_is_gone_is_found() {
    finds(seats, "counts 2 seats, and 3 are taken", |case| {
        case.facts.sessions[0].seats_taken = 2;
    });
    finds(seats, "which is not there", |case| {
        case.facts.sessions.clear();
    });
    finds(seats, "at another time", |case| {
        case.facts.sessions[0].starts_at -= 1;
    });
    finds(seats, "of 3 seats", |case| {
        case.facts.sessions[0].capacity = 4;
    });
}

#[test]
fn a_database_that_takes_anything_is_found() {
    finds(constraint, "takes a claim", |case| {
        case.facts.refuses_overlap = Some(false);
    });
}
