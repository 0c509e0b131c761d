//! Read event types.

use scheduling_core::event_type::{EventType, EventTypeStatus};
use scheduling_core::ids::{EventTypeId, UserId, WorkspaceId};
use scheduling_core::text::Slug;

use super::check::is_seen;
use crate::Scheduling;
use crate::actor::Actor;
use crate::manage::{ManageError, readable};

/// Which event types are listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ListEventTypes {
    /// Archived ones too.
    pub archived: bool,
    /// Only those that this person hosts.
    pub host: Option<UserId>,
}

impl Scheduling {
    /// An event type, whatever its status.
    ///
    /// # Errors
    /// [`ManageError`]: `NotFound`, `Storage`.
    pub async fn event_type(
        &self,
        actor: &Actor,
        id: EventTypeId,
    ) -> Result<EventType, ManageError> {
        let mut work = self.ports().storage.begin_read().await?;
        let found = work.event_types().get(id).await?;
        found
            .filter(|found| is_seen(actor, found))
            .ok_or(ManageError::NotFound)
    }

    /// The event type with a slug, whatever its status.
    ///
    /// # Errors
    /// [`ManageError`]: `NotFound`, `Storage`.
    pub async fn event_type_by_slug(
        &self,
        actor: &Actor,
        workspace: WorkspaceId,
        slug: &Slug,
    ) -> Result<EventType, ManageError> {
        actor.sees(workspace)?;
        let mut work = self.ports().storage.begin_read().await?;
        let found = work.event_types().by_slug(workspace, slug).await?;
        found.ok_or(ManageError::NotFound)
    }

    /// The event types of a workspace, by position, then slug. One that cannot be read is left out, and the log says so.
    ///
    /// # Errors
    /// [`ManageError`]: `NotFound`, `Storage`.
    pub async fn event_types(
        &self,
        actor: &Actor,
        workspace: WorkspaceId,
        query: &ListEventTypes,
    ) -> Result<Vec<EventType>, ManageError> {
        actor.sees(workspace)?;
        let mut work = self.ports().storage.begin_read().await?;
        let mut found = readable(work.event_types().list(workspace).await?);
        found.retain(|event_type| {
            let is_there = query.archived || event_type.status != EventTypeStatus::Archived;
            let hosts = |host| event_type.hosting.roster().any(|other| other == host);
            is_there && query.host.is_none_or(hosts)
        });
        Ok(found)
    }
}
