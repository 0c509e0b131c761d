//! Bit sets as words: ranges of bits, patterns, and the transposition of a square of bits.

use std::ops::Range;

pub(super) const WORD: usize = 64;

/// Sets the bits of a range.
pub(super) fn set_range(words: &mut [u64], range: Range<usize>) {
    for_each_mask(range, |word, mask| words[word] |= mask);
}

/// Clears the bits of a range.
#[inline]
pub(super) fn clear_range(words: &mut [u64], range: Range<usize>) {
    for_each_mask(range, |word, mask| words[word] &= !mask);
}

/// Calls with each word that a range touches and the bits of it that lie in the range.
#[inline]
fn for_each_mask(range: Range<usize>, mut act: impl FnMut(usize, u64)) {
    if range.is_empty() {
        return;
    }
    let (first, last) = (range.start / WORD, (range.end - 1) / WORD);
    let from_first = u64::MAX << (range.start % WORD);
    let to_last = u64::MAX >> (WORD - 1 - (range.end - 1) % WORD);
    if first == last {
        act(first, from_first & to_last);
        return;
    }
    act(first, from_first);
    for word in first + 1..last {
        act(word, u64::MAX);
    }
    act(last, to_last);
}

/// Sets every `stride`-th bit of a range, from its first on.
pub(super) fn set_every(words: &mut [u64], range: Range<usize>, stride: usize) {
    if stride == 1 {
        set_range(words, range);
        return;
    }
    if stride >= WORD {
        for bit in range.step_by(stride) {
            words[bit / WORD] |= 1 << (bit % WORD);
        }
        return;
    }
    let comb = (0..WORD)
        .step_by(stride)
        .fold(0_u64, |comb, bit| comb | 1 << bit);
    // The comb starts over in each word, at the first of its bits that is a multiple of the stride past the range's start.
    let start = range.start;
    for_each_mask(range, |word, mask| {
        let phase = match (word * WORD).checked_sub(start) {
            Some(past) => (stride - past % stride) % stride,
            None => (start - word * WORD) % stride,
        };
        words[word] |= (comb << phase) & mask;
    });
}

/// Keeps the bits that the other has too.
pub(super) fn intersect(words: &mut [u64], other: &[u64]) {
    for (word, other) in words.iter_mut().zip(other) {
        *word &= other;
    }
}

/// Adds the other's bits.
pub(super) fn unite(words: &mut [u64], other: &[u64]) {
    for (word, other) in words.iter_mut().zip(other) {
        *word |= other;
    }
}

/// The places of a word's bits, ascending.
#[inline]
pub(super) fn ones(word: u64) -> impl Iterator<Item = usize> {
    let mut rest = word;
    std::iter::from_fn(move || {
        let lowest = rest.trailing_zeros() as usize;
        rest &= rest.checked_sub(1)?;
        Some(lowest)
    })
}

/// Turns a square of 64 × 64 bits around its diagonal: bit `j` of row `i` becomes bit `i` of row `j`.
///
/// Swaps the two off-diagonal quarters, then does the same within each quarter, down to single bits.
pub(super) fn transpose(square: &mut [u64; WORD]) {
    let mut width = WORD / 2;
    let mut mask = u64::MAX >> (WORD / 2);
    while width > 0 {
        for pair in square.chunks_exact_mut(2 * width) {
            let (upper, lower) = pair.split_at_mut(width);
            for (up, low) in upper.iter_mut().zip(lower) {
                let swap = ((*up >> width) ^ *low) & mask;
                *up ^= swap << width;
                *low ^= swap;
            }
        }
        width /= 2;
        mask ^= mask << width;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ones(words: &[u64]) -> Vec<usize> {
        (0..words.len() * WORD)
            .filter(|bit| words[bit / WORD] >> (bit % WORD) & 1 == 1)
            .collect()
    }

    proptest! {
        #[test]
        fn a_pattern_has_every_stride_th_bit(start in 0..256_usize, end in 0..=256_usize, stride in 1..90_usize) {
            let mut words = [0; 4];
            set_every(&mut words, start..end, stride);
            prop_assert_eq!(ones(&words), (start..end).step_by(stride).collect::<Vec<_>>());
        }

        #[test]
        fn clearing_takes_a_range_out(start in 0..256_usize, end in 0..=256_usize) {
            let mut words = [u64::MAX; 4];
            clear_range(&mut words, start..end);
            prop_assert_eq!(ones(&words), (0..256).filter(|bit| !(start..end).contains(bit)).collect::<Vec<_>>());
        }

        #[test]
        fn transposing_swaps_rows_and_columns(rows in proptest::collection::vec(any::<u64>(), WORD)) {
            let before: [u64; WORD] = rows.try_into().unwrap();
            let mut after = before;
            transpose(&mut after);
            for (i, row) in before.iter().enumerate() {
                for (j, column) in after.iter().enumerate() {
                    prop_assert_eq!(row >> j & 1, column >> i & 1);
                }
            }
        }
    }
}
