//! Workspaces and people.

use std::collections::BTreeMap;

use async_trait::async_trait;
use scheduling_core::directory::{Person, Workspace};
use scheduling_core::ids::{UserId, WorkspaceId};
use scheduling_core::ports::{Directory, StorageError};
use scheduling_core::text::Slug;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

use super::{all, insert, one};
use crate::SeaOrmUnitOfWork;
use crate::convert::Row;
use crate::entity::{person, workspace};

impl TryFrom<workspace::Model> for Workspace {
    type Error = StorageError;

    fn try_from(stored: workspace::Model) -> Result<Self, StorageError> {
        let row = Row {
            table: "workspaces",
            id: stored.id,
        };
        Ok(Self {
            id: WorkspaceId::from_uuid(stored.id),
            slug: row.text("slug", &stored.slug)?,
            name: row.text("name", &stored.name)?,
            description: row.optional_text("description", stored.description.as_deref())?,
        })
    }
}

impl TryFrom<person::Model> for Person {
    type Error = StorageError;

    fn try_from(stored: person::Model) -> Result<Self, StorageError> {
        let row = Row {
            table: "people",
            id: stored.id,
        };
        Ok(Self {
            id: UserId::from_uuid(stored.id),
            name: row.text("name", &stored.name)?,
            email: row.text("email", &stored.email)?,
            timezone: row.zone("timezone", &stored.timezone)?,
        })
    }
}

async fn by_slug(
    db: &impl ConnectionTrait,
    slug: &Slug,
) -> Result<Option<Workspace>, StorageError> {
    let select = workspace::Entity::find().filter(workspace::Column::Slug.eq(slug.as_str()));
    one(db, select).await?.map(Workspace::try_from).transpose()
}

async fn by_id(
    db: &impl ConnectionTrait,
    id: WorkspaceId,
) -> Result<Option<Workspace>, StorageError> {
    let select = workspace::Entity::find_by_id(id.as_uuid());
    one(db, select).await?.map(Workspace::try_from).transpose()
}

async fn workspaces(db: &impl ConnectionTrait) -> Result<Vec<Workspace>, StorageError> {
    let rows = all(db, workspace::Entity::find()).await?;
    let mut workspaces: Vec<Workspace> = rows
        .into_iter()
        .map(TryFrom::try_from)
        .collect::<Result<_, _>>()?;
    // Sorted here, since databases compare texts by their collation.
    workspaces.sort_by(|a, b| a.slug.cmp(&b.slug));
    Ok(workspaces)
}

async fn people(
    db: &impl ConnectionTrait,
    ids: &[UserId],
) -> Result<BTreeMap<UserId, Person>, StorageError> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let wanted = person::Column::Id.is_in(ids.iter().map(|id| id.as_uuid()));
    all(db, person::Entity::find().filter(wanted))
        .await?
        .into_iter()
        .map(|row| Person::try_from(row).map(|person| (person.id, person)))
        .collect()
}

async fn members(
    db: &impl ConnectionTrait,
    workspace: WorkspaceId,
) -> Result<Vec<Person>, StorageError> {
    let of_workspace = person::Column::WorkspaceId.eq(workspace.as_uuid());
    let select = person::Entity::find()
        .filter(of_workspace)
        .order_by_asc(person::Column::Id);
    let mut members: Vec<Person> = all(db, select)
        .await?
        .into_iter()
        .map(TryFrom::try_from)
        .collect::<Result<_, _>>()?;
    // Sorted here, since databases compare texts by their collation. The sort keeps the order by id.
    members.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(members)
}

async fn insert_workspace(
    db: &impl ConnectionTrait,
    workspace: &Workspace,
) -> Result<(), StorageError> {
    let row = workspace::Model {
        id: workspace.id.as_uuid(),
        slug: workspace.slug.as_str().to_owned(),
        name: workspace.name.as_str().to_owned(),
        description: workspace.description.clone().map(String::from),
    };
    insert(db, vec![row]).await
}

async fn insert_person(
    db: &impl ConnectionTrait,
    workspace: WorkspaceId,
    person: &Person,
) -> Result<(), StorageError> {
    let row = person::Model {
        id: person.id.as_uuid(),
        workspace_id: workspace.as_uuid(),
        name: person.name.as_str().to_owned(),
        email: person.email.as_str().to_owned(),
        timezone: person.timezone.name().to_owned(),
    };
    insert(db, vec![row]).await
}

#[async_trait]
impl Directory for SeaOrmUnitOfWork {
    async fn workspace_by_slug(&mut self, slug: &Slug) -> Result<Option<Workspace>, StorageError> {
        let found = by_slug(self.transaction(), slug).await;
        self.settle(found)
    }

    async fn workspace(&mut self, id: WorkspaceId) -> Result<Option<Workspace>, StorageError> {
        let found = by_id(self.transaction(), id).await;
        self.settle(found)
    }

    async fn workspaces(&mut self) -> Result<Vec<Workspace>, StorageError> {
        let found = workspaces(self.transaction()).await;
        self.settle(found)
    }

    async fn people(&mut self, ids: &[UserId]) -> Result<BTreeMap<UserId, Person>, StorageError> {
        let found = people(self.transaction(), ids).await;
        self.settle(found)
    }

    async fn members(&mut self, workspace: WorkspaceId) -> Result<Vec<Person>, StorageError> {
        let found = members(self.transaction(), workspace).await;
        self.settle(found)
    }

    async fn insert_workspace(&mut self, workspace: &Workspace) -> Result<(), StorageError> {
        let done = insert_workspace(self.transaction(), workspace).await;
        self.settle(done)
    }

    async fn insert_person(
        &mut self,
        workspace: WorkspaceId,
        person: &Person,
    ) -> Result<(), StorageError> {
        let done = insert_person(self.transaction(), workspace, person).await;
        self.settle(done)
    }
}
