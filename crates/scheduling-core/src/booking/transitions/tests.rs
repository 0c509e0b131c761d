//! Tests of `transitions`.

use std::collections::BTreeMap;

use chrono::{TimeDelta, TimeZone};
use chrono_tz::Tz;
use uuid::Uuid;

use super::*;
use crate::booking::{AttendeeRole, Rsvp};
use crate::ids::AttendeeId;
use crate::time::Minutes;

const START: &str = "2026-11-24T09:00:00Z";

fn at(minutes: i64) -> DateTime<Utc> {
    START.parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(minutes)
}

fn id<T>(from: fn(Uuid) -> T, n: u128) -> T {
    from(Uuid::from_u128(n))
}

fn invitee() -> Attendee {
    Attendee {
        id: id(AttendeeId::from_uuid, 4),
        role: AttendeeRole::Invitee,
        name: "Ada \"A\" O'Hara".parse().unwrap(),
        email: "ada@example.org".parse().unwrap(),
        timezone: Tz::Asia__Kathmandu,
        rsvp: Rsvp::Accepted,
    }
}

fn guest() -> Attendee {
    Attendee {
        id: id(AttendeeId::from_uuid, 5),
        role: AttendeeRole::Guest,
        email: "bo@example.org".parse().unwrap(),
        ..invitee()
    }
}

fn host(n: u128) -> BookingHost {
    BookingHost {
        user: id(UserId::from_uuid, n),
        manage: ManageSecret {
            hash: [9; 32],
            sealed: vec![9],
        },
        session: None,
    }
}

/// A meeting from minute 0 to 30, with ten minutes kept free before and five after.
fn new_booking() -> NewBooking {
    NewBooking {
        id: id(BookingId::from_uuid, 1),
        workspace: id(WorkspaceId::from_uuid, 2),
        event_type: id(EventTypeId::from_uuid, 3),
        interval: Interval::new(at(0), at(30)).unwrap(),
        buffers: Buffers {
            before: Minutes(10),
            after: Minutes(5),
        },
        hosts: vec![host(7)],
        invitee: invitee(),
        guests: vec![guest()],
        note: None,
        answers: Vec::new(),
        place: MeetingPlace::Phone {
            instructions: "We call you".parse().unwrap(),
        },
        link: None,
        rotation: None,
        manage: ManageSecret {
            hash: [1; 32],
            sealed: vec![2],
        },
    }
}

fn in_state(state: BookingState) -> Booking {
    new_booking().into_booking(state, at(-60))
}

fn waiting(reasons: &[PendingReason]) -> BookingState {
    BookingState::Pending {
        waiting_for: reasons.iter().copied().collect(),
        expires_at: Some(at(-30)),
    }
}

/// A booking in each state, and what each transition makes of it at an instant: the new status, or the complaint.
fn table(now: DateTime<Utc>) -> String {
    let states = [
        waiting(&[PendingReason::Approval]),
        BookingState::Confirmed {
            confirmed_at: at(-60),
        },
        BookingState::Declined {
            declined_at: at(-60),
            reason: None,
        },
        BookingState::Cancelled {
            cancelled_at: at(-60),
            by: Party::Host,
            reason: None,
        },
        BookingState::Completed { marked_at: at(-60) },
        BookingState::NoShow { marked_at: at(-60) },
        BookingState::Expired {
            expired_at: at(-60),
        },
    ];
    let moved = Interval::new(at(60), at(90)).unwrap();
    let mut lines = Vec::new();
    for state in states {
        let booking = || in_state(state.clone());
        let outcomes: BTreeMap<&str, Result<Booking, TransitionError>> = BTreeMap::from([
            (
                "satisfy",
                booking()
                    .satisfy(PendingReason::Approval, now)
                    .map(|(b, _)| b),
            ),
            ("decline", booking().decline(None, now).map(|(b, _)| b)),
            (
                "cancel",
                booking().cancel(Party::Invitee, None, now).map(|(b, _)| b),
            ),
            (
                "reschedule",
                booking()
                    .reschedule(moved, vec![host(8)], Party::Host, None, now)
                    .map(|(b, _)| b),
            ),
            ("no-show", booking().mark_no_show(now).map(|(b, _)| b)),
            ("complete", booking().mark_completed(now).map(|(b, _)| b)),
            ("expire", booking().expire(now).map(|(b, _)| b)),
        ]);
        for (name, outcome) in outcomes {
            let outcome = match outcome {
                Ok(booking) => {
                    assert_eq!((booking.version, booking.updated_at), (2, now));
                    format!("{} #{}", booking.state.name(), booking.sequence)
                }
                Err(error) => format!("! {error}"),
            };
            lines.push(format!("{} {name}: {outcome}", state.name()));
        }
    }
    lines.join("\n")
}

