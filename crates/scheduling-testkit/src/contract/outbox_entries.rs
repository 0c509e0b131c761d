//! The outbox as people see it: lists, replays, what became of each try.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use scheduling_core::directory::{Role, Workspace};
use scheduling_core::effect::{AccountNotice, Effect, NotificationKind, PlannedEffect, Recipient};
use scheduling_core::ids::{AttendeeId, BookingId, OutboxId, WorkspaceId};
use scheduling_core::ports::{
    AttemptOutcome, DeliveryAttempt, LoggedAttempt, OutboxEntry, OutboxStatus, Storage,
};

use super::fixture::{House, assert_refused};
use crate::builders::{effect, instant, parse, workspace};

fn at(minute: u32) -> DateTime<Utc> {
    instant(&format!("2026-11-24T09:{minute:02}:00Z"))
}

/// An effect of a workspace.
fn planned(house: &House, workspace: Option<WorkspaceId>, due_at: DateTime<Utc>) -> PlannedEffect {
    let booking = BookingId::generate(&house.ids);
    let mut planned = effect(&house.ids, booking, house.ann.id, due_at);
    planned.workspace = workspace;
    planned
}

async fn enqueue(house: &House, effects: &[PlannedEffect]) {
    let mut work = house.begin().await;
    work.outbox().enqueue(effects).await.unwrap();
    work.commit().await.unwrap();
}

async fn lease(house: &House, now: DateTime<Utc>) -> Vec<(OutboxId, u32)> {
    let mut work = house.begin().await;
    let lasting = TimeDelta::minutes(10);
    let taken = work.outbox().lease(now, lasting, 100).await.unwrap();
    work.commit().await.unwrap();
    taken
        .iter()
        .map(|taken| (taken.id, taken.attempts))
        .collect()
}

async fn fail(house: &House, id: OutboxId, at: DateTime<Utc>) {
    let mut work = house.begin().await;
    work.outbox()
        .fail(id, at, "refused: \"550\"")
        .await
        .unwrap();
    work.commit().await.unwrap();
}

async fn replay(house: &House, id: OutboxId, now: DateTime<Utc>) -> bool {
    let mut work = house.begin().await;
    let replayed = work.outbox().replay(id, now).await.unwrap();
    work.commit().await.unwrap();
    replayed
}

async fn entry(house: &House, id: OutboxId) -> OutboxEntry {
    let found = house.begin_read().await.outbox().get(id).await;
    found.unwrap().unwrap()
}

async fn other_workspace(house: &House) -> Workspace {
    let other = workspace(&house.ids, "other");
    let mut work = house.begin().await;
    work.directory().insert_workspace(&other).await.unwrap();
    work.commit().await.unwrap();
    other
}

/// Every effect there is, with when it was planned and what became of it.
pub async fn an_entry_tells_everything(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let booking = BookingId::generate(&house.ids);
    let account = |name, about, sealed_token| Effect::NotifyAccount {
        name,
        email: parse("zoe.o'hara@example.org"),
        about,
        sealed_token,
    };
    let invitation = AccountNotice::Invitation {
        workspace: parse("Halden & \"Mills\""),
        inviter: parse("Ann O'Hara"),
        role: Role::Admin,
        expires_at: instant("2026-12-01T00:00:00.000001Z"),
    };
    let reset = AccountNotice::PasswordReset {
        expires_at: instant("2026-12-01T00:00:00Z"),
    };
    let mut effects = vec![
        Effect::ExpirePending { booking },
        account(Some(parse("Zoë")), invitation, Some(vec![0, 255, 39])),
        account(None, reset, Some(Vec::new())),
        account(None, AccountNotice::PasswordChanged, None),
    ];
    for about in NotificationKind::ALL {
        effects.push(Effect::Notify {
            booking,
            recipient: Recipient::Attendee(AttendeeId::generate(&house.ids)),
            about,
            sequence: u32::MAX,
        });
    }
    for (place, effect) in (0_u32..).zip(effects) {
        let mut planned = planned(&house, None, at(30));
        if place % 2 == 0 {
            planned.workspace = Some(house.workspace.id);
        }
        planned.effect = effect;
        planned.created_at = instant("2026-11-24T09:00:00.000001Z");
        enqueue(&house, std::slice::from_ref(&planned)).await;
        let expected = OutboxEntry {
            id: planned.id,
            workspace: planned.workspace,
            kind: planned.effect.kind().to_owned(),
            effect: Ok(planned.effect),
            status: OutboxStatus::Ready,
            attempts: 0,
            last_error: None,
            due_at: planned.due_at,
            created_at: planned.created_at,
            finished_at: None,
        };
        assert_eq!(entry(&house, planned.id).await, expected);
    }

    let one = planned(&house, None, at(0));
    enqueue(&house, std::slice::from_ref(&one)).await;
    assert_eq!(lease(&house, at(1)).await, [(one.id, 1)]);
    let leased = entry(&house, one.id).await;
    assert_eq!((leased.status, leased.attempts), (OutboxStatus::Leased, 1));
    let mut work = house.begin().await;
    work.outbox()
        .retry_at(one.id, at(5), "later")
        .await
        .unwrap();
    work.commit().await.unwrap();
    let waiting = entry(&house, one.id).await;
    assert_eq!(waiting.status, OutboxStatus::Ready);
    assert_eq!(waiting.due_at, at(5));
    assert_eq!(waiting.last_error.as_deref(), Some("later"));
    assert_eq!(waiting.finished_at, None);
    lease(&house, at(6)).await;
    fail(&house, one.id, at(7)).await;
    let failed = entry(&house, one.id).await;
    assert_eq!((failed.status, failed.attempts), (OutboxStatus::Failed, 2));
    assert_eq!(failed.last_error.as_deref(), Some("refused: \"550\""));
    assert_eq!(failed.finished_at, Some(at(7)));
    let two = planned(&house, None, at(0));
    enqueue(&house, std::slice::from_ref(&two)).await;
    lease(&house, at(8)).await;
    let mut work = house.begin().await;
    work.outbox()
        .complete(two.id, at(9), Some("moot"))
        .await
        .unwrap();
    work.commit().await.unwrap();
    let done = entry(&house, two.id).await;
    assert_eq!(done.status, OutboxStatus::Done);
    assert_eq!(done.last_error.as_deref(), Some("moot"));
    assert_eq!(done.finished_at, Some(at(9)));
}

