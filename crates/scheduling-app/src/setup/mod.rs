//! Setting a workspace up: its people, their hours, its event types. (The app's helper completes it.)

use chrono_tz::Tz;
use scheduling_core::calendar::BusyInterval;
use scheduling_core::directory::{Person, Workspace};
use scheduling_core::event_type::{EventType, EventTypeStatus, Hosting, Location, SlotRules};
use scheduling_core::ids::{UserId, WorkspaceId};
use scheduling_core::ports::StorageError;
use scheduling_core::schedule::{Availability, AvailabilitySchedule};
use scheduling_core::text::{EmailAddress, Note, PersonName, Slug, Title};
use thiserror::Error;

use crate::Scheduling;

/// Why something could not be added.
#[derive(Debug, Error)]
pub enum SetupError {
    /// The slug, or the address, is taken.
    #[error("{0} is taken")]
    Taken(String),
    /// It names a person who does not exist in the workspace.
    #[error("the workspace has no such member")]
    NoSuchMember,
    /// The storage failed.
    #[error(transparent)]
    Storage(StorageError),
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

/// An event type to be. See [`EventType`] for the fields.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of EventType")]
pub struct NewEventType {
    pub slug: Slug,
    pub title: Title,
    pub description: Option<Note>,
    pub category: Option<Title>,
    pub rules: SlotRules,
    pub availability: Option<Availability>,
    pub hosting: Hosting,
    pub location: Location,
    pub status: EventTypeStatus,
}

impl Scheduling {
    /// Adds a workspace.
    ///
    /// # Errors
    /// [`SetupError::Taken`] when the slug is.
    pub async fn create_workspace(&self, new: NewWorkspace) -> Result<Workspace, SetupError> {
        let _ = new;
        unimplemented!()
    }

    /// Adds a person to a workspace, with a default schedule where hours are given.
    ///
    /// # Errors
    /// [`SetupError::Taken`] when the workspace has the address already.
    pub async fn create_person(
        &self,
        workspace: WorkspaceId,
        new: NewPerson,
    ) -> Result<(Person, Option<AvailabilitySchedule>), SetupError> {
        let _ = (workspace, new);
        unimplemented!()
    }

    /// Adds an event type, after those the workspace has.
    ///
    /// # Errors
    /// [`SetupError::Taken`] when the slug is, [`SetupError::NoSuchMember`] for a host who is no member.
    pub async fn create_event_type(
        &self,
        workspace: WorkspaceId,
        new: NewEventType,
    ) -> Result<EventType, SetupError> {
        let _ = (workspace, new);
        unimplemented!()
    }

    /// Marks a host's time as busy, as a connected calendar would.
    ///
    /// # Errors
    /// [`SetupError::Storage`].
    pub async fn add_busy(&self, host: UserId, busy: BusyInterval) -> Result<(), SetupError> {
        let _ = (host, busy);
        unimplemented!()
    }
}
