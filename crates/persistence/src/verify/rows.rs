//! Whether every row of every table can be read.

use scheduling_core::assignment::LedgerEntry;
use scheduling_core::booking::HistoryEntry;
use scheduling_core::calendar::HostBusy;
use scheduling_core::directory::{Person, Workspace};
use scheduling_core::effect::UnreadableEffect;
use scheduling_core::event_type::BookingLink;
use scheduling_core::ids::UserId;
use scheduling_core::ports::{OutboxEntry, OutboxStatus, StorageError};
use scheduling_core::schedule::AvailabilitySchedule;
use scheduling_core::time_off::TimeOff;
use sea_orm::prelude::Uuid;
use sea_orm::{ConnectionTrait, EntityTrait, QueryResult};

use crate::convert::Row;
use crate::entity::{
    booking_history, booking_link, busy, member, person, rotation_entry, rotation_ledger, schedule,
    time_off, workspace,
};
use crate::error::corrupt;
use crate::repository::{Read, bookings, directory, each, event_types, holds, messages, outbox};
use crate::sql;

/// How many bookings are looked at together.
const BOOKINGS_AT_ONCE: u64 = 500;

/// What cannot be read, table by table.
pub(super) async fn unreadable(
    db: &impl ConnectionTrait,
) -> Result<Vec<StorageError>, StorageError> {
    let mut found = Found(Vec::new());
    found.rows::<workspace::Entity, Workspace>(db).await?;
    found.rows::<person::Entity, Person>(db).await?;
    let members = each(db, member::Entity::find()).await?.into_iter();
    found.keep(members.map(|row| row.and_then(|row| directory::standing(&row))));
    found
        .rows::<schedule::Entity, AvailabilitySchedule>(db)
        .await?;
    found.keep(event_types::load_all(db).await?);
    found.rows::<booking_link::Entity, BookingLink>(db).await?;
    found.rows::<time_off::Entity, TimeOff>(db).await?;
    found.keep(messages::load_all(db).await?);
    found
        .columns(db, "select id, created_at from images", image)
        .await?;
    found.bookings(db).await?;
    found
        .rows::<booking_history::Entity, HistoryEntry>(db)
        .await?;
    found.keep(holds::load_all(db).await?);
    found.rows::<busy::Entity, HostBusy>(db).await?;
    let ledgers = each(db, rotation_ledger::Entity::find()).await?.into_iter();
    found.keep(ledgers.map(|row| row.and_then(|row| ledger(&row))));
    found
        .rows::<rotation_entry::Entity, LedgerEntry<UserId>>(db)
        .await?;
    let effects = format!("select {} from outbox", outbox::entries::COLUMNS);
    found.columns(db, &effects, effect).await?;
    let attempts = format!(
        "select {} from delivery_attempts",
        outbox::attempts::COLUMNS
    );
    found
        .columns(db, &attempts, outbox::attempts::logged)
        .await?;
    let keys = "select scope, key, fingerprint, claimed_at, made from idempotency_keys";
    found.columns(db, keys, idempotency_key).await?;
    Ok(found.0)
}

struct Found(Vec<StorageError>);

impl Found {
    fn keep<T>(&mut self, read: impl IntoIterator<Item = Read<T>>) {
        self.0.extend(read.into_iter().filter_map(Result::err));
    }

    /// All rows of a table that become values of their own.
    async fn rows<E, T>(&mut self, db: &impl ConnectionTrait) -> Result<(), StorageError>
    where
        E: EntityTrait,
        T: TryFrom<E::Model, Error = StorageError>,
    {
        let rows = each(db, E::find()).await?.into_iter();
        self.keep(rows.map(|row| row.and_then(T::try_from)));
        Ok(())
    }

    /// All rows of a query.
    async fn columns<T>(
        &mut self,
        db: &impl ConnectionTrait,
        query: &str,
        read: impl Fn(&QueryResult) -> Read<T>,
    ) -> Result<(), StorageError> {
        let rows = sql::rows(db, query, []).await?;
        self.keep(rows.iter().map(read));
        Ok(())
    }

    async fn bookings(&mut self, db: &impl ConnectionTrait) -> Result<(), StorageError> {
        let mut after = None;
        loop {
            let (read, last) = bookings::load_behind(db, after, BOOKINGS_AT_ONCE).await?;
            self.keep(read);
            if last.is_none() {
                return Ok(());
            }
            after = last;
        }
    }
}

/// The picture itself is any bytes.
fn image(stored: &QueryResult) -> Read<()> {
    let id: Uuid = sql::get(stored, 0)?;
    let row = Row {
        table: "images",
        id,
    };
    row.instant("created_at", sql::get(stored, 1)?)?;
    Ok(())
}

fn ledger(stored: &rotation_ledger::Model) -> Read<u64> {
    let row = Row {
        table: "rotation_ledgers",
        id: stored.event_type_id,
    };
    row.number("next", stored.next)
}

/// One that has failed for good is known to its people already, whatever is wrong with it.
fn effect(stored: &QueryResult) -> Read<OutboxEntry> {
    let entry = outbox::entries::entry(stored)?;
    let is_owed = matches!(entry.status, OutboxStatus::Ready | OutboxStatus::Leased);
    if let (true, Err(UnreadableEffect { reason })) = (is_owed, &entry.effect) {
        return Err(corrupt("outbox", "payload", entry.id, reason.as_str()));
    }
    Ok(entry)
}

fn idempotency_key(stored: &QueryResult) -> Read<()> {
    let (scope, key): (String, String) = (sql::get(stored, 0)?, sql::get(stored, 1)?);
    let fingerprint: Vec<u8> = sql::get(stored, 2)?;
    let row = Row {
        table: "idempotency_keys",
        id: format!("{scope}/{key}"),
    };
    row.hash("fingerprint", &fingerprint)?;
    row.instant("claimed_at", sql::get(stored, 3)?)?;
    let _made: Option<Uuid> = sql::get(stored, 4)?;
    Ok(())
}
