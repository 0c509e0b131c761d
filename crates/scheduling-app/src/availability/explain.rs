//! Why is a start not offered, and why can each host not take it? For the members of the workspace.

use chrono::{DateTime, TimeDelta, Utc};
use scheduling_core::calendar::BusySource;
use scheduling_core::directory::Person;
use scheduling_core::event_type::{EventType, SlotRules};
use scheduling_core::ids::{EventTypeId, TimeOffId, UserId};
use scheduling_core::ports::StorageError;
use scheduling_core::slots::{self, Unavailability};
use scheduling_core::text::Title;
use scheduling_core::time::{Interval, Length};
use scheduling_core::time_off::{TimeOff, TimeOffScope};
use thiserror::Error;

use super::explain_slot::explanation;
use super::pages::people;
use super::reading::Question;
use crate::Scheduling;
use crate::actor::Actor;

/// Asks why a start of an event type is, or is not, offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExplainStart {
    /// The event type. It need not be bookable.
    pub event_type: EventTypeId,
    /// The start.
    pub start: DateTime<Utc>,
    /// How long the meeting is to last; the event type's default where nothing is said.
    pub duration: Option<Length>,
}

/// A start with everything that speaks against it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedStart {
    /// The event type. What its status forbids is not among the reasons.
    pub event_type: EventType,
    /// When the meeting would start.
    pub start: DateTime<Utc>,
    /// When it would end.
    pub end: DateTime<Utc>,
    /// What speaks against the start whoever hosts. Empty when it is offered.
    pub reasons: Vec<Unavailability>,
    /// How many seats are left; only for group sessions that are offered.
    pub seats_left: Option<u32>,
    /// The hosts, in roster order.
    pub hosts: Vec<ExplainedHost>,
}

/// What keeps a host from taking a start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedHost {
    /// Who.
    pub person: Person,
    /// In which of the event type's host groups, from 0.
    pub group: usize,
    /// What speaks against it. Empty when the host can take it.
    pub reasons: Vec<Unavailability>,
    /// The time off that is in the way.
    pub time_off: Vec<TimeOffInTheWay>,
    /// Whether something of the host's hours or time off cannot be read, so that he is not offered. The log says what.
    pub unreadable: bool,
}

/// Time off that is in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeOffInTheWay {
    /// Which; given with its title.
    pub id: Option<TimeOffId>,
    /// What it is, where the asker may know: of others' own time off, the title is theirs.
    pub title: Option<Title>,
    /// When.
    pub interval: Interval,
}

/// Why nothing was explained.
#[derive(Debug, Error)]
pub enum ExplainError {
    /// There is no such event type, or it is none of the actor's business.
    #[error("there is no such event type")]
    NotFound,
    /// The event type does not offer the duration.
    #[error("the event type has no such duration")]
    NoSuchDuration,
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Scheduling {
    /// Explains a start of an event type to a member of its workspace, host by host.
    ///
    /// # Errors
    /// [`ExplainError`].
    pub async fn explain(
        &self,
        actor: &Actor,
        query: &ExplainStart,
    ) -> Result<ExplainedStart, ExplainError> {
        let mut work = self.ports().storage.begin_read().await?;
        let now = self.ports().clock.now();
        let event_type = work.event_types().get(query.event_type).await?;
        let event_type = event_type
            .filter(|event_type| actor.sees(event_type.workspace).is_ok())
            .ok_or(ExplainError::NotFound)?;
        let question = Question::new(&event_type, query.duration, now);
        let question = question.ok_or(ExplainError::NoSuchDuration)?;
        let rules = question.rules.clone().into_owned();
        let start = query.start;
        let end = start.checked_add_signed(rules.duration.delta());
        let end = end.unwrap_or(DateTime::<Utc>::MAX_UTC);
        let (time, explanation) = explanation(&mut *work, &question, start).await?;
        let soon = start.checked_add_signed(TimeDelta::seconds(1));
        let seats_left = time
            .request(&question, start, soon.unwrap_or(start))
            .ok()
            .and_then(|request| slots::find(&request).at(start)?.seats_left);
        let people = people(&mut *work, &time.roster).await?;

        let groups = event_type.hosting.groups().iter().enumerate();
        let groups = groups.flat_map(|(group, hosts)| hosts.hosts.iter().map(move |_| group));
        let mut hosts = Vec::with_capacity(time.roster.len());
        for ((host, group), reasons) in time.roster.iter().zip(groups).zip(explanation.hosts) {
            let Some(person) = people.get(host) else {
                continue;
            };
            let is_off = reasons.iter().any(|reason| {
                matches!(
                    reason,
                    Unavailability::Busy(BusySource::TimeOff) | Unavailability::Buffer
                )
            });
            let time_off = if is_off {
                in_the_way(actor, *host, time.time_off(), &rules, start, end)
            } else {
                Vec::new()
            };
            hosts.push(ExplainedHost {
                person: person.clone(),
                group,
                reasons,
                time_off,
                unreadable: time.is_unreadable(*host),
            });
        }
        Ok(ExplainedStart {
            start,
            end,
            reasons: explanation.start,
            seats_left,
            hosts,
            event_type,
        })
    }
}

/// The time off that a meeting and its buffers would overlap, as the asker may see it.
fn in_the_way(
    actor: &Actor,
    host: UserId,
    time_off: &[(TimeOff, Vec<Interval>)],
    rules: &SlotRules,
    start: DateTime<Utc>,
    end: DateTime<Utc>,
) -> Vec<TimeOffInTheWay> {
    let Ok(meeting) = Interval::new(start, end) else {
        return Vec::new();
    };
    let needed = meeting.widen(rules.buffers.before, rules.buffers.after);
    let mut found = Vec::new();
    for (off, intervals) in time_off {
        let (concerned, may_know) = match off.scope {
            TimeOffScope::Person(person) => (person == host, actor.user() == Some(person)),
            TimeOffScope::Workspace | TimeOffScope::EventType(_) => (true, true),
        };
        let may_know = may_know || matches!(actor, Actor::System);
        let clashing = intervals
            .iter()
            .filter(|interval| interval.overlaps(&needed));
        found.extend(
            clashing
                .filter(|_| concerned)
                .map(|interval| TimeOffInTheWay {
                    id: may_know.then_some(off.id),
                    title: off.title.clone().filter(|_| may_know || off.visible),
                    interval: *interval,
                }),
        );
    }
    found.sort_by_key(|off| (off.interval, off.id));
    found
}

#[cfg(test)]
mod tests;
