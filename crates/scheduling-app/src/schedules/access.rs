//! Whose schedules somebody sees and changes, and whose time that concerns.

use std::collections::BTreeSet;

use scheduling_core::ids::{ScheduleId, UserId, WorkspaceId};
use scheduling_core::ports::UnitOfWork;
use scheduling_core::schedule::{AvailabilitySchedule, ScheduleOwner};

use crate::actor::Actor;
use crate::manage::{Field, ManageError, Problem, expect_version, lock};

/// A schedule that can be read.
pub(super) async fn found(
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
pub(super) async fn to_change(
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

pub(super) async fn default_of(
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
pub(super) async fn replace_default(
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
pub(super) async fn may_own(
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

pub(super) fn may_change(
    actor: &Actor,
    schedule: &AvailabilitySchedule,
) -> Result<(), ManageError> {
    match schedule.owner {
        // His own, wherever it was made.
        ScheduleOwner::Person(person) if actor.user() == Some(person) => Ok(()),
        // What others have made for themselves is none of a member's business.
        ScheduleOwner::Person(_) if !is_seen(actor, schedule) => Err(ManageError::NotFound),
        ScheduleOwner::Person(_) | ScheduleOwner::Workspace(_) => actor.manages(schedule.workspace),
    }
}

pub(super) fn is_seen(actor: &Actor, schedule: &AvailabilitySchedule) -> bool {
    match schedule.owner {
        ScheduleOwner::Person(person) => {
            actor.user() == Some(person) || actor.manages(schedule.workspace).is_ok()
        }
        ScheduleOwner::Workspace(workspace) => actor.sees(workspace).is_ok(),
    }
}

pub(super) async fn members(
    work: &mut dyn UnitOfWork,
    workspace: WorkspaceId,
) -> Result<BTreeSet<UserId>, ManageError> {
    let members = work.directory().members(workspace).await?;
    Ok(members.into_iter().map(|m| m.person.id).collect())
}

/// The people whose hours an owner's schedules can be.
pub(super) async fn owners_people(
    work: &mut dyn UnitOfWork,
    workspace: WorkspaceId,
    owner: ScheduleOwner,
) -> Result<Vec<UserId>, ManageError> {
    Ok(match owner {
        ScheduleOwner::Person(person) => vec![person],
        ScheduleOwner::Workspace(_) => members(work, workspace).await?.into_iter().collect(),
    })
}

pub(super) async fn lock_owner(
    work: &mut dyn UnitOfWork,
    workspace: WorkspaceId,
    owner: ScheduleOwner,
) -> Result<(), ManageError> {
    let people = owners_people(work, workspace, owner).await?;
    Ok(lock(work, people).await?)
}
