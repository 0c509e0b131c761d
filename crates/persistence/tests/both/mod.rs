//! What is tested on both databases beyond the contract: statements written by hand, damaged rows, migrations, races, long
//! lists, and transactions that the caller began.

#![expect(
    clippy::unwrap_used,
    reason = "these are tests: panicking is how they say no"
)]

mod damage;
mod lists;
mod migrating;
mod races;
mod slugs;
mod verifying;
mod watching;

pub(crate) use damage::*;
pub(crate) use lists::*;
pub(crate) use migrating::*;
pub(crate) use races::*;
pub(crate) use slugs::*;
pub(crate) use verifying::*;
pub(crate) use watching::*;

use chrono_tz::Tz;
use scheduling_core::booking::Booking;
use scheduling_core::directory::Role;
use scheduling_core::event_type::{Buffers, Capacity, EventType, Hosting};
use scheduling_core::ids::{SessionId, UserId, WorkspaceId};
use scheduling_core::ports::{Storage, StorageError, UnitOfWork};
use scheduling_persistence::{ConnectOptions, LeaseClock, SeaOrmStorage, SeaOrmUnitOfWork};
use scheduling_testkit::SequenceIds;
use scheduling_testkit::builders::{self, instant};
use sea_orm::prelude::Uuid;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, SqliteTransactionMode, Statement,
    TransactionOptions, TransactionTrait,
};

/// A database that is empty and this test's own.
pub(crate) struct Database {
    pub(crate) url: String,
}

/// A workspace in which Ann has one booking from nine to half past, on 24 November 2026.
pub(crate) struct House {
    pub(crate) storage: SeaOrmStorage,
    pub(crate) ids: SequenceIds,
    pub(crate) workspace: WorkspaceId,
    pub(crate) host: UserId,
    pub(crate) two_hosts: [UserId; 2],
    pub(crate) event_type: EventType,
    pub(crate) booking: Booking,
    pub(crate) starts_at: i64,
    pub(crate) ends_at: i64,
    backend: DbBackend,
}

impl Database {
    pub(crate) async fn connect(&self) -> SeaOrmStorage {
        // The tests have a time of their own.
        let options = ConnectOptions {
            lease_clock: LeaseClock::Callers,
            ..ConnectOptions::default()
        };
        SeaOrmStorage::connect(&self.url, &options).await.unwrap()
    }

    pub(crate) async fn migrated(&self) -> SeaOrmStorage {
        let storage = self.connect().await;
        storage.migrate().await.unwrap();
        storage
    }

    /// A connection for statements written by hand.
    pub(crate) async fn raw(&self) -> DatabaseConnection {
        let mut options = sea_orm::ConnectOptions::new(&self.url);
        options.max_connections(1).sqlx_logging(false);
        sea_orm::Database::connect(options).await.unwrap()
    }

    pub(crate) async fn with_a_booking(&self) -> (House, DatabaseConnection) {
        let storage = self.migrated().await;
        let ids = SequenceIds::new();
        let workspace = builders::workspace(&ids, "acme");
        let ann = builders::person(&ids, "Ann", Tz::Europe__Berlin);
        let bob = builders::person(&ids, "Bob", Tz::UTC);
        let hosting = Hosting::round_robin(vec![ann.id, bob.id]).unwrap();
        let event_type = builders::event_type(&ids, workspace.id, "intro", 30, hosting);
        let start = instant("2026-11-24T09:00:00Z");
        let booking = builders::booking(&ids, &event_type, &[ann.id], start);
        let schedule = builders::default_schedule(
            &ids,
            workspace.id,
            ann.id,
            builders::working_hours(Tz::UTC, "09:00-17:00"),
        );
        let busy = builders::busy(&ids, ann.id, booking.interval);
        let mut work = storage.begin().await.unwrap();
        let directory = work.directory();
        directory.insert_workspace(&workspace).await.unwrap();
        for person in [&ann, &bob] {
            directory.insert_person(workspace.id, person).await.unwrap();
            let since = instant("2026-01-01T00:00:00Z");
            let joined = directory.insert_member(workspace.id, person.id, Role::Member, since);
            joined.await.unwrap();
        }
        work.event_types().insert(&event_type).await.unwrap();
        work.schedules().insert(&schedule).await.unwrap();
        work.busy().insert(&busy).await.unwrap();
        work.bookings().insert(&booking).await.unwrap();
        work.commit().await.unwrap();
        let raw = self.raw().await;
        let house = House {
            storage,
            workspace: workspace.id,
            host: ann.id,
            two_hosts: [ann.id, bob.id],
            starts_at: start.timestamp_micros(),
            ends_at: booking.interval.end().timestamp_micros(),
            event_type,
            booking,
            backend: raw.get_database_backend(),
            ids,
        };
        (house, raw)
    }
}

