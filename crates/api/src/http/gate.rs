//! The line in front of bookings.
//!
//! A database has few writers. When two hundred guests want one slot at once, all but a few wait here, where waiting
//! costs nothing, instead of holding the connections that other pages read through.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::problem::Problem;

/// Lets a few bookings through at once; the rest wait for a bounded time.
#[derive(Debug, Clone)]
pub struct BookingGate {
    places: Arc<Semaphore>,
    patience: Duration,
}

/// A place behind the gate; dropping it lets the next one through.
#[derive(Debug)]
pub struct Place(#[expect(dead_code, reason = "it is held, not read")] OwnedSemaphorePermit);

impl BookingGate {
    /// A gate for this many at once, who wait at most this long.
    pub fn new(at_once: usize, patience: Duration) -> Self {
        Self {
            places: Arc::new(Semaphore::new(at_once.clamp(1, Semaphore::MAX_PERMITS))),
            patience,
        }
    }

    /// Waits in line.
    ///
    /// # Errors
    /// A 503 problem when it takes too long.
    pub async fn enter(&self) -> Result<Place, Problem> {
        let place = Arc::clone(&self.places).acquire_owned();
        match tokio::time::timeout(self.patience, place).await {
            Ok(Ok(place)) => Ok(Place(place)),
            // The gate is never closed, so only time can run out.
            Ok(Err(_)) | Err(_) => Err(Problem::unavailable("Too many bookings wait in line.")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn who_waits_too_long_is_sent_away_and_a_place_that_frees_up_is_given_on() {
        let gate = BookingGate::new(1, Duration::from_millis(20));
        let place = gate.enter().await.unwrap();
        assert!(gate.enter().await.is_err());
        drop(place);
        assert!(gate.enter().await.is_ok());
    }
}
