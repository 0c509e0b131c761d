//! An event type: what guests can book, with whom, and by which rules.

mod buffers;
mod hosting;
mod limits;
mod location;
mod notice;
mod rules;

pub use buffers::Buffers;
pub use hosting::{AssignmentKind, HostGroup, Hosting, HostingError, Required};
pub use limits::{BookingLimits, Capacity, LimitPeriod, ZeroCapacity};
pub use location::Location;
pub use notice::BookingWindow;
pub use rules::SlotRules;

use crate::ids::{EventTypeId, WorkspaceId};
use crate::schedule::Availability;
use crate::text::{Note, Slug, Title};

/// Whether guests can find and book an event type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum EventTypeStatus {
    /// Listed on the workspace's page and bookable.
    Active,
    /// Bookable by whoever has the link, not listed.
    Hidden,
    /// Neither listed nor bookable.
    Inactive,
}

/// What guests can book.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct EventType {
    /// Its id.
    pub id: EventTypeId,
    /// The workspace it belongs to.
    pub workspace: WorkspaceId,
    /// Its part of the link, unique in the workspace.
    pub slug: Slug,
    /// Its name, as guests read it.
    pub title: Title,
    /// What guests should know before they book.
    pub description: Option<Note>,
    /// The heading it stands under on the workspace's page.
    pub category: Option<Title>,
    /// Its place on the workspace's page, smallest first.
    pub position: u32,
    /// The rules its slots follow.
    pub rules: SlotRules,
    /// Hours of its own, if it has them: they replace the hosts' hours.
    pub availability: Option<Availability>,
    /// Who hosts.
    pub hosting: Hosting,
    /// Where people meet.
    pub location: Location,
    /// Whether it can be booked.
    pub status: EventTypeStatus,
}
