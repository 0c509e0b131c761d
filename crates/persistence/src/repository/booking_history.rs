//! What has become of bookings so far.

use scheduling_core::booking::{Change, HistoryEntry};
use scheduling_core::ids::{BookingId, HistoryId};
use scheduling_core::ports::StorageError;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use thiserror::Error;

use super::all;
use crate::batch::Batch;
use crate::convert::{Row, micros, to_json};
use crate::entity::booking_history;
use crate::error::corrupt;

/// The column `kind` says one thing and the change beside it another.
#[derive(Debug, Error)]
#[error("the change is {0}")]
struct KindDiffers(&'static str);

/// The word that serde writes for a change.
const fn kind(change: &Change) -> &'static str {
    match change {
        Change::Requested => "requested",
        Change::Confirmed => "confirmed",
        Change::Approved => "approved",
        Change::Declined { .. } => "declined",
        Change::Rescheduled { .. } => "rescheduled",
        Change::Cancelled { .. } => "cancelled",
        Change::Completed => "completed",
        Change::NoShow => "no_show",
        Change::Expired => "expired",
    }
}

impl TryFrom<booking_history::Model> for HistoryEntry {
    type Error = StorageError;

    fn try_from(stored: booking_history::Model) -> Result<Self, StorageError> {
        let row = Row {
            table: "booking_history",
            id: stored.id,
        };
        let change: Change = row.json("change", &stored.change)?;
        if kind(&change) != stored.kind {
            let differs = KindDiffers(kind(&change));
            return Err(corrupt(row.table, "kind", row.id, differs));
        }
        Ok(Self {
            id: HistoryId::from_uuid(stored.id),
            booking: BookingId::from_uuid(stored.booking_id),
            at: row.instant("happened_at", stored.happened_at)?,
            by: row.json("doer", &stored.doer)?,
            change,
        })
    }
}

/// Adds an entry to a batch.
pub(super) fn add(batch: &mut Batch, entry: &HistoryEntry) -> Result<(), StorageError> {
    batch.insert(&[booking_history::Model {
        id: entry.id.as_uuid(),
        booking_id: entry.booking.as_uuid(),
        happened_at: micros(entry.at),
        doer: to_json(&entry.by)?,
        kind: kind(&entry.change).to_owned(),
        change: to_json(&entry.change)?,
    }]);
    Ok(())
}

pub(super) async fn record(
    db: &impl ConnectionTrait,
    entry: &HistoryEntry,
) -> Result<(), StorageError> {
    let mut batch = Batch::on(db);
    add(&mut batch, entry)?;
    batch.execute(db).await
}

pub(super) async fn history(
    db: &impl ConnectionTrait,
    booking: BookingId,
) -> Result<Vec<HistoryEntry>, StorageError> {
    let select = booking_history::Entity::find()
        .filter(booking_history::Column::BookingId.eq(booking.as_uuid()))
        .order_by_asc(booking_history::Column::HappenedAt)
        .order_by_asc(booking_history::Column::Id);
    let entries = all(db, select).await?;
    entries.into_iter().map(TryFrom::try_from).collect()
}
