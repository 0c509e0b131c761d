//! The question: an event type's rules, the hosts' time and the range asked about.

use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;

use crate::calendar::BusyInterval;
use crate::event_type::{Buffers, HostGroup, SlotRules};
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
    /// There is no group at all.
    #[error("there must be at least one host group")]
    NoGroups,
    /// A group without hosts.
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
    /// A group requires more hosts than it has.
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
    pub(super) now: DateTime<Utc>,
    pub(super) range: Option<Interval>,
    pub(super) rules: &'a SlotRules,
    pub(super) availability: Option<&'a Availability>,
    pub(super) groups: Vec<HostGroup<usize>>,
    pub(super) hosts: Vec<HostTime<'a>>,
    /// By place in the roster: whether a group names the host. The others are ignored, their grids too.
    pub(super) in_a_group: Vec<bool>,
}

impl<'a> SlotRequest<'a> {
    /// The longest range the engine answers at once.
    pub const MAX_RANGE: TimeDelta = TimeDelta::days(1100);

    /// Puts a question. Groups name hosts by their place in `hosts`, the roster.
    ///
    /// `availability` is the event type's own, if it has one; a host then needs none. Hosts whom no group names are
    /// ignored. `from ≥ to` is no error: the answer is empty.
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
        let in_a_group = check_groups(&groups, hosts.len())?;
        let range = Interval::new(from, to).ok();
        if range.is_some_and(|range| range.length() > Self::MAX_RANGE) {
            return Err(SlotRequestError::RangeTooLong {
                max_days: Self::MAX_RANGE.num_days(),
            });
        }
        Ok(Self {
            now,
            range,
            rules,
            availability,
            groups,
            hosts,
            in_a_group,
        })
    }

    /// The range that is asked about. `None` when it is empty.
    pub fn range(&self) -> Option<Interval> {
        self.range
    }

    /// Whether a group names the host at a place in the roster. The others are ignored.
    pub fn is_in_a_group(&self, host: usize) -> bool {
        self.in_a_group.get(host).copied().unwrap_or(false)
    }

    /// The hosts whom a group names, with their places, in roster order.
    pub(super) fn grouped_hosts(&self) -> impl Iterator<Item = (usize, &HostTime<'a>)> {
        self.hosts
            .iter()
            .enumerate()
            .filter(|(place, _)| self.in_a_group[*place])
    }

    /// The hours whose runs are anchors of the grid: the event type's own, else those of every host in a group.
    pub(super) fn grid_hours(&self) -> impl Iterator<Item = &'a Availability> {
        let hosts_hours = self
            .grouped_hosts()
            .filter_map(|(_, host)| host.availability)
            .filter(|_| self.availability.is_none());
        self.availability.into_iter().chain(hosts_hours)
    }
}

fn check_groups(groups: &[HostGroup<usize>], hosts: usize) -> Result<Vec<bool>, SlotRequestError> {
    if groups.is_empty() {
        return Err(SlotRequestError::NoGroups);
    }
    let mut named = vec![false; hosts];
    for (group, members) in groups.iter().enumerate() {
        if members.hosts.is_empty() {
            return Err(SlotRequestError::NoHosts { group });
        }
        for &host in &members.hosts {
            match named.get_mut(host) {
                None => return Err(SlotRequestError::NoSuchHost { group, host, hosts }),
                Some(true) => return Err(SlotRequestError::HostTwice { host }),
                Some(first_time) => *first_time = true,
            }
        }
        let (has, required) = (
            members.hosts.len(),
            members.required.count(members.hosts.len()),
        );
        if required > has {
            return Err(SlotRequestError::Required {
                group,
                required,
                hosts: has,
            });
        }
    }
    Ok(named)
}
