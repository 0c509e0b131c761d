//! Bookings, with their hosts, their attendees and their claims.

mod list;
mod reservations;
mod rows;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scheduling_core::booking::{Booking, HistoryEntry};
use scheduling_core::ids::{BookingId, EventTypeId, UserId, WorkspaceId};
use scheduling_core::ports::{
    BookingFilter, BookingPage, BookingRepository, HostReservation, Partial, StorageError,
};
use scheduling_core::time::Interval;
use sea_orm::prelude::Uuid;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IdenStatic, Iterable, ModelTrait, QueryFilter,
    QueryOrder, QuerySelect, Select,
};

use super::{Read, booking_history, each, one, parts};
use crate::SeaOrmUnitOfWork;
use crate::batch::Batch;
use crate::convert::micros;
use crate::entity::{attendee, booking, booking_host};
use crate::sql;
pub(super) use reservations::reservation;
use rows::{assemble, attendee_rows, booking_row, claim_rows, host_rows};

/// The bookings of a select, with three queries however many there are.
async fn load(
    db: &impl ConnectionTrait,
    select: Select<booking::Entity>,
) -> Result<Vec<Read<Booking>>, StorageError> {
    let stored = each(db, select).await?;
    if stored.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = stored.iter().flatten().map(|stored| stored.id).collect();
    let select = booking_host::Entity::find()
        .filter(booking_host::Column::BookingId.is_in(ids.iter().copied()))
        .order_by_asc(booking_host::Column::Position);
    let mut hosts = parts(db, select, "booking_id").await?;
    let select = attendee::Entity::find()
        .filter(attendee::Column::BookingId.is_in(ids))
        .order_by_asc(attendee::Column::Position);
    let mut attendees = parts(db, select, "booking_id").await?;
    let assembled = stored.into_iter().map(|stored| {
        let stored = stored?;
        let hosts = hosts.remove(&stored.id).unwrap_or_else(|| Ok(Vec::new()))?;
        let attendees = attendees.remove(&stored.id);
        assemble(stored, hosts, attendees.unwrap_or_else(|| Ok(Vec::new()))?)
    });
    Ok(assembled.collect())
}

async fn load_one(
    db: &impl ConnectionTrait,
    select: Select<booking::Entity>,
) -> Result<Option<Booking>, StorageError> {
    load(db, select).await?.pop().transpose()
}

/// The next bookings by id, for re-checking all of them: at most `limit`, with the id of the last row that has one.
pub(crate) async fn load_behind(
    db: &impl ConnectionTrait,
    after: Option<Uuid>,
    limit: u64,
) -> Result<(Vec<Read<Booking>>, Option<Uuid>), StorageError> {
    let mut select = booking::Entity::find()
        .order_by_asc(booking::Column::Id)
        .limit(limit);
    if let Some(after) = after {
        select = select.filter(booking::Column::Id.gt(after));
    }
    let ids = each(db, select.clone()).await?;
    let last = ids.iter().flatten().map(|booking| booking.id).next_back();
    Ok((load(db, select).await?, last))
}

async fn by_host_token(
    db: &impl ConnectionTrait,
    hash: &[u8; 32],
) -> Result<Option<(Booking, UserId)>, StorageError> {
    let select =
        booking_host::Entity::find().filter(booking_host::Column::ManageHash.eq(hash.as_slice()));
    let Some(host) = one(db, select).await? else {
        return Ok(None);
    };
    let booking = load_one(db, booking::Entity::find_by_id(host.booking_id)).await?;
    Ok(booking.map(|booking| (booking, UserId::from_uuid(host.user_id))))
}

/// Adds a booking's hosts, attendees and claims to a batch.
pub(super) fn add_parts(batch: &mut Batch, booking: &Booking) -> Result<(), StorageError> {
    batch.insert(&host_rows(booking));
    batch.insert(&attendee_rows(booking)?);
    batch.insert(&claim_rows(booking));
    Ok(())
}

/// Adds a booking with its parts to a batch.
pub(super) fn add(batch: &mut Batch, booking: &Booking) -> Result<(), StorageError> {
    batch.insert(&[booking_row(booking)?]);
    add_parts(batch, booking)
}

async fn insert_booking(db: &impl ConnectionTrait, booking: &Booking) -> Result<(), StorageError> {
    let mut batch = Batch::on(db);
    add(&mut batch, booking)?;
    batch.execute(db).await
}

