//! `event_types`

use sea_orm::entity::prelude::*;

/// An event type; rules, own hours, required hosts and place are JSON.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "event_types")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub workspace_id: Uuid,
    pub slug: String,
    pub title: String,
    pub description: Option<String>,
    pub category: Option<String>,
    pub position: i64,
    pub rules: String,
    pub availability: Option<String>,
    pub assignment: String,
    pub required: String,
    pub location: String,
    pub status: String,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
