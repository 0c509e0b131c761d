//! How often something may be tried, counted in the database so that all nodes agree.
//!
//! A counter slides: of the window before the present one, the part counts that still lies within a window's length of
//! now. The attempt is counted before it is made, so that many at once cannot slip through together, and taken back when
//! it succeeds.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use scheduling_core::ports::StorageError;
use sha2::{Digest, Sha256};

use crate::ports::{AccountUnitOfWork, ThrottleCount, ThrottleKey};

/// So many attempts in so much time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    most: u32,
    micros: i64,
}

impl Limit {
    /// At most `most` attempts, one at least, within a length of time, a second at least.
    pub fn new(most: u32, within: TimeDelta) -> Self {
        let within = within.max(TimeDelta::seconds(1));
        Self {
            most: most.max(1),
            micros: within.num_microseconds().unwrap_or(i64::MAX / 4),
        }
    }

    /// The largest number of attempts.
    pub const fn most(self) -> u32 {
        self.most
    }

    /// Within which time.
    pub const fn within(self) -> TimeDelta {
        TimeDelta::microseconds(self.micros)
    }

    /// When the window of an instant began, and the one before it.
    fn windows(self, now: DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>) {
        let now = now.timestamp_micros();
        let window = now - now.rem_euclid(self.micros);
        let at = |micros| DateTime::from_timestamp_micros(micros).unwrap_or_default();
        (at(window.saturating_sub(self.micros)), at(window))
    }

    /// How long to wait before another attempt may be made; `None` when the counted one is within the limit.
    ///
    /// `count` has the attempt in question among its current ones.
    fn wait(self, count: ThrottleCount, now: DateTime<Utc>) -> Option<Duration> {
        let length = i128::from(self.micros);
        let elapsed = i128::from(now.timestamp_micros().rem_euclid(self.micros));
        let most = i128::from(self.most);
        let (previous, current) = (i128::from(count.previous), i128::from(count.current));
        if previous * (length - elapsed) + current * length <= most * length {
            return None;
        }
        // The refused attempt is undone, so the next one sees as many as there were before it.
        let before = current - 1;
        let wait = if before < most && previous > 0 {
            // Enough of the window before must have passed: previous * (length - e) + current * length = most * length.
            length - (most - current) * length / previous - elapsed
        } else {
            // The present window must become the one before, and part of it pass.
            let passed = length - (most - 1) * length / before.max(1);
            length - elapsed + passed.max(0)
        };
        let micros = u64::try_from(wait).unwrap_or(0);
        Some(Duration::from_secs(micros.div_ceil(1_000_000).max(1)))
    }
}

/// One attempt on one key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attempt {
    pub(crate) key: ThrottleKey,
    pub(crate) limit: Limit,
}

/// Counts attempts. Where one is too many it answers how long to wait, and the transaction must be rolled back.
///
/// Callers give the keys in one order of kinds, so that two of them never wait for each other.
pub(crate) async fn count(
    work: &mut dyn AccountUnitOfWork,
    attempts: &[Attempt],
    now: DateTime<Utc>,
) -> Result<Option<Duration>, StorageError> {
    let mut longest = None;
    for attempt in attempts {
        let (before, window) = attempt.limit.windows(now);
        let count = work.throttle().count(attempt.key, before, window).await?;
        longest = longest.max(attempt.limit.wait(count, now));
    }
    Ok(longest)
}

/// Takes back what was counted at `then`.
pub(crate) async fn take_back(
    work: &mut dyn AccountUnitOfWork,
    attempt: &Attempt,
    then: DateTime<Utc>,
) -> Result<(), StorageError> {
    let (_before, window) = attempt.limit.windows(then);
    work.throttle().take_back(attempt.key, window).await
}

/// The key of a mail address, whatever its case and whether or not it is one.
pub(crate) fn address_key(kind: &'static str, address: &str) -> ThrottleKey {
    key(kind, address.trim().to_ascii_lowercase().as_bytes())
}

/// The key of a network: an IPv4 address, or the /64 of an IPv6 one, within which one customer chooses freely.
pub(crate) fn network_key(kind: &'static str, ip: IpAddr) -> ThrottleKey {
    match ip.to_canonical() {
        IpAddr::V4(v4) => key(kind, &v4.octets()),
        IpAddr::V6(v6) => {
            let network = Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64));
            key(kind, &network.octets())
        }
    }
}

/// The key of a mail address from one network, or from nowhere that is known.
pub(crate) fn address_network_key(
    kind: &'static str,
    address: &str,
    ip: Option<IpAddr>,
) -> ThrottleKey {
    let network = ip.map(|ip| network_key(kind, ip).hash);
    let address = address_key(kind, address).hash;
    key(kind, &[address, network.unwrap_or_default()].concat())
}

/// A key of anything else.
pub(crate) fn key(kind: &'static str, on: &[u8]) -> ThrottleKey {
    let hash = Sha256::new()
        .chain_update(kind)
        .chain_update([0])
        .chain_update(on)
        .finalize();
    ThrottleKey {
        kind,
        hash: hash.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_000_000 * 60 + secs, 0).unwrap()
    }

    fn wait(previous: u32, current: u32, secs: i64) -> Option<u64> {
        let limit = Limit::new(10, TimeDelta::seconds(60));
        let count = ThrottleCount { previous, current };
        limit.wait(count, at(secs)).map(|wait| wait.as_secs())
    }

    #[test]
    fn the_eleventh_of_ten_waits_for_the_window_to_slide() {
        assert_eq!(wait(0, 10, 0), None);
        // At 60 s the ten become the window before; after a tenth of the next one nine of them count.
        assert_eq!(wait(0, 11, 20), Some(46));
        assert_eq!(wait(10, 1, 6), None);
        assert_eq!(wait(10, 1, 5), Some(1));
        assert_eq!(wait(10, 5, 0), Some(30));
        assert_eq!(wait(10, 5, 30), None);
    }

    #[test]
    fn whoever_waits_as_long_as_he_was_told_may_try_again() {
        let limit = Limit::new(10, TimeDelta::seconds(60));
        for previous in 0..=20 {
            for current in 1..=20 {
                for secs in 0..60 {
                    let count = ThrottleCount { previous, current };
                    let Some(told) = limit.wait(count, at(secs)) else {
                        continue;
                    };
                    let later = secs + i64::try_from(told.as_secs()).unwrap();
                    let before = current - 1;
                    let count = match later / 60 {
                        0 => count,
                        1 => ThrottleCount {
                            previous: before,
                            current: 1,
                        },
                        _ => ThrottleCount {
                            previous: 0,
                            current: 1,
                        },
                    };
                    assert_eq!(
                        limit.wait(count, at(later)),
                        None,
                        "{previous} {current} {secs}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_limit_of_one_works() {
        let limit = Limit::new(0, TimeDelta::zero());
        assert_eq!(limit.most(), 1);
        let count = |current| ThrottleCount {
            previous: 0,
            current,
        };
        assert_eq!(limit.wait(count(1), at(0)), None);
        assert_eq!(limit.wait(count(2), at(0)), Some(Duration::from_secs(2)));
    }

    #[test]
    fn one_customer_is_one_network_however_he_writes_his_address() {
        let key = |ip: &str| network_key("n", ip.parse().unwrap()).hash;
        assert_eq!(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::9"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_eq!(key("192.0.2.1"), key("::ffff:192.0.2.1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
        assert_eq!(
            address_key("a", " Ann@Example.org").hash,
            address_key("a", "ann@example.org").hash
        );
        assert_ne!(address_key("a", "x").hash, address_key("b", "x").hash);
    }
}
