//! The life of a booking: members, holds, further links, time off, history, own words for mails, and versions to guard
//! what is changed.
//!
//! What becomes of the rows that are there:
//!
//! | of | becomes |
//! |---|---|
//! | people | members of the workspace they were made in: the first of each its owner, the others members, `joined_at` 0 since nobody kept count |
//! | mail addresses | unique on the whole server. Where two people have the same one, nothing is changed and the error names them |
//! | schedules | of their owner's workspace, as before his |
//! | event types | hours of their own stay their own; the place becomes a list of one; reminders are those of a new event type |
//! | bookings | take place where their event type says; no answers, no history from before |
//! | hosts of bookings | have no link of their own: no hash, nothing sealed |
//! | the outbox | belongs to the workspace of the booking it is about, where that booking is known |
//!
//! Two columns go: `event_types.availability` becomes `hours`, `event_types.location` becomes `locations`. That may be
//! done in one step only because nothing was released before.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::prelude::Uuid;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, Statement};

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
        let backend = manager.get_database_backend();
        refuse_shared_addresses(connection).await?;
        let steps = match backend {
            DbBackend::Postgres => [POSTGRES_TABLES, TABLES, POSTGRES_CLAIMS, POSTGRES_SLUGS],
            DbBackend::Sqlite => [SQLITE_TABLES, TABLES, SQLITE_CLAIMS, SQLITE_SLUGS],
            other => return Err(DbErr::Custom(format!("{other:?} is not supported"))),
        };
        for step in steps {
            connection
                .execute_unprepared(&with_types(step, backend))
                .await?;
        }
        Ok(())
    }
}

/// People are one person on the whole server from now on. Which of two with one address is meant, only a person can say.
async fn refuse_shared_addresses(connection: &impl ConnectionTrait) -> Result<(), DbErr> {
    let backend = connection.get_database_backend();
    let lowered = match backend {
        DbBackend::Postgres => "lower(a.email collate \"C\") = lower(b.email collate \"C\")",
        _ => "lower(a.email) = lower(b.email)",
    };
    let query = format!(
        "select a.id, wa.slug, b.id, wb.slug from people a
        join people b on {lowered} and a.id < b.id
        join workspaces wa on wa.id = a.workspace_id
        join workspaces wb on wb.id = b.workspace_id
        order by a.id, b.id limit 1"
    );
    let statement = Statement::from_string(backend, query);
    let Some(pair) = connection.query_one_raw(statement).await? else {
        return Ok(());
    };
    let (one, other): (Uuid, Uuid) = (pair.try_get_by_index(0)?, pair.try_get_by_index(2)?);
    let (here, there): (String, String) = (pair.try_get_by_index(1)?, pair.try_get_by_index(3)?);
    Err(DbErr::Custom(format!(
        "the person {one} of the workspace {here} and the person {other} of the workspace {there} have the same mail \
         address, and from this release on an address is one person on the whole server; give one of them another \
         address with the release that made this database, or by hand in the column people.email, and migrate again"
    )))
}

/// The types of the shared statements as a database calls them. `STRICT` makes SQLite keep to them.
fn with_types(sql: &str, backend: DbBackend) -> String {
    let types = match backend {
        DbBackend::Postgres => [
            ("UUID", "uuid"),
            ("INTEGER", "bigint"),
            ("BYTES", "bytea"),
            ("BOOLEAN", "boolean"),
            (" STRICT", ""),
        ],
        _ => [
            ("UUID", "blob"),
            ("INTEGER", "integer"),
            ("BYTES", "blob"),
            ("BOOLEAN", "integer"),
            (" STRICT", " strict"),
        ],
    };
    types
        .iter()
        .fold(sql.to_owned(), |sql, (name, kind)| sql.replace(name, kind))
}

/// What PostgreSQL changes in place and SQLite makes anew.
const POSTGRES_TABLES: &str = r#"
drop index people_email;
create unique index people_email on people (lower(email collate "C"));

alter table schedules add column workspace_id uuid references workspaces (id);
update schedules set workspace_id = people.workspace_id from people where people.id = schedules.owner_id;
alter table schedules alter column workspace_id set not null;
alter table schedules alter column owner_id drop not null;
alter table schedules add column version bigint not null default 1 check (version > 0);

alter table idempotency_keys drop constraint idempotency_keys_booking_id_fkey;
alter table idempotency_keys rename column booking_id to made;
alter index idempotency_keys_booking rename to idempotency_keys_made;

