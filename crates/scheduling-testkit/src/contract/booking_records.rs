//! What belongs to a booking: answers, places, hosts' links, history.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::TimeDelta;
use scheduling_core::booking::{BookingState, Change, Doer, HistoryEntry, Party, PendingReason};
use scheduling_core::event_type::{Answer, AnswerValue, ConferenceProvider, Hosting, MeetingPlace};
use scheduling_core::ids::{BookingId, BookingLinkId, EventTypeId, UserId};
use scheduling_core::ports::{Storage, StorageError};

use super::fixture::{House, assert_conflict, assert_refused};
use crate::builders::{
    self, booking_host, event_type, history, instant, interval, parse, workspace,
};

const NINE: &str = "2026-11-24T09:00:00Z";

async fn record(house: &House, entry: &HistoryEntry) -> Result<(), StorageError> {
    let mut work = house.begin().await;
    work.bookings().record(entry).await?;
    work.commit().await
}

pub(super) async fn history_of(house: &House, booking: BookingId) -> Vec<HistoryEntry> {
    let mut work = house.begin_read().await;
    work.bookings().history(booking).await.unwrap()
}

async fn erase(house: &House, booking: BookingId) -> bool {
    let mut work = house.begin().await;
    let erased = work.bookings().erase(booking).await.unwrap();
    work.commit().await.unwrap();
    erased
}

pub(super) fn answers() -> Vec<Answer> {
    let values = [
        AnswerValue::Text(parse("'; drop table bookings; -- \"李\" 🙂")),
        AnswerValue::LongText(parse("Two\n\tlines \\n %s")),
        AnswerValue::Number(parse("-12.5")),
        AnswerValue::Email(parse("zoe.o'hara@example.org")),
        AnswerValue::Phone(parse("+49 30 1234567")),
        AnswerValue::Choice(parse("Yes, \"please\"")),
        AnswerValue::Choices(vec![parse("b"), parse("a")]),
        AnswerValue::Checkbox(true),
        AnswerValue::Checkbox(false),
        AnswerValue::Date(parse("2028-02-29")),
        AnswerValue::Url(parse("https://example.org/?a='b'")),
    ];
    let answer = |(place, value)| Answer {
        key: parse(&format!("question-{place}")),
        label: parse(&format!("Question \"{place}\"?")),
        value,
    };
    values.into_iter().enumerate().map(answer).collect()
}

/// Every kind of answer and of place, and a link that is not there any more; they change with the booking.
pub async fn answers_and_places_come_back_as_they_were(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let url = || parse("https://meet.example.org/k3v9?x='");
    let provider = ConferenceProvider::MicrosoftTeams;
    let places = [
        MeetingPlace::InPerson {
            address: parse("1, \"Quay\" Street"),
        },
        MeetingPlace::Link { url: url() },
        MeetingPlace::Conference {
            provider,
            url: None,
        },
        MeetingPlace::Conference {
            provider,
            url: Some(url()),
        },
        MeetingPlace::Phone {
            instructions: parse("Ring 030"),
        },
        MeetingPlace::HostCalls {
            number: parse("+4930123456"),
        },
        MeetingPlace::Custom {
            text: parse("Ring\nthe bell"),
        },
        MeetingPlace::ChosenByInvitee {
            place: parse("Café 李"),
        },
    ];
    let mut made = Vec::new();
    for (hour, place) in (9..).zip(places) {
        let start = format!("2026-11-24T{hour:02}:00:00Z");
        let mut booking = house.booking(&[house.ann.id], &start);
        booking.place = place;
        if hour % 2 == 0 {
            booking.answers = answers();
            booking.link = Some(BookingLinkId::generate(&house.ids));
        }
        house.insert(&booking).await.unwrap();
        assert_eq!(house.stored(booking.id).await.as_ref(), Some(&booking));
        made.push(booking);
    }
    let mut next = made[0].clone();
    next.version += 1;
    next.answers = answers();
    next.answers.truncate(3);
    next.place = made[3].place.clone();
    house.update(&next).await.unwrap();
    assert_eq!(house.stored(next.id).await.as_ref(), Some(&next));
}

