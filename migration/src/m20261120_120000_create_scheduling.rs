//! The first schema: workspaces and people, schedules, event types, bookings and their claims, the outbox.
//!
//! Instants and lengths of time are integers: microseconds since 1970 in columns that end in `_at`, minutes in buffers.
//! They compare as numbers on both databases and reach further than `timestamptz`. Values that are read and written as
//! a whole (hours, rules, places) are JSON text.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// SQLite too can take a half-made schema back; without this it would stay and never migrate again.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    #[expect(
        elided_lifetimes_in_paths,
        reason = "async_trait wants the signature as the trait writes it"
    )]
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let (types, claims) = match manager.get_database_backend() {
            DbBackend::Postgres => (POSTGRES_TYPES, POSTGRES_CLAIMS),
            DbBackend::Sqlite => (SQLITE_TYPES, SQLITE_CLAIMS),
            other => return Err(DbErr::Custom(format!("{other:?} is not supported"))),
        };
        let tables = types.iter().fold(TABLES.to_owned(), |sql, (name, kind)| {
            sql.replace(name, kind)
        });
        connection.execute_unprepared(&tables).await?;
        connection.execute_unprepared(claims).await?;
        Ok(())
    }
}

/// What the types in [`TABLES`] are called. `STRICT` makes SQLite keep to them.
const POSTGRES_TYPES: [(&str, &str); 5] = [
    ("UUID", "uuid"),
    ("INTEGER", "bigint"),
    ("BYTES", "bytea"),
    ("BOOLEAN", "boolean"),
    (" STRICT", ""),
];
const SQLITE_TYPES: [(&str, &str); 5] = [
    ("UUID", "blob"),
    ("INTEGER", "integer"),
    ("BYTES", "blob"),
    ("BOOLEAN", "integer"),
    (" STRICT", " strict"),
];

const TABLES: &str = "
create table workspaces (
    id UUID not null primary key,
    slug text not null unique,
    name text not null,
    description text
) STRICT;

create table people (
    id UUID not null primary key,
    workspace_id UUID not null references workspaces (id),
    name text not null,
    email text not null,
    timezone text not null,
    -- Grows whenever the host's time changes; answers that were computed for a revision hold while it stands.
    revision INTEGER not null default 0
) STRICT;
create unique index people_email on people (workspace_id, lower(email));

create table schedules (
    id UUID not null primary key,
    owner_id UUID not null references people (id),
    name text not null,
    is_default BOOLEAN not null,
    availability text not null
) STRICT;
create index schedules_owner on schedules (owner_id);
create unique index schedules_default on schedules (owner_id) where is_default;

create table event_types (
    id UUID not null primary key,
    workspace_id UUID not null references workspaces (id),
    slug text not null,
    title text not null,
    description text,
    category text,
    position INTEGER not null,
    rules text not null,
    availability text,
    assignment text not null,
    -- How many hosts each group requires; the groups' hosts are rows of event_type_hosts.
    required text not null,
    location text not null,
    status text not null,
    unique (workspace_id, slug)
) STRICT;

create table event_type_hosts (
    event_type_id UUID not null references event_types (id) on delete cascade,
    user_id UUID not null references people (id),
    group_number INTEGER not null,
    position INTEGER not null,
    weight INTEGER not null check (weight > 0),
    primary key (event_type_id, user_id)
) STRICT;
create index event_type_hosts_user on event_type_hosts (user_id);

create table sessions (
    id UUID not null primary key,
    event_type_id UUID not null references event_types (id),
    host_id UUID not null references people (id),
    starts_at INTEGER not null,
    ends_at INTEGER not null,
    buffer_before INTEGER not null check (buffer_before >= 0),
    buffer_after INTEGER not null check (buffer_after >= 0),
    capacity INTEGER not null,
    seats_taken INTEGER not null,
    unique (host_id, event_type_id, starts_at, ends_at),
    check (starts_at < ends_at),
    check (seats_taken between 1 and capacity)
) STRICT;

create table bookings (
    id UUID not null primary key,
    workspace_id UUID not null references workspaces (id),
    event_type_id UUID not null references event_types (id),
    starts_at INTEGER not null,
    ends_at INTEGER not null,
    buffer_before INTEGER not null check (buffer_before >= 0),
    buffer_after INTEGER not null check (buffer_after >= 0),
    note text,
    status text not null,
    -- What belongs to the status: since when, by whom, why.
    state text not null,
    sequence INTEGER not null,
    version INTEGER not null,
    rotation text,
    manage_hash BYTES not null unique,
    manage_sealed BYTES not null,
    created_at INTEGER not null,
    updated_at INTEGER not null,
    check (starts_at < ends_at)
) STRICT;
create index bookings_workspace on bookings (workspace_id, ends_at);
create index bookings_event_type on bookings (event_type_id);

