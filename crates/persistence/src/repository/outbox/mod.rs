//! Effects that are owed.
//!
//! A row is `ready` until a worker leases it, `leased` until the worker says how it went or the lease ends, then `done`,
//! `ready` again, or `failed`. Of the rows with one dedupe key at most one is ready and at most one is leased, and the
//! ready one waits for the leased one.

pub(crate) mod attempts;
pub(crate) mod entries;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use scheduling_core::effect::{Effect, LeasedEffect, PlannedEffect, UnreadableEffect};
use scheduling_core::ids::{BookingId, OutboxId, WorkspaceId};
use scheduling_core::ports::{
    DeliveryAttempt, LoggedAttempt, OutboxCounts, OutboxEntry, OutboxFailure, OutboxRepository,
    OutboxStatus, StorageError,
};
use sea_orm::prelude::Uuid;
use sea_orm::{ConnectionTrait, DbBackend, Value};

use crate::batch::Batch;
use crate::convert::{Row, micros, to_json};
use crate::sql;
use crate::{LeaseClock, SeaOrmUnitOfWork};

const TABLE: &str = "outbox";

/// Whether nobody works on the same thing: part of the condition on a ready row `o`.
const NOBODY_HAS_ITS_KEY: &str = "not exists (
    select 1 from outbox other where other.status = 'leased' and other.dedupe_key = o.dedupe_key
)";

/// The booking that an effect is about, if it is about one.
const fn booking_of(effect: &Effect) -> Option<BookingId> {
    match effect {
        Effect::Notify { booking, .. } | Effect::ExpirePending { booking } => Some(*booking),
        Effect::NotifyAccount { .. } => None,
    }
}

/// The stored effect, or the parser's complaint.
fn parse(payload: &str) -> Result<Effect, UnreadableEffect> {
    serde_json::from_str(payload).map_err(|refused| UnreadableEffect {
        reason: refused.to_string(),
    })
}

/// So many effects go into one statement, which has a largest number of values.
pub(super) const AT_ONCE: usize = 500;

/// Adds effects to a batch, at most [`AT_ONCE`].
pub(super) fn add(batch: &mut Batch, effects: &[PlannedEffect]) -> Result<(), StorageError> {
    if effects.is_empty() {
        return Ok(());
    }
    let mut rows = Vec::with_capacity(effects.len());
    for planned in effects {
        let values = batch.list([
            planned.id.as_uuid().into(),
            planned.effect.kind().into(),
            to_json(&planned.effect)?.into(),
            planned.dedupe_key.clone().into(),
            micros(planned.due_at).into(),
            micros(planned.created_at).into(),
            planned.workspace.map(WorkspaceId::as_uuid).into(),
            booking_of(&planned.effect).map(BookingId::as_uuid).into(),
        ]);
        rows.push(format!("({values}, 'ready')"));
    }
    batch.add(format!(
        "insert into outbox
            (id, kind, payload, dedupe_key, due_at, created_at, workspace_id, booking_id, status)
        values {} on conflict (dedupe_key) where status = 'ready' do nothing",
        rows.join(", ")
    ));
    Ok(())
}

pub(super) async fn enqueue(
    db: &impl ConnectionTrait,
    effects: &[PlannedEffect],
) -> Result<(), StorageError> {
    for effects in effects.chunks(AT_ONCE) {
        let mut batch = Batch::on(db);
        add(&mut batch, effects)?;
        batch.execute(db).await?;
    }
    Ok(())
}

/// The present of whoever leases, as `present.at`, and the value that it needs. Materialized: one reading for the whole
/// statement, and a value that an index can be searched for, which `clock_timestamp()` itself is not.
fn present(
    db: &impl ConnectionTrait,
    clock: LeaseClock,
    now: DateTime<Utc>,
) -> (&'static str, Option<Value>) {
    match (db.get_database_backend(), clock) {
        (DbBackend::Postgres, LeaseClock::Databases) => (
            "present as materialized (
                select cast(extract(epoch from clock_timestamp()) * 1000000 as bigint) as at
            )",
            None,
        ),
        _ => (
            "present as materialized (select cast($1 as bigint) as at)",
            Some(micros(now).into()),
        ),
    }
}

/// The largest lease, some hundred thousand years: one more would be no instant.
const LONGEST: i64 = 1 << 61;

