//! What a database says about time, seats, credits and slugs.

use std::collections::{BTreeMap, BTreeSet};

use scheduling_core::ids::{BookingId, EventTypeId, HoldId, SessionId, UserId, WorkspaceId};
use scheduling_core::ports::StorageError;
use scheduling_core::time::Interval;
use sea_orm::prelude::Uuid;
use sea_orm::{ConnectionTrait, DbBackend, QueryResult};

use super::Taker;
use crate::convert::Row;
use crate::sql;

/// Time of a host, and what takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Taken {
    pub(super) host: UserId,
    pub(super) interval: Interval,
    pub(super) taker: Taker,
}

/// What a database says, as far as it is judged.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// What bookings and holds without a session, and sessions, take; by host, then start.
    pub(super) taken: Vec<Taken>,
    /// The claims; by host, then start.
    pub(super) claims: Vec<Taken>,
    /// For each session the seats it counts.
    pub(super) sessions: BTreeMap<SessionId, u32>,
    /// The seats that bookings and holds take.
    pub(super) seats: Vec<(Taker, SessionId)>,
    /// The sum of each rotation's credits.
    pub(super) credits: BTreeMap<EventTypeId, i128>,
    /// The slugs of event types and links, and how many have each.
    pub(super) slugs_used: BTreeMap<(WorkspaceId, String), u32>,
    /// The slugs that are kept from others.
    pub(super) slugs_kept: BTreeSet<(WorkspaceId, String)>,
    /// Rows that name others which are not there: table, row, table of the other.
    pub(super) dangling: Vec<(String, Option<i64>, String)>,
    /// What could not be read.
    pub(super) unreadable: Vec<StorageError>,
}

impl Facts {
    pub(super) async fn read(db: &impl ConnectionTrait) -> Result<Self, StorageError> {
        let mut facts = Self::default();
        facts.read_taken(db).await?;
        facts.read_sessions(db).await?;
        let claims =
            "select host_id, starts_at, ends_at, booking_id, session_id, hold_id from claims";
        facts
            .each(db, claims, |facts, stored| {
                facts.claims.push(claim(stored)?);
                Ok(())
            })
            .await?;
        let entries = "select event_type_id, credit from rotation_entries";
        facts
            .each(db, entries, |facts, stored| {
                let event_type = EventTypeId::from_uuid(sql::get(stored, 0)?);
                let credit: i64 = sql::get(stored, 1)?;
                *facts.credits.entry(event_type).or_default() += i128::from(credit);
                Ok(())
            })
            .await?;
        facts.read_slugs(db).await?;
        // PostgreSQL keeps its foreign keys whoever writes; SQLite only on connections that ask for it.
        if db.get_database_backend() == DbBackend::Sqlite {
            facts
                .each(db, "pragma foreign_key_check", |facts, stored| {
                    let (table, row) = (sql::get(stored, 0)?, sql::get(stored, 1)?);
                    facts.dangling.push((table, row, sql::get(stored, 2)?));
                    Ok(())
                })
                .await?;
        }
        facts.taken.sort_unstable();
        facts.claims.sort_unstable();
        facts.dangling.sort_unstable();
        Ok(facts)
    }

    /// Reads rows one by one. One that cannot be read is put aside.
    async fn each(
        &mut self,
        db: &impl ConnectionTrait,
        query: &str,
        mut read: impl FnMut(&mut Self, &QueryResult) -> Result<(), StorageError>,
    ) -> Result<(), StorageError> {
        for stored in sql::rows(db, query, []).await? {
            if let Err(refused) = read(self, &stored) {
                self.unreadable.push(refused);
            }
        }
        Ok(())
    }

