//! Availability schedules.

use std::collections::BTreeMap;

use async_trait::async_trait;
use scheduling_core::ids::{EventTypeId, ScheduleId, UserId, WorkspaceId};
use scheduling_core::ports::{Partial, ScheduleRepository, StorageError};
use scheduling_core::schedule::{AvailabilitySchedule, ScheduleOwner};
use sea_orm::prelude::Uuid;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait,
    IntoActiveModel, QueryFilter, Select,
};

use super::{each, insert, partial};
use crate::SeaOrmUnitOfWork;
use crate::convert::{Row, to_json};
use crate::entity::schedule;
use crate::error::storage_error;
use crate::sql;

impl TryFrom<schedule::Model> for AvailabilitySchedule {
    type Error = StorageError;

    fn try_from(stored: schedule::Model) -> Result<Self, StorageError> {
        let row = Row {
            table: "schedules",
            id: stored.id,
        };
        let workspace = WorkspaceId::from_uuid(stored.workspace_id);
        Ok(Self {
            id: ScheduleId::from_uuid(stored.id),
            workspace,
            owner: stored
                .owner_id
                .map_or(ScheduleOwner::Workspace(workspace), |person| {
                    ScheduleOwner::Person(UserId::from_uuid(person))
                }),
            name: row.text("name", &stored.name)?,
            is_default: stored.is_default,
            availability: row.json("availability", &stored.availability)?,
            version: row.version(stored.version)?,
        })
    }
}

/// A workspace's schedule stands in that workspace, whatever else is said.
fn schedule_row(schedule: &AvailabilitySchedule) -> Result<schedule::Model, StorageError> {
    let (workspace, owner) = match schedule.owner {
        ScheduleOwner::Person(person) => (schedule.workspace, Some(person.as_uuid())),
        ScheduleOwner::Workspace(workspace) => (workspace, None),
    };
    Ok(schedule::Model {
        id: schedule.id.as_uuid(),
        workspace_id: workspace.as_uuid(),
        owner_id: owner,
        name: schedule.name.as_str().to_owned(),
        is_default: schedule.is_default,
        availability: to_json(&schedule.availability)?,
        version: schedule.version.into(),
    })
}

/// The schedules of these owners.
fn owned_by(owners: &[ScheduleOwner]) -> Condition {
    let (mut people, mut workspaces) = (Vec::new(), Vec::new());
    for owner in owners {
        match owner {
            ScheduleOwner::Person(person) => people.push(person.as_uuid()),
            ScheduleOwner::Workspace(workspace) => workspaces.push(workspace.as_uuid()),
        }
    }
    let of_people = schedule::Column::OwnerId.is_in(people);
    let of_workspaces = Condition::all()
        .add(schedule::Column::OwnerId.is_null())
        .add(schedule::Column::WorkspaceId.is_in(workspaces));
    Condition::any().add(of_people).add(of_workspaces)
}

async fn load(
    db: &impl ConnectionTrait,
    select: Select<schedule::Entity>,
) -> Result<Partial<Vec<AvailabilitySchedule>>, StorageError> {
    let rows = each(db, select).await?.into_iter();
    partial(rows.map(|row| row.and_then(TryFrom::try_from)))
}

/// The schedules by a key.
fn keyed<K: Ord>(
    schedules: Partial<Vec<AvailabilitySchedule>>,
    key: impl Fn(&AvailabilitySchedule) -> K,
) -> Partial<BTreeMap<K, AvailabilitySchedule>> {
    Partial {
        found: schedules.found.into_iter().map(|s| (key(&s), s)).collect(),
        unreadable: schedules.unreadable,
    }
}

async fn defaults(
    db: &impl ConnectionTrait,
    owners: &[ScheduleOwner],
) -> Result<Partial<BTreeMap<ScheduleOwner, AvailabilitySchedule>>, StorageError> {
    if owners.is_empty() {
        return Ok(Partial::whole(BTreeMap::new()));
    }
    let select = schedule::Entity::find()
        .filter(owned_by(owners))
        .filter(schedule::Column::IsDefault.eq(true));
    Ok(keyed(load(db, select).await?, |schedule| schedule.owner))
}

