//! Group sessions and their seats.

use async_trait::async_trait;
use scheduling_core::event_type::{Buffers, EventType};
use scheduling_core::ids::{SessionId, UserId};
use scheduling_core::ports::{SessionRepository, StorageError};
use scheduling_core::time::Interval;
use sea_orm::ConnectionTrait;
use sea_orm::prelude::Uuid;
use thiserror::Error;

use super::insert;
use crate::SeaOrmUnitOfWork;
use crate::convert::micros;
use crate::entity::{claim, session};
use crate::sql;

#[derive(Debug, Error)]
#[error("there is no session {0}")]
struct NoSuchSession(SessionId);

/// Takes a seat where a session is open. The capacity is the event type's of today, so that raising it helps sessions
/// that are open already.
async fn take_seat(
    db: &impl ConnectionTrait,
    new_id: SessionId,
    event_type: &EventType,
    host: UserId,
    interval: Interval,
    buffers: Buffers,
) -> Result<SessionId, StorageError> {
    let capacity = i64::from(event_type.rules.capacity.get());
    let (starts_at, ends_at) = (micros(interval.start()), micros(interval.end()));
    let same = [
        event_type.id.as_uuid().into(),
        host.as_uuid().into(),
        starts_at.into(),
        ends_at.into(),
    ];
    let mut join = same.to_vec();
    join.push(capacity.into());
    let joined = sql::row(
        db,
        "update sessions set seats_taken = seats_taken + 1, capacity = $5
        where event_type_id = $1 and host_id = $2 and starts_at = $3 and ends_at = $4 and seats_taken < $5
        returning id",
        join,
    )
    .await?;
    if let Some(row) = joined {
        let id: Uuid = sql::get(&row, 0)?;
        return Ok(SessionId::from_uuid(id));
    }
    let full = sql::row(
        db,
        "select id from sessions where event_type_id = $1 and host_id = $2 and starts_at = $3 and ends_at = $4",
        same,
    )
    .await?;
    if full.is_some() {
        return Err(StorageError::Conflict);
    }
    let opened = session::Model {
        id: new_id.as_uuid(),
        event_type_id: event_type.id.as_uuid(),
        host_id: host.as_uuid(),
        starts_at,
        ends_at,
        buffer_before: buffers.before.0.into(),
        buffer_after: buffers.after.0.into(),
        capacity,
        seats_taken: 1,
    };
    insert(db, vec![opened]).await?;
    let reservation = interval.widen(buffers.before, buffers.after);
    let claim = claim::Model {
        host_id: host.as_uuid(),
        starts_at: micros(reservation.start()),
        ends_at: micros(reservation.end()),
        booking_id: None,
        session_id: Some(new_id.as_uuid()),
        hold_id: None,
    };
    insert(db, vec![claim]).await?;
    Ok(new_id)
}

/// Whoever leaves has not always locked the host, so a seat may be taken or given back between two statements: then they
/// are said again.
pub(super) async fn leave(
    db: &impl ConnectionTrait,
    session: SessionId,
) -> Result<(), StorageError> {
    const TRIES: usize = 3;
    let id = session.as_uuid();
    // The claim goes with a session that closes, by its foreign key.
    let stay =
        "update sessions set seats_taken = seats_taken - 1 where id = $1 and seats_taken > 1";
    let close = "delete from sessions where id = $1 and seats_taken <= 1";
    for _ in 0..TRIES {
        for leave in [stay, close] {
            if sql::execute(db, leave, [id.into()]).await? > 0 {
                return Ok(());
            }
        }
        let there = "select 1 from sessions where id = $1";
        if sql::row(db, there, [id.into()]).await?.is_none() {
            return Err(StorageError::Other(NoSuchSession(session).into()));
        }
    }
    Err(StorageError::Conflict)
}

#[async_trait]
impl SessionRepository for SeaOrmUnitOfWork {
    async fn take_seat(
        &mut self,
        new_id: SessionId,
        event_type: &EventType,
        host: UserId,
        interval: Interval,
        buffers: Buffers,
    ) -> Result<SessionId, StorageError> {
        let taken = take_seat(
            self.transaction(),
            new_id,
            event_type,
            host,
            interval,
            buffers,
        )
        .await;
        self.settle(taken)
    }

    async fn leave(&mut self, session: SessionId) -> Result<(), StorageError> {
        let left = leave(self.transaction(), session).await;
        self.settle(left)
    }
}
