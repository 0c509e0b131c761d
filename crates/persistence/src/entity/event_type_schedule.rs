//! `event_type_schedules`

use sea_orm::entity::prelude::*;

/// The schedule that somebody uses for an event type instead of the default.
#[expect(
    clippy::struct_field_names,
    reason = "the fields are called as the columns are"
)]
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "event_type_schedules")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub event_type_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Uuid,
    pub schedule_id: Uuid,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
