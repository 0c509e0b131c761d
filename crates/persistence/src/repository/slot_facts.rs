//! Everything about the time of hosts, in one statement: one state without a transaction, and one call.
//!
//! Each part is a query of its own that an index answers; they share columns of every type, and each leaves null what it
//! does not need. Whatever cannot be read is left to the repositories, which say what it is.

use std::collections::BTreeMap;

use scheduling_core::assignment::{LedgerEntry, RotationLedger};
use scheduling_core::calendar::HostBusy;
use scheduling_core::hold::Hold;
use scheduling_core::ids::UserId;
use scheduling_core::ports::{
    HostReservation, IdempotencyClaim, Partial, Revisions, SlotFacts, SlotQuery, StorageError,
};
use scheduling_core::schedule::{AvailabilitySchedule, ScheduleOwner};
use scheduling_core::time_off::TimeOff;
use sea_orm::prelude::Uuid;
use sea_orm::{ConnectionTrait, QueryResult, TryGetable, Value};

use super::bookings::reservation;
use super::{holds, idempotency, revisions};
use crate::convert::{Row, micros};
use crate::entity::{busy, hold, hold_host, rotation_entry, schedule, time_off};
use crate::sql;

/// The columns behind the part's number: ids, texts, a hash, numbers.
const COLUMNS: [(&str, &str); 16] = [
    ("u1", "uuid"),
    ("u2", "uuid"),
    ("u3", "uuid"),
    ("u4", "uuid"),
    ("u5", "uuid"),
    ("t1", "text"),
    ("t2", "text"),
    ("x", HASH),
    ("n1", "bigint"),
    ("n2", "bigint"),
    ("n3", "bigint"),
    ("n4", "bigint"),
    ("n5", "bigint"),
    ("n6", "bigint"),
    ("n7", "bigint"),
    ("n8", "bigint"),
];

/// A type that both databases take: `bytea` is a name like any other to SQLite, which keeps null as it is.
const HASH: &str = "bytea";

const REVISIONS: i64 = 0;
const NAMED: i64 = 1;
const DEFAULT: i64 = 2;
const BUSY: i64 = 3;
const TIME_OFF: i64 = 4;
const RESERVATION: i64 = 5;
const HOLD: i64 = 6;
const LEDGER: i64 = 7;
const KEY: i64 = 8;

/// One part: its number, what stands in the columns it needs, and where that comes from.
fn part(number: i64, columns: &[(&str, &str)], from: &str) -> String {
    let mut selected = vec![format!("cast({number} as bigint)")];
    selected.extend(COLUMNS.iter().map(|(name, kind)| {
        match columns.iter().find(|(column, _)| column == name) {
            Some((_, expression)) => (*expression).to_owned(),
            // The first part says what types there are.
            None if number == REVISIONS => format!("cast(null as {kind})"),
            None => "null".to_owned(),
        }
    }));
    format!("select {} from {from}", selected.join(", "))
}

/// The statement, with its values.
fn statement(query: &SlotQuery) -> (String, Vec<Value>) {
    let (mut values, hosts) = revisions::values(&query.sources);
    let mut list = |ids: Vec<Value>| {
        let placeholders = sql::placeholders(values.len() + 1, ids.len());
        values.extend(ids);
        placeholders
    };
    let columns = revisions::COLUMNS;
    let mut parts = vec![part(
        REVISIONS,
        &[
            ("n1", columns[0]),
            ("n2", columns[1]),
            ("n3", columns[2]),
            ("n4", columns[3]),
            ("n5", columns[4]),
        ],
        &format!("people where id in ({hosts})"),
    )];
    schedules(query, &mut list, &mut parts);
    if let Some(within) = query.within {
        let start = list(vec![micros(within.start()).into()]);
        let end = list(vec![micros(within.end()).into()]);
        taken(&hosts, &start, &end, &mut parts);
    }
    if query.rotation {
        parts.push(part(
            LEDGER,
            &[
                ("u1", "e.host_id"),
                ("n1", "l.next"),
                ("n2", "e.position"),
                ("n3", "e.weight"),
                ("n4", "e.credit"),
                ("n5", "e.last_assigned"),
            ],
            "rotation_ledgers l left join rotation_entries e on e.event_type_id = l.event_type_id
            where l.event_type_id = $2",
        ));
    }
    if let Some(asked) = &query.key {
        let scope = list(vec![asked.scope.as_str().into()]);
        let key = list(vec![asked.key.as_str().into()]);
        parts.push(part(
            KEY,
            &[("u1", "made"), ("x", "fingerprint")],
            &format!("idempotency_keys where scope = {scope} and key = {key}"),
        ));
    }
    (parts.join("\nunion all "), values)
}

