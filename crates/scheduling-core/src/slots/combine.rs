//! Host groups: which starts have enough hosts, and the answer that names them.

use super::bits::{self, WORD};
use super::grid::Ruler;
use super::{SlotRequest, Slots};
use crate::event_type::HostGroup;

/// A row of bits for each host of the roster: the marks that the host can take.
pub(super) struct Rows {
    words: usize,
    bits: Vec<u64>,
}

impl Rows {
    pub(super) fn new(words: usize, hosts: usize) -> Self {
        Self {
            words,
            bits: Vec::with_capacity(words * hosts),
        }
    }

    /// Appends the next host's row.
    pub(super) fn push(&mut self, row: &[u64]) {
        self.bits.extend_from_slice(row);
    }

    /// Appends the row of a host who can take nothing.
    pub(super) fn push_empty(&mut self) {
        self.bits.resize(self.bits.len() + self.words, 0);
    }

    pub(super) fn row(&self, host: usize) -> &[u64] {
        &self.bits[host * self.words..(host + 1) * self.words]
    }

    pub(super) fn row_mut(&mut self, host: usize) -> &mut [u64] {
        &mut self.bits[host * self.words..(host + 1) * self.words]
    }
}

/// Appends every mark at which each group has enough hosts, with all the hosts who can take it.
pub(super) fn write(request: &SlotRequest<'_>, ruler: &Ruler, rows: &Rows, answer: &mut Slots) {
    let offered = offered(&request.groups, rows);
    let count: usize = offered.iter().map(|word| word.count_ones() as usize).sum();
    let before = answer.starts.len();
    answer.starts.resize(before + count, 0);
    let mut starts = answer.starts[before..].iter_mut();
    for (word, &marks) in offered.iter().enumerate() {
        for (bit, start) in bits::ones(marks).zip(&mut starts) {
            *start = ruler.at(word * WORD + bit);
        }
    }
    let mut columns = Columns::new(request);
    if let Some(hosts) = columns.always() {
        let words = before * hosts.len() + count * hosts.len();
        match *hosts.as_slice() {
            [hosts] => answer.hosts.resize(words, hosts),
            _ => answer
                .hosts
                .extend(hosts.iter().cycle().take(count * hosts.len())),
        }
        return;
    }
    answer.hosts.reserve(count * answer.words_per_slot);
    for (word, &marks) in offered.iter().enumerate().filter(|(_, marks)| **marks != 0) {
        columns.turn(rows, word);
        columns.write(marks, &mut answer.hosts);
    }
}

/// The marks at which every group has enough hosts.
fn offered(groups: &[HostGroup<usize>], rows: &Rows) -> Vec<u64> {
    let mut offered = vec![u64::MAX; rows.words];
    for group in groups {
        let members = || group.hosts.iter().map(|&host| rows.row(host));
        let required = group.required.count(group.hosts.len());
        if required == group.hosts.len() {
            for row in members() {
                bits::intersect(&mut offered, row);
            }
        } else if required == 1 {
            let mut any = vec![0; rows.words];
            for row in members() {
                bits::unite(&mut any, row);
            }
            bits::intersect(&mut offered, &any);
        } else {
            for (word, marks) in offered.iter_mut().enumerate() {
                *marks &= at_least(required, members().map(|row| row[word]));
            }
        }
    }
    offered
}

/// The bits that are set in at least `required` of the words.
///
/// Counts for all 64 bits at once: digit `i` of the 64 counters is the word `digits[i]`, and adding a word carries
/// from digit to digit as on paper.
fn at_least(required: usize, words: impl Iterator<Item = u64>) -> u64 {
    let mut digits = [0_u64; usize::BITS as usize];
    let mut used = 0;
    for word in words {
        let mut carry = word;
        let mut place = 0;
        while carry != 0 {
            (digits[place], carry) = (digits[place] ^ carry, digits[place] & carry);
            place += 1;
        }
        used = used.max(place);
    }
    used = used.max((usize::BITS - required.leading_zeros()) as usize);
    let (mut more, mut equal) = (0, u64::MAX);
    for place in (0..used).rev() {
        if required >> place & 1 == 1 {
            equal &= digits[place];
        } else {
            more |= equal & digits[place];
        }
    }
    more | equal
}

/// The host sets of 64 marks: rows say which marks a host can take, columns which hosts can take a mark.
struct Columns {
    /// For each 64 hosts of the roster, 64 columns.
    blocks: Vec<[u64; WORD]>,
    /// The blocks whose columns are known: where a group needs all its hosts, an offered start has them all.
    certain: Vec<bool>,
}

impl Columns {
    fn new(request: &SlotRequest<'_>) -> Self {
        let blocks = request.hosts.len().div_ceil(WORD);
        let mut columns = Self {
            blocks: vec![[0; WORD]; blocks],
            certain: vec![true; blocks],
        };
        for group in &request.groups {
            let all = group.required.count(group.hosts.len()) == group.hosts.len();
            for host in &group.hosts {
                columns.certain[host / WORD] &= all;
                for column in &mut columns.blocks[host / WORD] {
                    *column |= 1 << (host % WORD);
                }
            }
        }
        columns
    }

    /// The host set of every start, if it is always the same.
    fn always(&self) -> Option<Vec<u64>> {
        let all_certain = self.certain.iter().all(|certain| *certain);
        all_certain.then(|| self.blocks.iter().map(|block| block[0]).collect())
    }

    /// Turns a word of every row into columns.
    fn turn(&mut self, rows: &Rows, word: usize) {
        let hosts = rows.bits.chunks(rows.words).map(|row| row[word]);
        let mut hosts = hosts;
        for (block, certain) in self.blocks.iter_mut().zip(&self.certain) {
            if *certain {
                hosts.by_ref().take(WORD).for_each(drop);
                continue;
            }
            block.fill(0);
            for (column, host) in block.iter_mut().zip(hosts.by_ref()) {
                *column = host;
            }
            bits::transpose(block);
        }
    }

    /// Appends the host set of each mark that is offered.
    fn write(&self, marks: u64, hosts: &mut Vec<u64>) {
        if let [block] = self.blocks.as_slice() {
            hosts.extend(bits::ones(marks).map(|bit| block[bit]));
            return;
        }
        for bit in bits::ones(marks) {
            hosts.extend(self.blocks.iter().map(|block| block[bit]));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn at_least_counts_each_bit(words in proptest::collection::vec(any::<u64>(), 1..20), required in 1..22_usize) {
            let found = at_least(required, words.iter().copied());
            for bit in 0..WORD {
                let count = words.iter().filter(|word| **word >> bit & 1 == 1).count();
                prop_assert_eq!(found >> bit & 1 == 1, count >= required);
            }
        }
    }
}
