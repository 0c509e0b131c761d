//! Tests of `worker`.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use scheduling_core::effect::{LeasedEffect, UnreadableEffect};
use scheduling_core::ids::OutboxId;
use scheduling_core::notification::{AccountNotification, Notification};
use scheduling_core::ports::{
    AttemptOutcome, Delivery, DeliveryAttempt, DeliveryError, DeliveryErrorKind, OutboxFailure,
    Retry, SealError, Storage,
};
use tokio::sync::Notify;

use super::*;
use crate::effects::{Outcome, Tried};
use crate::testing::{World, short};

mockall::mock! {
    Mailer {}
    #[async_trait]
    impl Notifier for Mailer {
        async fn notify(&self, notification: &Notification) -> Result<Delivery, DeliveryError>;
        async fn notify_account(&self, notification: &AccountNotification) -> Result<Delivery, DeliveryError>;
    }
}

/// A world with one booking, which owes two mails.
async fn one_booking() -> World {
    let world = World::new("host ann UTC 09:00-12:00\nevent intro 30 ann").await;
    world.booked("intro", "24T10:00").await;
    world
}

/// A worker whose mailer always fails in this way.
fn failing(world: &World, kind: DeliveryErrorKind) -> Worker {
    let mut mailer = MockMailer::new();
    mailer.expect_notify().returning(move |_| {
        Err(DeliveryError {
            kind,
            source: "the other side said no".into(),
            attempts: vec![attempt(AttemptOutcome::Deferred("no".to_owned()))],
        })
    });
    Worker::new(world.scheduling.clone(), Arc::new(mailer))
}

fn attempt(outcome: AttemptOutcome) -> DeliveryAttempt {
    DeliveryAttempt {
        transport: "post".to_owned(),
        outcome,
    }
}

/// How the outbox stands: ready, leased, failed, and when the next effect is due.
async fn standing(world: &World) -> String {
    let mut work = world.storage.begin_read().await.unwrap();
    let counts = work.outbox().counts().await.unwrap();
    let due = work.outbox().next_due().await.unwrap();
    let due = due.map_or("-".to_owned(), |due| {
        format!("{}:{}", short(due), due.format("%S"))
    });
    format!(
        "ready {} leased {} failed {} due {due}",
        counts.ready, counts.leased, counts.failed
    )
}

async fn failures(world: &World) -> Vec<OutboxFailure> {
    let mut work = world.storage.begin_read().await.unwrap();
    work.outbox().failures(100).await.unwrap()
}

#[tokio::test]
async fn what_is_due_is_done_once() {
    let world = one_booking().await;
    assert_eq!(world.worker().run_due().await.unwrap(), 2);
    assert_eq!(world.notifier.sent().len(), 2);
    assert_eq!(world.worker().run_due().await.unwrap(), 0);
    assert_eq!(standing(&world).await, "ready 0 leased 0 failed 0 due -");
}

#[tokio::test]
async fn more_than_run_at_once_are_all_done_and_never_more_at_once() {
    struct Counting {
        now: AtomicUsize,
        most: AtomicUsize,
    }
    #[async_trait]
    impl Notifier for Counting {
        async fn notify(&self, _: &Notification) -> Result<Delivery, DeliveryError> {
            let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
            self.most.fetch_max(now, Ordering::SeqCst);
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
            self.now.fetch_sub(1, Ordering::SeqCst);
            Ok(Delivery::default())
        }

        async fn notify_account(&self, _: &AccountNotification) -> Result<Delivery, DeliveryError> {
            unreachable!("nobody has an account here")
        }
    }
    let world = World::new("host ann UTC 00:00-24:00\nevent intro 5 ann").await;
    for minute in (0..60).step_by(5) {
        world.booked("intro", &format!("24T10:{minute:02}")).await;
    }
    let counting = Arc::new(Counting {
        now: AtomicUsize::new(0),
        most: AtomicUsize::new(0),
    });
    let notifier = Arc::clone(&counting) as Arc<dyn Notifier>;
    let worker = Worker::new(world.scheduling.clone(), notifier);
    assert_eq!(worker.run_due().await.unwrap(), 24);
    let most = counting.most.load(Ordering::SeqCst);
    assert!((2..=8).contains(&most), "{most}");
    assert_eq!(standing(&world).await, "ready 0 leased 0 failed 0 due -");
}

