//! What is stored together, locked and compared together, and asked for together.

use std::sync::Arc;

use scheduling_core::assignment::{LedgerEntry, RotationLedger};
use scheduling_core::booking::{Booking, Change, Doer, HistoryEntry};
use scheduling_core::effect::PlannedEffect;
use scheduling_core::event_type::Capacity;
use scheduling_core::ids::{SessionId, UserId};
use scheduling_core::ports::{
    BookingRecord, IdempotencyClaim, KeyQuery, SlotFacts, SlotQuery, SlotSources, SpentKey,
    Storage, StorageError,
};
use scheduling_core::schedule::ScheduleOwner;
use scheduling_core::time_off::TimeOffScope;

use super::fixture::{House, assert_conflict, assert_waits};
use crate::builders::{
    busy, days_off, default_schedule, effect, history, hold, instant, interval, working_hours,
    workspace_schedule,
};

const FINGERPRINT: [u8; 32] = [7; 32];

/// What is stored with a booking.
struct Besides {
    entry: HistoryEntry,
    effects: Vec<PlannedEffect>,
    ledger: RotationLedger<UserId>,
}

impl Besides {
    fn of(house: &House, booking: &Booking, change: Change) -> Self {
        let now = booking.updated_at;
        let effect = |host| effect(&house.ids, booking.id, host, now);
        Self {
            entry: history(&house.ids, booking.id, now, Doer::Invitee, change),
            effects: vec![effect(house.ann.id), effect(house.bob.id)],
            ledger: ledger(&[house.ann.id, house.bob.id], 3),
        }
    }

    fn record<'a>(&'a self, booking: &'a Booking, key: Option<&'a str>) -> BookingRecord<'a> {
        BookingRecord {
            booking,
            entry: &self.entry,
            effects: &self.effects,
            rotation: Some(&self.ledger),
            key: key.map(|key| SpentKey {
                scope: "acme",
                key,
                fingerprint: &FINGERPRINT,
                at: booking.updated_at,
            }),
        }
    }
}

/// The hosts in their order; the first pays what the others earn.
fn ledger(hosts: &[UserId], next: u64) -> RotationLedger<UserId> {
    let others = i64::try_from(hosts.len()).unwrap() - 1;
    let entries = (0..).zip(hosts).map(|(place, host)| LedgerEntry {
        host: *host,
        weight: 100,
        credit: if place == 0 { -100 * others } else { 100 },
        last_assigned: (place == 0).then_some(next - 1),
    });
    RotationLedger {
        entries: entries.collect(),
        next,
    }
}

async fn add(house: &House, record: &BookingRecord<'_>) -> Result<(), StorageError> {
    let mut work = house.begin().await;
    work.add_booking(record).await?;
    work.commit().await
}

async fn change(house: &House, record: &BookingRecord<'_>) -> Result<(), StorageError> {
    let mut work = house.begin().await;
    work.change_booking(record).await?;
    work.commit().await
}

async fn key(house: &House, key: &str) -> IdempotencyClaim {
    let mut work = house.begin_read().await;
    let found = work.idempotency().find("acme", key, &FINGERPRINT).await;
    found.unwrap()
}

async fn assert_stored(house: &House, booking: &Booking, besides: &Besides, ready: u64) {
    assert_eq!(house.stored(booking.id).await.as_ref(), Some(booking));
    let mut work = house.begin_read().await;
    let history = work.bookings().history(booking.id).await.unwrap();
    assert_eq!(history.last(), Some(&besides.entry));
    let stored = work.rotation().ledger(booking.event_type).await.unwrap();
    assert_eq!(stored, besides.ledger);
    assert_eq!(work.outbox().counts().await.unwrap().ready, ready);
}

/// A new booking.
pub async fn a_booking_is_added_with_everything_that_belongs_to_it(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let booking = house.booking(&[house.ann.id], "2026-12-01T10:00:00Z");
    let besides = Besides::of(&house, &booking, Change::Confirmed);
    let record = besides.record(&booking, Some("order-17"));
    add(&house, &record).await.unwrap();
    assert_stored(&house, &booking, &besides, 2).await;
    assert_eq!(house.all_reservations(house.ann.id).await.len(), 1);
    let made = IdempotencyClaim::Replay(booking.id.as_uuid());
    assert_eq!(key(&house, "order-17").await, made);

    // Nothing but the booking and its entry.
    let plain = house.booking(&[house.bob.id], "2026-12-01T10:00:00Z");
    let mut besides_plain = Besides::of(&house, &plain, Change::Confirmed);
    besides_plain.effects.clear();
    let record = BookingRecord {
        rotation: None,
        ..besides_plain.record(&plain, None)
    };
    add(&house, &record).await.unwrap();
    besides_plain.ledger = besides.ledger;
    assert_stored(&house, &plain, &besides_plain, 2).await;
}

