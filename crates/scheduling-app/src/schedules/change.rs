//! Change a schedule, or delete it.

use scheduling_core::ids::ScheduleId;
use scheduling_core::ports::UnitOfWork;
use scheduling_core::schedule::{Availability, AvailabilitySchedule, ScheduleOwner};
use scheduling_core::text::Title;

use super::access::{default_of, replace_default, to_change};
use super::ranges::{self, OverrideDates};
use crate::Scheduling;
use crate::actor::Actor;
use crate::manage::{Attempts, ManageError, NamedEventType};

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

impl Scheduling {
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
