//! How often clients may ask, with and without others who count.

use std::sync::atomic::{AtomicU64, Ordering};

use super::limiter::SWEEP_EVERY;
use super::*;
use crate::http::problem::ProblemKind;

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

#[actix_web::test]
async fn a_burst_is_fine_and_then_requests_come_back_one_by_one() {
    let (rates, millis) = rates(RateLimit::new(3, 60));
    let ask = |from| rates.network(RateClass::Guests, address(from));
    for left in [2, 1, 0] {
        assert_eq!(ask(1).await.unwrap().unwrap().remaining, left);
    }
    let refused = ask(1).await.unwrap_err();
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
    assert!(ask(2).await.is_ok(), "others are not concerned");
    millis.store(20_000, Ordering::Relaxed);
    assert!(ask(1).await.is_ok());
    assert!(ask(1).await.is_err());
    millis.store(200_000, Ordering::Relaxed);
    assert_eq!(
        ask(1).await.unwrap().unwrap().remaining,
        2,
        "no more than the limit piles up"
    );
}

#[actix_web::test]
async fn what_is_off_counts_nothing() {
    let rates = Rates::new(RateLimits::OFF);
    for _ in 0..1000 {
        assert_eq!(
            rates.network(RateClass::SignIn, address(1)).await.unwrap(),
            None
        );
        assert_eq!(rates.principal(Uuid::nil()).unwrap(), None);
    }
}

#[actix_web::test]
async fn buckets_that_are_full_again_are_forgotten() {
    let (rates, millis) = rates(RateLimit::new(3, 1));
    for n in 0..SWEEP_EVERY - 1 {
        let network = IpAddr::from(n.to_be_bytes());
        rates.network(RateClass::Guests, network).await.unwrap();
    }
    millis.store(10_000, Ordering::Relaxed);
    rates.network(RateClass::Guests, address(1)).await.unwrap();
    assert!(rates.0.guests.as_ref().unwrap().len() <= 1);
}

/// What several nodes share, or nobody who answers.
struct Together {
    counts: OwnCounts,
    answers: std::sync::atomic::AtomicBool,
    asked: AtomicU64,
}

impl Together {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            counts: OwnCounts::new(Ticks::new(Arc::new(|| Duration::ZERO))),
            answers: true.into(),
            asked: AtomicU64::new(0),
        })
    }

    fn answer(&self) -> Result<(), StorageError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let answers = self.answers.load(Ordering::Relaxed);
        let away = || StorageError::Unavailable("away".into());
        answers.then_some(()).ok_or_else(away)
    }
}

#[async_trait::async_trait]
impl SharedCounts for Together {
    async fn count(&self, asked: &[Asked]) -> Result<Vec<Counted>, StorageError> {
        self.answer()?;
        Ok(self.counts.count(asked))
    }

    async fn take_back(&self, asked: &[Asked]) -> Result<(), StorageError> {
        self.answer()?;
        self.counts.take_back(asked);
        Ok(())
    }

    async fn sweep(&self) -> Result<u64, StorageError> {
        Ok(0)
    }
}

fn nodes(limits: RateLimits) -> ([Rates; 2], Arc<Together>) {
    let together = Together::new();
    let node = || Rates::shared(limits, together.clone());
    ([node(), node()], together)
}

#[actix_web::test]
async fn two_nodes_count_together_and_ask_nobody_about_who_is_over_the_limit_here() {
    let ([one, other], together) = nodes(RateLimits {
        guests: Some(RateLimit::new(3, 3600)),
        ..RateLimits::OFF
    });
    let ask = |node: &Rates| {
        let node = node.clone();
        async move { node.network(RateClass::Guests, address(1)).await }
    };
    assert_eq!(ask(&one).await.unwrap().unwrap().remaining, 2);
    assert_eq!(ask(&other).await.unwrap().unwrap().remaining, 1);
    assert_eq!(ask(&one).await.unwrap().unwrap().remaining, 0);
    let refused = ask(&other).await.unwrap_err();
    assert_eq!(refused.kind(), ProblemKind::RateLimited);
    let answer = refused.respond("1");
    assert_eq!(answer.headers().get("retry-after").unwrap(), "1200");
    // The first node let two of three pass; its own count takes one more, and then refuses by itself.
    assert!(ask(&one).await.is_err());
    let asked = together.asked.load(Ordering::Relaxed);
    for _ in 0..100 {
        assert!(ask(&one).await.is_err());
    }
    assert_eq!(together.asked.load(Ordering::Relaxed), asked);
    assert!(one.network(RateClass::Guests, address(2)).await.is_ok());
}

