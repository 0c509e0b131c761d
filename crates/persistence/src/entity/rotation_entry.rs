//! `rotation_entries`

use sea_orm::entity::prelude::*;

/// A host's standing in a rotation.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "rotation_entries")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub event_type_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub host_id: Uuid,
    pub position: i64,
    pub weight: i64,
    pub credit: i64,
    pub last_assigned: Option<i64>,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
