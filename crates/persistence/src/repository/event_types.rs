//! Event types and their hosts.

use std::collections::BTreeMap;

use async_trait::async_trait;
use scheduling_core::event_type::{EventHours, EventType, HostGroup, Hosting, Required};
use scheduling_core::ids::{EventTypeId, HoldId, ScheduleId, UserId, WorkspaceId};
use scheduling_core::ports::{EventTypeRepository, Partial, StorageError};
use scheduling_core::text::Slug;
use sea_orm::prelude::Uuid;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, IntoActiveModel,
    QueryFilter, QueryOrder, Select,
};
use thiserror::Error;

use super::{Read, each, holds, insert, partial, parts};
use crate::SeaOrmUnitOfWork;
use crate::convert::{Row, to_json, to_word};
use crate::entity::{event_type, event_type_host, event_type_schedule};
use crate::error::{corrupt, storage_error};
use crate::sql;

/// A host stands in a group that the event type does not have.
#[derive(Debug, Error)]
#[error("there is no group {0}")]
struct NoSuchGroup(i64);

/// The column `schedule_id` names another schedule than the hours beside it.
#[derive(Debug, Error)]
#[error("the hours name another schedule")]
struct ScheduleDiffers;

fn hosting(
    row: &Row<Uuid>,
    stored: &event_type::Model,
    hosts: Vec<event_type_host::Model>,
) -> Result<Hosting, StorageError> {
    let required: Vec<Required> = row.json("required", &stored.required)?;
    let mut groups: Vec<HostGroup> = required
        .into_iter()
        .map(|required| HostGroup {
            hosts: Vec::new(),
            required,
        })
        .collect();
    let mut weights = Vec::new();
    for host in hosts {
        let row = Row {
            table: "event_type_hosts",
            id: host.user_id,
        };
        let user = UserId::from_uuid(host.user_id);
        let number: usize = row.number("group_number", host.group_number)?;
        let Some(group) = groups.get_mut(number) else {
            let missing = NoSuchGroup(host.group_number);
            return Err(corrupt(row.table, "group_number", row.id, missing));
        };
        group.hosts.push(user);
        let weight: u32 = row.number("weight", host.weight)?;
        if weight != Hosting::DEFAULT_WEIGHT {
            weights.push((user, weight));
        }
    }
    let kind = row.word("assignment", &stored.assignment)?;
    Hosting::new(kind, groups, weights)
        .map_err(|refused| corrupt(row.table, "required", row.id, refused))
}

/// The schedule that the hours name, if they do.
fn named_schedule(hours: &EventHours) -> Option<Uuid> {
    match hours {
        EventHours::Schedule { schedule, .. } => Some(schedule.as_uuid()),
        EventHours::OfHosts | EventHours::Own { .. } => None,
    }
}

/// The hosts come in roster order.
fn assemble(
    stored: &event_type::Model,
    hosts: Vec<event_type_host::Model>,
    schedules: &[event_type_schedule::Model],
) -> Result<EventType, StorageError> {
    let row = Row {
        table: "event_types",
        id: stored.id,
    };
    let hours: EventHours = row.json("hours", &stored.hours)?;
    if named_schedule(&hours) != stored.schedule_id {
        return Err(corrupt(row.table, "schedule_id", row.id, ScheduleDiffers));
    }
    Ok(EventType {
        id: EventTypeId::from_uuid(stored.id),
        workspace: WorkspaceId::from_uuid(stored.workspace_id),
        slug: row.text("slug", &stored.slug)?,
        title: row.text("title", &stored.title)?,
        description: row.optional_text("description", stored.description.as_deref())?,
        category: row.optional_text("category", stored.category.as_deref())?,
        position: row.number("position", stored.position)?,
        rules: row.json("rules", &stored.rules)?,
        durations: row.json("durations", &stored.durations)?,
        hours,
        hosting: hosting(&row, stored, hosts)?,
        host_schedules: schedules
            .iter()
            .map(|named| {
                let user = UserId::from_uuid(named.user_id);
                (user, ScheduleId::from_uuid(named.schedule_id))
            })
            .collect::<BTreeMap<_, _>>(),
        locations: row.json("locations", &stored.locations)?,
        form: row.json("form", &stored.form)?,
        policy: row.json("policy", &stored.policy)?,
        appearance: row.json("appearance", &stored.appearance)?,
        reminders: row.json("reminders", &stored.reminders)?,
        status: row.word("status", &stored.status)?,
        version: row.version(stored.version)?,
    })
}

