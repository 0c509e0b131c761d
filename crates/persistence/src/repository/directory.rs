//! Workspaces, people and who is a member of what.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scheduling_core::directory::{Member, Person, Role, Workspace};
use scheduling_core::ids::{UserId, WorkspaceId};
use scheduling_core::ports::{Directory, StorageError};
use scheduling_core::text::{EmailAddress, Slug};
use sea_orm::prelude::{Expr, Uuid};
use sea_orm::sea_query::ExprTrait;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, IntoActiveModel,
    QueryFilter,
};

use super::{all, each, insert, one, readable};
use crate::SeaOrmUnitOfWork;
use crate::convert::{Row, micros};
use crate::entity::{member, person, workspace};
use crate::error::storage_error;
use crate::sql;

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
            version: row.version(stored.version)?,
        })
    }
}

impl From<&Workspace> for workspace::Model {
    fn from(workspace: &Workspace) -> Self {
        Self {
            id: workspace.id.as_uuid(),
            slug: workspace.slug.as_str().to_owned(),
            name: workspace.name.as_str().to_owned(),
            description: workspace.description.clone().map(String::from),
            version: workspace.version.into(),
        }
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

/// How a person stands in a workspace.
pub(crate) fn standing(stored: &member::Model) -> Result<(Role, DateTime<Utc>), StorageError> {
    let row = Row {
        table: "members",
        id: format!("{}/{}", stored.workspace_id, stored.user_id),
    };
    Ok((
        row.word("role", &stored.role)?,
        row.instant("joined_at", stored.joined_at)?,
    ))
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

async fn update_workspace(
    db: &impl ConnectionTrait,
    workspace: &Workspace,
) -> Result<(), StorageError> {
    let row = workspace::Model::from(workspace).into_active_model();
    let updated = workspace::Entity::update_many()
        .set(row.reset_all())
        .filter(workspace::Column::Id.eq(workspace.id.as_uuid()))
        .filter(workspace::Column::Version.eq(i64::from(workspace.version) - 1))
        .exec(db)
        .await
        .map_err(storage_error)?;
    if updated.rows_affected == 0 {
        return Err(StorageError::Conflict);
    }
    Ok(())
}

async fn people(
    db: &impl ConnectionTrait,
    ids: Vec<Uuid>,
) -> Result<BTreeMap<UserId, Person>, StorageError> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let wanted = person::Column::Id.is_in(ids);
    all(db, person::Entity::find().filter(wanted))
        .await?
        .into_iter()
        .map(|row| Person::try_from(row).map(|person| (person.id, person)))
        .collect()
}

/// The case of ASCII letters does not matter. PostgreSQL would fold others too, by the database's locale, and SQLite would
/// not: `collate "C"` makes both alike. The index is on the same expression.
async fn person_by_email(
    db: &impl ConnectionTrait,
    email: &EmailAddress,
) -> Result<Option<Person>, StorageError> {
    let lowered = match db.get_database_backend() {
        DbBackend::Postgres => "lower(email collate \"C\")",
        _ => "lower(email)",
    };
    let email = email.as_str().to_ascii_lowercase();
    let select = person::Entity::find().filter(ExprTrait::eq(Expr::cust(lowered), email));
    one(db, select).await?.map(Person::try_from).transpose()
}

async fn members(
    db: &impl ConnectionTrait,
    workspace: WorkspaceId,
) -> Result<Vec<Member>, StorageError> {
    let of_workspace = member::Column::WorkspaceId.eq(workspace.as_uuid());
    let stored = readable(each(db, member::Entity::find().filter(of_workspace)).await?)?;
    let these = person::Column::Id.is_in(stored.iter().map(|member| member.user_id));
    let rows = each(db, person::Entity::find().filter(these)).await?;
    let people = readable(rows.into_iter().map(|row| row.and_then(Person::try_from)))?;
    let mut people: BTreeMap<UserId, Person> = people.into_iter().map(|p| (p.id, p)).collect();
    let members = stored.iter().filter_map(|stored| {
        // A foreign key sees to it that there is one; where he cannot be read, the log has said so.
        let person = people.remove(&UserId::from_uuid(stored.user_id))?;
        Some(standing(stored).map(|(role, joined_at)| Member {
            person,
            role,
            joined_at,
        }))
    });
    let mut members = readable(members)?;
    // Sorted here, since databases compare texts by their collation.
    members.sort_by(|a, b| (&a.person.name, a.person.id).cmp(&(&b.person.name, b.person.id)));
    Ok(members)
}

async fn memberships(
    db: &impl ConnectionTrait,
    person: UserId,
) -> Result<Vec<(Workspace, Role)>, StorageError> {
    let his = member::Column::UserId.eq(person.as_uuid());
    let stored = readable(each(db, member::Entity::find().filter(his)).await?)?;
    let roles = stored.iter().map(|member| {
        let role = standing(member)?.0;
        Ok((WorkspaceId::from_uuid(member.workspace_id), role))
    });
    let mut roles: BTreeMap<WorkspaceId, Role> = readable(roles)?.into_iter().collect();
    if roles.is_empty() {
        return Ok(Vec::new());
    }
    let these = workspace::Column::Id.is_in(stored.iter().map(|member| member.workspace_id));
    let mut memberships = Vec::with_capacity(stored.len());
    let rows = each(db, workspace::Entity::find().filter(these)).await?;
    for workspace in readable(
        rows.into_iter()
            .map(|row| row.and_then(Workspace::try_from)),
    )? {
        if let Some(role) = roles.remove(&workspace.id) {
            memberships.push((workspace, role));
        }
    }
    memberships.sort_by(|(a, _), (b, _)| a.slug.cmp(&b.slug));
    Ok(memberships)
}

async fn insert_member(
    db: &impl ConnectionTrait,
    workspace: WorkspaceId,
    person: UserId,
    role: Role,
    joined_at: DateTime<Utc>,
) -> Result<(), StorageError> {
    let row = member::Model {
        workspace_id: workspace.as_uuid(),
        user_id: person.as_uuid(),
        role: role.as_str().to_owned(),
        joined_at: micros(joined_at),
    };
    insert(db, vec![row]).await
}

async fn set_role(
    db: &impl ConnectionTrait,
    workspace: WorkspaceId,
    person: UserId,
    role: Role,
) -> Result<bool, StorageError> {
    let change = "update members set role = $3 where workspace_id = $1 and user_id = $2";
    let values = [
        workspace.as_uuid().into(),
        person.as_uuid().into(),
        role.as_str().into(),
    ];
    Ok(sql::execute(db, change, values).await? > 0)
}

async fn remove_member(
    db: &impl ConnectionTrait,
    workspace: WorkspaceId,
    person: UserId,
) -> Result<bool, StorageError> {
    let end = "delete from members where workspace_id = $1 and user_id = $2";
    let values = [workspace.as_uuid().into(), person.as_uuid().into()];
    Ok(sql::execute(db, end, values).await? > 0)
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

async fn update_person(db: &impl ConnectionTrait, person: &Person) -> Result<bool, StorageError> {
    let change = "update people set name = $2, timezone = $3 where id = $1";
    let values = [
        person.id.as_uuid().into(),
        person.name.as_str().into(),
        person.timezone.name().into(),
    ];
    Ok(sql::execute(db, change, values).await? > 0)
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

    async fn update_workspace(&mut self, workspace: &Workspace) -> Result<(), StorageError> {
        let done = update_workspace(self.transaction(), workspace).await;
        self.settle(done)
    }

    async fn people(&mut self, ids: &[UserId]) -> Result<BTreeMap<UserId, Person>, StorageError> {
        let ids = ids.iter().map(|id| id.as_uuid()).collect();
        let found = people(self.transaction(), ids).await;
        self.settle(found)
    }

    async fn person_by_email(
        &mut self,
        email: &EmailAddress,
    ) -> Result<Option<Person>, StorageError> {
        let found = person_by_email(self.transaction(), email).await;
        self.settle(found)
    }

    async fn members(&mut self, workspace: WorkspaceId) -> Result<Vec<Member>, StorageError> {
        let found = members(self.transaction(), workspace).await;
        self.settle(found)
    }

    async fn memberships(
        &mut self,
        person: UserId,
    ) -> Result<Vec<(Workspace, Role)>, StorageError> {
        let found = memberships(self.transaction(), person).await;
        self.settle(found)
    }

    async fn insert_member(
        &mut self,
        workspace: WorkspaceId,
        person: UserId,
        role: Role,
        joined_at: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        let done = insert_member(self.transaction(), workspace, person, role, joined_at).await;
        self.settle(done)
    }

    async fn set_role(
        &mut self,
        workspace: WorkspaceId,
        person: UserId,
        role: Role,
    ) -> Result<bool, StorageError> {
        let done = set_role(self.transaction(), workspace, person, role).await;
        self.settle(done)
    }

    async fn remove_member(
        &mut self,
        workspace: WorkspaceId,
        person: UserId,
    ) -> Result<bool, StorageError> {
        let done = remove_member(self.transaction(), workspace, person).await;
        self.settle(done)
    }

    async fn insert_workspace(&mut self, workspace: &Workspace) -> Result<(), StorageError> {
        let row = workspace::Model::from(workspace);
        let done = insert(self.transaction(), vec![row]).await;
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

    async fn update_person(&mut self, person: &Person) -> Result<bool, StorageError> {
        let done = update_person(self.transaction(), person).await;
        self.settle(done)
    }
}
