//! The repositories, all on the unit of work: one file an aggregate, each with its rows' way to the domain and back.

mod bookings;
mod busy;
mod directory;
mod event_types;
mod idempotency;
mod outbox;
mod rotation;
mod schedules;
mod sessions;

use scheduling_core::ports::StorageError;
use sea_orm::{ActiveModelTrait, ConnectionTrait, EntityTrait, IntoActiveModel};

use crate::error::storage_error;

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

/// All rows of a select.
async fn all<E: EntityTrait>(
    db: &impl ConnectionTrait,
    select: sea_orm::Select<E>,
) -> Result<Vec<E::Model>, StorageError> {
    select.all(db).await.map_err(storage_error)
}

/// The first row of a select, if there is one.
async fn one<E: EntityTrait>(
    db: &impl ConnectionTrait,
    select: sea_orm::Select<E>,
) -> Result<Option<E::Model>, StorageError> {
    select.one(db).await.map_err(storage_error)
}
