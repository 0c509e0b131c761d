//! Workspaces: make one, change its name, and the very first owner.

mod first_owner;

use scheduling_core::directory::{Role, Workspace};
use scheduling_core::ids::WorkspaceId;
use scheduling_core::ports::StorageError;
use scheduling_core::text::{Note, Slug, Title};
use serde_json::json;
use thiserror::Error;

pub use first_owner::{FirstOwner, FirstOwnerError};

use crate::Accounts;
use crate::accounts::settle;
use crate::audit::AuditNote;
use crate::idempotent::{self, Idempotent, KeyReused, Made};
use crate::ports::AccountUnitOfWork;
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
        // Held, and only then read: nobody changes it in between.
        let found = principal::admit_held(work, principal, workspace, scope, Role::Admin).await?;
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
}
