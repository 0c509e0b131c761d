//! Read a booking, and what has become of it so far.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use scheduling_core::booking::{
    Booking, BookingHost, BookingState, BookingStatus, Doer, HistoryEntry, ManageSecret, Party,
    PendingReason,
};
use scheduling_core::directory::{Person, Workspace};
use scheduling_core::event_type::{BookingLink, EventType};
use scheduling_core::ids::UserId;
use scheduling_core::ports::{SealError, StorageError, UnitOfWork};
use thiserror::Error;

use super::access::{BookingAccess, Visitor};
use super::book::{BookSlot, Booked};
use super::policy::Permission;
use crate::availability::{in_order, people};
use crate::manage::log_unreadable;
use crate::{HostToken, ManageToken, Scheduling, manage};

/// A booking with everything a page about it shows.
#[derive(Debug, Clone)]
pub struct BookingDetails {
    /// The booking.
    pub booking: Booking,
    /// Its workspace.
    pub workspace: Workspace,
    /// Its event type, as the link shows it with which it was booked.
    pub event_type: EventType,
    /// Its hosts; the first is the organiser.
    pub hosts: Vec<Person>,
    /// On which side the reader stands.
    pub viewer: Party,
    /// What the reader can do now.
    pub actions: Actions,
}

/// What somebody can do to a booking at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actions {
    /// Approve and decline it.
    pub answer: bool,
    /// Cancel it.
    pub cancel: Permission,
    /// Move it.
    pub reschedule: Permission,
    /// Mark it as completed.
    pub complete: bool,
    /// Mark that the invitee did not come.
    pub mark_no_show: bool,
}

/// Why a booking is not shown.
#[derive(Debug, Error)]
pub enum ReadError {
    /// There is no such booking, or it is none of the reader's business: both are answered alike.
    #[error("there is no such booking")]
    NotFound,
    /// The link opens nothing any more: the booking is over.
    #[error("the booking is over, and its link has ended with it")]
    Over,
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// What has become of a booking so far.
#[derive(Debug, Clone)]
pub struct BookingHistory {
    /// The booking.
    pub booking: Booking,
    /// The entries, the oldest first.
    pub entries: Vec<HistoryEntry>,
    /// The members whom the entries name.
    pub people: BTreeMap<UserId, Person>,
}

impl Actions {
    fn of(booking: &Booking, event_type: &EventType, viewer: Party, now: DateTime<Utc>) -> Self {
        let policy = &event_type.policy;
        let is_host = viewer != Party::Invitee;
        let waits = match &booking.state {
            BookingState::Pending {
                waiting_for,
                expires_at,
            } => {
                waiting_for.contains(&PendingReason::Approval)
                    && expires_at.is_none_or(|until| until > now)
            }
            _ => false,
        };
        let stored = booking.state.name();
        let took_place = stored == BookingStatus::Confirmed && now >= booking.interval.start();
        Self {
            answer: is_host && waits,
            cancel: Permission::by(policy.cancel, booking, viewer, now),
            reschedule: Permission::by(policy.reschedule, booking, viewer, now),
            complete: is_host && (took_place || stored == BookingStatus::NoShow),
            mark_no_show: is_host && (took_place || stored == BookingStatus::Completed),
        }
    }
}

impl Scheduling {
    /// A booking, for whoever has access to it.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn booking(&self, access: &BookingAccess) -> Result<BookingDetails, ReadError> {
        let mut work = self.ports().storage.begin_read().await?;
        let now = self.ports().clock.now();
        let (booking, visitor) = open_to_read(&mut *work, access, now).await?;
        Ok(details(&mut *work, booking, visitor.party, now).await?)
    }

    /// A booking as a change left it, with what is shown beside it: for whoever has just made the change, even if it took
    /// the booking out of his sight.
    ///
    /// # Errors
    /// [`StorageError`]; the change was made all the same.
    pub async fn booking_after(
        &self,
        access: &BookingAccess,
        booking: Booking,
    ) -> Result<BookingDetails, StorageError> {
        let now = self.ports().clock.now();
        let mut work = self.ports().storage.begin_read().await?;
        details(&mut *work, booking, access.party(), now).await
    }