#[actix_web::test]
async fn when_nobody_answers_each_node_counts_for_itself() {
    let ([one, other], together) = nodes(RateLimits {
        guests: Some(RateLimit::new(2, 3600)),
        links: Some(RateLimit::new(2, 3600)),
        ..RateLimits::OFF
    });
    together.answers.store(false, Ordering::Relaxed);
    for node in [&one, &other] {
        let mut passed = 0;
        for _ in 0..5 {
            passed += u32::from(node.network(RateClass::Guests, address(1)).await.is_ok());
        }
        assert_eq!(passed, 2, "limited all the same");
        for expected in [true, true, false] {
            let reserved = node.reserve([(Subject::Link, key("l", &[]))]).await;
            assert_eq!(reserved.is_ok(), expected);
            reserved.map(Reservation::keep).ok();
        }
    }
}

#[actix_web::test]
async fn what_was_reserved_and_not_done_never_counted_on_any_node() {
    let ([one, other], together) = nodes(RateLimits {
        links: Some(RateLimit::new(2, 3600)),
        addresses: Some(RateLimit::new(1, 3600)),
        ..RateLimits::OFF
    });
    let link = (Subject::Link, key("link", &[b"a"]));
    let [ann, bob] = [b"ann", b"bob"].map(|of| (Subject::Address, key("address", &[of])));
    let full = |reserved: Result<Reservation, _>| {
        let (subject, _wait, problem): (Subject, Duration, Problem) = reserved.err().unwrap();
        assert_eq!(problem.kind(), ProblemKind::RateLimited);
        subject
    };
    // One address twice is one.
    one.reserve([link, ann, ann]).await.unwrap().keep();
    // Ann is full on both nodes, and the link has not lost its place to who was refused.
    assert_eq!(full(one.reserve([link, ann]).await), Subject::Address);
    assert_eq!(full(other.reserve([link, ann]).await), Subject::Address);
    settle(&together, &[link.1]).await;
    let undone = other.reserve([link, bob]).await.unwrap();
    assert_eq!(
        full(one.reserve([link]).await),
        Subject::Link,
        "taken meanwhile"
    );
    drop(undone);
    settle(&together, &[link.1, bob.1]).await;
    other.reserve([link, bob]).await.unwrap().keep();
    assert_eq!(full(one.reserve([link]).await), Subject::Link);
    assert!(one.reserve([]).await.is_ok());
}

/// Waits until what was dropped is taken back: each of them could be counted once more.
async fn settle(together: &Together, keys: &[CountKey]) {
    let limit = RateLimit::new(2, 3600);
    for key in keys {
        let asked = [Asked { key: *key, limit }];
        loop {
            let counted = together.counts.count(&asked)[0];
            if counted.allowed {
                together.counts.take_back(&asked);
                break;
            }
            tokio::task::yield_now().await;
        }
    }
}

#[actix_web::test]
async fn ten_thousand_addresses_an_instant_are_not_kept() {
    let limits = RateLimits {
        guests: Some(RateLimit::new(30, 60)),
        ..RateLimits::OFF
    };
    let millis = Arc::new(AtomicU64::new(0));
    let clock = Arc::clone(&millis);
    let elapsed = move || Duration::from_millis(clock.load(Ordering::Relaxed));
    let rates = Rates::with_clock(limits, Arc::new(elapsed));
    for n in 0..100_000_u32 {
        // Ten thousand new networks a second: each is forgotten as soon as its bucket is full again.
        millis.store(u64::from(n / 10), Ordering::Relaxed);
        let network = IpAddr::from(n.to_be_bytes());
        rates.network(RateClass::Guests, network).await.unwrap();
    }
    let kept = rates.0.guests.as_ref().unwrap().len();
    assert!(kept <= 40_000, "{kept}");
}
