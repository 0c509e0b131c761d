//! `bookings`

use sea_orm::entity::prelude::*;

/// A booking; answers, place, what belongs to its status, and the rotation's record are JSON.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "bookings")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub workspace_id: Uuid,
    pub event_type_id: Uuid,
    pub starts_at: i64,
    pub ends_at: i64,
    pub buffer_before: i64,
    pub buffer_after: i64,
    pub note: Option<String>,
    pub answers: String,
    pub place: String,
    pub link_id: Option<Uuid>,
    pub status: String,
    pub state: String,
    pub sequence: i64,
    pub version: i64,
    pub rotation: Option<String>,
    pub manage_hash: Vec<u8>,
    pub manage_sealed: Vec<u8>,
    pub created_at: i64,
    pub updated_at: i64,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
