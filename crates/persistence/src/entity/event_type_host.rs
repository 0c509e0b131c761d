//! `event_type_hosts`

use sea_orm::entity::prelude::*;

/// A host of an event type, with the place in its group and the weight in its rotation.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "event_type_hosts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub event_type_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Uuid,
    pub group_number: i64,
    pub position: i64,
    pub weight: i64,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
