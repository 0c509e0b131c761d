//! A database in which every table has something.

use chrono::TimeDelta;
use chrono_tz::Tz;
use scheduling_core::assignment::{LedgerEntry, RotationLedger};
use scheduling_core::booking::{Change, Doer};
use scheduling_core::directory::Role;
use scheduling_core::effect::NotificationKind;
use scheduling_core::event_type::{Buffers, Capacity, Hosting};
use scheduling_core::ids::{EventTypeId, ImageId, SessionId};
use scheduling_core::notification::{Audience, MessageOverride, MessageWords};
use scheduling_core::ports::{AttemptOutcome, DeliveryAttempt, Image, Storage};
use scheduling_core::time_off::TimeOffScope;
use scheduling_persistence::{ConnectOptions, SeaOrmStorage};
use scheduling_testkit::SequenceIds;
use scheduling_testkit::builders::{self, instant, interval};
use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, Statement};

/// A connection for statements written by hand.
pub(crate) async fn raw(url: &str) -> DatabaseConnection {
    let mut options = sea_orm::ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    sea_orm::Database::connect(options).await.unwrap()
}

/// Executes statements written by hand.
pub(crate) async fn by_hand(url: &str, statements: &[&str]) {
    let raw = raw(url).await;
    for statement in statements {
        if let Err(refused) = raw.execute_unprepared(statement).await {
            panic!("{statement}: {refused}");
        }
    }
    raw.close().await.unwrap();
}

/// The first column of all rows, as text.
pub(crate) async fn texts(url: &str, query: &str) -> Vec<String> {
    let raw = raw(url).await;
    let statement = Statement::from_string(raw.get_database_backend(), query);
    let rows = raw.query_all_raw(statement).await.unwrap();
    raw.close().await.unwrap();
    rows.iter()
        .map(|row| row.try_get_by_index(0).unwrap())
        .collect()
}

pub(crate) async fn migrated(url: &str) -> SeaOrmStorage {
    let storage = SeaOrmStorage::connect(url, &ConnectOptions::default())
        .await
        .unwrap();
    storage.migrate().await.unwrap();
    storage
}

