//! Passwords, and the links that set one.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scheduling_core::ids::UserId;
use scheduling_core::ports::StorageError;

/// A password as it is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredPassword {
    /// The hash with its parameters and salt, as a PHC string.
    pub phc: String,
    /// When it was set.
    pub changed_at: DateTime<Utc>,
}

/// A link that sets a password: one a person at most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPasswordLink {
    /// Whose.
    pub user: UserId,
    /// SHA-256 of its token.
    pub hash: [u8; 32],
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Until when it is good.
    pub expires_at: DateTime<Utc>,
}

/// Passwords, and the links that set one.
#[async_trait]
pub trait CredentialRepository: Send {
    /// A person's password.
    async fn password(&mut self, user: UserId) -> Result<Option<StoredPassword>, StorageError>;
    /// A person's password, which nobody else changes until the transaction ends.
    async fn lock_password(&mut self, user: UserId)
    -> Result<Option<StoredPassword>, StorageError>;
    /// Sets a person's password, whether or not there was one.
    async fn store_password(
        &mut self,
        user: UserId,
        password: &StoredPassword,
    ) -> Result<(), StorageError>;
    /// Whether anybody has a password. Until the transaction ends nobody else gets one.
    async fn lock_out_first_passwords(&mut self) -> Result<bool, StorageError>;
    /// Stores a password link in place of the person's older one.
    async fn store_link(&mut self, link: &StoredPasswordLink) -> Result<(), StorageError>;
    /// Whose password link has this hash and is good at `now`.
    async fn link(
        &mut self,
        hash: &[u8; 32],
        now: DateTime<Utc>,
    ) -> Result<Option<UserId>, StorageError>;
    /// Takes a password link that is good at `now` away and answers whose it was: of any number of callers to one.
    async fn take_link(
        &mut self,
        hash: &[u8; 32],
        now: DateTime<Utc>,
    ) -> Result<Option<UserId>, StorageError>;
    /// Takes a person's password link away, used or not.
    async fn forget_link(&mut self, user: UserId) -> Result<(), StorageError>;
    /// Forgets links that expired before an instant. Answers how many.
    async fn sweep_links(&mut self, expired_before: DateTime<Utc>) -> Result<u64, StorageError>;
}
