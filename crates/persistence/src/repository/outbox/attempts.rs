//! The tries to hand messages over.

use chrono::{DateTime, Utc};
use scheduling_core::ids::OutboxId;
use scheduling_core::ports::{AttemptOutcome, DeliveryAttempt, LoggedAttempt, StorageError};
use sea_orm::prelude::Uuid;
use sea_orm::{ConnectionTrait, QueryResult};
use thiserror::Error;

use crate::convert::{Row, micros};
use crate::error::corrupt;
use crate::sql;

#[derive(Debug, Error)]
#[error("{0:?} is no outcome")]
struct UnknownOutcome(String);

/// Nothing is kept for an effect that is gone, as with a booking that was erased meanwhile.
pub(super) async fn log(
    db: &impl ConnectionTrait,
    id: OutboxId,
    at: DateTime<Utc>,
    attempts: &[DeliveryAttempt],
) -> Result<(), StorageError> {
    for attempt in attempts {
        sql::execute(
            db,
            "insert into delivery_attempts (outbox_id, number, tried_at, transport, outcome, detail)
            select id, (
                select coalesce(max(number), 0) + 1 from delivery_attempts where outbox_id = $1
            ), $2, $3, $4, $5 from outbox where id = $1",
            [
                id.as_uuid().into(),
                micros(at).into(),
                attempt.transport.clone().into(),
                attempt.outcome.as_str().into(),
                attempt.outcome.detail().map(str::to_owned).into(),
            ],
        )
        .await?;
    }
    Ok(())
}

/// The columns that [`logged`] reads.
pub(crate) const COLUMNS: &str = "outbox_id, number, tried_at, transport, outcome, detail";

/// What was tried, from its columns.
pub(crate) fn logged(stored: &QueryResult) -> Result<LoggedAttempt, StorageError> {
    let outbox: Uuid = sql::get(stored, 0)?;
    let number: i64 = sql::get(stored, 1)?;
    let outcome: String = sql::get(stored, 4)?;
    let detail: Option<String> = sql::get(stored, 5)?;
    let row = Row {
        table: "delivery_attempts",
        id: format!("{outbox}/{number}"),
    };
    let detail = detail.unwrap_or_default();
    let outcome = match outcome.as_str() {
        "accepted" => AttemptOutcome::Accepted,
        "deferred" => AttemptOutcome::Deferred(detail),
        "refused" => AttemptOutcome::Refused(detail),
        "unknown" => AttemptOutcome::Unknown(detail),
        _ => {
            return Err(corrupt(
                row.table,
                "outcome",
                row.id,
                UnknownOutcome(outcome),
            ));
        }
    };
    Ok(LoggedAttempt {
        at: row.instant("tried_at", sql::get(stored, 2)?)?,
        attempt: DeliveryAttempt {
            transport: sql::get(stored, 3)?,
            outcome,
        },
    })
}

pub(super) async fn of(
    db: &impl ConnectionTrait,
    id: OutboxId,
) -> Result<Vec<LoggedAttempt>, StorageError> {
    let query =
        format!("select {COLUMNS} from delivery_attempts where outbox_id = $1 order by number");
    let rows = sql::rows(db, query, [id.as_uuid().into()]).await?;
    rows.iter().map(logged).collect()
}
