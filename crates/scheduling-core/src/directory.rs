//! Workspaces and people: whose meeting it is.

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
