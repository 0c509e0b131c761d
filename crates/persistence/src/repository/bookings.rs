//! Bookings, with their hosts, their attendees and their claims.

use std::collections::HashMap;

use async_trait::async_trait;
use scheduling_core::booking::{Attendee, Booking, BookingHost, BookingState, ManageSecret};
use scheduling_core::ids::{AttendeeId, BookingId, EventTypeId, SessionId, UserId, WorkspaceId};
use scheduling_core::ports::{BookingRepository, HostReservation, StorageError};
use scheduling_core::time::Interval;
use sea_orm::prelude::Uuid;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder, QueryResult, QuerySelect, Select,
};
use thiserror::Error;

use super::{all, insert};
use crate::SeaOrmUnitOfWork;
use crate::convert::{Row, micros, to_json, to_word};
use crate::entity::{attendee, booking, booking_host, claim};
use crate::error::{corrupt, storage_error};
use crate::sql;

/// The column `status` says one thing and the state beside it another.
#[derive(Debug, Error)]
#[error("the state is {0}")]
struct StatusDiffers(&'static str);

impl TryFrom<attendee::Model> for Attendee {
    type Error = StorageError;

    fn try_from(stored: attendee::Model) -> Result<Self, StorageError> {
        let row = Row {
            table: "attendees",
            id: stored.id,
        };
        Ok(Self {
            id: AttendeeId::from_uuid(stored.id),
            role: row.word("role", &stored.role)?,
            name: row.text("name", &stored.name)?,
            email: row.text("email", &stored.email)?,
            timezone: row.zone("timezone", &stored.timezone)?,
            rsvp: row.word("rsvp", &stored.rsvp)?,
        })
    }
}

fn host(stored: &booking_host::Model) -> BookingHost {
    BookingHost {
        user: UserId::from_uuid(stored.user_id),
        session: stored.session_id.map(SessionId::from_uuid),
    }
}

fn assemble(
    stored: booking::Model,
    hosts: &[booking_host::Model],
    attendees: Vec<attendee::Model>,
) -> Result<Booking, StorageError> {
    let row = Row {
        table: "bookings",
        id: stored.id,
    };
    let state: BookingState = row.json("state", &stored.state)?;
    if state.name().as_str() != stored.status {
        let differs = StatusDiffers(state.name().as_str());
        return Err(corrupt(row.table, "status", row.id, differs));
    }
    Ok(Booking {
        id: BookingId::from_uuid(stored.id),
        workspace: WorkspaceId::from_uuid(stored.workspace_id),
        event_type: EventTypeId::from_uuid(stored.event_type_id),
        interval: row.interval(stored.starts_at, stored.ends_at)?,
        buffers: row.buffers(stored.buffer_before, stored.buffer_after)?,
        hosts: hosts.iter().map(host).collect(),
        attendees: attendees
            .into_iter()
            .map(TryFrom::try_from)
            .collect::<Result<_, _>>()?,
        note: row.optional_text("note", stored.note.as_deref())?,
        state,
        sequence: row.number("sequence", stored.sequence)?,
        version: row.number("version", stored.version)?,
        rotation: row.optional_json("rotation", stored.rotation.as_deref())?,
        manage: ManageSecret {
            hash: row.hash("manage_hash", &stored.manage_hash)?,
            sealed: stored.manage_sealed,
        },
        created_at: row.instant("created_at", stored.created_at)?,
        updated_at: row.instant("updated_at", stored.updated_at)?,
    })
}

fn booking_row(booking: &Booking) -> Result<booking::Model, StorageError> {
    Ok(booking::Model {
        id: booking.id.as_uuid(),
        workspace_id: booking.workspace.as_uuid(),
        event_type_id: booking.event_type.as_uuid(),
        starts_at: micros(booking.interval.start()),
        ends_at: micros(booking.interval.end()),
        buffer_before: booking.buffers.before.0.into(),
        buffer_after: booking.buffers.after.0.into(),
        note: booking.note.clone().map(String::from),
        status: booking.state.name().as_str().to_owned(),
        state: to_json(&booking.state)?,
        sequence: booking.sequence.into(),
        version: booking.version.into(),
        rotation: booking.rotation.as_ref().map(to_json).transpose()?,
        manage_hash: booking.manage.hash.to_vec(),
        manage_sealed: booking.manage.sealed.clone(),
        created_at: micros(booking.created_at),
        updated_at: micros(booking.updated_at),
    })
}

fn host_rows(booking: &Booking) -> Vec<booking_host::Model> {
    (0..)
        .zip(&booking.hosts)
        .map(|(position, host)| booking_host::Model {
            booking_id: booking.id.as_uuid(),
            user_id: host.user.as_uuid(),
            position,
            session_id: host.session.map(SessionId::as_uuid),
        })
        .collect()
}

fn attendee_rows(booking: &Booking) -> Result<Vec<attendee::Model>, StorageError> {
    (0..)
        .zip(&booking.attendees)
        .map(|(position, attendee)| {
            Ok(attendee::Model {
                booking_id: booking.id.as_uuid(),
                id: attendee.id.as_uuid(),
                position,
                role: to_word(&attendee.role)?,
                name: attendee.name.as_str().to_owned(),
                email: attendee.email.as_str().to_owned(),
                timezone: attendee.timezone.name().to_owned(),
                rsvp: to_word(&attendee.rsvp)?,
            })
        })
        .collect()
}

/// One claim for each host who has no seat in a session, while the booking takes time.
fn claim_rows(booking: &Booking) -> Vec<claim::Model> {
    if !booking.state.takes_time() {
        return Vec::new();
    }
    let reservation = booking.reservation();
    booking
        .hosts
        .iter()
        .filter(|host| host.session.is_none())
        .map(|host| claim::Model {
            host_id: host.user.as_uuid(),
            starts_at: micros(reservation.start()),
            ends_at: micros(reservation.end()),
            booking_id: Some(booking.id.as_uuid()),
            session_id: None,
        })
        .collect()
}

/// The bookings of a select, with three queries however many there are.
async fn load(
    db: &impl ConnectionTrait,
    select: Select<booking::Entity>,
) -> Result<Vec<Booking>, StorageError> {
    let stored = all(db, select).await?;
    if stored.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = stored.iter().map(|booking| booking.id).collect();
    let select = booking_host::Entity::find()
        .filter(booking_host::Column::BookingId.is_in(ids.iter().copied()))
        .order_by_asc(booking_host::Column::Position);
    let mut hosts: HashMap<Uuid, Vec<booking_host::Model>> = HashMap::new();
    for host in all(db, select).await? {
        hosts.entry(host.booking_id).or_default().push(host);
    }
    let select = attendee::Entity::find()
        .filter(attendee::Column::BookingId.is_in(ids))
        .order_by_asc(attendee::Column::Position);
    let mut attendees: HashMap<Uuid, Vec<attendee::Model>> = HashMap::new();
    for attendee in all(db, select).await? {
        attendees
            .entry(attendee.booking_id)
            .or_default()
            .push(attendee);
    }
    stored
        .into_iter()
        .map(|booking| {
            let hosts = hosts.remove(&booking.id).unwrap_or_default();
            let attendees = attendees.remove(&booking.id).unwrap_or_default();
            assemble(booking, &hosts, attendees)
        })
        .collect()
}

async fn load_one(
    db: &impl ConnectionTrait,
    select: Select<booking::Entity>,
) -> Result<Option<Booking>, StorageError> {
    Ok(load(db, select).await?.pop())
}

async fn insert_booking(db: &impl ConnectionTrait, booking: &Booking) -> Result<(), StorageError> {
    insert(db, vec![booking_row(booking)?]).await?;
    insert(db, host_rows(booking)).await?;
    insert(db, attendee_rows(booking)?).await?;
    insert(db, claim_rows(booking)).await
}

async fn update_booking(db: &impl ConnectionTrait, booking: &Booking) -> Result<(), StorageError> {
    let id = booking.id.as_uuid();
    let updated = booking::Entity::update_many()
        .set(booking_row(booking)?.into_active_model().reset_all())
        .filter(booking::Column::Id.eq(id))
        .filter(booking::Column::Version.eq(i64::from(booking.version) - 1))
        .exec(db)
        .await
        .map_err(storage_error)?;
    if updated.rows_affected == 0 {
        return Err(StorageError::Conflict);
    }
    // The claims go before they are taken anew: a meeting that moves by less than its length would meet itself.
    for table in ["claims", "booking_hosts", "attendees"] {
        let gone = format!("delete from {table} where booking_id = $1");
        sql::execute(db, gone, [id.into()]).await?;
    }
    insert(db, host_rows(booking)).await?;
    insert(db, attendee_rows(booking)?).await?;
    insert(db, claim_rows(booking)).await
}

/// One query, read from the claims: an index finds those of a host that end after the interval begins. The plus keeps
/// SQLite from starting at the other end, which is the host's whole past.
async fn reservations(
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
        where c.ends_at > $1 and +c.starts_at < $2 and c.host_id in ({list})"
    );
    let mut values = vec![micros(within.start()).into(), micros(within.end()).into()];
    values.extend(ids);
    let rows = sql::rows(db, query, values).await?;
    let mut found: Vec<HostReservation> = rows.iter().map(reservation).collect::<Result<_, _>>()?;
    found.sort_by_key(|r| (r.host, r.interval));
    Ok(found)
}

