//! Setting a workspace up: its people, their hours, its event types.

use std::collections::BTreeSet;
use std::fmt;

use chrono_tz::Tz;
use scheduling_core::calendar::{BusyInterval, HostBusy};
use scheduling_core::directory::{Person, Workspace};
use scheduling_core::event_type::{EventType, EventTypeStatus, Hosting, Location, SlotRules};
use scheduling_core::ids::{BusyId, EventTypeId, ScheduleId, UserId, WorkspaceId};
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
    Storage(#[from] StorageError),
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
        let workspace = Workspace {
            id: WorkspaceId::generate(&*self.ports().ids),
            slug: new.slug,
            name: new.name,
            description: new.description,
        };
        let mut work = self.ports().storage.begin().await?;
        let inserted = work.directory().insert_workspace(&workspace).await;
        unless_taken(inserted, &workspace.slug)?;
        work.commit().await?;
        Ok(workspace)
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
        let ids = &*self.ports().ids;
        let person = Person {
            id: UserId::generate(ids),
            name: new.name,
            email: new.email,
            timezone: new.timezone,
        };
        let schedule = new.availability.map(|availability| AvailabilitySchedule {
            id: ScheduleId::generate(ids),
            owner: person.id,
            name: default_schedule_name(),
            is_default: true,
            availability,
        });
        let mut work = self.ports().storage.begin().await?;
        let inserted = work.directory().insert_person(workspace, &person).await;
        unless_taken(inserted, &person.email)?;
        if let Some(schedule) = &schedule {
            work.schedules().insert(schedule).await?;
        }
        work.commit().await?;
        Ok((person, schedule))
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
        let mut work = self.ports().storage.begin().await?;
        let members: BTreeSet<UserId> = work
            .directory()
            .members(workspace)
            .await?
            .into_iter()
            .map(|member| member.id)
            .collect();
        if !new.hosting.roster().all(|host| members.contains(&host)) {
            return Err(SetupError::NoSuchMember);
        }
        let others = work.event_types().list(workspace).await?;
        let position = others.iter().map(|e| e.position.saturating_add(1)).max();
        let event_type = EventType {
            id: EventTypeId::generate(&*self.ports().ids),
            workspace,
            slug: new.slug,
            title: new.title,
            description: new.description,
            category: new.category,
            position: position.unwrap_or(0),
            rules: new.rules,
            availability: new.availability,
            hosting: new.hosting,
            location: new.location,
            status: new.status,
        };
        let inserted = work.event_types().insert(&event_type).await;
        unless_taken(inserted, &event_type.slug)?;
        work.commit().await?;
        Ok(event_type)
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

#[cfg(test)]
mod tests {
    use scheduling_testkit::builders::parse;

    use super::*;
    use crate::testing::World;

    fn new_person(address: &str) -> NewPerson {
        NewPerson {
            name: parse("Ann"),
            email: parse(address),
            timezone: Tz::UTC,
            availability: None,
        }
    }

    fn new_event_type(world: &World, slug: &str, host: UserId) -> NewEventType {
        let like = &world.event_types["intro"];
        NewEventType {
            slug: parse(slug),
            title: like.title.clone(),
            description: None,
            category: None,
            rules: like.rules.clone(),
            availability: None,
            hosting: Hosting::single(host),
            location: like.location.clone(),
            status: EventTypeStatus::Active,
        }
    }

    #[tokio::test]
    async fn slugs_and_addresses_are_given_once() {
        let world = World::new("host ann UTC 09:00-12:00\nevent intro 30 ann").await;
        let again = NewWorkspace {
            slug: parse("firm"),
            name: parse("Another firm"),
            description: None,
        };
        let refused = world.scheduling.create_workspace(again).await.unwrap_err();
        assert_eq!(refused.to_string(), "firm is taken");

        let twin = new_person("ann@firm.example");
        let made = world
            .scheduling
            .create_person(world.workspace.id, twin)
            .await;
        assert_eq!(made.unwrap_err().to_string(), "ann@firm.example is taken");

        let twin = new_event_type(&world, "intro", world.hosts["ann"]);
        let made = world
            .scheduling
            .create_event_type(world.workspace.id, twin)
            .await;
        assert_eq!(made.unwrap_err().to_string(), "intro is taken");
    }

    #[tokio::test]
    async fn a_host_must_be_a_member_of_the_workspace() {
        let world = World::new("host ann UTC 09:00-12:00\nevent intro 30 ann").await;
        let elsewhere = NewWorkspace {
            slug: parse("elsewhere"),
            name: parse("Elsewhere"),
            description: None,
        };
        let elsewhere = world.scheduling.create_workspace(elsewhere).await.unwrap();
        let made = world
            .scheduling
            .create_person(elsewhere.id, new_person("x@example.org"));
        let (stranger, schedule) = made.await.unwrap();
        assert_eq!(schedule, None);
        let new = new_event_type(&world, "other", stranger.id);
        let refused = world
            .scheduling
            .create_event_type(world.workspace.id, new)
            .await;
        assert!(
            matches!(refused, Err(SetupError::NoSuchMember)),
            "{refused:?}"
        );
    }

    #[tokio::test]
    async fn event_types_stand_in_the_order_they_were_added() {
        let world = World::new(
            "host ann UTC 09:00-12:00
             event intro 30 ann
             event deep 60 ann",
        )
        .await;
        assert_eq!(world.event_types["intro"].position, 0);
        assert_eq!(world.event_types["deep"].position, 1);
    }
}
