//! `event_types`

use sea_orm::entity::prelude::*;

/// An event type. What is read as a whole, such as rules, hours and form, is JSON.
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
    pub durations: String,
    pub hours: String,
    pub schedule_id: Option<Uuid>,
    pub assignment: String,
    pub required: String,
    pub locations: String,
    pub form: String,
    pub policy: String,
    pub appearance: String,
    pub reminders: String,
    pub status: String,
    pub version: i64,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