/// A host's link leads to the booking and says whose it is; it follows the hosts, and is no other's.
pub async fn a_hosts_link_leads_to_the_booking(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let [ann, bob, eve] = [house.ann.id, house.bob.id, house.eve.id];
    let mut booking = house.booking(&[bob, ann], NINE);
    booking.hosts[1].manage.sealed = vec![0, 255, 39, 34];
    house.insert(&booking).await.unwrap();
    let by_host_token = async |hash: [u8; 32]| {
        let mut work = house.begin_read().await;
        work.bookings().by_host_token(&hash).await.unwrap()
    };
    let [bobs, anns] = [0, 1].map(|place: usize| booking.hosts[place].manage.hash);
    assert_eq!(by_host_token(anns).await, Some((booking.clone(), ann)));
    assert_eq!(by_host_token(bobs).await, Some((booking.clone(), bob)));
    // The invitee's link is none of a host's, and the other way round.
    assert_eq!(by_host_token(booking.manage.hash).await, None);
    let mut work = house.begin_read().await;
    let found = work.bookings().by_manage_token(&anns).await.unwrap();
    assert_eq!(found, None);
    drop(work);

    let mut handed_over = booking.clone();
    handed_over.version += 1;
    handed_over.hosts = vec![booking_host(booking.id, eve), booking.hosts[1].clone()];
    house.update(&handed_over).await.unwrap();
    assert_eq!(by_host_token(bobs).await, None);
    assert_eq!(by_host_token(anns).await, Some((handed_over.clone(), ann)));
    let eves = handed_over.hosts[0].manage.hash;
    assert_eq!(by_host_token(eves).await, Some((handed_over.clone(), eve)));

    let mut same = house.booking(&[bob], "2026-11-24T12:00:00Z");
    same.hosts[0].manage = handed_over.hosts[1].manage.clone();
    assert_conflict(house.insert(&same).await);
    assert_eq!(by_host_token(anns).await, Some((handed_over, ann)));
}

/// Every change by everybody, the oldest first; of two at one instant the one with the smaller id.
pub async fn history_comes_back_in_order(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let booking = house.booking(&[house.ann.id], NINE);
    let other = house.booking(&[house.ann.id], "2026-11-24T10:00:00Z");
    house.insert(&booking).await.unwrap();
    house.insert(&other).await.unwrap();
    let reason = || Some(parse("\"No time\"\nsorry; 李"));
    let changes = [
        Change::Requested,
        Change::Confirmed,
        Change::Approved,
        Change::Declined { reason: None },
        Change::Declined { reason: reason() },
        Change::Rescheduled {
            from: booking.interval,
            to: interval("2026-11-24T09:00:00.000001Z", 15),
            reason: reason(),
        },
        Change::Cancelled { reason: reason() },
        Change::Cancelled { reason: None },
        Change::Completed,
        Change::NoShow,
        Change::Expired,
    ];
    let doers = [Doer::System, Doer::Invitee, Doer::Member(house.eve.id)];
    let at = instant("2026-11-24T09:00:00.000001Z");
    let mut expected = Vec::new();
    for (place, change) in (0..).zip(changes) {
        // Two at each instant.
        let at = at + TimeDelta::microseconds(i64::from(place / 2));
        let by = doers[usize::try_from(place).unwrap() % doers.len()];
        expected.push(history(&house.ids, booking.id, at, by, change));
    }
    for entry in expected.iter().rev() {
        record(&house, entry).await.unwrap();
    }
    let others = history(&house.ids, other.id, at, Doer::System, Change::Confirmed);
    record(&house, &others).await.unwrap();
    assert_eq!(history_of(&house, booking.id).await, expected);
    assert_eq!(
        history_of(&house, other.id).await,
        std::slice::from_ref(&others)
    );

    assert_conflict(record(&house, &others).await);
    let nothing = BookingId::generate(&house.ids);
    let lost = history(&house.ids, nothing, at, Doer::System, Change::Confirmed);
    assert_refused(record(&house, &lost).await);
    // A change of the booking leaves its history alone.
    let mut next = booking.clone();
    next.version += 1;
    house.update(&next).await.unwrap();
    assert_eq!(history_of(&house, booking.id).await, expected);
}

