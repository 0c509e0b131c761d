//! Which starts of an event type are offered?

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use scheduling_core::directory::Workspace;
use scheduling_core::event_type::{BookingWindow, EventType};
use scheduling_core::ids::UserId;
use scheduling_core::ports::{StorageError, UnitOfWork};
use scheduling_core::slots::{self, SlotRequest, SlotRequestError, Slots};
use scheduling_core::text::Slug;
use thiserror::Error;

use super::{HostsTime, bookable, reads_around};
use crate::Scheduling;

/// Asks for the offered starts of an event type in a range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindSlots {
    /// The workspace.
    pub workspace: Slug,
    /// Its event type.
    pub event_type: Slug,
    /// The first instant of the range.
    pub from: DateTime<Utc>,
    /// The first instant after it.
    pub to: DateTime<Utc>,
}

/// The offered starts.
#[derive(Debug, Clone)]
pub struct FoundSlots {
    /// The workspace.
    pub workspace: Workspace,
    /// The event type.
    pub event_type: EventType,
    /// The hosts, in roster order: the places that slots name.
    pub roster: Vec<UserId>,
    /// The starts.
    pub slots: Slots,
    /// When nothing is offered in the range: the first start after it, if there is one within the booking window and a year.
    pub next_available: Option<DateTime<Utc>>,
}

/// Why slots could not be found.
#[derive(Debug, Error)]
pub enum FindError {
    /// No such workspace, or it has no such event type that can be booked.
    #[error("there is no such event type")]
    NotFound,
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
    /// # Errors
    /// [`FindError`].
    pub async fn find_slots(&self, query: &FindSlots) -> Result<FoundSlots, FindError> {
        let max_days = SlotRequest::MAX_RANGE.num_days();
        if query.to.signed_duration_since(query.from) > SlotRequest::MAX_RANGE {
            return Err(SlotRequestError::RangeTooLong { max_days }.into());
        }
        let mut work = self.ports().storage.begin_read().await?;
        let now = self.ports().clock.now();
        let (workspace, event_type) = bookable(&mut *work, &query.workspace, &query.event_type)
            .await?
            .ok_or(FindError::NotFound)?;
        // Nothing in the past is offered, so nothing of it is read.
        let from = query.from.max(now);
        let (roster, slots) = read_and_find(&mut *work, &event_type, now, from, query.to).await?;
        let next_available = if slots.is_empty() {
            first_start(&mut *work, &event_type, now, query.to.max(now)).await?
        } else {
            None
        };
        Ok(FoundSlots {
            workspace,
            event_type,
            roster,
            slots,
            next_available,
        })
    }
}

async fn read_and_find(
    work: &mut dyn UnitOfWork,
    event_type: &EventType,
    now: DateTime<Utc>,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<(Vec<UserId>, Slots), FindError> {
    let time = HostsTime::read(work, event_type, reads_around(event_type, from, to)).await?;
    let slots = slots::find(&time.request(event_type, now, from, to)?);
    Ok((time.roster, slots))
}

/// How far ahead anything is looked for.
const HORIZON: TimeDelta = TimeDelta::days(366);

/// An instant after which nothing can be booked: a day or two after the booking window, or the horizon.
fn last_instant(event_type: &EventType, now: DateTime<Utc>) -> DateTime<Utc> {
    let horizon = now.checked_add_signed(HORIZON).unwrap_or(now);
    let window_end = match event_type.rules.booking_window {
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

/// The first offered start from an instant on. Most hosts have one within weeks, so a year is read in growing pieces.
async fn first_start(
    work: &mut dyn UnitOfWork,
    event_type: &EventType,
    now: DateTime<Utc>,
    from: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, FindError> {
    let end = last_instant(event_type, now);
    let (mut from, mut days) = (from, 35);
    while from < end {
        let to = from
            .checked_add_signed(TimeDelta::days(days))
            .map_or(end, |to| to.min(end));
        let (_, slots) = read_and_find(work, event_type, now, from, to).await?;
        if let Some(slot) = slots.iter().next() {
            return Ok(Some(slot.start));
        }
        (from, days) = (to, days * 3);
    }
    Ok(None)
}

/// Up to `count` offered starts other than `wanted`, the nearest to it first, the earlier of two equally near ones
/// first. Looks at the half day around it, then the week, then two months, then as far as can be booked.
pub(crate) async fn nearest_starts(
    work: &mut dyn UnitOfWork,
    event_type: &EventType,
    now: DateTime<Utc>,
    wanted: DateTime<Utc>,
    count: usize,
) -> Result<Vec<DateTime<Utc>>, FindError> {
    let last = last_instant(event_type, now).max(now);
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
        let (_, slots) = read_and_find(work, event_type, now, from, to).await?;
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