impl House {
    /// An id as a person would write it in SQL.
    pub(crate) fn id_sql(&self, id: Uuid) -> String {
        match self.backend {
            DbBackend::Postgres => format!("'{id}'"),
            _ => format!("x'{}'", id.simple()),
        }
    }

    pub(crate) fn host_sql(&self) -> String {
        self.id_sql(self.host.as_uuid())
    }

    fn booking_sql(&self) -> String {
        self.id_sql(self.booking.id.as_uuid())
    }

    async fn read(&self) -> Box<dyn UnitOfWork> {
        self.storage.begin_read().await.unwrap()
    }
}

/// The first column of the first row, as text.
pub(crate) async fn text(raw: &DatabaseConnection, query: &str) -> String {
    let statement = Statement::from_string(raw.get_database_backend(), query);
    let row = raw.query_one_raw(statement).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}

async fn by_hand(raw: &DatabaseConnection, statement: &str) {
    if let Err(refused) = raw.execute_unprepared(statement).await {
        panic!("{statement}: {refused}");
    }
}

async fn must_be_refused(raw: &DatabaseConnection, statement: &str) {
    let refused = raw.execute_unprepared(statement).await;
    let Err(refused) = refused else {
        panic!("the database let this through: {statement}");
    };
    let said = refused.to_string();
    // Two claims of a host that start together meet the primary key first on PostgreSQL.
    let reasons = ["must not overlap", "claims_disjoint", "claims_pkey"];
    assert!(
        reasons.iter().any(|reason| said.contains(reason)),
        "{statement} was refused for another reason: {said}"
    );
}

pub(crate) async fn overlapping_claims_written_by_hand_are_refused(database: Database) {
    let (house, raw) = database.with_a_booking().await;
    let (host, booking) = (house.host_sql(), house.booking_sql());
    let bob = house.id_sql(house.two_hosts[1].as_uuid());
    let (start, end) = (house.starts_at, house.ends_at);
    let insert = |host: &str, from: i64, to: i64| {
        format!(
            "insert into claims (host_id, starts_at, ends_at, booking_id) values ({host}, {from}, {to}, {booking})"
        )
    };
    for (from, to) in [
        (start, end),
        (start, end + 1),
        (start - 1, start + 1),
        (end - 1, end + 1),
        (start + 1, end - 1),
        (start - 1, end + 1),
        (i64::MIN, i64::MAX),
    ] {
        must_be_refused(&raw, &insert(&host, from, to)).await;
    }
    // In one statement with a good one: neither.
    let both = format!(
        "{}, ({host}, {start}, {end}, {booking})",
        insert(&bob, start, end)
    );
    must_be_refused(&raw, &both).await;

    by_hand(&raw, &insert(&host, start - 10, start)).await;
    by_hand(&raw, &insert(&host, end, end + 10)).await;
    by_hand(&raw, &insert(&host, end + 20, end + 30)).await;
    by_hand(&raw, &insert(&bob, start, end)).await;
    for change in [
        format!(
            "update claims set ends_at = ends_at + 1 where host_id = {host} and starts_at = {start}"
        ),
        format!(
            "update claims set starts_at = starts_at - 1 where host_id = {host} and starts_at = {start}"
        ),
        format!("update claims set host_id = {host} where host_id = {bob}"),
        format!(
            "update claims set starts_at = {start}, ends_at = {end} where host_id = {host} and starts_at = {end}"
        ),
        format!(
            "update claims set ends_at = {start} + 1 where host_id = {host} and starts_at = {start} - 10"
        ),
    ] {
        must_be_refused(&raw, &change).await;
    }
    // Moves that stay clear, also of themselves.
    by_hand(&raw, &format!("update claims set starts_at = {end} + 11, ends_at = {end} + 19 where host_id = {host} and starts_at = {end} + 20")).await;
    by_hand(
        &raw,
        &format!(
            "update claims set ends_at = {end} + 11 where host_id = {host} and starts_at = {end}"
        ),
    )
    .await;
    by_hand(&raw, &format!("update claims set starts_at = {start} + 1 where host_id = {host} and starts_at = {start}")).await;

    for nonsense in [
        insert(&bob, end + 10, end + 10),
        insert(&bob, end + 10, end),
        format!(
            "insert into claims (host_id, starts_at, ends_at) values ({bob}, {end}, {end} + 1)"
        ),
    ] {
        assert!(
            raw.execute_unprepared(&nonsense).await.is_err(),
            "{nonsense}"
        );
    }
}

