//! A set of instants, as sorted and disjoint intervals.

use super::Interval;

/// Sorted, disjoint, coalesced intervals. (The engine's helper completes this.)
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IntervalSet(Vec<Interval>);

impl IntervalSet {
    /// The intervals, in order.
    pub fn intervals(&self) -> &[Interval] {
        &self.0
    }
}
