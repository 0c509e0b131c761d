//! Members: their roles, and what ties them to a workspace.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scheduling_core::directory::Role;
use scheduling_core::ids::{BookingId, EventTypeId, UserId, WorkspaceId};
use scheduling_core::ports::StorageError;
use scheduling_core::text::{Slug, Title};
use scheduling_core::time::Interval;

/// An event type that somebody hosts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostedEventType {
    /// Which.
    pub id: EventTypeId,
    /// Its part of the link.
    pub slug: Slug,
    /// Its title.
    pub title: Title,
}

/// A booking still to come that somebody hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostedBooking {
    /// Which.
    pub id: BookingId,
    /// When.
    pub interval: Interval,
}

/// What somebody still hosts in a workspace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hosting {
    /// Event types that are not archived, by slug.
    pub event_types: Vec<HostedEventType>,
    /// Bookings that take time and have not ended, by start, then id.
    pub bookings: Vec<HostedBooking>,
}

impl Hosting {
    /// Whether it is nothing.
    pub fn is_empty(&self) -> bool {
        self.event_types.is_empty() && self.bookings.is_empty()
    }
}

/// What the core's directory does not say of members.
#[async_trait]
pub trait MemberRepository: Send {
    /// Holds a workspace's members until the transaction ends: others who lock it wait. `false` when there is none.
    async fn lock(&mut self, workspace: WorkspaceId) -> Result<bool, StorageError>;
    /// What somebody may do in a workspace, if he is a member.
    async fn role(
        &mut self,
        workspace: WorkspaceId,
        user: UserId,
    ) -> Result<Option<Role>, StorageError>;
    /// How many owners a workspace has.
    async fn owners(&mut self, workspace: WorkspaceId) -> Result<u64, StorageError>;
    /// What a member still hosts there, at most `limit` of either kind.
    async fn hosting(
        &mut self,
        workspace: WorkspaceId,
        user: UserId,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<Hosting, StorageError>;
}