/// A workspace's own, the newest first, page by page; of one standing, or of any.
pub async fn a_list_begins_with_the_newest(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let (here, other) = (house.workspace.id, other_workspace(&house).await);
    let mut ours = Vec::new();
    for minute in 0..8 {
        // Due in another order than they were planned in.
        let ours_next = planned(&house, Some(here), at(20 - minute));
        enqueue(&house, std::slice::from_ref(&ours_next)).await;
        ours.insert(0, ours_next.id);
        let theirs = planned(&house, Some(other.id), at(30));
        let nobodys = planned(&house, None, at(30));
        enqueue(&house, &[theirs, nobodys]).await;
    }
    let list = async |workspace, status, after, limit| {
        let mut work = house.begin_read().await;
        let found = work.outbox().list(workspace, status, after, limit).await;
        let found = found.unwrap();
        found
            .iter()
            .map(|entry| entry.id)
            .collect::<Vec<OutboxId>>()
    };
    assert_eq!(list(here, None, None, 100).await, ours);
    assert_eq!(list(here, None, None, 3).await, ours[..3]);
    assert_eq!(list(here, None, Some(ours[2]), 3).await, ours[3..6]);
    assert_eq!(list(here, None, Some(ours[5]), 3).await, ours[6..]);
    assert_eq!(list(here, None, Some(ours[7]), 3).await, []);
    assert_eq!(list(here, None, None, 0).await, []);
    assert_eq!(list(other.id, None, None, u32::MAX).await.len(), 8);

    let mut work = house.begin().await;
    let lasting = TimeDelta::minutes(30);
    let leased = work.outbox().lease(at(20), lasting, 100).await.unwrap();
    assert_eq!(leased.len(), 8);
    work.outbox().fail(ours[1], at(21), "no").await.unwrap();
    work.outbox().fail(ours[4], at(22), "no").await.unwrap();
    work.outbox().complete(ours[6], at(23), None).await.unwrap();
    work.outbox().retry_at(ours[0], at(40), "no").await.unwrap();
    work.commit().await.unwrap();
    let failed = Some(OutboxStatus::Failed);
    assert_eq!(list(here, failed, None, 100).await, [ours[1], ours[4]]);
    assert_eq!(list(here, failed, Some(ours[1]), 100).await, [ours[4]]);
    assert_eq!(list(here, failed, None, 1).await, [ours[1]]);
    let done = Some(OutboxStatus::Done);
    assert_eq!(list(here, done, None, 100).await, [ours[6]]);
    let ready = Some(OutboxStatus::Ready);
    assert_eq!(list(here, ready, None, 100).await, [ours[0]]);
    let leased = Some(OutboxStatus::Leased);
    let still = [ours[2], ours[3], ours[5], ours[7]];
    assert_eq!(list(here, leased, None, 100).await, still);
    assert_eq!(list(other.id, failed, None, 100).await, []);
    assert_eq!(list(here, None, None, 100).await, ours);
}

