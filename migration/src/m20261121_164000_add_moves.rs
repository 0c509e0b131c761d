//! What a database knows of being moved to another one: `kalends move` copies it from SQLite to PostgreSQL or back.
//!
//! Both tables are about this database and are never moved themselves. An expanding step: programs of before go on without
//! knowing of them, and so start on a database that a move fills or has left.

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

/// What the types in [`TABLES`] are called. `STRICT` makes SQLite keep to them.
const POSTGRES_TYPES: [(&str, &str); 4] = [
    ("INTEGER", "bigint"),
    ("BYTES", "bytea"),
    ("BOOLEAN", "boolean"),
    (" STRICT", ""),
];
const SQLITE_TYPES: [(&str, &str); 4] = [
    ("INTEGER", "integer"),
    ("BYTES", "blob"),
    ("BOOLEAN", "integer"),
    (" STRICT", " strict"),
];

const TABLES: &str = "
create table moves (
    -- Into this database, or out of it.
    direction text not null primary key check (direction in ('in', 'out')),
    -- Of everything that is moved: both databases have the same.
    fingerprint text not null,
    -- The other database, without secrets.
    counterpart text not null,
    began_at INTEGER not null,
    -- A move into this database that has none was cut short, or is under way.
    finished_at INTEGER,
    check (direction = 'in' or finished_at is not null)
) STRICT;

-- How far a move into this database is; written with the rows it counts.
create table move_progress (
    table_name text not null primary key,
    copied INTEGER not null check (copied >= 0),
    -- The key of the last row that was copied, in the order of the source.
    last_key BYTES,
    finished BOOLEAN not null
) STRICT;
";
