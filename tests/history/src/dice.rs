//! Chance from a seed.

/// A fixed sequence of numbers that look random: what one client does is the same for the same seed. What many do at once
/// is not, since they meet as the machine has it.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// One of several independent sequences of a seed.
    pub const fn new(seed: u64, sequence: u64) -> Self {
        Self(seed ^ sequence.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// The next number (splitmix64).
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// One of the numbers below a bound; 0 when there are none.
    pub const fn below(&mut self, bound: u64) -> u64 {
        let next = self.next() >> 11;
        if bound == 0 { 0 } else { next % bound }
    }

    /// One of the numbers from a first to a last.
    pub const fn between(&mut self, first: u64, last: u64) -> u64 {
        first + self.below(last - first + 1)
    }

    /// Whether something that happens so many times in a hundred happens now.
    pub const fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of some things.
    pub fn pick<'a, T>(&mut self, things: &'a [T]) -> Option<&'a T> {
        let place = self.below(things.len() as u64);
        things.get(usize::try_from(place).unwrap_or_default())
    }

    /// One of some things, each as likely as its weight.
    pub fn weighed<T: Copy>(&mut self, things: &[(T, u64)]) -> Option<T> {
        let mut place = self.below(things.iter().map(|(_, weight)| weight).sum());
        for (thing, weight) in things {
            if place < *weight {
                return Some(*thing);
            }
            place -= weight;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_has_the_same_numbers_and_each_sequence_its_own() {
        let roll = |seed, sequence| {
            let mut dice = Dice::new(seed, sequence);
            [(); 5].map(|()| dice.next())
        };
        assert_eq!(roll(7, 1), roll(7, 1));
        assert_ne!(roll(7, 1), roll(7, 2));
        assert_ne!(roll(7, 1), roll(8, 1));
    }

    #[test]
    fn everything_comes_as_often_as_it_weighs() {
        let mut dice = Dice::new(1, 0);
        let mut seen = [0; 3];
        for _ in 0..1000 {
            seen[dice.weighed(&[(0, 1), (1, 0), (2, 3)]).unwrap()] += 1;
        }
        assert_eq!(seen[1], 0);
        assert!((200..300).contains(&seen[0]), "{seen:?}");
        assert!((0..100).all(|_| (3..=5).contains(&dice.between(3, 5))));
        assert_eq!(dice.pick(&[] as &[u8]), None);
        assert_eq!(dice.weighed::<u8>(&[]), None);
    }
}