/// The schedules that are named, and those that are somebody's default.
fn schedules(
    query: &SlotQuery,
    list: &mut impl FnMut(Vec<Value>) -> String,
    parts: &mut Vec<String>,
) {
    let columns = [
        ("u1", "id"),
        ("u2", "workspace_id"),
        ("u3", "owner_id"),
        ("t1", "name"),
        ("t2", "availability"),
        ("n1", "case when is_default then 1 else 0 end"),
        ("n2", "version"),
    ];
    let named = &query.schedules;
    if !named.is_empty() {
        let ids = list(named.iter().map(|id| id.as_uuid().into()).collect());
        let these = format!("schedules where id in ({ids})");
        parts.push(part(NAMED, &columns, &these));
    }
    let (mut people, mut workspaces) = (Vec::new(), Vec::new());
    for owner in &query.owners {
        match owner {
            ScheduleOwner::Person(person) => people.push(person.as_uuid().into()),
            ScheduleOwner::Workspace(workspace) => workspaces.push(workspace.as_uuid().into()),
        }
    }
    if !people.is_empty() {
        let of_people = format!(
            "schedules where owner_id in ({}) and is_default",
            list(people)
        );
        parts.push(part(DEFAULT, &columns, &of_people));
    }
    if !workspaces.is_empty() {
        let of_workspaces = format!(
            "schedules where workspace_id in ({}) and owner_id is null and is_default",
            list(workspaces)
        );
        parts.push(part(DEFAULT, &columns, &of_workspaces));
    }
}

/// What takes the time of hosts. The pluses keep SQLite from starting at the other end, which is the host's whole past.
fn taken(hosts: &str, start: &str, end: &str, parts: &mut Vec<String>) {
    parts.push(part(
        BUSY,
        &[
            ("u1", "id"),
            ("u2", "host_id"),
            ("t1", "source"),
            ("n1", "starts_at"),
            ("n2", "ends_at"),
        ],
        &format!("busy where host_id in ({hosts}) and ends_at > {start} and +starts_at < {end}"),
    ));
    for whose in [
        format!("user_id in ({hosts})"),
        "event_type_id = $2".to_owned(),
        "workspace_id = $1 and user_id is null and event_type_id is null".to_owned(),
    ] {
        parts.push(part(
            TIME_OFF,
            &[
                ("u1", "id"),
                ("u2", "workspace_id"),
                ("u3", "user_id"),
                ("u4", "event_type_id"),
                ("t1", "title"),
                ("t2", "period"),
                ("n1", "case when visible then 1 else 0 end"),
                ("n2", "version"),
                ("n3", "created_at"),
            ],
            &format!("time_off where {whose}"),
        ));
    }
    parts.push(part(
        RESERVATION,
        &[
            ("u1", "c.host_id"),
            ("u2", "coalesce(b.event_type_id, s.event_type_id)"),
            ("u3", "c.session_id"),
            ("n1", "coalesce(b.starts_at, s.starts_at)"),
            ("n2", "coalesce(b.ends_at, s.ends_at)"),
            ("n3", "coalesce(b.buffer_before, s.buffer_before)"),
            ("n4", "coalesce(b.buffer_after, s.buffer_after)"),
            ("n5", "coalesce(s.seats_taken, 1)"),
        ],
        &format!(
            "claims c left join bookings b on b.id = c.booking_id left join sessions s on s.id = c.session_id
            where c.ends_at > {start} and +c.starts_at < {end} and c.host_id in ({hosts}) and c.hold_id is null"
        ),
    ));
    parts.push(part(
        HOLD,
        &[
            ("u1", "h.id"),
            ("u2", "h.workspace_id"),
            ("u3", "h.event_type_id"),
            ("u4", "o.user_id"),
            ("u5", "o.session_id"),
            ("x", "h.token_hash"),
            ("n1", "h.starts_at"),
            ("n2", "h.ends_at"),
            ("n3", "h.buffer_before"),
            ("n4", "h.buffer_after"),
            ("n5", "h.expires_at"),
            ("n6", "case when h.renewed then 1 else 0 end"),
            ("n7", "h.created_at"),
            ("n8", "o.position"),
        ],
        &format!(
            "holds h join hold_hosts o on o.hold_id = h.id where h.id in (
                select hold_id from hold_hosts where user_id in ({hosts})
            ) and {}",
            holds::overlaps(start, end)
        ),
    ));
}

