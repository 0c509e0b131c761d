//! Lists of bookings: filters and pages.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use scheduling_core::booking::{
    AttendeeRole, Booking, BookingState, BookingStatus, Change, Doer, Party, PendingReason,
};
use scheduling_core::event_type::Hosting;
use scheduling_core::ids::BookingId;
use scheduling_core::ports::{BookingFilter, BookingPage, Direction, Storage};
use scheduling_core::time::Minutes;

use super::fixture::{House, whole};
use crate::builders::{self, event_type, history, instant, interval, invitee, parse, workspace};

const NINE: &str = "2026-11-24T09:00:00Z";
const NOON: &str = "2026-11-24T12:00:00Z";

/// A booking that takes no time, so that many fit into one hour.
fn cancelled(house: &House, start: &str) -> Booking {
    let mut booking = house.booking(&[house.ann.id], start);
    booking.state = BookingState::Cancelled {
        cancelled_at: booking.created_at,
        by: Party::Host,
        reason: None,
    };
    booking
}

async fn page(house: &House, filter: &BookingFilter, page: &BookingPage) -> Vec<Booking> {
    let mut work = house.begin_read().await;
    let found = work.bookings().list(house.workspace.id, filter, page).await;
    whole(found)
}

/// What the filter lets through, all of it, the earliest first.
async fn list(house: &House, filter: &BookingFilter) -> Vec<BookingId> {
    let all = BookingPage {
        direction: Direction::Ascending,
        after: None,
        limit: u32::MAX,
    };
    let found = page(house, filter, &all).await;
    found.iter().map(|booking| booking.id).collect()
}

/// A workspace's bookings of every state, whole, by start, then id; nobody else's.
pub async fn a_list_has_the_workspaces_bookings_in_order(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let [ann, bob, eve] = [house.ann.id, house.bob.id, house.eve.id];
    let at_ten = house.booking(&[ann], "2026-11-24T10:00:00Z");
    let first_at_nine = cancelled(&house, NINE);
    let second_at_nine = house.booking(&[bob, eve], NINE);
    let long_ago = house.booking(&[ann], "1931-01-01T00:00:00.000001Z");
    for booking in [&second_at_nine, &at_ten, &first_at_nine, &long_ago] {
        house.insert(booking).await.unwrap();
    }
    let other = workspace(&house.ids, "other");
    let theirs = event_type(&house.ids, other.id, "intro", 30, Hosting::single(ann));
    let start = instant("2026-11-24T11:00:00Z");
    let elsewhere = builders::booking(&house.ids, &theirs, &[ann], start);
    let mut work = house.begin().await;
    work.directory().insert_workspace(&other).await.unwrap();
    work.event_types().insert(&theirs).await.unwrap();
    work.bookings().insert(&elsewhere).await.unwrap();
    work.commit().await.unwrap();

    let forwards = BookingPage {
        direction: Direction::Ascending,
        after: None,
        limit: u32::MAX,
    };
    let found = page(&house, &BookingFilter::default(), &forwards).await;
    let mut expected = vec![long_ago, first_at_nine, second_at_nine, at_ten];
    assert_eq!(found, expected);
    let backwards = BookingPage {
        direction: Direction::Descending,
        ..forwards
    };
    let found = page(&house, &BookingFilter::default(), &backwards).await;
    expected.reverse();
    assert_eq!(found, expected);
    let none = BookingPage {
        limit: 0,
        ..backwards
    };
    let found = page(&house, &BookingFilter::default(), &none).await;
    assert_eq!(found, []);
}