#[test]
fn before_the_meeting_what_is_not_in_the_picture_is_refused_naming_both_ends() {
    insta::assert_snapshot!(table(at(-40)), @"
        pending cancel: cancelled #1
        pending complete: ! the booking is pending and cannot become completed
        pending decline: declined #0
        pending expire: expired #0
        pending no-show: ! the booking is pending and cannot become no_show
        pending reschedule: pending #1
        pending satisfy: confirmed #0
        confirmed cancel: cancelled #1
        confirmed complete: ! the booking is confirmed and cannot become completed
        confirmed decline: ! the booking is confirmed and cannot become declined
        confirmed expire: ! the booking is confirmed and cannot become expired
        confirmed no-show: ! the booking is confirmed and cannot become no_show
        confirmed reschedule: confirmed #1
        confirmed satisfy: ! the booking is confirmed and cannot become confirmed
        declined cancel: ! the booking is declined and cannot become cancelled
        declined complete: ! the booking is declined and cannot become completed
        declined decline: ! the booking is declined and cannot become declined
        declined expire: ! the booking is declined and cannot become expired
        declined no-show: ! the booking is declined and cannot become no_show
        declined reschedule: ! the booking is declined and cannot become confirmed
        declined satisfy: ! the booking is declined and cannot become confirmed
        cancelled cancel: ! the booking is cancelled and cannot become cancelled
        cancelled complete: ! the booking is cancelled and cannot become completed
        cancelled decline: ! the booking is cancelled and cannot become declined
        cancelled expire: ! the booking is cancelled and cannot become expired
        cancelled no-show: ! the booking is cancelled and cannot become no_show
        cancelled reschedule: ! the booking is cancelled and cannot become confirmed
        cancelled satisfy: ! the booking is cancelled and cannot become confirmed
        completed cancel: ! the booking is completed and cannot become cancelled
        completed complete: ! the booking is completed and cannot become completed
        completed decline: ! the booking is completed and cannot become declined
        completed expire: ! the booking is completed and cannot become expired
        completed no-show: no_show #0
        completed reschedule: ! the booking is completed and cannot become confirmed
        completed satisfy: ! the booking is completed and cannot become confirmed
        no_show cancel: ! the booking is no_show and cannot become cancelled
        no_show complete: completed #0
        no_show decline: ! the booking is no_show and cannot become declined
        no_show expire: ! the booking is no_show and cannot become expired
        no_show no-show: ! the booking is no_show and cannot become no_show
        no_show reschedule: ! the booking is no_show and cannot become confirmed
        no_show satisfy: ! the booking is no_show and cannot become confirmed
        expired cancel: ! the booking is expired and cannot become cancelled
        expired complete: ! the booking is expired and cannot become completed
        expired decline: ! the booking is expired and cannot become declined
        expired expire: ! the booking is expired and cannot become expired
        expired no-show: ! the booking is expired and cannot become no_show
        expired reschedule: ! the booking is expired and cannot become confirmed
        expired satisfy: ! the booking is expired and cannot become confirmed
        ");
}

#[test]
fn after_the_meeting_a_confirmed_booking_is_completed_and_can_only_be_a_no_show() {
    insta::assert_snapshot!(table(at(30)), @"
        pending cancel: cancelled #1
        pending complete: ! the booking is pending and cannot become completed
        pending decline: declined #0
        pending expire: expired #0
        pending no-show: ! the booking is pending and cannot become no_show
        pending reschedule: pending #1
        pending satisfy: confirmed #0
        confirmed cancel: ! the booking is completed and cannot become cancelled
        confirmed complete: completed #0
        confirmed decline: ! the booking is completed and cannot become declined
        confirmed expire: ! the booking is completed and cannot become expired
        confirmed no-show: no_show #0
        confirmed reschedule: ! the booking is completed and cannot become confirmed
        confirmed satisfy: ! the booking is completed and cannot become confirmed
        declined cancel: ! the booking is declined and cannot become cancelled
        declined complete: ! the booking is declined and cannot become completed
        declined decline: ! the booking is declined and cannot become declined
        declined expire: ! the booking is declined and cannot become expired
        declined no-show: ! the booking is declined and cannot become no_show
        declined reschedule: ! the booking is declined and cannot become confirmed
        declined satisfy: ! the booking is declined and cannot become confirmed
        cancelled cancel: ! the booking is cancelled and cannot become cancelled
        cancelled complete: ! the booking is cancelled and cannot become completed
        cancelled decline: ! the booking is cancelled and cannot become declined
        cancelled expire: ! the booking is cancelled and cannot become expired
        cancelled no-show: ! the booking is cancelled and cannot become no_show
        cancelled reschedule: ! the booking is cancelled and cannot become confirmed
        cancelled satisfy: ! the booking is cancelled and cannot become confirmed
        completed cancel: ! the booking is completed and cannot become cancelled
        completed complete: ! the booking is completed and cannot become completed
        completed decline: ! the booking is completed and cannot become declined
        completed expire: ! the booking is completed and cannot become expired
        completed no-show: no_show #0
        completed reschedule: ! the booking is completed and cannot become confirmed
        completed satisfy: ! the booking is completed and cannot become confirmed
        no_show cancel: ! the booking is no_show and cannot become cancelled
        no_show complete: completed #0
        no_show decline: ! the booking is no_show and cannot become declined
        no_show expire: ! the booking is no_show and cannot become expired
        no_show no-show: ! the booking is no_show and cannot become no_show
        no_show reschedule: ! the booking is no_show and cannot become confirmed
        no_show satisfy: ! the booking is no_show and cannot become confirmed
        expired cancel: ! the booking is expired and cannot become cancelled
        expired complete: ! the booking is expired and cannot become completed
        expired decline: ! the booking is expired and cannot become declined
        expired expire: ! the booking is expired and cannot become expired
        expired no-show: ! the booking is expired and cannot become no_show
        expired reschedule: ! the booking is expired and cannot become confirmed
        expired satisfy: ! the booking is expired and cannot become confirmed
        ");
}

#[test]
fn a_no_show_cannot_be_noted_before_the_start() {
    let confirmed = || new_booking().confirmed(at(-60)).0;
    assert!(confirmed().mark_no_show(at(-1)).is_err());
    let (booking, event) = confirmed().mark_no_show(at(0)).unwrap();
    assert_eq!(event, BookingEvent::NoShow(booking.id));
    assert!(booking.state.takes_time());
}

#[test]
fn a_new_booking_starts_with_the_invitee_first() {
    let (booking, event) = new_booking().confirmed(at(-60));
    assert_eq!(event, BookingEvent::Confirmed(booking.id));
    assert_eq!((booking.sequence, booking.version), (0, 1));
    assert_eq!((booking.created_at, booking.updated_at), (at(-60), at(-60)));
    assert_eq!(booking.invitee(), Some(&invitee()));
    assert_eq!(booking.attendees, [invitee(), guest()]);
    assert_eq!(
        booking.reservation(),
        Interval::new(at(-10), at(35)).unwrap()
    );
}

#[test]
fn a_request_that_waits_for_nothing_is_confirmed_at_once() {
    let (booking, event) = new_booking().requested(BTreeSet::new(), None, at(-60));
    assert_eq!(booking.state.name(), BookingStatus::Confirmed);
    assert_eq!(event, BookingEvent::Confirmed(booking.id));
}

#[test]
fn a_pending_booking_is_confirmed_when_the_last_thing_it_waits_for_came() {
    let reasons = BTreeSet::from([PendingReason::Approval, PendingReason::Payment]);
    let (booking, event) = new_booking().requested(reasons, Some(at(-30)), at(-60));
    assert_eq!(event, BookingEvent::Requested(booking.id));
    assert!(booking.state.takes_time());

    // It does not wait for an RSVP: nothing changes, not even the version.
    let before = booking.clone();
    let (booking, event) = booking.satisfy(PendingReason::Rsvp, at(-50)).unwrap();
    assert_eq!((&booking, event), (&before, None));

    let (booking, event) = booking.satisfy(PendingReason::Payment, at(-50)).unwrap();
    assert_eq!(booking.state, waiting(&[PendingReason::Approval]));
    assert_eq!((booking.version, event), (2, None));

    let (booking, event) = booking.satisfy(PendingReason::Approval, at(-40)).unwrap();
    let confirmed_at = at(-40);
    assert_eq!(booking.state, BookingState::Confirmed { confirmed_at });
    assert_eq!(event, Some(BookingEvent::Approved(booking.id)));
    assert_eq!(booking.sequence, 0);
}

#[test]
fn cancelling_keeps_who_and_why_and_gives_the_time_back() {
    let reason: Note = "I am ill".parse().unwrap();
    let (booking, event) = new_booking()
        .confirmed(at(-60))
        .0
        .cancel(Party::Invitee, Some(reason.clone()), at(10))
        .unwrap();
    assert_eq!(
        event,
        BookingEvent::Cancelled {
            booking: booking.id,
            by: Party::Invitee,
            reason: Some(reason.clone()),
        }
    );
    assert_eq!(
        booking.state,
        BookingState::Cancelled {
            cancelled_at: at(10),
            by: Party::Invitee,
            reason: Some(reason),
        }
    );
    assert!(!booking.state.takes_time());
}

#[test]
fn rescheduling_keeps_the_booking_and_its_state_and_tells_where_it_was() {
    let to = Interval::new(at(60), at(90)).unwrap();
    let before = in_state(waiting(&[PendingReason::Approval]));
    let (booking, event) = before
        .clone()
        .reschedule(to, vec![host(8)], Party::Invitee, None, at(-50))
        .unwrap();
    assert_eq!(
        event,
        BookingEvent::Rescheduled {
            booking: before.id,
            previous: before.interval,
            released: vec![id(UserId::from_uuid, 7)],
            by: Party::Invitee,
            reason: None,
        }
    );
    assert_eq!((booking.id, booking.interval), (before.id, to));
    assert_eq!((booking.state, booking.sequence), (before.state, 1));
    assert_eq!(booking.hosts, [host(8)]);
}

#[test]
fn numbers_at_the_edge_do_not_overflow() {
    let mut booking = new_booking().confirmed(at(-60)).0;
    (booking.sequence, booking.version) = (u32::MAX, u32::MAX);
    let (booking, _) = booking.cancel(Party::System, None, at(-50)).unwrap();
    assert_eq!((booking.sequence, booking.version), (u32::MAX, u32::MAX));
}

#[test]
fn a_reservation_at_the_edge_of_time_is_cut_short() {
    let last = Utc.with_ymd_and_hms(262_142, 12, 31, 23, 59, 0).unwrap();
    let mut booking = new_booking().confirmed(at(-60)).0;
    booking.interval = Interval::new(last, last + TimeDelta::seconds(30)).unwrap();
    assert_eq!(booking.reservation().end(), DateTime::<Utc>::MAX_UTC);
}

#[test]
fn the_manage_secret_is_not_printed() {
    let booking = new_booking().confirmed(at(-60)).0;
    assert!(format!("{booking:?}").contains("ManageSecret(…)"));
}
