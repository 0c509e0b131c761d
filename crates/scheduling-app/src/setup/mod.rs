//! Setting a workspace up: its people, their hours, its event types. For whoever runs the server; members have the use
//! cases that ask who acts.

use std::fmt;

use chrono_tz::Tz;
use scheduling_core::calendar::{BusyInterval, HostBusy};
use scheduling_core::directory::{Person, Role, Workspace};
use scheduling_core::event_type::EventType;
use scheduling_core::ids::{BusyId, ScheduleId, UserId, WorkspaceId};
use scheduling_core::ports::{StorageError, UnitOfWork};
use scheduling_core::schedule::{Availability, AvailabilitySchedule, ScheduleOwner};
use scheduling_core::text::{EmailAddress, Note, PersonName, Slug, Title};
use thiserror::Error;

use crate::Scheduling;
use crate::actor::Actor;
use crate::event_types::AddEventType;
use crate::manage::{ManageError, Problem};

mod workspace;

#[cfg(test)]
mod tests;

pub use crate::event_types::EventTypeSettings as NewEventType;
pub use workspace::UpdateWorkspace;

/// Why something could not be added.
#[derive(Debug, Error)]
pub enum SetupError {
    /// The slug, or the address, is taken.
    #[error("{0} is taken")]
    Taken(String),
    /// It names a person who does not exist in the workspace.
    #[error("the workspace has no such member")]
    NoSuchMember,
    /// There is no such workspace.
    #[error("there is no such workspace")]
    NoSuchWorkspace,
    /// It makes no sense.
    #[error(transparent)]
    Refused(ManageError),
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<ManageError> for SetupError {
    fn from(error: ManageError) -> Self {
        match error {
            ManageError::Taken(slug) => Self::Taken(slug.to_string()),
            ManageError::NotFound => Self::NoSuchWorkspace,
            ManageError::Storage(error) => Self::Storage(error),
            ManageError::Invalid(problems)
                if problems
                    .iter()
                    .any(|invalid| matches!(invalid.problem, Problem::NoMember(_))) =>
            {
                Self::NoSuchMember
            }
            other => Self::Refused(other),
        }
    }
}

/// A workspace to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewWorkspace {
    /// Its part of the link.
    pub slug: Slug,
    /// Its name.
    pub name: Title,
    /// A line or two about it.
    pub description: Option<Note>,
}

/// A person to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPerson {
    /// The name.
    pub name: PersonName,
    /// Where mails go.
    pub email: EmailAddress,
    /// The zone.
    pub timezone: Tz,
    /// The hours of the default schedule.
    pub availability: Option<Availability>,
}

impl Scheduling {
    /// Adds a workspace.
    ///
    /// # Errors
    /// [`SetupError::Taken`] when the slug is.
    pub async fn create_workspace(&self, new: NewWorkspace) -> Result<Workspace, SetupError> {
        let workspace = Workspace {
            id: WorkspaceId::generate(&*self.ports().ids),
            slug: new.slug,
            name: new.name,
            description: new.description,
            version: 1,
        };
        let mut work = self.ports().storage.begin().await?;
        let inserted = work.directory().insert_workspace(&workspace).await;
        unless_taken(inserted, &workspace.slug)?;
        work.commit().await?;
        Ok(workspace)
    }

    /// Makes a person a member of a workspace, its owner if it is the first one, with a default schedule where hours are
    /// given. A person whom the server knows by the address joins as he is, and keeps the default schedule he has.
    ///
    /// # Errors
    /// [`SetupError::Taken`] when the workspace has a member with the address already,
    /// [`SetupError::NoSuchWorkspace`].
    pub async fn create_person(
        &self,
        workspace: WorkspaceId,
        new: NewPerson,
    ) -> Result<(Person, Option<AvailabilitySchedule>), SetupError> {
        let mut work = self.ports().storage.begin().await?;
        let made = self.create_person_in(&mut *work, workspace, new).await?;
        work.commit().await?;
        Ok(made)
    }