#[tokio::test]
async fn unavailable_and_unauthorized_are_tried_again_ever_later_and_then_given_up() {
    for kind in [
        DeliveryErrorKind::Unavailable,
        DeliveryErrorKind::Unauthorized,
    ] {
        let world = one_booking().await;
        let worker = failing(&world, kind);
        assert_eq!(worker.run_due().await.unwrap(), 2);
        assert_eq!(
            standing(&world).await,
            "ready 2 leased 0 failed 0 due 23T08:00:10"
        );
        // Not before it is due.
        assert_eq!(worker.run_due().await.unwrap(), 0);
        world.clock.advance(TimeDelta::seconds(10));
        assert_eq!(worker.run_due().await.unwrap(), 2);
        assert_eq!(
            standing(&world).await,
            "ready 2 leased 0 failed 0 due 23T08:00:30"
        );
        for _ in 3..=10 {
            world.advance(61);
            assert_eq!(worker.run_due().await.unwrap(), 2);
        }
        assert_eq!(standing(&world).await, "ready 0 leased 0 failed 2 due -");
        let failure = &failures(&world).await[0];
        assert_eq!(failure.attempts, 10);
        assert!(failure.last_error.ends_with("the other side said no"));
    }
}

#[tokio::test]
async fn a_mail_that_failed_once_is_sent_under_the_same_id() {
    let world = one_booking().await;
    let ids = Arc::new(std::sync::Mutex::new(Vec::new()));
    let (seen, mut mailer) = (Arc::clone(&ids), MockMailer::new());
    mailer.expect_notify().times(4).returning(move |message| {
        let mut seen = seen.lock().unwrap();
        seen.push(message.id);
        match seen.len() {
            1 | 2 => Err(DeliveryError {
                kind: DeliveryErrorKind::Unavailable,
                source: "no answer".into(),
                attempts: Vec::new(),
            }),
            _ => Ok(Delivery::default()),
        }
    });
    let worker = Worker::new(world.scheduling.clone(), Arc::new(mailer));
    worker.run_due().await.unwrap();
    world.advance(1);
    worker.run_due().await.unwrap();
    let mut ids = ids.lock().unwrap().clone();
    ids[..2].sort_unstable();
    ids[2..].sort_unstable();
    assert_eq!(ids[..2], ids[2..]);
    assert_ne!(ids[0], ids[1]);
}

#[tokio::test]
async fn a_rate_limit_is_kept() {
    let world = one_booking().await;
    let retry_after = Some(Duration::from_secs(90));
    let worker = failing(&world, DeliveryErrorKind::RateLimited { retry_after });
    worker.run_due().await.unwrap();
    assert_eq!(
        standing(&world).await,
        "ready 2 leased 0 failed 0 due 23T08:01:30"
    );
}

#[tokio::test]
async fn what_was_rejected_is_not_tried_again_and_kept_for_a_person() {
    let world = one_booking().await;
    let worker = failing(&world, DeliveryErrorKind::Rejected);
    assert_eq!(worker.run_due().await.unwrap(), 2);
    assert_eq!(standing(&world).await, "ready 0 leased 0 failed 2 due -");
    let failure = &failures(&world).await[0];
    assert_eq!((failure.attempts, failure.kind.as_str()), (1, "notify"));
    assert_eq!(
        failure.last_error,
        "the message was not accepted (Rejected): the other side said no"
    );
}

#[tokio::test]
async fn one_mail_that_fails_never_repeats_another() {
    let world = one_booking().await;
    world.notifier.fail_next(DeliveryErrorKind::Unavailable);
    world.worker().run_due().await.unwrap();
    assert_eq!(world.notifier.take_sent().len(), 1);
    world.advance(1);
    world.worker().run_due().await.unwrap();
    assert_eq!(world.notifier.take_sent().len(), 1);
}

#[tokio::test]
async fn a_panic_in_an_adapter_fails_its_effect_and_nothing_else() {
    let world = one_booking().await;
    let mut mailer = MockMailer::new();
    mailer.expect_notify().returning(|message| {
        assert_ne!(message.to.email.as_str(), "ann@firm.example", "a fault");
        Ok(Delivery::default())
    });
    let worker = Worker::new(world.scheduling.clone(), Arc::new(mailer));
    assert_eq!(worker.run_due().await.unwrap(), 2);
    assert_eq!(
        standing(&world).await,
        "ready 1 leased 0 failed 0 due 23T08:00:10"
    );
}

