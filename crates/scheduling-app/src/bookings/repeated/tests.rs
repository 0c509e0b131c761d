//! Tests of `repeated`.

use std::collections::{BTreeMap, BTreeSet};

use scheduling_core::time::Length;
use scheduling_testkit::builders::parse;

use super::*;
use crate::HoldToken;
use crate::bookings::GuestDetails;
use crate::testing::World;

#[test]
fn the_fingerprint_tells_the_parts_of_a_command_apart() {
    let mut one = World::command("ab", "24T10:00");
    one.workspace = parse("x");
    let mut other = one.clone();
    (other.workspace, other.event_type) = (parse("xa"), parse("b"));
    assert_ne!(fingerprint_of(&one), fingerprint_of(&other));
    let keyed = BookSlot {
        idempotency_key: Some(parse("order-17")),
        ..one.clone()
    };
    assert_eq!(fingerprint_of(&one), fingerprint_of(&keyed));
}

#[test]
fn whatever_a_command_asks_for_is_in_its_fingerprint() {
    let guest = |name: Option<&str>| GuestDetails {
        name: name.map(parse),
        email: parse("gus@example.org"),
    };
    let answer = |answer| BTreeMap::from([("topic".to_owned(), answer)]);
    let change: [&dyn Fn(&mut BookSlot); 15] = [
        &|_| {},
        &|command| command.duration = Some(Length::new(30).unwrap()),
        &|command| command.duration = Some(Length::new(60).unwrap()),
        &|command| command.guests = vec![guest(None)],
        &|command| command.guests = vec![guest(Some("Gus"))],
        &|command| command.location.index = Some(0),
        &|command| command.location.phone = Some(parse("12345")),
        &|command| command.location.place = Some(parse("12345")),
        &|command| command.answers = answer(RawAnswer::Text("1".to_owned())),
        &|command| command.answers = answer(RawAnswer::Many(vec!["1".to_owned()])),
        &|command| command.answers = answer(RawAnswer::Number(1.0)),
        &|command| command.answers = answer(RawAnswer::Bool(true)),
        &|command| command.answers = answer(RawAnswer::Nothing),
        &|command| command.note = Some(parse("1")),
        &|command| command.hold = Some(HoldToken::from_bytes([1; 32])),
    ];
    let prints: BTreeSet<_> = change
        .iter()
        .map(|change| {
            let mut command = World::command("intro", "24T10:00");
            change(&mut command);
            fingerprint_of(&command)
        })
        .collect();
    assert_eq!(prints.len(), change.len());
}