    /// What an invitee has just booked, with what is shown beside it. Mostly it is in memory already.
    ///
    /// # Errors
    /// [`StorageError`]; the booking was made all the same.
    pub async fn booking_made(
        &self,
        command: &BookSlot,
        booked: &Booked,
    ) -> Result<BookingDetails, StorageError> {
        let booking = booked.booking.clone();
        let viewer = Party::Invitee;
        let page = self.event_type_page(&command.workspace, &command.event_type);
        if let Ok(page) = page.await {
            let named = |host: &BookingHost| page.hosts.iter().find(|p| p.id == host.user);
            let hosts: Option<Vec<Person>> = booking
                .hosts
                .iter()
                .map(|host| named(host).cloned())
                .collect();
            if let Some(hosts) = hosts {
                let now = self.ports().clock.now();
                return Ok(BookingDetails {
                    actions: Actions::of(&booking, &booked.event_type, viewer, now),
                    workspace: page.workspace.clone(),
                    event_type: booked.event_type.clone(),
                    booking,
                    hosts,
                    viewer,
                });
            }
        }
        let access = BookingAccess::Invitee(booked.manage_token.clone());
        self.booking_after(&access, booking).await
    }

    /// What has become of a booking so far, for its hosts and who manages the workspace. To its invitee there is no such
    /// thing.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn history(&self, access: &BookingAccess) -> Result<BookingHistory, ReadError> {
        let mut work = self.ports().storage.begin_read().await?;
        let now = self.ports().clock.now();
        let (booking, visitor) = open_to_read(&mut *work, access, now).await?;
        if visitor.party == Party::Invitee {
            return Err(ReadError::NotFound);
        }
        let entries = work.bookings().history(booking.id).await?;
        let members: BTreeSet<UserId> = entries
            .iter()
            .filter_map(|entry| match entry.by {
                Doer::Member(user) => Some(user),
                Doer::Invitee | Doer::System => None,
            })
            .collect();
        let members: Vec<UserId> = members.into_iter().collect();
        let people = people(&mut *work, &members).await?;
        Ok(BookingHistory {
            booking,
            entries,
            people,
        })
    }

    /// The secret of a booking's manage link.
    pub(crate) fn open_manage_token(&self, booking: &Booking) -> Result<ManageToken, SealError> {
        self.open_secret(&booking.manage)
            .map(ManageToken::from_bytes)
    }

    /// The secret of a host's own link.
    pub(crate) fn open_host_token(&self, secret: &ManageSecret) -> Result<HostToken, SealError> {
        self.open_secret(secret).map(HostToken::from_bytes)
    }

    fn open_secret(&self, secret: &ManageSecret) -> Result<[u8; 32], SealError> {
        let secret = self.ports().sealer.open(&secret.sealed)?;
        secret.try_into().map_err(|_wrong_length| SealError)
    }
}

/// What is shown of a booking.
async fn details(
    work: &mut dyn UnitOfWork,
    booking: Booking,
    viewer: Party,
    now: DateTime<Utc>,
) -> Result<BookingDetails, StorageError> {
    let workspace = work.directory().workspace(booking.workspace).await?;
    let workspace = workspace.ok_or_else(|| dangling(&booking, "workspace_id"))?;
    let event_type = work.event_types().get(booking.event_type).await?;
    let event_type = event_type.ok_or_else(|| dangling(&booking, "event_type_id"))?;
    let link = link_of(work, &booking).await?;
    let event_type = match link {
        Some(link) => link.applied_to(event_type),
        None => event_type,
    };
    let hosts: Vec<UserId> = booking.hosts.iter().map(|host| host.user).collect();
    let people = people(work, &hosts).await?;
    Ok(BookingDetails {
        actions: Actions::of(&booking, &event_type, viewer, now),
        hosts: in_order(hosts, &people),
        viewer,
        booking,
        workspace,
        event_type,
    })
}

async fn open_to_read(
    work: &mut dyn UnitOfWork,
    access: &BookingAccess,
    now: DateTime<Utc>,
) -> Result<(Booking, Visitor), ReadError> {
    let found = access.open(work).await?;
    let (booking, visitor) = found.ok_or(ReadError::NotFound)?;
    if visitor.is_too_late(&booking, now) {
        return Err(ReadError::Over);
    }
    Ok((booking, visitor))
}

/// The further link with which a booking was made, if it still exists. One that cannot be read is as good as none: it
/// takes neither page nor mail down.
pub(crate) async fn link_of(
    work: &mut dyn UnitOfWork,
    booking: &Booking,
) -> Result<Option<BookingLink>, StorageError> {
    let Some(link) = booking.link else {
        return Ok(None);
    };
    match work.links().get(link).await {
        Err(damage @ StorageError::Corrupt { .. }) => {
            log_unreadable(&[damage]);
            Ok(None)
        }
        found => found,
    }
}

/// A booking that names something which is not there.
pub(crate) fn dangling(booking: &Booking, column: &'static str) -> StorageError {
    manage::dangling("bookings", column, booking.id)
}

#[cfg(test)]
mod tests;