/// On PostgreSQL rows that another worker is just taking are passed over. SQLite has one writer at a time.
///
/// Those that are ready and those whose lease has ended are found each by an index of their own, in their order: however
/// many are due, no more are looked at than are taken.
async fn lease(
    db: &impl ConnectionTrait,
    clock: LeaseClock,
    now: DateTime<Utc>,
    lasting: TimeDelta,
    limit: u32,
) -> Result<Vec<LeasedEffect>, StorageError> {
    let pass_over = match db.get_database_backend() {
        DbBackend::Postgres => "for update of o skip locked",
        _ => "",
    };
    let (present, now) = present(db, clock, now);
    let mut values: Vec<Value> = now.into_iter().collect();
    let lasts = values.len() + 1;
    let lasting = lasting.num_microseconds().unwrap_or(LONGEST);
    values.push(lasting.min(LONGEST).into());
    // Materialized: the choice is made once, whatever plan the update gets. The limit stands there as it is, so that a plan
    // is made for few.
    let first = format!("order by o.due_at, o.id limit {limit} {pass_over}");
    let take = format!(
        "with {present}, fresh as materialized (
            select o.id, o.due_at from outbox o
            where o.status = 'ready' and o.due_at <= (select at from present) and {NOBODY_HAS_ITS_KEY}
            {first}
        ), lapsed as materialized (
            select o.id, o.due_at from outbox o
            where o.status = 'leased' and o.leased_until <= (select at from present)
            {first}
        ), due as materialized (
            select id from (select id, due_at from fresh union all select id, due_at from lapsed) either
            order by due_at, id limit {limit}
        )
        update outbox set status = 'leased', attempts = attempts + 1,
            leased_until = (select at from present) + ${lasts}
        from due where outbox.id = due.id
        returning outbox.id, outbox.payload, outbox.attempts, outbox.due_at, outbox.leased_until"
    );
    let mut taken = Vec::new();
    for stored in sql::rows(db, take, values).await? {
        let id: Uuid = sql::get(&stored, 0)?;
        let payload: String = sql::get(&stored, 1)?;
        let due_at: i64 = sql::get(&stored, 3)?;
        let row = Row { table: TABLE, id };
        let leased = LeasedEffect {
            id: OutboxId::from_uuid(id),
            effect: parse(&payload),
            attempts: row.number("attempts", sql::get(&stored, 2)?)?,
            leased_until: row.instant("leased_until", sql::get(&stored, 4)?)?,
        };
        taken.push((due_at, leased));
    }
    taken.sort_by_key(|(due_at, leased)| (*due_at, leased.id));
    Ok(taken.into_iter().map(|(_, leased)| leased).collect())
}

async fn is_any_due(
    db: &impl ConnectionTrait,
    clock: LeaseClock,
    now: DateTime<Utc>,
) -> Result<bool, StorageError> {
    let (present, now) = present(db, clock, now);
    let query = format!(
        "with {present}
        select 1 from present where exists (
            select 1 from outbox o
            where o.status = 'ready' and o.due_at <= (select at from present) and {NOBODY_HAS_ITS_KEY}
        ) or exists (
            select 1 from outbox o
            where o.status = 'leased' and o.leased_until <= (select at from present)
        )"
    );
    let found = sql::row(db, query, now).await?;
    Ok(found.is_some())
}

/// Where another row with its key has become ready meanwhile, that one will do the same and this one is finished.
async fn hand_back(
    db: &impl ConnectionTrait,
    leases: &[(OutboxId, u32)],
    now: DateTime<Utc>,
) -> Result<u64, StorageError> {
    let mut given_back = 0;
    for (id, attempts) in leases {
        let own: [Value; 2] = [id.as_uuid().into(), i64::from(*attempts).into()];
        let readied = sql::execute(
            db,
            "update outbox set status = 'ready', leased_until = null, attempts = attempts - 1
            where id = $1 and status = 'leased' and attempts = $2 and not exists (
                select 1 from outbox twin where twin.status = 'ready' and twin.dedupe_key = outbox.dedupe_key
            )",
            own.clone(),
        )
        .await?;
        given_back += readied;
        if readied == 0 {
            let [id, attempts] = own;
            given_back += sql::execute(
                db,
                "update outbox set status = 'done', finished_at = $3, leased_until = null,
                    attempts = attempts - 1
                where id = $1 and status = 'leased' and attempts = $2",
                [id, attempts, micros(now).into()],
            )
            .await?;
        }
    }
    Ok(given_back)
}

async fn complete(
    db: &impl ConnectionTrait,
    id: OutboxId,
    at: DateTime<Utc>,
    note: Option<&str>,
) -> Result<(), StorageError> {
    sql::execute(
        db,
        "update outbox set status = 'done', finished_at = $2, leased_until = null, last_error = $3
        where id = $1 and status <> 'done'",
        [
            id.as_uuid().into(),
            micros(at).into(),
            note.map(str::to_owned).into(),
        ],
    )
    .await?;
    Ok(())
}

