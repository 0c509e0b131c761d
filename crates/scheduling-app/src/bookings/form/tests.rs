//! Tests of `form`.

use scheduling_core::event_type::{Hosting, Locations, RoomTemplate};
use scheduling_core::ids::UserId;
use scheduling_testkit::builders::{self, parse};
use scheduling_testkit::{SequenceIds, SequenceSecrets};
use uuid::Uuid;

use super::*;

fn event_type(max_guests: u8) -> EventType {
    let ids = SequenceIds::new();
    let workspace = builders::workspace(&ids, "firm").id;
    let host = UserId::from_uuid(Uuid::from_u128(1));
    let mut event_type = builders::event_type(&ids, workspace, "intro", 30, Hosting::single(host));
    event_type.form.max_guests = max_guests;
    event_type
}

fn ida() -> InviteeDetails {
    InviteeDetails {
        name: parse("Ida"),
        email: parse("ida@example.org"),
        timezone: Tz::UTC,
    }
}

fn check(guests: &[GuestDetails], most: u8) -> Result<usize, GuestsError> {
    let filled = Filled {
        invitee: &ida(),
        guests,
        location: &LocationChoice::default(),
        answers: &BTreeMap::new(),
    };
    match filled.check(&event_type(most)) {
        Ok(checked) => Ok(checked.guests.len()),
        Err(problems) => Err(problems.guests.unwrap()),
    }
}

fn guests(count: usize) -> Vec<GuestDetails> {
    let guest = |n| GuestDetails {
        name: None,
        email: parse(&format!("guest{n}@example.org")),
    };
    (0..count).map(guest).collect()
}

#[test]
fn guests_are_bounded_by_the_event_type_and_altogether() {
    assert_eq!(check(&guests(0), 0), Ok(0));
    assert_eq!(check(&guests(1), 0), Err(GuestsError::TooMany { most: 0 }));
    assert_eq!(check(&guests(20), 20), Ok(20));
    assert_eq!(
        check(&guests(21), 255),
        Err(GuestsError::TooMany { most: 20 })
    );
    // A crowd of one is one guest.
    let crowd = vec![guests(1).remove(0); 100_000];
    assert_eq!(check(&crowd, 1), Ok(1));
    assert!(check(&guests(100_000), 20).is_err());
}

#[test]
fn a_guest_without_a_name_is_called_by_the_address_or_what_fits_of_it() {
    let long = format!("someone@{}example.org", "a-very-long-name.".repeat(8));
    for (email, name) in [
        ("gus@example.org", "gus@example.org"),
        (long.as_str(), "someone"),
    ] {
        assert_eq!(name_of(&parse(email), &ida()).as_str(), name);
    }
}

#[test]
fn only_a_room_of_its_own_draws_a_secret_and_no_two_are_alike() {
    let secrets = SequenceSecrets::new();
    let mut event_type = event_type(0);
    let place = |event_type: &EventType| {
        let filled = Filled {
            invitee: &ida(),
            guests: &[],
            location: &LocationChoice::default(),
            answers: &BTreeMap::new(),
        };
        filled.place(event_type, &secrets).unwrap()
    };
    place(&event_type);
    assert_eq!(secrets.secret()[31], 1, "the first that was drawn");
    let template: RoomTemplate = parse("https://meet.example.org/{room}?x=1");
    event_type.locations = Locations::one(Location::Room { template });
    let (one, other) = (place(&event_type), place(&event_type));
    assert_ne!(one, other);
    let MeetingPlace::Link { url } = one else {
        panic!("{one:?}");
    };
    assert_eq!(
        url.as_str().len(),
        "https://meet.example.org/?x=1".len() + 26
    );
}
