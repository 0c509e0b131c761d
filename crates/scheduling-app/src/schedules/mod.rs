//! Availability schedules: named hours of a person or of the workspace.
//!
//! A person has any number of them, one of which is the default: it holds wherever no other is named. The first one of an
//! owner becomes the default by itself. A person's default cannot be deleted, only replaced, so that nobody is suddenly
//! bookable at the workspace's hours, or at none. The workspace's default can: hosts without hours of their own are then
//! not offered.
//!
//! A member manages his own, in whatever workspace they were made. Owners and admins manage the workspace's and those
//! that were made in it, whosever they are.

use std::collections::BTreeSet;

use scheduling_core::ids::{ScheduleId, UserId, WorkspaceId};
use scheduling_core::ports::UnitOfWork;
use scheduling_core::schedule::{Availability, AvailabilitySchedule, ScheduleOwner};
use scheduling_core::text::Title;

use crate::Scheduling;
use crate::actor::Actor;
use crate::idempotency::{Created, Idempotent};
use crate::manage::{
    Attempts, Field, ManageError, NamedEventType, Problem, expect_version, lock, readable,
};

mod ranges;
#[cfg(test)]
mod tests;

pub use ranges::{
    MOST_OVERRIDES, OverrideDates, OverrideRange, availability_with_ranges, override_ranges,
};

/// Adds a schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddSchedule {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// Whose it is to be.
    pub owner: ScheduleOwner,
    /// What its owner calls it.
    pub name: Title,
    /// The hours.
    pub availability: Availability,
    /// Whether it becomes the default. An owner's first one does in any case.
    pub is_default: bool,
    /// Makes repeating the command harmless.
    pub idempotency: Option<Idempotent>,
}

/// Changes a schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateSchedule {
    /// Which.
    pub id: ScheduleId,
    /// What its owner calls it.
    pub name: Title,
    /// The hours.
    pub availability: Availability,
    /// Whether it becomes the default, in place of the one that is. The default stays it until another becomes it.
    pub is_default: bool,
    /// The version that was read.
    pub expected: Option<u32>,
}

/// Copies a schedule, for the same owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopySchedule {
    /// Which.
    pub id: ScheduleId,
    /// What the copy is called; after the original where nothing is given.
    pub name: Option<Title>,
    /// Makes repeating the command harmless.
    pub idempotency: Option<Idempotent>,
}

impl Scheduling {
    /// Adds a schedule.
    ///
    /// # Errors
    /// [`ManageError`]: `NotFound`, `Forbidden`, `Invalid`, `IdempotencyKeyReused`, `Storage`.
    pub async fn add_schedule(
        &self,
        actor: &Actor,
        command: &AddSchedule,
    ) -> Result<Created<AvailabilitySchedule>, ManageError> {
        let mut attempts = Attempts::new();
        loop {
            let mut work = self.ports().storage.begin().await?;
            let done = self.add_schedule_in(&mut *work, actor, command).await;
            if let Some(done) = attempts.settle(work, done).await {
                return done;
            }
        }
    }

    async fn add_schedule_in(
        &self,
        work: &mut dyn UnitOfWork,
        actor: &Actor,
        command: &AddSchedule,
    ) -> Result<Created<AvailabilitySchedule>, ManageError> {
        may_own(work, actor, command.workspace, command.owner).await?;
        ranges::check_size(&command.availability)?;
        lock_owner(work, command.workspace, command.owner).await?;
        let now = self.ports().clock.now();
        if let Some(idempotency) = &command.idempotency
            && let Some(made) = idempotency.claim(work, now).await?
        {
            return replayed(work, actor, ScheduleId::from_uuid(made)).await;
        }
        let schedule = AvailabilitySchedule {
            id: ScheduleId::generate(&*self.ports().ids),
            workspace: command.workspace,
            owner: command.owner,
            name: command.name.clone(),
            is_default: command.is_default,
            availability: command.availability.clone(),
            version: 1,
        };
        insert(work, actor, schedule, command.idempotency.as_ref()).await
    }

    /// Copies a schedule, its dates that differ included. The copy is no default.
    ///
    /// # Errors
    /// [`ManageError`]: `NotFound`, `Forbidden`, `IdempotencyKeyReused`, `Storage`.
    pub async fn copy_schedule(
        &self,
        actor: &Actor,
        command: &CopySchedule,
    ) -> Result<Created<AvailabilitySchedule>, ManageError> {
        let mut attempts = Attempts::new();
        loop {
            let mut work = self.ports().storage.begin().await?;
            let done = self.copy_schedule_in(&mut *work, actor, command).await;
            if let Some(done) = attempts.settle(work, done).await {
                return done;
            }
        }
    }

