//! Workspaces: make one, change its name, and the very first owner.

use chrono_tz::Tz;
use scheduling_core::directory::{Person, Role, Workspace};
use scheduling_core::ids::{UserId, WorkspaceId};
use scheduling_core::ports::StorageError;
use scheduling_core::text::{EmailAddress, Note, PersonName, Slug, Title};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use thiserror::Error;

use crate::Accounts;
use crate::accounts::settle;
use crate::audit::AuditNote;
use crate::idempotent::{self, Idempotent, KeyReused, Made};
use crate::password::{self, PasswordRefused};
use crate::ports::{AccountUnitOfWork, StoredPassword};
use crate::principal::{self, AccessError, AuthorizeError, Membership, Principal, WorkspaceRef};
use crate::scope::{Resource, Scope};

/// What a new workspace shall be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewWorkspace {
    /// Its part of the link.
    pub slug: Slug,
    /// Its name.
    pub name: Title,
    /// A line or two about it.
    pub description: Option<Note>,
}

/// What of a workspace changes. What is not given stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WorkspaceChange {
    /// Its name.
    pub name: Option<Title>,
    /// A line or two about it, or none from now on.
    pub description: Option<Option<Note>>,
}

/// Who shall be the first owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstOwner {
    /// The name.
    pub name: PersonName,
    /// The address to sign in with.
    pub email: EmailAddress,
    /// The zone the person lives in.
    pub timezone: Tz,
}