/// Where another row with its key has become ready meanwhile, that one will do the same and this one is finished.
async fn retry_at(
    db: &impl ConnectionTrait,
    id: OutboxId,
    due_at: DateTime<Utc>,
    error: &str,
) -> Result<(), StorageError> {
    let values: [Value; 3] = [
        id.as_uuid().into(),
        micros(due_at).into(),
        error.to_owned().into(),
    ];
    let readied = sql::execute(
        db,
        "update outbox set status = 'ready', due_at = $2, leased_until = null, last_error = $3
        where id = $1 and status = 'leased' and not exists (
            select 1 from outbox twin where twin.status = 'ready' and twin.dedupe_key = outbox.dedupe_key
        )",
        values.clone(),
    )
    .await?;
    if readied == 0 {
        sql::execute(
            db,
            "update outbox set status = 'done', finished_at = $2, leased_until = null, last_error = $3
            where id = $1 and status = 'leased'",
            values,
        )
        .await?;
    }
    Ok(())
}

async fn fail(
    db: &impl ConnectionTrait,
    id: OutboxId,
    at: DateTime<Utc>,
    error: &str,
) -> Result<(), StorageError> {
    sql::execute(
        db,
        "update outbox set status = 'failed', finished_at = $2, leased_until = null, last_error = $3
        where id = $1 and status = 'leased'",
        [
            id.as_uuid().into(),
            micros(at).into(),
            error.to_owned().into(),
        ],
    )
    .await?;
    Ok(())
}

async fn next_due(db: &impl ConnectionTrait) -> Result<Option<DateTime<Utc>>, StorageError> {
    // The first in the order of an index: reminders wait by the hundred thousand.
    let query = format!(
        "select min(due) from (
            select due from (
                select o.due_at as due from outbox o where o.status = 'ready' and {NOBODY_HAS_ITS_KEY}
                order by o.due_at, o.id limit 1
            ) ready
            union all
            select min(leased_until) as due from outbox where status = 'leased'
        ) waiting"
    );
    let Some(found) = sql::row(db, query, []).await? else {
        return Ok(None);
    };
    let due: Option<i64> = sql::get(&found, 0)?;
    let row = Row {
        table: TABLE,
        id: "min",
    };
    due.map(|due| row.instant("due_at", due)).transpose()
}

async fn counts(db: &impl ConnectionTrait) -> Result<OutboxCounts, StorageError> {
    // One query for each status, so that its own index answers and finished rows cost nothing.
    let found = sql::row(
        db,
        "select (select count(*) from outbox where status = 'ready'),
            (select count(*) from outbox where status = 'leased'),
            (select count(*) from outbox where status = 'failed')",
        [],
    )
    .await?;
    let Some(found) = found else {
        return Ok(OutboxCounts::default());
    };
    let row = Row {
        table: TABLE,
        id: "count",
    };
    Ok(OutboxCounts {
        ready: row.number("status", sql::get(&found, 0)?)?,
        leased: row.number("status", sql::get(&found, 1)?)?,
        failed: row.number("status", sql::get(&found, 2)?)?,
    })
}

async fn failures(
    db: &impl ConnectionTrait,
    limit: u32,
) -> Result<Vec<OutboxFailure>, StorageError> {
    let rows = sql::rows(
        db,
        "select id, kind, attempts, coalesce(last_error, ''), finished_at from outbox
        where status = 'failed' order by finished_at desc, id desc limit $1",
        [i64::from(limit).into()],
    )
    .await?;
    rows.iter()
        .map(|stored| {
            let id: Uuid = sql::get(stored, 0)?;
            let row = Row { table: TABLE, id };
            Ok(OutboxFailure {
                id: OutboxId::from_uuid(id),
                kind: sql::get(stored, 1)?,
                attempts: row.number("attempts", sql::get(stored, 2)?)?,
                last_error: sql::get(stored, 3)?,
                failed_at: row.instant("finished_at", sql::get(stored, 4)?)?,
            })
        })
        .collect()
}

