//! What a workspace's page and an event type's page show, slots aside.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use scheduling_core::directory::{Person, Workspace};
use scheduling_core::event_type::{BookingLink, EventType, EventTypeStatus};
use scheduling_core::ids::{UserId, WorkspaceId};
use scheduling_core::ports::{SlotSources, StorageError, UnitOfWork};
use scheduling_core::text::Slug;

use super::FindError;
use super::bookable::{Bookable, bookable};
use super::memory::Answer;
use crate::Scheduling;
use crate::manage::{log_unreadable, readable};

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
    /// The event type, active or hidden, as the link shows it.
    pub event_type: EventType,
    /// The further link that led to it, if one did.
    pub link: Option<BookingLink>,
    /// Its hosts, in roster order.
    pub hosts: Vec<Person>,
}

/// Where somebody is led who has the server's address, but no link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FrontDoor {
    /// There is no workspace yet.
    Empty,
    /// To the one workspace there is.
    To(Slug),
    /// There are several, and which ones is nobody's business.
    Closed,
}

impl Scheduling {
    /// Where the server's bare address leads.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn front_door(&self) -> Result<FrontDoor, StorageError> {
        let mut work = self.ports().storage.begin_read().await?;
        let mut workspaces = work.directory().workspaces().await?.into_iter();
        Ok(match (workspaces.next(), workspaces.next()) {
            (None, _) => FrontDoor::Empty,
            (Some(only), None) => FrontDoor::To(only.slug),
            (Some(_), Some(_)) => FrontDoor::Closed,
        })
    }

    /// The workspace with this slug.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn workspace(&self, slug: &Slug) -> Result<Option<Workspace>, StorageError> {
        let mut work = self.ports().storage.begin_read().await?;
        work.directory().workspace_by_slug(slug).await
    }

    /// The workspace with this id.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn workspace_of(&self, id: WorkspaceId) -> Result<Option<Workspace>, StorageError> {
        let mut work = self.ports().storage.begin_read().await?;
        work.directory().workspace(id).await
    }

    /// The person with this id.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn person(&self, id: UserId) -> Result<Option<Person>, StorageError> {
        let mut work = self.ports().storage.begin_read().await?;
        Ok(work.directory().people(&[id]).await?.remove(&id))
    }

    /// What guests can book in a workspace; `None` when there is no such workspace. An event type that cannot be read is
    /// left out.
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
        let mut event_types = readable(work.event_types().list(workspace.id).await?);
        event_types.retain(|event_type| event_type.status == EventTypeStatus::Active);
        let hosts: BTreeSet<UserId> = event_types
            .iter()
            .flat_map(|event_type| event_type.hosting.roster())
            .collect();
        let hosts: Vec<UserId> = hosts.into_iter().collect();
        let people = people(&mut *work, &hosts).await?;
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

    /// An event type that can be booked with a link, its own or a further one, with its hosts.
    ///
    /// # Errors
    /// [`FindError::NotFound`] when there is none, [`FindError::LinkEnded`] when the link has expired or is used up.
    pub async fn event_type_page(
        &self,
        workspace: &Slug,
        event_type: &Slug,
    ) -> Result<Arc<EventTypePage>, FindError> {
        let (memory, storage) = (self.pages_memory(), &*self.ports().storage);
        let now = self.ports().clock.now();
        let question = (workspace.clone(), event_type.clone());
        if let Some(known) = memory.recall(storage, &question, now).await? {
            return Ok(known);
        }
        let answer = self.read_page(workspace, event_type, now).await?;
        Ok(memory.keep(&question, answer))
    }

    async fn read_page(
        &self,
        workspace: &Slug,
        event_type: &Slug,
        now: DateTime<Utc>,
    ) -> Result<Answer<EventTypePage>, FindError> {
        let mut work = self.ports().storage.begin_read().await?;
        let Bookable {
            workspace,
            event_type,
            link,
        } = bookable(&mut *work, now, workspace, event_type).await?;
        let roster: Vec<UserId> = event_type.hosting.roster().collect();
        let people = people(&mut *work, &roster).await?;
        let sources = SlotSources {
            workspace: workspace.id,
            event_type: event_type.id,
            link: link.as_ref().map(|link| link.id),
            // The hosts' names count as the event type's; their time is not on the page.
            hosts: Vec::new(),
        };
        let revisions = work.revisions(&sources).await?;
        let link_end = link.as_ref().and_then(|link| link.expires_at);
        let bytes = 8192 + roster.len() * 256;
        let page = EventTypePage {
            workspace,
            event_type,
            link,
            hosts: in_order(roster, &people),
        };
        Ok(Answer {
            value: Arc::new(page),
            sources,
            revisions,
            since: now,
            until: link_end.unwrap_or(DateTime::<Utc>::MAX_UTC),
            bytes,
        })
    }
}