/// Leases everything that is due, as a worker does that then dies.
async fn lease_and_die(world: &World) -> Vec<LeasedEffect> {
    let now = world.scheduling.ports().clock.now();
    let mut work = world.storage.begin().await.unwrap();
    let lasting = TimeDelta::minutes(1);
    let leased = work.outbox().lease(now, lasting, 100).await.unwrap();
    work.commit().await.unwrap();
    leased
}

#[tokio::test]
async fn what_a_dead_worker_had_taken_is_done_when_its_lease_ends() {
    let world = one_booking().await;
    assert_eq!(lease_and_die(&world).await.len(), 2);
    assert_eq!(world.worker().run_due().await.unwrap(), 0);
    world.advance(1);
    assert_eq!(world.worker().run_due().await.unwrap(), 2);
    assert_eq!(world.notifier.sent().len(), 2);
}

#[tokio::test]
async fn what_kills_every_worker_is_given_up() {
    let world = one_booking().await;
    for _ in 0..10 {
        lease_and_die(&world).await;
        world.advance(1);
    }
    assert_eq!(world.worker().run_due().await.unwrap(), 2);
    assert_eq!(world.notifier.tried(), 0);
    let failure = &failures(&world).await[0];
    assert_eq!(failure.last_error, "the worker did not survive its tries");
}

#[tokio::test]
async fn what_cannot_be_read_is_left_to_later_releases_and_fails_in_the_end() {
    let world = one_booking().await;
    for attempt in 1..=10 {
        assert_eq!(failures(&world).await, [], "{attempt}");
        let mut leased = lease_and_die(&world).await.remove(0);
        leased.effect = Err(UnreadableEffect {
            reason: "unknown variant `teleport`".to_owned(),
        });
        let never = CancellationToken::new();
        world.worker().do_and_settle(leased, &never).await.unwrap();
        world.advance(60);
    }
    let failure = &failures(&world).await[0];
    assert_eq!(
        failure.last_error,
        "the stored effect cannot be read: unknown variant `teleport`"
    );
}

#[tokio::test]
async fn without_the_key_mails_with_links_wait_and_the_others_go_out() {
    struct Forgetful;
    impl scheduling_core::ports::CredentialSealer for Forgetful {
        fn seal(&self, secret: &[u8]) -> Vec<u8> {
            secret.to_vec()
        }
        fn open(&self, _: &[u8]) -> Result<Vec<u8>, SealError> {
            Err(SealError)
        }
    }
    let world = World::new("host ann UTC 09:00-12:00\nevent intro 30 ann guests=1").await;
    let mut command = World::command("intro", "24T10:00");
    command.guests = vec![crate::bookings::GuestDetails {
        name: None,
        email: "gus@example.org".parse().unwrap(),
    }];
    world.scheduling.book(&command).await.unwrap();
    let mut ports = world.scheduling.ports().clone();
    ports.sealer = Arc::new(Forgetful);
    let worker = Worker::new(ports.build(), Arc::new(world.notifier.clone()));
    worker.run_due().await.unwrap();
    let sent = world.notifier.take_sent();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].to.email.as_str(), "gus@example.org");
    // The key is put back.
    world.advance(1);
    world.worker().run_due().await.unwrap();
    let mut late: Vec<String> = world
        .notifier
        .take_sent()
        .iter()
        .map(|message| message.to.email.to_string())
        .collect();
    late.sort();
    assert_eq!(late, ["ann@firm.example", "ida@example.org"]);
}

#[tokio::test]
async fn every_try_is_written_down_the_failures_too() {
    let world = one_booking().await;
    world.notifier.fail_next(DeliveryErrorKind::Unavailable);
    world.notifier.fail_next(DeliveryErrorKind::Unavailable);
    world.worker().run_due().await.unwrap();
    world.advance(1);
    world.worker().run_due().await.unwrap();
    let mut work = world.storage.begin_read().await.unwrap();
    for message in world.notifier.sent() {
        let logged = work.outbox().attempts(message.id).await.unwrap();
        let outcomes: Vec<_> = logged
            .iter()
            .map(|logged| (short(logged.at), logged.attempt.outcome.as_str()))
            .collect();
        let expected = [("23T08:00", "deferred"), ("23T08:01", "accepted")];
        assert_eq!(outcomes, expected.map(|(at, word)| (at.to_owned(), word)));
    }
}