alter table outbox add column workspace_id uuid references workspaces (id);
alter table outbox add column booking_id uuid;
update outbox set booking_id = bookings.id, workspace_id = bookings.workspace_id from bookings
where bookings.id = substring(
    outbox.payload from '"booking":"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"'
)::uuid;
"#;

/// Nothing refers to the tables that are made anew, so dropping them takes nothing else along.
const SQLITE_TABLES: &str = "
drop index people_email;
create unique index people_email on people (lower(email));

create table new_schedules (
    id UUID not null primary key,
    workspace_id UUID not null references workspaces (id),
    owner_id UUID references people (id),
    name text not null,
    is_default BOOLEAN not null,
    availability text not null,
    version INTEGER not null default 1 check (version > 0)
) STRICT;
insert into new_schedules (id, workspace_id, owner_id, name, is_default, availability)
select s.id, p.workspace_id, s.owner_id, s.name, s.is_default, s.availability
from schedules s join people p on p.id = s.owner_id;
drop table schedules;
alter table new_schedules rename to schedules;
create index schedules_owner on schedules (owner_id);
create unique index schedules_default on schedules (owner_id) where is_default;

create table new_idempotency_keys (
    scope text not null,
    key text not null,
    fingerprint BYTES not null,
    claimed_at INTEGER not null,
    made UUID,
    primary key (scope, key)
) STRICT;
insert into new_idempotency_keys select scope, key, fingerprint, claimed_at, booking_id from idempotency_keys;
drop table idempotency_keys;
alter table new_idempotency_keys rename to idempotency_keys;
create index idempotency_keys_age on idempotency_keys (claimed_at);
create index idempotency_keys_made on idempotency_keys (made);

alter table outbox add column workspace_id UUID references workspaces (id);
alter table outbox add column booking_id UUID;
update outbox set booking_id = bookings.id, workspace_id = bookings.workspace_id from bookings
where bookings.id = unhex(replace(
    case when json_valid(outbox.payload) then json_extract(outbox.payload, '$.booking') end, '-', ''
));
";

const TABLES: &str = r#"
alter table workspaces add column version INTEGER not null default 1 check (version > 0);

create table members (
    workspace_id UUID not null references workspaces (id),
    user_id UUID not null references people (id),
    role text not null check (role in ('owner', 'admin', 'member')),
    -- 0 for those who were members before anybody kept count.
    joined_at INTEGER not null,
    primary key (workspace_id, user_id)
) STRICT;
create index members_user on members (user_id);
insert into members (workspace_id, user_id, role, joined_at)
select workspace_id, id,
    case row_number() over (partition by workspace_id order by id) when 1 then 'owner' else 'member' end, 0
from people;

-- A schedule without an owner is the workspace's.
create index schedules_workspace on schedules (workspace_id);
create unique index schedules_workspace_default on schedules (workspace_id) where is_default and owner_id is null;

alter table event_types add column version INTEGER not null default 1 check (version > 0);
alter table event_types add column durations text not null default '{"others":[],"steps":"interval"}';
alter table event_types add column hours text not null default '{"kind":"of_hosts"}';
-- The schedule that `hours` names, once more: so that it cannot be deleted meanwhile.
alter table event_types add column schedule_id UUID references schedules (id);
alter table event_types add column form text not null default '{}';
alter table event_types add column policy text not null default '{}';
alter table event_types add column appearance text not null default '{}';
alter table event_types add column reminders text not null default
    '{"before":[{"minutes":1440,"to":"attendees"},{"minutes":60,"to":"attendees"}],"after":[]}';
create index event_types_schedule on event_types (schedule_id);

create table event_type_schedules (
    event_type_id UUID not null references event_types (id) on delete cascade,
    user_id UUID not null references people (id),
    schedule_id UUID not null references schedules (id),
    primary key (event_type_id, user_id)
) STRICT;
create index event_type_schedules_user on event_type_schedules (user_id);
create index event_type_schedules_schedule on event_type_schedules (schedule_id);

create table booking_links (
    id UUID not null primary key,
    workspace_id UUID not null references workspaces (id),
    event_type_id UUID not null references event_types (id) on delete cascade,
    slug text not null,
    name text,
    questions text,
    redirect_url text,
    expires_at INTEGER,
    max_uses INTEGER check (max_uses > 0),
    uses INTEGER not null check (uses >= 0),
    revoked BOOLEAN not null,
    version INTEGER not null check (version > 0),
    created_at INTEGER not null,
    unique (workspace_id, slug)
) STRICT;
create index booking_links_event_type on booking_links (event_type_id);

