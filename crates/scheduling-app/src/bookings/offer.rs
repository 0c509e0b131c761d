//! Is a start offered, and who takes it? The same for a hold, a booking and a move.

use std::borrow::Cow;

use chrono::{DateTime, TimeDelta, Utc};
use scheduling_core::assignment::{Assignment, NoHost, RotationLedger, assign};
use scheduling_core::event_type::{AssignmentKind, BookingWindow, Buffers, EventType, SlotRules};
use scheduling_core::ids::{SessionId, UserId};
use scheduling_core::ports::{IdSource, Revisions, SlotFacts, SlotQuery, StorageError, UnitOfWork};
use scheduling_core::slots::{self, Explanation, Unavailability};
use scheduling_core::time::{Interval, Minutes};
use thiserror::Error;
use tracing::warn;

use super::attempts::Refusal;
use crate::Scheduling;
use crate::availability::{FindError, HostsTime, Question, nearest_starts};

/// Why a start cannot be taken.
#[derive(Debug, Error)]
pub(super) enum OfferError {
    /// It is not offered.
    #[error("the slot is not available")]
    NotOffered {
        /// What speaks against it, without duplicates: the start's own reasons, then the hosts'.
        reasons: Vec<Unavailability>,
        /// Whether it would be offered if nobody had booked: then somebody else has the time.
        taken: bool,
    },
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl OfferError {
    /// A refusal that is nobody's booking.
    fn because(reason: Unavailability) -> Self {
        Self::NotOffered {
            reasons: vec![reason],
            taken: false,
        }
    }
}

impl Refusal for OfferError {
    fn storage(&self) -> Option<&StorageError> {
        match self {
            Self::Storage(error) => Some(error),
            Self::NotOffered { .. } => None,
        }
    }
}

/// A start that is offered, and who can take it.
pub(super) struct Offer {
    pub(super) interval: Interval,
    pub(super) eligible: Vec<UserId>,
    time: HostsTime,
}

/// How many other starts a refusal names.
const ALTERNATIVES: usize = 3;

/// The rules for a host who books or moves: neither minimum notice nor booking window hold him back.
pub(super) fn for_hosts(rules: &SlotRules) -> SlotRules {
    SlotRules {
        minimum_notice: Minutes(0),
        booking_window: BookingWindow::Open,
        ..rules.clone()
    }
}

/// The meeting that begins at a start; `None` at the end of time.
pub(super) fn meeting(rules: &SlotRules, start: DateTime<Utc>) -> Option<Interval> {
    let end = start.checked_add_signed(rules.duration.delta())?;
    Interval::new(start, end).ok()
}

/// Asks the engine whether the start is offered, by the same rules as the page.
pub(super) async fn offer(
    work: &mut dyn UnitOfWork,
    question: &Question<'_>,
    start: DateTime<Utc>,
) -> Result<Offer, OfferError> {
    let (_, to) = this_start(question, start)?;
    let time = HostsTime::read(work, question, start, to).await?;
    judge(question, start, time)
}

/// Asks the engine the same of what was read before.
fn judge(
    question: &Question<'_>,
    start: DateTime<Utc>,
    time: HostsTime,
) -> Result<Offer, OfferError> {
    let (interval, to) = this_start(question, start)?;
    let request = time
        .request(question, start, to)
        .map_err(|error| StorageError::Other(error.into()))?;
    let slots = slots::find(&request);
    let Some(slot) = slots.at(start) else {
        let explanation = slots::explain(&request, start);
        return Err(OfferError::NotOffered {
            taken: is_taken(question.event_type, &explanation),
            reasons: reasons(&explanation),
        });
    };
    let places = slot.hosts.iter();
    let eligible = places.filter_map(|p| time.roster.get(p).copied()).collect();
    Ok(Offer {
        interval,
        eligible,
        time,
    })
}

/// The meeting, and the end of a range that holds this one start.
fn this_start(
    question: &Question<'_>,
    start: DateTime<Utc>,
) -> Result<(Interval, DateTime<Utc>), OfferError> {
    // The end of time is on nobody's grid.
    let interval = meeting(&question.rules, start);
    let interval = interval.ok_or_else(|| OfferError::because(Unavailability::OffGrid))?;
    Ok((
        interval,
        start + TimeDelta::seconds(1).min(interval.length()),
    ))
}

impl Offer {
    /// What must be asked of the storage about a start.
    pub(super) fn query(
        question: &Question<'_>,
        start: DateTime<Utc>,
    ) -> Result<SlotQuery, OfferError> {
        let (_, to) = this_start(question, start)?;
        Ok(question.query(start, to))
    }

