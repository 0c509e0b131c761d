//! Counters of how often something is done, shared by all servers on a PostgreSQL database. SQLite has one server, which
//! counts in its memory.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    #[expect(
        elided_lifetimes_in_paths,
        reason = "async_trait wants the signature as the trait writes it"
    )]
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        match manager.get_database_backend() {
            DbBackend::Postgres => {
                let database = manager.get_connection();
                database.execute_unprepared(POSTGRES).await?;
                Ok(())
            }
            DbBackend::Sqlite => Ok(()),
            other => Err(DbErr::Custom(format!("{other:?} is not supported"))),
        }
    }
}

/// Unlogged: a count is not worth waiting for a disk, and a crash of the database may forget them all. There is no index
/// but the key, and room on each page, so that counting rewrites a row in its place.
const POSTGRES: &str = "
create unlogged table rate_counts (
    -- A hash of what is counted.
    key bytea not null primary key,
    -- When the bucket is empty again.
    empty_at bigint not null,
    -- How far one more moves that, and how far ahead it may lie, as last asked for. Microseconds.
    step bigint not null check (step > 0),
    span bigint not null
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);
";
