//! The rotation ledger: integer credits instead of dice.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

/// A host's standing in a rotation.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LedgerEntry<H> {
    /// Who.
    pub host: H,
    /// The host's share, at least 1.
    pub weight: u32,
    /// What the rotation owes the host; all credits sum to zero.
    pub credit: i64,
    /// The number of the host's last assignment, if any: larger is later.
    pub last_assigned: Option<u64>,
}

/// Who is owed the next booking. Entries stand in roster order.
///
/// To assign a booking, every eligible host earns his weight, the one with the largest credit wins, and the winner pays
/// what all of them earned. So the credits always sum to zero; a host who was away earned nothing and is not flooded
/// when he returns; one who joins starts level.
///
/// ```
/// use scheduling_core::assignment::RotationLedger;
///
/// let mut ledger = RotationLedger::new([("ann", 200), ("bob", 100)]);
/// let winners: Vec<_> = (0..6)
///     .map(|_| ledger.assign(&["ann", "bob"]).map(|step| step.winner))
///     .collect::<Result<_, _>>()?;
/// assert_eq!(winners, ["ann", "bob", "ann", "ann", "bob", "ann"]);
/// # Ok::<(), scheduling_core::assignment::RotationError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RotationLedger<H> {
    /// The hosts, in roster order; those who left come last, frozen.
    pub entries: Vec<LedgerEntry<H>>,
    /// The number the next assignment gets.
    pub next: u64,
}

/// The record of one assignment, stored with the booking: it answers "why Bob?" and undoes the step exactly.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RotationStep<H> {
    /// Who was eligible, with the weight of then and the credit before, in roster order.
    pub eligible: Vec<LedgerEntry<H>>,
    /// Who won.
    pub winner: H,
    /// Who holds the booking now: the winner, until it is reassigned.
    pub holder: H,
    /// Whether the step has been undone.
    pub released: bool,
}

/// Why a rotation refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RotationError {
    /// Nobody eligible.
    #[error("no host is eligible")]
    NobodyEligible,
    /// An eligible host, or the one to reassign to, has no entry.
    #[error("a host has no entry in the ledger")]
    NoSuchHost,
    /// A released assignment cannot be given to another host.
    #[error("the assignment was released")]
    Released,
}

impl<H> Default for RotationLedger<H> {
    /// A ledger in which nobody stands yet.
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            next: 0,
        }
    }
}

impl<H> RotationStep<H> {
    /// What the holder paid: the weights of everyone eligible.
    fn price(&self) -> i64 {
        sum_of_weights(&self.eligible)
    }
}

impl<H: Clone + Ord> RotationLedger<H> {
    /// A fresh ledger for hosts and their weights, in roster order.
    pub fn new(roster: impl IntoIterator<Item = (H, u32)>) -> Self {
        let mut ledger = Self::default();
        ledger.align(roster);
        ledger
    }

    /// Brings the entries in line with a roster and its weights.
    ///
    /// Hosts who join start level, with no credit. Those who left keep their entries, frozen, after the roster's, and
    /// go on from there if they return. A weight of 0 counts as 1. Credits are never touched.
    pub fn align(&mut self, roster: impl IntoIterator<Item = (H, u32)>) {
        let mut joining: BTreeMap<H, (usize, u32)> = BTreeMap::new();
        for (place, (host, weight)) in roster.into_iter().enumerate() {
            joining.entry(host).or_insert((place, weight.max(1)));
        }
        let mut placed: Vec<(usize, LedgerEntry<H>)> = Vec::with_capacity(joining.len());
        for mut entry in self.entries.drain(..) {
            let mut place = usize::MAX;
            if let Some((own, weight)) = joining.remove(&entry.host) {
                (place, entry.weight) = (own, weight);
            }
            placed.push((place, entry));
        }
        placed.extend(joining.into_iter().map(|(host, (place, weight))| {
            let entry = LedgerEntry {
                host,
                weight,
                credit: 0,
                last_assigned: None,
            };
            (place, entry)
        }));
        // The sort is stable: those who left keep their order.
        placed.sort_by_key(|(place, _)| *place);
        self.entries
            .extend(placed.into_iter().map(|(_, entry)| entry));
    }

