//! The answer: starts in order, each with the hosts that can take it.

use chrono::{DateTime, Utc};

use super::bits;
use crate::time::stamp::Stamp;

/// A start that is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot<'a> {
    /// When the meeting would start.
    pub start: DateTime<Utc>,
    /// Who can take it.
    pub hosts: HostSet<'a>,
    /// The most seats any of these hosts has left; only for group sessions.
    pub seats_left: Option<u32>,
}

/// Places in the roster, as a bit set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostSet<'a>(&'a [u64]);

impl<'a> HostSet<'a> {
    /// The places, ascending: roster order.
    pub fn iter(self) -> impl Iterator<Item = usize> + 'a {
        self.0
            .iter()
            .enumerate()
            .flat_map(|(word, &hosts)| bits::ones(hosts).map(move |bit| word * bits::WORD + bit))
    }

    /// Whether the host at this place can take the start.
    pub fn contains(self, host: usize) -> bool {
        self.0
            .get(host / 64)
            .is_some_and(|bits| bits >> (host % 64) & 1 == 1)
    }
}

/// The answer: starts in order, each with the hosts that can take it.
///
/// It is one arena: a list of starts, and as many bit sets of hosts side by side. A [`Slot`] is a view into it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Slots {
    /// In seconds since the epoch.
    pub(super) starts: Vec<i64>,
    /// Nanoseconds after the seconds. Empty while all of them are 0, as ever on a grid.
    pub(super) nanos: Vec<u32>,
    /// `words_per_slot` words for each start.
    pub(super) hosts: Vec<u64>,
    pub(super) words_per_slot: usize,
    /// Empty when every meeting is for one booking.
    pub(super) seats: Vec<u32>,
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
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Slot<'_>> + '_ {
        (0..self.len()).map(|place| self.slot(place))
    }

    /// The slot that starts at an instant, if it is offered.
    pub fn at(&self, start: DateTime<Utc>) -> Option<Slot<'_>> {
        let wanted = Stamp::of(start);
        let place = self.starts.partition_point(|&secs| secs < wanted.secs);
        (place..self.len())
            .take_while(|&place| self.starts[place] == wanted.secs)
            .find(|&place| self.stamp(place) == wanted)
            .map(|place| self.slot(place))
    }

    pub(super) fn stamp(&self, place: usize) -> Stamp {
        Stamp {
            secs: self.starts[place],
            nanos: self.nanos.get(place).copied().unwrap_or(0),
        }
    }

    pub(super) fn host_words(&self, place: usize) -> &[u64] {
        &self.hosts[place * self.words_per_slot..(place + 1) * self.words_per_slot]
    }

    fn slot(&self, place: usize) -> Slot<'_> {
        Slot {
            start: self.stamp(place).instant(),
            hosts: HostSet(self.host_words(place)),
            seats_left: self.seats.get(place).copied(),
        }
    }
}
