//! A set of instants, as sorted and disjoint intervals.

use super::Interval;

/// A set of instants: sorted, disjoint intervals, joined where they touch. So equal sets are equal values.
///
/// ```
/// use chrono::{TimeZone, Utc};
/// use scheduling_core::time::{Interval, IntervalSet};
///
/// let at = |h| Utc.with_ymd_and_hms(2026, 11, 24, h, 0, 0).unwrap();
/// let day: IntervalSet = Interval::new(at(9), at(17))?.into();
/// let lunch: IntervalSet = Interval::new(at(12), at(13))?.into();
/// let open = day.subtract(&lunch);
/// assert_eq!(open.intervals().len(), 2);
/// assert_eq!(open.union(&lunch), day);
/// # Ok::<(), scheduling_core::time::EmptyInterval>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IntervalSet(Vec<Interval>);

impl IntervalSet {
    /// The set without instants.
    pub const EMPTY: Self = Self(Vec::new());

    /// The intervals, in order.
    pub fn intervals(&self) -> &[Interval] {
        &self.0
    }

    /// Whether it has no instant.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether every instant of the interval is in the set.
    pub fn encloses(&self, interval: &Interval) -> bool {
        let after = self.0.partition_point(|i| i.start() <= interval.start());
        after > 0 && self.0[after - 1].encloses(interval)
    }

    /// What is in either set.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.0.iter().chain(&other.0).copied().collect()
    }

    /// What is in both sets.
    #[must_use]
    pub fn intersect(&self, other: &Self) -> Self {
        let (mut ours, mut theirs) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut shared = Vec::new();
        while let (Some(a), Some(b)) = (ours.peek(), theirs.peek()) {
            shared.extend(a.intersect(b));
            if a.end() <= b.end() {
                ours.next();
            } else {
                theirs.next();
            }
        }
        Self(shared)
    }

    /// What is in this set and not in the other.
    #[must_use]
    pub fn subtract(&self, other: &Self) -> Self {
        let mut left = Vec::new();
        let mut others = other.0.as_slice();
        for interval in &self.0 {
            // Those that end before this interval are behind every later one too.
            others = &others[others.partition_point(|o| o.end() <= interval.start())..];
            let mut from = interval.start();
            for taken in others.iter().take_while(|o| o.start() < interval.end()) {
                left.extend(Interval::new(from, taken.start()));
                from = from.max(taken.end());
            }
            left.extend(Interval::new(from, interval.end()));
        }
        Self(left)
    }

    /// What of `within` is not in the set.
    #[must_use]
    pub fn gaps(&self, within: Interval) -> Self {
        Self::from(within).subtract(self)
    }
}

impl From<Interval> for IntervalSet {
    fn from(interval: Interval) -> Self {
        Self(vec![interval])
    }
}

/// Takes intervals in any order, overlapping or not.
impl FromIterator<Interval> for IntervalSet {
    fn from_iter<I: IntoIterator<Item = Interval>>(intervals: I) -> Self {
        let mut sorted: Vec<Interval> = intervals.into_iter().collect();
        sorted.sort_unstable();
        let mut joined: Vec<Interval> = Vec::with_capacity(sorted.len());
        for next in sorted {
            match joined.last_mut() {
                Some(last) if next.start() <= last.end() => *last = last.hull(&next),
                _ => joined.push(next),
            }
        }
        Self(joined)
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    const LAST: i64 = 60;

    fn set() -> impl Strategy<Value = IntervalSet> {
        vec((0..LAST, 1..12_i64), 0..8).prop_map(|spans| {
            spans
                .into_iter()
                .map(|(start, length)| interval(start, (start + length).min(LAST)))
                .collect()
        })
    }

    fn interval(start: i64, end: i64) -> Interval {
        let at = |s| DateTime::from_timestamp(s, 0).unwrap();
        Interval::new(at(start), at(end)).unwrap()
    }

    /// Second by second: the plainest meaning of a set.
    fn members(set: &IntervalSet) -> Vec<bool> {
        (0..LAST)
            .map(|s| {
                let instant = DateTime::from_timestamp(s, 0).unwrap();
                set.intervals().iter().any(|i| i.contains(instant))
            })
            .collect()
    }

    fn is_normal(set: &IntervalSet) -> bool {
        set.intervals()
            .windows(2)
            .all(|pair| pair[0].end() < pair[1].start())
    }

    proptest! {
        #[test]
        fn operations_mean_what_they_say(a in set(), b in set()) {
            let (in_a, in_b) = (members(&a), members(&b));
            let both = |op: fn(bool, bool) -> bool| -> Vec<bool> {
                in_a.iter().zip(&in_b).map(|(&x, &y)| op(x, y)).collect()
            };
            prop_assert_eq!(members(&a.union(&b)), both(|x, y| x || y));
            prop_assert_eq!(members(&a.intersect(&b)), both(|x, y| x && y));
            prop_assert_eq!(members(&a.subtract(&b)), both(|x, y| x && !y));
            let gaps = a.gaps(interval(0, LAST));
            prop_assert_eq!(members(&gaps), in_a.iter().map(|x| !x).collect::<Vec<_>>());
            for result in [a.union(&b), a.intersect(&b), a.subtract(&b), gaps] {
                prop_assert!(is_normal(&result), "{result:?}");
            }
        }

        #[test]
        fn sets_obey_the_laws_of_sets(a in set(), b in set(), c in set()) {
            prop_assert_eq!(a.union(&b), b.union(&a));
            prop_assert_eq!(a.intersect(&b), b.intersect(&a));
            prop_assert_eq!(a.union(&b).union(&c), a.union(&b.union(&c)));
            prop_assert_eq!(a.intersect(&b.union(&c)), a.intersect(&b).union(&a.intersect(&c)));
            prop_assert_eq!(a.subtract(&b).union(&a.intersect(&b)), a.clone());
            prop_assert_eq!(a.subtract(&b.union(&c)), a.subtract(&b).intersect(&a.subtract(&c)));
        }

        #[test]
        fn a_set_encloses_what_it_has_whole(a in set(), start in 0..LAST - 1, length in 1..10_i64) {
            let end = (start + length).min(LAST);
            let all = (start..end).all(|s| members(&a)[usize::try_from(s).unwrap()]);
            prop_assert_eq!(a.encloses(&interval(start, end)), all);
        }
    }
}