    /// Judges a start by what was answered. `None` where some of that could not be read.
    pub(super) fn of(
        question: &Question<'_>,
        start: DateTime<Utc>,
        query: SlotQuery,
        facts: SlotFacts,
    ) -> Result<Option<Self>, OfferError> {
        match HostsTime::of(question, query, facts)? {
            Some(time) => judge(question, start, time).map(Some),
            None => Ok(None),
        }
    }

    /// The revisions of what it was judged by.
    pub(super) fn revisions(&self) -> Revisions {
        self.time.revisions()
    }

    /// The event type's ledger, where the question asked for it.
    pub(super) fn ledger(&self) -> RotationLedger<UserId> {
        self.time.ledger().clone()
    }

    /// Judges the start once more, by the same time of the hosts and another instant.
    pub(super) fn again(
        self,
        question: &Question<'_>,
        start: DateTime<Utc>,
    ) -> Result<Self, OfferError> {
        judge(question, start, self.time)
    }

    /// Whether holds that have expired still have claims there.
    pub(super) fn has_lapsed_holds(&self) -> bool {
        self.time.has_lapsed_holds()
    }
}

/// Chooses the hosts among those who can take the start, and steps the rotation if that chose.
pub(super) async fn appoint(
    work: &mut dyn UnitOfWork,
    event_type: &EventType,
    offer: &Offer,
    held: Option<&[UserId]>,
) -> Result<Assignment, OfferError> {
    let mut ledger = rotation_of(work, event_type).await?;
    let assignment = choose_hosts(event_type, offer, held, &mut ledger)?;
    if assignment.rotation.is_some() {
        work.rotation().store(event_type.id, &ledger).await?;
    }
    Ok(assignment)
}

/// The event type's ledger, where a rotation chooses its hosts.
pub(super) async fn rotation_of(
    work: &mut dyn UnitOfWork,
    event_type: &EventType,
) -> Result<RotationLedger<UserId>, StorageError> {
    if event_type.hosting.kind() == AssignmentKind::RoundRobin {
        work.rotation().ledger(event_type.id).await
    } else {
        Ok(RotationLedger::default())
    }
}

/// Chooses the hosts among those who can take the start, and steps the ledger if that chose: then the assignment has a step.
///
/// Where a hold kept the slot, its hosts are chosen. The rotation is stepped for them all the same, among everyone who
/// can take the start: whoever the hold named pays for it, as if the rotation had chosen him just now.
pub(super) fn choose_hosts(
    event_type: &EventType,
    offer: &Offer,
    held: Option<&[UserId]>,
    ledger: &mut RotationLedger<UserId>,
) -> Result<Assignment, OfferError> {
    let nobody = || OfferError::because(Unavailability::NotEnoughHosts);
    if let Some(held) = held {
        let chosen = choose(event_type, &only(held, &offer.eligible)).map_err(|NoHost| nobody())?;
        if chosen != held {
            return Err(nobody());
        }
    }
    if event_type.hosting.kind() != AssignmentKind::RoundRobin {
        let able = held.unwrap_or(&offer.eligible);
        let hosts = choose(event_type, able).map_err(|NoHost| nobody())?;
        return Ok(Assignment {
            hosts,
            rotation: None,
        });
    }
    let mut candidates = held.unwrap_or(&offer.eligible).iter().copied();
    let joined = candidates.find(|host| offer.time.has_session(*host, offer.interval));
    if let Some(host) = joined.filter(|h| offer.time.has_booked_session(*h, offer.interval)) {
        // Who joins a session that runs anyway costs its host nothing: no step of the rotation.
        return Ok(Assignment {
            hosts: vec![host],
            rotation: None,
        });
    }
    // A session in which seats are only held begins with this booking: its host pays for it.
    let joined = joined.as_ref().map(std::slice::from_ref);
    let mut assignment =
        assign(&event_type.hosting, &offer.eligible, ledger).map_err(|NoHost| nobody())?;
    if let (Some(&[host]), Some(step)) = (held.or(joined), assignment.rotation.as_mut())
        && step.winner != host
    {
        ledger
            .reassign(step, &host)
            .map_err(|error| StorageError::Other(error.into()))?;
        assignment.hosts = vec![host];
    }
    Ok(assignment)
}

/// Who would be chosen, without a step of the rotation.
pub(super) async fn foresee(
    work: &mut dyn UnitOfWork,
    event_type: &EventType,
    offer: &Offer,
) -> Result<Vec<UserId>, OfferError> {
    let rotates = event_type.hosting.kind() == AssignmentKind::RoundRobin;
    let mut in_session = offer.eligible.iter().copied();
    if rotates
        && let Some(host) = in_session.find(|host| offer.time.has_session(*host, offer.interval))
    {
        return Ok(vec![host]);
    }
    let mut ledger = rotation_of(work, event_type).await?;
    assign(&event_type.hosting, &offer.eligible, &mut ledger)
        .map(|assignment| assignment.hosts)
        .map_err(|NoHost| OfferError::because(Unavailability::NotEnoughHosts))
}

/// Those of `hosts` who host the booking already, if they alone can take it at its new time.
pub(super) fn stay(event_type: &EventType, hosts: &[UserId], offer: &Offer) -> Option<Vec<UserId>> {
    choose(event_type, &only(hosts, &offer.eligible)).ok()
}

/// Chooses by the event type's rule, with a rotation that begins.
fn choose(event_type: &EventType, able: &[UserId]) -> Result<Vec<UserId>, NoHost> {
    let mut ledger = RotationLedger::default();
    assign(&event_type.hosting, able, &mut ledger).map(|assignment| assignment.hosts)
}

fn only(hosts: &[UserId], eligible: &[UserId]) -> Vec<UserId> {
    let both = hosts.iter().filter(|host| eligible.contains(host));
    both.copied().collect()
}

/// Gives each host his part: for an event type with seats, a seat in his session.
pub(super) async fn seat(
    work: &mut dyn UnitOfWork,
    ids: &dyn IdSource,
    event_type: &EventType,
    buffers: Buffers,
    interval: Interval,
    hosts: &[UserId],
) -> Result<Vec<(UserId, Option<SessionId>)>, StorageError> {
    let mut seated = Vec::with_capacity(hosts.len());
    for host in hosts.iter().copied() {
        let session = if event_type.rules.capacity.is_group() {
            let new_id = SessionId::generate(ids);
            let session = work
                .sessions()
                .take_seat(new_id, event_type, host, interval, buffers)
                .await?;
            Some(session)
        } else {
            None
        };
        seated.push((host, session));
    }
    Ok(seated)
}

impl Scheduling {
    /// Starts that can be taken instead, the nearest first, but not where a booking is that is to move. They are a
    /// courtesy: if they cannot be found, a refusal goes out without them.
    pub(super) async fn alternatives(
        &self,
        work: &mut dyn UnitOfWork,
        question: &Question<'_>,
        wanted: DateTime<Utc>,
        moving: Option<Interval>,
    ) -> Vec<DateTime<Utc>> {
        let count = ALTERNATIVES + usize::from(moving.is_some());
        let found = nearest_starts(work, question, wanted, count).await;
        let mut found = found.unwrap_or_else(|error: FindError| {
            warn!(
                error = &error as &dyn std::error::Error,
                "Found no alternatives"
            );
            Vec::new()
        });
        found.retain(|start| moving.is_none() || meeting(&question.rules, *start) != moving);
        found.truncate(ALTERNATIVES);
        found
    }
}

/// The question as a host may ask it, or as everybody may.
pub(super) fn asked_by<'a>(question: Question<'a>, is_host: bool) -> Question<'a> {
    if is_host {
        let rules: Cow<'a, SlotRules> = question.rules.clone();
        question.with_rules(for_hosts(&rules))
    } else {
        question
    }
}

