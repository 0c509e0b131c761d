//! Bringing a database up to date.

use chrono::DateTime;
use scheduling_core::booking::{BookingState, ManageSecret, Party};
use scheduling_core::directory::Role;
use scheduling_core::effect::{Effect, NotificationKind, Recipient};
use scheduling_core::event_type::{EventHours, Location, MeetingPlace, Reminders};
use scheduling_core::ids::{
    BookingId, EventTypeId, OutboxId, ScheduleId, SessionId, UserId, WorkspaceId,
};
use scheduling_core::ports::{BookingFilter, BookingPage, Direction, IdempotencyClaim, Storage};
use scheduling_core::schedule::ScheduleOwner;
use scheduling_migration::{Migrator, MigratorTrait};
use scheduling_persistence::Schema;
use scheduling_testkit::builders::{self, instant};
use sea_orm::prelude::Uuid;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend};

use super::{Database, by_hand, text};

pub(crate) async fn migrating_is_done_once_by_however_many(database: Database) {
    let storage = database.connect().await;
    let pending = storage.pending_migrations().await.unwrap();
    let all = Migrator::migrations();
    let names: Vec<&str> = all.iter().map(|migration| migration.name()).collect();
    assert_eq!(pending, names);
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

    assert_eq!(storage.schema().await.unwrap(), Schema::UpToDate);
}

/// Everything that says what a database's schema is.
async fn schema_of(raw: &DatabaseConnection) -> String {
    let query = match raw.get_database_backend() {
        DbBackend::Postgres => {
            "select (select string_agg(version, ' ' order by version) from seaql_migrations) || ' ' ||
                (select string_agg(table_name || '.' || column_name, ' ' order by table_name, column_name)
                from information_schema.columns where table_schema = 'public')"
        }
        _ => {
            "select (select group_concat(version, ' ') from (select version from seaql_migrations order by version)) || ' ' ||
                (select group_concat(sql, ' ') from (select sql from sqlite_master order by name))"
        }
    };
    text(raw, query).await
}

pub(crate) async fn what_a_later_release_added_is_left_and_lived_with(database: Database) {
    let storage = database.migrated().await;
    let raw = database.raw().await;
    let later = "m20990101_000000_later".to_owned();
    by_hand(
        &raw,
        &format!("insert into seaql_migrations (version, applied_at) values ('{later}', 0)"),
    )
    .await;
    by_hand(&raw, "alter table people add column pronouns text").await;
    let before = schema_of(&raw).await;
    assert_eq!(
        storage.schema().await.unwrap(),
        Schema::Ahead(vec![later.clone()])
    );
    assert_eq!(
        storage.pending_migrations().await.unwrap(),
        Vec::<String>::new()
    );
    storage.migrate().await.unwrap();
    assert_eq!(schema_of(&raw).await, before);
    assert!(before.contains(&later), "{before}");
}

pub(crate) async fn a_schema_that_was_made_for_later_programs_is_left_alone(database: Database) {
    let storage = database.migrated().await;
    let raw = database.raw().await;
    for statement in [
        "insert into seaql_migrations (version, applied_at) values ('m20990101_000000_later', 0)",
        "update schema_compatibility set oldest = 'm20990101_000000_later'",
    ] {
        by_hand(&raw, statement).await;
    }
    let before = schema_of(&raw).await;
    let Schema::Foreign(reason) = storage.schema().await.unwrap() else {
        panic!("it cannot be worked with");
    };
    assert_eq!(
        reason.to_string(),
        "the schema was made for later programs: they must know the migration m20990101_000000_later, and this one does not"
    );
    let refused = storage.migrate().await.unwrap_err();
    let cause = std::error::Error::source(&refused).unwrap().to_string();
    assert!(cause.contains("m20990101_000000_later"), "{cause}");
    storage.pending_migrations().await.unwrap_err();
    assert_eq!(schema_of(&raw).await, before);

    // Nor is one that says nothing of it, which no release makes.
    by_hand(&raw, "delete from schema_compatibility").await;
    storage.migrate().await.unwrap_err();
    // Nor one of another line, whatever it says.
    let own = Migrator::migrations();
    let (first, last) = (own[0].name(), own[own.len() - 1].name());
    by_hand(
        &raw,
        &format!("insert into schema_compatibility (id, oldest) values (1, '{first}')"),
    )
    .await;
    storage.migrate().await.unwrap();
    by_hand(
        &raw,
        &format!("delete from seaql_migrations where version = '{last}'"),
    )
    .await;
    let before = schema_of(&raw).await;
    storage.migrate().await.unwrap_err();
    assert_eq!(schema_of(&raw).await, before);
}

