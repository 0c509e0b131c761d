//! Which starts of an event type are offered?

use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;
use scheduling_core::directory::Workspace;
use scheduling_core::event_type::{BookingLink, BookingWindow, EventType, SlotRules};
use scheduling_core::ids::UserId;
use scheduling_core::ports::{AnswerSource, SlotSources, StorageError, UnitOfWork};
use scheduling_core::slots::{self, SlotRequest, SlotRequestError, Slots};
use scheduling_core::text::Slug;
use scheduling_core::time::{Length, start_of_day};
use thiserror::Error;

use super::bookable::{Bookable, EndedLink, bookable};
use super::memory::Answer;
use super::reading::{HostsTime, Question};
use super::taken::Apart;
use crate::Scheduling;

/// Asks for the offered starts of an event type in a range.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FindSlots {
    /// The workspace.
    pub workspace: Slug,
    /// Its event type, or a further link to one.
    pub event_type: Slug,
    /// The first instant of the range.
    pub from: DateTime<Utc>,
    /// The first instant after it.
    pub to: DateTime<Utc>,
    /// How long the meeting is to last; the event type's default where nothing is said.
    pub duration: Option<Length>,
    /// SHA-256 of the token of a hold of one's own: what it keeps is offered to its holder.
    pub own_hold: Option<[u8; 32]>,
}

impl FindSlots {
    /// Asks about the default duration, without a hold.
    pub fn new(workspace: Slug, event_type: Slug, from: DateTime<Utc>, to: DateTime<Utc>) -> Self {
        Self {
            workspace,
            event_type,
            from,
            to,
            duration: None,
            own_hold: None,
        }
    }
}

/// The offered starts.
#[derive(Debug, Clone)]
pub struct FoundSlots {
    /// The workspace.
    pub workspace: Workspace,
    /// The event type, as the link shows it.
    pub event_type: EventType,
    /// The further link that led to it, if one did.
    pub link: Option<BookingLink>,
    /// How long the meetings last.
    pub duration: Length,
    /// The hosts, in roster order: the places that slots name.
    pub roster: Vec<UserId>,
    /// The starts.
    pub slots: Slots,
    /// When nothing is offered in the range: the first start after it, if there is one within the booking window and a year.
    pub next_available: Option<DateTime<Utc>>,
}

/// A slot of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OfferedSlot {
    /// When the meeting would start.
    pub start: DateTime<Utc>,
    /// When it would end.
    pub end: DateTime<Utc>,
    /// How many seats are left; only for group sessions.
    pub seats_left: Option<u32>,
}

/// A day with the slots that start on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotDay {
    /// The date.
    pub date: NaiveDate,
    /// Its slots, in order. Never empty.
    pub slots: Vec<OfferedSlot>,
}

impl FoundSlots {
    /// The slots by the dates on which they start in a zone, in order. Days without slots are left out.
    pub fn days(&self, timezone: Tz) -> Vec<SlotDay> {
        let mut days: Vec<SlotDay> = Vec::new();
        for slot in self.slots.iter() {
            let date = slot.start.with_timezone(&timezone).date_naive();
            let offered = OfferedSlot {
                start: slot.start,
                end: slot.start + self.duration.delta(),
                seats_left: slot.seats_left,
            };
            // A clock that goes back across midnight shows a date again.
            match days.iter_mut().rev().take(2).find(|day| day.date == date) {
                Some(day) => day.slots.push(offered),
                None => days.push(SlotDay {
                    date,
                    slots: vec![offered],
                }),
            }
        }
        days.sort_by_key(|day| day.date);
        days
    }
}

