//! People, as the members of a workspace know them.

use scheduling_core::directory::{Person, Role};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::ids::WireId as _;

/// A host, as guests may know them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Host)]
pub(in crate::rest::v1) struct HostView {
    #[schema(example = "us_0190b0c47d5e70008000000000000001")]
    id: String,
    name: String,
}

impl HostView {
    pub(in crate::rest::v1) fn of(person: &Person) -> Self {
        Self {
            id: person.id.wire(),
            name: person.name.to_string(),
        }
    }
}

/// What a member may do in a workspace.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[schema(as = Role)]
#[serde(rename_all = "snake_case")]
pub(in crate::rest::v1) enum RoleView {
    /// Manages what is his own.
    Member,
    /// Manages everything but owners.
    Admin,
    /// Manages everything.
    Owner,
}

/// The words for roles.
pub(in crate::rest::v1) const ROLES: &[(&str, Role)] = &[
    ("member", Role::Member),
    ("admin", Role::Admin),
    ("owner", Role::Owner),
];

impl From<Role> for RoleView {
    fn from(role: Role) -> Self {
        match role {
            Role::Member => Self::Member,
            Role::Admin => Self::Admin,
            Role::Owner => Self::Owner,
        }
    }
}
