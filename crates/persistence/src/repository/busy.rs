//! The mirror of connected calendars.

use async_trait::async_trait;
use scheduling_core::calendar::{BusyInterval, HostBusy};
use scheduling_core::ids::{BusyId, UserId};
use scheduling_core::ports::{BusyRepository, StorageError};
use scheduling_core::time::Interval;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use super::{all, insert};
use crate::SeaOrmUnitOfWork;
use crate::convert::{Row, micros, to_word};
use crate::entity::busy;

impl TryFrom<busy::Model> for HostBusy {
    type Error = StorageError;

    fn try_from(stored: busy::Model) -> Result<Self, StorageError> {
        let row = Row {
            table: "busy",
            id: stored.id,
        };
        Ok(Self {
            id: BusyId::from_uuid(stored.id),
            host: UserId::from_uuid(stored.host_id),
            busy: BusyInterval {
                interval: row.interval(stored.starts_at, stored.ends_at)?,
                source: row.word("source", &stored.source)?,
            },
        })
    }
}

async fn overlapping(
    db: &impl ConnectionTrait,
    hosts: &[UserId],
    within: Interval,
) -> Result<Vec<HostBusy>, StorageError> {
    if hosts.is_empty() {
        return Ok(Vec::new());
    }
    let select = busy::Entity::find()
        .filter(busy::Column::HostId.is_in(hosts.iter().map(|id| id.as_uuid())))
        .filter(busy::Column::EndsAt.gt(micros(within.start())))
        .filter(busy::Column::StartsAt.lt(micros(within.end())));
    let mut found: Vec<HostBusy> = all(db, select)
        .await?
        .into_iter()
        .map(TryFrom::try_from)
        .collect::<Result<_, _>>()?;
    found.sort_by_key(|b| (b.host, b.busy.interval, b.id));
    Ok(found)
}

async fn insert_busy(db: &impl ConnectionTrait, busy: &HostBusy) -> Result<(), StorageError> {
    let row = busy::Model {
        id: busy.id.as_uuid(),
        host_id: busy.host.as_uuid(),
        starts_at: micros(busy.busy.interval.start()),
        ends_at: micros(busy.busy.interval.end()),
        source: to_word(&busy.busy.source)?,
    };
    insert(db, vec![row]).await
}

#[async_trait]
impl BusyRepository for SeaOrmUnitOfWork {
    async fn overlapping(
        &mut self,
        hosts: &[UserId],
        within: Interval,
    ) -> Result<Vec<HostBusy>, StorageError> {
        let found = overlapping(self.transaction(), hosts, within).await;
        self.settle(found)
    }

    async fn insert(&mut self, busy: &HostBusy) -> Result<(), StorageError> {
        let done = insert_busy(self.transaction(), busy).await;
        self.settle(done)
    }
}