fn event_type_row(event_type: &EventType) -> Result<event_type::Model, StorageError> {
    let groups = event_type.hosting.groups();
    let required: Vec<Required> = groups.iter().map(|group| group.required).collect();
    Ok(event_type::Model {
        id: event_type.id.as_uuid(),
        workspace_id: event_type.workspace.as_uuid(),
        slug: event_type.slug.as_str().to_owned(),
        title: event_type.title.as_str().to_owned(),
        description: event_type.description.clone().map(String::from),
        category: event_type.category.clone().map(String::from),
        position: event_type.position.into(),
        rules: to_json(&event_type.rules)?,
        durations: to_json(&event_type.durations)?,
        hours: to_json(&event_type.hours)?,
        schedule_id: named_schedule(&event_type.hours),
        assignment: to_word(&event_type.hosting.kind())?,
        required: to_json(&required)?,
        locations: to_json(&event_type.locations)?,
        form: to_json(&event_type.form)?,
        policy: to_json(&event_type.policy)?,
        appearance: to_json(&event_type.appearance)?,
        reminders: to_json(&event_type.reminders)?,
        status: to_word(&event_type.status)?,
        version: event_type.version.into(),
    })
}

fn host_rows(event_type: &EventType) -> Vec<event_type_host::Model> {
    let mut hosts = Vec::new();
    for (group_number, group) in (0..).zip(event_type.hosting.groups()) {
        for (position, user) in (0..).zip(&group.hosts) {
            hosts.push(event_type_host::Model {
                event_type_id: event_type.id.as_uuid(),
                user_id: user.as_uuid(),
                group_number,
                position,
                weight: event_type.hosting.weight(*user).into(),
            });
        }
    }
    hosts
}

fn schedule_rows(event_type: &EventType) -> Vec<event_type_schedule::Model> {
    let named = event_type.host_schedules.iter();
    named
        .map(|(user, schedule)| event_type_schedule::Model {
            event_type_id: event_type.id.as_uuid(),
            user_id: user.as_uuid(),
            schedule_id: schedule.as_uuid(),
        })
        .collect()
}

/// The event types of a select, with three queries however many there are.
async fn load(
    db: &impl ConnectionTrait,
    select: Select<event_type::Entity>,
) -> Result<Vec<Read<EventType>>, StorageError> {
    let stored = each(db, select).await?;
    let ids: Vec<Uuid> = stored.iter().flatten().map(|stored| stored.id).collect();
    let select = event_type_host::Entity::find()
        .filter(event_type_host::Column::EventTypeId.is_in(ids.iter().copied()))
        .order_by_asc(event_type_host::Column::GroupNumber)
        .order_by_asc(event_type_host::Column::Position);
    let mut hosts = parts(db, select, "event_type_id").await?;
    let select = event_type_schedule::Entity::find()
        .filter(event_type_schedule::Column::EventTypeId.is_in(ids));
    let mut schedules = parts(db, select, "event_type_id").await?;
    let assembled = stored.into_iter().map(|stored| {
        let stored = stored?;
        let hosts = hosts.remove(&stored.id).unwrap_or_else(|| Ok(Vec::new()))?;
        let schedules = schedules
            .remove(&stored.id)
            .unwrap_or_else(|| Ok(Vec::new()))?;
        assemble(&stored, hosts, &schedules)
    });
    Ok(assembled.collect())
}

async fn load_one(
    db: &impl ConnectionTrait,
    select: Select<event_type::Entity>,
) -> Result<Option<EventType>, StorageError> {
    load(db, select).await?.pop().transpose()
}

/// Each event type there is, for re-checking.
pub(crate) async fn load_all(
    db: &impl ConnectionTrait,
) -> Result<Vec<Read<EventType>>, StorageError> {
    load(db, event_type::Entity::find()).await
}

async fn list(
    db: &impl ConnectionTrait,
    workspace: WorkspaceId,
) -> Result<Partial<Vec<EventType>>, StorageError> {
    let of_workspace = event_type::Column::WorkspaceId.eq(workspace.as_uuid());
    let mut event_types =
        partial(load(db, event_type::Entity::find().filter(of_workspace)).await?)?;
    // Sorted here, since databases compare texts by their collation.
    let by_place = |a: &EventType, b: &EventType| (a.position, &a.slug).cmp(&(b.position, &b.slug));
    event_types.found.sort_by(by_place);
    Ok(event_types)
}

