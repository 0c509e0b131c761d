//! Deleting event types.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono_tz::Tz;
use scheduling_core::assignment::{LedgerEntry, RotationLedger};
use scheduling_core::booking::BookingState;
use scheduling_core::effect::NotificationKind;
use scheduling_core::event_type::{Capacity, EventType, Hosting};
use scheduling_core::ids::{EventTypeId, SessionId};
use scheduling_core::notification::{Audience, MessageOverride, MessageWords};
use scheduling_core::ports::Storage;
use scheduling_core::time_off::TimeOffScope;

use super::fixture::House;
use crate::builders::{
    days_off, event_type, hold, instant, interval, link, parse, working_hours, workspace_schedule,
};

async fn delete(house: &House, id: EventTypeId) -> bool {
    let mut work = house.begin().await;
    let deleted = work.event_types().delete(id).await.unwrap();
    work.commit().await.unwrap();
    deleted
}

async fn stored(house: &House, id: EventTypeId) -> Option<EventType> {
    let mut work = house.begin_read().await;
    work.event_types().get(id).await.unwrap()
}

/// Its links, words, time off, holds and ledger go with it; nothing of others does.
pub async fn an_event_type_is_deleted_with_what_is_its_own(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let here = house.workspace.id;
    let hours = working_hours(Tz::UTC, "09:00-17:00");
    let schedule = workspace_schedule(&house.ids, here, hours);
    let hosting = Hosting::single(house.ann.id);
    let mut doomed = event_type(&house.ids, here, "doomed", 30, hosting);
    doomed.host_schedules = BTreeMap::from([(house.ann.id, schedule.id)]);
    doomed.rules.capacity = Capacity::seats(2).unwrap();
    let mut work = house.begin().await;
    work.schedules().insert(&schedule).await.unwrap();
    work.event_types().insert(&doomed).await.unwrap();
    work.commit().await.unwrap();
    let ledger = RotationLedger {
        entries: vec![LedgerEntry {
            host: house.ann.id,
            weight: 100,
            credit: 0,
            last_assigned: Some(1),
        }],
        next: 2,
    };
    let mut made = Vec::new();
    let mut work = house.begin().await;
    for (place, kind) in (10..).zip([&doomed, &house.event_type]) {
        let at = interval(&format!("2026-11-24T{place}:00:00Z"), 30);
        let link = link(&house.ids, kind, &format!("link-{place}"));
        work.links().insert(&link).await.unwrap();
        let scope = TimeOffScope::EventType(kind.id);
        let off = days_off(&house.ids, here, scope, "2026-12-24", "2026-12-24");
        work.time_off().insert(&off).await.unwrap();
        let words = MessageOverride {
            workspace: here,
            event_type: Some(kind.id),
            kind: NotificationKind::Confirmed,
            audience: Audience::Host,
            words: MessageWords {
                subject: Some(parse("Words")),
                body: None,
            },
        };
        work.messages().set(&words).await.unwrap();
        let held = hold(&house.ids, kind, &[house.ann.id], at.start());
        work.holds().insert(&held).await.unwrap();
        work.rotation().store(kind.id, &ledger).await.unwrap();
        made.push((link, off, words, held));
    }
    // A hold with a seat opens a session, which goes with the hold.
    let at = interval("2026-11-24T15:00:00Z", 30);
    let new_id = SessionId::generate(&house.ids);
    let sessions = work.sessions();
    let session = sessions.take_seat(new_id, &doomed, house.ann.id, at, doomed.rules.buffers);
    let session = session.await.unwrap();
    let mut seated = hold(&house.ids, &doomed, &[house.ann.id], at.start());
    seated.hosts[0].session = Some(session);
    work.holds().insert(&seated).await.unwrap();
    work.commit().await.unwrap();

    assert!(delete(&house, doomed.id).await);
    assert!(!delete(&house, doomed.id).await);
    assert_eq!(stored(&house, doomed.id).await, None);
    let mut work = house.begin_read().await;
    let [
        (link, off, _, held),
        (kept_link, kept_off, kept_words, kept_held),
    ] = made.try_into().expect("one for each event type");
    assert_eq!(work.links().get(link.id).await.unwrap(), None);
    assert_eq!(work.time_off().get(off.id).await.unwrap(), None);
    for hash in [&held.token_hash, &seated.token_hash] {
        assert_eq!(work.holds().by_token(hash).await.unwrap(), None);
    }
    let found = work.rotation().ledger(doomed.id).await.unwrap();
    assert_eq!(found, RotationLedger::default());
    assert_eq!(work.schedules().used_by(schedule.id).await.unwrap(), []);
    let found = work.links().get(kept_link.id).await.unwrap();
    assert_eq!(found, Some(kept_link));
    let found = work.time_off().get(kept_off.id).await.unwrap();
    assert_eq!(found, Some(kept_off));
    assert_eq!(work.messages().list(here).await.unwrap(), [kept_words]);
    let found = work.holds().by_token(&kept_held.token_hash).await.unwrap();
    assert_eq!(found, Some(kept_held));
    let found = work.rotation().ledger(house.event_type.id).await.unwrap();
    assert_eq!(found, ledger);
    drop(work);
    for start in ["2026-11-24T10:00:00Z", "2026-11-24T15:00:00Z"] {
        let booking = house.booking(&[house.ann.id], start);
        house.insert(&booking).await.unwrap();
    }
}

/// While there is a booking of it, in whatever state, or a session, it stays, and so does everything of it.
pub async fn an_event_type_with_bookings_or_sessions_stays(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let kind = house.event_type.clone();
    let mut booking = house.booking(&[house.ann.id], "2026-11-24T09:00:00Z");
    booking.state = BookingState::Expired {
        expired_at: instant("2026-11-24T08:00:00Z"),
    };
    house.insert(&booking).await.unwrap();
    let fair = link(&house.ids, &kind, "fair");
    let held = hold(
        &house.ids,
        &kind,
        &[house.ann.id],
        instant("2026-11-24T12:00:00Z"),
    );
    let mut work = house.begin().await;
    work.links().insert(&fair).await.unwrap();
    work.holds().insert(&held).await.unwrap();
    work.commit().await.unwrap();
    assert!(!delete(&house, kind.id).await);
    assert_eq!(stored(&house, kind.id).await.as_ref(), Some(&kind));
    let mut work = house.begin_read().await;
    let found = work.links().get(fair.id).await.unwrap();
    assert_eq!(found.as_ref(), Some(&fair));
    let found = work.holds().by_token(&held.token_hash).await.unwrap();
    assert_eq!(found.as_ref(), Some(&held));
    drop(work);

    let at = interval("2026-11-24T15:00:00Z", 30);
    let new_id = SessionId::generate(&house.ids);
    let mut work = house.begin().await;
    assert!(work.bookings().erase(booking.id).await.unwrap());
    let sessions = work.sessions();
    let session = sessions.take_seat(new_id, &kind, house.ann.id, at, kind.rules.buffers);
    let session = session.await.unwrap();
    work.commit().await.unwrap();
    assert!(!delete(&house, kind.id).await);
    assert_eq!(stored(&house, kind.id).await.as_ref(), Some(&kind));
    let mut work = house.begin().await;
    work.sessions().leave(session).await.unwrap();
    work.commit().await.unwrap();
    assert!(delete(&house, kind.id).await);
}
