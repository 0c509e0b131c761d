//! Why is a start not offered?

use chrono::{DateTime, Utc};
use scheduling_core::ids::UserId;
use scheduling_core::slots::Explanation;
use scheduling_core::text::Slug;

use super::FindError;
use crate::Scheduling;

/// Asks why a start is, or is not, offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainSlot {
    /// The workspace.
    pub workspace: Slug,
    /// Its event type.
    pub event_type: Slug,
    /// The start.
    pub start: DateTime<Utc>,
}

/// Everything that speaks against a start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedSlot {
    /// The hosts, in the order of `explanation.hosts`.
    pub roster: Vec<UserId>,
    /// The reasons.
    pub explanation: Explanation,
}

impl Scheduling {
    /// Explains a start.
    ///
    /// # Errors
    /// [`FindError`].
    pub async fn explain_slot(&self, query: &ExplainSlot) -> Result<ExplainedSlot, FindError> {
        let _ = query;
        unimplemented!()
    }
}
