//! `claims`

use sea_orm::entity::prelude::*;

/// Time that a host has given away, to a booking, a session or a hold.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "claims")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub host_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub starts_at: i64,
    pub ends_at: i64,
    pub booking_id: Option<Uuid>,
    pub session_id: Option<Uuid>,
    pub hold_id: Option<Uuid>,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
