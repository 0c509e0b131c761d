//! Bookings, their claims and their history.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scheduling_core::booking::{Booking, BookingStatus, Change, HistoryEntry};
use scheduling_core::effect::Effect;
use scheduling_core::ids::{BookingId, EventTypeId, UserId, WorkspaceId};
use scheduling_core::ports::{
    BookingFilter, BookingPage, BookingRepository, Direction, HostReservation, Partial,
    StorageError,
};
use scheduling_core::time::Interval;

use super::MemoryUnitOfWork;
use super::tables::{ClaimOwner, Tables, at_most, must_follow};

/// Stores a booking, if what it names is there and no other booking has one of its links.
fn store(tables: &mut Tables, booking: &Booking) -> Result<(), StorageError> {
    tables.must_have_workspace(booking.workspace)?;
    tables.must_have_event_type(booking.event_type)?;
    let links_of_hosts = |booking: &Booking| -> Vec<[u8; 32]> {
        booking.hosts.iter().map(|host| host.manage.hash).collect()
    };
    let own = links_of_hosts(booking);
    let is_taken = tables
        .bookings
        .values()
        .filter(|other| other.id != booking.id)
        .any(|other| {
            other.manage.hash == booking.manage.hash
                || links_of_hosts(other).iter().any(|hash| own.contains(hash))
        });
    if is_taken {
        return Err(StorageError::Conflict);
    }
    tables.bookings.insert(booking.id, booking.clone());
    claim_for(tables, booking)
}

/// The claims of a booking as its state wants them: one a host who has no seat in a session.
fn claim_for(tables: &mut Tables, booking: &Booking) -> Result<(), StorageError> {
    let owner = ClaimOwner::Booking(booking.id);
    tables.unclaim(owner);
    for host in &booking.hosts {
        tables.must_have_person(host.user)?;
        if booking.state.takes_time() && host.session.is_none() {
            tables.claim(host.user, booking.reservation(), owner)?;
        }
    }
    Ok(())
}

fn reservation_of(tables: &Tables, host: UserId, owner: ClaimOwner) -> Option<HostReservation> {
    match owner {
        ClaimOwner::Booking(id) => tables.bookings.get(&id).map(|booking| HostReservation {
            host,
            event_type: booking.event_type,
            session: None,
            interval: booking.interval,
            buffers: booking.buffers,
            seats_taken: 1,
        }),
        ClaimOwner::Session(id) => tables.sessions.get(&id).map(|session| HostReservation {
            host,
            event_type: session.event_type,
            session: Some(id),
            interval: session.interval,
            buffers: session.buffers,
            seats_taken: session.seats_taken,
        }),
        // Holds are asked for by themselves, since they may have expired.
        ClaimOwner::Hold(_) => None,
    }
}

/// Whether a filter lets a booking through.
fn lets_through(tables: &Tables, filter: &BookingFilter, booking: &Booking) -> bool {
    let status = match filter.now {
        Some(now) => booking.state.status(booking.interval.end(), now),
        None => booking.state.name(),
    };
    (filter.status.is_empty() || filter.status.contains(&status))
        && (!filter.rescheduled || was_moved(tables, booking.id))
        && filter.from.is_none_or(|from| booking.interval.end() > from)
        && filter.to.is_none_or(|to| booking.interval.start() < to)
        && filter.event_type.is_none_or(|id| booking.event_type == id)
        && filter.host.is_none_or(|host| booking.host(host).is_some())
        && filter
            .text
            .as_deref()
            .is_none_or(|text| names(booking, text))
}

fn was_moved(tables: &Tables, id: BookingId) -> bool {
    let mut history = tables.history.values();
    history.any(|entry| entry.booking == id && matches!(entry.change, Change::Rescheduled { .. }))
}

/// Whether an attendee's name or address contains a text. The case of ASCII letters does not matter.
fn names(booking: &Booking, text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let has_text = |whole: &str| whole.to_ascii_lowercase().contains(&text);
    booking
        .attendees
        .iter()
        .any(|a| has_text(a.name.as_str()) || has_text(a.email.as_str()))
}

/// The booking an effect is about.
fn booking_of(effect: &Effect) -> Option<BookingId> {
    match effect {
        Effect::Notify { booking, .. } | Effect::ExpirePending { booking } => Some(*booking),
        Effect::NotifyAccount { .. } => None,
    }
}

#[async_trait]
impl BookingRepository for MemoryUnitOfWork {
    async fn get(&mut self, id: BookingId) -> Result<Option<Booking>, StorageError> {
        Ok(self.read().bookings.get(&id).cloned())
    }

