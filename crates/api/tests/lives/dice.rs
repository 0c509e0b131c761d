//! Dice that fall the same way for the same seed.

/// A linear congruential generator: bad enough to be short, good enough to choose commands.
pub(crate) struct Dice(u64);

impl Dice {
    /// Dice of their own for each seed.
    pub(crate) fn new(seed: u64) -> Self {
        let mut dice = Self(seed);
        // Seeds that are neighbours begin alike.
        for _ in 0..4 {
            dice.roll(2);
        }
        dice
    }

    /// A number from 0 on, below `sides`.
    pub(crate) fn roll(&mut self, sides: u32) -> u32 {
        // Knuth's MMIX multiplier. The low bits repeat early and are left out.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let high = u32::try_from(self.0 >> 33).expect("31 bits are left");
        high % sides
    }

    /// `true` once in so many rolls.
    pub(crate) fn one_in(&mut self, rolls: u32) -> bool {
        self.roll(rolls) == 0
    }

    /// One of them, if there are any.
    pub(crate) fn place<T>(&mut self, among: &[T]) -> Option<usize> {
        let count = u32::try_from(among.len()).expect("few things");
        (count > 0).then(|| self.roll(count) as usize)
    }

    /// One of them.
    pub(crate) fn pick<'a, T>(&mut self, among: &'a [T]) -> &'a T {
        let place = self.place(among).expect("there is something to pick");
        &among[place]
    }
}
