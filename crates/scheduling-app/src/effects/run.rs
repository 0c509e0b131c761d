//! Doing what the outbox owes: one effect, through the ports that reach outside.

use std::error::Error as StdError;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use scheduling_core::effect::{Effect, LeasedEffect, RetryPolicy};
use scheduling_core::ids::BookingId;
use scheduling_core::ports::{
    Delivery, DeliveryAttempt, DeliveryError, EffectOutcome, Notifier, Observer, Retry,
    StorageError,
};
use tracing::error;

use super::account;
use super::notify::{self, Owed, PrepareError, Prepared};
use crate::Scheduling;
use crate::bookings::ChangeError;

/// What became of an effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It happened.
    Done,
    /// There was nothing to do any more.
    Skipped(&'static str),
    /// It did not happen.
    Failed {
        /// When to try again.
        retry: Retry,
        /// The complaint, with its causes.
        error: String,
    },
}

impl Outcome {
    pub(crate) fn failed(retry: Retry, error: &(dyn StdError + 'static)) -> Self {
        Self::Failed {
            retry,
            error: with_causes(error),
        }
    }
}

/// What became of an effect, and how often somebody outside was asked for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tried {
    /// What became of it.
    pub(crate) outcome: Outcome,
    /// The tries to hand its message over.
    pub(crate) attempts: Vec<DeliveryAttempt>,
}

impl Tried {
    /// Tells the observer of an effect of that kind.
    pub(crate) fn tell(&self, observer: &dyn Observer, kind: &'static str, took: Duration) {
        let outcome = match self.outcome {
            Outcome::Done => EffectOutcome::Done,
            Outcome::Skipped(_) => EffectOutcome::Skipped,
            Outcome::Failed { .. } => EffectOutcome::Failed,
        };
        observer.effect_done(kind, outcome, took);
        for attempt in &self.attempts {
            observer.delivery_tried(&attempt.transport, &attempt.outcome);
        }
    }
}

impl From<Outcome> for Tried {
    /// Nobody outside was asked.
    fn from(outcome: Outcome) -> Self {
        Self {
            outcome,
            attempts: Vec::new(),
        }
    }
}

impl From<Result<Delivery, DeliveryError>> for Tried {
    fn from(delivered: Result<Delivery, DeliveryError>) -> Self {
        match delivered {
            Ok(Delivery { attempts }) => Self {
                outcome: Outcome::Done,
                attempts,
            },
            Err(mut error) => Self {
                attempts: std::mem::take(&mut error.attempts),
                outcome: Outcome::failed(error.retry(), &error),
            },
        }
    }
}

/// Does one effect.
pub(crate) async fn run(
    scheduling: &Scheduling,
    notifier: &dyn Notifier,
    leased: LeasedEffect,
) -> Tried {
    let id = leased.id;
    let effect = match leased.effect {
        Ok(effect) => effect,
        // A later release may have written it, and a worker of that release may take it next time.
        Err(unreadable) => return Outcome::failed(Retry::Backoff, &unreadable).into(),
    };
    match effect {
        Effect::Notify {
            booking,
            recipient,
            about,
            sequence,
        } => {
            let owed = Owed {
                id,
                booking,
                recipient,
                about,
                sequence,
            };
            match notify::prepare(scheduling, &owed).await {
                Ok(Prepared::Message(message)) => notifier.notify(&message).await.into(),
                Ok(Prepared::Moot(why)) => Outcome::Skipped(why).into(),
                Err(error) => {
                    if let PrepareError::Storage(StorageError::Corrupt { .. }) = &error {
                        // The row is nobody's address: the log may name it.
                        error!(
                            error = &error as &dyn StdError,
                            "Effect {id} cannot be prepared"
                        );
                    }
                    Outcome::failed(when_prepared(&error), &error).into()
                }
            }
        }
        Effect::NotifyAccount { about, .. } if about.has_ended(scheduling.ports().clock.now()) => {
            Outcome::Skipped("its link has ended").into()
        }
        Effect::NotifyAccount {
            name,
            email,
            about,
            sealed_token,
        } => {
            let sealed = sealed_token.as_deref();
            match account::prepare(scheduling, id, name, email, about, sealed) {
                Ok(message) => notifier.notify_account(&message).await.into(),
                Err(error) => Outcome::failed(Retry::Backoff, &error).into(),
            }
        }
        Effect::ExpirePending { booking } => expire(scheduling, booking).await.into(),
    }
}