async fn hosted_by(
    db: &impl ConnectionTrait,
    host: UserId,
) -> Result<Vec<EventTypeId>, StorageError> {
    let hosted =
        "select event_type_id from event_type_hosts where user_id = $1 order by event_type_id";
    let rows = sql::rows(db, hosted, [host.as_uuid().into()]).await?;
    rows.iter()
        .map(|row| sql::get::<Uuid>(row, 0).map(EventTypeId::from_uuid))
        .collect()
}

async fn insert_event_type(
    db: &impl ConnectionTrait,
    event_type: &EventType,
) -> Result<(), StorageError> {
    insert(db, vec![event_type_row(event_type)?]).await?;
    insert(db, host_rows(event_type)).await?;
    insert(db, schedule_rows(event_type)).await
}

async fn update_event_type(
    db: &impl ConnectionTrait,
    event_type: &EventType,
) -> Result<(), StorageError> {
    let id = event_type.id.as_uuid();
    let updated = event_type::Entity::update_many()
        .set(event_type_row(event_type)?.into_active_model().reset_all())
        .filter(event_type::Column::Id.eq(id))
        .filter(event_type::Column::Version.eq(i64::from(event_type.version) - 1))
        .exec(db)
        .await
        .map_err(storage_error)?;
    if updated.rows_affected == 0 {
        return Err(StorageError::Conflict);
    }
    for table in ["event_type_hosts", "event_type_schedules"] {
        let gone = format!("delete from {table} where event_type_id = $1");
        sql::execute(db, gone, [id.into()]).await?;
    }
    insert(db, host_rows(event_type)).await?;
    insert(db, schedule_rows(event_type)).await
}

/// On PostgreSQL the row is locked first, so that no booking comes to name it between the questions and the answer.
async fn delete(db: &impl ConnectionTrait, id: EventTypeId) -> Result<bool, StorageError> {
    let this = || [id.as_uuid().into()];
    if db.get_database_backend() == DbBackend::Postgres {
        let lock = "select id from event_types where id = $1 for update";
        sql::rows(db, lock, this()).await?;
    }
    let booked = "select 1 from bookings where event_type_id = $1 limit 1";
    if sql::row(db, booked, this()).await?.is_some() {
        return Ok(false);
    }
    let held = "select id from holds where event_type_id = $1 order by id";
    for hold in sql::rows(db, held, this()).await? {
        holds::remove(db, HoldId::from_uuid(sql::get(&hold, 0)?)).await?;
    }
    // The rest goes with it, by its foreign keys.
    let delete = "delete from event_types where id = $1
        and not exists (select 1 from sessions where event_type_id = $1)";
    Ok(sql::execute(db, delete, this()).await? > 0)
}

#[async_trait]
impl EventTypeRepository for SeaOrmUnitOfWork {
    async fn get(&mut self, id: EventTypeId) -> Result<Option<EventType>, StorageError> {
        let select = event_type::Entity::find_by_id(id.as_uuid());
        let found = load_one(self.transaction(), select).await;
        self.settle(found)
    }

    async fn by_slug(
        &mut self,
        workspace: WorkspaceId,
        slug: &Slug,
    ) -> Result<Option<EventType>, StorageError> {
        let select = event_type::Entity::find()
            .filter(event_type::Column::WorkspaceId.eq(workspace.as_uuid()))
            .filter(event_type::Column::Slug.eq(slug.as_str()));
        let found = load_one(self.transaction(), select).await;
        self.settle(found)
    }

    async fn list(
        &mut self,
        workspace: WorkspaceId,
    ) -> Result<Partial<Vec<EventType>>, StorageError> {
        let found = list(self.transaction(), workspace).await;
        self.settle(found)
    }

    async fn hosted_by(&mut self, host: UserId) -> Result<Vec<EventTypeId>, StorageError> {
        let found = hosted_by(self.transaction(), host).await;
        self.settle(found)
    }

    async fn insert(&mut self, event_type: &EventType) -> Result<(), StorageError> {
        let done = insert_event_type(self.transaction(), event_type).await;
        self.settle(done)
    }

    async fn update(&mut self, event_type: &EventType) -> Result<(), StorageError> {
        let done = update_event_type(self.transaction(), event_type).await;
        self.settle(done)
    }

    async fn delete(&mut self, id: EventTypeId) -> Result<bool, StorageError> {
        let done = delete(self.transaction(), id).await;
        self.settle(done)
    }
}