/// Why no workspace was made or changed.
#[derive(Debug, Error)]
pub enum WorkspaceError {
    /// Another workspace has the slug.
    #[error("the slug is taken")]
    SlugTaken,
    /// The workspace was changed since it was read.
    #[error("the workspace has been changed since; it has version {current}")]
    VersionConflict {
        /// Its present version.
        current: u32,
    },
    /// He may not.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The idempotency key was used for something else.
    #[error(transparent)]
    KeyReused(#[from] KeyReused),
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<AuthorizeError> for WorkspaceError {
    fn from(error: AuthorizeError) -> Self {
        match error {
            AuthorizeError::Access(error) => Self::Access(error),
            AuthorizeError::Storage(error) => Self::Storage(error),
        }
    }
}

/// Why there is no first owner.
#[derive(Debug, Error)]
pub enum FirstOwnerError {
    /// Somebody can sign in already, and can invite others.
    #[error("somebody has a password already; owners invite others from there")]
    NotTheFirst,
    /// The password was refused.
    #[error("the password {0}")]
    Password(#[from] PasswordRefused),
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Accounts {
    /// Makes a workspace, which he then owns.
    ///
    /// # Errors
    /// [`WorkspaceError`].
    pub async fn create_workspace(
        &self,
        principal: &Principal,
        workspace: &NewWorkspace,
        request: Option<&Idempotent>,
    ) -> Result<Made<Membership>, WorkspaceError> {
        principal.signed_in()?;
        let mut work = self.begin().await?;
        let made = self
            .create_workspace_in(&mut *work, principal, workspace, request)
            .await;
        settle(work, made).await
    }

    async fn create_workspace_in(
        &self,
        work: &mut dyn AccountUnitOfWork,
        principal: &Principal,
        new: &NewWorkspace,
        request: Option<&Idempotent>,
    ) -> Result<Made<Membership>, WorkspaceError> {
        let now = self.ports().clock.now();
        if let Some(made) = idempotent::claim(work, request, now).await?? {
            let made = WorkspaceRef::Id(WorkspaceId::from_uuid(made));
            let membership = principal::find(work, principal, &made).await?;
            return Ok(Made::before(membership.ok_or(AccessError::NotFound)?));
        }
        if work
            .directory()
            .workspace_by_slug(&new.slug)
            .await?
            .is_some()
        {
            return Err(WorkspaceError::SlugTaken);
        }
        let workspace = self.add_workspace(work, new).await?;
        work.directory()
            .insert_member(workspace.id, principal.user, Role::Owner, now)
            .await?;
        idempotent::store(work, request, workspace.id.as_uuid()).await?;
        let note = AuditNote::by(principal, "workspace.created", workspace.id)
            .within(workspace.id)
            .detailed(json!({ "slug": workspace.slug.as_str() }));
        self.note(work, note).await?;
        Ok(Made::now(Membership {
            workspace,
            role: Role::Owner,
        }))
    }

    /// Another transaction may take the slug in the last moment: that is the conflict.
    async fn add_workspace(
        &self,
        work: &mut dyn AccountUnitOfWork,
        new: &NewWorkspace,
    ) -> Result<Workspace, WorkspaceError> {
        let workspace = Workspace {
            id: WorkspaceId::generate(&*self.ports().ids),
            slug: new.slug.clone(),
            name: new.name.clone(),
            description: new.description.clone(),
            version: 1,
        };
        match work.directory().insert_workspace(&workspace).await {
            Ok(()) => Ok(workspace),
            Err(StorageError::Conflict) => Err(WorkspaceError::SlugTaken),
            Err(error) => Err(error.into()),
        }
    }

    /// Changes a workspace's name or description. For owners and admins. With `expected` only that version is changed.
    ///
    /// # Errors
    /// [`WorkspaceError`].
    pub async fn update_workspace(
        &self,
        principal: &Principal,
        workspace: &WorkspaceRef,
        change: &WorkspaceChange,
        expected: Option<u32>,
    ) -> Result<Membership, WorkspaceError> {
        let mut work = self.begin().await?;
        let updated = self
            .update_workspace_in(&mut *work, principal, workspace, change, expected)
            .await;
        settle(work, updated).await
    }

    async fn update_workspace_in(
        &self,
        work: &mut dyn AccountUnitOfWork,
        principal: &Principal,
        workspace: &WorkspaceRef,
        change: &WorkspaceChange,
        expected: Option<u32>,
    ) -> Result<Membership, WorkspaceError> {
        let scope = Scope::write(Resource::Workspace);
        let found = principal::find(work, principal, workspace).await?;
        let id = found.ok_or(AccessError::NotFound)?.workspace.id;
        // Held, and only then read: nobody changes it in between.
        work.members().lock(id).await?;
        let id = WorkspaceRef::Id(id);
        let found = principal::admit(work, principal, &id, scope, Role::Admin).await?;
        let Membership { workspace, role } = found;
        let current = workspace.version;
        if expected.is_some_and(|expected| expected != current) {
            return Err(WorkspaceError::VersionConflict { current });
        }
        let mut updated = workspace.clone();
        if let Some(name) = &change.name {
            updated.name = name.clone();
        }
        if let Some(description) = &change.description {
            updated.description = description.clone();
        }
        if updated != workspace {
            updated.version = current.saturating_add(1);
            work.directory().update_workspace(&updated).await?;
            let note = AuditNote::by(principal, "workspace.updated", updated.id)
                .within(updated.id)
                .detailed(json!({ "name": updated.name.as_str() }));
            self.note(work, note).await?;
        }
        Ok(Membership {
            workspace: updated,
            role,
        })
    }

    /// Makes the first owner, for the command line: a person with a password, who owns a workspace. A workspace or a
    /// person that is there already, made from a set-up file, is taken as it is.
    ///
    /// # Errors
    /// [`FirstOwnerError`].
    pub async fn create_first_owner(
        &self,
        workspace: &NewWorkspace,
        owner: &FirstOwner,
        password: &SecretString,
    ) -> Result<(Workspace, Person), FirstOwnerError> {
        let of_account = [owner.name.as_str(), owner.email.as_str()];
        password::check(password.expose_secret(), &of_account)?;
        let phc = self.hashing().hash(password).await?;
        let mut work = self.begin().await?;
        let made = self
            .create_first_owner_in(&mut *work, workspace, owner, phc)
            .await;
        settle(work, made).await
    }

    async fn create_first_owner_in(
        &self,
        work: &mut dyn AccountUnitOfWork,
        new: &NewWorkspace,
        owner: &FirstOwner,
        phc: String,
    ) -> Result<(Workspace, Person), FirstOwnerError> {
        if work.credentials().lock_out_first_passwords().await? {
            return Err(FirstOwnerError::NotTheFirst);
        }
        let now = self.ports().clock.now();
        let workspace = match work.directory().workspace_by_slug(&new.slug).await? {
            Some(workspace) => workspace,
            None => match self.add_workspace(work, new).await {
                Ok(workspace) => workspace,
                Err(WorkspaceError::Storage(error)) => return Err(error.into()),
                Err(_taken_meanwhile) => return Err(StorageError::Conflict.into()),
            },
        };
        let person = match work.directory().person_by_email(&owner.email).await? {
            Some(person) => person,
            None => {
                let person = Person {
                    id: UserId::generate(&*self.ports().ids),
                    name: owner.name.clone(),
                    email: owner.email.clone(),
                    timezone: owner.timezone,
                };
                work.directory()
                    .insert_person(workspace.id, &person)
                    .await?;
                person
            }
        };
        let promoted = work
            .directory()
            .set_role(workspace.id, person.id, Role::Owner)
            .await?;
        if !promoted {
            work.directory()
                .insert_member(workspace.id, person.id, Role::Owner, now)
                .await?;
        }
        let password = StoredPassword {
            phc,
            changed_at: now,
        };
        work.credentials()
            .store_password(person.id, &password)
            .await?;
        let note = AuditNote::by_operator("workspace.first_owner", person.id).within(workspace.id);
        self.note(work, note).await?;
        Ok((workspace, person))
    }
}
