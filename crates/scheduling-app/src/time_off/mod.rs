//! Time off: of a person, an event type or the whole workspace.
//!
//! A member manages his own. Owners and admins manage everybody's, and the workspace's. An event type's is managed by
//! whoever may change the event type. Every member sees the workspace's and the event types'; a person's is his and the
//! owners' and admins' to see.

use std::collections::BTreeSet;

use scheduling_core::ids::{TimeOffId, UserId, WorkspaceId};
use scheduling_core::ports::UnitOfWork;
use scheduling_core::text::Title;
use scheduling_core::time_off::{TimeOff, TimeOffPeriod, TimeOffScope};

use crate::Scheduling;
use crate::actor::Actor;
use crate::idempotency::{Created, Idempotent};
use crate::manage::{Attempts, Field, ManageError, Problem, expect_version, lock, readable};

#[cfg(test)]
mod tests;

/// What is decided about time off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeOffSettings {
    /// Whose time it takes.
    pub scope: TimeOffScope,
    /// What it is.
    pub title: Option<Title>,
    /// Whether guests may read what it is.
    pub visible: bool,
    /// When it is.
    pub period: TimeOffPeriod,
}

impl TimeOffSettings {
    /// What was decided about time off.
    pub fn of(time_off: &TimeOff) -> Self {
        Self {
            scope: time_off.scope,
            title: time_off.title.clone(),
            visible: time_off.visible,
            period: time_off.period.clone(),
        }
    }
}

/// Enters time off. Bookings that lie in it stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddTimeOff {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// What it is to be.
    pub settings: TimeOffSettings,
    /// Makes repeating the command harmless.
    pub idempotency: Option<Idempotent>,
}

/// Changes time off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateTimeOff {
    /// Which.
    pub id: TimeOffId,
    /// Everything as it is to be.
    pub settings: TimeOffSettings,
    /// The version that was read.
    pub expected: Option<u32>,
}

/// Which time off is listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ListTimeOff {
    /// Only this person's, this event type's, or the workspace's own.
    pub scope: Option<TimeOffScope>,
}

impl Scheduling {
    /// Enters time off.
    ///
    /// # Errors
    /// [`ManageError`]: `NotFound`, `Forbidden`, `Invalid`, `IdempotencyKeyReused`, `Storage`.
    pub async fn add_time_off(
        &self,
        actor: &Actor,
        command: &AddTimeOff,
    ) -> Result<Created<TimeOff>, ManageError> {
        let mut attempts = Attempts::new();
        loop {
            let mut work = self.ports().storage.begin().await?;
            let done = self.add_time_off_in(&mut *work, actor, command).await;
            if let Some(done) = attempts.settle(work, done).await {
                return done;
            }
        }
    }

    async fn add_time_off_in(
        &self,
        work: &mut dyn UnitOfWork,
        actor: &Actor,
        command: &AddTimeOff,
    ) -> Result<Created<TimeOff>, ManageError> {
        let settings = command.settings.clone();
        let hosts = concerned(work, actor, command.workspace, settings.scope).await?;
        lock(work, hosts).await?;
        let now = self.ports().clock.now();
        if let Some(idempotency) = &command.idempotency
            && let Some(made) = idempotency.claim(work, now).await?
        {
            return Ok(Created {
                made: seen(work, actor, TimeOffId::from_uuid(made)).await?,
                replayed: true,
            });
        }
        let time_off = TimeOff {
            id: TimeOffId::generate(&*self.ports().ids),
            workspace: command.workspace,
            scope: settings.scope,
            title: settings.title,
            visible: settings.visible,
            period: settings.period,
            version: 1,
            created_at: now,
        };
        work.time_off().insert(&time_off).await?;
        if let Some(idempotency) = &command.idempotency {
            idempotency.store(work, time_off.id.as_uuid()).await?;
        }
        Ok(Created {
            made: time_off,
            replayed: false,
        })
    }

    /// The time off of a workspace that the actor may see, by when it was entered. What cannot be read is left out, and
    /// the log says so.
    ///
    /// # Errors
    /// [`ManageError`]: `NotFound`, `Storage`.
    pub async fn list_time_off(
        &self,
        actor: &Actor,
        workspace: WorkspaceId,
        query: &ListTimeOff,
    ) -> Result<Vec<TimeOff>, ManageError> {
        actor.sees(workspace)?;
        let mut work = self.ports().storage.begin_read().await?;
        let mut found = readable(work.time_off().list(workspace).await?);
        found.retain(|time_off| {
            is_seen(actor, time_off) && query.scope.is_none_or(|scope| scope == time_off.scope)
        });
        Ok(found)
    }

    /// Time off.
    ///
    /// # Errors
    /// [`ManageError`]: `NotFound`, `Storage`.
    pub async fn time_off(&self, actor: &Actor, id: TimeOffId) -> Result<TimeOff, ManageError> {
        let mut work = self.ports().storage.begin_read().await?;
        seen(&mut *work, actor, id).await
    }

