//! Counting in this node's memory, one bucket a client: the first filter, which asks nobody.

use std::fmt;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::StateInformationMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

use super::standing::too_many;
use super::{RateLimit, Standing, TOO_OFTEN};
use crate::http::problem::Problem;

/// Buckets by key.
pub(super) struct Limiter<K: Hash + Eq + Clone> {
    name: &'static str,
    limit: RateLimit,
    clock: Ticks,
    buckets: RateLimiter<K, DashMapStateStore<K>, Ticks, StateInformationMiddleware>,
    counted: AtomicU32,
}

/// After so many requests, buckets that are full again are forgotten.
pub(super) const SWEEP_EVERY: u32 = 10_000;

impl<K: Hash + Eq + Clone> Limiter<K> {
    pub(super) fn new(name: &'static str, limit: RateLimit, clock: &Ticks) -> Self {
        let quota = Quota::with_period(limit.step())
            .unwrap_or_else(|| Quota::per_second(limit.requests))
            .allow_burst(limit.requests);
        Self {
            name,
            limit,
            clock: clock.clone(),
            buckets: RateLimiter::dashmap_with_clock(quota, clock.clone())
                .with_middleware::<StateInformationMiddleware>(),
            counted: AtomicU32::new(0),
        }
    }

    /// How often each may ask.
    pub(super) fn limit(&self) -> RateLimit {
        self.limit
    }

    /// What the limit is called.
    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    pub(super) fn count(&self, key: &K) -> Result<Standing, Problem> {
        if self.counted.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            self.buckets.retain_recent();
            self.buckets.shrink_to_fit();
        }
        match self.buckets.check_key(key) {
            Ok(state) => {
                let remaining = state.remaining_burst_capacity();
                Ok(Standing::new(self.name, self.limit, remaining))
            }
            Err(refused) => {
                let wait = refused.wait_time_from(self.clock.now());
                Err(too_many(self.name, self.limit, wait, TOO_OFTEN))
            }
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.buckets.len()
    }
}

/// The time as the limiters read it: since some moment, never going back.
#[derive(Clone)]
pub(super) struct Ticks(Arc<dyn Fn() -> Duration + Send + Sync>);

impl Ticks {
    pub(super) fn new(elapsed: Arc<dyn Fn() -> Duration + Send + Sync>) -> Self {
        Self(elapsed)
    }

    pub(super) fn elapsed(&self) -> Duration {
        (self.0)()
    }
}

impl fmt::Debug for Ticks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ticks")
    }
}

impl Clock for Ticks {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        self.elapsed().into()
    }
}
