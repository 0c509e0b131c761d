//! Slots that are kept for somebody, with their claims and seats.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scheduling_core::hold::{Hold, HoldHost};
use scheduling_core::ids::{EventTypeId, HoldId, SessionId, UserId, WorkspaceId};
use scheduling_core::ports::{HoldRepository, StorageError};
use scheduling_core::time::Interval;
use sea_orm::prelude::Uuid;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder, Select,
};

use super::{Read, each, insert, parts, readable, sessions};
use crate::SeaOrmUnitOfWork;
use crate::convert::{Row, micros};
use crate::entity::{claim, hold, hold_host};
use crate::{lock, sql};

const MICROS_A_MINUTE: i64 = 60_000_000;

/// The hosts come in their order.
pub(super) fn assemble(
    stored: &hold::Model,
    hosts: &[hold_host::Model],
) -> Result<Hold, StorageError> {
    let row = Row {
        table: "holds",
        id: stored.id,
    };
    Ok(Hold {
        id: HoldId::from_uuid(stored.id),
        token_hash: row.hash("token_hash", &stored.token_hash)?,
        workspace: WorkspaceId::from_uuid(stored.workspace_id),
        event_type: EventTypeId::from_uuid(stored.event_type_id),
        interval: row.interval(stored.starts_at, stored.ends_at)?,
        buffers: row.buffers(stored.buffer_before, stored.buffer_after)?,
        hosts: hosts
            .iter()
            .map(|host| HoldHost {
                user: UserId::from_uuid(host.user_id),
                session: host.session_id.map(SessionId::from_uuid),
            })
            .collect(),
        expires_at: row.instant("expires_at", stored.expires_at)?,
        renewed: stored.renewed,
        created_at: row.instant("created_at", stored.created_at)?,
    })
}

/// The holds of a select, with two queries however many there are.
async fn load(
    db: &impl ConnectionTrait,
    select: Select<hold::Entity>,
) -> Result<Vec<Read<Hold>>, StorageError> {
    let stored = each(db, select).await?;
    if stored.is_empty() {
        return Ok(Vec::new());
    }
    let ids = stored.iter().flatten().map(|stored| stored.id);
    let select = hold_host::Entity::find()
        .filter(hold_host::Column::HoldId.is_in(ids))
        .order_by_asc(hold_host::Column::Position);
    let mut hosts = parts(db, select, "hold_id").await?;
    let assembled = stored.into_iter().map(|stored| {
        let stored = stored?;
        let hosts = hosts.remove(&stored.id).unwrap_or_else(|| Ok(Vec::new()))?;
        assemble(&stored, &hosts)
    });
    Ok(assembled.collect())
}

/// Each hold there is, for re-checking.
pub(crate) async fn load_all(db: &impl ConnectionTrait) -> Result<Vec<Read<Hold>>, StorageError> {
    load(db, hold::Entity::find()).await
}

async fn by_token(
    db: &impl ConnectionTrait,
    hash: &[u8; 32],
) -> Result<Option<Hold>, StorageError> {
    let select = hold::Entity::find().filter(hold::Column::TokenHash.eq(hash.as_slice()));
    load(db, select).await?.pop().transpose()
}

/// Whether a hold `h` with its buffers overlaps an interval.
pub(super) fn overlaps(start: &str, end: &str) -> String {
    format!(
        "h.starts_at - h.buffer_before * {MICROS_A_MINUTE} < {end}
            and h.ends_at + h.buffer_after * {MICROS_A_MINUTE} > {start}"
    )
}

async fn overlapping(
    db: &impl ConnectionTrait,
    hosts: &[UserId],
    within: Interval,
) -> Result<Vec<Hold>, StorageError> {
    let hosts = sql::ids(hosts);
    if hosts.is_empty() {
        return Ok(Vec::new());
    }
    // Holds are few, since they last for minutes: those of the hosts are found by an index, the rest is compared.
    let list = sql::placeholders(3, hosts.len());
    let query = format!(
        "select distinct h.id from hold_hosts o join holds h on h.id = o.hold_id
        where o.user_id in ({list}) and {}",
        overlaps("$1", "$2")
    );
    let mut values = vec![micros(within.start()).into(), micros(within.end()).into()];
    values.extend(hosts);
    let found = sql::rows(db, query, values).await?;
    let ids: Vec<Uuid> = found
        .iter()
        .map(|row| sql::get(row, 0))
        .collect::<Result<_, _>>()?;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let select = hold::Entity::find()
        .filter(hold::Column::Id.is_in(ids))
        .order_by_asc(hold::Column::Id);
    // What cannot be read keeps its claims and seats all the same.
    readable(load(db, select).await?)
}

async fn insert_hold(db: &impl ConnectionTrait, hold: &Hold) -> Result<(), StorageError> {
    let id = hold.id.as_uuid();
    let row = hold::Model {
        id,
        token_hash: hold.token_hash.to_vec(),
        workspace_id: hold.workspace.as_uuid(),
        event_type_id: hold.event_type.as_uuid(),
        starts_at: micros(hold.interval.start()),
        ends_at: micros(hold.interval.end()),
        buffer_before: hold.buffers.before.0.into(),
        buffer_after: hold.buffers.after.0.into(),
        expires_at: micros(hold.expires_at),
        renewed: hold.renewed,
        created_at: micros(hold.created_at),
    };
    let hosts = (0..)
        .zip(&hold.hosts)
        .map(|(position, host)| hold_host::Model {
            hold_id: id,
            user_id: host.user.as_uuid(),
            position,
            session_id: host.session.map(SessionId::as_uuid),
        });
    let reservation = hold.reservation();
    let seatless = hold.hosts.iter().filter(|host| host.session.is_none());
    let claims = seatless.map(|host| claim::Model {
        host_id: host.user.as_uuid(),
        starts_at: micros(reservation.start()),
        ends_at: micros(reservation.end()),
        booking_id: None,
        session_id: None,
        hold_id: Some(id),
    });
    insert(db, vec![row]).await?;
    insert(db, hosts.collect()).await?;
    insert(db, claims.collect()).await
}