/// Replaces a booking's row and takes its parts away. The claims go before they are taken anew: a meeting that moves by
/// less than its length would meet itself.
pub(super) async fn replace(
    db: &impl ConnectionTrait,
    booking: &Booking,
) -> Result<(), StorageError> {
    let row = booking_row(booking)?;
    let mut batch = Batch::on(db);
    let id = batch.value(row.id);
    for table in ["claims", "booking_hosts", "attendees"] {
        batch.add(format!("delete from {table} where booking_id = {id}"));
    }
    let before = batch.value(row.version - 1);
    let columns: Vec<String> = booking::Column::iter()
        .map(|column| format!("{} = {}", column.as_str(), batch.value(row.get(column))))
        .collect();
    batch.add(format!(
        "update bookings set {} where id = {id} and version = {before} returning id",
        columns.join(", ")
    ));
    if batch.rows(db).await?.is_empty() {
        return Err(StorageError::Conflict);
    }
    Ok(())
}

async fn update_booking(db: &impl ConnectionTrait, booking: &Booking) -> Result<(), StorageError> {
    replace(db, booking).await?;
    let mut batch = Batch::on(db);
    add_parts(&mut batch, booking)?;
    batch.execute(db).await
}

async fn any_of(db: &impl ConnectionTrait, event_type: EventTypeId) -> Result<bool, StorageError> {
    let any = "select 1 from bookings where event_type_id = $1 limit 1";
    let found = sql::row(db, any, [event_type.as_uuid().into()]).await?;
    Ok(found.is_some())
}

async fn ahead_of(
    db: &impl ConnectionTrait,
    host: UserId,
    after: DateTime<Utc>,
    limit: u32,
) -> Result<Vec<BookingId>, StorageError> {
    let rows = sql::rows(
        db,
        "select b.id from booking_hosts h join bookings b on b.id = h.booking_id
        where h.user_id = $1 and b.status in ('pending', 'confirmed') and b.ends_at > $2
        order by b.starts_at, b.id limit $3",
        [
            host.as_uuid().into(),
            micros(after).into(),
            i64::from(limit).into(),
        ],
    )
    .await?;
    rows.iter()
        .map(|row| sql::get::<Uuid>(row, 0).map(BookingId::from_uuid))
        .collect()
}

/// The history, the claims, hosts and attendees go with the booking, by their foreign keys.
async fn erase(db: &impl ConnectionTrait, id: BookingId) -> Result<bool, StorageError> {
    for forget in [
        "delete from outbox where booking_id = $1",
        "delete from idempotency_keys where made = $1",
    ] {
        sql::execute(db, forget, [id.as_uuid().into()]).await?;
    }
    let erase = "delete from bookings where id = $1";
    Ok(sql::execute(db, erase, [id.as_uuid().into()]).await? > 0)
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

    async fn by_host_token(
        &mut self,
        hash: &[u8; 32],
    ) -> Result<Option<(Booking, UserId)>, StorageError> {
        let found = by_host_token(self.transaction(), hash).await;
        self.settle(found)
    }

    async fn reservations(
        &mut self,
        hosts: &[UserId],
        within: Interval,
    ) -> Result<Vec<HostReservation>, StorageError> {
        let found = reservations::reservations(self.transaction(), hosts, within).await;
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
        filter: &BookingFilter,
        page: &BookingPage,
    ) -> Result<Partial<Vec<Booking>>, StorageError> {
        let found = list::list(self.transaction(), workspace, filter, page).await;
        self.settle(found)
    }

    async fn any_of(&mut self, event_type: EventTypeId) -> Result<bool, StorageError> {
        let found = any_of(self.transaction(), event_type).await;
        self.settle(found)
    }

    async fn ahead_of(
        &mut self,
        host: UserId,
        after: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<BookingId>, StorageError> {
        let found = ahead_of(self.transaction(), host, after, limit).await;
        self.settle(found)
    }

    async fn record(&mut self, entry: &HistoryEntry) -> Result<(), StorageError> {
        let done = booking_history::record(self.transaction(), entry).await;
        self.settle(done)
    }

    async fn history(&mut self, booking: BookingId) -> Result<Vec<HistoryEntry>, StorageError> {
        let found = booking_history::history(self.transaction(), booking).await;
        self.settle(found)
    }

    async fn erase(&mut self, id: BookingId) -> Result<bool, StorageError> {
        let done = erase(self.transaction(), id).await;
        self.settle(done)
    }
}
