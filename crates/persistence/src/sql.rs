//! Statements written by hand, where SeaORM's builder would say it less clearly. `$1` works on both databases.

use scheduling_core::ids::UserId;
use scheduling_core::ports::StorageError;
use sea_orm::{ConnectionTrait, QueryResult, Statement, TryGetable, Value};

use crate::error::storage_error;

/// Executes a statement and answers how many rows it touched.
pub(crate) async fn execute(
    db: &impl ConnectionTrait,
    sql: impl Into<String>,
    values: impl IntoIterator<Item = Value>,
) -> Result<u64, StorageError> {
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    let done = db.execute_raw(statement).await.map_err(storage_error)?;
    Ok(done.rows_affected())
}

/// All rows of a query.
pub(crate) async fn rows(
    db: &impl ConnectionTrait,
    sql: impl Into<String>,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<QueryResult>, StorageError> {
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    db.query_all_raw(statement).await.map_err(storage_error)
}

/// The first row of a query, if there is one.
pub(crate) async fn row(
    db: &impl ConnectionTrait,
    sql: impl Into<String>,
    values: impl IntoIterator<Item = Value>,
) -> Result<Option<QueryResult>, StorageError> {
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    db.query_one_raw(statement).await.map_err(storage_error)
}

/// A column of a row, by its place.
pub(crate) fn get<T: TryGetable>(row: &QueryResult, place: usize) -> Result<T, StorageError> {
    row.try_get_by_index(place).map_err(storage_error)
}

/// `$first, $first+1, …`: as many placeholders as there are values.
pub(crate) fn placeholders(first: usize, count: usize) -> String {
    (first..first + count)
        .map(|place| format!("${place}"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Ids as values, without duplicates, in order.
pub(crate) fn ids(users: &[UserId]) -> Vec<Value> {
    let mut users = users.to_vec();
    users.sort_unstable();
    users.dedup();
    users.iter().map(|user| user.as_uuid().into()).collect()
}