    /// Changes time off.
    ///
    /// # Errors
    /// [`ManageError`]: `NotFound`, `Forbidden`, `VersionConflict`, `Invalid`, `Storage`.
    pub async fn update_time_off(
        &self,
        actor: &Actor,
        command: &UpdateTimeOff,
    ) -> Result<TimeOff, ManageError> {
        let mut attempts = Attempts::new();
        loop {
            let mut work = self.ports().storage.begin().await?;
            let done = update(&mut *work, actor, command).await;
            if let Some(done) = attempts.settle(work, done).await {
                return done;
            }
        }
    }

    /// Deletes time off: what it took can be booked again.
    ///
    /// # Errors
    /// [`ManageError`]: `NotFound`, `Forbidden`, `VersionConflict`, `Storage`.
    pub async fn delete_time_off(
        &self,
        actor: &Actor,
        id: TimeOffId,
        expected: Option<u32>,
    ) -> Result<(), ManageError> {
        let mut attempts = Attempts::new();
        loop {
            let mut work = self.ports().storage.begin().await?;
            let done = delete(&mut *work, actor, id, expected).await;
            if let Some(done) = attempts.settle(work, done).await {
                return done;
            }
        }
    }
}

async fn update(
    work: &mut dyn UnitOfWork,
    actor: &Actor,
    command: &UpdateTimeOff,
) -> Result<TimeOff, ManageError> {
    let settings = command.settings.clone();
    let old = seen(work, actor, command.id).await?;
    let mut hosts = concerned(work, actor, old.workspace, old.scope).await?;
    hosts.extend(concerned(work, actor, old.workspace, settings.scope).await?);
    let locked = old.scope;
    lock(work, hosts).await?;
    let old = seen(work, actor, command.id).await?;
    expect_version(command.expected, old.version)?;
    if settings == TimeOffSettings::of(&old) {
        return Ok(old);
    }
    if old.scope != locked {
        return Err(scheduling_core::ports::StorageError::Conflict.into());
    }
    let new = TimeOff {
        scope: settings.scope,
        title: settings.title,
        visible: settings.visible,
        period: settings.period,
        version: old.version.saturating_add(1),
        ..old
    };
    work.time_off().update(&new).await?;
    Ok(new)
}

async fn delete(
    work: &mut dyn UnitOfWork,
    actor: &Actor,
    id: TimeOffId,
    expected: Option<u32>,
) -> Result<(), ManageError> {
    let old = seen(work, actor, id).await?;
    let hosts = concerned(work, actor, old.workspace, old.scope).await?;
    lock(work, hosts).await?;
    let old = seen(work, actor, id).await?;
    expect_version(expected, old.version)?;
    if work.time_off().delete(id).await? {
        Ok(())
    } else {
        Err(ManageError::NotFound)
    }
}

/// Whose time a scope takes, if the actor may decide about it.
async fn concerned(
    work: &mut dyn UnitOfWork,
    actor: &Actor,
    workspace: WorkspaceId,
    scope: TimeOffScope,
) -> Result<Vec<UserId>, ManageError> {
    match scope {
        TimeOffScope::Person(person) => {
            actor.is_or_manages(person, workspace)?;
            if !members(work, workspace).await?.contains(&person) {
                let problem = Problem::NoMember(person);
                return Err(ManageError::invalid(Field::Scope, problem));
            }
            Ok(vec![person])
        }
        TimeOffScope::Workspace => {
            actor.manages(workspace)?;
            let exists = work.directory().workspace(workspace).await?;
            exists.ok_or(ManageError::NotFound)?;
            Ok(members(work, workspace).await?.into_iter().collect())
        }
        TimeOffScope::EventType(id) => {
            actor.sees(workspace)?;
            let event_type = work.event_types().get(id).await?;
            let event_type = event_type.filter(|event_type| event_type.workspace == workspace);
            let Some(event_type) = event_type else {
                return Err(ManageError::invalid(Field::Scope, Problem::NoSuchEventType));
            };
            actor.manages_event_type(&event_type)?;
            Ok(event_type.hosting.roster().collect())
        }
    }
}

async fn members(
    work: &mut dyn UnitOfWork,
    workspace: WorkspaceId,
) -> Result<BTreeSet<UserId>, ManageError> {
    let members = work.directory().members(workspace).await?;
    Ok(members.into_iter().map(|m| m.person.id).collect())
}

/// Time off that the actor may see.
async fn seen(
    work: &mut dyn UnitOfWork,
    actor: &Actor,
    id: TimeOffId,
) -> Result<TimeOff, ManageError> {
    let found = work.time_off().get(id).await?;
    found
        .filter(|found| is_seen(actor, found))
        .ok_or(ManageError::NotFound)
}

fn is_seen(actor: &Actor, time_off: &TimeOff) -> bool {
    match time_off.scope {
        TimeOffScope::Person(person) => actor.is_or_manages(person, time_off.workspace).is_ok(),
        TimeOffScope::Workspace | TimeOffScope::EventType(_) => {
            actor.sees(time_off.workspace).is_ok()
        }
    }
}
