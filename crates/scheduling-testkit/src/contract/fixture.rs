//! What every test of the contract begins with.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use scheduling_core::booking::Booking;
use scheduling_core::directory::{Person, Workspace};
use scheduling_core::event_type::{EventType, Hosting};
use scheduling_core::ids::{BookingId, UserId};
use scheduling_core::ports::{HostReservation, Partial, Storage, StorageError, UnitOfWork};
use scheduling_core::time::Interval;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::SequenceIds;
use crate::builders;

/// Longer than anything here takes, shorter than a person's patience: what waits this long waits forever.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// A workspace with three people and one event type of half an hour, which Ann hosts.
#[derive(Clone)]
pub(super) struct House {
    pub(super) storage: Arc<dyn Storage>,
    pub(super) ids: SequenceIds,
    pub(super) workspace: Workspace,
    pub(super) ann: Person,
    pub(super) bob: Person,
    pub(super) eve: Person,
    pub(super) event_type: EventType,
}

impl House {
    pub(super) async fn build(storage: Arc<dyn Storage>) -> Self {
        let ids = SequenceIds::new();
        let workspace = builders::workspace(&ids, "acme");
        let ann = builders::person(&ids, "Ann", Tz::Europe__Berlin);
        let bob = builders::person(&ids, "Bob", Tz::America__New_York);
        let eve = builders::person(&ids, "Eve", Tz::Australia__Lord_Howe);
        let hosting = Hosting::single(ann.id);
        let event_type = builders::event_type(&ids, workspace.id, "intro", 30, hosting);
        let mut work = storage.begin().await.unwrap();
        let directory = work.directory();
        directory.insert_workspace(&workspace).await.unwrap();
        for person in [&ann, &bob, &eve] {
            directory.insert_person(workspace.id, person).await.unwrap();
        }
        work.event_types().insert(&event_type).await.unwrap();
        work.commit().await.unwrap();
        Self {
            storage,
            ids,
            workspace,
            ann,
            bob,
            eve,
            event_type,
        }
    }

    pub(super) async fn begin(&self) -> Box<dyn UnitOfWork> {
        self.storage.begin().await.unwrap()
    }

    pub(super) async fn begin_read(&self) -> Box<dyn UnitOfWork> {
        self.storage.begin_read().await.unwrap()
    }

    /// A booking of the event type, not yet stored.
    pub(super) fn booking(&self, hosts: &[UserId], start: &str) -> Booking {
        builders::booking(&self.ids, &self.event_type, hosts, builders::instant(start))
    }

    /// Stores a booking in a transaction of its own.
    pub(super) async fn insert(&self, booking: &Booking) -> Result<(), StorageError> {
        let mut work = self.begin().await;
        work.bookings().insert(booking).await?;
        work.commit().await
    }

    /// Updates a booking in a transaction of its own.
    pub(super) async fn update(&self, booking: &Booking) -> Result<(), StorageError> {
        let mut work = self.begin().await;
        work.bookings().update(booking).await?;
        work.commit().await
    }

    pub(super) async fn stored(&self, id: BookingId) -> Option<Booking> {
        let mut work = self.begin_read().await;
        work.bookings().get(id).await.unwrap()
    }

    pub(super) async fn reservations(
        &self,
        hosts: &[UserId],
        within: Interval,
    ) -> Vec<HostReservation> {
        let mut work = self.begin_read().await;
        work.bookings().reservations(hosts, within).await.unwrap()
    }

    /// What takes a host's time at all.
    pub(super) async fn all_reservations(&self, host: UserId) -> Vec<HostReservation> {
        self.reservations(&[host], always()).await
    }
}

/// From the first instant there is to the last.
pub(super) fn always() -> Interval {
    Interval::new(DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC).unwrap()
}

/// Asserts that a task waits. One that does not would be through long before this gives up watching; one that does is
/// never found wanting, however slow the machine.
pub(super) async fn assert_waits<T>(task: &mut JoinHandle<T>) {
    let watched = timeout(Duration::from_millis(200), task).await;
    assert!(watched.is_err(), "the task went on without waiting");
}

/// Asserts that everything could be read.
#[track_caller]
pub(super) fn whole<T>(partial: Result<Partial<T>, StorageError>) -> T {
    let partial = partial.unwrap();
    assert!(
        partial.unreadable.is_empty(),
        "everything can be read, not {:?}",
        partial.unreadable
    );
    partial.found
}

/// Asserts that a change was refused as a conflict.
#[track_caller]
pub(super) fn assert_conflict<T: std::fmt::Debug>(result: Result<T, StorageError>) {
    assert!(
        matches!(result, Err(StorageError::Conflict)),
        "a conflict was expected, not {result:?}"
    );
}

/// Asserts that a change was refused, and not as a conflict.
#[track_caller]
pub(super) fn assert_refused<T: std::fmt::Debug>(result: Result<T, StorageError>) {
    assert!(
        matches!(result, Err(StorageError::Other(_))),
        "a refusal was expected, not {result:?}"
    );
}
