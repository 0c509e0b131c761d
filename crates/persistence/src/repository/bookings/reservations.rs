//! What bookings and sessions take from hosts.

use scheduling_core::ids::{EventTypeId, SessionId, UserId};
use scheduling_core::ports::{HostReservation, StorageError};
use scheduling_core::time::Interval;
use sea_orm::ConnectionTrait;
use sea_orm::prelude::Uuid;

use crate::convert::{Row, micros};
use crate::sql;

/// One query, read from the claims: an index finds those of a host that end after the interval begins. The plus keeps
/// SQLite from starting at the other end, which is the host's whole past.
pub(super) async fn reservations(
    db: &impl ConnectionTrait,
    hosts: &[UserId],
    within: Interval,
) -> Result<Vec<HostReservation>, StorageError> {
    let ids = sql::ids(hosts);
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let list = sql::placeholders(3, ids.len());
    let query = format!(
        "select c.host_id, coalesce(b.event_type_id, s.event_type_id), c.session_id,
            coalesce(b.starts_at, s.starts_at), coalesce(b.ends_at, s.ends_at),
            coalesce(b.buffer_before, s.buffer_before), coalesce(b.buffer_after, s.buffer_after),
            coalesce(s.seats_taken, 1)
        from claims c
        left join bookings b on b.id = c.booking_id
        left join sessions s on s.id = c.session_id
        where c.ends_at > $1 and +c.starts_at < $2 and c.host_id in ({list}) and c.hold_id is null"
    );
    let mut values = vec![micros(within.start()).into(), micros(within.end()).into()];
    values.extend(ids);
    let rows = sql::rows(db, query, values).await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        found.push(reservation(
            (sql::get(row, 0)?, sql::get(row, 1)?, sql::get(row, 2)?),
            (sql::get(row, 3)?, sql::get(row, 4)?),
            (sql::get(row, 5)?, sql::get(row, 6)?),
            sql::get(row, 7)?,
        )?);
    }
    found.sort_by_key(|r| (r.host, r.interval));
    Ok(found)
}

/// Puts one together: of which host, event type and session, when, with which buffers, how many seats.
pub(crate) fn reservation(
    (host, event_type, session): (Uuid, Uuid, Option<Uuid>),
    (starts_at, ends_at): (i64, i64),
    (buffer_before, buffer_after): (i64, i64),
    seats_taken: i64,
) -> Result<HostReservation, StorageError> {
    let (table, id) = match session {
        Some(session) => ("sessions", session),
        None => ("claims", host),
    };
    let row = Row { table, id };
    Ok(HostReservation {
        host: UserId::from_uuid(host),
        event_type: EventTypeId::from_uuid(event_type),
        session: session.map(SessionId::from_uuid),
        interval: row.interval(starts_at, ends_at)?,
        buffers: row.buffers(buffer_before, buffer_after)?,
        seats_taken: row.number("seats_taken", seats_taken)?,
    })
}