    /// Assigns a booking to one of the eligible hosts, given in any order.
    ///
    /// Each of them earns his weight; the largest credit wins, then the longest wait since the last assignment (never
    /// assigned first), then roster order; the winner pays what all of them earned.
    ///
    /// # Errors
    /// [`RotationError::NobodyEligible`], or [`RotationError::NoSuchHost`] for a host without an entry; the ledger is
    /// then as it was.
    pub fn assign(&mut self, eligible: &[H]) -> Result<RotationStep<H>, RotationError> {
        if eligible.is_empty() {
            return Err(RotationError::NobodyEligible);
        }
        let eligible: BTreeSet<&H> = eligible.iter().collect();
        let mut unknown = eligible.clone();
        for entry in &self.entries {
            unknown.remove(&entry.host);
        }
        if !unknown.is_empty() {
            return Err(RotationError::NoSuchHost);
        }
        let mut before = Vec::with_capacity(eligible.len());
        for entry in &mut self.entries {
            if eligible.contains(&entry.host) {
                before.push(entry.clone());
                entry.credit = entry.credit.saturating_add(i64::from(entry.weight));
            }
        }
        let price = sum_of_weights(&before);
        let number = self.next;
        // `min_by_key` keeps the first of equals, which is roster order; `None` sorts before any number.
        let winner = self
            .entries
            .iter_mut()
            .filter(|entry| eligible.contains(&entry.host))
            .min_by_key(|entry| (std::cmp::Reverse(entry.credit), entry.last_assigned))
            .ok_or(RotationError::NobodyEligible)?;
        winner.credit = winner.credit.saturating_sub(price);
        winner.last_assigned = Some(number);
        let winner = winner.host.clone();
        self.next = self.next.saturating_add(1);
        Ok(RotationStep {
            eligible: before,
            winner: winner.clone(),
            holder: winner,
            released: false,
        })
    }

    /// Undoes a step, for a booking that was cancelled, declined or expired: exactly as it was recorded, with the
    /// weights of then, in favour of the present holder. Who was assigned last stays. Undoing twice does nothing.
    pub fn release(&mut self, step: &mut RotationStep<H>) {
        if step.released {
            return;
        }
        let mut due = BTreeMap::new();
        for earned in &step.eligible {
            due.insert(&earned.host, (earned.weight, -i64::from(earned.weight)));
        }
        let (_, holders) = due.entry(&step.holder).or_insert((1, 0));
        *holders = holders.saturating_add(step.price());
        self.credit(due);
        step.released = true;
    }

    /// Gives a booking to another host, who need not have been eligible: he pays instead of the present holder, and
    /// his last assignment is now. To the present holder it moves no credit; it only makes his last assignment now.
    ///
    /// # Errors
    /// [`RotationError::Released`] after a release, [`RotationError::NoSuchHost`] for a host without an entry; nothing
    /// has changed then.
    pub fn reassign(&mut self, step: &mut RotationStep<H>, to: &H) -> Result<(), RotationError> {
        if step.released {
            return Err(RotationError::Released);
        }
        let number = self.next;
        let price = step.price();
        let payer = self.entry_mut(to).ok_or(RotationError::NoSuchHost)?;
        payer.credit = payer.credit.saturating_sub(price);
        payer.last_assigned = Some(number);
        self.next = self.next.saturating_add(1);
        self.credit(BTreeMap::from([(&step.holder, (1, price))]));
        step.holder = to.clone();
        Ok(())
    }

    /// A host's standing.
    pub fn entry(&self, host: &H) -> Option<&LedgerEntry<H>> {
        self.entries.iter().find(|entry| entry.host == *host)
    }

    fn entry_mut(&mut self, host: &H) -> Option<&mut LedgerEntry<H>> {
        self.entries.iter_mut().find(|entry| entry.host == *host)
    }

    /// Adds to hosts' credits. A host the ledger has lost gets a frozen entry with the weight that is given, so that the
    /// credits still sum to zero.
    fn credit(&mut self, mut due: BTreeMap<&H, (u32, i64)>) {
        for entry in &mut self.entries {
            if let Some((_, amount)) = due.remove(&entry.host) {
                entry.credit = entry.credit.saturating_add(amount);
            }
        }
        for (host, (weight, credit)) in due {
            self.entries.push(LedgerEntry {
                host: host.clone(),
                weight,
                credit,
                last_assigned: None,
            });
        }
    }
}

