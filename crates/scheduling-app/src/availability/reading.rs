//! Reads what the engine needs to know of an event type and its hosts. Everything that finds, explains, holds, books or
//! moves goes through here, so that they cannot disagree.

use std::borrow::Cow;

use chrono::{DateTime, TimeDelta, Utc};
use scheduling_core::event_type::{EventType, HostGroup, SlotRules};
use scheduling_core::ids::UserId;
use scheduling_core::ports::{StorageError, UnitOfWork};
use scheduling_core::slots::{HostTime, SlotRequest, SlotRequestError};
use scheduling_core::time::{Interval, Length};
use scheduling_core::time_off::TimeOff;

use super::hours::Hours;
use super::taken::{Apart, Taken};

/// What is asked about an event type, the range aside.
#[derive(Debug, Clone)]
pub(crate) struct Question<'a> {
    /// The event type.
    pub(crate) event_type: &'a EventType,
    /// The rules of the duration that is asked about.
    pub(crate) rules: Cow<'a, SlotRules>,
    /// The instant by which notice and booking window are judged.
    pub(crate) now: DateTime<Utc>,
    /// The instant at which holds have expired or not.
    clock: DateTime<Utc>,
    apart: Apart<'a>,
}

impl<'a> Question<'a> {
    /// Asks about a duration, the default where none is given. `None` when the event type does not offer it.
    pub(crate) fn new(
        event_type: &'a EventType,
        duration: Option<Length>,
        now: DateTime<Utc>,
    ) -> Option<Self> {
        Some(Self {
            event_type,
            rules: event_type.rules_for(duration)?,
            now,
            clock: now,
            apart: Apart::default(),
        })
    }

    /// Asks as somebody for whom something does not stand in the way.
    pub(crate) fn with_apart(mut self, apart: Apart<'a>) -> Self {
        self.apart = apart;
        self
    }

    /// Asks by other rules, such as without a minimum notice.
    pub(crate) fn with_rules(mut self, rules: SlotRules) -> Self {
        self.rules = Cow::Owned(rules);
        self
    }

    /// Judges by `now` which holds have expired, whatever instant notice is judged by.
    pub(crate) fn at_clock(mut self, now: DateTime<Utc>) -> Self {
        self.clock = now;
        self
    }
}

/// What must be read to know about starts from `from` up to `to`: the meetings with their buffers, and the periods
/// that limits count in. `None` when there is no start in between.
fn reads_around(rules: &SlotRules, from: DateTime<Utc>, to: DateTime<Utc>) -> Option<Interval> {
    // Local days, weeks and months begin this much before a start in them, at most, clock changes included.
    let period = if rules.limits.per_month.is_some() {
        TimeDelta::days(32)
    } else if rules.limits.per_week.is_some() {
        TimeDelta::days(8)
    } else if rules.limits.per_day.is_some() {
        TimeDelta::days(2)
    } else {
        TimeDelta::zero()
    };
    if from >= to {
        return None;
    }
    let start = from
        .checked_sub_signed(period)
        .unwrap_or(DateTime::<Utc>::MIN_UTC);
    let end = to
        .checked_add_signed(period.max(rules.duration.delta()))
        .unwrap_or(DateTime::<Utc>::MAX_UTC);
    let reads = Interval::new(start, end).ok()?;
    Some(reads.widen(rules.buffers.before, rules.buffers.after))
}

/// What is known of the time of an event type's hosts.
#[derive(Debug)]
pub(crate) struct HostsTime {
    /// The hosts in roster order: the places that slots name.
    pub(crate) roster: Vec<UserId>,
    hours: Hours,
    taken: Taken,
}

impl HostsTime {
    /// Reads hours, and what takes the hosts' time around starts from `from` up to `to`.
    pub(crate) async fn read(
        work: &mut dyn UnitOfWork,
        question: &Question<'_>,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<Self, StorageError> {
        let event_type = question.event_type;
        let roster: Vec<UserId> = event_type.hosting.roster().collect();
        let hours = Hours::read(work, event_type, &roster).await?;
        let taken = match reads_around(&question.rules, from, to) {
            Some(within) => {
                let (clock, apart) = (question.clock, question.apart);
                Taken::read(work, event_type, &roster, within, clock, apart).await?
            }
            None => Taken::default(),
        };
        Ok(Self {
            roster,
            hours,
            taken,
        })
    }

    /// When something that takes time now gives it back by itself, if anything does.
    pub(crate) fn next_expiry(&self) -> Option<DateTime<Utc>> {
        self.taken.next_expiry
    }

    /// Whether there are holds that have expired, and take nothing, but still have their claims.
    pub(crate) fn has_lapsed_holds(&self) -> bool {
        self.taken.has_lapsed_holds
    }

    /// The question to the engine.
    pub(crate) fn request<'a>(
        &'a self,
        question: &'a Question<'_>,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<SlotRequest<'a>, SlotRequestError> {
        let hosts = self
            .roster
            .iter()
            .map(|host| HostTime {
                availability: self.hours.of_host(*host),
                busy: self.taken.busy.get(host).map_or(&[], Vec::as_slice),
                reservations: self.taken.reservations.get(host).map_or(&[], Vec::as_slice),
            })
            .collect();
        // The roster is the groups' hosts, one group after the other.
        let mut places = 0..;
        let groups = question
            .event_type
            .hosting
            .groups()
            .iter()
            .map(|group| HostGroup {
                hosts: places.by_ref().take(group.hosts.len()).collect(),
                required: group.required,
            })
            .collect();
        let own_hours = self.hours.of_event_type(question.event_type);
        SlotRequest::new(
            question.now,
            from,
            to,
            &question.rules,
            own_hours,
            groups,
            hosts,
        )
    }

    /// Whether the host has a session of this event type at exactly this interval.
    pub(crate) fn has_session(&self, host: UserId, interval: Interval) -> bool {
        self.taken.reservations.get(&host).is_some_and(|all| {
            all.iter()
                .any(|r| r.this_event_type && r.interval == interval)
        })
    }

    /// Whether somebody has booked a seat in that session; otherwise seats are only held.
    pub(crate) fn has_booked_session(&self, host: UserId, interval: Interval) -> bool {
        self.taken.booked_sessions.contains(&(host, interval))
    }

    /// The time off that could be read, with what it takes.
    pub(super) fn time_off(&self) -> &[(TimeOff, Vec<Interval>)] {
        &self.taken.time_off
    }

    /// Whether something of the host's time cannot be read, so that he is not offered.
    pub(super) fn is_unreadable(&self, host: UserId) -> bool {
        self.hours.is_unreadable(host) || self.taken.unreadable.contains(&host)
    }
}

#[cfg(test)]
mod tests;
