//! Bookings, group sessions and the claims of both.

use async_trait::async_trait;
use scheduling_core::booking::Booking;
use scheduling_core::event_type::{Buffers, EventType};
use scheduling_core::ids::{BookingId, SessionId, UserId, WorkspaceId};
use scheduling_core::ports::{BookingRepository, HostReservation, SessionRepository, StorageError};
use scheduling_core::time::Interval;

use super::tables::{ClaimOwner, Session, Tables};
use super::{MemoryUnitOfWork, Refusal};

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
            tables.must_have_workspace(booking.workspace)?;
            tables.must_have_event_type(booking.event_type)?;
            let same_link = tables
                .bookings
                .values()
                .any(|b| b.manage.hash == booking.manage.hash);
            if same_link || tables.bookings.contains_key(&booking.id) {
                return Err(StorageError::Conflict);
            }
            tables.bookings.insert(booking.id, booking.clone());
            claim_for(tables, booking)
        })
    }

    async fn update(&mut self, booking: &Booking) -> Result<(), StorageError> {
        self.write(|tables| {
            let stored = tables.bookings.get_mut(&booking.id);
            let Some(stored) = stored.filter(|b| Some(b.version) == booking.version.checked_sub(1))
            else {
                return Err(StorageError::Conflict);
            };
            *stored = booking.clone();
            claim_for(tables, booking)
        })
    }

    async fn list(
        &mut self,
        workspace: WorkspaceId,
        within: Interval,
        limit: u32,
    ) -> Result<Vec<Booking>, StorageError> {
        let mut found: Vec<Booking> = self
            .read()
            .bookings
            .values()
            .filter(|b| b.workspace == workspace && b.interval.overlaps(&within))
            .cloned()
            .collect();
        found.sort_by_key(|b| (b.interval.start(), b.id));
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(found)
    }
}

#[async_trait]
impl SessionRepository for MemoryUnitOfWork {
    async fn take_seat(
        &mut self,
        new_id: SessionId,
        event_type: &EventType,
        host: UserId,
        interval: Interval,
        buffers: Buffers,
    ) -> Result<SessionId, StorageError> {
        self.write(|tables| {
            let open = tables.sessions.iter_mut().find(|(_, session)| {
                session.event_type == event_type.id
                    && session.host == host
                    && session.interval == interval
            });
            if let Some((id, session)) = open {
                if session.seats_taken >= event_type.rules.capacity.get() {
                    return Err(StorageError::Conflict);
                }
                session.seats_taken += 1;
                return Ok(*id);
            }
            tables.must_have_event_type(event_type.id)?;
            let session = Session {
                event_type: event_type.id,
                host,
                interval,
                buffers,
                seats_taken: 1,
            };
            if tables.sessions.insert(new_id, session).is_some() {
                return Err(StorageError::Conflict);
            }
            let reservation = interval.widen(buffers.before, buffers.after);
            tables.claim(host, reservation, ClaimOwner::Session(new_id))?;
            Ok(new_id)
        })
    }

    async fn leave(&mut self, session: SessionId) -> Result<(), StorageError> {
        self.write(|tables| {
            let Some(open) = tables.sessions.get_mut(&session) else {
                return Err(Refusal::NoSuchRow.into());
            };
            open.seats_taken -= 1;
            if open.seats_taken == 0 {
                tables.sessions.remove(&session);
                tables.unclaim(ClaimOwner::Session(session));
            }
            Ok(())
        })
    }
}
