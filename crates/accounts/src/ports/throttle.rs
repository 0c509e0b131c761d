//! How often something was tried.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scheduling_core::ports::StorageError;

/// What is counted: a kind of attempt, and a SHA-256 of who or what it was made on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ThrottleKey {
    /// The kind of attempt.
    pub kind: &'static str,
    /// On whom.
    pub hash: [u8; 32],
}

/// How often something was tried in the present window and in the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ThrottleCount {
    /// In the window before.
    pub previous: u32,
    /// In the present one.
    pub current: u32,
}

/// Counters in windows of time, each named by its begin.
#[async_trait]
pub trait ThrottleRepository: Send {
    /// Counts one more attempt in the window that begins at `window` and answers what it and the one that began at
    /// `before` have now. Others who count the same key wait until the transaction ends.
    async fn count(
        &mut self,
        key: ThrottleKey,
        before: DateTime<Utc>,
        window: DateTime<Utc>,
    ) -> Result<ThrottleCount, StorageError>;
    /// Counts one attempt less in a window, if there was one.
    async fn take_back(
        &mut self,
        key: ThrottleKey,
        window: DateTime<Utc>,
    ) -> Result<(), StorageError>;
    /// Forgets all attempts on a key.
    async fn forget(&mut self, key: ThrottleKey) -> Result<(), StorageError>;
    /// Forgets windows that began before an instant. Answers how many.
    async fn sweep(&mut self, began_before: DateTime<Utc>) -> Result<u64, StorageError>;
}