/// Fills a fresh database with a small firm and so many bookings, and holds that it is in order.
#[expect(
    clippy::too_many_lines,
    reason = "one of everything, which is read from its beginning to its end"
)]
pub(crate) async fn furnish(url: &str, bookings: i64) {
    let storage = migrated(url).await;
    let ids = SequenceIds::new();
    let workspace = builders::workspace(&ids, "acme");
    let ann = builders::person(&ids, "Ann", Tz::Europe__Berlin);
    let bob = builders::person(&ids, "Bob", Tz::UTC);
    let hours = |zone| builders::working_hours(zone, "09:00-17:00");
    let schedule = builders::default_schedule(&ids, workspace.id, ann.id, hours(Tz::UTC));
    let opening = builders::workspace_schedule(&ids, workspace.id, hours(Tz::Asia__Tokyo));
    let hosting = Hosting::round_robin(vec![ann.id, bob.id]).unwrap();
    let mut intro = builders::event_type(&ids, workspace.id, "intro", 30, hosting);
    intro.host_schedules.insert(ann.id, schedule.id);
    let mut class = intro.clone();
    class.id = EventTypeId::generate(&ids);
    class.slug = builders::parse("class");
    class.rules.capacity = Capacity::seats(5).unwrap();
    let since = instant("2026-01-01T00:00:00Z");
    let nine = instant("2026-11-24T09:00:00Z");

    let mut work = storage.begin().await.unwrap();
    let directory = work.directory();
    directory.insert_workspace(&workspace).await.unwrap();
    for person in [&ann, &bob] {
        directory.insert_person(workspace.id, person).await.unwrap();
        let joined = directory.insert_member(workspace.id, person.id, Role::Owner, since);
        joined.await.unwrap();
    }
    work.schedules().insert(&schedule).await.unwrap();
    work.schedules().insert(&opening).await.unwrap();
    work.event_types().insert(&intro).await.unwrap();
    work.event_types().insert(&class).await.unwrap();
    let link = builders::link(&ids, &intro, "spring");
    work.links().insert(&link).await.unwrap();
    for scope in [
        TimeOffScope::Workspace,
        TimeOffScope::Person(bob.id),
        TimeOffScope::EventType(class.id),
    ] {
        let off = builders::days_off(&ids, workspace.id, scope, "2026-12-24", "2026-12-26");
        work.time_off().insert(&off).await.unwrap();
    }
    for (event_type, body) in [(None, "Zoë 李 🙂\n\\'\"{{"), (Some(intro.id), "\\N \\. \t")] {
        let words = MessageOverride {
            workspace: workspace.id,
            event_type,
            kind: NotificationKind::Confirmed,
            audience: Audience::Host,
            words: MessageWords {
                subject: None,
                body: Some(builders::parse(body)),
            },
        };
        work.messages().set(&words).await.unwrap();
    }
    let image = Image {
        id: ImageId::generate(&ids),
        workspace: workspace.id,
        media_type: "image/png".to_owned(),
        bytes: (0..=255).cycle().take(70_000).collect(),
        created_at: since,
    };
    work.images().insert(&image).await.unwrap();
    let busy = builders::busy(&ids, ann.id, interval("2026-11-25T09:00:00Z", 60));
    work.busy().insert(&busy).await.unwrap();
    let entry = |host, credit, last_assigned| LedgerEntry {
        host,
        weight: 1,
        credit,
        last_assigned,
    };
    let ledger = RotationLedger {
        entries: vec![entry(ann.id, -1, Some(3)), entry(bob.id, 1, None)],
        next: 4,
    };
    work.rotation().store(intro.id, &ledger).await.unwrap();

    let at = interval("2026-11-26T15:00:00Z", 30);
    let session = SessionId::generate(&ids);
    let seat = work
        .sessions()
        .take_seat(session, &class, ann.id, at, Buffers::default());
    let mut seated = builders::hold(&ids, &class, &[ann.id], at.start());
    seated.hosts[0].session = Some(seat.await.unwrap());
    work.holds().insert(&seated).await.unwrap();
    let held = builders::hold(&ids, &intro, &[bob.id], at.start());
    work.holds().insert(&held).await.unwrap();

    for number in 0..bookings {
        let start = nine + TimeDelta::hours(number);
        let booking = builders::booking(&ids, &intro, &[bob.id], start + TimeDelta::days(30));
        work.bookings().insert(&booking).await.unwrap();
        let made = builders::history(&ids, booking.id, start, Doer::Invitee, Change::Confirmed);
        work.bookings().record(&made).await.unwrap();
        let mut effect = builders::effect(&ids, booking.id, bob.id, start);
        effect.workspace = Some(workspace.id);
        effect.dedupe_key = Some(format!("reminder/{number}"));
        work.outbox().enqueue(&[effect.clone()]).await.unwrap();
        if number == 0 {
            let attempt = DeliveryAttempt {
                transport: "smtp".to_owned(),
                outcome: AttemptOutcome::Refused("no such mailbox".to_owned()),
            };
            let attempts = [attempt];
            let log = work.outbox().log_attempts(effect.id, start, &attempts);
            log.await.unwrap();
        }
        let key = format!("key-{number}");
        let claim = work.idempotency().claim("acme", &key, &[7; 32], start);
        claim.await.unwrap();
        let stored = work.idempotency().store("acme", &key, booking.id.as_uuid());
        stored.await.unwrap();
    }
    work.commit().await.unwrap();

    let is_postgres = url.starts_with("postgres");
    let id = |id: sea_orm::prelude::Uuid| {
        if is_postgres {
            format!("'{id}'")
        } else {
            format!("x'{}'", id.simple())
        }
    };
    let bytes = |hex: &str| {
        if is_postgres {
            format!("'\\x{hex}'")
        } else {
            format!("x'{hex}'")
        }
    };
    let (ann, acme) = (id(ann.id.as_uuid()), id(workspace.id.as_uuid()));
    let hash = |number: u8| bytes(&format!("{number:02x}").repeat(32));
    let own = |number: u128| {
        id(sea_orm::prelude::Uuid::from_u128(
            0x7000_8000_0000_0000_0000 | number << 80,
        ))
    };
    let accounts = [
        format!("insert into passwords values ({ann}, '$argon2id$', 5)"),
        format!(
            "insert into password_links values ({ann}, {}, 5, {})",
            hash(1),
            i64::MAX
        ),
        format!(
            "insert into sign_ins values ({}, {ann}, {}, 5, 6, 7, null, '192.0.2.1')",
            own(1),
            hash(2)
        ),
        format!(
            "insert into api_tokens values ({}, {acme}, {ann}, 'Ours', 'kal_ab', {}, '[]', 5, null, null, {})",
            own(2),
            hash(3),
            i64::MIN
        ),
        format!(
            "insert into invitations values ({}, {acme}, 'new@example.org', 'member', {ann}, {}, 5, 6, null, null)",
            own(3),
            hash(4)
        ),
        format!("insert into attempts values ('sign_in', {}, 5, 3)", hash(5)),
        format!(
            "insert into audit values ({}, {acme}, 5, {ann}, null, 'test', 'nothing', '{{}}')",
            own(4)
        ),
        format!(
            "insert into audit values ({}, null, 5, null, null, 'test', 'nothing', '{{}}')",
            own(5)
        ),
        "update people set revision = 9000000000000000000 where name = 'Bob'".to_owned(),
        "update event_types set revision = 77".to_owned(),
    ];
    let accounts: Vec<&str> = accounts.iter().map(String::as_str).collect();
    by_hand(url, &accounts).await;
    assert_eq!(storage.verify().await.unwrap(), []);
    storage.close().await.unwrap();
}

/// All tables, each with how many rows it has.
pub(crate) async fn counts(url: &str) -> Vec<(String, i64)> {
    let raw = raw(url).await;
    let backend = raw.get_database_backend();
    let query = match backend {
        DbBackend::Postgres => {
            "select tablename::text from pg_tables where schemaname = current_schema() order by 1"
        }
        _ => {
            "select name from sqlite_schema where type = 'table' and name not like 'sqlite_%' order by 1"
        }
    };
    let mut counts = Vec::new();
    let tables = raw.query_all_raw(Statement::from_string(backend, query));
    for table in tables.await.unwrap() {
        let table: String = table.try_get_by_index(0).unwrap();
        let count = Statement::from_string(backend, format!("select count(*) from {table}"));
        let count = raw.query_one_raw(count).await.unwrap().unwrap();
        counts.push((table, count.try_get_by_index(0).unwrap()));
    }
    raw.close().await.unwrap();
    counts
}
