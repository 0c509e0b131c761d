//! Event types: make, change, copy, order and put them away.
//!
//! Owners and admins do so with all of a workspace's event types, a member with those whose only host he is. Every member
//! sees them all. A change locks the hosts it concerns, so that whoever books meanwhile is judged before it or after.

mod add;
mod check;
mod delete;
mod images;
mod list;
mod settings;
mod update;

#[cfg(test)]
mod tests;

pub use add::{AddEventType, CloneEventType};
pub use delete::{DeleteEventType, DeletedEventType, OnBookings};
pub use images::{AddImage, LARGEST_IMAGE};
pub use list::ListEventTypes;
pub use settings::EventTypeSettings;
pub use update::UpdateEventType;

use scheduling_core::ids::{BookingLinkId, EventTypeId, WorkspaceId};
use scheduling_core::ports::UnitOfWork;
use scheduling_core::text::Slug;

use crate::manage::ManageError;

/// Who may have a slug already, because it is his.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SlugOwner {
    Nobody,
    EventType(EventTypeId),
    Link(BookingLinkId),
}

/// Refuses a slug that an event type or a further link of the workspace has.
pub(crate) async fn check_slug(
    work: &mut dyn UnitOfWork,
    workspace: WorkspaceId,
    slug: &Slug,
    owner: SlugOwner,
) -> Result<(), ManageError> {
    let event_type = work.event_types().by_slug(workspace, slug).await?;
    let link = work.links().by_slug(workspace, slug).await?;
    let has_it = [
        event_type.map(|event_type| SlugOwner::EventType(event_type.id)),
        link.map(|link| SlugOwner::Link(link.id)),
    ];
    if has_it.into_iter().flatten().all(|has_it| has_it == owner) {
        Ok(())
    } else {
        Err(ManageError::Taken(slug.clone()))
    }
}
