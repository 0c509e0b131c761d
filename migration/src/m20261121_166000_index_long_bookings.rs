//! An index on bookings that last longer than a day, of which there are hardly any.
//!
//! Lists ask for bookings that end after some instant, in the order of their starts. All but these start less than a day
//! before it: so with these at hand the past need not be walked through.
//!
//! The lengths are compared in halves, since that of a booking from the first instant to the last has no room in an
//! integer.
//!
//! An expanding step.

use sea_orm_migration::prelude::*;

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
        let index = "create index bookings_long on bookings (workspace_id, ends_at)
            where ends_at / 2 - starts_at / 2 > 43199999998";
        manager.get_connection().execute_unprepared(index).await?;
        Ok(())
    }
}
