//! Event types and their hosts.

use std::collections::HashMap;

use async_trait::async_trait;
use scheduling_core::event_type::{EventType, HostGroup, Hosting, Required};
use scheduling_core::ids::{EventTypeId, UserId, WorkspaceId};
use scheduling_core::ports::{EventTypeRepository, StorageError};
use scheduling_core::text::Slug;
use sea_orm::prelude::Uuid;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, Select};
use thiserror::Error;

use super::{all, insert};
use crate::SeaOrmUnitOfWork;
use crate::convert::{Row, to_json, to_word};
use crate::entity::{event_type, event_type_host};
use crate::error::corrupt;

/// A host stands in a group that the event type does not have.
#[derive(Debug, Error)]
#[error("there is no group {0}")]
struct NoSuchGroup(i64);

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

/// The hosts come in roster order.
fn assemble(
    stored: &event_type::Model,
    hosts: Vec<event_type_host::Model>,
) -> Result<EventType, StorageError> {
    let row = Row {
        table: "event_types",
        id: stored.id,
    };
    Ok(EventType {
        id: EventTypeId::from_uuid(stored.id),
        workspace: WorkspaceId::from_uuid(stored.workspace_id),
        slug: row.text("slug", &stored.slug)?,
        title: row.text("title", &stored.title)?,
        description: row.optional_text("description", stored.description.as_deref())?,
        category: row.optional_text("category", stored.category.as_deref())?,
        position: row.number("position", stored.position)?,
        rules: row.json("rules", &stored.rules)?,
        availability: row.optional_json("availability", stored.availability.as_deref())?,
        hosting: hosting(&row, stored, hosts)?,
        location: row.json("location", &stored.location)?,
        status: row.word("status", &stored.status)?,
    })
}

/// The event types of a select, with two queries however many there are.
async fn load(
    db: &impl ConnectionTrait,
    select: Select<event_type::Entity>,
) -> Result<Vec<EventType>, StorageError> {
    let stored = all(db, select).await?;
    if stored.is_empty() {
        return Ok(Vec::new());
    }
    let of_these = event_type_host::Column::EventTypeId.is_in(stored.iter().map(|e| e.id));
    let select = event_type_host::Entity::find()
        .filter(of_these)
        .order_by_asc(event_type_host::Column::GroupNumber)
        .order_by_asc(event_type_host::Column::Position);
    let mut hosts: HashMap<Uuid, Vec<event_type_host::Model>> = HashMap::new();
    for host in all(db, select).await? {
        hosts.entry(host.event_type_id).or_default().push(host);
    }
    stored
        .into_iter()
        .map(|event_type| {
            let hosts = hosts.remove(&event_type.id).unwrap_or_default();
            assemble(&event_type, hosts)
        })
        .collect()
}

async fn load_one(
    db: &impl ConnectionTrait,
    select: Select<event_type::Entity>,
) -> Result<Option<EventType>, StorageError> {
    Ok(load(db, select).await?.pop())
}

async fn list(
    db: &impl ConnectionTrait,
    workspace: WorkspaceId,
) -> Result<Vec<EventType>, StorageError> {
    let of_workspace = event_type::Column::WorkspaceId.eq(workspace.as_uuid());
    let mut event_types = load(db, event_type::Entity::find().filter(of_workspace)).await?;
    // Sorted here, since databases compare texts by their collation.
    event_types.sort_by(|a, b| (a.position, &a.slug).cmp(&(b.position, &b.slug)));
    Ok(event_types)
}

async fn insert_event_type(
    db: &impl ConnectionTrait,
    event_type: &EventType,
) -> Result<(), StorageError> {
    let groups = event_type.hosting.groups();
    let required: Vec<Required> = groups.iter().map(|group| group.required).collect();
    let row = event_type::Model {
        id: event_type.id.as_uuid(),
        workspace_id: event_type.workspace.as_uuid(),
        slug: event_type.slug.as_str().to_owned(),
        title: event_type.title.as_str().to_owned(),
        description: event_type.description.clone().map(String::from),
        category: event_type.category.clone().map(String::from),
        position: event_type.position.into(),
        rules: to_json(&event_type.rules)?,
        availability: event_type.availability.as_ref().map(to_json).transpose()?,
        assignment: to_word(&event_type.hosting.kind())?,
        required: to_json(&required)?,
        location: to_json(&event_type.location)?,
        status: to_word(&event_type.status)?,
    };
    let mut hosts = Vec::new();
    for (group_number, group) in (0..).zip(groups) {
        for (position, user) in (0..).zip(&group.hosts) {
            hosts.push(event_type_host::Model {
                event_type_id: row.id,
                user_id: user.as_uuid(),
                group_number,
                position,
                weight: event_type.hosting.weight(*user).into(),
            });
        }
    }
    insert(db, vec![row]).await?;
    insert(db, hosts).await
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

    async fn list(&mut self, workspace: WorkspaceId) -> Result<Vec<EventType>, StorageError> {
        let found = list(self.transaction(), workspace).await;
        self.settle(found)
    }

    async fn insert(&mut self, event_type: &EventType) -> Result<(), StorageError> {
        let done = insert_event_type(self.transaction(), event_type).await;
        self.settle(done)
    }
}
