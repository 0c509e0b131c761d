//! Whether two sides hold the same rows, whatever order they stand in.

use std::fmt;

use sha2::{Digest as _, Sha256};

use super::plan::PlannedTable;

/// How many rows a table has, and the sum of their hashes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Digest {
    pub(super) rows: u64,
    sum: u128,
}

impl Digest {
    pub(super) fn add(&mut self, row: &[u8]) {
        let hash = Sha256::digest(row);
        let mut half = [0; 16];
        half.copy_from_slice(&hash[..16]);
        self.rows += 1;
        // A sum and not an exclusive or: the same row twice must not count as none.
        self.sum = self.sum.wrapping_add(u128::from_be_bytes(half));
    }

    /// The sum for a person to compare.
    pub(super) fn checksum(&self) -> String {
        format!("{:032x}", self.sum)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rows, {}", self.rows, self.checksum())
    }
}

/// One text for everything that is moved: the schema and the content of all tables.
pub(super) fn fingerprint<'a>(
    tables: impl Iterator<Item = (&'a PlannedTable, &'a Digest)>,
) -> String {
    let mut hash = Sha256::new();
    for (table, digest) in tables {
        hash.update(&table.name);
        for column in &table.columns {
            hash.update(format!("\t{}:{:?}", column.name, column.kind));
        }
        hash.update(format!("\t{digest}\n"));
    }
    let mut half = [0; 16];
    half.copy_from_slice(&hash.finalize()[..16]);
    format!("{:032x}", u128::from_be_bytes(half))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rows: &[&[u8]]) -> Digest {
        let mut digest = Digest::default();
        for row in rows {
            digest.add(row);
        }
        digest
    }

    #[test]
    fn order_does_not_matter_and_everything_else_does() {
        assert_eq!(of(&[b"a", b"b", b"c"]), of(&[b"c", b"a", b"b"]));
        assert_ne!(of(&[b"a", b"b"]), of(&[b"a", b"c"]));
        assert_ne!(of(&[b"a", b"a"]), of(&[b"b", b"b"]));
        assert_ne!(of(&[b"a", b"a"]), of(&[]));
        assert_ne!(of(&[b"ab"]), of(&[b"a", b"b"]));
    }
}
