//! Rows that nobody could have written through a repository.

use chrono::TimeDelta;
use chrono_tz::Tz;
use scheduling_core::effect::{NotificationKind, PlannedEffect};
use scheduling_core::ids::{EventTypeId, ScheduleId};
use scheduling_core::notification::{Audience, MessageOverride, MessageWords};
use scheduling_core::ports::{Partial, Storage, StorageError};
use scheduling_core::schedule::ScheduleOwner;
use scheduling_core::time_off::TimeOffScope;
use scheduling_testkit::builders;
use sea_orm::prelude::Uuid;

use super::{Database, by_hand};

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
        ("event_types", "locations", event_type, "'[]'"),
        ("event_types", "hours", event_type, "'{\"kind\":\"own\"}'"),
        ("event_types", "durations", event_type, "'{\"others\":[3]}'"),
        ("event_types", "form", event_type, "'{\"max_guests\":-1}'"),
        ("event_types", "policy", event_type, "'{\"approval\":{}}'"),
        (
            "event_types",
            "appearance",
            event_type,
            "'{\"colour\":\"red\"}'",
        ),
        ("event_types", "reminders", event_type, "'{}'"),
        ("event_types", "version", event_type, "4294967296"),
        ("event_types", "position", event_type, "-1"),
        ("bookings", "state", booking, "'{\"state\":\"confirmed\"}'"),
        ("bookings", "status", booking, "'pending'"),
        ("bookings", "version", booking, "4294967296"),
        ("bookings", "sequence", booking, "-1"),
        ("bookings", "created_at", booking, "9223372036854775807"),
        ("bookings", "rotation", booking, "'{'"),
        ("bookings", "note", booking, "' '"),
        ("bookings", "answers", booking, "'[{}]'"),
        ("bookings", "place", booking, "''"),
        ("bookings", "version", booking, "0"),
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

/// Asserts that one row was put aside, and where it stands.
fn assert_names(unreadable: &[StorageError], table: &str, column: &str) {
    let [
        StorageError::Corrupt {
            table: t,
            column: c,
            ..
        },
    ] = unreadable
    else {
        panic!("one row of {table} should not be readable: {unreadable:?}");
    };
    assert_eq!((*t, *c), (table, column));
}

/// Asserts that a list has one row less, and names it.
fn assert_lacks_one<T: std::fmt::Debug>(
    partial: Result<Partial<Vec<T>>, StorageError>,
    rest: usize,
    (table, column): (&str, &str),
) {
    let partial = partial.unwrap();
    assert_eq!(partial.found.len(), rest, "{partial:?}");
    assert_names(&partial.unreadable, table, column);
}

pub(crate) async fn damaged_rows_leave_the_rest_of_a_list_alone(database: Database) {
    let (house, raw) = database.with_a_booking().await;
    let workspace = house.workspace;
    let mut work = house.storage.begin().await.unwrap();
    let mut other = house.event_type.clone();
    other.id = EventTypeId::generate(&house.ids);
    other.slug = builders::parse("other");
    work.event_types().insert(&other).await.unwrap();
    for slug in ["first", "second"] {
        let link = builders::link(&house.ids, &house.event_type, slug);
        work.links().insert(&link).await.unwrap();
    }
    for day in ["2026-12-24", "2026-12-31"] {
        let off = builders::days_off(&house.ids, workspace, TimeOffScope::Workspace, day, day);
        work.time_off().insert(&off).await.unwrap();
    }
    let mut schedule = builders::workspace_schedule(
        &house.ids,
        workspace,
        builders::working_hours(Tz::UTC, "08:00-12:00"),
    );
    work.schedules().insert(&schedule).await.unwrap();
    schedule.id = ScheduleId::generate(&house.ids);
    schedule.is_default = false;
    work.schedules().insert(&schedule).await.unwrap();
    work.commit().await.unwrap();

    let (damaged, id) = (
        house.event_type.id,
        house.id_sql(house.event_type.id.as_uuid()),
    );
    by_hand(
        &raw,
        &format!("update event_type_hosts set weight = 4294967296 where event_type_id = {id}"),
    )
    .await;
    by_hand(
        &raw,
        "update booking_links set questions = '[{}]' where slug = 'first'",
    )
    .await;
    by_hand(
        &raw,
        "update time_off set period = '' where period like '%-24%'",
    )
    .await;
    by_hand(
        &raw,
        "update schedules set name = '' where owner_id is null and is_default",
    )
    .await;

    let mut work = house.read().await;
    let listed = work.event_types().list(workspace).await;
    assert_lacks_one(listed, 1, ("event_type_hosts", "weight"));
    let found = work.event_types().get(damaged).await;
    assert_corrupt(found, ("event_type_hosts", "weight", house.host.as_uuid()));
    drop(work);
    // A unit of work that met a damaged row in a list goes on.
    let mut work = house.storage.begin().await.unwrap();
    let listed = work.links().list(damaged).await;
    assert_lacks_one(listed, 1, ("booking_links", "questions"));
    let listed = work.time_off().list(workspace).await;
    assert_lacks_one(listed, 1, ("time_off", "period"));
    let listed = work
        .time_off()
        .concerning(&[house.host], workspace, damaged)
        .await;
    assert_lacks_one(listed, 1, ("time_off", "period"));
    let owner = ScheduleOwner::Workspace(workspace);
    let listed = work.schedules().list(owner).await;
    assert_lacks_one(listed, 1, ("schedules", "name"));
    work.commit().await.unwrap();
}

