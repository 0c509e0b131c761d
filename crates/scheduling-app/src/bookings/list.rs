//! List a workspace's bookings.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use scheduling_core::booking::Booking;
use scheduling_core::directory::Person;
use scheduling_core::event_type::EventType;
use scheduling_core::ids::{BookingId, EventTypeId, UserId, WorkspaceId};
use scheduling_core::ports::{BookingFilter, BookingPage, Direction, StorageError, UnitOfWork};

use super::ReadError;
use crate::Scheduling;
use crate::actor::Actor;
use crate::availability::people;
use crate::manage::log_unreadable;

/// A booking's place in a list: its start, then its id.
pub type ListPlace = (DateTime<Utc>, BookingId);

/// Where a page begins, in the list's own direction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PageStart {
    /// At the beginning.
    #[default]
    First,
    /// Behind a booking.
    After(ListPlace),
    /// So that it ends before a booking.
    Before(ListPlace),
}

/// Asks for a page of a workspace's bookings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListBookings {
    /// Which ones. The instant at which states are judged is filled in.
    pub filter: BookingFilter,
    /// Which way the list runs.
    pub sort: Direction,
    /// Where the page begins.
    pub start: PageStart,
    /// How many at most: 1 to [`ListBookings::MOST`].
    pub limit: u32,
}

impl ListBookings {
    /// The longest page.
    pub const MOST: u32 = 200;
}

impl Default for ListBookings {
    /// The first fifty of all.
    fn default() -> Self {
        Self {
            filter: BookingFilter::default(),
            sort: Direction::Ascending,
            start: PageStart::First,
            limit: 50,
        }
    }
}

/// A page of bookings, with what is needed to show them.
#[derive(Debug, Clone, Default)]
pub struct BookingList {
    /// The bookings, in the list's direction.
    pub bookings: Vec<Booking>,
    /// Where the next page begins: [`PageStart::After`] it. None where this is the last.
    pub next: Option<ListPlace>,
    /// Where the previous page ends: [`PageStart::Before`] it. None where this is the first.
    pub previous: Option<ListPlace>,
    /// Their event types; one that cannot be read is left out.
    pub event_types: BTreeMap<EventTypeId, EventType>,
    /// Their hosts.
    pub people: BTreeMap<UserId, Person>,
}

impl Scheduling {
    /// A page of the bookings of the actor's workspace. Who manages it sees all, any other member those that he hosts.
    ///
    /// A booking that cannot be read is left out, named in the log, and takes none of the others down.
    ///
    /// # Errors
    /// [`ReadError::NotFound`] for whoever is no member, [`ReadError::Storage`].
    pub async fn bookings(
        &self,
        actor: &Actor,
        query: &ListBookings,
    ) -> Result<BookingList, ReadError> {
        let Actor::Member {
            workspace,
            user,
            role,
        } = *actor
        else {
            return Err(ReadError::NotFound);
        };
        let mut filter = query.filter.clone();
        filter.now = Some(self.ports().clock.now());
        if !role.manages() {
            if filter.host.is_some_and(|host| host != user) {
                return Ok(BookingList::default());
            }
            filter.host = Some(user);
        }
        let mut work = self.ports().storage.begin_read().await?;
        let mut list = page(&mut *work, workspace, &filter, query).await?;
        list.read_what_is_named(&mut *work).await?;
        Ok(list)
    }
}

impl BookingList {
    async fn read_what_is_named(&mut self, work: &mut dyn UnitOfWork) -> Result<(), StorageError> {
        let event_types: BTreeSet<EventTypeId> =
            self.bookings.iter().map(|b| b.event_type).collect();
        for id in event_types {
            match work.event_types().get(id).await {
                Ok(Some(event_type)) => {
                    self.event_types.insert(id, event_type);
                }
                Ok(None) => {}
                Err(damage @ StorageError::Corrupt { .. }) => log_unreadable(&[damage]),
                Err(error) => return Err(error),
            }
        }
        let hosts = self.bookings.iter().flat_map(|booking| &booking.hosts);
        let hosts: BTreeSet<UserId> = hosts.map(|host| host.user).collect();
        let hosts: Vec<UserId> = hosts.into_iter().collect();
        self.people = people(work, &hosts).await?;
        Ok(())
    }
}

/// Reads a page and one booking more on each side, which tells whether there is another page.
async fn page(
    work: &mut dyn UnitOfWork,
    workspace: WorkspaceId,
    filter: &BookingFilter,
    query: &ListBookings,
) -> Result<BookingList, StorageError> {
    let limit = query.limit.clamp(1, ListBookings::MOST);
    let (direction, after) = match query.start {
        PageStart::First => (query.sort, None),
        PageStart::After(place) => (query.sort, Some(place)),
        PageStart::Before(place) => (opposite(query.sort), Some(place)),
    };
    let ask = |direction, after, limit| BookingPage {
        direction,
        after,
        limit,
    };
    let read = work
        .bookings()
        .list(workspace, filter, &ask(direction, after, limit + 1))
        .await?;
    log_unreadable(&read.unreadable);
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut bookings = read.found;
    let goes_on = bookings.len() + read.unreadable.len() > most;
    bookings.truncate(most);
    let place = |booking: &Booking| (booking.interval.start(), booking.id);
    // Whatever lies behind the page's beginning: of a first page nothing.
    let came_from = match (after, bookings.first()) {
        (None, _) => None,
        (Some(after), first) => {
            let edge = first.map_or(after, place);
            let back = ask(opposite(direction), Some(edge), 1);
            let read = work.bookings().list(workspace, filter, &back).await?;
            let is_there = !read.found.is_empty() || !read.unreadable.is_empty();
            is_there.then_some(edge)
        }
    };
    let goes_on = bookings.last().filter(|_| goes_on).map(place);
    let (next, previous) = if direction == query.sort {
        (goes_on, came_from)
    } else {
        bookings.reverse();
        (came_from, goes_on)
    };
    Ok(BookingList {
        bookings,
        next,
        previous,
        ..BookingList::default()
    })
}

const fn opposite(direction: Direction) -> Direction {
    match direction {
        Direction::Ascending => Direction::Descending,
        Direction::Descending => Direction::Ascending,
    }
}

#[cfg(test)]
mod tests;
