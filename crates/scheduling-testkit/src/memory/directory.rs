//! Workspaces, people and members.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scheduling_core::directory::{Member, Person, Role, Workspace};
use scheduling_core::ids::{UserId, WorkspaceId};
use scheduling_core::ports::{Directory, StorageError};
use scheduling_core::text::{EmailAddress, Slug};

use super::MemoryUnitOfWork;
use super::tables::must_follow;

/// Whether two addresses are the same person's: the case of ASCII letters does not matter.
fn same_address(one: &EmailAddress, other: &EmailAddress) -> bool {
    one.as_str().eq_ignore_ascii_case(other.as_str())
}

#[async_trait]
impl Directory for MemoryUnitOfWork {
    async fn workspace_by_slug(&mut self, slug: &Slug) -> Result<Option<Workspace>, StorageError> {
        let mut workspaces = self.read().workspaces.values();
        Ok(workspaces.find(|w| w.slug == *slug).cloned())
    }

    async fn workspace(&mut self, id: WorkspaceId) -> Result<Option<Workspace>, StorageError> {
        Ok(self.read().workspaces.get(&id).cloned())
    }

    async fn workspaces(&mut self) -> Result<Vec<Workspace>, StorageError> {
        let mut workspaces: Vec<Workspace> = self.read().workspaces.values().cloned().collect();
        workspaces.sort_by(|a, b| a.slug.cmp(&b.slug));
        Ok(workspaces)
    }

    async fn update_workspace(&mut self, workspace: &Workspace) -> Result<(), StorageError> {
        self.write(|tables| {
            let stored = tables.workspaces.get(&workspace.id);
            must_follow(stored.map(|w| w.version), workspace.version)?;
            let others = tables.workspaces.values().filter(|w| w.id != workspace.id);
            if others.into_iter().any(|w| w.slug == workspace.slug) {
                return Err(StorageError::Conflict);
            }
            tables.workspaces.insert(workspace.id, workspace.clone());
            tables.raise(workspace.id.as_uuid());
            Ok(())
        })
    }

    async fn people(&mut self, ids: &[UserId]) -> Result<BTreeMap<UserId, Person>, StorageError> {
        let people = &self.read().people;
        Ok(ids
            .iter()
            .filter_map(|id| people.get(id).map(|(_, person)| (*id, person.clone())))
            .collect())
    }

    async fn person_by_email(
        &mut self,
        email: &EmailAddress,
    ) -> Result<Option<Person>, StorageError> {
        let mut people = self.read().people.values();
        Ok(people
            .find(|(_, person)| same_address(&person.email, email))
            .map(|(_, person)| person.clone()))
    }

    async fn members(&mut self, workspace: WorkspaceId) -> Result<Vec<Member>, StorageError> {
        let tables = self.read();
        let mut members: Vec<Member> = tables
            .members
            .iter()
            .filter(|((of, _), _)| *of == workspace)
            .filter_map(|((_, id), (role, joined_at))| {
                tables.people.get(id).map(|(_, person)| Member {
                    person: person.clone(),
                    role: *role,
                    joined_at: *joined_at,
                })
            })
            .collect();
        members.sort_by(|a, b| (&a.person.name, a.person.id).cmp(&(&b.person.name, b.person.id)));
        Ok(members)
    }

    async fn memberships(
        &mut self,
        person: UserId,
    ) -> Result<Vec<(Workspace, Role)>, StorageError> {
        let tables = self.read();
        let mut memberships: Vec<(Workspace, Role)> = tables
            .members
            .iter()
            .filter(|((_, id), _)| *id == person)
            .filter_map(|((of, _), (role, _))| {
                tables
                    .workspaces
                    .get(of)
                    .map(|workspace| (workspace.clone(), *role))
            })
            .collect();
        memberships.sort_by(|(a, _), (b, _)| a.slug.cmp(&b.slug));
        Ok(memberships)
    }

    async fn insert_member(
        &mut self,
        workspace: WorkspaceId,
        person: UserId,
        role: Role,
        joined_at: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        self.write(|tables| {
            tables.must_have_workspace(workspace)?;
            tables.must_have_person(person)?;
            match tables
                .members
                .insert((workspace, person), (role, joined_at))
            {
                Some(_member) => Err(StorageError::Conflict),
                None => Ok(()),
            }
        })
    }

    async fn set_role(
        &mut self,
        workspace: WorkspaceId,
        person: UserId,
        role: Role,
    ) -> Result<bool, StorageError> {
        self.write(|tables| {
            let member = tables.members.get_mut(&(workspace, person));
            Ok(member.map(|(stored, _)| *stored = role).is_some())
        })
    }

    async fn remove_member(
        &mut self,
        workspace: WorkspaceId,
        person: UserId,
    ) -> Result<bool, StorageError> {
        self.write(|tables| Ok(tables.members.remove(&(workspace, person)).is_some()))
    }

    async fn insert_workspace(&mut self, workspace: &Workspace) -> Result<(), StorageError> {
        self.write(|tables| {
            let taken = tables.workspaces.values().any(|w| w.slug == workspace.slug);
            if taken || tables.workspaces.contains_key(&workspace.id) {
                return Err(StorageError::Conflict);
            }
            tables.workspaces.insert(workspace.id, workspace.clone());
            Ok(())
        })
    }

    async fn insert_person(
        &mut self,
        workspace: WorkspaceId,
        person: &Person,
    ) -> Result<(), StorageError> {
        self.write(|tables| {
            tables.must_have_workspace(workspace)?;
            let mut people = tables.people.values();
            let taken = people.any(|(_, other)| same_address(&other.email, &person.email));
            if taken || tables.people.contains_key(&person.id) {
                return Err(StorageError::Conflict);
            }
            tables.people.insert(person.id, (workspace, person.clone()));
            Ok(())
        })
    }

    async fn update_person(&mut self, person: &Person) -> Result<bool, StorageError> {
        self.write(|tables| {
            let Some((_, stored)) = tables.people.get_mut(&person.id) else {
                return Ok(false);
            };
            stored.name = person.name.clone();
            stored.timezone = person.timezone;
            let event_types = tables.event_types.values();
            let hosted: Vec<_> = event_types
                .filter(|event_type| event_type.hosting.roster().any(|host| host == person.id))
                .map(|event_type| event_type.id.as_uuid())
                .collect();
            for event_type in hosted {
                tables.raise(event_type);
            }
            Ok(true)
        })
    }
}