/// Why slots could not be found.
#[derive(Debug, Error)]
pub enum FindError {
    /// No such workspace, or it has no such event type that can be booked.
    #[error("there is no such event type")]
    NotFound,
    /// The further link has expired or is used up.
    #[error("the link leads nowhere any more")]
    LinkEnded(Box<EndedLink>),
    /// The event type does not offer the duration.
    #[error("the event type has no such duration")]
    NoSuchDuration,
    /// The range is too long.
    #[error(transparent)]
    Request(#[from] SlotRequestError),
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Scheduling {
    /// Finds the offered starts of an event type.
    ///
    /// The answer is kept in memory, and given again while nothing has changed that it is made of: two questions that are
    /// answered by the same `Arc` have the same answer. A change that was acknowledged before the call, by whatever process,
    /// is always seen.
    ///
    /// # Errors
    /// [`FindError`].
    pub async fn find_slots(&self, query: &FindSlots) -> Result<Arc<FoundSlots>, FindError> {
        check_range(query.from, query.to)?;
        let now = self.ports().clock.now();
        if !is_kept(query) {
            let answer = self.work_out_slots(query, now).await?;
            return Ok(answer.value);
        }
        let (memory, storage) = (self.slots_memory(), &*self.ports().storage);
        let mut known = memory.recall(storage, query, now).await?;
        let mut turn = None;
        if known.is_none() {
            turn = memory.turn(query).await;
            if turn.is_some() {
                known = memory.recall(storage, query, now).await?;
            }
        }
        if let Some(known) = known {
            self.observer().slots_answered(AnswerSource::Memory);
            return Ok(known);
        }
        let answer = self.work_out_slots(query, now).await?;
        let found = memory.keep(query, answer);
        drop(turn);
        Ok(found)
    }

    async fn work_out_slots(
        &self,
        query: &FindSlots,
        now: DateTime<Utc>,
    ) -> Result<Answer<FoundSlots>, FindError> {
        let begun = std::time::Instant::now();
        let mut work = self.ports().storage.begin_read().await?;
        let Bookable {
            workspace,
            event_type,
            link,
        } = bookable(&mut *work, now, &query.workspace, &query.event_type).await?;
        let hold = match &query.own_hold {
            Some(hash) => work.holds().by_token(hash).await?,
            None => None,
        };
        let apart = Apart {
            moving: None,
            hold: hold.as_ref(),
        };
        let question = Question::new(&event_type, query.duration, now);
        let question = question.ok_or(FindError::NoSuchDuration)?.with_apart(apart);
        let duration = question.rules.duration;
        let offered = offered(&mut *work, &question, query.from, query.to).await?;
        let sources = SlotSources {
            workspace: workspace.id,
            event_type: event_type.id,
            link: link.as_ref().map(|link| link.id),
            hosts: offered.roster.clone(),
        };
        let revisions = work.revisions(&sources).await?;
        let link_end = link.as_ref().and_then(|link| link.expires_at);
        let until = link_end.map_or(offered.until, |end| end.min(offered.until));
        // What is in it besides the slots differs little from one to the next.
        let bytes = 8192 + offered.slots.len() * 24 + offered.roster.len() * 48;
        let found = FoundSlots {
            workspace,
            link,
            duration,
            roster: offered.roster,
            slots: offered.slots,
            next_available: offered.next_available,
            event_type,
        };
        self.observer().slots_answered(AnswerSource::Computed);
        self.observer().slots_computed(begun.elapsed());
        Ok(Answer {
            value: Arc::new(found),
            sources,
            revisions,
            since: now,
            until,
            bytes,
        })
    }
}

/// Whether an answer is worth keeping: not what one guest sees because of his hold, nor whether a single start is offered.
fn is_kept(query: &FindSlots) -> bool {
    query.own_hold.is_none() && query.to.signed_duration_since(query.from) > TimeDelta::hours(1)
}

/// What is offered in a range.
#[derive(Debug, Clone)]
pub(crate) struct Offered {
    /// The hosts, in roster order.
    pub(crate) roster: Vec<UserId>,
    /// The starts.
    pub(crate) slots: Slots,
    /// When there is none in the range: the first one after it.
    pub(crate) next_available: Option<DateTime<Utc>>,
    /// The first instant at which something else may be offered though nothing is changed.
    pub(crate) until: DateTime<Utc>,
}

/// Finds what is offered in a range, and where it has nothing, the next start after it.
pub(crate) async fn offered(
    work: &mut dyn UnitOfWork,
    question: &Question<'_>,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<Offered, FindError> {
    check_range(from, to)?;
    // Nothing in the past is offered, so nothing of it is read.
    let from = from.max(question.now);
    let (roster, slots, mut expiry) = read_and_find(work, question, from, to).await?;
    let mut next_available = None;
    if slots.is_empty() {
        let (first, its_expiry) = first_start(work, question, to.max(question.now)).await?;
        next_available = first;
        expiry = expiry.into_iter().chain(its_expiry).min();
    }
    let first = slots.iter().next().map(|slot| slot.start);
    let until = holds_until(question, first.or(next_available), expiry);
    Ok(Offered {
        roster,
        slots,
        next_available,
        until,
    })
}

/// The first instant at which an answer may be another one by the mere passing of time: its first start comes too soon,
/// the date changes by which the booking window is judged, or a hold ends.
fn holds_until(
    question: &Question<'_>,
    first: Option<DateTime<Utc>>,
    expiry: Option<DateTime<Utc>>,
) -> DateTime<Utc> {
    let (rules, now) = (&question.rules, question.now);
    let zone = rules.timezone;
    let today = now.with_timezone(&zone).date_naive();
    let tomorrow = today.checked_add_days(Days::new(1));
    let midnight = tomorrow.map_or(now, |date| start_of_day(date, zone));
    // A start at exactly the notice from now is still offered.
    let too_soon = first
        .and_then(|start| start.checked_sub_signed(rules.minimum_notice.delta()))
        .map(|last| last + TimeDelta::microseconds(1));
    [Some(midnight), too_soon, expiry]
        .into_iter()
        .flatten()
        .min()
        .unwrap_or(now)
}

fn check_range(from: DateTime<Utc>, to: DateTime<Utc>) -> Result<(), SlotRequestError> {
    if to.signed_duration_since(from) > SlotRequest::MAX_RANGE {
        let max_days = SlotRequest::MAX_RANGE.num_days();
        return Err(SlotRequestError::RangeTooLong { max_days });
    }
    Ok(())
}

/// The hosts and the starts, and when the first hold that stands in the way of more ends.
async fn read_and_find(
    work: &mut dyn UnitOfWork,
    question: &Question<'_>,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<(Vec<UserId>, Slots, Option<DateTime<Utc>>), FindError> {
    let time = HostsTime::read(work, question, from, to).await?;
    let slots = slots::find(&time.request(question, from, to)?);
    let expiry = time.next_expiry();
    Ok((time.roster, slots, expiry))
}

/// How far ahead anything is looked for.
const HORIZON: TimeDelta = TimeDelta::days(366);

/// An instant after which nothing can be booked: a day or two after the booking window, or the horizon.
fn last_instant(rules: &SlotRules, now: DateTime<Utc>) -> DateTime<Utc> {
    let horizon = now.checked_add_signed(HORIZON).unwrap_or(now);
    let window_end = match rules.booking_window {
        BookingWindow::Open => None,
        // A zone's date is at most a day from UTC's.
        BookingWindow::RollingDays { days } => {
            now.checked_add_signed(TimeDelta::days(i64::from(days) + 2))
        }
        BookingWindow::Dates { to, .. } => to
            .and_time(NaiveTime::MIN)
            .and_utc()
            .checked_add_signed(TimeDelta::days(2)),
    };
    window_end.map_or(horizon, |end| end.min(horizon))
}

/// The first offered start from an instant on, and when the first hold ends that may stand in an earlier one's way. Most
/// hosts have one within weeks, so a year is read in growing pieces.
async fn first_start(
    work: &mut dyn UnitOfWork,
    question: &Question<'_>,
    from: DateTime<Utc>,
) -> Result<(Option<DateTime<Utc>>, Option<DateTime<Utc>>), FindError> {
    let end = last_instant(&question.rules, question.now);
    let (mut from, mut days) = (from, 35);
    let mut expiry = None;
    while from < end {
        let to = from
            .checked_add_signed(TimeDelta::days(days))
            .map_or(end, |to| to.min(end));
        let (_, slots, its_expiry) = read_and_find(work, question, from, to).await?;
        expiry = its_expiry.into_iter().chain(expiry).min();
        if let Some(slot) = slots.iter().next() {
            return Ok((Some(slot.start), expiry));
        }
        (from, days) = (to, days * 3);
    }
    Ok((None, expiry))
}

/// Up to `count` offered starts other than `wanted`, the nearest to it first, the earlier of two equally near ones
/// first. Looks at the half day around it, then the week, then two months, then as far as can be booked.
pub(crate) async fn nearest_starts(
    work: &mut dyn UnitOfWork,
    question: &Question<'_>,
    wanted: DateTime<Utc>,
    count: usize,
) -> Result<Vec<DateTime<Utc>>, FindError> {
    let now = question.now;
    let last = last_instant(&question.rules, now).max(now);
    let middle = wanted.clamp(now, last);
    let mut starts = Vec::new();
    for reach in [
        TimeDelta::hours(12),
        TimeDelta::days(7),
        TimeDelta::days(60),
        HORIZON,
    ] {
        let from = middle.checked_sub_signed(reach).unwrap_or(now).max(now);
        let to = middle.checked_add_signed(reach).unwrap_or(last).min(last);
        let (_, slots, _) = read_and_find(work, question, from, to).await?;
        starts = slots.iter().map(|slot| slot.start).collect();
        starts.retain(|start| *start != wanted);
        if starts.len() >= count || (from == now && to == last) {
            break;
        }
    }
    starts.sort_by_key(|start| ((*start - wanted).abs(), *start));
    starts.truncate(count);
    Ok(starts)
}

#[cfg(test)]
mod tests;
