//! Availability schedules.

use std::collections::BTreeMap;

use async_trait::async_trait;
use scheduling_core::ids::{ScheduleId, UserId};
use scheduling_core::ports::{ScheduleRepository, StorageError};
use scheduling_core::schedule::AvailabilitySchedule;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use super::{all, insert};
use crate::SeaOrmUnitOfWork;
use crate::convert::{Row, to_json};
use crate::entity::schedule;

impl TryFrom<schedule::Model> for AvailabilitySchedule {
    type Error = StorageError;

    fn try_from(stored: schedule::Model) -> Result<Self, StorageError> {
        let row = Row {
            table: "schedules",
            id: stored.id,
        };
        Ok(Self {
            id: ScheduleId::from_uuid(stored.id),
            owner: UserId::from_uuid(stored.owner_id),
            name: row.text("name", &stored.name)?,
            is_default: stored.is_default,
            availability: row.json("availability", &stored.availability)?,
        })
    }
}

async fn defaults(
    db: &impl ConnectionTrait,
    owners: &[UserId],
) -> Result<BTreeMap<UserId, AvailabilitySchedule>, StorageError> {
    if owners.is_empty() {
        return Ok(BTreeMap::new());
    }
    let select = schedule::Entity::find()
        .filter(schedule::Column::OwnerId.is_in(owners.iter().map(|id| id.as_uuid())))
        .filter(schedule::Column::IsDefault.eq(true));
    all(db, select)
        .await?
        .into_iter()
        .map(|row| AvailabilitySchedule::try_from(row).map(|s| (s.owner, s)))
        .collect()
}

async fn insert_schedule(
    db: &impl ConnectionTrait,
    schedule: &AvailabilitySchedule,
) -> Result<(), StorageError> {
    let row = schedule::Model {
        id: schedule.id.as_uuid(),
        owner_id: schedule.owner.as_uuid(),
        name: schedule.name.as_str().to_owned(),
        is_default: schedule.is_default,
        availability: to_json(&schedule.availability)?,
    };
    insert(db, vec![row]).await
}

#[async_trait]
impl ScheduleRepository for SeaOrmUnitOfWork {
    async fn defaults(
        &mut self,
        owners: &[UserId],
    ) -> Result<BTreeMap<UserId, AvailabilitySchedule>, StorageError> {
        let found = defaults(self.transaction(), owners).await;
        self.settle(found)
    }

    async fn insert(&mut self, schedule: &AvailabilitySchedule) -> Result<(), StorageError> {
        let done = insert_schedule(self.transaction(), schedule).await;
        self.settle(done)
    }
}