pub(crate) async fn a_session_cannot_be_overfilled_by_hand(database: Database) {
    let (house, raw) = database.with_a_booking().await;
    let mut class = house.event_type.clone();
    class.rules.capacity = Capacity::seats(2).unwrap();
    let later = builders::minutes_from(house.booking.interval.end(), 60);
    let mut work = house.storage.begin().await.unwrap();
    let id = SessionId::generate(&house.ids);
    work.sessions()
        .take_seat(id, &class, house.host, later, Buffers::default())
        .await
        .unwrap();
    work.commit().await.unwrap();
    for seats in ["3", "0", "-1"] {
        let overfill = format!("update sessions set seats_taken = {seats}");
        assert!(raw.execute_unprepared(&overfill).await.is_err(), "{seats}");
    }
    by_hand(&raw, "update sessions set seats_taken = 2").await;
}

pub(crate) async fn a_booking_joins_the_callers_transaction(database: Database) {
    let (house, raw) = database.with_a_booking().await;
    by_hand(
        &raw,
        "create table orders (id integer primary key, note text not null)",
    )
    .await;
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    let order = "insert into orders (id, note) values (1, 'a haircut')";
    let start = house.booking.interval.end();
    let booking = builders::booking(&house.ids, &house.event_type, &[house.host], start);

    let transaction = raw.begin_with_options(options).await.unwrap();
    transaction.execute_unprepared(order).await.unwrap();
    let mut work: Box<dyn UnitOfWork> = Box::new(SeaOrmUnitOfWork::from_transaction(transaction));
    work.bookings().insert(&booking).await.unwrap();
    drop(work);
    assert_eq!(
        text(&raw, "select cast(count(*) as text) from orders").await,
        "0"
    );
    assert_eq!(
        house.read().await.bookings().get(booking.id).await.unwrap(),
        None
    );

    let transaction = raw.begin_with_options(options).await.unwrap();
    let mut work = SeaOrmUnitOfWork::from_transaction(transaction);
    work.transaction().execute_unprepared(order).await.unwrap();
    work.bookings().insert(&booking).await.unwrap();
    work.into_transaction().commit().await.unwrap();
    assert_eq!(text(&raw, "select note from orders").await, "a haircut");
    let stored = house.read().await.bookings().get(booking.id).await.unwrap();
    assert_eq!(stored, Some(booking));
}

pub(crate) async fn a_pool_that_is_used_up_is_unavailable(database: Database) {
    let options = ConnectOptions {
        writers: 1,
        readers: 1,
        acquire_timeout: std::time::Duration::from_millis(100),
        ..ConnectOptions::default()
    };
    let storage = SeaOrmStorage::connect(&database.url, &options)
        .await
        .unwrap();
    storage.migrate().await.unwrap();
    let writer = storage.begin().await.unwrap();
    let refused = storage.begin().await.err();
    assert!(
        matches!(refused, Some(StorageError::Unavailable(_))),
        "{refused:?}"
    );
    let reader = storage.begin_read().await.unwrap();
    let refused = storage.begin_read().await.err();
    assert!(
        matches!(refused, Some(StorageError::Unavailable(_))),
        "{refused:?}"
    );
    drop((writer, reader));
    storage.begin().await.unwrap().commit().await.unwrap();
    storage.begin_read().await.unwrap().commit().await.unwrap();
}

/// Makes a test of each function here. The argument names an async function that hands a fresh database to a test.
macro_rules! tests {
    ($with_database:ident) => {
        $crate::both::tests! { @each $with_database
            overlapping_claims_written_by_hand_are_refused
            a_session_cannot_be_overfilled_by_hand
            damaged_rows_say_where_they_stand
            what_a_damaged_row_is_listed_with_stays
            damaged_parts_say_where_they_stand
            damaged_rows_leave_the_rest_of_a_list_alone
            an_effect_that_does_not_parse_is_leased_as_unreadable
            migrating_is_done_once_by_however_many
            what_a_later_release_added_is_left_and_lived_with
            a_schema_that_was_made_for_later_programs_is_left_alone
            a_migration_says_what_programs_must_know
            a_database_of_the_first_schema_is_carried_over
            two_people_with_one_address_are_not_carried_over
            a_booking_joins_the_callers_transaction
            a_pool_that_is_used_up_is_unavailable
            verifying_names_every_violation
            verifying_finds_a_double_booking
            verifying_looks_at_holds_and_slugs
            verifying_names_what_cannot_be_read
            many_reservations_are_one_query
            many_bookings_are_paged_by_an_index
            a_page_goes_on_behind_damaged_rows
            a_search_takes_any_text_as_it_is
            of_many_who_hold_a_slot_one_has_it
            holding_and_booking_exclude_each_other
            a_link_is_used_no_more_than_it_may_be
            seats_of_holds_are_given_back_once
            a_slug_is_taken_once_by_hand_too
            of_an_event_type_and_a_link_that_take_a_slug_at_once_one_has_it
            the_outbox_is_told_in_figures
            connections_are_told_in_figures
            a_database_says_what_it_is
        }
    };
    (@each $with_database:ident $($test:ident)+) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                $with_database(both::$test).await;
            }
        )+
    };
}
pub(crate) use tests;