/// The people with these ids. One whose row is damaged is left out, and the log says so: a page shows the others.
pub(crate) async fn people(
    work: &mut dyn UnitOfWork,
    ids: &[UserId],
) -> Result<BTreeMap<UserId, Person>, StorageError> {
    match work.directory().people(ids).await {
        Err(StorageError::Corrupt { .. }) => {}
        other => return other,
    }
    let mut people = BTreeMap::new();
    for id in ids {
        match work.directory().people(&[*id]).await {
            Ok(found) => people.extend(found),
            Err(damage @ StorageError::Corrupt { .. }) => log_unreadable(&[damage]),
            Err(other) => return Err(other),
        }
    }
    Ok(people)
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

#[cfg(test)]
mod tests {
    use scheduling_testkit::builders::parse;

    use super::*;
    use crate::setup::NewWorkspace;
    use crate::testing::World;

    fn names(people: &[Person]) -> Vec<&str> {
        people.iter().map(|person| person.name.as_str()).collect()
    }

    #[tokio::test]
    async fn a_workspaces_page_lists_what_is_active_in_order_with_its_hosts() {
        let world = World::new(
            "host ann UTC 09:00-12:00
             host bob UTC 09:00-12:00
             event zebra 30 robin:bob,ann
             event secret 30 ann status=hidden
             event gone 30 ann status=inactive
             event old 30 ann status=archived
             event apple 30 ann",
        )
        .await;
        let page = world.scheduling.landing_page(&parse("firm")).await;
        let page = page.unwrap().unwrap();
        assert_eq!(page.workspace, world.workspace);
        let listed: Vec<_> = page
            .event_types
            .iter()
            .map(|(event_type, hosts)| (event_type.slug.as_str(), names(hosts)))
            .collect();
        assert_eq!(
            listed,
            [("zebra", vec!["bob", "ann"]), ("apple", vec!["ann"])]
        );
        let nowhere = world.scheduling.landing_page(&parse("nowhere")).await;
        assert!(nowhere.unwrap().is_none());
    }

    #[tokio::test]
    async fn an_event_types_page_shows_hidden_ones_but_not_inactive_ones() {
        let world = World::new(
            "host ann UTC 09:00-12:00
             event secret 30 ann status=hidden
             event gone 30 ann status=inactive
             event old 30 ann status=archived",
        )
        .await;
        let ask = async |workspace: &str, event: &str| {
            let scheduling = &world.scheduling;
            scheduling
                .event_type_page(&parse(workspace), &parse(event))
                .await
        };
        let page = ask("firm", "secret").await.unwrap();
        assert_eq!(page.event_type, world.event_types["secret"]);
        assert_eq!(names(&page.hosts), ["ann"]);
        for (workspace, event) in [
            ("firm", "gone"),
            ("firm", "old"),
            ("firm", "nothing"),
            ("nowhere", "secret"),
        ] {
            let refused = ask(workspace, event).await;
            assert!(
                matches!(refused, Err(FindError::NotFound)),
                "{workspace}/{event}"
            );
        }
    }

    #[tokio::test]
    async fn the_bare_address_leads_to_the_only_workspace_and_betrays_no_one_of_several() {
        let world = World::new("host ann UTC 09:00-12:00").await;
        let door = world.scheduling.front_door().await.unwrap();
        assert_eq!(door, FrontDoor::To(parse("firm")));
        let second = NewWorkspace {
            slug: parse("second"),
            name: parse("Second"),
            description: None,
        };
        world.scheduling.create_workspace(second).await.unwrap();
        let door = world.scheduling.front_door().await.unwrap();
        assert_eq!(door, FrontDoor::Closed);
    }
}
