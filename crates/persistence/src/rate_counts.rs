//! Counters that all servers on one PostgreSQL database share, for limits on how often something may be done.
//!
//! A row is a bucket: the moment at which it is empty again. Counting moves that one step into the future, unless the
//! bucket would then be more than a span ahead. Each count is one statement of its own, by the database's clock; the
//! table is unlogged, so that nothing waits for a disk, and what a crash of the database forgets is only counts.

use std::fmt::Write as _;
use std::time::Duration;

use scheduling_core::ports::StorageError;
use sea_orm::{DatabaseConnection, DbBackend, QueryResult, Value};

use crate::{SeaOrmStorage, sql};

/// Shared counters. Clones share the connections.
#[derive(Debug, Clone)]
pub struct RateCounts {
    // Counts are statements of their own and hold nothing, so they go with the readers: writers may wait for locks.
    connections: DatabaseConnection,
}

/// One more of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateCount {
    /// What is counted: a hash, since the database need not know of whom.
    pub key: [u8; 32],
    /// How long it takes until one more is allowed.
    pub step: Duration,
    /// How long it takes until all are allowed again: as many steps as are allowed at once.
    pub span: Duration,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateCounted {
    /// Whether it was within its span. Otherwise it was not counted.
    pub allowed: bool,
    /// In how much time its bucket is empty again.
    pub ahead: Duration,
}

/// How many rows one sweep deletes at most: nobody waits for it for long.
const SWEPT_AT_ONCE: u32 = 20_000;

/// Microseconds since 1970, as the database has them at this moment.
const NOW: &str = "(extract(epoch from clock_timestamp()) * 1000000)::bigint";

impl SeaOrmStorage {
    /// The counters that this database's servers share. There are none on SQLite, whose one server counts for itself.
    pub fn rate_counts(&self) -> Option<RateCounts> {
        let connections = self.reader().clone();
        let is_shared = connections.get_database_backend() == DbBackend::Postgres;
        is_shared.then_some(RateCounts { connections })
    }
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX / 8)
}

/// `($1::bytea, …), …` with what stands in for each of a row's values.
fn rows_of(count: usize, kinds: &[&str]) -> String {
    let mut rows = String::new();
    for row in 0..count {
        rows.push_str(if row == 0 { "(" } else { ", (" });
        for (place, kind) in kinds.iter().enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            // Writing to a String cannot fail.
            let _ = write!(rows, "{comma}${}::{kind}", row * kinds.len() + place + 1);
        }
        rows.push(')');
    }
    rows
}

impl RateCounts {
    /// Counts each of them that is within its span, exactly, whoever else counts at the same moment. No two may have the
    /// same key. Answers in their order.
    ///
    /// # Errors
    /// [`StorageError`]; then none was counted.
    pub async fn count(&self, asked: &[RateCount]) -> Result<Vec<RateCounted>, StorageError> {
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        // In the order of the keys, so that two that count the same ones never wait for each other in a circle. What was
        // not counted is not returned by the insert; then its row is read as it was before.
        let statement = format!(
            "with asked (place, key, step, span) as (values {}),
            moment (now) as materialized (select {NOW}),
            counted as (
                insert into rate_counts as r (key, empty_at, step, span)
                select key, now + step, step, span from asked, moment order by key
                on conflict (key) do update set
                    empty_at = greatest(r.empty_at, excluded.empty_at - excluded.step) + excluded.step,
                    step = excluded.step,
                    span = excluded.span
                where greatest(r.empty_at, excluded.empty_at - excluded.step) + excluded.step
                    <= excluded.empty_at - excluded.step + excluded.span
                returning key, empty_at
            )
            select counted.key is not null, coalesce(counted.empty_at, r.empty_at, now + asked.span) - now
            from moment, asked left join counted using (key) left join rate_counts r using (key)
            order by place",
            rows_of(asked.len(), &["bigint", "bytea", "bigint", "bigint"])
        );
        let values = asked.iter().zip(0_i64..).flat_map(|(asked, place)| {
            let (step, span) = (micros(asked.step).max(1), micros(asked.span));
            let values: [Value; 4] = [
                place.into(),
                asked.key.to_vec().into(),
                step.into(),
                span.into(),
            ];
            values
        });
        let rows = sql::rows(&self.connections, statement, values).await?;
        rows.iter().map(counted).collect()
    }

    /// Takes back what was counted.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn take_back(&self, asked: &[RateCount]) -> Result<(), StorageError> {
        if asked.is_empty() {
            return Ok(());
        }
        let statement = format!(
            "with asked (key, step) as (values {}),
            mine as materialized (
                select r.key, asked.step from rate_counts r join asked using (key) order by r.key for update of r
            )
            update rate_counts r set empty_at = r.empty_at - mine.step from mine where r.key = mine.key",
            rows_of(asked.len(), &["bytea", "bigint"])
        );
        let values = asked.iter().flat_map(|asked| {
            let values: [Value; 2] = [asked.key.to_vec().into(), micros(asked.step).max(1).into()];
            values
        });
        sql::execute(&self.connections, statement, values).await?;
        Ok(())
    }

    /// Forgets buckets that are empty. Answers how many.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn sweep(&self) -> Result<u64, StorageError> {
        // Who is counting right now keeps the row; the next sweep finds it again.
        let statement = format!(
            "delete from rate_counts where key in (
                select key from rate_counts where empty_at < {NOW} limit {SWEPT_AT_ONCE} for update skip locked
            )"
        );
        sql::execute(&self.connections, statement, []).await
    }
}

fn counted(row: &QueryResult) -> Result<RateCounted, StorageError> {
    let ahead: i64 = sql::get(row, 1)?;
    Ok(RateCounted {
        allowed: sql::get(row, 0)?,
        ahead: Duration::from_micros(u64::try_from(ahead).unwrap_or(0)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_as_many_places_as_values() {
        assert_eq!(
            rows_of(2, &["bytea", "bigint"]),
            "($1::bytea, $2::bigint), ($3::bytea, $4::bigint)"
        );
    }
}
