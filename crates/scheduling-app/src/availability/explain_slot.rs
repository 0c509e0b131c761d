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

#[cfg(test)]
mod tests {
    use crate::testing::World;

    #[tokio::test]
    async fn every_reason_is_named_host_by_host() {
        let world = World::new(
            "host ann UTC 09:00-12:00
             host bob UTC 10:00-12:00
             busy ann 24T09:30 30
             event pool 30 all:ann,bob",
        )
        .await;
        insta::assert_snapshot!(world.explain("pool", "24T09:30").await,
            @"[NotEnoughHosts] ann [Busy(Calendar)] bob [OutsideHostHours]");
        insta::assert_snapshot!(world.explain("pool", "24T11:00").await, @"[] ann [] bob []");
    }

    #[tokio::test]
    async fn a_booking_and_its_buffer_are_told_apart() {
        let world = World::new(
            "host ann UTC 09:00-12:00
             event intro 30 ann buffers=0/10",
        )
        .await;
        world.booked("intro", "24T10:00").await;
        insta::assert_snapshot!(world.explain("intro", "24T10:00").await, @"[NotEnoughHosts] ann [Booked]");
        insta::assert_snapshot!(world.explain("intro", "24T10:30").await, @"[NotEnoughHosts] ann [Buffer]");
        insta::assert_snapshot!(world.explain("intro", "24T09:30").await, @"[NotEnoughHosts] ann [Buffer]");
    }

    #[tokio::test]
    async fn an_unknown_event_type_is_not_found() {
        let world = World::new("").await;
        assert_eq!(
            world.explain("nothing", "24T10:00").await,
            "! there is no such event type"
        );
    }
}