pub(crate) async fn what_a_damaged_row_is_listed_with_stays(database: Database) {
    let (house, raw) = database.with_a_booking().await;
    let (workspace, host) = (house.workspace, house.host);
    let now = house.booking.created_at;
    let effect = || PlannedEffect {
        workspace: Some(workspace),
        ..builders::effect(&house.ids, house.booking.id, host, now)
    };
    let (older, damaged, newer) = (effect(), effect(), effect());
    let mut work = house.storage.begin().await.unwrap();
    let effects = [older.clone(), damaged.clone(), newer.clone()];
    work.outbox().enqueue(&effects).await.unwrap();
    for kind in [NotificationKind::Confirmed, NotificationKind::Cancelled] {
        let message = MessageOverride {
            workspace,
            event_type: None,
            kind,
            audience: Audience::Invitee,
            words: MessageWords {
                subject: None,
                body: Some("See you".parse().unwrap()),
            },
        };
        work.messages().set(&message).await.unwrap();
    }
    let kept = builders::hold(
        &house.ids,
        &house.event_type,
        &[host],
        house.booking.interval.end(),
    );
    work.holds().insert(&kept).await.unwrap();
    work.commit().await.unwrap();
    let mut work = house.read().await;
    let members = work.directory().members(workspace).await.unwrap();
    assert!(members.iter().any(|member| member.person.id == host));
    drop(work);

    for statement in [
        format!(
            "update people set timezone = 'Mars/Olympus_Mons' where id = {}",
            house.id_sql(host.as_uuid())
        ),
        format!(
            "update outbox set due_at = 9223372036854775807 where id = {}",
            house.id_sql(damaged.id.as_uuid())
        ),
        "update message_overrides set body = '' where kind = 'cancelled'".to_owned(),
        "update holds set created_at = 9223372036854775807".to_owned(),
    ] {
        by_hand(&raw, &statement).await;
    }
    let mut work = house.storage.begin().await.unwrap();
    let left = work.directory().members(workspace).await.unwrap();
    assert_eq!(left.len() + 1, members.len());
    assert!(left.iter().all(|member| member.person.id != host));
    // A page is as long as it can be, whatever stands in between.
    let listed = work.outbox().list(workspace, None, None, 2).await.unwrap();
    let listed: Vec<_> = listed.iter().map(|entry| entry.id).collect();
    assert_eq!(listed, [newer.id, older.id]);
    let words = work.messages().list(workspace).await.unwrap();
    assert_eq!(words.len(), 1);
    let reservation = kept.reservation();
    let holds = work
        .holds()
        .overlapping(&[host], reservation)
        .await
        .unwrap();
    assert_eq!(holds, []);
    // Its claim stands: nobody else gets the time.
    let other = builders::hold(
        &house.ids,
        &house.event_type,
        &[host],
        kept.interval.start(),
    );
    let refused = work.holds().insert(&other).await;
    assert!(
        matches!(refused, Err(StorageError::Conflict)),
        "{refused:?}"
    );
}

pub(crate) async fn damaged_parts_say_where_they_stand(database: Database) {
    let (house, raw) = database.with_a_booking().await;
    by_hand(&raw, "update attendees set rsvp = 'maybe'").await;
    let attendee = house.booking.attendees[0].id.as_uuid();
    let found = house.read().await.bookings().get(house.booking.id).await;
    assert_corrupt(found, ("attendees", "rsvp", attendee));

    by_hand(&raw, "update schedules set availability = '{}'").await;
    let owner = ScheduleOwner::Person(house.host);
    let mut work = house.read().await;
    let found = work.schedules().defaults(&[owner]).await.unwrap();
    assert!(found.found.is_empty());
    assert_names(&found.unreadable, "schedules", "availability");
    drop(work);

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
        .lease(now, TimeDelta::minutes(1), 5)
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
