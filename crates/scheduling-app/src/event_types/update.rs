//! Change an event type, or the order in which they stand.

use std::collections::{BTreeMap, BTreeSet};

use scheduling_core::event_type::EventType;
use scheduling_core::ids::{EventTypeId, UserId, WorkspaceId};
use scheduling_core::ports::UnitOfWork;

use super::check::{check, check_hosts, may_make};
use super::{EventTypeSettings, SlugOwner, check_slug};
use crate::Scheduling;
use crate::actor::Actor;
use crate::manage::{Attempts, Field, ManageError, Problem, expect_version, readable};

/// Changes an event type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateEventType {
    /// Which.
    pub id: EventTypeId,
    /// Everything as it is to be.
    pub settings: EventTypeSettings,
    /// The version that was read.
    pub expected: Option<u32>,
}

impl Scheduling {
    /// Changes an event type. Its bookings stay as they were booked.
    ///
    /// # Errors
    /// [`ManageError`]: `NotFound`, `Forbidden`, `VersionConflict`, `Taken`, `Invalid`, `Storage`.
    pub async fn update_event_type(
        &self,
        actor: &Actor,
        command: &UpdateEventType,
    ) -> Result<EventType, ManageError> {
        let mut attempts = Attempts::new();
        loop {
            let mut work = self.ports().storage.begin().await?;
            let done = self.update_event_type_in(&mut *work, actor, command).await;
            if let Some(done) = attempts.settle(work, done).await {
                return done;
            }
        }
    }

    async fn update_event_type_in(
        &self,
        work: &mut dyn UnitOfWork,
        actor: &Actor,
        command: &UpdateEventType,
    ) -> Result<EventType, ManageError> {
        let old = work.event_types().get(command.id).await?;
        let old = old.ok_or(ManageError::NotFound)?;
        actor.manages_event_type(&old)?;
        let workspace = old.workspace;
        let settings = command.settings.clone().normalized();
        may_make(actor, workspace, &settings.hosting)?;
        // Nobody locks people of other workspaces by naming them.
        check_hosts(work, workspace, &settings.hosting).await?;
        let further: Vec<UserId> = settings.hosting.roster().collect();
        let old = self
            .event_type_to_change(work, actor, command.id, &further)
            .await?;
        expect_version(command.expected, old.version)?;
        if settings == EventTypeSettings::of(&old) {
            return Ok(old);
        }
        check(work, workspace, &settings).await?;
        let owner = SlugOwner::EventType(old.id);
        check_slug(work, workspace, &settings.slug, owner).await?;
        let version = old.version.saturating_add(1);
        let new = settings.into_event_type(old.id, workspace, old.position, version);
        work.event_types().update(&new).await?;
        Ok(new)
    }

    /// Puts event types first, in this order; the others follow in the order they have. Answers all of them.
    ///
    /// # Errors
    /// [`ManageError`]: `NotFound`, `Forbidden`, `Invalid` when one is named that the workspace does not have, or one
    /// twice, `Storage`.
    pub async fn reorder_event_types(
        &self,
        actor: &Actor,
        workspace: WorkspaceId,
        order: &[EventTypeId],
    ) -> Result<Vec<EventType>, ManageError> {
        actor.manages(workspace)?;
        let mut attempts = Attempts::new();
        loop {
            let mut work = self.ports().storage.begin().await?;
            let done = reorder(&mut *work, workspace, order).await;
            if let Some(done) = attempts.settle(work, done).await {
                return done;
            }
        }
    }
}

async fn reorder(
    work: &mut dyn UnitOfWork,
    workspace: WorkspaceId,
    order: &[EventTypeId],
) -> Result<Vec<EventType>, ManageError> {
    let found = readable(work.event_types().list(workspace).await?);
    let known: BTreeSet<EventTypeId> = found.iter().map(|event_type| event_type.id).collect();
    let places: BTreeMap<EventTypeId, usize> =
        order.iter().enumerate().map(|(at, id)| (*id, at)).collect();
    if places.len() < order.len() || !places.keys().all(|id| known.contains(id)) {
        return Err(ManageError::invalid(Field::Order, Problem::NoSuchEventType));
    }
    let mut found: Vec<EventType> = found;
    found.sort_by_key(|event_type| places.get(&event_type.id).copied().unwrap_or(usize::MAX));
    for (position, event_type) in (0_u32..).zip(&mut found) {
        if event_type.position != position {
            event_type.position = position;
            event_type.version = event_type.version.saturating_add(1);
            work.event_types().update(event_type).await?;
        }
    }
    Ok(found)
}
