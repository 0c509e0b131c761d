//! Bookings and the claims on their hosts' time.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use scheduling_core::assignment::{LedgerEntry, RotationStep};
use scheduling_core::booking::{AttendeeRole, Booking, BookingState, Party, PendingReason, Rsvp};
use scheduling_core::event_type::Buffers;
use scheduling_core::ids::SessionId;
use scheduling_core::ports::{HostReservation, Storage};
use scheduling_core::time::{Interval, Minutes};

use super::fixture::{House, always, assert_conflict, assert_refused};
use crate::builders::{self, booking_host, instant, interval, invitee, minutes_from, parse};

const NINE: &str = "2026-11-24T09:00:00Z";
const HALF_PAST_NINE: &str = "2026-11-24T09:30:00Z";
const TEN: &str = "2026-11-24T10:00:00Z";

fn buffers(before: u32, after: u32) -> Buffers {
    Buffers {
        before: Minutes(before),
        after: Minutes(after),
    }
}

/// The next version of a booking, changed.
fn changed(booking: &Booking, change: impl FnOnce(&mut Booking)) -> Booking {
    let mut next = booking.clone();
    next.version += 1;
    next.updated_at += TimeDelta::microseconds(1);
    change(&mut next);
    next
}

fn cancelled() -> BookingState {
    BookingState::Cancelled {
        cancelled_at: instant("2026-11-23T12:00:00.000001Z"),
        by: Party::Invitee,
        reason: Some(parse("\"No time\"\nsorry")),
    }
}

/// Every state, with everything that belongs to it; found by id and by the link's hash.
pub async fn every_state_comes_back_as_it_was(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let at = instant("2026-11-20T12:34:56.123456Z");
    let states = [
        BookingState::Pending {
            waiting_for: BTreeSet::from([
                PendingReason::Approval,
                PendingReason::Rsvp,
                PendingReason::Payment,
                PendingReason::EmailVerification,
            ]),
            expires_at: Some(at),
        },
        BookingState::Pending {
            waiting_for: BTreeSet::from([PendingReason::Approval]),
            expires_at: None,
        },
        BookingState::Confirmed { confirmed_at: at },
        BookingState::Declined {
            declined_at: at,
            reason: None,
        },
        cancelled(),
        BookingState::NoShow { marked_at: at },
        BookingState::Completed { marked_at: at },
        BookingState::Expired { expired_at: at },
    ];
    let mut expected = Vec::new();
    for (hour, state) in states.into_iter().enumerate() {
        let hosts = [house.eve.id, house.ann.id, house.bob.id];
        let mut booking = house.booking(&hosts, &format!("2026-11-24T{hour:02}:00:00Z"));
        booking.state = state;
        booking.sequence = 3;
        booking.version = 9;
        booking.rotation = Some(RotationStep {
            eligible: vec![LedgerEntry {
                host: house.eve.id,
                weight: 100,
                credit: -100,
                last_assigned: Some(7),
            }],
            winner: house.eve.id,
            holder: house.bob.id,
            released: hour % 2 == 0,
        });
        booking.hosts[1].session = Some(SessionId::generate(&house.ids));
        booking.manage.sealed = vec![0, 255, 39, 34];
        expected.push(booking);
    }
    for booking in &expected {
        house.insert(booking).await.unwrap();
    }
    for booking in &expected {
        let mut work = house.begin_read().await;
        let found = work.bookings().get(booking.id).await.unwrap();
        assert_eq!(found.as_ref(), Some(booking));
        let hash = &booking.manage.hash;
        let found = work.bookings().by_manage_token(hash).await.unwrap();
        assert_eq!(found.as_ref(), Some(booking));
    }
}