pub(crate) async fn a_migration_says_what_programs_must_know(database: Database) {
    let storage = database.migrated().await;
    let raw = database.raw().await;
    scheduling_migration::require(&raw, "m20990101_000000_later")
        .await
        .unwrap();
    assert!(matches!(
        storage.schema().await.unwrap(),
        Schema::Foreign(_)
    ));
    let known = Migrator::migrations()[1].name().to_owned();
    scheduling_migration::require(&raw, &known).await.unwrap();
    assert_eq!(storage.schema().await.unwrap(), Schema::UpToDate);
    by_hand(&raw, "delete from schema_compatibility").await;
    scheduling_migration::require(&raw, &known)
        .await
        .unwrap_err();
}

/// A number as an id: the numbers in [`FIRST`] are written as `#07`.
fn id(number: u8) -> Uuid {
    Uuid::from_u128(number.into())
}

/// What the first release could have stored: two workspaces; an event type with hours of its own and one with seats; a
/// booking that is confirmed, one that was cancelled and one with a seat; mails, of which one cannot be read.
const FIRST: &str = r#"
insert into workspaces values (#01, 'acme', 'Acme', 'We meet'), (#02, 'beta', 'Beta', null);
insert into people (id, workspace_id, name, email, timezone) values
    (#12, #01, 'Bob', 'bob@example.org', 'UTC'),
    (#11, #01, 'Ann', 'Ann@example.org', 'Europe/Berlin'),
    (#13, #02, 'Eve', 'eve@example.org', 'UTC');
insert into schedules values
    (#21, #11, 'Working hours', true, '{"timezone":"Europe/Berlin","weekly_hours":{"monday":[{"start":"09:00","end":"17:00"}],"tuesday":[],"wednesday":[],"thursday":[],"friday":[],"saturday":[],"sunday":[]},"overrides":[]}'),
    (#22, #13, 'Nights', false, '{"timezone":"UTC","weekly_hours":{},"overrides":[]}');
insert into event_types values
    (#31, #01, 'intro', 'Intro', 'A first talk', 'Talks', 1,
        '{"timezone":"UTC","duration":30,"slot_interval":15,"buffers":{"before":5,"after":0},"minimum_notice":60,"booking_window":{"kind":"rolling_days","days":30},"limits":{"per_day":4,"per_week":null,"per_month":null},"capacity":1}',
        '{"timezone":"UTC","weekly_hours":{"friday":[{"start":"10:00","end":"12:00"}]},"overrides":[]}',
        'round_robin', '[{"at_least":1}]', '{"kind":"link","url":"https://meet.example.org/a?b=1"}', 'active'),
    (#32, #01, 'class', 'Class', null, null, 2,
        '{"timezone":"UTC","duration":60,"slot_interval":60,"buffers":{"before":0,"after":0},"minimum_notice":0,"booking_window":{"kind":"open"},"limits":{"per_day":null,"per_week":null,"per_month":null},"capacity":5}',
        null, 'single', '["all"]', '{"kind":"custom","text":"Line one\nline \"two\""}', 'hidden'),
    (#33, #02, 'intro', 'Intro', null, null, 0,
        '{"timezone":"UTC","duration":30,"slot_interval":30,"buffers":{"before":0,"after":0},"minimum_notice":0,"booking_window":{"kind":"open"},"limits":{"per_day":null,"per_week":null,"per_month":null},"capacity":1}',
        null, 'single', '["all"]', '{"kind":"in_person","address":"Main Street 1"}', 'inactive');
insert into event_type_hosts values (#31, #11, 0, 0, 100), (#31, #12, 0, 1, 50), (#32, #11, 0, 0, 100), (#33, #13, 0, 0, 100);
insert into sessions values (#41, #32, #11, 1795629600000000, 1795633200000000, 0, 0, 5, 1);
insert into bookings values
    (#51, #01, #31, 1795510800000000, 1795512600000000, 5, 0, 'Hello', 'confirmed',
        '{"state":"confirmed","confirmed_at":"2026-11-20T09:00:00Z"}', 0, 1, null, bytes(51), bytes(61), 1795165200000000, 1795165200000000),
    (#52, #01, #31, 1795510800000000, 1795512600000000, 5, 0, null, 'cancelled',
        '{"state":"cancelled","cancelled_at":"2026-11-20T10:00:00Z","by":"invitee","reason":null}', 1, 2, null, bytes(52), bytes(62), 1795165200000000, 1795168800000000),
    (#53, #01, #32, 1795629600000000, 1795633200000000, 0, 0, null, 'confirmed',
        '{"state":"confirmed","confirmed_at":"2026-11-20T09:00:00Z"}', 0, 1, null, bytes(53), bytes(63), 1795165200000000, 1795165200000000);
insert into booking_hosts values (#51, #11, 0, null), (#52, #12, 0, null), (#53, #11, 0, #41);
insert into attendees values
    (#51, #71, 0, 'invitee', 'Ida', 'ida@example.org', 'Europe/Paris', 'accepted'),
    (#52, #72, 0, 'invitee', 'Ida', 'ida@example.org', 'Europe/Paris', 'accepted'),
    (#53, #73, 0, 'invitee', 'Ida', 'ida@example.org', 'Europe/Paris', 'accepted');
insert into claims (host_id, starts_at, ends_at, booking_id, session_id) values
    (#11, 1795510500000000, 1795512600000000, #51, null), (#11, 1795629600000000, 1795633200000000, null, #41);
insert into busy values (#81, #12, 1795510800000000, 1795512600000000, 'calendar');
insert into rotation_ledgers values (#31, 1);
insert into rotation_entries values (#31, #11, 0, 100, -50, 0), (#31, #12, 1, 50, 50, null);
insert into outbox (id, kind, payload, dedupe_key, due_at, status, attempts, leased_until, last_error, created_at, finished_at) values
    (#91, 'notify', '{"effect":"notify","booking":"00000000-0000-0000-0000-000000000033","recipient":{"kind":"host","id":"00000000-0000-0000-0000-00000000000b"},"about":"confirmed","sequence":0}',
        'mail', 1795165200000000, 'ready', 0, null, null, 1795165200000000, null),
    (#92, 'notify', '{"effect":"notify","booking":"00000000-0000-0000-0000-0000000000ff","recipient":{"kind":"host","id":"00000000-0000-0000-0000-00000000000b"},"about":"confirmed","sequence":0}',
        null, 1795165200000000, 'done', 1, null, null, 1795165200000000, 1795165200000000),
    (#93, 'odd', 'no JSON "booking":"33"', null, 1795165200000000, 'failed', 10, null, 'it is odd', 1795165200000000, 1795165200000000);
insert into idempotency_keys values ('acme/intro', 'one', bytes(7), 1795165200000000, #51), ('acme/intro', 'two', bytes(8), 1795165200000000, null);
"#;

/// The statements as a database wants them: `#07` is an id, `bytes(7)` 32 times that byte.
fn for_backend(sql: &str, backend: DbBackend) -> String {
    let mut sql = sql.to_owned();
    for number in 0..100 {
        let (id, byte) = (id(number), format!("{number:02x}").repeat(32));
        let (id, bytes) = match backend {
            DbBackend::Postgres => (format!("'{id}'"), format!("'\\x{byte}'")),
            _ => (format!("x'{}'", id.simple()), format!("x'{byte}'")),
        };
        sql = sql.replace(&format!("#{number:02}"), &id);
        sql = sql.replace(&format!("bytes({number})"), &bytes);
    }
    sql
}

/// A database as the first migration alone leaves it, with rows in it.
async fn of_the_first_schema(database: &Database) -> DatabaseConnection {
    // Makes the file, on SQLite.
    database.connect().await;
    let raw = database.raw().await;
    Migrator::up(&raw, Some(1)).await.unwrap();
    by_hand(&raw, &for_backend(FIRST, raw.get_database_backend())).await;
    raw
}

#[expect(
    clippy::too_many_lines,
    reason = "one database, looked at from all sides"
)]
pub(crate) async fn a_database_of_the_first_schema_is_carried_over(database: Database) {
    let raw = of_the_first_schema(&database).await;
    let storage = database.migrated().await;
    assert_eq!(storage.verify().await.unwrap(), []);
    let (acme, beta) = (WorkspaceId::from_uuid(id(1)), WorkspaceId::from_uuid(id(2)));
    let [ann, bob, eve] = [11, 12, 13].map(|number| UserId::from_uuid(id(number)));
    let [intro, class] = [31, 32].map(|number| EventTypeId::from_uuid(id(number)));
    let mut work = storage.begin_read().await.unwrap();

    let workspace = work.directory().workspace(acme).await.unwrap().unwrap();
    assert_eq!((workspace.slug.as_str(), workspace.version), ("acme", 1));
    let members = work.directory().members(acme).await.unwrap();
    let roles: Vec<_> = members
        .iter()
        .map(|m| (m.person.id, m.role, m.joined_at))
        .collect();
    let unknown = DateTime::UNIX_EPOCH;
    assert_eq!(
        roles,
        [(ann, Role::Owner, unknown), (bob, Role::Member, unknown)]
    );
    let memberships = work.directory().memberships(eve).await.unwrap();
    assert_eq!(memberships[0].0.id, beta);
    assert_eq!(memberships[0].1, Role::Owner);
    let address = builders::parse("aNN@Example.org");
    let person = work.directory().person_by_email(&address).await.unwrap();
    assert_eq!(person.map(|person| person.id), Some(ann));

    let owner = ScheduleOwner::Person(ann);
    let schedules = work
        .schedules()
        .defaults(&[owner, ScheduleOwner::Person(eve)])
        .await
        .unwrap();
    assert_eq!(schedules.found.len(), 1);
    let schedule = &schedules.found[&owner];
    assert_eq!(
        (schedule.id, schedule.workspace, schedule.version),
        (ScheduleId::from_uuid(id(21)), acme, 1)
    );
    let nights = work
        .schedules()
        .list(ScheduleOwner::Person(eve))
        .await
        .unwrap()
        .found;
    assert_eq!((nights.len(), nights[0].workspace), (1, beta));

    let listed = work.event_types().list(acme).await.unwrap();
    assert!(listed.unreadable.is_empty(), "{:?}", listed.unreadable);
    let [first, second] = &listed.found[..] else {
        panic!("two event types: {listed:?}");
    };
    assert_eq!((first.id, first.version, second.id), (intro, 1, class));
    assert_eq!(first.rules.slot_interval.get(), 15);
    assert_eq!(first.hosting.weight(bob), 50);
    let EventHours::Own {
        availability,
        within_hosts: false,
    } = &first.hours
    else {
        panic!(
            "hours of its own that replace the hosts': {:?}",
            first.hours
        );
    };
    assert_eq!(availability.timezone(), chrono_tz::Tz::UTC);
    assert_eq!(second.hours, EventHours::OfHosts);
    let Location::Link { url } = first.locations.first() else {
        panic!("a link: {:?}", first.locations);
    };
    assert_eq!(url.as_str(), "https://meet.example.org/a?b=1");
    let Location::Custom { text: words } = second.locations.first() else {
        panic!("words: {:?}", second.locations);
    };
    assert_eq!(words.as_str(), "Line one\nline \"two\"");
    assert_eq!(second.locations.all().len(), 1);
    for event_type in [first, second] {
        assert_eq!(event_type.reminders, Reminders::default());
        assert!(event_type.policy.approval.is_none());
        assert_eq!(event_type.all_durations(), [event_type.rules.duration]);
    }

    let [confirmed, cancelled, seated] =
        [51, 52, 53].map(|number| BookingId::from_uuid(id(number)));
    let booking = work.bookings().get(confirmed).await.unwrap().unwrap();
    let MeetingPlace::Link { url } = &booking.place else {
        panic!("a link: {:?}", booking.place);
    };
    assert_eq!(url.as_str(), "https://meet.example.org/a?b=1");
    assert_eq!((booking.answers.len(), booking.link), (0, None));
    let nothing = ManageSecret {
        hash: [0; 32],
        sealed: Vec::new(),
    };
    assert_eq!(booking.hosts[0].manage, nothing);
    assert_eq!(work.bookings().by_host_token(&[0; 32]).await.unwrap(), None);
    let found = work.bookings().by_manage_token(&[0x33; 32]).await.unwrap();
    assert_eq!(found.as_ref(), Some(&booking));
    let booking = work.bookings().get(cancelled).await.unwrap().unwrap();
    assert!(matches!(
        booking.state,
        BookingState::Cancelled {
            by: Party::Invitee,
            ..
        }
    ));
    let booking = work.bookings().get(seated).await.unwrap().unwrap();
    assert_eq!(booking.hosts[0].session, Some(SessionId::from_uuid(id(41))));
    assert_eq!(work.bookings().history(confirmed).await.unwrap(), []);
    let page = BookingPage {
        direction: Direction::Ascending,
        after: None,
        limit: 10,
    };
    let all = work
        .bookings()
        .list(acme, &BookingFilter::default(), &page)
        .await
        .unwrap();
    assert_eq!(all.found.len(), 3);

    let [owed, done, odd] = [91, 92, 93].map(|number| OutboxId::from_uuid(id(number)));
    let listed = work.outbox().list(acme, None, None, 10).await.unwrap();
    assert_eq!(
        listed.iter().map(|entry| entry.id).collect::<Vec<_>>(),
        [owed]
    );
    let notify = Effect::Notify {
        booking: confirmed,
        recipient: Recipient::Host(ann),
        about: NotificationKind::Confirmed,
        sequence: 0,
    };
    assert_eq!(listed[0].effect, Ok(notify));
    for nobodys in [done, odd] {
        let entry = work.outbox().get(nobodys).await.unwrap().unwrap();
        assert_eq!(entry.workspace, None);
    }
    let keys = work.idempotency();
    let claim = keys.find("acme/intro", "one", &[7; 32]).await.unwrap();
    assert_eq!(claim, IdempotencyClaim::Replay(confirmed.as_uuid()));
    let claim = keys.find("acme/intro", "two", &[9; 32]).await.unwrap();
    assert_eq!(claim, IdempotencyClaim::Reused);
    drop(work);

    // It works on: what is stored changes, the slugs are kept, and the claims refuse as before.
    let mut work = storage.begin().await.unwrap();
    let booking = work.bookings().get(confirmed).await.unwrap().unwrap();
    let hosts = booking.hosts.clone();
    let to = builders::minutes_from(booking.interval.end(), 30);
    let now = instant("2026-11-21T09:00:00Z");
    let (moved, _event) = booking
        .reschedule(to, hosts, Party::Host, None, now)
        .unwrap();
    work.bookings().update(&moved).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(
        text(
            &raw,
            "select cast(count(*) as text) from booking_hosts where manage_hash is null"
        )
        .await,
        "3"
    );
    let backend = raw.get_database_backend();
    for refused in [
        "insert into claims (host_id, starts_at, ends_at, booking_id) values (#11, 1795629600000001, 1795629600000002, #51)",
        "insert into booking_links (id, workspace_id, event_type_id, slug, uses, revoked, version, created_at)
            values (#99, #01, #32, 'intro', 0, false, 1, 0)",
        "update people set email = 'BOB@example.org' where id = #13",
    ] {
        let refused = for_backend(refused, backend);
        assert!(raw.execute_unprepared(&refused).await.is_err(), "{refused}");
    }
    assert_eq!(storage.verify().await.unwrap(), []);
}

/// The database stays as it was, and the error says what a person can do.
pub(crate) async fn two_people_with_one_address_are_not_carried_over(database: Database) {
    let raw = of_the_first_schema(&database).await;
    let same = "update people set email = 'BOB@Example.org' where id = #13";
    by_hand(&raw, &for_backend(same, raw.get_database_backend())).await;
    let storage = database.connect().await;
    let refused = storage.migrate().await.unwrap_err();
    let said = std::error::Error::source(&refused).unwrap().to_string();
    for part in [
        "the person 00000000-0000-0000-0000-00000000000c of the workspace acme",
        "the person 00000000-0000-0000-0000-00000000000d of the workspace beta",
        "the same mail address",
        "migrate again",
    ] {
        assert!(said.contains(part), "{part} is not in {said}");
    }
    assert!(!said.contains("example.org"), "{said}");
    assert_eq!(
        storage.pending_migrations().await.unwrap().len(),
        Migrator::migrations().len() - 1
    );
    // The columns of before are there.
    let hours = "select availability from event_types where availability is not null";
    assert!(text(&raw, hours).await.contains("friday"));

    let other = "update people set email = 'eve@example.org' where id = #13";
    by_hand(&raw, &for_backend(other, raw.get_database_backend())).await;
    storage.migrate().await.unwrap();
    assert_eq!(storage.verify().await.unwrap(), []);
}
