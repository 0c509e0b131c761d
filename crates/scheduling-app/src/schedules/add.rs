//! Make a schedule, or a copy of one.

use scheduling_core::ids::{ScheduleId, WorkspaceId};
use scheduling_core::ports::UnitOfWork;
use scheduling_core::schedule::{Availability, AvailabilitySchedule, ScheduleOwner};
use scheduling_core::text::Title;

use super::access::{default_of, found, is_seen, lock_owner, may_change, may_own, replace_default};
use super::ranges;
use crate::Scheduling;
use crate::actor::Actor;
use crate::idempotency::{Created, Idempotent};
use crate::manage::{Attempts, ManageError};

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

/// "Working hours (copy)", or the name itself where that is too long.
fn copy_name(name: &Title) -> Title {
    format!("{name} (copy)")
        .parse()
        .unwrap_or_else(|_too_long| name.clone())
}
