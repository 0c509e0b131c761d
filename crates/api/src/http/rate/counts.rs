//! Counting with the other nodes, and what can be taken back again.
//!
//! Both are one method (GCRA): a bucket is the moment at which it is empty again. Counting moves it one step into the
//! future; a bucket that is a whole span ahead takes no more.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use scheduling_core::ports::StorageError;
use sha2::{Digest as _, Sha256};

use super::RateLimit;
use super::limiter::Ticks;

/// What is counted: a hash of its kind and of whom it is about.
pub type CountKey = [u8; 32];

/// The key of somebody or something.
pub(crate) fn key(kind: &str, parts: &[&[u8]]) -> CountKey {
    let mut hash = Sha256::new().chain_update(kind);
    for part in parts {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// One more of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// What is counted.
    pub key: CountKey,
    /// How often it may be.
    pub limit: RateLimit,
}

impl Asked {
    /// How long it takes until one more is allowed.
    pub fn step(&self) -> Duration {
        self.limit.step()
    }

    /// How long it takes until all are allowed again.
    pub fn span(&self) -> Duration {
        self.limit.step() * self.limit.requests.get()
    }
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// Whether it was within its limit. Otherwise it was not counted.
    pub allowed: bool,
    /// In how much time the bucket is empty again.
    pub ahead: Duration,
}

impl Counted {
    /// How many more are allowed right now.
    pub(super) fn remaining(self, asked: &Asked) -> u32 {
        let free = asked.span().saturating_sub(self.ahead);
        let remaining = free.as_micros() / asked.step().as_micros().max(1);
        u32::try_from(remaining).unwrap_or(u32::MAX)
    }

    /// How long to wait until one more is allowed.
    pub(super) fn wait(self, asked: &Asked) -> Duration {
        (self.ahead + asked.step()).saturating_sub(asked.span())
    }
}

/// Counters that all nodes share.
#[async_trait]
pub trait SharedCounts: Send + Sync {
    /// Counts each of them that is within its limit, exactly, whoever else counts at the same moment. No two have the
    /// same key. Answers in their order.
    async fn count(&self, asked: &[Asked]) -> Result<Vec<Counted>, StorageError>;

    /// Takes back what was counted.
    async fn take_back(&self, asked: &[Asked]) -> Result<(), StorageError>;

    /// Forgets buckets that are empty. Answers how many.
    async fn sweep(&self) -> Result<u64, StorageError>;
}

/// The same in this node's memory.
#[derive(Debug)]
pub(super) struct OwnCounts {
    clock: Ticks,
    buckets: Mutex<Buckets>,
}

#[derive(Debug)]
struct Buckets {
    /// When each bucket is empty again.
    empty_at: HashMap<CountKey, Duration>,
    /// With how many buckets to forget those that are empty.
    sweep_at: usize,
}

/// Fewer buckets than this are not worth a sweep.
const FEW: usize = 10_000;

impl Buckets {
    /// Each sweep is paid for by as many new buckets as it looks at.
    fn sweep(&mut self, now: Duration) {
        if self.empty_at.len() >= self.sweep_at {
            self.empty_at.retain(|_, empty_at| *empty_at > now);
            self.sweep_at = FEW.max(2 * self.empty_at.len());
            self.empty_at.shrink_to(self.sweep_at);
        }
    }
}

impl OwnCounts {
    pub(super) fn new(clock: Ticks) -> Self {
        Self {
            clock,
            buckets: Mutex::new(Buckets {
                empty_at: HashMap::new(),
                sweep_at: FEW,
            }),
        }
    }

    pub(super) fn count(&self, asked: &[Asked]) -> Vec<Counted> {
        let now = self.clock.elapsed();
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.sweep(now);
        let buckets = &mut buckets.empty_at;
        let one = |asked: &Asked| {
            let before = buckets.get(&asked.key).map_or(now, |at| (*at).max(now));
            let after = before + asked.step();
            let allowed = after.saturating_sub(now) <= asked.span();
            if allowed {
                buckets.insert(asked.key, after);
            }
            Counted {
                allowed,
                ahead: if allowed { after } else { before }.saturating_sub(now),
            }
        };
        asked.iter().map(one).collect()
    }

    pub(super) fn take_back(&self, asked: &[Asked]) {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        for asked in asked {
            if let Some(empty_at) = buckets.empty_at.get_mut(&asked.key) {
                *empty_at = empty_at.saturating_sub(asked.step());
            }
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.buckets.lock().unwrap().empty_at.len()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    fn counts() -> (OwnCounts, Arc<AtomicU64>) {
        let millis = Arc::new(AtomicU64::new(0));
        let clock = Arc::clone(&millis);
        let elapsed = move || Duration::from_millis(clock.load(Ordering::Relaxed));
        (OwnCounts::new(Ticks::new(Arc::new(elapsed))), millis)
    }

    fn asked(on: u64) -> Asked {
        Asked {
            key: key("test", &[&on.to_be_bytes()]),
            limit: RateLimit::new(3, 60),
        }
    }

    #[test]
    fn what_is_taken_back_was_never_counted() {
        let (counts, millis) = counts();
        let one = asked(1);
        for left in [2, 1, 0] {
            assert_eq!(counts.count(&[one])[0].remaining(&one), left);
        }
        let refused = counts.count(&[one])[0];
        assert!(!refused.allowed);
        assert_eq!(refused.wait(&one), Duration::from_secs(20));
        counts.take_back(&[one]);
        assert!(counts.count(&[one])[0].allowed);
        assert!(!counts.count(&[one])[0].allowed);
        millis.store(20_000, Ordering::Relaxed);
        assert!(counts.count(&[one])[0].allowed);
        assert!(!counts.count(&[one])[0].allowed, "one came back, not more");
        // Taking back more than there was gives nothing beyond the limit.
        for _ in 0..10 {
            counts.take_back(&[one]);
        }
        let allowed = (0..10).filter(|_| counts.count(&[one])[0].allowed).count();
        assert_eq!(allowed, 3);
    }

    #[test]
    fn of_several_each_is_counted_for_itself() {
        let (counts, _) = counts();
        for _ in 0..3 {
            counts.count(&[asked(1)]);
        }
        let both = counts.count(&[asked(1), asked(2)]);
        assert_eq!([both[0].allowed, both[1].allowed], [false, true]);
    }

    #[test]
    fn a_hundred_thousand_keys_are_not_kept() {
        let (counts, millis) = counts();
        for on in 0..100_000 {
            // A thousand a second, each of which matters for twenty seconds.
            millis.store(on, Ordering::Relaxed);
            counts.count(&[asked(on)]);
        }
        assert!(counts.len() <= 40_000, "{}", counts.len());
    }

    #[test]
    fn keys_tell_where_a_part_ends() {
        assert_ne!(key("k", &[b"ab", b"c"]), key("k", &[b"a", b"bc"]));
        assert_ne!(key("k", &[b"a"]), key("l", &[b"a"]));
    }
}
