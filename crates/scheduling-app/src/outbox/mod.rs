//! What a workspace owes to the outside world, as its owners and admins see it: what waits, what was done, what has
//! failed, with every try; and to try again.

use scheduling_core::ids::{OutboxId, WorkspaceId};
use scheduling_core::ports::{LoggedAttempt, OutboxEntry, OutboxStatus, UnitOfWork};

use crate::Scheduling;
use crate::actor::Actor;
use crate::manage::{Attempts, ManageError};

#[cfg(test)]
mod tests;

/// Which effects are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListOutbox {
    /// Only those in this state.
    pub status: Option<OutboxStatus>,
    /// The list begins behind this one.
    pub after: Option<OutboxId>,
    /// At most so many, and never more than [`ListOutbox::MOST`].
    pub limit: u32,
}

impl ListOutbox {
    /// The longest list.
    pub const MOST: u32 = 200;
}

impl Default for ListOutbox {
    /// The newest fifty, whatever their state.
    fn default() -> Self {
        Self {
            status: None,
            after: None,
            limit: 50,
        }
    }
}

impl Scheduling {
    /// A workspace's effects, the newest first.
    ///
    /// # Errors
    /// [`ManageError`]: `NotFound`, `Forbidden`, `Storage`.
    pub async fn outbox(
        &self,
        actor: &Actor,
        workspace: WorkspaceId,
        query: &ListOutbox,
    ) -> Result<Vec<OutboxEntry>, ManageError> {
        actor.manages(workspace)?;
        let mut work = self.ports().storage.begin_read().await?;
        let limit = query.limit.clamp(1, ListOutbox::MOST);
        let found = work
            .outbox()
            .list(workspace, query.status, query.after, limit);
        Ok(found.await?)
    }

    /// An effect of a workspace with every try to hand its message over, the first one first.
    ///
    /// # Errors
    /// [`ManageError`]: `NotFound`, `Forbidden`, `Storage`.
    pub async fn outbox_entry(
        &self,
        actor: &Actor,
        workspace: WorkspaceId,
        id: OutboxId,
    ) -> Result<(OutboxEntry, Vec<LoggedAttempt>), ManageError> {
        actor.manages(workspace)?;
        let mut work = self.ports().storage.begin_read().await?;
        let entry = entry_of(&mut *work, workspace, id).await?;
        let attempts = work.outbox().attempts(id).await?;
        Ok((entry, attempts))
    }

    /// Has an effect that has failed tried again, with all its tries before it.
    ///
    /// # Errors
    /// [`ManageError`]: `NotFound`, `Forbidden`, `NotFailed`, `Storage`.
    pub async fn replay_outbox(
        &self,
        actor: &Actor,
        workspace: WorkspaceId,
        id: OutboxId,
    ) -> Result<OutboxEntry, ManageError> {
        actor.manages(workspace)?;
        let mut attempts = Attempts::new();
        loop {
            let mut work = self.ports().storage.begin().await?;
            let done = self.replay_in(&mut *work, workspace, id).await;
            if let Some(done) = attempts.settle(work, done).await {
                if done.is_ok() {
                    self.wake_worker();
                }
                return done;
            }
        }
    }

    async fn replay_in(
        &self,
        work: &mut dyn UnitOfWork,
        workspace: WorkspaceId,
        id: OutboxId,
    ) -> Result<OutboxEntry, ManageError> {
        entry_of(work, workspace, id).await?;
        let now = self.ports().clock.now();
        if !work.outbox().replay(id, now).await? {
            return Err(ManageError::NotFailed);
        }
        entry_of(work, workspace, id).await
    }
}

async fn entry_of(
    work: &mut dyn UnitOfWork,
    workspace: WorkspaceId,
    id: OutboxId,
) -> Result<OutboxEntry, ManageError> {
    let found = work.outbox().get(id).await?;
    found
        .filter(|entry| entry.workspace == Some(workspace))
        .ok_or(ManageError::NotFound)
}