/// Whatever the page's size and direction, each booking comes once: also where several begin at one instant, where
/// others are added meanwhile, and where the one a page begins behind is gone.
pub async fn pages_neither_lose_nor_repeat(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let starts = [
        NINE,
        "2026-11-24T08:59:59.999999Z",
        NOON,
        NINE,
        NOON,
        NINE,
        NINE,
    ];
    let mut expected = Vec::new();
    for start in starts.iter().cycle().take(21) {
        let booking = cancelled(&house, start);
        house.insert(&booking).await.unwrap();
        expected.push((booking.interval.start(), booking.id));
    }
    expected.sort_unstable();
    let filter = BookingFilter::default();
    for direction in [Direction::Ascending, Direction::Descending] {
        for limit in [1, 2, 3, 5, 7, 20, 21, 22] {
            let mut seen = Vec::new();
            let mut after = None;
            loop {
                let this = BookingPage {
                    direction,
                    after,
                    limit,
                };
                let found = page(&house, &filter, &this).await;
                assert!(found.len() <= usize::try_from(limit).unwrap());
                let places = found.iter().map(|b| (b.interval.start(), b.id));
                seen.extend(places);
                if found.is_empty() {
                    break;
                }
                assert!(seen.len() <= expected.len(), "a booking came twice");
                after = seen.last().copied();
            }
            assert_eq!(seen, expected, "{direction:?}, {limit} a page");
        }
        expected.reverse();
    }

    let (start, id) = expected[10];
    let mut work = house.begin().await;
    assert!(work.bookings().erase(id).await.unwrap());
    work.commit().await.unwrap();
    let behind = BookingPage {
        direction: Direction::Ascending,
        after: Some((start, id)),
        limit: 100,
    };
    let found = page(&house, &filter, &behind).await;
    let found: Vec<BookingId> = found.iter().map(|b| b.id).collect();
    let rest: Vec<BookingId> = expected[11..].iter().map(|(_, id)| *id).collect();
    assert_eq!(found, rest);
}

/// Confirmed is ahead or under way; what is over is completed, noted or not.
pub async fn states_are_judged_at_an_instant(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let at = instant(NINE);
    let states = [
        BookingState::Confirmed { confirmed_at: at },
        BookingState::Confirmed { confirmed_at: at },
        BookingState::Completed { marked_at: at },
        BookingState::NoShow { marked_at: at },
        BookingState::Expired { expired_at: at },
        BookingState::Declined {
            declined_at: at,
            reason: None,
        },
        BookingState::Pending {
            waiting_for: BTreeSet::from([PendingReason::Approval]),
            expires_at: None,
        },
        cancelled(&house, NINE).state,
    ];
    let mut ids = Vec::new();
    for (hour, state) in (9..).zip(states) {
        let mut booking = house.booking(&[house.ann.id], &format!("2026-11-24T{hour:02}:00:00Z"));
        booking.state = state;
        house.insert(&booking).await.unwrap();
        ids.push(booking.id);
    }
    let with = async |status: &[BookingStatus], now: &str| {
        let filter = BookingFilter {
            status: status.to_vec(),
            now: Some(instant(now)),
            ..BookingFilter::default()
        };
        let found = list(&house, &filter).await;
        let place = |id: &BookingId| ids.iter().position(|one| one == id).unwrap();
        found.iter().map(place).collect::<Vec<usize>>()
    };
    // The first is over at half past nine, the second an hour later.
    for (now, confirmed, completed) in [
        ("2026-11-24T09:29:59.999999Z", vec![0, 1], vec![2]),
        ("2026-11-24T09:30:00Z", vec![1], vec![0, 2]),
        ("2026-11-24T23:00:00Z", vec![], vec![0, 1, 2]),
    ] {
        assert_eq!(
            with(&[BookingStatus::Confirmed], now).await,
            confirmed,
            "{now}"
        );
        assert_eq!(
            with(&[BookingStatus::Completed], now).await,
            completed,
            "{now}"
        );
        let mut both = [confirmed, completed].concat();
        both.sort_unstable();
        assert_eq!(
            with(&[BookingStatus::Completed, BookingStatus::Confirmed], now).await,
            both,
            "{now}"
        );
        assert_eq!(with(&[], now).await, [0, 1, 2, 3, 4, 5, 6, 7], "{now}");
        assert_eq!(with(&[BookingStatus::NoShow], now).await, [3], "{now}");
        assert_eq!(with(&[BookingStatus::Expired], now).await, [4], "{now}");
        assert_eq!(with(&[BookingStatus::Declined], now).await, [5], "{now}");
        assert_eq!(with(&[BookingStatus::Pending], now).await, [6], "{now}");
        let ended = [
            BookingStatus::Cancelled,
            BookingStatus::Declined,
            BookingStatus::Expired,
            BookingStatus::Cancelled,
        ];
        assert_eq!(with(&ended, now).await, [4, 5, 7], "{now}");
    }
}

