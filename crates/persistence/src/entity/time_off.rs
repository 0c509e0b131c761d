//! `time_off`

use sea_orm::entity::prelude::*;

/// Time off: a person's, an event type's, or without either the workspace's; when it is, is JSON.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "time_off")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub workspace_id: Uuid,
    pub user_id: Option<Uuid>,
    pub event_type_id: Option<Uuid>,
    pub title: Option<String>,
    pub visible: bool,
    pub period: String,
    pub version: i64,
    pub created_at: i64,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
