//! How often clients may ask: one bucket for each network or API token, filled steadily; and what guests may do to one
//! link and to one mail address.
//!
//! A node counts in its own memory first, so that whoever asks too often is refused without asking anybody. What guards
//! against abuse is then counted with the other nodes, where there is somebody to ask ([`SharedCounts`]). When that
//! somebody does not answer in time, the node's own count stands: never none at all. What guards accounts against
//! guessing is counted in the database by the use cases of accounts.

mod counts;
mod limiter;
mod standing;

use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use scheduling_core::ports::StorageError;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::client::Hourly;
use super::problem::{Problem, causes};
use counts::OwnCounts;
pub(crate) use counts::key;
pub use counts::{Asked, CountKey, Counted, SharedCounts};
use limiter::{Limiter, Ticks};
use standing::too_many;
pub(crate) use standing::{Standing, in_seconds};

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

    /// How long it takes until one more is allowed.
    pub fn step(self) -> Duration {
        let step = Duration::from_secs(self.seconds.get().into()) / self.requests.get();
        step.max(Duration::from_micros(1))
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
    /// Requests of one API token, or of one session, of each node.
    pub principals: Option<RateLimit>,
    /// Bookings and holds with one link, by guests of all networks.
    pub links: Option<RateLimit>,
    /// Bookings by guests that name one mail address.
    pub addresses: Option<RateLimit>,
}

impl Default for RateLimits {
    /// 30 a minute for guests, 10 holds in the five minutes that one lasts, 20 a minute for signing in, 600 for a token
    /// or a session; 120 a minute for a link, and 20 an hour for a mail address.
    fn default() -> Self {
        Self {
            guests: Some(RateLimit::new(30, 60)),
            holds: Some(RateLimit::new(10, 300)),
            sign_in: Some(RateLimit::new(20, 60)),
            principals: Some(RateLimit::new(600, 60)),
            links: Some(RateLimit::new(120, 60)),
            addresses: Some(RateLimit::new(20, 3600)),
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
        links: None,
        addresses: None,
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

/// What several networks together may do too often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    /// One link.
    Link,
    /// One mail address.
    Address,
}

/// Why something is one too many.
const TOO_OFTEN: &str = "";

impl Subject {
    const fn name(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Address => "address",
        }
    }

    const fn about(self) -> &'static str {
        match self {
            Self::Link => "Many guests book with this link right now. ",
            Self::Address => "Many bookings name one of these mail addresses. ",
        }
    }
}

/// Counts requests.
#[derive(Clone)]
pub struct Rates(Arc<Inner>);

struct Inner {
    guests: Option<Limiter<IpAddr>>,
    holds: Option<Limiter<IpAddr>>,
    sign_in: Option<Limiter<IpAddr>>,
    principals: Option<Limiter<Uuid>>,
    links: Option<RateLimit>,
    addresses: Option<RateLimit>,
    own: OwnCounts,
    shared: Option<Shared>,
}

/// Who counts for all nodes.
struct Shared {
    counts: Arc<dyn SharedCounts>,
    silence: Hourly,
}

/// How long the other nodes' counts are waited for.
const SHARED_PATIENCE: Duration = Duration::from_millis(500);