/// Quotes, scripts, line breaks, and guests in their order.
pub async fn hostile_texts_come_back_as_they_were(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let mut booking = house.booking(&[house.ann.id], NINE);
    booking.note = Some(parse("'; drop table bookings; --\n\t\"李\" 🙂 \\0 %s $1"));
    booking.attendees[0].name = parse(r#"Zoë "Z" O'Hara, 李"#);
    booking.attendees[0].rsvp = Rsvp::NeedsAction;
    for (name, rsvp) in [("Zed", Rsvp::Declined), ("Abe", Rsvp::Tentative)] {
        let mut guest = invitee(&house.ids, name);
        guest.role = AttendeeRole::Guest;
        guest.rsvp = rsvp;
        booking.attendees.push(guest);
    }
    house.insert(&booking).await.unwrap();
    assert_eq!(house.stored(booking.id).await, Some(booking.clone()));

    let fewer = changed(&booking, |b| {
        b.attendees.remove(1);
        b.note = None;
    });
    house.update(&fewer).await.unwrap();
    assert_eq!(house.stored(booking.id).await, Some(fewer));
}

/// From the first year there is to the last, to the microsecond.
pub async fn extreme_dates_come_back_as_they_were(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let first = DateTime::<Utc>::MIN_UTC;
    let last = DateTime::from_timestamp_micros(DateTime::<Utc>::MAX_UTC.timestamp_micros());
    let last = last.expect("a microsecond that exists");
    let micro = TimeDelta::microseconds(1);
    let spans = [
        (first, first + micro),
        (
            instant("0001-01-01T00:00:00Z"),
            instant("1582-10-15T00:00:00Z"),
        ),
        (
            instant("1969-12-31T23:59:59.999999Z"),
            instant("1970-01-01T00:00:00Z"),
        ),
        (
            instant("2026-11-24T09:00:00.000001Z"),
            instant("2026-11-24T09:00:00.000002Z"),
        ),
        (last - micro, last),
    ];
    for (start, end) in spans {
        let mut booking = house.booking(&[house.ann.id], NINE);
        booking.interval = Interval::new(start, end).unwrap();
        booking.created_at = start;
        booking.updated_at = end;
        booking.state = BookingState::Confirmed {
            confirmed_at: NINE.parse().unwrap(),
        };
        house.insert(&booking).await.unwrap();
        assert_eq!(house.stored(booking.id).await.as_ref(), Some(&booking));
        let found = house.reservations(&[house.ann.id], booking.interval).await;
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].interval, booking.interval);
    }
    assert_eq!(
        house.all_reservations(house.ann.id).await.len(),
        spans.len()
    );

    // Buffers at either end of time are cut off there.
    let mut booking = house.booking(&[house.bob.id], NINE);
    booking.interval = always();
    booking.interval = Interval::new(booking.interval.start(), last).unwrap();
    booking.buffers = buffers(u32::MAX, u32::MAX);
    house.insert(&booking).await.unwrap();
    assert_eq!(house.stored(booking.id).await, Some(booking));
}

/// Overlaps of every shape conflict; meetings that touch, and other hosts, do not.
pub async fn overlapping_bookings_of_one_host_conflict(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let ann = [house.ann.id];
    house.insert(&house.booking(&ann, NINE)).await.unwrap();
    let overlaps = [
        (NINE, 30),
        (NINE, 10),
        (NINE, 60),
        ("2026-11-24T08:45:00Z", 30),
        ("2026-11-24T08:45:00Z", 90),
        ("2026-11-24T09:10:00Z", 10),
        ("2026-11-24T09:15:00Z", 30),
        ("2026-11-24T09:29:00Z", 60),
    ];
    for (start, minutes) in overlaps {
        let mut booking = house.booking(&ann, start);
        booking.interval = interval(start, minutes);
        assert_conflict(house.insert(&booking).await);
        assert_eq!(house.stored(booking.id).await, None);
    }
    for start in ["2026-11-24T08:30:00Z", HALF_PAST_NINE] {
        house.insert(&house.booking(&ann, start)).await.unwrap();
    }
    house
        .insert(&house.booking(&[house.bob.id], NINE))
        .await
        .unwrap();
    assert_eq!(house.all_reservations(house.ann.id).await.len(), 3);
}

/// Two meetings are kept apart by the one's buffer after and the other's buffer before.
pub async fn buffers_belong_to_what_is_claimed(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let mut first = house.booking(&[house.ann.id], NINE);
    first.buffers = buffers(5, 10);
    house.insert(&first).await.unwrap();
    let mut second = house.booking(&[house.ann.id], "2026-11-24T09:44:00Z");
    second.buffers = buffers(5, 0);
    assert_conflict(house.insert(&second).await);
    second.interval = interval("2026-11-24T09:45:00Z", 30);
    house.insert(&second).await.unwrap();
    let before = house.booking(&[house.ann.id], "2026-11-24T08:26:00Z");
    assert_conflict(house.insert(&before).await);
    let before = house.booking(&[house.ann.id], "2026-11-24T08:25:00Z");
    house.insert(&before).await.unwrap();

    // Both buffers are inside what a reader sees as taken.
    for (start, count) in [
        ("2026-11-24T08:54:00Z", 1),
        ("2026-11-24T08:55:00Z", 1),
        ("2026-11-24T09:39:00Z", 1),
        ("2026-11-24T10:15:00Z", 0),
    ] {
        let found = house
            .reservations(&[house.ann.id], interval(start, 1))
            .await;
        assert_eq!(found.len(), count, "{start}");
    }
}

