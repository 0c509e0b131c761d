//! The schema of the scheduling database, one migration a change, for SQLite and PostgreSQL.
//!
//! [`apply`] brings a database up to date, whoever else tries to at the same moment. The rules for writing a migration
//! are in this crate's `README.md`.
#![deny(missing_docs)]

pub use compatibility::{Fitness, Reason, Standing, look, require};
pub use sea_orm_migration::MigratorTrait;
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{
    DatabaseConnection, DbBackend, DbErr, SqliteTransactionMode, TransactionOptions,
    TransactionTrait,
};

pub mod compatibility;
mod giving_way;
mod m20261120_120000_create_scheduling;
mod m20261121_090000_add_booking_life;
mod m20261121_100000_create_accounts;
mod m20261121_160000_add_revisions;
mod m20261121_161000_add_rate_counts;
mod m20261121_162000_add_schema_compatibility;
mod m20261121_164000_add_moves;
mod m20261121_166000_index_long_bookings;

/// All migrations, in order.
#[derive(Debug, Clone, Copy)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261120_120000_create_scheduling::Migration),
            Box::new(m20261121_090000_add_booking_life::Migration),
            Box::new(m20261121_100000_create_accounts::Migration),
            Box::new(m20261121_160000_add_revisions::Migration),
            Box::new(m20261121_161000_add_rate_counts::Migration),
            Box::new(m20261121_162000_add_schema_compatibility::Migration),
            Box::new(m20261121_164000_add_moves::Migration),
            Box::new(m20261121_166000_index_long_bookings::Migration),
        ]
    }
}

/// The advisory lock that keeps two nodes from migrating one PostgreSQL database at once. The number means nothing but
/// must not change: nodes of different releases start side by side.
const LOCK: i64 = 0x6b61_6c65_6e64_7331;

/// Brings a database up to date: everything that is missing, or nothing when one step fails. A schema that a later release
/// made and that this program can work with is left as it is.
///
/// Any number of nodes may call it at once. One works, the others wait for it and then find nothing to do: PostgreSQL
/// by an advisory lock that ends with the transaction, SQLite by its write lock. Nodes that work with the database meanwhile
/// are held up briefly: on PostgreSQL it gives way to them, again and again, until the tables that it needs are free.
///
/// # Errors
/// What the database said; also, as [`DbErr::Custom`] with a [`Reason`]'s words, when this program must leave the schema
/// alone.
pub async fn apply(database: &DatabaseConnection) -> Result<(), DbErr> {
    giving_way::until_free(database, attempt).await
}

async fn attempt(database: &DatabaseConnection) -> Result<(), DbErr> {
    let transaction = database
        .begin_with_options(TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        })
        .await?;
    if transaction.get_database_backend() == DbBackend::Postgres {
        transaction
            // A long migration is no hung statement: who waits for another one waits as long as it takes.
            .execute_unprepared("set local lock_timeout = 0; set local statement_timeout = 0")
            .await?;
        transaction
            .execute_unprepared(&format!("select pg_advisory_xact_lock({LOCK})"))
            .await?;
        giving_way::wait_briefly(&transaction).await?;
    }
    match look(&transaction).await?.fitness() {
        Fitness::UpToDate | Fitness::Ahead => transaction.rollback().await,
        Fitness::Behind => match Migrator::up(&transaction, None).await {
            Ok(()) => transaction.commit().await,
            Err(error) => {
                // At once, and not when the connection is used again: others wait for what it locked.
                transaction.rollback().await?;
                Err(error)
            }
        },
        Fitness::Foreign(reason) => {
            transaction.rollback().await?;
            Err(DbErr::Custom(reason.to_string()))
        }
    }
}

/// The names of all migrations, in order.
pub fn names() -> Vec<String> {
    Migrator::migrations()
        .iter()
        .map(|migration| migration.name().to_owned())
        .collect()
}
