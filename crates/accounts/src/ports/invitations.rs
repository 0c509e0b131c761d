//! Invitations.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scheduling_core::ids::{UserId, WorkspaceId};
use scheduling_core::ports::StorageError;
use scheduling_core::text::EmailAddress;

use crate::ids::InvitationId;
use crate::invitations::Invitation;

/// An invitation with what only storage keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredInvitation {
    /// The invitation.
    pub invitation: Invitation,
    /// SHA-256 of its token.
    pub hash: [u8; 32],
}

/// Invitations. One is *open* while it was neither accepted nor revoked; it may have expired. A workspace has one open
/// invitation for an address at most.
#[async_trait]
pub trait InvitationRepository: Send {
    /// Adds an open invitation; `false` when the workspace has one for the address.
    async fn insert(&mut self, invitation: &StoredInvitation) -> Result<bool, StorageError>;
    /// The invitation with this id, open or not.
    async fn get(&mut self, id: InvitationId) -> Result<Option<Invitation>, StorageError>;
    /// The open invitation with this token that has not expired by `now`.
    async fn by_token(
        &mut self,
        hash: &[u8; 32],
        now: DateTime<Utc>,
    ) -> Result<Option<Invitation>, StorageError>;
    /// The workspace's open invitation for an address, whatever its case.
    async fn open_for(
        &mut self,
        workspace: WorkspaceId,
        email: &EmailAddress,
    ) -> Result<Option<Invitation>, StorageError>;
    /// A workspace's open invitations, newest first.
    async fn open(&mut self, workspace: WorkspaceId) -> Result<Vec<Invitation>, StorageError>;
    /// Gives an open invitation another token and another end; `false` when it is not open.
    async fn renew(
        &mut self,
        id: InvitationId,
        hash: &[u8; 32],
        expires_at: DateTime<Utc>,
    ) -> Result<bool, StorageError>;
    /// Closes the open invitation with this token as accepted: of any number of callers for one, the others hear
    /// `false`. Also `false` when it has expired by `at`.
    async fn accept(&mut self, hash: &[u8; 32], at: DateTime<Utc>) -> Result<bool, StorageError>;
    /// Closes an open invitation as revoked; `false` when it is not open.
    async fn revoke(&mut self, id: InvitationId, at: DateTime<Utc>) -> Result<bool, StorageError>;
    /// Closes all open invitations that a member issued as revoked. Answers how many.
    async fn revoke_issued_by(
        &mut self,
        workspace: WorkspaceId,
        user: UserId,
        at: DateTime<Utc>,
    ) -> Result<u64, StorageError>;
    /// Forgets invitations that were closed or expired before an instant. Answers how many.
    async fn sweep(&mut self, closed_before: DateTime<Utc>) -> Result<u64, StorageError>;
}