    /// What bookings and holds take, by themselves or as seats.
    async fn read_taken(&mut self, db: &impl ConnectionTrait) -> Result<(), StorageError> {
        let bookings = "select h.user_id, b.starts_at, b.ends_at, b.buffer_before, b.buffer_after, b.id, h.session_id
            from bookings b join booking_hosts h on h.booking_id = b.id
            where b.status in ('pending', 'confirmed', 'completed', 'no_show')";
        let booking = |id| Taker::Booking(BookingId::from_uuid(id));
        self.each(db, bookings, |facts, stored| {
            facts.take("bookings", stored, booking)
        })
        .await?;
        let holds = "select o.user_id, h.starts_at, h.ends_at, h.buffer_before, h.buffer_after, h.id, o.session_id
            from holds h join hold_hosts o on o.hold_id = h.id";
        let hold = |id| Taker::Hold(HoldId::from_uuid(id));
        self.each(db, holds, |facts, stored| facts.take("holds", stored, hold))
            .await
    }

    fn take(
        &mut self,
        table: &'static str,
        stored: &QueryResult,
        taker: impl Fn(Uuid) -> Taker,
    ) -> Result<(), StorageError> {
        let taker = taker(sql::get(stored, 5)?);
        let session: Option<Uuid> = sql::get(stored, 6)?;
        match session {
            Some(session) => self.seats.push((taker, SessionId::from_uuid(session))),
            None => self.taken.push(taken(stored, table, taker)?),
        }
        Ok(())
    }

    async fn read_sessions(&mut self, db: &impl ConnectionTrait) -> Result<(), StorageError> {
        let sessions = "select host_id, starts_at, ends_at, buffer_before, buffer_after, id, seats_taken from sessions";
        self.each(db, sessions, |facts, stored| {
            let id: Uuid = sql::get(stored, 5)?;
            let session = SessionId::from_uuid(id);
            let row = Row {
                table: "sessions",
                id,
            };
            let seats = row.number("seats_taken", sql::get(stored, 6)?)?;
            facts.sessions.insert(session, seats);
            let taken = taken(stored, "sessions", Taker::Session(session))?;
            facts.taken.push(taken);
            Ok(())
        })
        .await
    }

    async fn read_slugs(&mut self, db: &impl ConnectionTrait) -> Result<(), StorageError> {
        let slug = |stored: &QueryResult| -> Result<(WorkspaceId, String), StorageError> {
            let workspace = WorkspaceId::from_uuid(sql::get(stored, 0)?);
            Ok((workspace, sql::get(stored, 1)?))
        };
        let used = "select workspace_id, slug from event_types
            union all select workspace_id, slug from booking_links";
        self.each(db, used, |facts, stored| {
            *facts.slugs_used.entry(slug(stored)?).or_default() += 1;
            Ok(())
        })
        .await?;
        self.each(
            db,
            "select workspace_id, slug from slugs",
            |facts, stored| {
                facts.slugs_kept.insert(slug(stored)?);
                Ok(())
            },
        )
        .await
    }
}

fn taken(stored: &QueryResult, table: &'static str, taker: Taker) -> Result<Taken, StorageError> {
    let id: Uuid = sql::get(stored, 5)?;
    let row = Row { table, id };
    let meeting = row.interval(sql::get(stored, 1)?, sql::get(stored, 2)?)?;
    let buffers = row.buffers(sql::get(stored, 3)?, sql::get(stored, 4)?)?;
    let widened = meeting.widen(buffers.before, buffers.after);
    Ok(Taken {
        host: UserId::from_uuid(sql::get(stored, 0)?),
        // As a claim would be stored: the last instant there is has nanoseconds.
        interval: row.interval(
            widened.start().timestamp_micros(),
            widened.end().timestamp_micros(),
        )?,
        taker,
    })
}

fn claim(stored: &QueryResult) -> Result<Taken, StorageError> {
    let host: Uuid = sql::get(stored, 0)?;
    let owner = |place| sql::get::<Option<Uuid>>(stored, place);
    let row = Row {
        table: "claims",
        id: host,
    };
    let taker = match (owner(3)?, owner(4)?, owner(5)?) {
        (Some(booking), ..) => Taker::Booking(BookingId::from_uuid(booking)),
        (None, Some(session), _) => Taker::Session(SessionId::from_uuid(session)),
        (None, None, hold) => Taker::Hold(HoldId::from_uuid(hold.unwrap_or_default())),
    };
    Ok(Taken {
        host: UserId::from_uuid(host),
        interval: row.interval(sql::get(stored, 1)?, sql::get(stored, 2)?)?,
        taker,
    })
}
