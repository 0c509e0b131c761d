//! `holds`

use sea_orm::entity::prelude::*;

/// A slot that is kept for somebody.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "holds")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub token_hash: Vec<u8>,
    pub workspace_id: Uuid,
    pub event_type_id: Uuid,
    pub starts_at: i64,
    pub ends_at: i64,
    pub buffer_before: i64,
    pub buffer_after: i64,
    pub expires_at: i64,
    pub renewed: bool,
    pub created_at: i64,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
