//! What those who live know.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use scheduling_app::bookings::BookSlot;
use scheduling_app::{HoldToken, HostToken, ManageToken};
use scheduling_core::ids::{BookingId, BookingLinkId, TimeOffId, WorkspaceId};
use scheduling_core::text::Slug;
use scheduling_core::time::Length;

/// A slot that was held.
#[derive(Clone)]
pub(super) struct KnownHold {
    pub(super) workspace: Slug,
    pub(super) event_type: Slug,
    pub(super) start: DateTime<Utc>,
    pub(super) duration: Option<Length>,
    pub(super) token: HoldToken,
}

/// A booking that was made, with the links to it that were ever sent.
pub(super) struct KnownBooking {
    pub(super) id: BookingId,
    pub(super) manage: ManageToken,
    pub(super) hosts: Vec<HostToken>,
}

/// A further link that was made.
pub(super) struct KnownLink {
    pub(super) id: BookingLinkId,
    pub(super) workspace: WorkspaceId,
    pub(super) workspace_slug: &'static str,
    pub(super) slug: Slug,
}

/// What those who live know: what was made so far, by any of them.
#[derive(Default)]
pub(crate) struct Known {
    pub(super) bookings: Vec<KnownBooking>,
    pub(super) holds: Vec<KnownHold>,
    pub(super) links: Vec<KnownLink>,
    pub(super) time_off: Vec<(WorkspaceId, TimeOffId)>,
    pub(super) keyed: BTreeMap<u32, BookSlot>,
    pub(super) made_under_keys: Vec<(u32, BookingId, bool)>,
}

impl Known {
    /// The bookings that were answered under each idempotency key, each with whether it was a replay.
    pub(crate) fn made_under_keys(&self) -> &[(u32, BookingId, bool)] {
        &self.made_under_keys
    }
}

/// Known things are whole between two steps, even if somebody died.
pub(super) fn lock(known: &Mutex<Known>) -> MutexGuard<'_, Known> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}
