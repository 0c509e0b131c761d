//! Change a workspace.

use scheduling_core::directory::Workspace;
use scheduling_core::ids::WorkspaceId;
use scheduling_core::ports::UnitOfWork;
use scheduling_core::text::{Note, Slug, Title};

use crate::Scheduling;
use crate::actor::Actor;
use crate::manage::{Attempts, ManageError, expect_version};

/// Changes a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateWorkspace {
    /// Which.
    pub id: WorkspaceId,
    /// Its part of the link.
    pub slug: Slug,
    /// Its name.
    pub name: Title,
    /// A line or two about it.
    pub description: Option<Note>,
    /// The version that was read.
    pub expected: Option<u32>,
}

impl Scheduling {
    /// Changes a workspace. For owners and admins.
    ///
    /// # Errors
    /// [`ManageError`]: `NotFound`, `Forbidden`, `VersionConflict`, `Taken`, `Storage`.
    pub async fn update_workspace(
        &self,
        actor: &Actor,
        command: &UpdateWorkspace,
    ) -> Result<Workspace, ManageError> {
        actor.manages(command.id)?;
        let mut attempts = Attempts::new();
        loop {
            let mut work = self.ports().storage.begin().await?;
            let done = update(&mut *work, command).await;
            if let Some(done) = attempts.settle(work, done).await {
                return done;
            }
        }
    }
}

async fn update(
    work: &mut dyn UnitOfWork,
    command: &UpdateWorkspace,
) -> Result<Workspace, ManageError> {
    let old = work.directory().workspace(command.id).await?;
    let old = old.ok_or(ManageError::NotFound)?;
    expect_version(command.expected, old.version)?;
    let mut new = Workspace {
        slug: command.slug.clone(),
        name: command.name.clone(),
        description: command.description.clone(),
        ..old.clone()
    };
    if new == old {
        return Ok(old);
    }
    let has_slug = work.directory().workspace_by_slug(&new.slug).await?;
    if has_slug.is_some_and(|other| other.id != new.id) {
        return Err(ManageError::Taken(new.slug));
    }
    new.version = old.version.saturating_add(1);
    work.directory().update_workspace(&new).await?;
    Ok(new)
}