/// Reads them; `None` where something cannot be read as it is.
pub(crate) async fn read(
    db: &impl ConnectionTrait,
    query: &SlotQuery,
) -> Result<Option<SlotFacts>, StorageError> {
    let (text, values) = statement(query);
    let rows = sql::rows(db, text, values).await?;
    match assemble(&rows, query) {
        Ok(facts) => Ok(Some(facts)),
        Err(_unreadable) => Ok(None),
    }
}

/// The columns of a row.
struct Columns<'a>(&'a QueryResult);

impl Columns<'_> {
    fn get<T: TryGetable>(&self, name: &str) -> Result<T, StorageError> {
        let place = COLUMNS.iter().position(|(column, _)| *column == name);
        sql::get(self.0, 1 + place.unwrap_or(COLUMNS.len()))
    }
}

#[derive(Default)]
struct Found {
    revisions: Option<Revisions>,
    named: Vec<AvailabilitySchedule>,
    defaults: Vec<AvailabilitySchedule>,
    busy: Vec<HostBusy>,
    time_off: Vec<TimeOff>,
    reservations: Vec<HostReservation>,
    holds: BTreeMap<Uuid, (Option<hold::Model>, Vec<hold_host::Model>)>,
    next: Option<i64>,
    entries: Vec<rotation_entry::Model>,
    key: Option<IdempotencyClaim>,
}

fn assemble(rows: &[QueryResult], query: &SlotQuery) -> Result<SlotFacts, StorageError> {
    let mut found = Found::default();
    for row in rows {
        found.take(row, query)?;
    }
    found.into_facts()
}

impl Found {
    fn take(&mut self, row: &QueryResult, query: &SlotQuery) -> Result<(), StorageError> {
        let part: i64 = sql::get(row, 0)?;
        let columns = Columns(row);
        match part {
            REVISIONS => {
                let mut counts = [None; 5];
                for (count, name) in counts.iter_mut().zip(["n1", "n2", "n3", "n4", "n5"]) {
                    *count = columns.get(name)?;
                }
                self.revisions = Some(revisions::counted(counts)?);
            }
            NAMED => self.named.push(schedule(&columns)?),
            DEFAULT => self.defaults.push(schedule(&columns)?),
            BUSY => self.busy.push(
                busy::Model {
                    id: columns.get("u1")?,
                    host_id: columns.get("u2")?,
                    starts_at: columns.get("n1")?,
                    ends_at: columns.get("n2")?,
                    source: columns.get("t1")?,
                }
                .try_into()?,
            ),
            TIME_OFF => self.time_off.push(
                time_off::Model {
                    id: columns.get("u1")?,
                    workspace_id: columns.get("u2")?,
                    user_id: columns.get("u3")?,
                    event_type_id: columns.get("u4")?,
                    title: columns.get("t1")?,
                    visible: columns.get::<i64>("n1")? != 0,
                    period: columns.get("t2")?,
                    version: columns.get("n2")?,
                    created_at: columns.get("n3")?,
                }
                .try_into()?,
            ),
            RESERVATION => self.reservations.push(reservation(
                (columns.get("u1")?, columns.get("u2")?, columns.get("u3")?),
                (columns.get("n1")?, columns.get("n2")?),
                (columns.get("n3")?, columns.get("n4")?),
                columns.get("n5")?,
            )?),
            HOLD => self.take_hold(&columns)?,
            KEY => {
                let stored: Vec<u8> = columns.get("x")?;
                let asked = query.key.as_ref().map(|asked| asked.fingerprint.as_slice());
                let same = asked == Some(stored.as_slice());
                self.key = Some(idempotency::meaning(same, columns.get("u1")?));
            }
            _ => {
                self.next = Some(columns.get("n1")?);
                let host: Option<Uuid> = columns.get("u1")?;
                if let Some(host_id) = host {
                    self.entries.push(rotation_entry::Model {
                        event_type_id: query.sources.event_type.as_uuid(),
                        host_id,
                        position: columns.get("n2")?,
                        weight: columns.get("n3")?,
                        credit: columns.get("n4")?,
                        last_assigned: columns.get("n5")?,
                    });
                }
            }
        }
        Ok(())
    }

