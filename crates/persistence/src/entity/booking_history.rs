//! `booking_history`

use sea_orm::entity::prelude::*;

/// An entry of a booking's history; who did it, and the change itself, are JSON.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "booking_history")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub booking_id: Uuid,
    pub happened_at: i64,
    pub doer: String,
    pub kind: String,
    pub change: String,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