async fn get(
    db: &impl ConnectionTrait,
    ids: &[ScheduleId],
) -> Result<Partial<BTreeMap<ScheduleId, AvailabilitySchedule>>, StorageError> {
    if ids.is_empty() {
        return Ok(Partial::whole(BTreeMap::new()));
    }
    let these = schedule::Column::Id.is_in(ids.iter().map(|id| id.as_uuid()));
    let select = schedule::Entity::find().filter(these);
    Ok(keyed(load(db, select).await?, |schedule| schedule.id))
}

async fn list(
    db: &impl ConnectionTrait,
    owner: ScheduleOwner,
) -> Result<Partial<Vec<AvailabilitySchedule>>, StorageError> {
    let mut schedules = load(db, schedule::Entity::find().filter(owned_by(&[owner]))).await?;
    // Sorted here, since databases compare texts by their collation.
    schedules
        .found
        .sort_by(|a, b| (!a.is_default, &a.name, a.id).cmp(&(!b.is_default, &b.name, b.id)));
    Ok(schedules)
}

async fn update(
    db: &impl ConnectionTrait,
    schedule: &AvailabilitySchedule,
) -> Result<(), StorageError> {
    let row = schedule_row(schedule)?.into_active_model();
    let updated = schedule::Entity::update_many()
        .set(row.reset_all())
        .filter(schedule::Column::Id.eq(schedule.id.as_uuid()))
        .filter(schedule::Column::Version.eq(i64::from(schedule.version) - 1))
        .exec(db)
        .await
        .map_err(storage_error)?;
    if updated.rows_affected == 0 {
        return Err(StorageError::Conflict);
    }
    Ok(())
}

/// On PostgreSQL the row is locked first, so that no event type comes to name it between the question and the answer.
async fn delete(db: &impl ConnectionTrait, id: ScheduleId) -> Result<bool, StorageError> {
    if db.get_database_backend() == DbBackend::Postgres {
        let lock = "select id from schedules where id = $1 for update";
        sql::rows(db, lock, [id.as_uuid().into()]).await?;
    }
    let unless_named = "delete from schedules where id = $1
        and not exists (select 1 from event_types where schedule_id = $1)
        and not exists (select 1 from event_type_schedules where schedule_id = $1)";
    Ok(sql::execute(db, unless_named, [id.as_uuid().into()]).await? > 0)
}

async fn used_by(
    db: &impl ConnectionTrait,
    id: ScheduleId,
) -> Result<Vec<EventTypeId>, StorageError> {
    let naming = "select id from event_types where schedule_id = $1
        union select event_type_id from event_type_schedules where schedule_id = $1 order by 1";
    let rows = sql::rows(db, naming, [id.as_uuid().into()]).await?;
    rows.iter()
        .map(|row| sql::get::<Uuid>(row, 0).map(EventTypeId::from_uuid))
        .collect()
}

#[async_trait]
impl ScheduleRepository for SeaOrmUnitOfWork {
    async fn defaults(
        &mut self,
        owners: &[ScheduleOwner],
    ) -> Result<Partial<BTreeMap<ScheduleOwner, AvailabilitySchedule>>, StorageError> {
        let found = defaults(self.transaction(), owners).await;
        self.settle(found)
    }

    async fn get(
        &mut self,
        ids: &[ScheduleId],
    ) -> Result<Partial<BTreeMap<ScheduleId, AvailabilitySchedule>>, StorageError> {
        let found = get(self.transaction(), ids).await;
        self.settle(found)
    }

    async fn list(
        &mut self,
        owner: ScheduleOwner,
    ) -> Result<Partial<Vec<AvailabilitySchedule>>, StorageError> {
        let found = list(self.transaction(), owner).await;
        self.settle(found)
    }

    async fn insert(&mut self, schedule: &AvailabilitySchedule) -> Result<(), StorageError> {
        let done = match schedule_row(schedule) {
            Ok(row) => insert(self.transaction(), vec![row]).await,
            Err(refused) => Err(refused),
        };
        self.settle(done)
    }

    async fn update(&mut self, schedule: &AvailabilitySchedule) -> Result<(), StorageError> {
        let done = update(self.transaction(), schedule).await;
        self.settle(done)
    }

    async fn delete(&mut self, id: ScheduleId) -> Result<bool, StorageError> {
        let done = delete(self.transaction(), id).await;
        self.settle(done)
    }

    async fn used_by(&mut self, id: ScheduleId) -> Result<Vec<EventTypeId>, StorageError> {
        let found = used_by(self.transaction(), id).await;
        self.settle(found)
    }
}
