//! Random lives of bookings: random commands by random people over event types of every kind.
//!
//! | lives | what is asked |
//! |---|---|
//! | one, on a storage each | The same seed has the same answers, bookings, histories, mails and outbox everywhere. |
//! | eight at once | No storage fails, and afterwards everything is as [`checks`] and `verify` want it. |
//! | eight at once, with two workers while time passes | The same. |
//!
//! A seed that fails fails again: it is named in the message. Those that live at once meet as the machine has it.
//!
//! `KALENDS_TEST_POSTGRES` names a server; `tests/postgres start` starts one and prints its URL.

#![expect(
    clippy::unwrap_used,
    reason = "these are tests: panicking is how they say no"
)]

mod checks;
mod commands;
mod dice;
mod world;

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use scheduling_core::booking::Change;
use scheduling_core::effect::NotificationKind;
use scheduling_core::ports::Storage;
use scheduling_persistence::{ConnectOptions, Durability, LeaseClock, SeaOrmStorage, test_support};
use scheduling_testkit::MemoryStorage;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use checks::Lived;
use commands::{Answer, Kind, Known, Life, PEOPLE, SURROUNDINGS};
use world::World;

/// One life each.
const SEEDS: Range<u64> = 1..4;
/// How many commands a life alone has.
const ALONE: u32 = 300;
/// More than any life leaves behind.
const MANY: u32 = 100_000;
/// How long somebody waits for a storage that others use.
const PATIENCE: Duration = Duration::from_mins(1);
/// How many live at once.
const CROWD: u64 = 8;
/// How many commands each of a crowd has.
const TOGETHER: u32 = 100;

/// What one life left behind.
#[derive(Default)]
struct Record {
    /// Answers, then bookings with their histories, mails, the outbox, rotations and links.
    lines: Vec<String>,
    /// The kinds of commands that did something.
    done: BTreeSet<Kind>,
    /// The words for what became of bookings.
    changes: BTreeSet<&'static str>,
    /// The words for what people were told.
    told: BTreeSet<&'static str>,
}

/// Leads one life on a storage, and ends it with nothing owed.
async fn lead(storage: Arc<dyn Storage>, seed: u64) -> Record {
    let world = Arc::new(World::on(storage).await);
    let known = Arc::new(Mutex::new(Known::default()));
    let kinds = [&PEOPLE[..], &SURROUNDINGS].concat();
    let answers = Life::new(&world, &known, seed, &kinds).live(ALONE).await;
    assert_storage_held(&answers);
    world.finish().await;
    checks::all_is_well(&world, &known).await;

    let mut record = Record::default();
    for Answer { kind, done, text } in answers {
        if done {
            record.done.insert(kind);
        }
        record.lines.push(format!("{kind:?}: {text}"));
    }
    write_down(&world, &mut record).await;
    record
}

/// Writes down what stands in a storage after a life.
async fn write_down(world: &World, record: &mut Record) {
    for Lived { booking, history } in checks::bookings(world).await {
        record.lines.push(format!("{booking:?} {history:?}"));
        let changes = history.iter().map(|entry| name(&entry.change));
        record.changes.extend(changes);
    }
    for mail in world.mailbox.sent() {
        record.lines.push(format!("{mail:?}"));
        record.told.insert(mail.kind.as_str());
    }
    let mut work = world.storage.begin_read().await.unwrap();
    for workspace in world.workspaces {
        let outbox = work.outbox().list(workspace, None, None, MANY).await;
        for entry in outbox.unwrap() {
            record.lines.push(format!("{entry:?}"));
        }
    }
    for event in &world.events {
        let ledger = work.rotation().ledger(event.id).await.unwrap();
        let links = work.links().list(event.id).await.unwrap();
        record
            .lines
            .push(format!("{}: {ledger:?} {links:?}", event.slug));
    }
}

/// Leads the same life on a database and in memory.
async fn assert_same_as_in_memory(database: SeaOrmStorage, seed: u64) {
    let memory = lead(Arc::new(MemoryStorage::new()), seed).await.lines;
    let stored = lead(Arc::new(database.clone()), seed).await.lines;
    for (place, (memory, stored)) in memory.iter().zip(&stored).enumerate() {
        assert_eq!(memory, stored, "life {seed} differs from line {place} on");
    }
    assert_eq!(memory.len(), stored.len(), "life {seed}");
    assert_eq!(database.verify().await.unwrap(), [], "life {seed}");
}

/// The word for a change, one for each of the nine.
fn name(change: &Change) -> &'static str {
    match change {
        Change::Requested => "requested",
        Change::Confirmed => "confirmed",
        Change::Approved => "approved",
        Change::Declined { .. } => "declined",
        Change::Rescheduled { .. } => "rescheduled",
        Change::Cancelled { .. } => "cancelled",
        Change::Completed => "completed",
        Change::NoShow => "no-show",
        Change::Expired => "expired",
    }
}

/// Whether time passes while many live.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Time {
    /// It stands still, and nobody does what is owed until all is over.
    Stands,
    /// It passes, and two workers do what is owed.
    Passes,
}