/// What is pending or confirmed and not over, in whatever workspace, by start, then id.
pub async fn what_is_ahead_of_a_host_is_found(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let [ann, bob] = [house.ann.id, house.bob.id];
    let other = workspace(&house.ids, "other");
    let theirs = event_type(&house.ids, other.id, "intro", 30, Hosting::single(ann));
    let mut work = house.begin().await;
    work.directory().insert_workspace(&other).await.unwrap();
    work.event_types().insert(&theirs).await.unwrap();
    work.commit().await.unwrap();
    let at = instant(NINE);
    let pending = BookingState::Pending {
        waiting_for: BTreeSet::from([PendingReason::Approval]),
        expires_at: None,
    };
    let at_hour = |hosts: &[UserId], hour: u32, state: Option<BookingState>| {
        let mut booking = house.booking(hosts, &format!("2026-11-24T{hour:02}:00:00Z"));
        if let Some(state) = state {
            booking.state = state;
        }
        booking
    };
    let under_way = at_hour(&[ann], 9, None);
    let asked_for = at_hour(&[bob, ann], 12, Some(pending));
    let start = instant("2026-11-24T11:00:00Z");
    let elsewhere = builders::booking(&house.ids, &theirs, &[ann], start);
    let cancelled = BookingState::Cancelled {
        cancelled_at: at,
        by: Party::Host,
        reason: None,
    };
    let declined = BookingState::Declined {
        declined_at: at,
        reason: None,
    };
    let others = [
        at_hour(&[ann], 8, None),
        at_hour(&[bob], 13, None),
        at_hour(&[ann], 14, Some(cancelled)),
        at_hour(&[ann], 15, Some(declined)),
        at_hour(&[ann], 16, Some(BookingState::Expired { expired_at: at })),
        at_hour(&[ann], 17, Some(BookingState::Completed { marked_at: at })),
        at_hour(&[ann], 18, Some(BookingState::NoShow { marked_at: at })),
    ];
    for booking in others.iter().chain([&asked_for, &elsewhere, &under_way]) {
        house.insert(booking).await.unwrap();
    }
    let ahead_of = async |host, after, limit| {
        let mut work = house.begin_read().await;
        work.bookings().ahead_of(host, after, limit).await.unwrap()
    };
    let all = [under_way.id, elsewhere.id, asked_for.id];
    assert_eq!(ahead_of(ann, at, 10).await, all);
    let end = under_way.interval.end();
    assert_eq!(
        ahead_of(ann, end - TimeDelta::microseconds(1), 10).await,
        all
    );
    assert_eq!(ahead_of(ann, end, 10).await, all[1..]);
    assert_eq!(ahead_of(ann, at, 2).await, all[..2]);
    assert_eq!(ahead_of(ann, at, 0).await, []);
    assert_eq!(ahead_of(bob, at, 10).await, [asked_for.id, others[1].id]);
}

/// Whatever its state, a booking is one of its event type's.
pub async fn an_event_type_knows_whether_it_was_ever_booked(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let kind = house.event_type.id;
    let any_of = async |id| {
        house
            .begin_read()
            .await
            .bookings()
            .any_of(id)
            .await
            .unwrap()
    };
    assert!(!any_of(kind).await);
    let mut booking = house.booking(&[house.ann.id], NINE);
    booking.state = BookingState::Expired {
        expired_at: instant(NINE),
    };
    house.insert(&booking).await.unwrap();
    assert!(any_of(kind).await);
    assert!(!any_of(EventTypeId::generate(&house.ids)).await);
    assert!(erase(&house, booking.id).await);
    assert!(!any_of(kind).await);
}
