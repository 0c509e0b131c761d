//! Holds and group sessions.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scheduling_core::event_type::{Buffers, EventType};
use scheduling_core::hold::Hold;
use scheduling_core::ids::{HoldId, SessionId, UserId};
use scheduling_core::ports::{HoldRepository, SessionRepository, StorageError};
use scheduling_core::time::Interval;

use super::MemoryUnitOfWork;
use super::tables::{ClaimOwner, Session};

/// Whether one of these hosts has a part in the hold.
fn concerns(hold: &Hold, hosts: &[UserId]) -> bool {
    hold.hosts.iter().any(|host| hosts.contains(&host.user))
}

#[async_trait]
impl HoldRepository for MemoryUnitOfWork {
    async fn by_token(&mut self, hash: &[u8; 32]) -> Result<Option<Hold>, StorageError> {
        let mut holds = self.read().holds.values();
        Ok(holds.find(|hold| hold.token_hash == *hash).cloned())
    }

    async fn overlapping(
        &mut self,
        hosts: &[UserId],
        within: Interval,
    ) -> Result<Vec<Hold>, StorageError> {
        let holds = self.read().holds.values();
        Ok(holds
            .filter(|hold| concerns(hold, hosts) && hold.reservation().overlaps(&within))
            .cloned()
            .collect())
    }

    async fn insert(&mut self, hold: &Hold) -> Result<(), StorageError> {
        self.write(|tables| {
            tables.must_have_workspace(hold.workspace)?;
            tables.must_have_event_type(hold.event_type)?;
            let mut holds = tables.holds.values();
            if holds.any(|other| other.id == hold.id || other.token_hash == hold.token_hash) {
                return Err(StorageError::Conflict);
            }
            for host in &hold.hosts {
                tables.must_have_person(host.user)?;
                if let Some(session) = host.session {
                    tables.must_have_session(session)?;
                } else {
                    let owner = ClaimOwner::Hold(hold.id);
                    tables.claim(host.user, hold.reservation(), owner)?;
                }
            }
            tables.holds.insert(hold.id, hold.clone());
            Ok(())
        })
    }

    async fn renew(&mut self, hold: &Hold) -> Result<bool, StorageError> {
        self.write(|tables| {
            let Some(stored) = tables.holds.get_mut(&hold.id) else {
                return Ok(false);
            };
            stored.expires_at = hold.expires_at;
            stored.renewed = hold.renewed;
            Ok(true)
        })
    }

    async fn remove(&mut self, id: HoldId) -> Result<bool, StorageError> {
        self.write(|tables| tables.remove_hold(id))
    }

    async fn sweep(
        &mut self,
        hosts: Option<&[UserId]>,
        now: DateTime<Utc>,
    ) -> Result<u64, StorageError> {
        self.write(|tables| {
            let holds = tables.holds.values();
            let expired: Vec<HoldId> = holds
                .filter(|hold| hold.has_expired(now))
                .filter(|hold| hosts.is_none_or(|hosts| concerns(hold, hosts)))
                .map(|hold| hold.id)
                .collect();
            for id in &expired {
                tables.remove_hold(*id)?;
            }
            Ok(expired.len() as u64)
        })
    }

    async fn next_expiry(
        &mut self,
        hosts: &[UserId],
    ) -> Result<Option<DateTime<Utc>>, StorageError> {
        let holds = self.read().holds.values();
        Ok(holds
            .filter(|hold| concerns(hold, hosts))
            .map(|hold| hold.expires_at)
            .min())
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
        self.write(|tables| tables.leave(session))
    }
}
