//! Re-checking a database.

use chrono::TimeDelta;
use scheduling_core::assignment::{LedgerEntry, RotationLedger};
use scheduling_core::booking::{Change, Doer};
use scheduling_core::effect::NotificationKind;
use scheduling_core::event_type::{Buffers, Capacity, EventType};
use scheduling_core::ids::{EventTypeId, ImageId, SessionId, UserId};
use scheduling_core::notification::{Audience, MessageOverride, MessageWords};
use scheduling_core::ports::{AttemptOutcome, DeliveryAttempt, Image, Storage};
use scheduling_core::time::Minutes;
use scheduling_core::time_off::TimeOffScope;
use scheduling_persistence::Violation;
use scheduling_testkit::builders;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, TransactionTrait};

use super::{Database, House, by_hand};

pub(crate) async fn verifying_names_every_violation(database: Database) {
    let (house, raw) = database.with_a_booking().await;
    let [ann, bob] = house.two_hosts;
    let mut class = house.event_type.clone();
    class.id = EventTypeId::generate(&house.ids);
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
            format!(
                "update bookings set status = 'cancelled', state =
                    '{{\"state\":\"cancelled\",\"cancelled_at\":\"2026-11-20T10:00:00Z\",\"by\":\"host\",\"reason\":null}}'
                where id = {booking}"
            ),
            format!(
                "a claim of booking {a} holds 2026-11-24T09:00:00Z/2026-11-24T09:30:00Z of host {ann}, which it does not take"
            ),
        ),
        (
            "update sessions set seats_taken = 2".to_owned(),
            format!("session {s} counts 2 seats and its bookings and holds take 1"),
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
    let state = serde_json::to_string(&house.booking.state).unwrap();
    by_hand(
        raw,
        &format!(
            "update bookings set status = 'confirmed', state = '{state}' where id = {booking}"
        ),
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

pub(crate) async fn verifying_looks_at_holds_and_slugs(database: Database) {
    let (house, raw) = database.with_a_booking().await;
    let [ann, bob] = house.two_hosts;
    let mut class = house.event_type.clone();
    class.id = EventTypeId::generate(&house.ids);
    class.slug = builders::parse("class");
    class.rules.capacity = Capacity::seats(3).unwrap();
    let evening = builders::interval("2026-11-24T18:00:00Z", 30);
    let hold = builders::hold(
        &house.ids,
        &house.event_type,
        &[bob],
        house.booking.interval.start(),
    );
    let mut seated = builders::hold(&house.ids, &class, &[ann], evening.start());
    let mut work = house.storage.begin().await.unwrap();
    work.event_types().insert(&class).await.unwrap();
    let new = SessionId::generate(&house.ids);
    let taken = work
        .sessions()
        .take_seat(new, &class, ann, evening, class.rules.buffers);
    let session = taken.await.unwrap();
    seated.hosts[0].session = Some(session);
    work.holds().insert(&hold).await.unwrap();
    work.holds().insert(&seated).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(house.storage.verify().await.unwrap(), []);

    let id = house.id_sql(hold.id.as_uuid());
    let workspace = house.workspace;
    let damages = [
        (
            format!("update holds set buffer_after = 5 where id = {id}"),
            format!("update holds set buffer_after = 0 where id = {id}"),
            vec![
                format!(
                    "hold {} takes 2026-11-24T09:00:00Z/2026-11-24T09:35:00Z of host {bob} and has no claim on it",
                    hold.id
                ),
                format!(
                    "a claim of hold {} holds 2026-11-24T09:00:00Z/2026-11-24T09:30:00Z of host {bob}, which it does not take",
                    hold.id
                ),
            ],
        ),
        (
            "update sessions set seats_taken = 2".to_owned(),
            "update sessions set seats_taken = 1".to_owned(),
            vec![format!(
                "session {session} counts 2 seats and its bookings and holds take 1"
            )],
        ),
        (
            "update slugs set slug = 'klass' where slug = 'class'".to_owned(),
            "update slugs set slug = 'class' where slug = 'klass'".to_owned(),
            vec![
                format!("the slug class of workspace {workspace} is used and not kept from others"),
                format!("the slug klass of workspace {workspace} is kept from others and not used"),
            ],
        ),
    ];
    for (damage, mend, expected) in damages {
        by_hand(&raw, &damage).await;
        assert_eq!(said(&house).await, expected, "after {damage}");
        by_hand(&raw, &mend).await;
    }
    assert_eq!(house.storage.verify().await.unwrap(), []);
}

/// One row of each further table: for each the table, a column, a value that cannot be read, and the row's key.
#[expect(clippy::too_many_lines, reason = "a list of values")]
async fn one_of_each(house: &House) -> Vec<(&'static str, &'static str, &'static str, String)> {
    let now = house.booking.created_at;
    let mut work = house.storage.begin().await.unwrap();
    let planned = builders::effect(&house.ids, house.booking.id, house.host, now);
    work.outbox()
        .enqueue(std::slice::from_ref(&planned))
        .await
        .unwrap();
    let attempt = DeliveryAttempt {
        transport: "smtp".to_owned(),
        outcome: AttemptOutcome::Accepted,
    };
    work.outbox()
        .log_attempts(planned.id, now, &[attempt])
        .await
        .unwrap();
    let (id, at) = (house.booking.id, now);
    let entry = builders::history(&house.ids, id, at, Doer::Invitee, Change::Confirmed);
    work.bookings().record(&entry).await.unwrap();
    let link = builders::link(&house.ids, &house.event_type, "spring");
    work.links().insert(&link).await.unwrap();
    let scope = TimeOffScope::Person(house.host);
    let off = builders::days_off(
        &house.ids,
        house.workspace,
        scope,
        "2026-12-24",
        "2026-12-26",
    );
    work.time_off().insert(&off).await.unwrap();
    let message = MessageOverride {
        workspace: house.workspace,
        event_type: None,
        kind: NotificationKind::Confirmed,
        audience: Audience::Host,
        words: MessageWords {
            subject: Some(builders::parse("Hello")),
            body: None,
        },
    };
    work.messages().set(&message).await.unwrap();
    let image = Image {
        id: ImageId::generate(&house.ids),
        workspace: house.workspace,
        media_type: "image/png".to_owned(),
        bytes: vec![1, 2, 3],
        created_at: now,
    };
    work.images().insert(&image).await.unwrap();
    let hold = builders::hold(
        &house.ids,
        &house.event_type,
        &[house.host],
        house.booking.interval.end(),
    );
    work.holds().insert(&hold).await.unwrap();
    let claimed = work.idempotency().claim("acme", "key", &[7; 32], now);
    claimed.await.unwrap();
    work.commit().await.unwrap();

    let (host, workspace) = (house.host, house.workspace);
    let late = "9223372036854775807";
    vec![
        ("workspaces", "name", "''", workspace.to_string()),
        ("people", "timezone", "'Nowhere'", host.to_string()),
        ("members", "joined_at", late, format!("{workspace}/{host}")),
        (
            "event_types",
            "reminders",
            "'{}'",
            house.event_type.id.to_string(),
        ),
        (
            "booking_links",
            "redirect_url",
            "'javascript:1'",
            link.id.to_string(),
        ),
        ("time_off", "title", "''", off.id.to_string()),
        (
            "message_overrides",
            "subject",
            "''",
            format!("{workspace}/confirmed/host"),
        ),
        ("images", "created_at", late, image.id.to_string()),
        ("bookings", "place", "''", id.to_string()),
        (
            "attendees",
            "name",
            "''",
            house.booking.attendees[0].id.to_string(),
        ),
        (
            "booking_hosts",
            "manage_hash",
            "manage_sealed",
            format!("{id}/{host}"),
        ),
        (
            "booking_history",
            "kind",
            "'approved'",
            entry.id.to_string(),
        ),
        ("holds", "expires_at", late, hold.id.to_string()),
        ("outbox", "payload", "'{}'", planned.id.to_string()),
        (
            "delivery_attempts",
            "tried_at",
            late,
            format!("{}/1", planned.id),
        ),
        (
            "idempotency_keys",
            "claimed_at",
            late,
            "acme/key".to_owned(),
        ),
    ]
}

pub(crate) async fn verifying_names_what_cannot_be_read(database: Database) {
    let (house, raw) = database.with_a_booking().await;
    let places = one_of_each(&house).await;
    assert_eq!(house.storage.verify().await.unwrap(), []);
    // The sealed secret has another length than a hash.
    let shorter = match house.backend {
        DbBackend::Postgres => "update booking_hosts set manage_sealed = '\\x0102'",
        _ => "update booking_hosts set manage_sealed = x'0102'",
    };
    by_hand(&raw, shorter).await;
    for (table, column, value, row) in places {
        by_hand(
            &raw,
            &format!("create table kept as select {column} as old from {table}"),
        )
        .await;
        let only = match table {
            "people" | "members" => {
                let key = if table == "people" { "id" } else { "user_id" };
                format!(" where {key} = {}", house.host_sql())
            }
            _ => String::new(),
        };
        by_hand(
            &raw,
            &format!("update {table} set {column} = {value}{only}"),
        )
        .await;
        let found = said(&house).await;
        let expected = format!("{table}.{column} of row {row} cannot be read: ");
        let [one] = &found[..] else {
            panic!("{table}.{column} alone should be named: {found:?}");
        };
        assert!(one.starts_with(&expected), "{one} for {expected}");
        let mend = format!("update {table} set {column} = (select old from kept limit 1){only}");
        by_hand(&raw, &mend).await;
        by_hand(&raw, "drop table kept").await;
    }
    assert_eq!(house.storage.verify().await.unwrap(), []);
}