/// Leads many lives at once, of people who know each other's bookings.
async fn crowd(database: SeaOrmStorage, time: Time) {
    let world = Arc::new(World::on(Arc::new(database.clone())).await);
    let known = Arc::new(Mutex::new(Known::default()));
    let kinds = match time {
        Time::Stands => PEOPLE.to_vec(),
        Time::Passes => [&PEOPLE[..], &SURROUNDINGS].concat(),
    };
    let stop = CancellationToken::new();
    let mut workers = JoinSet::new();
    if time == Time::Passes {
        for _ in 0..2 {
            let (worker, stop) = (world.busy_worker(), stop.clone());
            workers.spawn(async move { worker.run(stop).await });
        }
    }
    let mut lives = JoinSet::new();
    for seed in 0..CROWD {
        lives.spawn(Life::new(&world, &known, seed, &kinds).live(TOGETHER));
    }
    let answers: Vec<Answer> = lives.join_all().await.into_iter().flatten().collect();
    stop.cancel();
    workers.join_all().await;

    assert_storage_held(&answers);
    let did = |kind| answers.iter().any(|a| a.kind == kind && a.done);
    assert!(did(Kind::Book) && did(Kind::Move) && did(Kind::Cancel));
    assert_eq!(database.verify().await.unwrap(), []);
    world.finish().await;
    assert_eq!(database.verify().await.unwrap(), []);
    checks::all_is_well(&world, &known).await;
}

/// People may be refused, for many reasons; that the storage failed is none of them.
fn assert_storage_held(answers: &[Answer]) {
    for Answer { kind, done, text } in answers {
        assert!(*done || !text.contains("Storage("), "{kind:?}: {text}");
    }
}

/// Opens a fresh database.
async fn open(url: &str) -> SeaOrmStorage {
    let options = ConnectOptions {
        // Who waits in line here waits as long as it takes: a slow machine is no storage that failed.
        acquire_timeout: PATIENCE,
        lock_timeout: PATIENCE,
        // Nobody cuts the power.
        durability: Durability::ProcessEnd,
        // The lives have a time of their own.
        lease_clock: LeaseClock::Callers,
        ..ConnectOptions::default()
    };
    let storage = SeaOrmStorage::connect(url, &options).await.unwrap();
    storage.migrate().await.unwrap();
    storage
}

/// Hands a fresh SQLite database to a test.
async fn on_sqlite<T: Future<Output = ()>>(test: impl FnOnce(SeaOrmStorage) -> T) {
    let folder = tempfile::tempdir().unwrap();
    let storage = open(&format!("sqlite:{}/kalends.db", folder.path().display())).await;
    test(storage.clone()).await;
    storage.close().await.unwrap();
}

/// Hands a fresh PostgreSQL database to a test, or says that it was left out.
async fn on_postgres<T>(test: impl FnOnce(SeaOrmStorage) -> T + Send + 'static)
where
    T: Future<Output = ()> + Send + 'static,
{
    let with_storage = |url: String| async move {
        let storage = open(&url).await;
        test(storage.clone()).await;
        storage.close().await.unwrap();
    };
    if !test_support::with_postgres(with_storage).await {
        eprintln!("left out: {} has postgres", test_support::WITHOUT);
    }
}

/// Otherwise the tests below would say little.
#[tokio::test]
async fn lives_are_full() {
    let mut all = Record::default();
    for seed in SEEDS {
        let life = lead(Arc::new(MemoryStorage::new()), seed).await;
        all.done.extend(life.done);
        all.changes.extend(life.changes);
        all.told.extend(life.told);
    }
    // Time passes and mail servers stumble without an answer.
    let silent = [Kind::LetTimePass, Kind::MailStumbles];
    let kinds = PEOPLE.iter().chain(&SURROUNDINGS).map(|(kind, _)| *kind);
    let never: Vec<Kind> = kinds
        .filter(|kind| !silent.contains(kind) && !all.done.contains(kind))
        .collect();
    assert_eq!(never, [], "these commands never did anything");
    assert_eq!(all.changes.len(), 9, "{:?}", all.changes);
    let told = NotificationKind::ALL.map(NotificationKind::as_str);
    assert_eq!(all.told, BTreeSet::from(told));
}

#[tokio::test]
async fn a_life_on_sqlite_is_the_same_as_in_memory() {
    for seed in SEEDS {
        on_sqlite(|storage| assert_same_as_in_memory(storage, seed)).await;
    }
}

#[tokio::test]
async fn a_life_on_postgresql_is_the_same_as_in_memory() {
    for seed in SEEDS {
        on_postgres(move |storage| assert_same_as_in_memory(storage, seed)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_live_at_once_on_sqlite() {
    on_sqlite(|storage| crowd(storage, Time::Stands)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_live_at_once_on_postgresql() {
    on_postgres(|storage| crowd(storage, Time::Stands)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_live_at_once_while_time_passes_and_two_workers_work_on_sqlite() {
    on_sqlite(|storage| crowd(storage, Time::Passes)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_live_at_once_while_time_passes_and_two_workers_work_on_postgresql() {
    on_postgres(|storage| crowd(storage, Time::Passes)).await;
}