/// From and to are what a meeting must share time with.
pub async fn a_span_lets_through_what_overlaps_it(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let early = cancelled(&house, "2026-11-24T08:30:00Z");
    let mut middle = cancelled(&house, NINE);
    middle.buffers.before = Minutes(60);
    middle.buffers.after = Minutes(60);
    let late = cancelled(&house, "2026-11-24T09:30:00Z");
    for booking in [&late, &middle, &early] {
        house.insert(booking).await.unwrap();
    }
    let span = async |from: Option<DateTime<Utc>>, to: Option<DateTime<Utc>>| {
        let filter = BookingFilter {
            from,
            to,
            ..BookingFilter::default()
        };
        list(&house, &filter).await
    };
    let (nine, half_past) = (middle.interval.start(), middle.interval.end());
    let micro = TimeDelta::microseconds(1);
    assert_eq!(span(Some(nine), Some(half_past)).await, [middle.id]);
    assert_eq!(span(Some(nine), None).await, [middle.id, late.id]);
    assert_eq!(span(None, Some(half_past)).await, [early.id, middle.id]);
    assert_eq!(
        span(Some(nine - micro), Some(half_past + micro)).await,
        [early.id, middle.id, late.id]
    );
    let within = interval("2026-11-24T09:10:00Z", 1);
    let found = span(Some(within.start()), Some(within.end())).await;
    assert_eq!(found, [middle.id]);
    let found = span(Some(half_past), Some(half_past)).await;
    assert_eq!(found, []);
    let found = span(
        Some(DateTime::<Utc>::MIN_UTC),
        Some(DateTime::<Utc>::MAX_UTC),
    )
    .await;
    assert_eq!(found.len(), 3);
}

/// However long something lasts, it is there until it ends.
pub async fn what_lasts_for_days_is_listed_until_it_ends(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let mut camp = house.booking(&[house.ann.id], "2026-11-01T09:00:00Z");
    camp.interval = interval("2026-11-01T09:00:00Z", 30 * 24 * 60);
    let mut night = house.booking(&[house.bob.id], "2026-11-23T09:00:00Z");
    night.interval = interval("2026-11-23T09:00:00Z", 24 * 60);
    let short = house.booking(&[house.bob.id], NINE);
    for booking in [&short, &camp, &night] {
        house.insert(booking).await.unwrap();
    }
    let after = async |instant: DateTime<Utc>| {
        let from = BookingFilter {
            from: Some(instant),
            ..BookingFilter::default()
        };
        let ahead = BookingFilter {
            status: vec![BookingStatus::Confirmed],
            now: Some(instant),
            ..BookingFilter::default()
        };
        let found = list(&house, &from).await;
        assert_eq!(list(&house, &ahead).await, found);
        found
    };
    let micro = TimeDelta::microseconds(1);
    assert_eq!(
        after(instant(NINE) - micro).await,
        [camp.id, night.id, short.id]
    );
    assert_eq!(after(instant(NINE)).await, [camp.id, short.id]);
    assert_eq!(after(camp.interval.end() - micro).await, [camp.id]);
    assert_eq!(after(camp.interval.end()).await, []);
}