/// All or nothing.
pub async fn a_booking_that_meets_another_is_added_with_nothing(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let first = house.booking(&[house.ann.id], "2026-12-01T10:00:00Z");
    house.insert(&first).await.unwrap();
    let second = house.booking(&[house.bob.id, house.ann.id], "2026-12-01T10:15:00Z");
    let besides = Besides::of(&house, &second, Change::Confirmed);
    let record = besides.record(&second, Some("order-17"));
    assert_conflict(add(&house, &record).await);
    assert_eq!(house.stored(second.id).await, None);
    assert_eq!(house.all_reservations(house.bob.id).await, []);
    assert_eq!(key(&house, "order-17").await, IdempotencyClaim::Fresh);
    let mut work = house.begin_read().await;
    assert_eq!(work.outbox().counts().await.unwrap().ready, 0);
    assert_eq!(work.bookings().history(second.id).await.unwrap(), []);
}

/// Whatever the second one asks for.
pub async fn a_key_is_spent_once(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let first = house.booking(&[house.ann.id], "2026-12-01T10:00:00Z");
    let besides = Besides::of(&house, &first, Change::Confirmed);
    let record = besides.record(&first, Some("order-17"));
    add(&house, &record).await.unwrap();
    let second = house.booking(&[house.ann.id], "2026-12-01T12:00:00Z");
    let besides = Besides::of(&house, &second, Change::Confirmed);
    assert_conflict(add(&house, &besides.record(&second, Some("order-17"))).await);
    assert_eq!(house.stored(second.id).await, None);
    add(&house, &besides.record(&second, Some("order-18")))
        .await
        .unwrap();
}

/// A move by less than its length.
pub async fn a_booking_is_changed_with_everything_that_belongs_to_it(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let mut booking = house.booking(&[house.ann.id, house.bob.id], "2026-12-01T10:00:00Z");
    house.insert(&booking).await.unwrap();
    booking.interval = interval("2026-12-01T10:15:00Z", 30);
    booking.version += 1;
    booking.hosts.remove(0);
    let moved = Change::Rescheduled {
        from: interval("2026-12-01T10:00:00Z", 30),
        to: booking.interval,
        reason: None,
    };
    let besides = Besides::of(&house, &booking, moved);
    let record = besides.record(&booking, Some("order-17"));
    change(&house, &record).await.unwrap();
    assert_stored(&house, &booking, &besides, 2).await;
    assert_eq!(house.all_reservations(house.ann.id).await, []);
    let taken = house.all_reservations(house.bob.id).await;
    assert_eq!(taken[0].interval, booking.interval);

    // Once more, as one who has not heard of it.
    let besides = Besides::of(&house, &booking, Change::Completed);
    assert_conflict(change(&house, &besides.record(&booking, None)).await);
    let mut work = house.begin_read().await;
    assert_eq!(work.bookings().history(booking.id).await.unwrap().len(), 1);
}

/// Who joined, who left, who changed places.
pub async fn a_ledger_is_stored_whole_however_its_hosts_change(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let (ann, bob, eve) = (house.ann.id, house.bob.id, house.eve.id);
    for (hosts, next) in [
        (vec![ann, bob], 1),
        (vec![eve, ann, bob], 2),
        (vec![bob, eve], 5),
        (vec![], 6),
        (vec![ann], 7),
    ] {
        let wanted = ledger_or_none(&hosts, next);
        let mut work = house.begin().await;
        let rotation = work.rotation();
        rotation.store(house.event_type.id, &wanted).await.unwrap();
        work.commit().await.unwrap();
        let mut work = house.begin_read().await;
        let stored = work.rotation().ledger(house.event_type.id).await.unwrap();
        assert_eq!(stored, wanted, "{hosts:?}");
    }
}

