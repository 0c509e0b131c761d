//! What is left of a booking that is erased.

use std::sync::Arc;

use chrono::TimeDelta;
use scheduling_core::booking::{Booking, Change, Doer};
use scheduling_core::effect::{AccountNotice, Effect, NotificationKind, PlannedEffect, Recipient};
use scheduling_core::ids::BookingId;
use scheduling_core::ports::{
    AttemptOutcome, DeliveryAttempt, IdempotencyClaim, OutboxStatus, Storage,
};

use super::booking_records::{answers, history_of};
use super::fixture::House;
use crate::builders::{effect, history, instant};

const NINE: &str = "2026-11-24T09:00:00Z";

async fn erase(house: &House, booking: BookingId) -> bool {
    let mut work = house.begin().await;
    let erased = work.bookings().erase(booking).await.unwrap();
    work.commit().await.unwrap();
    erased
}

/// What the outbox owes for a booking, in every standing.
async fn owe(house: &House, booking: &Booking) -> Vec<PlannedEffect> {
    let at = instant(NINE);
    let mut planned = Vec::new();
    for hour in 0..5 {
        let due_at = at + TimeDelta::hours(hour);
        planned.push(effect(&house.ids, booking.id, house.ann.id, due_at));
    }
    planned[0].effect = Effect::ExpirePending {
        booking: booking.id,
    };
    planned[1].effect = Effect::Notify {
        booking: booking.id,
        recipient: Recipient::Attendee(booking.attendees[0].id),
        about: NotificationKind::Reminder,
        sequence: 3,
    };
    for effect in &mut planned {
        effect.workspace = Some(house.workspace.id);
    }
    let mut work = house.begin().await;
    work.outbox().enqueue(&planned).await.unwrap();
    let (now, lasting) = (at + TimeDelta::hours(3), TimeDelta::hours(6));
    let leased = work.outbox().lease(now, lasting, 10).await.unwrap();
    assert_eq!(leased.len(), 4);
    let attempt = DeliveryAttempt {
        transport: "smtp".to_owned(),
        outcome: AttemptOutcome::Refused("no such mailbox: ida@example.org".to_owned()),
    };
    work.outbox()
        .log_attempts(planned[1].id, now, std::slice::from_ref(&attempt))
        .await
        .unwrap();
    work.outbox()
        .fail(planned[1].id, now, "refused")
        .await
        .unwrap();
    work.outbox()
        .complete(planned[2].id, now, None)
        .await
        .unwrap();
    work.commit().await.unwrap();
    planned
}

/// Claims, history, what the outbox has for it and its idempotency key go with it, in whatever standing; nothing else does.
pub async fn an_erased_booking_leaves_nothing_behind(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let [ann, bob] = [house.ann.id, house.bob.id];
    let mut booking = house.booking(&[ann, bob], NINE);
    booking.answers = answers();
    let other = house.booking(&[ann], "2026-11-24T12:00:00Z");
    let now = instant(NINE);
    for made in [&booking, &other] {
        let mut work = house.begin().await;
        let (key, fingerprint) = (made.id.to_string(), [7; 32]);
        let claimed = work.idempotency().claim("acme", &key, &fingerprint, now);
        assert_eq!(claimed.await.unwrap(), IdempotencyClaim::Fresh);
        work.bookings().insert(made).await.unwrap();
        let stored = work.idempotency().store("acme", &key, made.id.as_uuid());
        stored.await.unwrap();
        let entry = history(&house.ids, made.id, now, Doer::Invitee, Change::Confirmed);
        work.bookings().record(&entry).await.unwrap();
        work.commit().await.unwrap();
    }
    let planned = owe(&house, &booking).await;
    let kept = effect(&house.ids, other.id, ann, now);
    let mut account = effect(&house.ids, booking.id, ann, now);
    account.effect = Effect::NotifyAccount {
        name: None,
        email: house.ann.email.clone(),
        about: AccountNotice::PasswordChanged,
        sealed_token: None,
    };
    let mut work = house.begin().await;
    let others = [kept.clone(), account.clone()];
    work.outbox().enqueue(&others).await.unwrap();
    work.commit().await.unwrap();
    let mut work = house.begin_read().await;
    for (planned, status) in planned.iter().zip([
        OutboxStatus::Leased,
        OutboxStatus::Failed,
        OutboxStatus::Done,
        OutboxStatus::Leased,
        OutboxStatus::Ready,
    ]) {
        let entry = work.outbox().get(planned.id).await.unwrap().unwrap();
        assert_eq!(entry.status, status);
    }
    drop(work);

    assert!(erase(&house, booking.id).await);
    assert!(!erase(&house, booking.id).await);
    assert_eq!(house.stored(booking.id).await, None);
    assert_eq!(history_of(&house, booking.id).await, []);
    assert_eq!(house.all_reservations(bob).await, []);
    let left = house.all_reservations(ann).await;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].interval, other.interval);
    let mut work = house.begin_read().await;
    let found = work.bookings().by_manage_token(&booking.manage.hash).await;
    assert_eq!(found.unwrap(), None);
    let hash = &booking.hosts[0].manage.hash;
    assert_eq!(work.bookings().by_host_token(hash).await.unwrap(), None);
    for planned in &planned {
        assert_eq!(work.outbox().get(planned.id).await.unwrap(), None);
        assert_eq!(work.outbox().attempts(planned.id).await.unwrap(), []);
    }
    for kept in others {
        assert!(work.outbox().get(kept.id).await.unwrap().is_some());
    }
    for (made, expected) in [
        (&booking, IdempotencyClaim::Fresh),
        (&other, IdempotencyClaim::Replay(other.id.as_uuid())),
    ] {
        let key = made.id.to_string();
        let found = work.idempotency().find("acme", &key, &[7; 32]).await;
        assert_eq!(found.unwrap(), expected);
    }
    assert_eq!(history_of(&house, other.id).await.len(), 1);
    drop(work);

    // A worker that still has one of its effects is not in the way.
    let mut work = house.begin().await;
    let attempt = DeliveryAttempt {
        transport: "smtp".to_owned(),
        outcome: AttemptOutcome::Accepted,
    };
    let gone = planned[3].id;
    work.outbox()
        .log_attempts(gone, now, &[attempt])
        .await
        .unwrap();
    work.outbox().complete(gone, now, None).await.unwrap();
    work.commit().await.unwrap();
    let mut work = house.begin_read().await;
    assert_eq!(work.outbox().attempts(gone).await.unwrap(), []);
    drop(work);
    house.insert(&booking).await.unwrap();
}