/// By event type, by host, by whether it was moved; several conditions must all be met.
pub async fn filters_let_through_what_meets_them_all(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let [ann, bob, eve] = [house.ann.id, house.bob.id, house.eve.id];
    let second = event_type(
        &house.ids,
        house.workspace.id,
        "second",
        30,
        Hosting::single(bob),
    );
    let mut work = house.begin().await;
    work.event_types().insert(&second).await.unwrap();
    work.commit().await.unwrap();
    let anns = house.booking(&[ann], NINE);
    let mut both = house.booking(&[eve, ann], "2026-11-24T10:00:00Z");
    both.event_type = second.id;
    let mut bobs = house.booking(&[bob], "2026-11-24T11:00:00Z");
    bobs.event_type = second.id;
    for booking in [&bobs, &both, &anns] {
        house.insert(booking).await.unwrap();
    }
    let mut work = house.begin().await;
    let moved = Change::Rescheduled {
        from: interval(NOON, 30),
        to: both.interval,
        reason: None,
    };
    for (booking, change) in [
        (&both, Change::Confirmed),
        (&both, moved.clone()),
        (&both, moved),
        (&anns, Change::Confirmed),
        (&anns, Change::Completed),
    ] {
        let entry = history(
            &house.ids,
            booking.id,
            booking.created_at,
            Doer::Invitee,
            change,
        );
        work.bookings().record(&entry).await.unwrap();
    }
    work.commit().await.unwrap();

    let all = BookingFilter::default();
    let of = |event_type| BookingFilter {
        event_type: Some(event_type),
        ..all.clone()
    };
    let by = |host| BookingFilter {
        host: Some(host),
        ..all.clone()
    };
    assert_eq!(list(&house, &of(house.event_type.id)).await, [anns.id]);
    assert_eq!(list(&house, &of(second.id)).await, [both.id, bobs.id]);
    assert_eq!(list(&house, &by(ann)).await, [anns.id, both.id]);
    assert_eq!(list(&house, &by(eve)).await, [both.id]);
    assert_eq!(list(&house, &by(bob)).await, [bobs.id]);
    let rescheduled = BookingFilter {
        rescheduled: true,
        ..all.clone()
    };
    assert_eq!(list(&house, &rescheduled).await, [both.id]);

    let mut every = BookingFilter {
        status: vec![BookingStatus::Confirmed],
        now: Some(instant(NINE)),
        rescheduled: true,
        from: Some(instant(NINE)),
        to: Some(instant(NOON)),
        event_type: Some(second.id),
        host: Some(ann),
        text: Some("INVITEE".to_owned()),
    };
    assert_eq!(list(&house, &every).await, [both.id]);
    let first = BookingPage {
        direction: Direction::Descending,
        after: Some((instant(NOON), both.id)),
        limit: 1,
    };
    let found = page(&house, &every, &first).await;
    assert_eq!(found, [both]);
    every.host = Some(bob);
    assert_eq!(list(&house, &every).await, []);
}

/// A text is found within one attendee's name or address, as it is written: no sign has a meaning of its own. The case of
/// ASCII letters does not matter; of other letters it may.
pub async fn a_text_is_found_in_names_and_addresses(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let people = [
        ("Zoë O'Hara", "zoe_h@Halden-Mills.example"),
        ("100% \\ \"Sure\"", "sure@example.org"),
        ("李小龍", "zoexh@halden.example"),
        ("Anna Zo", "eanna@example.org"),
    ];
    let mut ids = Vec::new();
    for (hour, (name, address)) in (9..).zip(people) {
        let mut booking = cancelled(&house, &format!("2026-11-24T{hour:02}:00:00Z"));
        booking.attendees[0].name = parse(name);
        booking.attendees[0].email = parse(address);
        ids.push(booking.id);
        if hour == 12 {
            let mut guest = invitee(&house.ids, "Gus Guest");
            guest.role = AttendeeRole::Guest;
            booking.attendees.push(guest);
        }
        house.insert(&booking).await.unwrap();
    }
    let mut other = cancelled(&house, "2026-11-24T14:00:00Z");
    other.note = Some(parse("Zoë O'Hara"));
    house.insert(&other).await.unwrap();
    ids.push(other.id);
    let long = "a".repeat(100_000);
    for (text, expected) in [
        ("Zoë", vec![0]),
        ("zOë O'HARA", vec![0]),
        ("O'Hara", vec![0]),
        ("ZOE_H", vec![0]),
        ("zoe", vec![0, 2]),
        ("halden-MILLS", vec![0]),
        ("_", vec![0]),
        ("%", vec![1]),
        ("100%", vec![1]),
        ("0% \\ \"s", vec![1]),
        ("\\", vec![1]),
        ("小", vec![2]),
        ("李小龍", vec![2]),
        ("anna", vec![3]),
        ("Zo", vec![0, 2, 3]),
        // Not across a name and an address, nor across two people.
        ("Zoeanna", vec![]),
        ("Zo eanna", vec![]),
        ("example.orggus", vec![]),
        ("gusguest@", vec![3]),
        ("gus g", vec![3]),
        ("ida", vec![4]),
        ("*", vec![]),
        ("?", vec![]),
        ("'; drop table bookings; --", vec![]),
        ("\0", vec![]),
        ("Zo\0", vec![]),
        ("", vec![0, 1, 2, 3, 4]),
        (long.as_str(), vec![]),
    ] {
        let filter = BookingFilter {
            text: Some(text.to_owned()),
            ..BookingFilter::default()
        };
        let found = list(&house, &filter).await;
        let place = |id: &BookingId| ids.iter().position(|one| one == id).unwrap();
        let found: Vec<usize> = found.iter().map(place).collect();
        assert_eq!(found, expected, "{:?}", text.get(..40).unwrap_or(text));
    }
}