#[tokio::test]
async fn what_is_skipped_asked_nobody_and_says_why() {
    let world = World::new("host ann UTC 09:00-12:00\nevent intro 30 ann").await;
    let booked = world.booked("intro", "24T10:00").await;
    world.cancel(&booked.manage_token).await;
    world.worker().run_due().await.unwrap();
    let mut work = world.storage.begin_read().await.unwrap();
    let all = work
        .outbox()
        .list(world.workspace.id, None, None, 100)
        .await
        .unwrap();
    let skipped: Vec<_> = all.iter().filter(|e| e.last_error.is_some()).collect();
    assert_eq!(skipped.len(), 2);
    for entry in skipped {
        let why = entry.last_error.as_deref();
        assert_eq!(why, Some("the booking has moved on"));
        assert!(work.outbox().attempts(entry.id).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn an_acceptance_is_written_down_even_when_the_storage_stumbles() {
    let mut world = one_booking().await;
    let storage = world.flaky();
    // The lease is the first commit, the two outcomes stumble twice.
    let worker = world.worker();
    let leased = lease_and_die(&world).await;
    storage.conflicts.store(2, Ordering::SeqCst);
    for effect in leased {
        tokio::time::pause();
        worker
            .do_and_settle(effect, &CancellationToken::new())
            .await
            .unwrap();
        tokio::time::resume();
    }
    assert_eq!(storage.conflicts.load(Ordering::SeqCst), 0);
    world.advance(10);
    assert_eq!(worker.run_due().await.unwrap(), 0);
    assert_eq!(world.notifier.sent().len(), 2);
}

#[tokio::test]
async fn of_several_workers_each_effect_has_one() {
    let world = World::new("host ann UTC 00:00-24:00\nevent intro 5 ann").await;
    for minute in (0..60).step_by(5) {
        world.booked("intro", &format!("24T10:{minute:02}")).await;
    }
    let mut all = JoinSet::new();
    for _ in 0..4 {
        let worker = world.worker();
        all.spawn(async move { worker.run_due().await.unwrap() });
    }
    let tried: usize = all.join_all().await.into_iter().sum();
    assert_eq!(tried, 24);
    let ids: std::collections::BTreeSet<_> = world
        .notifier
        .sent()
        .iter()
        .map(|message| message.id)
        .collect();
    assert_eq!((ids.len(), world.notifier.tried()), (24, 24));
}

#[tokio::test]
async fn the_loop_gives_expired_holds_back() {
    let world =
        World::new("host ann UTC 09:00-12:00\nevent intro 30 ann\nevent class 30 ann seats=2")
            .await;
    world.held("intro", "24T10:00").await;
    world.held("class", "24T11:00").await;
    assert_eq!(world.worker().sweep_holds().await.unwrap(), 0);
    assert_eq!(world.storage.claim_count(), 2);
    world.advance(5);
    let until = CancellationToken::new();
    let task = tokio::spawn({
        let (worker, until) = (world.worker(), until.clone());
        async move { worker.run(until).await }
    });
    while world.storage.claim_count() > 0 {
        tokio::task::yield_now().await;
    }
    until.cancel();
    task.await.unwrap();
}

#[tokio::test]
async fn a_message_about_an_account_opens_its_secret_and_carries_its_link() {
    use scheduling_core::directory::Role;
    use scheduling_core::effect::{AccountNotice, Effect, PlannedEffect};

    let world = World::new("").await;
    let now = world.scheduling.ports().clock.now();
    let soon = now + chrono::TimeDelta::minutes(1);
    let secret = [0xab; 32];
    let notices = [
        AccountNotice::Invitation {
            workspace: "Firm".parse().unwrap(),
            inviter: "Ann".parse().unwrap(),
            role: Role::Member,
            expires_at: soon,
        },
        AccountNotice::PasswordReset { expires_at: soon },
        // Nobody is sent a link that opens nothing any more.
        AccountNotice::PasswordReset { expires_at: now },
        AccountNotice::PasswordChanged,
    ];
    let planned: Vec<PlannedEffect> = notices
        .iter()
        .map(|about| PlannedEffect {
            id: OutboxId::generate(&*world.scheduling.ports().ids),
            workspace: None,
            effect: Effect::NotifyAccount {
                name: None,
                email: "new@example.org".parse().unwrap(),
                about: about.clone(),
                sealed_token: (*about != AccountNotice::PasswordChanged)
                    .then(|| world.scheduling.ports().sealer.seal(&secret)),
            },
            dedupe_key: None,
            due_at: now,
            created_at: now,
        })
        .collect();
    let mut work = world.storage.begin().await.unwrap();
    work.outbox().enqueue(&planned).await.unwrap();
    work.commit().await.unwrap();
    world.worker().run_due().await.unwrap();
    let mut sent = world.notifier.take_sent_to_accounts();
    sent.sort_by_key(|message| message.id);
    let links: Vec<Option<String>> = sent.into_iter().map(|message| message.link).collect();
    let token = "ab".repeat(32);
    let ports = world.scheduling.ports();
    assert_eq!(
        links,
        [
            Some(ports.links.accept_invitation(&token)),
            Some(ports.links.reset_password(&token)),
            None
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_mailer_that_hangs_is_given_up_before_the_lease_ends() {
    struct Hanging;
    #[async_trait]
    impl Notifier for Hanging {
        async fn notify(&self, _: &Notification) -> Result<Delivery, DeliveryError> {
            std::future::pending().await
        }

        async fn notify_account(&self, _: &AccountNotification) -> Result<Delivery, DeliveryError> {
            unreachable!("nobody has an account here")
        }
    }
    let world = one_booking().await;
    let worker = Worker::new(world.scheduling.clone(), Arc::new(Hanging));
    let began = tokio::time::Instant::now();
    assert_eq!(worker.run_due().await.unwrap(), 2);
    assert_eq!(began.elapsed().as_secs(), 45);
    assert_eq!(
        standing(&world).await,
        "ready 2 leased 0 failed 0 due 23T08:00:10"
    );
}

#[tokio::test]
async fn the_loop_hears_of_changes_at_once_and_ends_when_told_to() {
    let world = World::new("host ann UTC 09:00-12:00\nevent intro 30 ann").await;
    // It would look by itself in an hour only.
    let worker = world.worker().with_settings(WorkerSettings {
        poll: Duration::from_hours(1),
        ..WorkerSettings::default()
    });
    let until = CancellationToken::new();
    let task = tokio::spawn({
        let until = until.clone();
        async move { worker.run(until).await }
    });
    let sent = async |count: usize| {
        let all = async {
            while world.notifier.sent().len() < count {
                tokio::task::yield_now().await;
            }
            // Let the loop come to rest, so that only a call can wake it.
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
        };
        let patience = Duration::from_secs(20);
        tokio::time::timeout(patience, all).await.expect("it hears");
    };
    sent(0).await;
    let booked = world.booked("intro", "24T10:00").await;
    sent(2).await;
    world.cancel(&booked.manage_token).await;
    sent(4).await;
    until.cancel();
    task.await.unwrap();
    assert_eq!(standing(&world).await, "ready 0 leased 0 failed 0 due -");
}

#[tokio::test(start_paused = true)]
async fn a_few_that_hang_do_not_keep_the_others_waiting() {
    struct SlowForSome(scheduling_testkit::RecordingNotifier);
    #[async_trait]
    impl Notifier for SlowForSome {
        async fn notify(&self, message: &Notification) -> Result<Delivery, DeliveryError> {
            if message.to.email.as_str() == "ida@example.org" {
                std::future::pending::<()>().await;
            }
            self.0.notify(message).await
        }

        async fn notify_account(
            &self,
            message: &AccountNotification,
        ) -> Result<Delivery, DeliveryError> {
            self.0.notify_account(message).await
        }
    }
    let world = World::new("host ann UTC 09:00-12:00\nevent intro 30 ann").await;
    for start in ["24T09:00", "24T09:30", "24T10:00", "24T10:30", "24T11:00"] {
        world.booked("intro", start).await;
    }
    let until = CancellationToken::new();
    let notifier = Arc::new(SlowForSome(world.notifier.clone()));
    let worker = Worker::new(world.scheduling.clone(), notifier);
    let task = tokio::spawn({
        let until = until.clone();
        async move { worker.run(until).await }
    });
    // Of eight places five hang; the hosts' five mails go out through the others within seconds.
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(world.notifier.sent().len(), 5);
    until.cancel();
    task.await.unwrap();
}

#[tokio::test]
async fn the_loop_finishes_what_it_has_begun_and_begins_nothing_more() {
    #[derive(Default)]
    struct Gate {
        entered: Notify,
        open: Notify,
    }
    #[async_trait]
    impl Notifier for Gate {
        async fn notify(&self, _: &Notification) -> Result<Delivery, DeliveryError> {
            self.entered.notify_one();
            self.open.notified().await;
            Ok(Delivery::default())
        }

        async fn notify_account(&self, _: &AccountNotification) -> Result<Delivery, DeliveryError> {
            unreachable!("nobody has an account here")
        }
    }
    let world = one_booking().await;
    let gate = Arc::new(Gate::default());
    let settings = WorkerSettings {
        concurrency: 1,
        ..WorkerSettings::default()
    };
    let notifier = Arc::clone(&gate) as Arc<dyn Notifier>;
    let worker = Worker::new(world.scheduling.clone(), notifier).with_settings(settings);
    let until = CancellationToken::new();
    let mut task = tokio::spawn({
        let until = until.clone();
        async move { worker.run(until).await }
    });
    gate.entered.notified().await;
    until.cancel();
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!task.is_finished());
    gate.open.notify_one();
    (&mut task).await.unwrap();
    assert_eq!(
        standing(&world).await,
        "ready 1 leased 0 failed 0 due 23T08:00:00"
    );
}

#[tokio::test(start_paused = true)]
async fn a_storage_that_fails_for_a_while_does_not_end_the_loop() {
    let mut world = one_booking().await;
    let storage = world.flaky();
    storage.outages.store(20, Ordering::SeqCst);
    storage.conflicts.store(3, Ordering::SeqCst);
    let until = CancellationToken::new();
    let worker = world.worker();
    assert!(worker.run_due().await.is_err());
    let task = tokio::spawn({
        let until = until.clone();
        async move { worker.run(until).await }
    });
    // Time passes by itself while everybody waits; leases that were lost to conflicts end with the clock.
    while world.notifier.sent().len() < 2 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        world.clock.advance(TimeDelta::seconds(1));
    }
    until.cancel();
    task.await.unwrap();
    assert_eq!(world.outbox().await.failed, 0);
}

#[tokio::test]
async fn what_is_old_is_forgotten_and_failures_are_kept() {
    let world = World::new("host ann UTC 09:00-12:00\nevent intro 30 ann").await;
    let mut command = World::command("intro", "24T10:00");
    command.idempotency_key = Some("order-17".parse().unwrap());
    world.scheduling.book(&command).await.unwrap();
    world.notifier.fail_next(DeliveryErrorKind::Rejected);
    world.worker().run_due().await.unwrap();
    assert_eq!(world.worker().sweep().await.unwrap(), Swept::default());
    world.clock.advance(TimeDelta::hours(25));
    let keys = Swept {
        effects: 0,
        idempotency_keys: 1,
    };
    assert_eq!(world.worker().sweep().await.unwrap(), keys);
    world.clock.advance(TimeDelta::days(7));
    let effects = Swept {
        effects: 1,
        idempotency_keys: 0,
    };
    assert_eq!(world.worker().sweep().await.unwrap(), effects);
    assert_eq!(failures(&world).await.len(), 1);
}

#[tokio::test]
async fn a_worker_that_comes_too_late_leaves_the_effect_to_who_took_it_over() {
    use scheduling_core::ports::OutboxStatus;

    let world = World::new("host ann UTC 09:00-12:00\n event intro 30 ann").await;
    world.booked("intro", "24T10:00").await;
    let lease = async || {
        let now = world.scheduling.ports().clock.now();
        let mut work = world.storage.begin().await.unwrap();
        let lasting = TimeDelta::minutes(1);
        let leased = work.outbox().lease(now, lasting, 1).await.unwrap();
        work.commit().await.unwrap();
        leased.into_iter().next().unwrap()
    };
    let late = lease().await;
    world.advance(2);
    // The effects that are due for longest come first, and the first one's lease has ended.
    let mut other = lease().await;
    while other.id != late.id {
        other = lease().await;
    }
    assert_eq!((late.attempts, other.attempts), (1, 2));
    let failed = |retry| {
        Tried::from(Outcome::Failed {
            retry,
            error: "refused".to_owned(),
        })
    };
    let stands = async || {
        let mut work = world.storage.begin_read().await.unwrap();
        let entry = work.outbox().get(late.id).await.unwrap().unwrap();
        entry.status
    };
    let worker = world.worker();
    for retry in [Retry::Backoff, Retry::Never] {
        worker.settle(late.id, 1, &failed(retry)).await.unwrap();
        assert_eq!(stands().await, OutboxStatus::Leased, "{retry:?}");
    }
    worker
        .settle(late.id, 2, &failed(Retry::Never))
        .await
        .unwrap();
    assert_eq!(stands().await, OutboxStatus::Failed);
}

/// A mailer that says when it is asked, and then never answers.
#[derive(Default)]
struct Hung {
    asked: Notify,
}

#[async_trait]
impl Notifier for Hung {
    async fn notify(&self, _: &Notification) -> Result<Delivery, DeliveryError> {
        self.asked.notify_one();
        std::future::pending().await
    }

    async fn notify_account(&self, _: &AccountNotification) -> Result<Delivery, DeliveryError> {
        unreachable!("nobody has an account here")
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_asked_to_stop_hands_back_what_takes_too_long() {
    let world = one_booking().await;
    let hung = Arc::new(Hung::default());
    let notifier = Arc::clone(&hung) as Arc<dyn Notifier>;
    let settings = WorkerSettings {
        finish_within: Duration::from_secs(3),
        ..WorkerSettings::default()
    };
    let worker = Worker::new(world.scheduling.clone(), notifier).with_settings(settings);
    let until = CancellationToken::new();
    let task = tokio::spawn({
        let until = until.clone();
        async move { worker.run(until).await }
    });
    hung.asked.notified().await;
    until.cancel();
    let asked = Instant::now();
    task.await.unwrap();
    assert_eq!(asked.elapsed().as_secs(), 3);
    // At once, and as if they had never been tried.
    assert_eq!(
        standing(&world).await,
        "ready 2 leased 0 failed 0 due 23T08:00:00"
    );
    assert_eq!(world.worker().run_due().await.unwrap(), 2);
    let mut work = world.storage.begin_read().await.unwrap();
    let entries = work
        .outbox()
        .list(world.workspace.id, None, None, 10)
        .await
        .unwrap();
    assert!(entries.iter().all(|entry| entry.attempts == 1));
}

#[tokio::test(start_paused = true)]
async fn who_stops_leaves_alone_what_others_have_taken_over() {
    let world = one_booking().await;
    let hung = Arc::new(Hung::default());
    let notifier = Arc::clone(&hung) as Arc<dyn Notifier>;
    let settings = WorkerSettings {
        finish_within: Duration::from_secs(3),
        ..WorkerSettings::default()
    };
    let worker = Worker::new(world.scheduling.clone(), notifier).with_settings(settings);
    let until = CancellationToken::new();
    let task = tokio::spawn({
        let until = until.clone();
        async move { worker.run(until).await }
    });
    hung.asked.notified().await;
    until.cancel();
    // For the storage a long time has passed, and another worker has them now.
    world.advance(2);
    assert_eq!(lease_and_die(&world).await.len(), 2);
    task.await.unwrap();
    assert_eq!(
        standing(&world).await,
        "ready 0 leased 2 failed 0 due 23T08:03:00"
    );
}

#[tokio::test(start_paused = true)]
async fn a_storage_that_is_away_is_asked_ever_less_often_and_taken_up_within_seconds() {
    let mut world = one_booking().await;
    let storage = world.flaky();
    let many = 1_000_000;
    storage.outages.store(many, Ordering::SeqCst);
    let until = CancellationToken::new();
    let task = tokio::spawn({
        let (worker, until) = (world.worker(), until.clone());
        async move { worker.run(until).await }
    });
    tokio::time::sleep(Duration::from_mins(10)).await;
    let asked = many - storage.outages.load(Ordering::SeqCst);
    assert!((100..=130).contains(&asked), "{asked}");
    storage.outages.store(0, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(world.notifier.sent().len(), 2);
    until.cancel();
    task.await.unwrap();
}
