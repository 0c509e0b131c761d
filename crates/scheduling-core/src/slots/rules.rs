//! The rules, each as the set of starts it forbids.
//!
//! [`find`](super::find) strikes these sets from its candidates; [`explain`](super::explain) asks of one start which
//! of them it lies in. So the two cannot disagree about a rule.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, NaiveDate, Utc};

use super::{HostTime, Reservation, SlotRequest, Unavailability};
use crate::calendar::BusyInterval;
use crate::event_type::{BookingWindow, Buffers, LimitPeriod, SlotRules};
use crate::schedule::Availability;
use crate::time::Interval;
use crate::time::stamp::{DAY, Span, Stamp};
use crate::time::zone::{ZoneTable, day_number};

/// Starts `[from, to)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Starts {
    pub(super) from: Stamp,
    pub(super) to: Stamp,
}

impl Starts {
    pub(super) fn contains(self, start: Stamp) -> bool {
        self.from <= start && start < self.to
    }
}

/// The meeting that is asked for: its length and buffers, in seconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Meeting {
    pub(super) duration: i64,
    before: i64,
    after: i64,
}

/// The starts at which something that takes the host's time is in the way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clash {
    /// Of the meeting, its buffers or the other's.
    pub(super) with_buffers: Starts,
    /// Of the meeting itself.
    itself: Starts,
    cause: Unavailability,
}

impl Clash {
    /// Why it forbids a start, if it does.
    pub(super) fn forbids(&self, start: Stamp) -> Option<Unavailability> {
        if self.itself.contains(start) {
            Some(self.cause)
        } else {
            (self.with_buffers.contains(start)).then_some(Unavailability::Buffer)
        }
    }
}

impl Meeting {
    pub(super) fn of(rules: &SlotRules) -> Self {
        Self {
            duration: rules.duration.seconds(),
            before: rules.buffers.before.seconds(),
            after: rules.buffers.after.seconds(),
        }
    }

    /// What a busy interval forbids. It has no buffers of its own.
    #[inline]
    pub(super) fn busy(self, busy: &BusyInterval) -> Clash {
        let cause = Unavailability::Busy(busy.source);
        self.clash(busy.interval, Buffers::default(), cause)
    }

    /// What a booking forbids: the one's after-buffer and the other's before-buffer both fit in between.
    #[inline]
    pub(super) fn reservation(self, taken: &Reservation) -> Clash {
        self.clash(taken.interval, taken.buffers, Unavailability::Booked)
    }

    #[inline]
    fn clash(self, taken: Interval, buffers: Buffers, cause: Unavailability) -> Clash {
        let (start, end) = taken.stamps();
        // `[t, t + duration)` overlaps `[start, end)` when `start − duration < t < end`.
        let after = start.plus(-self.duration);
        Clash {
            itself: Starts {
                from: after.next(),
                to: end,
            },
            with_buffers: Starts {
                from: after.plus(-self.after - buffers.before.seconds()).next(),
                to: end.plus(self.before + buffers.after.seconds()),
            },
            cause,
        }
    }

    /// The starts from which the meeting fits into an open time.
    pub(super) fn fits(self, open: Span) -> Starts {
        Starts {
            from: Stamp::whole(open.start),
            to: Stamp::whole(open.end - self.duration).next(),
        }
    }
}

/// What forbids a start whoever hosts: too soon, or outside the dates that can be booked.
pub(super) fn on_start(request: &SlotRequest<'_>) -> Vec<(Unavailability, Starts)> {
    let rules = request.rules;
    let earliest = Stamp::of(request.now).plus(rules.minimum_notice.seconds());
    let mut forbidden = vec![(
        Unavailability::MinimumNotice,
        Starts {
            from: Stamp::MIN,
            to: earliest,
        },
    )];
    let dates = match rules.booking_window {
        BookingWindow::Open => return forbidden,
        BookingWindow::RollingDays { days } => {
            let now = Stamp::of(request.now).secs;
            let today = now + ZoneTable::of(rules.timezone).offset_at(now);
            Span {
                start: Stamp::MIN.secs,
                end: (today.div_euclid(DAY) + i64::from(days) + 1) * DAY,
            }
        }
        BookingWindow::Dates { from, to } => Span {
            start: day_number(from) * DAY,
            end: (day_number(to) + 1) * DAY,
        },
    };
    // A clock that goes back across midnight shows the old date again: the bookable instants can have holes.
    let mut forbid = |from, to| {
        forbidden.push((Unavailability::BookingWindow, Starts { from, to }));
    };
    let mut from = Stamp::MIN;
    if !dates.is_empty() {
        ZoneTable::of(rules.timezone).each_run(dates, |bookable| {
            forbid(from, Stamp::whole(bookable.start));
            from = Stamp::whole(bookable.end);
        });
    }
    forbid(from, Stamp::MAX);
    forbidden
}