create table time_off (
    id UUID not null primary key,
    workspace_id UUID not null references workspaces (id),
    -- A person's, an event type's, or without either the whole workspace's.
    user_id UUID references people (id),
    event_type_id UUID references event_types (id) on delete cascade,
    title text,
    visible BOOLEAN not null,
    period text not null,
    version INTEGER not null check (version > 0),
    created_at INTEGER not null,
    check (user_id is null or event_type_id is null)
) STRICT;
create index time_off_workspace on time_off (workspace_id);
create index time_off_user on time_off (user_id);
create index time_off_event_type on time_off (event_type_id);

create table message_overrides (
    workspace_id UUID not null references workspaces (id),
    -- For one event type alone, or for all that have no words of their own.
    event_type_id UUID references event_types (id) on delete cascade,
    kind text not null,
    audience text not null,
    subject text,
    body text,
    check (subject is not null or body is not null)
) STRICT;
create unique index message_overrides_workspace on message_overrides (workspace_id, kind, audience)
    where event_type_id is null;
create unique index message_overrides_event_type on message_overrides (event_type_id, kind, audience);

create table images (
    id UUID not null primary key,
    workspace_id UUID not null references workspaces (id),
    media_type text not null,
    bytes BYTES not null,
    created_at INTEGER not null
) STRICT;
create index images_workspace on images (workspace_id);

alter table bookings add column answers text not null default '[]';
-- The default is there because there must be one; it cannot be read.
alter table bookings add column place text not null default '';
-- No foreign key: a booking remembers a link that is gone.
alter table bookings add column link_id UUID;
-- A place is written as the location was.
update bookings set place = (select location from event_types where id = bookings.event_type_id);
create index bookings_page on bookings (workspace_id, starts_at, id);

update event_types set hours = '{"kind":"own","availability":' || availability || ',"within_hosts":false}'
where availability is not null;
alter table event_types drop column availability;
alter table event_types rename column location to locations;
update event_types set locations = '[' || locations || ']';

-- Both or none: whoever hosted before there were such links has none.
alter table booking_hosts add column manage_hash BYTES;
alter table booking_hosts add column manage_sealed BYTES;
create unique index booking_hosts_manage on booking_hosts (manage_hash);

create table booking_history (
    id UUID not null primary key,
    booking_id UUID not null references bookings (id) on delete cascade,
    happened_at INTEGER not null,
    doer text not null,
    kind text not null,
    -- What belongs to the kind: from when to when, why.
    change text not null
) STRICT;
create index booking_history_booking on booking_history (booking_id, happened_at, id);

create table holds (
    id UUID not null primary key,
    token_hash BYTES not null unique,
    workspace_id UUID not null references workspaces (id),
    event_type_id UUID not null references event_types (id),
    starts_at INTEGER not null,
    ends_at INTEGER not null,
    buffer_before INTEGER not null check (buffer_before >= 0),
    buffer_after INTEGER not null check (buffer_after >= 0),
    expires_at INTEGER not null,
    renewed BOOLEAN not null,
    created_at INTEGER not null,
    check (starts_at < ends_at)
) STRICT;
create index holds_expiry on holds (expires_at);
create index holds_event_type on holds (event_type_id);

create table hold_hosts (
    hold_id UUID not null references holds (id) on delete cascade,
    user_id UUID not null references people (id),
    position INTEGER not null,
    session_id UUID references sessions (id),
    primary key (hold_id, user_id)
) STRICT;
create index hold_hosts_user on hold_hosts (user_id);
create index hold_hosts_session on hold_hosts (session_id);

create index outbox_workspace on outbox (workspace_id, id);
create index outbox_booking on outbox (booking_id);

create table delivery_attempts (
    outbox_id UUID not null references outbox (id) on delete cascade,
    number INTEGER not null,
    tried_at INTEGER not null,
    transport text not null,
    outcome text not null check (outcome in ('accepted', 'deferred', 'refused', 'unknown')),
    detail text,
    primary key (outbox_id, number)
) STRICT;

-- The slugs of event types and of links, which share one namespace. Triggers keep it.
create table slugs (
    workspace_id UUID not null references workspaces (id),
    slug text not null,
    primary key (workspace_id, slug)
) STRICT;
insert into slugs (workspace_id, slug) select workspace_id, slug from event_types;
"#;