/// How often what nobody counts any more is forgotten.
const SWEEP_EVERY: Duration = Duration::from_mins(1);

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
        Self::put_together(limits, elapsed, None)
    }

    /// Counts by the machine's steady clock, and with the other nodes.
    pub fn shared(limits: RateLimits, counts: Arc<dyn SharedCounts>) -> Self {
        let begun = Instant::now();
        Self::put_together(limits, Arc::new(move || begun.elapsed()), Some(counts))
    }

    fn put_together(
        limits: RateLimits,
        elapsed: Arc<dyn Fn() -> Duration + Send + Sync>,
        shared: Option<Arc<dyn SharedCounts>>,
    ) -> Self {
        let clock = Ticks::new(elapsed);
        Self(Arc::new(Inner {
            guests: limits.guests.map(|l| Limiter::new("guests", l, &clock)),
            holds: limits.holds.map(|l| Limiter::new("holds", l, &clock)),
            sign_in: limits.sign_in.map(|l| Limiter::new("sign-in", l, &clock)),
            principals: limits
                .principals
                .map(|l| Limiter::new("principal", l, &clock)),
            links: limits.links,
            addresses: limits.addresses,
            own: OwnCounts::new(clock),
            shared: shared.map(|counts| Shared {
                counts,
                silence: Hourly::new(),
            }),
        }))
    }

    /// Counts a request from a network. `None` where no limit holds.
    ///
    /// # Errors
    /// 429.
    pub(crate) async fn network(
        &self,
        class: RateClass,
        network: IpAddr,
    ) -> Result<Option<Standing>, Problem> {
        let (limiter, shared) = match class {
            RateClass::Guests => (&self.0.guests, self.0.shared.as_ref()),
            RateClass::Holds => (&self.0.holds, self.0.shared.as_ref()),
            // What matters there is counted in the database anyway.
            RateClass::SignIn => (&self.0.sign_in, None),
        };
        let Some(limiter) = limiter else {
            return Ok(None);
        };
        let (name, limit) = (limiter.name(), limiter.limit());
        let own = limiter.count(&network)?;
        let Some(shared) = shared else {
            return Ok(Some(own));
        };
        let octets = match network {
            IpAddr::V4(v4) => v4.octets().to_vec(),
            IpAddr::V6(v6) => v6.octets().to_vec(),
        };
        let asked = Asked {
            key: key(name, &[&octets]),
            limit,
        };
        match shared.count(&[asked]).await.as_deref() {
            Some([counted]) if counted.allowed => {
                Ok(Some(Standing::new(name, limit, counted.remaining(&asked))))
            }
            Some([counted]) => Err(too_many(name, limit, counted.wait(&asked), TOO_OFTEN)),
            _ => Ok(Some(own)),
        }
    }

    /// Counts a request of an API token or a session, on this node.
    ///
    /// # Errors
    /// 429.
    pub(crate) fn principal(&self, id: Uuid) -> Result<Option<Standing>, Problem> {
        let limiter = self.0.principals.as_ref();
        limiter.map(|l| l.count(&id)).transpose()
    }

    /// Counts what a guest is about to do to a link and to mail addresses. Unless it is [kept](Reservation::keep), all of
    /// it is taken back.
    ///
    /// # Errors
    /// Which of them is full, with the 429.
    pub(crate) async fn reserve(
        &self,
        subjects: impl IntoIterator<Item = (Subject, CountKey)>,
    ) -> Result<Reservation, (Subject, Duration, Problem)> {
        let mut wanted: Vec<(Asked, Subject)> = subjects
            .into_iter()
            .filter_map(|(subject, key)| {
                let limit = match subject {
                    Subject::Link => self.0.links,
                    Subject::Address => self.0.addresses,
                };
                Some((Asked { key, limit: limit? }, subject))
            })
            .collect();
        wanted.sort_unstable_by_key(|(asked, _)| asked.key);
        wanted.dedup_by_key(|(asked, _)| asked.key);
        let (asked, subjects): (Vec<Asked>, Vec<Subject>) = wanted.into_iter().unzip();
        let mut reservation = Reservation {
            rates: self.clone(),
            own: Vec::new(),
            shared: Vec::new(),
        };
        if asked.is_empty() {
            return Ok(reservation);
        }
        let judge = |counted: &[Counted], kept: &mut Vec<Asked>| {
            let mut full = None;
            for ((asked, subject), counted) in asked.iter().zip(&subjects).zip(counted) {
                if counted.allowed {
                    kept.push(*asked);
                } else {
                    let wait = counted.wait(asked);
                    if full.is_none_or(|(longest, _, _)| wait > longest) {
                        full = Some((wait, *subject, asked.limit));
                    }
                }
            }
            match full {
                None => Ok(()),
                Some((wait, subject, limit)) => {
                    let problem = too_many(subject.name(), limit, wait, subject.about());
                    Err((subject, wait, problem))
                }
            }
        };
        judge(&self.0.own.count(&asked), &mut reservation.own)?;
        if let Some(shared) = &self.0.shared
            && let Some(counted) = shared.count(&asked).await
        {
            judge(&counted, &mut reservation.shared)?;
        }
        Ok(reservation)
    }

    /// Forgets what nobody counts any more, now and then, until it is cancelled.
    pub(crate) async fn sweep(self, until: CancellationToken) {
        let Some(shared) = &self.0.shared else {
            return;
        };
        loop {
            tokio::select! {
                () = until.cancelled() => return,
                () = tokio::time::sleep(SWEEP_EVERY) => {}
            }
            if let Err(error) = shared.counts.sweep().await {
                shared.complain(&error);
            }
        }
    }
}

impl fmt::Debug for Rates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rates")
    }
}

impl Shared {
    /// What all nodes together counted; `None` when nobody answers in time.
    async fn count(&self, asked: &[Asked]) -> Option<Vec<Counted>> {
        match tokio::time::timeout(SHARED_PATIENCE, self.counts.count(asked)).await {
            Ok(Ok(counted)) => Some(counted),
            Ok(Err(error)) => {
                self.complain(&error);
                None
            }
            Err(_elapsed) => {
                self.complain(&StorageError::Unavailable("no answer in time".into()));
                None
            }
        }
    }

    fn complain(&self, error: &StorageError) {
        if self.silence.is_due() {
            tracing::warn!(
                error = causes(error),
                "Limits are not counted with the other servers; each counts for itself meanwhile"
            );
        }
    }
}

/// Something that was counted before it is done.
pub(crate) struct Reservation {
    rates: Rates,
    own: Vec<Asked>,
    shared: Vec<Asked>,
}

impl Reservation {
    /// It was done: it counts.
    pub(crate) fn keep(mut self) {
        self.own.clear();
        self.shared.clear();
    }
}

impl Drop for Reservation {
    /// It was not done, for whatever reason: it never counted.
    fn drop(&mut self) {
        let inner = &self.rates.0;
        inner.own.take_back(&self.own);
        let Some(shared) = inner.shared.as_ref().filter(|_| !self.shared.is_empty()) else {
            return;
        };
        let (counts, asked) = (Arc::clone(&shared.counts), std::mem::take(&mut self.shared));
        // Nobody waits for it: at worst, something counts that was not done.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                if let Err(error) = counts.take_back(&asked).await {
                    tracing::debug!(error = causes(&error), "A count could not be taken back");
                }
            });
        }
    }
}

#[cfg(test)]
mod tests;