/// Which periods of a host are full, and the starts they have.
pub(super) fn full_periods(
    request: &SlotRequest<'_>,
    host: &HostTime<'_>,
) -> Vec<(LimitPeriod, Starts)> {
    let limits = request.rules.limits;
    let mut full = Vec::new();
    if limits.is_unlimited() {
        return full;
    }
    let hours = host.availability.or(request.availability);
    let table = ZoneTable::of(hours.map_or(request.rules.timezone, Availability::timezone));
    let counted = counted_days(request, host, table);
    for (period, limit) in [
        (LimitPeriod::Day, limits.per_day),
        (LimitPeriod::Week, limits.per_week),
        (LimitPeriod::Month, limits.per_month),
    ] {
        let Some(limit) = limit else { continue };
        if limit == 0 {
            let always = Starts {
                from: Stamp::MIN,
                to: Stamp::MAX,
            };
            full.push((period, always));
            continue;
        }
        let mut counts: BTreeMap<Span, u32> = BTreeMap::new();
        for &day in &counted {
            *counts.entry(days_of(period, day)).or_default() += 1;
        }
        for (days, _) in counts.into_iter().filter(|(_, count)| *count >= limit) {
            let local = Span {
                start: days.start * DAY,
                end: days.end * DAY,
            };
            table.each_run(local, |run| {
                let (from, to) = (Stamp::whole(run.start), Stamp::whole(run.end));
                full.push((period, Starts { from, to }));
            });
        }
    }
    full
}

/// The local days on which the host's counted bookings start, one entry a booking (or session).
fn counted_days(request: &SlotRequest<'_>, host: &HostTime<'_>, table: &ZoneTable) -> Vec<i64> {
    let counted = host.reservations.iter().filter(|r| r.this_event_type);
    let mut meetings: Vec<Interval> = counted.map(|r| r.interval).collect();
    if request.rules.capacity.is_group() {
        meetings.sort_unstable();
        meetings.dedup();
    }
    meetings
        .iter()
        .map(|meeting| {
            let start = Stamp::of(meeting.start()).secs;
            (start + table.offset_at(start)).div_euclid(DAY)
        })
        .collect()
}

/// The days of the period that a day lies in.
fn days_of(period: LimitPeriod, day: i64) -> Span {
    match period {
        LimitPeriod::Day => Span {
            start: day,
            end: day + 1,
        },
        LimitPeriod::Week => {
            // 1970-01-01 was a Thursday.
            let monday = day - (day + 3).rem_euclid(7);
            Span {
                start: monday,
                end: monday + 7,
            }
        }
        LimitPeriod::Month => month_of(day),
    }
}

fn month_of(day: i64) -> Span {
    // Months repeat every 400 years, so that any day has a counterpart chrono knows.
    const CYCLE: i64 = 146_097;
    let shift = day.div_euclid(CYCLE) * CYCLE;
    let seconds = (day - shift) * DAY;
    let date = DateTime::from_timestamp(seconds, 0).map_or(NaiveDate::MIN, |t| t.date_naive());
    let start = day - i64::from(date.day0());
    Span {
        start,
        end: start + i64::from(date.num_days_in_month()),
    }
}

/// A running session that a booking can join.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct OpenSession {
    pub(super) start: Stamp,
    /// The host's place in the roster.
    pub(super) host: usize,
    pub(super) seats_left: u32,
}

/// The sessions that can be joined, by start and then by host. At such a start the host is asked nothing else.
pub(super) fn open_sessions(request: &SlotRequest<'_>) -> Vec<OpenSession> {
    let capacity = request.rules.capacity;
    if !capacity.is_group() {
        return Vec::new();
    }
    let length = request.rules.duration.delta();
    let mut taken: BTreeMap<(DateTime<Utc>, usize), u32> = BTreeMap::new();
    for (host, time) in request.grouped_hosts() {
        for r in time.reservations {
            if r.this_event_type && r.interval.length() == length {
                let seats = taken.entry((r.interval.start(), host)).or_default();
                *seats = seats.saturating_add(r.seats_taken);
            }
        }
    }
    taken
        .into_iter()
        .filter(|(_, taken)| *taken < capacity.get())
        .map(|((start, host), taken)| OpenSession {
            start: Stamp::of(start),
            host,
            seats_left: capacity.get() - taken,
        })
        .collect()
}
