//! API tokens.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scheduling_core::ids::{UserId, WorkspaceId};
use scheduling_core::ports::StorageError;

use crate::ids::TokenId;
use crate::tokens::ApiToken;

/// API tokens. One is *live* while it was not revoked and has not expired.
#[async_trait]
pub trait TokenRepository: Send {
    /// Adds a token, found by the SHA-256 of its secret.
    async fn insert(&mut self, token: &ApiToken, hash: &[u8; 32]) -> Result<(), StorageError>;
    /// The token with this id, live or not.
    async fn get(&mut self, id: TokenId) -> Result<Option<ApiToken>, StorageError>;
    /// The live token with this secret, if its owner is a member of its workspace.
    async fn by_secret(
        &mut self,
        hash: &[u8; 32],
        now: DateTime<Utc>,
    ) -> Result<Option<ApiToken>, StorageError>;
    /// A person's tokens that were not revoked, newest first.
    async fn of_user(&mut self, user: UserId) -> Result<Vec<ApiToken>, StorageError>;
    /// A workspace's tokens that were not revoked, newest first.
    async fn of_workspace(&mut self, workspace: WorkspaceId)
    -> Result<Vec<ApiToken>, StorageError>;
    /// Notes that a token was used. A later note stays.
    async fn touch(&mut self, id: TokenId, used_at: DateTime<Utc>) -> Result<(), StorageError>;
    /// Revokes a token; `false` when it was before.
    async fn revoke(&mut self, id: TokenId, at: DateTime<Utc>) -> Result<bool, StorageError>;
    /// Revokes all tokens of a member. Answers how many.
    async fn revoke_all(
        &mut self,
        workspace: WorkspaceId,
        user: UserId,
        at: DateTime<Utc>,
    ) -> Result<u64, StorageError>;
    /// Forgets tokens that were revoked or expired before an instant. Answers how many.
    async fn sweep(&mut self, dead_before: DateTime<Utc>) -> Result<u64, StorageError>;
}
