//! Beginnings that nobody waits for any more.
//!
//! A guest goes away, or a request takes too long, and what it was doing is dropped wherever it stands. Where it stands
//! between sending `begin` to PostgreSQL and hearing of it, the driver does not know of the transaction that is being
//! opened: it gives the connection back to the pool without a rollback, and the next one would work in a transaction that
//! nobody commits. So a beginning is carried to its end, and then taken back in order.

use std::pin::Pin;
use std::task::{Context, Poll};

/// A future that goes on in the background when it is dropped before its end; then its result is dropped.
pub(crate) struct Uncut<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    rest: Option<Pin<Box<F>>>,
}

/// Carries a future to its end.
pub(crate) fn uncut<F>(future: F) -> Uncut<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    Uncut {
        rest: Some(Box::pin(future)),
    }
}

impl<F> Future for Uncut<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let Some(rest) = self.rest.as_mut() else {
            // Nobody polls what has ended; whoever does waits for ever.
            return Poll::Pending;
        };
        let polled = rest.as_mut().poll(context);
        if polled.is_ready() {
            self.rest = None;
        }
        polled
    }
}

impl<F> Drop for Uncut<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    fn drop(&mut self) {
        // Without a runtime the connection ends too.
        if let Some(rest) = self.rest.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(async move { drop(rest.await) });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn what_is_dropped_midway_is_carried_to_its_end() {
        let steps = Arc::new(AtomicUsize::new(0));
        let walk = |steps: &Arc<AtomicUsize>| {
            let steps = Arc::clone(steps);
            uncut(async move {
                for _ in 0..3 {
                    tokio::task::yield_now().await;
                    steps.fetch_add(1, Ordering::SeqCst);
                }
                "there"
            })
        };
        assert_eq!(walk(&steps).await, "there");
        assert_eq!(steps.load(Ordering::SeqCst), 3);

        let mut begun = walk(&steps);
        let first = std::future::poll_fn(|context| Poll::Ready(Pin::new(&mut begun).poll(context)));
        assert!(first.await.is_pending());
        drop(begun);
        while steps.load(Ordering::SeqCst) < 6 {
            tokio::task::yield_now().await;
        }
    }
}
