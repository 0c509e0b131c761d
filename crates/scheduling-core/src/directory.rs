//! Workspaces and people: whose meeting it is.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::ids::{UserId, WorkspaceId};
use crate::text::{EmailAddress, Note, PersonName, Slug, Title};

/// One organisation with its people and event types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    /// Its id.
    pub id: WorkspaceId,
    /// Its part of the link, unique on the server.
    pub slug: Slug,
    /// Its name, as guests read it.
    pub name: Title,
    /// A line or two about it.
    pub description: Option<Note>,
    /// Grows at every change; an update names the version it read.
    pub version: u32,
}

/// What a member may do in a workspace, from the least to the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum Role {
    /// Manages what is his own: his hours, his time off, event types that he alone hosts, bookings that he hosts.
    Member,
    /// Manages everything in the workspace but its owners.
    Admin,
    /// Manages everything. A workspace always has one.
    Owner,
}

impl Role {
    /// The word for it on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    /// Whether he manages what belongs to others in the workspace.
    pub fn manages(self) -> bool {
        self >= Self::Admin
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A person's part in a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub person: Person,
    /// What the person may do.
    pub role: Role,
    /// Since when.
    pub joined_at: DateTime<Utc>,
}

/// A person who can host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The person's id.
    pub id: UserId,
    /// The name, as guests read it.
    pub name: PersonName,
    /// Where mails go.
    pub email: EmailAddress,
    /// The zone the person lives in; mails give times in it.
    pub timezone: Tz,
}
