//! Rotation ledgers.

use async_trait::async_trait;
use scheduling_core::assignment::{LedgerEntry, RotationLedger};
use scheduling_core::ids::{EventTypeId, UserId};
use scheduling_core::ports::{RotationRepository, StorageError};
use sea_orm::ConnectionTrait;
use sea_orm::prelude::Uuid;

use super::decode;
use crate::SeaOrmUnitOfWork;
use crate::batch::Batch;
use crate::convert::{Row, counter};
use crate::entity::rotation_entry;
use crate::sql;

impl TryFrom<rotation_entry::Model> for LedgerEntry<UserId> {
    type Error = StorageError;

    fn try_from(stored: rotation_entry::Model) -> Result<Self, StorageError> {
        let row = Row {
            table: "rotation_entries",
            id: stored.host_id,
        };
        Ok(Self {
            host: UserId::from_uuid(stored.host_id),
            weight: row.number("weight", stored.weight)?,
            credit: stored.credit,
            last_assigned: stored
                .last_assigned
                .map(|number| row.number("last_assigned", number))
                .transpose()?,
        })
    }
}

/// One query: the ledger's number stands beside each of its entries.
async fn ledger(
    db: &impl ConnectionTrait,
    event_type: EventTypeId,
) -> Result<RotationLedger<UserId>, StorageError> {
    let rows = sql::rows(
        db,
        "select l.next, e.event_type_id, e.host_id, e.position, e.weight, e.credit, e.last_assigned
        from rotation_ledgers l left join rotation_entries e on e.event_type_id = l.event_type_id
        where l.event_type_id = $1 order by e.position",
        [event_type.as_uuid().into()],
    )
    .await?;
    let Some(first) = rows.first() else {
        return Ok(RotationLedger::default());
    };
    let row = Row {
        table: "rotation_ledgers",
        id: event_type.as_uuid(),
    };
    let next = row.number("next", sql::get(first, 0)?)?;
    let mut entries = Vec::with_capacity(rows.len());
    for row in &rows {
        // A ledger without entries has one row without one.
        if sql::get::<Option<Uuid>>(row, 2)?.is_some() {
            entries.push(decode::<rotation_entry::Entity>(row)?.try_into()?);
        }
    }
    Ok(RotationLedger { entries, next })
}

/// Adds a whole ledger to a batch, in place of what was stored.
pub(super) fn add(
    batch: &mut Batch,
    event_type: EventTypeId,
    ledger: &RotationLedger<UserId>,
) -> Result<(), StorageError> {
    let id = event_type.as_uuid();
    let entries = (0..)
        .zip(&ledger.entries)
        .map(|(position, entry)| {
            Ok(rotation_entry::Model {
                event_type_id: id,
                host_id: entry.host.as_uuid(),
                position,
                weight: entry.weight.into(),
                credit: entry.credit,
                last_assigned: entry.last_assigned.map(counter).transpose()?,
            })
        })
        .collect::<Result<Vec<_>, StorageError>>()?;
    let of_event_type = batch.value(id);
    let next = batch.value(counter(ledger.next)?);
    batch.add(format!(
        "insert into rotation_ledgers (event_type_id, next) values ({of_event_type}, {next})
        on conflict (event_type_id) do update set next = excluded.next"
    ));
    let hosts = batch.list(entries.iter().map(|entry| entry.host_id.into()));
    let others = if entries.is_empty() {
        String::new()
    } else {
        format!(" and host_id not in ({hosts})")
    };
    batch.add(format!(
        "delete from rotation_entries where event_type_id = {of_event_type}{others}"
    ));
    batch.insert_or(
        &entries,
        "on conflict (event_type_id, host_id) do update set position = excluded.position,
            weight = excluded.weight, credit = excluded.credit, last_assigned = excluded.last_assigned",
    );
    Ok(())
}

async fn store(
    db: &impl ConnectionTrait,
    event_type: EventTypeId,
    ledger: &RotationLedger<UserId>,
) -> Result<(), StorageError> {
    let mut batch = Batch::on(db);
    add(&mut batch, event_type, ledger)?;
    batch.execute(db).await
}

#[async_trait]
impl RotationRepository for SeaOrmUnitOfWork {
    async fn ledger(
        &mut self,
        event_type: EventTypeId,
    ) -> Result<RotationLedger<UserId>, StorageError> {
        let found = ledger(self.transaction(), event_type).await;
        self.settle(found)
    }

    async fn store(
        &mut self,
        event_type: EventTypeId,
        ledger: &RotationLedger<UserId>,
    ) -> Result<(), StorageError> {
        let done = store(self.transaction(), event_type, ledger).await;
        self.settle(done)
    }
}
