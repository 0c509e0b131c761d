//! The slot engine. (Signatures for its callers; the engine's helper completes it.)

use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;

use crate::calendar::{BusyInterval, BusySource};
use crate::event_type::{Buffers, HostGroup, LimitPeriod, SlotRules};
use crate::schedule::Availability;
use crate::time::Interval;

/// What a booking, a session or a hold takes from a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reservation {
    /// The meeting itself, without buffers.
    pub interval: Interval,
    /// The buffers it was booked with.
    pub buffers: Buffers,
    /// Whether it is of the event type that is asked about: then it counts for limits and seats.
    pub this_event_type: bool,
    /// How many seats of its session it takes.
    pub seats_taken: u32,
}

/// What is known of a host's time.
#[derive(Debug, Clone, Copy)]
pub struct HostTime<'a> {
    /// The host's hours. Without them, the event type must have its own.
    pub availability: Option<&'a Availability>,
    /// What connected calendars and time off take.
    pub busy: &'a [BusyInterval],
    /// What bookings take.
    pub reservations: &'a [Reservation],
}

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SlotRequestError {
    /// No group, or a group without hosts.
    #[error("host group {group} has no hosts")]
    NoHosts {
        /// Which group, from 0.
        group: usize,
    },
    /// A group names a place beyond the roster.
    #[error("host group {group} names host {host}, but there are only {hosts} hosts")]
    NoSuchHost {
        /// Which group, from 0.
        group: usize,
        /// The place it names.
        host: usize,
        /// How many hosts there are.
        hosts: usize,
    },
    /// A host stands in the groups more than once.
    #[error("host {host} stands in the groups more than once")]
    HostTwice {
        /// The host's place in the roster.
        host: usize,
    },
    /// A group requires nobody, or more hosts than it has.
    #[error("host group {group} requires {required} of {hosts} hosts")]
    Required {
        /// Which group, from 0.
        group: usize,
        /// How many it requires.
        required: usize,
        /// How many it has.
        hosts: usize,
    },
    /// The range is longer than the engine answers at once.
    #[error("the range must not be longer than {max_days} days")]
    RangeTooLong {
        /// The longest range, in days.
        max_days: i64,
    },
}

/// A question to the engine: which starts of an event type are offered in a range?
#[derive(Debug, Clone)]
pub struct SlotRequest<'a> {
    pub(crate) now: DateTime<Utc>,
    pub(crate) range: Option<Interval>,
    pub(crate) rules: &'a SlotRules,
    pub(crate) availability: Option<&'a Availability>,
    pub(crate) groups: Vec<HostGroup<usize>>,
    pub(crate) hosts: Vec<HostTime<'a>>,
}

impl<'a> SlotRequest<'a> {
    /// The longest range the engine answers at once.
    pub const MAX_RANGE: TimeDelta = TimeDelta::days(1100);

    /// Puts a question. Groups name hosts by their place in `hosts`, the roster.
    ///
    /// `from ≥ to` is no error: the answer is empty.
    ///
    /// # Errors
    /// [`SlotRequestError`] when the groups do not fit the hosts, or the range is too long.
    pub fn new(
        now: DateTime<Utc>,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        rules: &'a SlotRules,
        availability: Option<&'a Availability>,
        groups: Vec<HostGroup<usize>>,
        hosts: Vec<HostTime<'a>>,
    ) -> Result<Self, SlotRequestError> {
        let range = Interval::new(from, to).ok();
        Ok(Self {
            now,
            range,
            rules,
            availability,
            groups,
            hosts,
        })
    }
}

/// A start that is offered.
#[derive(Debug, Clone, Copy)]
pub struct Slot<'a> {
    /// When the meeting would start.
    pub start: DateTime<Utc>,
    /// Who can take it.
    pub hosts: HostSet<'a>,
    /// The most seats any of these hosts has left; only for group sessions.
    pub seats_left: Option<u32>,
}

/// Places in the roster, as a bit set.
#[derive(Debug, Clone, Copy)]
pub struct HostSet<'a>(&'a [u64]);

impl<'a> HostSet<'a> {
    /// The places, ascending: roster order.
    pub fn iter(self) -> impl Iterator<Item = usize> + 'a {
        self.0.iter().enumerate().flat_map(|(word, &bits)| {
            (0..64)
                .filter(move |b| bits >> b & 1 == 1)
                .map(move |b| word * 64 + b)
        })
    }

    /// Whether the host at this place can take the start.
    pub fn contains(self, host: usize) -> bool {
        self.0
            .get(host / 64)
            .is_some_and(|bits| bits >> (host % 64) & 1 == 1)
    }
}

/// The answer: starts in order, each with the hosts that can take it.
#[derive(Debug, Clone, Default)]
pub struct Slots {
    starts: Vec<i64>,
}

impl Slots {
    /// How many starts are offered.
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// The offered starts, in order.
    pub fn iter(&self) -> impl Iterator<Item = Slot<'_>> + '_ {
        self.starts.iter().filter_map(|&s| {
            Some(Slot {
                start: DateTime::from_timestamp(s, 0)?,
                hosts: HostSet(&[]),
                seats_left: None,
            })
        })
    }

    /// The slot that starts at an instant, if it is offered.
    pub fn at(&self, start: DateTime<Utc>) -> Option<Slot<'_>> {
        self.iter().find(|slot| slot.start == start)
    }
}

/// Finds every start that is offered, in order, with all the hosts that can take it.
pub fn find(_request: &SlotRequest<'_>) -> Slots {
    Slots::default()
}

/// Why a host cannot take a start, or a start is not offered. Closed; shown to hosts and in problems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unavailability {
    /// Not one of the candidate starts.
    OffGrid,
    /// Not within the event type's own hours.
    OutsideEventHours,
    /// Not within the host's hours.
    OutsideHostHours,
    /// A connected calendar or time off takes the time.
    Busy(BusySource),
    /// Another booking takes the time.
    Booked,
    /// Free but for a buffer, this meeting's or the other's.
    Buffer,
    /// Too soon.
    MinimumNotice,
    /// Outside the dates that can be booked.
    BookingWindow,
    /// The host has as many bookings of this event type as the limit allows.
    LimitReached(LimitPeriod),
    /// Too few of a group's hosts can take it.
    NotEnoughHosts,
}

/// Everything that speaks against a start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// What speaks against the start whoever hosts, [`Unavailability::NotEnoughHosts`] included.
    pub start: Vec<Unavailability>,
    /// What keeps each host from taking it, by place in the roster.
    pub hosts: Vec<Vec<Unavailability>>,
}

impl Explanation {
    /// Whether nothing keeps the start from being offered.
    pub fn is_offered(&self) -> bool {
        self.start.is_empty()
    }
}

/// Names every reason why a start is not offered, and why each host cannot take it.
pub fn explain(_request: &SlotRequest<'_>, _start: DateTime<Utc>) -> Explanation {
    Explanation {
        start: Vec::new(),
        hosts: Vec::new(),
    }
}
