//! Why is a start not offered?

use chrono::{DateTime, TimeDelta, Utc};
use scheduling_core::ids::UserId;
use scheduling_core::ports::{StorageError, UnitOfWork};
use scheduling_core::slots::{self, Explanation};
use scheduling_core::text::Slug;
use scheduling_core::time::Length;

use super::FindError;
use super::bookable::bookable;
use super::reading::{HostsTime, Question};
use crate::Scheduling;

/// Asks why a start is, or is not, offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainSlot {
    /// The workspace.
    pub workspace: Slug,
    /// Its event type, or a further link to one.
    pub event_type: Slug,
    /// The start.
    pub start: DateTime<Utc>,
    /// How long the meeting is to last; the event type's default where nothing is said.
    pub duration: Option<Length>,
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
    /// Explains a start to whoever runs the server, without asking who that is. For members there is
    /// [`explain`](Self::explain).
    ///
    /// # Errors
    /// [`FindError`].
    pub async fn explain_slot(&self, query: &ExplainSlot) -> Result<ExplainedSlot, FindError> {
        let mut work = self.ports().storage.begin_read().await?;
        let now = self.ports().clock.now();
        let found = bookable(&mut *work, now, &query.workspace, &query.event_type).await?;
        let question = Question::new(&found.event_type, query.duration, now);
        let question = question.ok_or(FindError::NoSuchDuration)?;
        let (time, explanation) = explanation(&mut *work, &question, query.start).await?;
        Ok(ExplainedSlot {
            explanation,
            roster: time.roster,
        })
    }
}

/// What speaks against a start, and the time of its hosts, as it was read.
pub(super) async fn explanation(
    work: &mut dyn UnitOfWork,
    question: &Question<'_>,
    start: DateTime<Utc>,
) -> Result<(HostsTime, Explanation), StorageError> {
    let to = start.checked_add_signed(TimeDelta::seconds(1));
    let to = to.unwrap_or(start);
    let time = HostsTime::read(work, question, start, to).await?;
    let request = time.request(question, start, to);
    let request = request.map_err(|error| StorageError::Other(error.into()))?;
    let explanation = slots::explain(&request, start);
    Ok((time, explanation))
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