    async fn create_person_in(
        &self,
        work: &mut dyn UnitOfWork,
        workspace: WorkspaceId,
        new: NewPerson,
    ) -> Result<(Person, Option<AvailabilitySchedule>), SetupError> {
        let ids = &*self.ports().ids;
        let exists = work.directory().workspace(workspace).await?;
        exists.ok_or(SetupError::NoSuchWorkspace)?;
        let known = work.directory().person_by_email(&new.email).await?;
        let person = if let Some(known) = known {
            known
        } else {
            let person = Person {
                id: UserId::generate(ids),
                name: new.name,
                email: new.email,
                timezone: new.timezone,
            };
            let inserted = work.directory().insert_person(workspace, &person).await;
            unless_taken(inserted, &person.email)?;
            person
        };
        let is_first = work.directory().members(workspace).await?.is_empty();
        let role = if is_first { Role::Owner } else { Role::Member };
        let joined_at = self.ports().clock.now();
        let joined = work
            .directory()
            .insert_member(workspace, person.id, role, joined_at)
            .await;
        unless_taken(joined, &person.email)?;

        let owner = ScheduleOwner::Person(person.id);
        let known = work.schedules().defaults(&[owner]).await?;
        let has_one = known.found.contains_key(&owner) || !known.unreadable.is_empty();
        let schedule =
            new.availability
                .filter(|_| !has_one)
                .map(|availability| AvailabilitySchedule {
                    id: ScheduleId::generate(ids),
                    workspace,
                    owner,
                    name: default_schedule_name(),
                    is_default: true,
                    availability,
                    version: 1,
                });
        if let Some(schedule) = &schedule {
            work.schedules().insert(schedule).await?;
        }
        Ok((person, schedule))
    }

    /// Gives a member a role.
    ///
    /// # Errors
    /// [`SetupError::NoSuchMember`].
    pub async fn set_member_role(
        &self,
        workspace: WorkspaceId,
        person: UserId,
        role: Role,
    ) -> Result<(), SetupError> {
        let mut work = self.ports().storage.begin().await?;
        if !work.directory().set_role(workspace, person, role).await? {
            return Err(SetupError::NoSuchMember);
        }
        work.commit().await?;
        Ok(())
    }

    /// Adds an event type, after those the workspace has.
    ///
    /// # Errors
    /// [`SetupError::Taken`] when the slug is, [`SetupError::NoSuchMember`] for a host who is no member,
    /// [`SetupError::Refused`] when it makes no sense.
    pub async fn create_event_type(
        &self,
        workspace: WorkspaceId,
        new: NewEventType,
    ) -> Result<EventType, SetupError> {
        let command = AddEventType {
            workspace,
            settings: new,
            idempotency: None,
        };
        Ok(self.add_event_type(&Actor::System, &command).await?.made)
    }

    /// Marks a host's time as busy, as a connected calendar would.
    ///
    /// # Errors
    /// [`SetupError::Storage`].
    pub async fn add_busy(&self, host: UserId, busy: BusyInterval) -> Result<(), SetupError> {
        let busy = HostBusy {
            id: BusyId::generate(&*self.ports().ids),
            host,
            busy,
        };
        let mut work = self.ports().storage.begin().await?;
        work.busy().insert(&busy).await?;
        work.commit().await?;
        Ok(())
    }
}

/// What a person's first schedule is called until its owner calls it something else.
fn default_schedule_name() -> Title {
    "Working hours".parse().expect("it is a title")
}

/// A conflict when something was added means that what names it is taken.
fn unless_taken(
    inserted: Result<(), StorageError>,
    name: &dyn fmt::Display,
) -> Result<(), SetupError> {
    inserted.map_err(|error| match error {
        StorageError::Conflict => SetupError::Taken(name.to_string()),
        other => SetupError::Storage(other),
    })
}