async fn renew(db: &impl ConnectionTrait, hold: &Hold) -> Result<bool, StorageError> {
    let renew = "update holds set expires_at = $2, renewed = $3 where id = $1";
    let values = [
        hold.id.as_uuid().into(),
        micros(hold.expires_at).into(),
        hold.renewed.into(),
    ];
    Ok(sql::execute(db, renew, values).await? > 0)
}

/// On PostgreSQL the row is locked first: of two that remove one hold, only one gives its seats back.
pub(super) async fn remove(db: &impl ConnectionTrait, id: HoldId) -> Result<bool, StorageError> {
    let this = || [id.as_uuid().into()];
    let find = match db.get_database_backend() {
        DbBackend::Postgres => "select id from holds where id = $1 for update",
        _ => "select id from holds where id = $1",
    };
    if sql::row(db, find, this()).await?.is_none() {
        return Ok(false);
    }
    let seats = "select session_id from hold_hosts where hold_id = $1 and session_id is not null
        order by session_id";
    let seats = sql::rows(db, seats, this()).await?;
    // The claims go with it, by their foreign key, and so do its hosts: before the sessions they name.
    sql::execute(db, "delete from holds where id = $1", this()).await?;
    for seat in seats {
        sessions::leave(db, SessionId::from_uuid(sql::get(&seat, 0)?)).await?;
    }
    Ok(true)
}

/// Whoever sweeps the holds of hosts has locked these. Whoever sweeps all of them cannot know whom to lock, so that is done
/// here, in the order in which everybody does it.
async fn sweep(
    db: &impl ConnectionTrait,
    hosts: Option<&[UserId]>,
    now: DateTime<Utc>,
) -> Result<u64, StorageError> {
    let mut values = vec![micros(now).into()];
    let of_hosts = match hosts {
        Some([]) => return Ok(0),
        Some(hosts) => {
            let hosts = sql::ids(hosts);
            let list = sql::placeholders(2, hosts.len());
            values.extend(hosts);
            format!("and o.user_id in ({list})")
        }
        None => String::new(),
    };
    let expired = format!(
        "select h.id, o.user_id from holds h join hold_hosts o on o.hold_id = h.id
        where h.expires_at <= $1 {of_hosts} order by h.id, o.user_id"
    );
    let mut ids: Vec<HoldId> = Vec::new();
    let mut held: Vec<UserId> = Vec::new();
    for row in sql::rows(db, expired, values).await? {
        ids.push(HoldId::from_uuid(sql::get(&row, 0)?));
        held.push(UserId::from_uuid(sql::get(&row, 1)?));
    }
    ids.dedup();
    if hosts.is_none() {
        lock::hosts(db, &held).await?;
    }
    let mut swept = 0;
    for id in ids {
        // Renewed or removed while the lock was waited for: left alone.
        let still = "select 1 from holds where id = $1 and expires_at <= $2";
        let values = [id.as_uuid().into(), micros(now).into()];
        if sql::row(db, still, values).await?.is_some() && remove(db, id).await? {
            swept += 1;
        }
    }
    Ok(swept)
}

async fn next_expiry(
    db: &impl ConnectionTrait,
    hosts: &[UserId],
) -> Result<Option<DateTime<Utc>>, StorageError> {
    let hosts = sql::ids(hosts);
    if hosts.is_empty() {
        return Ok(None);
    }
    let list = sql::placeholders(1, hosts.len());
    let query = format!(
        "select min(h.expires_at) from hold_hosts o join holds h on h.id = o.hold_id where o.user_id in ({list})"
    );
    let Some(found) = sql::row(db, query, hosts).await? else {
        return Ok(None);
    };
    let row = Row {
        table: "holds",
        id: "min",
    };
    row.optional_instant("expires_at", sql::get(&found, 0)?)
}

#[async_trait]
impl HoldRepository for SeaOrmUnitOfWork {
    async fn by_token(&mut self, hash: &[u8; 32]) -> Result<Option<Hold>, StorageError> {
        let found = by_token(self.transaction(), hash).await;
        self.settle(found)
    }

    async fn overlapping(
        &mut self,
        hosts: &[UserId],
        within: Interval,
    ) -> Result<Vec<Hold>, StorageError> {
        let found = overlapping(self.transaction(), hosts, within).await;
        self.settle(found)
    }

    async fn insert(&mut self, hold: &Hold) -> Result<(), StorageError> {
        let done = insert_hold(self.transaction(), hold).await;
        self.settle(done)
    }

    async fn renew(&mut self, hold: &Hold) -> Result<bool, StorageError> {
        let done = renew(self.transaction(), hold).await;
        self.settle(done)
    }

    async fn remove(&mut self, id: HoldId) -> Result<bool, StorageError> {
        let done = remove(self.transaction(), id).await;
        self.settle(done)
    }

    async fn sweep(
        &mut self,
        hosts: Option<&[UserId]>,
        now: DateTime<Utc>,
    ) -> Result<u64, StorageError> {
        let swept = sweep(self.transaction(), hosts, now).await;
        self.settle(swept)
    }

    async fn next_expiry(
        &mut self,
        hosts: &[UserId],
    ) -> Result<Option<DateTime<Utc>>, StorageError> {
        let next = next_expiry(self.transaction(), hosts).await;
        self.settle(next)
    }
}