/// When one host of several is taken, nothing is stored and no other host is claimed.
pub async fn several_hosts_are_claimed_or_none(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let [ann, bob, eve] = [house.ann.id, house.bob.id, house.eve.id];
    house.insert(&house.booking(&[bob], NINE)).await.unwrap();
    let all = house.booking(&[ann, bob, eve], NINE);
    assert_conflict(house.insert(&all).await);
    assert_eq!(house.stored(all.id).await, None);
    assert_eq!(house.all_reservations(ann).await, []);
    assert_eq!(house.all_reservations(eve).await, []);
    let later = house.booking(&[ann, bob, eve], TEN);
    house.insert(&later).await.unwrap();
    for host in [ann, bob, eve] {
        assert_eq!(house.reservations(&[host], later.interval).await.len(), 1);
    }
    let stranger = scheduling_core::ids::UserId::generate(&house.ids);
    assert_refused(house.insert(&house.booking(&[stranger], NINE)).await);
}

/// The same id, or the same link, twice.
pub async fn an_id_and_a_link_are_taken_once(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let first = house.booking(&[house.ann.id], NINE);
    house.insert(&first).await.unwrap();
    let mut same_id = house.booking(&[house.bob.id], TEN);
    same_id.id = first.id;
    assert_conflict(house.insert(&same_id).await);
    let mut same_link = house.booking(&[house.bob.id], TEN);
    same_link.manage = first.manage.clone();
    assert_conflict(house.insert(&same_link).await);
    assert_eq!(house.all_reservations(house.bob.id).await, []);
}

/// An update that knows an older or a newer version, or a booking that is not there, changes nothing.
pub async fn an_update_must_know_the_version(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let first = house.booking(&[house.ann.id], NINE);
    house.insert(&first).await.unwrap();
    let second = changed(&first, |b| b.note = Some(parse("second")));
    house.update(&second).await.unwrap();
    assert_eq!(house.stored(first.id).await.as_ref(), Some(&second));

    // Who still knows the first version comes too late.
    let late = changed(&first, |b| b.state = cancelled());
    assert_conflict(house.update(&late).await);
    assert_conflict(house.update(&second).await);
    let early = changed(&changed(&second, |_| {}), |_| {});
    assert_conflict(house.update(&early).await);
    let zero = changed(&first, |b| b.version = 0);
    assert_conflict(house.update(&zero).await);
    let absent = changed(&house.booking(&[house.ann.id], TEN), |_| {});
    assert_conflict(house.update(&absent).await);
    assert_eq!(house.stored(first.id).await.as_ref(), Some(&second));
    assert_eq!(house.all_reservations(house.ann.id).await.len(), 1);
}

/// Claims follow the state: cancelled, declined and expired bookings give the time back, a no-show keeps it.
pub async fn a_booking_that_ends_gives_its_time_back(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let at = instant(NINE);
    let ended = [
        cancelled(),
        BookingState::Declined {
            declined_at: at,
            reason: None,
        },
        BookingState::Expired { expired_at: at },
    ];
    for state in ended {
        let booking = house.booking(&[house.ann.id, house.bob.id], NINE);
        house.insert(&booking).await.unwrap();
        house
            .update(&changed(&booking, |b| b.state = state))
            .await
            .unwrap();
        assert_eq!(house.all_reservations(house.ann.id).await, []);
        assert_eq!(house.all_reservations(house.bob.id).await, []);
    }
    let booking = house.booking(&[house.ann.id], NINE);
    house.insert(&booking).await.unwrap();
    let absent = changed(&booking, |b| {
        b.state = BookingState::NoShow { marked_at: at }
    });
    house.update(&absent).await.unwrap();
    assert_conflict(house.insert(&house.booking(&[house.ann.id], NINE)).await);

    // One that comes back to life takes the time anew, if it is still free.
    let gone = changed(&absent, |b| b.state = cancelled());
    house.update(&gone).await.unwrap();
    house
        .insert(&house.booking(&[house.ann.id], NINE))
        .await
        .unwrap();
    let back = changed(&gone, |b| {
        b.state = BookingState::Confirmed { confirmed_at: at }
    });
    assert_conflict(house.update(&back).await);
}