    async fn by_manage_token(&mut self, hash: &[u8; 32]) -> Result<Option<Booking>, StorageError> {
        let mut bookings = self.read().bookings.values();
        Ok(bookings.find(|b| b.manage.hash == *hash).cloned())
    }

    async fn by_host_token(
        &mut self,
        hash: &[u8; 32],
    ) -> Result<Option<(Booking, UserId)>, StorageError> {
        let bookings = self.read().bookings.values();
        let mut links = bookings.flat_map(|b| b.hosts.iter().map(move |host| (b, host)));
        Ok(links
            .find(|(_, host)| host.manage.hash == *hash)
            .map(|(booking, host)| (booking.clone(), host.user)))
    }

    async fn reservations(
        &mut self,
        hosts: &[UserId],
        within: Interval,
    ) -> Result<Vec<HostReservation>, StorageError> {
        let tables = self.read();
        let mut found: Vec<HostReservation> = tables
            .claims
            .iter()
            .filter(|claim| hosts.contains(&claim.host) && claim.interval.overlaps(&within))
            .filter_map(|claim| reservation_of(tables, claim.host, claim.owner))
            .collect();
        found.sort_by_key(|r| (r.host, r.interval));
        Ok(found)
    }

    async fn insert(&mut self, booking: &Booking) -> Result<(), StorageError> {
        self.write(|tables| {
            if tables.bookings.contains_key(&booking.id) {
                return Err(StorageError::Conflict);
            }
            store(tables, booking)
        })
    }

    async fn update(&mut self, booking: &Booking) -> Result<(), StorageError> {
        self.write(|tables| {
            let stored = tables.bookings.get(&booking.id);
            must_follow(stored.map(|b| b.version), booking.version)?;
            store(tables, booking)
        })
    }

    async fn list(
        &mut self,
        workspace: WorkspaceId,
        filter: &BookingFilter,
        page: &BookingPage,
    ) -> Result<Partial<Vec<Booking>>, StorageError> {
        let tables = self.read();
        let place = |booking: &Booking| (booking.interval.start(), booking.id);
        let is_behind = |booking: &Booking| match (page.after, page.direction) {
            (None, _) => true,
            (Some(after), Direction::Ascending) => place(booking) > after,
            (Some(after), Direction::Descending) => place(booking) < after,
        };
        let mut found: Vec<&Booking> = tables
            .bookings
            .values()
            .filter(|b| b.workspace == workspace && is_behind(b) && lets_through(tables, filter, b))
            .collect();
        found.sort_by_key(|booking| place(booking));
        if page.direction == Direction::Descending {
            found.reverse();
        }
        found.truncate(at_most(page.limit));
        Ok(Partial::whole(found.into_iter().cloned().collect()))
    }

    async fn any_of(&mut self, event_type: EventTypeId) -> Result<bool, StorageError> {
        let mut bookings = self.read().bookings.values();
        Ok(bookings.any(|b| b.event_type == event_type))
    }

    async fn ahead_of(
        &mut self,
        host: UserId,
        after: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<BookingId>, StorageError> {
        let bookings = self.read().bookings.values();
        let mut found: Vec<(DateTime<Utc>, BookingId)> = bookings
            .filter(|b| b.host(host).is_some() && b.interval.end() > after)
            .filter(|b| {
                let status = b.state.name();
                matches!(status, BookingStatus::Pending | BookingStatus::Confirmed)
            })
            .map(|b| (b.interval.start(), b.id))
            .collect();
        found.sort_unstable();
        found.truncate(at_most(limit));
        Ok(found.into_iter().map(|(_, id)| id).collect())
    }

    async fn record(&mut self, entry: &HistoryEntry) -> Result<(), StorageError> {
        self.write(|tables| {
            tables.must_have_booking(entry.booking)?;
            match tables.history.insert(entry.id, entry.clone()) {
                Some(_entry) => Err(StorageError::Conflict),
                None => Ok(()),
            }
        })
    }

    async fn history(&mut self, booking: BookingId) -> Result<Vec<HistoryEntry>, StorageError> {
        let history = self.read().history.values();
        let mut found: Vec<HistoryEntry> =
            history.filter(|e| e.booking == booking).cloned().collect();
        found.sort_by_key(|entry| (entry.at, entry.id));
        Ok(found)
    }

    async fn erase(&mut self, id: BookingId) -> Result<bool, StorageError> {
        self.write(|tables| {
            if tables.bookings.remove(&id).is_none() {
                return Ok(false);
            }
            tables.unclaim(ClaimOwner::Booking(id));
            tables.history.retain(|_, entry| entry.booking != id);
            tables
                .outbox
                .retain(|_, row| booking_of(&row.effect) != Some(id));
            tables
                .idempotency
                .retain(|_, row| row.made != Some(id.as_uuid()));
            Ok(true)
        })
    }
}
