//! One transport after the other, until one takes the message.
//!
//! | what happened | the message | the transport |
//! |---|---|---|
//! | it was taken | done; nobody else is asked | works |
//! | there is no such recipient | refused for good; the next would say the same, now or in a bounce | works |
//! | this message was not taken: put off, too large, against a policy | goes to the next | works |
//! | no connection, no answer in time, overload, wrong credentials, a fault of the server | goes to the next | rests |
//! | it was handed over whole, and the answer never came | may have been taken; tried again later | rests |
//!
//! A transport that rests is passed over while another one works. It rests longer each time it fails, up to
//! [`Failover::LONGEST_REST`], and is asked again after that; one success ends it. When all of them rest, the one that
//! is due first is asked, so that no message fails without a try.
//!
//! Each try has the same Message-ID. A message whose answer never came goes to the next transport when it is tried again,
//! since the first one rests then: should both have taken it, mailboxes that look at the Message-ID show it once.

mod health;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use scheduling_core::ports::{
    AttemptOutcome, Delivery, DeliveryAttempt, DeliveryError, DeliveryErrorKind,
};
use thiserror::Error;
use tokio::time::Instant;

use self::health::Health;
use super::{Fault, Transport, TransportError};
use crate::message::OutgoingMail;

/// An ordered chain of transports, at least one.
///
/// ```
/// use scheduling_mail::{Failover, Folder};
///
/// let chain = Failover::first(Folder::new("mails")).then(Folder::new("more"));
/// assert_eq!(chain.names().collect::<Vec<_>>(), ["folder", "folder"]);
/// ```
pub struct Failover {
    ways: Vec<Way>,
    time: Duration,
}

/// A transport and how it is.
struct Way {
    transport: Arc<dyn Transport>,
    health: Mutex<Health>,
}

/// Several transports were asked, and none took the message.
#[derive(Debug, Error)]
#[error("{0}")]
struct NoneTookIt(String);

impl Failover {
    /// How long one message may take, whichever transports it goes through. Less than the 45 seconds after which the
    /// worker gives an effect up: then nobody would hear what became of it.
    pub const TIME: Duration = Duration::from_secs(40);

    /// The longest that a transport is passed over for failures. One that says itself how long it wants to be left
    /// alone is left alone for up to an hour.
    pub const LONGEST_REST: Duration = health::LONGEST_REST;

    /// A chain of one.
    pub fn first(transport: impl Transport + 'static) -> Self {
        Self {
            ways: vec![Way::new(transport)],
            time: Self::TIME,
        }
    }

    /// The chain with another transport behind it.
    #[must_use]
    pub fn then(mut self, transport: impl Transport + 'static) -> Self {
        self.ways.push(Way::new(transport));
        self
    }

    /// The chain with another limit for one message.
    #[must_use]
    pub fn within(self, time: Duration) -> Self {
        Self { time, ..self }
    }

