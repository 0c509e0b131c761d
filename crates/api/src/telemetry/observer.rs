//! Counting what the use cases and the worker say of themselves.

use std::time::Duration;

use scheduling_core::ports::{
    AnswerSource, AttemptOutcome, BookingOutcome, ChangeKind, ChangeOutcome, EffectOutcome,
    Observer,
};

use super::metrics::Metrics;
use super::names;

impl Observer for Metrics {
    fn slots_answered(&self, from: AnswerSource) {
        match from {
            AnswerSource::Memory => self.0.answered_from_memory.increment(1),
            AnswerSource::Computed => self.0.answered_computed.increment(1),
        }
    }

    fn slots_computed(&self, took: Duration) {
        self.0.compute_duration.record(took);
    }

    fn booked(&self, outcome: BookingOutcome) {
        self.0.bookings[&outcome].increment(1);
    }

    fn held(&self, outcome: BookingOutcome) {
        self.0.holds[&outcome].increment(1);
    }

    fn changed(&self, change: ChangeKind, outcome: ChangeOutcome) {
        let labels = [("change", change.as_str()), ("outcome", outcome.as_str())];
        self.register()
            .counter(names::CHANGES, &labels)
            .increment(1);
    }

    fn conflict(&self) {
        self.0.conflicts.increment(1);
    }

    fn effect_done(&self, kind: &'static str, outcome: EffectOutcome, took: Duration) {
        let labels = [("kind", kind), ("outcome", outcome.as_str())];
        self.register()
            .counter(names::EFFECTS, &labels)
            .increment(1);
        self.register()
            .histogram(names::EFFECT_DURATION, &labels[..1])
            .record(took);
    }

    fn delivery_tried(&self, transport: &str, outcome: &AttemptOutcome) {
        let labels = [("provider", transport), ("outcome", outcome.as_str())];
        self.register()
            .counter(names::PROVIDER_CALLS, &labels)
            .increment(1);
    }
}
