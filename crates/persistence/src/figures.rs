//! Figures about the database, for whoever watches a server: what is owed, and how busy the connections are.

use chrono::{DateTime, TimeDelta, Utc};
use scheduling_core::ports::StorageError;
use sea_orm::{DatabaseConnection, DbBackend};

use crate::SeaOrmStorage;
use crate::convert::{Row, micros};
use crate::error::storage_error;
use crate::sql;

/// What the outbox holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OutboxFigures {
    /// Effects that wait for a worker or for their time, up to [`Self::MOST`].
    pub ready: u64,
    /// Those whose time has come, up to [`Self::MOST`].
    pub due: u64,
    /// Those whose time came more than [`Self::OVERDUE_AFTER`] ago, up to [`Self::MOST`].
    pub overdue: u64,
    /// Effects that workers have.
    pub leased: u64,
    /// Effects that were given up.
    pub failed: u64,
    /// Since when the oldest one is due that no worker has.
    pub oldest_due: Option<DateTime<Utc>>,
}

impl OutboxFigures {
    /// Nobody needs to know exactly how many more there are, and counting them would take its time.
    pub const MOST: u64 = 100_000;

    /// A worker looks every second, so what is due for longer than this waits for a reason.
    pub const OVERDUE_AFTER: TimeDelta = TimeDelta::minutes(1);
}

/// How busy a pool of connections is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolFigures {
    /// What for: `read` or `write`.
    pub purpose: &'static str,
    /// Connections that are open.
    pub open: u64,
    /// Of those, how many nobody uses.
    pub idle: u64,
    /// How many may be open.
    pub most: u64,
}

impl SeaOrmStorage {
    /// What the outbox holds at an instant. Each count stops at a number that is quick to reach.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn outbox_figures(&self, now: DateTime<Utc>) -> Result<OutboxFigures, StorageError> {
        // Partial indexes answer each of these.
        let counted = |condition: &str| {
            let most = OutboxFigures::MOST;
            format!(
                "(select count(*) from (select 1 from outbox where {condition} limit {most}) counted)"
            )
        };
        let query = format!(
            "select {}, {}, {}, {}, {}, (select min(due_at) from outbox where status = 'ready' and due_at <= $1)",
            counted("status = 'ready'"),
            counted("status = 'ready' and due_at <= $1"),
            counted("status = 'ready' and due_at <= $2"),
            counted("status = 'leased'"),
            counted("status = 'failed'"),
        );
        let overdue = now
            .checked_sub_signed(OutboxFigures::OVERDUE_AFTER)
            .unwrap_or(DateTime::<Utc>::MIN_UTC);
        let transaction = self.begin_reading().await?;
        let found = sql::row(
            &transaction,
            query,
            [micros(now).into(), micros(overdue).into()],
        )
        .await;
        transaction.rollback().await.map_err(storage_error)?;
        let Some(found) = found? else {
            return Ok(OutboxFigures::default());
        };
        let row = Row {
            table: "outbox",
            id: "count",
        };
        let number = |place| row.number("status", sql::get::<i64>(&found, place)?);
        let oldest: Option<i64> = sql::get(&found, 5)?;
        Ok(OutboxFigures {
            ready: number(0)?,
            due: number(1)?,
            overdue: number(2)?,
            leased: number(3)?,
            failed: number(4)?,
            oldest_due: oldest
                .map(|oldest| row.instant("due_at", oldest))
                .transpose()?,
        })
    }

    /// How busy the connections are. Asks nobody.
    pub fn pool_figures(&self) -> [PoolFigures; 2] {
        [
            pool_figures("read", self.reader()),
            pool_figures("write", self.writer()),
        ]
    }
}

fn pool_figures(purpose: &'static str, connection: &DatabaseConnection) -> PoolFigures {
    let (open, idle, most) = if connection.get_database_backend() == DbBackend::Postgres {
        let pool = connection.get_postgres_connection_pool();
        (
            pool.size(),
            pool.num_idle(),
            pool.options().get_max_connections(),
        )
    } else {
        let pool = connection.get_sqlite_connection_pool();
        (
            pool.size(),
            pool.num_idle(),
            pool.options().get_max_connections(),
        )
    };
    PoolFigures {
        purpose,
        open: open.into(),
        idle: idle as u64,
        most: most.into(),
    }
}
