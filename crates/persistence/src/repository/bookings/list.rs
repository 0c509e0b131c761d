//! Pages of a workspace's bookings.

use std::collections::HashMap;

use scheduling_core::booking::{Booking, BookingStatus};
use scheduling_core::ids::WorkspaceId;
use scheduling_core::ports::{BookingFilter, BookingPage, Direction, Partial, StorageError};
use sea_orm::prelude::Uuid;
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, Value};

use super::load;
use crate::convert::micros;
use crate::entity::booking;
use crate::sql;

/// In microseconds.
const A_DAY: i64 = 86_400_000_000;

/// Whether a booking lasts about a day or longer, in the words of the index on those.
const IS_LONG: &str = "ends_at / 2 - starts_at / 2 > 43199999998";

/// Conditions on a booking `b`, with their values.
struct Conditions {
    backend: DbBackend,
    texts: Vec<String>,
    values: Vec<Value>,
    /// The placeholder of the workspace.
    workspace: String,
}

impl Conditions {
    /// The placeholder of one more value.
    fn value(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }

    fn add(&mut self, text: String) {
        self.texts.push(text);
    }

    fn filter(&mut self, filter: &BookingFilter) {
        if !filter.status.is_empty() {
            let states: Vec<String> = filter
                .status
                .iter()
                .map(|status| self.status(*status, filter))
                .collect();
            self.add(format!("({})", states.join(" or ")));
        }
        if let Some(from) = filter.from {
            let ends = self.ends_after(micros(from));
            self.add(ends);
        }
        if let Some(to) = filter.to {
            let to = self.value(micros(to));
            self.add(format!("b.starts_at < {to}"));
        }
        if let Some(event_type) = filter.event_type {
            let event_type = self.value(event_type.as_uuid());
            self.add(format!("b.event_type_id = {event_type}"));
        }
        if let Some(host) = filter.host {
            let host = self.value(host.as_uuid());
            self.add(format!(
                "exists (select 1 from booking_hosts h where h.booking_id = b.id and h.user_id = {host})"
            ));
        }
        if filter.rescheduled {
            self.add(
                "exists (select 1 from booking_history h where h.booking_id = b.id and h.kind = 'rescheduled')"
                    .to_owned(),
            );
        }
        if let Some(text) = &filter.text {
            self.text(text);
        }
    }

    /// That a booking ends after an instant, said so that it bounds the starts too, by which bookings are listed: it starts
    /// less than a day before the instant, or is one of those that last longer, for which there is an index.
    fn ends_after(&mut self, instant: i64) -> String {
        let instant = self.value(instant);
        let workspace = &self.workspace;
        format!(
            "b.ends_at > {instant} and b.starts_at >= (
                select min(at) from (
                    select {instant} - {A_DAY} as at
                    union all
                    select starts_at from bookings
                    where workspace_id = {workspace} and ends_at > {instant} and {IS_LONG}
                ) earliest
            )"
        )
    }

    /// *Completed* is what was noted as such, and what is confirmed and over.
    fn status(&mut self, status: BookingStatus, filter: &BookingFilter) -> String {
        let stored = format!("b.status = '{}'", status.as_str());
        let Some(now) = filter.now else {
            return stored;
        };
        match status {
            BookingStatus::Confirmed => {
                let ends = self.ends_after(micros(now));
                format!("({stored} and {ends})")
            }
            BookingStatus::Completed => {
                let now = self.value(micros(now));
                format!("({stored} or (b.status = 'confirmed' and b.ends_at <= {now}))")
            }
            _ => stored,
        }
    }

    /// The case of ASCII letters does not matter, on either database alike: see the same in the directory. A search for a
    /// place in a text has no wildcards that would need escaping, and takes a text of any length.
    fn text(&mut self, text: &str) {
        let wanted = self.value(text.to_ascii_lowercase());
        let contains = |column: &str| match self.backend {
            DbBackend::Postgres => {
                format!("strpos(lower(a.{column} collate \"C\"), {wanted}) > 0")
            }
            _ => format!("instr(lower(a.{column}), {wanted}) > 0"),
        };
        let either = format!("{} or {}", contains("name"), contains("email"));
        self.add(format!(
            "exists (select 1 from attendees a where a.booking_id = b.id and ({either}))"
        ));
    }
}

/// A row that cannot be read takes no place on the page: the page goes on behind it.
pub(super) async fn list(
    db: &impl ConnectionTrait,
    workspace: WorkspaceId,
    filter: &BookingFilter,
    page: &BookingPage,
) -> Result<Partial<Vec<Booking>>, StorageError> {
    let mut listed = Partial::whole(Vec::new());
    // No stored text has a NUL, and PostgreSQL takes none.
    if filter.text.as_ref().is_some_and(|text| text.contains('\0')) {
        return Ok(listed);
    }
    let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
    let mut after = page.after.map(|(start, id)| (micros(start), id.as_uuid()));
    while listed.found.len() < limit {
        let wanted = limit - listed.found.len();
        let rows = keys(db, workspace, filter, page.direction, after, wanted).await?;
        let is_last = rows.len() < wanted;
        after = rows.last().copied();
        let these = booking::Column::Id.is_in(rows.iter().map(|(_, id)| *id));
        let mut bookings = HashMap::new();
        for read in load(db, booking::Entity::find().filter(these)).await? {
            match read {
                Ok(booking) => _ = bookings.insert(booking.id.as_uuid(), booking),
                Err(refused @ StorageError::Corrupt { .. }) => listed.unreadable.push(refused),
                Err(other) => return Err(other),
            }
        }
        let in_order = rows.iter().filter_map(|(_, id)| bookings.remove(id));
        listed.found.extend(in_order);
        if is_last {
            break;
        }
    }
    Ok(listed)
}

/// Where the bookings of a page stand: an index has them in this order.
async fn keys(
    db: &impl ConnectionTrait,
    workspace: WorkspaceId,
    filter: &BookingFilter,
    direction: Direction,
    after: Option<(i64, Uuid)>,
    limit: usize,
) -> Result<Vec<(i64, Uuid)>, StorageError> {
    let mut conditions = Conditions {
        backend: db.get_database_backend(),
        texts: vec!["b.workspace_id = $1".to_owned()],
        values: vec![workspace.as_uuid().into()],
        workspace: "$1".to_owned(),
    };
    conditions.filter(filter);
    let (behind, order) = match direction {
        Direction::Ascending => (">", "b.starts_at, b.id"),
        Direction::Descending => ("<", "b.starts_at desc, b.id desc"),
    };
    if let Some((start, id)) = after {
        let (start, id) = (conditions.value(start), conditions.value(id));
        conditions.add(format!("(b.starts_at, b.id) {behind} ({start}, {id})"));
    }
    let limit = conditions.value(i64::try_from(limit).unwrap_or(i64::MAX));
    let query = format!(
        "select b.starts_at, b.id from bookings b where {} order by {order} limit {limit}",
        conditions.texts.join(" and ")
    );
    let rows = sql::rows(db, query, conditions.values).await?;
    rows.iter()
        .map(|row| Ok((sql::get(row, 0)?, sql::get(row, 1)?)))
        .collect()
}
