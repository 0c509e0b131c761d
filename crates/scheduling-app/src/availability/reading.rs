//! Reads what the engine needs to know of an event type and its hosts. Everything that finds, explains, holds, books or
//! moves goes through here, so that they cannot disagree.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::mem;

use chrono::{DateTime, TimeDelta, Utc};
use scheduling_core::assignment::RotationLedger;
use scheduling_core::event_type::{AssignmentKind, EventType, HostGroup, SlotRules};
use scheduling_core::ids::{BookingLinkId, UserId};
use scheduling_core::ports::{
    Revisions, SlotFacts, SlotQuery, SlotSources, StorageError, UnitOfWork,
};
use scheduling_core::schedule::ScheduleOwner;
use scheduling_core::slots::{HostTime, SlotRequest, SlotRequestError};
use scheduling_core::time::{Interval, Length};
use scheduling_core::time_off::TimeOff;

use super::hours::{self, Hours, log_missing};
use super::taken::{Apart, Asking, Taken};
use crate::manage::log_unreadable;

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
    link: Option<BookingLinkId>,
    rotation: bool,
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
            link: None,
            rotation: false,
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

    /// Asks for what booking needs to know besides: the event type's ledger, where a rotation chooses its hosts, and
    /// whether the further link is still as it was read.
    pub(crate) fn with_link(mut self, link: Option<BookingLinkId>) -> Self {
        self.link = link;
        self.rotation = self.event_type.hosting.kind() == AssignmentKind::RoundRobin;
        self
    }

    /// What must be asked of the storage to know about starts from `from` up to `to`.
    pub(crate) fn query(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> SlotQuery {
        let event_type = self.event_type;
        let hosts: Vec<UserId> = event_type.hosting.roster().collect();
        let (schedules, owners) = hours::asked(event_type, &hosts);
        SlotQuery {
            sources: SlotSources {
                workspace: event_type.workspace,
                event_type: event_type.id,
                link: self.link,
                hosts,
            },
            schedules,
            owners,
            within: reads_around(&self.rules, from, to),
            rotation: self.rotation,
            key: None,
        }
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
    revisions: Revisions,
    ledger: RotationLedger<UserId>,
}

/// What damaged rows are about. They do not say so themselves; asking for one owner, or one host, at a time does.
#[derive(Default)]
struct Damage {
    /// Whose default schedule cannot be read.
    defaults: BTreeSet<ScheduleOwner>,
    /// Who has time off that cannot be read.
    time_off: BTreeSet<UserId>,
}

impl Damage {
    async fn find(
        work: &mut dyn UnitOfWork,
        query: &SlotQuery,
        facts: &SlotFacts,
    ) -> Result<Self, StorageError> {
        let mut damage = Self::default();
        if !facts.defaults.unreadable.is_empty() {
            for owner in &query.owners {
                let one = work.schedules().defaults(&[*owner]).await?;
                if !one.unreadable.is_empty() {
                    damage.defaults.insert(*owner);
                }
            }
        }
        if !facts.time_off.unreadable.is_empty() {
            let (workspace, event_type) = (query.sources.workspace, query.sources.event_type);
            for host in &query.sources.hosts {
                let off = work.time_off();
                let his = off.concerning(&[*host], workspace, event_type).await?;
                if !his.unreadable.is_empty() {
                    damage.time_off.insert(*host);
                }
            }
        }
        Ok(damage)
    }
}

impl HostsTime {
    /// Reads hours, and what takes the hosts' time around starts from `from` up to `to`.
    pub(crate) async fn read(
        work: &mut dyn UnitOfWork,
        question: &Question<'_>,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<Self, StorageError> {
        let query = question.query(from, to);
        let facts = work.slot_facts(&query).await?;
        let damage = Damage::find(work, &query, &facts).await?;
        Self::put_together(question, query, facts, &damage)
    }

    /// The same, of what was read before in answer to a [query](Question::query). `None` where some of it could not be
    /// read: then it must be asked for in a transaction, which finds out whom that concerns.
    pub(crate) fn of(
        question: &Question<'_>,
        query: SlotQuery,
        facts: SlotFacts,
    ) -> Result<Option<Self>, StorageError> {
        if !facts.is_whole() {
            return Ok(None);
        }
        Self::put_together(question, query, facts, &Damage::default()).map(Some)
    }

    fn put_together(
        question: &Question<'_>,
        query: SlotQuery,
        mut facts: SlotFacts,
        damage: &Damage,
    ) -> Result<Self, StorageError> {
        let (revisions, ledger) = (facts.revisions, mem::take(&mut facts.ledger));
        let event_type = question.event_type;
        let roster = query.sources.hosts;
        log_missing(&query.schedules, &facts.named);
        log_unreadable(&facts.defaults.unreadable);
        log_unreadable(&facts.time_off.unreadable);
        let (named, defaults) = (&facts.named.found, &facts.defaults.found);
        let hours = Hours::of(event_type, &roster, named, defaults, &damage.defaults)?;
        let taken = match query.within {
            Some(within) => {
                let asking = Asking {
                    event_type,
                    roster: &roster,
                    within,
                    now: question.clock,
                    apart: question.apart,
                };
                Taken::of(asking, facts, &damage.time_off)
            }
            None => Taken::default(),
        };
        Ok(Self {
            roster,
            hours,
            taken,
            revisions,
            ledger,
        })
    }

    /// When something that takes time now gives it back by itself, if anything does.
    pub(crate) fn next_expiry(&self) -> Option<DateTime<Utc>> {
        self.taken.next_expiry
    }

    /// The revisions of what it was read from.
    pub(crate) fn revisions(&self) -> Revisions {
        self.revisions
    }

    /// The event type's ledger, where the question [asked](Question::with_link) for it.
    pub(crate) fn ledger(&self) -> &RotationLedger<UserId> {
        &self.ledger
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
