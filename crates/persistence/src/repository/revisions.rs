//! How often what slots are made of has changed.
//!
//! `people.revision` is raised by whoever locks hosts, the rest by triggers: a change that some other program makes
//! counts too.

use scheduling_core::ids::BookingLinkId;
use scheduling_core::ports::{Revisions, SlotSources, StorageError};
use sea_orm::prelude::Uuid;
use sea_orm::{ConnectionTrait, QueryResult, Value};

use crate::convert::Row;
use crate::sql;

/// Reads all of them in one statement.
pub(crate) async fn read(
    db: &impl ConnectionTrait,
    sources: &SlotSources,
) -> Result<Revisions, StorageError> {
    let (values, list) = values(sources);
    let query = query(&format!("people where id in ({list})"));
    of(sql::row(db, query, values).await?.as_ref())
}

/// The values of the statement, and the placeholders of the hosts among them.
pub(crate) fn values(sources: &SlotSources) -> (Vec<Value>, String) {
    let hosts = sql::ids(&sources.hosts);
    // PostgreSQL knows no empty list; nothing is equal to null.
    let list = match hosts.len() {
        0 => "null".to_owned(),
        count => sql::placeholders(4, count),
    };
    let link: Option<Uuid> = sources.link.map(BookingLinkId::as_uuid);
    let own = [
        sources.workspace.as_uuid().into(),
        sources.event_type.as_uuid().into(),
        link.into(),
    ];
    (own.into_iter().chain(hosts).collect(), list)
}

/// What is selected: three revisions of one row each, then how many hosts there are and the sum of theirs.
pub(crate) const COLUMNS: [&str; 5] = [
    "(select revision from workspaces where id = $1)",
    "(select revision from event_types where id = $2)",
    "(select version + uses from booking_links where id = $3)",
    "count(*)",
    "cast(coalesce(sum(revision), 0) as bigint)",
];

/// The statement. `hosts` is what stands behind *from* to find the hosts' revisions.
pub(crate) fn query(hosts: &str) -> String {
    format!("select {} from {hosts}", COLUMNS.join(", "))
}

/// What the statement found.
pub(crate) fn of(found: Option<&QueryResult>) -> Result<Revisions, StorageError> {
    let Some(found) = found else {
        return Err(StorageError::Other("an aggregate has no row".into()));
    };
    let mut counts = [None; 5];
    for (place, count) in counts.iter_mut().enumerate() {
        *count = sql::get(found, place)?;
    }
    counted(counts)
}

/// The revisions, by what the columns hold.
pub(crate) fn counted(counts: [Option<i64>; 5]) -> Result<Revisions, StorageError> {
    let row = Row {
        table: "people",
        id: "revision",
    };
    let number = |count: Option<i64>| -> Result<Option<u64>, StorageError> {
        count.map(|count| row.number("revision", count)).transpose()
    };
    let [workspace, event_type, link, hosts, of_hosts] = counts;
    Ok(Revisions {
        workspace: number(workspace)?,
        event_type: number(event_type)?,
        link: number(link)?,
        hosts: number(hosts)?.unwrap_or_default(),
        of_hosts: number(of_hosts)?.unwrap_or_default(),
    })
}