    async fn copy_schedule_in(
        &self,
        work: &mut dyn UnitOfWork,
        actor: &Actor,
        command: &CopySchedule,
    ) -> Result<Created<AvailabilitySchedule>, ManageError> {
        let original = found(work, command.id).await?;
        may_change(actor, &original)?;
        let now = self.ports().clock.now();
        if let Some(idempotency) = &command.idempotency
            && let Some(made) = idempotency.claim(work, now).await?
        {
            return replayed(work, actor, ScheduleId::from_uuid(made)).await;
        }
        let copy = AvailabilitySchedule {
            id: ScheduleId::generate(&*self.ports().ids),
            name: command
                .name
                .clone()
                .unwrap_or_else(|| copy_name(&original.name)),
            is_default: false,
            version: 1,
            ..original
        };
        insert(work, actor, copy, command.idempotency.as_ref()).await
    }

    /// The schedules of an owner, or all that the actor may see in a workspace: of each owner the default first, then by
    /// name. One that cannot be read is left out, and the log says so.
    ///
    /// # Errors
    /// [`ManageError`]: `NotFound`, `Forbidden`, `Storage`.
    pub async fn schedules(
        &self,
        actor: &Actor,
        workspace: WorkspaceId,
        owner: Option<ScheduleOwner>,
    ) -> Result<Vec<AvailabilitySchedule>, ManageError> {
        actor.sees(workspace)?;
        let mut work = self.ports().storage.begin_read().await?;
        let owners = match owner {
            Some(ScheduleOwner::Workspace(other)) if other != workspace => {
                return Err(ManageError::NotFound);
            }
            Some(ScheduleOwner::Person(person)) => {
                actor.is_or_manages(person, workspace)?;
                let members = members(&mut *work, workspace).await?;
                if !members.contains(&person) {
                    return Err(ManageError::NotFound);
                }
                vec![ScheduleOwner::Person(person)]
            }
            Some(of_workspace) => vec![of_workspace],
            None => {
                let members = members(&mut *work, workspace).await?;
                let seen = members
                    .into_iter()
                    .filter(|person| actor.is_or_manages(*person, workspace).is_ok());
                let mut owners: Vec<_> = seen.map(ScheduleOwner::Person).collect();
                owners.insert(0, ScheduleOwner::Workspace(workspace));
                owners
            }
        };
        let mut schedules = Vec::new();
        for owner in owners {
            let of_owner = readable(work.schedules().list(owner).await?);
            schedules.extend(of_owner.into_iter().filter(|s| is_seen(actor, s)));
        }
        Ok(schedules)
    }

    /// A schedule. Every member sees the workspace's.
    ///
    /// # Errors
    /// [`ManageError`]: `NotFound`, `Storage`.
    pub async fn schedule(
        &self,
        actor: &Actor,
        id: ScheduleId,
    ) -> Result<AvailabilitySchedule, ManageError> {
        let mut work = self.ports().storage.begin_read().await?;
        let schedule = found(&mut *work, id).await?;
        if is_seen(actor, &schedule) {
            Ok(schedule)
        } else {
            Err(ManageError::NotFound)
        }
    }

    /// Changes a schedule.
    ///
    /// # Errors
    /// [`ManageError`]: `NotFound`, `Forbidden`, `VersionConflict`, `Invalid`, `Storage`.
    pub async fn update_schedule(
        &self,
        actor: &Actor,
        command: &UpdateSchedule,
    ) -> Result<AvailabilitySchedule, ManageError> {
        ranges::check_size(&command.availability)?;
        let mut attempts = Attempts::new();
        loop {
            let mut work = self.ports().storage.begin().await?;
            let done = update(&mut *work, actor, command).await;
            if let Some(done) = attempts.settle(work, done).await {
                return done;
            }
        }
    }

    /// Gives a range of dates hours of their own in a schedule, or their weekdays' hours back.
    ///
    /// # Errors
    /// [`ManageError`]: `NotFound`, `Forbidden`, `VersionConflict`, `Invalid`, `Storage`.
    pub async fn override_dates(
        &self,
        actor: &Actor,
        command: &OverrideDates,
    ) -> Result<AvailabilitySchedule, ManageError> {
        let mut attempts = Attempts::new();
        loop {
            let mut work = self.ports().storage.begin().await?;
            let done = override_dates(&mut *work, actor, command).await;
            if let Some(done) = attempts.settle(work, done).await {
                return done;
            }
        }
    }