/// Where another row with its key is ready, that one will do the same and this one is finished.
async fn replay(
    db: &impl ConnectionTrait,
    id: OutboxId,
    now: DateTime<Utc>,
) -> Result<bool, StorageError> {
    let values: [Value; 2] = [id.as_uuid().into(), micros(now).into()];
    for replay in [
        "update outbox set status = 'ready', due_at = $2, attempts = 0, finished_at = null
        where id = $1 and status = 'failed' and not exists (
            select 1 from outbox twin where twin.status = 'ready' and twin.dedupe_key = outbox.dedupe_key
        )",
        "update outbox set status = 'done', finished_at = $2 where id = $1 and status = 'failed'",
    ] {
        if sql::execute(db, replay, values.clone()).await? > 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn sweep(
    db: &impl ConnectionTrait,
    finished_before: DateTime<Utc>,
) -> Result<u64, StorageError> {
    let forget = "delete from outbox where status = 'done' and finished_at < $1";
    sql::execute(db, forget, [micros(finished_before).into()]).await
}

#[async_trait]
impl OutboxRepository for SeaOrmUnitOfWork {
    async fn enqueue(&mut self, effects: &[PlannedEffect]) -> Result<(), StorageError> {
        let done = enqueue(self.transaction(), effects).await;
        self.settle(done)
    }

    async fn lease(
        &mut self,
        now: DateTime<Utc>,
        lasting: TimeDelta,
        limit: u32,
    ) -> Result<Vec<LeasedEffect>, StorageError> {
        let clock = self.lease_clock();
        let taken = lease(self.transaction(), clock, now, lasting, limit).await;
        self.settle(taken)
    }

    async fn is_any_due(&mut self, now: DateTime<Utc>) -> Result<bool, StorageError> {
        let is_any = is_any_due(self.transaction(), self.lease_clock(), now).await;
        self.settle(is_any)
    }

    async fn hand_back(
        &mut self,
        leases: &[(OutboxId, u32)],
        now: DateTime<Utc>,
    ) -> Result<u64, StorageError> {
        let given_back = hand_back(self.transaction(), leases, now).await;
        self.settle(given_back)
    }

    async fn complete(
        &mut self,
        id: OutboxId,
        at: DateTime<Utc>,
        note: Option<&str>,
    ) -> Result<(), StorageError> {
        let done = complete(self.transaction(), id, at, note).await;
        self.settle(done)
    }

    async fn retry_at(
        &mut self,
        id: OutboxId,
        due_at: DateTime<Utc>,
        error: &str,
    ) -> Result<(), StorageError> {
        let done = retry_at(self.transaction(), id, due_at, error).await;
        self.settle(done)
    }

    async fn fail(
        &mut self,
        id: OutboxId,
        at: DateTime<Utc>,
        error: &str,
    ) -> Result<(), StorageError> {
        let done = fail(self.transaction(), id, at, error).await;
        self.settle(done)
    }

    async fn next_due(&mut self) -> Result<Option<DateTime<Utc>>, StorageError> {
        let due = next_due(self.transaction()).await;
        self.settle(due)
    }

    async fn counts(&mut self) -> Result<OutboxCounts, StorageError> {
        let counts = counts(self.transaction()).await;
        self.settle(counts)
    }

    async fn failures(&mut self, limit: u32) -> Result<Vec<OutboxFailure>, StorageError> {
        let failures = failures(self.transaction(), limit).await;
        self.settle(failures)
    }

    async fn list(
        &mut self,
        workspace: WorkspaceId,
        status: Option<OutboxStatus>,
        after: Option<OutboxId>,
        limit: u32,
    ) -> Result<Vec<OutboxEntry>, StorageError> {
        let found = entries::list(self.transaction(), workspace, status, after, limit).await;
        self.settle(found)
    }

    async fn get(&mut self, id: OutboxId) -> Result<Option<OutboxEntry>, StorageError> {
        let found = entries::get(self.transaction(), id).await;
        self.settle(found)
    }

    async fn replay(&mut self, id: OutboxId, now: DateTime<Utc>) -> Result<bool, StorageError> {
        let replayed = replay(self.transaction(), id, now).await;
        self.settle(replayed)
    }

    async fn log_attempts(
        &mut self,
        id: OutboxId,
        at: DateTime<Utc>,
        attempts: &[DeliveryAttempt],
    ) -> Result<(), StorageError> {
        let done = attempts::log(self.transaction(), id, at, attempts).await;
        self.settle(done)
    }

    async fn attempts(&mut self, id: OutboxId) -> Result<Vec<LoggedAttempt>, StorageError> {
        let found = attempts::of(self.transaction(), id).await;
        self.settle(found)
    }

    async fn sweep(&mut self, finished_before: DateTime<Utc>) -> Result<u64, StorageError> {
        let forgotten = sweep(self.transaction(), finished_before).await;
        self.settle(forgotten)
    }
}