    /// The transports' names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.ways.iter().map(|way| way.transport.name())
    }

    /// Hands a message to the first transport that takes it.
    ///
    /// # Errors
    /// [`DeliveryError`] when none did, with every attempt. It is final only when every transport refused for good.
    pub async fn send(&self, mail: &OutgoingMail) -> Result<Delivery, DeliveryError> {
        let begun = Instant::now();
        let ways = self.chosen(begun);
        let mut attempts = Vec::with_capacity(ways.len());
        let mut failures: Vec<(&str, TransportError)> = Vec::new();
        for (place, way) in ways.iter().enumerate() {
            let left = self.time.saturating_sub(begun.elapsed());
            // One that hangs leaves the others their share.
            let share = left / u32::try_from(ways.len() - place).unwrap_or(u32::MAX);
            let name = way.transport.name();
            let outcome = way.transport.send(mail, share).await;
            way.note(&outcome, Instant::now());
            let Err(error) = outcome else {
                attempts.push(DeliveryAttempt {
                    transport: name.to_owned(),
                    outcome: AttemptOutcome::Accepted,
                });
                return Ok(Delivery { attempts });
            };
            tracing::warn!(
                message.id = %mail.message_id,
                transport = name,
                error = %error,
                "Message {} was not accepted by {name}",
                mail.message_id
            );
            attempts.push(DeliveryAttempt {
                transport: name.to_owned(),
                outcome: error.outcome(),
            });
            let fault = error.fault;
            failures.push((name, error));
            if matches!(fault, Fault::Recipient | Fault::Unanswered) {
                break;
            }
        }
        let somebody_rests = ways.len() < self.ways.len();
        Err(sum_up(failures, somebody_rests, attempts))
    }

    /// Those that work; when all rest, the one that is due first.
    fn chosen(&self, now: Instant) -> Vec<&Way> {
        let working: Vec<&Way> = self
            .ways
            .iter()
            .filter(|way| way.rests_until(now).is_none())
            .collect();
        if working.is_empty() {
            let due_first = self.ways.iter().min_by_key(|way| way.rests_until(now));
            return due_first.into_iter().collect();
        }
        working
    }
}

impl<T: Transport + 'static> From<Arc<T>> for Failover {
    fn from(transport: Arc<T>) -> Self {
        Self::first(transport)
    }
}

impl Way {
    fn new(transport: impl Transport + 'static) -> Self {
        Self {
            transport: Arc::new(transport),
            health: Mutex::default(),
        }
    }

    fn rests_until(&self, now: Instant) -> Option<Instant> {
        self.health
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .rests_until(now)
    }

    fn note(&self, outcome: &Result<(), TransportError>, now: Instant) {
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            Ok(()) => health.works(),
            // It answered, and what it said was about the message.
            Err(error) if matches!(error.fault, Fault::Recipient | Fault::Message) => {}
            Err(error) => {
                let asked = match error.kind {
                    DeliveryErrorKind::RateLimited { retry_after } => retry_after,
                    _ => None,
                };
                health.fails(asked, now);
            }
        }
    }
}

/// One error for all failures: its kind is the most hopeful, since trying again asks them all.
fn sum_up(
    mut failures: Vec<(&str, TransportError)>,
    somebody_rests: bool,
    attempts: Vec<DeliveryAttempt>,
) -> DeliveryError {
    let last = failures.last().map(|(_, error)| error.fault);
    let kind = if last == Some(Fault::Recipient) {
        DeliveryErrorKind::Rejected
    } else {
        let passed_over = somebody_rests.then_some(DeliveryErrorKind::Unavailable);
        failures
            .iter()
            .map(|(_, error)| error.kind)
            .chain(passed_over)
            .reduce(more_hopeful)
            .unwrap_or(DeliveryErrorKind::Unavailable)
    };
    let source = if failures.len() == 1 {
        failures.remove(0).1.source
    } else {
        let each: Vec<String> = failures
            .iter()
            .map(|(name, error)| format!("{name}: {error}"))
            .collect();
        Box::new(NoneTookIt(each.join("; ")))
    };
    DeliveryError {
        kind,
        source,
        attempts,
    }
}

fn more_hopeful(a: DeliveryErrorKind, b: DeliveryErrorKind) -> DeliveryErrorKind {
    use DeliveryErrorKind::{RateLimited, Rejected, Unauthorized, Unavailable};
    match (a, b) {
        (Unavailable, _) | (_, Unavailable) => Unavailable,
        (RateLimited { retry_after: a }, RateLimited { retry_after: b }) => RateLimited {
            // Where one does not say, the usual delays hold.
            retry_after: a.zip(b).map(|(a, b)| a.min(b)),
        },
        (limited @ RateLimited { .. }, _) | (_, limited @ RateLimited { .. }) => limited,
        (Unauthorized, _) | (_, Unauthorized) => Unauthorized,
        (Rejected, Rejected) => Rejected,
    }
}

#[cfg(test)]
mod tests;
