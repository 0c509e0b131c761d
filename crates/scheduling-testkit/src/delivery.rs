//! A notifier that remembers, and links that lead nowhere.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use scheduling_core::notification::{AccountNotification, Notification};
use scheduling_core::ports::{
    AttemptOutcome, Delivery, DeliveryAttempt, DeliveryError, DeliveryErrorKind, Links, Notifier,
};
use scheduling_core::text::Slug;

/// Keeps every message instead of sending it. Clones share what they keep.
#[derive(Debug, Clone, Default)]
pub struct RecordingNotifier(Arc<Mutex<Record>>);

#[derive(Debug, Default)]
struct Record {
    sent: Vec<Notification>,
    sent_to_accounts: Vec<AccountNotification>,
    tried: usize,
    failures: VecDeque<DeliveryErrorKind>,
}

impl RecordingNotifier {
    /// One that has kept nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Everything that was accepted, in order.
    pub fn sent(&self) -> Vec<Notification> {
        self.record(|record| record.sent.clone())
    }

    /// Everything that was accepted, in order; forgets it.
    pub fn take_sent(&self) -> Vec<Notification> {
        self.record(|record| std::mem::take(&mut record.sent))
    }

    /// Every message about an account that was accepted, in order.
    pub fn sent_to_accounts(&self) -> Vec<AccountNotification> {
        self.record(|record| record.sent_to_accounts.clone())
    }

    /// Every message about an account that was accepted, in order; forgets it.
    pub fn take_sent_to_accounts(&self) -> Vec<AccountNotification> {
        self.record(|record| std::mem::take(&mut record.sent_to_accounts))
    }

    /// How many messages were handed over, refused ones included.
    pub fn tried(&self) -> usize {
        self.record(|record| record.tried)
    }

    /// Refuses the next message in this way. Called twice, it refuses the next two.
    pub fn fail_next(&self, kind: DeliveryErrorKind) {
        self.record(|record| record.failures.push_back(kind));
    }

    /// Accepts a message, unless it is to fail, and keeps it.
    fn hand_over(&self, keep: impl FnOnce(&mut Record)) -> Result<Delivery, DeliveryError> {
        self.record(|record| {
            record.tried += 1;
            if let Some(kind) = record.failures.pop_front() {
                return Err(DeliveryError {
                    kind,
                    source: REASON.into(),
                    attempts: vec![attempt(outcome_of(kind))],
                });
            }
            keep(record);
            Ok(Delivery {
                attempts: vec![attempt(AttemptOutcome::Accepted)],
            })
        })
    }

    fn record<T>(&self, use_it: impl FnOnce(&mut Record) -> T) -> T {
        use_it(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Why a message is refused.
const REASON: &str = "the test said so";

fn attempt(outcome: AttemptOutcome) -> DeliveryAttempt {
    DeliveryAttempt {
        transport: "recording".to_owned(),
        outcome,
    }
}

fn outcome_of(kind: DeliveryErrorKind) -> AttemptOutcome {
    match kind {
        DeliveryErrorKind::Rejected => AttemptOutcome::Refused(REASON.to_owned()),
        DeliveryErrorKind::Unauthorized
        | DeliveryErrorKind::RateLimited { .. }
        | DeliveryErrorKind::Unavailable => AttemptOutcome::Deferred(REASON.to_owned()),
    }
}

#[async_trait]
impl Notifier for RecordingNotifier {
    async fn notify(&self, notification: &Notification) -> Result<Delivery, DeliveryError> {
        self.hand_over(|record| record.sent.push(notification.clone()))
    }

    async fn notify_account(
        &self,
        notification: &AccountNotification,
    ) -> Result<Delivery, DeliveryError> {
        self.hand_over(|record| record.sent_to_accounts.push(notification.clone()))
    }
}

/// Links below `https://kalends.test`.
#[derive(Debug, Clone, Copy, Default)]
pub struct TestLinks;

impl Links for TestLinks {
    fn event_type(&self, workspace: &Slug, event_type: &Slug) -> String {
        format!("https://kalends.test/book/{workspace}/{event_type}")
    }

    fn manage_booking(&self, token: &str) -> String {
        format!("https://kalends.test/bookings/{token}")
    }

    fn cancel_booking(&self, token: &str) -> String {
        format!("https://kalends.test/bookings/{token}/cancel")
    }

    fn reschedule_booking(&self, token: &str) -> String {
        format!("https://kalends.test/bookings/{token}/reschedule")
    }

    fn host_booking(&self, token: &str) -> String {
        format!("https://kalends.test/h/{token}")
    }

    fn host_cancel(&self, token: &str) -> String {
        format!("https://kalends.test/h/{token}/cancel")
    }

    fn host_reschedule(&self, token: &str) -> String {
        format!("https://kalends.test/h/{token}/reschedule")
    }

    fn accept_invitation(&self, token: &str) -> String {
        format!("https://kalends.test/invitations/{token}")
    }

    fn reset_password(&self, token: &str) -> String {
        format!("https://kalends.test/reset-password/{token}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_kept_or_refused_as_the_test_says() {
        let notifier = RecordingNotifier::new();
        notifier.fail_next(DeliveryErrorKind::Unavailable);
        notifier.fail_next(DeliveryErrorKind::Rejected);
        let mut kept = 0;
        for (kind, outcome) in [
            (DeliveryErrorKind::Unavailable, "deferred"),
            (DeliveryErrorKind::Rejected, "refused"),
        ] {
            let error = notifier.hand_over(|_record| kept += 1).unwrap_err();
            assert_eq!(error.kind, kind);
            assert_eq!(error.attempts.len(), 1);
            assert_eq!(error.attempts[0].outcome.as_str(), outcome);
        }
        assert_eq!(kept, 0);
        let delivery = notifier.hand_over(|_record| kept += 1).unwrap();
        assert_eq!(delivery.attempts, [attempt(AttemptOutcome::Accepted)]);
        assert_eq!(kept, 1);
        assert_eq!(notifier.clone().tried(), 3);
    }
}