create table booking_hosts (
    booking_id UUID not null references bookings (id) on delete cascade,
    user_id UUID not null references people (id),
    position INTEGER not null,
    -- No foreign key: a cancelled booking remembers a session that is gone.
    session_id UUID,
    primary key (booking_id, user_id)
) STRICT;
create index booking_hosts_user on booking_hosts (user_id);
create index booking_hosts_session on booking_hosts (session_id);

create table attendees (
    booking_id UUID not null references bookings (id) on delete cascade,
    id UUID not null,
    position INTEGER not null,
    role text not null,
    name text not null,
    email text not null,
    timezone text not null,
    rsvp text not null,
    primary key (booking_id, id)
) STRICT;

create table busy (
    id UUID not null primary key,
    host_id UUID not null references people (id),
    starts_at INTEGER not null,
    ends_at INTEGER not null,
    source text not null,
    check (starts_at < ends_at)
) STRICT;
create index busy_host on busy (host_id, ends_at);

create table rotation_ledgers (
    event_type_id UUID not null primary key references event_types (id) on delete cascade,
    next INTEGER not null
) STRICT;

create table rotation_entries (
    event_type_id UUID not null references rotation_ledgers (event_type_id) on delete cascade,
    host_id UUID not null references people (id),
    position INTEGER not null,
    weight INTEGER not null check (weight > 0),
    credit INTEGER not null,
    last_assigned INTEGER,
    primary key (event_type_id, host_id)
) STRICT;

create table outbox (
    id UUID not null primary key,
    kind text not null,
    payload text not null,
    dedupe_key text,
    due_at INTEGER not null,
    status text not null check (status in ('ready', 'leased', 'done', 'failed')),
    attempts INTEGER not null default 0,
    leased_until INTEGER,
    last_error text,
    created_at INTEGER not null,
    finished_at INTEGER,
    check ((status = 'leased') = (leased_until is not null)),
    check ((status in ('done', 'failed')) = (finished_at is not null))
) STRICT;
create unique index outbox_dedupe on outbox (dedupe_key) where status = 'ready';
create index outbox_ready on outbox (due_at, id) where status = 'ready';
create index outbox_leased on outbox (leased_until) where status = 'leased';
create index outbox_done on outbox (finished_at) where status = 'done';
create index outbox_failed on outbox (finished_at) where status = 'failed';

create table idempotency_keys (
    scope text not null,
    key text not null,
    fingerprint BYTES not null,
    claimed_at INTEGER not null,
    -- Deferred, since the key may be stored before the booking within one transaction.
    booking_id UUID references bookings (id) on delete cascade deferrable initially deferred,
    primary key (scope, key)
) STRICT;
create index idempotency_keys_age on idempotency_keys (claimed_at);
create index idempotency_keys_booking on idempotency_keys (booking_id);
";

/// The time that hosts have given away, to bookings or to group sessions. Two claims of one host never overlap, and the
/// database itself sees to it: neither a bug nor a statement written by hand can book a host twice.
const POSTGRES_CLAIMS: &str = "
create extension if not exists btree_gist;

create table claims (
    host_id uuid not null references people (id),
    starts_at bigint not null,
    ends_at bigint not null,
    booking_id uuid references bookings (id) on delete cascade,
    session_id uuid references sessions (id) on delete cascade,
    primary key (host_id, starts_at),
    check (starts_at < ends_at),
    check ((booking_id is null) <> (session_id is null)),
    constraint claims_disjoint exclude using gist (host_id with =, int8range(starts_at, ends_at) with &&)
);
create index claims_host on claims (host_id, ends_at);
create index claims_booking on claims (booking_id);
create index claims_session on claims (session_id);
";

/// SQLite has no exclusion constraint, so triggers refuse. Since the claims that are there are disjoint, only one of them
/// can reach into a new one: the last that starts before the new one's end. That keeps the look-up short.
const SQLITE_CLAIMS: &str = "
create table claims (
    host_id blob not null references people (id),
    starts_at integer not null,
    ends_at integer not null,
    booking_id blob references bookings (id) on delete cascade,
    session_id blob references sessions (id) on delete cascade,
    primary key (host_id, starts_at),
    check (starts_at < ends_at),
    check ((booking_id is null) <> (session_id is null))
) strict, without rowid;
create index claims_host on claims (host_id, ends_at);
create index claims_booking on claims (booking_id);
create index claims_session on claims (session_id);

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
