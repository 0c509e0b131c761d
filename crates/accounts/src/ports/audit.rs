//! The audit trail.

use async_trait::async_trait;
use scheduling_core::ids::WorkspaceId;
use scheduling_core::ports::StorageError;

use crate::audit::{AuditCursor, AuditEntry};

/// The audit trail: it only grows.
#[async_trait]
pub trait AuditRepository: Send {
    /// Adds an entry.
    async fn record(&mut self, entry: &AuditEntry) -> Result<(), StorageError>;
    /// A workspace's entries, newest first, ties by id downwards; after the one that the cursor names, if it is given.
    async fn of_workspace(
        &mut self,
        workspace: WorkspaceId,
        after: Option<AuditCursor>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, StorageError>;
}