fn sum_of_weights<H>(entries: &[LedgerEntry<H>]) -> i64 {
    entries
        .iter()
        .fold(0, |sum: i64, e| sum.saturating_add(i64::from(e.weight)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Plays a history such as `"a100 b50 | ab ab b -0 1>b"`: hosts with weights, then assignments to whoever is
    /// named, releases `-n` and reassignments `n>host`. Answers the winners and the credits.
    fn play(history: &str) -> String {
        let (roster, events) = history.split_once('|').unwrap();
        let mut ledger = RotationLedger::new(roster.split_whitespace().map(|host| {
            let (name, weight) = host.split_at(1);
            (name.chars().next().unwrap(), weight.parse().unwrap_or(100))
        }));
        let mut steps = Vec::new();
        let mut winners = String::new();
        for event in events.split_whitespace() {
            if let Some(n) = event.strip_prefix('-') {
                ledger.release(&mut steps[n.parse::<usize>().unwrap()]);
                winners.push('.');
            } else if let Some((n, to)) = event.split_once('>') {
                let step = &mut steps[n.parse::<usize>().unwrap()];
                match ledger.reassign(step, &to.chars().next().unwrap()) {
                    Ok(()) => winners.push(step.holder),
                    Err(_) => winners.push('!'),
                }
            } else {
                match ledger.assign(&event.chars().collect::<Vec<_>>()) {
                    Ok(step) => {
                        winners.push(step.winner);
                        steps.push(step);
                    }
                    Err(_) => winners.push('!'),
                }
            }
        }
        let credits: Vec<_> = ledger
            .entries
            .iter()
            .map(|e| format!("{}{:+}", e.host, e.credit))
            .collect();
        format!("{winners} {}", credits.join(" "))
    }

    #[test]
    fn equal_weights_rotate() {
        assert_eq!(
            play("a b c | abc abc abc cab bca"),
            "abcab a-100 b-100 c+200"
        );
    }

    #[test]
    fn a_heavier_host_gets_his_share() {
        assert_eq!(play("a200 b100 | ab ab ab ab ab ab"), "abaaba a+0 b+0");
    }

    #[test]
    fn a_host_who_was_away_is_not_flooded() {
        assert_eq!(play("a b | a a a a ab ab ab ab"), "aaaababa a+0 b+0");
    }

    #[test]
    fn a_release_gives_the_holder_the_next_turn_and_twice_is_once() {
        assert_eq!(play("a b | ab -0"), "a. a+0 b+0");
        assert_eq!(play("a b | ab -0 -0 -0"), "a... a+0 b+0");
        // The credits are level again, but the last assignment stays, so the other one is next.
        assert_eq!(play("a b | ab -0 ab"), "a.b a+100 b-100");
    }

    #[test]
    fn a_release_undoes_with_the_weights_of_then() {
        let mut ledger = RotationLedger::new([('a', 100), ('b', 100)]);
        let mut step = ledger.assign(&['a', 'b']).unwrap();
        ledger.align([('a', 7), ('b', 900)]);
        ledger.release(&mut step);
        assert!(ledger.entries.iter().all(|e| e.credit == 0));
    }

    #[test]
    fn a_reassignment_moves_the_price_and_a_later_release_credits_the_new_holder() {
        assert_eq!(play("a b c | ab 0>c"), "ac a+100 b+100 c-200");
        assert_eq!(play("a b c | ab 0>c -0"), "ac. a+0 b+0 c+0");
        assert_eq!(play("a b c | ab 0>b"), "ab a+100 b-100 c+0");
    }

    #[test]
    fn a_reassignment_to_the_holder_moves_no_credit_and_after_a_release_it_is_refused() {
        assert_eq!(play("a b | ab 0>a"), "aa a-100 b+100");
        // It counts as a's last assignment all the same: level in credit, b has waited longer.
        assert_eq!(play("a b | a b 1>b ab"), "abba a-100 b+100");
        assert_eq!(play("a b | a b 0>a ab"), "abab a+100 b-100");
        assert_eq!(play("a b | ab -0 0>b"), "a.! a+0 b+0");
        assert_eq!(play("a b | ab -0 0>a"), "a.! a+0 b+0");
        assert_eq!(play("a b | ab 0>x"), "a! a-100 b+100");
    }

    #[test]
    fn nobody_eligible_and_unknown_hosts_are_refused_without_a_step() {
        let mut ledger = RotationLedger::new([('a', 1)]);
        let before = ledger.clone();
        assert_eq!(ledger.assign(&[]), Err(RotationError::NobodyEligible));
        assert_eq!(ledger.assign(&['a', 'x']), Err(RotationError::NoSuchHost));
        assert_eq!(ledger, before);
    }

    #[test]
    fn a_host_named_twice_earns_once() {
        assert_eq!(play("a b | aabb"), "a a-100 b+100");
    }

    #[test]
    fn joining_starts_level_and_leaving_freezes() {
        let mut ledger = RotationLedger::new([('a', 100), ('b', 100)]);
        ledger.assign(&['a', 'b']).unwrap();
        ledger.align([('c', 50), ('b', 0)]);
        let standing: Vec<_> = ledger
            .entries
            .iter()
            .map(|e| (e.host, e.weight, e.credit))
            .collect();
        assert_eq!(standing, [('c', 50, 0), ('b', 1, 100), ('a', 100, -100)]);
        ledger.align([('a', 100), ('b', 100), ('c', 50)]);
        assert_eq!(ledger.entry(&'a').unwrap().credit, -100);
        assert_eq!(ledger.entry(&'a').unwrap().last_assigned, Some(0));
    }

    #[test]
    fn those_who_left_keep_their_order_and_a_host_named_twice_stands_once() {
        let mut ledger = RotationLedger::new([('d', 1), ('c', 2), ('b', 3), ('a', 4)]);
        ledger.align([('e', 5), ('b', 0), ('e', 7)]);
        let standing: Vec<_> = ledger.entries.iter().map(|e| (e.host, e.weight)).collect();
        assert_eq!(standing, [('e', 5), ('b', 1), ('d', 1), ('c', 2), ('a', 4)]);
    }

    /// With a search through the roster for each host of it, this takes minutes.
    #[test]
    fn a_roster_of_a_hundred_thousand_is_no_trouble() {
        let roster: Vec<u32> = (0..100_000).rev().collect();
        let mut ledger = RotationLedger::new(roster.iter().map(|host| (*host, 100)));
        let mut step = ledger.assign(&roster).unwrap();
        assert_eq!(step.winner, 99_999);
        ledger.release(&mut step);
        ledger.align(roster.iter().rev().map(|host| (*host, 100)));
        assert_eq!(ledger.entries[0].host, 0);
        assert!(ledger.entries.iter().all(|e| e.credit == 0));
    }

    #[test]
    fn a_step_whose_hosts_the_ledger_lost_is_released_all_the_same() {
        let mut step = RotationLedger::new([('a', 3), ('b', 4)])
            .assign(&['a', 'b'])
            .unwrap();
        let mut empty = RotationLedger::default();
        empty.release(&mut step);
        assert_eq!(empty.entries.iter().map(|e| e.credit).sum::<i64>(), 0);
    }

    #[test]
    fn credits_at_the_edge_do_not_overflow() {
        let mut ledger = RotationLedger::new([('a', u32::MAX), ('b', u32::MAX)]);
        ledger.entries[0].credit = i64::MAX;
        ledger.entries[1].credit = i64::MIN;
        ledger.next = u64::MAX;
        let mut step = ledger.assign(&['a', 'b']).unwrap();
        ledger.reassign(&mut step, &'b').unwrap();
        ledger.release(&mut step);
    }

    proptest! {
        #[test]
        fn credits_sum_to_zero_whatever_happens(
            weights in prop::collection::vec(1..500_u32, 1..6),
            events in prop::collection::vec((0..3_u8, any::<u8>(), any::<u8>()), 0..60),
        ) {
            let mut ledger = RotationLedger::new((0_u8..).zip(weights.iter().copied()));
            let hosts = u8::try_from(weights.len()).unwrap();
            let mut steps: Vec<RotationStep<u8>> = Vec::new();
            for (kind, x, y) in events {
                match kind {
                    0 => {
                        let eligible: Vec<u8> = (0..hosts).filter(|h| x >> h & 1 == 1).collect();
                        if let Ok(step) = ledger.assign(&eligible) {
                            prop_assert!(eligible.contains(&step.winner));
                            steps.push(step);
                        } else {
                            prop_assert!(eligible.is_empty());
                        }
                    }
                    _ if steps.is_empty() => {}
                    1 => {
                        let place = usize::from(x) % steps.len();
                        ledger.release(&mut steps[place]);
                    }
                    _ => {
                        let place = usize::from(x) % steps.len();
                        let released = steps[place].released;
                        let moved = ledger.reassign(&mut steps[place], &(y % hosts));
                        prop_assert_eq!(moved.is_err(), released);
                    }
                }
                prop_assert_eq!(ledger.entries.iter().map(|e| e.credit).sum::<i64>(), 0);
            }
            // With every step undone, everyone is level again.
            for step in &mut steps {
                ledger.release(step);
            }
            prop_assert!(ledger.entries.iter().all(|e| e.credit == 0));
        }

        #[test]
        fn with_equal_weights_counts_differ_by_at_most_one(
            hosts in 1..9_usize,
            weight in 1..1000_u32,
            bookings in 0..50_usize,
        ) {
            let roster: Vec<usize> = (0..hosts).collect();
            let mut ledger = RotationLedger::new(roster.iter().map(|h| (*h, weight)));
            let mut counts = vec![0_u32; hosts];
            for _ in 0..bookings {
                counts[ledger.assign(&roster).unwrap().winner] += 1;
                let (least, most) = (counts.iter().min().unwrap(), counts.iter().max().unwrap());
                prop_assert!(most - least <= 1, "{counts:?}");
            }
        }

        #[test]
        fn every_share_is_kept_over_a_full_round(weights in prop::collection::vec(1..20_u32, 1..6)) {
            let roster: Vec<usize> = (0..weights.len()).collect();
            let mut ledger = RotationLedger::new(roster.iter().copied().zip(weights.iter().copied()));
            let mut counts = vec![0_u32; weights.len()];
            for _ in 0..weights.iter().sum() {
                counts[ledger.assign(&roster).unwrap().winner] += 1;
            }
            prop_assert_eq!(counts, weights);
        }
    }
}