/// A booking does not stand in its own way.
pub async fn a_booking_moves_by_less_than_its_length(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let booking = house.booking(&[house.ann.id], NINE);
    house.insert(&booking).await.unwrap();
    let moved = changed(&booking, |b| {
        b.interval = interval("2026-11-24T09:10:00Z", 30);
    });
    house.update(&moved).await.unwrap();
    assert_eq!(house.stored(booking.id).await.as_ref(), Some(&moved));
    let taken = house.all_reservations(house.ann.id).await;
    assert_eq!(taken.len(), 1);
    assert_eq!(taken[0].interval, moved.interval);
    let in_the_gap = changed(&house.booking(&[house.ann.id], NINE), |b| {
        b.interval = interval(NINE, 10);
    });
    house.insert(&in_the_gap).await.unwrap();
}

/// A move onto another booking leaves both where they were.
pub async fn a_booking_cannot_move_onto_another(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let (first, second) = (
        house.booking(&[house.ann.id], NINE),
        house.booking(&[house.ann.id], TEN),
    );
    house.insert(&first).await.unwrap();
    house.insert(&second).await.unwrap();
    let moved = changed(&first, |b| {
        b.interval = interval("2026-11-24T09:45:00Z", 30);
    });
    assert_conflict(house.update(&moved).await);
    assert_eq!(house.stored(first.id).await.as_ref(), Some(&first));
    let taken = house.all_reservations(house.ann.id).await;
    let intervals: Vec<Interval> = taken.iter().map(|r| r.interval).collect();
    assert_eq!(intervals, [first.interval, second.interval]);
}

/// Another host takes over: the one's time opens, the other's is taken.
pub async fn a_booking_changes_its_hosts(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let booking = house.booking(&[house.ann.id, house.bob.id], NINE);
    house.insert(&booking).await.unwrap();
    let handed_over = changed(&booking, |b| {
        b.hosts = vec![
            booking_host(b.id, house.eve.id),
            booking_host(b.id, house.bob.id),
        ];
    });
    house.update(&handed_over).await.unwrap();
    assert_eq!(house.stored(booking.id).await.as_ref(), Some(&handed_over));
    assert_eq!(house.all_reservations(house.ann.id).await, []);
    assert_eq!(house.all_reservations(house.bob.id).await.len(), 1);
    assert_eq!(house.all_reservations(house.eve.id).await.len(), 1);
}

/// Reservations tell whose time, of what, when and with which buffers; the interval they are asked for is half-open.
pub async fn reservations_are_found_where_they_overlap(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let mut booking = house.booking(&[house.bob.id, house.ann.id], NINE);
    booking.buffers = buffers(15, 5);
    house.insert(&booking).await.unwrap();
    let expected = |host| HostReservation {
        host,
        event_type: house.event_type.id,
        session: None,
        interval: booking.interval,
        buffers: booking.buffers,
        seats_taken: 1,
    };
    let found = house.all_reservations(house.ann.id).await;
    assert_eq!(found, [expected(house.ann.id)]);
    let both = [house.eve.id, house.bob.id, house.ann.id, house.bob.id];
    let found = house.reservations(&both, booking.interval).await;
    assert_eq!(found, [expected(house.ann.id), expected(house.bob.id)]);
    let span = |from: &str, to: &str| {
        let day = |time: &str| instant(&format!("2026-11-24T{time}Z"));
        Interval::new(day(from), day(to)).unwrap()
    };
    for (within, count) in [
        (span("08:00:00", "08:45:00"), 0),
        (span("08:00:00", "08:45:00.000001"), 1),
        (span("09:34:59.999999", "10:00:00"), 1),
        (span("09:35:00", "10:00:00"), 0),
    ] {
        let found = house.reservations(&[house.ann.id], within).await;
        assert_eq!(found.len(), count, "{within:?}");
    }
}

/// By host, then start, whatever order they were made in; what ended is not among them.
pub async fn many_reservations_of_many_hosts_stand_in_order(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let hosts = [house.eve.id, house.ann.id, house.bob.id];
    let first = instant("2026-11-24T00:00:00Z");
    let mut work = house.begin().await;
    for place in 0..60 {
        // 37 and 60 have no common factor, so that each place comes once, out of order.
        let start = first + TimeDelta::minutes((place * 37 % 60) * 40);
        for host in hosts {
            let booking = builders::booking(&house.ids, &house.event_type, &[host], start);
            work.bookings().insert(&booking).await.unwrap();
            if place % 3 == 0 {
                let gone = changed(&booking, |b| b.state = cancelled());
                work.bookings().update(&gone).await.unwrap();
            }
        }
    }
    work.commit().await.unwrap();
    let found = house
        .reservations(&hosts, minutes_from(first, 60 * 40))
        .await;
    assert_eq!(found.len(), 40 * 3);
    let keys: Vec<_> = found.iter().map(|r| (r.host, r.interval.start())).collect();
    assert!(keys.is_sorted(), "{keys:?}");
}
