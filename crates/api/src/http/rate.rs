//! How often clients may ask: one bucket for each network or API token, filled steadily.
//!
//! The counts are in memory. They keep one client from taking the server for itself; what guards accounts against
//! guessing is counted in the database, by the use cases of accounts.

use std::fmt;
use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use governor::clock::Clock;
use governor::middleware::StateInformationMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use uuid::Uuid;

use super::problem::{Problem, ProblemKind};

/// So many requests in so much time. All of them at once are fine; then one at a time comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// How many.
    pub requests: NonZeroU32,
    /// In how many seconds.
    pub seconds: NonZeroU32,
}

impl RateLimit {
    /// A limit; 0 counts as 1.
    pub const fn new(requests: u32, seconds: u32) -> Self {
        const fn at_least_one(number: u32) -> NonZeroU32 {
            match NonZeroU32::new(number) {
                Some(number) => number,
                None => NonZeroU32::MIN,
            }
        }
        Self {
            requests: at_least_one(requests),
            seconds: at_least_one(seconds),
        }
    }
}

/// How often clients may ask. A limit that is not there does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimits {
    /// Changes by guests, from one network: an IPv4 address, or the /64 of an IPv6 one.
    pub guests: Option<RateLimit>,
    /// Slots that guests of one network keep for themselves: nobody shall hold a host's whole calendar.
    pub holds: Option<RateLimit>,
    /// Signing in, asking for a password link, using one, accepting an invitation, from one network.
    pub sign_in: Option<RateLimit>,
    /// Requests of one API token, or of one session.
    pub principals: Option<RateLimit>,
}

impl Default for RateLimits {
    /// 30 a minute for guests, 10 holds in the five minutes that one lasts, 20 a minute for signing in, 600 for a token
    /// or a session.
    fn default() -> Self {
        Self {
            guests: Some(RateLimit::new(30, 60)),
            holds: Some(RateLimit::new(10, 300)),
            sign_in: Some(RateLimit::new(20, 60)),
            principals: Some(RateLimit::new(600, 60)),
        }
    }
}

impl RateLimits {
    /// No limit at all: for measuring what the server can do.
    pub const OFF: Self = Self {
        guests: None,
        holds: None,
        sign_in: None,
        principals: None,
    };
}

/// Which limit holds for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RateClass {
    /// Changes by guests.
    Guests,
    /// Holds.
    Holds,
    /// Signing in and what is like it.
    SignIn,
}

/// Counts requests.
#[derive(Clone)]
pub struct Rates(Arc<Limiters>);

struct Limiters {
    guests: Option<Limiter<IpAddr>>,
    holds: Option<Limiter<IpAddr>>,
    sign_in: Option<Limiter<IpAddr>>,
    principals: Option<Limiter<Uuid>>,
}

impl Rates {
    /// Counts by the machine's steady clock.
    pub fn new(limits: RateLimits) -> Self {
        let begun = Instant::now();
        Self::with_clock(limits, Arc::new(move || begun.elapsed()))
    }

    /// Counts by a clock that is given: time since some moment, which never goes back.
    pub fn with_clock(
        limits: RateLimits,
        elapsed: Arc<dyn Fn() -> Duration + Send + Sync>,
    ) -> Self {
        let clock = Ticks(elapsed);
        Self(Arc::new(Limiters {
            guests: limits.guests.map(|l| Limiter::new("guests", l, &clock)),
            holds: limits.holds.map(|l| Limiter::new("holds", l, &clock)),
            sign_in: limits.sign_in.map(|l| Limiter::new("sign-in", l, &clock)),
            principals: limits
                .principals
                .map(|l| Limiter::new("principal", l, &clock)),
        }))
    }

    /// Counts a request from a network. `None` where no limit holds.
    ///
    /// # Errors
    /// 429.
    pub(crate) fn network(
        &self,
        class: RateClass,
        network: IpAddr,
    ) -> Result<Option<Standing>, Problem> {
        let limiter = match class {
            RateClass::Guests => &self.0.guests,
            RateClass::Holds => &self.0.holds,
            RateClass::SignIn => &self.0.sign_in,
        };
        limiter.as_ref().map(|l| l.count(&network)).transpose()
    }

    /// Counts a request of an API token or a session.
    ///
    /// # Errors
    /// 429.
    pub(crate) fn principal(&self, id: Uuid) -> Result<Option<Standing>, Problem> {
        let limiter = self.0.principals.as_ref();
        limiter.map(|l| l.count(&id)).transpose()
    }
}

impl fmt::Debug for Rates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rates")
    }
}

/// How a client stands: what its answers say in their headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    name: &'static str,
    limit: RateLimit,
    remaining: u32,
    /// Seconds until everything is allowed again.
    reset: u64,
}

impl Standing {
    /// Writes `RateLimit`, `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10 and -11) and the older
    /// `X-RateLimit-*`.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        let Self {
            name,
            limit,
            remaining,
            reset,
        } = self;
        let (requests, seconds) = (limit.requests, limit.seconds);
        for (header, value) in [
            ("ratelimit", format!("\"{name}\";r={remaining};t={reset}")),
            (
                "ratelimit-policy",
                format!("\"{name}\";q={requests};w={seconds}"),
            ),
            ("x-ratelimit-limit", requests.to_string()),
            ("x-ratelimit-remaining", remaining.to_string()),
            ("x-ratelimit-reset", reset.to_string()),
        ] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(HeaderName::from_static(header), value);
            }
        }
    }
}

