//! `rotation_ledgers`

use sea_orm::entity::prelude::*;

/// An event type's rotation.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "rotation_ledgers")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub event_type_id: Uuid,
    pub next: i64,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
