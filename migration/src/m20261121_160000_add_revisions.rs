//! Counts that tell whether an answer about slots still holds.
//!
//! `people.revision` is there already and is raised by whoever locks hosts, once a booking, a hold or a move. Everything
//! else that decides what is offered raises a count here by triggers, so that neither an older program that runs beside
//! this one nor a statement written by hand can leave an old answer standing:
//!
//! | a change of | raises |
//! |---|---|
//! | a workspace | its own `revision` |
//! | an event type, its hosts, the schedules it names for them | the event type's `revision` |
//! | a person's name, address or zone | the `revision` of the event types that he hosts |
//! | a schedule | its owner's `revision`, or its workspace's, and that of the event types that name it |
//! | time off | the `revision` of the person, the event type or the workspace that it is for |
//! | a busy interval | its host's `revision` |
//!
//! A further link is watched by its `version` and `uses`.
//!
//! An expanding step: programs of before go on without knowing of it.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// SQLite too can take a half-made change back; without this it would stay and never migrate again.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    #[expect(
        elided_lifetimes_in_paths,
        reason = "async_trait wants the signature as the trait writes it"
    )]
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let step = match manager.get_database_backend() {
            DbBackend::Postgres => POSTGRES.to_owned(),
            DbBackend::Sqlite => sqlite(),
            other => return Err(DbErr::Custom(format!("{other:?} is not supported"))),
        };
        connection.execute_unprepared(&step).await?;
        Ok(())
    }
}

const POSTGRES: &str = "
alter table workspaces add column revision bigint not null default 0;
alter table event_types add column revision bigint not null default 0;

create function raise_own_revision() returns trigger language plpgsql as $$
begin
    new.revision := old.revision + 1;
    return new;
end $$;
create trigger workspaces_revision before update on workspaces
    for each row execute function raise_own_revision();
create trigger event_types_revision before update on event_types
    for each row execute function raise_own_revision();

create function raise_hosted_revisions() returns trigger language plpgsql as $$
begin
    update event_types set revision = revision + 1
    where id in (select event_type_id from event_type_hosts where user_id = new.id);
    return null;
end $$;
create trigger people_revision after update of name, email, timezone on people
    for each row execute function raise_hosted_revisions();

create function raise_event_type_revision() returns trigger language plpgsql as $$
begin
    if tg_op <> 'INSERT' then
        update event_types set revision = revision + 1 where id = old.event_type_id;
    end if;
    if tg_op <> 'DELETE' then
        update event_types set revision = revision + 1 where id = new.event_type_id;
    end if;
    return null;
end $$;
create trigger event_type_hosts_revision after insert or update or delete on event_type_hosts
    for each row execute function raise_event_type_revision();
create trigger event_type_schedules_revision after insert or update or delete on event_type_schedules
    for each row execute function raise_event_type_revision();

create function raise_schedule_revisions(schedule schedules) returns void language plpgsql as $$
begin
    if schedule.owner_id is null then
        update workspaces set revision = revision + 1 where id = schedule.workspace_id;
    else
        update people set revision = revision + 1 where id = schedule.owner_id;
    end if;
    update event_types set revision = revision + 1 where schedule_id = schedule.id
        or id in (select event_type_id from event_type_schedules where schedule_id = schedule.id);
end $$;
create function raise_schedule_revision() returns trigger language plpgsql as $$
begin
    if tg_op <> 'INSERT' then
        perform raise_schedule_revisions(old);
    end if;
    if tg_op <> 'DELETE' then
        perform raise_schedule_revisions(new);
    end if;
    return null;
end $$;
create trigger schedules_revision after insert or update or delete on schedules
    for each row execute function raise_schedule_revision();

create function raise_time_off_revisions(off time_off) returns void language plpgsql as $$
begin
    if off.user_id is not null then
        update people set revision = revision + 1 where id = off.user_id;
    elsif off.event_type_id is not null then
        update event_types set revision = revision + 1 where id = off.event_type_id;
    else
        update workspaces set revision = revision + 1 where id = off.workspace_id;
    end if;
end $$;
create function raise_time_off_revision() returns trigger language plpgsql as $$
begin
    if tg_op <> 'INSERT' then
        perform raise_time_off_revisions(old);
    end if;
    if tg_op <> 'DELETE' then
        perform raise_time_off_revisions(new);
    end if;
    return null;
end $$;
create trigger time_off_revision after insert or update or delete on time_off
    for each row execute function raise_time_off_revision();

create function raise_busy_revision() returns trigger language plpgsql as $$
begin
    if tg_op <> 'INSERT' then
        update people set revision = revision + 1 where id = old.host_id;
    end if;
    if tg_op <> 'DELETE' then
        update people set revision = revision + 1 where id = new.host_id;
    end if;
    return null;
end $$;
create trigger busy_revision after insert or update or delete on busy
    for each row execute function raise_busy_revision();
";

/// The rows' own counts. The condition keeps a raise by another trigger from being counted twice.
const SQLITE_OWN: &str = "
alter table workspaces add column revision integer not null default 0;
alter table event_types add column revision integer not null default 0;

create trigger workspaces_revision after update on workspaces when new.revision = old.revision
begin
    update workspaces set revision = revision + 1 where id = new.id;
end;
create trigger event_types_revision after update on event_types when new.revision = old.revision
begin
    update event_types set revision = revision + 1 where id = new.id;
end;
create trigger people_revision after update of name, email, timezone on people
begin
    update event_types set revision = revision + 1
    where id in (select event_type_id from event_type_hosts where user_id = new.id);
end;
";

/// What a change of a row in a table raises; `{row}` is the row before or after it.
const SQLITE_RAISED: [(&str, &str); 5] = [
    (
        "event_type_hosts",
        "update event_types set revision = revision + 1 where id = {row}.event_type_id;",
    ),
    (
        "event_type_schedules",
        "update event_types set revision = revision + 1 where id = {row}.event_type_id;",
    ),
    (
        "schedules",
        "update people set revision = revision + 1 where id = {row}.owner_id;
    update workspaces set revision = revision + 1 where id = {row}.workspace_id and {row}.owner_id is null;
    update event_types set revision = revision + 1 where schedule_id = {row}.id
        or id in (select event_type_id from event_type_schedules where schedule_id = {row}.id);",
    ),
    (
        "time_off",
        "update people set revision = revision + 1 where id = {row}.user_id;
    update event_types set revision = revision + 1 where id = {row}.event_type_id;
    update workspaces set revision = revision + 1
        where id = {row}.workspace_id and {row}.user_id is null and {row}.event_type_id is null;",
    ),
    (
        "busy",
        "update people set revision = revision + 1 where id = {row}.host_id;",
    ),
];

/// SQLite has one trigger for each kind of change.
fn sqlite() -> String {
    let mut sql = vec![SQLITE_OWN.to_owned()];
    for (table, raised) in SQLITE_RAISED {
        for (change, rows) in [
            ("insert", ["new"].as_slice()),
            ("update", &["old", "new"]),
            ("delete", &["old"]),
        ] {
            let raises: Vec<String> = rows
                .iter()
                .map(|row| raised.replace("{row}", row))
                .collect();
            let raises = raises.join("\n    ");
            sql.push(format!(
                "create trigger {table}_revision_{change} after {change} on {table}\nbegin\n    {raises}\nend;\n"
            ));
        }
    }
    sql.concat()
}
