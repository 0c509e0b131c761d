//! What is tested on both databases beyond the contract: statements written by hand, damaged rows, migrations, and
//! transactions that the caller began.

#![expect(
    clippy::unwrap_used,
    reason = "these are tests: panicking is how they say no"
)]

use std::sync::Arc;

use chrono::TimeDelta;
use chrono_tz::Tz;
use scheduling_core::assignment::{LedgerEntry, RotationLedger};
use scheduling_core::booking::Booking;
use scheduling_core::event_type::{Buffers, Capacity, EventType, Hosting};
use scheduling_core::ids::{SessionId, UserId, WorkspaceId};
use scheduling_core::ports::{Storage, StorageError, UnitOfWork};
use scheduling_core::time::Minutes;
use scheduling_persistence::{ConnectOptions, SeaOrmStorage, SeaOrmUnitOfWork, Violation};
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
        SeaOrmStorage::connect(&self.url, &ConnectOptions::default())
            .await
            .unwrap()
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
            ann.id,
            builders::working_hours(Tz::UTC, "09:00-17:00"),
        );
        let busy = builders::busy(&ids, ann.id, booking.interval);
        let mut work = storage.begin().await.unwrap();
        let directory = work.directory();
        directory.insert_workspace(&workspace).await.unwrap();
        for person in [&ann, &bob] {
            directory.insert_person(workspace.id, person).await.unwrap();
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

/// Asserts that reading fails and names the place.
fn assert_corrupt<T: std::fmt::Debug>(
    result: Result<T, StorageError>,
    (table, column, row): (&str, &str, Uuid),
) {
    let Err(StorageError::Corrupt {
        table: found_table,
        column: found_column,
        row: found_row,
        ..
    }) = result
    else {
        panic!("{table}.{column} should not be readable: {result:?}");
    };
    assert_eq!((found_table, found_column), (table, column));
    assert_eq!(found_row, row.to_string());
}

pub(crate) async fn damaged_rows_say_where_they_stand(database: Database) {
    let (house, raw) = database.with_a_booking().await;
    let (host, booking) = (house.host.as_uuid(), house.booking.id.as_uuid());
    let event_type = house.event_type.id.as_uuid();
    let damages = [
        ("workspaces", "slug", house.workspace.as_uuid(), "'No Slug'"),
        ("people", "timezone", host, "'Mars/Olympus_Mons'"),
        ("people", "email", host, "'nobody'"),
        ("people", "name", host, "''"),
        ("event_types", "rules", event_type, "'{\"duration\":0}'"),
        (
            "event_types",
            "required",
            event_type,
            "'[{\"at_least\":3}]'",
        ),
        ("event_types", "assignment", event_type, "'dice'"),
        ("event_types", "status", event_type, "'ACTIVE'"),
        ("event_types", "location", event_type, "'null'"),
        ("event_types", "position", event_type, "-1"),
        ("bookings", "state", booking, "'{\"state\":\"confirmed\"}'"),
        ("bookings", "status", booking, "'pending'"),
        ("bookings", "version", booking, "4294967296"),
        ("bookings", "sequence", booking, "-1"),
        ("bookings", "created_at", booking, "9223372036854775807"),
        ("bookings", "rotation", booking, "'{'"),
        ("bookings", "note", booking, "' '"),
    ];
    for (table, column, id, value) in damages {
        let row = house.id_sql(id);
        let keep = format!("create table kept as select * from {table}");
        by_hand(&raw, &keep).await;
        by_hand(
            &raw,
            &format!("update {table} set {column} = {value} where id = {row}"),
        )
        .await;
        let place = (table, column, id);
        let mut work = house.read().await;
        match table {
            "workspaces" => {
                assert_corrupt(work.directory().workspace(house.workspace).await, place);
            }
            "people" => {
                let people = work.directory().people(&[house.host]).await;
                assert_corrupt(people, place);
            }
            "event_types" => {
                let found = work.event_types().get(house.event_type.id).await;
                assert_corrupt(found, place);
            }
            _ => assert_corrupt(work.bookings().get(house.booking.id).await, place),
        }
        drop(work);
        by_hand(&raw, &format!("update {table} set {column} = (select {column} from kept where id = {row}) where id = {row}")).await;
        by_hand(&raw, "drop table kept").await;
    }
}

pub(crate) async fn damaged_parts_say_where_they_stand(database: Database) {
    let (house, raw) = database.with_a_booking().await;
    by_hand(&raw, "update attendees set rsvp = 'maybe'").await;
    let attendee = house.booking.attendees[0].id.as_uuid();
    let found = house.read().await.bookings().get(house.booking.id).await;
    assert_corrupt(found, ("attendees", "rsvp", attendee));

    by_hand(&raw, "update schedules set availability = '{}'").await;
    let found = house.read().await.schedules().defaults(&[house.host]).await;
    assert!(
        matches!(
            found,
            Err(StorageError::Corrupt {
                table: "schedules",
                column: "availability",
                ..
            })
        ),
        "{found:?}"
    );

    by_hand(&raw, "update busy set source = 'rumour'").await;
    let found = house
        .read()
        .await
        .busy()
        .overlapping(&[house.host], house.booking.interval)
        .await;
    assert!(
        matches!(
            found,
            Err(StorageError::Corrupt {
                table: "busy",
                column: "source",
                ..
            })
        ),
        "{found:?}"
    );

    by_hand(&raw, "update event_type_hosts set group_number = 9").await;
    let found = house
        .read()
        .await
        .event_types()
        .get(house.event_type.id)
        .await;
    assert!(
        matches!(
            found,
            Err(StorageError::Corrupt {
                table: "event_type_hosts",
                column: "group_number",
                ..
            })
        ),
        "{found:?}"
    );
}

pub(crate) async fn an_effect_that_does_not_parse_is_leased_as_unreadable(database: Database) {
    let (house, raw) = database.with_a_booking().await;
    let now = house.booking.created_at;
    let planned = builders::effect(&house.ids, house.booking.id, house.host, now);
    let mut work = house.storage.begin().await.unwrap();
    work.outbox()
        .enqueue(std::slice::from_ref(&planned))
        .await
        .unwrap();
    work.commit().await.unwrap();
    by_hand(
        &raw,
        "update outbox set kind = 'telegram', payload = '{\"effect\":\"telegram\"}'",
    )
    .await;
    let mut work = house.storage.begin().await.unwrap();
    let taken = work
        .outbox()
        .lease(now, now + TimeDelta::minutes(1), 5)
        .await
        .unwrap();
    let unreadable = taken[0].effect.as_ref().unwrap_err();
    assert!(unreadable.reason.contains("telegram"), "{unreadable}");
    work.outbox()
        .fail(planned.id, now, "unreadable")
        .await
        .unwrap();
    let failures = work.outbox().failures(5).await.unwrap();
    assert_eq!(failures[0].kind, "telegram");
    work.commit().await.unwrap();
}

pub(crate) async fn migrating_is_done_once_by_however_many(database: Database) {
    let storage = database.connect().await;
    let pending = storage.pending_migrations().await.unwrap();
    assert_eq!(pending, ["m20261120_120000_create_scheduling"]);
    let mut nodes = Vec::new();
    for _ in 0..4 {
        let node = database.connect().await;
        nodes.push(tokio::spawn(async move { node.migrate().await }));
    }
    for node in nodes {
        node.await.unwrap().unwrap();
    }
    assert_eq!(
        storage.pending_migrations().await.unwrap(),
        Vec::<String>::new()
    );
    storage.migrate().await.unwrap();
    assert_eq!(storage.verify().await.unwrap(), []);

    // A database that a later release migrated is left alone.
    let raw = database.raw().await;
    by_hand(
        &raw,
        "insert into seaql_migrations (version, applied_at) values ('m20990101_000000_later', 0)",
    )
    .await;
    storage.migrate().await.unwrap_err();
    storage.pending_migrations().await.unwrap_err();
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

pub(crate) async fn verifying_names_every_violation(database: Database) {
    let (house, raw) = database.with_a_booking().await;
    let [ann, bob] = house.two_hosts;
    let mut class = house.event_type.clone();
    class.id = scheduling_core::ids::EventTypeId::generate(&house.ids);
    class.slug = builders::parse("class");
    class.rules.capacity = Capacity::seats(3).unwrap();
    class.rules.buffers = Buffers {
        before: Minutes(10),
        after: Minutes(10),
    };
    let evening = builders::interval("2026-11-24T18:00:00Z", 30);
    let mut seated = builders::booking(&house.ids, &class, &[ann], evening.start());
    let mut work = house.storage.begin().await.unwrap();
    work.event_types().insert(&class).await.unwrap();
    let session = work
        .sessions()
        .take_seat(
            SessionId::generate(&house.ids),
            &class,
            ann,
            evening,
            class.rules.buffers,
        )
        .await
        .unwrap();
    seated.hosts[0].session = Some(session);
    work.bookings().insert(&seated).await.unwrap();
    let ledger = even_ledger(ann, bob);
    work.rotation().store(class.id, &ledger).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(house.storage.verify().await.unwrap(), []);

    // Each damage alone, said in words, and mended again.
    let (a, s) = (house.booking.id, session);
    let booking = house.booking_sql();
    let session_sql = house.id_sql(session.as_uuid());
    let damages = [
        (
            format!("delete from claims where booking_id = {booking}"),
            format!(
                "booking {a} takes 2026-11-24T09:00:00Z/2026-11-24T09:30:00Z of host {ann} and has no claim on it"
            ),
        ),
        (
            format!("update bookings set status = 'cancelled' where id = {booking}"),
            format!(
                "a claim of booking {a} holds 2026-11-24T09:00:00Z/2026-11-24T09:30:00Z of host {ann}, which it does not take"
            ),
        ),
        (
            "update sessions set seats_taken = 2".to_owned(),
            format!("session {s} counts 2 seats and its bookings take 1"),
        ),
        (
            format!("delete from claims where session_id = {session_sql}"),
            format!(
                "session {s} takes 2026-11-24T17:50:00Z/2026-11-24T18:40:00Z of host {ann} and has no claim on it"
            ),
        ),
        (
            "update rotation_entries set credit = credit + 1 where credit > 0".to_owned(),
            format!(
                "the rotation credits of event type {} sum to 1 instead of 0",
                class.id
            ),
        ),
    ];
    for (damage, expected) in damages {
        let transaction = raw.begin().await.unwrap();
        transaction.execute_unprepared(&damage).await.unwrap();
        transaction.commit().await.unwrap();
        let said: Vec<String> = said(&house).await;
        assert_eq!(said, [expected], "after {damage}");
        mend(&house, &raw, &ledger, &class).await;
        assert_eq!(
            house.storage.verify().await.unwrap(),
            [],
            "mended after {damage}"
        );
    }

    by_hand(&raw, "delete from claims where session_id is not null").await;
    by_hand(&raw, "delete from sessions").await;
    let gone = format!(
        "booking {} has a seat in session {s}, which does not exist",
        seated.id
    );
    assert_eq!(said(&house).await, [gone]);
    by_hand(
        &raw,
        &format!(
            "delete from bookings where id = {}",
            house.id_sql(seated.id.as_uuid())
        ),
    )
    .await;
}

pub(crate) async fn verifying_finds_a_double_booking(database: Database) {
    let (house, raw) = database.with_a_booking().await;
    let (ann, first) = (house.host, house.booking.id);
    // A double booking, which needs the database's own guard out of the way.
    for guard in match house.backend {
        DbBackend::Postgres => vec!["alter table claims drop constraint claims_disjoint"],
        _ => vec![
            "drop trigger claims_disjoint_insert",
            "drop trigger claims_disjoint_update",
        ],
    } {
        by_hand(&raw, guard).await;
    }
    let start = house.booking.interval.start() + TimeDelta::minutes(10);
    let second = builders::booking(&house.ids, &house.event_type, &[ann], start);
    let mut work = house.storage.begin().await.unwrap();
    work.bookings().insert(&second).await.unwrap();
    work.commit().await.unwrap();
    let found = house.storage.verify().await.unwrap();
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(matches!(found[0], Violation::DoubleBooked { host, .. } if host == ann));
    assert!(matches!(found[1], Violation::ClaimsOverlap { host, .. } if host == ann));
    assert_eq!(
        found[0].to_string(),
        format!(
            "host {ann} is booked twice: booking {first} takes 2026-11-24T09:00:00Z/2026-11-24T09:30:00Z, \
             booking {} takes 2026-11-24T09:10:00Z/2026-11-24T09:40:00Z",
            second.id
        )
    );
}

fn even_ledger(ann: UserId, bob: UserId) -> RotationLedger<UserId> {
    let entry = |host, credit| LedgerEntry {
        host,
        weight: 100,
        credit,
        last_assigned: None,
    };
    RotationLedger {
        entries: vec![entry(ann, 100), entry(bob, -100)],
        next: 1,
    }
}

async fn said(house: &House) -> Vec<String> {
    let violations = house.storage.verify().await.unwrap();
    violations.iter().map(ToString::to_string).collect()
}

/// Puts back what the damages took.
async fn mend(
    house: &House,
    raw: &DatabaseConnection,
    ledger: &RotationLedger<UserId>,
    class: &EventType,
) {
    let (host, booking) = (house.host_sql(), house.booking_sql());
    let (start, end) = (house.starts_at, house.ends_at);
    by_hand(
        raw,
        &format!("update bookings set status = 'confirmed' where id = {booking}"),
    )
    .await;
    by_hand(raw, "update sessions set seats_taken = 1").await;
    by_hand(raw, "delete from claims").await;
    by_hand(raw, &format!("insert into claims (host_id, starts_at, ends_at, booking_id) values ({host}, {start}, {end}, {booking})")).await;
    by_hand(
        raw,
        "insert into claims (host_id, starts_at, ends_at, session_id)
        select host_id, starts_at - buffer_before * 60000000, ends_at + buffer_after * 60000000, id from sessions",
    )
    .await;
    let mut work = house.storage.begin().await.unwrap();
    work.rotation().store(class.id, ledger).await.unwrap();
    work.commit().await.unwrap();
}

/// Reading many reservations takes one statement, so that it is quick: twenty hosts with a hundred bookings each.
pub(crate) async fn many_reservations_are_one_query(database: Database) {
    const HOSTS: usize = 20;
    const BOOKINGS: i32 = 100;
    let storage = Arc::new(database.migrated().await);
    let ids = SequenceIds::new();
    let workspace = builders::workspace(&ids, "acme");
    let mut work = storage.begin().await.unwrap();
    work.directory().insert_workspace(&workspace).await.unwrap();
    let mut hosts = Vec::new();
    for place in 0..HOSTS {
        let host = builders::person(&ids, &format!("Host {place}"), Tz::UTC);
        work.directory()
            .insert_person(workspace.id, &host)
            .await
            .unwrap();
        hosts.push(host.id);
    }
    let hosting = Hosting::round_robin(hosts.clone()).unwrap();
    let event_type = builders::event_type(&ids, workspace.id, "intro", 30, hosting);
    work.event_types().insert(&event_type).await.unwrap();
    let first = instant("2026-11-24T00:00:00Z");
    for host in &hosts {
        for place in 0..BOOKINGS {
            let start = first + TimeDelta::hours(1) * place;
            let booking = builders::booking(&ids, &event_type, &[*host], start);
            work.bookings().insert(&booking).await.unwrap();
        }
    }
    work.commit().await.unwrap();
    let month = builders::minutes_from(first, 31 * 24 * 60);
    let mut work = storage.begin_read().await.unwrap();
    let found = work.bookings().reservations(&hosts, month).await.unwrap();
    assert_eq!(found.len(), HOSTS * usize::try_from(BOOKINGS).unwrap());
    let started = std::time::Instant::now();
    for _ in 0..10 {
        work.bookings().reservations(&hosts, month).await.unwrap();
    }
    // A query for each host or booking takes hundreds of times as long; this bound holds on a slow machine too.
    let each = started.elapsed() / 10;
    eprintln!("{} reservations in {each:?}", found.len());
    assert!(each.as_millis() < 500, "{each:?}");
}

/// Makes a test of each function here. The argument names an async function that hands a fresh database to a test.
macro_rules! tests {
    ($with_database:ident) => {
        $crate::both::tests! { @each $with_database
            overlapping_claims_written_by_hand_are_refused
            a_session_cannot_be_overfilled_by_hand
            damaged_rows_say_where_they_stand
            damaged_parts_say_where_they_stand
            an_effect_that_does_not_parse_is_leased_as_unreadable
            migrating_is_done_once_by_however_many
            a_booking_joins_the_callers_transaction
            a_pool_that_is_used_up_is_unavailable
            verifying_names_every_violation
            verifying_finds_a_double_booking
            many_reservations_are_one_query
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
