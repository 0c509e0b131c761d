//! Read schedules.

use scheduling_core::ids::{ScheduleId, WorkspaceId};
use scheduling_core::schedule::{AvailabilitySchedule, ScheduleOwner};

use super::access::{found, is_seen, members};
use crate::Scheduling;
use crate::actor::Actor;
use crate::manage::{ManageError, readable};

impl Scheduling {
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
}
