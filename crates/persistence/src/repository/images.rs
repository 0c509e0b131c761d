//! Pictures.

use async_trait::async_trait;
use scheduling_core::ids::{ImageId, WorkspaceId};
use scheduling_core::ports::{Image, ImageRepository, StorageError};
use sea_orm::{ConnectionTrait, EntityTrait};

use super::{insert, one};
use crate::SeaOrmUnitOfWork;
use crate::convert::{Row, micros};
use crate::entity::image;
use crate::sql;

impl TryFrom<image::Model> for Image {
    type Error = StorageError;

    fn try_from(stored: image::Model) -> Result<Self, StorageError> {
        let row = Row {
            table: "images",
            id: stored.id,
        };
        Ok(Self {
            id: ImageId::from_uuid(stored.id),
            workspace: WorkspaceId::from_uuid(stored.workspace_id),
            media_type: stored.media_type,
            bytes: stored.bytes,
            created_at: row.instant("created_at", stored.created_at)?,
        })
    }
}

async fn get(db: &impl ConnectionTrait, id: ImageId) -> Result<Option<Image>, StorageError> {
    let select = image::Entity::find_by_id(id.as_uuid());
    one(db, select).await?.map(TryFrom::try_from).transpose()
}

async fn insert_image(db: &impl ConnectionTrait, image: &Image) -> Result<(), StorageError> {
    let row = image::Model {
        id: image.id.as_uuid(),
        workspace_id: image.workspace.as_uuid(),
        media_type: image.media_type.clone(),
        bytes: image.bytes.clone(),
        created_at: micros(image.created_at),
    };
    insert(db, vec![row]).await
}

async fn delete(db: &impl ConnectionTrait, id: ImageId) -> Result<bool, StorageError> {
    let delete = "delete from images where id = $1";
    Ok(sql::execute(db, delete, [id.as_uuid().into()]).await? > 0)
}

#[async_trait]
impl ImageRepository for SeaOrmUnitOfWork {
    async fn get(&mut self, id: ImageId) -> Result<Option<Image>, StorageError> {
        let found = get(self.transaction(), id).await;
        self.settle(found)
    }

    async fn insert(&mut self, image: &Image) -> Result<(), StorageError> {
        let done = insert_image(self.transaction(), image).await;
        self.settle(done)
    }

    async fn delete(&mut self, id: ImageId) -> Result<bool, StorageError> {
        let done = delete(self.transaction(), id).await;
        self.settle(done)
    }
}
