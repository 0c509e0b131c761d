//! A booking with everything that is stored together with it: one call, however many tables.

use scheduling_core::ports::{BookingRecord, StorageError};
use sea_orm::ConnectionTrait;

use super::{booking_history, bookings, idempotency, outbox, rotation};
use crate::batch::Batch;

/// Adds a new booking.
pub(crate) async fn add(
    db: &impl ConnectionTrait,
    record: &BookingRecord<'_>,
) -> Result<(), StorageError> {
    let mut batch = Batch::on(db);
    bookings::add(&mut batch, record.booking)?;
    finish(db, batch, record).await
}

/// Replaces a booking: what it had goes first, in a call of its own.
pub(crate) async fn change(
    db: &impl ConnectionTrait,
    record: &BookingRecord<'_>,
) -> Result<(), StorageError> {
    bookings::replace(db, record.booking).await?;
    let mut batch = Batch::on(db);
    bookings::add_parts(&mut batch, record.booking)?;
    finish(db, batch, record).await
}

async fn finish(
    db: &impl ConnectionTrait,
    mut batch: Batch,
    record: &BookingRecord<'_>,
) -> Result<(), StorageError> {
    booking_history::add(&mut batch, record.entry)?;
    if let Some(ledger) = record.rotation {
        rotation::add(&mut batch, record.booking.event_type, ledger)?;
    }
    if let Some(key) = &record.key {
        idempotency::add(&mut batch, key, record.booking.id.as_uuid());
    }
    let mut effects = record.effects.chunks(outbox::AT_ONCE);
    outbox::add(&mut batch, effects.next().unwrap_or_default())?;
    batch.execute(db).await?;
    for effects in effects {
        outbox::enqueue(db, effects).await?;
    }
    Ok(())
}