fn ledger_or_none(hosts: &[UserId], next: u64) -> RotationLedger<UserId> {
    if hosts.is_empty() {
        return RotationLedger {
            entries: Vec::new(),
            next,
        };
    }
    ledger(hosts, next)
}

fn sources(house: &House) -> SlotSources {
    SlotSources {
        workspace: house.workspace.id,
        event_type: house.event_type.id,
        link: None,
        hosts: vec![house.bob.id, house.ann.id],
    }
}

/// Whoever has read before and locks now.
pub async fn whoever_locks_hears_whether_anything_has_changed(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let sources = sources(&house);
    let read = house.storage.revisions(&sources).await.unwrap();
    let mut work = house.begin().await;
    assert!(work.lock_unchanged(&sources, &read).await.unwrap());
    // The lock itself is a change for whoever has read before it.
    assert!(!work.lock_unchanged(&sources, &read).await.unwrap());
    work.rollback().await.unwrap();
    let mut work = house.begin().await;
    assert!(work.lock_unchanged(&sources, &read).await.unwrap());
    work.commit().await.unwrap();
    let mut work = house.begin().await;
    assert!(!work.lock_unchanged(&sources, &read).await.unwrap());
    work.rollback().await.unwrap();

    // What is no host counts too, and there may be no host at all.
    for hosts in [sources.hosts.clone(), Vec::new()] {
        let sources = SlotSources {
            hosts,
            ..sources.clone()
        };
        let read = house.storage.revisions(&sources).await.unwrap();
        let mut work = house.begin().await;
        assert!(work.lock_unchanged(&sources, &read).await.unwrap());
        work.rollback().await.unwrap();
        let whole = TimeOffScope::Workspace;
        let off = days_off(
            &house.ids,
            house.workspace.id,
            whole,
            "2026-12-24",
            "2026-12-26",
        );
        let mut work = house.begin().await;
        work.time_off().insert(&off).await.unwrap();
        work.commit().await.unwrap();
        let mut work = house.begin().await;
        assert!(!work.lock_unchanged(&sources, &read).await.unwrap());
    }
}

/// A lock that somebody else has.
pub async fn whoever_waits_for_a_lock_hears_what_changed_meanwhile(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let sources = sources(&house);
    let read = house.storage.revisions(&sources).await.unwrap();
    let mut first = house.begin().await;
    first.lock_hosts(&[house.ann.id]).await.unwrap();
    let mut waiting = tokio::spawn({
        let (house, sources) = (house.clone(), sources.clone());
        async move {
            let mut work = house.begin().await;
            let unchanged = work.lock_unchanged(&sources, &read).await.unwrap();
            work.rollback().await.unwrap();
            unchanged
        }
    });
    assert_waits(&mut waiting).await;
    first.commit().await.unwrap();
    assert!(!waiting.await.unwrap());
}

