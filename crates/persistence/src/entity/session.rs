//! `sessions`

use sea_orm::entity::prelude::*;

/// A group session.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sessions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub event_type_id: Uuid,
    pub host_id: Uuid,
    pub starts_at: i64,
    pub ends_at: i64,
    pub buffer_before: i64,
    pub buffer_after: i64,
    pub capacity: i64,
    pub seats_taken: i64,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