/// When preparing a message can succeed: storage comes back, and a missing key can be put back.
fn when_prepared(error: &PrepareError) -> Retry {
    match error {
        PrepareError::NoHost | PrepareError::Storage(StorageError::Corrupt { .. }) => Retry::Never,
        PrepareError::Storage(_) | PrepareError::Link(_) => Retry::Backoff,
    }
}

async fn expire(scheduling: &Scheduling, booking: BookingId) -> Outcome {
    match scheduling.expire_pending(booking).await {
        Ok(Some(_)) => Outcome::Done,
        Ok(None) => Outcome::Skipped("it was answered, or its deadline has moved"),
        Err(ChangeError::NotFound) => Outcome::Skipped("the booking is gone"),
        Err(error) => Outcome::failed(Retry::Backoff, &error),
    }
}

/// When to try again after so many tries; `None` when it has failed for good.
pub(crate) fn next_try(
    policy: &RetryPolicy,
    retry: Retry,
    attempts: u32,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let backoff = policy.delay_after(attempts)?;
    let delay = match retry {
        Retry::Never => return None,
        Retry::Backoff => backoff,
        // What the other side asks for, but neither at once nor after a day it will have forgotten us.
        Retry::After(asked) => {
            let asked = asked.clamp(Duration::from_secs(1), Duration::from_hours(24));
            TimeDelta::from_std(asked).unwrap_or(backoff)
        }
    };
    now.checked_add_signed(delay)
}

/// An error and its causes on one line, of bounded length.
fn with_causes(error: &(dyn StdError + 'static)) -> String {
    const LONGEST: usize = 500;
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        // A transparent error repeats its cause's words.
        if !text.ends_with(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use scheduling_core::ports::{DeliveryError, DeliveryErrorKind, StorageError};
    use scheduling_testkit::builders::instant;

    use super::*;

    fn due_after(retry: Retry, attempts: u32) -> Option<TimeDelta> {
        let now = instant("2026-11-24T09:00:00Z");
        next_try(&RetryPolicy::default(), retry, attempts, now).map(|due| due - now)
    }

    #[test]
    fn the_port_decides_and_the_policy_bounds() {
        let after = |secs| Retry::After(Duration::from_secs(secs));
        assert_eq!(due_after(Retry::Backoff, 1), Some(TimeDelta::seconds(10)));
        assert_eq!(due_after(Retry::Backoff, 3), Some(TimeDelta::seconds(40)));
        assert_eq!(due_after(after(90), 1), Some(TimeDelta::seconds(90)));
        assert_eq!(due_after(Retry::Never, 1), None);
        // Neither at once nor after a very long time, and not for ever.
        assert_eq!(due_after(after(0), 1), Some(TimeDelta::seconds(1)));
        let longest = Retry::After(Duration::MAX);
        assert_eq!(due_after(longest, 1), Some(TimeDelta::days(1)));
        for retry in [Retry::Backoff, after(90)] {
            assert_eq!(due_after(retry, 10), None);
            assert_eq!(due_after(retry, u32::MAX), None);
        }
    }

    #[test]
    fn at_the_end_of_time_nothing_is_tried_again() {
        let end = DateTime::<Utc>::MAX_UTC;
        let next = next_try(&RetryPolicy::default(), Retry::Backoff, 1, end);
        assert_eq!(next, None);
    }

    #[test]
    fn an_error_is_told_with_its_causes_once_each_and_bounded() {
        let error = DeliveryError {
            kind: DeliveryErrorKind::Rejected,
            source: "550 no such user".into(),
            attempts: Vec::new(),
        };
        assert_eq!(
            with_causes(&error),
            "the message was not accepted (Rejected): 550 no such user"
        );
        let error = PrepareError::Storage(StorageError::Conflict);
        assert_eq!(
            with_causes(&error),
            "the change conflicts with one that was stored before"
        );
        let error = DeliveryError {
            kind: DeliveryErrorKind::Rejected,
            source: "é".repeat(10_000).into(),
            attempts: Vec::new(),
        };
        assert_eq!(with_causes(&error).chars().count(), 501);
    }
}
