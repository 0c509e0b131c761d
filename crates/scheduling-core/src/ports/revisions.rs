//! How an answer that was worked out before is known to hold still.

use crate::ids::{BookingLinkId, EventTypeId, UserId, WorkspaceId};

/// What the offered starts of an event type are made of, the time that passes aside.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SlotSources {
    /// The workspace, with its schedules and time off.
    pub workspace: WorkspaceId,
    /// The event type, with its hosts and their names, the schedules it names and its time off.
    pub event_type: EventTypeId,
    /// The further link that led to it, if one did.
    pub link: Option<BookingLinkId>,
    /// The hosts, with their schedules, time off, busy intervals, bookings and holds.
    pub hosts: Vec<UserId>,
}

/// How often [`SlotSources`] have changed: equal exactly while nothing of them has.
///
/// Each source has a count that only grows. That makes the sum over hosts as good as the list of them: of two readings of
/// the same hosts, the later is nowhere smaller, so their sums are equal only where all of them are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Revisions {
    /// The workspace's, `None` where there is no such workspace.
    pub workspace: Option<u64>,
    /// The event type's, `None` where there is no such event type.
    pub event_type: Option<u64>,
    /// The further link's, `None` where there is none.
    pub link: Option<u64>,
    /// How many of the hosts there are.
    pub hosts: u64,
    /// The sum of the hosts' revisions.
    pub of_hosts: u64,
}

impl Revisions {
    /// These revisions after each of the hosts was locked once, as [`lock_hosts`](super::UnitOfWork::lock_hosts) does.
    ///
    /// Whoever has read without a lock, and then locks, finds these where nobody came between.
    #[must_use]
    pub const fn after_locking(mut self) -> Self {
        self.of_hosts += self.hosts;
        self
    }
}