/// Whether every group would find its hosts if nobody had booked. A limit that other bookings have reached comes with
/// them; alone it is no sign that this very time is taken.
fn is_taken(event_type: &EventType, explanation: &Explanation) -> bool {
    use Unavailability as U;

    let others_have_it = |reasons: &Vec<U>| {
        let has = |r: &U| matches!(r, U::Booked | U::Buffer | U::Busy(_));
        let goes_with_it = |r: &U| has(r) || matches!(r, U::LimitReached(_));
        reasons.is_empty() || (reasons.iter().any(has) && reasons.iter().all(goes_with_it))
    };
    let mut hosts = explanation.hosts.iter();
    let groups_would_do = event_type.hosting.groups().iter().all(|group| {
        let able = hosts.by_ref().take(group.hosts.len());
        able.filter(|reasons| others_have_it(reasons)).count()
            >= group.required.count(group.hosts.len())
    });
    groups_would_do && explanation.start.iter().all(|r| *r == U::NotEnoughHosts)
}

/// The start's own reasons, then the hosts', each once.
fn reasons(explanation: &Explanation) -> Vec<Unavailability> {
    let mut reasons = Vec::new();
    for reason in explanation
        .start
        .iter()
        .chain(explanation.hosts.iter().flatten())
    {
        if !reasons.contains(reason) {
            reasons.push(*reason);
        }
    }
    if reasons.is_empty() {
        // Between two candidate starts by less than a second.
        reasons.push(Unavailability::OffGrid);
    }
    reasons
}