/// What has failed is due again at once, with all its tries before it; nothing else is.
pub async fn only_what_has_failed_is_replayed(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let one = planned(&house, Some(house.workspace.id), at(0));
    enqueue(&house, std::slice::from_ref(&one)).await;
    assert!(!replay(&house, one.id, at(1)).await);
    for tries in 1..=3 {
        let now = at(tries * 5);
        assert_eq!(lease(&house, now).await, [(one.id, tries)]);
        assert!(!replay(&house, one.id, now).await);
        let mut work = house.begin().await;
        work.outbox().retry_at(one.id, now, "later").await.unwrap();
        work.commit().await.unwrap();
    }
    lease(&house, at(20)).await;
    fail(&house, one.id, at(21)).await;
    assert_eq!(lease(&house, at(59)).await, []);

    assert!(replay(&house, one.id, at(40)).await);
    assert!(!replay(&house, one.id, at(41)).await);
    let again = entry(&house, one.id).await;
    assert_eq!((again.status, again.attempts), (OutboxStatus::Ready, 0));
    assert_eq!((again.due_at, again.finished_at), (at(40), None));
    assert_eq!(lease(&house, at(39)).await, []);
    assert_eq!(lease(&house, at(40)).await, [(one.id, 1)]);
    let mut work = house.begin().await;
    work.outbox().complete(one.id, at(41), None).await.unwrap();
    work.commit().await.unwrap();
    assert!(!replay(&house, one.id, at(42)).await);
    assert_eq!(entry(&house, one.id).await.status, OutboxStatus::Done);
}

/// Where another with its key is ready, that one does the same.
pub async fn a_replay_gives_way_to_a_ready_one_with_its_key(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let with_key = |due_at| {
        let mut planned = planned(&house, Some(house.workspace.id), due_at);
        planned.dedupe_key = Some("key".to_owned());
        planned
    };
    let first = with_key(at(0));
    enqueue(&house, std::slice::from_ref(&first)).await;
    lease(&house, at(0)).await;
    fail(&house, first.id, at(1)).await;
    let second = with_key(at(2));
    enqueue(&house, std::slice::from_ref(&second)).await;
    assert!(replay(&house, first.id, at(3)).await);
    assert_eq!(entry(&house, first.id).await.status, OutboxStatus::Done);
    assert_eq!(entry(&house, second.id).await.status, OutboxStatus::Ready);
    assert_eq!(lease(&house, at(4)).await, [(second.id, 1)]);
    fail(&house, second.id, at(5)).await;
    // Alone, it is ready again, and keeps others with its key away.
    assert!(replay(&house, second.id, at(6)).await);
    enqueue(&house, &[with_key(at(7))]).await;
    assert_eq!(lease(&house, at(8)).await, [(second.id, 1)]);
}

/// Each try as it was, the first one first, whatever the clocks said.
pub async fn tries_are_kept_in_order(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let one = planned(&house, Some(house.workspace.id), at(0));
    let other = planned(&house, None, at(0));
    enqueue(&house, &[one.clone(), other.clone()]).await;
    let attempt = |transport: &str, outcome| DeliveryAttempt {
        transport: transport.to_owned(),
        outcome,
    };
    let text = || "450 \"later\"; drop table x; 李\n%s".to_owned();
    let rounds = [
        (
            at(5),
            vec![
                attempt("sendgrid", AttemptOutcome::Unknown(text())),
                attempt("smtp", AttemptOutcome::Deferred(text())),
                attempt("smtp", AttemptOutcome::Deferred(String::new())),
            ],
        ),
        (at(5), vec![]),
        (
            at(4),
            vec![attempt("smtp", AttemptOutcome::Refused(text()))],
        ),
        (at(5), vec![attempt("folder", AttemptOutcome::Accepted)]),
    ];
    let mut expected = Vec::new();
    for (at, attempts) in rounds {
        let mut work = house.begin().await;
        work.outbox()
            .log_attempts(one.id, at, &attempts)
            .await
            .unwrap();
        work.commit().await.unwrap();
        expected.extend(
            attempts
                .into_iter()
                .map(|attempt| LoggedAttempt { at, attempt }),
        );
    }
    let mut work = house.begin_read().await;
    assert_eq!(work.outbox().attempts(one.id).await.unwrap(), expected);
    assert_eq!(work.outbox().attempts(other.id).await.unwrap(), []);
    drop(work);

    // They outlive a replay, and go when the effect is swept.
    lease(&house, at(6)).await;
    fail(&house, one.id, at(7)).await;
    assert!(replay(&house, one.id, at(8)).await);
    let mut work = house.begin().await;
    assert_eq!(work.outbox().attempts(one.id).await.unwrap(), expected);
    work.outbox().complete(one.id, at(9), None).await.unwrap();
    assert_eq!(work.outbox().sweep(at(10)).await.unwrap(), 1);
    work.commit().await.unwrap();
    let mut work = house.begin_read().await;
    assert_eq!(work.outbox().attempts(one.id).await.unwrap(), []);
    assert_eq!(work.outbox().get(one.id).await.unwrap(), None);
}

/// An effect is nobody's, or that of a workspace there is.
pub async fn an_effect_is_of_a_workspace_there_is(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let nowhere = WorkspaceId::generate(&house.ids);
    let lost = planned(&house, Some(nowhere), at(0));
    let mut work = house.begin().await;
    assert_refused(work.outbox().enqueue(&[lost]).await);
}
