//! Further links to event types.

use std::num::NonZeroU32;

use async_trait::async_trait;
use scheduling_core::event_type::BookingLink;
use scheduling_core::ids::{BookingLinkId, EventTypeId, WorkspaceId};
use scheduling_core::ports::{LinkRepository, Partial, StorageError};
use scheduling_core::text::Slug;
use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel,
    QueryFilter, QueryOrder,
};
use thiserror::Error;

use super::{each, insert, one, partial};
use crate::SeaOrmUnitOfWork;
use crate::convert::{Row, micros, to_json};
use crate::entity::booking_link;
use crate::error::{corrupt, storage_error};
use crate::sql;

#[derive(Debug, Error)]
#[error("a link that cannot be used at all")]
struct NoUses;

impl TryFrom<booking_link::Model> for BookingLink {
    type Error = StorageError;

    fn try_from(stored: booking_link::Model) -> Result<Self, StorageError> {
        let row = Row {
            table: "booking_links",
            id: stored.id,
        };
        let max_uses = stored.max_uses.map(|most| {
            let most = row.number("max_uses", most)?;
            NonZeroU32::new(most).ok_or_else(|| corrupt(row.table, "max_uses", row.id, NoUses))
        });
        Ok(Self {
            id: BookingLinkId::from_uuid(stored.id),
            workspace: WorkspaceId::from_uuid(stored.workspace_id),
            event_type: EventTypeId::from_uuid(stored.event_type_id),
            slug: row.text("slug", &stored.slug)?,
            name: row.optional_text("name", stored.name.as_deref())?,
            questions: row.optional_json("questions", stored.questions.as_deref())?,
            redirect_url: row.optional_text("redirect_url", stored.redirect_url.as_deref())?,
            expires_at: row.optional_instant("expires_at", stored.expires_at)?,
            max_uses: max_uses.transpose()?,
            uses: row.number("uses", stored.uses)?,
            revoked: stored.revoked,
            version: row.version(stored.version)?,
            created_at: row.instant("created_at", stored.created_at)?,
        })
    }
}

fn link_row(link: &BookingLink) -> Result<booking_link::Model, StorageError> {
    Ok(booking_link::Model {
        id: link.id.as_uuid(),
        workspace_id: link.workspace.as_uuid(),
        event_type_id: link.event_type.as_uuid(),
        slug: link.slug.as_str().to_owned(),
        name: link.name.clone().map(String::from),
        questions: link.questions.as_ref().map(to_json).transpose()?,
        redirect_url: link.redirect_url.clone().map(String::from),
        expires_at: link.expires_at.map(micros),
        max_uses: link.max_uses.map(|most| most.get().into()),
        uses: link.uses.into(),
        revoked: link.revoked,
        version: link.version.into(),
        created_at: micros(link.created_at),
    })
}

async fn by_slug(
    db: &impl ConnectionTrait,
    workspace: WorkspaceId,
    slug: &Slug,
) -> Result<Option<BookingLink>, StorageError> {
    let select = booking_link::Entity::find()
        .filter(booking_link::Column::WorkspaceId.eq(workspace.as_uuid()))
        .filter(booking_link::Column::Slug.eq(slug.as_str()));
    one(db, select).await?.map(TryFrom::try_from).transpose()
}

async fn get(
    db: &impl ConnectionTrait,
    id: BookingLinkId,
) -> Result<Option<BookingLink>, StorageError> {
    let select = booking_link::Entity::find_by_id(id.as_uuid());
    one(db, select).await?.map(TryFrom::try_from).transpose()
}

async fn list(
    db: &impl ConnectionTrait,
    event_type: EventTypeId,
) -> Result<Partial<Vec<BookingLink>>, StorageError> {
    let select = booking_link::Entity::find()
        .filter(booking_link::Column::EventTypeId.eq(event_type.as_uuid()))
        .order_by_desc(booking_link::Column::CreatedAt)
        .order_by_desc(booking_link::Column::Id);
    let rows = each(db, select).await?.into_iter();
    partial(rows.map(|row| row.and_then(TryFrom::try_from)))
}

async fn insert_link(db: &impl ConnectionTrait, link: &BookingLink) -> Result<(), StorageError> {
    insert(db, vec![link_row(link)?]).await
}

/// The uses stay: somebody may have used it since it was read.
async fn update(db: &impl ConnectionTrait, link: &BookingLink) -> Result<(), StorageError> {
    let mut row = link_row(link)?.into_active_model().reset_all();
    row.uses = ActiveValue::NotSet;
    let updated = booking_link::Entity::update_many()
        .set(row)
        .filter(booking_link::Column::Id.eq(link.id.as_uuid()))
        .filter(booking_link::Column::Version.eq(i64::from(link.version) - 1))
        .exec(db)
        .await
        .map_err(storage_error)?;
    if updated.rows_affected == 0 {
        return Err(StorageError::Conflict);
    }
    Ok(())
}

/// Of two that use it at once the second waits for the first, and sees its use.
async fn use_once(db: &impl ConnectionTrait, id: BookingLinkId) -> Result<bool, StorageError> {
    let count = "update booking_links set uses = uses + 1
        where id = $1 and (max_uses is null or uses < max_uses)";
    Ok(sql::execute(db, count, [id.as_uuid().into()]).await? > 0)
}

async fn delete(db: &impl ConnectionTrait, id: BookingLinkId) -> Result<bool, StorageError> {
    let delete = "delete from booking_links where id = $1";
    Ok(sql::execute(db, delete, [id.as_uuid().into()]).await? > 0)
}

#[async_trait]
impl LinkRepository for SeaOrmUnitOfWork {
    async fn get(&mut self, id: BookingLinkId) -> Result<Option<BookingLink>, StorageError> {
        let found = get(self.transaction(), id).await;
        self.settle(found)
    }

    async fn by_slug(
        &mut self,
        workspace: WorkspaceId,
        slug: &Slug,
    ) -> Result<Option<BookingLink>, StorageError> {
        let found = by_slug(self.transaction(), workspace, slug).await;
        self.settle(found)
    }

    async fn list(
        &mut self,
        event_type: EventTypeId,
    ) -> Result<Partial<Vec<BookingLink>>, StorageError> {
        let found = list(self.transaction(), event_type).await;
        self.settle(found)
    }

    async fn insert(&mut self, link: &BookingLink) -> Result<(), StorageError> {
        let done = insert_link(self.transaction(), link).await;
        self.settle(done)
    }

    async fn update(&mut self, link: &BookingLink) -> Result<(), StorageError> {
        let done = update(self.transaction(), link).await;
        self.settle(done)
    }

    async fn use_once(&mut self, id: BookingLinkId) -> Result<bool, StorageError> {
        let counted = use_once(self.transaction(), id).await;
        self.settle(counted)
    }

    async fn delete(&mut self, id: BookingLinkId) -> Result<bool, StorageError> {
        let done = delete(self.transaction(), id).await;
        self.settle(done)
    }
}
