//! Which starts of an event type are offered?

use chrono::{DateTime, Utc};
use scheduling_core::directory::Workspace;
use scheduling_core::event_type::EventType;
use scheduling_core::ids::UserId;
use scheduling_core::ports::StorageError;
use scheduling_core::slots::{SlotRequestError, Slots};
use scheduling_core::text::Slug;
use thiserror::Error;

use crate::Scheduling;

/// Asks for the offered starts of an event type in a range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindSlots {
    /// The workspace.
    pub workspace: Slug,
    /// Its event type.
    pub event_type: Slug,
    /// The first instant of the range.
    pub from: DateTime<Utc>,
    /// The first instant after it.
    pub to: DateTime<Utc>,
}

/// The offered starts.
#[derive(Debug, Clone)]
pub struct FoundSlots {
    /// The workspace.
    pub workspace: Workspace,
    /// The event type.
    pub event_type: EventType,
    /// The hosts, in roster order: the places that slots name.
    pub roster: Vec<UserId>,
    /// The starts.
    pub slots: Slots,
    /// When nothing is offered in the range: the first start after it, if there is one within the booking window and a year.
    pub next_available: Option<DateTime<Utc>>,
}

/// Why slots could not be found.
#[derive(Debug, Error)]
pub enum FindError {
    /// No such workspace, or it has no such event type that can be booked.
    #[error("there is no such event type")]
    NotFound,
    /// The range is too long.
    #[error(transparent)]
    Request(#[from] SlotRequestError),
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Scheduling {
    /// Finds the offered starts of an event type.
    ///
    /// # Errors
    /// [`FindError`].
    pub async fn find_slots(&self, query: &FindSlots) -> Result<FoundSlots, FindError> {
        let _ = query;
        unimplemented!()
    }
}
