//! Who is signed in where.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scheduling_core::ids::UserId;
use scheduling_core::ports::StorageError;

use crate::ids::SessionId;
use crate::sessions::Session;

/// Who is signed in where.
#[async_trait]
pub trait SessionRepository: Send {
    /// Adds a session, found by the SHA-256 of its token.
    async fn insert(&mut self, session: &Session, hash: &[u8; 32]) -> Result<(), StorageError>;
    /// The session with this token, unless it expired by `now`.
    async fn by_token(
        &mut self,
        hash: &[u8; 32],
        now: DateTime<Utc>,
    ) -> Result<Option<Session>, StorageError>;
    /// A person's sessions that have not expired by `now`, the last seen first, then by id.
    async fn of_user(
        &mut self,
        user: UserId,
        now: DateTime<Utc>,
    ) -> Result<Vec<Session>, StorageError>;
    /// Notes that a session was used, and until when it is good now. A later note stays.
    async fn touch(
        &mut self,
        id: SessionId,
        seen_at: DateTime<Utc>,
        expires_at: DateTime<Utc>,
    ) -> Result<(), StorageError>;
    /// Ends one of a person's sessions.
    async fn end(&mut self, user: UserId, id: SessionId) -> Result<bool, StorageError>;
    /// Ends a person's sessions, but for one if that is given. Answers how many.
    async fn end_all(&mut self, user: UserId, but: Option<SessionId>) -> Result<u64, StorageError>;
    /// Forgets sessions that expired before an instant. Answers how many.
    async fn sweep(&mut self, expired_before: DateTime<Utc>) -> Result<u64, StorageError>;
}
