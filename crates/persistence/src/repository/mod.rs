//! The repositories, all on the unit of work: one file an aggregate, each with its rows' way to the domain and back.

mod booking_history;
pub(crate) mod bookings;
mod busy;
pub(crate) mod directory;
pub(crate) mod event_types;
pub(crate) mod holds;
mod idempotency;
mod images;
mod links;
pub(crate) mod messages;
pub(crate) mod outbox;
pub(crate) mod record;
pub(crate) mod revisions;
mod rotation;
mod schedules;
mod sessions;
pub(crate) mod slot_facts;
mod time_off;

use std::collections::HashMap;

use scheduling_core::ports::{Partial, StorageError};
use sea_orm::prelude::Uuid;
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, IdenStatic,
    IntoActiveModel, Iterable, PrimaryKeyToColumn, QueryResult, QueryTrait,
};

use tracing::error;

use crate::error::{corrupt, storage_error};

/// What a row becomes, or why it cannot be read.
pub(crate) type Read<T> = Result<T, StorageError>;

/// Inserts rows as they are; none is fine.
async fn insert<M, A>(db: &impl ConnectionTrait, rows: Vec<M>) -> Result<(), StorageError>
where
    M: IntoActiveModel<A>,
    A: ActiveModelTrait + Send,
{
    if rows.is_empty() {
        return Ok(());
    }
    let rows = rows.into_iter().map(IntoActiveModel::into_active_model);
    <A::Entity as EntityTrait>::insert_many(rows)
        .exec_without_returning(db)
        .await
        .map_err(storage_error)?;
    Ok(())
}

/// The rows of a select, each by itself: one that cannot be decoded takes nothing else down.
pub(crate) async fn each<E: EntityTrait>(
    db: &impl ConnectionTrait,
    select: sea_orm::Select<E>,
) -> Result<Vec<Read<E::Model>>, StorageError> {
    let statement = select.build(db.get_database_backend());
    let rows = db.query_all_raw(statement).await.map_err(storage_error)?;
    Ok(rows.iter().map(decode::<E>).collect())
}

/// All rows of a select.
async fn all<E: EntityTrait>(
    db: &impl ConnectionTrait,
    select: sea_orm::Select<E>,
) -> Result<Vec<E::Model>, StorageError> {
    each(db, select).await?.into_iter().collect()
}

/// The first row of a select, if there is one.
async fn one<E: EntityTrait>(
    db: &impl ConnectionTrait,
    select: sea_orm::Select<E>,
) -> Result<Option<E::Model>, StorageError> {
    use sea_orm::QuerySelect as _;
    each(db, select.limit(1)).await?.pop().transpose()
}

/// The rows of a select by the row they belong to, which `parent` reads. Where one cannot be decoded, all of that parent's
/// cannot.
async fn parts<E: EntityTrait>(
    db: &impl ConnectionTrait,
    select: sea_orm::Select<E>,
    parent: &'static str,
) -> Result<HashMap<Uuid, Read<Vec<E::Model>>>, StorageError> {
    let statement = select.build(db.get_database_backend());
    let mut parts: HashMap<Uuid, Read<Vec<E::Model>>> = HashMap::new();
    for row in db.query_all_raw(statement).await.map_err(storage_error)? {
        let id: Uuid = row.try_get("", parent).map_err(storage_error)?;
        let read = parts.entry(id).or_insert_with(|| Ok(Vec::new()));
        match (decode::<E>(&row), &mut *read) {
            (Ok(part), Ok(parts)) => parts.push(part),
            (Err(refused), Ok(_)) => *read = Err(refused),
            (_, Err(_)) => {}
        }
    }
    Ok(parts)
}

fn decode<E: EntityTrait>(row: &QueryResult) -> Read<E::Model> {
    E::Model::from_query_result(row, "").map_err(|refused| undecodable::<E>(row, refused))
}

/// Names the column by the driver's complaint, and the row by its key, as far as that can be decoded.
fn undecodable<E: EntityTrait>(row: &QueryResult, refused: DbErr) -> StorageError {
    let said = refused.to_string();
    let mut columns = E::Column::iter().map(|column| column.as_str());
    let column = columns.find(|column| said.contains(&format!("{column:?}")));
    let key: Vec<String> = E::PrimaryKey::iter()
        .map(|part| {
            let name = part.into_column().as_str();
            let id: Result<Uuid, DbErr> = row.try_get("", name);
            id.map_or_else(|_unreadable| "?".to_owned(), |id| id.to_string())
        })
        .collect();
    let table = E::default().table_name();
    corrupt(table, column.unwrap_or("?"), key.join("/"), refused)
}

/// What could be read, for ports whose lists have no place for what could not: the log names it, and it takes nothing else
/// down.
fn readable<T>(read: impl IntoIterator<Item = Read<T>>) -> Result<Vec<T>, StorageError> {
    let Partial { found, unreadable } = partial(read)?;
    for refused in unreadable {
        error!(error = %refused, "Left a row out of a list: {refused}");
    }
    Ok(found)
}

/// Parts what was read from what could not be; any other error is one of the whole.
fn partial<T>(read: impl IntoIterator<Item = Read<T>>) -> Result<Partial<Vec<T>>, StorageError> {
    let mut partial = Partial::whole(Vec::new());
    for read in read {
        match read {
            Ok(found) => partial.found.push(found),
            Err(refused @ StorageError::Corrupt { .. }) => partial.unreadable.push(refused),
            Err(other) => return Err(other),
        }
    }
    Ok(partial)
}
