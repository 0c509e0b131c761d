//! A notifier that remembers, and links that lead nowhere.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use scheduling_core::notification::Notification;
use scheduling_core::ports::{DeliveryError, DeliveryErrorKind, Links, Notifier};
use scheduling_core::text::Slug;

/// Keeps every message instead of sending it. Clones share what they keep.
#[derive(Debug, Clone, Default)]
pub struct RecordingNotifier(Arc<Mutex<Record>>);

#[derive(Debug, Default)]
struct Record {
    sent: Vec<Notification>,
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

    /// How many messages were handed over, refused ones included.
    pub fn tried(&self) -> usize {
        self.record(|record| record.tried)
    }

    /// Refuses the next message in this way. Called twice, it refuses the next two.
    pub fn fail_next(&self, kind: DeliveryErrorKind) {
        self.record(|record| record.failures.push_back(kind));
    }

    fn record<T>(&self, use_it: impl FnOnce(&mut Record) -> T) -> T {
        use_it(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl Notifier for RecordingNotifier {
    async fn notify(&self, notification: &Notification) -> Result<(), DeliveryError> {
        self.record(|record| {
            record.tried += 1;
            if let Some(kind) = record.failures.pop_front() {
                return Err(DeliveryError {
                    kind,
                    source: "the test said so".into(),
                });
            }
            record.sent.push(notification.clone());
            Ok(())
        })
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
}