/// Buckets by key.
struct Limiter<K: Hash + Eq + Clone> {
    name: &'static str,
    limit: RateLimit,
    clock: Ticks,
    buckets: RateLimiter<K, DashMapStateStore<K>, Ticks, StateInformationMiddleware>,
    counted: AtomicU32,
}

/// After so many requests, buckets that are full again are forgotten.
const SWEEP_EVERY: u32 = 10_000;

impl<K: Hash + Eq + Clone> Limiter<K> {
    fn new(name: &'static str, limit: RateLimit, clock: &Ticks) -> Self {
        let each = Duration::from_secs(limit.seconds.get().into()) / limit.requests.get();
        let quota = Quota::with_period(each.max(Duration::from_nanos(1)))
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

    fn count(&self, key: &K) -> Result<Standing, Problem> {
        if self.counted.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            self.buckets.retain_recent();
            self.buckets.shrink_to_fit();
        }
        let standing = |remaining: u32| {
            let spent =
                u64::from(self.limit.requests.get() - remaining.min(self.limit.requests.get()));
            let window = u64::from(self.limit.seconds.get());
            Standing {
                name: self.name,
                limit: self.limit,
                remaining,
                reset: (spent * window).div_ceil(u64::from(self.limit.requests.get())),
            }
        };
        match self.buckets.check_key(key) {
            Ok(state) => Ok(standing(state.remaining_burst_capacity())),
            Err(refused) => {
                let wait = refused.wait_time_from(self.clock.now());
                let seconds = wait.as_nanos().div_ceil(1_000_000_000).max(1);
                let seconds = u64::try_from(seconds).unwrap_or(u64::MAX);
                Err(Problem::new(
                    ProblemKind::RateLimited,
                    format!("Try again in {seconds} s."),
                )
                .retry_after(seconds)
                .standing(standing(0)))
            }
        }
    }
}

/// The time as the limiter reads it.
#[derive(Clone)]
struct Ticks(Arc<dyn Fn() -> Duration + Send + Sync>);

impl fmt::Debug for Ticks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ticks")
    }
}

impl Clock for Ticks {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        (self.0)().into()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use super::*;

    fn rates(limit: RateLimit) -> (Rates, Arc<AtomicU64>) {
        let millis = Arc::new(AtomicU64::new(0));
        let clock = Arc::clone(&millis);
        let limits = RateLimits {
            guests: Some(limit),
            ..RateLimits::OFF
        };
        let elapsed = move || Duration::from_millis(clock.load(Ordering::Relaxed));
        (Rates::with_clock(limits, Arc::new(elapsed)), millis)
    }

    fn address(last: u8) -> IpAddr {
        [203, 0, 113, last].into()
    }

    #[test]
    fn a_burst_is_fine_and_then_requests_come_back_one_by_one() {
        let (rates, millis) = rates(RateLimit::new(3, 60));
        let ask = |from| rates.network(RateClass::Guests, address(from));
        for left in [2, 1, 0] {
            assert_eq!(ask(1).unwrap().unwrap().remaining, left);
        }
        let refused = ask(1).unwrap_err();
        assert_eq!(refused.kind(), ProblemKind::RateLimited);
        let answer = refused.respond("1");
        assert_eq!(answer.headers().get("retry-after").unwrap(), "20");
        assert_eq!(
            answer.headers().get("ratelimit").unwrap(),
            "\"guests\";r=0;t=60"
        );
        assert_eq!(
            answer.headers().get("ratelimit-policy").unwrap(),
            "\"guests\";q=3;w=60"
        );
        assert!(ask(2).is_ok(), "others are not concerned");
        millis.store(20_000, Ordering::Relaxed);
        assert!(ask(1).is_ok());
        assert!(ask(1).is_err());
        millis.store(200_000, Ordering::Relaxed);
        assert_eq!(
            ask(1).unwrap().unwrap().remaining,
            2,
            "no more than the limit piles up"
        );
    }

    #[test]
    fn what_is_off_counts_nothing() {
        let rates = Rates::new(RateLimits::OFF);
        for _ in 0..1000 {
            assert_eq!(rates.network(RateClass::SignIn, address(1)).unwrap(), None);
            assert_eq!(rates.principal(Uuid::nil()).unwrap(), None);
        }
    }

    #[test]
    fn buckets_that_are_full_again_are_forgotten() {
        let (rates, millis) = rates(RateLimit::new(3, 1));
        for n in 0..SWEEP_EVERY - 1 {
            let network = IpAddr::from(n.to_be_bytes());
            rates.network(RateClass::Guests, network).unwrap();
        }
        millis.store(10_000, Ordering::Relaxed);
        rates.network(RateClass::Guests, address(1)).unwrap();
        assert!(rates.0.guests.as_ref().unwrap().buckets.len() <= 1);
    }
}
