//! Accounts: passwords and their links, sessions, API tokens, invitations, counters of attempts, the audit trail.
//!
//! People and members stay where they are. A person without a row in `passwords` is known but cannot sign in.

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
        let types = match manager.get_database_backend() {
            DbBackend::Postgres => POSTGRES_TYPES,
            DbBackend::Sqlite => SQLITE_TYPES,
            other => return Err(DbErr::Custom(format!("{other:?} is not supported"))),
        };
        let tables = types.iter().fold(TABLES.to_owned(), |sql, (name, kind)| {
            sql.replace(name, kind)
        });
        manager.get_connection().execute_unprepared(&tables).await?;
        Ok(())
    }
}

/// What the types in [`TABLES`] are called. `STRICT` makes SQLite keep to them, `FOLDED` folds an address as the index
/// on people does: letters a to z only, on both databases.
const POSTGRES_TYPES: [(&str, &str); 5] = [
    ("UUID", "uuid"),
    ("INTEGER", "bigint"),
    ("BYTES", "bytea"),
    ("FOLDED", "lower(email collate \"C\")"),
    (" STRICT", ""),
];
const SQLITE_TYPES: [(&str, &str); 5] = [
    ("UUID", "blob"),
    ("INTEGER", "integer"),
    ("BYTES", "blob"),
    ("FOLDED", "lower(email)"),
    (" STRICT", " strict"),
];

const TABLES: &str = "
create table passwords (
    user_id UUID not null primary key references people (id) on delete cascade,
    -- Algorithm, cost, salt and hash, as a PHC string.
    phc text not null,
    changed_at INTEGER not null
) STRICT;

-- One a person: a new link takes the place of the old one.
create table password_links (
    user_id UUID not null primary key references people (id) on delete cascade,
    token_hash BYTES not null unique,
    created_at INTEGER not null,
    expires_at INTEGER not null
) STRICT;
create index password_links_expiry on password_links (expires_at);

create table sign_ins (
    id UUID not null primary key,
    user_id UUID not null references people (id) on delete cascade,
    token_hash BYTES not null unique,
    created_at INTEGER not null,
    last_seen_at INTEGER not null,
    expires_at INTEGER not null,
    user_agent text,
    ip text
) STRICT;
create index sign_ins_user on sign_ins (user_id);
create index sign_ins_expiry on sign_ins (expires_at);

create table api_tokens (
    id UUID not null primary key,
    workspace_id UUID not null references workspaces (id) on delete cascade,
    user_id UUID not null references people (id) on delete cascade,
    name text not null,
    -- The beginning of the token's text.
    visible text not null,
    token_hash BYTES not null unique,
    scopes text not null,
    created_at INTEGER not null,
    last_used_at INTEGER,
    expires_at INTEGER,
    revoked_at INTEGER
) STRICT;
create index api_tokens_workspace on api_tokens (workspace_id, user_id);
create index api_tokens_user on api_tokens (user_id);

create table invitations (
    id UUID not null primary key,
    workspace_id UUID not null references workspaces (id) on delete cascade,
    email text not null,
    role text not null check (role in ('owner', 'admin', 'member')),
    invited_by UUID not null references people (id) on delete cascade,
    token_hash BYTES not null unique,
    created_at INTEGER not null,
    expires_at INTEGER not null,
    accepted_at INTEGER,
    revoked_at INTEGER,
    check (accepted_at is null or revoked_at is null)
) STRICT;
create unique index invitations_open on invitations (workspace_id, FOLDED)
    where accepted_at is null and revoked_at is null;
create index invitations_inviter on invitations (workspace_id, invited_by);
create index invitations_workspace on invitations (workspace_id, created_at);

-- How often something was tried within a window of time, by a hash of on whom.
create table attempts (
    kind text not null,
    key BYTES not null,
    window_at INTEGER not null,
    count INTEGER not null check (count >= 0),
    primary key (kind, key, window_at)
) STRICT;
create index attempts_window on attempts (window_at);

-- Without references to people and tokens, so that what they did outlives them.
create table audit (
    id UUID not null primary key,
    workspace_id UUID references workspaces (id) on delete cascade,
    at INTEGER not null,
    user_id UUID,
    token_id UUID,
    action text not null,
    subject text not null,
    detail text not null
) STRICT;
create index audit_workspace on audit (workspace_id, at, id);
";
