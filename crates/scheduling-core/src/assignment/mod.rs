//! Who gets the booking. Deterministic: the same history gives the same host. (The engine's helper completes it.)

mod rotation;

use thiserror::Error;

pub use rotation::{LedgerEntry, RotationError, RotationLedger, RotationStep};

use crate::event_type::Hosting;
use crate::ids::UserId;

/// Nobody, or too few, can take the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("too few hosts are free")]
pub struct NoHost;

/// Who hosts a booking, and the rotation's step that chose him.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The hosts who take part, in roster order; the first is the organiser of the invitation.
    pub hosts: Vec<UserId>,
    /// The rotation's record, when the rotation chose.
    pub rotation: Option<RotationStep<UserId>>,
}

/// Chooses the hosts of a booking among those who can take the start.
///
/// `eligible` are the hosts who can take it, in any order; `ledger` is the event type's and is stepped when the hosting
/// is a round robin.
///
/// # Errors
/// [`NoHost`] when a group cannot be filled; the ledger is then as it was.
pub fn assign(
    hosting: &Hosting,
    eligible: &[UserId],
    ledger: &mut RotationLedger<UserId>,
) -> Result<Assignment, NoHost> {
    let _ = (hosting, eligible, ledger);
    Err(NoHost)
}
