//! `booking_hosts`

use sea_orm::entity::prelude::*;

/// A host's part in a booking. The link's secret is there as a whole or not at all.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "booking_hosts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub booking_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Uuid,
    pub position: i64,
    pub session_id: Option<Uuid>,
    pub manage_hash: Option<Vec<u8>>,
    pub manage_sealed: Option<Vec<u8>>,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
