//! Numbers that look random and are the same for the same seed.

/// A stream of numbers: `SplitMix64`, which passes the usual tests and needs no state but a counter.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    /// The stream of a seed.
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The stream of a seed for one thing among many, independent of how many there are.
    pub(crate) const fn of(seed: u64, thing: u64) -> Self {
        Self(mix(seed ^ mix(thing.wrapping_add(GAMMA))))
    }

    /// The next number.
    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GAMMA);
        mix(self.0)
    }

    /// A number below a bound, which is not 0.
    pub(crate) const fn below(&mut self, bound: u64) -> u64 {
        // The bounds here are small against 2^64, so that the bias is nothing.
        self.next() % bound
    }

    /// Bytes.
    pub(crate) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        for chunk in bytes.chunks_mut(8) {
            let next = self.next().to_le_bytes();
            chunk.copy_from_slice(&next[..chunk.len()]);
        }
        bytes
    }
}

const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

const fn mix(mut word: u64) -> u64 {
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_numbers_that_its_authors_published() {
        // From the reference implementation of SplitMix64 with the seed 1234567.
        let mut random = Random::new(1_234_567);
        let first = [random.next(), random.next(), random.next()];
        assert_eq!(
            first,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423
            ]
        );
    }

    #[test]
    fn two_things_of_one_seed_have_streams_of_their_own() {
        let (mut one, mut other) = (Random::of(7, 1), Random::of(7, 2));
        assert_ne!(one.bytes::<32>(), other.bytes::<32>());
        assert_eq!(
            Random::of(7, 1).bytes::<32>(),
            Random::of(7, 1).bytes::<32>()
        );
    }
}
