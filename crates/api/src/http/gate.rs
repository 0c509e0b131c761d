//! The lines in front of the database.
//!
//! A database has few writers and not many readers. When a crowd comes at once, all but a few wait here, where waiting
//! costs nothing, instead of holding the connections that others read through. The line itself is bounded, in length and
//! in time: who finds it full is sent away at once, so that those who are let in are answered soon.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::problem::{Problem, ProblemKind};

/// How many go through a [`Gate`], and how many wait before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GateSize {
    /// How many are let in at once; one at least.
    pub at_once: usize,
    /// How many may wait. The next one is refused.
    pub waiting: usize,
    /// How long they wait at most.
    pub patience: Duration,
}

/// Lets a few requests through at once; some more wait for a bounded time; the others are refused. Cloning is cheap, and
/// clones are one gate.
#[derive(Debug, Clone)]
pub struct Gate {
    places: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    refused: Arc<AtomicU64>,
    size: GateSize,
}

/// A place behind the gate; dropping it lets the next one through.
#[derive(Debug)]
pub struct Place(#[expect(dead_code, reason = "it is held, not read")] OwnedSemaphorePermit);

/// Somebody who waits. Leaving the line for whatever reason, a closed connection among them, makes room in it.
struct InLine<'a>(&'a AtomicUsize);

impl Drop for InLine<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Gate {
    /// A gate of this size.
    pub fn new(size: GateSize) -> Self {
        let at_once = size.at_once.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            places: Arc::new(Semaphore::new(at_once)),
            waiting: Arc::new(AtomicUsize::new(0)),
            refused: Arc::new(AtomicU64::new(0)),
            size: GateSize { at_once, ..size },
        }
    }

    /// Its size.
    pub fn size(&self) -> GateSize {
        self.size
    }

    /// How many wait right now.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// How many were sent away so far.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// How many have a place right now.
    pub fn inside(&self) -> usize {
        let free = self.places.available_permits();
        self.size.at_once.saturating_sub(free)
    }

    /// Goes in, or waits in line.
    ///
    /// # Errors
    /// A 503 problem: at once when the line is full, later when it takes too long.
    pub async fn enter(&self) -> Result<Place, Problem> {
        if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            return Ok(Place(place));
        }
        let before = self.waiting.fetch_add(1, Ordering::Relaxed);
        let _in_line = InLine(&self.waiting);
        if before >= self.size.waiting {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return Err(overloaded("Too many requests wait in line."));
        }
        let place = Arc::clone(&self.places).acquire_owned();
        // The gate is never closed, so only time can run out.
        if let Ok(Ok(place)) = tokio::time::timeout(self.size.patience, place).await {
            return Ok(Place(place));
        }
        self.refused.fetch_add(1, Ordering::Relaxed);
        Err(overloaded("The line did not move on in time."))
    }
}

/// The problem of a server with more to do than it can.
pub(crate) fn overloaded(detail: &str) -> Problem {
    Problem::new(ProblemKind::Overloaded, detail).retry_after(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(at_once: usize, waiting: usize, patience: Duration) -> Gate {
        Gate::new(GateSize {
            at_once,
            waiting,
            patience,
        })
    }

    #[actix_web::test]
    async fn who_waits_too_long_is_sent_away_and_a_place_that_frees_up_is_given_on() {
        let gate = gate(1, 1, Duration::from_millis(20));
        let place = gate.enter().await.unwrap();
        let refused = gate.enter().await.unwrap_err();
        assert_eq!(refused.kind(), ProblemKind::Overloaded);
        drop(place);
        assert!(gate.enter().await.is_ok());
        assert_eq!((gate.inside(), gate.waiting()), (0, 0));
        assert_eq!(gate.refused(), 1);
    }

    #[actix_web::test]
    async fn who_finds_the_line_full_does_not_wait() {
        // So patient that the test would hang if anybody waited in vain.
        let gate = gate(1, 1, Duration::from_hours(1));
        let place = gate.enter().await.unwrap();
        let (next, ()) = tokio::join!(gate.enter(), async {
            assert_eq!((gate.inside(), gate.waiting()), (1, 1));
            for _ in 0..100 {
                let refused = gate.enter().await.unwrap_err();
                assert_eq!(refused.kind(), ProblemKind::Overloaded);
            }
            assert_eq!(gate.waiting(), 1, "the refused left no trace");
            drop(place);
        });
        assert!(next.is_ok(), "the one who waited was let in");
    }

    #[actix_web::test]
    async fn who_goes_away_makes_room_in_the_line() {
        let gate = gate(1, 1, Duration::from_hours(1));
        let place = gate.enter().await.unwrap();
        let gone = tokio::time::timeout(Duration::from_millis(1), gate.enter()).await;
        assert!(gone.is_err());
        assert_eq!(gate.waiting(), 0);
        let (next, ()) = tokio::join!(gate.enter(), async { drop(place) });
        assert!(next.is_ok());
    }

    #[actix_web::test]
    async fn a_gate_lets_one_in_at_least() {
        let gate = gate(0, 0, Duration::ZERO);
        assert!(gate.enter().await.is_ok());
    }
}
