//! What a workspace's page and an event type's page show, slots aside.

use scheduling_core::directory::{Person, Workspace};
use scheduling_core::event_type::EventType;
use scheduling_core::ports::StorageError;
use scheduling_core::text::Slug;

use super::FindError;
use crate::Scheduling;

/// A workspace and what guests can book there.
#[derive(Debug, Clone)]
pub struct LandingPage {
    /// The workspace.
    pub workspace: Workspace,
    /// Its active event types, by position, each with its hosts in roster order.
    pub event_types: Vec<(EventType, Vec<Person>)>,
}

/// An event type with the people behind it.
#[derive(Debug, Clone)]
pub struct EventTypePage {
    /// The workspace.
    pub workspace: Workspace,
    /// The event type: active or hidden.
    pub event_type: EventType,
    /// Its hosts, in roster order.
    pub hosts: Vec<Person>,
}

impl Scheduling {
    /// What guests can book in a workspace; `None` when there is no such workspace.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn landing_page(
        &self,
        workspace: &Slug,
    ) -> Result<Option<LandingPage>, StorageError> {
        let _ = workspace;
        unimplemented!()
    }

    /// An event type that can be booked, with its hosts.
    ///
    /// # Errors
    /// [`FindError::NotFound`] when there is none.
    pub async fn event_type_page(
        &self,
        workspace: &Slug,
        event_type: &Slug,
    ) -> Result<EventTypePage, FindError> {
        let _ = (workspace, event_type);
        unimplemented!()
    }
}
