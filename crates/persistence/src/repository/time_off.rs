//! Time off.

use async_trait::async_trait;
use scheduling_core::ids::{EventTypeId, TimeOffId, UserId, WorkspaceId};
use scheduling_core::ports::{Partial, StorageError, TimeOffRepository};
use scheduling_core::time_off::{TimeOff, TimeOffScope};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel,
    QueryFilter, QueryOrder, Select,
};
use thiserror::Error;

use super::{each, insert, one, partial};
use crate::SeaOrmUnitOfWork;
use crate::convert::{Row, micros, to_json};
use crate::entity::time_off;
use crate::error::{corrupt, storage_error};
use crate::sql;

#[derive(Debug, Error)]
#[error("time off of a person and of an event type at once")]
struct TwoScopes;

impl TryFrom<time_off::Model> for TimeOff {
    type Error = StorageError;

    fn try_from(stored: time_off::Model) -> Result<Self, StorageError> {
        let row = Row {
            table: "time_off",
            id: stored.id,
        };
        let scope = match (stored.user_id, stored.event_type_id) {
            (None, None) => TimeOffScope::Workspace,
            (Some(person), None) => TimeOffScope::Person(UserId::from_uuid(person)),
            (None, Some(event_type)) => TimeOffScope::EventType(EventTypeId::from_uuid(event_type)),
            (Some(_), Some(_)) => {
                return Err(corrupt(row.table, "event_type_id", row.id, TwoScopes));
            }
        };
        Ok(Self {
            id: TimeOffId::from_uuid(stored.id),
            workspace: WorkspaceId::from_uuid(stored.workspace_id),
            scope,
            title: row.optional_text("title", stored.title.as_deref())?,
            visible: stored.visible,
            period: row.json("period", &stored.period)?,
            version: row.version(stored.version)?,
            created_at: row.instant("created_at", stored.created_at)?,
        })
    }
}

fn time_off_row(time_off: &TimeOff) -> Result<time_off::Model, StorageError> {
    let (person, event_type) = match time_off.scope {
        TimeOffScope::Workspace => (None, None),
        TimeOffScope::Person(person) => (Some(person), None),
        TimeOffScope::EventType(event_type) => (None, Some(event_type)),
    };
    Ok(time_off::Model {
        id: time_off.id.as_uuid(),
        workspace_id: time_off.workspace.as_uuid(),
        user_id: person.map(UserId::as_uuid),
        event_type_id: event_type.map(EventTypeId::as_uuid),
        title: time_off.title.clone().map(String::from),
        visible: time_off.visible,
        period: to_json(&time_off.period)?,
        version: time_off.version.into(),
        created_at: micros(time_off.created_at),
    })
}

async fn load(
    db: &impl ConnectionTrait,
    select: Select<time_off::Entity>,
) -> Result<Partial<Vec<TimeOff>>, StorageError> {
    let rows = each(db, select).await?.into_iter();
    partial(rows.map(|row| row.and_then(TryFrom::try_from)))
}

async fn get(db: &impl ConnectionTrait, id: TimeOffId) -> Result<Option<TimeOff>, StorageError> {
    let select = time_off::Entity::find_by_id(id.as_uuid());
    one(db, select).await?.map(TryFrom::try_from).transpose()
}

async fn list(
    db: &impl ConnectionTrait,
    workspace: WorkspaceId,
) -> Result<Partial<Vec<TimeOff>>, StorageError> {
    let select = time_off::Entity::find()
        .filter(time_off::Column::WorkspaceId.eq(workspace.as_uuid()))
        .order_by_asc(time_off::Column::CreatedAt)
        .order_by_asc(time_off::Column::Id);
    load(db, select).await
}

async fn concerning(
    db: &impl ConnectionTrait,
    people: &[UserId],
    workspace: WorkspaceId,
    event_type: EventTypeId,
) -> Result<Partial<Vec<TimeOff>>, StorageError> {
    let of_workspace = Condition::all()
        .add(time_off::Column::WorkspaceId.eq(workspace.as_uuid()))
        .add(time_off::Column::UserId.is_null())
        .add(time_off::Column::EventTypeId.is_null());
    let of_people = time_off::Column::UserId.is_in(people.iter().map(|id| id.as_uuid()));
    let any = Condition::any()
        .add(of_people)
        .add(time_off::Column::EventTypeId.eq(event_type.as_uuid()))
        .add(of_workspace);
    let select = time_off::Entity::find()
        .filter(any)
        .order_by_asc(time_off::Column::Id);
    load(db, select).await
}

async fn insert_time_off(
    db: &impl ConnectionTrait,
    time_off: &TimeOff,
) -> Result<(), StorageError> {
    insert(db, vec![time_off_row(time_off)?]).await
}

async fn update(db: &impl ConnectionTrait, time_off: &TimeOff) -> Result<(), StorageError> {
    let row = time_off_row(time_off)?.into_active_model();
    let updated = time_off::Entity::update_many()
        .set(row.reset_all())
        .filter(time_off::Column::Id.eq(time_off.id.as_uuid()))
        .filter(time_off::Column::Version.eq(i64::from(time_off.version) - 1))
        .exec(db)
        .await
        .map_err(storage_error)?;
    if updated.rows_affected == 0 {
        return Err(StorageError::Conflict);
    }
    Ok(())
}

async fn delete(db: &impl ConnectionTrait, id: TimeOffId) -> Result<bool, StorageError> {
    let delete = "delete from time_off where id = $1";
    Ok(sql::execute(db, delete, [id.as_uuid().into()]).await? > 0)
}

#[async_trait]
impl TimeOffRepository for SeaOrmUnitOfWork {
    async fn get(&mut self, id: TimeOffId) -> Result<Option<TimeOff>, StorageError> {
        let found = get(self.transaction(), id).await;
        self.settle(found)
    }

    async fn list(
        &mut self,
        workspace: WorkspaceId,
    ) -> Result<Partial<Vec<TimeOff>>, StorageError> {
        let found = list(self.transaction(), workspace).await;
        self.settle(found)
    }

    async fn concerning(
        &mut self,
        people: &[UserId],
        workspace: WorkspaceId,
        event_type: EventTypeId,
    ) -> Result<Partial<Vec<TimeOff>>, StorageError> {
        let found = concerning(self.transaction(), people, workspace, event_type).await;
        self.settle(found)
    }

    async fn insert(&mut self, time_off: &TimeOff) -> Result<(), StorageError> {
        let done = insert_time_off(self.transaction(), time_off).await;
        self.settle(done)
    }

    async fn update(&mut self, time_off: &TimeOff) -> Result<(), StorageError> {
        let done = update(self.transaction(), time_off).await;
        self.settle(done)
    }

    async fn delete(&mut self, id: TimeOffId) -> Result<bool, StorageError> {
        let done = delete(self.transaction(), id).await;
        self.settle(done)
    }
}
