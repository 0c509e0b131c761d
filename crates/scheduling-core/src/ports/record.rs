//! A booking with everything that is stored together with it.

use chrono::{DateTime, Utc};

use crate::assignment::RotationLedger;
use crate::booking::{Booking, HistoryEntry};
use crate::effect::PlannedEffect;
use crate::ids::UserId;

/// A booking as it is to be stored, with everything that must be stored with it or not at all: what
/// [`add_booking`](super::UnitOfWork::add_booking) and [`change_booking`](super::UnitOfWork::change_booking) take. (Seats in
/// sessions are taken and given back before.)
#[derive(Debug, Clone, Copy)]
pub struct BookingRecord<'a> {
    /// The booking.
    pub booking: &'a Booking,
    /// What became of it.
    pub entry: &'a HistoryEntry,
    /// What the outside world is owed for it.
    pub effects: &'a [PlannedEffect],
    /// The ledger of its event type after the step that chose its hosts, if one did.
    pub rotation: Option<&'a RotationLedger<UserId>>,
    /// The idempotency key that stands for it from now on, if there is one.
    pub key: Option<SpentKey<'a>>,
}

/// An idempotency key that nobody has used before.
#[derive(Debug, Clone, Copy)]
pub struct SpentKey<'a> {
    /// Keeps the keys of different links and people apart.
    pub scope: &'a str,
    /// The key.
    pub key: &'a str,
    /// SHA-256 over everything the request asks for.
    pub fingerprint: &'a [u8; 32],
    /// When it was used.
    pub at: DateTime<Utc>,
}