    /// Deletes a schedule that no event type names.
    ///
    /// # Errors
    /// [`ManageError`]: `NotFound`, `Forbidden`, `VersionConflict`, `InUse` with the event types that name it,
    /// `IsDefault` for a person's default, `Storage`.
    pub async fn delete_schedule(
        &self,
        actor: &Actor,
        id: ScheduleId,
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

async fn insert(
    work: &mut dyn UnitOfWork,
    actor: &Actor,
    mut schedule: AvailabilitySchedule,
    idempotency: Option<&Idempotent>,
) -> Result<Created<AvailabilitySchedule>, ManageError> {
    match default_of(work, schedule.owner).await? {
        None => schedule.is_default = true,
        Some(default) if schedule.is_default => replace_default(work, actor, default).await?,
        Some(_) => {}
    }
    work.schedules().insert(&schedule).await?;
    if let Some(idempotency) = idempotency {
        idempotency.store(work, schedule.id.as_uuid()).await?;
    }
    Ok(Created {
        made: schedule,
        replayed: false,
    })
}

async fn update(
    work: &mut dyn UnitOfWork,
    actor: &Actor,
    command: &UpdateSchedule,
) -> Result<AvailabilitySchedule, ManageError> {
    let old = to_change(work, actor, command.id, command.expected).await?;
    let mut new = AvailabilitySchedule {
        name: command.name.clone(),
        availability: command.availability.clone(),
        is_default: old.is_default || command.is_default,
        ..old.clone()
    };
    if new == old {
        return Ok(old);
    }
    if new.is_default
        && !old.is_default
        && let Some(default) = default_of(work, new.owner).await?
    {
        replace_default(work, actor, default).await?;
    }
    new.version = old.version.saturating_add(1);
    work.schedules().update(&new).await?;
    Ok(new)
}

async fn override_dates(
    work: &mut dyn UnitOfWork,
    actor: &Actor,
    command: &OverrideDates,
) -> Result<AvailabilitySchedule, ManageError> {
    let old = to_change(work, actor, command.id, command.expected).await?;
    let availability = command.apply_to(&old.availability)?;
    if availability == old.availability {
        return Ok(old);
    }
    let new = AvailabilitySchedule {
        availability,
        version: old.version.saturating_add(1),
        ..old
    };
    work.schedules().update(&new).await?;
    Ok(new)
}

async fn delete(
    work: &mut dyn UnitOfWork,
    actor: &Actor,
    id: ScheduleId,
    expected: Option<u32>,
) -> Result<(), ManageError> {
    let schedule = to_change(work, actor, id, expected).await?;
    let users = work.schedules().used_by(id).await?;
    if !users.is_empty() {
        let mut event_types = Vec::new();
        for user in users {
            let user = work.event_types().get(user).await?;
            let user = user.filter(|user| actor.sees(user.workspace).is_ok());
            event_types.extend(user.as_ref().map(NamedEventType::of));
        }
        return Err(ManageError::InUse { event_types });
    }
    if schedule.is_default && matches!(schedule.owner, ScheduleOwner::Person(_)) {
        return Err(ManageError::IsDefault);
    }
    if work.schedules().delete(id).await? {
        Ok(())
    } else {
        Err(ManageError::NotFound)
    }
}

/// A schedule that can be read.
async fn found(
    work: &mut dyn UnitOfWork,
    id: ScheduleId,
) -> Result<AvailabilitySchedule, ManageError> {
    let mut read = work.schedules().get(&[id]).await?;
    match (read.found.remove(&id), read.unreadable.pop()) {
        (Some(schedule), _) => Ok(schedule),
        (None, Some(damage)) => Err(damage.into()),
        (None, None) => Err(ManageError::NotFound),
    }
}

/// A schedule that the actor changes, under the lock of those whose hours it is.
async fn to_change(
    work: &mut dyn UnitOfWork,
    actor: &Actor,
    id: ScheduleId,
    expected: Option<u32>,
) -> Result<AvailabilitySchedule, ManageError> {
    let schedule = found(work, id).await?;
    may_change(actor, &schedule)?;
    let mut hosts = owners_people(work, schedule.workspace, schedule.owner).await?;
    for user in work.schedules().used_by(id).await? {
        if let Some(event_type) = work.event_types().get(user).await? {
            hosts.extend(event_type.hosting.roster());
        }
    }
    lock(work, hosts).await?;
    let schedule = found(work, id).await?;
    may_change(actor, &schedule)?;
    expect_version(expected, schedule.version)?;
    Ok(schedule)
}

async fn replayed(
    work: &mut dyn UnitOfWork,
    actor: &Actor,
    id: ScheduleId,
) -> Result<Created<AvailabilitySchedule>, ManageError> {
    let made = found(work, id).await?;
    if !is_seen(actor, &made) {
        return Err(ManageError::NotFound);
    }
    Ok(Created {
        made,
        replayed: true,
    })
}

async fn default_of(
    work: &mut dyn UnitOfWork,
    owner: ScheduleOwner,
) -> Result<Option<AvailabilitySchedule>, ManageError> {
    let mut read = work.schedules().defaults(&[owner]).await?;
    match (read.found.remove(&owner), read.unreadable.pop()) {
        (None, Some(damage)) => Err(damage.into()),
        (found, _) => Ok(found),
    }
}

/// Lets a schedule be the default no longer. Whoever makes another one the default must be allowed to change this one.
async fn replace_default(
    work: &mut dyn UnitOfWork,
    actor: &Actor,
    default: AvailabilitySchedule,
) -> Result<(), ManageError> {
    if may_change(actor, &default).is_err() {
        // It was made in another workspace, and matters there.
        return Err(match actor {
            Actor::Member { role, .. } => ManageError::Forbidden(*role),
            Actor::Invitee | Actor::System => ManageError::NotFound,
        });
    }
    let default = AvailabilitySchedule {
        is_default: false,
        version: default.version.saturating_add(1),
        ..default
    };
    work.schedules().update(&default).await?;
    Ok(())
}

/// Refuses whoever may not make a schedule for an owner.
async fn may_own(
    work: &mut dyn UnitOfWork,
    actor: &Actor,
    workspace: WorkspaceId,
    owner: ScheduleOwner,
) -> Result<(), ManageError> {
    match owner {
        ScheduleOwner::Workspace(owner) => {
            actor.manages(workspace)?;
            let exists = work.directory().workspace(workspace).await?;
            if owner != workspace || exists.is_none() {
                return Err(ManageError::NotFound);
            }
        }
        ScheduleOwner::Person(person) => {
            actor.is_or_manages(person, workspace)?;
            if !members(work, workspace).await?.contains(&person) {
                let problem = Problem::NoMember(person);
                return Err(ManageError::invalid(Field::Owner, problem));
            }
        }
    }
    Ok(())
}

fn may_change(actor: &Actor, schedule: &AvailabilitySchedule) -> Result<(), ManageError> {
    match schedule.owner {
        // His own, wherever it was made.
        ScheduleOwner::Person(person) if actor.user() == Some(person) => Ok(()),
        // What others have made for themselves is none of a member's business.
        ScheduleOwner::Person(_) if !is_seen(actor, schedule) => Err(ManageError::NotFound),
        ScheduleOwner::Person(_) | ScheduleOwner::Workspace(_) => actor.manages(schedule.workspace),
    }
}

fn is_seen(actor: &Actor, schedule: &AvailabilitySchedule) -> bool {
    match schedule.owner {
        ScheduleOwner::Person(person) => {
            actor.user() == Some(person) || actor.manages(schedule.workspace).is_ok()
        }
        ScheduleOwner::Workspace(workspace) => actor.sees(workspace).is_ok(),
    }
}

async fn members(
    work: &mut dyn UnitOfWork,
    workspace: WorkspaceId,
) -> Result<BTreeSet<UserId>, ManageError> {
    let members = work.directory().members(workspace).await?;
    Ok(members.into_iter().map(|m| m.person.id).collect())
}

/// The people whose hours an owner's schedules can be.
async fn owners_people(
    work: &mut dyn UnitOfWork,
    workspace: WorkspaceId,
    owner: ScheduleOwner,
) -> Result<Vec<UserId>, ManageError> {
    Ok(match owner {
        ScheduleOwner::Person(person) => vec![person],
        ScheduleOwner::Workspace(_) => members(work, workspace).await?.into_iter().collect(),
    })
}

async fn lock_owner(
    work: &mut dyn UnitOfWork,
    workspace: WorkspaceId,
    owner: ScheduleOwner,
) -> Result<(), ManageError> {
    let people = owners_people(work, workspace, owner).await?;
    Ok(lock(work, people).await?)
}

/// "Working hours (copy)", or the name itself where that is too long.
fn copy_name(name: &Title) -> Title {
    format!("{name} (copy)")
        .parse()
        .unwrap_or_else(|_too_long| name.clone())
}
