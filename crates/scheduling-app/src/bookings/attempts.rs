//! Transactions that start again when they meet others.

use scheduling_core::ports::{StorageError, UnitOfWork};
use tracing::debug;

use crate::Scheduling;

/// A use case's error, as far as its tries care.
pub(super) trait Refusal: From<StorageError> {
    /// The storage's complaint, if it is one.
    fn storage(&self) -> Option<&StorageError>;

    /// Whether the change met another one, so that it may succeed when it starts again.
    fn is_conflict(&self) -> bool {
        matches!(self.storage(), Some(StorageError::Conflict))
    }
}

/// How often a change is tried when the storage reports conflicts: once, and three times again.
const ATTEMPTS: u32 = 4;

/// A use case's tries.
pub(super) struct Attempts(u32);

impl Attempts {
    pub(super) const fn new() -> Self {
        Self(0)
    }

    /// Ends a try: commits what was done and wakes the worker, or undoes it. `None` means to try again.
    pub(super) async fn settle<T, E: Refusal>(
        &mut self,
        scheduling: &Scheduling,
        work: Box<dyn UnitOfWork>,
        done: Result<T, E>,
    ) -> Option<Result<T, E>> {
        self.0 += 1;
        let settled = match done {
            Ok(done) => work.commit().await.map(|()| done).map_err(E::from),
            // The hosts are free again before anything else is done; dropping would free them some time later.
            Err(refusal) => match work.rollback().await {
                Ok(()) => Err(refusal),
                Err(error) => Err(error.into()),
            },
        };
        match settled {
            Ok(done) => {
                scheduling.wake_worker();
                Some(Ok(done))
            }
            Err(refusal) if refusal.is_conflict() => {
                scheduling.observer().conflict();
                if self.0 >= ATTEMPTS {
                    return Some(Err(refusal));
                }
                debug!("A change conflicted with another and starts again");
                None
            }
            Err(refusal) => Some(Err(refusal)),
        }
    }
}
