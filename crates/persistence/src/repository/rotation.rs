//! Rotation ledgers.

use async_trait::async_trait;
use scheduling_core::assignment::{LedgerEntry, RotationLedger};
use scheduling_core::ids::{EventTypeId, UserId};
use scheduling_core::ports::{RotationRepository, StorageError};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

use super::{all, insert, one};
use crate::SeaOrmUnitOfWork;
use crate::convert::{Row, counter};
use crate::entity::{rotation_entry, rotation_ledger};
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

async fn ledger(
    db: &impl ConnectionTrait,
    event_type: EventTypeId,
) -> Result<RotationLedger<UserId>, StorageError> {
    let id = event_type.as_uuid();
    let Some(stored) = one(db, rotation_ledger::Entity::find_by_id(id)).await? else {
        return Ok(RotationLedger::default());
    };
    let row = Row {
        table: "rotation_ledgers",
        id,
    };
    let select = rotation_entry::Entity::find()
        .filter(rotation_entry::Column::EventTypeId.eq(id))
        .order_by_asc(rotation_entry::Column::Position);
    Ok(RotationLedger {
        entries: all(db, select)
            .await?
            .into_iter()
            .map(TryFrom::try_from)
            .collect::<Result<_, _>>()?,
        next: row.number("next", stored.next)?,
    })
}

async fn store(
    db: &impl ConnectionTrait,
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
    sql::execute(
        db,
        "insert into rotation_ledgers (event_type_id, next) values ($1, $2)
        on conflict (event_type_id) do update set next = excluded.next",
        [id.into(), counter(ledger.next)?.into()],
    )
    .await?;
    let forget = "delete from rotation_entries where event_type_id = $1";
    sql::execute(db, forget, [id.into()]).await?;
    insert(db, entries).await
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
