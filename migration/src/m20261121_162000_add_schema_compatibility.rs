//! What a program must know to work with this schema, so that old and new programs can run side by side.
//!
//! One row names the migration that a program must have. Migrations that only add leave it alone; one that takes something
//! away raises it, by [`require`](crate::require). See [`compatibility`](crate::compatibility).

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
        let connection = manager.get_connection();
        connection.execute_unprepared(TABLE).await?;
        // Whoever does not know this one does not know the rule either, and refuses every migration that it lacks.
        crate::require(connection, self.name()).await
    }
}

const TABLE: &str = "
create table schema_compatibility (
    id integer primary key check (id = 1),
    oldest text not null
);
insert into schema_compatibility (id, oldest) values (1, '');
";
