//! Invitations into a workspace.
//!
//! The link in the mail proves that its reader has the address, and lets a new person make an account for it. An account
//! that exists already is never joined by an address alone: its owner signs in, and accepts as who he is.

mod accept;
mod issue;

use chrono::{DateTime, Utc};
use scheduling_core::directory::Role;
use scheduling_core::ids::{UserId, WorkspaceId};
use scheduling_core::text::EmailAddress;
use serde_json::json;

pub use accept::{AcceptError, Accepted, InvitationView, NewAccount};
pub use issue::{InviteError, MOST_INVITATIONS, NewInvitation};

use crate::audit::AuditNote;
use crate::ids::InvitationId;

/// An invitation into a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// Where to.
    pub workspace: WorkspaceId,
    /// To whom.
    pub email: EmailAddress,
    /// As what.
    pub role: Role,
    /// By whom.
    pub invited_by: UserId,
    /// When it was issued.
    pub created_at: DateTime<Utc>,
    /// Until when it can be accepted.
    pub expires_at: DateTime<Utc>,
    /// When it was accepted.
    pub accepted_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
}

fn about(note: AuditNote, invitation: &Invitation) -> AuditNote {
    note.within(invitation.workspace).detailed(json!({
        "email": invitation.email.as_str(),
        "role": invitation.role.as_str(),
    }))
}