fn reservation(stored: &QueryResult) -> Result<HostReservation, StorageError> {
    let host: Uuid = sql::get(stored, 0)?;
    let session: Option<Uuid> = sql::get(stored, 2)?;
    let (table, id) = match session {
        Some(session) => ("sessions", session),
        None => ("claims", host),
    };
    let row = Row { table, id };
    Ok(HostReservation {
        host: UserId::from_uuid(host),
        event_type: EventTypeId::from_uuid(sql::get(stored, 1)?),
        session: session.map(SessionId::from_uuid),
        interval: row.interval(sql::get(stored, 3)?, sql::get(stored, 4)?)?,
        buffers: row.buffers(sql::get(stored, 5)?, sql::get(stored, 6)?)?,
        seats_taken: row.number("seats_taken", sql::get(stored, 7)?)?,
    })
}

#[async_trait]
impl BookingRepository for SeaOrmUnitOfWork {
    async fn get(&mut self, id: BookingId) -> Result<Option<Booking>, StorageError> {
        let select = booking::Entity::find_by_id(id.as_uuid());
        let found = load_one(self.transaction(), select).await;
        self.settle(found)
    }

    async fn by_manage_token(&mut self, hash: &[u8; 32]) -> Result<Option<Booking>, StorageError> {
        let select =
            booking::Entity::find().filter(booking::Column::ManageHash.eq(hash.as_slice()));
        let found = load_one(self.transaction(), select).await;
        self.settle(found)
    }

    async fn reservations(
        &mut self,
        hosts: &[UserId],
        within: Interval,
    ) -> Result<Vec<HostReservation>, StorageError> {
        let found = reservations(self.transaction(), hosts, within).await;
        self.settle(found)
    }

    async fn insert(&mut self, booking: &Booking) -> Result<(), StorageError> {
        let done = insert_booking(self.transaction(), booking).await;
        self.settle(done)
    }

    async fn update(&mut self, booking: &Booking) -> Result<(), StorageError> {
        let done = update_booking(self.transaction(), booking).await;
        self.settle(done)
    }

    async fn list(
        &mut self,
        workspace: WorkspaceId,
        within: Interval,
        limit: u32,
    ) -> Result<Vec<Booking>, StorageError> {
        let select = booking::Entity::find()
            .filter(booking::Column::WorkspaceId.eq(workspace.as_uuid()))
            .filter(booking::Column::StartsAt.lt(micros(within.end())))
            .filter(booking::Column::EndsAt.gt(micros(within.start())))
            .order_by_asc(booking::Column::StartsAt)
            .order_by_asc(booking::Column::Id)
            .limit(u64::from(limit));
        let found = load(self.transaction(), select).await;
        self.settle(found)
    }
}
