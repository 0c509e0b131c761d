//! The rotation ledger.

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
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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
