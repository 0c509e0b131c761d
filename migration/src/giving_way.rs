//! Migrating a PostgreSQL database that others work with meanwhile.
//!
//! A migration needs tables for itself that transactions of other nodes are using. While it waits for one, whoever comes
//! later waits behind it; and since it needs several, it and such a transaction can wait for each other for ever. So it
//! waits briefly, and then gives everything back, lets the others pass, and begins again.

use std::time::Duration;

use sea_orm_migration::sea_orm::{ConnectionTrait, DbErr, RuntimeErr};

/// How long it waits for a table. Less than PostgreSQL takes to look whether two wait for each other (`deadlock_timeout`,
/// one second unless somebody set it), so that nobody else is made to give way.
const WAIT: &str = "set local lock_timeout = '400ms'";

/// How often it begins again. With the pauses between, tables may stay in use for more than a minute.
const ATTEMPTS: u32 = 50;

/// What a transaction that migrates sets before it needs the first table.
pub(crate) async fn wait_briefly(transaction: &impl ConnectionTrait) -> Result<(), DbErr> {
    transaction.execute_unprepared(WAIT).await?;
    Ok(())
}

/// Tries until nobody is in the way any more. What stays in use for too long is the error of the last attempt.
pub(crate) async fn until_free<C: ConnectionTrait>(
    database: &C,
    attempt: impl AsyncFn(&C) -> Result<(), DbErr>,
) -> Result<(), DbErr> {
    for before in 0..ATTEMPTS {
        match attempt(database).await {
            Err(error) if is_in_use(&error) => pause(database, before).await?,
            ended => return ended,
        }
    }
    attempt(database).await
}

/// Whether a table could not be had in time, or two waited for each other.
fn is_in_use(error: &DbErr) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause))) =
        error
    else {
        return false;
    };
    let Some(complaint) = cause.as_database_error() else {
        return false;
    };
    matches!(complaint.code().as_deref(), Some("55P03" | "40P01"))
}

/// Longer and longer, up to a second and a half. The database waits, whose connection is ours anyway.
async fn pause(database: &impl ConnectionTrait, before: u32) -> Result<(), DbErr> {
    let pause = Duration::from_millis(100 << before.min(4));
    let sleep = format!("select pg_sleep({})", pause.as_secs_f64());
    database.execute_unprepared(&sleep).await?;
    Ok(())
}
