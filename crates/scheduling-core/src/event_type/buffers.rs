//! Time kept free around a booking.

use crate::time::Minutes;

/// Minutes kept free before and after a meeting. They belong to the booking, so two meetings are kept apart by the
/// one's `after` plus the other's `before`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Buffers {
    /// Before the start.
    pub before: Minutes,
    /// After the end.
    pub after: Minutes,
}