/// Holds claim time as bookings and sessions do, under the same constraint.
const POSTGRES_CLAIMS: &str = "
alter table claims add column hold_id uuid references holds (id) on delete cascade;
alter table claims drop constraint claims_check1;
alter table claims add constraint claims_one_owner check (num_nonnulls(booking_id, session_id, hold_id) = 1);
create index claims_hold on claims (hold_id);
";

const SQLITE_CLAIMS: &str = "
create table new_claims (
    host_id blob not null references people (id),
    starts_at integer not null,
    ends_at integer not null,
    booking_id blob references bookings (id) on delete cascade,
    session_id blob references sessions (id) on delete cascade,
    hold_id blob references holds (id) on delete cascade,
    primary key (host_id, starts_at),
    check (starts_at < ends_at),
    check ((booking_id is not null) + (session_id is not null) + (hold_id is not null) = 1)
) strict, without rowid;
insert into new_claims (host_id, starts_at, ends_at, booking_id, session_id)
select host_id, starts_at, ends_at, booking_id, session_id from claims;
drop table claims;
alter table new_claims rename to claims;
create index claims_host on claims (host_id, ends_at);
create index claims_booking on claims (booking_id);
create index claims_session on claims (session_id);
create index claims_hold on claims (hold_id);

create trigger claims_disjoint_insert before insert on claims
when (
    select ends_at from claims
    where host_id = new.host_id and starts_at < new.ends_at
    order by starts_at desc limit 1
) > new.starts_at
begin
    select raise(abort, 'claims of one host must not overlap');
end;

create trigger claims_disjoint_update before update of host_id, starts_at, ends_at on claims
when (
    select ends_at from claims
    where host_id = new.host_id and starts_at < new.ends_at
        and not (host_id = old.host_id and starts_at = old.starts_at)
    order by starts_at desc limit 1
) > new.starts_at
begin
    select raise(abort, 'claims of one host must not overlap');
end;
";

/// The primary key of `slugs` refuses a slug that is taken, also when two take it at once.
const POSTGRES_SLUGS: &str = "
create function keep_slug() returns trigger language plpgsql as $$
begin
    if tg_op <> 'INSERT' then
        delete from slugs where workspace_id = old.workspace_id and slug = old.slug;
    end if;
    if tg_op <> 'DELETE' then
        insert into slugs (workspace_id, slug) values (new.workspace_id, new.slug);
    end if;
    return null;
end $$;

create trigger event_types_slug after insert or delete or update of workspace_id, slug on event_types
    for each row execute function keep_slug();
create trigger booking_links_slug after insert or delete or update of workspace_id, slug on booking_links
    for each row execute function keep_slug();
";

/// The same on SQLite. The triggers refuse by themselves, since an `or replace` would put the primary key aside.
const SQLITE_SLUGS: &str = "
create trigger event_types_slug_insert after insert on event_types
begin
    select raise(abort, 'the slug is taken') from slugs
        where workspace_id = new.workspace_id and slug = new.slug;
    insert into slugs (workspace_id, slug) values (new.workspace_id, new.slug);
end;
create trigger event_types_slug_update after update of workspace_id, slug on event_types
begin
    delete from slugs where workspace_id = old.workspace_id and slug = old.slug;
    select raise(abort, 'the slug is taken') from slugs
        where workspace_id = new.workspace_id and slug = new.slug;
    insert into slugs (workspace_id, slug) values (new.workspace_id, new.slug);
end;
create trigger event_types_slug_delete after delete on event_types
begin
    delete from slugs where workspace_id = old.workspace_id and slug = old.slug;
end;

create trigger booking_links_slug_insert after insert on booking_links
begin
    select raise(abort, 'the slug is taken') from slugs
        where workspace_id = new.workspace_id and slug = new.slug;
    insert into slugs (workspace_id, slug) values (new.workspace_id, new.slug);
end;
create trigger booking_links_slug_update after update of workspace_id, slug on booking_links
begin
    delete from slugs where workspace_id = old.workspace_id and slug = old.slug;
    select raise(abort, 'the slug is taken') from slugs
        where workspace_id = new.workspace_id and slug = new.slug;
    insert into slugs (workspace_id, slug) values (new.workspace_id, new.slug);
end;
create trigger booking_links_slug_delete after delete on booking_links
begin
    delete from slugs where workspace_id = old.workspace_id and slug = old.slug;
end;
";