/// Everything there is about hosts, in one answer.
#[expect(
    clippy::too_many_lines,
    reason = "one scene in which every kind of thing takes time"
)]
pub async fn everything_about_the_time_of_hosts_is_answered_at_once(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let sources = sources(&house);
    let (ann, bob, eve) = (house.ann.id, house.bob.id, house.eve.id);
    let workspace = house.workspace.id;
    let hours = working_hours(chrono_tz::Tz::Europe__Berlin, "09:00-12:00");
    let anns = default_schedule(&house.ids, workspace, ann, hours.clone());
    let eves = default_schedule(&house.ids, workspace, eve, hours.clone());
    let ours = workspace_schedule(&house.ids, workspace, hours);
    let mut other = eves.clone();
    other.id = scheduling_core::ids::ScheduleId::generate(&house.ids);
    other.is_default = false;

    let mut work = house.begin().await;
    for schedule in [&anns, &eves, &ours, &other] {
        work.schedules().insert(schedule).await.unwrap();
    }
    let day = |hour: u32| format!("2026-12-01T{hour:02}:00:00Z");
    for (host, hour) in [(ann, 9), (bob, 3), (ann, 1), (eve, 9)] {
        let busy = busy(&house.ids, host, interval(&day(hour), 45));
        work.busy().insert(&busy).await.unwrap();
    }
    for scope in [
        TimeOffScope::Workspace,
        TimeOffScope::Person(ann),
        TimeOffScope::Person(eve),
        TimeOffScope::EventType(house.event_type.id),
    ] {
        let off = days_off(&house.ids, workspace, scope, "2026-12-01", "2026-12-01");
        work.time_off().insert(&off).await.unwrap();
    }
    work.rotation()
        .store(house.event_type.id, &ledger(&[bob, ann], 4))
        .await
        .unwrap();
    let mut class = house.event_type.clone();
    class.rules.capacity = Capacity::seats(3).unwrap();
    let session = SessionId::generate(&house.ids);
    let (meeting, buffers) = (interval(&day(15), 30), class.rules.buffers);
    let sessions = work.sessions();
    for _ in 0..2 {
        sessions
            .take_seat(session, &class, bob, meeting, buffers)
            .await
            .unwrap();
    }
    // Of both, of somebody else too, of another day.
    for (hosts, start) in [
        (vec![ann, bob], day(10)),
        (vec![bob, eve], day(12)),
        (vec![ann], "2026-12-03T10:00:00Z".to_owned()),
        (vec![eve], day(20)),
    ] {
        let hold = hold(&house.ids, &house.event_type, &hosts, instant(&start));
        work.holds().insert(&hold).await.unwrap();
    }
    work.commit().await.unwrap();
    for (hosts, start) in [
        (vec![ann, bob], day(11)),
        (vec![bob], day(13)),
        (vec![eve], day(11)),
        (vec![bob], "2026-11-01T10:00:00Z".to_owned()),
    ] {
        house.insert(&house.booking(&hosts, &start)).await.unwrap();
    }
    let booking = house.booking(&[ann], &day(14));
    let besides = Besides::of(&house, &booking, Change::Confirmed);
    let record = BookingRecord {
        rotation: None,
        ..besides.record(&booking, Some("order-17"))
    };
    add(&house, &record).await.unwrap();

    let owners = [
        ScheduleOwner::Person(bob),
        ScheduleOwner::Person(ann),
        ScheduleOwner::Workspace(workspace),
    ];
    let key = |key: &str, fingerprint| KeyQuery {
        scope: "acme".to_owned(),
        key: key.to_owned(),
        fingerprint,
    };
    let full = SlotQuery {
        sources,
        schedules: vec![other.id, eves.id],
        owners: owners.to_vec(),
        within: Some(interval("2026-12-01T02:00:00Z", 20 * 60)),
        rotation: true,
        key: Some(key("order-17", FINGERPRINT)),
    };
    let facts = assert_agree(&house, &full).await;
    assert_eq!(facts.named.found.len(), 2);
    assert_eq!(facts.defaults.found.len(), 2);
    assert_eq!(facts.busy.len(), 2);
    assert_eq!(facts.time_off.found.len(), 3);
    assert_eq!(facts.reservations.len(), 5);
    assert_eq!(facts.holds.len(), 2);
    assert_eq!(facts.ledger.next, 4);
    let made = IdempotencyClaim::Replay(booking.id.as_uuid());
    assert_eq!(facts.key, made);

    // Less of it, and nothing at all.
    let reused = SlotQuery {
        within: None,
        owners: owners[..1].to_vec(),
        key: Some(key("order-17", [8; 32])),
        ..full.clone()
    };
    assert_eq!(
        assert_agree(&house, &reused).await.key,
        IdempotencyClaim::Reused
    );
    let nobody = SlotQuery {
        sources: SlotSources {
            hosts: Vec::new(),
            ..full.sources.clone()
        },
        schedules: Vec::new(),
        owners: owners[2..].to_vec(),
        rotation: false,
        key: Some(key("order-18", FINGERPRINT)),
        ..full
    };
    assert_eq!(
        assert_agree(&house, &nobody).await.key,
        IdempotencyClaim::Fresh
    );
}

/// The storage, its transaction and its repositories say the same.
async fn assert_agree(house: &House, query: &SlotQuery) -> SlotFacts {
    let mut work = house.begin_read().await;
    let one_by_one = SlotFacts::read(&mut *work, query).await.unwrap();
    let at_once = work.slot_facts(query).await.unwrap();
    let outside = house.storage.slot_facts(query).await.unwrap();
    assert!(one_by_one.is_whole());
    for facts in [&at_once, &outside] {
        assert_eq!(format!("{facts:?}"), format!("{one_by_one:?}"));
    }
    outside
}
