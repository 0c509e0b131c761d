//! From a link to what it books.

use chrono::{DateTime, Utc};
use scheduling_core::directory::Workspace;
use scheduling_core::event_type::{BookingLink, EventType, LinkEnd};
use scheduling_core::ports::{SlotSources, StorageError, UnitOfWork};
use scheduling_core::text::Slug;

use super::FindError;

/// What a link books: an event type's own link, or a further one.
#[derive(Debug, Clone)]
pub(crate) struct Bookable {
    pub(crate) workspace: Workspace,
    /// As the link shows it.
    pub(crate) event_type: EventType,
    /// The further link that led here, if one did.
    pub(crate) link: Option<BookingLink>,
}

impl Bookable {
    /// What its offered starts are made of.
    pub(crate) fn sources(&self) -> SlotSources {
        SlotSources {
            workspace: self.workspace.id,
            event_type: self.event_type.id,
            link: self.link.as_ref().map(|link| link.id),
            hosts: self.event_type.hosting.roster().collect(),
        }
    }
}

/// A further link that leads nowhere any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedLink {
    /// Why.
    pub end: LinkEnd,
    /// The workspace.
    pub workspace: Workspace,
    /// Where it led. It can still be booked by who has another link.
    pub event_type: EventType,
}

/// What a slug of a workspace books, for whoever has the link: an event type's slug goes before a further link's.
///
/// # Errors
/// [`FindError::NotFound`] when it is neither, or the event type cannot be booked; [`FindError::LinkEnded`] for a
/// further link that has expired or is used up.
pub(crate) async fn bookable(
    work: &mut dyn UnitOfWork,
    now: DateTime<Utc>,
    workspace: &Slug,
    slug: &Slug,
) -> Result<Bookable, FindError> {
    let workspace = work.directory().workspace_by_slug(workspace).await?;
    let workspace = workspace.ok_or(FindError::NotFound)?;
    let own = work.event_types().by_slug(workspace.id, slug).await?;
    let (event_type, link) = if let Some(event_type) = own {
        (event_type, None)
    } else {
        let link = work.links().by_slug(workspace.id, slug).await?;
        let link = link.ok_or(FindError::NotFound)?;
        let event_type = work.event_types().get(link.event_type).await?;
        let event_type = event_type.ok_or(FindError::NotFound)?;
        (event_type, Some(link))
    };
    if !event_type.status.is_bookable() {
        return Err(FindError::NotFound);
    }
    let Some(link) = link else {
        return Ok(Bookable {
            workspace,
            event_type,
            link: None,
        });
    };
    if let Some(end) = link.ended(now) {
        return Err(FindError::LinkEnded(Box::new(EndedLink {
            end,
            workspace,
            event_type,
        })));
    }
    Ok(Bookable {
        workspace,
        event_type: link.applied_to(event_type),
        link: Some(link),
    })
}

/// Makes sure that an event type is still as it was read before its hosts were locked: whoever changed it during the wait
/// held them too, and may have given it other hosts, other rules, or put it away.
///
/// # Errors
/// [`StorageError::Conflict`] when it has changed, or is gone: whoever starts again reads it as it is.
pub(crate) async fn still_as_read(
    work: &mut dyn UnitOfWork,
    event_type: &EventType,
) -> Result<(), StorageError> {
    match work.event_types().get(event_type.id).await? {
        Some(stored) if stored.version == event_type.version => Ok(()),
        _ => Err(StorageError::Conflict),
    }
}
