//! The loop that does what the outbox owes. (The app's helper completes it.)

use std::sync::Arc;

use scheduling_core::ports::{Notifier, StorageError};
use tokio_util::sync::CancellationToken;

use crate::Scheduling;

/// Does what the outbox owes, through the ports that reach outside.
#[derive(Clone)]
pub struct Worker {
    scheduling: Scheduling,
    notifier: Arc<dyn Notifier>,
}

impl Worker {
    /// A worker over a scheduling's storage, telling people through `notifier`.
    pub fn new(scheduling: Scheduling, notifier: Arc<dyn Notifier>) -> Self {
        Self {
            scheduling,
            notifier,
        }
    }

    /// Does everything that is due now. Answers how many effects it tried.
    ///
    /// # Errors
    /// [`StorageError`] when the outbox cannot be read or written.
    pub async fn run_due(&self) -> Result<usize, StorageError> {
        let _ = (&self.scheduling, &self.notifier);
        unimplemented!()
    }

    /// Works until the token is cancelled; then finishes what it has begun and returns.
    pub async fn run(&self, until: CancellationToken) {
        let _ = until;
        unimplemented!()
    }
}
