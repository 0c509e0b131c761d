//! Further links to event types.

use async_trait::async_trait;
use scheduling_core::event_type::BookingLink;
use scheduling_core::ids::{BookingLinkId, EventTypeId, WorkspaceId};
use scheduling_core::ports::{LinkRepository, Partial, StorageError};
use scheduling_core::text::Slug;

use super::MemoryUnitOfWork;
use super::tables::{Tables, must_follow};

/// Stores a link, if what it names is there and its slug is free.
fn store(tables: &mut Tables, link: BookingLink) -> Result<(), StorageError> {
    tables.must_have_workspace(link.workspace)?;
    tables.must_have_event_type(link.event_type)?;
    if tables.slug_is_taken(link.workspace, &link.slug, link.id.as_uuid()) {
        return Err(StorageError::Conflict);
    }
    tables.links.insert(link.id, link);
    Ok(())
}

#[async_trait]
impl LinkRepository for MemoryUnitOfWork {
    async fn get(&mut self, id: BookingLinkId) -> Result<Option<BookingLink>, StorageError> {
        Ok(self.read().links.get(&id).cloned())
    }

    async fn by_slug(
        &mut self,
        workspace: WorkspaceId,
        slug: &Slug,
    ) -> Result<Option<BookingLink>, StorageError> {
        let mut links = self.read().links.values();
        Ok(links
            .find(|l| l.workspace == workspace && l.slug == *slug)
            .cloned())
    }

    async fn list(
        &mut self,
        event_type: EventTypeId,
    ) -> Result<Partial<Vec<BookingLink>>, StorageError> {
        let links = self.read().links.values();
        let mut links: Vec<BookingLink> = links
            .filter(|l| l.event_type == event_type)
            .cloned()
            .collect();
        links.sort_by_key(|l| std::cmp::Reverse((l.created_at, l.id)));
        Ok(Partial::whole(links))
    }

    async fn insert(&mut self, link: &BookingLink) -> Result<(), StorageError> {
        self.write(|tables| {
            if tables.links.contains_key(&link.id) {
                return Err(StorageError::Conflict);
            }
            store(tables, link.clone())
        })
    }

    async fn update(&mut self, link: &BookingLink) -> Result<(), StorageError> {
        self.write(|tables| {
            let stored = tables.links.get(&link.id);
            must_follow(stored.map(|l| l.version), link.version)?;
            let uses = stored.map_or(link.uses, |l| l.uses);
            store(
                tables,
                BookingLink {
                    uses,
                    ..link.clone()
                },
            )
        })
    }

    async fn use_once(&mut self, id: BookingLinkId) -> Result<bool, StorageError> {
        self.write(|tables| {
            let link = tables.links.get_mut(&id);
            let is_left =
                |link: &&mut BookingLink| link.max_uses.is_none_or(|most| link.uses < most.get());
            Ok(link.filter(is_left).map(|link| link.uses += 1).is_some())
        })
    }

    async fn delete(&mut self, id: BookingLinkId) -> Result<bool, StorageError> {
        self.write(|tables| Ok(tables.links.remove(&id).is_some()))
    }
}
