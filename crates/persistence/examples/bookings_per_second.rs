//! How many bookings a second the storage takes, through units of work as the use cases open them.
//!
//! ```text
//! cargo run --release -p scheduling-persistence --features test-support --example bookings_per_second
//! ```
//!
//! SQLite runs in a temporary folder; PostgreSQL where `KALENDS_TEST_POSTGRES` names a server.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement: it prints, and stops at what is unexpected"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use chrono_tz::Tz;
use scheduling_core::event_type::{EventType, Hosting};
use scheduling_core::ids::{BookingId, UserId};
use scheduling_core::ports::{IdempotencyClaim, Storage};
use scheduling_persistence::{ConnectOptions, Durability, SeaOrmStorage, test_support};
use scheduling_testkit::SequenceIds;
use scheduling_testkit::builders::{self, instant};
use tokio::task::JoinSet;

const HOSTS: usize = 20;
const WRITERS: usize = 16;
const BOOKINGS_EACH: usize = 100;

#[tokio::main]
async fn main() {
    for durability in [Durability::PowerCut, Durability::ProcessEnd] {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("bookings.db").display());
        measure(&format!("SQLite, {durability:?}"), &url, durability).await;
    }
    let postgres = test_support::with_postgres(|url| async move {
        measure("PostgreSQL", &url, Durability::default()).await;
    });
    if !postgres.await {
        println!("PostgreSQL: left out");
    }
}

async fn measure(name: &str, url: &str, durability: Durability) {
    let options = ConnectOptions {
        durability,
        acquire_timeout: Duration::from_mins(1),
        ..ConnectOptions::default()
    };
    let storage = SeaOrmStorage::connect(url, &options).await.unwrap();
    storage.migrate().await.unwrap();
    let ids = SequenceIds::new();
    let (event_type, hosts) = furnish(&storage, &ids).await;

    let started = Instant::now();
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let (storage, ids, event_type) = (storage.clone(), ids.clone(), event_type.clone());
        let host = hosts[writer % HOSTS];
        writers.spawn(async move {
            for place in 0..BOOKINGS_EACH {
                book(&storage, &ids, &event_type, host, place).await;
            }
        });
    }
    writers.join_all().await;
    let bookings = WRITERS * BOOKINGS_EACH;
    let each = started.elapsed() / u32::try_from(bookings).unwrap();
    println!("{name}: {bookings} bookings by {WRITERS} writers, {each:?} each");

    let storage: Arc<dyn Storage> = Arc::new(storage);
    let month = builders::interval("2027-01-01T00:00:00Z", 31 * 24 * 60);
    let started = Instant::now();
    let mut found = 0;
    for _ in 0..50 {
        let mut work = storage.begin_read().await.unwrap();
        found = work
            .bookings()
            .reservations(&hosts, month)
            .await
            .unwrap()
            .len();
    }
    println!(
        "{name}: {found} reservations of {HOSTS} hosts read in {:?}",
        started.elapsed() / 50
    );
}

async fn furnish(storage: &SeaOrmStorage, ids: &SequenceIds) -> (EventType, Vec<UserId>) {
    let workspace = builders::workspace(ids, "acme");
    let mut work = storage.begin().await.unwrap();
    work.directory().insert_workspace(&workspace).await.unwrap();
    let mut hosts = Vec::new();
    for place in 0..HOSTS {
        let host = builders::person(ids, &format!("Host {place}"), Tz::UTC);
        let directory = work.directory();
        directory.insert_person(workspace.id, &host).await.unwrap();
        hosts.push(host.id);
    }
    let hosting = Hosting::round_robin(hosts.clone()).unwrap();
    let event_type = builders::event_type(ids, workspace.id, "intro", 30, hosting);
    work.event_types().insert(&event_type).await.unwrap();
    work.commit().await.unwrap();
    (event_type, hosts)
}

/// What booking asks of the storage: the key, the event type, the lock, what is taken, the booking and two mails.
async fn book(
    storage: &SeaOrmStorage,
    ids: &SequenceIds,
    event_type: &EventType,
    host: UserId,
    place: usize,
) {
    let hours = TimeDelta::hours(i64::try_from(place).unwrap());
    let start = instant("2027-01-01T00:00:00Z") + hours;
    let booking = builders::booking(ids, event_type, &[host], start);
    let key = BookingId::generate(ids).to_string();
    let now = booking.created_at;
    let mut work = storage.begin().await.unwrap();
    let claim = work.idempotency().claim("acme", &key, &[0; 32], now).await;
    assert_eq!(claim.unwrap(), IdempotencyClaim::Fresh);
    work.event_types().get(event_type.id).await.unwrap();
    work.lock_hosts(&[host]).await.unwrap();
    let day = builders::minutes_from(start - TimeDelta::hours(12), 24 * 60);
    work.bookings().reservations(&[host], day).await.unwrap();
    work.busy().overlapping(&[host], day).await.unwrap();
    work.bookings().insert(&booking).await.unwrap();
    let mails = [
        builders::effect(ids, booking.id, host, now),
        builders::effect(ids, booking.id, host, now),
    ];
    work.outbox().enqueue(&mails).await.unwrap();
    work.idempotency()
        .store("acme", &key, booking.id.as_uuid())
        .await
        .unwrap();
    work.commit().await.unwrap();
}