    fn take_hold(&mut self, columns: &Columns<'_>) -> Result<(), StorageError> {
        let id: Uuid = columns.get("u1")?;
        let (stored, hosts) = self.holds.entry(id).or_default();
        hosts.push(hold_host::Model {
            hold_id: id,
            user_id: columns.get("u4")?,
            position: columns.get("n8")?,
            session_id: columns.get("u5")?,
        });
        *stored = Some(hold::Model {
            id,
            token_hash: columns.get("x")?,
            workspace_id: columns.get("u2")?,
            event_type_id: columns.get("u3")?,
            starts_at: columns.get("n1")?,
            ends_at: columns.get("n2")?,
            buffer_before: columns.get("n3")?,
            buffer_after: columns.get("n4")?,
            expires_at: columns.get("n5")?,
            renewed: columns.get::<i64>("n6")? != 0,
            created_at: columns.get("n7")?,
        });
        Ok(())
    }

    /// Each in the order in which its repository answers.
    fn into_facts(mut self) -> Result<SlotFacts, StorageError> {
        self.busy.sort_by_key(|b| (b.host, b.busy.interval, b.id));
        self.time_off.sort_by_key(|off| off.id);
        self.reservations.sort_by_key(|r| (r.host, r.interval));
        self.entries.sort_by_key(|entry| entry.position);
        let holds: Result<Vec<Hold>, StorageError> = self
            .holds
            .into_values()
            .filter_map(|(stored, hosts)| Some((stored?, hosts)))
            .map(|(stored, mut hosts)| {
                hosts.sort_by_key(|host| host.position);
                holds::assemble(&stored, &hosts)
            })
            .collect();
        let revisions = self.revisions;
        let named = self.named.into_iter().map(|s| (s.id, s)).collect();
        let defaults = self.defaults.into_iter().map(|s| (s.owner, s)).collect();
        Ok(SlotFacts {
            revisions: revisions.ok_or(StorageError::Other("an aggregate has no row".into()))?,
            named: Partial::whole(named),
            defaults: Partial::whole(defaults),
            busy: self.busy,
            time_off: Partial::whole(self.time_off),
            reservations: self.reservations,
            holds: holds?,
            ledger: ledger(self.next, self.entries)?,
            key: self.key.unwrap_or(IdempotencyClaim::Fresh),
        })
    }
}

fn schedule(columns: &Columns<'_>) -> Result<AvailabilitySchedule, StorageError> {
    schedule::Model {
        id: columns.get("u1")?,
        workspace_id: columns.get("u2")?,
        owner_id: columns.get("u3")?,
        name: columns.get("t1")?,
        is_default: columns.get::<i64>("n1")? != 0,
        availability: columns.get("t2")?,
        version: columns.get("n2")?,
    }
    .try_into()
}

fn ledger(
    next: Option<i64>,
    entries: Vec<rotation_entry::Model>,
) -> Result<RotationLedger<UserId>, StorageError> {
    let Some(next) = next else {
        return Ok(RotationLedger::default());
    };
    let row = Row {
        table: "rotation_ledgers",
        id: "next",
    };
    let entries: Result<Vec<LedgerEntry<UserId>>, StorageError> =
        entries.into_iter().map(TryFrom::try_from).collect();
    Ok(RotationLedger {
        entries: entries?,
        next: row.number("next", next)?,
    })
}
