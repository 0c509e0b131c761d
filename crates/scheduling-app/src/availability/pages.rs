//! What a workspace's page and an event type's page show, slots aside.

use std::collections::{BTreeMap, BTreeSet};

use scheduling_core::directory::{Person, Workspace};
use scheduling_core::event_type::{EventType, EventTypeStatus};
use scheduling_core::ids::UserId;
use scheduling_core::ports::StorageError;
use scheduling_core::text::Slug;

use super::{FindError, bookable};
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
        let mut work = self.ports().storage.begin_read().await?;
        let Some(workspace) = work.directory().workspace_by_slug(workspace).await? else {
            return Ok(None);
        };
        let mut event_types = work.event_types().list(workspace.id).await?;
        event_types.retain(|event_type| event_type.status == EventTypeStatus::Active);
        let hosts: BTreeSet<UserId> = event_types
            .iter()
            .flat_map(|event_type| event_type.hosting.roster())
            .collect();
        let hosts: Vec<UserId> = hosts.into_iter().collect();
        let people = work.directory().people(&hosts).await?;
        let event_types = event_types
            .into_iter()
            .map(|event_type| {
                let hosts = in_order(event_type.hosting.roster(), &people);
                (event_type, hosts)
            })
            .collect();
        Ok(Some(LandingPage {
            workspace,
            event_types,
        }))
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
        let mut work = self.ports().storage.begin_read().await?;
        let (workspace, event_type) = bookable(&mut *work, workspace, event_type)
            .await?
            .ok_or(FindError::NotFound)?;
        let roster: Vec<UserId> = event_type.hosting.roster().collect();
        let people = work.directory().people(&roster).await?;
        Ok(EventTypePage {
            workspace,
            event_type,
            hosts: in_order(roster, &people),
        })
    }
}

/// The people with these ids, in their order; one that does not exist is left out.
pub(crate) fn in_order(
    ids: impl IntoIterator<Item = UserId>,
    people: &BTreeMap<UserId, Person>,
) -> Vec<Person> {
    ids.into_iter()
        .filter_map(|id| people.get(&id).cloned())
        .collect()
}
