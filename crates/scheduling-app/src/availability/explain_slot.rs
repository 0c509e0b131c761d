//! Why is a start not offered?

use chrono::{DateTime, TimeDelta, Utc};
use scheduling_core::ids::UserId;
use scheduling_core::slots::{self, Explanation};
use scheduling_core::text::Slug;

use super::{FindError, HostsTime, bookable, reads_around};
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
        let mut work = self.ports().storage.begin_read().await?;
        let now = self.ports().clock.now();
        let (_, event_type) = bookable(&mut *work, &query.workspace, &query.event_type)
            .await?
            .ok_or(FindError::NotFound)?;
        let end = query.start.checked_add_signed(TimeDelta::seconds(1));
        let end = end.unwrap_or(query.start);
        let within = reads_around(&event_type, query.start, end);
        let time = HostsTime::read(&mut *work, &event_type, within).await?;
        let request = time.request(&event_type, now, query.start, end)?;
        let explanation = slots::explain(&request, query.start);
        Ok(ExplainedSlot {
            explanation,
            roster: time.roster,
        })
    }
}
