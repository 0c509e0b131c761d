//! Ids that sort by when they would have been minted, as the server's own do.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::random::Random;

/// A source of such ids, the same for the same seed.
#[derive(Debug, Clone)]
pub(crate) struct Ids(Random);

impl Ids {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(Random::of(seed, u64::MAX))
    }

    /// A new id of an instant: the milliseconds, then bits that look random.
    pub(crate) fn at(&mut self, instant: DateTime<Utc>) -> Uuid {
        let millis = u64::try_from(instant.timestamp_millis()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &self.0.bytes()).into_uuid()
    }
}
